/* What SQLite is asked to do for us: no checkpoint of its own, patience, full
 * disks, backups, schema by many at once, one leader who checkpoints. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "store/db_driver.h"
#include "store/maintenance.h"
#include "store/schema.h"
#include "store/schema_files.h"
#include "support/scratch.h"

static struct error e;

static struct db *open_db(const char *url)
{
	struct db *db;
	must(db_open(&db, url, &e), &e);
	return db;
}

static const char *path_of(const char *url)
{
	return url + strlen("sqlite:");
}

static int64_t size_of(const char *path, const char *suffix)
{
	struct stat info;
	char *name = xasprintf("%s%s", path, suffix);
	int rc = stat(name, &info);
	free(name);
	return rc < 0 ? -1 : (int64_t)info.st_size;
}

static int64_t number(struct db *db, const char *sql)
{
	int64_t n = -1;
	if (db_query_int(db, &n, &e, sql, "") != DB_ROW)
		fail_msg("%s: %s", sql, e.text);
	return n;
}

/* One transaction of n rows of 1000 bytes. */
static int fill(struct db *db, int n)
{
	static char block[1000];
	memset(block, 'x', sizeof block);
	if (db_begin(db, DB_WRITE, &e) < 0)
		return -1;
	for (int i = 0; i < n; i++)
		if (db_exec(db, &e, "INSERT INTO filler (data) VALUES ($1)", "b", block, sizeof block) < 0) {
			db_rollback(db);
			return -1;
		}
	return db_commit(db, DB_RELAXED, &e);
}

static void make_filler(struct db *db)
{
	must(db_exec(db, &e, "CREATE TABLE filler (id @ID, data @BLOB)", ""), &e);
}

/* ---- files ------------------------------------------------------------------ */

static void nobody_else_reads_the_files(void **state)
{
	(void)state;
	const char *url = scratch_bare_store();
	mode_t old = umask(0);
	struct db *db = open_db(url);
	make_filler(db);
	static const char *const suffixes[] = {"", "-wal", "-shm"};
	for (int i = 0; i < 3; i++) {
		struct stat info;
		char *name = xasprintf("%s%s", path_of(url), suffixes[i]);
		assert_int_equal(stat(name, &info), 0);
		if ((info.st_mode & 0777) != 0600)
			fail_msg("%s: got mode %o, want 600", name, info.st_mode & 0777);
		free(name);
	}
	umask(old);
	db_close(&db);
	assert_int_equal(db_open(&db, "sqlite:/no/such/folder/store.db", &e), -1);
	assert_int_equal(e.code, ERROR_NOT_FOUND);
}

static void no_connection_checkpoints_by_itself(void **state)
{
	(void)state;
	const char *url = scratch_bare_store();
	struct db *db = open_db(url);
	make_filler(db);
	int64_t before = size_of(path_of(url), "");
	for (int i = 0; i < 20; i++)
		must(fill(db, 500), &e);
	db_close(&db); /* the last connection: SQLite's habit is to checkpoint now */
	int64_t wal = size_of(path_of(url), "-wal");
	assert_int_equal(size_of(path_of(url), ""), before);
	if (wal < 20 * 500 * 1000)
		fail_msg("the log has %lld bytes: somebody checkpointed", (long long)wal);
	db = open_db(url); /* nor at the first sight */
	assert_int_equal(number(db, "SELECT COUNT(*) FROM filler"), 10000);
	db_close(&db);
	assert_int_equal(size_of(path_of(url), ""), before);
}

static void a_damaged_file_is_fatal(void **state)
{
	(void)state;
	const char *url = scratch_bare_store();
	FILE *f = fopen(path_of(url), "w");
	for (int i = 0; i < 3000; i++)
		fputs("this is no database ", f);
	fclose(f);
	struct db *db;
	assert_int_equal(db_open(&db, url, &e), -1);
	assert_int_equal(e.code, ERROR_INTERNAL);
	assert_true(e.fatal);
	assert_false(e.retriable);
}

/* ---- waiting ---------------------------------------------------------------- */

static void patience_ends_with_an_error_that_may_be_tried_again(void **state)
{
	(void)state;
	const char *url = scratch_bare_store();
	struct db *holder = open_db(url), *waiter = open_db(url);
	make_filler(holder);
	must(db_begin(holder, DB_WRITE, &e), &e);
	assert_int_equal(db_begin(waiter, DB_WRITE, &e), -1);
	assert_int_equal(e.code, ERROR_UNAVAILABLE);
	assert_true(e.retriable);
	assert_false(e.fatal);
	assert_false(db_in_transaction(waiter));
	assert_int_equal(number(waiter, "SELECT COUNT(*) FROM filler"), 0); /* reading never waits */
	db_rollback(holder);
	must(fill(waiter, 1), &e);
	db_close(&holder);
	db_close(&waiter);
}

/* ---- a full disk ------------------------------------------------------------- */

/* A size limit on files is what a full disk looks like to a process without
 * root: writes beyond it fail. */
static void limit_files(int64_t bytes)
{
	struct rlimit limit;
	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = bytes < 0 ? limit.rlim_max : (rlim_t)bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_full_disk_is_said_and_got_over(void **state)
{
	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	const char *url = scratch_bare_store();
	struct db *db = open_db(url);
	make_filler(db);
	must(fill(db, 10), &e);
	limit_files(size_of(path_of(url), "-wal") + 100000);
	int64_t rows = 10;
	int rc = 0;
	for (int i = 0; i < 100 && (rc = fill(db, 20)) == 0; i++)
		rows += 20;
	limit_files(-1);
	assert_int_equal(rc, -1);
	if (e.code != ERROR_FULL || !e.retriable || e.fatal)
		fail_msg("got %s (%s), want full", error_code_name(e.code), e.text);
	assert_false(db_in_transaction(db));
	assert_int_equal(number(db, "SELECT COUNT(*) FROM filler"), rows);
	must(fill(db, 20), &e); /* there is room again: no restart needed */
	db_close(&db);
	db = open_db(url);
	assert_int_equal(number(db, "SELECT COUNT(*) FROM filler"), rows + 20);
	struct db_stmt *stmt;
	must(db_query(db, &stmt, &e, "PRAGMA integrity_check", ""), &e);
	assert_int_equal(db_step(stmt, &e), DB_ROW);
	assert_string_equal(db_text(stmt, 0), "ok");
	db_close(&db);
}

static void the_database_s_own_limit_is_full_too(void **state)
{
	(void)state;
	struct db *db = open_db(scratch_bare_store());
	make_filler(db);
	must(db_exec(db, &e, "PRAGMA max_page_count = 50", ""), &e);
	assert_int_equal(fill(db, 1000), -1);
	assert_int_equal(e.code, ERROR_FULL);
	assert_int_equal(number(db, "SELECT COUNT(*) FROM filler"), 0);
	must(db_exec(db, &e, "PRAGMA max_page_count = 100000", ""), &e);
	must(fill(db, 1000), &e);
	db_close(&db);
}

/* ---- schema ------------------------------------------------------------------ */

static int migrate(const char *url)
{
	struct db *db;
	if (db_open(&db, url, &e) < 0 || schema_migrate(db, &e) < 0) {
		fprintf(stderr, "migrate: %s\n", e.text);
		return 1;
	}
	int64_t n;
	int rc = db_query_int(db, &n, &e, "SELECT COUNT(*) FROM delivery", "") != DB_ROW;
	db_close(&db);
	return rc;
}

static void many_programs_may_migrate_at_once(void **state)
{
	(void)state;
	enum { ROUNDS = 5, PROGRAMS = 6 };
	for (int round = 0; round < ROUNDS; round++) {
		const char *url = scratch_bare_store();
		pid_t pids[PROGRAMS];
		for (int i = 0; i < PROGRAMS; i++)
			pids[i] = scratch_spawn("migrate", url);
		for (int i = 0; i < PROGRAMS; i++) {
			int rc = scratch_wait(pids[i]);
			if (rc != 0)
				fail_msg("round %d, program %d: got exit %d, want 0", round, i, rc);
		}
		struct db *db = open_db(url);
		assert_int_equal(number(db, "SELECT COUNT(*) - COUNT(DISTINCT number) FROM schema_version"), 0);
		assert_true(number(db, "SELECT COUNT(*) FROM schema_version") >= 2);
		assert_int_equal(number(db, "SELECT COUNT(*) FROM bus_vestnik_mail_urgent"), 0);
		db_close(&db);
	}
}

static void a_newer_store_is_refused_and_left_alone(void **state)
{
	(void)state;
	struct db *db = open_db(scratch_store());
	must(schema_migrate(db, &e), &e); /* again: nothing to do */
	must(db_exec(db, &e, "INSERT INTO schema_version VALUES (998, 'future', 0)", ""), &e);
	assert_int_equal(schema_migrate(db, &e), -1);
	assert_int_equal(e.code, ERROR_CONFLICT);
	assert_non_null(strstr(e.text, "998"));
	db_close(&db);
}

/* A store as a program made it that knew the files up to `last` only. */
static struct db *older_store(const char *url, int last)
{
	struct db *db = open_db(url);
	must(db_begin(db, DB_WRITE, &e), &e);
	must(db_script(db, "CREATE TABLE schema_version (number BIGINT PRIMARY KEY, name TEXT NOT NULL,"
			   " applied_ms BIGINT NOT NULL) WITHOUT ROWID", &e), &e);
	for (size_t i = 0; i < schema_files_count; i++) {
		const struct schema_file *file = &schema_files[i];
		if (file->number > last || file->only == SCHEMA_POSTGRES)
			continue;
		must(db_script(db, file->sql, &e), &e);
		must(db_exec(db, &e, "INSERT INTO schema_version VALUES ($1, $2, 0)", "is",
			(int64_t)file->number, file->name), &e);
	}
	must(db_commit(db, DB_RELAXED, &e), &e);
	return db;
}

static void older_letter(struct db *db, int64_t key, int64_t state)
{
	must(db_exec(db, &e,
		"INSERT INTO delivery (key, campaign, round, step, recipient, contact, address, fields, state,"
		" updated_ms) VALUES ($1, 1, 1, 0, $1, 1, 'a@school.test', '{}', $2, 0)", "ii", key, state), &e);
}

/* With what stands in it: from the first version, and from the one before the letters in trouble
 * got a table and rounds a state. */
static void an_older_store_gets_what_is_missing(void **state)
{
	(void)state;
	static const int versions[] = {1, 5};
	for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
		struct db *fresh = open_db(scratch_store());
		int64_t newest = number(fresh, "SELECT MAX(number) FROM schema_version");
		db_close(&fresh);
		struct db *db = older_store(scratch_bare_store(), versions[i]);
		must(db_exec(db, &e, "INSERT INTO round (id, campaign, number, starts_ms) VALUES (1, 1, 1, 5)", ""), &e);
		older_letter(db, 1, 5);
		older_letter(db, 2, 8);
		must(schema_migrate(db, &e), &e);
		assert_int_equal(number(db, "SELECT MAX(number) FROM schema_version"), newest);
		assert_int_equal(number(db, "SELECT COUNT(*) FROM delivery"), 2);
		assert_int_equal(number(db, "SELECT SUM(key) FROM trouble"), 2);
		assert_int_equal(number(db, "SELECT COUNT(*) FROM round WHERE state = 'open' AND starts_ms = 5"), 1);
		assert_int_equal(number(db, "SELECT COUNT(*) FROM ask"), 0);
		db_close(&db);
	}
}

static void a_migration_that_fails_changes_nothing(void **state)
{
	(void)state;
	struct db *db = older_store(scratch_bare_store(), 5);
	must(db_exec(db, &e, "CREATE TABLE plan (id BIGINT)", ""), &e); /* stands in the way of a later file */
	int64_t before = number(db, "SELECT MAX(number) FROM schema_version");
	assert_int_equal(schema_migrate(db, &e), -1);
	assert_false(db_in_transaction(db));
	assert_int_equal(number(db, "SELECT MAX(number) FROM schema_version"), before);
	assert_int_equal(number(db, "SELECT COUNT(*) FROM sqlite_schema WHERE name = 'trouble'"), 0);
	must(db_exec(db, &e, "DROP TABLE plan", ""), &e);
	must(schema_migrate(db, &e), &e);
	db_close(&db);
}

/* ---- maintenance ------------------------------------------------------------- */

static bool checkpointed(void *arg)
{
	return size_of(arg, "") > 4 * 1000 * 1000;
}

static void the_leader_keeps_the_log_short(void **state)
{
	(void)state;
	const char *url = scratch_bare_store();
	struct maintenance *maintenance;
	struct db *db = open_db(url);
	make_filler(db);
	must(maintenance_start(&maintenance, url, NULL, 0, &e), &e);
	for (int i = 0; i < 4000; i++) {
		must(fill(db, 10), &e);
		if (i % 20 == 0)
			usleep(2000);
	}
	int64_t wal = size_of(path_of(url), "-wal");
	if (wal > 20 * 1000 * 1000)
		fail_msg("40 MB written: the log has %lld bytes, want at most half", (long long)wal);
	maintenance_stop(&maintenance);
	assert_null(maintenance);
	assert_int_equal(number(db, "SELECT COUNT(*) FROM filler"), 40000);
	db_close(&db);
}

static int lead(const char *url)
{
	struct maintenance *maintenance;
	if (maintenance_start(&maintenance, url, NULL, 0, &e) < 0)
		return 1;
	pause();
	return 0;
}

static void another_leads_when_the_leader_is_killed(void **state)
{
	(void)state;
	const char *url = scratch_bare_store();
	struct db *db = open_db(url);
	make_filler(db);
	pid_t first = scratch_spawn("lead", url);
	must(fill(db, 5000), &e);
	char *path = xstrdup(path_of(url));
	assert_true(scratch_until(checkpointed, path)); /* it leads */
	pid_t second = scratch_spawn("lead", url);
	kill(first, SIGKILL);
	assert_int_equal(scratch_wait(first), -SIGKILL);
	int64_t before = size_of(path, "");
	must(fill(db, 5000), &e);
	for (int i = 0; size_of(path, "") == before; i++) {
		if (i == 6000)
			fail_msg("nobody checkpoints after the leader's death");
		usleep(5000);
	}
	kill(second, SIGKILL);
	scratch_wait(second);
	free(path);
	db_close(&db);
}

static atomic_int chores_run[2];

static int count_chore(struct db *db, void *arg, struct error *why)
{
	atomic_fetch_add((atomic_int *)arg, 1);
	/* a chore that forgets its transaction must not stop the store */
	return db_begin(db, DB_WRITE, why);
}

static bool both_ran(void *arg)
{
	(void)arg;
	return atomic_load(&chores_run[0]) + atomic_load(&chores_run[1]) >= 5;
}

static void only_the_leader_does_chores(void **state)
{
	(void)state;
	const char *url = scratch_bare_store();
	struct maintenance *maintenance[2];
	for (int i = 0; i < 2; i++) {
		struct maintenance_chore chore = {"count", 1, count_chore, &chores_run[i]};
		must(maintenance_start(&maintenance[i], url, &chore, 1, &e), &e);
	}
	assert_true(scratch_until(both_ran, NULL));
	assert_int_equal(atomic_load(&chores_run[0]) > 0, atomic_load(&chores_run[1]) == 0);
	int leader = atomic_load(&chores_run[0]) > 0 ? 0 : 1;
	atomic_store(&chores_run[leader], 0);
	maintenance_stop(&maintenance[leader]);
	atomic_store(&chores_run[leader], 0);
	assert_true(scratch_until(both_ran, NULL)); /* the other one has taken over */
	assert_int_equal(atomic_load(&chores_run[leader]), 0);
	maintenance_stop(&maintenance[1 - leader]);
	struct db *db = open_db(url);
	make_filler(db);
	db_close(&db);
}

/* ---- backup ------------------------------------------------------------------ */

static atomic_bool stop_writing;

static void *keep_writing(void *arg)
{
	struct error why;
	struct db *db;
	if (db_open(&db, arg, &why) < 0)
		abort();
	for (int64_t i = 1; !atomic_load(&stop_writing); i++)
		/* both rows or none */
		if (db_begin(db, DB_WRITE, &why) < 0 ||
			db_exec(db, &why, "UPDATE pair SET n = $1 WHERE id = 1", "i", i) < 0 ||
			db_exec(db, &why, "UPDATE pair SET n = $1 WHERE id = 2", "i", i) < 0 ||
			db_commit(db, DB_RELAXED, &why) < 0) {
			fprintf(stderr, "keep_writing: %s\n", why.text);
			abort();
		}
	db_close(&db);
	return NULL;
}

static void a_backup_is_whole_while_others_write(void **state)
{
	(void)state;
	char *url = xstrdup(scratch_bare_store());
	struct db *db = open_db(url);
	struct maintenance *maintenance;
	make_filler(db);
	must(db_exec(db, &e, "CREATE TABLE pair (id @ID, n BIGINT)", ""), &e);
	must(db_exec(db, &e, "INSERT INTO pair VALUES (1, 0), (2, 0)", ""), &e);
	must(fill(db, 3000), &e);
	must(maintenance_start(&maintenance, url, NULL, 0, &e), &e);
	pthread_t writer;
	atomic_store(&stop_writing, false);
	assert_int_equal(pthread_create(&writer, NULL, keep_writing, url), 0);
	for (int i = 0; i < 3; i++) {
		char name[32];
		snprintf(name, sizeof name, "backup-%d.db", i);
		const char *path = scratch_path(name);
		must(store_backup(db, path, &e), &e);
		assert_int_equal(store_backup(db, path, &e), -1); /* never over another */
		assert_int_equal(e.code, ERROR_CONFLICT);
		char *copy_url = xasprintf("sqlite:%s", path);
		struct stat info;
		assert_int_equal(stat(path, &info), 0);
		assert_int_equal(info.st_mode & 0777, 0600);
		struct db *copy = open_db(copy_url);
		assert_int_equal(number(copy, "SELECT MAX(n) - MIN(n) FROM pair"), 0);
		assert_int_equal(number(copy, "SELECT COUNT(*) FROM filler"), 3000);
		db_close(&copy);
		free(copy_url);
	}
	assert_int_equal(store_backup(db, "/no/such/folder/backup.db", &e), -1);
	atomic_store(&stop_writing, true);
	pthread_join(writer, NULL);
	maintenance_stop(&maintenance);
	db_close(&db);
	free(url);
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "migrate") == 0)
		return migrate(argv[2]);
	if (argc == 3 && strcmp(argv[1], "lead") == 0)
		return lead(argv[2]);
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_else_reads_the_files),
		cmocka_unit_test(no_connection_checkpoints_by_itself),
		cmocka_unit_test(a_damaged_file_is_fatal),
		cmocka_unit_test(patience_ends_with_an_error_that_may_be_tried_again),
		cmocka_unit_test(a_full_disk_is_said_and_got_over),
		cmocka_unit_test(the_database_s_own_limit_is_full_too),
		cmocka_unit_test(many_programs_may_migrate_at_once),
		cmocka_unit_test(a_newer_store_is_refused_and_left_alone),
		cmocka_unit_test(an_older_store_gets_what_is_missing),
		cmocka_unit_test(a_migration_that_fails_changes_nothing),
		cmocka_unit_test(the_leader_keeps_the_log_short),
		cmocka_unit_test(another_leads_when_the_leader_is_killed),
		cmocka_unit_test(only_the_leader_does_chores),
		cmocka_unit_test(a_backup_is_whole_while_others_write),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
