/* Where a reader puts cells and what hands finished rows to the caller: trims,
 * bounds, drops empty rows. Shared by the CSV and the XLSX reader. */
#ifndef VESTNIK_TABLE_SINK_H
#define VESTNIK_TABLE_SINK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/problem.h"
#include "table/table.h"

struct sink {
	const char *file;
	struct problems *problems;
	int (*row)(void *arg, const struct table_row *row);
	void (*progress)(void *arg, int64_t bytes);
	void *arg;

	struct buf text; /* the row's cells, each ended by NUL */
	size_t start[TABLE_COLUMNS_MAX];
	bool set[TABLE_COLUMNS_MAX];
	size_t columns; /* highest column set + 1 */
	bool filled;    /* some cell is not empty */
	int line;
	bool stopped;   /* the caller wants no more */
};

void sink_init(struct sink *sink);
void sink_fini(struct sink *sink);
void sink_row_begin(struct sink *sink, int line);
/* column from 0. -1 when the cell cannot be taken; the problem is reported and
 * reading is to end. */
int sink_cell(struct sink *sink, size_t column, const char *text, size_t len);
/* Hands the row over unless it is empty. -1 when reading is to end (stopped). */
int sink_row_end(struct sink *sink);
/* An error of the file; line and column 0 when there is none. */
__attribute__((format(printf, 5, 6))) void sink_problem(
	struct sink *sink, int line, int column, const char *hint, const char *fmt, ...);

/* Ends without blanks of any script, BOMs and zero-width spaces. */
const char *sink_trim(const char *text, size_t *len);

#endif
