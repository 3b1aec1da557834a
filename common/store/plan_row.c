#include "store/plan_row.h"

#include <stdio.h>

int plan_put(struct db *db, const struct plan_new *row, struct error *e)
{
	return db_exec(db, e,
		"INSERT INTO plan (campaign, round, kind, step, level, place, due_ms, state, reason)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
		" ON CONFLICT (round, kind, step, level, place) DO UPDATE SET due_ms = excluded.due_ms,"
		" state = excluded.state, reason = excluded.reason, cursor = 0"
		" WHERE plan.state IN ('planned', 'overtaken')",
		"iisiisiss", row->campaign, row->round, row->kind, row->step, row->level, row->place, row->due_ms,
		row->state, row->reason);
}

int plan_due(struct db *db, int64_t now_ms, size_t most, struct plan_entry *out, size_t *count,
	struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step;
	*count = 0;
	if (db_query(db, &stmt, e,
		    "SELECT p.id, p.campaign, p.round, p.kind, p.step, p.level, p.place, p.due_ms, p.cursor, p.letters"
		    " FROM plan p CROSS JOIN campaign c WHERE c.id = p.campaign AND p.state = 'planned' AND p.due_ms <= $1"
		    " AND (c.state = 'running' OR (c.state = 'paused' AND p.kind = 'close'))"
		    " ORDER BY p.due_ms, p.id LIMIT $2",
		    "ii", now_ms, (int64_t)most) != 0)
		return -1;
	while ((step = db_step(stmt, e)) == DB_ROW) {
		struct plan_entry *entry = &out[(*count)++];
		*entry = (struct plan_entry){.id = db_int(stmt, 0),
			.campaign = db_int(stmt, 1),
			.round = db_int(stmt, 2),
			.step = db_int(stmt, 4),
			.level = db_int(stmt, 5),
			.due_ms = db_int(stmt, 7),
			.cursor = db_int(stmt, 8),
			.letters = db_int(stmt, 9)};
		snprintf(entry->kind, sizeof entry->kind, "%s", db_text(stmt, 3));
		snprintf(entry->place, sizeof entry->place, "%s", db_text(stmt, 6));
	}
	return step == DB_DONE ? 0 : -1;
}

enum db_step plan_end(struct db *db, int64_t id, const char *state, const char *reason, int64_t now_ms,
	struct error *e)
{
	int64_t done;
	return db_query_int(db, &done, e,
		"UPDATE plan SET state = $2, reason = COALESCE($3, reason), done_ms = $4"
		" WHERE id = $1 AND state = 'planned' RETURNING id",
		"issi", id, state, reason, now_ms);
}

enum db_step plan_advance(struct db *db, const struct plan_entry *entry, int64_t cursor, int64_t letters,
	struct error *e)
{
	int64_t done;
	return db_query_int(db, &done, e,
		"UPDATE plan SET cursor = $3, letters = letters + $4"
		" WHERE id = $1 AND cursor = $2 AND state = 'planned' RETURNING id",
		"iiii", entry->id, entry->cursor, cursor, letters);
}
