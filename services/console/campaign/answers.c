/* /campaigns/{slug}/answers: who answered what, who is silent. A page at a time in the order of the directory's
 * rows: nothing is lost or shown twice while answers come in. */
#include <stdlib.h>
#include <string.h>

#include "answer/answer.h"
#include "answer/field.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "console/campaign/part.h"

#define SHOWN 50

enum shown { ALL, ANSWERED, SILENT, UNDELIVERED, DIFFERS, LATE, INCOMPLETE, BELOW, SHOWS };
static const struct {
	const char *name, *en, *ru;
} shows[SHOWS] = {{"", "all", "все"}, {"answered", "answered", "ответили"}, {"silent", "silent", "молчат"},
	{"undelivered", "not delivered", "не доставлено"}, {"differs", "figures differ", "расхождения"},
	{"late", "late", "опоздали"}, {"incomplete", "incomplete or not looked at", "ответили не на всё"},
	{"below", "asked through others", "опрошены через других"}};

struct filter {
	enum shown show;
	const char *municipality;
	char *text, *other;
	int64_t after;
};

#define ROWS(where) \
	"SELECT a.organisation, a.id, a.state, a.trouble, o.key, o.name, o.municipality, n.way, n.name, n.address," \
	" n.received_ms, n.late, n.fields, n.state FROM ask a JOIN organisation o ON o.id = a.organisation" \
	" LEFT JOIN answer n ON n.id = COALESCE(a.answer," \
	"  (SELECT x.id FROM answer x WHERE x.ask = a.id AND x.version = a.versions))" \
	" WHERE a.round = $1 AND a.organisation > $2 AND ($3 = '' OR o.municipality = $3)" \
	" AND ($4 = '' OR o.name LIKE $4 ESCAPE '\\' OR o.name LIKE $5 ESCAPE '\\' OR o.key LIKE $4 ESCAPE '\\')" \
	" AND (CAST($6 AS BIGINT) = 0 OR NOT EXISTS (SELECT 1 FROM delivery d WHERE d.round = $1" \
	"  AND d.recipient = a.organisation AND d.state < 7 AND d.step IN (SELECT key FROM @KEYS($7))))" \
	where " ORDER BY a.organisation LIMIT $8"

static const char *const queries[SHOWS] = {
	[ALL] = ROWS(" AND a.level = 0"),
	[ANSWERED] = ROWS(" AND a.level = 0 AND a.state IN ('received', 'partial', 'confirmed')"),
	[SILENT] = ROWS(" AND a.level = 0 AND a.state = 'open'"),
	[UNDELIVERED] = ROWS(" AND a.level = 0 AND a.state IN ('open', 'withdrawn')"),
	[DIFFERS] = ROWS(" AND a.level = 0 AND (a.trouble & 1) = 1"),
	[LATE] = ROWS(" AND a.level = 0 AND a.state IN ('received', 'partial', 'confirmed') AND n.late = 1"),
	[INCOMPLETE] = ROWS(" AND a.level = 0 AND a.state IN ('received', 'partial')"),
	[BELOW] = ROWS(" AND a.level = 1"),
};

static const char *query_of(const struct visit *visit, const char *name)
{
	const char *value = web_query(visit->request, name);
	return value == NULL ? "" : value;
}

static void take_filter(const struct visit *visit, struct filter *filter)
{
	*filter = (struct filter){.municipality = query_of(visit, "municipality")};
	for (int i = 0; i < SHOWS; i++)
		if (strcmp(query_of(visit, "show"), shows[i].name) == 0)
			filter->show = (enum shown)i;
	search_patterns(query_of(visit, "text"), &filter->text, &filter->other);
	if (!page_after(visit, &filter->after, 1))
		filter->after = 0;
}

/* ---- a row ------------------------------------------------------------------------------- */

static void add_badge(json_t *badges, const char *class, const char *text)
{
	json_array_append_new(badges, json_pack("{s:s, s:s}", "class", class, "text", text));
}

json_t *ask_badges(enum ask_state state, int64_t trouble, bool late)
{
	static const char *const class[] = {[ASK_OPEN] = "quiet", [ASK_RECEIVED] = "warn", [ASK_PARTIAL] = "warn",
		[ASK_CONFIRMED] = "good", [ASK_WITHDRAWN] = "quiet"};
	json_t *badges = json_array();
	add_badge(badges, class[state], ask_state_words(state));
	if ((trouble & ASK_TROUBLE_DIFFERS) != 0)
		add_badge(badges, "bad", tr("figures differ", "расхождение"));
	if (late)
		add_badge(badges, "warn", tr("late", "после срока"));
	if ((trouble & ASK_TROUBLE_BOUNCED) != 0)
		add_badge(badges, "bad", tr("a letter came back", "письмо вернулось"));
	if ((trouble & ASK_TROUBLE_ABSENT) != 0)
		add_badge(badges, "warn", tr("automatic reply", "автоответ"));
	if ((trouble & ASK_TROUBLE_REVIEW) != 0)
		add_badge(badges, "warn", tr("a mail waits for you", "письмо ждёт разбора"));
	return badges;
}

static json_t *row_of(struct place *place, const struct fields *fields, struct db_stmt *stmt)
{
	enum ask_state state = ASK_OPEN;
	enum answer_way way = ANSWER_FORM;
	(void)ask_state_parse(db_text(stmt, 2), &state);
	bool any = !db_is_null(stmt, 7) && state != ASK_OPEN;
	json_t *values = any ? json_loads(db_text(stmt, 12), 0, NULL) : NULL;
	char *said = values == NULL ? NULL : fields_in_short(fields, values, lang_get());
	if (any)
		(void)answer_way_parse(db_text(stmt, 7), &way);
	json_t *row = json_pack("{s:I, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "ask", (json_int_t)db_int(stmt, 1), "key",
		db_text(stmt, 4), "name", db_text(stmt, 5), "municipality", show_text(db_text(stmt, 6)), "badges",
		ask_badges(state, db_int(stmt, 3), any && db_int(stmt, 11) != 0), "said", show_text(said), "who",
		any ? show_text(db_is_null(stmt, 8) ? db_text(stmt, 9) : db_text(stmt, 8)) : json_null(), "when",
		any ? place_moment(place, db_int(stmt, 10)) : json_null(), "way", any ? json_string(answer_way_words(way)) : json_null(),
		"counts", any && strcmp(db_text(stmt, 13), "counts") == 0);
	free(said);
	json_decref(values);
	return row;
}

/* ---- the page ------------------------------------------------------------------------------ */

static int read_rows(struct place *place, const struct filter *f, json_t *rows, json_t **next, struct error *e)
{
	struct db_stmt *stmt;
	struct fields fields = {0};
	enum db_step step = DB_DONE;
	int64_t last = 0;
	char *steps = f->show == UNDELIVERED ? round_steps(place->visit->db, place->round->id, e) : xstrdup("[]");
	*next = json_null();
	int rc = steps == NULL || ask_fields(place->visit->db, place->row.id, &fields, e) != 0 ||
			db_query(place->visit->db, &stmt, e, queries[f->show], "iisssisi", place->round->id, f->after, f->municipality,
				f->text, f->other, (int64_t)(f->show == UNDELIVERED), steps, (int64_t)SHOWN + 1) != 0
		? -1
		: 0;
	while (rc == 0 && (step = db_step(stmt, e)) == DB_ROW) {
		if (json_array_size(rows) == SHOWN) {
			json_decref(*next);
			*next = page_next(place->visit, &last, 1);
			db_reset(stmt);
			break;
		}
		last = db_int(stmt, 0);
		json_array_append_new(rows, row_of(place, &fields, stmt));
	}
	free(steps);
	fields_fini(&fields);
	return rc != 0 || step == DB_FAILED ? -1 : 0;
}

static json_t *choices(const struct filter *f)
{
	json_t *list = json_array();
	for (int i = 0; i < SHOWS; i++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:b}", "value", shows[i].name, "name", tr(shows[i].en, shows[i].ru),
						  "chosen", (int)f->show == i));
	return list;
}

static void show(struct place *place, const struct filter *f, json_t *rows, json_t *next)
{
	json_t *data = place_page(place, "answers", tr("Answers", "Ответы"));
	json_object_set_new(data, "any", json_boolean(json_array_size(rows) > 0));
	json_object_set_new(data, "rows", rows);
	json_object_set_new(data, "next", next);
	json_object_set_new(data, "shows", choices(f));
	json_object_set_new(data, "municipality", json_string(f->municipality));
	json_object_set_new(data, "text", json_string(query_of(place->visit, "text")));
	json_object_set_new(data, "filtered", json_boolean(f->show != ALL || f->municipality[0] != '\0' || f->text[0] != '\0'));
	json_object_set_new(data, "share", show_share(&place->round->asks_counts));
	console_page(place->visit, 200, "campaign_answers", data);
}

static void show_none(struct place *place, const char *tab)
{
	json_t *data = place_page(place, tab, NULL);
	console_page(place->visit, 200, "campaign_unasked", data);
}

bool place_asked(struct place *place, const char *tab)
{
	if (place->round != NULL && place->round->id != 0 && place->round->asks_counts.asked > 0)
		return true;
	show_none(place, tab);
	return false;
}

void page_answers(struct visit *visit)
{
	struct place place;
	struct filter filter;
	struct error e = {0};
	take_filter(visit, &filter);
	if (place_open(visit, &place) && place_asked(&place, "answers")) {
		json_t *rows = json_array(), *next;
		if (read_rows(&place, &filter, rows, &next, &e) == 0) {
			show(&place, &filter, rows, next);
		} else {
			json_decref(rows);
			json_decref(next);
			web_reply_error(visit->request, &e);
		}
	}
	free(filter.text);
	free(filter.other);
	place_fini(&place);
}

/* ---- those who differ, of all campaigns ------------------------------------------------------------- */

void page_differing(struct visit *visit)
{
	struct db_stmt *stmt;
	struct error e = {0};
	enum db_step step;
	int64_t after = 0, last = 0;
	json_t *rows = json_array(), *next = NULL;
	if (!page_after(visit, &after, 1))
		after = 0;
	if (db_query(visit->db, &stmt, &e,
		    "SELECT a.id, COALESCE(o.name, ''), COALESCE(o.municipality, ''), c.title, COALESCE(r.label, ''), a.updated_ms"
		    " FROM ask a JOIN campaign c ON c.id = a.campaign JOIN round r ON r.id = a.round"
		    " LEFT JOIN organisation o ON o.id = a.organisation WHERE (a.trouble & 1) = 1 AND a.id > $1 ORDER BY a.id LIMIT $2",
		    "ii", after, (int64_t)SHOWN + 1) != 0) {
		json_decref(rows);
		web_reply_error(visit->request, &e);
		return;
	}
	while ((step = db_step(stmt, &e)) == DB_ROW) {
		if (json_array_size(rows) == SHOWN) {
			next = page_next(visit, &last, 1);
			db_reset(stmt);
			break;
		}
		last = db_int(stmt, 0);
		json_array_append_new(rows,
			json_pack("{s:I, s:s, s:o, s:s, s:o, s:o}", "ask", (json_int_t)last, "name", db_text(stmt, 1), "municipality",
				show_text(db_text(stmt, 2)), "campaign", db_text(stmt, 3), "round", show_text(db_text(stmt, 4)), "when",
				show_ago(db_int(stmt, 5))));
	}
	if (step == DB_FAILED) {
		json_decref(rows);
		web_reply_error(visit->request, &e);
		return;
	}
	console_page(visit, 200, "answers_differing",
		json_pack("{s:s, s:s, s:b, s:o, s:o}", "title", tr("Different figures", "Разные цифры"), "here", "mail", "any",
			json_array_size(rows) > 0, "rows", rows, "next", next == NULL ? json_null() : next));
}
