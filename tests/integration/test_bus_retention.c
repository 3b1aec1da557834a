/* Who is too far behind: cut off with an event that says so, or waited for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/ident.h"
#include "base/xalloc.h"
#include "bus/bus.h"
#include "bus/embedded_log.h"
#include "bus/gap.h"
#include "support/scratch.h"

#define WAIT_MS 10000
/* A consumer looks at its stored position every 100 ms: a poll that waits longer has looked. */
#define LOOK_MS 250
#define TOPIC "test.topic"
#define HOUR_MS (3600 * 1000LL)
#define DAY_MS (24 * HOUR_MS)
#define KEEP_MS (7 * DAY_MS)
#define MOST_BYTES 100000
#define START_MS 1700000000000
/* Of the messages published here: the row with its id "id". */
#define DATA_BYTES 1000
#define ROW_BYTES (48 + 2 + DATA_BYTES)
#define KEPT (MOST_BYTES / 4 * 3 / ROW_BYTES)

static struct bus *bus, *other; /* other: as if another process had it */
static struct db *db;
static struct error e;
static struct bus_message polled[1024];
static int64_t simulated_ms;

static int64_t wall(void *arg)
{
	(void)arg;
	return simulated_ms;
}

static int64_t mono(void *arg)
{
	(void)arg;
	return simulated_ms * 1000;
}

static int open_bus(void **state)
{
	(void)state;
	struct bus_config config = {.url = "embedded", .store_url = scratch_store(), .client_id = "test",
		.keep_ms = KEEP_MS, .most_bytes = MOST_BYTES};
	simulated_ms = START_MS;
	clock_set_source(wall, mono, NULL);
	must(bus_open(&bus, &config, &e), &e);
	must(bus_open(&other, &config, &e), &e);
	must(db_open(&db, config.store_url, &e), &e);
	return 0;
}

static int close_bus(void **state)
{
	(void)state;
	clock_set_source(NULL, NULL, NULL);
	db_close(&db);
	bus_close(&bus);
	bus_close(&other);
	return 0;
}

static struct bus_consumer *subscribe(struct bus *on, const char *group, const char *topic, size_t window,
	bool may_be_cut_off)
{
	const char *const topics[] = {topic, NULL};
	struct bus_consumer *consumer;
	struct bus_consumer_options options = {.group = group, .topics = topics, .window = window,
		.may_be_cut_off = may_be_cut_off};
	must(bus_subscribe(on, &options, &consumer, &e), &e);
	return consumer;
}

static void leave(const char *group, const char *topic, bool may_be_cut_off)
{
	struct bus_consumer *consumer = subscribe(other, group, topic, 1, may_be_cut_off);
	bus_unsubscribe(&consumer);
}

static int try_to_publish(const char *topic)
{
	static const char data[DATA_BYTES];
	struct bus_message message = {.topic = topic, .id = "id", .data = data, .len = sizeof data};
	return bus_publish(bus, &message, 1, &e);
}

static void publish(const char *topic, int n)
{
	for (int i = 0; i < n; i++)
		must(try_to_publish(topic), &e);
}

static void trim(void)
{
	must(bus_trim(db, bus, &e), &e);
}

static int64_t number(const char *sql)
{
	int64_t n = -1;
	if (db_query_int(db, &n, &e, sql, "") != DB_ROW)
		fail_msg("%s: %s", sql, e.text);
	return n;
}

static int64_t position(const char *group)
{
	int64_t n = -1;
	if (db_query_int(db, &n, &e, "SELECT pos FROM bus_group WHERE grp = $1", "s", group) != DB_ROW)
		fail_msg("group %s: %s", group, e.text);
	return n;
}

#define GAPS "SELECT COUNT(*) FROM bus_vestnik_status WHERE ce_type = 'vestnik.bus.gap'"

static void expect_last_gap(const char *want)
{
	struct db_stmt *stmt;
	must(db_query(db, &stmt, &e, "SELECT CAST(data AS TEXT), ce_source FROM bus_vestnik_status"
		" WHERE ce_type = 'vestnik.bus.gap' ORDER BY id DESC LIMIT 1", ""), &e);
	if (db_step(stmt, &e) != DB_ROW)
		fail_msg("there is no gap event");
	if (strcmp(db_text(stmt, 0), want) != 0)
		fail_msg("got gap %s, want %s", db_text(stmt, 0), want);
	assert_string_equal(db_text(stmt, 1), GAP_SOURCE);
	db_reset(stmt);
}

/* Takes n messages in order and finishes them. Returns the last offset. */
static int64_t finish(struct bus_consumer *consumer, int n, int64_t expected)
{
	while (n > 0) {
		int got = bus_poll(consumer, WAIT_MS, polled, (size_t)n, &e);
		must(got, &e);
		if (got == 0)
			fail_msg("%d messages are missing", n);
		for (int i = 0; i < got; i++, expected++) {
			if (polled[i].offset != expected)
				fail_msg("got message %" PRId64 ", want %" PRId64, polled[i].offset, expected);
			bus_done(consumer, &polled[i].token, 1);
		}
		n -= got;
	}
	return expected - 1;
}

/* ---- cutting off --------------------------------------------------------------- */

static void what_is_too_old_is_dropped_and_said(void **state)
{
	(void)state;
	leave("notifier", TOPIC, true);
	publish(TOPIC, 10);
	simulated_ms += 5 * DAY_MS;
	publish(TOPIC, 10);
	simulated_ms = START_MS + KEEP_MS; /* not a moment early */
	trim();
	assert_int_equal(position("notifier"), 0);
	simulated_ms++;
	trim();
	assert_int_equal(position("notifier"), 10);
	assert_int_equal(number("SELECT MIN(id) FROM bus_test_topic"), 11);
	expect_last_gap("{\"group\":\"notifier\",\"topic\":\"test.topic\",\"from\":1,\"to\":10,"
			"\"since\":\"2023-11-14T22:13:20.000Z\",\"messages\":10}");
	trim();
	simulated_ms += 4 * DAY_MS;
	trim();
	assert_int_equal(number(GAPS), 1);
	simulated_ms += 300 * DAY_MS;
	trim();
	trim();
	assert_int_equal(number(GAPS), 2);
	expect_last_gap("{\"group\":\"notifier\",\"topic\":\"test.topic\",\"from\":11,\"to\":20,"
			"\"since\":\"2023-11-19T22:13:20.000Z\",\"messages\":10}");
	struct bus_consumer *notifier = subscribe(bus, "notifier", TOPIC, 10, true);
	publish(TOPIC, 1);
	finish(notifier, 1, 21);
	bus_unsubscribe(&notifier);
}

/* A message an hour for twenty days, and nobody there: not an event an hour. */
static void a_group_that_stays_away_makes_few_gaps(void **state)
{
	(void)state;
	leave("notifier", TOPIC, true);
	struct bus_message small = {.topic = TOPIC, .id = "id", .data = "x", .len = 1};
	for (int hour = 0; hour < 20 * 24; hour++) {
		must(bus_publish(bus, &small, 1, &e), &e);
		trim();
		simulated_ms += HOUR_MS;
	}
	int64_t gaps = number(GAPS), kept = number("SELECT COUNT(*) FROM bus_test_topic");
	if (gaps < 13 || gaps > 13 * 4)
		fail_msg("got %" PRId64 " gap events in 13 days, want 13 to 52", gaps);
	if (kept < 7 * 24 || kept > 7 * 24 + 8)
		fail_msg("got %" PRId64 " messages kept, want those of 7 days and hardly more", kept);
	assert_int_equal(number("SELECT SUM(CAST(data AS TEXT) ->> 'messages') FROM bus_vestnik_status"
				" WHERE ce_type = 'vestnik.bus.gap'"),
		position("notifier")); /* every message that is gone was told of, once */
}

static void what_is_too_much_is_dropped_and_said(void **state)
{
	(void)state;
	char want[300];
	leave("notifier", TOPIC, true);
	struct bus_consumer *ledger = subscribe(other, "ledger", TOPIC, 1000, false);
	publish(TOPIC, 95);
	finish(ledger, 95, 1);
	bus_unsubscribe(&ledger);
	trim();
	assert_int_equal(position("notifier"), 0); /* 99,750 bytes */
	publish(TOPIC, 1);
	trim();
	assert_int_equal(position("notifier"), 96 - KEPT);
	assert_int_equal(number("SELECT MIN(id) FROM bus_test_topic"), 96 - KEPT + 1);
	snprintf(want, sizeof want, "{\"group\":\"notifier\",\"topic\":\"test.topic\",\"from\":1,\"to\":%d,"
		"\"since\":\"2023-11-14T22:13:20.000Z\",\"messages\":%d}", 96 - KEPT, 96 - KEPT);
	expect_last_gap(want);
	trim();
	assert_int_equal(number(GAPS), 1);
	assert_int_equal(number("SELECT COUNT(*) FROM bus_stop"), 0);
}

static void a_running_consumer_jumps_and_is_told(void **state)
{
	(void)state;
	struct bus_consumer *notifier = subscribe(bus, "notifier", BUS_STATUS, 5, true);
	/* holds the log, so that only the jump and no deletion moves the reader */
	leave("ledger", BUS_STATUS, false);
	publish(BUS_STATUS, 96);
	struct bus_token tokens[5];
	for (int n = 0; n < 5;) {
		int got = bus_poll(notifier, WAIT_MS, polled, (size_t)(5 - n), &e);
		must(got, &e);
		for (int i = 0; i < got; i++)
			tokens[n++] = polled[i].token;
	}
	trim();
	assert_int_equal(number("SELECT COUNT(*) FROM bus_vestnik_status"), 97);
	assert_int_equal(bus_poll(notifier, LOOK_MS, polled, 5, &e), 0); /* its window is full */
	bus_done(notifier, tokens, 5);
	assert_int_equal(finish(notifier, KEPT, 96 - KEPT + 1), 96);
	assert_int_equal(finish(notifier, 1, 97), 97);
	assert_string_equal(polled[0].type, GAP_TYPE);
	assert_non_null(strstr(polled[0].data, "\"from\":1,\"to\":25,"));
	assert_int_equal(bus_poll(notifier, LOOK_MS, polled, 5, &e), 0);
	bus_unsubscribe(&notifier);
	assert_int_equal(position("notifier"), 97);
	assert_int_equal(number(GAPS), 1);
}

/* What it finished before the cut, but stored after it, must not undo the cut. */
static void a_late_position_does_not_undo_the_cut(void **state)
{
	(void)state;
	struct bus_consumer *notifier = subscribe(bus, "notifier", TOPIC, 5, true);
	publish(TOPIC, 96);
	assert_int_equal(bus_poll(notifier, WAIT_MS, polled, 5, &e), 5);
	for (int i = 0; i < 5; i++)
		bus_done(notifier, &polled[i].token, 1);
	trim();
	bus_unsubscribe(&notifier); /* stores 5 */
	assert_int_equal(position("notifier"), 96 - KEPT);
}

/* ---- stopping -------------------------------------------------------------- */

static bool refused(void *topic)
{
	return try_to_publish(topic) < 0;
}

static char status_topic[] = BUS_STATUS, mail_topic[] = BUS_MAIL;

static void publishing_waits_for_a_group_that_is_never_cut_off(void **state)
{
	(void)state;
	struct bus_consumer *ledger = subscribe(other, "ledger", BUS_STATUS, 10000, false);
	struct bus_consumer *mailer = subscribe(bus, "mailer", TOPIC, 10, false);
	publish(TOPIC, 1);
	publish(BUS_STATUS, 95);
	simulated_ms += 100 * DAY_MS; /* age is no matter here */
	trim();
	publish(BUS_STATUS, 5);
	assert_int_equal(number("SELECT COUNT(*) FROM bus_stop"), 0);
	trim();
	trim();
	assert_int_equal(number("SELECT COUNT(*) FROM bus_stop WHERE topic = 'vestnik.status' AND"
				" grp = 'ledger' AND messages = 100"), 1);
	if (!scratch_until(refused, status_topic))
		fail_msg("publishing goes on");
	assert_int_equal(e.code, ERROR_FULL);
	assert_true(e.retriable);
	assert_false(e.fatal);
	if (strstr(e.text, "vestnik.status") == NULL || strstr(e.text, "ledger") == NULL ||
		strstr(e.text, "100 messages") == NULL)
		fail_msg("got \"%s\", want topic, group and how far it is behind", e.text);
	int64_t last = number("SELECT MAX(id) FROM bus_vestnik_status");

	/* in a transaction, which stays usable; other topics; the recorder */
	struct bus_message message = {.topic = BUS_STATUS, .id = "id", .data = "x", .len = 1};
	must(db_begin(db, DB_WRITE, &e), &e);
	assert_int_equal(bus_publish_tx(bus, db, &message, &e), -1);
	assert_int_equal(e.code, ERROR_FULL);
	message.topic = TOPIC;
	must(bus_publish_tx(bus, db, &message, &e), &e);
	must(db_commit(db, DB_RELAXED, &e), &e);
	message.topic = BUS_STATUS;
	assert_int_equal(bus_poll(mailer, WAIT_MS, polled, 1, &e), 1);
	struct bus_token token = polled[0].token;
	assert_int_equal(bus_publish_then_done(mailer, &message, 1, &token, 1, &e), -1);
	assert_int_equal(e.code, ERROR_FULL);
	assert_int_equal(number("SELECT MAX(id) FROM bus_vestnik_status"), last);

	/* the one that is waited for must get on: what it publishes itself is taken */
	must(bus_publish(other, &message, 1, &e), &e);
	last++;

	int64_t read = finish(ledger, 10, 1);
	bus_unsubscribe(&ledger); /* stores */
	trim();
	assert_int_equal(position("ledger"), read);
	assert_int_equal(try_to_publish(BUS_STATUS), -1); /* below the limit, and not by enough */
	if (strstr(e.text, "100 messages") != NULL)
		fail_msg("got \"%s\", want how far it is behind now", e.text);
	ledger = subscribe(other, "ledger", BUS_STATUS, 10000, false);
	read = finish(ledger, (int)(last - read) - KEPT, read + 1);
	bus_unsubscribe(&ledger);
	trim();
	assert_int_equal(number("SELECT COUNT(*) FROM bus_stop"), 0);
	must(try_to_publish(BUS_STATUS), &e); /* at once */
	must(bus_publish_then_done(mailer, &message, 1, &token, 1, &e), &e);
	last += 2;
	ledger = subscribe(other, "ledger", BUS_STATUS, 10000, false);
	assert_int_equal(finish(ledger, (int)(last - read), read + 1), last); /* nothing is missing */
	bus_unsubscribe(&ledger);
	bus_unsubscribe(&mailer);
	assert_int_equal(number(GAPS), 0);
}

static void a_topic_nobody_ever_read_stops_too(void **state)
{
	(void)state;
	publish(BUS_MAIL, 100);
	trim();
	if (!scratch_until(refused, mail_topic))
		fail_msg("publishing goes on");
	assert_int_equal(e.code, ERROR_FULL);
	int64_t last = number("SELECT MAX(id) FROM bus_vestnik_mail");
	struct bus_consumer *mailer = subscribe(other, "mailer", BUS_MAIL, 10000, false);
	finish(mailer, (int)last, 1);
	bus_unsubscribe(&mailer);
	trim();
	publish(BUS_MAIL, 1);
}

static void the_gap_is_told_though_publishing_is_stopped(void **state)
{
	(void)state;
	leave("ledger", BUS_STATUS, false);
	leave("notifier", BUS_STATUS, true);
	publish(BUS_STATUS, 100);
	trim(); /* cuts, then stops */
	assert_int_equal(number("SELECT COUNT(*) FROM bus_stop"), 1);
	simulated_ms += 30 * DAY_MS;
	trim();
	assert_int_equal(number(GAPS), 2);
	assert_int_equal(position("ledger"), 0);
	assert_int_equal(number("SELECT MIN(id) FROM bus_vestnik_status"), 1);
}

static void without_limits_nothing_is_cut_or_stopped(void **state)
{
	(void)state;
	struct bus *free_bus;
	struct bus_config config = {.url = "embedded", .store_url = db_url(db), .client_id = "test"};
	must(bus_open(&free_bus, &config, &e), &e);
	leave("notifier", TOPIC, true);
	leave("ledger", TOPIC, false);
	publish(TOPIC, 300);
	simulated_ms += 300 * DAY_MS;
	must(bus_trim(db, free_bus, &e), &e);
	must(bus_trim(db, NULL, &e), &e);
	assert_int_equal(position("notifier"), 0);
	assert_int_equal(number("SELECT COUNT(*) FROM bus_stop"), 0);
	bus_close(&free_bus);
}

/* ---- size ------------------------------------------------------------------ */

static void the_weight_of_many_is_known_well_enough(void **state)
{
	(void)state;
	leave("any", TOPIC, true);
	static const char data[4000];
	int64_t exact = 0, got = 0;
	must(db_begin(db, DB_WRITE, &e), &e);
	for (int i = 0; i < 20000; i++) {
		struct bus_message message = {.topic = TOPIC, .id = "id", .data = data,
			.len = scratch_random() % sizeof data};
		exact += 48 + 2 + (int64_t)message.len;
		must(bus_publish_tx(bus, db, &message, &e), &e);
	}
	must(db_commit(db, DB_RELAXED, &e), &e);
	must(log_weigh(log_sql(TOPIC), db, 1, 20000, &got, &e), &e);
	if (got < exact / 100 * 80 || got > exact / 100 * 120)
		fail_msg("got %" PRId64 " bytes, want %" PRId64, got, exact);
	must(log_weigh(log_sql(TOPIC), db, 5, 4, &got, &e), &e);
	assert_int_equal(got, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_bus, close_bus)

int main(void)
{
	ident_init();
	static const struct CMUnitTest tests[] = {
		CASE(what_is_too_old_is_dropped_and_said),
		CASE(a_group_that_stays_away_makes_few_gaps),
		CASE(what_is_too_much_is_dropped_and_said),
		CASE(a_running_consumer_jumps_and_is_told),
		CASE(a_late_position_does_not_undo_the_cut),
		CASE(publishing_waits_for_a_group_that_is_never_cut_off),
		CASE(a_topic_nobody_ever_read_stops_too),
		CASE(the_gap_is_told_though_publishing_is_stopped),
		CASE(without_limits_nothing_is_cut_or_stopped),
		CASE(the_weight_of_many_is_known_well_enough),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
