/* Bytes kept once, on SQLite, and on PostgreSQL when $VESTNIK_TEST_STORE names one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/ident.h"
#include "store/again.h"
#include "store/blob.h"
#include "support/scratch.h"

#define ROUNDS 20
#define HEAD_START_US 20000 /* for the other to reach the row, and wait there */

static const char *store;
static struct db *db;
static char hash[IDENT_HASH_SIZE];

static int up(void **state)
{
	struct error e = {0};
	(void)state;
	store = scratch_store();
	must(db_open(&db, store, &e), &e);
	ident_hash("text", 4, hash);
	return 0;
}

static int down(void **state)
{
	(void)state;
	db_close(&db);
	return 0;
}

static int64_t kept(void)
{
	struct error e = {0};
	int64_t count = -1;
	if (db_query_int(db, &count, &e, "SELECT count(*) FROM blob WHERE hash = $1 AND size = 4", "s", hash) != DB_ROW)
		fail_msg("%s", e.text);
	return count;
}

static int put_row(struct db *tx, const char *slug, struct error *e)
{
	return blob_put(tx, hash, "text", 4, e) != 0
		? -1
		: db_exec(tx, e, "INSERT INTO composition_file (slug, name, size, hash) VALUES ($1, 'a', 4, $2)", "ss", slug, hash);
}

static int remove_row(struct db *tx, const char *slug, struct error *e)
{
	struct db_stmt *row;
	struct blob_list removed = {0};
	int rc = db_query(tx, &row, e, "DELETE FROM composition_file WHERE slug = $1 RETURNING hash", "s", slug);
	if (rc == 0)
		rc = blob_list_take(&removed, row, e);
	if (rc == 0)
		rc = blob_list_drop_unused(&removed, tx, e);
	blob_list_fini(&removed);
	return rc;
}

static void a_blob_goes_with_the_last_row_that_has_it(void **state)
{
	struct error e = {0};
	(void)state;
	must(db_begin(db, DB_WRITE, &e), &e);
	must(put_row(db, "one", &e), &e);
	must(put_row(db, "two", &e), &e);
	assert_int_equal(kept(), 1);
	must(remove_row(db, "one", &e), &e);
	assert_int_equal(kept(), 1);
	must(remove_row(db, "two", &e), &e);
	assert_int_equal(kept(), 0);
	must(remove_row(db, "two", &e), &e);
	must(db_commit(db, DB_RELAXED, &e), &e);
}

static int remove_first(void *arg, struct db *tx, struct error *e)
{
	atomic_bool *begun = arg;
	atomic_store(begun, true);
	return remove_row(tx, "first", e);
}

static void *remove_aside(void *arg)
{
	struct db *mine = NULL;
	struct error e = {0};
	int rc = db_open(&mine, store, &e);
	if (rc == 0)
		rc = again_transact(mine, remove_first, arg, &e);
	db_close(&mine);
	return rc == 0 ? NULL : arg;
}

/* Who drops it does not see the new row yet. */
static void what_somebody_is_just_storing_again_stays(void **state)
{
	struct error e = {0};
	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		atomic_bool begun = false;
		pthread_t other;
		void *failed;
		must(db_begin(db, DB_WRITE, &e), &e);
		must(put_row(db, "first", &e), &e);
		must(db_commit(db, DB_RELAXED, &e), &e);
		must(db_begin(db, DB_WRITE, &e), &e);
		must(put_row(db, "second", &e), &e);
		assert_int_equal(kept(), 1); /* PostgreSQL is sent writes when something is asked */
		assert_int_equal(pthread_create(&other, NULL, remove_aside, &begun), 0);
		for (int wait = 0; wait < 50 && !atomic_load(&begun); wait++) /* on SQLite it cannot begin before the commit */
			usleep(1000);
		usleep(HEAD_START_US);
		must(db_commit(db, DB_RELAXED, &e), &e);
		assert_int_equal(pthread_join(other, &failed), 0);
		assert_null(failed);
		assert_int_equal(kept(), 1);
		must(db_begin(db, DB_WRITE, &e), &e);
		must(remove_row(db, "second", &e), &e);
		must(db_commit(db, DB_RELAXED, &e), &e);
		assert_int_equal(kept(), 0);
	}
}

/* Neither sees that the other's row goes. */
static void two_who_drop_the_last_two_rows_leave_nothing(void **state)
{
	struct error e = {0};
	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		atomic_bool begun = false;
		pthread_t other;
		void *failed;
		struct again again = {0};
		int rc;
		must(db_begin(db, DB_WRITE, &e), &e);
		must(put_row(db, "first", &e), &e);
		must(put_row(db, "second", &e), &e);
		must(db_commit(db, DB_RELAXED, &e), &e);
		bool started = false;
		do {
			rc = db_begin(db, DB_WRITE, &e);
			if (rc == 0)
				rc = remove_row(db, "second", &e);
			if (rc == 0 && !started) {
				(void)kept(); /* PostgreSQL is sent writes when something is asked */
				started = true;
				assert_int_equal(pthread_create(&other, NULL, remove_aside, &begun), 0);
				usleep(HEAD_START_US);
			}
			if (rc == 0)
				rc = db_commit(db, DB_RELAXED, &e);
			else
				db_rollback(db);
		} while (rc != 0 && again_after_conflict(&again, &e));
		must(rc, &e);
		assert_int_equal(pthread_join(other, &failed), 0);
		assert_null(failed);
		assert_int_equal(kept(), 0);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_blob_goes_with_the_last_row_that_has_it, up, down),
		cmocka_unit_test_setup_teardown(what_somebody_is_just_storing_again_stays, up, down),
		cmocka_unit_test_setup_teardown(two_who_drop_the_last_two_rows_leave_nothing, up, down),
	};
	ident_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
