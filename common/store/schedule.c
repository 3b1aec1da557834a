#include "store/schedule.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "store/rows.h"

/* A key is at most 19 digits and a comma; claims are some thousands. */
#define KEYS_TEXT_MAX (4 * 1024 * 1024)

static const char *domain_of(const char *address)
{
	const char *at = address == NULL ? NULL : strrchr(address, '@');
	return at == NULL ? "" : at + 1;
}

/* FNV-1a: two domains that collide only share a share. */
static uint32_t hash_domain(const char *domain)
{
	uint32_t hash = 2166136261u;
	for (const char *p = domain == NULL ? "" : domain; *p != '\0'; p++)
		hash = (hash ^ (unsigned char)*p) * 16777619u;
	return hash;
}

static const char insert_one[] =
	"INSERT INTO schedule (key, due_ms, priority, campaign, dispatch, domain)"
	" VALUES ($1, $2, $3, $4, $5, $6)";

static void bind_new(struct db_stmt *stmt, int base, const void *rows, size_t i)
{
	const struct schedule_new *row = (const struct schedule_new *)rows + i;
	db_bind_int(stmt, base + 1, row->key);
	db_bind_int(stmt, base + 2, row->due_ms);
	db_bind_int(stmt, base + 3, row->priority);
	db_bind_int(stmt, base + 4, row->campaign);
	db_bind_int(stmt, base + 5, row->dispatch);
	db_bind_text(stmt, base + 6, domain_of(row->address));
}

int schedule_insert_all(struct db *db, const struct schedule_new *rows, size_t count, struct error *e)
{
	static struct rows_statement statement = {.one = insert_one, .columns = 6, .bind = bind_new};
	return rows_run(db, &statement, rows, count, e);
}

static int64_t key_at(const void *arg, size_t i)
{
	return ((const int64_t *)arg)[i];
}

int schedule_delete_all(struct db *db, const int64_t *keys, size_t count, struct error *e)
{
	if (count <= 1)
		return count == 0 ? 0 : schedule_delete(db, keys[0], e);
	struct buf text;
	buf_init(&text, KEYS_TEXT_MAX);
	int rc = rows_keys(&text, count, key_at, keys, e);
	if (rc == 0)
		rc = db_exec(db, e, "DELETE FROM schedule WHERE key IN (SELECT key FROM @KEYS($1))", "s",
			buf_str(&text));
	buf_fini(&text);
	return rc;
}

int schedule_delete(struct db *db, int64_t key, struct error *e)
{
	return db_exec(db, e, "DELETE FROM schedule WHERE key = $1", "i", key);
}

static int insert_missing(struct db *db, int64_t key, int64_t dispatch, int64_t due_ms, struct error *e)
{
	struct db_stmt *stmt;
	if (db_query(db, &stmt, e,
		    "SELECT d.campaign, c.priority, d.address FROM delivery d JOIN campaign c"
		    " ON c.id = d.campaign LEFT JOIN schedule s ON s.key = d.key"
		    " WHERE d.key = $1 AND s.key IS NULL",
		    "i", key) != 0)
		return -1;
	enum db_step step = db_step(stmt, e);
	if (step != DB_ROW)
		return step == DB_DONE ? 0 : -1;
	char *address = xstrdup(db_text(stmt, 2));
	struct schedule_new row = {.key = key, .campaign = db_int(stmt, 0), .priority = db_int(stmt, 1),
		.due_ms = due_ms, .dispatch = dispatch, .address = address};
	db_reset(stmt);
	int rc = schedule_insert_all(db, &row, 1, e);
	free(address);
	return rc;
}

int schedule_again(struct db *db, int64_t key, int64_t dispatch, int64_t due_ms, struct error *e)
{
	if (db_exec(db, e,
		    "UPDATE schedule SET due_ms = $3, dispatch = $2, claimed_ms = NULL"
		    " WHERE key = $1 AND dispatch <= $2",
		    "iii", key, dispatch, due_ms) != 0)
		return -1;
	return db_changes(db) != 0 ? 0 : insert_missing(db, key, dispatch, due_ms, e);
}

int schedule_in_flight(struct db *db, int64_t key, int64_t dispatch, int64_t now_ms, struct error *e)
{
	if (insert_missing(db, key, dispatch, now_ms, e) != 0)
		return -1;
	return db_exec(db, e, "UPDATE schedule SET claimed_ms = $3 WHERE key = $1 AND dispatch = $2", "iii",
		key, dispatch, now_ms);
}

/* ---- the due loop ---------------------------------------------------------------- */

static int read_items(struct db_stmt *stmt, size_t most, struct schedule_item *out, size_t *count,
	struct error *e)
{
	enum db_step step;
	*count = 0;
	while ((step = db_step(stmt, e)) == DB_ROW) {
		if (*count == most) {
			db_reset(stmt);
			return 0;
		}
		const char *zone = db_text(stmt, 8);
		out[(*count)++] = (struct schedule_item){.key = db_int(stmt, 0),
			.campaign = db_int(stmt, 1),
			.dispatch = db_int(stmt, 2),
			.due_ms = db_int(stmt, 3),
			.domain = hash_domain(db_text(stmt, 4)),
			.not_after_ms = db_is_null(stmt, 5) ? TIME_NEVER_MS : db_int(stmt, 5),
			.state = (enum delivery_state)db_int(stmt, 6),
			.state_dispatch = db_int(stmt, 7),
			.zone = xstrdup(zone)};
	}
	if (step == DB_DONE)
		return 0;
	for (size_t i = 0; i < *count; i++)
		free(out[i].zone);
	*count = 0;
	return -1;
}

/* CROSS JOIN keeps SQLite's planner from turning the loops round; `priority` and `claimed_ms`
 * stand as in the partial indexes, or those are not used. */
#define ITEM_COLUMNS                                                                               \
	"s.key, s.campaign, s.dispatch, s.due_ms, s.domain, d.not_after_ms, d.state, d.dispatch, "
#define ITEM_TABLES " FROM schedule s CROSS JOIN delivery d "

int schedule_due_urgent(struct db *db, int64_t now_ms, size_t most, struct schedule_item *out,
	size_t *count, struct error *e)
{
	struct db_stmt *stmt;
	if (db_query(db, &stmt, e,
		    "SELECT " ITEM_COLUMNS "NULL" ITEM_TABLES "CROSS JOIN campaign c"
		    " WHERE d.key = s.key AND c.id = s.campaign AND c.state = 'running'"
		    " AND s.claimed_ms IS NULL AND s.priority = 0 AND s.due_ms <= $1"
		    " ORDER BY s.due_ms, s.key LIMIT $2",
		    "ii", now_ms, (int64_t)most) != 0)
		return -1;
	return read_items(stmt, most, out, count, e);
}

int schedule_due_bulk(struct db *db, int64_t campaign, int64_t now_ms, size_t most,
	struct schedule_item *out, size_t *count, struct error *e)
{
	struct db_stmt *stmt;
	if (db_query(db, &stmt, e,
		    "SELECT " ITEM_COLUMNS "NULL" ITEM_TABLES
		    "WHERE d.key = s.key AND s.claimed_ms IS NULL AND s.priority > 0"
		    " AND s.campaign = $1 AND s.due_ms <= $2 ORDER BY s.due_ms, s.key LIMIT $3",
		    "iii", campaign, now_ms, (int64_t)most) != 0)
		return -1;
	return read_items(stmt, most, out, count, e);
}

int schedule_due_zones(struct db *db, int64_t campaign, int64_t now_ms, size_t most,
	struct schedule_item *out, size_t *count, struct error *e)
{
	struct db_stmt *stmt;
	if (db_query(db, &stmt, e,
		    "SELECT " ITEM_COLUMNS "(SELECT o.zone FROM organisation o WHERE o.id = d.recipient)" ITEM_TABLES
		    "WHERE d.key = s.key AND s.claimed_ms IS NULL AND s.priority > 0"
		    " AND s.campaign = $1 AND s.due_ms <= $2 ORDER BY s.due_ms, s.key LIMIT $3",
		    "iii", campaign, now_ms, (int64_t)most) != 0)
		return -1;
	return read_items(stmt, most, out, count, e);
}

enum db_step schedule_next_campaign(struct db *db, int64_t after, int64_t *campaign, struct error *e)
{
	return db_query_int(db, campaign, e,
		"SELECT campaign FROM schedule WHERE claimed_ms IS NULL AND priority > 0"
		" AND campaign > $1 ORDER BY campaign LIMIT 1",
		"i", after);
}

int schedule_unclaimed(struct db *db, int64_t campaign, size_t most, struct schedule_item *out,
	size_t *count, struct error *e)
{
	struct db_stmt *stmt;
	if (db_query(db, &stmt, e,
		    "SELECT " ITEM_COLUMNS "NULL" ITEM_TABLES
		    "WHERE d.key = s.key AND s.claimed_ms IS NULL AND s.priority > 0"
		    " AND s.campaign = $1 LIMIT $2",
		    "ii", campaign, (int64_t)most) != 0 ||
		read_items(stmt, most, out, count, e) != 0)
		return -1;
	if (*count > 0)
		return 0;
	if (db_query(db, &stmt, e,
		    "SELECT " ITEM_COLUMNS "NULL" ITEM_TABLES
		    "WHERE d.key = s.key AND s.claimed_ms IS NULL AND s.priority = 0"
		    " AND s.campaign = $1 LIMIT $2",
		    "ii", campaign, (int64_t)most) != 0)
		return -1;
	return read_items(stmt, most, out, count, e);
}

int schedule_claimed_before(struct db *db, int64_t claimed_before_ms, size_t most,
	struct schedule_item *out, size_t *count, struct error *e)
{
	struct db_stmt *stmt;
	if (db_query(db, &stmt, e,
		    "SELECT " ITEM_COLUMNS "NULL" ITEM_TABLES
		    "WHERE d.key = s.key AND s.claimed_ms IS NOT NULL AND s.claimed_ms < $1"
		    " ORDER BY s.claimed_ms, s.key LIMIT $2",
		    "ii", claimed_before_ms, (int64_t)most) != 0)
		return -1;
	return read_items(stmt, most, out, count, e);
}

static int64_t item_key(const void *arg, size_t i)
{
	return ((const struct schedule_item *)arg)[i].key;
}

static int update_rows(struct db *db, const char *sql, const struct schedule_item *items, size_t count,
	int64_t now_ms, struct error *e)
{
	if (count == 0)
		return 0;
	struct buf keys;
	buf_init(&keys, KEYS_TEXT_MAX);
	int rc = rows_keys(&keys, count, item_key, items, e);
	if (rc == 0)
		rc = db_exec(db, e, sql, "is", now_ms, buf_str(&keys));
	int64_t changed = rc == 0 ? db_changes(db) : 0;
	if (rc == 0 && changed >= 0 && changed != (int64_t)count) /* -1: the next call tells why */
		rc = error_set(e, ERROR_UNAVAILABLE, "%" PRId64 " of %zu schedule rows were there", changed,
			count);
	buf_fini(&keys);
	return rc;
}

int schedule_claim(struct db *db, const struct schedule_item *items, size_t count, int64_t now_ms,
	struct error *e)
{
	return update_rows(db,
		"UPDATE schedule SET dispatch = dispatch + 1, claimed_ms = $1"
		" WHERE claimed_ms IS NULL AND key IN (SELECT key FROM @KEYS($2))",
		items, count, now_ms, e);
}

int schedule_withhold(struct db *db, const struct schedule_item *items, size_t count, int64_t now_ms,
	struct error *e)
{
	return update_rows(db,
		"UPDATE schedule SET claimed_ms = $1 WHERE key IN (SELECT key FROM @KEYS($2))", items,
		count, now_ms, e);
}

int schedule_move(struct db *db, int64_t key, int64_t due_ms, struct error *e)
{
	return db_exec(db, e, "UPDATE schedule SET due_ms = $2 WHERE key = $1 AND claimed_ms IS NULL", "ii",
		key, due_ms);
}

int schedule_unclaim(struct db *db, int64_t key, int64_t due_ms, struct error *e)
{
	return db_exec(db, e, "UPDATE schedule SET due_ms = $2, claimed_ms = NULL WHERE key = $1", "ii", key,
		due_ms);
}
