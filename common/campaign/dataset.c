#include "campaign/dataset.h"

#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "table/table.h"

struct reading {
	const char *shown;
	const struct dataset_options *options;
	struct problems *problems;
	struct dataset *out;
	size_t cap;
	char **field; /* by the sheet's column; NULL for the key's and for columns without a title
		       */
	size_t width;
	size_t key_column;
	int header_line; /* 0 = not seen yet */
};

char *dataset_field_name(const char *title)
{
	char *name = table_title_key(title);
	for (char *p = name; *p != '\0'; p++)
		if (*p == ' ' || *p == '.')
			*p = '_';
	return name;
}

static struct problem_place at_line(const struct reading *r, int line, const char *field)
{
	return (struct problem_place){.file = r->shown, .line = line, .field = field};
}

static bool is_key_title(const struct reading *r, const char *name)
{
	static const char *const names[][12] = {
		[BY_KEY] = {"key", "ключ", "код", "code", "id", "инн", "inn", "код_организации", "код_оо"},
		[BY_REGION] = {"region", "регион", "субъект", "субъект_рф", "key", "ключ"},
		[BY_MUNICIPALITY] = {"municipality", "муниципалитет", "муниципальное_образование",
			"район", "key", "ключ"}};
	if (r->options->key != NULL) {
		char *wanted = dataset_field_name(r->options->key);
		bool same = strcmp(wanted, name) == 0;
		free(wanted);
		return same;
	}
	for (size_t i = 0; names[r->options->by][i] != NULL; i++)
		if (strcmp(names[r->options->by][i], name) == 0)
			return true;
	return false;
}

static void add_column(struct reading *r, size_t column, char *name, int line)
{
	for (size_t i = 0; i < column; i++)
		if (r->field[i] != NULL && strcmp(r->field[i], name) == 0) {
			problem_add(r->problems, PROBLEM_ERROR, at_line(r, line, name), NULL,
				tr("columns %zu and %zu have the same name",
					"столбцы %zu и %zu называются одинаково"),
				i + 1, column + 1);
			free(name);
			return;
		}
	r->field[column] = name;
	r->out->column[r->out->columns++] = xstrdup(name);
}

static int read_header(struct reading *r, const struct table_row *row)
{
	r->header_line = row->line;
	r->width = row->count;
	r->field = xcalloc(row->count + 1, sizeof *r->field);
	r->out->column = xcalloc(row->count + 1, sizeof *r->out->column);
	r->key_column = SIZE_MAX;
	size_t before = r->problems->errors;
	for (size_t i = 0; i < row->count; i++) {
		char *name = dataset_field_name(row->cell[i]);
		if (is_key_title(r, name) && r->key_column == SIZE_MAX) {
			r->key_column = i;
			free(name);
		} else if (name[0] == '\0' || r->options->keys_only) {
			free(name);
		} else {
			add_column(r, i, name, row->line);
		}
	}
	if (r->key_column == SIZE_MAX && r->options->keys_only && row->count == 1) {
		/* A bare list of keys needs no title: this line is the first key. */
		r->key_column = 0;
		return 1;
	}
	if (r->key_column == SIZE_MAX)
		problem_add(r->problems, PROBLEM_ERROR, at_line(r, row->line, NULL),
			r->options->key != NULL
				? NULL
				: tr("name it «key» or say which: key: «ИНН»",
					  "назовите его «ключ» или укажите какой: key: «ИНН»"),
			tr("no column with the recipients' keys%s%s",
				"нет столбца с ключами адресатов%s%s"),
			r->options->key == NULL ? "" : ": ",
			r->options->key == NULL ? "" : r->options->key);
	return r->problems->errors > before ? -1 : 0;
}

static char *row_fields(struct reading *r, const struct table_row *row)
{
	json_t *object = json_object();
	size_t bytes = 0;
	for (size_t i = 0; i < r->width; i++) {
		if (r->field[i] == NULL)
			continue;
		/* Every column is there, be it empty: «no value» and «no row» are different things.
		 */
		const char *cell = i < row->count ? row->cell[i] : "";
		bytes += strlen(cell);
		json_object_set_new_nocheck(object, r->field[i], json_string(cell));
	}
	char *text = bytes > DATASET_FIELDS_MAX_BYTES ? NULL : json_dumps(object, JSON_COMPACT);
	json_decref(object);
	if (text == NULL)
		problem_add(r->problems, PROBLEM_ERROR, at_line(r, row->line, NULL), NULL,
			tr("more than %d KiB in one row", "в одной строке больше %d КиБ"),
			DATASET_FIELDS_MAX_BYTES / 1024);
	return text;
}

static int read_row(void *arg, const struct table_row *row)
{
	struct reading *r = arg;
	if (r->header_line == 0) {
		int rc = read_header(r, row);
		if (rc <= 0)
			return rc;
	}
	const char *key = r->key_column < row->count ? row->cell[r->key_column] : "";
	if (key[0] == '\0') {
		problem_add(r->problems, PROBLEM_ERROR, at_line(r, row->line, NULL), NULL, "%s",
			tr("the recipient's key is empty", "пустой ключ адресата"));
		return 0;
	}
	if (r->out->count == DATASET_ROWS_MAX) {
		problem_add(r->problems, PROBLEM_ERROR, at_line(r, row->line, NULL), NULL,
			tr("more than %d rows", "больше %d строк"), DATASET_ROWS_MAX);
		return -1;
	}
	char *fields = r->options->keys_only ? xstrdup("{}") : row_fields(r, row);
	if (fields == NULL)
		return 0;
	if (r->out->count == r->cap) {
		r->cap = r->cap == 0 ? 64 : r->cap * 2;
		r->out->row = xrealloc(r->out->row, r->cap, sizeof *r->out->row);
	}
	r->out->row[r->out->count++] =
		(struct dataset_row){.key = xstrdup(key), .fields = fields, .line = row->line};
	return 0;
}

static int by_key(const void *a, const void *b)
{
	const struct dataset_row *x = a, *y = b;
	int order = strcmp(x->key, y->key);
	return order != 0 ? order : (x->line > y->line) - (x->line < y->line);
}

static void refuse_doubles(struct reading *r)
{
	for (size_t i = 1; i < r->out->count; i++) {
		const struct dataset_row *a = &r->out->row[i - 1], *b = &r->out->row[i];
		if (strcmp(a->key, b->key) == 0)
			problem_add(r->problems,
				r->options->keys_only ? PROBLEM_WARNING : PROBLEM_ERROR,
				at_line(r, b->line, NULL), NULL,
				tr("the key «%.64s» stands here a second time; the first is at "
				   "line %d",
					"ключ «%.64s» здесь второй раз; первый — в строке %d"),
				b->key, a->line);
	}
}

static void drop_doubles(struct dataset *dataset)
{
	size_t kept = dataset->count == 0 ? 0 : 1;
	for (size_t i = 1; i < dataset->count; i++) {
		if (strcmp(dataset->row[kept - 1].key, dataset->row[i].key) != 0) {
			dataset->row[kept++] = dataset->row[i];
		} else {
			free(dataset->row[i].key);
			free(dataset->row[i].fields);
		}
	}
	dataset->count = kept;
}

struct dataset *dataset_read(const char *path, const char *shown,
	const struct dataset_options *options, struct problems *problems)
{
	size_t before = problems->errors;
	struct dataset *dataset = xcalloc(1, sizeof *dataset);
	dataset->file = xstrdup(shown);
	struct reading r = {
		.shown = shown, .options = options, .problems = problems, .out = dataset};
	struct table_options table = {.encoding = options->encoding, .sheet = options->sheet};
	struct table_facts facts;
	/* table_read names the file by its path; people named it otherwise. */
	struct problems own = {0};
	(void)table_read(path, &table, &facts, read_row, NULL, &r, &own);
	for (size_t i = 0; i < own.count; i++)
		problem_add(problems, own.item[i].severity,
			(struct problem_place){.file = shown,
				.line = own.item[i].line,
				.column = own.item[i].column,
				.field = own.item[i].field},
			own.item[i].hint, "%s", own.item[i].text);
	problems_fini(&own);
	if (problems->errors == before && dataset->count == 0)
		problem_add(problems, PROBLEM_ERROR, at_line(&r, 0, NULL), NULL, "%s",
			tr("there are no rows in the table", "в таблице нет строк"));
	if (dataset->count > 1)
		qsort(dataset->row, dataset->count, sizeof *dataset->row, by_key);
	refuse_doubles(&r);
	drop_doubles(dataset);
	for (size_t i = 0; i < r.width; i++)
		free(r.field[i]);
	free(r.field);
	if (problems->errors > before)
		dataset_free(&dataset);
	return dataset;
}

void dataset_free(struct dataset **dataset)
{
	struct dataset *d = *dataset;
	*dataset = NULL;
	if (d == NULL)
		return;
	for (size_t i = 0; i < d->count; i++) {
		free(d->row[i].key);
		free(d->row[i].fields);
	}
	for (size_t i = 0; i < d->columns; i++)
		free(d->column[i]);
	free(d->row);
	free(d->column);
	free(d->file);
	free(d);
}

const struct dataset_row *dataset_find(const struct dataset *dataset, const char *key)
{
	size_t low = 0, high = dataset->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(key, dataset->row[middle].key);
		if (order == 0)
			return &dataset->row[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}
