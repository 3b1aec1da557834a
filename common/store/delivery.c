#include "store/delivery.h"

#include <stddef.h>

#include "base/clock.h"

/* ---- keys ---------------------------------------------------------------------- */

static enum db_step keys_advance(struct db *db, int64_t count, int64_t *next, struct error *e)
{
	return db_query_int(db, next, e,
		"UPDATE meta SET value = CAST(CAST(value AS BIGINT) + $1 AS TEXT)"
		" WHERE name = 'next_delivery' RETURNING CAST(value AS BIGINT)",
		"i", count);
}

/* One row of meta and not max(key): on PostgreSQL it is also the lock that keeps two planners
 * from taking the same run. */
int delivery_keys_take(struct db *db, int64_t count, int64_t *first, struct error *e)
{
	int64_t next = 0;
	enum db_step step = keys_advance(db, count, &next, e);
	if (step == DB_DONE) {
		if (db_exec(db, e,
			    "INSERT INTO meta (name, value) SELECT 'next_delivery',"
			    " CAST(COALESCE(max(key), 0) + 1 AS TEXT) FROM delivery",
			    "") != 0)
			return -1;
		step = keys_advance(db, count, &next, e);
	}
	if (step != DB_ROW)
		return step == DB_FAILED ? -1 : error_set(e, ERROR_INTERNAL, "meta.next_delivery is gone");
	*first = next - count;
	return 0;
}

int delivery_keys_skip(struct db *db, int64_t count, struct error *e)
{
	int64_t first;
	return delivery_keys_take(db, count, &first, e);
}

/* ---- rows ------------------------------------------------------------------------ */

static void bind_time(struct db_stmt *stmt, int position, int64_t time_ms)
{
	if (time_ms == TIME_NEVER_MS)
		db_bind_null(stmt, position);
	else
		db_bind_int(stmt, position, time_ms);
}

static void bind_text_or_null(struct db_stmt *stmt, int position, const char *text)
{
	db_bind_text(stmt, position, text == NULL || text[0] == '\0' ? NULL : text);
}

static void bind_code(struct db_stmt *stmt, int position, int code)
{
	if (code == 0)
		db_bind_null(stmt, position);
	else
		db_bind_int(stmt, position, code);
}

int delivery_insert(struct db *db, const struct delivery_new *row, bool *inserted, struct error *e)
{
	struct db_stmt *stmt;
	if (db_prepare(db,
		    "INSERT INTO delivery (key, campaign, round, step, recipient, contact, address,"
		    " fields, not_after_ms, state, reason, updated_ms)"
		    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
		    " ON CONFLICT (round, step, recipient, contact) DO NOTHING",
		    &stmt, e) != 0)
		return -1;
	db_bind_int(stmt, 1, row->key);
	db_bind_int(stmt, 2, row->campaign);
	db_bind_int(stmt, 3, row->round);
	db_bind_int(stmt, 4, row->step);
	db_bind_int(stmt, 5, row->recipient);
	db_bind_int(stmt, 6, row->contact);
	db_bind_text(stmt, 7, row->address);
	db_bind_text(stmt, 8, row->fields);
	bind_time(stmt, 9, row->not_after_ms);
	db_bind_int(stmt, 10, row->state);
	bind_text_or_null(stmt, 11, row->reason);
	db_bind_int(stmt, 12, row->now_ms);
	if (db_run(stmt, e) != 0)
		return -1;
	*inserted = db_changes(db) > 0;
	return 0;
}

enum db_step delivery_get(struct db *db, int64_t key, struct delivery_row *row, struct error *e)
{
	struct db_stmt *stmt;
	if (db_prepare(db,
		    "SELECT campaign, state, dispatch, attempts, uncertain, lost, not_after_ms"
		    " FROM delivery WHERE key = $1",
		    &stmt, e) != 0)
		return DB_FAILED;
	db_bind_int(stmt, 1, key);
	enum db_step step = db_step(stmt, e);
	if (step != DB_ROW)
		return step;
	*row = (struct delivery_row){.key = key,
		.campaign = db_int(stmt, 0),
		.state = (enum delivery_state)db_int(stmt, 1),
		.dispatch = db_int(stmt, 2),
		.attempts = db_int(stmt, 3),
		.uncertain = db_int(stmt, 4),
		.lost = db_int(stmt, 5),
		.not_after_ms = db_is_null(stmt, 6) ? TIME_NEVER_MS : db_int(stmt, 6)};
	db_reset(stmt);
	return DB_ROW;
}

int delivery_set(struct db *db, const struct delivery_row *row, const struct delivery_status *facts,
	struct error *e)
{
	struct db_stmt *stmt;
	if (db_prepare(db,
		    "UPDATE delivery SET state = $2, dispatch = $3, attempts = $4, uncertain = $5,"
		    " lost = $6, code = $7, reason = $8, relay = $9, updated_ms = $10 WHERE key = $1",
		    &stmt, e) != 0)
		return -1;
	db_bind_int(stmt, 1, row->key);
	db_bind_int(stmt, 2, row->state);
	db_bind_int(stmt, 3, row->dispatch);
	db_bind_int(stmt, 4, row->attempts);
	db_bind_int(stmt, 5, row->uncertain);
	db_bind_int(stmt, 6, row->lost);
	bind_code(stmt, 7, facts->code);
	bind_text_or_null(stmt, 8, facts->reason);
	bind_text_or_null(stmt, 9, facts->relay);
	db_bind_int(stmt, 10, facts->time_ms);
	if (db_run(stmt, e) != 0)
		return -1;
	if (db_changes(db) != 1)
		return error_set(e, ERROR_INTERNAL, "delivery %lld is gone", (long long)row->key);
	return 0;
}

/* ---- history ----------------------------------------------------------------------- */

int history_add(struct db *db, const struct delivery_status *facts, struct error *e)
{
	struct db_stmt *stmt;
	if (db_prepare(db,
		    "INSERT INTO history (key, dispatch, state, time_ms, code, enhanced, reason, relay)"
		    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (key, dispatch, state) DO NOTHING",
		    &stmt, e) != 0)
		return -1;
	db_bind_int(stmt, 1, facts->key);
	db_bind_int(stmt, 2, facts->dispatch);
	db_bind_int(stmt, 3, facts->state);
	db_bind_int(stmt, 4, facts->time_ms);
	bind_code(stmt, 5, facts->code);
	bind_text_or_null(stmt, 6, facts->enhanced);
	bind_text_or_null(stmt, 7, facts->reason);
	bind_text_or_null(stmt, 8, facts->relay);
	return db_run(stmt, e);
}

/* An operator's retry stands in the history as `waiting` (state 0): what came before it does not
 * count any more. */
enum db_step history_first_deferral(struct db *db, int64_t key, int64_t *time_ms, struct error *e)
{
	struct db_stmt *stmt;
	if (db_query(db, &stmt, e,
		    "SELECT min(time_ms) FROM history WHERE key = $1 AND state = 3 AND dispatch > ("
		    "SELECT COALESCE(max(dispatch), 0) FROM history WHERE key = $1 AND state = 0)",
		    "i", key) != 0)
		return DB_FAILED;
	enum db_step step = db_step(stmt, e);
	if (step != DB_ROW)
		return step;
	bool none = db_is_null(stmt, 0);
	if (!none)
		*time_ms = db_int(stmt, 0);
	db_reset(stmt);
	return none ? DB_DONE : DB_ROW;
}

/* ---- counters ------------------------------------------------------------------------ */

int counter_add(struct db *db, int64_t campaign, int64_t part, enum delivery_state state, int64_t n,
	struct error *e)
{
	if (n == 0)
		return 0;
	return db_exec(db, e,
		"INSERT INTO counter (campaign, part, state, n) VALUES ($1, $2, $3, $4)"
		" ON CONFLICT (campaign, part, state) DO UPDATE SET n = counter.n + excluded.n",
		"iiii", campaign, part, (int64_t)state, n);
}

int counter_sums(struct db *db, int64_t campaign, int64_t sums[static DELIVERY_STATES],
	struct error *e)
{
	for (int i = 0; i < DELIVERY_STATES; i++)
		sums[i] = 0;
	struct db_stmt *stmt;
	if (db_query(db, &stmt, e, "SELECT state, n FROM counter WHERE campaign = $1", "i", campaign) != 0)
		return -1;
	enum db_step step;
	while ((step = db_step(stmt, e)) == DB_ROW) {
		int64_t state = db_int(stmt, 0);
		if (state >= 0 && state < DELIVERY_STATES)
			sums[state] += db_int(stmt, 1);
	}
	return step == DB_DONE ? 0 : -1;
}
