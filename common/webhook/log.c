#include "webhook/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/ident.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "webhook/filter.h"
#include "webhook/endpoint.h"

/* After every id ("msg_…"), in every collation. */
#define WEBHOOK_ID_END "n"
/* Messages made due by one transaction of a replay: some milliseconds of the
 * write lock. */
#define REPLAY_BATCH 500
/* A test is tried once: it begins at the end of the schedule. */
#define TEST_RETRIES 1000

const char *webhook_id_from(int64_t time_ms, char out[static WEBHOOK_ID_SIZE])
{
	snprintf(out, WEBHOOK_ID_SIZE, "msg_%012" PRIx64, (uint64_t)time_ms & 0xffffffffffff);
	return out;
}

const char *webhook_id(const char *source, const char *event_id, const char *type, int64_t time_ms,
	char out[static WEBHOOK_ID_SIZE])
{
	char *text = xasprintf("%s\n%s\n%s\n%" PRId64, source, event_id, type, time_ms);
	char hash[IDENT_HASH_SIZE];
	ident_hash(text, strlen(text), hash);
	webhook_id_from(time_ms < 0 ? 0 : time_ms, out);
	memcpy(out + 16, hash, 16);
	out[32] = '\0';
	free(text);
	return out;
}

static int not_kept(const char *message, struct error *e)
{
	return error_set(e, ERROR_NOT_FOUND,
		tr("no message %.40s is kept for this webhook", "для этого вебхука нет сообщения %.40s"), message);
}

static int endpoint_active(struct db *db, const char *endpoint, struct error *e)
{
	int64_t active;
	if (webhook_endpoint_exists(db, endpoint, e) != 0 ||
		db_query_int(db, &active, e, "SELECT COUNT(*) FROM endpoint WHERE id = $1 AND state = 'active'",
			"s", endpoint) != DB_ROW)
		return -1;
	if (active == 0)
		return error_set(e, ERROR_CONFLICT,
			tr("the webhook %s is disabled (vestnik webhook enable %s)",
				"вебхук %s отключён (vestnik webhook enable %s)"),
			endpoint, endpoint);
	return 0;
}

int webhook_test(struct db *db, const char *endpoint, char id[static WEBHOOK_ID_SIZE], struct error *e)
{
	char event_id[IDENT_SIZE], time[CLOCK_RFC3339_SIZE];
	int64_t now_ms = clock_now_ms();
	webhook_id("vestnik/webhook", ident_new(event_id), WEBHOOK_TYPE_TEST, now_ms, id);
	clock_rfc3339(now_ms, time);
	struct buf body;
	buf_init(&body, 1000);
	(void)buf_printf(&body,
		"{\"specversion\":\"1.0\",\"id\":\"%s\",\"source\":\"vestnik/webhook\",\"type\":\"%s\","
		"\"time\":\"%s\",\"datacontenttype\":\"application/json\",\"timestamp\":\"%s\","
		"\"data\":{\"endpoint\":\"%s\"}}",
		event_id, WEBHOOK_TYPE_TEST, time, time, endpoint);
	int rc = -1;
	if (endpoint_active(db, endpoint, e) == 0)
		rc = db_exec(db, e,
			"INSERT INTO webhook_message (id, endpoint, type, time_ms, body, state, retries, due_ms)"
			" VALUES ($1, $2, $3, $4, $5, 'pending', $6, $4)",
			"sssisi", id, endpoint, WEBHOOK_TYPE_TEST, now_ms, buf_str(&body), (int64_t)TEST_RETRIES);
	buf_fini(&body);
	return rc;
}

static int give(struct db_stmt *rows, int (*each)(void *arg, const struct webhook_attempt *attempt), void *arg,
	struct error *e)
{
	enum db_step step;
	while ((step = db_step(rows, e)) == DB_ROW) {
		struct webhook_attempt attempt = {.message = db_text(rows, 0),
			.type = db_text(rows, 1),
			.state = db_text(rows, 2),
			.attempt = db_int(rows, 3),
			.time_ms = db_int(rows, 4),
			.duration_ms = db_int(rows, 5),
			.due_ms = db_int(rows, 6),
			.status = db_int(rows, 7),
			.error = db_text(rows, 8),
			.response = db_text(rows, 9)};
		if (each(arg, &attempt) != 0) {
			db_reset(rows);
			return 0;
		}
	}
	return step == DB_DONE ? 0 : -1;
}

int webhook_attempt_each(struct db *db, const char *endpoint, const char *message, bool failed,
	int most, int (*each)(void *arg, const struct webhook_attempt *attempt), void *arg,
	struct error *e)
{
	struct db_stmt *rows;
	if (db_query(db, &rows, e,
		    "SELECT a.message, m.type, m.state, a.attempt, a.time_ms, a.duration_ms, m.due_ms,"
		    " a.status, a.error, a.response FROM webhook_attempt a"
		    " LEFT JOIN webhook_message m ON m.endpoint = a.endpoint AND m.id = a.message"
		    " WHERE a.endpoint = $1 AND a.message >= $2 AND a.message <= $3"
		    " AND (CAST($4 AS BIGINT) = 0 OR a.status IS NULL OR a.status < 200 OR a.status > 299)"
		    " ORDER BY a.message DESC, a.attempt DESC LIMIT $5",
		    "sssii", endpoint, message == NULL ? "" : message, message == NULL ? WEBHOOK_ID_END : message,
		    (int64_t)failed, (int64_t)most) != 0)
		return -1;
	return give(rows, each, arg, e);
}

int webhook_attempt_page(struct db *db, const char *endpoint, const char *before, int64_t before_attempt,
	bool failed, int most, int (*each)(void *arg, const struct webhook_attempt *attempt), void *arg,
	struct error *e)
{
	struct db_stmt *rows;
	if (db_query(db, &rows, e,
		    "SELECT a.message, m.type, m.state, a.attempt, a.time_ms, a.duration_ms, m.due_ms, a.status, a.error,"
		    " a.response FROM (SELECT endpoint, message, attempt, time_ms, duration_ms, status, error, response"
		    " FROM webhook_attempt WHERE endpoint = $1 AND (message, attempt) < ($2, $3)"
		    " ORDER BY message DESC, attempt DESC LIMIT $4) a"
		    " LEFT JOIN webhook_message m ON m.endpoint = a.endpoint AND m.id = a.message"
		    " WHERE CAST($5 AS BIGINT) = 0 OR a.status IS NULL OR a.status < 200 OR a.status > 299"
		    " ORDER BY a.message DESC, a.attempt DESC LIMIT $6",
		    "ssiiii", endpoint, before == NULL ? WEBHOOK_ID_END : before, before_attempt,
		    (int64_t)(failed ? WEBHOOK_LOOKED_AT : most), (int64_t)failed, (int64_t)most) != 0)
		return -1;
	return give(rows, each, arg, e);
}

int webhook_message_read(struct db *db, const char *endpoint, const char *id, struct webhook_message *out,
	struct error *e)
{
	struct db_stmt *rows;
	*out = (struct webhook_message){0};
	if (db_query(db, &rows, e,
		    "SELECT type, state, body, time_ms, attempts, due_ms FROM webhook_message"
		    " WHERE endpoint = $1 AND id = $2",
		    "ss", endpoint, id) != 0)
		return -1;
	enum db_step step = db_step(rows, e);
	if (step == DB_ROW)
		*out = (struct webhook_message){.type = xstrdup(db_text(rows, 0)), .state = xstrdup(db_text(rows, 1)),
			.body = xstrdup(db_text(rows, 2)), .time_ms = db_int(rows, 3), .attempts = db_int(rows, 4),
			.due_ms = db_int(rows, 5)};
	db_reset(rows);
	return step == DB_ROW ? 0 : step == DB_FAILED ? -1 : not_kept(id, e);
}

void webhook_message_fini(struct webhook_message *message)
{
	free(message->type);
	free(message->state);
	free(message->body);
	*message = (struct webhook_message){0};
}

/* ---- replay ------------------------------------------------------------------- */

static int replay_one(struct db *db, const char *endpoint, const char *message, int64_t *count,
	struct error *e)
{
	if (db_exec(db, e,
		    "UPDATE webhook_message SET state = 'pending', retries = 0, due_ms = $3"
		    " WHERE endpoint = $1 AND id = $2",
		    "ssi", endpoint, message, clock_now_ms()) != 0)
		return -1;
	*count = db_changes(db);
	return *count == 0 ? not_kept(message, e) : 0;
}

/* One step of the range: the ids after `after`; it moves on to the last looked
 * at. *end when there are no more. */
static int replay_batch(struct db *db, const char *endpoint, const struct webhook_range *range,
	char after[static 64], const char *before, bool *end, int64_t *count, struct error *e)
{
	const char *state = range->state == NULL ? "failed" : range->state;
	struct db_stmt *rows;
	char last[64] = "";
	if (db_query(db, &rows, e,
		    "SELECT MAX(id) FROM (SELECT id FROM webhook_message WHERE endpoint = $1 AND id > $2"
		    " AND id < $3 ORDER BY id LIMIT $4) batch",
		    "sssi", endpoint, after, before, (int64_t)REPLAY_BATCH) != 0)
		return -1;
	enum db_step step = db_step(rows, e);
	if (step == DB_ROW && db_text(rows, 0) != NULL)
		snprintf(last, sizeof last, "%s", db_text(rows, 0));
	db_reset(rows);
	if (step == DB_FAILED)
		return -1;
	*end = last[0] == '\0';
	if (*end)
		return 0;
	if (db_exec(db, e,
		    "UPDATE webhook_message SET state = 'pending', retries = 0, due_ms = $5"
		    " WHERE endpoint = $1 AND id > $2 AND id <= $3 AND state = $4 AND type <> $6",
		    "ssssis", endpoint, after, last, state, clock_now_ms(), WEBHOOK_TYPE_TEST) != 0)
		return -1;
	*count += db_changes(db);
	memcpy(after, last, sizeof last);
	return 0;
}

int webhook_replay(struct db *db, const char *endpoint, const struct webhook_range *range,
	int64_t *count, struct error *e)
{
	*count = 0;
	if (endpoint_active(db, endpoint, e) != 0)
		return -1;
	if (range->message != NULL)
		return replay_one(db, endpoint, range->message, count, e);
	char after[64], before[WEBHOOK_ID_SIZE];
	webhook_id_from(range->since_ms < 0 ? 0 : range->since_ms, after);
	webhook_id_from(range->until_ms, before);
	if (range->until_ms == TIME_NEVER_MS)
		snprintf(before, sizeof before, WEBHOOK_ID_END);
	bool end = false;
	while (!end)
		if (replay_batch(db, endpoint, range, after, before, &end, count, e) != 0)
			return -1;
	return 0;
}
