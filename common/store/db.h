/* A thin hand on the database: open, statement, bind, step, transaction.
 * SQL is written once, in the subset SQLite >= 3.40 and PostgreSQL >= 15 share;
 * the drivers rewrite only this:
 *   $1, $2 …    numbered parameters (SQLite gets ?1: its own $1 is a *name*)
 *   @KEYS($1)   a table with one column `key`, from a JSON array of integers
 *   @TEXTS($1)  a table with one column `text`, from a JSON array of strings
 *   @ID         in DDL: the type of a dense integer primary key
 *   @CLUSTERED  in DDL, after ')': the table is stored in primary-key order
 *   @BLOB       in DDL: the type of bytes
 *   @FOR_UPDATE at the end of a SELECT: the rows stay as they are until this transaction ends
 *               (PostgreSQL; SQLite's writers are serial)
 *
 * PostgreSQL guesses no types: write CAST($1 AS BIGINT) where nothing beside a parameter says what
 * it is ($1 IS NULL, $1 = 1); text there has the order of its bytes, as in SQLite.
 *
 * A connection belongs to one thread. Read transactions must end within a
 * second (they hold up the checkpoint). Never fork with an open connection:
 * fork and exec. */
#ifndef VESTNIK_STORE_DB_H
#define VESTNIK_STORE_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct db;
struct db_stmt;

enum db_kind { DB_SQLITE, DB_POSTGRES };
enum db_mode { DB_READ, DB_WRITE };
/* DB_RELAXED survives a crash of the process; DB_DURABLE also a power cut, and
 * returns only then (SQLite: commit, then sync the WAL outside the write lock). */
enum db_sync { DB_RELAXED, DB_DURABLE };
enum db_step { DB_FAILED = -1, DB_DONE = 0, DB_ROW = 1 };

/* url: "sqlite:/path/to/file" or "postgresql://…". Creates the SQLite file.
 * Does not look at the schema: store/schema.h does. */
int db_open(struct db **out, const char *url, struct error *e);
void db_close(struct db **db);
enum db_kind db_kind(const struct db *db);
/* As given, with a password if there is one: for db_open, never for people. */
const char *db_url(const struct db *db);
/* For people: messages, logs, `status`. Holds no password. */
const char *db_shown(const struct db *db);
/* Canonical path of the SQLite file; NULL for PostgreSQL. */
const char *db_file(const struct db *db);

/* ---- transactions ---------------------------------------------------------
 * SQLite has one writer at a time: db_begin waits for the write lock up to 10 s with 0.2–1 ms
 * jitter, then ERROR_UNAVAILABLE. On PostgreSQL writers go on side by side, each with one state of
 * the database (REPEATABLE READ): who changes a row that another changed meanwhile gets
 * ERROR_CONFLICT with `retriable` set, at any statement or at the commit, and does all of it again.
 * A row that is only *read* to decide a write of another row needs @FOR_UPDATE. A connection that
 * ended is ERROR_UNAVAILABLE; the next db_begin makes a new one. Statements outside a transaction
 * commit one by one, relaxed. A statement that fails aborts its transaction
 * (PostgreSQL's rule, kept by both): every later statement and db_commit give
 * that first error again, and nothing is written. Nothing can be written in a
 * DB_READ transaction. */
int db_begin(struct db *db, enum db_mode mode, struct error *e);
/* On failure the transaction is rolled back already (an error that is `fatal`:
 * committed, but the disk did not confirm it; close, and look again later). PostgreSQL: when the
 * connection is lost at this very moment, nobody knows; its text says so. Durable in both modes. */
int db_commit(struct db *db, enum db_sync sync, struct error *e);
/* Allowed when no transaction is open (so `out:` needs no test). */
void db_rollback(struct db *db);
bool db_in_transaction(const struct db *db);
/* fn(arg) runs once after the next successful commit of this connection, and
 * is forgotten at a rollback. The same (fn, arg) is kept once. */
void db_on_commit(struct db *db, void (*fn)(void *arg), void *arg);
/* fn(arg) runs once inside the next write transaction that commits, as the last of it: what it writes
 * is there together with the rest, or not at all. When it fails, so does db_commit. Stays through
 * transactions that were rolled back (its own run with them); NULL takes it away. There is one. For
 * those who call what begins and commits by itself (common/control/note.h). */
void db_in_commit(struct db *db, int (*fn)(void *arg, struct db *tx, struct error *e), void *arg);

/* ---- statements -----------------------------------------------------------
 * Prepared once per connection and text, kept by the connection. sql must be a
 * string literal (or live as long as the connection): it is the cache's key. The
 * same text again gives the same statement, reset and without bindings: a
 * statement must not be prepared again while its rows are being read. */
int db_prepare(struct db *db, const char *sql, struct db_stmt **out, struct error *e);

/* Positions from 1. Text and blobs are copied. NULL text binds SQL NULL. */
void db_bind_int(struct db_stmt *stmt, int position, int64_t value);
void db_bind_text(struct db_stmt *stmt, int position, const char *value);
void db_bind_blob(struct db_stmt *stmt, int position, const void *data, size_t len);
void db_bind_null(struct db_stmt *stmt, int position);

/* Next row. After DB_DONE or DB_FAILED the statement is reset (bindings stay). */
enum db_step db_step(struct db_stmt *stmt, struct error *e);
/* Stops reading early. */
void db_reset(struct db_stmt *stmt);
/* For a statement whose rows nobody wants. Inside a transaction PostgreSQL's driver sends it later,
 * with others: its error then comes from the next db_run, db_step, db_prepare or db_commit. */
int db_run(struct db_stmt *stmt, struct error *e);
/* Rows changed by the last db_step/db_run that finished (waits for it: on PostgreSQL a round trip,
 * so not for every row of a batch). -1: it failed, the transaction is aborted; db_commit tells. */
int64_t db_changes(struct db *db);

/* Columns from 0; text is valid until the next step or reset. NULL: 0, NULL. */
int64_t db_int(struct db_stmt *stmt, int column);
const char *db_text(struct db_stmt *stmt, int column);
const void *db_blob(struct db_stmt *stmt, int column, size_t *len);
bool db_is_null(struct db_stmt *stmt, int column);

/* ---- short forms -----------------------------------------------------------
 * binds: one letter a parameter: i int64_t, s const char *, n SQL NULL (takes no argument),
 * b const void *, size_t. */
int db_exec(struct db *db, struct error *e, const char *sql, const char *binds, ...);
/* Like db_exec, leaves the statement ready for db_step. */
int db_query(struct db *db, struct db_stmt **out, struct error *e, const char *sql,
	const char *binds, ...);
/* First column of the first row; DB_DONE when there is no row. */
enum db_step db_query_int(struct db *db, int64_t *value, struct error *e, const char *sql,
	const char *binds, ...);

/* Now, by the database's clock (leases): SQLite's is this machine's. */
int db_now_ms(struct db *db, int64_t *now_ms, struct error *e);

#endif
