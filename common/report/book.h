/* A workbook as secretaries print it (libxlsxwriter's home): A4 landscape, a
 * numbered list under a header row that is repeated on every page, frozen and
 * filtered; numbers as numbers, dates as dates, everything else as text that is
 * never a formula. Rows go to disk as they are written. */
#ifndef VESTNIK_REPORT_BOOK_H
#define VESTNIK_REPORT_BOOK_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/lang.h"

enum book_kind { BOOK_TEXT, BOOK_NUMBER, BOOK_PERCENT, BOOK_DATE, BOOK_MOMENT };
#define BOOK_COLUMNS_MAX 200
struct book_column {
	const char *title;  /* copied */
	enum book_kind kind;
	int width;          /* characters of the standard font */
};

struct book;
struct sheet;

/* ERROR_INTERNAL when the file cannot be made. zone: of moments. */
int book_open(struct book **out, const char *path, enum lang lang, const char *zone, struct error *e);
/* Writes the file. ERROR_FULL. The book is gone either way. */
int book_close(struct book **book, struct error *e);

/* The name is made fit for a sheet: 31 characters, none of []:*?/\, unique. lines: above the table,
 * the first bold; NULL ends them. The first column, «№ п/п», is made by itself. */
struct sheet *book_sheet(struct book *book, const char *name, const char *const *lines,
	const struct book_column *columns, size_t count);
/* The next row; its number in the first column. */
void sheet_row(struct sheet *sheet);
/* «Итого», bold, without a number, outside the filter; nothing but totals follows. */
void sheet_total(struct sheet *sheet, const char *title);
/* Cells of a row from left to right. column: from 0, of those given to book_sheet. "" leaves it empty. */
void sheet_text(struct sheet *sheet, size_t column, const char *text);
void sheet_number(struct sheet *sheet, size_t column, double n);
/* share 0 to 1 */
void sheet_percent(struct sheet *sheet, size_t column, double share);
/* "2023-05-30", else text */
void sheet_date(struct sheet *sheet, size_t column, const char *iso);
/* 0 leaves it empty. */
void sheet_moment(struct sheet *sheet, size_t column, int64_t time_ms);
/* Sets the filter. Lines below the table (NULL ends them; may be NULL). */
void sheet_end(struct sheet *sheet, const char *const *lines);

#endif
