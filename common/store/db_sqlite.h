/* Inside of the SQLite driver; db_sqlite.c and db_sqlite_files.c only. */
#ifndef VESTNIK_STORE_DB_SQLITE_H
#define VESTNIK_STORE_DB_SQLITE_H

#include <sqlite3.h>

#include "store/db_driver.h"

struct sqlite_db {
	struct db base;
	sqlite3 *handle;
	char *path; /* canonical */
	sqlite3_stmt *begin_read, *begin_write, *commit, *rollback;
	int64_t busy_since_ms;
	uint32_t jitter;
};

static inline struct sqlite_db *sqlite_of(struct db *db)
{
	return (struct sqlite_db *)db;
}

/* -1 and *e, from SQLite's code. */
int sqlite_fail(struct sqlite_db *db, int rc, const char *what, struct error *e);

/* NULL when the log is not open. */
sqlite3_file *sqlite_wal_file(struct sqlite_db *db);
void sqlite_create_file(const char *path);
void sqlite_sync_folder(const char *path);
int sqlite_backup(struct db *base, const char *path, struct error *e);

#endif
