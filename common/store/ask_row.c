#include "store/ask_row.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "store/rows.h"

#define KEYS_TEXT_MAX (4 * 1024 * 1024)

static const char insert_one[] =
	"INSERT INTO ask (campaign, round, organisation, level, parent, place, deadline_ms, state,"
	" opened_ms, updated_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, 'open', $8, $9)"
	" ON CONFLICT (round, organisation) DO NOTHING";

static void bind_or_null(struct db_stmt *stmt, int position, int64_t value, int64_t none)
{
	if (value == none)
		db_bind_null(stmt, position);
	else
		db_bind_int(stmt, position, value);
}

static void bind_new(struct db_stmt *stmt, int base, const void *rows, size_t i)
{
	const struct ask_new *row = (const struct ask_new *)rows + i;
	db_bind_int(stmt, base + 1, row->campaign);
	db_bind_int(stmt, base + 2, row->round);
	db_bind_int(stmt, base + 3, row->organisation);
	db_bind_int(stmt, base + 4, row->level);
	bind_or_null(stmt, base + 5, row->parent, 0);
	db_bind_text(stmt, base + 6, row->place);
	bind_or_null(stmt, base + 7, row->deadline_ms, TIME_NEVER_MS);
	db_bind_int(stmt, base + 8, row->now_ms);
	db_bind_int(stmt, base + 9, row->now_ms);
}

int ask_insert_all(struct db *db, const struct ask_new *rows, size_t count, struct error *e)
{
	static struct rows_statement statement = {.one = insert_one, .columns = 9, .bind = bind_new};
	return rows_run(db, &statement, rows, count, e);
}

static int64_t key_at(const void *arg, size_t i)
{
	return ((const int64_t *)arg)[i];
}

struct place {
	int64_t organisation;
	size_t index;
};

static int compare_places(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	return x->organisation < y->organisation ? -1 : x->organisation > y->organisation;
}

int ask_ids(struct db *db, int64_t round, int64_t level, const int64_t *organisations, size_t count,
	int64_t *ids, struct error *e)
{
	if (count == 0)
		return 0;
	struct place *places = xcalloc(count, sizeof *places);
	struct buf keys;
	struct db_stmt *stmt;
	buf_init(&keys, KEYS_TEXT_MAX);
	for (size_t i = 0; i < count; i++) {
		places[i] = (struct place){organisations[i], i};
		ids[i] = 0;
	}
	qsort(places, count, sizeof *places, compare_places);
	enum db_step step = DB_FAILED;
	if (rows_keys(&keys, count, key_at, organisations, e) == 0 &&
		db_query(db, &stmt, e,
			"SELECT a.organisation, a.id FROM @KEYS($1) k CROSS JOIN ask a"
			" WHERE a.round = $2 AND a.organisation = k.key AND a.level = $3",
			"sii", buf_str(&keys), round, level) == 0)
		while ((step = db_step(stmt, e)) == DB_ROW) {
			struct place key = {.organisation = db_int(stmt, 0)};
			const struct place *found = bsearch(&key, places, count, sizeof *places, compare_places);
			/* One organisation may be asked for several times (a letter to each contact). */
			while (found != NULL && found > places && found[-1].organisation == key.organisation)
				found--;
			for (; found != NULL && found < places + count && found->organisation == key.organisation; found++)
				ids[found->index] = db_int(stmt, 1);
		}
	buf_fini(&keys);
	free(places);
	return step == DB_DONE ? 0 : -1;
}

int acknowledgement_insert(struct db *db, const struct acknowledgement_new *row, int64_t *id, struct error *e)
{
	if (db_exec(db, e,
		    "INSERT INTO acknowledgement (campaign, round, organisation, position, name, title, address)"
		    " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (round, organisation, position) DO NOTHING",
		    "iiiisss", row->campaign, row->round, row->organisation, row->position, row->name, row->title,
		    row->address) != 0)
		return -1;
	enum db_step step = db_query_int(db, id, e,
		"SELECT id FROM acknowledgement WHERE round = $1 AND organisation = $2 AND position = $3", "iii",
		row->round, row->organisation, row->position);
	return step == DB_ROW ? 0 : step == DB_FAILED ? -1 : error_set(e, ERROR_INTERNAL, "an acknowledgement is gone");
}

/* 2: ASK_TROUBLE_BOUNCED (answer/answer.h, a room above this one). */
int ask_flag_unreached(struct db *db, const int64_t *deliveries, size_t count, int64_t now_ms, struct error *e)
{
	if (count == 0)
		return 0;
	struct buf keys;
	buf_init(&keys, KEYS_TEXT_MAX);
	int rc = rows_keys(&keys, count, key_at, deliveries, e);
	if (rc == 0)
		rc = db_exec(db, e,
			"UPDATE ask SET trouble = trouble | 2, updated_ms = $2 WHERE (trouble & 2) = 0 AND id IN ("
			"SELECT a.id FROM @KEYS($1) k CROSS JOIN delivery d CROSS JOIN ask a"
			" WHERE d.key = k.key AND a.round = d.round AND a.organisation = d.recipient)",
			"si", buf_str(&keys), now_ms);
	buf_fini(&keys);
	return rc;
}
