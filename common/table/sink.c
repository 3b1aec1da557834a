#include "table/sink.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/lang.h"

/* All cells at their largest; a real row has some hundred bytes. */
#define ROW_MAX_BYTES ((size_t)TABLE_COLUMNS_MAX * (TABLE_CELL_MAX_BYTES + 1))

void sink_init(struct sink *sink)
{
	buf_init(&sink->text, ROW_MAX_BYTES);
}

void sink_fini(struct sink *sink)
{
	buf_fini(&sink->text);
}

void sink_problem(
	struct sink *sink, int line, int column, const char *hint, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	struct problem_place place = {.file = sink->file, .line = line, .column = column};
	problem_add(sink->problems, PROBLEM_ERROR, place, hint, "%s", text);
}

/* Bytes of the blank that stands at p, 0 when there is none. */
static size_t blank_at(const unsigned char *p, size_t len)
{
	static const char *const blanks[] = {
		"\xc2\xa0",     /* no-break space */
		"\xef\xbb\xbf", /* BOM */
		"\xe2\x80\x8b", /* zero-width space */
		"\xe2\x80\x87", "\xe2\x80\xaf", /* figure and narrow no-break space */
		"\xe3\x80\x80", /* ideographic space */
	};
	if (p[0] == ' ' || (p[0] >= '\t' && p[0] <= '\r'))
		return 1;
	for (size_t i = 0; i < sizeof blanks / sizeof blanks[0]; i++) {
		size_t n = strlen(blanks[i]);
		if (n <= len && memcmp(p, blanks[i], n) == 0)
			return n;
	}
	return 0;
}

const char *sink_trim(const char *text, size_t *len)
{
	size_t n;
	while (*len > 0 && (n = blank_at((const unsigned char *)text, *len)) > 0) {
		text += n;
		*len -= n;
	}
	while (*len > 0) {
		size_t back = 1;
		while (back < *len && back < 3 && ((unsigned char)text[*len - back] & 0xc0) == 0x80)
			back++;
		n = blank_at((const unsigned char *)text + *len - back, back);
		if (n != back)
			break;
		*len -= back;
	}
	return text;
}

void sink_row_begin(struct sink *sink, int line)
{
	buf_reset(&sink->text);
	memset(sink->set, 0, sink->columns * sizeof sink->set[0]);
	sink->columns = 0;
	sink->filled = false;
	sink->line = line;
}

int sink_cell(struct sink *sink, size_t column, const char *text, size_t len)
{
	text = sink_trim(text, &len);
	if (len > 0 && column >= TABLE_COLUMNS_MAX) {
		sink_problem(sink, sink->line, 0,
			tr("delete what stands to the right of the table",
				"удалите то, что стоит правее таблицы"),
			tr("more than %d columns", "больше %d столбцов"), TABLE_COLUMNS_MAX);
		return -1;
	}
	if (len > TABLE_CELL_MAX_BYTES) {
		sink_problem(sink, sink->line, 0, NULL,
			tr("a cell longer than %d bytes (column %zu)",
				"ячейка длиннее %d байт (столбец %zu)"),
			TABLE_CELL_MAX_BYTES, column + 1);
		return -1;
	}
	if (memchr(text, '\0', len) != NULL) {
		sink_problem(sink, sink->line, 0,
			tr("save the table again as CSV or XLSX",
				"сохраните таблицу ещё раз как CSV или XLSX"),
			tr("a zero byte in column %zu", "нулевой байт в столбце %zu"), column + 1);
		return -1;
	}
	if (column >= TABLE_COLUMNS_MAX)
		return 0; /* empty: formatted columns far to the right are common */
	size_t start = sink->text.len;
	if (buf_append(&sink->text, text, len) != 0 || buf_putc(&sink->text, '\0') != 0) {
		sink_problem(sink, sink->line, 0, NULL, tr("the row is too long", "строка слишком длинная"));
		return -1;
	}
	sink->start[column] = start;
	sink->set[column] = true;
	if (column >= sink->columns)
		sink->columns = column + 1;
	if (len > 0)
		sink->filled = true;
	return 0;
}

int sink_row_end(struct sink *sink)
{
	if (!sink->filled)
		return 0;
	const char *cell[TABLE_COLUMNS_MAX];
	for (size_t i = 0; i < sink->columns; i++)
		cell[i] = sink->set[i] ? sink->text.data + sink->start[i] : "";
	struct table_row row = {.line = sink->line, .count = sink->columns, .cell = cell};
	if (sink->row(sink->arg, &row) != 0) {
		sink->stopped = true;
		return -1;
	}
	return 0;
}
