#include "store/delivery.h"

#include <stddef.h>

#include "base/clock.h"
#include "store/rows.h"

/* A key is at most 19 digits and a comma; a batch has some thousands. */
#define KEYS_TEXT_MAX (4 * 1024 * 1024)

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

/* ---- trouble --------------------------------------------------------------------- */

static bool in_trouble(enum delivery_state state)
{
	return state != DELIVERY_WAITING && state != DELIVERY_ACCEPTED && state != DELIVERY_DELIVERED;
}

static int put_trouble(struct db *db, int64_t key, int64_t campaign, enum delivery_state state, struct error *e)
{
	return db_exec(db, e,
		"INSERT INTO trouble (key, campaign, state) VALUES ($1, $2, $3)"
		" ON CONFLICT (key) DO UPDATE SET state = excluded.state",
		"iii", key, campaign, (int64_t)state);
}

static int move_trouble(struct db *db, const struct delivery_row *row, struct error *e)
{
	if (in_trouble(row->state))
		return row->state == row->was ? 0 : put_trouble(db, row->key, row->campaign, row->state, e);
	return in_trouble(row->was) ? db_exec(db, e, "DELETE FROM trouble WHERE key = $1", "i", row->key) : 0;
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

static const char insert_one[] =
	"INSERT INTO delivery (key, campaign, round, step, recipient, contact, address,"
	" fields, not_after_ms, state, reason, updated_ms, reminds)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
	" ON CONFLICT (round, step, recipient, contact) DO NOTHING";

static void bind_new(struct db_stmt *stmt, int base, const void *rows, size_t i)
{
	const struct delivery_new *row = (const struct delivery_new *)rows + i;
	db_bind_int(stmt, base + 1, row->key);
	db_bind_int(stmt, base + 2, row->campaign);
	db_bind_int(stmt, base + 3, row->round);
	db_bind_int(stmt, base + 4, row->step);
	db_bind_int(stmt, base + 5, row->recipient);
	db_bind_int(stmt, base + 6, row->contact);
	db_bind_text(stmt, base + 7, row->address);
	db_bind_text(stmt, base + 8, row->fields);
	bind_time(stmt, base + 9, row->not_after_ms);
	db_bind_int(stmt, base + 10, row->state);
	bind_text_or_null(stmt, base + 11, row->reason);
	db_bind_int(stmt, base + 12, row->now_ms);
	if (row->reminds == 0)
		db_bind_null(stmt, base + 13);
	else
		db_bind_int(stmt, base + 13, row->reminds);
}

/* Keys are new and consecutive: which of them stand there afterwards tells what was inserted,
 * without asking after each. */
static int find_inserted(struct db *db, const struct delivery_new *rows, size_t count, bool *inserted,
	struct error *e)
{
	struct db_stmt *stmt;
	for (size_t i = 0; i < count; i++)
		inserted[i] = false;
	if (db_query(db, &stmt, e, "SELECT key FROM delivery WHERE key >= $1 AND key <= $2", "ii", rows[0].key,
		    rows[count - 1].key) != 0)
		return -1;
	enum db_step step;
	while ((step = db_step(stmt, e)) == DB_ROW) {
		int64_t at = db_int(stmt, 0) - rows[0].key;
		if (at >= 0 && at < (int64_t)count)
			inserted[at] = true;
	}
	return step == DB_DONE ? 0 : -1;
}

int delivery_insert_all(struct db *db, const struct delivery_new *rows, size_t count, bool *inserted,
	struct error *e)
{
	static struct rows_statement statement = {.one = insert_one, .columns = 13, .bind = bind_new};
	if (count == 0)
		return 0;
	if (rows_run(db, &statement, rows, count, e) != 0)
		return -1;
	if (find_inserted(db, rows, count, inserted, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (inserted[i] && in_trouble(rows[i].state) &&
			put_trouble(db, rows[i].key, rows[i].campaign, rows[i].state, e) != 0)
			return -1;
	return 0;
}

static int64_t key_at(const void *arg, size_t i)
{
	return ((const int64_t *)arg)[i];
}

int delivery_get_all(struct db *db, const int64_t *keys, size_t count, struct delivery_row *rows,
	size_t *found, struct error *e)
{
	struct db_stmt *stmt;
	struct buf text;
	*found = 0;
	buf_init(&text, KEYS_TEXT_MAX);
	enum db_step step = DB_FAILED;
	if (rows_keys(&text, count, key_at, keys, e) == 0 &&
		db_query(db, &stmt, e,
			"SELECT d.key, d.campaign, d.state, d.dispatch, d.attempts, d.uncertain, d.lost,"
			" d.not_after_ms FROM @KEYS($1) k CROSS JOIN delivery d WHERE d.key = k.key"
			" ORDER BY d.key",
			"s", buf_str(&text)) == 0)
		while ((step = db_step(stmt, e)) == DB_ROW) {
			if (*found == count) {
				db_reset(stmt);
				step = error_set(e, ERROR_INTERNAL, "a delivery was asked for twice");
				break;
			}
			rows[(*found)++] = (struct delivery_row){.key = db_int(stmt, 0),
				.campaign = db_int(stmt, 1),
				.state = (enum delivery_state)db_int(stmt, 2),
				.was = (enum delivery_state)db_int(stmt, 2),
				.dispatch = db_int(stmt, 3),
				.attempts = db_int(stmt, 4),
				.uncertain = db_int(stmt, 5),
				.lost = db_int(stmt, 6),
				.not_after_ms = db_is_null(stmt, 7) ? TIME_NEVER_MS : db_int(stmt, 7)};
		}
	buf_fini(&text);
	return step == DB_DONE ? 0 : -1;
}

/* Casts: nothing else says what a list of values is. column1 …: both databases' own names. */
static const char update_one[] =
	"UPDATE delivery SET state = v.column2, dispatch = v.column3, attempts = v.column4,"
	" uncertain = v.column5, lost = v.column6, code = v.column7, reason = v.column8,"
	" relay = v.column9, updated_ms = v.column10 FROM (VALUES (CAST($1 AS BIGINT),"
	" CAST($2 AS BIGINT), CAST($3 AS BIGINT), CAST($4 AS BIGINT), CAST($5 AS BIGINT),"
	" CAST($6 AS BIGINT), CAST($7 AS BIGINT), CAST($8 AS TEXT), CAST($9 AS TEXT),"
	" CAST($10 AS BIGINT))) AS v WHERE delivery.key = v.column1";

static void bind_outcome(struct db_stmt *stmt, int base, const void *rows, size_t i)
{
	const struct delivery_row *row = ((const struct delivery_row *const *)rows)[i];
	db_bind_int(stmt, base + 1, row->key);
	db_bind_int(stmt, base + 2, row->state);
	db_bind_int(stmt, base + 3, row->dispatch);
	db_bind_int(stmt, base + 4, row->attempts);
	db_bind_int(stmt, base + 5, row->uncertain);
	db_bind_int(stmt, base + 6, row->lost);
	bind_code(stmt, base + 7, row->facts->code);
	bind_text_or_null(stmt, base + 8, row->facts->reason);
	bind_text_or_null(stmt, base + 9, row->facts->relay);
	db_bind_int(stmt, base + 10, row->facts->time_ms);
}

int delivery_set_all(struct db *db, const struct delivery_row *const *rows, size_t count,
	struct error *e)
{
	static struct rows_statement statement = {.one = update_one, .columns = 10, .bind = bind_outcome};
	if (rows_run(db, &statement, rows, count, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (move_trouble(db, rows[i], e) != 0)
			return -1;
	return 0;
}

/* ---- history ----------------------------------------------------------------------- */

static const char history_one[] =
	"INSERT INTO history (key, dispatch, state, time_ms, code, enhanced, reason, relay, worker)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (key, dispatch, state) DO NOTHING";

static void bind_line(struct db_stmt *stmt, int base, const void *lines, size_t i)
{
	const struct delivery_status *facts = (const struct delivery_status *)lines + i;
	db_bind_int(stmt, base + 1, facts->key);
	db_bind_int(stmt, base + 2, facts->dispatch);
	db_bind_int(stmt, base + 3, facts->state);
	db_bind_int(stmt, base + 4, facts->time_ms);
	bind_code(stmt, base + 5, facts->code);
	bind_text_or_null(stmt, base + 6, facts->enhanced);
	bind_text_or_null(stmt, base + 7, facts->reason);
	bind_text_or_null(stmt, base + 8, facts->relay);
	bind_text_or_null(stmt, base + 9, facts->worker);
}

int history_add_all(struct db *db, const struct delivery_status *lines, size_t count, struct error *e)
{
	static struct rows_statement statement = {.one = history_one, .columns = 9, .bind = bind_line};
	return rows_run(db, &statement, lines, count, e);
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
