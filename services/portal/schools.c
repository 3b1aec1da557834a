#include "portal/schools.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "portal/visit.h"

#define SCHOOLS_MAX 2000 /* of one municipality; a page with more is of no use */

static const char *state_words(enum ask_state state)
{
	switch (state) {
	case ASK_RECEIVED:
		return tr("received, being read", "получено, разбирается");
	case ASK_PARTIAL:
		return tr("answered in part", "ответ неполный");
	case ASK_CONFIRMED:
		return tr("answered", "ответ получен");
	case ASK_WITHDRAWN:
		return tr("withdrawn", "отозвано");
	default:
		return tr("silent", "не ответили");
	}
}

static json_t *cells(const struct fields *fields, const char *answer)
{
	json_t *values = json_loads(answer == NULL ? "{}" : answer, 0, NULL), *all = json_array();
	for (size_t i = 0; i < fields->count; i++) {
		if (!field_sums(&fields->item[i]))
			continue;
		const json_t *value = json_object_get(values, fields->item[i].name);
		char *text = field_empty(value) ? NULL : field_show(&fields->item[i], value, lang_get());
		json_array_append_new(all, json_pack("{s:s, s:s}", "label", fields->item[i].label, "text", text == NULL ? "—" : text));
		free(text);
	}
	json_decref(values);
	return all;
}

static int read_row(struct db_stmt *row, const struct asked *asked, struct schools *out, struct error *e)
{
	enum ask_state state;
	if (ask_state_parse(db_text(row, 2), &state) != 0)
		return error_set(e, ERROR_INTERNAL, "an ask in no state");
	bool counts = state == ASK_PARTIAL || state == ASK_CONFIRMED;
	json_array_append_new(out->list,
		json_pack("{s:I, s:s, s:s, s:b, s:b, s:o, s:o, s:o}", "organisation", (json_int_t)db_int(row, 0), "name",
			db_text(row, 1) == NULL ? "?" : db_text(row, 1), "state", state_words(state), "answered", counts, "silent",
			state == ASK_OPEN, "cells", cells(&asked->fields, db_text(row, 3)), "contact", json_null(), "phone", json_null()));
	if (!db_is_null(row, 4) && (out->deadline_ms == TIME_NEVER_MS || db_int(row, 4) < out->deadline_ms))
		out->deadline_ms = db_int(row, 4);
	return 0;
}

static json_t *find(const struct schools *schools, int64_t organisation)
{
	for (size_t i = 0; i < json_array_size(schools->list); i++) {
		json_t *one = json_array_get(schools->list, i);
		if (json_integer_value(json_object_get(one, "organisation")) == organisation)
			return one;
	}
	return NULL;
}

/* The coordinator, else whoever is there: of those who are silent. */
static int read_contacts(struct db *db, const struct asked *asked, struct schools *out, struct error *e)
{
	struct db_stmt *row;
	enum db_step step;
	if (db_query(db, &row, e,
		    "SELECT c.organisation, c.role, c.name, c.phone FROM ask k JOIN contact c ON c.organisation = k.organisation"
		    " WHERE k.parent = $1 AND k.state = 'open' AND c.active = 1 ORDER BY c.organisation, c.id",
		    "i", asked->ask.id) != 0)
		return -1;
	while ((step = db_step(row, e)) == DB_ROW) {
		json_t *one = find(out, db_int(row, 0));
		bool first = json_is_null(json_object_get(one, "contact")) && json_is_null(json_object_get(one, "phone"));
		if (one == NULL || (!first && strcmp(db_text(row, 1), "coordinator") != 0))
			continue;
		json_object_set_new(one, "contact", visit_text(db_text(row, 2)));
		json_object_set_new(one, "phone", visit_text(db_text(row, 3)));
	}
	return step == DB_FAILED ? -1 : 0;
}

/* «Школа № 2» before «Школа № 10». */
static int by_name(const void *a, const void *b)
{
	const json_t *left = *(json_t *const *)a, *right = *(json_t *const *)b;
	int order = strverscmp(json_string_value(json_object_get(left, "name")),
		json_string_value(json_object_get(right, "name")));
	json_int_t first = json_integer_value(json_object_get(left, "organisation"));
	json_int_t second = json_integer_value(json_object_get(right, "organisation"));
	return order != 0 ? order : (first > second) - (first < second);
}

static void sort_by_name(json_t *list)
{
	size_t count = json_array_size(list);
	json_t **school = xcalloc(count + 1, sizeof *school);
	for (size_t i = 0; i < count; i++)
		school[i] = json_incref(json_array_get(list, i));
	qsort(school, count, sizeof *school, by_name);
	json_array_clear(list);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, school[i]);
	free(school);
}

int schools_load(struct db *db, const struct asked *asked, struct schools *out, struct error *e)
{
	struct db_stmt *row;
	enum db_step step;
	*out = (struct schools){.list = json_array(), .columns = json_array(), .deadline_ms = TIME_NEVER_MS};
	for (size_t i = 0; i < asked->fields.count; i++)
		if (field_sums(&asked->fields.item[i]))
			json_array_append_new(out->columns, json_string(asked->fields.item[i].label));
	if (db_query(db, &row, e,
		    "SELECT k.organisation, o.name, k.state, a.fields, k.deadline_ms FROM ask k"
		    " LEFT JOIN organisation o ON o.id = k.organisation LEFT JOIN answer a ON a.id = k.answer"
		    " WHERE k.parent = $1 ORDER BY o.name, k.id",
		    "i", asked->ask.id) != 0)
		return -1;
	while ((step = db_step(row, e)) == DB_ROW) {
		if (json_array_size(out->list) < SCHOOLS_MAX && read_row(row, asked, out, e) != 0) {
			db_reset(row);
			return -1;
		}
	}
	if (step == DB_FAILED || read_contacts(db, asked, out, e) != 0)
		return -1;
	sort_by_name(out->list);
	return answer_children_sum(db, asked->ask.id, asked->fields.source, &out->sums, &out->answered, &out->asked, e);
}

void schools_fini(struct schools *schools)
{
	json_decref(schools->list);
	json_decref(schools->columns);
	json_decref(schools->sums);
	*schools = (struct schools){0};
}
