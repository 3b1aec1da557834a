/* The Excel form read back. Everything in it is hostile; cells are text here, whatever Excel thinks
 * of them (common/table gives formulas by the value that stands beside them, or names them). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer/answer.h"
#include "answer/answer_inside.h"
#include "answer/field_inside.h"
#include "answer/workbook.h"
#include "answer/workbook_inside.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "table/table.h"

#define CELL_NAME_SIZE 24
#define LINE_LAST 20000 /* our forms end long before; what stands below is not read */

struct reader {
	struct db *db;
	const struct ident_key *key;
	struct answer_workbook *out;
	struct problems *problems;
	struct error *e;
	struct fields fields;
	bool known, failed;        /* the code was right; e says what is wrong */
	const struct field *table; /* whose rows these are; NULL = none */
	const struct field *column[TABLE_COLUMNS_MAX]; /* of the table, by column of the sheet */
	json_t *rows;              /* borrowed from out->fields */
};

/* 0 → "A", 26 → "AA". */
static const char *cell_name(size_t column, int line, char out[static CELL_NAME_SIZE])
{
	char letters[4];
	size_t n = 0;
	for (size_t c = column + 1; c > 0 && n < sizeof letters; c = (c - 1) / 26)
		letters[n++] = (char)('A' + (c - 1) % 26);
	size_t len = 0;
	while (n > 0)
		out[len++] = letters[--n];
	(void)snprintf(out + len, CELL_NAME_SIZE - len, "%d", line);
	return out;
}

static void wrong_cell(struct reader *r, size_t column, int line, const struct field *field,
	const char *why)
{
	char cell[CELL_NAME_SIZE];
	const struct problem_place place = {
		.line = line, .column = (int)column + 1, .field = cell_name(column, line, cell)};
	problem_add(r->problems, PROBLEM_ERROR, place, NULL, "%s («%s»): %s", cell, field->label, why);
}

static int stop(struct reader *r)
{
	r->failed = true;
	return 1;
}

/* ---- whose form it is ---------------------------------------------------------------------- */

static int not_ours(struct reader *r)
{
	(void)error_set(r->e, ERROR_NOT_FOUND, "%s",
		tr("this is none of the forms that were sent out", "это не та форма, которую рассылали"));
	return stop(r);
}

static int read_code(struct reader *r, const struct table_row *row)
{
	struct ask ask;
	int64_t id;
	json_t *values = NULL;
	if (row->count < 2 || strcmp(row->cell[0], WORKBOOK_MARKER) != 0)
		return not_ours(r);
	if (!ident_link_parse(r->key, WORKBOOK_PURPOSE, row->cell[1], &id)) {
		(void)error_set(r->e, ERROR_DENIED, "%s",
			tr("the form's code was changed: take a new form from the letter",
				"код формы изменён: возьмите форму из письма заново"));
		return stop(r);
	}
	enum db_step step = ask_by_id(r->db, id, &ask, r->e);
	if (step == DB_DONE)
		(void)error_set(r->e, ERROR_NOT_FOUND, "%s", tr("there is no such request", "такого запроса нет"));
	if (step != DB_ROW)
		return stop(r);
	r->out->ask = id;
	int rc = ask_fields(r->db, ask.campaign, &r->fields, r->e);
	if (rc == 0)
		rc = answer_counting(r->db, &ask, &values, r->e);
	/* files do not travel in the form: those that came stay */
	for (size_t i = 0; rc == 0 && i < r->fields.count; i++) {
		json_t *names = json_object_get(values, r->fields.item[i].name);
		if (r->fields.item[i].type == FIELD_FILE && !field_empty(names))
			(void)json_object_set(r->out->fields, r->fields.item[i].name, names);
	}
	json_decref(values);
	ask_fini(&ask);
	r->known = true;
	return rc == 0 ? 0 : stop(r);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static const char *cell_at(const struct table_row *row, size_t column)
{
	return column < row->count ? row->cell[column] : "";
}

static const char *after(const char *text, const char *prefix)
{
	size_t len = strlen(prefix);
	return strncmp(text, prefix, len) == 0 ? text + len : NULL;
}

/* A person's cell that cannot be read is named; NULL then. */
static json_t *read_cell(struct reader *r, const struct table_row *row, size_t column,
	const struct field *field)
{
	json_t *value = NULL;
	struct error e = {0};
	if (field_parse(field, cell_at(row, column), &value, &e) != 0)
		wrong_cell(r, column, row->line, field, e.text);
	return value;
}

static void read_field(struct reader *r, const struct table_row *row, const char *name)
{
	const struct field *field = fields_find(&r->fields, name);
	if (field == NULL || field->type == FIELD_FILE || field->type == FIELD_TABLE)
		return;
	json_t *value = read_cell(r, row, WORKBOOK_VALUE_COLUMN, field);
	if (value != NULL)
		(void)json_object_set_new(r->out->fields, field->name, value);
}

static void begin_table(struct reader *r, const struct table_row *row, const char *name)
{
	r->table = fields_find(&r->fields, name);
	r->rows = NULL;
	memset(r->column, 0, sizeof r->column);
	if (r->table == NULL || r->table->type != FIELD_TABLE) {
		r->table = NULL;
		return;
	}
	for (size_t c = WORKBOOK_TABLE_COLUMN; c < row->count; c++)
		for (size_t i = 0; i < r->table->columns; i++)
			if (strcmp(row->cell[c], r->table->column[i].name) == 0)
				r->column[c] = &r->table->column[i];
	r->rows = json_array();
	(void)json_object_set_new(r->out->fields, r->table->name, r->rows);
}

static void read_table_row(struct reader *r, const struct table_row *row)
{
	json_t *values = json_object();
	size_t before = r->problems->errors;
	for (size_t c = WORKBOOK_TABLE_COLUMN; c < row->count; c++) {
		json_t *value = r->column[c] == NULL ? NULL : read_cell(r, row, c, r->column[c]);
		if (value != NULL)
			(void)json_object_set_new(values, r->column[c]->name, value);
	}
	if (json_object_size(values) == 0 || r->problems->errors > before) {
		json_decref(values);
		return;
	}
	if (json_array_size(r->rows) >= FIELD_ROWS_MAX) {
		const struct problem_place place = {.line = row->line};
		problem_add(r->problems, PROBLEM_ERROR, place, NULL,
			tr("row %d: «%s» takes at most %d rows", "строка %d: в «%s» помещается не больше %d строк"), row->line,
			r->table->label, FIELD_ROWS_MAX);
		r->table = NULL; /* said once */
		json_decref(values);
		return;
	}
	(void)json_array_append_new(r->rows, values);
}

static void keep_line(const struct table_row *row, char **out)
{
	free(*out);
	const char *text = cell_at(row, WORKBOOK_VALUE_COLUMN);
	*out = text[0] == '\0' ? NULL : xstrdup(text);
}

static int on_row(void *arg, const struct table_row *row)
{
	struct reader *r = arg;
	const char *marker = row->cell[0], *name;
	if (!r->known)
		return read_code(r, row);
	if (row->line > LINE_LAST)
		return 1;
	if ((name = after(marker, WORKBOOK_COLUMNS)) != NULL) {
		begin_table(r, row, name);
	} else if (r->table != NULL && (marker[0] == '\0' || after(marker, WORKBOOK_ROW) != NULL)) {
		read_table_row(r, row);
	} else if ((name = after(marker, WORKBOOK_FIELD)) != NULL) {
		r->table = NULL;
		read_field(r, row, name);
	} else if (strcmp(marker, WORKBOOK_NAME) == 0) {
		keep_line(row, &r->out->name);
	} else if (strcmp(marker, WORKBOOK_PHONE) == 0) {
		keep_line(row, &r->out->phone);
	} else if (strcmp(marker, WORKBOOK_END) == 0) {
		r->table = NULL;
	}
	return 0;
}

/* ---- the whole -------------------------------------------------------------------------------- */

void answer_workbook_fini(struct answer_workbook *workbook)
{
	json_decref(workbook->fields);
	free(workbook->name);
	free(workbook->phone);
	*workbook = (struct answer_workbook){0};
}

static int first_problem(const struct problems *problems, size_t from, struct error *e)
{
	for (size_t i = from; i < problems->count; i++)
		if (problems->item[i].severity == PROBLEM_ERROR)
			return error_set(e, ERROR_INPUT, "%s", problems->item[i].text);
	return error_set(e, ERROR_INPUT, "%s", tr("the form cannot be read", "форма не читается"));
}

int answer_workbook_read(struct db *db, const struct ident_key *key, const void *data, size_t len,
	struct answer_workbook *out, struct problems *problems, struct error *e)
{
	const struct table_options options = {.unpacked_max = WORKBOOK_UNPACKED_MAX_BYTES};
	struct reader *r = xcalloc(1, sizeof *r);
	size_t errors = problems->errors, count = problems->count;
	*out = (struct answer_workbook){.fields = json_object()};
	*r = (struct reader){.db = db, .key = key, .out = out, .problems = problems, .e = e};
	int rc;
	if (len > WORKBOOK_MAX_BYTES)
		rc = error_set(e, ERROR_INPUT, tr("the form is larger than %d MB", "форма больше %d МБ"),
			WORKBOOK_MAX_BYTES / (1024 * 1024));
	else
		rc = table_read_bytes(data, len, NULL, &options, NULL, on_row, r, problems);
	if (len > WORKBOOK_MAX_BYTES || r->failed)
		rc = -1; /* e says why */
	else if (!r->known && problems->errors > errors)
		rc = error_set(e, ERROR_NOT_FOUND, "%s", problems->item[count].text);
	else if (!r->known)
		rc = error_set(e, ERROR_NOT_FOUND, "%s", tr("the table is empty", "таблица пустая"));
	else if (rc != 0 || problems->errors > errors)
		rc = first_problem(problems, count, e);
	fields_fini(&r->fields);
	free(r);
	if (rc != 0) {
		int64_t ask = out->ask;
		answer_workbook_fini(out);
		out->ask = ask;
	}
	return rc;
}
