#include "roadmap/progress.h"

#include <stdlib.h>
#include <string.h>

#include "base/lang.h"
#include "base/xalloc.h"
#include "calendar/day.h"
#include "roadmap/folder.h"

static const struct {
	const char *name, *en, *ru;
} states[PROGRESS_STATES] = {{"draft", "draft", "черновик"}, {"planned", "planned", "впереди"}, {"running", "running", "идёт"},
	{"asked", "result awaited", "ждём результат"}, {"received", "answer to be read", "ответ разбирается"},
	{"overdue", "overdue", "просрочено"}, {"moved", "moved", "перенесено"}, {"failed", "not done", "не выполнено"},
	{"done", "done", "выполнено"}};

const char *progress_state_name(enum progress_state state)
{
	return states[state].name;
}

const char *progress_state_words(enum progress_state state)
{
	return lang_get() == LANG_RU ? states[state].ru : states[state].en;
}

/* ---- what the store says --------------------------------------------------------------- */

struct step_row { /* of roadmap_step */
	struct progress_line line; /* of the whole step */
	json_t *keys, *departments;
	int64_t ask_round;
	enum outcome mark;
	int32_t mark_day;
	char *mark_note;
};
struct said { /* what an organisation has said in a round */
	int64_t round;
	char *key, *name, *state;
	json_t *fields;
};
struct reading {
	struct db *db;
	struct progress_table *out;
	struct step_row *step;
	size_t steps;
	struct said *said;
	size_t said_count;
};

static char *text_at(struct db_stmt *stmt, int column)
{
	const char *text = db_text(stmt, column);
	return xstrdup(text == NULL ? "" : text);
}

static int32_t day_at(struct db_stmt *stmt, int column)
{
	return db_is_null(stmt, column) ? DAY_NONE : (int32_t)db_int(stmt, column);
}

static json_t *array_at(struct db_stmt *stmt, int column)
{
	json_t *array = json_loads(db_text(stmt, column), 0, NULL);
	if (json_is_array(array))
		return array;
	json_decref(array);
	return json_array();
}

static char *place_at(struct db_stmt *stmt, int column)
{
	json_t *place = json_loads(db_text(stmt, column), 0, NULL);
	int table = 0, row = 0;
	(void)json_unpack(place, "{s:i, s:i}", "table", &table, "row", &row);
	json_decref(place);
	return table > 0 ? xasprintf("%d.%d", table, row) : xasprintf("%d", row);
}

static int read_steps(struct reading *r, const char *slug, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step;
	if (db_query(r->db, &stmt, e,
		    "SELECT number, place, label, section, title, result, term, responsible, begin_day, end_day, answer_day,"
		    " keys, departments, ask_round, mark, mark_day, mark_note FROM roadmap_step"
		    " WHERE campaign = $1 ORDER BY number",
		    "s", slug) != 0)
		return -1;
	while ((step = db_step(stmt, e)) == DB_ROW) {
		if ((r->steps & (r->steps - 1)) == 0)
			r->step = xrealloc(r->step, r->steps == 0 ? 1 : r->steps * 2, sizeof *r->step);
		r->step[r->steps++] = (struct step_row){
			.line = {.number = db_int(stmt, 0), .place = place_at(stmt, 1), .label = text_at(stmt, 2),
				.section = text_at(stmt, 3), .title = text_at(stmt, 4), .result = text_at(stmt, 5),
				.term = text_at(stmt, 6), .responsible = text_at(stmt, 7), .begin_day = day_at(stmt, 8),
				.end_day = day_at(stmt, 9), .answer_day = day_at(stmt, 10), .moved_day = DAY_NONE},
			.keys = array_at(stmt, 11), .departments = array_at(stmt, 12),
			.ask_round = db_is_null(stmt, 13) ? 0 : db_int(stmt, 13),
			.mark = outcome_of_name(db_text(stmt, 14)), .mark_day = day_at(stmt, 15),
			.mark_note = xstrdup(db_text(stmt, 16))};
	}
	return step == DB_FAILED ? -1 : 0;
}

/* In order of round and key, for bsearch. */
static int read_said(struct reading *r, int64_t campaign, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step;
	if (db_query(r->db, &stmt, e,
		    "SELECT r.number, o.key, o.name, a.state, n.fields FROM round r CROSS JOIN ask a"
		    " JOIN organisation o ON o.id = a.organisation LEFT JOIN answer n ON n.id = a.answer"
		    " WHERE r.campaign = $1 AND a.round = r.id AND a.level = 0",
		    "i", campaign) != 0)
		return -1;
	while ((step = db_step(stmt, e)) == DB_ROW) {
		if ((r->said_count & (r->said_count - 1)) == 0)
			r->said = xrealloc(r->said, r->said_count == 0 ? 1 : r->said_count * 2, sizeof *r->said);
		const char *fields = db_text(stmt, 4);
		r->said[r->said_count++] = (struct said){.round = db_int(stmt, 0), .key = text_at(stmt, 1),
			.name = text_at(stmt, 2), .state = text_at(stmt, 3),
			.fields = fields == NULL ? NULL : json_loads(fields, 0, NULL)};
	}
	return step == DB_FAILED ? -1 : 0;
}

static int by_round(const void *a, const void *b)
{
	const struct said *x = a, *y = b;
	if (x->round != y->round)
		return x->round < y->round ? -1 : 1;
	return strcmp(x->key, y->key);
}

static char *organisation_name(struct reading *r, const char *key, struct error *e)
{
	struct db_stmt *stmt;
	if (db_query(r->db, &stmt, e, "SELECT name FROM organisation WHERE key = $1", "s", key) != 0)
		return NULL;
	enum db_step step = db_step(stmt, e);
	char *name = step == DB_FAILED ? NULL : xstrdup(step == DB_ROW ? db_text(stmt, 0) : key);
	db_reset(stmt);
	return name;
}

/* ---- what it means ------------------------------------------------------------------------- */

static enum progress_state by_days(const struct progress_line *l, int32_t today)
{
	if (l->end_day == DAY_NONE)
		return PROGRESS_DRAFT;
	if (l->begin_day != DAY_NONE && today < l->begin_day)
		return PROGRESS_PLANNED;
	if (today <= l->end_day)
		return l->begin_day == DAY_NONE ? PROGRESS_PLANNED : PROGRESS_RUNNING;
	return l->answer_day != DAY_NONE && today <= l->answer_day ? PROGRESS_ASKED : PROGRESS_OVERDUE;
}

static void set_outcome(struct progress_line *l, enum outcome outcome, int32_t moved_day, int32_t today)
{
	l->moved_day = outcome == OUTCOME_MOVED ? moved_day : DAY_NONE;
	l->state = outcome == OUTCOME_DONE ? PROGRESS_DONE
		: outcome == OUTCOME_FAILED ? PROGRESS_FAILED
		: l->moved_day != DAY_NONE && l->moved_day < today ? PROGRESS_OVERDUE
								    : PROGRESS_MOVED;
}

static void take_answer(struct progress_line *l, const struct said *said, int32_t today)
{
	const char *note = json_string_value(json_object_get(said->fields, "text"));
	const char *moved = json_string_value(json_object_get(said->fields, "moved_to"));
	enum outcome outcome = outcome_of_option(json_string_value(json_object_get(said->fields, "outcome")));
	int32_t moved_day = DAY_NONE;
	free(l->note);
	l->note = xstrdup(note == NULL ? "" : note);
	if (moved != NULL && day_parse(moved, &moved_day, NULL) != 0)
		moved_day = DAY_NONE;
	if (outcome != OUTCOME_NONE)
		set_outcome(l, outcome, moved_day, today);
	else if (strcmp(said->state, "open") != 0 && strcmp(said->state, "withdrawn") != 0)
		l->state = PROGRESS_RECEIVED;
}

static struct progress_line *add_line(struct reading *r, const struct step_row *step, const char *key, char *who)
{
	struct progress_table *out = r->out;
	if ((out->count & (out->count - 1)) == 0)
		out->line = xrealloc(out->line, out->count == 0 ? 1 : out->count * 2, sizeof *out->line);
	struct progress_line *l = &out->line[out->count++];
	const struct progress_line *from = &step->line;
	*l = *from;
	l->place = xstrdup(from->place);
	l->label = xstrdup(from->label);
	l->section = xstrdup(from->section);
	l->title = xstrdup(from->title);
	l->result = xstrdup(from->result);
	l->term = xstrdup(from->term);
	l->responsible = xstrdup(from->responsible);
	l->key = xstrdup(key);
	l->who = who;
	l->state = by_days(from, out->today);
	l->note = xstrdup("");
	l->first = out->count == 1 || out->line[out->count - 2].number != l->number;
	return l;
}

/* Staff's note stands for whoever has said no result. */
static void take_mark(const struct step_row *step, struct progress_line *l, int32_t today)
{
	if (step->mark == OUTCOME_NONE || l->state == PROGRESS_DONE || l->state == PROGRESS_MOVED ||
		l->state == PROGRESS_FAILED || l->moved_day != DAY_NONE)
		return;
	set_outcome(l, step->mark, step->mark_day, today);
	l->marked = true;
	free(l->note);
	l->note = xstrdup(step->mark_note == NULL ? "" : step->mark_note);
}

static int add_organisation(struct reading *r, const struct step_row *step, const char *key, struct error *e)
{
	const struct said wanted = {.round = step->ask_round, .key = (char *)(uintptr_t)key};
	const struct said *said = step->ask_round == 0 || r->said_count == 0
		? NULL
		: bsearch(&wanted, r->said, r->said_count, sizeof *r->said, by_round);
	char *name = said != NULL ? xstrdup(said->name) : organisation_name(r, key, e);
	if (name == NULL)
		return -1;
	struct progress_line *line = add_line(r, step, key, name);
	if (said != NULL)
		take_answer(line, said, r->out->today);
	take_mark(step, line, r->out->today);
	return 0;
}

/* The worst of the lines stands for the step: one that is overdue is not hidden by two that are done. */
static void count_step(struct progress_table *out, size_t first)
{
	static const int rank[PROGRESS_STATES] = {[PROGRESS_OVERDUE] = 9, [PROGRESS_FAILED] = 8, [PROGRESS_RECEIVED] = 7,
		[PROGRESS_ASKED] = 6, [PROGRESS_MOVED] = 5, [PROGRESS_RUNNING] = 4, [PROGRESS_PLANNED] = 3, [PROGRESS_DRAFT] = 2,
		[PROGRESS_DONE] = 1};
	enum progress_state worst = out->line[first].state;
	for (size_t i = first; i < out->count; i++)
		if (rank[out->line[i].state] > rank[worst])
			worst = out->line[i].state;
	out->steps[worst]++;
	out->total++;
}

static int add_step(struct reading *r, const struct step_row *step, struct error *e)
{
	size_t first = r->out->count, i;
	const json_t *item;
	json_array_foreach(step->keys, i, item) if (add_organisation(r, step, json_string_value(item), e) != 0) return -1;
	json_array_foreach(step->departments, i, item)
		take_mark(step, add_line(r, step, NULL, xstrdup(json_string_value(item))), r->out->today);
	if (r->out->count == first)
		take_mark(step, add_line(r, step, NULL, xstrdup("")), r->out->today);
	count_step(r->out, first);
	return 0;
}

static void step_row_fini(struct step_row *s)
{
	free(s->line.place);
	free(s->line.label);
	free(s->line.section);
	free(s->line.title);
	free(s->line.result);
	free(s->line.term);
	free(s->line.responsible);
	json_decref(s->keys);
	json_decref(s->departments);
	free(s->mark_note);
}

static void reading_fini(struct reading *r)
{
	for (size_t i = 0; i < r->steps; i++)
		step_row_fini(&r->step[i]);
	for (size_t i = 0; i < r->said_count; i++) {
		free(r->said[i].key);
		free(r->said[i].name);
		free(r->said[i].state);
		json_decref(r->said[i].fields);
	}
	free(r->step);
	free(r->said);
}

static int read_campaign(struct reading *r, const char *slug, int64_t *id, struct error *e)
{
	struct db_stmt *stmt;
	*id = 0;
	r->out->slug = xstrdup(slug);
	if (db_query(r->db, &stmt, e, "SELECT id, title, state FROM campaign WHERE slug = $1", "s", slug) != 0)
		return -1;
	enum db_step step = db_step(stmt, e);
	if (step == DB_ROW) {
		*id = db_int(stmt, 0);
		r->out->title = text_at(stmt, 1);
		r->out->launched = strcmp(db_text(stmt, 2), "draft") != 0;
		db_reset(stmt);
	}
	return step == DB_FAILED ? -1 : 0;
}

int progress_read(struct db *db, const char *slug, const char *zone, int64_t now_ms, struct progress_table *out,
	struct error *e)
{
	struct reading r = {.db = db, .out = out};
	int64_t campaign;
	int rc = -1;
	*out = (struct progress_table){0};
	if (day_of_ms(now_ms, zone, &out->today, e) != 0 || db_begin(db, DB_READ, e) != 0)
		return -1;
	if (read_campaign(&r, slug, &campaign, e) != 0 || read_steps(&r, slug, e) != 0 ||
		(campaign != 0 && read_said(&r, campaign, e) != 0))
		goto out;
	if (r.steps == 0) {
		(void)error_set(e, ERROR_NOT_FOUND,
			tr("no plan was imported as «%.80s» (vestnik roadmap import)",
				"план «%.80s» не загружен (vestnik roadmap import)"),
			slug);
		goto out;
	}
	if (r.said_count > 0)
		qsort(r.said, r.said_count, sizeof *r.said, by_round);
	rc = 0;
	for (size_t i = 0; i < r.steps && rc == 0; i++)
		rc = add_step(&r, &r.step[i], e);
out:
	db_rollback(db);
	reading_fini(&r);
	if (rc != 0)
		progress_table_fini(out);
	return rc;
}

void progress_table_fini(struct progress_table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		struct progress_line *l = &table->line[i];
		free(l->place);
		free(l->label);
		free(l->section);
		free(l->title);
		free(l->result);
		free(l->term);
		free(l->responsible);
		free(l->key);
		free(l->who);
		free(l->note);
	}
	free(table->line);
	free(table->slug);
	free(table->title);
	*table = (struct progress_table){0};
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static json_t *day_json(int32_t day)
{
	char text[DAY_TEXT_SIZE];
	return day == DAY_NONE ? json_null() : json_string(day_iso(day, text));
}

json_t *progress_line_json(const struct progress_line *l)
{
	return json_pack("{s:s, s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:s, s:s?, s:s, s:s, s:b}",
		"kind", "step", "number", (json_int_t)l->number, "place", l->place, "label", l->label, "section", l->section,
		"title", l->title, "result", l->result, "term", l->term, "responsible", l->responsible, "begin",
		day_json(l->begin_day), "end", day_json(l->end_day), "answer_until", day_json(l->answer_day), "moved_to",
		day_json(l->moved_day), "state", progress_state_name(l->state), "key", l->key, "who", l->who, "note", l->note,
		"marked", l->marked);
}

json_t *progress_totals_json(const struct progress_table *table)
{
	json_t *all = json_pack("{s:s, s:s, s:I}", "kind", "plan", "campaign", table->slug, "total", (json_int_t)table->total);
	for (int i = 0; i < PROGRESS_STATES; i++)
		json_object_set_new(all, states[i].name, json_integer(table->steps[i]));
	return all;
}
