#include "report/gather.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "calendar/calendar.h"
#include "calendar/day.h"

int gather_begin(struct gather *g, struct error *e)
{
	return g->own ? db_begin(g->db, DB_READ, e) : 0;
}

void gather_end(struct gather *g)
{
	if (g->own)
		db_rollback(g->db);
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text != NULL && text[0] != '\0' ? text : NULL;
}

/* ---- which round -------------------------------------------------------------------- */

int report_find(struct db *db, const char *slug, int64_t number, struct report_place *out, struct error *e)
{
	struct db_stmt *stmt;
	*out = (struct report_place){.number = number};
	if (db_query(db, &stmt, e, "SELECT id, definition FROM campaign WHERE slug = $1", "s", slug) != 0)
		return -1;
	enum db_step step = db_step(stmt, e);
	if (step != DB_ROW)
		return step == DB_FAILED ? -1
					 : error_set(e, ERROR_NOT_FOUND, tr("there is no campaign «%s» (vestnik campaign list)",
						 "нет рассылки «%s» (vestnik campaign list)"), slug);
	out->campaign = db_int(stmt, 0);
	json_t *definition = json_loads(db_text(stmt, 1), 0, NULL);
	const char *lang = text_of(definition, "lang");
	out->lang = lang != NULL && strcmp(lang, "en") == 0 ? LANG_EN : LANG_RU;
	json_decref(definition);
	db_reset(stmt);
	/* Of several, the last that asked somebody; else the last that was opened. */
	if (db_query(db, &stmt, e,
		    "SELECT r.id, r.number FROM round r WHERE r.campaign = $1 AND (r.number = $2 OR CAST($3 AS BIGINT) = 0)"
		    " ORDER BY CASE WHEN r.state IN ('open', 'closed', 'withdrawn') THEN 0 ELSE 1 END,"
		    " CASE WHEN EXISTS (SELECT 1 FROM ask a WHERE a.round = r.id) THEN 0 ELSE 1 END, r.number DESC LIMIT 1",
		    "iii", out->campaign, number, number) != 0)
		return -1;
	step = db_step(stmt, e);
	if (step == DB_DONE)
		return number == 0
			? error_set(e, ERROR_NOT_FOUND, tr("the campaign «%s» has not been launched", "рассылка «%s» не запущена"), slug)
			: error_set(e, ERROR_NOT_FOUND, tr("the campaign «%s» has no round %lld", "у рассылки «%s» нет периода № %lld"),
				  slug, (long long)number);
	if (step == DB_ROW) {
		out->round = db_int(stmt, 0);
		out->number = db_int(stmt, 1);
		db_reset(stmt);
	}
	return step == DB_ROW ? 0 : -1;
}

/* ---- what was asked ------------------------------------------------------------------ */

static enum report_kind kind_of(const char *type)
{
	static const struct {
		const char *type;
		enum report_kind kind;
	} kinds[] = {{"count", REPORT_NUMBER}, {"number", REPORT_NUMBER}, {"date", REPORT_DATE},
		{"choice", REPORT_CHOICE}, {"table", REPORT_TABLE}};
	for (size_t i = 0; type != NULL && i < sizeof kinds / sizeof kinds[0]; i++)
		if (strcmp(type, kinds[i].type) == 0)
			return kinds[i].kind;
	return REPORT_TEXT;
}

static const char *label_of(const json_t *field)
{
	const char *label = text_of(field, "label"), *name = text_of(field, "field");
	return label != NULL ? label : name != NULL ? name : "?";
}

static void take_parts(struct report_column *column, const json_t *columns)
{
	column->parts = json_array_size(columns) < REPORT_COLUMNS_MAX ? json_array_size(columns) : REPORT_COLUMNS_MAX;
	column->part = xcalloc(column->parts + 1, sizeof *column->part);
	for (size_t i = 0; i < column->parts; i++) {
		const json_t *part = json_array_get(columns, i);
		const char *name = text_of(part, "field");
		column->part[i] = (struct report_column){.name = xstrdup(name == NULL ? "" : name),
			.label = xstrdup(label_of(part)), .kind = kind_of(text_of(part, "type"))};
		if (column->part[i].kind == REPORT_CHOICE) /* its counts are nobody's here */
			column->part[i].kind = REPORT_TEXT;
	}
}

static void take_fields(struct report_facts *facts, const json_t *fields)
{
	const json_t *field;
	size_t i, option;
	json_array_foreach(fields, i, field)
	{
		const char *name = text_of(field, "field");
		const json_t *options = json_object_get(field, "options"), *value;
		enum report_kind kind = kind_of(text_of(field, "type"));
		if (name == NULL)
			continue;
		if (kind == REPORT_CHOICE && json_array_size(options) > REPORT_SLOTS_MAX / 4)
			kind = REPORT_TEXT;
		struct report_column *column =
			facts_column(facts, name, label_of(field), kind, json_array_size(options));
		if (column == NULL)
			return;
		if (kind == REPORT_CHOICE)
			json_array_foreach(options, option, value)
				column->choice[option] = xstrdup(json_is_string(value) ? json_string_value(value) : "?");
		if (kind == REPORT_TABLE)
			take_parts(column, json_object_get(field, "columns"));
	}
}

/* ---- campaign and round ------------------------------------------------------------------ */

static const json_t *round_definition(const json_t *definition, int64_t number)
{
	const json_t *round;
	size_t i;
	json_array_foreach(json_object_get(definition, "rounds"), i, round)
		if (json_integer_value(json_object_get(round, "number")) == number)
			return round;
	return NULL;
}

static int take_round(struct gather *g, struct error *e)
{
	struct db_stmt *stmt;
	struct report_facts *facts = g->facts;
	if (db_query(g->db, &stmt, e, "SELECT number, label, deadline_ms FROM round WHERE id = $1 AND campaign = $2", "ii",
		    g->round, g->campaign) != 0)
		return -1;
	enum db_step step = db_step(stmt, e);
	if (step != DB_ROW)
		return step == DB_FAILED ? -1 : error_set(e, ERROR_NOT_FOUND, tr("no round %lld", "нет периода %lld"),
							(long long)g->round);
	facts->round_number = db_int(stmt, 0);
	facts->round_label = xstrdup(db_text(stmt, 1));
	facts->deadline_ms = db_is_null(stmt, 2) ? 0 : db_int(stmt, 2);
	db_reset(stmt);
	return 0;
}

static void take_definition(struct gather *g, const json_t *definition)
{
	struct report_facts *facts = g->facts;
	const json_t *document = json_object_get(definition, "document");
	const char *zone = text_of(definition, "zone"), *number = text_of(document, "number");
	const char *date = text_of(document, "date");
	char words[DAY_TEXT_SIZE];
	int32_t day;
	facts->zone = xstrdup(zone != NULL ? zone : "Europe/Moscow");
	facts->number = xstrdup(number);
	if (date != NULL && day_parse(date, &day, NULL) == 0)
		facts->document_date = xstrdup(day_words(day, facts->lang, words));
	take_fields(facts, json_object_get(json_object_get(definition, "ask"), "fields"));
}

static int take_campaign(struct gather *g, json_t **definition, struct error *e)
{
	struct db_stmt *stmt;
	if (db_query(g->db, &stmt, e, "SELECT slug, title, definition FROM campaign WHERE id = $1", "i", g->campaign) != 0)
		return -1;
	enum db_step step = db_step(stmt, e);
	if (step != DB_ROW)
		return step == DB_FAILED ? -1 : error_set(e, ERROR_NOT_FOUND, "no campaign %lld", (long long)g->campaign);
	g->facts->slug = xstrdup(db_text(stmt, 0));
	g->facts->title = xstrdup(db_text(stmt, 1));
	*definition = json_loads(db_text(stmt, 2), 0, NULL);
	db_reset(stmt);
	if (!json_is_object(*definition))
		return error_set(e, ERROR_INTERNAL, "campaign %s: damaged definition", g->facts->slug);
	return 0;
}

/* ---- what stands beside it ------------------------------------------------------------------ */

static int previous_is(struct gather *g, struct db_stmt *stmt, struct error *e)
{
	enum db_step step = db_step(stmt, e);
	if (step == DB_ROW) {
		const char *label = db_text(stmt, 1), *title = db_text(stmt, 2);
		g->previous_round = db_int(stmt, 0);
		g->facts->previous_label = xstrdup(label != NULL && label[0] != '\0' ? label : title);
		db_reset(stmt);
	}
	return step == DB_FAILED ? -1 : 0;
}

/* The period before, of a recurring ask; else the last round of the campaign this one follows. Stages
 * and steps of a plan ask for different things: nothing stands beside them. */
static int take_previous(struct gather *g, const json_t *definition, struct error *e)
{
	struct db_stmt *stmt;
	const char *slug = text_of(json_object_get(definition, "previous"), "campaign");
	const json_t *round = round_definition(definition, g->facts->round_number);
	if (json_object_get(round, "period") != NULL && g->facts->round_number > 1) {
		if (db_query(g->db, &stmt, e,
			    "SELECT r.id, r.label, c.title FROM round r JOIN campaign c ON c.id = r.campaign"
			    " WHERE r.campaign = $1 AND r.number = $2", "ii", g->campaign, g->facts->round_number - 1) != 0)
			return -1;
		return previous_is(g, stmt, e);
	}
	if (slug == NULL)
		return 0;
	if (db_query(g->db, &stmt, e,
		    "SELECT r.id, r.label, c.title FROM campaign c JOIN round r ON r.campaign = c.id WHERE c.slug = $1"
		    " AND EXISTS (SELECT 1 FROM ask a WHERE a.round = r.id) ORDER BY r.number DESC LIMIT 1", "s", slug) != 0)
		return -1;
	return previous_is(g, stmt, e);
}

static int take_acknowledgements(struct gather *g, struct error *e)
{
	struct db_stmt *stmt;
	if (db_query(g->db, &stmt, e, "SELECT count(*), count(time_ms) FROM acknowledgement WHERE round = $1", "i",
		    g->round) != 0)
		return -1;
	enum db_step step = db_step(stmt, e);
	if (step != DB_ROW)
		return -1;
	g->facts->acknowledgements = db_int(stmt, 0);
	g->facts->acknowledged = db_int(stmt, 1);
	db_reset(stmt);
	return 0;
}

static int take_head(struct gather *g, struct error *e)
{
	json_t *definition = NULL;
	int rc = -1;
	if (gather_begin(g, e) != 0)
		return -1;
	if (take_campaign(g, &definition, e) == 0 && take_round(g, e) == 0) {
		take_definition(g, definition);
		rc = take_previous(g, definition, e);
		if (rc == 0)
			rc = take_acknowledgements(g, e);
	}
	gather_end(g);
	json_decref(definition);
	return rc;
}

int gather_round(struct db *db, int64_t campaign, int64_t round, enum lang lang, int64_t below_of,
	struct report_facts **out, struct error *e)
{
	struct gather g = {.db = db, .facts = facts_new(), .campaign = campaign, .round = round,
		.below_of = below_of, .own = !db_in_transaction(db)};
	*out = NULL;
	g.facts->lang = lang;
	g.facts->made_ms = clock_now_ms();
	int rc = take_head(&g, e);
	if (rc == 0)
		rc = facts_open(g.facts, e);
	if (rc == 0)
		rc = gather_rows(&g, e);
	if (rc == 0)
		rc = facts_seal(g.facts, e);
	if (rc == 0)
		*out = g.facts;
	else
		facts_free(&g.facts);
	return rc;
}
