/* The form and the values as templates see them. Every object has every member a template asks
 * for: a missing one would be looked up in the object around it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/lang.h"
#include "base/xalloc.h"
#include "askform/ask_form.h"

#define AREA_LINES 5
#define RADIO_OPTIONS_MAX 5 /* more go into a list that opens */

/* null for NULL */
static json_t *text_or_null(const char *text)
{
	return text == NULL ? json_null() : json_string(text);
}

static const char *hint_of(const struct field *field)
{
	switch (field->type) {
	case FIELD_COUNT:
		return tr("a whole number, for example 12; 0 if none", "целое число, например 12; если нет – 0");
	case FIELD_NUMBER:
		return tr("a number, for example 3.5", "число, например 3,5");
	case FIELD_LINKS:
		return tr("addresses that begin with https://, each on a line of its own",
			"адреса вида https://…, каждый с новой строки");
	case FIELD_FILE:
		return tr("up to 20 MB each; programs and web pages are not taken",
			"до 20 МБ каждый; программы и веб-страницы не принимаются");
	case FIELD_TABLE:
		return tr("rows left blank are ignored", "пустые строки не учитываются");
	default:
		return NULL;
	}
}

static json_t *options(const struct field *field, const char *id, const char *value)
{
	json_t *all = json_array();
	for (size_t i = 0; field->options != NULL && field->options[i] != NULL; i++) {
		char *option_id = xasprintf("%s-%zu", id, i);
		json_array_append_new(all, json_pack("{s:s, s:s, s:b}", "text", field->options[i], "option_id", option_id,
						   "chosen", strcmp(value, field->options[i]) == 0));
		free(option_id);
	}
	return all;
}

static bool is_iso_date(const char *text)
{
	return text[0] == '\0' || (strlen(text) == 10 && text[4] == '-' && text[7] == '-');
}

/* A control for one text: in the form or in a cell. */
static json_t *control(const struct field *field, const char *name, const char *id, const char *text,
	const json_t *error, const char *hint)
{
	size_t count = 0;
	while (field->options != NULL && field->options[count] != NULL)
		count++;
	bool choice = field->type == FIELD_CHOICE;
	bool area = field->type == FIELD_TEXT || field->type == FIELD_LINKS;
	const char *error_text = json_string_value(error);
	char *described = error_text != NULL && hint != NULL ? xasprintf("%s-error %s-hint", id, id)
		: error_text != NULL				     ? xasprintf("%s-error", id)
		: hint != NULL					     ? xasprintf("%s-hint", id)
								     : NULL;
	json_t *all = json_pack("{s:s, s:s, s:s, s:s, s:b, s:o, s:o, s:o, s:b, s:b, s:b, s:b, s:s, s:o, s:b}", "name", name,
		"id", id, "label", field->label, "value", text, "required", field->required, "error", text_or_null(error_text),
		"hint", text_or_null(hint), "described", text_or_null(described), "line", !choice && !area, "area", area, "radio",
		choice && count <= RADIO_OPTIONS_MAX, "select", choice && count > RADIO_OPTIONS_MAX, "type",
		field->type == FIELD_DATE && is_iso_date(text) ? "date" : "text", "options", options(field, id, text), "numeric",
		field->type == FIELD_COUNT || field->type == FIELD_NUMBER);
	free(described);
	json_object_set_new(all, "file", json_false());
	json_object_set_new(all, "table", json_false());
	json_object_set_new(all, "lines", json_integer(AREA_LINES));
	return all;
}

static json_t *cell(const struct ask_form *form, const struct field *field, const struct field *column, size_t row,
	const json_t *typed_row)
{
	char *at = xasprintf("%s.%zu.%s", field->name, row, column->name);
	char *name = xasprintf("f.%s", at), *id = xasprintf("f-%s-%zu-%s", field->name, row, column->name);
	const char *text = json_string_value(json_object_get(typed_row, column->name));
	json_t *all = control(column, name, id, text == NULL ? "" : text, json_object_get(form->errors, at), NULL);
	json_object_set_new(all, "lines", json_integer(1));
	if (json_is_true(json_object_get(all, "radio"))) { /* in a cell a list that opens is smaller */
		json_object_set_new(all, "radio", json_false());
		json_object_set_new(all, "select", json_true());
	}
	free(at);
	free(name);
	free(id);
	return all;
}

static bool has_wrong_cell(const struct ask_form *form, const struct field *field)
{
	const char *at;
	json_t *text;
	size_t len = strlen(field->name);
	json_object_foreach(form->errors, at, text)
		if (strncmp(at, field->name, len) == 0 && at[len] == '.')
			return true;
	return false;
}

static json_t *table(const struct ask_form *form, const struct field *field)
{
	const json_t *typed = json_object_get(form->typed, field->name);
	size_t count = json_array_size(typed), columns_count = field->columns > 0 ? field->columns : 1;
	bool large = count * columns_count > ASK_FORM_CELLS_MAX;
	size_t show = large ? 0 : count < ASK_FORM_ROWS_ADDED ? ASK_FORM_ROWS_ADDED : count;
	json_t *rows = json_array(), *columns = json_array();
	for (size_t c = 0; c < field->columns; c++)
		json_array_append_new(columns, json_pack("{s:s, s:b}", "label", field->column[c].label, "required",
						       field->column[c].required));
	for (size_t r = 0; r < show; r++) {
		json_t *cells = json_array();
		for (size_t c = 0; c < field->columns; c++)
			json_array_append_new(cells, cell(form, field, &field->column[c], r, json_array_get(typed, r)));
		json_array_append_new(rows, json_pack("{s:I, s:o}", "number", (json_int_t)r + 1, "cells", cells));
	}
	return json_pack("{s:o, s:o, s:b, s:b, s:I}", "columns", columns, "rows", rows, "large", large, "may_grow",
		!large && (show + ASK_FORM_ROWS_ADDED) * columns_count <= ASK_FORM_CELLS_MAX, "count", (json_int_t)count);
}

json_t *ask_form_show(const struct ask_form *form, const struct fields *fields, const json_t *hints)
{
	json_t *all = json_array();
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *field = &fields->item[i];
		const json_t *typed = json_object_get(form->typed, field->name);
		const char *own_hint = json_string_value(json_object_get(hints, field->name));
		char *name = xasprintf("f.%s", field->name), *id = xasprintf("f-%s", field->name);
		bool compound = field->type == FIELD_TABLE || field->type == FIELD_FILE;
		json_t *one = control(field, name, id, json_is_string(typed) ? json_string_value(typed) : "",
			json_object_get(form->errors, field->name), own_hint != NULL ? own_hint : hint_of(field));
		if (compound)
			json_object_set_new(one, "line", json_false());
		if (field->type == FIELD_TABLE)
			json_object_set_new(one, "table", table(form, field));
		if (field->type == FIELD_FILE)
			json_object_set_new(one, "file", json_true());
		json_object_set_new(one, "wrong_cell", json_boolean(has_wrong_cell(form, field)));
		json_object_set_new(one, "field", json_string(field->name));
		json_object_set(one, "kept", field->type == FIELD_FILE ? json_object_get(form->typed, field->name) : json_null());
		json_array_append_new(all, one);
		free(name);
		free(id);
	}
	return all;
}

/* ---- for reading --------------------------------------------------------------------------- */

static json_t *shown(const struct field *field, const json_t *value)
{
	if (field_empty(value))
		return json_string("—");
	char *text = field_show(field, value, lang_get());
	json_t *all = json_string(text);
	free(text);
	return all;
}

static json_t *table_shown(const struct field *field, const json_t *value)
{
	json_t *columns = json_array(), *rows = json_array();
	for (size_t c = 0; c < field->columns; c++)
		json_array_append_new(columns, json_string(field->column[c].label));
	for (size_t r = 0; r < json_array_size(value); r++) {
		json_t *cells = json_array();
		for (size_t c = 0; c < field->columns; c++) {
			const json_t *row = json_array_get(value, r);
			json_array_append_new(cells, json_pack("{s:s, s:o}", "label", field->column[c].label, "text",
							     shown(&field->column[c], json_object_get(row, field->column[c].name))));
		}
		json_array_append_new(rows, json_pack("{s:I, s:o}", "number", (json_int_t)r + 1, "cells", cells));
	}
	return json_pack("{s:o, s:o}", "columns", columns, "rows", rows);
}

json_t *ask_values_show(const struct fields *fields, const json_t *values, size_t cells)
{
	json_t *all = json_array();
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *field = &fields->item[i];
		const json_t *value = json_object_get(values, field->name);
		bool rows = field->type == FIELD_TABLE && !field_empty(value) &&
			json_array_size(value) * field->columns <= cells;
		json_array_append_new(all, json_pack("{s:s, s:o, s:o}", "label", field->label, "text",
						   rows ? json_null() : shown(field, value), "table",
						   rows ? table_shown(field, value) : json_null()));
	}
	return all;
}
