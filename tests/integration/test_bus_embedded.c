/* What only the embedded bus does: locks, trimming, wake-ups, foreign rows. */
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
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ident.h"
#include "base/xalloc.h"
#include "bus/bus.h"
#include "bus/wakeup.h"
#include "support/scratch.h"

#define WAIT_MS 10000
#define QUIET_MS 30
#define TOPIC "test.topic"

static struct bus *bus;
static struct db *db;
static const char *url;
static struct error e;
static struct bus_message polled[1024];

static int open_bus(void **state)
{
	(void)state;
	url = scratch_store();
	struct bus_config config = {.url = "embedded", .store_url = url, .client_id = "test"};
	must(bus_open(&bus, &config, &e), &e);
	must(db_open(&db, url, &e), &e);
	return 0;
}

static int close_bus(void **state)
{
	(void)state;
	clock_set_source(NULL, NULL, NULL);
	db_close(&db);
	bus_close(&bus);
	return 0;
}

static struct bus_consumer *subscribe(const char *group, size_t window)
{
	static const char *const topics[] = {TOPIC, NULL};
	struct bus_consumer *consumer;
	struct bus_consumer_options options = {.group = group, .topics = topics, .window = window};
	must(bus_subscribe(bus, &options, &consumer, &e), &e);
	return consumer;
}

static void publish(const char *topic, int n)
{
	struct bus_message message = {.topic = topic, .id = "id", .data = "x", .len = 1};
	for (int i = 0; i < n; i++)
		must(bus_publish(bus, &message, 1, &e), &e);
}

/* Takes n messages and finishes them. */
static void finish(struct bus_consumer *consumer, int n)
{
	while (n > 0) {
		int got = bus_poll(consumer, WAIT_MS, polled, (size_t)n, &e);
		must(got, &e);
		if (got == 0)
			fail_msg("%d messages are missing", n);
		for (int i = 0; i < got; i++)
			bus_done(consumer, &polled[i].token, 1);
		n -= got;
	}
}

static int64_t number(const char *sql)
{
	int64_t n = -1;
	if (db_query_int(db, &n, &e, sql, "") != DB_ROW)
		fail_msg("%s: %s", sql, e.text);
	return n;
}

/* ---- one consumer of a group -------------------------------------------------- */

static int consume(const char *store_url)
{
	struct bus_config config = {.url = "embedded", .store_url = store_url, .client_id = "child"};
	if (bus_open(&bus, &config, &e) < 0)
		return 1;
	subscribe("g", 10);
	if (write(STDOUT_FILENO, "!", 1) != 1)
		return 1;
	pause();
	return 0;
}

static void a_second_consumer_waits_for_the_first_one_s_death(void **state)
{
	(void)state;
	struct bus_consumer *first = subscribe("g", 10), *none;
	static const char *const topics[] = {TOPIC, NULL};
	struct bus_consumer_options options = {.group = "g", .topics = topics, .window = 1};
	assert_int_equal(bus_subscribe(bus, &options, &none, &e), -1);
	assert_int_equal(e.code, ERROR_CONFLICT);
	assert_true(e.retriable);
	bus_unsubscribe(&first);

	int saved = dup(STDOUT_FILENO), ends[2];
	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], STDOUT_FILENO);
	pid_t child = scratch_spawn("consume", url);
	dup2(saved, STDOUT_FILENO);
	char byte;
	assert_int_equal(read(ends[0], &byte, 1), 1);
	assert_int_equal(bus_subscribe(bus, &options, &none, &e), -1);
	assert_int_equal(e.code, ERROR_CONFLICT);
	options.group = "other"; /* another group is another matter */
	must(bus_subscribe(bus, &options, &none, &e), &e);
	bus_unsubscribe(&none);
	kill(child, SIGKILL);
	assert_int_equal(scratch_wait(child), -SIGKILL);
	first = subscribe("g", 10);
	bus_unsubscribe(&first);
	close(ends[0]);
	close(ends[1]);
	close(saved);
}

/* ---- trimming ---------------------------------------------------------------- */

static void trimming_keeps_what_a_group_still_needs(void **state)
{
	(void)state;
	struct bus_consumer *fast = subscribe("fast", 20000), *slow = subscribe("slow", 20000);
	must(bus_trim(db, NULL, &e), &e);
	publish(TOPIC, 10);
	finish(fast, 10);
	bus_unsubscribe(&fast);
	must(bus_trim(db, NULL, &e), &e);
	assert_int_equal(number("SELECT COUNT(*) FROM bus_test_topic"), 10);
	finish(slow, 4);
	bus_unsubscribe(&slow); /* stores its position; and holds the log though it is gone */
	must(bus_trim(db, NULL, &e), &e);
	assert_int_equal(number("SELECT COUNT(*) FROM bus_test_topic"), 6);
	assert_int_equal(number("SELECT MIN(id) FROM bus_test_topic"), 5);
	slow = subscribe("slow", 100);
	finish(slow, 6);
	bus_unsubscribe(&slow);
	must(bus_trim(db, NULL, &e), &e);
	must(bus_trim(db, NULL, &e), &e);
	/* the last row stays, or ids would begin again below the positions */
	assert_int_equal(number("SELECT COUNT(*) FROM bus_test_topic"), 1);
	assert_int_equal(number("SELECT MIN(id) FROM bus_test_topic"), 10);
	slow = subscribe("slow", 100);
	publish(TOPIC, 1);
	finish(slow, 1);
	assert_int_equal(polled[0].offset, 11);
	bus_unsubscribe(&slow);
}

static void a_long_log_is_trimmed_in_pieces(void **state)
{
	(void)state;
	struct bus_consumer *consumer = subscribe("g", 1);
	must(db_exec(db, &e, "INSERT INTO bus_test_topic (ce_time_ms, logged_ms)"
		" WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000)"
		" SELECT i, i FROM n", ""), &e);
	must(db_exec(db, &e, "UPDATE bus_group SET pos = 30000", ""), &e);
	must(bus_trim(db, NULL, &e), &e);
	assert_int_equal(number("SELECT COUNT(*) FROM bus_test_topic"), 1);
	bus_unsubscribe(&consumer);
}

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

static void the_dead_are_kept_for_thirty_days(void **state)
{
	(void)state;
	const int64_t day_ms = 24 * 3600 * 1000;
	simulated_ms = 1700000000000;
	clock_set_source(wall, mono, NULL);
	publish(BUS_DEAD, 3);
	simulated_ms += 20 * day_ms;
	publish(BUS_DEAD, 3);
	must(bus_trim(db, NULL, &e), &e);
	assert_int_equal(number("SELECT COUNT(*) FROM bus_vestnik_dead"), 6);
	simulated_ms += 10 * day_ms + 1;
	must(bus_trim(db, NULL, &e), &e);
	assert_int_equal(number("SELECT COUNT(*) FROM bus_vestnik_dead"), 3);
	simulated_ms += 300 * day_ms;
	must(bus_trim(db, NULL, &e), &e);
	assert_int_equal(number("SELECT COUNT(*) FROM bus_vestnik_dead"), 1);
	publish(BUS_DEAD, 1);
	assert_int_equal(number("SELECT MAX(id) FROM bus_vestnik_dead"), 7);
}

static void nobody_s_topic_is_kept(void **state)
{
	(void)state;
	publish(BUS_MAIL, 5); /* the mailer has not been started yet */
	must(bus_trim(db, NULL, &e), &e);
	assert_int_equal(number("SELECT COUNT(*) FROM bus_vestnik_mail"), 5);
}

/* ---- wake-ups ---------------------------------------------------------------- */

static void a_message_without_a_wake_up_is_found(void **state)
{
	(void)state;
	struct bus_consumer *consumer = subscribe("g", 10);
	assert_int_equal(bus_poll(consumer, QUIET_MS, polled, 1, &e), 0);
	must(db_exec(db, &e, "INSERT INTO bus_test_topic (ce_time_ms, logged_ms) VALUES (0, 0)", ""), &e);
	assert_int_equal(bus_poll(consumer, WAIT_MS, polled, 1, &e), 1);
	bus_unsubscribe(&consumer);
}

static void a_stolen_wake_up_name_only_slows_down(void **state)
{
	(void)state;
	struct wakeup_address address;
	wakeup_address(&address, db_file(db), TOPIC, "g");
	int thief = wakeup_listen(&address, &e);
	assert_true(thief >= 0);
	struct bus_consumer *consumer = subscribe("g", 10);
	publish(TOPIC, 200); /* more than the thief's queue takes: publishing does not wait */
	finish(consumer, 200);
	bus_unsubscribe(&consumer);
	close(thief);
}

static void forged_wake_ups_do_no_harm(void **state)
{
	(void)state;
	struct wakeup_address address;
	wakeup_address(&address, db_file(db), TOPIC, "g");
	struct bus_consumer *consumer = subscribe("g", 10);
	int sender = wakeup_sender(&e);
	for (int i = 0; i < 1000; i++)
		wakeup_send(sender, &address);
	assert_int_equal(bus_poll(consumer, QUIET_MS, polled, 1, &e), 0);
	publish(TOPIC, 1);
	assert_int_equal(bus_poll(consumer, WAIT_MS, polled, 1, &e), 1);
	close(sender);
	bus_unsubscribe(&consumer);
}

/* ---- size -------------------------------------------------------------------- */

static void a_giant_row_comes_as_its_head(void **state)
{
	(void)state;
	struct bus_consumer *consumer = subscribe("g", 10);
	must(db_exec(db, &e, "INSERT INTO bus_test_topic (ce_time_ms, logged_ms, ce_id, data)"
		" VALUES (0, 0, 'giant', zeroblob(100 * 1024 * 1024))", ""), &e);
	publish(TOPIC, 1);
	assert_int_equal(bus_poll(consumer, WAIT_MS, polled, 1, &e), 1);
	assert_int_equal(polled[0].len, 64 * 1024);
	assert_string_equal(polled[0].content_type, "application/x-vestnik-oversized");
	must(bus_dead_letter(bus, NULL, &polled[0], "test", "too long", &e), &e);
	bus_done(consumer, &polled[0].token, 1);
	assert_int_equal(bus_poll(consumer, WAIT_MS, polled, 1, &e), 1);
	assert_int_equal(polled[0].len, 1);
	assert_int_equal(number("SELECT length(data) FROM bus_vestnik_dead"), 64 * 1024);
	bus_unsubscribe(&consumer);
}

static void one_poll_does_not_fill_the_memory(void **state)
{
	(void)state;
	struct bus_consumer *consumer = subscribe("g", 1000);
	char *data = xcalloc(1, BUS_MESSAGE_MAX_BYTES);
	struct bus_message message = {.topic = TOPIC, .id = "id", .data = data,
		.len = BUS_MESSAGE_MAX_BYTES};
	for (int i = 0; i < 40; i++)
		must(bus_publish(bus, &message, 1, &e), &e);
	int got = 0, polls = 0;
	while (got < 40) {
		int n = bus_poll(consumer, WAIT_MS, polled, 1000, &e);
		must(n, &e);
		if (n < 1 || n > 8)
			fail_msg("got %d messages of 1 MiB in one poll, want a few", n);
		got += n;
		polls++;
	}
	assert_true(polls >= 5);
	bus_unsubscribe(&consumer);
	free(data);
}

static void limit_files(int64_t bytes)
{
	struct rlimit limit;
	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = bytes < 0 ? limit.rlim_max : (rlim_t)bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_full_disk_refuses_and_loses_nothing(void **state)
{
	(void)state;
	struct bus_consumer *consumer = subscribe("g", 1000);
	char data[2000] = {0};
	struct bus_message message = {.topic = TOPIC, .id = "id", .data = data, .len = sizeof data};
	signal(SIGXFSZ, SIG_IGN);
	char *wal = xasprintf("%s-wal", db_file(db));
	struct stat info;
	assert_int_equal(stat(wal, &info), 0);
	limit_files(info.st_size + 60000);
	int accepted = 0;
	while (accepted < 1000 && bus_publish(bus, &message, 1, &e) == 0)
		accepted++;
	struct bus_token none = {0};
	struct error recorder;
	int rc = bus_publish_then_done(consumer, &message, 1, &none, 1, &recorder);
	limit_files(-1);
	free(wal);
	if (accepted == 1000 || e.code != ERROR_FULL || rc != -1 || recorder.code != ERROR_FULL)
		fail_msg("got %d accepted, then %s (%s), want full", accepted,
			error_code_name(e.code), e.text);
	must(bus_publish(bus, &message, 1, &e), &e);
	finish(consumer, accepted + 1);
	assert_int_equal(bus_poll(consumer, QUIET_MS, polled, 1, &e), 0);
	bus_unsubscribe(&consumer);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_bus, close_bus)

int main(int argc, char **argv)
{
	ident_init();
	if (argc == 3 && strcmp(argv[1], "consume") == 0)
		return consume(argv[2]);
	static const struct CMUnitTest tests[] = {
		CASE(a_second_consumer_waits_for_the_first_one_s_death),
		CASE(trimming_keeps_what_a_group_still_needs),
		CASE(a_long_log_is_trimmed_in_pieces),
		CASE(the_dead_are_kept_for_thirty_days),
		CASE(nobody_s_topic_is_kept),
		CASE(a_message_without_a_wake_up_is_found),
		CASE(a_stolen_wake_up_name_only_slows_down),
		CASE(forged_wake_ups_do_no_harm),
		CASE(a_giant_row_comes_as_its_head),
		CASE(one_poll_does_not_fill_the_memory),
		CASE(a_full_disk_refuses_and_loses_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
