#include "campaign/definition.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "base/clock.h"
#include "calendar/calendar.h"
#include "table/table.h"

static const char *text_of(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

const char *definition_zone(const json_t *definition)
{
	const char *zone = text_of(definition, "zone");
	return zone == NULL ? "Europe/Moscow" : zone;
}

enum lang definition_lang(const json_t *definition)
{
	const char *lang = text_of(definition, "lang");
	return lang != NULL && strcmp(lang, "en") == 0 ? LANG_EN : LANG_RU;
}

bool definition_local(const json_t *definition)
{
	return json_is_true(json_object_get(json_object_get(definition, "send"), "local"));
}

static void sending_hours(const json_t *definition, int *open_minute, int *close_minute)
{
	const json_t *send = json_object_get(definition, "send");
	*open_minute = (int)json_integer_value(json_object_get(send, "open_minute"));
	*close_minute = (int)json_integer_value(json_object_get(send, "close_minute"));
}

void definition_hours(const json_t *definition, int *open_minute, int *close_minute)
{
	sending_hours(definition, open_minute, close_minute);
	if (*open_minute != *close_minute)
		return;
	*open_minute = DEFINITION_OPEN_MINUTE;
	*close_minute = DEFINITION_CLOSE_MINUTE;
}

/* ---- rounds ----------------------------------------------------------------------------- */

json_t *definition_rounds(const json_t *definition)
{
	json_t *rounds = json_object_get(definition, "rounds");
	if (json_array_size(rounds) > 0)
		return json_incref(rounds);
	json_t *only = json_pack("{s:i,s:b,s:b,s:i}", "number", 1, "draft", 0, "ask", 0, "first", 0);
	json_t *at_ms = json_object_get(json_object_get(definition, "send"), "at_ms");
	if (at_ms != NULL)
		json_object_set(only, "starts_ms", at_ms);
	return json_pack("[o]", only);
}

json_t *definition_round(const json_t *definition, int64_t number)
{
	json_t *rounds = definition_rounds(definition), *found = NULL;
	for (size_t i = 0; found == NULL && i < json_array_size(rounds); i++) {
		json_t *round = json_array_get(rounds, i);
		if (json_integer_value(json_object_get(round, "number")) == number)
			found = json_incref(round);
	}
	json_decref(rounds);
	return found;
}

bool definition_asks(const json_t *round)
{
	return !json_is_false(json_object_get(round, "ask"));
}

/* The children's letters know no figures of their parents: what is missing is empty. */
static void ask_children(json_t *definition)
{
	const json_t *kinds = json_object_get(json_object_get(definition, "ask"), "collect_kinds");
	const json_t *roles = json_object_get(json_object_get(definition, "audience"), "roles");
	json_t *audience = json_object(), *dataset;
	size_t index;
	json_object_set_new(audience, "kinds", kinds == NULL ? json_array() : json_deep_copy(kinds));
	if (roles != NULL)
		json_object_set_new(audience, "roles", json_deep_copy(roles));
	json_object_set_new(definition, "audience", audience);
	json_array_foreach(json_object_get(definition, "datasets"), index, dataset)
		json_object_set_new(dataset, "missing", json_string("empty"));
}

static int begin_with(json_t *definition, int64_t starts_ms, struct error *e)
{
	struct calendar_time wall;
	char text[40];
	json_t *send = json_object_get(definition, "send");
	if (send == NULL) {
		send = json_object();
		json_object_set_new(definition, "send", send);
	}
	if (calendar_from_ms(starts_ms, definition_zone(definition), &wall, e) != 0)
		return -1;
	snprintf(text, sizeof text, "%04d-%02d-%02d %02d:%02d", wall.year, wall.month, wall.day, wall.hour,
		wall.minute);
	json_object_set_new(send, "at_ms", json_integer(starts_ms));
	json_object_set_new(send, "wall", json_string(text));
	return 0;
}

int definition_as_round(json_t *definition, int64_t number, bool collect, struct error *e)
{
	json_t *round = definition_round(definition, number);
	if (round == NULL)
		return error_set(e, ERROR_INTERNAL, "definition: there is no round %lld", (long long)number);
	json_t *audience = json_object_get(round, "audience"), *starts = json_object_get(round, "starts_ms");
	int rc = starts == NULL ? 0 : begin_with(definition, json_integer_value(starts), e);
	if (collect)
		ask_children(definition);
	else if (audience != NULL)
		json_object_set(definition, "audience", audience);
	json_decref(round);
	return rc;
}

int definition_opens_ms(const json_t *definition, const json_t *round, const char *zone, int64_t now_ms,
	int64_t *at_ms, struct error *e)
{
	const char *own = definition_zone(definition);
	const json_t *starts = json_object_get(round, "starts_ms");
	int open_minute, close_minute;
	struct calendar_time wall;
	*at_ms = starts == NULL ? now_ms : json_integer_value(starts);
	if (zone == NULL)
		zone = own;
	if (starts != NULL && definition_local(definition) && strcmp(zone, own) != 0 &&
		(calendar_from_ms(*at_ms, own, &wall, e) != 0 ||
			calendar_to_ms(&wall, zone, at_ms, e) != 0))
		return -1;
	if (*at_ms < now_ms)
		*at_ms = now_ms;
	sending_hours(definition, &open_minute, &close_minute);
	return calendar_next_open(*at_ms, zone, open_minute, close_minute, at_ms, e);
}

/* ---- deadlines ---------------------------------------------------------------------------- */

static enum deadline_if_off rule_of(const json_t *definition)
{
	const char *rule = text_of(json_object_get(definition, "ask"), "if_day_off");
	for (int i = 0; rule != NULL && deadline_if_off_words[i] != NULL; i++)
		if (strcmp(deadline_if_off_words[i], rule) == 0)
			return (enum deadline_if_off)i;
	return DEADLINE_NEXT;
}

int definition_deadline(const json_t *definition, const json_t *object, const struct workdays *workdays,
	struct deadline *out, const char **zone, struct error *e)
{
	const char *asked = text_of(object, "asked"), *day = text_of(object, "day");
	const json_t *at_ms = json_object_get(object, "at_ms");
	*zone = text_of(object, "zone");
	*out = (struct deadline){.minute = (int)json_integer_value(json_object_get(object, "minute")),
		.at_ms = json_integer_value(at_ms),
		.rule = rule_of(definition)};
	if (asked == NULL || day == NULL || *zone == NULL || at_ms == NULL ||
		day_parse(asked, &out->asked_day, NULL) != 0 || day_parse(day, &out->day, NULL) != 0)
		return error_set(e, ERROR_INTERNAL, "definition: a damaged deadline");
	out->off = workdays != NULL && workdays_off(workdays, out->asked_day);
	return 0;
}

json_t *definition_deadline_json(const struct deadline *deadline, const char *zone)
{
	char asked[DAY_TEXT_SIZE], day[DAY_TEXT_SIZE];
	return json_pack("{s:s,s:s,s:i,s:I,s:s}", "asked", day_iso(deadline->asked_day, asked), "day",
		day_iso(deadline->day, day), "minute", deadline->minute, "at_ms",
		(json_int_t)deadline->at_ms, "zone", zone);
}

/* ---- words --------------------------------------------------------------------------------- */

/* The last minute an answer is in time: 24:00 of the 30th is shown as the 30th. */
#define MINUTE_MS 60000
static bool ends_day(int64_t at_ms, const char *zone)
{
	struct calendar_time t;
	return calendar_from_ms(at_ms, zone, &t, NULL) == 0 && t.hour == 0 && t.minute == 0;
}

static int64_t shown_ms(int64_t at_ms, const char *zone)
{
	return ends_day(at_ms, zone) ? at_ms - MINUTE_MS : at_ms;
}

static const char *shown_date(int64_t at_ms, const char *zone, enum lang lang,
	char out[static DAY_TEXT_SIZE])
{
	int32_t day;
	out[0] = '\0';
	if (day_of_ms(shown_ms(at_ms, zone), zone, &day, NULL) == 0)
		(void)day_words(day, lang, out);
	return out;
}

const char *definition_deadline_words(int64_t at_ms, const char *zone, enum lang lang,
	char out[static DEFINITION_FULL_SIZE])
{
	char date[DAY_TEXT_SIZE], time[CALENDAR_TEXT_SIZE];
	bool ru = lang == LANG_RU;
	(void)shown_date(at_ms, zone, lang, date);
	if (ends_day(at_ms, zone) ||
		calendar_format(at_ms, zone, lang, CALENDAR_TIME, time, NULL) != 0)
		(void)snprintf(out, DEFINITION_FULL_SIZE, ru ? "до %s включительно" : "by %s inclusive", date);
	else
		(void)snprintf(out, DEFINITION_FULL_SIZE,
			ru ? "до %s включительно, %s" : "by %s inclusive, %s", date, time);
	return out;
}

json_t *definition_deadline_fields(int64_t at_ms, const char *zone, enum lang lang)
{
	char at[CLOCK_RFC3339_SIZE], date[DAY_TEXT_SIZE], full[DEFINITION_FULL_SIZE];
	return json_pack("{s:s,s:s,s:s}", "at", clock_rfc3339(shown_ms(at_ms, zone), at), "date",
		shown_date(at_ms, zone, lang, date), "full",
		definition_deadline_words(at_ms, zone, lang, full));
}

json_t *definition_round_fields(const json_t *definition, const json_t *round, const json_t *object)
{
	const char *label = text_of(round, "label"), *zone = text_of(object, "zone");
	json_t *fields = json_object();
	json_object_set_new(fields, "round",
		json_pack("{s:s,s:I}", "label", label == NULL ? "" : label, "number",
			json_integer_value(json_object_get(round, "number"))));
	if (object != NULL)
		json_object_set_new(fields, "deadline",
			definition_deadline_fields(json_integer_value(json_object_get(object, "at_ms")),
				zone == NULL ? definition_zone(definition) : zone,
				definition_lang(definition)));
	return fields;
}

char *definition_document_words(const json_t *definition, enum lang lang)
{
	const json_t *document = json_object_get(definition, "document");
	const char *number = text_of(document, "number"), *date = text_of(document, "date");
	char words[DAY_TEXT_SIZE];
	bool ru = lang == LANG_RU;
	int32_t day;
	if (number == NULL || number[0] == '\0')
		return NULL;
	if (date == NULL || date[0] == '\0')
		return xasprintf(ru ? "№ %s" : "no. %s", number);
	if (day_parse(date, &day, NULL) == 0)
		date = day_words(day, lang, words);
	return xasprintf(ru ? "№ %s от %s" : "no. %s of %s", number, date);
}

char *document_key(const char *number, const char *date)
{
	char *folded = number == NULL ? NULL : table_title_key(number), *key = NULL;
	if (folded != NULL && folded[0] != '\0') {
		/* «№» is no letter and gone already. */
		const char *bare = strncmp(folded, "n ", 2) == 0 ? folded + 2 : strncmp(folded, "no ", 3) == 0 ? folded + 3 : folded;
		key = xasprintf("%s|%s", bare, date);
	}
	free(folded);
	return key;
}

char *definition_document_key(const json_t *definition)
{
	const json_t *document = json_object_get(definition, "document");
	const char *date = text_of(document, "date");
	return document_key(text_of(document, "number"), date == NULL ? "" : date);
}
