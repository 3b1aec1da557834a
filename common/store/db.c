#include "store/db.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/lang.h"
#include "base/xalloc.h"
#include "store/db_driver.h"

static const struct db_ops *const drivers[] = {&db_sqlite_ops, &db_postgres_ops};

static const struct db_ops *find_driver(const char *url, struct error *e)
{
	for (size_t i = 0; i < sizeof drivers / sizeof drivers[0]; i++)
		if (strncmp(url, drivers[i]->scheme, strlen(drivers[i]->scheme)) == 0)
			return drivers[i];
	/* No part of it: what was meant as an address may hold a password. */
	error_set(e, ERROR_INPUT, "%s",
		tr("the store's address is not understood; write sqlite:/path/to/file or"
		   " postgresql://user@host:5432/database",
			"адрес хранилища не понят; пишите sqlite:/путь/к/файлу или"
			" postgresql://пользователь@узел:5432/база"));
	return NULL;
}

int db_open(struct db **out, const char *url, struct error *e)
{
	*out = NULL;
	const struct db_ops *ops = find_driver(url, e);
	if (ops == NULL || ops->open(out, url, e) < 0)
		return -1;
	(*out)->ops = ops;
	(*out)->url = xstrdup(url);
	return 0;
}

void db_close(struct db **slot)
{
	struct db *db = *slot;
	if (db == NULL)
		return;
	*slot = NULL;
	db_rollback(db);
	for (size_t i = 0; i < DB_CACHE_BUCKETS; i++)
		for (struct db_stmt *stmt = db->cache[i], *next; stmt != NULL; stmt = next) {
			next = stmt->next;
			free(stmt->sql);
			db->ops->finalize(stmt);
		}
	free(db->hooks);
	free(db->url);
	db->ops->close(db);
}

enum db_kind db_kind(const struct db *db)
{
	return db->ops->kind;
}

const char *db_url(const struct db *db)
{
	return db->url;
}

const char *db_shown(const struct db *db)
{
	return db->ops->shown(db);
}

const char *db_file(const struct db *db)
{
	return db->ops->file(db);
}

/* ---- transactions --------------------------------------------------------- */

static void run_hooks(struct db *db)
{
	/* A hook may register hooks for the next commit. */
	struct db_hook *hooks = db->hooks;
	size_t count = db->hook_count;
	db->hooks = NULL;
	db->hook_count = db->hook_cap = 0;
	for (size_t i = 0; i < count; i++)
		hooks[i].fn(hooks[i].arg);
	if (db->hooks == NULL) {
		db->hooks = hooks;
		db->hook_cap = count;
	} else {
		free(hooks);
	}
}

int db_begin(struct db *db, enum db_mode mode, struct error *e)
{
	if (db->in_transaction)
		return error_set(e, ERROR_INTERNAL, "a transaction is open already");
	if (db->ops->begin(db, mode, e) < 0)
		return -1;
	db->in_transaction = true;
	db->aborted = false;
	db->mode = mode;
	return 0;
}

int db_commit(struct db *db, enum db_sync sync, struct error *e)
{
	if (!db->in_transaction)
		return error_set(e, ERROR_INTERNAL, "no transaction to commit");
	if (db->aborted) {
		if (e != NULL)
			*e = db->abort_error;
		db_rollback(db);
		return -1;
	}
	if (db->last != NULL && db->mode == DB_WRITE && db->last(db->last_arg, db, e) != 0) {
		db_rollback(db);
		return -1;
	}
	bool committed = false;
	int rc = db->ops->commit(db, sync, &committed, e);
	db->in_transaction = false;
	if (committed && db->mode == DB_WRITE)
		db->last = NULL;
	if (committed)
		run_hooks(db);
	else
		db->hook_count = 0;
	return rc;
}

void db_rollback(struct db *db)
{
	if (!db->in_transaction)
		return;
	db->ops->rollback(db);
	db->in_transaction = false;
	db->aborted = false;
	db->hook_count = 0;
}

bool db_in_transaction(const struct db *db)
{
	return db->in_transaction;
}

void db_in_commit(struct db *db, int (*fn)(void *arg, struct db *tx, struct error *e), void *arg)
{
	db->last = fn;
	db->last_arg = arg;
}

void db_on_commit(struct db *db, void (*fn)(void *arg), void *arg)
{
	for (size_t i = 0; i < db->hook_count; i++)
		if (db->hooks[i].fn == fn && db->hooks[i].arg == arg)
			return;
	if (db->hook_count == db->hook_cap) {
		db->hook_cap = db->hook_cap == 0 ? 8 : db->hook_cap * 2;
		db->hooks = xrealloc(db->hooks, db->hook_cap, sizeof *db->hooks);
	}
	db->hooks[db->hook_count++] = (struct db_hook){fn, arg};
}

/* ---- statements ----------------------------------------------------------- */

static void abort_transaction(struct db *db, const struct error *why)
{
	if (!db->in_transaction || db->aborted)
		return;
	db->aborted = true;
	db->abort_error = *why;
}

int db_prepare(struct db *db, const char *sql, struct db_stmt **out, struct error *e)
{
	size_t bucket = ((uintptr_t)sql >> 4) % DB_CACHE_BUCKETS;
	for (struct db_stmt *stmt = db->cache[bucket]; stmt != NULL; stmt = stmt->next)
		if (stmt->key == sql && strcmp(stmt->sql, sql) == 0) {
			db_reset(stmt);
			db->ops->clear(stmt);
			*out = stmt;
			return 0;
		}
	struct db_stmt *stmt = NULL;
	struct error why;
	if (db->ops->prepare(db, sql, &stmt, &why) < 0) {
		*out = NULL;
		abort_transaction(db, &why);
		if (e != NULL)
			*e = why;
		return -1;
	}
	stmt->db = db;
	stmt->key = sql;
	stmt->sql = xstrdup(sql);
	stmt->next = db->cache[bucket];
	db->cache[bucket] = stmt;
	*out = stmt;
	return 0;
}

void db_bind_int(struct db_stmt *stmt, int position, int64_t value)
{
	stmt->db->ops->bind_int(stmt, position, value);
}

void db_bind_text(struct db_stmt *stmt, int position, const char *value)
{
	if (value == NULL)
		stmt->db->ops->bind_null(stmt, position);
	else
		stmt->db->ops->bind_text(stmt, position, value);
}

void db_bind_blob(struct db_stmt *stmt, int position, const void *data, size_t len)
{
	stmt->db->ops->bind_blob(stmt, position, data, len);
}

void db_bind_null(struct db_stmt *stmt, int position)
{
	stmt->db->ops->bind_null(stmt, position);
}

static enum db_step refuse_step(struct db_stmt *stmt, struct error *e)
{
	if (e != NULL)
		*e = stmt->db->abort_error;
	db_reset(stmt);
	return DB_FAILED;
}

enum db_step db_step(struct db_stmt *stmt, struct error *e)
{
	struct db *db = stmt->db;
	if (db->aborted)
		return refuse_step(stmt, e);
	struct error why;
	enum db_step step;
	if (stmt->writes && db->in_transaction && db->mode == DB_READ) {
		error_set(&why, ERROR_INTERNAL, "writing in a read transaction: %.200s", stmt->sql);
		step = DB_FAILED;
	} else {
		stmt->active = true;
		step = db->ops->step(stmt, &why);
	}
	if (step == DB_ROW)
		return step;
	db_reset(stmt);
	if (step == DB_FAILED) {
		abort_transaction(db, &why);
		if (e != NULL)
			*e = why;
	} else if (!db->in_transaction && stmt->writes && db->hook_count > 0) {
		run_hooks(db);
	}
	return step;
}

void db_reset(struct db_stmt *stmt)
{
	if (!stmt->active)
		return;
	stmt->active = false;
	stmt->db->ops->reset(stmt);
}

/* Inside a transaction a driver may send it later. */
static int run_later(struct db_stmt *stmt, struct error *e)
{
	struct db *db = stmt->db;
	struct error why;
	if (db->aborted)
		return refuse_step(stmt, e);
	db_reset(stmt);
	int rc = stmt->writes && db->mode == DB_READ
		? error_set(&why, ERROR_INTERNAL, "writing in a read transaction: %.200s", stmt->sql)
		: db->ops->run(stmt, &why);
	if (rc == 0)
		return 0;
	abort_transaction(db, &why);
	if (e != NULL)
		*e = why;
	return -1;
}

int db_run(struct db_stmt *stmt, struct error *e)
{
	enum db_step step;
	if (stmt->db->ops->run != NULL && stmt->db->in_transaction)
		return run_later(stmt, e);
	do {
		step = db_step(stmt, e);
	} while (step == DB_ROW);
	return step == DB_DONE ? 0 : -1;
}

int64_t db_changes(struct db *db)
{
	struct error why;
	if (db->aborted)
		return -1;
	if (db->ops->changes != NULL && db->in_transaction && db->ops->changes(db, &why) < 0) {
		abort_transaction(db, &why);
		return -1;
	}
	return db->changes;
}

int64_t db_int(struct db_stmt *stmt, int column)
{
	return stmt->db->ops->column_int(stmt, column);
}

const char *db_text(struct db_stmt *stmt, int column)
{
	return stmt->db->ops->column_text(stmt, column);
}

const void *db_blob(struct db_stmt *stmt, int column, size_t *len)
{
	return stmt->db->ops->column_blob(stmt, column, len);
}

bool db_is_null(struct db_stmt *stmt, int column)
{
	return stmt->db->ops->column_null(stmt, column);
}

/* ---- short forms ----------------------------------------------------------- */

static void bind_all(struct db_stmt *stmt, const char *binds, va_list *ap)
{
	for (int position = 1; *binds != '\0'; binds++, position++)
		switch (*binds) {
		case 'i':
			db_bind_int(stmt, position, va_arg(*ap, int64_t));
			break;
		case 's':
			db_bind_text(stmt, position, va_arg(*ap, const char *));
			break;
		case 'b': {
			const void *data = va_arg(*ap, const void *);
			db_bind_blob(stmt, position, data, va_arg(*ap, size_t));
			break;
		}
		case 'n':
			db_bind_null(stmt, position);
			break;
		default:
			PANIC("unknown bind letter '%c'", *binds);
		}
}

int db_exec(struct db *db, struct error *e, const char *sql, const char *binds, ...)
{
	struct db_stmt *stmt;
	if (db_prepare(db, sql, &stmt, e) < 0)
		return -1;
	va_list ap;
	va_start(ap, binds);
	bind_all(stmt, binds, &ap);
	va_end(ap);
	return db_run(stmt, e);
}

int db_query(
	struct db *db, struct db_stmt **out, struct error *e, const char *sql, const char *binds, ...)
{
	if (db_prepare(db, sql, out, e) < 0)
		return -1;
	va_list ap;
	va_start(ap, binds);
	bind_all(*out, binds, &ap);
	va_end(ap);
	return 0;
}

enum db_step db_query_int(
	struct db *db, int64_t *value, struct error *e, const char *sql, const char *binds, ...)
{
	struct db_stmt *stmt;
	if (db_prepare(db, sql, &stmt, e) < 0)
		return DB_FAILED;
	va_list ap;
	va_start(ap, binds);
	bind_all(stmt, binds, &ap);
	va_end(ap);
	enum db_step step = db_step(stmt, e);
	if (step == DB_ROW) {
		*value = db_int(stmt, 0);
		db_reset(stmt);
	}
	return step;
}

int db_now_ms(struct db *db, int64_t *now_ms, struct error *e)
{
	return db->ops->now_ms(db, now_ms, e);
}

int db_script(struct db *db, const char *sql, struct error *e)
{
	return db->ops->script(db, sql, e);
}
