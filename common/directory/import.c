#include "directory/import.h"

#include <stdlib.h>
#include <string.h>

#include "base/lang.h"
#include "base/xalloc.h"

/* A sheet may begin with a title and who approved it; the header comes within
 * this many rows. */
#define HEADER_ROWS_MAX 20

struct reading {
	struct import *import;
	struct record_parser *parser; /* NULL until the header was found */
	int rows_before;
	size_t best_cells;            /* of the row most like a header, until it is found */
	struct problems missing;
	size_t errors_told;           /* so far, to see what the reader itself added */
	struct error *e;
	bool failed;
	bool header_bad;              /* no row can be trusted: --skip-bad does not help */
};

static int take_header(struct reading *reading, const struct table_row *row)
{
	struct import *import = reading->import;
	const char *file = import->options->path;
	size_t cells = 0;
	if (columns_are_in(row)) {
		size_t errors_before = import->problems->errors;
		columns_init(&import->columns, row, file, import->problems);
		reading->header_bad = import->problems->errors > errors_before;
		if (import->options->column != NULL)
			columns_tell(&import->columns, import->options->column, import->options->arg);
		reading->parser = record_parser_new(&import->columns, file,
			import->result->facts.delimiter != 0, import->problems);
		reading->errors_told = import->problems->errors;
		return 0;
	}
	for (size_t i = 0; i < row->count; i++)
		cells += row->cell[i][0] != '\0';
	if (cells > reading->best_cells) {
		reading->best_cells = cells;
		problems_fini(&reading->missing);
		columns_report_missing(row, file, &reading->missing);
	}
	return ++reading->rows_before == HEADER_ROWS_MAX;
}

static void report_twice(struct import *import, struct record *record, size_t first, struct buf *text)
{
	const char *title = columns_title(&import->columns, import->columns.at[COLUMN_KEY]);
	(void)buf_printf(text, tr("the key «%s» stands on line %d already", "ключ «%s» уже есть в строке %d"),
		record->key, staging_line(import->staging, first));
	struct problem_place place = {
		.file = import->options->path, .line = record->line, .field = title};
	problem_add(import->problems, PROBLEM_ERROR, place, NULL, "%s", buf_str(text));
	record_spoil(record, title, NULL, buf_str(text));
}

static int on_row(void *arg, const struct table_row *row)
{
	struct reading *reading = arg;
	struct import *import = reading->import;
	if (reading->parser == NULL)
		return take_header(reading, row);
	bool foreign = import->problems->errors > reading->errors_told;
	struct record record = *record_parse(reading->parser, row, foreign);
	struct buf text;
	buf_init(&text, 1000);
	bool indexed = record.key[0] != '\0';
	size_t first = indexed ? staging_find(import->staging, record.key) : STAGING_NONE;
	if (first != STAGING_NONE) {
		report_twice(import, &record, first, &text);
		indexed = false;
	}
	if (staging_add(import->staging, &record, indexed, reading->e) != 0)
		reading->failed = true;
	buf_fini(&text);
	reading->errors_told = import->problems->errors;
	return reading->failed;
}

static void on_progress(void *arg, int64_t bytes)
{
	struct reading *reading = arg;
	const struct directory_import_options *options = reading->import->options;
	options->progress(options->arg, bytes, reading->import->result->facts.bytes);
}

static void report_no_header(struct reading *reading)
{
	struct problems *problems = reading->import->problems;
	if (reading->missing.count > 0) {
		const struct problem *p = &reading->missing.item[0];
		struct problem_place place = {.file = p->file, .line = p->line};
		problem_add(problems, PROBLEM_ERROR, place, p->hint, "%s", p->text);
	} else {
		struct problem_place place = {.file = reading->import->options->path};
		problem_add(problems, PROBLEM_ERROR, place, NULL, "%s", tr("the table is empty", "таблица пуста"));
	}
}

/* 0 when the whole sheet was read, with or without bad rows. */
static int read_sheet(struct import *import, struct error *e)
{
	const struct directory_import_options *options = import->options;
	struct reading reading = {.import = import, .e = e};
	int rc = table_read(options->path, &options->table, &import->result->facts, on_row,
		options->progress != NULL ? on_progress : NULL, &reading, import->problems);
	if (rc == 0 && reading.parser == NULL) {
		report_no_header(&reading);
		rc = -1;
	} else if (rc == 0 && !reading.failed && staging_count(import->staging) == 0) {
		struct problem_place place = {.file = options->path};
		problem_add(import->problems, PROBLEM_ERROR, place, NULL, "%s",
			tr("the table has no rows below its header", "под заголовком таблицы нет строк"));
		rc = -1;
	}
	if (reading.failed || reading.header_bad)
		rc = -1;
	record_parser_free(&reading.parser);
	problems_fini(&reading.missing);
	return rc;
}

int directory_import(struct db *db, const struct directory_import_options *options,
	struct directory_import_result *result, struct problems *problems, struct error *e)
{
	struct import import = {
		.db = db, .options = options, .result = result, .problems = problems};
	size_t errors_before = problems->errors;
	int rc = -1;
	memset(result, 0, sizeof *result);
	error_clear(e);
	if (staging_new(&import.staging, e) != 0)
		return -1;
	if (read_sheet(&import, e) != 0 || staging_seal(import.staging, e) != 0 ||
		import_check_tree(&import, e) != 0)
		goto out;
	bool refused = problems->errors > errors_before && !options->skip_bad;
	if (refused && !options->dry_run)
		goto out;
	if (import_store(&import, e) != 0 || refused)
		goto out;
	if (result->skipped > 0 && result->added + result->changed + result->unchanged == 0)
		goto out;
	rc = 0;
out:
	staging_free(&import.staging);
	columns_fini(&import.columns);
	return rc;
}
