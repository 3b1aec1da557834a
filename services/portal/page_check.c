/* /check: is a letter one of ours? By number and date as they stand in it. Says what the letter's head says, and of no
 * recipient. For anybody; what is not there, a draft, and what has not gone out yet look the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "calendar/calendar.h"
#include "campaign/definition.h"
#include "portal/portal.h"
#include "portal/visit.h"
#include "table/table.h"

#define LETTERS_MOST 5 /* of one number and date: a letter that was sent again to others */
#define ROUNDS_MOST 3  /* the newest of a recurring one */
#define TYPED_MAX_BYTES 200

/* ---- the date as printed --------------------------------------------------------------- */

static int month_of(const char *word)
{
	static const char *const months[][2] = {{"янв", "jan"}, {"фев", "feb"}, {"мар", "mar"}, {"апр", "apr"}, {"ма", "may"},
		{"июн", "jun"}, {"июл", "jul"}, {"авг", "aug"}, {"сен", "sep"}, {"окт", "oct"}, {"ноя", "nov"}, {"дек", "dec"}};
	for (int i = 0; i < 12; i++)
		for (int lang = 0; lang < 2; lang++)
			if (strncmp(word, months[i][lang], strlen(months[i][lang])) == 0)
				return i + 1;
	return 0;
}

/* "15 мая 2023 г." → "2023-05-15"; also 15.05.2023 and 2023-05-15. */
static bool date_of(const char *typed, char out[static 16])
{
	struct calendar_time at = {0};
	struct error e = {0};
	bool has_time;
	char word[40] = "", first[TYPED_MAX_BYTES + 1];
	int day, year;
	char *folded = table_title_key(typed);
	snprintf(first, sizeof first, "%.*s", (int)strcspn(typed, " "), typed); /* «15.05.2023 г.» */
	if (sscanf(folded, "%d %38[^0-9 ] %d", &day, word, &year) == 3 && (at.month = month_of(word)) != 0) {
		at.day = day;
		at.year = year;
	} else if (calendar_parse(first, &at, &has_time, &e) != 0) {
		at.month = 0;
	}
	free(folded);
	if (at.month == 0 || !calendar_date_exists(at.year, at.month, at.day))
		return false;
	snprintf(out, 16, "%04d-%02d-%02d", at.year % 10000, at.month % 100, at.day % 100);
	return true;
}

/* ---- the letters ---------------------------------------------------------------------------- */

static const char *text_of(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static json_t *contacts_of(const json_t *definition)
{
	json_t *list = json_array();
	const json_t *contact;
	size_t index;
	json_array_foreach(json_object_get(definition, "contacts"), index, contact)
		json_array_append_new(list, json_pack("{s:o, s:o, s:o, s:o}", "role", visit_text(text_of(contact, "role")), "name",
						    visit_text(text_of(contact, "name")), "phone", visit_text(text_of(contact, "phone")), "mail",
						    visit_text(text_of(contact, "address"))));
	return list;
}

/* Rounds that have begun, newest first. *begun: there is one; *live: and one that was not recalled. */
static json_t *deadlines_of(struct worker *worker, int64_t campaign, const char *zone, bool *begun, bool *live,
	struct error *e)
{
	struct db_stmt *row;
	enum db_step step;
	json_t *list = json_array();
	*begun = *live = false;
	if (db_query(worker->db, &row, e,
		    "SELECT COALESCE(label, ''), deadline_ms, state FROM round WHERE campaign = $1"
		    " AND state IN ('open', 'closed', 'withdrawn') ORDER BY number DESC LIMIT $2",
		    "ii", campaign, (int64_t)ROUNDS_MOST) != 0) {
		json_decref(list);
		return NULL;
	}
	while ((step = db_step(row, e)) == DB_ROW) {
		char words[DEFINITION_FULL_SIZE];
		*begun = true;
		*live = *live || strcmp(db_text(row, 2), "withdrawn") != 0;
		if (!db_is_null(row, 1))
			json_array_append_new(list,
				json_pack("{s:o, s:s}", "round", visit_text(db_text(row, 0)), "deadline",
					definition_deadline_words(db_int(row, 1), zone, lang_get(), words)));
	}
	if (step != DB_FAILED)
		return list;
	json_decref(list);
	return NULL;
}

struct found {
	int64_t id;
	char *title, *state;
	json_t *definition;
};

static int find(struct worker *worker, const char *key, struct found out[static LETTERS_MOST], size_t *count,
	struct error *e)
{
	struct db_stmt *row;
	enum db_step step;
	*count = 0;
	if (db_query(worker->db, &row, e,
		    "SELECT id, title, state, definition FROM campaign WHERE document_key = $1 AND kind <> 'test' AND state <> 'draft'"
		    " ORDER BY id DESC LIMIT $2",
		    "si", key, (int64_t)LETTERS_MOST) != 0)
		return -1;
	while ((step = db_step(row, e)) == DB_ROW && *count < LETTERS_MOST)
		out[(*count)++] = (struct found){db_int(row, 0), xstrdup(db_text(row, 1)), xstrdup(db_text(row, 2)),
			json_loads(db_text(row, 3), 0, NULL)};
	return step == DB_FAILED ? -1 : 0;
}

static int add_letter(struct worker *worker, const struct found *found, json_t *letters, struct error *e)
{
	const json_t *d = found->definition, *from = json_object_get(d, "from");
	const char *sender = text_of(d, "organisation");
	bool begun, live;
	json_t *deadlines = deadlines_of(worker, found->id, definition_zone(d), &begun, &live, e);
	if (deadlines == NULL)
		return -1;
	if (!begun) { /* it is planned: nobody can hold it yet */
		json_decref(deadlines);
		return 0;
	}
	char *document = definition_document_words(d, lang_get());
	json_array_append_new(letters,
		json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:b}", "title", found->title, "document", visit_text(document), "sender",
			visit_text(sender != NULL && sender[0] != '\0' ? sender : text_of(from, "name")), "address",
			visit_text(text_of(from, "address")), "deadlines", deadlines, "contacts", contacts_of(d), "withdrawn",
			!live || strcmp(found->state, "cancelled") == 0));
	free(document);
	return 0;
}

/* New reference; NULL on error. */
static json_t *letters_of(struct worker *worker, const char *number, const char *date, struct error *e)
{
	struct found found[LETTERS_MOST] = {0};
	size_t count = 0;
	char *key = document_key(number, date);
	json_t *letters = json_array();
	int rc = key == NULL ? 0 : find(worker, key, found, &count, e);
	for (size_t i = 0; i < count; i++) {
		if (rc == 0)
			rc = add_letter(worker, &found[i], letters, e);
		free(found[i].title);
		free(found[i].state);
		json_decref(found[i].definition);
	}
	free(key);
	if (rc == 0)
		return letters;
	json_decref(letters);
	return NULL;
}

/* ---- the page ------------------------------------------------------------------------------- */

static char *typed(const struct web_request *request, const char *name)
{
	const char *text = web_query(request, name);
	return gate_clean_line(text == NULL ? "" : text, TYPED_MAX_BYTES);
}

static void answer(struct web_request *request, struct worker *worker, json_t *page, const char *number, const char *date)
{
	struct error e = {0};
	char iso[16];
	const char *number_error = number[0] != '\0'
		? NULL
		: tr("Please copy the number from the letter.", "Перепишите номер из письма.");
	const char *date_error = date_of(date, iso)
		? NULL
		: tr("Please copy the date from the letter: 15.05.2023 or 15 May 2023.",
			  "Перепишите дату из письма: 15.05.2023 или 15 мая 2023 г.");
	if (number_error != NULL || date_error != NULL) {
		json_object_set_new(page, "number_error", visit_text(number_error));
		json_object_set_new(page, "date_error", visit_text(date_error));
		web_reply_page(request, 422, "check", page);
		return;
	}
	if (!throttle_take(worker->portal->checks, web_neighbourhood(request), clock_mono_ms())) {
		web_reply_problem(request, 429, NULL, NULL);
		return;
	}
	json_t *letters = letters_of(worker, number, iso, &e);
	if (letters == NULL) {
		web_reply_error(request, &e);
		return;
	}
	json_object_set_new(page, "asked", json_true());
	json_object_set_new(page, "any", json_boolean(json_array_size(letters) > 0));
	json_object_set_new(page, "letters", letters);
	web_reply_page(request, 200, "check", page);
}

void page_check(struct web_request *request, void *state)
{
	char *number = typed(request, "number"), *date = typed(request, "date");
	json_t *page = json_pack("{s:s, s:b, s:s, s:s, s:n, s:n, s:b, s:b, s:[], s:b}", "title",
		tr("Is this letter genuine?", "Настоящее ли письмо?"), "public", 1, "number", number, "date", date, "number_error",
		"date_error", "asked", 0, "any", 0, "letters", "lang_chosen", web_query(request, "lang") != NULL);
	if (web_query(request, "number") == NULL && web_query(request, "date") == NULL)
		web_reply_page(request, 200, "check", page);
	else
		answer(request, state, page, number, date);
	json_decref(page);
	free(number);
	free(date);
}
