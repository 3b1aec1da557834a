/* SQLite's files: creating them, the write-ahead log as maintenance.c needs it,
 * backup. */
#include "store/db_sqlite.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"

/* The store holds personal data: nobody else's to read. SQLite gives -wal and
 * -shm the same mode. Only a file that is not there is opened here: closing a
 * descriptor of a live one would drop this process's locks on it. */
void sqlite_create_file(const char *path)
{
	int fd = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
}

/* So that a power cut cannot take the names of new files away. */
void sqlite_sync_folder(const char *path)
{
	char *folder = xstrdup(path);
	*strrchr(folder, '/') = '\0';
	int fd = open(folder[0] == '\0' ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	free(folder);
}

/* ---- the write-ahead log, for maintenance.c --------------------------------- */

sqlite3_file *sqlite_wal_file(struct sqlite_db *db)
{
	sqlite3_file *file = NULL;
	sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file);
	return file != NULL && file->pMethods != NULL ? file : NULL;
}

/* www.sqlite.org/fileformat.html, section 4: header 32 bytes with salts at 16,
 * frames of 24 + page size bytes with salts at 8. */
#define WAL_HEADER_BYTES 32
#define WAL_FRAME_HEADER_BYTES 24

static uint32_t big_endian(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

int db_sqlite_wal(struct db *base, struct db_wal *wal)
{
	sqlite3_file *file = sqlite_wal_file(sqlite_of(base));
	unsigned char header[WAL_HEADER_BYTES];
	if (file == NULL || file->pMethods->xRead(file, header, sizeof header, 0) != SQLITE_OK)
		return 0;
	wal->page_bytes = big_endian(header + 8);
	wal->salt[0] = big_endian(header + 16);
	wal->salt[1] = big_endian(header + 20);
	return 1;
}

bool db_sqlite_wal_has_frame(struct db *base, const struct db_wal *wal, uint32_t number)
{
	sqlite3_file *file = sqlite_wal_file(sqlite_of(base));
	unsigned char header[WAL_FRAME_HEADER_BYTES];
	sqlite3_int64 at = WAL_HEADER_BYTES +
			   (sqlite3_int64)(number - 1) * (WAL_FRAME_HEADER_BYTES + wal->page_bytes);
	return file != NULL &&
	       file->pMethods->xRead(file, header, sizeof header, at) == SQLITE_OK &&
	       big_endian(header + 8) == wal->salt[0] && big_endian(header + 12) == wal->salt[1];
}

int db_sqlite_wal_sync(struct db *base, struct error *e)
{
	struct sqlite_db *db = sqlite_of(base);
	sqlite3_file *file = sqlite_wal_file(db);
	int rc = file == NULL ? SQLITE_OK : file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
	if (rc == SQLITE_OK)
		return 0;
	/* What the kernel failed to write it may have dropped: trying again proves nothing. */
	error_set(e, ERROR_UNAVAILABLE, "%s: sync of the write-ahead log: %s", db->path,
		sqlite3_errstr(rc));
	if (e != NULL)
		e->fatal = true;
	return -1;
}

int db_sqlite_checkpoint(struct db *base, int *frames, int *done, struct error *e)
{
	struct sqlite_db *db = sqlite_of(base);
	int rc = sqlite3_wal_checkpoint_v2(
		db->handle, "main", SQLITE_CHECKPOINT_PASSIVE, frames, done);
	return rc == SQLITE_OK ? 0 : sqlite_fail(db, rc, "checkpoint", e);
}

/* ---- backup ---------------------------------------------------------------- */

/* The copy says that it is one: whoever starts on it pauses what it would send again (planner). A
 * file without our tables (tests) is copied as it is. */
static int mark_copy(const char *path, struct error *e)
{
	sqlite3 *copy = NULL;
	int rc = sqlite3_open_v2(path, &copy, SQLITE_OPEN_READWRITE, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_table_column_metadata(copy, NULL, "meta", "name", NULL, NULL, NULL, NULL, NULL) !=
				SQLITE_OK
			? SQLITE_OK
			: sqlite3_exec(copy,
				  "INSERT INTO meta (name, value) VALUES ('restored', '1')"
				  " ON CONFLICT (name) DO UPDATE SET value = '1'",
				  NULL, NULL, NULL);
	int result = rc == SQLITE_OK ? 0
				     : error_set(e, ERROR_UNAVAILABLE, "backup: the copy cannot be marked: %s",
					       sqlite3_errmsg(copy));
	sqlite3_close(copy);
	return result;
}

/* Into a neighbour first: a broken-off backup must not look like one. */
int sqlite_backup(struct db *base, const char *path, struct error *e)
{
	char *partial = xasprintf("%s.partial", path);
	int fd = -1, result = -1;
	if (access(path, F_OK) == 0) {
		error_set(e, ERROR_CONFLICT, "%.300s exists", path);
		goto out;
	}
	unlink(partial);
	sqlite_create_file(partial); /* empty, so that VACUUM INTO keeps its mode */
	if (db_exec(base, e, "VACUUM INTO $1", "s", partial) < 0 || mark_copy(partial, e) < 0)
		goto out;
	fd = open(partial, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0 || rename(partial, path) < 0) {
		error_errno(e, "backup %.300s", path);
		goto out;
	}
	char *canonical = realpath(path, NULL);
	if (canonical != NULL)
		sqlite_sync_folder(canonical);
	free(canonical);
	result = 0;
out:
	if (fd >= 0)
		close(fd);
	if (result < 0)
		unlink(partial);
	free(partial);
	return result;
}
