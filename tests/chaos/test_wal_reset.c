/* The packaged SQLite corrupts a file when one connection checkpoints while
 * another starts the log again (sqlite.org/wal.html#walresetbug). Writers,
 * readers and competing maintenance leaders work on one store and are killed at
 * random: the file stays sound and no acknowledged commit is missing. In every
 * process that checkpoints the dangerous moment, between reading the log's
 * header and acting on it, is stretched from nanoseconds to milliseconds.
 *
 * VESTNIK_TEST_UNSAFE=1 adds two checkpointers that take no write lock: then the
 * same hammer breaks the file in seconds (that run is for people, its failure is
 * the point). VESTNIK_TEST_SECONDS: how long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/maintenance.h"
#include "support/scratch.h"

#define WRITERS 3
#define ROWS 3000
#define BLOCK_BYTES 900

static struct error e;

__attribute__((noreturn)) static void die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, e.text);
	exit(1);
}

/* Argument of a role: "<number>,<url>". */
static const char *url_of(const char *argument)
{
	return strchr(argument, ',') + 1;
}

static struct db *open_db(const char *url)
{
	struct db *db;
	if (db_open(&db, url, &e) < 0)
		die("db_open");
	return db;
}

/* ---- roles ------------------------------------------------------------------- */

/* A row's block is filled with its number of changes, so that a page of another
 * time shows; `step` counts this writer's commits. */
static void change_rows(struct db *db, int64_t writer, int64_t step)
{
	char block[BLOCK_BYTES];
	memset(block, (int)(step % 251), sizeof block);
	for (unsigned i = 0, n = 1 + scratch_random() % 40; i < n; i++)
		if (db_exec(db, &e, "UPDATE hammer SET writer = $2, step = $3, block = $4 WHERE id = $1",
			    "iiib", (int64_t)(1 + scratch_random() % ROWS), writer, step, block,
			    sizeof block) < 0)
			die("update");
}

static void write_rows(const char *argument)
{
	int64_t writer = atoi(argument), step;
	struct db *db = open_db(url_of(argument));
	char name[512];
	/* what this process told the world; outlives it in the page cache */
	snprintf(name, sizeof name, "%s-said-%d", url_of(argument) + strlen("sqlite:"), (int)writer);
	int said = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	for (;;) {
		if (db_begin(db, DB_WRITE, &e) < 0 ||
			db_query_int(db, &step, &e, "SELECT step + 1 FROM writer WHERE id = $1", "i",
				writer) != DB_ROW)
			die("begin");
		change_rows(db, writer, step);
		if (db_exec(db, &e, "UPDATE writer SET step = $2 WHERE id = $1", "ii", writer, step) < 0 ||
			db_commit(db, step % 16 == 0 ? DB_DURABLE : DB_RELAXED, &e) < 0)
			die("commit");
		if (pwrite(said, &step, sizeof step, 0) != sizeof step)
			die("said");
		/* The log starts again only when all of it is in the file and somebody
		 * writes: quiet moments are the dangerous ones. */
		if (scratch_random() % 4 == 0)
			usleep(scratch_random() % 15000);
	}
}

/* Snapshots of all lengths: they decide how far a checkpoint comes and when the
 * log may start again. */
static void read_rows(const char *argument)
{
	struct db *db = open_db(url_of(argument));
	for (;;) {
		int64_t n;
		if (db_begin(db, DB_READ, &e) < 0 ||
			db_query_int(db, &n, &e, "SELECT COUNT(*) FROM hammer WHERE step >= 0", "") != DB_ROW)
			die("read");
		if (n != ROWS) {
			fprintf(stderr, "got %lld rows, want %d\n", (long long)n, ROWS);
			exit(1);
		}
		usleep(scratch_random() % 20000);
		db_rollback(db);
		usleep(scratch_random() % 60000);
	}
}

static const sqlite3_io_methods *real_methods;

/* SQLite calls this, whether or not anything is mapped, right after a
 * checkpointer has read the header of a log that others have changed. */
static int slow_unfetch(sqlite3_file *file, sqlite3_int64 at, void *page)
{
	usleep(scratch_random() % 6000);
	return real_methods->xUnfetch(file, at, page);
}

static int stretch(sqlite3 *handle, const char **message, const struct sqlite3_api_routines *api)
{
	static sqlite3_io_methods slow;
	sqlite3_file *file = NULL;
	(void)message;
	(void)api;
	sqlite3_file_control(handle, "main", SQLITE_FCNTL_FILE_POINTER, &file);
	if (file == NULL || file->pMethods == NULL || file->pMethods->iVersion < 3)
		return SQLITE_OK;
	if (real_methods == NULL) {
		real_methods = file->pMethods;
		slow = *real_methods;
		slow.xUnfetch = slow_unfetch;
	}
	file->pMethods = &slow;
	return SQLITE_OK;
}

static void stretch_all(void)
{
	union { /* the interface wants the function without its type */
		int (*hook)(sqlite3 *, const char **, const struct sqlite3_api_routines *);
		void (*plain)(void);
	} entry = {.hook = stretch};
	if (sqlite3_auto_extension(entry.plain) != SQLITE_OK)
		die("sqlite3_auto_extension");
}

static void lead(const char *argument)
{
	stretch_all();
	struct maintenance *maintenance;
	if (maintenance_start(&maintenance, url_of(argument), NULL, 0, &e) < 0)
		die("maintenance_start");
	pause();
}

static void checkpoint_without_lock(const char *argument)
{
	sqlite3 *handle;
	stretch_all();
	if (sqlite3_open(url_of(argument) + strlen("sqlite:"), &handle) != SQLITE_OK)
		die("open");
	sqlite3_exec(handle, "SELECT COUNT(*) FROM writer", NULL, NULL, NULL); /* finds the log */
	for (;;) {
		sqlite3_wal_checkpoint_v2(handle, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
		usleep(scratch_random() % 2000);
	}
}

static const struct role {
	const char *name;
	void (*run)(const char *argument); /* until killed */
	int instances;
	bool unsafe;
} roles[] = {
	{"write", write_rows, WRITERS, false},
	{"read", read_rows, 1, false},
	{"lead", lead, 2, false},
	{"checkpoint", checkpoint_without_lock, 2, true},
};
#define ROLES (sizeof roles / sizeof roles[0])

/* ---- the test ---------------------------------------------------------------- */

struct worker {
	const struct role *role;
	char argument[512];
	pid_t pid;
};

static void start(struct worker *worker)
{
	worker->pid = scratch_spawn(worker->role->name, worker->argument);
}

static void end(struct worker *worker)
{
	kill(worker->pid, SIGKILL);
	int rc = scratch_wait(worker->pid);
	if (rc != -SIGKILL)
		fail_msg("%s ended by itself with %d", worker->role->name, rc);
}

static int64_t number(struct db *db, const char *sql, int64_t argument)
{
	int64_t n = -1;
	if (db_query_int(db, &n, &e, sql, argument < 0 ? "" : "i", argument) != DB_ROW)
		fail_msg("%s: %s", sql, e.text);
	return n;
}

static void prepare(struct db *db)
{
	static const char block[BLOCK_BYTES];
	must(db_begin(db, DB_WRITE, &e), &e);
	must(db_exec(db, &e, "CREATE TABLE writer (id @ID, step BIGINT NOT NULL)", ""), &e);
	must(db_exec(db, &e, "CREATE TABLE hammer (id @ID, writer BIGINT, step BIGINT NOT NULL,"
		" block @BLOB)", ""), &e);
	must(db_exec(db, &e, "CREATE INDEX hammer_step ON hammer (writer, step)", ""), &e);
	for (int64_t i = 1; i <= WRITERS; i++)
		must(db_exec(db, &e, "INSERT INTO writer VALUES ($1, 0)", "i", i), &e);
	for (int64_t i = 1; i <= ROWS; i++)
		must(db_exec(db, &e, "INSERT INTO hammer VALUES ($1, 0, 0, $2)", "ib", i, block,
			     sizeof block), &e);
	must(db_commit(db, DB_DURABLE, &e), &e);
}

static void check_contents(struct db *db, const char *path)
{
	struct db_stmt *stmt;
	must(db_query(db, &stmt, &e, "PRAGMA integrity_check", ""), &e);
	assert_int_equal(db_step(stmt, &e), DB_ROW);
	assert_string_equal(db_text(stmt, 0), "ok");
	db_reset(stmt);
	int64_t commits = 0;
	for (int64_t writer = 1; writer <= WRITERS; writer++) {
		char name[512];
		int64_t said = 0;
		snprintf(name, sizeof name, "%s-said-%lld", path, (long long)writer);
		int fd = open(name, O_RDONLY);
		if (fd < 0 || read(fd, &said, sizeof said) != sizeof said)
			fail_msg("%s", name);
		close(fd);
		int64_t step = number(db, "SELECT step FROM writer WHERE id = $1", writer);
		if (step < said || step > said + 1000)
			fail_msg("writer %lld: the store has %lld commits, %lld were acknowledged",
				(long long)writer, (long long)step, (long long)said);
		int64_t newest = number(db, "SELECT MAX(step) FROM hammer WHERE writer = $1", writer);
		assert_true(newest <= step);
		commits += step;
	}
	must(db_query(db, &stmt, &e, "SELECT step, block FROM hammer", ""), &e);
	int rows = 0;
	for (; db_step(stmt, &e) == DB_ROW; rows++) {
		size_t len;
		const unsigned char *block = db_blob(stmt, 1, &len);
		unsigned char want = (unsigned char)(db_int(stmt, 0) % 251);
		for (size_t i = 0; i < len; i++)
			if (block[i] != want)
				fail_msg("a row has the block of another step");
	}
	assert_int_equal(rows, ROWS);
	fprintf(stderr, "commits=%lld\n", (long long)commits);
}

static void the_file_stays_sound_and_nothing_is_missing(void **state)
{
	(void)state;
	const char *seconds = getenv("VESTNIK_TEST_SECONDS");
	int64_t span_ms = (seconds == NULL ? 15 : atoi(seconds)) * 1000;
	bool unsafe = getenv("VESTNIK_TEST_UNSAFE") != NULL;
	const char *url = scratch_bare_store();
	struct db *db = open_db(url);
	prepare(db);
	struct worker workers[16];
	size_t count = 0;
	for (size_t r = 0; r < ROLES; r++)
		for (int i = 1; i <= roles[r].instances && (unsafe || !roles[r].unsafe); i++) {
			struct worker *worker = &workers[count++];
			worker->role = &roles[r];
			snprintf(worker->argument, sizeof worker->argument, "%d,%s", i, url);
			start(worker);
		}
	int kills = 0;
	for (int64_t begin_ms = clock_mono_ms(); clock_mono_ms() - begin_ms < span_ms; kills++) {
		usleep(20000 + scratch_random() % 200000);
		struct worker *victim = &workers[scratch_random() % count];
		end(victim);
		start(victim);
	}
	for (size_t i = 0; i < count; i++)
		end(&workers[i]);
	struct stat info;
	assert_int_equal(stat(db_file(db), &info), 0);
	fprintf(stderr, "kills=%d file=%lld ", kills, (long long)info.st_size);
	assert_true(info.st_size > ROWS * BLOCK_BYTES); /* it was checkpointed */
	check_contents(db, db_file(db));
	db_close(&db);
}

int main(int argc, char **argv)
{
	for (size_t i = 0; i < ROLES && argc == 3; i++)
		if (strcmp(argv[1], roles[i].name) == 0)
			roles[i].run(argv[2]);
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_file_stays_sound_and_nothing_is_missing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
