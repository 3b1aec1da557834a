#include "answer/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer/answer.h"
#include "answer/answer_inside.h"
#include "answer/field.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "store/again.h"

#define BATCH_ROWS 300 /* of one transaction: others wait for it a tenth of a second */

struct import_row { /* strings owned */
	int line;
	char *key, *name, *phone;
	json_t *fields;
	char *trouble;  /* what is wrong with it; NULL = good */
	int64_t ask;
	enum answer_fate fate;
	char *text;
};

struct import {
	struct db *db;
	struct bus *bus;
	const struct answer_import_options *options;
	struct problems *problems;
	struct fields fields;
	bool header_read, header_bad;
	int key_column, name_column, phone_column; /* -1 = none */
	const struct field *column[TABLE_COLUMNS_MAX];
	struct import_row *row;
	size_t count, room;
	bool too_many;
};

const char *answer_fate_name(enum answer_fate fate)
{
	static const char *const names[ANSWER_FATES] = {
		"recorded", "incomplete", "differs", "repeated", "empty", "good", "bad"};
	return names[fate];
}

/* ---- titles -------------------------------------------------------------------------------- */

static const char *const key_titles[] = {"ключ", "key", "код", "инн", "ключ организации", "код организации",
	"organisation key", "organisation", NULL};
static const char *const name_titles[] = {"кто ответил", "ответил", "кто сообщил", "исполнитель", "said by", NULL};
static const char *const phone_titles[] = {"телефон", "phone", NULL};

static bool is_one_of(const char *title, const char *const *titles)
{
	for (; *titles != NULL; titles++)
		if (strcmp(title, *titles) == 0)
			return true;
	return false;
}

static const struct field *field_titled(const struct fields *fields, const char *title)
{
	for (size_t i = 0; i < fields->count; i++) {
		char *label = table_title_key(fields->item[i].label), *name = table_title_key(fields->item[i].name);
		bool same = strcmp(label, title) == 0 || strcmp(name, title) == 0;
		free(label);
		free(name);
		if (same)
			return &fields->item[i];
	}
	return NULL;
}

static void header_problem(struct import *import, int line, int column, const char *hint,
	enum problem_severity severity, const char *text)
{
	const struct problem_place place = {.file = import->options->path, .line = line, .column = column};
	problem_add(import->problems, severity, place, hint, "%s", text);
	import->header_bad = import->header_bad || severity == PROBLEM_ERROR;
}

static void take_title(struct import *import, const struct table_row *row, size_t c, const char *title)
{
	const struct field *field = field_titled(&import->fields, title);
	char text[300];
	if (title[0] == '\0')
		return;
	if (field != NULL) {
		bool twice = false;
		for (size_t i = 0; i < c; i++)
			twice = twice || import->column[i] == field;
		(void)snprintf(text, sizeof text,
			twice ? tr("two columns are «%.100s»", "два столбца «%.100s»")
			      : tr("«%.100s» is a table or a file: it does not fit into a cell",
					"«%.100s» – таблица или файл: в ячейку не помещается"),
			row->cell[c]);
		if (twice || field->type == FIELD_TABLE || field->type == FIELD_FILE)
			header_problem(import, row->line, (int)c + 1, NULL, PROBLEM_ERROR, text);
		else
			import->column[c] = field;
	} else if (import->key_column < 0 && is_one_of(title, key_titles)) {
		import->key_column = (int)c;
	} else if (import->name_column < 0 && is_one_of(title, name_titles)) {
		import->name_column = (int)c;
	} else if (import->phone_column < 0 && is_one_of(title, phone_titles)) {
		import->phone_column = (int)c;
	} else {
		(void)snprintf(text, sizeof text, tr("the column «%.100s» is not read", "столбец «%.100s» не читается"), row->cell[c]);
		header_problem(import, row->line, (int)c + 1, NULL, PROBLEM_WARNING, text);
	}
}

static void read_header(struct import *import, const struct table_row *row)
{
	bool any = false;
	import->header_read = true;
	import->key_column = import->name_column = import->phone_column = -1;
	for (size_t c = 0; c < row->count; c++) {
		char *title = table_title_key(row->cell[c]);
		take_title(import, row, c, title);
		any = any || import->column[c] != NULL;
		free(title);
	}
	if (import->key_column < 0)
		header_problem(import, row->line, 0, tr("name one «key»", "назовите его «ключ»"), PROBLEM_ERROR,
			tr("no column with the organisations' keys", "нет столбца с ключами организаций"));
	if (!any) {
		struct buf names;
		buf_init(&names, 600);
		for (size_t i = 0; i < import->fields.count; i++)
			if (buf_printf(&names, "%s«%s»", i == 0 ? "" : ", ", import->fields.item[i].label) != 0)
				break;
		header_problem(import, row->line, 0, buf_str(&names), PROBLEM_ERROR,
			tr("no column is titled as one of the fields:", "ни один столбец не назван как поле запроса:"));
		buf_fini(&names);
	}
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void spoil(struct import_row *row, char *why)
{
	if (row->trouble == NULL)
		row->trouble = why;
	else
		free(why);
}

static char *cell_copy(const struct table_row *row, int column)
{
	bool there = column >= 0 && (size_t)column < row->count && row->cell[column][0] != '\0';
	return there ? xstrdup(row->cell[column]) : NULL;
}

static void read_cells(const struct import *import, const struct table_row *source, struct import_row *row)
{
	for (size_t c = 0; c < source->count; c++) {
		const struct field *field = import->column[c];
		json_t *value = NULL;
		struct error e = {0};
		if (field == NULL)
			continue;
		if (field_parse(field, source->cell[c], &value, &e) != 0)
			spoil(row, xasprintf("«%s»: %s", field->label, e.text));
		else if (value != NULL)
			(void)json_object_set_new(row->fields, field->name, value);
	}
}

static int on_row(void *arg, const struct table_row *source)
{
	struct import *import = arg;
	if (!import->header_read) {
		read_header(import, source);
		return import->header_bad;
	}
	if (import->count == ANSWER_IMPORT_ROWS_MAX) {
		import->too_many = true;
		return 1;
	}
	if (import->count == import->room) {
		import->room = import->room == 0 ? 256 : import->room * 2;
		import->row = xrealloc(import->row, import->room, sizeof *import->row);
	}
	struct import_row *row = &import->row[import->count++];
	*row = (struct import_row){.line = source->line,
		.key = cell_copy(source, import->key_column),
		.name = cell_copy(source, import->name_column),
		.phone = cell_copy(source, import->phone_column),
		.fields = json_object()};
	if (row->key == NULL)
		spoil(row, xstrdup(tr("the row has no key", "в строке нет ключа")));
	read_cells(import, source, row);
	return 0;
}

static void import_fini(struct import *import)
{
	for (size_t i = 0; i < import->count; i++) {
		struct import_row *row = &import->row[i];
		free(row->key);
		free(row->name);
		free(row->phone);
		free(row->trouble);
		free(row->text);
		json_decref(row->fields);
	}
	free(import->row);
	fields_fini(&import->fields);
}

/* ---- against the store ----------------------------------------------------------------------- */

static int by_key(const void *a, const void *b)
{
	const struct import_row *x = *(struct import_row *const *)a, *y = *(struct import_row *const *)b;
	int order = strcmp(x->key == NULL ? "" : x->key, y->key == NULL ? "" : y->key);
	return order != 0 ? order : x->line - y->line;
}

static void find_doubles(struct import *import)
{
	struct import_row **sorted = xcalloc(import->count + 1, sizeof *sorted);
	for (size_t i = 0; i < import->count; i++)
		sorted[i] = &import->row[i];
	qsort(sorted, import->count, sizeof *sorted, by_key);
	for (size_t i = 1; i < import->count; i++)
		if (sorted[i]->key != NULL && sorted[i - 1]->key != NULL &&
			strcmp(sorted[i]->key, sorted[i - 1]->key) == 0)
			spoil(sorted[i], xasprintf(tr("the key stands in row %d, too", "ключ уже есть в строке %d"), sorted[i - 1]->line));
	free(sorted);
}

static int find_asks(struct import *import, struct error *e)
{
	const struct answer_import_options *options = import->options;
	for (size_t i = 0; i < import->count; i++) {
		struct import_row *row = &import->row[i];
		struct ask ask;
		if (row->key == NULL)
			continue;
		enum db_step step = ask_of(import->db, options->campaign, options->round_number, row->key, &ask, e);
		if (step == DB_FAILED)
			return -1;
		if (step == DB_DONE) {
			spoil(row, xstrdup(tr("this organisation was not asked, or there is none with this key",
				       "такую организацию не спрашивали, или такого ключа нет")));
			continue;
		}
		row->ask = ask.id;
		if (ask.state == ASK_WITHDRAWN)
			spoil(row, xstrdup(tr("the request was withdrawn", "запрос отозван")));
		ask_fini(&ask);
	}
	return 0;
}

static size_t tell_bad(struct import *import)
{
	size_t bad = 0;
	for (size_t i = 0; i < import->count; i++) {
		const struct import_row *row = &import->row[i];
		if (row->trouble == NULL)
			continue;
		bad++;
		const struct problem_place place = {
			.file = import->options->path, .line = row->line, .field = row->key};
		problem_add(import->problems, PROBLEM_ERROR, place, NULL, "%s", row->trouble);
	}
	return bad;
}

/* ---- storing ------------------------------------------------------------------------------------ */

static char *missing_labels(const struct import *import, const json_t *missing)
{
	struct buf out;
	buf_init(&out, 4000);
	for (size_t i = 0; i < json_array_size(missing); i++) {
		const char *name = json_string_value(json_array_get(missing, i));
		const struct field *field = fields_find(&import->fields, name);
		if (buf_printf(&out, "%s%s", i == 0 ? "" : ", ", field != NULL ? field->label : name) != 0)
			break;
	}
	return buf_take(&out);
}

static enum answer_fate fate_of(const struct answer_outcome *outcome)
{
	if (outcome->repeated)
		return ANSWER_REPEATED;
	if (outcome->differs)
		return ANSWER_DIFFERS;
	return json_array_size(outcome->missing) > 0 ? ANSWER_INCOMPLETE : ANSWER_RECORDED;
}

static int store_row(struct import *import, struct import_row *row, int64_t now_ms, struct error *e)
{
	const struct answer_new new = {.ask = row->ask,
		.way = ANSWER_IMPORT,
		.fields = row->fields,
		.name = row->name,
		.phone = row->phone,
		.actor = import->options->actor,
		.received_ms = now_ms};
	struct answer_outcome outcome;
	if (answer_record_known(import->db, import->bus, import->options->source, &import->fields, &new, &outcome,
		    e) != 0)
		return error_context(e, tr("row %d", "строка %d"), row->line);
	row->fate = fate_of(&outcome);
	free(row->text);
	row->text = missing_labels(import, outcome.missing);
	answer_outcome_fini(&outcome);
	return 0;
}

static int store_batch(struct import *import, size_t from, size_t to, int64_t now_ms, struct error *e)
{
	if (db_begin(import->db, DB_WRITE, e) != 0)
		return -1;
	int rc = 0;
	for (size_t i = from; rc == 0 && i < to; i++) {
		struct import_row *row = &import->row[i];
		if (row->trouble == NULL && json_object_size(row->fields) > 0)
			rc = store_row(import, row, now_ms, e);
	}
	if (rc == 0)
		rc = db_commit(import->db, DB_DURABLE, e);
	db_rollback(import->db);
	return rc;
}

static int store(struct import *import, struct error *e)
{
	int64_t now_ms = clock_now_ms();
	for (size_t from = 0; from < import->count; from += BATCH_ROWS) {
		size_t to = from + BATCH_ROWS < import->count ? from + BATCH_ROWS : import->count;
		struct again again = {0};
		int rc;
		do
			rc = store_batch(import, from, to, now_ms, e);
		while (rc != 0 && again_after_conflict(&again, e));
		if (rc != 0)
			return -1;
	}
	return 0;
}

static void tell_fates(struct import *import, struct answer_import_result *result)
{
	for (size_t i = 0; i < import->count; i++) {
		struct import_row *row = &import->row[i];
		if (row->trouble != NULL)
			row->fate = ANSWER_BAD;
		else if (json_object_size(row->fields) == 0)
			row->fate = ANSWER_EMPTY;
		else if (!result->stored)
			row->fate = ANSWER_GOOD;
		result->rows[row->fate]++;
		const char *text = row->trouble != NULL ? row->trouble : row->text != NULL ? row->text : "";
		if (import->options->fate != NULL)
			import->options->fate(import->options->arg, row->line, row->key != NULL ? row->key : "", row->fate, text);
	}
}

static int read_table(struct import *import)
{
	const struct answer_import_options *options = import->options;
	size_t errors = import->problems->errors;
	int rc = table_read(options->path, &options->table, NULL, on_row, NULL, import, import->problems);
	const struct problem_place place = {.file = options->path};
	if (rc == 0 && !import->header_read)
		problem_add(import->problems, PROBLEM_ERROR, place, NULL, "%s", tr("the table is empty", "таблица пустая"));
	if (import->too_many)
		problem_add(import->problems, PROBLEM_ERROR, place, tr("split it", "разделите таблицу"),
			tr("more than %d rows", "больше %d строк"), ANSWER_IMPORT_ROWS_MAX);
	return rc != 0 || import->problems->errors > errors ? -1 : 0;
}

int answer_import(struct db *db, struct bus *bus, const struct answer_import_options *options,
	struct answer_import_result *result, struct problems *problems, struct error *e)
{
	struct import *import = xcalloc(1, sizeof *import);
	*import = (struct import){.db = db, .bus = bus, .options = options, .problems = problems};
	*result = (struct answer_import_result){0};
	int rc = ask_fields(db, options->campaign, &import->fields, e);
	if (rc == 0)
		rc = read_table(import);
	if (rc == 0) {
		find_doubles(import);
		rc = find_asks(import, e);
	}
	if (rc == 0) {
		bool bad = tell_bad(import) > 0;
		if (!options->dry_run && (!bad || options->skip_bad)) {
			rc = store(import, e);
			result->stored = rc == 0;
		}
		if (rc == 0)
			tell_fates(import, result);
		if (bad && !options->skip_bad)
			rc = -1;
	}
	import_fini(import);
	free(import);
	return rc;
}
