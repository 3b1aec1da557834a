/* What is asked: fields out of a definition, and values that are checked against them. */
#include "answer/field.h"

#include <stdlib.h>
#include <string.h>

#include "answer/field_inside.h"
#include "base/gate.h"
#include "base/lang.h"
#include "base/xalloc.h"

const char *const field_type_words[] = {
	"count", "number", "date", "choice", "text", "links", "file", "table", NULL};

/* ---- definitions ---------------------------------------------------------------- */

static bool is_name(const char *name)
{
	size_t len = strlen(name);
	return len > 0 && len <= FIELD_NAME_MAX &&
		strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == len;
}

static int read_type(const char *word, enum field_type *type)
{
	for (int i = 0; word != NULL && i < FIELD_TYPES; i++)
		if (strcmp(word, field_type_words[i]) == 0) {
			*type = (enum field_type)i;
			return 0;
		}
	return -1;
}

static int read_options(const json_t *options, struct field *field, struct error *e)
{
	size_t count = json_array_size(options);
	if (count == 0)
		return error_set(e, ERROR_INTERNAL, "field %s: a choice has no options", field->name);
	const char **list = xcalloc(count + 1, sizeof *list);
	field->options = list;
	for (size_t i = 0; i < count; i++) {
		list[i] = json_string_value(json_array_get(options, i));
		if (list[i] == NULL)
			return error_set(e, ERROR_INTERNAL, "field %s: option %zu is no text", field->name, i + 1);
	}
	return 0;
}

static int read_list(const json_t *list, size_t most, bool inside, struct field **item,
	size_t *count, struct error *e);

static int read_one(const json_t *source, bool inside, struct field *field, struct error *e)
{
	const char *name = json_string_value(json_object_get(source, "field"));
	const char *label = json_string_value(json_object_get(source, "label"));
	const char *type = json_string_value(json_object_get(source, "type"));
	if (name == NULL || !is_name(name))
		return error_set(e, ERROR_INTERNAL, "a field without a proper name (a-z, 0-9, _)");
	field->name = name;
	field->label = label != NULL && label[0] != '\0' ? label : name;
	field->required = json_is_true(json_object_get(source, "required"));
	if (read_type(type, &field->type) != 0)
		return error_set(e, ERROR_INTERNAL, "field %s: unknown type %s", name, type == NULL ? "" : type);
	if (inside && (field->type == FIELD_TABLE || field->type == FIELD_FILE))
		return error_set(e, ERROR_INTERNAL, "column %s: a %s cannot stand in a table", name, type);
	if (field->type == FIELD_CHOICE)
		return read_options(json_object_get(source, "options"), field, e);
	if (field->type != FIELD_TABLE)
		return 0;
	struct field *columns = NULL;
	int rc = read_list(json_object_get(source, "columns"), FIELD_COLUMNS_MAX, true, &columns,
		&field->columns, e);
	field->column = columns;
	return rc;
}

static int read_list(const json_t *list, size_t most, bool inside, struct field **item,
	size_t *count, struct error *e)
{
	size_t n = json_array_size(list);
	if (!json_is_array(list) || n > most || (inside && n == 0))
		return error_set(e, ERROR_INTERNAL, "the list of %s should have at most %zu",
			inside ? "columns" : "fields", most);
	*item = xcalloc(n + 1, sizeof **item);
	for (*count = 0; *count < n; ++*count) {
		struct field *field = &(*item)[*count];
		int rc = read_one(json_array_get(list, *count), inside, field, e);
		for (size_t k = 0; rc == 0 && k < *count; k++)
			if (strcmp((*item)[k].name, field->name) == 0)
				rc = error_set(e, ERROR_INTERNAL, "two fields are called %s", field->name);
		if (rc != 0) {
			++*count; /* what it has is freed with the others */
			return -1;
		}
	}
	return 0;
}

/* They are ours, and const for everybody else. */
static void free_list(struct field *item, size_t count)
{
	for (size_t i = 0; item != NULL && i < count; i++) {
		free((void *)(uintptr_t)item[i].options);
		free_list((struct field *)(uintptr_t)item[i].column, item[i].columns);
	}
	free(item);
}

int fields_read(const json_t *definition_fields, struct fields *out, struct error *e)
{
	*out = (struct fields){0};
	if (definition_fields == NULL)
		return 0; /* an ask without fields: to read, to take part */
	out->source = json_incref(field_loose(definition_fields));
	if (read_list(definition_fields, FIELDS_MAX, false, &out->item, &out->count, e) == 0)
		return 0;
	fields_fini(out);
	return -1;
}

void fields_fini(struct fields *fields)
{
	free_list(fields->item, fields->count);
	json_decref(fields->source);
	*fields = (struct fields){0};
}

const struct field *fields_find(const struct fields *fields, const char *name)
{
	for (size_t i = 0; i < fields->count; i++)
		if (strcmp(fields->item[i].name, name) == 0)
			return &fields->item[i];
	return NULL;
}

bool field_sums(const struct field *field)
{
	return field->type == FIELD_COUNT || field->type == FIELD_NUMBER;
}

/* ---- values ---------------------------------------------------------------------- */

bool field_empty(const json_t *value)
{
	if (value == NULL || json_is_null(value))
		return true;
	if (json_is_string(value))
		return json_string_length(value) == 0;
	if (json_is_object(value)) {
		const char *name;
		json_t *member;
		json_object_foreach(field_loose(value), name, member)
			if (!field_empty(member))
				return false;
		return true;
	}
	return json_is_array(value) && json_array_size(value) == 0;
}

static int wrong_type(const struct field *field, struct error *e)
{
	return error_set(e, ERROR_INPUT, tr("«%s»: a value of another kind was sent", "«%s»: прислано значение другого вида"),
		field->label);
}

/* A text without zero bytes and what has no place in one. */
static bool text_is_clean(const json_t *value, size_t most)
{
	const char *text = json_string_value(value);
	return text != NULL && json_string_length(value) == strlen(text) && strlen(text) <= most;
}

static int check_strings(const struct field *field, const json_t *value, size_t most,
	bool (*good)(const char *text), struct error *e)
{
	size_t i;
	json_t *one;
	if (!json_is_array(value))
		return wrong_type(field, e);
	if (json_array_size(value) > most)
		return error_set(e, ERROR_INPUT, tr("«%s»: at most %zu", "«%s»: не больше %zu"), field->label, most);
	json_array_foreach(field_loose(value), i, one)
		if (!text_is_clean(one, FIELD_TEXT_MAX_BYTES) || !good(json_string_value(one)))
			return wrong_type(field, e);
	return 0;
}

/* The value as somebody would have typed it must be read back as the same one. */
static int check_typed(const struct field *field, const json_t *value, struct error *e)
{
	json_t *again = NULL;
	if (!text_is_clean(value, FIELD_TEXT_MAX_BYTES))
		return wrong_type(field, e);
	if (field_parse(field, json_string_value(value), &again, e) != 0)
		return -1;
	bool same = again != NULL && json_equal(again, value);
	json_decref(again);
	return same ? 0 : wrong_type(field, e);
}

static int check_numeric(const struct field *field, const json_t *value, struct error *e)
{
	bool count = field->type == FIELD_COUNT;
	if (!(count ? json_is_integer(value) : json_is_number(value)))
		return wrong_type(field, e);
	double number = json_number_value(value);
	if ((count && number < 0) || number > FIELD_NUMBER_MAX || number < -FIELD_NUMBER_MAX || number != number)
		return error_set(e, ERROR_INPUT, tr("«%s»: the number is out of bounds", "«%s»: недопустимое число"),
			field->label);
	return 0;
}

static int check_row(const struct field *table, const json_t *row, size_t number, struct error *e)
{
	const char *name;
	json_t *value;
	struct fields columns = {.item = (struct field *)(uintptr_t)table->column, .count = table->columns};
	if (!json_is_object(row))
		return wrong_type(table, e);
	json_object_foreach(field_loose(row), name, value) {
		const struct field *column = fields_find(&columns, name);
		if (column == NULL)
			return error_set(e, ERROR_INPUT, tr("«%s» has no column %.60s", "в «%s» нет столбца %.60s"),
				table->label, name);
		if (!field_empty(value) && field_check(column, value, e) != 0)
			return error_context(e, tr("«%s», row %zu", "«%s», строка %zu"), table->label, number);
	}
	return 0;
}

static int check_table(const struct field *field, const json_t *value, struct error *e)
{
	size_t i;
	json_t *row;
	if (!json_is_array(value))
		return wrong_type(field, e);
	if (json_array_size(value) > FIELD_ROWS_MAX)
		return error_set(e, ERROR_INPUT, tr("«%s»: at most %d rows", "«%s»: не больше %d строк"), field->label,
			FIELD_ROWS_MAX);
	json_array_foreach(field_loose(value), i, row)
		if (check_row(field, row, i + 1, e) != 0)
			return -1;
	return 0;
}

static bool is_link(const char *text)
{
	return gate_url(text, false);
}

int field_check(const struct field *field, const json_t *value, struct error *e)
{
	switch (field->type) {
	case FIELD_COUNT:
	case FIELD_NUMBER:
		return check_numeric(field, value, e);
	case FIELD_DATE:
	case FIELD_CHOICE:
	case FIELD_TEXT:
		return check_typed(field, value, e);
	case FIELD_LINKS:
		return check_strings(field, value, FIELD_LINKS_MAX, is_link, e);
	case FIELD_FILE:
		return check_strings(field, value, FIELD_FILES_MAX, gate_file_name, e);
	case FIELD_TABLE:
		return check_table(field, value, e);
	case FIELD_TYPES:
		break;
	}
	return error_set(e, ERROR_INTERNAL, "field %s has no type", field->name);
}

int fields_check(const struct fields *fields, const json_t *values, struct error *e)
{
	const char *name;
	json_t *value;
	if (values != NULL && !json_is_object(values))
		return error_set(e, ERROR_INPUT, "%s", tr("the answer is no list of fields", "ответ – не перечень полей"));
	json_object_foreach(field_loose(values), name, value) {
		const struct field *field = fields_find(fields, name);
		if (field == NULL)
			return error_set(e, ERROR_INPUT, tr("«%.60s» is not asked", "«%.60s» не спрашивают"), name);
		if (!field_empty(value) && field_check(field, value, e) != 0)
			return -1;
	}
	return 0;
}

/* ---- what is missing -------------------------------------------------------------- */

/* A required column that some row leaves empty. */
static void missing_columns(const struct field *table, const json_t *rows, json_t *out)
{
	size_t i;
	json_t *row;
	for (size_t c = 0; c < table->columns; c++) {
		bool missing = false;
		json_array_foreach(field_loose(rows), i, row)
			missing = missing || field_empty(json_object_get(row, table->column[c].name));
		if (missing && table->column[c].required)
			(void)json_array_append_new(out,
				json_sprintf("%s.%s", table->name, table->column[c].name));
	}
}

json_t *fields_missing(const struct fields *fields, const json_t *values)
{
	json_t *out = json_array();
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *field = &fields->item[i];
		const json_t *value = json_object_get(values, field->name);
		if (!field_empty(value)) {
			if (field->type == FIELD_TABLE)
				missing_columns(field, value, out);
		} else if (field->required) {
			(void)json_array_append_new(out, json_string(field->name));
		}
	}
	return out;
}
