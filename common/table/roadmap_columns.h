/* Which column of a plan is which; for roadmap*.c only. */
#ifndef VESTNIK_TABLE_ROADMAP_COLUMNS_H
#define VESTNIK_TABLE_ROADMAP_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#include "table/docx.h"

enum roadmap_field {
	FIELD_NUMBER, FIELD_SECTION, FIELD_TITLE, FIELD_RESULT, FIELD_TERM, FIELD_TERM_END, FIELD_RESPONSIBLE,
	FIELDS
};

struct roadmap_columns {
	int at[FIELDS];      /* column from 0, -1 = none */
	size_t count;        /* columns of the table the header was in */
	bool first_is_open;  /* the first column has no title: a number or a section */
};

/* The field a column title names, FIELDS when none we know. */
enum roadmap_field roadmap_field_of(const char *title);
/* true when the row is a header: it has an action and a term column. */
bool roadmap_columns_read(const struct docx_row *row, struct roadmap_columns *out);
/* A row under the header that is part of it: «1 2 3 4 5», «начало | окончание». */
bool roadmap_columns_more(const struct docx_row *row, struct roadmap_columns *columns);

#endif
