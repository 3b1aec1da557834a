#include "cli/webhook.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "cli/cli_audit.h"
#include "settings/settings.h"
#include "webhook/endpoint.h"
#include "webhook/log.h"

/* A test is looked for that often, and for as long beyond a request's time as
 * the notifier may take to notice it. */
#define TEST_LOOK_MS 50
#define TEST_MARGIN_MS 5000

/* ---- one attempt --------------------------------------------------------------------- */

struct showing {
	struct cli *cli;
	struct cli_table *table; /* NULL = objects */
	int64_t shown, status;   /* of the last */
};

static int show_json(void *arg, const struct webhook_attempt *attempt)
{
	struct showing *showing = arg;
	showing->shown++;
	showing->status = attempt->status;
	cli_print_json(showing->cli, json_pack("{s:s,s:s?,s:s?,s:I,s:I,s:I,s:I,s:I,s:s?,s:s?}", "message",
					     attempt->message, "type", attempt->type, "state", attempt->state,
					     "attempt", (json_int_t)attempt->attempt, "time_ms",
					     (json_int_t)attempt->time_ms, "duration_ms",
					     (json_int_t)attempt->duration_ms, "due_ms", (json_int_t)attempt->due_ms,
					     "status", (json_int_t)attempt->status, "error", attempt->error, "response",
					     attempt->response));
	return 0;
}

static int show_row(void *arg, const struct webhook_attempt *attempt)
{
	struct showing *showing = arg;
	char number[24], status[24] = "—", took[24];
	snprintf(number, sizeof number, "%" PRId64, attempt->attempt);
	snprintf(took, sizeof took, "%" PRId64 " ms", attempt->duration_ms);
	if (attempt->status != 0)
		snprintf(status, sizeof status, "%" PRId64, attempt->status);
	const char *cells[] = {cli_time(showing->cli, attempt->time_ms), attempt->message, attempt->type, number,
		status, took, attempt->due_ms == 0 ? "" : cli_time(showing->cli, attempt->due_ms),
		attempt->error != NULL ? attempt->error : attempt->response};
	cli_table_row(showing->table, cells);
	return 0;
}

int webhook_attempts_run(struct cli *cli, const struct cli_args *args)
{
	struct error e = {0};
	int64_t limit;
	const char *id = cli_operand(args, 0);
	const struct cli_column columns[] = {{.title = tr("TIME", "ВРЕМЯ")}, {.title = tr("MESSAGE", "СООБЩЕНИЕ")},
		{.title = tr("EVENT", "СОБЫТИЕ")}, {.title = "№", .right = true},
		{.title = tr("STATUS", "СТАТУС"), .right = true}, {.title = tr("TOOK", "ДЛИЛОСЬ"), .right = true},
		{.title = tr("NEXT", "СЛЕДУЮЩАЯ")}, {.title = tr("ANSWER", "ОТВЕТ"), .elastic = true}};
	if (cli_number(cli, args, "limit", 1, 1000000, 100, &limit) != 0)
		return CLI_WRONG_USE;
	struct db *db = cli_open_store(cli);
	if (db == NULL)
		return CLI_FAILED;
	if (webhook_endpoint_exists(db, id, &e) != 0)
		return cli_fail(cli, &e);
	struct showing showing = {.cli = cli,
		.table = cli_json(cli) ? NULL : cli_table_new(columns, sizeof columns / sizeof *columns)};
	int rc = webhook_attempt_each(db, id, cli_value(args, "message"), cli_has(args, "failed"), (int)limit,
		showing.table == NULL ? show_json : show_row, &showing, &e);
	if (showing.table != NULL)
		cli_table_print(&showing.table);
	return rc == 0 ? CLI_DONE : cli_fail(cli, &e);
}

/* ---- test ------------------------------------------------------------------------------- */

static int show_answer(void *arg, const struct webhook_attempt *attempt)
{
	struct showing *showing = arg;
	if (cli_json(showing->cli))
		return show_json(arg, attempt);
	showing->shown++;
	showing->status = attempt->status;
	if (attempt->status == 0)
		printf(tr("no answer after %" PRId64 " ms: %s\n", "нет ответа за %" PRId64 " мс: %s\n"),
			attempt->duration_ms, cli_clean(attempt->error));
	else
		printf(tr("status %" PRId64 " after %" PRId64 " ms\n%s%s", "статус %" PRId64 " за %" PRId64 " мс\n%s%s"),
			attempt->status, attempt->duration_ms,
			attempt->response == NULL ? "" : cli_clean(attempt->response),
			attempt->response == NULL ? "" : "\n");
	return 0;
}

static void pause_ms(int64_t ms)
{
	struct timespec span = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
	nanosleep(&span, NULL);
}

struct acting { /* cli_transaction */
	struct cli *cli;
	const char *endpoint;
	const struct webhook_range *range;
	char *id;
	int64_t count;
};

static int note(const struct acting *acting, struct db *tx, const char *action, json_t *facts, struct error *e)
{
	char *subject = xasprintf("webhook:%s", acting->endpoint);
	int rc = cli_audit(acting->cli, tx, action, subject, facts, NULL, e);
	free(subject);
	return rc;
}

static int test(void *arg, struct db *tx, struct error *e)
{
	struct acting *acting = arg;
	if (webhook_test(tx, acting->endpoint, acting->id, e) != 0)
		return -1;
	return note(acting, tx, "webhook.test", json_pack("{s:s}", "message", acting->id), e);
}

static int replay(void *arg, struct db *tx, struct error *e)
{
	struct acting *acting = arg;
	if (webhook_replay(tx, acting->endpoint, acting->range, &acting->count, e) != 0)
		return -1;
	return note(acting, tx, "webhook.replay",
		json_pack("{s:s?, s:I}", "message", acting->range->message, "messages", (json_int_t)acting->count), e);
}

int webhook_test_run(struct cli *cli, const struct cli_args *args)
{
	struct error e = {0};
	char id[WEBHOOK_ID_SIZE];
	const char *endpoint = cli_operand(args, 0);
	const struct settings *settings = cli_settings(cli);
	struct db *db = settings == NULL ? NULL : cli_open_store(cli);
	if (db == NULL)
		return CLI_FAILED;
	struct acting acting = {.cli = cli, .endpoint = endpoint, .id = id};
	if (cli_transaction(cli, test, &acting) != CLI_DONE)
		return CLI_FAILED;
	struct showing showing = {.cli = cli};
	int64_t until_ms = clock_mono_ms() + settings->notifier.timeout_ms + TEST_MARGIN_MS;
	for (;;) {
		if (webhook_attempt_each(db, endpoint, id, false, 1, show_answer, &showing, &e) != 0)
			return cli_fail(cli, &e);
		if (showing.shown > 0)
			return showing.status >= 200 && showing.status <= 299 ? CLI_DONE : CLI_FAILED;
		if (clock_mono_ms() > until_ms)
			return cli_failf(cli, ERROR_UNAVAILABLE, "%s",
				tr("nobody has sent it: is vestnik-notifier running? (vestnik status)",
					"никто не отправил: работает ли vestnik-notifier? (vestnik status)"));
		pause_ms(TEST_LOOK_MS);
	}
}

/* ---- replay -------------------------------------------------------------------------------- */

/* RFC 3339, or "3h": so long ago. */
static int parse_moment(const char *text, int64_t *time_ms)
{
	int64_t ago_ms;
	if (clock_parse_rfc3339(text, time_ms) == 0)
		return 0;
	if (settings_parse_duration(text, &ago_ms) != 0)
		return -1;
	*time_ms = clock_now_ms() - ago_ms;
	return 0;
}

int webhook_replay_run(struct cli *cli, const struct cli_args *args)
{
	static const struct cli_noun messages = {"message", "messages", "сообщение", "сообщения", "сообщений"};
	const char *since = cli_value(args, "since"), *until = cli_value(args, "until");
	struct webhook_range range = {.message = cli_operand(args, 1),
		.until_ms = clock_now_ms() + 1,
		.state = cli_value(args, "state")};
	if ((range.message == NULL) == (since == NULL) || (range.message != NULL && (until != NULL || range.state != NULL)))
		return cli_wrong_use(cli, "%s", tr("give one MESSAGE, or --since TIME [--until TIME] [--state STATE]",
							"укажите одно сообщение или --since TIME [--until TIME] [--state STATE]"));
	if ((since != NULL && parse_moment(since, &range.since_ms) != 0) ||
		(until != NULL && parse_moment(until, &range.until_ms) != 0))
		return cli_wrong_use(cli, "%s", tr("a time is 2023-05-30T18:00:00+03:00, or 3h (so long ago)",
							"время: 2023-05-30T18:00:00+03:00 или 3h (столько назад)"));
	struct acting acting = {.cli = cli, .endpoint = cli_operand(args, 0), .range = &range};
	if (cli_transaction(cli, replay, &acting) != CLI_DONE)
		return CLI_FAILED;
	if (cli_json(cli))
		cli_print_json(cli, json_pack("{s:s,s:I}", "id", cli_operand(args, 0), "replayed", (json_int_t)acting.count));
	else
		printf(tr("%s will be sent again\n", "%s: отправим снова\n"), cli_count(acting.count, &messages));
	return CLI_DONE;
}
