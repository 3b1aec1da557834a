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
