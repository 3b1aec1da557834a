#include "control/rounds.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "campaign/definition.h"

/* ---- words --------------------------------------------------------------------------- */

struct word {
	const char *name, *en, *ru;
};

static const char *words_of(const struct word *words, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(words[i].name, name) == 0)
			return lang_get() == LANG_RU ? words[i].ru : words[i].en;
	return name;
}

const char *round_state_words(const char *state)
{
	static const struct word words[] = {{"draft", "draft: no date", "черновик: нет даты"}, {"planned", "planned", "впереди"},
		{"open", "open", "идёт"}, {"closed", "closed", "завершён"}, {"withdrawn", "withdrawn", "отозван"}};
	return words_of(words, sizeof words / sizeof *words, state);
}

const char *plan_words(const char *name)
{
	static const struct word words[] = {{"open", "letters", "письма"}, {"reminder", "reminder", "напоминание"},
		{"close", "deadline", "срок"}, {"escalation", "list of the silent", "список не ответивших"},
		{"report", "report", "отчёт"}, {"planned", "planned", "впереди"}, {"done", "done", "сделано"},
		{"overtaken", "not done", "не сделано"}, {"withdrawn", "withdrawn", "отозвано"}};
	return words_of(words, sizeof words / sizeof *words, name);
}

/* ---- asks ----------------------------------------------------------------------------- */

void ask_counts_add(struct ask_counts *counts, const char *state, int64_t n)
{
	counts->asked += n;
	counts->open += strcmp(state, "open") == 0 ? n : 0;
	counts->received += strcmp(state, "received") == 0 ? n : 0;
	counts->partial += strcmp(state, "partial") == 0 ? n : 0;
	counts->confirmed += strcmp(state, "confirmed") == 0 ? n : 0;
	counts->withdrawn += strcmp(state, "withdrawn") == 0 ? n : 0;
}

int ask_counts_read(struct db *db, int64_t round, struct ask_counts *out, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step;
	*out = (struct ask_counts){0};
	if (db_query(db, &stmt, e, "SELECT state, COUNT(*) FROM ask WHERE round = $1 AND level = 0 GROUP BY state", "i", round) != 0)
		return -1;
	while ((step = db_step(stmt, e)) == DB_ROW)
		ask_counts_add(out, db_text(stmt, 0), db_int(stmt, 1));
	return step == DB_FAILED ? -1 : 0;
}

char *round_steps(struct db *db, int64_t round, struct error *e)
{
	struct buf out;
	int64_t step = -1;
	enum db_step found;
	buf_init(&out, 4096);
	(void)buf_puts(&out, "[");
	/* one look into the index each, however many letters there are */
	while ((found = db_query_int(db, &step, e, "SELECT step FROM delivery WHERE round = $1 AND step > $2 ORDER BY step LIMIT 1",
			"ii", round, step)) == DB_ROW)
		(void)buf_printf(&out, "%s%lld", out.len > 1 ? "," : "", (long long)step);
	(void)buf_puts(&out, "]");
	char *steps = buf_take(&out);
	if (found == DB_DONE)
		return steps;
	free(steps);
	return NULL;
}

/* Nobody can be late for a deadline that is still to come and always was this one. */
static int count_late(struct db *db, const struct round_view *round, int64_t *late, struct error *e)
{
	if (round->deadline_ms == 0 || (round->deadline_ms > clock_now_ms() && !round->postponed))
		return 0;
	return db_query_int(db, late, e,
		       "SELECT COUNT(*) FROM ask a JOIN answer n ON n.id = COALESCE(a.answer, (SELECT x.id FROM answer x"
		       " WHERE x.ask = a.id AND x.version = a.versions)) WHERE a.round = $1 AND a.level = 0"
		       " AND a.state IN ('received', 'partial', 'confirmed') AND n.late = 1",
		       "i", round->id) == DB_FAILED
		? -1
		: 0;
}

int ask_troubles_read(struct db *db, const struct round_view *round, struct ask_troubles *out, struct error *e)
{
	*out = (struct ask_troubles){0};
	char *steps = round_steps(db, round->id, e);
	int rc = steps == NULL ||
			db_query_int(db, &out->undelivered, e,
				"SELECT COUNT(*) FROM ask a WHERE a.round = $1 AND a.level = 0 AND a.state IN ('open', 'withdrawn')"
				" AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.round = $1 AND d.step IN (SELECT key FROM @KEYS($2))"
				" AND d.recipient = a.organisation AND d.state < 7)",
				"is", round->id, steps) == DB_FAILED ||
			count_late(db, round, &out->late, e) != 0 ||
			db_query_int(db, &out->differing, e,
				"SELECT COUNT(*) FROM ask WHERE (trouble & 1) = 1 AND round = $1 AND level = 0", "i", round->id) == DB_FAILED
		? -1
		: 0;
	free(steps);
	return rc;
}

/* ---- rounds ----------------------------------------------------------------------------- */

static struct round_view *find(const struct rounds_view *all, int64_t number)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->item[i].number == number)
			return &all->item[i];
	return NULL;
}

const struct round_view *rounds_view_number(const struct rounds_view *rounds, int64_t number)
{
	return find(rounds, number);
}

const struct round_view *rounds_view_last(const struct rounds_view *rounds)
{
	const struct round_view *begun = NULL;
	for (size_t i = rounds->count; i-- > 0;) {
		const struct round_view *view = &rounds->item[i];
		bool has_begun = strcmp(view->state, "draft") != 0 && strcmp(view->state, "planned") != 0;
		if (has_begun && view->asks_counts.asked > 0)
			return view;
		if (has_begun && begun == NULL)
			begun = view;
	}
	return begun != NULL ? begun : rounds->count > 0 ? &rounds->item[0] : NULL;
}

static void take_definition(struct rounds_view *all, const json_t *definition)
{
	json_t *rounds = definition_rounds(definition);
	size_t i;
	json_t *round;
	all->zone = xstrdup(definition_zone(definition));
	all->item = xcalloc(json_array_size(rounds) + 1, sizeof *all->item);
	json_array_foreach(rounds, i, round)
	{
		const char *label = json_string_value(json_object_get(round, "label"));
		all->item[all->count++] = (struct round_view){
			.number = json_integer_value(json_object_get(round, "number")),
			.starts_ms = json_integer_value(json_object_get(round, "starts_ms")),
			.deadline_ms = json_integer_value(json_object_get(json_object_get(round, "deadline"), "at_ms")),
			.label = xstrdup(label == NULL ? "" : label),
			.state = xstrdup(json_is_true(json_object_get(round, "draft")) ? "draft" : "planned"),
			.asks = json_object_get(definition, "ask") != NULL && definition_asks(round)};
	}
	json_decref(rounds);
}

static int take_rows(struct rounds_view *all, struct db *db, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step;
	if (db_query(db, &stmt, e,
		    "SELECT r.number, r.starts_ms, r.deadline_ms, r.state, p.round, r.id, r.postponed FROM round r"
		    " LEFT JOIN publication p ON p.campaign = r.campaign AND p.round = r.number WHERE r.campaign = $1",
		    "i", all->campaign) != 0)
		return -1;
	while ((step = db_step(stmt, e)) == DB_ROW) {
		struct round_view *view = find(all, db_int(stmt, 0));
		if (view == NULL)
			continue;
		free(view->state);
		view->state = xstrdup(db_text(stmt, 3));
		view->starts_ms = strcmp(view->state, "draft") == 0 ? 0 : db_int(stmt, 1);
		view->deadline_ms = db_int(stmt, 2);
		view->published = !db_is_null(stmt, 4);
		view->id = db_int(stmt, 5);
		view->postponed = !db_is_null(stmt, 6);
	}
	return step == DB_FAILED ? -1 : 0;
}

static int take_asks(struct rounds_view *all, struct db *db, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step;
	if (db_query(db, &stmt, e,
		    "SELECT r.number, a.state, COUNT(*) FROM round r JOIN ask a ON a.round = r.id"
		    " WHERE r.campaign = $1 AND a.level = 0 GROUP BY r.number, a.state",
		    "i", all->campaign) != 0)
		return -1;
	while ((step = db_step(stmt, e)) == DB_ROW) {
		struct round_view *view = find(all, db_int(stmt, 0));
		if (view != NULL)
			ask_counts_add(&view->asks_counts, db_text(stmt, 1), db_int(stmt, 2));
	}
	return step == DB_FAILED ? -1 : 0;
}

int rounds_view_read(struct db *db, const char *slug, struct rounds_view *out, struct error *e)
{
	struct db_stmt *stmt;
	json_t *definition = NULL;
	*out = (struct rounds_view){0};
	if (db_query(db, &stmt, e, "SELECT id, definition FROM campaign WHERE slug = $1", "s", slug) != 0)
		return -1;
	enum db_step step = db_step(stmt, e);
	if (step == DB_ROW) {
		out->campaign = db_int(stmt, 0);
		definition = json_loads(db_text(stmt, 1), 0, NULL);
		db_reset(stmt);
	}
	if (step != DB_ROW)
		return step == DB_FAILED ? -1
					 : error_set(e, ERROR_NOT_FOUND, tr("there is no campaign «%.80s» (vestnik campaign list)",
							"нет рассылки «%.80s» (vestnik campaign list)"), slug);
	take_definition(out, definition);
	json_decref(definition);
	return take_rows(out, db, e) == 0 ? take_asks(out, db, e) : -1;
}

void rounds_view_fini(struct rounds_view *rounds)
{
	for (size_t i = 0; i < rounds->count; i++) {
		free(rounds->item[i].label);
		free(rounds->item[i].state);
	}
	free(rounds->item);
	free(rounds->zone);
	*rounds = (struct rounds_view){0};
}

/* ---- the plan ------------------------------------------------------------------------------ */

int plan_lines_each(struct db *db, int64_t campaign, int64_t round_number,
	int (*each)(void *arg, const struct plan_line *line), void *arg, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step;
	if (db_query(db, &stmt, e,
		    "SELECT p.id, r.number, p.kind, p.place, p.due_ms, p.state, p.letters, COALESCE(p.reason, ''), p.done_ms"
		    " FROM plan p JOIN round r ON r.id = p.round WHERE p.campaign = $1"
		    " AND (CAST($2 AS BIGINT) = 0 OR r.number = $2) ORDER BY p.due_ms, p.id",
		    "ii", campaign, round_number) != 0)
		return -1;
	while ((step = db_step(stmt, e)) == DB_ROW) {
		const struct plan_line line = {.id = db_int(stmt, 0),
			.round_number = db_int(stmt, 1),
			.kind = db_text(stmt, 2),
			.place = db_text(stmt, 3),
			.due_ms = db_int(stmt, 4),
			.state = db_text(stmt, 5),
			.letters = db_int(stmt, 6),
			.reason = db_text(stmt, 7),
			.done_ms = db_int(stmt, 8)};
		if (each(arg, &line) != 0) {
			db_reset(stmt);
			return 0;
		}
	}
	return step == DB_FAILED ? -1 : 0;
}
