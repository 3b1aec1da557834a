/* One statement for many rows: a database spends half of its time on a small statement around it. */
#ifndef VESTNIK_STORE_ROWS_H
#define VESTNIK_STORE_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "store/db.h"

/* Rows of one such statement. PostgreSQL: 70 µs a letter with 1, 40 with 20, 34 with 50; SQLite:
 * 12 µs and 8. What is left over goes row by row. */
#define ROWS_AT_ONCE 32

/* A statement with one "VALUES ($1, … $columns)", parameters in order, casts allowed. */
struct rows_statement {
	const char *one;
	int columns;
	/* Row i of what rows_run was given; its parameters begin at base + 1. */
	void (*bind)(struct db_stmt *stmt, int base, const void *rows, size_t i);
	/* The same for ROWS_AT_ONCE rows; made at the first use, kept until the program ends (it is the
	 * key of db_prepare). */
	char *_Atomic many;
};
/* Runs it for count rows, ROWS_AT_ONCE by a statement. */
int rows_run(struct db *db, struct rows_statement *statement, const void *rows, size_t count,
	struct error *e);

/* What a newer schema left empty in old rows, little by little: one() fills a row, or says in *left that there is
 * none; at most `most` of them in a durable transaction of its own. */
int rows_fill(struct db *db, int64_t most, bool *left, int (*one)(struct db *tx, bool *left, struct error *e),
	struct error *e);

/* Keys as the JSON array @KEYS takes; item(arg, i) gives them. */
int rows_keys(struct buf *out, size_t count, int64_t (*item)(const void *arg, size_t i),
	const void *arg, struct error *e);

#endif
