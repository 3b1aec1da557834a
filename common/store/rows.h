/* One statement for many rows: a database spends half of its time on a small statement around it. */
#ifndef VESTNIK_STORE_ROWS_H
#define VESTNIK_STORE_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

/* Rows of one such statement. PostgreSQL: 70 µs a letter with 1, 40 with 20, 34 with 50; SQLite:
 * 12 µs and 8. What is left over goes row by row. */
#define ROWS_AT_ONCE 32

/* Made at the first use and kept until the program ends (it is the key of db_prepare). */
struct rows_sql {
	char *_Atomic text;
};
/* one: a statement with one "VALUES ($1, … $columns)", parameters in order, casts allowed. The same
 * for ROWS_AT_ONCE rows: row r's parameters begin at r * columns + 1. */
const char *rows_sql(struct rows_sql *kept, const char *one, int columns);

/* Keys as the JSON array @KEYS takes; item(arg, i) gives them. */
int rows_keys(struct buf *out, size_t count, int64_t (*item)(const void *arg, size_t i),
	const void *arg, struct error *e);

#endif
