/* SQLite, set up so that the packaged version's WAL-reset corruption
 * (sqlite.org/wal.html#walresetbug) cannot happen: no connection ever
 * checkpoints by itself; store/maintenance.c does it under the write lock.
 * The file is not mapped, and a connection belongs to one thread. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "store/db_sqlite.h"

#define SCHEME "sqlite:"

/* Patience for the write lock. A commit holds it some ms, a checkpoint 20; ten
 * seconds without it mean that somebody is stuck. */
#define BUSY_PATIENCE_MS 10000
/* Sleep between tries: SQLite's own ladder goes up to 100 ms, which made waits
 * of half a second; a short jitter stayed under 50 ms. */
#define BUSY_SLEEP_MIN_US 200
#define BUSY_SLEEP_SPREAD_US 800
/* 4 MiB: 2 and 32 measured equal; every thread of every service has one. */
#define CACHE_KIB 4096
/* The WAL file is cut to this when it starts again; its usual size is below 20 MB. */
#define WAL_LIMIT_BYTES "67108864"
#define SQL_MAX_BYTES (256 * 1024)

struct sqlite_stmt {
	struct db_stmt base;
	sqlite3_stmt *handle;
	int bind_error; /* first one; told by the next step */
};

static struct sqlite_stmt *stmt_of(struct db_stmt *stmt)
{
	return (struct sqlite_stmt *)stmt;
}

/* ---- errors ---------------------------------------------------------------- */

static enum error_code code_of(int rc, int extended, bool no_room)
{
	switch (rc) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_CANTOPEN:
	case SQLITE_PROTOCOL:
	case SQLITE_INTERRUPT:
		return ERROR_UNAVAILABLE;
	case SQLITE_IOERR:
		return no_room ? ERROR_FULL : ERROR_UNAVAILABLE;
	case SQLITE_FULL:
		return ERROR_FULL;
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return ERROR_DENIED;
	case SQLITE_TOOBIG:
		return ERROR_INPUT;
	case SQLITE_CONSTRAINT:
		return extended == SQLITE_CONSTRAINT_UNIQUE ||
				       extended == SQLITE_CONSTRAINT_PRIMARYKEY ||
				       extended == SQLITE_CONSTRAINT_ROWID
			       ? ERROR_CONFLICT
			       : ERROR_INTERNAL;
	default:
		return ERROR_INTERNAL;
	}
}

/* A quota or a size limit is no ENOSPC to SQLite; its own sqlite3_system_errno
 * is read too late, after the rollback. */
static bool no_room_left(struct sqlite_db *db)
{
	int number[2] = {0, 0};
	sqlite3_file *wal = sqlite_wal_file(db);
	if (wal != NULL)
		wal->pMethods->xFileControl(wal, SQLITE_FCNTL_LAST_ERRNO, &number[0]);
	sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_LAST_ERRNO, &number[1]);
	for (int i = 0; i < 2; i++)
		if (number[i] == EDQUOT || number[i] == EFBIG || number[i] == ENOSPC)
			return true;
	return false;
}

int sqlite_fail(struct sqlite_db *db, int rc, const char *what, struct error *e)
{
	int extended = db->handle == NULL ? rc : sqlite3_extended_errcode(db->handle);
	const char *text = db->handle == NULL ? sqlite3_errstr(rc) : sqlite3_errmsg(db->handle);
	rc &= 0xff;
	if (rc == SQLITE_NOMEM)
		PANIC("out of memory in SQLite");
	bool no_room = rc == SQLITE_IOERR && db->handle != NULL && no_room_left(db);
	error_set(e, code_of(rc, extended, no_room), "%s: %s: %.160s", db->path, text, what);
	if (e != NULL && (rc == SQLITE_CORRUPT || rc == SQLITE_NOTADB))
		e->fatal = true;
	return -1;
}

/* ---- waiting --------------------------------------------------------------- */

/* Not base/clock.h: a simulated clock must not change how long we wait. */
static int64_t real_mono_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int wait_for_lock(void *arg, int tries)
{
	struct sqlite_db *db = arg;
	int64_t now_ms = real_mono_ms();
	if (tries == 0)
		db->busy_since_ms = now_ms;
	if (now_ms - db->busy_since_ms > BUSY_PATIENCE_MS)
		return 0;
	db->jitter ^= db->jitter << 13; /* xorshift: no lock, no system call */
	db->jitter ^= db->jitter >> 17;
	db->jitter ^= db->jitter << 5;
	usleep(BUSY_SLEEP_MIN_US + db->jitter % BUSY_SLEEP_SPREAD_US);
	return 1;
}

/* ---- opening --------------------------------------------------------------- */

/* Changing a new file to WAL needs it alone, and SQLite does not always wait. */
static int enter_wal(struct sqlite_db *db)
{
	int64_t start_ms = real_mono_ms();
	for (int tries = 0;; tries++) {
		int rc = sqlite3_exec(db->handle, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
		if ((rc & 0xff) != SQLITE_BUSY || real_mono_ms() - start_ms > BUSY_PATIENCE_MS)
			return rc;
		wait_for_lock(db, tries);
	}
}

static int set_up(struct sqlite_db *db, struct error *e)
{
	static const char pragmas[] = "PRAGMA synchronous = NORMAL;"
				      "PRAGMA wal_autocheckpoint = 0;"
				      "PRAGMA mmap_size = 0;"
				      "PRAGMA journal_size_limit = " WAL_LIMIT_BYTES ";"
				      /* overwrites what is deleted, but writes no page just for it */
				      "PRAGMA secure_delete = FAST;";
	sqlite3_extended_result_codes(db->handle, 1);
	sqlite3_busy_handler(db->handle, wait_for_lock, db);
	int rc = sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db->handle, "PRAGMA wal_autocheckpoint = 0", NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = enter_wal(db);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db->handle, pragmas, NULL, NULL, NULL);
	char cache[64];
	sqlite3_snprintf(sizeof cache, cache, "PRAGMA cache_size = -%d", CACHE_KIB);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db->handle, cache, NULL, NULL, NULL);
	return rc == SQLITE_OK ? 0 : sqlite_fail(db, rc, "set-up", e);
}

static int prepare_control(struct sqlite_db *db, const char *sql, sqlite3_stmt **out, struct error *e)
{
	int rc = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);
	return rc == SQLITE_OK ? 0 : sqlite_fail(db, rc, sql, e);
}

static void sqlite_close(struct db *base)
{
	struct sqlite_db *db = sqlite_of(base);
	sqlite3_finalize(db->begin_read);
	sqlite3_finalize(db->begin_write);
	sqlite3_finalize(db->commit);
	sqlite3_finalize(db->rollback);
	sqlite3_close_v2(db->handle);
	free(db->path);
	free(db);
}

/* Counting its memory costs SQLite a lock at every allocation, shared by all
 * threads, and nobody reads the count. */
static void configure_library(void)
{
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static int sqlite_open(struct db **out, const char *url, struct error *e)
{
	const char *path = url + strlen(SCHEME);
	if (path[0] == '\0' || path[0] == ':')
		return error_set(e, ERROR_INPUT, "store address \"%.100s\" names no file", url);
	static pthread_once_t configured = PTHREAD_ONCE_INIT;
	pthread_once(&configured, configure_library);
	struct sqlite_db *db = xcalloc(1, sizeof *db);
	db->base.ops = &db_sqlite_ops;
	db->path = xstrdup(path);
	db->jitter = (uint32_t)(uintptr_t)db ^ (uint32_t)getpid() * 2654435761U;
	if (db->jitter == 0)
		db->jitter = 1;
	sqlite_create_file(path);
	char *canonical = realpath(path, NULL);
	if (canonical == NULL) {
		error_errno(e, "store %.200s", path);
		goto out;
	}
	free(db->path);
	db->path = canonical;
	int rc = sqlite3_open_v2(db->path, &db->handle,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc != SQLITE_OK) {
		sqlite_fail(db, rc, "open", e);
		goto out;
	}
	if (set_up(db, e) < 0 || prepare_control(db, "BEGIN", &db->begin_read, e) < 0 ||
		prepare_control(db, "BEGIN IMMEDIATE", &db->begin_write, e) < 0 ||
		prepare_control(db, "COMMIT", &db->commit, e) < 0 ||
		prepare_control(db, "ROLLBACK", &db->rollback, e) < 0)
		goto out;
	sqlite_sync_folder(db->path);
	*out = &db->base;
	return 0;
out:
	sqlite_close(&db->base);
	return -1;
}

static const char *sqlite_file(const struct db *db)
{
	return ((const struct sqlite_db *)db)->path;
}

static const char *sqlite_shown(const struct db *db)
{
	return db->url;
}

/* ---- transactions ---------------------------------------------------------- */

static int run_control(sqlite3_stmt *stmt)
{
	sqlite3_step(stmt);
	return sqlite3_reset(stmt);
}

static int sqlite_begin(struct db *base, enum db_mode mode, struct error *e)
{
	struct sqlite_db *db = sqlite_of(base);
	int rc = run_control(mode == DB_WRITE ? db->begin_write : db->begin_read);
	return rc == SQLITE_OK ? 0 : sqlite_fail(db, rc, "begin", e);
}

static void sqlite_rollback(struct db *base)
{
	struct sqlite_db *db = sqlite_of(base);
	/* Readers left open would keep their snapshot. */
	for (sqlite3_stmt *stmt = NULL; (stmt = sqlite3_next_stmt(db->handle, stmt)) != NULL;)
		if (sqlite3_stmt_busy(stmt))
			sqlite3_reset(stmt);
	if (!sqlite3_get_autocommit(db->handle))
		run_control(db->rollback);
}

/* Syncing after COMMIT, not inside it, keeps the disk's time out of everybody's
 * wait for the write lock (36 µs a letter against 1.5 at 5 ms a sync). */
static int sqlite_commit(struct db *base, enum db_sync sync, bool *committed, struct error *e)
{
	struct sqlite_db *db = sqlite_of(base);
	int rc = run_control(db->commit);
	if (rc != SQLITE_OK) {
		sqlite_fail(db, rc, "commit", e);
		sqlite_rollback(base);
		return -1;
	}
	*committed = true;
	return sync == DB_DURABLE && base->mode == DB_WRITE ? db_sqlite_wal_sync(base, e) : 0;
}

/* ---- statements ------------------------------------------------------------ */

static int sqlite_prepare(struct db *base, const char *sql, struct db_stmt **out, struct error *e)
{
	struct sqlite_db *db = sqlite_of(base);
	struct sqlite_stmt *stmt = NULL;
	struct buf text;
	buf_init(&text, SQL_MAX_BYTES);
	int result = db_rewrite(DB_SQLITE, sql, &text, e);
	if (result == 0) {
		stmt = xcalloc(1, sizeof *stmt);
		int rc = sqlite3_prepare_v3(db->handle, buf_str(&text), -1,
			SQLITE_PREPARE_PERSISTENT, &stmt->handle, NULL);
		if (rc == SQLITE_OK && stmt->handle != NULL) {
			stmt->base.writes = !sqlite3_stmt_readonly(stmt->handle);
			*out = &stmt->base;
		} else {
			result = rc == SQLITE_OK ? error_set(e, ERROR_INTERNAL, "empty statement")
						 : sqlite_fail(db, rc, sql, e);
			free(stmt);
		}
	}
	buf_fini(&text);
	return result;
}

static void sqlite_finalize(struct db_stmt *stmt)
{
	sqlite3_finalize(stmt_of(stmt)->handle);
	free(stmt);
}

static void sqlite_clear(struct db_stmt *stmt)
{
	sqlite3_clear_bindings(stmt_of(stmt)->handle);
	stmt_of(stmt)->bind_error = SQLITE_OK;
}

static void note_bind(struct db_stmt *stmt, int rc)
{
	if (rc != SQLITE_OK && stmt_of(stmt)->bind_error == SQLITE_OK)
		stmt_of(stmt)->bind_error = rc;
}

static void sqlite_bind_int(struct db_stmt *stmt, int position, int64_t value)
{
	note_bind(stmt, sqlite3_bind_int64(stmt_of(stmt)->handle, position, value));
}

static void sqlite_bind_text(struct db_stmt *stmt, int position, const char *value)
{
	note_bind(stmt, sqlite3_bind_text64(stmt_of(stmt)->handle, position, value, strlen(value),
				SQLITE_TRANSIENT, SQLITE_UTF8));
}

static void sqlite_bind_blob(struct db_stmt *stmt, int position, const void *data, size_t len)
{
	note_bind(stmt, sqlite3_bind_blob64(stmt_of(stmt)->handle, position, len == 0 ? "" : data,
				len, SQLITE_TRANSIENT));
}

static void sqlite_bind_null(struct db_stmt *stmt, int position)
{
	note_bind(stmt, sqlite3_bind_null(stmt_of(stmt)->handle, position));
}

static enum db_step sqlite_step(struct db_stmt *base, struct error *e)
{
	struct sqlite_stmt *stmt = stmt_of(base);
	struct sqlite_db *db = sqlite_of(base->db);
	if (stmt->bind_error != SQLITE_OK) {
		error_set(e, ERROR_INTERNAL, "binding: %s: %.160s",
			sqlite3_errstr(stmt->bind_error), base->sql);
		return DB_FAILED;
	}
	int rc = sqlite3_step(stmt->handle);
	if (rc == SQLITE_ROW)
		return DB_ROW;
	if (rc == SQLITE_DONE) {
		db->base.changes = base->writes ? sqlite3_changes64(db->handle) : 0;
		return DB_DONE;
	}
	sqlite_fail(db, rc, base->sql, e);
	return DB_FAILED;
}

static void sqlite_reset(struct db_stmt *stmt)
{
	sqlite3_reset(stmt_of(stmt)->handle);
}

static int64_t sqlite_column_int(struct db_stmt *stmt, int column)
{
	return sqlite3_column_int64(stmt_of(stmt)->handle, column);
}

static const char *sqlite_column_text(struct db_stmt *stmt, int column)
{
	return (const char *)sqlite3_column_text(stmt_of(stmt)->handle, column);
}

static const void *sqlite_column_blob(struct db_stmt *stmt, int column, size_t *len)
{
	const void *data = sqlite3_column_blob(stmt_of(stmt)->handle, column);
	*len = (size_t)sqlite3_column_bytes(stmt_of(stmt)->handle, column);
	/* An empty value is not NULL. */
	if (data == NULL && sqlite3_column_type(stmt_of(stmt)->handle, column) != SQLITE_NULL)
		return "";
	return data;
}

static bool sqlite_column_null(struct db_stmt *stmt, int column)
{
	return sqlite3_column_type(stmt_of(stmt)->handle, column) == SQLITE_NULL;
}

static int sqlite_now_ms(struct db *db, int64_t *now_ms, struct error *e)
{
	(void)db;
	(void)e;
	*now_ms = clock_now_ms();
	return 0;
}

static int sqlite_script(struct db *base, const char *sql, struct error *e)
{
	struct sqlite_db *db = sqlite_of(base);
	struct buf text;
	buf_init(&text, SQL_MAX_BYTES);
	int result = db_rewrite(DB_SQLITE, sql, &text, e);
	if (result == 0) {
		int rc = sqlite3_exec(db->handle, buf_str(&text), NULL, NULL, NULL);
		if (rc != SQLITE_OK)
			result = sqlite_fail(db, rc, "schema", e);
	}
	buf_fini(&text);
	return result;
}

const struct db_ops db_sqlite_ops = {
	.scheme = SCHEME,
	.kind = DB_SQLITE,
	.open = sqlite_open,
	.close = sqlite_close,
	.begin = sqlite_begin,
	.commit = sqlite_commit,
	.rollback = sqlite_rollback,
	.prepare = sqlite_prepare,
	.finalize = sqlite_finalize,
	.clear = sqlite_clear,
	.bind_int = sqlite_bind_int,
	.bind_text = sqlite_bind_text,
	.bind_blob = sqlite_bind_blob,
	.bind_null = sqlite_bind_null,
	.step = sqlite_step,
	.reset = sqlite_reset,
	.column_int = sqlite_column_int,
	.column_text = sqlite_column_text,
	.column_blob = sqlite_column_blob,
	.column_null = sqlite_column_null,
	.now_ms = sqlite_now_ms,
	.script = sqlite_script,
	.file = sqlite_file,
	.shown = sqlite_shown,
	.backup = sqlite_backup,
};
