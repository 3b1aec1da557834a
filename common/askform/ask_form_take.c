/* What the visitor sent. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/lang.h"
#include "base/xalloc.h"
#include "askform/ask_form.h"

#define NAME_SIZE (WEB_FIELD_NAME_MAX + 1)

void ask_form_fini(struct ask_form *form)
{
	json_decref(form->typed);
	json_decref(form->values);
	json_decref(form->errors);
	*form = (struct ask_form){0};
}

static void begin(struct ask_form *form)
{
	*form = (struct ask_form){json_object(), json_object(), json_object(), true};
}

static void fault(struct ask_form *form, const char *at, const char *text, bool missing)
{
	json_object_set_new(form->errors, at, json_string(text));
	form->only_missing = form->only_missing && missing;
}

static void missing(struct ask_form *form, const char *at)
{
	fault(form, at, tr("Please fill this in.", "Заполните это поле."), true);
}

/* One typed text. The value, new reference, or NULL. */
static json_t *parsed(struct ask_form *form, const struct field *field, const char *at, const char *text)
{
	json_t *value = NULL;
	struct error e = {0};
	if (field_parse(field, text, &value, &e) != 0) {
		fault(form, at, e.text, false);
		return NULL;
	}
	if (value == NULL && field->required)
		missing(form, at);
	return value;
}

static bool blank(const char *text)
{
	return text[strspn(text, " \t\r\n")] == '\0';
}

/* ---- values as people type them --------------------------------------------------------- */

char *ask_form_text(const struct field *field, const json_t *value)
{
	if (json_is_integer(value))
		return xasprintf("%lld", (long long)json_integer_value(value));
	if (json_is_real(value)) {
		char *text = xasprintf("%.15g", json_real_value(value)), *point = strchr(text, '.');
		if (point != NULL && lang_get() == LANG_RU)
			*point = ',';
		return text;
	}
	if (json_is_string(value))
		return xstrdup(json_string_value(value));
	struct buf out;
	buf_init(&out, (size_t)FIELD_TEXT_MAX_BYTES * 4);
	for (size_t i = 0; field->type == FIELD_LINKS && i < json_array_size(value); i++) {
		const char *link = json_string_value(json_array_get(value, i));
		(void)buf_printf(&out, "%s%s", i > 0 ? "\n" : "", link == NULL ? "" : link);
	}
	return buf_take(&out);
}

static json_t *typed_of(const struct field *field, const json_t *value)
{
	char *text = ask_form_text(field, value);
	json_t *typed = json_string(text);
	free(text);
	return typed;
}

static json_t *typed_rows(const struct field *field, const json_t *value)
{
	json_t *rows = json_array();
	for (size_t r = 0; r < json_array_size(value); r++) {
		json_t *row = json_object();
		for (size_t c = 0; c < field->columns; c++)
			json_object_set_new(row, field->column[c].name,
				typed_of(&field->column[c], json_object_get(json_array_get(value, r), field->column[c].name)));
		json_array_append_new(rows, row);
	}
	return rows;
}

/* ---- tables -------------------------------------------------------------------------- */

static const char *cell(const struct web_request *request, const struct field *field, size_t row,
	const struct field *column)
{
	char name[NAME_SIZE];
	if (snprintf(name, sizeof name, "f.%s.%zu.%s", field->name, row, column->name) >= (int)sizeof name)
		return NULL;
	return web_value(request, name);
}

static size_t rows_sent(const struct web_request *request, const struct field *field)
{
	size_t most = ASK_FORM_CELLS_MAX / (field->columns > 0 ? field->columns : 1), rows = 0;
	while (rows < most && cell(request, field, rows, &field->column[0]) != NULL)
		rows++;
	return rows;
}

static void take_row(struct ask_form *form, const struct field *field, const json_t *typed_row, size_t row,
	json_t *value)
{
	json_t *value_row = json_object();
	for (size_t c = 0; c < field->columns; c++) {
		const struct field *column = &field->column[c];
		char at[NAME_SIZE];
		snprintf(at, sizeof at, "%s.%zu.%s", field->name, row, column->name);
		json_t *one = parsed(form, column, at, json_string_value(json_object_get(typed_row, column->name)));
		if (one != NULL)
			json_object_set_new(value_row, column->name, one);
	}
	json_array_append_new(value, value_row);
}

static void take_table(struct ask_form *form, const struct field *field, const json_t *counting,
	const struct web_request *request)
{
	char kept[NAME_SIZE];
	json_t *before = json_object_get(counting, field->name);
	snprintf(kept, sizeof kept, "keep.%s", field->name);
	if (web_value(request, kept) != NULL && before != NULL) { /* too large for a page: it stays as it is */
		json_object_set(form->values, field->name, before);
		json_object_set_new(form->typed, field->name, typed_rows(field, before));
		return;
	}
	json_t *typed = json_array(), *value = json_array();
	size_t rows = rows_sent(request, field);
	for (size_t row = 0; row < rows; row++) {
		json_t *typed_row = json_object();
		bool empty = true;
		for (size_t c = 0; c < field->columns; c++) {
			const char *text = cell(request, field, row, &field->column[c]);
			json_object_set_new(typed_row, field->column[c].name, json_string(text == NULL ? "" : text));
			empty = empty && (text == NULL || blank(text));
		}
		json_array_append_new(typed, typed_row);
		if (!empty)
			take_row(form, field, typed_row, row, value);
	}
	json_object_set_new(form->typed, field->name, typed);
	if (json_array_size(value) > 0)
		json_object_set(form->values, field->name, value);
	else if (field->required)
		missing(form, field->name);
	json_decref(value);
}

bool ask_form_add_rows(struct ask_form *form, const struct fields *fields, const struct web_request *request)
{
	const char *wanted = web_value(request, "add");
	const struct field *field = wanted == NULL ? NULL : fields_find(fields, wanted);
	if (field == NULL || field->type != FIELD_TABLE)
		return false;
	json_t *rows = json_object_get(form->typed, field->name);
	for (int i = 0; i < ASK_FORM_ROWS_ADDED; i++)
		json_array_append_new(rows, json_object());
	return true;
}

/* ---- files ----------------------------------------------------------------------------- */

static bool names_file(const json_t *names, const char *name)
{
	for (size_t i = 0; i < json_array_size(names); i++) {
		const char *one = json_string_value(json_array_get(names, i));
		if (one != NULL && strcmp(one, name) == 0)
			return true;
	}
	return false;
}

/* Files that came are named by answer_record itself; here only what stays. */
static void take_file(struct ask_form *form, const struct field *field, const json_t *counting,
	struct web_request *request)
{
	const struct web_field *sent;
	struct web_file *file;
	size_t count = web_fields(request, &sent), files = web_files(request, &file), came = 0;
	char keep[NAME_SIZE], name[NAME_SIZE];
	json_t *kept = json_array();
	const json_t *before = json_object_get(counting, field->name);
	snprintf(keep, sizeof keep, "keep.%s", field->name);
	snprintf(name, sizeof name, "f.%s", field->name);
	for (size_t i = 0; i < count; i++)
		if (strcmp(sent[i].name, keep) == 0 && names_file(before, sent[i].value))
			json_array_append_new(kept, json_string(sent[i].value));
	for (size_t i = 0; i < files; i++)
		came += strcmp(file[i].field, name) == 0;
	json_object_set(form->typed, field->name, kept);
	if (json_array_size(kept) > 0)
		json_object_set(form->values, field->name, kept);
	else if (came == 0 && field->required)
		missing(form, field->name);
	json_decref(kept);
}

int ask_form_files(struct web_request *request, const struct fields *fields,
	struct answer_file out[static ANSWER_FILES_MAX], struct error *e)
{
	struct web_file *file;
	size_t count = web_files(request, &file);
	for (size_t i = 0; i < count && i < ANSWER_FILES_MAX; i++) {
		bool of_field = strncmp(file[i].field, "f.", 2) == 0;
		const struct field *field = of_field ? fields_find(fields, file[i].field + 2) : NULL;
		if (of_field && (field == NULL || field->type != FIELD_FILE))
			return error_set(e, ERROR_INPUT, "%s", tr("a file for a field that takes none", "файл для поля, где файлов нет"));
		out[i] = (struct answer_file){.field = field == NULL ? NULL : field->name,
			.name = file[i].name,
			.media_type = file[i].media_type,
			.data = file[i].data,
			.len = file[i].len};
		if (out[i].data == NULL && out[i].len > 0)
			return error_set(e, ERROR_UNAVAILABLE, "an uploaded file cannot be mapped");
		if (answer_file_check(out[i].name, out[i].data, out[i].len, e) != 0)
			return -1;
	}
	return (int)count;
}

/* ---- the whole form ---------------------------------------------------------------------- */

void ask_form_take(struct ask_form *form, const struct fields *fields, const json_t *counting,
	struct web_request *request)
{
	begin(form);
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *field = &fields->item[i];
		char name[NAME_SIZE];
		if (field->type == FIELD_TABLE) {
			take_table(form, field, counting, request);
			continue;
		}
		if (field->type == FIELD_FILE) {
			take_file(form, field, counting, request);
			continue;
		}
		snprintf(name, sizeof name, "f.%s", field->name);
		const char *text = web_value(request, name);
		json_object_set_new(form->typed, field->name, json_string(text == NULL ? "" : text));
		json_t *value = parsed(form, field, field->name, text == NULL ? "" : text);
		if (value != NULL)
			json_object_set_new(form->values, field->name, value);
	}
}

void ask_form_fill(struct ask_form *form, const struct fields *fields, const json_t *values)
{
	begin(form);
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *field = &fields->item[i];
		const json_t *value = json_object_get(values, field->name);
		if (field->type == FIELD_TABLE)
			json_object_set_new(form->typed, field->name, typed_rows(field, value));
		else if (field->type == FIELD_FILE)
			json_object_set_new(form->typed, field->name, value == NULL ? json_array() : json_deep_copy(value));
		else
			json_object_set_new(form->typed, field->name, typed_of(field, value));
	}
}
