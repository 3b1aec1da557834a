#include "cli/task_send.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "bus/bus.h"
#include "store/db.h"

#define WAIT_MOST_MS 5000
#define LOOK_EVERY_MS 20
#define RESULT_SIZE 600

static int publish(struct cli *cli, enum task_type type, const char *source, const char *id,
	const char *slug, const json_t *data, struct error *e)
{
	struct buf text;
	buf_init(&text, BUS_MESSAGE_MAX_BYTES);
	struct bus *bus = cli_open_bus(cli);
	if (bus == NULL || task_write(type, source, id, clock_now_ms(), data, &text) != 0) {
		buf_fini(&text);
		return bus == NULL ? -1 : error_set(e, ERROR_INPUT, "the task is longer than %d bytes", BUS_MESSAGE_MAX_BYTES);
	}
	struct bus_message message = {.topic = BUS_TASKS, .key = slug, .id = id, .source = source,
		.type = task_type_name(type), .time_ms = clock_now_ms(),
		.content_type = "application/cloudevents+json", .data = text.data, .len = text.len};
	int rc = bus_publish(bus, &message, 1, e);
	buf_fini(&text);
	return rc;
}

/* Its result, or "" when the planner has not come to it. */
static int wait_result(struct db *db, const char *source, const char *id, char out[static RESULT_SIZE],
	struct error *e)
{
	int64_t until = clock_mono_ms() + WAIT_MOST_MS;
	out[0] = '\0';
	for (;;) {
		struct db_stmt *stmt;
		if (db_query(db, &stmt, e, "SELECT result FROM task_seen WHERE source = $1 AND id = $2", "ss",
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

enum task_outcome task_send(struct cli *cli, enum task_type type, const char *slug, json_t *data)
{
	struct error e = {0};
	char id[IDENT_SIZE], result[RESULT_SIZE];
	char *source = xasprintf("vestnik/cli/%s", cli_actor(cli));
	struct db *db = cli_open_store(cli);
	enum task_outcome outcome = TASK_SENT_FAILED;
	ident_new(id);
	if (db == NULL)
		goto out;
	if (publish(cli, type, source, id, slug, data, &e) != 0 ||
		wait_result(db, source, id, result, &e) != 0) {
		if (e.code != ERROR_NONE)
			(void)cli_fail(cli, &e);
		goto out;
	}
	if (strcmp(result, "accepted") == 0) {
		outcome = TASK_SENT_APPLIED;
	} else if (result[0] == '\0') {
		cli_warn(cli, "%s", tr("queued, but the planner has not taken it up yet: is Vestnik running? (vestnik status)",
			"задание в очереди, но планировщик его ещё не принял: запущен ли Вестник? (vestnik status)"));
		outcome = TASK_SENT_QUEUED;
	} else {
		const char *reason = strncmp(result, "refused: ", 9) == 0 ? result + 9 : result;
		(void)cli_failf(cli, ERROR_CONFLICT, "%s", reason);
		outcome = TASK_SENT_REFUSED;
	}
out:
	json_decref(data);
	free(source);
	return outcome;
}
