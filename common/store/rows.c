#include "store/rows.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define SQL_MAX_BYTES (64 * 1024)

/* The group with `offset` added to its parameters. */
static void put_group(struct buf *out, const char *group, size_t len, int offset)
{
	for (size_t i = 0; i < len; i++) {
		(void)buf_putc(out, group[i]);
		if (group[i] != '$')
			continue;
		(void)buf_printf(out, "%d", atoi(group + i + 1) + offset);
		while (isdigit((unsigned char)group[i + 1]))
			i++;
	}
}

static size_t group_length(const char *group)
{
	size_t len = 0;
	int depth = 0;
	do {
		depth += group[len] == '(' ? 1 : group[len] == ')' ? -1 : 0;
		ASSERT(group[len] != '\0');
		len++;
	} while (depth > 0);
	return len;
}

static char *build(const char *one, int columns)
{
	const char *group = strstr(one, "VALUES (");
	ASSERT(group != NULL);
	group += strlen("VALUES ");
	size_t len = group_length(group);
	struct buf out;
	buf_init(&out, SQL_MAX_BYTES);
	(void)buf_append(&out, one, (size_t)(group - one));
	for (int row = 0; row < ROWS_AT_ONCE; row++) {
		if (row > 0)
			(void)buf_puts(&out, ", ");
		put_group(&out, group, len, row * columns);
	}
	(void)buf_puts(&out, group + len);
	ASSERT(buf_ok(&out));
	return buf_take(&out);
}

static const char *sql_of_many(struct rows_statement *statement)
{
	char *text = atomic_load_explicit(&statement->many, memory_order_acquire);
	if (text != NULL)
		return text;
	char *made = build(statement->one, statement->columns);
	if (atomic_compare_exchange_strong(&statement->many, &text, made))
		return made;
	free(made); /* another thread was quicker */
	return text;
}

int rows_run(struct db *db, struct rows_statement *statement, const void *rows, size_t count,
	struct error *e)
{
	for (size_t i = 0; i < count;) {
		struct db_stmt *stmt;
		size_t n = count - i >= ROWS_AT_ONCE ? ROWS_AT_ONCE : 1;
		if (db_prepare(db, n == 1 ? statement->one : sql_of_many(statement), &stmt, e) != 0)
			return -1;
		for (size_t row = 0; row < n; row++)
			statement->bind(stmt, (int)row * statement->columns, rows, i++);
		if (db_run(stmt, e) != 0)
			return -1;
	}
	return 0;
}

int rows_keys(struct buf *out, size_t count, int64_t (*item)(const void *arg, size_t i),
	const void *arg, struct error *e)
{
	(void)buf_putc(out, '[');
	for (size_t i = 0; i < count; i++)
		(void)buf_printf(out, "%s%" PRId64, i == 0 ? "" : ",", item(arg, i));
	(void)buf_putc(out, ']');
	return buf_ok(out) ? 0 : error_set(e, ERROR_INTERNAL, "%zu keys are too many at once", count);
}

int rows_fill(struct db *db, int64_t most, bool *left, int (*one)(struct db *tx, bool *left, struct error *e),
	struct error *e)
{
	int rc = 0;
	*left = true;
	if (db_begin(db, DB_WRITE, e) != 0)
		return -1;
	for (int64_t i = 0; rc == 0 && *left && i < most; i++)
		rc = one(db, left, e);
	if (rc == 0)
		rc = db_commit(db, DB_DURABLE, e);
	db_rollback(db);
	return rc;
}
