/* CSV through libcsv. libcsv knows bytes, people know lines: the text goes to it
 * one physical line at a time, so that whatever it calls back happened on the
 * line in hand. After a whole line a row that has not ended can only be inside
 * a quoted cell, and the first such line is where that quote was opened: that
 * is the line a torn quote is reported with, however far it swallowed.
 *
 * libcsv is strict (a torn quote must not eat half a file in silence), but for
 * one thing: quotes inside a cell that does not begin with one, as in
 *     101;Школа "Радуга";school@example.org
 * are unambiguous and common in exports by hand; that byte alone is parsed
 * leniently. */
#include "table/csv_reader.h"

#include <csv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/lang.h"
#include "base/xalloc.h"
#include "table/decode.h"
#include "table/delimiter.h"

#define STRICT (CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL)
#define LENIENT (CSV_STRICT_FINI | CSV_APPEND_NULL)
/* libcsv grows its cell by this much */
#define CELL_STEP_BYTES 512

struct reader {
	struct csv_parser csv;
	struct sink *sink;
	bool failed;
	int line;            /* physical, being read */
	int column;          /* characters of it read, + 1 */
	bool after_cr;
	size_t cell;         /* cells of the row so far */
	size_t cell_bytes;   /* fed since the last cell ended */
	bool open;           /* the row goes on after a line's end: inside quotes */
	size_t open_cell;    /* which cell that is */
	int open_line;       /* where its quote was opened */
	bool touched;        /* the line in hand has more than blanks */
	bool ended;          /* a row ended on the line in hand */
	int row_line;
};

static void on_cell(void *text, size_t len, void *arg)
{
	struct reader *reader = arg;
	if (!reader->failed && sink_cell(reader->sink, reader->cell, len > 0 ? text : "", len) != 0)
		reader->failed = true;
	reader->cell++;
	reader->cell_bytes = 0;
}

static void on_row(int terminator, void *arg)
{
	struct reader *reader = arg;
	(void)terminator;
	if (!reader->failed && sink_row_end(reader->sink) != 0)
		reader->failed = true;
	reader->ended = true;
	reader->open = false;
	reader->cell = 0;
	reader->cell_bytes = 0;
}

static void report_torn(struct reader *reader, int line)
{
	reader->failed = true;
	sink_problem(reader->sink, line, 0,
		tr("a cell that begins with a quote must end with one; a quote inside it is written "
		   "twice: \"School \"\"Rainbow\"\"\"",
			"ячейка, начатая кавычкой, должна ею закончиться; кавычка внутри удваивается: "
			"\"Школа \"\"Радуга\"\"\""),
		tr("a torn quote: the quote opened on this line is not closed as it should be",
			"разорванная кавычка: кавычка, открытая в этой строке, не закрыта как положено"));
}

/* Where the quote of the cell in hand was opened. */
static int quote_line(const struct reader *reader)
{
	return reader->open && reader->open_cell == reader->cell ? reader->open_line : reader->line;
}

static void feed(struct reader *reader, const char *text, size_t len)
{
	size_t at = 0;
	while (at < len && !reader->failed) {
		at += csv_parse(&reader->csv, text + at, len - at, on_cell, on_row, reader);
		if (at >= len || reader->failed)
			break;
		if (text[at] != '"') {
			report_torn(reader, quote_line(reader));
			break;
		}
		(void)csv_set_opts(&reader->csv, LENIENT);
		at += csv_parse(&reader->csv, text + at, 1, on_cell, on_row, reader);
		(void)csv_set_opts(&reader->csv, STRICT);
	}
}

static void line_begins(struct reader *reader)
{
	if (!reader->open)
		sink_row_begin(reader->sink, reader->line);
	reader->ended = false;
	reader->touched = false;
}

static void line_ends(struct reader *reader)
{
	if (!reader->ended && (reader->touched || reader->open)) {
		if (!reader->open || reader->open_cell != reader->cell)
			reader->open_line = reader->line;
		reader->open = true;
		reader->open_cell = reader->cell;
	}
	reader->line++;
	reader->column = 1;
}

static bool is_blank(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] != ' ' && text[i] != '\t')
			return false;
	return true;
}

static int count_characters(const char *text, size_t len)
{
	int n = 0;
	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)text[i] & 0xc0) != 0x80;
	return n;
}

/* One line or a piece of one; `ends`: its line break is the last byte. */
static void take_line(struct reader *reader, const char *text, size_t len, bool ends)
{
	size_t body = ends ? len - 1 : len;
	if (reader->column == 1)
		line_begins(reader);
	if (!is_blank(text, body))
		reader->touched = true;
	reader->column += count_characters(text, body);
	reader->cell_bytes += len;
	feed(reader, text, len);
	if (!reader->failed && reader->cell_bytes > TABLE_CELL_MAX_BYTES + CELL_STEP_BYTES &&
		csv_get_buffer_size(&reader->csv) > TABLE_CELL_MAX_BYTES + CELL_STEP_BYTES) {
		if (reader->open)
			report_torn(reader, quote_line(reader));
		else
			sink_problem(reader->sink, reader->line, 0, NULL,
				tr("a cell longer than %d bytes (column %zu)",
					"ячейка длиннее %d байт (столбец %zu)"),
				TABLE_CELL_MAX_BYTES, reader->cell + 1);
		reader->failed = true;
	}
	if (ends)
		line_ends(reader);
}

/* Lines end at LF, CR LF or CR (old Macintosh). */
static void take_text(struct reader *reader, const char *text, size_t len)
{
	while (len > 0 && !reader->failed) {
		if (reader->after_cr && text[0] == '\n') {
			feed(reader, text, 1); /* belongs to the line that ended at the CR */
			text++;
			len--;
			reader->after_cr = false;
			continue;
		}
		const char *lf = memchr(text, '\n', len);
		size_t n = lf != NULL ? (size_t)(lf - text) + 1 : len;
		const char *cr = memchr(text, '\r', n);
		if (cr != NULL)
			n = (size_t)(cr - text) + 1;
		take_line(reader, text, n, lf != NULL || cr != NULL);
		reader->after_cr = cr != NULL;
		text += n;
		len -= n;
	}
}

static void finish(struct reader *reader)
{
	if (reader->failed)
		return;
	int line = quote_line(reader);
	if (csv_fini(&reader->csv, on_cell, on_row, reader) != 0 && !reader->failed)
		report_torn(reader, line);
}

static void report_bad_bytes(struct reader *reader, const struct table_facts *facts)
{
	reader->failed = true;
	sink_problem(reader->sink, reader->line, reader->column,
		tr("name the right one: --encoding utf-8, windows-1251, utf-16le, koi8-r, cp866",
			"укажите верную: --encoding utf-8, windows-1251, utf-16le, koi8-r, cp866"),
		tr("bytes that cannot stand in %s", "байты, которых в %s быть не может"), facts->encoding);
}

static void read_all(struct reader *reader, struct decoder *decoder,
	const struct table_options *options, struct table_facts *facts)
{
	const char *data;
	size_t len;
	bool first = true;
	while (!reader->failed) {
		enum decoded decoded = decoder_next(decoder, &data, &len);
		if (decoded == DECODED_BAD)
			report_bad_bytes(reader, facts);
		if (decoded != DECODED_DATA)
			break;
		if (first) {
			size_t skip = 0;
			facts->delimiter = options->delimiter != 0 ? options->delimiter
								   : delimiter_find(data, len, &skip);
			csv_set_delim(&reader->csv, (unsigned char)facts->delimiter);
			data += skip;
			len -= skip;
			reader->line += skip > 0;
			first = false;
		}
		take_text(reader, data, len);
		if (reader->sink->progress != NULL)
			reader->sink->progress(reader->sink->arg, decoder_bytes(decoder));
	}
	finish(reader);
}

static void *grow(void *p, size_t size)
{
	return xrealloc(p, size, 1);
}

int csv_read(const char *path, const struct table_options *options, struct table_facts *facts,
	struct sink *sink)
{
	struct decoder *decoder = decoder_open(path, options->encoding, facts, sink);
	if (decoder == NULL)
		return -1;
	struct reader reader = {.sink = sink, .line = 1, .column = 1};
	if (csv_init(&reader.csv, STRICT) != 0) {
		decoder_close(&decoder);
		return -1;
	}
	csv_set_realloc_func(&reader.csv, grow);
	csv_set_blk_size(&reader.csv, CELL_STEP_BYTES);
	read_all(&reader, decoder, options, facts);
	csv_free(&reader.csv);
	decoder_close(&decoder);
	return reader.failed && !sink->stopped ? -1 : 0;
}

/* "+7 (000) 000-00-00" is a phone; "+cmd|…" and "-2+3+cmd|…" are not. */
static bool runs_as_formula(const char *text)
{
	if (text[0] == '+' || text[0] == '-')
		return text[1 + strspn(text + 1, "0123456789 ()-.,")] != '\0';
	return text[0] == '=' || text[0] == '@';
}

void table_put_cell(FILE *out, const char *text, char delimiter)
{
	const char specials[] = {delimiter, '"', '\r', '\n', '\0'};
	char *guarded = runs_as_formula(text) ? xasprintf("'%s", text) : NULL;
	const char *cell = guarded != NULL ? guarded : text;
	if (cell[strcspn(cell, specials)] != '\0')
		(void)csv_fwrite(out, cell, strlen(cell));
	else
		(void)fputs(cell, out);
	free(guarded);
}
