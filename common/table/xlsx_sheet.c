/* Rows of one sheet. Merged cells stand after the rows in the file, so the
 * sheet is read twice: once for them, once for the cells. A merge that goes
 * down gives its value to each of its rows (people see it beside all of them);
 * a merge that goes across stays in its first column. Rows that have nothing
 * of their own stay empty. */
#include "table/xlsx.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/gate.h"
#include "base/lang.h"
#include "base/xalloc.h"

#define MERGES_MAX 1000000 /* 12 MB; one for every row Excel has */
#define COLUMN_MAX 16384   /* Excel's last, XFD */
#define REFERENCE_MAX 16   /* "XFD1048576" and more */

struct merge {
	int first_row, last_row, column;
};

struct fill {
	int last_row; /* 0: none */
	char *text;
};

struct sheet {
	struct xlsx_package *package;
	struct xlsx_part part;
	const struct xlsx_strings *strings;
	const struct xlsx_styles *styles;
	bool since_1904;
	int64_t file_bytes;
	bool failed;

	struct merge *merge;
	size_t merges, merge_next;
	struct fill fill[TABLE_COLUMNS_MAX];
	int filled_until; /* last row any fill reaches */

	bool in_rows, in_row, in_cell, in_value, in_inline, in_text, in_phonetic;
	int row;
	size_t column;    /* of the cell in hand */
	size_t next;      /* column of a cell that does not say */
	char type[16];
	char reference[REFERENCE_MAX + 1];
	uint64_t style;
	bool formula, value_given;
	struct buf value;
};

static void fail(struct sheet *sheet)
{
	sheet->failed = true;
	xlsx_part_stop(&sheet->part);
}

/* "AB12" → column 27, row 12. -1 when it is no reference. */
static int parse_reference(const char *text, size_t *column, long long *row)
{
	size_t value = 0, i = 0;
	for (; text[i] >= 'A' && text[i] <= 'Z' && i < 4; i++)
		value = value * 26 + (size_t)(text[i] - 'A' + 1);
	if (i == 0 || value > COLUMN_MAX || !gate_int64(text + i, 1, INT_MAX - 1, row))
		return -1;
	*column = value - 1;
	return 0;
}

/* ---- merged cells ------------------------------------------------------------ */

static void on_merge(void *arg, const char *name, const char **attributes)
{
	struct sheet *sheet = arg;
	if (strcmp(name, "mergeCell") != 0 || sheet->merges == MERGES_MAX)
		return;
	const char *range = xlsx_attribute(attributes, "ref");
	const char *colon = range != NULL ? strchr(range, ':') : NULL;
	char first[REFERENCE_MAX + 1];
	if (colon == NULL || (size_t)(colon - range) > REFERENCE_MAX)
		return;
	(void)snprintf(first, sizeof first, "%.*s", (int)(colon - range), range);
	size_t column, last_column;
	long long row, last_row;
	if (parse_reference(first, &column, &row) != 0 ||
		parse_reference(colon + 1, &last_column, &last_row) != 0 || last_row <= row ||
		column >= TABLE_COLUMNS_MAX)
		return;
	if ((sheet->merges & (sheet->merges - 1)) == 0)
		sheet->merge = xrealloc(sheet->merge, sheet->merges == 0 ? 1 : sheet->merges * 2,
			sizeof *sheet->merge);
	sheet->merge[sheet->merges++] = (struct merge){
		.first_row = (int)row, .last_row = (int)last_row, .column = (int)column};
}

static int compare_merges(const void *left, const void *right)
{
	const struct merge *a = left, *b = right;
	return (a->first_row > b->first_row) - (a->first_row < b->first_row);
}

/* Called when all cells of the row are there. */
static int fill_merged(struct sheet *sheet)
{
	struct sink *sink = sheet->package->sink;
	if (sheet->row <= sheet->filled_until && sink->filled)
		for (size_t i = 0; i < TABLE_COLUMNS_MAX; i++) {
			struct fill *fill = &sheet->fill[i];
			bool empty = !sink->set[i] || sink->text.data[sink->start[i]] == '\0';
			if (fill->text != NULL && sheet->row <= fill->last_row && empty &&
				sink_cell(sink, i, fill->text, strlen(fill->text)) != 0)
				return -1;
		}
	for (; sheet->merge_next < sheet->merges; sheet->merge_next++) {
		const struct merge *merge = &sheet->merge[sheet->merge_next];
		if (merge->first_row > sheet->row)
			break;
		if (merge->first_row < sheet->row || !sink->set[merge->column])
			continue;
		struct fill *fill = &sheet->fill[merge->column];
		free(fill->text);
		fill->text = xstrdup(sink->text.data + sink->start[merge->column]);
		fill->last_row = merge->last_row;
		if (fill->last_row > sheet->filled_until)
			sheet->filled_until = fill->last_row;
	}
	return 0;
}

/* ---- cells --------------------------------------------------------------------- */

static void damaged(struct sheet *sheet, const char *what)
{
	sink_problem(sheet->package->sink, sheet->row, 0,
		tr("open it in a spreadsheet program and save it again as .xlsx",
			"откройте книгу в редакторе таблиц и сохраните ещё раз как .xlsx"),
		tr("the workbook is damaged at cell %s: %s", "книга повреждена в ячейке %s: %s"),
		sheet->reference, what);
	fail(sheet);
}

static int put(struct sheet *sheet, const char *text, size_t len)
{
	if (sink_cell(sheet->package->sink, sheet->column, text, len) == 0)
		return 0;
	fail(sheet);
	return -1;
}

static void put_shared(struct sheet *sheet, const char *value)
{
	long long index;
	size_t len;
	const char *text = NULL;
	if (gate_int64(value, 0, INT_MAX, &index))
		text = xlsx_strings_get(sheet->strings, (uint64_t)index, &len);
	if (text == NULL)
		damaged(sheet, tr("its text is missing", "нет её текста"));
	else
		(void)put(sheet, text, len);
}

/* "2023-05-30T00:00:00" → "30.05.2023" */
static void put_iso_date(struct sheet *sheet, const char *value)
{
	char text[16];
	if (strlen(value) < 10 || value[4] != '-' || value[7] != '-') {
		(void)put(sheet, value, strlen(value));
		return;
	}
	(void)snprintf(text, sizeof text, "%.2s.%.2s.%.4s", value + 8, value + 5, value);
	(void)put(sheet, text, strlen(text));
}

static void cell_ends(struct sheet *sheet)
{
	const char *value = buf_str(&sheet->value);
	if (sheet->formula && !sheet->value_given) {
		sink_problem(sheet->package->sink, sheet->row, 0,
			tr("open the workbook in a spreadsheet program and save it",
				"откройте книгу в редакторе таблиц и сохраните"),
			tr("cell %s is a formula whose result is not in the file",
				"в ячейке %s формула, результата которой в файле нет"),
			sheet->reference);
		return;
	}
	if (strcmp(sheet->type, "s") == 0) {
		if (sheet->value_given)
			put_shared(sheet, value);
	} else if (strcmp(sheet->type, "inlineStr") == 0 || strcmp(sheet->type, "str") == 0) {
		size_t len = sheet->value.len == 0 ? 0 : xlsx_unescape(sheet->value.data, sheet->value.len);
		(void)put(sheet, value, len);
	} else if (strcmp(sheet->type, "b") == 0) {
		value = value[0] == '\0' ? "" : value[0] == '1' ? "TRUE" : "FALSE";
		(void)put(sheet, value, strlen(value));
	} else if (strcmp(sheet->type, "d") == 0) {
		put_iso_date(sheet, value);
	} else if (strcmp(sheet->type, "e") == 0) {
		(void)put(sheet, value, strlen(value));
	} else if (sheet->value.len > 0) {
		char number[XLSX_NUMBER_SIZE];
		xlsx_number(value, xlsx_styles_get(sheet->styles, sheet->style), sheet->since_1904, number);
		(void)put(sheet, number, strlen(number));
	}
}

static void row_begins(struct sheet *sheet, const char **attributes)
{
	const char *number = xlsx_attribute(attributes, "r");
	long long row;
	if (number != NULL && gate_int64(number, 1, INT_MAX - 1, &row))
		sheet->row = (int)row;
	else if (sheet->row < INT_MAX - 1)
		sheet->row++;
	sheet->next = 0;
	sheet->in_row = true;
	sink_row_begin(sheet->package->sink, sheet->row);
}

static void cell_begins(struct sheet *sheet, const char **attributes)
{
	const char *reference = xlsx_attribute(attributes, "r");
	const char *type = xlsx_attribute(attributes, "t");
	const char *style = xlsx_attribute(attributes, "s");
	long long number;
	sheet->column = sheet->next;
	if (reference != NULL && parse_reference(reference, &sheet->column, &number) != 0)
		sheet->column = sheet->next;
	sheet->next = sheet->column + 1;
	(void)snprintf(sheet->reference, sizeof sheet->reference, "%s", reference != NULL ? reference : "?");
	(void)snprintf(sheet->type, sizeof sheet->type, "%s", type != NULL ? type : "n");
	sheet->style = style != NULL && gate_int64(style, 0, INT_MAX, &number) ? (uint64_t)number : 0;
	sheet->formula = false;
	sheet->value_given = false;
	sheet->in_cell = true;
	buf_reset(&sheet->value);
}

static void on_start(void *arg, const char *name, const char **attributes)
{
	struct sheet *sheet = arg;
	if (strcmp(name, "sheetData") == 0) {
		sheet->in_rows = true;
	} else if (sheet->in_rows && strcmp(name, "row") == 0) {
		row_begins(sheet, attributes);
	} else if (sheet->in_row && strcmp(name, "c") == 0) {
		cell_begins(sheet, attributes);
	} else if (!sheet->in_cell) {
		return;
	} else if (strcmp(name, "v") == 0) {
		sheet->in_value = true;
		sheet->value_given = true;
	} else if (strcmp(name, "f") == 0) {
		sheet->formula = true;
	} else if (strcmp(name, "is") == 0) {
		sheet->in_inline = true;
		sheet->value_given = true;
	} else if (strcmp(name, "rPh") == 0) {
		sheet->in_phonetic = true;
	} else if (strcmp(name, "t") == 0) {
		sheet->in_text = sheet->in_inline && !sheet->in_phonetic;
	}
}

static void on_end(void *arg, const char *name)
{
	struct sheet *sheet = arg;
	if (strcmp(name, "v") == 0) {
		sheet->in_value = false;
	} else if (strcmp(name, "t") == 0) {
		sheet->in_text = false;
	} else if (strcmp(name, "is") == 0) {
		sheet->in_inline = false;
	} else if (strcmp(name, "rPh") == 0) {
		sheet->in_phonetic = false;
	} else if (sheet->in_cell && strcmp(name, "c") == 0) {
		sheet->in_cell = false;
		cell_ends(sheet);
	} else if (sheet->in_row && strcmp(name, "row") == 0) {
		sheet->in_row = false;
		if (fill_merged(sheet) != 0 || sink_row_end(sheet->package->sink) != 0)
			fail(sheet);
	} else if (strcmp(name, "sheetData") == 0) {
		sheet->in_rows = false;
	}
}

static void on_text(void *arg, const char *text, int len)
{
	struct sheet *sheet = arg;
	if ((sheet->in_value || sheet->in_text) && buf_append(&sheet->value, text, (size_t)len) != 0)
		damaged(sheet, tr("it is too long", "она слишком длинная"));
}

static void on_progress(void *arg, int64_t done, int64_t total)
{
	struct sheet *sheet = arg;
	struct sink *sink = sheet->package->sink;
	if (sink->progress != NULL && total > 0 && done <= total)
		sink->progress(sink->arg,
			(int64_t)((double)sheet->file_bytes * (double)done / (double)total));
}

static int read_merges(struct sheet *sheet, const char *name)
{
	struct xlsx_part part = {.start = on_merge, .arg = sheet};
	int64_t before = sheet->package->unpacked;
	if (xlsx_part_read(sheet->package, name, &part) == XLSX_FAILED)
		return -1;
	sheet->package->unpacked = before; /* the same bytes come once more */
	if (sheet->merges > 1)
		qsort(sheet->merge, sheet->merges, sizeof *sheet->merge, compare_merges);
	return 0;
}

static int read_rows(struct sheet *sheet, const char *name)
{
	struct sink *sink = sheet->package->sink;
	switch (xlsx_part_read(sheet->package, name, &sheet->part)) {
	case XLSX_READ:
		return 0;
	case XLSX_MISSING:
		sink_problem(sink, 0, 0,
			tr("open it in a spreadsheet program and save it again as .xlsx",
				"откройте книгу в редакторе таблиц и сохраните ещё раз как .xlsx"),
			tr("the workbook is damaged: the sheet (%s) is missing",
				"книга повреждена: нет самого листа (%s)"),
			name);
		break;
	case XLSX_FAILED:
		break;
	}
	return sink->stopped ? 0 : -1;
}

int xlsx_sheet_read(struct xlsx_package *package, const char *name,
	const struct xlsx_strings *strings, const struct xlsx_styles *styles, bool since_1904,
	int64_t file_bytes)
{
	struct sheet *sheet = xcalloc(1, sizeof *sheet);
	sheet->package = package;
	sheet->strings = strings;
	sheet->styles = styles;
	sheet->since_1904 = since_1904;
	sheet->file_bytes = file_bytes;
	sheet->part = (struct xlsx_part){.start = on_start,
		.end = on_end,
		.text = on_text,
		.progress = on_progress,
		.arg = sheet};
	buf_init(&sheet->value, (size_t)2 * TABLE_CELL_MAX_BYTES); /* escapes shrink */
	int rc = read_merges(sheet, name);
	if (rc == 0)
		rc = read_rows(sheet, name);
	for (size_t i = 0; i < TABLE_COLUMNS_MAX; i++)
		free(sheet->fill[i].text);
	buf_fini(&sheet->value);
	free(sheet->merge);
	free(sheet);
	return rc;
}
