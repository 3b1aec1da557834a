/* PostgreSQL: statements, their values and rows. Values travel as text, which the server reads as
 * the type its place has; bytes travel as they are. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/xalloc.h"
#include "store/db_postgres.h"

#define SQL_MAX_BYTES (256 * 1024)
#define BYTEA_OID 17

/* ---- preparing ---------------------------------------------------------------------------------- */

/* What db.c wants to know: does it write? The server refuses in a read transaction by itself. */
static bool writes(const char *sql)
{
	sql += strspn(sql, " \t\n(");
	if (strncasecmp(sql, "SELECT", 6) == 0 || strncasecmp(sql, "VALUES", 6) == 0 ||
		strncasecmp(sql, "SHOW", 4) == 0)
		return false;
	return strncasecmp(sql, "WITH", 4) != 0 || strcasestr(sql, "INSERT INTO") != NULL ||
	       strcasestr(sql, "UPDATE ") != NULL || strcasestr(sql, "DELETE FROM") != NULL;
}

static int prepare_somewhere(struct postgres_db *db, struct postgres_stmt *stmt, struct error *e)
{
	if (db->begun)
		return postgres_prepare_now(db, stmt, e);
	if (postgres_ready(db, e) < 0)
		return -1;
	if (postgres_prepare_now(db, stmt, e) == 0)
		return 0;
	return db->lost && postgres_ready(db, e) == 0 ? postgres_prepare_now(db, stmt, e) : -1;
}

int postgres_prepare(struct db *base, const char *sql, struct db_stmt **out, struct error *e)
{
	struct postgres_db *db = postgres_of(base);
	struct buf text;
	if (base->aborted) {
		*e = base->abort_error;
		return -1;
	}
	buf_init(&text, SQL_MAX_BYTES);
	struct postgres_stmt *stmt = xcalloc(1, sizeof *stmt);
	int rc = db_rewrite(DB_POSTGRES, sql, &text, e);
	stmt->text = buf_take(&text);
	buf_fini(&text);
	if (rc == 0)
		rc = prepare_somewhere(db, stmt, e);
	if (rc == 0 && stmt->parameters > POSTGRES_PARAMETERS_MAX)
		rc = error_set(e, ERROR_INTERNAL, "%d parameters are too many: %.160s", stmt->parameters, sql);
	if (rc < 0) {
		free(stmt->text);
		free(stmt);
		return -1;
	}
	stmt->base.writes = writes(stmt->text);
	stmt->value = xcalloc((size_t)stmt->parameters + 1, sizeof *stmt->value);
	*out = &stmt->base;
	return 0;
}

static void drop_row(struct postgres_stmt *stmt)
{
	PQclear(stmt->row);
	stmt->row = NULL;
	for (int i = 0; i < stmt->decoded_count; i++) {
		free(stmt->decoded[i]);
		stmt->decoded[i] = NULL;
	}
}

static void drop_rows(struct postgres_stmt *stmt)
{
	drop_row(stmt);
	while (stmt->kept_next < stmt->kept_count)
		PQclear(stmt->kept[stmt->kept_next++]);
	free(stmt->kept);
	stmt->kept = NULL;
	stmt->kept_next = stmt->kept_count = stmt->kept_room = 0;
}

void postgres_finalize(struct db_stmt *base)
{
	struct postgres_stmt *stmt = postgres_stmt_of(base);
	drop_rows(stmt);
	for (int i = 0; i < stmt->parameters; i++)
		free(stmt->value[i].owned);
	free(stmt->value);
	free(stmt->decoded);
	free(stmt->decoded_len);
	free(stmt->text);
	free(stmt);
}

/* ---- values --------------------------------------------------------------------------------------- */

/* Room kept from one binding to the next; more is given back. */
#define VALUE_KEPT_BYTES (64 * 1024)

void postgres_clear(struct db_stmt *base)
{
	struct postgres_stmt *stmt = postgres_stmt_of(base);
	stmt->bad_position = 0;
	for (int i = 0; i < stmt->parameters; i++) {
		struct postgres_value *value = &stmt->value[i];
		if (value->room > VALUE_KEPT_BYTES) {
			free(value->owned);
			value->owned = NULL;
			value->room = 0;
		}
		value->data = NULL;
		value->len = value->format = 0;
	}
}

static struct postgres_value *value_at(struct db_stmt *base, int position)
{
	struct postgres_stmt *stmt = postgres_stmt_of(base);
	if (position >= 1 && position <= stmt->parameters)
		return &stmt->value[position - 1];
	stmt->bad_position = position;
	return NULL;
}

static void put_bytes(struct postgres_value *value, const void *data, size_t len, int format)
{
	if (len >= INT32_MAX)
		PANIC("a value of %zu bytes", len);
	if (value->room < len + 1) {
		value->room = len + 1 < 64 ? 64 : (len + 1) * 2;
		value->owned = xrealloc(value->owned, value->room, 1);
	}
	if (len > 0)
		memcpy(value->owned, data, len);
	value->owned[len] = '\0';
	value->data = value->owned;
	value->len = (int)len;
	value->format = format;
}

void postgres_bind_int(struct db_stmt *stmt, int position, int64_t number)
{
	struct postgres_value *value = value_at(stmt, position);
	if (value == NULL)
		return;
	value->len = snprintf(value->small, sizeof value->small, "%" PRId64, number);
	value->data = value->small;
	value->format = 0;
}

void postgres_bind_text(struct db_stmt *stmt, int position, const char *text)
{
	struct postgres_value *value = value_at(stmt, position);
	if (value != NULL)
		put_bytes(value, text, strlen(text), 0);
}

void postgres_bind_blob(struct db_stmt *stmt, int position, const void *data, size_t len)
{
	struct postgres_value *value = value_at(stmt, position);
	if (value != NULL)
		put_bytes(value, data, len, 1);
}

void postgres_bind_null(struct db_stmt *stmt, int position)
{
	struct postgres_value *value = value_at(stmt, position);
	if (value != NULL) {
		value->data = NULL;
		value->len = value->format = 0;
	}
}

/* ---- running --------------------------------------------------------------------------------------- */

static int check_binding(struct postgres_stmt *stmt, struct error *e)
{
	struct postgres_db *db = postgres_of(stmt->base.db);
	if (db->failed) {
		*e = db->failure;
		return -1;
	}
	if (stmt->bad_position == 0)
		return 0;
	return error_set(e, ERROR_INTERNAL, "binding: no parameter %d: %.160s", stmt->bad_position,
		stmt->text);
}

static int start_once(struct postgres_db *db, struct postgres_stmt *stmt, struct error *e)
{
	if (postgres_clear_wire(db, true, e) < 0 || postgres_send(db, stmt, OWED_ROWS, e) < 0 ||
		postgres_sync(db, e) < 0 || postgres_harvest(db, stmt, e) < 0)
		return -1;
	db->reader = stmt;
	stmt->finished = stmt->broken = false;
	return 0;
}

static enum db_step first_row(struct postgres_db *db, struct postgres_stmt *stmt, struct error *e)
{
	if (!db->begun && postgres_ready(db, e) < 0)
		return DB_FAILED;
	return start_once(db, stmt, e) < 0 ? DB_FAILED : postgres_next_row(db, stmt, e);
}

/* The rows go on to the place they stood at before the connection was lost only by starting anew,
 * so only the first is asked for twice; and only of a statement that changes nothing. */
static enum db_step start(struct postgres_db *db, struct postgres_stmt *stmt, struct error *e)
{
	if (check_binding(stmt, e) < 0)
		return DB_FAILED;
	enum db_step step = first_row(db, stmt, e);
	if (step == DB_FAILED && db->lost && !db->begun && !stmt->base.writes)
		step = first_row(db, stmt, e);
	stmt->started = true;
	return step;
}

enum db_step postgres_step(struct db_stmt *base, struct error *e)
{
	struct postgres_stmt *stmt = postgres_stmt_of(base);
	struct postgres_db *db = postgres_of(base->db);
	if (!stmt->started)
		return start(db, stmt, e);
	drop_row(stmt);
	if (stmt->kept_next < stmt->kept_count) {
		stmt->row = stmt->kept[stmt->kept_next++];
		return DB_ROW;
	}
	if (stmt->broken)
		return error_set(e, ERROR_UNAVAILABLE, "%s: the connection ended before all rows came",
			       db->label);
	return stmt->finished ? DB_DONE : postgres_next_row(db, stmt, e);
}

/* Inside a transaction; see db.h, db_run. */
int postgres_run(struct db_stmt *base, struct error *e)
{
	struct postgres_stmt *stmt = postgres_stmt_of(base);
	struct postgres_db *db = postgres_of(base->db);
	return check_binding(stmt, e) < 0 || postgres_clear_wire(db, true, e) < 0
		? -1
		: postgres_send(db, stmt, OWED_RUN, e);
}

void postgres_reset(struct db_stmt *base)
{
	struct postgres_stmt *stmt = postgres_stmt_of(base);
	struct postgres_db *db = postgres_of(base->db);
	struct error e;
	if (db->reader == stmt && postgres_clear_wire(db, false, &e) < 0 && db->begun && !db->failed) {
		db->failed = true;
		db->failure = e;
	}
	drop_rows(stmt);
	stmt->started = stmt->finished = stmt->broken = false;
}

/* ---- columns ---------------------------------------------------------------------------------------- */

static bool there(const struct postgres_stmt *stmt, int column)
{
	return stmt->row != NULL && column >= 0 && column < PQnfields(stmt->row) &&
	       !PQgetisnull(stmt->row, 0, column);
}

bool postgres_column_null(struct db_stmt *stmt, int column)
{
	return !there(postgres_stmt_of(stmt), column);
}

int64_t postgres_column_int(struct db_stmt *base, int column)
{
	struct postgres_stmt *stmt = postgres_stmt_of(base);
	if (!there(stmt, column))
		return 0;
	const char *text = PQgetvalue(stmt->row, 0, column);
	return text[0] == 't' ? 1 : strtoll(text, NULL, 10); /* true */
}

const char *postgres_column_text(struct db_stmt *base, int column)
{
	struct postgres_stmt *stmt = postgres_stmt_of(base);
	return there(stmt, column) ? PQgetvalue(stmt->row, 0, column) : NULL;
}

static int digit(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

/* "\x0a1b…" */
static void *decode(const char *hex, size_t *len)
{
	*len = (strlen(hex) - 2) / 2;
	char *data = xmalloc(*len + 1);
	for (size_t i = 0; i < *len; i++)
		data[i] = (char)(digit(hex[2 + 2 * i]) << 4 | digit(hex[3 + 2 * i]));
	data[*len] = '\0';
	return data;
}

const void *postgres_column_blob(struct db_stmt *base, int column, size_t *len)
{
	struct postgres_stmt *stmt = postgres_stmt_of(base);
	*len = 0;
	if (!there(stmt, column))
		return NULL;
	const char *text = PQgetvalue(stmt->row, 0, column);
	if (PQftype(stmt->row, column) != BYTEA_OID || strncmp(text, "\\x", 2) != 0) {
		*len = (size_t)PQgetlength(stmt->row, 0, column);
		return text;
	}
	int columns = PQnfields(stmt->row);
	if (stmt->decoded_count < columns) {
		stmt->decoded = xrealloc(stmt->decoded, (size_t)columns, sizeof *stmt->decoded);
		stmt->decoded_len = xrealloc(stmt->decoded_len, (size_t)columns, sizeof *stmt->decoded_len);
		while (stmt->decoded_count < columns)
			stmt->decoded[stmt->decoded_count++] = NULL;
	}
	if (stmt->decoded[column] == NULL)
		stmt->decoded[column] = decode(text, &stmt->decoded_len[column]);
	*len = stmt->decoded_len[column];
	return stmt->decoded[column];
}
