/* The delivery log on SQLite, and on PostgreSQL when $VESTNIK_TEST_STORE names one: the same lines in the same
 * order whichever way they are found; pages lose and repeat nothing while lines come; work is bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/gate.h"
#include "base/xalloc.h"
#include "control/delivery.h"
#include "control/delivery_log.h"
#include "message/status.h"
#include "store/schema.h"
#include "support/scratch.h"

#define LETTERS 600      /* of campaign 1 and 2 in turn */
#define START_MS INT64_C(1700000000000)
#define BIG 20000        /* letters that the counters of campaign 2 speak of: it is walked, not gathered */

static struct db *db;
static struct error e;

static void add_line(int64_t key, int64_t dispatch, enum delivery_state state, int64_t time_ms, int64_t code,
	const char *enhanced, const char *reason, const char *relay)
{
	must(db_exec(db, &e,
		     "INSERT INTO history (key, dispatch, state, time_ms, code, enhanced, reason, relay, worker) "
		     "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'w')",
		     "iiiiisss", key, dispatch, (int64_t)state, time_ms, code, enhanced, reason, relay),
		&e);
}

static void add_letter(int64_t key)
{
	char address[64];
	snprintf(address, sizeof address, "school-%d@%s", (int)(key % 50), key % 7 == 0 ? "other.test" : "example.org");
	must(db_exec(db, &e,
		     "INSERT INTO delivery (key, campaign, round, step, recipient, contact, address, fields, state, updated_ms) "
		     "VALUES ($1, $2, $2, 0, $1, 1, $3, '{}', 5, 0)",
		     "iis", key, 1 + key % 2, address),
		&e);
	/* many at the same moment, some out of the order of their keys */
	int64_t time_ms = START_MS + key / 5 * 1000 - key % 3 * 700;
	if (key % 10 == 0) {
		add_line(key, 1, DELIVERY_DEFERRED, time_ms, 450, "4.2.0", "Greylisted, ПОДОЖДИТЕ", "main");
		time_ms += 2500;
	}
	if (key % 15 == 0)
		add_line(key, 2, DELIVERY_FAILED, time_ms, 550, "5.1.1", "no such mailbox", "spare");
	else
		add_line(key, key % 10 == 0 ? 2 : 1, DELIVERY_ACCEPTED, time_ms, 250, "2.0.0", "ok", key % 4 == 0 ? "spare" : "main");
}

static void fill(void)
{
	must(db_open(&db, scratch_store(), &e), &e);
	must(schema_migrate(db, &e), &e);
	must(db_begin(db, DB_WRITE, &e), &e);
	for (int64_t c = 1; c <= 2; c++) {
		must(db_exec(db, &e,
			     "INSERT INTO campaign (id, slug, kind, title, content_hash, definition, sender, state, priority, created_ms) "
			     "VALUES ($1, $2, 'campaign', 'Title', '', '{}', 'a@ministry.test', 'running', 1, $3)",
			     "isi", c, c == 1 ? "first" : "second", START_MS - 100000),
			&e);
		must(db_exec(db, &e, "INSERT INTO round (id, campaign, number, starts_ms) VALUES ($1, $1, 1, 0)", "i", c), &e);
		must(db_exec(db, &e, "INSERT INTO counter (campaign, part, state, n) VALUES ($1, 0, 5, $2)", "ii", c,
			     (int64_t)(c == 1 ? LETTERS / 2 : BIG)),
			&e);
	}
	for (int64_t key = 1; key <= LETTERS; key++)
		add_letter(key);
	must(db_commit(db, DB_RELAXED, &e), &e);
}

static int setup(void **state)
{
	(void)state;
	fill();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	db_close(&db);
	return 0;
}

/* ---- reading -------------------------------------------------------------------------------- */

struct found {
	struct delivery_log_position line[4 * LETTERS];
	size_t count;
};

static int take(void *arg, const struct delivery_line *line)
{
	struct found *found = arg;
	assert_true(found->count < 4 * LETTERS);
	found->line[found->count++] = delivery_log_at(line);
	return 0;
}

/* Everything, page by page; meanwhile(page) may write. */
static void read_all(const struct delivery_log_filter *filter, enum delivery_log_way way, int64_t page, int64_t look_most,
	void (*meanwhile)(int page), struct found *found)
{
	struct delivery_log_position at = way == LOG_OLDER ? delivery_log_end() : delivery_log_before(0);
	struct delivery_log_look look = {0};
	found->count = 0;
	for (int i = 0; !look.end; i++) {
		size_t before = found->count;
		assert_true(i < 4 * LETTERS);
		must(delivery_log_read(db, filter, way, &at, page, look_most, &look, take, found, &e), &e);
		assert_int_equal(look.given, found->count - before);
		assert_true(look.given <= page);
		if (look.given < page && !look.end)
			assert_true(look.looked >= look_most);
		if (meanwhile != NULL)
			meanwhile(i);
	}
}

static int compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;
	for (int i = 0; i < 4; i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return 0;
}

/* What it should be: every line, asked one by one, sorted here. */
static void expect_all(const struct delivery_log_filter *filter, struct found *want)
{
	want->count = 0;
	for (int64_t key = 1; key <= LETTERS; key++) {
		struct found lines = {.count = 0};
		struct db_stmt *row;
		enum db_step step;
		must(db_query(db, &row, &e,
			     "SELECT h.time_ms, h.key, h.dispatch, h.state, h.code, h.enhanced, h.reason, h.relay, d.campaign, d.address "
			     "FROM history h JOIN delivery d ON d.key = h.key WHERE h.key = $1",
			     "i", key),
			&e);
		while ((step = db_step(row, &e)) == DB_ROW) {
			const struct delivery_line line = {.time_ms = db_int(row, 0), .key = db_int(row, 1), .dispatch = db_int(row, 2),
				.state = db_int(row, 3), .code = db_int(row, 4), .enhanced = db_text(row, 5), .reason = db_text(row, 6),
				.relay = db_text(row, 7), .campaign = db_int(row, 8), .address = db_text(row, 9)};
			if (delivery_log_wants(filter, &line))
				(void)take(&lines, &line);
		}
		must(step == DB_DONE ? 0 : -1, &e);
		for (size_t i = 0; i < lines.count; i++)
			want->line[want->count++] = lines.line[i];
	}
	qsort(want->line, want->count, sizeof want->line[0], compare);
}

static void same(const char *what, const struct found *got, const struct found *want, enum delivery_log_way way)
{
	if (got->count != want->count)
		fail_msg("%s: got %zu lines, want %zu", what, got->count, want->count);
	for (size_t i = 0; i < got->count; i++) {
		const struct delivery_log_position *a = &got->line[i];
		const struct delivery_log_position *b = &want->line[way == LOG_OLDER ? want->count - 1 - i : i];
		if (compare(a, b) != 0)
			fail_msg("%s: line %zu: got %lld of letter %lld, want %lld of letter %lld", what, i, (long long)a->time_ms,
				(long long)a->key, (long long)b->time_ms, (long long)b->key);
	}
}

static const struct {
	const char *name;
	struct delivery_log_filter filter;
	bool some; /* it finds something */
} cases[] = {
	{"everything", {.state = -1}, true},
	{"a small campaign", {.state = -1, .campaign = 1}, true},
	{"a large campaign", {.state = -1, .campaign = 2}, true},
	{"a campaign that is not there", {.state = -1, .campaign = 99}, false},
	{"refused", {.state = DELIVERY_FAILED}, true},
	{"put off", {.state = DELIVERY_DEFERRED}, true},
	{"accepted", {.state = DELIVERY_ACCEPTED}, true},
	{"came back: none", {.state = DELIVERY_BOUNCED}, false},
	{"refused, of a small campaign", {.state = DELIVERY_FAILED, .campaign = 1}, true},
	{"refused, of a large campaign", {.state = DELIVERY_FAILED, .campaign = 2}, true},
	{"one address", {.state = -1, .address = "school-10@example.org"}, true},
	{"one address, refused", {.state = DELIVERY_FAILED, .address = "school-30@example.org"}, true},
	{"a domain", {.state = -1, .address = "@other.test"}, true},
	{"no such address", {.state = -1, .address = "nobody@example.org"}, false},
	{"a relay", {.state = -1, .relay = "spare"}, true},
	{"words, any case", {.state = -1, .text = "подождите"}, true},
	{"a code", {.state = -1, .text = "550 5.1.1 NO SUCH"}, true},
	{"words that are not there", {.state = -1, .text = "%"}, false},
	{"a span of time", {.state = -1, .from_ms = START_MS + 20000, .until_ms = START_MS + 40000}, true},
	{"a span, refused", {.state = DELIVERY_FAILED, .from_ms = START_MS + 20000, .until_ms = START_MS + 90000}, true},
	{"a span of a small campaign", {.state = -1, .campaign = 1, .from_ms = START_MS + 20000, .until_ms = START_MS + 40000}, true},
	{"before everything", {.state = -1, .until_ms = START_MS - 900000}, false},
	{"all together", {.state = DELIVERY_FAILED, .campaign = 2, .relay = "spare", .text = "mailbox", .address = "@example.org",
				 .from_ms = START_MS}, true},
};

static void every_filter_finds_the_same_both_ways(void **state)
{
	static struct found got, want;
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		expect_all(&cases[i].filter, &want);
		if ((want.count > 0) != cases[i].some)
			fail_msg("%s: %zu lines fit", cases[i].name, want.count);
		for (enum delivery_log_way way = LOG_OLDER; way <= LOG_NEWER; way++)
			for (int64_t page = 1; page <= 1000; page = page * 31 + 6) {
				if (page == 1 && want.count > 100)
					continue; /* a minute */
				read_all(&cases[i].filter, way, page, 5000, NULL, &got);
				same(cases[i].name, &got, &want, way);
			}
	}
}

/* ---- while lines come -------------------------------------------------------------------------- */

static int64_t coming;

static void newer_lines_come(int page)
{
	(void)page;
	if (coming < 40) {
		must(db_exec(db, &e,
			     "INSERT INTO delivery (key, campaign, round, step, recipient, contact, address, fields, state, updated_ms) "
			     "VALUES ($1, 2, 2, 9, $1, 1, 'late@example.org', '{}', 5, 0)",
			     "i", 5000 + coming),
			&e);
		add_line(5000 + coming, 1, DELIVERY_FAILED, START_MS + 10000000 + coming * 10, 550, "", "late", "main");
	}
	coming++;
}

static void pages_lose_and_repeat_nothing_while_lines_come(void **state)
{
	static struct found before, got;
	struct delivery_log_filter all = {.state = -1};
	(void)state;
	read_all(&all, LOG_OLDER, 100000, 100000, NULL, &before);
	coming = 0;
	read_all(&all, LOG_OLDER, 20, 5000, newer_lines_come, &got);
	assert_true(coming > 30);
	assert_int_equal(got.count, before.count);
	assert_memory_equal(got.line, before.line, before.count * sizeof before.line[0]);
	/* the other way they are found, too, each once and at the end */
	read_all(&all, LOG_NEWER, 20, 5000, NULL, &got);
	assert_int_equal(got.count, before.count + (size_t)(coming < 40 ? coming : 40));
	for (size_t i = 1; i < got.count; i++)
		assert_true(compare(&got.line[i - 1], &got.line[i]) < 0);
	must(db_exec(db, &e, "DELETE FROM history WHERE key >= 5000", ""), &e);
	must(db_exec(db, &e, "DELETE FROM delivery WHERE key >= 5000", ""), &e);
}

/* ---- bounded -------------------------------------------------------------------------------------- */

static void one_call_looks_at_a_bounded_number_of_rows(void **state)
{
	static struct found got;
	struct delivery_log_filter none = {.state = -1, .text = "never said"};
	struct delivery_log_position at = delivery_log_end(), before = at;
	struct delivery_log_look look;
	(void)state;
	got.count = 0;
	for (int i = 0; i < 3000; i++) /* over a piece and over one call */
		add_line(1, 100 + i, DELIVERY_SENDING, START_MS - 50000 + i, 0, "", "", "main");
	must(delivery_log_read(db, &none, LOG_OLDER, &at, 50, 500, &look, take, &got, &e), &e);
	assert_int_equal(got.count, 0);
	assert_false(look.end);
	assert_true(look.looked >= 500 && look.looked <= 2500);
	assert_true(compare(&at, &before) < 0);
	int calls = 1;
	for (; !look.end; calls++)
		must(delivery_log_read(db, &none, LOG_OLDER, &at, 50, 500, &look, take, &got, &e), &e);
	assert_true(calls > 1 && calls < 12);
	must(db_exec(db, &e, "DELETE FROM history WHERE state = 1", ""), &e);
}

/* No statement walks a table: each row is found by an index. (SQLite: PostgreSQL decides by what it counted.) */
static void every_statement_uses_an_index(void **state)
{
	static char *explained[8]; /* kept: the statements' keys */
	const char *sql;
	size_t i = 0;
	(void)state;
	if (db_kind(db) != DB_SQLITE)
		skip();
	for (; (sql = delivery_log_statement(i)) != NULL; i++) {
		struct db_stmt *row;
		assert_true(i < sizeof explained / sizeof explained[0]);
		explained[i] = xasprintf("EXPLAIN QUERY PLAN %s", sql);
		must(db_query(db, &row, &e, explained[i], ""), &e);
		while (db_step(row, &e) == DB_ROW) {
			const char *step = db_text(row, 3);
			bool subquery = strstr(step, "SCAN d") != NULL && strstr(sql, "(SELECT") != NULL; /* a gathered list */
			if (strncmp(step, "SCAN ", 5) == 0 && !subquery && strstr(step, "INDEX") == NULL)
				fail_msg("statement %zu: %s\n%s", i, step, sql);
			if (strstr(step, "SEARCH h ") != NULL && strstr(step, "USING") == NULL)
				fail_msg("statement %zu: %s", i, step);
			bool sorts = strstr(step, "TEMP B-TREE FOR ORDER BY") != NULL;
			if (sorts && strstr(sql, "(SELECT") == NULL)
				fail_msg("statement %zu sorts what it walks: %s", i, sql);
		}
	}
	assert_int_equal(i, 8);
}

/* ---- one letter ------------------------------------------------------------------------------------ */

static int count_line(void *arg, const struct delivery_line *line)
{
	(void)line;
	++*(int *)arg;
	return 0;
}

static void a_letter_is_found_by_number_and_by_message_id(void **state)
{
	static const struct {
		const char *text;
		int64_t want; /* -1: refused */
	} names[] = {{"17", 17}, {"17.2", 17}, {"<17.2>", 17}, {"0", -1}, {"-3", -1}, {"17.2.3", -1}, {"17@example.org", -1},
		{"", -1}, {"<>", -1}, {"17.0.aaaaaaaaaaaaaaaa", -1}, {"99999999999999999999", -1}};
	struct ident_key key = {.bytes = {1, 2, 3}};
	char tag[IDENT_TAG_SIZE];
	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		int64_t got = -1;
		if (delivery_key_read(&key, names[i].text, &got) != 0)
			got = -1;
		if (got != names[i].want)
			fail_msg("«%s»: got %lld, want %lld", names[i].text, (long long)got, (long long)names[i].want);
	}
	int64_t got = 0;
	char *message_id = xasprintf("<%s@ministry.test>", ident_tag(&key, 42, 0, tag));
	assert_int_equal(delivery_key_read(&key, message_id, &got), 0);
	assert_int_equal(got, 42);
	free(message_id);
	struct delivery d;
	int lines = 0;
	must(delivery_load(db, 30, &d, &e), &e);
	assert_string_equal(d.slug, "first");
	must(delivery_log_letter(db, 30, count_line, &lines, &e), &e);
	assert_int_equal(lines, 2);
	int64_t when_ms;
	assert_int_equal(delivery_next(&d, START_MS, &when_ms), DELIVERY_NEXT_NOTHING);
	delivery_fini(&d);
	assert_int_equal(delivery_load(db, 99999, &d, &e), -1);
	assert_int_equal(e.code, ERROR_NOT_FOUND);
	delivery_fini(&d);
}

static void codes_are_told_in_words(void **state)
{
	static const struct {
		const char *enhanced;
		int64_t code;
		const char *want; /* part of it; NULL: nothing is known */
	} codes[] = {{"5.1.1", 550, "no such mailbox"}, {"4.2.2", 452, "full"}, {"5.7.1", 554, "does not take mail from us"},
		{"4.2.0", 450, "looks at strangers twice"}, {"5.0.0", 554, "refuses"}, {"5.1.99", 0, "wrong with the address"},
		{"", 421, "busy"}, {NULL, 550, "does not exist"}, {"2.0.0", 250, NULL}, {"", 0, NULL}, {"5.", 599, NULL},
		{"4.7.0", 0, "rules"}, {"9.9.9", 0, NULL}};
	(void)state;
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
		const char *got = delivery_code_words(codes[i].enhanced, codes[i].code);
		if ((got == NULL) != (codes[i].want == NULL) || (got != NULL && strstr(got, codes[i].want) == NULL))
			fail_msg("%s %lld: got «%s», want «%s»", codes[i].enhanced, (long long)codes[i].code, got == NULL ? "" : got,
				codes[i].want == NULL ? "" : codes[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_filter_finds_the_same_both_ways),
		cmocka_unit_test(pages_lose_and_repeat_nothing_while_lines_come),
		cmocka_unit_test(one_call_looks_at_a_bounded_number_of_rows),
		cmocka_unit_test(every_statement_uses_an_index),
		cmocka_unit_test(a_letter_is_found_by_number_and_by_message_id),
		cmocka_unit_test(codes_are_told_in_words),
	};
	ident_init();
	return cmocka_run_group_tests(tests, setup, teardown);
}
