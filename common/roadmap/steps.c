#include "roadmap/steps.h"

#include <stdlib.h>
#include <string.h>

#include "base/gate.h"
#include "base/lang.h"

#define NOTE_MAX_BYTES 2000

static void bind_day(struct db_stmt *stmt, int position, int32_t day)
{
	if (day == DAY_NONE)
		db_bind_null(stmt, position);
	else
		db_bind_int(stmt, position, day);
}

static void bind_round(struct db_stmt *stmt, int position, int round)
{
	if (round == 0)
		db_bind_null(stmt, position);
	else
		db_bind_int(stmt, position, round);
}

static int insert(struct db *db, const char *slug, const struct build *build, size_t i,
	const struct folder_rounds *rounds, struct error *e)
{
	const struct build_item *item = &build->item[i];
	const struct roadmap_step *step = &build->map->step[item->step];
	const struct memory_reading *who = &build->who[item->step];
	struct db_stmt *stmt;
	if (db_prepare(db,
		    "INSERT INTO roadmap_step (campaign, number, place, label, section, title, result, term, responsible,"
		    " begin_day, end_day, answer_day, keys, departments, before_round, ask_round)"
		    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
		    &stmt, e) != 0)
		return -1;
	json_t *place = json_pack("{s:i, s:i}", "table", step->table, "row", step->row);
	char *place_text = json_dumps(place, JSON_COMPACT), *keys = json_dumps(who->keys, JSON_COMPACT);
	char *departments = json_dumps(who->departments, JSON_COMPACT);
	const char *const texts[] = {place_text, item->label, step->section, step->title, step->result, item->term_text,
		step->responsible};
	db_bind_text(stmt, 1, slug);
	db_bind_int(stmt, 2, item->number);
	for (int t = 0; t < 7; t++)
		db_bind_text(stmt, 3 + t, texts[t]);
	bind_day(stmt, 10, item->scheduled ? item->timing.begin_day : DAY_NONE);
	bind_day(stmt, 11, item->scheduled ? item->timing.end_day : DAY_NONE);
	bind_day(stmt, 12, item->scheduled ? item->timing.answer_day : DAY_NONE);
	db_bind_text(stmt, 13, keys);
	db_bind_text(stmt, 14, departments);
	bind_round(stmt, 15, rounds[i].before);
	bind_round(stmt, 16, rounds[i].ask);
	int rc = db_run(stmt, e);
	free(departments);
	free(keys);
	free(place_text);
	json_decref(place);
	return rc;
}

int steps_launched(struct db *db, const char *slug, struct error *e)
{
	int64_t id;
	enum db_step step =
		db_query_int(db, &id, e, "SELECT id FROM campaign WHERE slug = $1 AND state <> 'draft'", "s", slug);
	return step == DB_FAILED ? -1 : step == DB_ROW;
}

int steps_store(struct db *db, const char *slug, const struct build *build, const struct folder_rounds *rounds,
	struct error *e)
{
	int rc = db_begin(db, DB_WRITE, e);
	int launched = rc != 0 ? -1 : steps_launched(db, slug, e);
	if (launched > 0)
		(void)error_set(e, ERROR_CONFLICT,
			tr("the campaign «%s» is launched: another plan needs another name",
				"рассылка «%s» уже запущена: другому плану нужно другое имя"),
			slug);
	rc = launched == 0 ? db_exec(db, e, "DELETE FROM roadmap_step WHERE campaign = $1", "s", slug) : -1;
	for (size_t i = 0; i < build->count && rc == 0; i++)
		rc = insert(db, slug, build, i, rounds, e);
	if (rc == 0)
		rc = db_commit(db, DB_DURABLE, e);
	db_rollback(db);
	return rc;
}

int steps_mark(struct db *db, const char *slug, int64_t number, enum outcome outcome, int32_t day, const char *note,
	const char *actor, int64_t now_ms, struct error *e)
{
	struct db_stmt *stmt;
	char *line = gate_clean_line(note == NULL ? "" : note, NOTE_MAX_BYTES);
	int rc = db_prepare(db,
		"UPDATE roadmap_step SET mark = $3, mark_day = $4, mark_note = $5, mark_actor = $6, mark_ms = $7"
		" WHERE campaign = $1 AND number = $2",
		&stmt, e);
	if (rc == 0) {
		db_bind_text(stmt, 1, slug);
		db_bind_int(stmt, 2, number);
		db_bind_text(stmt, 3, outcome == OUTCOME_NONE ? NULL : outcome_name(outcome));
		bind_day(stmt, 4, day);
		db_bind_text(stmt, 5, line[0] == '\0' ? NULL : line);
		db_bind_text(stmt, 6, actor);
		db_bind_int(stmt, 7, now_ms);
		rc = db_run(stmt, e);
	}
	if (rc == 0 && db_changes(db) != 1)
		rc = error_set(e, ERROR_NOT_FOUND,
			tr("the plan «%s» has no step %lld", "в плане «%s» нет мероприятия %lld"), slug, (long long)number);
	free(line);
	return rc;
}
