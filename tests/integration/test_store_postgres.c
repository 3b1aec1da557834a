/* What PostgreSQL's driver promises beyond the contract (test_db.c): connections that end, rows
 * that stream, several processes at once. Wants VESTNIK_TEST_STORE. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "store/delivery.h"
#include "store/lease.h"
#include "store/schedule.h"
#include "store/schema.h"
#include "support/scratch.h"

static struct db *db, *other;
static const char *url;
static struct error e;

static int open_store(void **state)
{
	(void)state;
	url = scratch_store();
	must(db_open(&db, url, &e), &e);
	must(db_open(&other, url, &e), &e);
	must(db_exec(db, &e, "CREATE TABLE thing (id @ID, n BIGINT, filler TEXT)", ""), &e);
	return 0;
}

static int close_store(void **state)
{
	(void)state;
	db_close(&db);
	db_close(&other);
	return 0;
}

static int64_t number(struct db *from, const char *sql)
{
	int64_t n = -1;
	if (db_query_int(from, &n, &e, sql, "") != DB_ROW)
		fail_msg("%s: %s", sql, e.text);
	return n;
}

static bool gone(void *arg)
{
	int64_t n;
	return db_query_int(other, &n, &e, "SELECT count(*) FROM pg_stat_activity WHERE pid = $1", "i",
		       *(int64_t *)arg) == DB_ROW &&
		n == 0;
}

/* Ends the server's side of `victim` and waits until it has gone. */
static void cut(struct db *victim)
{
	int64_t pid = number(victim, "SELECT pg_backend_pid()"), ended;
	assert_int_equal(db_query_int(other, &ended, &e, "SELECT pg_terminate_backend(CAST($1 AS INT))", "i", pid),
		DB_ROW);
	assert_int_equal(ended, 1);
	assert_true(scratch_until(gone, &pid));
}

static void want_retriable(int rc, enum error_code code)
{
	assert_int_equal(rc, -1);
	if (e.code != code || !e.retriable)
		fail_msg("got %s, retriable %d: %s; want %s, retriable", error_code_name(e.code), e.retriable,
			e.text, error_code_name(code));
}

/* ---- connections that end -------------------------------------------------------------------- */

static int add(struct db *to, int64_t n)
{
	return db_exec(to, &e, "INSERT INTO thing (n) VALUES ($1)", "i", n);
}

static void a_connection_cut_while_idle_is_made_again_unnoticed(void **state)
{
	(void)state;
	must(add(db, 1), &e);
	cut(db);
	must(add(db, 2), &e); /* prepared in the old connection */
	cut(db);
	must(db_begin(db, DB_WRITE, &e), &e);
	must(add(db, 3), &e);
	must(db_commit(db, DB_DURABLE, &e), &e);
	cut(db);
	assert_int_equal(number(db, "SELECT count(*) FROM thing"), 3);
}

static void a_transaction_cut_in_the_middle_writes_nothing_and_the_next_one_works(void **state)
{
	(void)state;
	for (int late = 0; late < 2; late++) {
		must(db_begin(db, DB_WRITE, &e), &e);
		must(add(db, 1), &e);
		assert_int_equal(db_changes(db), 1);
		cut(db);
		int rc = 0;
		for (int i = 0; i < 2000 && rc == 0 && !late; i++) /* queued: at the latest when the queue is full */
			rc = add(db, i);
		if (!late)
			want_retriable(rc, ERROR_UNAVAILABLE);
		error_clear(&e);
		want_retriable(db_commit(db, DB_RELAXED, &e), ERROR_UNAVAILABLE);
		assert_false(db_in_transaction(db));
		assert_int_equal(number(db, "SELECT count(*) FROM thing"), 0);
	}
	must(db_begin(db, DB_WRITE, &e), &e);
	must(add(db, 5), &e);
	must(db_commit(db, DB_RELAXED, &e), &e);
	assert_int_equal(number(other, "SELECT count(*) FROM thing"), 1);
}

static void a_result_cut_short_is_an_error_not_an_end(void **state)
{
	(void)state;
	struct db_stmt *stmt;
	for (int inside = 0; inside < 2; inside++) {
		if (inside)
			must(db_begin(db, DB_READ, &e), &e);
		/* More than all buffers between hold. */
		must(db_query(db, &stmt, &e,
			     "SELECT g, repeat('x', 1000), pg_backend_pid() FROM generate_series(1, 200000) g", ""), &e);
		assert_int_equal(db_step(stmt, &e), DB_ROW);
		int64_t pid = db_int(stmt, 2), ended;
		assert_int_equal(db_query_int(other, &ended, &e, "SELECT pg_terminate_backend(CAST($1 AS INT))", "i",
					 pid), DB_ROW);
		enum db_step step;
		int64_t rows = 1;
		while ((step = db_step(stmt, &e)) == DB_ROW)
			rows++;
		if (step != DB_FAILED || rows >= 200000)
			fail_msg("got %lld rows and %d, want an error", (long long)rows, (int)step);
		want_retriable(-1, ERROR_UNAVAILABLE);
		db_rollback(db);
		assert_int_equal(number(db, "SELECT 7"), 7);
	}
}

static void a_frozen_transaction_is_ended_by_the_server(void **state)
{
	(void)state;
	must(db_exec(db, &e, "SET idle_in_transaction_session_timeout = '100ms'", ""), &e);
	must(add(other, 1), &e);
	must(db_begin(db, DB_WRITE, &e), &e);
	int64_t pid = number(db, "SELECT pg_backend_pid()");
	must(db_exec(db, &e, "UPDATE thing SET n = 2", ""), &e);
	assert_int_equal(db_changes(db), 1);
	assert_true(scratch_until(gone, &pid)); /* what it had locked is free */
	must(db_exec(other, &e, "UPDATE thing SET n = 3", ""), &e);
	want_retriable(db_commit(db, DB_RELAXED, &e), ERROR_UNAVAILABLE);
	assert_int_equal(number(db, "SELECT n FROM thing"), 3);
}

static void a_server_that_is_not_there_is_worth_waiting_for(void **state)
{
	(void)state;
	struct db *none = NULL;
	want_retriable(db_open(&none, "postgresql://vestnik@127.0.0.1:1/vestnik", &e), ERROR_UNAVAILABLE);
	assert_null(none);
}

/* ---- nobody reads the password ------------------------------------------------------------------ */

static void a_password_is_never_said(void **state)
{
	(void)state;
	static const char *const wrong[] = {"postgresql://vestnik:hunter2@127.0.0.1:1/vestnik",
		"postgresql://vestnik@127.0.0.1:1/vestnik?password=hunter2", "postgresql://vestnik:hunter2/x@host/db",
		"postgresql://vestnik:a b@hunter2@host/db", "postgresql://u:%zzhunter2@host/db",
		"postgresql://u:hunter2@127.0.0.1:1/db?sslmode=hunter2",
		"postgresql://u:hunter2@127.0.0.1:hunter2/db", "mysql://u:hunter2@host/db"};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct db *none = NULL;
		assert_int_equal(db_open(&none, wrong[i], &e), -1);
		if (strstr(e.text, "hunter2") != NULL)
			fail_msg("%s: %s", wrong[i], e.text);
	}
	char *with = xasprintf("%s&password=hunter2", url);
	struct db *mine;
	must(db_open(&mine, with, &e), &e);
	assert_string_equal(db_url(mine), with);
	assert_null(strstr(db_shown(mine), "hunter2"));
	assert_non_null(strstr(db_shown(mine), "127.0.0.1"));
	assert_int_equal(db_exec(mine, &e, "SELEKT", ""), -1);
	assert_null(strstr(e.text, "hunter2"));
	db_close(&mine);
	free(with);
}

/* ---- rows ------------------------------------------------------------------------------------------ */

static long peak_rss_kb(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

static void many_rows_take_no_memory(void **state)
{
	(void)state;
	struct db_stmt *stmt;
	long before = peak_rss_kb();
	must(db_query(db, &stmt, &e, "SELECT g, repeat('x', 500) FROM generate_series(1, 300000) g", ""), &e);
	int64_t rows = 0;
	enum db_step step;
	while ((step = db_step(stmt, &e)) == DB_ROW)
		assert_int_equal(db_int(stmt, 0), ++rows);
	assert_int_equal(step, DB_DONE);
	assert_int_equal(rows, 300000);
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
	return; /* keeps what was freed */
#endif
#endif
	if (peak_rss_kb() - before > 30 * 1024) /* the rows are 150 MB */
		fail_msg("got %ld KB more, want some", peak_rss_kb() - before);
}

/* ---- several at once ---------------------------------------------------------------------------------- */

static void of_two_writers_of_a_row_one_begins_anew(void **state)
{
	(void)state;
	int64_t seen;
	must(add(db, 10), &e);
	must(db_begin(db, DB_WRITE, &e), &e);
	seen = number(db, "SELECT n FROM thing");
	must(db_exec(other, &e, "UPDATE thing SET n = n + 1", ""), &e);
	must(db_exec(db, &e, "UPDATE thing SET n = $1", "i", seen + 1), &e);
	want_retriable(db_commit(db, DB_RELAXED, &e), ERROR_CONFLICT);
	assert_int_equal(number(db, "SELECT n FROM thing"), 11);
	must(db_begin(db, DB_WRITE, &e), &e);
	seen = number(db, "SELECT n FROM thing");
	must(db_exec(db, &e, "UPDATE thing SET n = $1", "i", seen + 1), &e);
	must(db_commit(db, DB_RELAXED, &e), &e);
	assert_int_equal(number(db, "SELECT n FROM thing"), 12);
}

static void two_that_wait_for_each_other_are_a_conflict(void **state)
{
	(void)state;
	must(db_exec(db, &e, "INSERT INTO thing (id, n) VALUES (1, 0), (2, 0)", ""), &e);
	must(db_exec(other, &e, "SET lock_timeout = '300ms'", ""), &e);
	must(db_begin(db, DB_WRITE, &e), &e);
	must(db_exec(db, &e, "UPDATE thing SET n = 1 WHERE id = 1", ""), &e);
	assert_int_equal(db_changes(db), 1);
	must(db_begin(other, DB_WRITE, &e), &e);
	must(db_exec(other, &e, "UPDATE thing SET n = 2 WHERE id = 2", ""), &e);
	must(db_exec(other, &e, "UPDATE thing SET n = 2 WHERE id = 1", ""), &e);
	want_retriable(db_commit(other, DB_RELAXED, &e), ERROR_CONFLICT); /* waited long enough */
	must(db_exec(db, &e, "UPDATE thing SET n = 1 WHERE id = 2", ""), &e);
	must(db_commit(db, DB_RELAXED, &e), &e);
	assert_int_equal(number(other, "SELECT sum(n) FROM thing"), 2);
}

#define STARTERS 6

static void services_that_start_at_once_make_one_schema(void **state)
{
	(void)state;
	pid_t child[STARTERS];
	const char *bare = scratch_bare_store();
	for (int i = 0; i < STARTERS; i++)
		child[i] = scratch_spawn("migrate", bare);
	for (int i = 0; i < STARTERS; i++)
		assert_int_equal(scratch_wait(child[i]), 0);
	struct db *made;
	must(db_open(&made, bare, &e), &e);
	assert_int_equal(number(made, "SELECT count(*) - count(DISTINCT name) FROM schema_version"), 0);
	assert_true(number(made, "SELECT count(*) FROM schema_version") >= 2);
	must(schema_migrate(made, &e), &e);
	must(db_exec(made, &e, "INSERT INTO schema_version VALUES (999, 'from the future', 0)", ""), &e);
	assert_int_equal(schema_migrate(made, &e), -1);
	assert_int_equal(e.code, ERROR_CONFLICT);
	assert_false(e.retriable);
	if (strstr(e.text, "999") == NULL)
		fail_msg("got %s, want the version", e.text);
	db_close(&made);
}

static bool stopped(void *arg)
{
	int status;
	return waitpid(*(pid_t *)arg, &status, WUNTRACED | WNOHANG) > 0 && WIFSTOPPED(status);
}

static bool take_over(void *arg)
{
	struct lease *lease = arg;
	bool held;
	must(lease_take(other, lease, false, &held, &e), &e);
	return held;
}

static void who_froze_past_the_lease_commits_nothing(void **state)
{
	(void)state;
	static const char *const roles[] = {"freeze-before", "freeze-inside"};
	for (size_t i = 0; i < 2; i++) {
		struct lease lease = {.name = "planner", .holder = "second", .duration_ms = 60000};
		must(db_exec(other, &e, "DELETE FROM thing", ""), &e);
		must(db_exec(other, &e, "DELETE FROM lease", ""), &e);
		must(add(other, 0), &e);
		pid_t pid = scratch_spawn(roles[i], url);
		assert_true(scratch_until(stopped, &pid));
		assert_true(scratch_until(take_over, &lease));
		must(db_begin(other, DB_WRITE, &e), &e);
		must(lease_confirm(other, &lease, &e), &e);
		must(db_exec(other, &e, "UPDATE thing SET n = 2", ""), &e);
		must(db_commit(other, DB_RELAXED, &e), &e);
		kill(pid, SIGCONT);
		int code = scratch_wait(pid);
		if (code != 3)
			fail_msg("%s: got exit code %d, want 3: it could not commit", roles[i], code);
		assert_int_equal(number(other, "SELECT n FROM thing"), 2);
		must(db_begin(other, DB_WRITE, &e), &e);
		must(lease_confirm(other, &lease, &e), &e); /* still ours */
		db_rollback(other);
	}
}

/* A child: leads for a moment, freezes, and tries to write. */
static int leader(const char *store, bool inside)
{
	struct lease lease = {.name = "planner", .holder = "first", .duration_ms = 200};
	bool held;
	if (db_open(&db, store, &e) < 0 ||
		db_exec(db, &e, "SET idle_in_transaction_session_timeout = '500ms'", "") < 0 ||
		lease_take(db, &lease, false, &held, &e) < 0 || !held)
		return 1;
	if (!inside)
		raise(SIGSTOP);
	int rc = db_begin(db, DB_WRITE, &e);
	if (rc == 0)
		rc = lease_confirm(db, &lease, &e);
	if (rc == 0 && inside)
		raise(SIGSTOP);
	if (rc == 0)
		rc = db_exec(db, &e, "UPDATE thing SET n = 1", "");
	if (rc == 0)
		rc = db_commit(db, DB_RELAXED, &e);
	db_close(&db);
	if (rc == 0)
		return 2;
	/* Frozen before: fenced. Inside: the server had ended the transaction. */
	return e.code == (inside ? ERROR_UNAVAILABLE : ERROR_LOST) ? 3 : 4;
}

/* ---- the due loop, on a table nobody has counted yet ------------------------------------------------------ */

static void what_is_due_is_found_by_index_whatever_the_statistics_say(void **state)
{
	(void)state;
	struct db_stmt *stmt;
	must(db_exec(db, &e, "INSERT INTO schedule (key, due_ms, priority, campaign) SELECT g, g, 1, 1"
		" FROM generate_series(1, 50000) g", ""), &e);
	must(db_query(db, &stmt, &e,
		     "EXPLAIN SELECT s.key FROM schedule s CROSS JOIN delivery d WHERE d.key = s.key"
		     " AND s.claimed_ms IS NULL AND s.priority > 0 AND s.campaign = 1 AND s.due_ms <= 5"
		     " ORDER BY s.due_ms, s.key LIMIT 100", ""), &e);
	bool indexed = false;
	while (db_step(stmt, &e) == DB_ROW) {
		const char *line = db_text(stmt, 0);
		if (strstr(line, "Seq Scan") != NULL || strstr(line, "Sort") != NULL)
			fail_msg("got %s, want an index in order", line);
		indexed = indexed || strstr(line, "schedule_bulk") != NULL;
	}
	assert_true(indexed);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_store, close_store)

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		CASE(a_connection_cut_while_idle_is_made_again_unnoticed),
		CASE(a_transaction_cut_in_the_middle_writes_nothing_and_the_next_one_works),
		CASE(a_result_cut_short_is_an_error_not_an_end),
		CASE(a_frozen_transaction_is_ended_by_the_server),
		CASE(a_server_that_is_not_there_is_worth_waiting_for),
		CASE(a_password_is_never_said),
		CASE(many_rows_take_no_memory),
		CASE(of_two_writers_of_a_row_one_begins_anew),
		CASE(two_that_wait_for_each_other_are_a_conflict),
		CASE(services_that_start_at_once_make_one_schema),
		CASE(who_froze_past_the_lease_commits_nothing),
		CASE(what_is_due_is_found_by_index_whatever_the_statistics_say),
	};
	log_init("test", LOG_LEVEL_ERROR);
	if (argc == 3 && strcmp(argv[1], "migrate") == 0) {
		int rc = db_open(&db, argv[2], &e);
		if (rc == 0)
			rc = schema_migrate(db, &e);
		if (rc < 0)
			fprintf(stderr, "%s\n", e.text);
		db_close(&db);
		return rc == 0 ? 0 : 1;
	}
	if (argc == 3)
		return leader(argv[2], strcmp(argv[1], "freeze-inside") == 0);
	if (getenv("VESTNIK_TEST_STORE") == NULL) {
		puts("skipped: no PostgreSQL in VESTNIK_TEST_STORE");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
