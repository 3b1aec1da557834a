#include "report/book.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xlsxwriter.h>

#include "base/buf.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "calendar/calendar.h"

#define SHEETS_MAX 64
#define NAME_MAX_CHARACTERS 31
#define CELL_MAX_CHARACTERS 32000 /* Excel: 32,767 */
#define SHORT_MAX_BYTES 255       /* Excel shows longer cells of the format «text» as #### */
#define PAPER_A4 9

enum format { F_TITLE, F_LINE, F_HEAD, F_TEXT, F_LONG, F_WHOLE, F_DECIMAL, F_PERCENT, F_DATE, F_MOMENT, FORMATS };

struct sheet {
	struct book *book;
	lxw_worksheet *worksheet;
	size_t columns;
	uint32_t head, row, last;  /* rows: header, the one being written, last one of the filter */
	int64_t number;
	size_t next;               /* column of the row that is open */
	bool open, total, filtered;
};
struct book {
	lxw_workbook *workbook;
	lxw_format *format[2][FORMATS]; /* plain, bold */
	enum lang lang;
	char *zone;
	struct sheet sheet[SHEETS_MAX];
	size_t sheets;
	lxw_error trouble;
};

static void note(struct book *book, lxw_error error)
{
	if (error != LXW_NO_ERROR && book->trouble == LXW_NO_ERROR)
		book->trouble = error;
}

/* ---- the book -------------------------------------------------------------------------- */

static void make_format(struct book *book, enum format which, bool bold)
{
	static const char *const numbers[FORMATS] = {[F_TEXT] = "@", [F_WHOLE] = "#,##0", [F_DECIMAL] = "#,##0.0###",
		[F_PERCENT] = "0%", [F_DATE] = "dd.mm.yyyy", [F_MOMENT] = "dd.mm.yyyy hh:mm"};
	lxw_format *format = workbook_add_format(book->workbook);
	book->format[bold][which] = format;
	format_set_font_name(format, "Times New Roman");
	format_set_font_size(format, which == F_TITLE ? 14 : 11);
	format_set_align(format, LXW_ALIGN_VERTICAL_TOP);
	if (numbers[which] != NULL)
		format_set_num_format(format, numbers[which]);
	if (bold || which == F_TITLE || which == F_HEAD)
		format_set_bold(format);
	if (which == F_TITLE || which == F_LINE)
		return;
	format_set_border(format, LXW_BORDER_THIN);
	format_set_border_color(format, 0x8a929c);
	if (which == F_TEXT || which == F_LONG || which == F_HEAD)
		format_set_text_wrap(format);
	if (which == F_HEAD) {
		format_set_bg_color(format, 0xe9edf2);
		format_set_align(format, LXW_ALIGN_CENTER);
		format_set_align(format, LXW_ALIGN_VERTICAL_CENTER);
	}
}

int book_open(struct book **out, const char *path, enum lang lang, const char *zone, struct error *e)
{
	lxw_workbook_options options = {.constant_memory = LXW_TRUE, .use_zip64 = LXW_FALSE};
	struct book *book = xcalloc(1, sizeof *book);
	book->workbook = workbook_new_opt(path, &options);
	if (book->workbook == NULL) {
		free(book);
		return error_set(e, ERROR_INTERNAL, tr("cannot make the workbook %s", "не удалось создать книгу %s"), path);
	}
	book->lang = lang;
	book->zone = xstrdup(zone);
	for (int bold = 0; bold < 2; bold++)
		for (int f = 0; f < FORMATS; f++)
			make_format(book, (enum format)f, bold);
	*out = book;
	return 0;
}

int book_close(struct book **handle, struct error *e)
{
	struct book *book = *handle;
	*handle = NULL;
	if (book == NULL)
		return 0;
	lxw_error error = workbook_close(book->workbook);
	note(book, error);
	error = book->trouble;
	free(book->zone);
	free(book);
	if (error == LXW_NO_ERROR)
		return 0;
	return error_set(e, error == LXW_ERROR_CREATING_TMPFILE || error == LXW_ERROR_CREATING_XLSX_FILE ||
				error == LXW_ERROR_ZIP_FILE_OPERATION ? ERROR_FULL : ERROR_INTERNAL,
		tr("the workbook: %s", "книга Excel: %s"), lxw_strerror(error));
}

/* ---- text fit for a cell ----------------------------------------------------------------- */

/* No control characters but line breaks, valid UTF-8, at most `most` characters. The caller frees. */
static char *fit(const char *text, size_t most)
{
	char *out = xstrdup(text), *to = out;
	size_t characters = 0;
	gate_utf8_mend(out);
	for (const char *from = out; *from != '\0' && characters < most; from++) {
		unsigned char c = (unsigned char)*from;
		if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
			continue;
		characters += (c & 0xc0) != 0x80;
		if (characters == most && (c & 0xc0) != 0x80)
			break;
		*to++ = *from;
	}
	*to = '\0';
	return out;
}

/* 31 characters without those Excel forbids; a number is added to one that is taken. */
static char *sheet_name(const struct book *book, const char *wanted)
{
	char *name = fit(wanted, NAME_MAX_CHARACTERS - 4), *to = name;
	for (const char *c = name; *c != '\0'; c++) {
		bool blank = strchr(" []:*?/\\'\n\t", *c) != NULL;
		if (!blank || (to > name && to[-1] != ' '))
			*to++ = blank ? ' ' : *c;
	}
	to -= to > name && to[-1] == ' ';
	*to = '\0';
	if (name[0] == '\0') {
		free(name);
		name = xstrdup(book->lang == LANG_RU ? "Лист" : "Sheet");
	}
	if (workbook_validate_sheet_name(book->workbook, name) == LXW_NO_ERROR)
		return name;
	char *numbered = xasprintf("%s %zu", name, book->sheets + 1);
	free(name);
	return numbered;
}

/* ---- a sheet -------------------------------------------------------------------------------- */

static void make_page(struct sheet *sheet)
{
	lxw_worksheet *w = sheet->worksheet;
	worksheet_set_landscape(w);
	worksheet_set_paper(w, PAPER_A4);
	worksheet_set_margins(w, 0.5, 0.4, 0.5, 0.6);
	worksheet_fit_to_pages(w, 1, 0);
	worksheet_set_footer(w, sheet->book->lang == LANG_RU ? "&RСтр. &P из &N" : "&RPage &P of &N");
	worksheet_repeat_rows(w, sheet->head, sheet->head);
	worksheet_freeze_panes(w, sheet->head + 1, 2);
}

/* Nothing in it needs fit(): nearly every cell. */
static bool is_fit(const char *text)
{
	size_t len = 0;
	for (; text[len] != '\0'; len++)
		if ((unsigned char)text[len] < 0x20 || text[len] == 0x7f || len == SHORT_MAX_BYTES)
			return false;
	return len > 0 && gate_utf8(text, len);
}

static void text_at(struct sheet *sheet, lxw_col_t column, const char *text, enum format format, bool bold)
{
	if (is_fit(text)) {
		note(sheet->book, worksheet_write_string(sheet->worksheet, sheet->row, column, text,
					  sheet->book->format[bold][format]));
		return;
	}
	char *clean = fit(text, CELL_MAX_CHARACTERS);
	if (format == F_TEXT && strlen(clean) > SHORT_MAX_BYTES)
		format = F_LONG;
	note(sheet->book, clean[0] == '\0'
			? worksheet_write_blank(sheet->worksheet, sheet->row, column, sheet->book->format[bold][format])
			: worksheet_write_string(sheet->worksheet, sheet->row, column, clean,
				  sheet->book->format[bold][format]));
	free(clean);
}

struct sheet *book_sheet(struct book *book, const char *name, const char *const *lines,
	const struct book_column *columns, size_t count)
{
	ASSERT(book->sheets < SHEETS_MAX && count <= BOOK_COLUMNS_MAX);
	struct sheet *sheet = &book->sheet[book->sheets++];
	char *fitting = sheet_name(book, name);
	*sheet = (struct sheet){.book = book, .worksheet = workbook_add_worksheet(book->workbook, fitting), .columns = count};
	free(fitting);
	ASSERT(sheet->worksheet != NULL);
	worksheet_set_column(sheet->worksheet, 0, 0, 6, NULL);
	for (size_t i = 0; i < count; i++)
		worksheet_set_column(sheet->worksheet, (lxw_col_t)i + 1, (lxw_col_t)i + 1, columns[i].width, NULL);
	for (size_t i = 0; lines[i] != NULL; i++) {
		if (lines[i][0] != '\0')
			text_at(sheet, 0, lines[i], i == 0 ? F_TITLE : F_LINE, false);
		sheet->row++;
	}
	sheet->row++;
	sheet->head = sheet->row;
	text_at(sheet, 0, book->lang == LANG_RU ? "№ п/п" : "No.", F_HEAD, false);
	for (size_t i = 0; i < count; i++)
		text_at(sheet, (lxw_col_t)i + 1, columns[i].title, F_HEAD, false);
	sheet->last = sheet->head;
	make_page(sheet);
	return sheet;
}

/* A cell that nobody fills keeps its border: blanks up to this column, in one pass over the row. */
static void fill_up_to(struct sheet *sheet, size_t column)
{
	for (; sheet->next < column; sheet->next++)
		note(sheet->book, worksheet_write_blank(sheet->worksheet, sheet->row, (lxw_col_t)sheet->next + 1,
					  sheet->book->format[sheet->total][F_LONG]));
	sheet->next = column + 1;
}

static void begin_row(struct sheet *sheet)
{
	if (sheet->open)
		fill_up_to(sheet, sheet->columns);
	sheet->open = true;
	sheet->next = 0;
	sheet->row++;
}

void sheet_row(struct sheet *sheet)
{
	begin_row(sheet);
	sheet->last = sheet->row;
	note(sheet->book, worksheet_write_number(sheet->worksheet, sheet->row, 0, (double)++sheet->number,
				  sheet->book->format[0][F_WHOLE]));
}

/* Before anything stands below it: libxlsxwriter takes no range of rows that are on disk. */
static void set_filter(struct sheet *sheet)
{
	if (!sheet->filtered && sheet->last > sheet->head)
		note(sheet->book, worksheet_autofilter(sheet->worksheet, sheet->head, 0, sheet->last,
					  (lxw_col_t)sheet->columns));
	sheet->filtered = true;
}

void sheet_total(struct sheet *sheet, const char *title)
{
	set_filter(sheet);
	begin_row(sheet);
	sheet->total = true;
	text_at(sheet, 0, "", F_TEXT, true);
	sheet_text(sheet, 0, title);
}

void sheet_text(struct sheet *sheet, size_t column, const char *text)
{
	if (text[0] == '\0')
		return;
	fill_up_to(sheet, column);
	text_at(sheet, (lxw_col_t)column + 1, text, F_TEXT, sheet->total);
}

static void number_at(struct sheet *sheet, size_t column, double n, enum format format)
{
	if (!isfinite(n))
		return;
	fill_up_to(sheet, column);
	note(sheet->book, worksheet_write_number(sheet->worksheet, sheet->row, (lxw_col_t)column + 1, n,
				  sheet->book->format[sheet->total][format]));
}

void sheet_number(struct sheet *sheet, size_t column, double n)
{
	number_at(sheet, column, n, fabs(n - nearbyint(n)) < 1e-9 ? F_WHOLE : F_DECIMAL);
}

void sheet_percent(struct sheet *sheet, size_t column, double share)
{
	number_at(sheet, column, share, F_PERCENT);
}

void sheet_date(struct sheet *sheet, size_t column, const char *iso)
{
	struct calendar_time day;
	bool timed;
	if (calendar_parse(iso, &day, &timed, NULL) != 0 || day.year < 1900) {
		sheet_text(sheet, column, iso);
		return;
	}
	lxw_datetime when = {.year = day.year, .month = day.month, .day = day.day};
	fill_up_to(sheet, column);
	note(sheet->book, worksheet_write_datetime(sheet->worksheet, sheet->row, (lxw_col_t)column + 1, &when,
				  sheet->book->format[sheet->total][F_DATE]));
}

void sheet_moment(struct sheet *sheet, size_t column, int64_t time_ms)
{
	struct calendar_time t;
	if (time_ms == 0 || calendar_from_ms(time_ms, sheet->book->zone, &t, NULL) != 0 || t.year < 1900)
		return;
	fill_up_to(sheet, column);
	lxw_datetime when = {.year = t.year, .month = t.month, .day = t.day, .hour = t.hour, .min = t.minute};
	note(sheet->book, worksheet_write_datetime(sheet->worksheet, sheet->row, (lxw_col_t)column + 1, &when,
				  sheet->book->format[sheet->total][F_MOMENT]));
}

void sheet_end(struct sheet *sheet, const char *const *lines)
{
	if (sheet->open)
		fill_up_to(sheet, sheet->columns);
	set_filter(sheet);
	sheet->row++;
	for (size_t i = 0; lines != NULL && lines[i] != NULL; i++) {
		sheet->row++;
		if (lines[i][0] != '\0')
			text_at(sheet, 0, lines[i], F_LINE, false);
	}
}
