/* What the two files of the workbook share. */
#ifndef VESTNIK_REPORT_XLSX_INSIDE_H
#define VESTNIK_REPORT_XLSX_INSIDE_H

#include "report/book.h"
#include "report/facts.h"
#include "report/words.h"

#define LINES 5
struct xlsx {
	const struct report_facts *facts;
	struct book *book;
	const char *lines[LINES];
	char *heading, *deadline, *made;
	struct report_row *row;
};
/* Columns of one sheet. */
struct xlsx_columns {
	struct book_column item[BOOK_COLUMNS_MAX];
	size_t count;
	char *own[BOOK_COLUMNS_MAX]; /* titles made for it */
	size_t owned;
};

__attribute__((format_arg(2), format_arg(3))) static inline const char *w(
	const struct xlsx *x, const char *en, const char *ru)
{
	return word(x->facts->lang, en, ru);
}

void xlsx_column(struct xlsx_columns *c, const char *title, enum book_kind kind, int width);
/* The title is taken over. */
void xlsx_own_column(struct xlsx_columns *c, char *title, enum book_kind kind, int width);
void xlsx_columns_free(struct xlsx_columns *c);
/* «Прошлый раз: Число», «Выполнено: да». The caller frees. */
char *xlsx_slot_title(const struct report_column *c, size_t choice, const char *before);

void xlsx_summary(struct xlsx *x);
void xlsx_regions(struct xlsx *x);
void xlsx_municipalities(struct xlsx *x);

#endif
