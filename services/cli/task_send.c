#include "cli/task_send.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "bus/bus.h"
#include "settings/settings.h"
#include "store/db.h"

#define WAIT_MOST_MS 5000
#define LOOK_EVERY_MS 20
#define RESULT_SIZE 600

static char *source_of(struct cli *cli)
{
	return xasprintf("vestnik/cli/%s", cli_actor(cli));
}

/* Headers that prove that the task is ours. Where several machines share a bus the key comes from
 * another one: none is made here. */
static int prove(struct cli *cli, const struct buf *text, char proof[static TASK_PROOF_SIZE],
	const char **headers, struct error *e)
{
	struct ident_key key;
	const struct settings *settings = cli_settings(cli);
	*headers = NULL;
	if (strcmp(settings->bus_url, "embedded") != 0 && access(settings->key_file, F_OK) != 0)
		return 0;
	if (ident_key_load(settings->key_file, &key, e) != 0)
		return -1;
	*headers = task_prove(&key, text->data, text->len, proof);
	return 0;
}

/* tx NULL: on its own. */
static int publish(struct cli *cli, struct db *tx, enum task_type type, const char *id,
	const char *slug, const json_t *data, struct error *e)
{
	struct buf text;
	char *source = source_of(cli);
	buf_init(&text, BUS_MESSAGE_MAX_BYTES);
	struct bus *bus = cli_open_bus(cli);
	int rc = -1;
	if (bus == NULL)
		goto out;
	if (task_write(type, source, id, clock_now_ms(), data, &text) != 0) {
		(void)error_set(
			e, ERROR_INPUT, "the task is longer than %d bytes", BUS_MESSAGE_MAX_BYTES);
		goto out;
	}
	char proof[TASK_PROOF_SIZE];
	const char *headers;
	if (prove(cli, &text, proof, &headers, e) != 0)
		goto out;
	struct bus_message message = {.topic = BUS_TASKS,
		.headers = headers,
		.key = slug,
		.id = id,
		.source = source,
		.type = task_type_name(type),
		.time_ms = clock_now_ms(),
		.content_type = TASK_STRUCTURED,
		.data = text.data,
		.len = text.len};
	rc = tx == NULL ? bus_publish(bus, &message, 1, e) : bus_publish_tx(bus, tx, &message, e);
out:
	buf_fini(&text);
	free(source);
	return rc;
}

int task_put_tx(struct cli *cli, struct db *tx, enum task_type type, const char *slug,
	const json_t *data, char id[static IDENT_SIZE], struct error *e)
{
	ident_new(id);
	return publish(cli, tx, type, id, slug, data, e);
}

/* Its result, or "" when the planner has not come to it. */
static int wait_result(struct db *db, const char *source, const char *id,
	char out[static RESULT_SIZE], struct error *e)
{
	int64_t until = clock_mono_ms() + WAIT_MOST_MS;
	out[0] = '\0';
	for (;;) {
		struct db_stmt *stmt;
		if (db_query(db, &stmt, e,
			    "SELECT result FROM task_seen WHERE source = $1 AND id = $2", "ss",
			    source, id) != 0)
			return -1;
		enum db_step step = db_step(stmt, e);
		if (step == DB_ROW) {
			strncpy(out, db_text(stmt, 0), RESULT_SIZE - 1);
			out[RESULT_SIZE - 1] = '\0';
			db_reset(stmt);
			return 0;
		}
		if (step == DB_FAILED)
			return -1;
		if (clock_mono_ms() >= until)
			return 0;
		nanosleep(&(struct timespec){.tv_nsec = LOOK_EVERY_MS * 1000000L}, NULL);
	}
}

static enum task_outcome report(struct cli *cli, const char *result)
{
	if (strcmp(result, "accepted") == 0)
		return TASK_SENT_APPLIED;
	if (result[0] == '\0') {
		cli_warn(cli, "%s",
			tr("queued, but the planner has not taken it up yet: is Vestnik running? "
			   "(vestnik status)",
				"задание в очереди, но планировщик его ещё не принял: запущен ли "
				"Вестник? (vestnik status)"));
		return TASK_SENT_QUEUED;
	}
	(void)cli_failf(cli, ERROR_CONFLICT, "%s",
		strncmp(result, "refused: ", 9) == 0 ? result + 9 : result);
	return TASK_SENT_REFUSED;
}

enum task_outcome task_wait(struct cli *cli, const char *id)
{
	struct error e = {0};
	char result[RESULT_SIZE];
	char *source = source_of(cli);
	struct db *db = cli_open_store(cli);
	enum task_outcome outcome = TASK_SENT_FAILED;
	if (db != NULL && wait_result(db, source, id, result, &e) == 0)
		outcome = report(cli, result);
	else if (db != NULL)
		(void)cli_fail(cli, &e);
	free(source);
	return outcome;
}

enum task_outcome task_send(struct cli *cli, enum task_type type, const char *slug, json_t *data)
{
	struct error e = {0};
	char id[IDENT_SIZE];
	enum task_outcome outcome = TASK_SENT_FAILED;
	ident_new(id);
	if (cli_open_store(cli) != NULL) {
		if (publish(cli, NULL, type, id, slug, data, &e) == 0)
			outcome = task_wait(cli, id);
		else if (e.code != ERROR_NONE)
			(void)cli_fail(cli, &e);
	}
	json_decref(data);
	return outcome;
}
