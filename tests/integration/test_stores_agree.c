/* The same letters and the same outcomes, by chance, on SQLite and on PostgreSQL: afterwards every
 * row of delivery, schedule, history and counter is the same. Wants VESTNIK_TEST_STORE. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/problem.h"
#include "base/xalloc.h"
#include "ledger/apply.h"
#include "settings/settings.h"
#include "store/delivery.h"
#include "store/schedule.h"
#include "store/schema.h"
#include "support/scratch.h"

#define LETTERS 700
#define BATCHES 25
#define BATCH 400
#define START_MS INT64_C(1684130400000)

static struct settings *settings;
static struct error e;

/* ---- a store with letters ------------------------------------------------------------------- */

static void fill(struct db *db)
{
	static struct delivery_new d[LETTERS];
	static struct schedule_new s[LETTERS];
	static char address[LETTERS][40];
	static bool inserted[LETTERS];
	int64_t first;
	must(db_begin(db, DB_WRITE, &e), &e);
	for (int64_t c = 1; c <= 2; c++)
		must(db_exec(db, &e,
			     "INSERT INTO campaign (id, slug, kind, title, content_hash, definition, sender, state,"
			     " priority, hold, created_ms) VALUES ($1, CAST($2 AS TEXT), 'test', 't', 'h', '{}', 's',"
			     " 'running', 1, $3, 0)",
			     "isi", c, c == 1 ? "one" : "two", c - 1), &e);
	must(delivery_keys_take(db, LETTERS, &first, &e), &e);
	assert_int_equal(first, 1);
	for (int i = 0; i < LETTERS; i++) {
		snprintf(address[i], sizeof address[i], "r%d@d%d.example.org", i, i % 7);
		d[i] = (struct delivery_new){.key = first + i, .campaign = 1 + i % 2, .round = 1,
			.recipient = i % (LETTERS - 3), /* three are there already */
			.contact = 1, .address = address[i], .fields = "{\"имя\":\"Школа № 1\"}",
			.not_after_ms = i % 5 == 0 ? START_MS * 2 : TIME_NEVER_MS, .now_ms = START_MS};
	}
	d[LETTERS - 1].recipient = 0;
	must(delivery_insert_all(db, d, LETTERS, inserted, &e), &e);
	size_t waiting = 0;
	for (int i = 0; i < LETTERS; i++)
		if (inserted[i])
			s[waiting++] = (struct schedule_new){.key = first + i, .campaign = 1 + i % 2, .priority = 1,
				.due_ms = START_MS + i, .address = address[i]};
	assert_int_equal(waiting, LETTERS - 3);
	must(schedule_insert_all(db, s, waiting, &e), &e);
	for (int64_t c = 1; c <= 2; c++)
		must(counter_add(db, c, COUNTER_PART_PLANNER, DELIVERY_WAITING, LETTERS / 2, &e), &e);
	must(db_commit(db, DB_RELAXED, &e), &e);
}

/* ---- the same, told once ------------------------------------------------------------------------ */

static int by_key(const void *a, const void *b)
{
	const struct delivery_status *x = a, *y = b;
	return x->key != y->key ? (x->key < y->key ? -1 : 1) : x->code < y->code ? -1 : x->code > y->code;
}

/* No conclusions of the ledger's own: those go to the bus, which is not the matter here. */
static void invent(struct delivery_status *events)
{
	static const enum delivery_state states[] = {DELIVERY_SENDING, DELIVERY_UNCERTAIN, DELIVERY_DEFERRED,
		DELIVERY_RETURNED, DELIVERY_ACCEPTED, DELIVERY_DELIVERED, DELIVERY_BOUNCED, DELIVERY_FAILED,
		DELIVERY_EXPIRED, DELIVERY_CANCELLED, DELIVERY_WAITING};
	for (int i = 0; i < BATCH; i++) {
		struct delivery_status *s = &events[i];
		*s = (struct delivery_status){.key = 1 + scratch_random() % (LETTERS + 5),
			.dispatch = 1 + scratch_random() % 4,
			.state = states[scratch_random() % (sizeof states / sizeof states[0])],
			.time_ms = START_MS + scratch_random() % 100000,
			.code = i, /* also the order of arrival */
			.no_retry = scratch_random() % 4 == 0};
		if (scratch_random() % 3 > 0)
			snprintf(s->reason, sizeof s->reason, "Причина %u: «it's»", scratch_random() % 9);
		if (scratch_random() % 2 > 0)
			strcpy(s->relay, "main");
	}
	qsort(events, BATCH, sizeof *events, by_key);
}

static void apply(struct db *db, const struct delivery_status *events)
{
	struct ledger_apply apply = {.db = db, .settings = settings, .now_ms = START_MS + 1000};
	int64_t keys[BATCH];
	size_t count = 0;
	for (int i = 0; i < BATCH; i++)
		if (count == 0 || keys[count - 1] != events[i].key)
			keys[count++] = events[i].key;
	must(db_begin(db, DB_WRITE, &e), &e);
	must(ledger_apply_load(&apply, keys, count, &e), &e);
	for (int i = 0; i < BATCH; i++) {
		enum ledger_fate fate;
		must(ledger_apply_event(&apply, (int32_t)(events[i].key % 3), &events[i], &fate, &e), &e);
	}
	must(ledger_apply_write(&apply, &e), &e);
	must(db_commit(db, DB_RELAXED, &e), &e);
	ledger_apply_fini(&apply);
}

/* ---- what stands there --------------------------------------------------------------------------- */

static char *dump(struct db *db)
{
	static const struct {
		const char *sql;
		int columns;
	} tables[] = {
		{"SELECT key, campaign, recipient, address, fields, not_after_ms, state, dispatch, attempts, uncertain,"
		 " lost, code, reason, relay, updated_ms FROM delivery ORDER BY key", 15},
		{"SELECT key, due_ms, priority, campaign, dispatch, claimed_ms, domain FROM schedule ORDER BY key", 7},
		{"SELECT key, dispatch, state, time_ms, code, reason, relay FROM history ORDER BY key, dispatch, state", 7},
		{"SELECT campaign, part, state, n FROM counter WHERE n <> 0 ORDER BY campaign, part, state", 4}};
	struct buf text;
	buf_init(&text, 64 * 1024 * 1024);
	for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++) {
		struct db_stmt *row;
		must(db_query(db, &row, &e, tables[t].sql, ""), &e);
		enum db_step step;
		while ((step = db_step(row, &e)) == DB_ROW) {
			(void)buf_printf(&text, "%zu", t);
			for (int c = 0; c < tables[t].columns; c++)
				(void)buf_printf(&text, "|%s", db_is_null(row, c) ? "NULL" : db_text(row, c));
			(void)buf_putc(&text, '\n');
		}
		assert_int_equal(step, DB_DONE);
	}
	return buf_take(&text);
}

static void compare(struct db *const db[2])
{
	char *text[2] = {dump(db[0]), dump(db[1])}, *rest[2] = {text[0], text[1]};
	for (;;) {
		char *a = strsep(&rest[0], "\n"), *b = strsep(&rest[1], "\n");
		if (a == NULL || b == NULL || strcmp(a, b) != 0) {
			if (a != b)
				fail_msg("sqlite: %s\npostgresql: %s", a == NULL ? "" : a, b == NULL ? "" : b);
			break;
		}
	}
	free(text[0]);
	free(text[1]);
}

static void outcomes_leave_the_same_rows(void **state)
{
	(void)state;
	static struct delivery_status events[BATCH];
	struct db *db[2];
	char *file = xasprintf("sqlite:%s", scratch_path("other.db"));
	must(db_open(&db[0], file, &e), &e);
	must(schema_migrate(db[0], &e), &e);
	must(db_open(&db[1], scratch_store(), &e), &e);
	fill(db[0]);
	fill(db[1]);
	compare(db);
	for (int i = 0; i < BATCHES; i++) {
		invent(events);
		apply(db[0], events);
		apply(db[1], events);
		compare(db);
	}
	db_close(&db[0]);
	db_close(&db[1]);
	free(file);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(outcomes_leave_the_same_rows)};
	struct problems problems = {0};
	log_init("test", LOG_LEVEL_ERROR);
	if (getenv("VESTNIK_TEST_STORE") == NULL) {
		puts("skipped: no PostgreSQL in VESTNIK_TEST_STORE");
		return 77;
	}
	const char *path = scratch_path("vestnik.yaml");
	FILE *f = fopen(path, "w");
	if (f == NULL || fputs("zone: Europe/Moscow\nplanner: {give_up: 30d}\n"
			       "sender: {name: M, address: outreach@ministry.example.org}\n", f) < 0 ||
		fclose(f) != 0 || (settings = settings_load(path, &problems)) == NULL) {
		for (size_t i = 0; i < problems.count; i++)
			fprintf(stderr, "%s\n", problems.item[i].text);
		return 1;
	}
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	settings_free(&settings);
	problems_fini(&problems);
	return failed;
}
