/* Compositions on SQLite, and on PostgreSQL when $VESTNIK_TEST_STORE names one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/ident.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "calendar/calendar.h"
#include "compose/compose.h"
#include "compose/form.h"
#include "support/scratch.h"

static struct db *db, *other;

static int up(void **state)
{
	struct error e = {0};
	(void)state;
	const char *url = scratch_store();
	must(db_open(&db, url, &e), &e);
	must(db_open(&other, url, &e), &e);
	return 0;
}

static int down(void **state)
{
	(void)state;
	db_close(&db);
	db_close(&other);
	return 0;
}

static struct composition read_one(const char *slug)
{
	struct composition c;
	struct error e = {0};
	if (compose_read(db, slug, &c, &e) != DB_ROW)
		fail_msg("%s: got «%s», want a composition", slug, e.text);
	return c;
}

static int refused(int rc, const struct error *e, enum error_code code, const char *says)
{
	if (rc == 0 || e->code != code || strstr(e->text, says) == NULL)
		fail_msg("got %d «%s» (%s), want %s with «%s»", rc, e->text, error_code_name(e->code), error_code_name(code), says);
	return 0;
}

static void who_saves_last_is_told_of_the_other(void **state)
{
	struct error e = {0};
	(void)state;
	must(compose_begin(db, "one", "Первая", NULL, "console/ivanova", &e), &e);
	struct composition mine = read_one("one"), theirs = read_one("one");
	assert_int_equal(mine.version, 1);
	assert_string_equal(mine.title, "Первая");
	assert_string_equal(form_text(mine.form, "ask.verb"), "просим");
	json_object_set_new(theirs.form, "title", json_string("Вторая"));
	must(compose_save(other, "one", theirs.version, theirs.form, "console/petrova", &e), &e);
	json_object_set_new(mine.form, "title", json_string("Третья"));
	refused(compose_save(db, "one", mine.version, mine.form, "console/ivanova", &e), &e, ERROR_CONFLICT, "console/petrova");
	composition_fini(&mine);
	composition_fini(&theirs);
	mine = read_one("one");
	assert_string_equal(mine.title, "Вторая");
	assert_int_equal(mine.version, 2);
	assert_string_equal(mine.owner, "console/ivanova");
	assert_string_equal(mine.changed_by, "console/petrova");
	composition_fini(&mine);
	refused(compose_begin(db, "one", "Ещё", NULL, "x", &e), &e, ERROR_CONFLICT, "one");
	refused(compose_begin(db, "Не имя", "Ещё", NULL, "x", &e), &e, ERROR_INPUT, "a–z");
	json_t *nothing = json_object();
	refused(compose_save(db, "none", 1, nothing, "x", &e), &e, ERROR_NOT_FOUND, "none");
	json_decref(nothing);
}

static int64_t blobs(void)
{
	struct error e = {0};
	int64_t count = -1;
	if (db_query_int(db, &count, &e, "SELECT count(*) FROM blob", "") != DB_ROW)
		fail_msg("%s", e.text);
	return count;
}

static void files_go_with_their_composition(void **state)
{
	struct error e = {0};
	json_t *files = NULL;
	(void)state;
	must(compose_begin(db, "two", "Вторая", NULL, "x", &e), &e);
	must(compose_file_put(db, "two", "annex.pdf", "application/pdf", "%PDF", 4, "x", &e), &e);
	must(compose_file_put(db, "two", "data/schools.csv", NULL, "key\n1\n", 6, "x", &e), &e);
	must(compose_file_put(db, "two", "annex.pdf", "application/pdf", "%PDF-2", 6, "y", &e), &e);
	static const char *const bad[] = {"", "..", "../x", "/etc/passwd", "a//b", ".hidden", "campaign.yaml", "a/b/c/d/e"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		refused(compose_file_put(db, "two", bad[i], NULL, "x", 1, "x", &e), &e, ERROR_INPUT, "имя файла");
	refused(compose_file_put(db, "two", "empty", NULL, "", 0, "x", &e), &e, ERROR_INPUT, "пуст");
	refused(compose_file_put(db, "none", "x", NULL, "x", 1, "x", &e), &e, ERROR_NOT_FOUND, "none");
	must(compose_rename(db, "two", 1, "deux", "x", &e), &e);
	must(compose_files(db, "deux", &files, &e), &e);
	char *text = json_dumps(files, JSON_COMPACT | JSON_SORT_KEYS);
	assert_string_equal(text, "[{\"media_type\":\"application/pdf\",\"name\":\"annex.pdf\",\"size\":6},{\"name\":\"data/schools.csv\",\"size\":6}]");
	free(text);
	json_decref(files);
	assert_int_equal(blobs(), 2); /* not the one that was replaced */
	refused(compose_rename(db, "deux", 1, "one", "x", &e), &e, ERROR_CONFLICT, "one");
	refused(compose_rename(db, "deux", 1, "trois", "x", &e), &e, ERROR_CONFLICT, "x");
	must(compose_drop(db, "deux", &e), &e);
	must(compose_files(db, "deux", &files, &e), &e);
	assert_int_equal(json_array_size(files), 0);
	json_decref(files);
	refused(compose_drop(db, "deux", &e), &e, ERROR_NOT_FOUND, "deux");
	assert_int_equal(blobs(), 0);
}

static int add_slug(void *arg, const struct composition *c)
{
	return buf_printf(arg, "%s ", c->slug);
}

static void a_transaction_of_the_callers_holds_all_of_it(void **state)
{
	struct error e = {0};
	struct buf slugs;
	(void)state;
	must(db_begin(db, DB_WRITE, &e), &e);
	must(compose_begin(db, "three", "Третья", NULL, "x", &e), &e);
	must(compose_file_put(db, "three", "a", NULL, "x", 1, "x", &e), &e);
	db_rollback(db);
	buf_init(&slugs, 1000);
	must(compose_each(db, add_slug, &slugs, &e), &e);
	assert_string_equal(buf_str(&slugs), "one ");
	buf_reset(&slugs);
	/* Launched meanwhile, after a second person's word: no draft any more. */
	must(db_exec(db, &e, "INSERT INTO campaign (slug, kind, title, content_hash, definition, sender, state, priority, created_ms)"
			     " VALUES ('one', 'campaign', 'x', 'h', '{}', 'a@example.org', 'running', 1, 0)", ""), &e);
	must(compose_each(db, add_slug, &slugs, &e), &e);
	assert_string_equal(buf_str(&slugs), "");
	buf_fini(&slugs);
	must(compose_drop(db, "one", &e), &e);
	refused(compose_begin(db, "one", "Снова", NULL, "x", &e), &e, ERROR_CONFLICT, "запущена");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(who_saves_last_is_told_of_the_other), cmocka_unit_test(files_go_with_their_composition),
		cmocka_unit_test(a_transaction_of_the_callers_holds_all_of_it)};
	lang_set(LANG_RU);
	ident_init();
	calendar_init();
	return cmocka_run_group_tests(tests, up, down);
}
