#include "portal/asked.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "portal/visit.h"

/* Title and whether the round or the campaign is over for everybody. */
static int read_surroundings(struct db *db, struct asked *out, struct error *e)
{
	struct db_stmt *row;
	if (db_query(db, &row, e,
		    "SELECT c.title, r.state, c.state, o.municipality FROM ask k JOIN campaign c ON c.id = k.campaign"
		    " JOIN round r ON r.id = k.round LEFT JOIN organisation o ON o.id = k.organisation WHERE k.id = $1",
		    "i", out->ask.id) != 0)
		return -1;
	enum db_step step = db_step(row, e);
	if (step == DB_ROW) {
		out->title = xstrdup(db_text(row, 0));
		out->withdrawn = strcmp(db_text(row, 1), "withdrawn") == 0 || out->ask.state == ASK_WITHDRAWN;
		out->municipality = xstrdup(db_text(row, 3));
		db_reset(row);
		return 0;
	}
	return step == DB_FAILED ? -1 : error_set(e, ERROR_INTERNAL, "an ask without its round");
}

enum db_step asked_load(struct db *db, int64_t ask, struct asked *out, struct error *e)
{
	*out = (struct asked){0};
	enum db_step step = ask_by_id(db, ask, &out->ask, e);
	if (step != DB_ROW)
		return step;
	if (read_surroundings(db, out, e) != 0 || campaign_load(db, out->ask.campaign, &out->campaign, e) != 0 ||
		ask_fields(db, out->ask.campaign, &out->fields, e) != 0 ||
		answer_counting(db, &out->ask, &out->counting, e) != 0)
		return DB_FAILED;
	out->zone = campaign_zone(out->campaign);
	out->late = out->ask.deadline_ms != TIME_NEVER_MS && clock_now_ms() >= out->ask.deadline_ms;
	return DB_ROW;
}

void asked_fini(struct asked *asked)
{
	ask_fini(&asked->ask);
	campaign_free(&asked->campaign);
	fields_fini(&asked->fields);
	free(asked->title);
	free(asked->municipality);
	json_decref(asked->counting);
	*asked = (struct asked){0};
}

/* The campaign's own verb: a ministry can only recommend to municipalities. */
static const char *asks(const json_t *definition)
{
	static const struct {
		const char *verb, *en, *ru;
	} verbs[] = {{"просим", "We ask you to report", "Просим сообщить"},
		{"рекомендуем", "We recommend reporting", "Рекомендуем сообщить"},
		{"поручаем", "You are instructed to report", "Поручаем сообщить"}};
	const char *verb = json_string_value(json_object_get(json_object_get(definition, "ask"), "verb"));
	for (size_t i = 0; verb != NULL && i < sizeof verbs / sizeof verbs[0]; i++)
		if (strcmp(verb, verbs[i].verb) == 0)
			return lang_get() == LANG_RU ? verbs[i].ru : verbs[i].en;
	return tr(verbs[0].en, verbs[0].ru);
}

static json_t *document_line(const json_t *definition)
{
	char *words = definition_document_words(definition, lang_get());
	json_t *line = visit_text(words);
	free(words);
	return line;
}

json_t *asked_head(const struct asked *asked)
{
	char deadline[DEFINITION_FULL_SIZE] = "";
	const json_t *definition = campaign_definition(asked->campaign);
	if (asked->ask.deadline_ms != TIME_NEVER_MS)
		definition_deadline_words(asked->ask.deadline_ms, asked->zone, lang_get(), deadline);
	return json_pack("{s:s, s:s, s:o, s:o, s:s, s:o, s:b, s:o}", "title", asked->title, "organisation",
		asked->ask.name[0] != '\0' ? asked->ask.name : asked->ask.key, "municipality",
		visit_text(asked->municipality), "round", visit_text(asked->ask.round_label), "asks", asks(definition),
		"deadline", visit_text(deadline), "late", asked->late, "document", document_line(definition));
}

/* ---- all an organisation is asked ------------------------------------------------------ */

/* Longer ago than this nobody waits for it any more; a late answer still finds its link in the letter. */
#define OVERDUE_MOST_MS (INT64_C(90) * 86400000)
#define OPEN_ASKS                                                                                        \
	" FROM ask k JOIN campaign c ON c.id = k.campaign JOIN round r ON r.id = k.round"                 \
	" WHERE k.organisation = $1 AND k.state IN ('open', 'partial') AND r.state IN ('open', 'closed')" \
	" AND c.state IN ('running', 'paused', 'finished') AND (k.deadline_ms IS NULL OR k.deadline_ms >= $2)"

static json_t *open_ask(const struct worker *worker, struct db_stmt *row, const char *token)
{
	int64_t id = db_int(row, 0), deadline_ms = db_is_null(row, 4) ? TIME_NEVER_MS : db_int(row, 4);
	json_t *definition = json_loads(db_text(row, 5), 0, NULL);
	char deadline[DEFINITION_FULL_SIZE] = "";
	if (deadline_ms != TIME_NEVER_MS)
		definition_deadline_words(deadline_ms, definition_zone(definition), lang_get(), deadline);
	char *url = visit_path(worker, db_int(row, 6) != 0 ? LINK_CASCADE : LINK_ANSWER, id, token);
	json_t *one = json_pack("{s:s, s:o, s:o, s:b, s:b, s:s}", "title", db_text(row, 1), "round", visit_text(db_text(row, 2)),
		"deadline", visit_text(deadline), "overdue", deadline_ms != TIME_NEVER_MS && deadline_ms <= clock_now_ms(), "begun",
		strcmp(db_text(row, 3), "partial") == 0, "url", url);
	free(url);
	json_decref(definition);
	return one;
}

json_t *asked_open(struct worker *worker, int64_t organisation, const char *token, struct error *e)
{
	struct db_stmt *row;
	enum db_step step;
	json_t *all = json_array();
	if (db_query(worker->db, &row, e,
		    "SELECT k.id, c.title, COALESCE(r.label, ''), k.state, k.deadline_ms, c.definition,"
		    " (SELECT COUNT(*) FROM (SELECT id FROM ask WHERE parent = k.id LIMIT 1) below)" OPEN_ASKS
		    " ORDER BY COALESCE(k.deadline_ms, 9223372036854775807), k.id LIMIT $3",
		    "iii", organisation, clock_now_ms() - OVERDUE_MOST_MS, (int64_t)ASKED_OPEN_MOST) != 0) {
		json_decref(all);
		return NULL;
	}
	while ((step = db_step(row, e)) == DB_ROW)
		json_array_append_new(all, open_ask(worker, row, token));
	if (step != DB_FAILED)
		return all;
	json_decref(all);
	return NULL;
}

json_t *asked_open_link(struct worker *worker, const struct ask *ask, const char *token, struct error *e)
{
	int64_t count = 0, others = 0;
	struct db_stmt *row;
	if (db_query(worker->db, &row, e,
		    "SELECT COUNT(*), COALESCE(SUM(CASE WHEN k.id <> $3 THEN 1 ELSE 0 END), 0)" OPEN_ASKS, "iii", ask->organisation,
		    clock_now_ms() - OVERDUE_MOST_MS, ask->id) != 0)
		return NULL;
	enum db_step step = db_step(row, e);
	if (step == DB_ROW) {
		count = db_int(row, 0);
		others = db_int(row, 1);
		db_reset(row);
	}
	if (step == DB_FAILED)
		return NULL;
	if (others == 0)
		return json_null();
	char *url = visit_path(worker, LINK_ORGANISATION, ask->organisation, token);
	json_t *link = json_pack("{s:I, s:s}", "count", (json_int_t)count, "url", url);
	free(url);
	return link;
}
