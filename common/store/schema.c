#include "store/schema.h"

#include <string.h>

#include "base/clock.h"
#include "base/lang.h"
#include "base/log.h"
#include "store/db_driver.h"
#include "store/schema_files.h"

/* A table of all that was applied, not one number: files of one database kind
 * only leave gaps in the other's sequence. */
static const char create_version[] =
	"CREATE TABLE IF NOT EXISTS schema_version (number BIGINT PRIMARY KEY, name TEXT NOT NULL,"
	" applied_ms BIGINT NOT NULL) @CLUSTERED";

static bool applies(const struct schema_file *file, enum db_kind kind)
{
	return file->only == SCHEMA_ALL ||
	       file->only == (kind == DB_SQLITE ? SCHEMA_SQLITE : SCHEMA_POSTGRES);
}

/* -1 also when the store knows a number this program does not. */
static int read_newest(struct db *db, int64_t *newest, struct error *e)
{
	if (db_query_int(db, newest, e, "SELECT COALESCE(MAX(number), 0) FROM schema_version", "") !=
		DB_ROW)
		return -1;
	int64_t known = 0;
	for (size_t i = 0; i < schema_files_count; i++)
		if (applies(&schema_files[i], db_kind(db)) && schema_files[i].number > known)
			known = schema_files[i].number;
	if (*newest > known)
		return error_set(e, ERROR_CONFLICT,
			tr("the store has version %lld, this program knows only %lld: use a newer program",
				"версия хранилища %lld, а программа знает только %lld: нужна более новая программа"),
			(long long)*newest, (long long)known);
	return *newest == known;
}

static int apply_missing(struct db *db, int64_t newest, struct error *e)
{
	for (size_t i = 0; i < schema_files_count; i++) {
		const struct schema_file *file = &schema_files[i];
		if (file->number <= newest || !applies(file, db_kind(db)))
			continue;
		if (db_script(db, file->sql, e) < 0)
			return error_context(e, "%s", file->name);
		if (db_exec(db, e,
			    "INSERT INTO schema_version (number, name, applied_ms) VALUES ($1, $2, $3)",
			    "isi", (int64_t)file->number, file->name, clock_now_ms()) < 0)
			return -1;
	}
	return 0;
}

/* Without the write lock: what nearly every start finds. 1 = current. */
static int is_current(struct db *db, struct error *e)
{
	int64_t found, newest;
	enum db_step step = db_kind(db) == DB_SQLITE
		? db_query_int(db, &found, e,
			  "SELECT 1 FROM sqlite_schema WHERE name = 'schema_version'", "")
		: db_query_int(db, &found, e,
			  "SELECT 1 WHERE to_regclass('schema_version') IS NOT NULL", "");
	if (step != DB_ROW)
		return step == DB_DONE ? 0 : -1;
	return read_newest(db, &newest, e);
}

/* PostgreSQL: services that start at once take turns. Not a lock inside the transaction: that one
 * sees the tables as they were before it waited. Freed at the latest when the connection ends. */
#define MIGRATION_LOCK 0x7665737473636865 /* any number, the same in every program: "vestsche" */
/* Each try waits as long as the driver's lock_timeout says, some 10 s: a migration of big tables
 * takes minutes. */
#define MIGRATION_TRIES 60

static int lock_migration(struct db *db, struct error *e)
{
	int64_t one;
	enum db_step step = DB_FAILED;
	if (db_kind(db) == DB_SQLITE)
		return 0;
	for (int i = 0; i < MIGRATION_TRIES && step == DB_FAILED; i++) {
		step = db_query_int(db, &one, e, "SELECT 1 FROM pg_advisory_lock($1) AS locked", "i",
			(int64_t)MIGRATION_LOCK);
		if (step == DB_FAILED && (e->code != ERROR_CONFLICT || !e->retriable))
			return -1;
	}
	return step == DB_ROW ? 0 : -1;
}

static void unlock_migration(struct db *db)
{
	struct error ignored;
	int64_t one;
	if (db_kind(db) == DB_POSTGRES)
		(void)db_query_int(db, &one, &ignored, "SELECT 1 FROM pg_advisory_unlock($1) AS freed", "i",
			(int64_t)MIGRATION_LOCK);
}

static int migrate(struct db *db, struct error *e)
{
	int current;
	int64_t newest = 0;
	if (db_begin(db, DB_WRITE, e) < 0)
		return -1;
	if (db_exec(db, e, create_version, "") < 0)
		goto out;
	current = read_newest(db, &newest, e);
	if (current < 0)
		goto out;
	if (current == 0 && apply_missing(db, newest, e) < 0)
		goto out;
	if (db_commit(db, DB_DURABLE, e) < 0)
		return -1;
	if (current == 0)
		log_info("store-migrated", "from=%lld", (long long)newest);
	return 0;
out:
	db_rollback(db);
	return error_context(e, "%s", tr("schema of the store", "схема хранилища"));
}

int schema_migrate(struct db *db, struct error *e)
{
	int current = is_current(db, e);
	if (current != 0)
		return current < 0 ? -1 : 0;
	if (lock_migration(db, e) < 0)
		return -1;
	int rc = migrate(db, e);
	unlock_migration(db);
	return rc;
}
