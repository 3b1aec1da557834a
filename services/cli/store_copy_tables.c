/* What tables there are, and their rows from one store to the other. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/gate.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "cli/store_copy.h"

#define SQL_MAX_BYTES (64 * 1024)
/* Rows a statement; parameters it may have. */
#define ROWS_MOST 50
#define PARAMETERS_MOST 1000
/* Rows are gathered up to this; an attachment alone is longer and goes alone. */
#define GATHERED_MAX_BYTES (1024 * 1024)
#define PROGRESS_ROWS 500

static const char sqlite_columns[] =
	"SELECT m.name, c.name, lower(c.type) FROM sqlite_schema m JOIN pragma_table_info(m.name) c"
	" WHERE m.type = 'table' AND substr(m.name, 1, 7) <> 'sqlite_' ORDER BY m.name, c.cid";
static const char postgres_columns[] =
	"SELECT c.table_name, c.column_name, c.data_type FROM information_schema.columns c"
	" JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name"
	" WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE'"
	" ORDER BY c.table_name COLLATE \"C\", c.ordinal_position";

static int take_column(struct store_tables *tables, const char *table, const char *name, const char *type,
	struct error *e)
{
	struct store_table *t = tables->count == 0 ? NULL : &tables->item[tables->count - 1];
	if (t == NULL || strcmp(t->name, table) != 0) {
		tables->item = xrealloc(tables->item, tables->count + 1, sizeof *tables->item);
		t = &tables->item[tables->count++];
		*t = (struct store_table){0};
		snprintf(t->name, sizeof t->name, "%s", table);
	}
	t->column = xrealloc(t->column, t->columns + 1, sizeof *t->column);
	struct store_column *c = &t->column[t->columns++];
	snprintf(c->name, sizeof c->name, "%s", name);
	if (strcmp(type, "bigint") == 0 || strcmp(type, "integer") == 0)
		c->type = STORE_INT;
	else if (strcmp(type, "text") == 0)
		c->type = STORE_TEXT;
	else if (strcmp(type, "blob") == 0 || strcmp(type, "bytea") == 0)
		c->type = STORE_BYTES;
	else
		return error_set(e, ERROR_INTERNAL, "%s.%s: type %.40s is unknown", table, name, type);
	return 0;
}

int store_tables_read(struct db *db, struct store_tables *tables, struct error *e)
{
	struct db_stmt *stmt;
	*tables = (struct store_tables){0};
	if (db_query(db, &stmt, e, db_kind(db) == DB_SQLITE ? sqlite_columns : postgres_columns, "") != 0)
		return -1;
	enum db_step step;
	while ((step = db_step(stmt, e)) == DB_ROW)
		if (take_column(tables, db_text(stmt, 0), db_text(stmt, 1), db_text(stmt, 2), e) != 0) {
			step = DB_FAILED;
			break;
		}
	db_reset(stmt);
	return step == DB_FAILED ? -1 : 0;
}

void store_tables_fini(struct store_tables *tables)
{
	for (size_t i = 0; i < tables->count; i++)
		free(tables->item[i].column);
	free(tables->item);
	*tables = (struct store_tables){0};
}

const struct store_table *store_tables_find(const struct store_tables *tables, const char *name)
{
	for (size_t i = 0; i < tables->count; i++)
		if (strcmp(tables->item[i].name, name) == 0)
			return &tables->item[i];
	return NULL;
}

int store_table_count(struct store_copy *copy, struct db *db, const char *name, int64_t *rows,
	struct error *e)
{
	const char *sql = store_copy_keep(copy, xasprintf("SELECT count(*) FROM %s", name));
	return db_query_int(db, rows, e, sql, "") == DB_ROW ? 0 : -1;
}

/* ---- rows ---------------------------------------------------------------------------------- */

struct value {
	bool null;
	int64_t number;
	char *bytes;
	size_t len;
};

struct batch {
	struct store_copy *copy;
	struct store_table *table;
	const char *insert_one, *insert_many;
	size_t most;      /* rows of insert_many */
	struct value *value;
	size_t rows, bytes;
};

static char *insert_sql(const struct store_table *table, size_t rows)
{
	struct buf sql;
	buf_init(&sql, SQL_MAX_BYTES);
	(void)buf_printf(&sql, "INSERT INTO %s (", table->name);
	for (size_t c = 0; c < table->columns; c++)
		(void)buf_printf(&sql, "%s%s", c == 0 ? "" : ", ", table->column[c].name);
	(void)buf_puts(&sql, ") VALUES ");
	for (size_t r = 0; r < rows; r++)
		for (size_t c = 0; c < table->columns; c++)
			(void)buf_printf(&sql, "%s$%zu%s", c > 0 ? ", " : r > 0 ? ", (" : "(",
				r * table->columns + c + 1, c == table->columns - 1 ? ")" : "");
	ASSERT(buf_ok(&sql));
	return buf_take(&sql);
}

static char *select_sql(const struct store_table *table)
{
	struct buf sql;
	buf_init(&sql, SQL_MAX_BYTES);
	for (size_t c = 0; c < table->columns; c++)
		(void)buf_printf(&sql, "%s%s", c == 0 ? "SELECT " : ", ", table->column[c].name);
	(void)buf_printf(&sql, " FROM %s", table->name);
	ASSERT(buf_ok(&sql));
	return buf_take(&sql);
}

/* SQLite keeps whatever it is given as text; PostgreSQL takes only UTF-8. */
static void take_text(struct batch *batch, struct value *value, const char *text)
{
	value->bytes = xstrdup(text);
	if (!gate_utf8(text, strlen(text))) {
		gate_utf8_mend(value->bytes);
		batch->copy->mended++;
	}
	value->len = strlen(value->bytes);
}

static void take_row(struct batch *batch, struct db_stmt *row)
{
	const struct store_table *table = batch->table;
	struct value *value = &batch->value[batch->rows++ * table->columns];
	for (size_t c = 0; c < table->columns; c++) {
		value[c] = (struct value){.null = db_is_null(row, (int)c)};
		if (value[c].null)
			continue;
		if (table->column[c].type == STORE_INT) {
			value[c].number = db_int(row, (int)c);
		} else if (table->column[c].type == STORE_TEXT) {
			take_text(batch, &value[c], db_text(row, (int)c));
		} else {
			const void *bytes = db_blob(row, (int)c, &value[c].len);
			value[c].bytes = xmalloc(value[c].len + 1);
			memcpy(value[c].bytes, bytes, value[c].len);
		}
		batch->bytes += value[c].len;
	}
}

static int write_rows(struct batch *batch, size_t first, size_t count, struct error *e)
{
	const struct store_table *table = batch->table;
	struct db_stmt *stmt;
	if (db_prepare(batch->copy->to, count == 1 ? batch->insert_one : batch->insert_many, &stmt, e) != 0)
		return -1;
	for (size_t i = 0; i < count * table->columns; i++) {
		const struct value *value = &batch->value[first * table->columns + i];
		int position = (int)i + 1;
		if (value->null)
			db_bind_null(stmt, position);
		else if (table->column[i % table->columns].type == STORE_INT)
			db_bind_int(stmt, position, value->number);
		else if (table->column[i % table->columns].type == STORE_TEXT)
			db_bind_text(stmt, position, value->bytes);
		else
			db_bind_blob(stmt, position, value->bytes, value->len);
	}
	return db_run(stmt, e);
}

static int flush(struct batch *batch, struct error *e)
{
	int rc = 0;
	if (batch->rows == batch->most)
		rc = write_rows(batch, 0, batch->rows, e);
	else
		for (size_t i = 0; i < batch->rows && rc == 0; i++)
			rc = write_rows(batch, i, 1, e);
	for (size_t i = 0; i < batch->rows * batch->table->columns; i++)
		free(batch->value[i].bytes);
	batch->rows = batch->bytes = 0;
	return rc;
}

static int copy_rows(struct batch *batch, struct db_stmt *row, struct error *e)
{
	struct store_copy *copy = batch->copy;
	enum db_step step;
	while ((step = db_step(row, e)) == DB_ROW) {
		take_row(batch, row);
		batch->table->read++;
		if ((batch->rows == batch->most || batch->bytes > GATHERED_MAX_BYTES) && flush(batch, e) != 0) {
			db_reset(row);
			return -1;
		}
		if (++copy->done % PROGRESS_ROWS == 0 && copy->progress != NULL)
			copy->progress(copy->arg, copy->done, copy->rows);
	}
	/* also frees what was gathered when reading failed */
	return flush(batch, e) != 0 || step == DB_FAILED ? -1 : 0;
}

int store_table_copy(struct store_copy *copy, struct store_table *table, struct error *e)
{
	struct batch batch = {.copy = copy, .table = table, .most = PARAMETERS_MOST / table->columns};
	struct db_stmt *row;
	if (batch.most > ROWS_MOST)
		batch.most = ROWS_MOST;
	batch.insert_one = store_copy_keep(copy, insert_sql(table, 1));
	batch.insert_many = store_copy_keep(copy, insert_sql(table, batch.most));
	batch.value = xcalloc(batch.most * table->columns, sizeof *batch.value);
	int rc = db_query(copy->from, &row, e, store_copy_keep(copy, select_sql(table)), "");
	if (rc == 0)
		rc = copy_rows(&batch, row, e);
	free(batch.value);
	return rc == 0 ? 0 : error_context(e, "%s", table->name);
}

/* ---- sequences -------------------------------------------------------------------------------- */

int store_sequences_set(struct store_copy *copy, struct error *e)
{
	struct db_stmt *row;
	char *sql[64];
	size_t count = 0;
	if (db_kind(copy->to) != DB_POSTGRES)
		return 0;
	if (db_query(copy->to, &row, e,
		    "SELECT table_name, column_name FROM information_schema.columns"
		    " WHERE table_schema = current_schema() AND is_identity = 'YES'", "") != 0)
		return -1;
	enum db_step step;
	while ((step = db_step(row, e)) == DB_ROW && count < sizeof sql / sizeof sql[0])
		sql[count++] = xasprintf(
			"SELECT setval(pg_get_serial_sequence('%s', '%s'), COALESCE(max(%s), 0) + 1, false) FROM %s",
			db_text(row, 0), db_text(row, 1), db_text(row, 1), db_text(row, 0));
	db_reset(row);
	int rc = step == DB_FAILED ? -1 : 0;
	for (size_t i = 0; i < count; i++) {
		int64_t next;
		store_copy_keep(copy, sql[i]);
		if (rc == 0 && db_query_int(copy->to, &next, e, sql[i], "") != DB_ROW)
			rc = -1;
	}
	return rc;
}
