/* journal.h: taking due rows, and clearing old ones. */
#include "notifier/journal.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/ident.h"

/* Rows deleted in one transaction: some milliseconds of the write lock. */
#define TRIM_BATCH 500
/* After a collision with another notifier. */
#define AGAIN_LEAST_MS 20

int journal_has(struct db *db, const char *endpoint, const char *id, bool *has, struct error *e)
{
	int64_t one;
	enum db_step step = db_query_int(db, &one, e,
		"SELECT 1 FROM webhook_message WHERE endpoint = $1 AND id = $2", "ss", endpoint, id);
	*has = step == DB_ROW;
	return step == DB_FAILED ? -1 : 0;
}

/* Into a chain: they are the target's only when the claim is committed. */
static int read_claimed(struct db_stmt *rows, struct target *target, struct item **chain, struct error *e)
{
	int count = 0;
	enum db_step step;
	struct item **tail = chain;
	while ((step = db_step(rows, e)) == DB_ROW) {
		struct event *event = event_stored(db_text(rows, 0), db_text(rows, 1), db_int(rows, 2),
			db_text(rows, 3));
		struct item *item = item_new(target, event);
		item->stored = true;
		/* As before the claim: they count the attempt only when it is made. */
		item->attempts = db_int(rows, 4) - 1;
		item->retries = db_int(rows, 5) - 1;
		*tail = item;
		tail = &item->next;
		count++;
	}
	return step == DB_FAILED ? -1 : count;
}

static int claim(struct db *db, struct target *target, int64_t now_ms, int64_t lease_ms, int most,
	struct item **chain, struct error *e)
{
	int64_t due_ms;
	struct db_stmt *rows;
	if (db_begin(db, DB_WRITE, e) != 0)
		return -1;
	int count = -1;
	/* Counted before it is sent: a message that kills us is not tried for ever. */
	if (db_query(db, &rows, e,
		    "UPDATE webhook_message SET attempts = attempts + 1, retries = retries + 1, due_ms = $3"
		    " WHERE endpoint = $1 AND id IN (SELECT id FROM webhook_message WHERE endpoint = $1"
		    " AND due_ms <= $2 ORDER BY due_ms LIMIT $4)"
		    " RETURNING id, type, time_ms, body, attempts, retries",
		    "siii", target->id, now_ms, now_ms + lease_ms, (int64_t)most) == 0)
		count = read_claimed(rows, target, chain, e);
	enum db_step step = DB_FAILED;
	if (count >= 0)
		step = db_query_int(db, &due_ms, e,
			"SELECT due_ms FROM webhook_message WHERE endpoint = $1 AND due_ms IS NOT NULL"
			" ORDER BY due_ms LIMIT 1",
			"s", target->id);
	if (step == DB_FAILED || db_commit(db, DB_RELAXED, e) != 0) {
		db_rollback(db);
		return -1;
	}
	target->next_due_ms = step == DB_ROW ? due_ms : TIME_NEVER_MS;
	return count;
}

int journal_claim(struct db *db, struct target *target, int64_t lease_ms, int most, struct error *e)
{
	int64_t now_ms = clock_now_ms();
	struct item *chain = NULL, *next;
	int count = claim(db, target, now_ms, lease_ms, most, &chain, e);
	for (; chain != NULL; chain = next) {
		next = chain->next;
		chain->next = NULL;
		if (count >= 0)
			target_push(target, chain);
		else
			item_free(chain);
	}
	if (count >= 0 || e->code != ERROR_CONFLICT || !e->retriable)
		return count;
	/* Another notifier took them: soon again, but not with it in step. */
	unsigned chance;
	ident_random(&chance, sizeof chance);
	target->next_due_ms = now_ms + AGAIN_LEAST_MS + chance % AGAIN_LEAST_MS;
	error_clear(e);
	return 0;
}

/* ---- clearing ------------------------------------------------------------------------------ */

static int delete_before(struct db *db, const char *endpoint, const char *id, bool *more, struct error *e)
{
	if (db_exec(db, e,
		    "DELETE FROM webhook_attempt WHERE endpoint = $1 AND message IN (SELECT message FROM"
		    " webhook_attempt WHERE endpoint = $1 AND message < $2 ORDER BY message LIMIT $3)",
		    "ssi", endpoint, id, (int64_t)TRIM_BATCH) != 0)
		return -1;
	int64_t deleted = db_changes(db);
	if (db_exec(db, e,
		    "DELETE FROM webhook_message WHERE endpoint = $1 AND id IN (SELECT id FROM webhook_message"
		    " WHERE endpoint = $1 AND id < $2 ORDER BY id LIMIT $3)",
		    "ssi", endpoint, id, (int64_t)TRIM_BATCH) != 0)
		return -1;
	*more |= deleted + db_changes(db) > 0;
	return 0;
}

/* The next endpoint that has messages or attempts, in order of id: a skip through the keys. */
static int next_endpoint(struct db *db, char id[static WEBHOOK_ENDPOINT_ID_SIZE], bool *active,
	bool *found, struct error *e)
{
	struct db_stmt *row;
	if (db_query(db, &row, e,
		    "SELECT x.id, CASE WHEN n.id IS NULL THEN 0 ELSE 1 END FROM (SELECT MIN(id) AS id FROM"
		    " (SELECT MIN(endpoint) AS id FROM webhook_message WHERE endpoint > $1"
		    " UNION ALL SELECT MIN(endpoint) FROM webhook_attempt WHERE endpoint > $1) both_tables) x"
		    " LEFT JOIN endpoint n ON n.id = x.id",
		    "s", id) != 0)
		return -1;
	enum db_step step = db_step(row, e);
	*found = step == DB_ROW && db_text(row, 0) != NULL;
	if (*found) {
		snprintf(id, WEBHOOK_ENDPOINT_ID_SIZE, "%s", db_text(row, 0));
		*active = db_int(row, 1) != 0;
	}
	db_reset(row);
	return step == DB_FAILED ? -1 : 0;
}

int journal_trim(struct db *db, int64_t keep_ms, bool *more, struct error *e)
{
	char endpoint[WEBHOOK_ENDPOINT_ID_SIZE] = "", old[WEBHOOK_ID_SIZE];
	bool exists = false, found = true;
	*more = false;
	webhook_id_from(clock_now_ms() - keep_ms, old);
	while (next_endpoint(db, endpoint, &exists, &found, e) == 0) {
		if (!found)
			return 0;
		/* "n" comes after every id */
		if (delete_before(db, endpoint, exists ? old : "n", more, e) != 0)
			break;
	}
	if (e->code != ERROR_CONFLICT || !e->retriable)
		return -1;
	error_clear(e); /* another notifier clears up as well */
	*more = true;
	return 0;
}
