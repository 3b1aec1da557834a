/* PostgreSQL by libpq, in pipeline mode: db_run inside a transaction only queues its statement, and
 * the answers of all that was queued are taken when somebody needs one: rows, db_changes, or the
 * commit. A batch of thousands of small statements costs a handful of round trips.
 *
 * DB_WRITE is REPEATABLE READ: two that change the same row from what they read of it do not both
 * commit; the second gets ERROR_CONFLICT, retriable (SQLite's writers are serial instead). A
 * connection that ended is made again by the next db_begin, or statement outside a transaction. */
#include "store/db_postgres.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/lang.h"
#include "base/log.h"
#include "base/xalloc.h"

#define SCHEME "postgresql:"
#define OLDEST_SERVER 150000
#define SCRIPT_MAX_BYTES (256 * 1024)

/* Every query of the house was written for loops over indexes, which is all that SQLite has. Left
 * alone, a server without statistics of a table that has just grown reads all of it, or sorts a
 * million rows for the first hundred.
 * The two limits: a process that is frozen holds no locks for ever. synchronous_commit: the offset
 * of a message is stored after the commit, so that a commit may not be lost. */
static const char session[] =
	"SET idle_in_transaction_session_timeout = '10s'; SET lock_timeout = '10s';"
	"SET default_transaction_isolation = 'read committed';" /* of statements on their own */
	"SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;"
	"SET enable_bitmapscan = off; SET jit = off; SET random_page_cost = 1.1;"
	"SET max_parallel_workers_per_gather = 0;"
	"SELECT set_config('synchronous_commit', 'on', false)"
	" WHERE current_setting('synchronous_commit') IN ('off', 'local')";

/* ---- opening ------------------------------------------------------------------------------- */

static int set_up(struct postgres_db *db, struct error *e)
{
	const char *encoding = PQparameterStatus(db->conn, "server_encoding");
	if (PQserverVersion(db->conn) < OLDEST_SERVER)
		return error_set(e, ERROR_DENIED, tr("%s is PostgreSQL %d; 15 or newer is needed",
			"%s – это PostgreSQL %d, а нужен 15 или новее"),
			db->label, PQserverVersion(db->conn) / 10000);
	if (encoding == NULL || strcmp(encoding, "UTF8") != 0)
		return error_set(e, ERROR_DENIED,
			tr("%s: the database's encoding is %.40s; make one with ENCODING 'UTF8' TEMPLATE template0",
				"%s: кодировка базы %.40s; создайте базу с ENCODING 'UTF8' TEMPLATE template0"),
			db->label, encoding == NULL ? "?" : encoding);
	PGresult *result = PQexec(db->conn, session);
	int rc = PQresultStatus(result) == PGRES_TUPLES_OK ? 0 : postgres_fail(db, result, "set-up", e);
	PQclear(result);
	if (rc == 0 && (PQsetnonblocking(db->conn, 1) != 0 || PQenterPipelineMode(db->conn) != 1))
		rc = postgres_lost(db, "pipeline", e);
	return rc;
}

/* Not on standard error, which is libpq's way. */
static void note(void *arg, const char *words)
{
	(void)arg;
	log_debug("store-notice", "words=%s", log_quote(words));
}

static int connect_now(struct postgres_db *db, struct error *e)
{
	PQfinish(db->conn);
	db->conn = postgres_connect(db->base.url);
	PQsetNoticeProcessor(db->conn, note, NULL);
	postgres_forget_owed(db);
	db->begun = db->failed = false;
	db->generation++;
	db->lost = PQstatus(db->conn) != CONNECTION_OK;
	if (db->lost) {
		bool denied = PQconnectionNeedsPassword(db->conn) || PQconnectionUsedPassword(db->conn);
		/* libpq's own complaint, before it asked any server: it repeats what it did not like, and
		 * in an address with unescaped characters that is the password. */
		if (strncmp(PQerrorMessage(db->conn), "invalid ", strlen("invalid ")) == 0)
			return postgres_bad_address(e);
		postgres_lost(db, tr("no connection", "нет соединения"), e);
		/* A wrong password does not get better by waiting; a server that starts does. */
		if (e != NULL && denied && strstr(e->text, "password") != NULL) {
			e->code = ERROR_DENIED;
			e->retriable = false;
		}
		return -1;
	}
	int rc = set_up(db, e);
	db->lost = rc < 0;
	return rc;
}

/* What comes unasked is mostly goodbye, and its end follows at once. */
#define GOODBYE_MS 50

/* A server that was restarted has said so on the connection long before it is used again: looking
 * costs one system call. */
static bool still_there(struct postgres_db *db)
{
	struct pollfd fd = {.fd = PQsocket(db->conn), .events = POLLIN};
	if (db->lost || PQstatus(db->conn) != CONNECTION_OK)
		return false;
	for (int wait_ms = 0; poll(&fd, 1, wait_ms) != 0; wait_ms = GOODBYE_MS)
		if (PQconsumeInput(db->conn) != 1 || PQstatus(db->conn) != CONNECTION_OK)
			return false;
	return true;
}

int postgres_ready(struct postgres_db *db, struct error *e)
{
	/* Rows on the wire: the connection was in use a moment ago. */
	if (db->reader != NULL && !db->lost)
		return 0;
	if (still_there(db))
		return 0;
	log_debug("store-reconnect", "store=%s", log_quote(db->label));
	return connect_now(db, e);
}

static void postgres_close(struct db *base)
{
	struct postgres_db *db = postgres_of(base);
	PQfinish(db->conn);
	free(db->label);
	free(db);
}

static int postgres_open(struct db **out, const char *url, struct error *e)
{
	struct postgres_db *db = xcalloc(1, sizeof *db);
	db->base.ops = &db_postgres_ops;
	int rc = postgres_label(url, &db->label, e);
	if (rc == 0) {
		db->base.url = (char *)(uintptr_t)url; /* db_open puts its own copy here */
		rc = connect_now(db, e);
	}
	if (rc == 0)
		*out = &db->base;
	else
		postgres_close(&db->base);
	return rc;
}

static const char *postgres_file(const struct db *db)
{
	(void)db;
	return NULL;
}

static const char *postgres_shown(const struct db *db)
{
	return ((const struct postgres_db *)db)->label;
}

/* ---- transactions ---------------------------------------------------------------------------- */

static int postgres_begin(struct db *base, enum db_mode mode, struct error *e)
{
	struct postgres_db *db = postgres_of(base);
	if (postgres_ready(db, e) < 0 || postgres_clear_wire(db, true, e) < 0)
		return -1;
	db->failed = false;
	if (postgres_send_control(db, mode == DB_WRITE ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE"
						       : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
		    e) < 0)
		return -1;
	db->begun = true;
	return 0;
}

static void postgres_rollback(struct db *base)
{
	postgres_roll_back(postgres_of(base));
}

static int postgres_commit(struct db *base, enum db_sync sync, bool *committed, struct error *e)
{
	struct postgres_db *db = postgres_of(base);
	(void)sync;
	if (db->failed) {
		if (e != NULL)
			*e = db->failure;
		goto failed;
	}
	if (postgres_clear_wire(db, false, e) < 0 || postgres_send_control(db, "COMMIT", e) < 0)
		goto failed;
	if (postgres_sync(db, e) < 0 || postgres_harvest(db, NULL, e) < 0) {
		if (db->lost)
			error_context(e, "%s", tr("commit (not known whether it was done)",
				"фиксация (неизвестно, состоялась ли она)"));
		goto failed;
	}
	/* COMMIT of a transaction that failed is no error to the server. */
	if (db->rolled_back || PQtransactionStatus(db->conn) != PQTRANS_IDLE) {
		error_set(e, ERROR_INTERNAL, "%s: the transaction could not be committed", db->label);
		goto failed;
	}
	db->begun = false;
	*committed = true;
	return 0;
failed:
	postgres_roll_back(db);
	return -1;
}

static int postgres_changes(struct db *base, struct error *e)
{
	struct postgres_db *db = postgres_of(base);
	if (db->failed) {
		if (e != NULL)
			*e = db->failure;
		return -1;
	}
	if (db->owed_count == 0 || db->reader != NULL)
		return 0;
	return postgres_sync(db, e) < 0 || postgres_harvest(db, NULL, e) < 0 ? -1 : 0;
}

static int postgres_now_ms(struct db *db, int64_t *now_ms, struct error *e)
{
	return db_query_int(db, now_ms, e,
		       "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)", "") == DB_ROW
		? 0
		: -1;
}

/* ---- scripts ---------------------------------------------------------------------------------- */

/* Bytes decide the order of text, as in SQLite: the rules of a language change with the system's
 * libraries, and an index built by the old ones then finds nothing. */
static void put_collation(const char *sql, struct buf *out)
{
	static const char word[] = "TEXT";
	for (const char *at; (at = strstr(sql, word)) != NULL; sql = at + strlen(word)) {
		const char *end = at + strlen(word);
		bool whole = at > sql && at[-1] == ' ' && strchr(" ,)\n", *end) != NULL && *end != '\0';
		bool cast = at - sql >= 3 && strncmp(at - 3, "AS ", 3) == 0;
		(void)buf_append(out, sql, (size_t)(end - sql));
		if (whole && !cast)
			(void)buf_puts(out, " COLLATE \"C\"");
	}
	(void)buf_puts(out, sql);
}

/* Several statements at once are beyond the pipeline. */
static int run_script(struct postgres_db *db, const char *sql, struct error *e)
{
	if (postgres_clear_wire(db, true, e) < 0 || postgres_sync(db, e) < 0 ||
		postgres_harvest(db, NULL, e) < 0)
		return -1;
	if (PQexitPipelineMode(db->conn) != 1)
		return postgres_lost(db, "pipeline", e);
	PQsetnonblocking(db->conn, 0);
	PGresult *result = PQexec(db->conn, sql);
	ExecStatusType status = PQresultStatus(result);
	int rc = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK
		? 0
		: postgres_fail(db, result, "schema", e);
	PQclear(result);
	PQsetnonblocking(db->conn, 1);
	if (PQenterPipelineMode(db->conn) != 1 && rc == 0)
		rc = postgres_lost(db, "pipeline", e);
	return rc;
}

static int postgres_script(struct db *base, const char *sql, struct error *e)
{
	struct buf text, ordered;
	buf_init(&text, SCRIPT_MAX_BYTES);
	buf_init(&ordered, SCRIPT_MAX_BYTES);
	int rc = db_rewrite(DB_POSTGRES, sql, &text, e);
	if (rc == 0) {
		put_collation(buf_str(&text), &ordered);
		rc = buf_ok(&ordered) ? run_script(postgres_of(base), buf_str(&ordered), e)
				      : error_set(e, ERROR_INTERNAL, "schema file too long");
	}
	buf_fini(&text);
	buf_fini(&ordered);
	return rc;
}

static int postgres_backup(struct db *base, const char *path, struct error *e)
{
	(void)path;
	return error_set(e, ERROR_INPUT,
		tr("the store is PostgreSQL: back it up with pg_dump --format=custom --file=FILE '%s'; after"
		   " pg_restore and before starting services run: vestnik store restored",
			"хранилище – PostgreSQL: копия делается командой pg_dump --format=custom --file=ФАЙЛ '%s';"
			" после pg_restore, до запуска служб: vestnik store restored"),
		postgres_of(base)->label);
}

const struct db_ops db_postgres_ops = {
	.scheme = SCHEME,
	.kind = DB_POSTGRES,
	.open = postgres_open,
	.close = postgres_close,
	.begin = postgres_begin,
	.commit = postgres_commit,
	.rollback = postgres_rollback,
	.prepare = postgres_prepare,
	.finalize = postgres_finalize,
	.clear = postgres_clear,
	.bind_int = postgres_bind_int,
	.bind_text = postgres_bind_text,
	.bind_blob = postgres_bind_blob,
	.bind_null = postgres_bind_null,
	.step = postgres_step,
	.run = postgres_run,
	.changes = postgres_changes,
	.reset = postgres_reset,
	.column_int = postgres_column_int,
	.column_text = postgres_column_text,
	.column_blob = postgres_column_blob,
	.column_null = postgres_column_null,
	.now_ms = postgres_now_ms,
	.script = postgres_script,
	.file = postgres_file,
	.shown = postgres_shown,
	.backup = postgres_backup,
};
