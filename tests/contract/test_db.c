/* The promises of store/db.h, the same for every driver. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/db_driver.h"
#include "support/scratch.h"

static struct db *db, *other;
static const char *url;
static struct error e;

static int open_store(void **state)
{
	(void)state;
	url = scratch_bare_store();
	must(db_open(&db, url, &e), &e);
	must(db_open(&other, url, &e), &e);
	must(db_exec(db, &e, "CREATE TABLE thing (id @ID, name TEXT UNIQUE, n BIGINT, data @BLOB)",
		     ""), &e);
	return 0;
}

static int close_store(void **state)
{
	(void)state;
	db_rollback(db);
	must(db_exec(db, &e, "DROP TABLE thing", ""), &e);
	db_close(&db);
	db_close(&other);
	return 0;
}

static int64_t count(struct db *from)
{
	int64_t n = -1;
	if (db_query_int(from, &n, &e, "SELECT COUNT(*) FROM thing", "") != DB_ROW)
		fail_msg("%s", e.text);
	return n;
}

static int add(struct db *to, int64_t id, const char *name)
{
	return db_exec(to, &e, "INSERT INTO thing (id, name) VALUES ($1, $2)", "is", id, name);
}

/* In a transaction a driver may send a statement later: at the latest db_changes tells. */
static bool fails(int rc)
{
	return rc < 0 || db_changes(db) < 0;
}

/* ---- opening --------------------------------------------------------------- */

static void open_refuses_what_it_does_not_know(void **state)
{
	(void)state;
	static const char *const wrong[] = {"", "mysql://x", "/tmp/x.db", "sqlite:", "sqlite::memory:"};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct db *none = db;
		assert_int_equal(db_open(&none, wrong[i], &e), -1);
		if (e.code != ERROR_INPUT)
			fail_msg("%s: got %s, want input", wrong[i], error_code_name(e.code));
		assert_null(none);
	}
}

static void open_tells_its_url(void **state)
{
	(void)state;
	assert_string_equal(db_url(db), url);
	struct db *none = NULL;
	db_close(&none); /* allowed */
}

/* ---- values ---------------------------------------------------------------- */

static void parameters_bind_by_number_not_by_appearance(void **state)
{
	(void)state;
	must(add(db, 1, "first"), &e);
	must(add(db, 2, "second"), &e);
	must(db_exec(db, &e, "UPDATE thing SET n = $2, name = $3 WHERE id = $1", "iis", (int64_t)2,
		     (int64_t)77, "changed"), &e);
	assert_int_equal(db_changes(db), 1);
	int64_t n = 0;
	assert_int_equal(db_query_int(db, &n, &e,
		"SELECT n FROM thing WHERE name = $2 AND id = $1", "is", (int64_t)2, "changed"), DB_ROW);
	assert_int_equal(n, 77);
}

static void values_come_back_as_they_went(void **state)
{
	(void)state;
	static const struct {
		int64_t n;
		const char *name;
		const char *data;
		size_t len;
	} cases[] = {
		{0, "", "", 0},
		{INT64_MAX, "Уважаемые коллеги! «Ёлка» 🙂", "a\0b\xff", 4},
		{INT64_MIN, "it's \"quoted\" $1 @ID -- /* */", "\0", 1},
		{-1, NULL, NULL, 0},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct db_stmt *stmt;
		int64_t id = (int64_t)i + 1;
		if (cases[i].data == NULL)
			must(db_exec(db, &e, "INSERT INTO thing VALUES ($1, $2, $3, $4)", "inin", id,
				     cases[i].n), &e);
		else
			must(db_exec(db, &e, "INSERT INTO thing VALUES ($1, $2, $3, $4)", "isib", id,
				     cases[i].name, cases[i].n, cases[i].data, cases[i].len), &e);
		must(db_query(db, &stmt, &e, "SELECT n, name, data FROM thing WHERE id = $1", "i", id), &e);
		assert_int_equal(db_step(stmt, &e), DB_ROW);
		assert_int_equal(db_int(stmt, 0), cases[i].n);
		size_t len = 99;
		const void *data = db_blob(stmt, 2, &len);
		assert_int_equal(len, cases[i].len);
		assert_int_equal(db_is_null(stmt, 2), cases[i].data == NULL);
		if (cases[i].name == NULL) {
			assert_null(db_text(stmt, 1));
			assert_true(db_is_null(stmt, 1));
			assert_int_equal(db_int(stmt, 1), 0);
			assert_null(data);
		} else {
			assert_string_equal(db_text(stmt, 1), cases[i].name);
			assert_non_null(data);
			assert_memory_equal(data, cases[i].data, len);
		}
		assert_int_equal(db_step(stmt, &e), DB_DONE);
	}
}

static void marks_inside_literals_and_comments_stay(void **state)
{
	(void)state;
	struct db_stmt *stmt;
	must(db_query(db, &stmt, &e,
		     "SELECT 'a $1 @ID ''@BLOB''' AS \"$2 @KEYS($1)\" -- @NOTHING $9\n, $1 /* @WHAT */",
		     "s", "x"), &e);
	assert_int_equal(db_step(stmt, &e), DB_ROW);
	assert_string_equal(db_text(stmt, 0), "a $1 @ID '@BLOB'");
	assert_string_equal(db_text(stmt, 1), "x");
	db_reset(stmt);
	assert_int_equal(db_exec(db, &e, "SELECT @NOTHING", ""), -1);
	assert_int_equal(e.code, ERROR_INTERNAL);
}

static void keys_are_a_table(void **state)
{
	(void)state;
	for (int64_t id = 1; id <= 9; id++)
		must(db_exec(db, &e, "INSERT INTO thing (id) VALUES ($1)", "i", id), &e);
	struct db_stmt *stmt;
	must(db_query(db, &stmt, &e,
		     "SELECT t.id FROM @KEYS($1) k JOIN thing t ON t.id = k.key WHERE t.id < $2"
		     " ORDER BY t.id", "si", "[7,3,5,9,100]", (int64_t)9), &e);
	int64_t want[] = {3, 5, 7};
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(db_step(stmt, &e), DB_ROW);
		assert_int_equal(db_int(stmt, 0), want[i]);
	}
	assert_int_equal(db_step(stmt, &e), DB_DONE);
	must(db_exec(db, &e, "DELETE FROM thing WHERE id IN (SELECT key FROM @KEYS($1) k)", "s", "[1,2]"),
		&e);
	assert_int_equal(db_changes(db), 2);
	must(db_exec(db, &e, "DELETE FROM thing WHERE id IN (SELECT key FROM @KEYS($1) k)", "s", "[]"),
		&e);
	assert_int_equal(db_changes(db), 0);
}

static void missing_id_is_given(void **state)
{
	(void)state;
	int64_t first = 0, second = 0;
	assert_int_equal(db_query_int(db, &first, &e,
		"INSERT INTO thing (name) VALUES ('a') RETURNING id", ""), DB_ROW);
	assert_int_equal(db_query_int(db, &second, &e,
		"INSERT INTO thing (name) VALUES ('b') RETURNING id", ""), DB_ROW);
	assert_true(second > first);
	assert_int_equal(count(other), 2);
}

/* ---- statements ------------------------------------------------------------ */

static void statements_are_kept_by_text(void **state)
{
	(void)state;
	static const char sql[] = "SELECT $1 || 'x'";
	struct db_stmt *stmt, *again;
	must(db_query(db, &stmt, &e, sql, "s", "a"), &e);
	assert_int_equal(db_step(stmt, &e), DB_ROW);
	must(db_prepare(db, sql, &again, &e), &e);
	assert_ptr_equal(stmt, again);
	/* bindings are gone: NULL || 'x' is NULL */
	assert_int_equal(db_step(again, &e), DB_ROW);
	assert_true(db_is_null(again, 0));
	db_reset(again);
	/* one address, two texts */
	char text[64];
	int64_t n;
	snprintf(text, sizeof text, "SELECT 1 + 1");
	assert_int_equal(db_query_int(db, &n, &e, text, ""), DB_ROW);
	assert_int_equal(n, 2);
	snprintf(text, sizeof text, "SELECT 2 + 3");
	assert_int_equal(db_query_int(db, &n, &e, text, ""), DB_ROW);
	assert_int_equal(n, 5);
}

static void bindings_stay_after_a_run(void **state)
{
	(void)state;
	struct db_stmt *stmt;
	must(db_prepare(db, "INSERT INTO thing (id, n) VALUES ($1, $2)", &stmt, &e), &e);
	db_bind_int(stmt, 2, 42);
	for (int64_t id = 1; id <= 3; id++) {
		db_bind_int(stmt, 1, id);
		must(db_run(stmt, &e), &e);
	}
	int64_t n = 0;
	assert_int_equal(db_query_int(db, &n, &e, "SELECT SUM(n) FROM thing", ""), DB_ROW);
	assert_int_equal(n, 126);
	must(db_exec(db, &e, "UPDATE thing SET n = 1 WHERE id > 1", ""), &e);
	assert_int_equal(db_changes(db), 2);
	assert_int_equal(db_query_int(db, &n, &e, "SELECT n FROM thing WHERE id = 99", ""), DB_DONE);
}

static void wrong_sql_is_an_error_not_a_crash(void **state)
{
	(void)state;
	struct db_stmt *stmt = NULL;
	assert_int_equal(db_prepare(db, "SELEKT 1", &stmt, &e), -1);
	assert_null(stmt);
	assert_int_equal(db_exec(db, &e, "SELECT * FROM no_such_table", ""), -1);
	assert_int_equal(db_exec(db, &e, "INSERT INTO thing (id) VALUES ($1)", "ii", (int64_t)1,
				 (int64_t)2), -1);
	assert_int_equal(count(db), 0);
}

static void rows_are_read_while_others_are_written(void **state)
{
	(void)state;
	struct db_stmt *outer, *inner;
	for (int64_t id = 1; id <= 500; id++)
		must(db_exec(db, &e, "INSERT INTO thing (id, n) VALUES ($1, $2)", "ii", id, id), &e);
	for (int inside = 0; inside < 2; inside++) {
		int64_t seen = 0, sum = 0;
		if (inside)
			must(db_begin(db, DB_WRITE, &e), &e);
		must(db_query(db, &outer, &e, "SELECT id FROM thing WHERE id <= 500 ORDER BY id", ""), &e);
		enum db_step step;
		while ((step = db_step(outer, &e)) == DB_ROW) {
			int64_t id = db_int(outer, 0);
			assert_int_equal(id, ++seen);
			must(db_exec(db, &e, "UPDATE thing SET n = n + 1 WHERE id = $1", "i", id), &e);
			must(db_query(db, &inner, &e, "SELECT n, id FROM thing WHERE id IN ($1, $2) ORDER BY id",
				     "ii", id, id + 1), &e);
			assert_int_equal(db_step(inner, &e), DB_ROW);
			sum += db_int(inner, 0);
			db_reset(inner);
			assert_int_equal(db_int(outer, 0), id);
		}
		assert_int_equal(step, DB_DONE);
		assert_int_equal(seen, 500);
		assert_int_equal(sum, 500 * 501 / 2 + 500 * (1 + inside));
		if (inside)
			must(db_commit(db, DB_RELAXED, &e), &e);
	}
}

static void reading_may_stop_anywhere(void **state)
{
	(void)state;
	struct db_stmt *stmt;
	for (int64_t id = 1; id <= 300; id++)
		must(db_exec(db, &e, "INSERT INTO thing (id, n) VALUES ($1, $1)", "i", id), &e);
	for (int64_t stop = 0; stop < 4; stop++) {
		must(db_begin(db, stop % 2 == 0 ? DB_READ : DB_WRITE, &e), &e);
		must(db_query(db, &stmt, &e, "SELECT n FROM thing ORDER BY id", ""), &e);
		for (int64_t i = 1; i <= stop; i++) {
			assert_int_equal(db_step(stmt, &e), DB_ROW);
			assert_int_equal(db_int(stmt, 0), i);
		}
		if (stop == 1)
			db_rollback(db); /* with rows unread */
		else if (stop == 2)
			must(db_commit(db, DB_RELAXED, &e), &e);
		db_reset(stmt);
		db_rollback(db);
		assert_int_equal(count(db), 300);
	}
}

/* ---- transactions ---------------------------------------------------------- */

static void commit_shows_and_rollback_does_not(void **state)
{
	(void)state;
	static const enum db_sync syncs[] = {DB_RELAXED, DB_DURABLE};
	for (int64_t i = 0; i < 2; i++) {
		must(db_begin(db, DB_WRITE, &e), &e);
		assert_true(db_in_transaction(db));
		must(db_exec(db, &e, "INSERT INTO thing (id) VALUES ($1)", "i", i), &e);
		assert_int_equal(count(other), i);
		must(db_commit(db, syncs[i], &e), &e);
		assert_false(db_in_transaction(db));
		assert_int_equal(count(other), i + 1);
	}
	must(db_begin(db, DB_WRITE, &e), &e);
	must(add(db, 10, "x"), &e);
	db_rollback(db);
	db_rollback(db); /* allowed */
	assert_int_equal(count(db), 2);
	must(db_begin(db, DB_WRITE, &e), &e);
	assert_int_equal(db_begin(db, DB_WRITE, &e), -1);
	db_rollback(db);
	assert_int_equal(db_commit(db, DB_RELAXED, &e), -1);
}

static void closing_rolls_back(void **state)
{
	(void)state;
	struct db *third;
	must(db_open(&third, url, &e), &e);
	must(db_begin(third, DB_WRITE, &e), &e);
	must(add(third, 1, "x"), &e);
	db_close(&third);
	assert_null(third);
	assert_int_equal(count(db), 0);
}

static void a_failed_statement_aborts_its_transaction(void **state)
{
	(void)state;
	must(add(db, 1, "taken"), &e);
	must(db_begin(db, DB_WRITE, &e), &e);
	must(add(db, 2, "good"), &e);
	assert_true(fails(add(db, 3, "taken")));
	error_clear(&e);
	assert_int_equal(add(db, 4, "later"), -1);
	assert_int_equal(e.code, ERROR_CONFLICT);
	error_clear(&e);
	assert_int_equal(db_commit(db, DB_RELAXED, &e), -1);
	assert_int_equal(e.code, ERROR_CONFLICT);
	assert_false(db_in_transaction(db));
	assert_int_equal(count(db), 1);
	must(add(db, 5, "after"), &e); /* the connection is usable */
	/* outside a transaction a failure aborts nothing */
	assert_int_equal(add(db, 6, "taken"), -1);
	must(add(db, 7, "fine"), &e);
	/* what upserts are for */
	must(db_begin(db, DB_WRITE, &e), &e);
	must(db_exec(db, &e, "INSERT INTO thing (name) VALUES ('taken') ON CONFLICT DO NOTHING", ""), &e);
	assert_int_equal(db_changes(db), 0);
	must(db_exec(db, &e, "INSERT INTO thing (name, n) VALUES ('taken', 5)"
		" ON CONFLICT (name) DO UPDATE SET n = excluded.n", ""), &e);
	assert_int_equal(db_changes(db), 1);
	must(db_commit(db, DB_RELAXED, &e), &e);
}

/* A batch of many small statements, as the planner and the ledger write them. */
static void a_batch_is_written_whole_or_not_at_all(void **state)
{
	(void)state;
	enum { ROWS = 3000 };
	struct db_stmt *stmt;
	for (int spoilt = 0; spoilt < 2; spoilt++) {
		must(db_begin(db, DB_WRITE, &e), &e);
		must(db_prepare(db, "INSERT INTO thing (id, name, n) VALUES ($1, $2, $3)", &stmt, &e), &e);
		int rc = 0;
		for (int64_t i = 1; i <= ROWS && rc == 0; i++) {
			char name[32];
			snprintf(name, sizeof name, "row %lld", spoilt && i == ROWS / 2 ? 7LL : (long long)i);
			db_bind_int(stmt, 1, i + spoilt * ROWS);
			db_bind_text(stmt, 2, spoilt ? name : NULL);
			db_bind_int(stmt, 3, i);
			rc = db_run(stmt, &e);
		}
		error_clear(&e);
		assert_int_equal(db_commit(db, DB_RELAXED, &e), spoilt ? -1 : 0);
		if (spoilt) {
			assert_int_equal(e.code, ERROR_CONFLICT);
			assert_false(e.retriable);
			if (strstr(e.text, "INSERT INTO thing") == NULL)
				fail_msg("got %s, want the statement that failed", e.text);
		}
		assert_int_equal(count(other), ROWS);
	}
}

static void text_that_is_none_is_refused_or_kept(void **state)
{
	(void)state;
	if (db_kind(db) == DB_SQLITE)
		skip();
	static const char *const bad[] = {"\xff\xfe", "a\xd0"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_int_equal(add(db, 1, bad[i]), -1);
		assert_int_equal(e.code, ERROR_INPUT);
	}
	assert_int_equal(db_exec(db, &e, "INSERT INTO thing (id, name) VALUES ($1, $2)", "ib", (int64_t)1, "a\0b",
				 (size_t)3), -1);
	assert_int_equal(e.code, ERROR_INPUT);
	assert_int_equal(count(db), 0);
}

static void text_has_the_order_of_its_bytes(void **state)
{
	(void)state;
	static const char *const names[] = {"Z", "_", "a", "n", "ё", "а", "Я"};
	for (int64_t i = 0; i < (int64_t)(sizeof names / sizeof names[0]); i++)
		must(add(db, i, names[i]), &e);
	static const char *const want[] = {"Z", "_", "a", "n", "Я", "а", "ё"};
	struct db_stmt *stmt;
	must(db_script(db, "CREATE TABLE word (t TEXT PRIMARY KEY) @CLUSTERED", &e), &e);
	must(db_exec(db, &e, "INSERT INTO word SELECT name FROM thing", ""), &e);
	must(db_query(db, &stmt, &e, "SELECT t FROM word ORDER BY t", ""), &e);
	for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
		assert_int_equal(db_step(stmt, &e), DB_ROW);
		assert_string_equal(db_text(stmt, 0), want[i]);
	}
	db_reset(stmt);
	must(db_exec(db, &e, "DROP TABLE word", ""), &e);
}

static void a_read_transaction_does_not_write(void **state)
{
	(void)state;
	must(db_begin(db, DB_READ, &e), &e);
	assert_int_equal(count(db), 0);
	must(add(other, 1, "x"), &e); /* nor does it keep others from it */
	assert_int_equal(add(db, 2, "y"), -1);
	assert_int_equal(db_commit(db, DB_RELAXED, &e), -1);
	assert_int_equal(count(db), 1);
}

static int calls[2];

static void called(void *arg)
{
	++*(int *)arg;
}

static void called_again(void *arg)
{
	++*(int *)arg;
	db_on_commit(db, called, &calls[1]); /* for the next one */
}

static void hooks_run_once_after_commit(void **state)
{
	(void)state;
	memset(calls, 0, sizeof calls);
	must(db_begin(db, DB_WRITE, &e), &e);
	db_on_commit(db, called, &calls[0]);
	db_rollback(db);
	must(db_begin(db, DB_WRITE, &e), &e);
	must(db_commit(db, DB_RELAXED, &e), &e);
	assert_int_equal(calls[0], 0);

	must(db_begin(db, DB_WRITE, &e), &e);
	db_on_commit(db, called, &calls[0]);
	db_on_commit(db, called, &calls[0]);
	db_on_commit(db, called_again, &calls[0]);
	must(add(db, 1, "x"), &e);
	assert_int_equal(calls[0], 0);
	must(db_commit(db, DB_RELAXED, &e), &e);
	assert_int_equal(calls[0], 2);
	assert_int_equal(calls[1], 0);
	must(db_begin(db, DB_WRITE, &e), &e);
	must(db_commit(db, DB_RELAXED, &e), &e);
	assert_int_equal(calls[0], 2);
	assert_int_equal(calls[1], 1);

	/* a transaction that could not commit */
	must(db_begin(db, DB_WRITE, &e), &e);
	db_on_commit(db, called, &calls[0]);
	assert_true(fails(add(db, 1, "x")));
	assert_int_equal(db_commit(db, DB_RELAXED, &e), -1);
	must(add(db, 2, "y"), &e);
	assert_int_equal(calls[0], 2);
}

#define COUNTERS 4
#define ROUNDS 200

static void *increment(void *arg)
{
	(void)arg;
	struct db *mine;
	struct error why;
	if (db_open(&mine, url, &why) < 0)
		abort();
	for (int i = 0; i < ROUNDS;) {
		int64_t n;
		if (db_begin(mine, DB_WRITE, &why) == 0 &&
			db_query_int(mine, &n, &why, "SELECT n FROM thing WHERE id = 1", "") == DB_ROW &&
			db_exec(mine, &why, "UPDATE thing SET n = $1 WHERE id = 1", "i", n + 1) == 0 &&
			db_commit(mine, i % 50 == 0 ? DB_DURABLE : DB_RELAXED, &why) == 0) {
			i++;
			continue;
		}
		/* A driver whose writers do not wait says so: again. */
		if (why.code != ERROR_CONFLICT || !why.retriable || db_kind(mine) == DB_SQLITE) {
			fprintf(stderr, "increment: %s\n", why.text);
			abort();
		}
		db_rollback(mine);
	}
	db_close(&mine);
	return NULL;
}

static void no_writer_undoes_another(void **state)
{
	(void)state;
	pthread_t threads[COUNTERS];
	must(db_exec(db, &e, "INSERT INTO thing (id, n) VALUES (1, 0)", ""), &e);
	for (int i = 0; i < COUNTERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, increment, NULL), 0);
	for (int i = 0; i < COUNTERS; i++)
		pthread_join(threads[i], NULL);
	int64_t n = 0;
	assert_int_equal(db_query_int(db, &n, &e, "SELECT n FROM thing WHERE id = 1", ""), DB_ROW);
	assert_int_equal(n, COUNTERS * ROUNDS);
}

static void the_database_has_a_clock(void **state)
{
	(void)state;
	int64_t first = 0, second = 0;
	must(db_now_ms(db, &first, &e), &e);
	must(db_now_ms(other, &second, &e), &e);
	assert_true(first > 1700000000000 && second >= first);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_store, close_store)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CASE(open_refuses_what_it_does_not_know),
		CASE(open_tells_its_url),
		CASE(parameters_bind_by_number_not_by_appearance),
		CASE(values_come_back_as_they_went),
		CASE(marks_inside_literals_and_comments_stay),
		CASE(keys_are_a_table),
		CASE(missing_id_is_given),
		CASE(statements_are_kept_by_text),
		CASE(bindings_stay_after_a_run),
		CASE(rows_are_read_while_others_are_written),
		CASE(reading_may_stop_anywhere),
		CASE(wrong_sql_is_an_error_not_a_crash),
		CASE(commit_shows_and_rollback_does_not),
		CASE(closing_rolls_back),
		CASE(a_failed_statement_aborts_its_transaction),
		CASE(a_batch_is_written_whole_or_not_at_all),
		CASE(text_that_is_none_is_refused_or_kept),
		CASE(text_has_the_order_of_its_bytes),
		CASE(a_read_transaction_does_not_write),
		CASE(hooks_run_once_after_commit),
		CASE(no_writer_undoes_another),
		CASE(the_database_has_a_clock),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
