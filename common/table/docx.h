/* Tables of a Word document as rows of text (libzip, expat): merged cells,
 * several tables, tables broken over pages. Text that a reader of the printed
 * document would not see is not read: deleted and moved-away text of tracked
 * changes, hidden text, field codes, drawings; footnotes stand elsewhere in the
 * file. Streams: memory is bounded by one row. */
#ifndef VESTNIK_TABLE_DOCX_H
#define VESTNIK_TABLE_DOCX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/problem.h"

#define DOCX_COLUMNS_MAX 64
#define DOCX_UNPACKED_MAX_BYTES (64LL * 1024 * 1024) /* against zip bombs; a long plan has 2 MB */

struct docx_cell {
	const char *text; /* never NULL; UTF-8; paragraphs end in '\n', blanks are single */
	bool across;      /* covered by the cell to the left (its text is there); text is "" */
	bool down;        /* covered by the cell above, whose text is repeated here */
};
struct docx_row {
	int table, row;   /* from 1; deleted rows and tables inside cells are not counted */
	size_t count;     /* of grid columns */
	const struct docx_cell *cell; /* valid during the call */
	bool header;      /* marked in Word to be repeated on each page */
};

/* Is this file a package with a Word document? */
bool docx_is(const char *path);
/* Calls row() for each row of each table in order; row returns non-zero to stop.
 * -1 when reading could not go on to the end; problems say why. */
int docx_read(const char *path, int (*row)(void *arg, const struct docx_row *row), void *arg,
	struct problems *problems);

#endif
