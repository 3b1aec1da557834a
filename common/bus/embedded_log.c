#include "bus/embedded_log.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

/* Rows looked at to know the weight of many: the error of the mean is then some
 * percent of what sizes usually vary. */
#define WEIGH_ROWS 256
/* Of a row beside its texts and data: id, header, times, its part of the page. */
#define WEIGH_ROW_BYTES 48

/* ---- SQL ------------------------------------------------------------------- */

#define COLUMNS "key, ce_id, ce_source, ce_type, ce_time_ms, content_type, headers"

static pthread_mutex_t sql_lock = PTHREAD_MUTEX_INITIALIZER;
static struct log_sql *sql_list;

static struct log_sql *make_sql(const char *topic)
{
	struct log_sql *sql = xcalloc(1, sizeof *sql);
	snprintf(sql->topic, sizeof sql->topic, "%s", topic);
	sql->table = xasprintf("bus_%s", topic);
	for (char *c = sql->table; *c != '\0'; c++)
		if (*c == '.')
			*c = '_';
	const char *table = sql->table;
	sql->create = xasprintf("CREATE TABLE IF NOT EXISTS %s (id INTEGER PRIMARY KEY, key TEXT,"
				" ce_id TEXT, ce_source TEXT, ce_type TEXT, ce_time_ms INTEGER NOT NULL,"
				" content_type TEXT, headers TEXT, logged_ms INTEGER NOT NULL,"
				" data BLOB)", table);
	sql->append = xasprintf("INSERT INTO %s (" COLUMNS ", logged_ms, data)"
				" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)", table);
	sql->read = xasprintf("SELECT id, " COLUMNS ", data FROM %s WHERE id > $1"
			      " ORDER BY id LIMIT $2", table);
	sql->range = xasprintf("SELECT COALESCE((SELECT MIN(id) FROM %s), 0),"
			       " COALESCE((SELECT MAX(id) FROM %s), 0)", table, table);
	sql->logged = xasprintf("SELECT logged_ms FROM %s WHERE id = $1", table);
	/* The length of data is in the row's head: its pages are not read. */
	sql->weigh = xasprintf(
		"WITH RECURSIVE n(i) AS (SELECT $1 UNION ALL SELECT i + $3 FROM n WHERE i + $3 <= $2)"
		" SELECT COUNT(*), SUM(COALESCE(LENGTH(CAST(key AS BLOB)), 0) +"
		" COALESCE(LENGTH(CAST(ce_id AS BLOB)), 0) +"
		" COALESCE(LENGTH(CAST(ce_source AS BLOB)), 0) + COALESCE(LENGTH(ce_type), 0) +"
		" COALESCE(LENGTH(CAST(headers AS BLOB)), 0) + COALESCE(LENGTH(data), 0))"
		" FROM n CROSS JOIN %s ON id = i", table);
	sql->trim = xasprintf("DELETE FROM %s WHERE id <= $1", table);
	sql->first_since = xasprintf(
		"SELECT id FROM %s WHERE logged_ms >= $1 ORDER BY id LIMIT 1", table);
	return sql;
}

const struct log_sql *log_sql(const char *topic)
{
	pthread_mutex_lock(&sql_lock);
	struct log_sql *sql = sql_list;
	while (sql != NULL && strcmp(sql->topic, topic) != 0)
		sql = sql->next;
	if (sql == NULL) {
		sql = make_sql(topic);
		sql->next = sql_list;
		sql_list = sql;
	}
	pthread_mutex_unlock(&sql_lock);
	return sql;
}

/* ---- the table ------------------------------------------------------------- */

int log_exists(const struct log_sql *sql, struct db *db, struct error *e)
{
	int64_t one;
	enum db_step step = db_query_int(db, &one, e,
		"SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = $1", "s", sql->table);
	return step == DB_FAILED ? -1 : step == DB_ROW;
}

int log_ensure(const struct log_sql *sql, struct db *db, struct error *e)
{
	int there = log_exists(sql, db, e);
	if (there != 0)
		return there < 0 ? -1 : 0;
	return db_exec(db, e, sql->create, "");
}

int log_append(const struct log_sql *sql, struct db *tx, const struct bus_message *message,
	int64_t logged_ms, struct error *e)
{
	struct db_stmt *stmt;
	if (db_prepare(tx, sql->append, &stmt, e) < 0)
		return -1;
	db_bind_text(stmt, 1, message->key);
	db_bind_text(stmt, 2, message->id);
	db_bind_text(stmt, 3, message->source);
	db_bind_text(stmt, 4, message->type);
	db_bind_int(stmt, 5, message->time_ms);
	db_bind_text(stmt, 6, message->content_type);
	db_bind_text(stmt, 7, message->headers);
	db_bind_int(stmt, 8, logged_ms);
	db_bind_blob(stmt, 9, message->data, message->len);
	return db_run(stmt, e);
}

int log_range(const struct log_sql *sql, struct db *db, int64_t *first, int64_t *last,
	struct error *e)
{
	struct db_stmt *stmt;
	if (db_query(db, &stmt, e, sql->range, "") < 0 || db_step(stmt, e) != DB_ROW)
		return -1;
	*first = db_int(stmt, 0);
	*last = db_int(stmt, 1);
	db_reset(stmt);
	return 0;
}

enum db_step log_logged_ms(const struct log_sql *sql, struct db *db, int64_t id, int64_t *ms,
	struct error *e)
{
	return db_query_int(db, ms, e, sql->logged, "i", id);
}

int log_weigh(const struct log_sql *sql, struct db *db, int64_t first, int64_t last, int64_t *bytes,
	struct error *e)
{
	struct db_stmt *stmt;
	int64_t rows = last - first + 1;
	*bytes = 0;
	if (rows <= 0)
		return 0;
	if (db_query(db, &stmt, e, sql->weigh, "iii", first, last,
		    (rows + WEIGH_ROWS - 1) / WEIGH_ROWS) < 0 ||
		db_step(stmt, e) != DB_ROW)
		return -1;
	int64_t looked = db_int(stmt, 0), sum = db_int(stmt, 1);
	db_reset(stmt);
	if (looked > 0)
		*bytes = rows * WEIGH_ROW_BYTES +
			 (looked == rows ? sum : (int64_t)((double)sum / (double)looked * (double)rows));
	return 0;
}

/* ---- reading --------------------------------------------------------------- */

static const char *copy_text(struct arena *arena, struct db_stmt *stmt, int column)
{
	const char *text = db_text(stmt, column);
	return text == NULL ? NULL : arena_copy(arena, text, strlen(text));
}

static void read_row(
	const struct log_sql *sql, struct db_stmt *stmt, struct arena *arena, struct bus_message *out)
{
	memset(out, 0, sizeof *out);
	out->topic = sql->topic;
	out->offset = db_int(stmt, 0);
	out->key = copy_text(arena, stmt, 1);
	out->id = copy_text(arena, stmt, 2);
	out->source = copy_text(arena, stmt, 3);
	out->type = copy_text(arena, stmt, 4);
	out->time_ms = db_int(stmt, 5);
	out->content_type = copy_text(arena, stmt, 6);
	out->headers = copy_text(arena, stmt, 7);
	size_t len = 0;
	const void *data = db_blob(stmt, 8, &len);
	if (len > BUS_MESSAGE_MAX_BYTES) { /* written by something else than bus_publish */
		len = BUS_OVERSIZED_HEAD_BYTES;
		out->content_type = BUS_OVERSIZED_TYPE;
	}
	out->data = arena_copy(arena, data == NULL ? "" : data, len);
	out->len = len;
}

int log_read(const struct log_sql *sql, struct db *db, int64_t after, size_t max,
	struct arena *arena, struct bus_message *out, struct error *e)
{
	struct db_stmt *stmt;
	if (db_query(db, &stmt, e, sql->read, "ii", after, (int64_t)max) < 0)
		return -1;
	size_t n = 0;
	enum db_step step = DB_DONE;
	while (n < max && arena->bytes < ARENA_POLL_MAX_BYTES && (step = db_step(stmt, e)) == DB_ROW)
		read_row(sql, stmt, arena, &out[n++]);
	db_reset(stmt); /* ends the read transaction */
	return step == DB_FAILED ? -1 : (int)n;
}
