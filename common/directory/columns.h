/* The header row, understood. */
#ifndef VESTNIK_DIRECTORY_COLUMNS_H
#define VESTNIK_DIRECTORY_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/problem.h"
#include "directory/words.h"
#include "table/table.h"

#define ROLES_MAX 4 /* roles a sheet can give columns to: the slugs of contact_role_words */

struct column {
	enum column_field field;
	int group;   /* of a contact's column: index into columns.group */
	size_t rank; /* of the word that matched */
	char *title; /* as in the sheet */
	char *key;   /* table_title_key: name of an extra field */
};

struct column_group { /* one contact */
	const char *role;
	/* the column that has it, -1 = none */
	int address, person, position, phone;
};

struct columns {
	struct column *column;
	size_t count;
	int at[COLUMN_ROLE + 1]; /* column of each field of the organisation, -1 = none */
	struct column_group group[ROLES_MAX];
	size_t groups;
	bool extra;              /* some column is COLUMN_EXTRA */
};

/* true when the row has a key and a name column, which makes it the header. */
bool columns_are_in(const struct table_row *row);
/* Understands the header; doubled titles are problems, of two columns for one
 * thing one becomes an extra field, with a warning. */
void columns_init(struct columns *columns, const struct table_row *row, const char *file,
	struct problems *problems);
void columns_fini(struct columns *columns);
/* Says which columns a sheet needs. */
void columns_report_missing(const struct table_row *row, const char *file, struct problems *problems);
/* What each column is taken for, in words. */
void columns_tell(const struct columns *columns, void (*column)(void *arg, const char *title, const char *becomes), void *arg);
/* The title for messages; "" when the column has none. */
const char *columns_title(const struct columns *columns, int column);

#endif
