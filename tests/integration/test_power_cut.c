/* What is left when the power goes: of each file what was last synced, and any
 * of the 512-byte sectors written since. DB_DURABLE commits must all be there,
 * relaxed ones may be missing from the end, and the file must be sound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "store/db_driver.h"
#include "support/scratch.h"

#define SECTOR_BYTES 512
#define STEPS 400
#define CONNECTIONS 3 /* writer, locker, checkpointer */

/* A file of the store and what of it the disk has for certain. The descriptor
 * stays open: closing it would drop SQLite's locks in this process. */
static struct disk_file {
	int fd;
	char *synced;
	size_t size;
} files[2]; /* database, log */

static sqlite3 *handles[CONNECTIONS];
static int handle_count;
static const sqlite3_io_methods *real_methods[2]; /* the log's differ: it takes no locks */
static sqlite3_io_methods watched[2];
static int syncs[2];
static struct error e;

static char *read_all(int fd, size_t *size)
{
	struct stat info;
	if (fstat(fd, &info) < 0)
		abort();
	*size = (size_t)info.st_size;
	char *data = xmalloc(*size + 1);
	if (pread(fd, data, *size, 0) != (ssize_t)*size)
		abort();
	return data;
}

static void note_sync(int which)
{
	free(files[which].synced);
	files[which].synced = read_all(files[which].fd, &files[which].size);
	syncs[which]++;
}

static int sync_database(sqlite3_file *file, int flags)
{
	note_sync(0);
	return real_methods[0]->xSync(file, flags);
}

static int sync_log(sqlite3_file *file, int flags)
{
	note_sync(1);
	return real_methods[1]->xSync(file, flags);
}

static int remember(sqlite3 *handle, const char **message, const struct sqlite3_api_routines *api)
{
	(void)message;
	(void)api;
	if (handle_count < CONNECTIONS)
		handles[handle_count++] = handle;
	return SQLITE_OK;
}

static void watch(sqlite3 *handle)
{
	static const int which[] = {SQLITE_FCNTL_FILE_POINTER, SQLITE_FCNTL_JOURNAL_POINTER};
	for (int i = 0; i < 2; i++) {
		sqlite3_file *file = NULL;
		sqlite3_file_control(handle, "main", which[i], &file);
		assert_non_null(file);
		assert_non_null(file->pMethods);
		if (real_methods[i] == NULL) {
			real_methods[i] = file->pMethods;
			watched[i] = *real_methods[i];
			watched[i].xSync = i == 0 ? sync_database : sync_log;
		}
		file->pMethods = &watched[i];
	}
}

/* Writes what the disk might hold after a cut now. */
static void cut(int which, const char *path)
{
	size_t now_size;
	char *now = read_all(files[which].fd, &now_size);
	size_t size = scratch_random() % 2 == 0 ? now_size : files[which].size;
	char *left = xcalloc(1, size + 1);
	memcpy(left, files[which].synced, size < files[which].size ? size : files[which].size);
	unsigned odds = scratch_random() % 5; /* of 4: none to all of the sectors arrived */
	for (size_t at = 0; at < size && at < now_size; at += SECTOR_BYTES) {
		size_t n = now_size - at < SECTOR_BYTES ? now_size - at : SECTOR_BYTES;
		if (n > size - at)
			n = size - at;
		if (scratch_random() % 4 < odds)
			memcpy(left + at, now + at, n);
	}
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0 && write(fd, left, size) == (ssize_t)size);
	close(fd);
	free(left);
	free(now);
}

/* The number of the last row a restart would find. */
static int64_t rows_after_cut(const char *path)
{
	char *wal = xasprintf("%s-wal", path), *shm = xasprintf("%s-shm", path);
	char *url = xasprintf("sqlite:%s", path);
	struct db *db;
	struct db_stmt *stmt;
	cut(0, path);
	cut(1, wal);
	unlink(shm);
	must(db_open(&db, url, &e), &e);
	must(db_query(db, &stmt, &e, "PRAGMA integrity_check", ""), &e);
	assert_int_equal(db_step(stmt, &e), DB_ROW);
	assert_string_equal(db_text(stmt, 0), "ok");
	db_reset(stmt);
	must(db_query(db, &stmt, &e, "SELECT COUNT(*), COALESCE(MAX(id), 0) FROM line", ""), &e);
	assert_int_equal(db_step(stmt, &e), DB_ROW);
	int64_t rows = db_int(stmt, 0);
	assert_int_equal(db_int(stmt, 1), rows); /* nothing missing in between */
	db_close(&db);
	free(url);
	free(shm);
	free(wal);
	return rows;
}

static void append(struct db *db, int64_t id, enum db_sync sync)
{
	char text[700];
	memset(text, 'a' + (int)(id % 26), sizeof text - 1);
	text[sizeof text - 1] = '\0';
	must(db_begin(db, DB_WRITE, &e), &e);
	must(db_exec(db, &e, "INSERT INTO line (id, text) VALUES ($1, $2)", "is", id, text), &e);
	must(db_commit(db, sync, &e), &e);
}

static void checkpoint(struct db *locker, struct db *checkpointer)
{
	int frames, done;
	must(db_begin(locker, DB_WRITE, &e), &e);
	must(db_sqlite_checkpoint(checkpointer, &frames, &done, &e), &e);
	db_rollback(locker);
}

static void durable_commits_survive_a_power_cut(void **state)
{
	(void)state;
	union {
		int (*hook)(sqlite3 *, const char **, const struct sqlite3_api_routines *);
		void (*plain)(void);
	} entry = {.hook = remember};
	assert_int_equal(sqlite3_auto_extension(entry.plain), SQLITE_OK);
	const char *url = scratch_bare_store();
	struct db *db[CONNECTIONS];
	for (int i = 0; i < CONNECTIONS; i++)
		must(db_open(&db[i], url, &e), &e);
	must(db_exec(db[0], &e, "CREATE TABLE line (id @ID, text TEXT)", ""), &e);
	char *wal = xasprintf("%s-wal", db_file(db[0]));
	files[0].fd = open(db_file(db[0]), O_RDONLY);
	files[1].fd = open(wal, O_RDONLY);
	free(wal);
	for (int i = 0; i < CONNECTIONS; i++)
		watch(handles[i]);
	checkpoint(db[1], db[2]);

	const char *image = scratch_path("cut.db");
	int64_t durable = 0;
	int lost = 0;
	for (int64_t id = 1; id <= STEPS; id++) {
		bool sure = scratch_random() % 3 == 0;
		append(db[0], id, sure ? DB_DURABLE : DB_RELAXED);
		if (sure)
			durable = id;
		if (scratch_random() % 20 == 0)
			checkpoint(db[1], db[2]);
		if (scratch_random() % 3 != 0)
			continue;
		int64_t rows = rows_after_cut(image);
		if (rows < durable || rows > id)
			fail_msg("step %lld: %lld rows are left, %lld are promised", (long long)id,
				(long long)rows, (long long)durable);
		lost += rows < id;
	}
	assert_true(lost > 0); /* the simulated power does go */
	assert_true(syncs[0] > 5 && syncs[1] > STEPS / 5);
	fprintf(stderr, "syncs: database %d, log %d; cuts that took relaxed commits: %d\n",
		syncs[0], syncs[1], lost);
	for (int i = 0; i < CONNECTIONS; i++)
		db_close(&db[i]);
	for (int i = 0; i < 2; i++) {
		close(files[i].fd);
		free(files[i].synced);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(durable_commits_survive_a_power_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
