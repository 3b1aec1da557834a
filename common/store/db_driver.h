/* Between db.c and the drivers; nobody else includes this. A driver embeds
 * struct db and struct db_stmt as the first members of its own. */
#ifndef VESTNIK_STORE_DB_DRIVER_H
#define VESTNIK_STORE_DB_DRIVER_H

#include "base/buf.h"
#include "store/db.h"

struct db_hook {
	void (*fn)(void *arg);
	void *arg;
};

#define DB_CACHE_BUCKETS 128 /* a service has some 50 statements */

struct db_ops;
struct db {
	const struct db_ops *ops;
	char *url;
	bool in_transaction;
	enum db_mode mode;
	/* A statement failed in this transaction: only db_rollback is left, and
	 * whatever else is tried gets that first error. */
	bool aborted;
	struct error abort_error;
	int64_t changes;
	struct db_hook *hooks;
	size_t hook_count, hook_cap;
	int (*last)(void *arg, struct db *tx, struct error *e); /* db_in_commit */
	void *last_arg;
	struct db_stmt *cache[DB_CACHE_BUCKETS];
};

struct db_stmt {
	struct db *db;
	const char *key; /* the caller's pointer; never dereferenced later */
	char *sql;       /* our copy: an address used again for another text is noticed */
	bool writes;
	bool active;     /* stepped and not reset */
	struct db_stmt *next;
};

struct db_ops {
	const char *scheme; /* "sqlite:" */
	enum db_kind kind;
	int (*open)(struct db **out, const char *url, struct error *e);
	void (*close)(struct db *db);
	int (*begin)(struct db *db, enum db_mode mode, struct error *e);
	/* -1 with *committed true: committed, but not known to be on disk. */
	int (*commit)(struct db *db, enum db_sync sync, bool *committed, struct error *e);
	void (*rollback)(struct db *db);
	int (*prepare)(struct db *db, const char *sql, struct db_stmt **out, struct error *e);
	void (*finalize)(struct db_stmt *stmt);
	void (*clear)(struct db_stmt *stmt);
	void (*bind_int)(struct db_stmt *stmt, int position, int64_t value);
	void (*bind_text)(struct db_stmt *stmt, int position, const char *value);
	void (*bind_blob)(struct db_stmt *stmt, int position, const void *data, size_t len);
	void (*bind_null)(struct db_stmt *stmt, int position);
	enum db_step (*step)(struct db_stmt *stmt, struct error *e);
	/* NULL: step to the end. Only inside a transaction; may queue. */
	int (*run)(struct db_stmt *stmt, struct error *e);
	/* NULL: base.changes is right. Waits for what was queued. */
	int (*changes)(struct db *db, struct error *e);
	void (*reset)(struct db_stmt *stmt);
	int64_t (*column_int)(struct db_stmt *stmt, int column);
	const char *(*column_text)(struct db_stmt *stmt, int column);
	const void *(*column_blob)(struct db_stmt *stmt, int column, size_t *len);
	bool (*column_null)(struct db_stmt *stmt, int column);
	int (*now_ms)(struct db *db, int64_t *now_ms, struct error *e);
	/* Several statements without parameters (schema files). */
	int (*script)(struct db *db, const char *sql, struct error *e);
	const char *(*file)(const struct db *db);
	const char *(*shown)(const struct db *db);
	int (*backup)(struct db *db, const char *path, struct error *e);
};

extern const struct db_ops db_sqlite_ops, db_postgres_ops;

/* The rewritings db.h promises, outside of literals and comments. */
int db_rewrite(enum db_kind kind, const char *sql, struct buf *out, struct error *e);
/* Runs a schema file inside the caller's transaction. */
int db_script(struct db *db, const char *sql, struct error *e);

/* For maintenance.c, SQLite only: frames of the write-ahead log, seen without
 * any lock. */
struct db_wal {
	uint32_t page_bytes;
	uint32_t salt[2]; /* changes whenever the log starts again */
};
/* 1 and *wal when the log has a header, 0 when not. */
int db_sqlite_wal(struct db *db, struct db_wal *wal);
/* Does frame `number` (from 1) belong to this generation of the log? */
bool db_sqlite_wal_has_frame(struct db *db, const struct db_wal *wal, uint32_t number);
int db_sqlite_wal_sync(struct db *db, struct error *e);
/* PASSIVE; the caller holds the write lock with another connection. */
int db_sqlite_checkpoint(struct db *db, int *frames, int *done, struct error *e);

#endif
