#include "table/docx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/gate.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "table/xlsx.h"

#define PATH_MAX_BYTES 256
#define DOCUMENT_USUAL "word/document.xml"
#define ENTRIES_MAX 1000 /* a document with many pictures has some hundred */

enum merge { MERGE_NONE, MERGE_FIRST, MERGE_GOES_ON };

struct reader {
	struct sink *sink;
	struct xlsx_part part;
	int (*row_done)(void *arg, const struct docx_row *row);
	void *arg;
	bool stopped, failed;

	int depth;          /* of open elements */
	int skip;           /* depth of the element whose inside is not read; 0 = none */
	int tables;         /* open ones: 1 = a table of the document, more = inside a cell */
	bool in_row_properties, in_cell, in_run, in_text, hidden;

	int table, row;     /* numbers for people */
	bool header, deleted;
	size_t column, columns;

	size_t span;
	enum merge down, across;
	struct buf text;    /* of the cell in hand */
	struct buf cell[DOCX_COLUMNS_MAX];
	struct docx_cell out[DOCX_COLUMNS_MAX];
	char *above[DOCX_COLUMNS_MAX]; /* text of a cell that goes on down; NULL = none */
};

/* ---- text ----------------------------------------------------------------------- */

static void fail(struct reader *r)
{
	r->failed = true;
	xlsx_part_stop(&r->part);
}

static void append(struct reader *r, const char *text, size_t len)
{
	if (buf_append(&r->text, text, len) == 0)
		return;
	sink_problem(r->sink, 0, 0, NULL,
		tr("table %d, row %d: a cell longer than %d bytes", "таблица %d, строка %d: ячейка длиннее %d байт"),
		r->table, r->row + 1, TABLE_CELL_MAX_BYTES);
	fail(r);
}

/* Ends of words and paragraphs: one sign, the stronger one. */
static void append_break(struct reader *r, char sign)
{
	while (r->text.len > 0 && r->text.data[r->text.len - 1] == ' ') {
		r->text.len--;
		buf_terminate(&r->text);
	}
	if (r->text.len > 0 && r->text.data[r->text.len - 1] != '\n')
		append(r, &sign, 1);
}

static bool reading_text(const struct reader *r)
{
	return r->in_cell && r->skip == 0 && !r->hidden;
}

static void on_text(void *arg, const char *text, int len)
{
	struct reader *r = arg;
	if (!r->in_text || !reading_text(r))
		return;
	for (int i = 0, from = 0; i <= len; i++) {
		bool blank = i < len && (text[i] == ' ' || text[i] == '\t' || text[i] == '\n' || text[i] == '\r');
		if (i < len && !blank)
			continue;
		if (i > from)
			append(r, text + from, (size_t)(i - from));
		if (blank && r->text.len > 0 && r->text.data[r->text.len - 1] != ' ' &&
			r->text.data[r->text.len - 1] != '\n')
			append(r, " ", 1);
		from = i + 1;
	}
}

/* ---- rows and cells -------------------------------------------------------------- */

static void above_clear(struct reader *r)
{
	for (size_t i = 0; i < DOCX_COLUMNS_MAX; i++) {
		free(r->above[i]);
		r->above[i] = NULL;
	}
}

static void row_begin(struct reader *r)
{
	r->header = r->deleted = false;
	r->column = r->columns = 0;
	for (size_t i = 0; i < DOCX_COLUMNS_MAX; i++) {
		buf_reset(&r->cell[i]);
		r->out[i] = (struct docx_cell){.text = ""};
	}
}

static void cell_begin(struct reader *r)
{
	r->in_cell = true;
	r->hidden = false;
	r->span = 1;
	r->down = r->across = MERGE_NONE;
	buf_reset(&r->text);
}

static void cell_text(struct reader *r, size_t column)
{
	const char *text = buf_str(&r->text);
	size_t len = r->text.len;
	text = sink_trim(text, &len);
	if (r->down == MERGE_GOES_ON && len == 0 && r->above[column] != NULL) {
		text = r->above[column];
		len = strlen(text);
		r->out[column].down = true;
	}
	(void)buf_append(&r->cell[column], text, len);
	char *kept = r->down != MERGE_NONE ? xstrndup(text, len) : NULL;
	free(r->above[column]);
	r->above[column] = kept;
}

static void cell_end(struct reader *r)
{
	r->in_cell = false;
	if (r->column + r->span > DOCX_COLUMNS_MAX) {
		sink_problem(r->sink, 0, 0, NULL,
			tr("table %d, row %d: more than %d columns", "таблица %d, строка %d: больше %d столбцов"), r->table,
			r->row + 1, DOCX_COLUMNS_MAX);
		fail(r);
		return;
	}
	if (r->across == MERGE_GOES_ON)
		r->out[r->column].across = true;
	else
		cell_text(r, r->column);
	for (size_t i = 1; i < r->span; i++) {
		r->out[r->column + i].across = true;
		free(r->above[r->column + i]);
		r->above[r->column + i] = NULL;
	}
	r->column += r->span;
}

static void row_end(struct reader *r)
{
	if (r->deleted || r->column == 0)
		return;
	r->row++;
	for (size_t i = 0; i < r->column; i++)
		r->out[i].text = buf_str(&r->cell[i]);
	struct docx_row row = {.table = r->table, .row = r->row, .count = r->column, .cell = r->out,
		.header = r->header};
	if (r->row_done(r->arg, &row) != 0) {
		r->stopped = true;
		xlsx_part_stop(&r->part);
	}
}

/* ---- elements --------------------------------------------------------------------- */

static const char *value_of(const char **attributes)
{
	for (; attributes[0] != NULL; attributes += 2) { /* the prefix is usually w */
		const char *colon = strchr(attributes[0], ':');
		if (strcmp(colon != NULL ? colon + 1 : attributes[0], "val") == 0)
			return attributes[1];
	}
	return NULL;
}

static bool switched_on(const char **attributes)
{
	const char *value = value_of(attributes);
	return value == NULL ||
		(strcmp(value, "0") != 0 && strcmp(value, "false") != 0 && strcmp(value, "off") != 0);
}

static enum merge merge_of(const char **attributes)
{
	const char *value = value_of(attributes);
	return value != NULL && strcmp(value, "restart") == 0 ? MERGE_FIRST : MERGE_GOES_ON;
}

static size_t count_of(const char **attributes, long long least)
{
	const char *value = value_of(attributes);
	long long count;
	/* more than a table has columns is reported where the cell ends */
	return value != NULL && gate_int64(value, least, 1000000, &count) ? (size_t)count : (size_t)least;
}

/* Elements whose inside nobody sees on paper, or sees a second time. */
static bool skipped(const struct reader *r, const char *name)
{
	static const char *const names[] = {"del", "moveFrom", "Fallback", "drawing", "pict", "object",
		"txbxContent", "instrText", "delText"};
	if (r->in_row_properties)
		return false;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static void start_in_row(struct reader *r, const char *name, const char **attributes)
{
	if (strcmp(name, "trPr") == 0)
		r->in_row_properties = true;
	else if (r->in_row_properties && strcmp(name, "tblHeader") == 0)
		r->header = switched_on(attributes);
	else if (r->in_row_properties && (strcmp(name, "del") == 0 || strcmp(name, "moveFrom") == 0))
		r->deleted = true;
	else if (r->in_row_properties && strcmp(name, "gridBefore") == 0)
		r->column = count_of(attributes, 0) < DOCX_COLUMNS_MAX ? count_of(attributes, 0) : DOCX_COLUMNS_MAX - 1;
	else if (strcmp(name, "tc") == 0)
		cell_begin(r);
	else if (r->in_cell && strcmp(name, "gridSpan") == 0)
		r->span = count_of(attributes, 1);
	else if (r->in_cell && strcmp(name, "vMerge") == 0)
		r->down = merge_of(attributes);
	else if (r->in_cell && strcmp(name, "hMerge") == 0)
		r->across = merge_of(attributes);
}

static void start_text(struct reader *r, const char *name, const char **attributes)
{
	if (strcmp(name, "r") == 0) {
		r->in_run = true;
		r->hidden = false;
	} else if (strcmp(name, "vanish") == 0 && r->in_run) {
		r->hidden = switched_on(attributes);
	} else if (strcmp(name, "t") == 0) {
		r->in_text = true;
	} else if (!reading_text(r)) {
		return;
	} else if (strcmp(name, "tab") == 0 && r->in_run) {
		append_break(r, ' ');
	} else if ((strcmp(name, "br") == 0 || strcmp(name, "cr") == 0) && r->in_run) {
		append_break(r, '\n');
	} else if (strcmp(name, "noBreakHyphen") == 0) {
		append(r, "-", 1);
	}
}

static void on_start(void *arg, const char *name, const char **attributes)
{
	struct reader *r = arg;
	r->depth++;
	if (r->skip > 0)
		return;
	if (skipped(r, name)) {
		r->skip = r->depth;
	} else if (strcmp(name, "tbl") == 0) {
		if (r->tables++ == 0) {
			r->table++;
			r->row = 0;
			above_clear(r);
		}
	} else if (r->tables == 1 && strcmp(name, "tr") == 0) {
		row_begin(r);
	} else {
		if (r->tables == 1)
			start_in_row(r, name, attributes);
		if (r->in_cell)
			start_text(r, name, attributes);
	}
}

static void on_end(void *arg, const char *name)
{
	struct reader *r = arg;
	int depth = r->depth--;
	if (r->skip > 0) {
		if (depth == r->skip)
			r->skip = 0;
		return;
	}
	if (strcmp(name, "tbl") == 0 && r->tables > 0)
		r->tables--;
	else if (strcmp(name, "trPr") == 0)
		r->in_row_properties = false;
	else if (strcmp(name, "t") == 0)
		r->in_text = false;
	else if (strcmp(name, "r") == 0)
		r->in_run = r->hidden = false;
	else if (strcmp(name, "p") == 0 && r->in_cell)
		append_break(r, '\n');
	else if (strcmp(name, "tc") == 0 && r->tables == 1 && r->in_cell)
		cell_end(r);
	else if (strcmp(name, "tr") == 0 && r->tables == 1 && !r->failed)
		row_end(r);
}

/* ---- the package ------------------------------------------------------------------ */

struct relation {
	char target[PATH_MAX_BYTES];
};

static void on_relation(void *arg, const char *name, const char **attributes)
{
	struct relation *found = arg;
	const char *type = xlsx_attribute(attributes, "Type"), *target = xlsx_attribute(attributes, "Target");
	size_t len = type != NULL ? strlen(type) : 0;
	static const char wanted[] = "/officeDocument";
	if (strcmp(name, "Relationship") != 0 || target == NULL || len < sizeof wanted - 1 ||
		strcmp(type + len - (sizeof wanted - 1), wanted) != 0)
		return;
	if (*target == '/')
		target++;
	if (strlen(target) < sizeof found->target)
		(void)snprintf(found->target, sizeof found->target, "%s", target);
}

static int read_document(struct xlsx_package *package, struct reader *r)
{
	struct relation document = {.target = ""};
	struct xlsx_part relations = {.start = on_relation, .arg = &document};
	if (xlsx_part_read(package, "_rels/.rels", &relations) == XLSX_FAILED)
		return -1;
	if (document.target[0] == '\0')
		(void)snprintf(document.target, sizeof document.target, DOCUMENT_USUAL);
	r->part = (struct xlsx_part){.start = on_start, .end = on_end, .text = on_text, .arg = r};
	enum xlsx_found found = xlsx_part_read(package, document.target, &r->part);
	if (found == XLSX_MISSING)
		sink_problem(package->sink, 0, 0,
			tr("open it in a word processor and save it again as .docx",
				"откройте документ в текстовом редакторе и сохраните ещё раз как .docx"), "%s",
			tr("there is no document inside", "внутри нет документа"));
	return found == XLSX_READ || r->stopped ? 0 : -1;
}

static void reader_init(struct reader *r, struct sink *sink)
{
	r->sink = sink;
	buf_init(&r->text, TABLE_CELL_MAX_BYTES);
	for (size_t i = 0; i < DOCX_COLUMNS_MAX; i++)
		buf_init(&r->cell[i], TABLE_CELL_MAX_BYTES);
}

static void reader_fini(struct reader *r)
{
	above_clear(r);
	buf_fini(&r->text);
	for (size_t i = 0; i < DOCX_COLUMNS_MAX; i++)
		buf_fini(&r->cell[i]);
}

bool docx_is(const char *path)
{
	int code;
	zip_t *zip = zip_open(path, ZIP_RDONLY, &code);
	if (zip == NULL)
		return false;
	bool found = false;
	/* Word itself names the document word/document2.xml now and then. */
	zip_int64_t count = zip_get_num_entries(zip, 0);
	for (zip_int64_t i = 0; i < count && i < ENTRIES_MAX && !found; i++) {
		const char *name = zip_get_name(zip, (zip_uint64_t)i, 0);
		found = name != NULL && strncmp(name, "word/", 5) == 0;
	}
	zip_discard(zip);
	return found;
}

int docx_read(const char *path, int (*row)(void *arg, const struct docx_row *row), void *arg,
	struct problems *problems)
{
	struct sink sink = {.file = path, .problems = problems};
	struct xlsx_package package = {
		.sink = &sink, .unpacked_max = DOCX_UNPACKED_MAX_BYTES, .document = true};
	int code = 0, rc = -1;
	package.zip = zip_open(path, ZIP_RDONLY | ZIP_CHECKCONS, &code);
	if (package.zip == NULL) {
		zip_error_t error;
		zip_error_init_with_code(&error, code);
		sink_problem(&sink, 0, 0,
			tr("open it in a word processor and save it again as .docx",
				"откройте документ в текстовом редакторе и сохраните ещё раз как .docx"),
			tr("the document is damaged: %s", "документ повреждён: %s"), zip_error_strerror(&error));
		zip_error_fini(&error);
		return -1;
	}
	struct reader *r = xcalloc(1, sizeof *r);
	reader_init(r, &sink);
	r->row_done = row;
	r->arg = arg;
	rc = read_document(&package, r);
	reader_fini(r);
	free(r);
	zip_discard(package.zip);
	return rc;
}
