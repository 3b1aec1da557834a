/* The promises of bus/bus.h, the same for every driver (VESTNIK_TEST_BUS,
 * default "embedded"). Each test has topics of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ident.h"
#include "base/xalloc.h"
#include "bus/bus.h"
#include "support/busbed.h"
#include "support/scratch.h"

#define WAIT_MS 10000 /* a message that is there comes long before */
#define QUIET_MS (busbed_is_kafka() ? 200 : 30) /* one that is not does not come */
#define POLLED_MAX 512

static struct bus *bus;
static struct db *db;
static const char *store_url;
static struct error e;
static char topic[2][BUS_NAME_MAX + 1];
static struct bus_message polled[POLLED_MAX];

static int open_bus(void **state)
{
	(void)state;
	char id[IDENT_SIZE];
	store_url = scratch_store();
	for (int i = 0; i < 2; i++)
		snprintf(topic[i], sizeof topic[i], "test.%s.%d", ident_new(id), i);
	const char *const topics[] = {topic[0], topic[1], BUS_DEAD, NULL};
	busbed_fresh();
	bus = busbed_open(store_url, topics, 1);
	must(db_open(&db, store_url, &e), &e);
	return 0;
}

static int close_bus(void **state)
{
	(void)state;
	db_close(&db);
	bus_close(&bus);
	busbed_forget();
	return 0;
}

/* ---- short hands ------------------------------------------------------------ */

static struct bus_message text_message(const char *to, const char *key, const char *text)
{
	return (struct bus_message){.topic = to, .key = key, .id = text, .source = "test",
		.type = "test.text", .time_ms = 1, .data = text, .len = strlen(text)};
}

static void publish(const char *to, const char *text)
{
	struct bus_message message = text_message(to, "key", text);
	must(bus_publish(bus, &message, 1, &e), &e);
}

static void publish_numbers(const char *to, int from, int until)
{
	for (int i = from; i < until; i++) {
		char text[16];
		snprintf(text, sizeof text, "%d", i);
		publish(to, text);
	}
}

static struct bus_consumer *subscribe(const char *group, const char *first, const char *second,
	size_t window)
{
	const char *topics[] = {first, second, NULL};
	struct bus_consumer_options options = {.group = group, .topics = topics, .window = window};
	return busbed_subscribe(bus, &options);
}

/* Up to n messages into polled; fewer when no more come. */
static int take(struct bus_consumer *consumer, int n)
{
	return busbed_take(consumer, polled, n);
}

static void want_lag(const char *of, const char *group, int64_t want)
{
	int64_t lag = busbed_wait_lag(bus, of, group, want);
	if (lag != want)
		fail_msg("got a lag of %lld, want %lld", (long long)lag, (long long)want);
}

static void want_text(const struct bus_message *message, const char *text)
{
	if (message->len != strlen(text) || memcmp(message->data, text, message->len) != 0)
		fail_msg("got \"%.*s\", want \"%s\"", (int)message->len,
			(const char *)message->data, text);
}

static void want(struct bus_consumer *consumer, const char *text)
{
	if (take(consumer, 1) != 1)
		fail_msg("got nothing, want \"%s\"", text);
	want_text(&polled[0], text);
}

static void want_quiet(struct bus_consumer *consumer)
{
	int got = bus_poll(consumer, QUIET_MS, polled, 1, &e);
	must(got, &e);
	if (got != 0)
		fail_msg("got \"%.*s\", want nothing", (int)polled[0].len,
			(const char *)polled[0].data);
}

/* ---- opening --------------------------------------------------------------- */

static void open_refuses_other_buses(void **state)
{
	(void)state;
	static const char *const wrong[] = {"", "rabbit://x", "kafka:", "kafka://", "kafka://a b",
		"kafka://host:0", "kafka://host:99999", "kafka://host:1/Prefix", "kafka://host:1,,other:1",
		"kafka://user:word@host:1"};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct bus_config config = {.url = wrong[i], .store_url = store_url, .client_id = "test"};
		struct bus *none = bus;
		assert_int_equal(bus_open(&none, &config, &e), -1);
		assert_int_equal(e.code, ERROR_INPUT);
		assert_null(none);
	}
}

static void names_from_outside_are_checked(void **state)
{
	(void)state;
	static const char *const wrong[] = {"", "a b", "A", "x'; DROP TABLE meta; --", "a_b", "\n",
		"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffg", "è"};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct bus_message message = text_message(wrong[i], "k", "x");
		struct bus_consumer *none;
		const char *topics[] = {wrong[i], NULL};
		struct bus_consumer_options options = {.group = "g", .topics = topics, .window = 1};
		struct bus_mark mark;
		int64_t lag;
		assert_int_equal(bus_publish(bus, &message, 1, &e), -1);
		assert_int_equal(e.code, ERROR_INPUT);
		assert_int_equal(bus_subscribe(bus, &options, &none, &e), -1);
		assert_int_equal(bus_mark(bus, wrong[i], &mark, &e), -1);
		topics[0] = topic[0];
		options.group = wrong[i];
		assert_int_equal(bus_subscribe(bus, &options, &none, &e), -1);
		assert_int_equal(e.code, ERROR_INPUT);
		assert_null(none);
		assert_int_equal(bus_lag(bus, topic[0], wrong[i], &lag, &e), -1);
	}
}

/* ---- publishing ------------------------------------------------------------ */

static void attributes_travel_unchanged(void **state)
{
	(void)state;
	static char big[BUS_MESSAGE_MAX_BYTES];
	memset(big, 'b', sizeof big);
	const struct bus_message cases[] = {
		{.topic = topic[0], .key = "ключ", .id = "id-1", .source = "vestnik/planner",
			.type = "vestnik.delivery.accepted", .time_ms = 1684144800123,
			.content_type = "text/plain; charset=utf-8",
			.headers = "{\"traceparent\":\"00-ab\"}", .data = "a\0b\xff", .len = 4},
		{.topic = topic[0], .content_type = "application/cloudevents+json", .data = "{}",
			.len = 2},
		{.topic = topic[0], .id = "", .time_ms = -1, .data = NULL, .len = 0},
		{.topic = topic[0], .id = "big", .data = big, .len = sizeof big},
	};
	size_t n = sizeof cases / sizeof cases[0];
	struct bus_consumer *consumer = subscribe("g", topic[0], NULL, 100);
	must(bus_publish(bus, cases, n, &e), &e);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(take(consumer, 1), 1);
		const struct bus_message *got = &polled[0];
		const char *const pairs[][2] = {{got->topic, cases[i].topic}, {got->key, cases[i].key},
			{got->id, cases[i].id}, {got->source, cases[i].source},
			{got->type, cases[i].type}, {got->content_type, cases[i].content_type},
			{got->headers, cases[i].headers}};
		for (size_t p = 0; p < sizeof pairs / sizeof pairs[0]; p++)
			if (pairs[p][1] == NULL)
				assert_null(pairs[p][0]);
			else
				assert_string_equal(pairs[p][0], pairs[p][1]);
		assert_int_equal(got->time_ms, cases[i].time_ms);
		assert_int_equal(got->len, cases[i].len);
		assert_non_null(got->data);
		if (got->len > 0)
			assert_memory_equal(got->data, cases[i].data, got->len);
	}
	bus_unsubscribe(&consumer);
	assert_null(consumer);
}

static void what_does_not_fit_is_refused(void **state)
{
	(void)state;
	size_t huge = 100 * 1024 * 1024; /* never read: only its length is looked at first */
	char *data = xmalloc(huge);
	char *headers = xmalloc(BUS_HEADERS_MAX_BYTES + 2);
	memset(headers, ' ', BUS_HEADERS_MAX_BYTES + 1);
	headers[BUS_HEADERS_MAX_BYTES + 1] = '\0';
	struct bus_message fine = text_message(topic[0], "k", "x");
	struct bus_message cases[8];
	size_t n = 0;
	cases[n] = fine, cases[n].data = data, cases[n++].len = huge;
	cases[n] = fine, cases[n].data = data, cases[n++].len = BUS_MESSAGE_MAX_BYTES + 1;
	cases[n] = fine, cases[n++].headers = headers;
	cases[n] = fine, cases[n++].key = headers;
	cases[n] = fine, cases[n++].id = "a\r\nb";
	cases[n] = fine, cases[n++].source = "\xff";
	cases[n] = fine, cases[n++].type = "a\nb";
	cases[n] = fine, cases[n++].content_type = "a\rb";
	struct bus_consumer *consumer = subscribe("g", topic[0], NULL, 100);
	for (size_t i = 0; i < n; i++) {
		/* all or nothing: the good one before it does not go either */
		struct bus_message both[] = {fine, cases[i]};
		if (bus_publish(bus, both, 2, &e) != -1 || e.code != ERROR_INPUT)
			fail_msg("case %zu: got %s, want input", i, error_code_name(e.code));
		must(db_begin(db, DB_WRITE, &e), &e);
		assert_int_equal(bus_publish_tx(bus, db, &cases[i], &e), -1);
		must(db_commit(db, DB_RELAXED, &e), &e);
	}
	want_quiet(consumer);
	bus_unsubscribe(&consumer);
	free(headers);
	free(data);
}

static void a_message_comes_if_and_only_if_its_transaction_commits(void **state)
{
	(void)state;
	struct bus_consumer *consumer = subscribe("g", topic[0], topic[1], 100);
	for (int round = 0; round < 6; round++) {
		struct bus_message here = text_message(topic[0], "k", "here");
		struct bus_message there = text_message(topic[1], "k", "there");
		must(db_begin(db, DB_WRITE, &e), &e);
		must(bus_publish_tx(bus, db, &here, &e), &e);
		must(bus_publish_tx(bus, db, &there, &e), &e);
		want_quiet(consumer);
		if (round % 2 == 0) {
			db_rollback(db);
			want_quiet(consumer);
			continue;
		}
		must(db_commit(db, round == 1 ? DB_RELAXED : DB_DURABLE, &e), &e);
		/* different topics: in any order */
		assert_int_equal(take(consumer, 2), 2);
		bool in_order = strcmp(polled[0].topic, topic[0]) == 0;
		want_text(&polled[in_order ? 0 : 1], "here");
		want_text(&polled[in_order ? 1 : 0], "there");
	}
	want_quiet(consumer);
	bus_unsubscribe(&consumer);
	struct bus_message stray = text_message(topic[0], "k", "x");
	assert_int_equal(bus_publish_tx(bus, db, &stray, &e), -1); /* no transaction */
}

static void publishing_to_no_topic_in_a_transaction_leaves_it_whole(void **state)
{
	(void)state;
	struct bus_message stray = text_message("test.nobody.knows", "k", "x");
	must(db_begin(db, DB_WRITE, &e), &e);
	must(db_exec(db, &e, "INSERT INTO meta (name, value) VALUES ('stray', 'x')"
		" ON CONFLICT DO NOTHING", ""), &e);
	assert_int_equal(bus_publish_tx(bus, db, &stray, &e), -1);
	assert_int_equal(e.code, ERROR_NOT_FOUND);
	must(db_commit(db, DB_RELAXED, &e), &e);
}

#define PUBLISHERS 3
#define EACH 300

static void *publish_many(void *arg)
{
	char key[8], text[32];
	struct error why;
	snprintf(key, sizeof key, "%d", *(int *)arg);
	for (int i = 0; i < EACH; i++) {
		snprintf(text, sizeof text, "%s/%d", key, i);
		struct bus_message message = text_message(topic[0], key, text);
		if (bus_publish(bus, &message, 1, &why) < 0)
			abort();
	}
	return NULL;
}

static void keys_keep_their_order(void **state)
{
	(void)state;
	pthread_t threads[PUBLISHERS];
	int numbers[PUBLISHERS], next[PUBLISHERS] = {0}, got = 0;
	struct bus_consumer *consumer = subscribe("g", topic[0], NULL, 1000);
	for (int i = 0; i < PUBLISHERS; i++) {
		numbers[i] = i;
		assert_int_equal(pthread_create(&threads[i], NULL, publish_many, &numbers[i]), 0);
	}
	while (got < PUBLISHERS * EACH) {
		int n = take(consumer, 64);
		if (n == 0)
			fail_msg("got %d messages, want %d", got, PUBLISHERS * EACH);
		for (int i = 0; i < n; i++) {
			int key = atoi(polled[i].key);
			char text[32];
			snprintf(text, sizeof text, "%d/%d", key, next[key]++);
			want_text(&polled[i], text);
		}
		got += n;
	}
	for (int i = 0; i < PUBLISHERS; i++)
		pthread_join(threads[i], NULL);
	want_quiet(consumer);
	bus_unsubscribe(&consumer);
}

/* ---- groups ---------------------------------------------------------------- */

static void groups_do_not_notice_each_other(void **state)
{
	(void)state;
	publish(topic[0], "early");
	struct bus_consumer *first = subscribe("first", topic[0], NULL, 10);
	struct bus_consumer *second = subscribe("second", topic[0], NULL, 10);
	publish(topic[0], "late");
	want(first, "early");
	want(first, "late");
	bus_done(first, &polled[0].token, 1);
	want(second, "early");
	want(second, "late");
	bus_unsubscribe(&first);
	bus_unsubscribe(&second);
}

static void a_new_group_may_start_at_the_end(void **state)
{
	(void)state;
	const char *topics[] = {topic[0], NULL};
	struct bus_consumer_options options = {
		.group = "end", .topics = topics, .window = 10, .from_end = true};
	struct bus_consumer *consumer;
	publish(topic[0], "early");
	must(bus_subscribe(bus, &options, &consumer, &e), &e);
	want_quiet(consumer);
	bus_unsubscribe(&consumer);
	publish(topic[0], "meanwhile");
	/* no longer new: nothing of what came meanwhile is skipped */
	must(bus_subscribe(bus, &options, &consumer, &e), &e);
	want(consumer, "meanwhile");
	bus_unsubscribe(&consumer);
}

static void earlier_topics_are_served_first(void **state)
{
	(void)state;
	publish_numbers(topic[1], 0, 20);
	struct bus_consumer *consumer = subscribe("g", topic[0], topic[1], 100);
	assert_int_equal(take(consumer, 5), 5);
	publish(topic[0], "urgent");
	int before = 0;
	for (; take(consumer, 1) == 1 && strcmp(polled[0].topic, topic[0]) != 0; before++)
		usleep(busbed_is_kafka() ? 30000 : 0); /* what is published is not fetched at once */
	want_text(&polled[0], "urgent");
	if (before > (busbed_is_kafka() ? 10 : 0))
		fail_msg("got %d messages before the urgent one", before);
	assert_int_equal(take(consumer, 50), 15 - before);
	bus_unsubscribe(&consumer);
}

static int assigned;

static void count_assign(void *arg, const char *name, int32_t partition)
{
	(void)partition;
	assert_string_equal(name, topic[assigned++]);
	assert_ptr_equal(arg, &assigned);
}

static void assignment_is_told_once_by_the_first_poll(void **state)
{
	(void)state;
	const char *topics[] = {topic[0], topic[1], NULL};
	struct bus_consumer_options options = {.group = "g", .topics = topics, .window = 1,
		.on_assign = count_assign, .arg = &assigned};
	struct bus_consumer *consumer;
	assigned = 0;
	must(bus_subscribe(bus, &options, &consumer, &e), &e);
	assert_int_equal(assigned, 0);
	for (int64_t until = clock_mono_ms() + WAIT_MS; assigned < 2 && clock_mono_ms() < until;)
		want_quiet(consumer);
	want_quiet(consumer);
	assert_int_equal(assigned, 2);
	bus_unsubscribe(&consumer);
}

/* ---- done ------------------------------------------------------------------ */

static void only_the_finished_prefix_is_remembered(void **state)
{
	(void)state;
	struct bus_token token[6];
	publish_numbers(topic[0], 0, 6);
	struct bus_consumer *consumer = subscribe("g", topic[0], NULL, 100);
	assert_int_equal(take(consumer, 6), 6);
	for (int i = 0; i < 6; i++)
		token[i] = polled[i].token;
	bus_done(consumer, &token[4], 1);
	bus_done(consumer, &token[1], 1);
	bus_done(consumer, &token[0], 1);
	bus_unsubscribe(&consumer);

	consumer = subscribe("g", topic[0], NULL, 100);
	assert_int_equal(take(consumer, 6), 4);
	want_text(&polled[0], "2");
	for (int i = 0; i < 4; i++)
		token[i] = polled[i].token;
	bus_done(consumer, token, 4);
	bus_unsubscribe(&consumer);

	consumer = subscribe("g", topic[0], NULL, 100);
	want_quiet(consumer);
	bus_unsubscribe(&consumer);
}

static bool lag_is_zero(void *arg)
{
	struct bus_consumer *consumer = arg;
	int64_t lag;
	must(bus_poll(consumer, 10, polled, 1, &e), &e);
	must(bus_lag(bus, topic[0], "g", &lag, &e), &e);
	return lag == 0;
}

static void poll_stores_what_is_done(void **state)
{
	(void)state;
	publish(topic[0], "x");
	struct bus_consumer *consumer = subscribe("g", topic[0], NULL, 100);
	want(consumer, "x");
	bus_done(consumer, &polled[0].token, 1);
	assert_true(scratch_until(lag_is_zero, consumer));
	bus_unsubscribe(&consumer);
}

static void a_full_window_stops_its_topic_only(void **state)
{
	(void)state;
	struct bus_token token[4];
	publish_numbers(topic[0], 0, 10);
	struct bus_consumer *consumer = subscribe("g", topic[0], topic[1], 4);
	assert_int_equal(take(consumer, 10), 4);
	for (int i = 0; i < 4; i++)
		token[i] = polled[i].token;
	want_quiet(consumer);
	publish(topic[1], "other");
	want(consumer, "other");
	bus_done(consumer, &token[2], 1); /* in the middle: no room yet */
	want_quiet(consumer);
	bus_done(consumer, &token[0], 1);
	assert_int_equal(take(consumer, 10), 1);
	want_text(&polled[0], "4");
	bus_done(consumer, &token[1], 1);
	assert_int_equal(take(consumer, 10), 2);
	bus_unsubscribe(&consumer);
}

struct later {
	struct bus_consumer *consumer;
	struct bus_token token;
	bool interrupt;
};

static void *act_later(void *arg)
{
	struct later *later = arg;
	usleep(50000); /* so that it finds the poll waiting; either way it must work */
	if (later->interrupt)
		bus_interrupt(later->consumer);
	else
		bus_done(later->consumer, &later->token, 1);
	return NULL;
}

static void done_wakes_a_poll_that_waits_for_room(void **state)
{
	(void)state;
	pthread_t thread;
	publish_numbers(topic[0], 0, 2);
	struct bus_consumer *consumer = subscribe("g", topic[0], NULL, 1);
	want(consumer, "0");
	struct later later = {consumer, polled[0].token, false};
	assert_int_equal(pthread_create(&thread, NULL, act_later, &later), 0);
	want(consumer, "1");
	pthread_join(thread, NULL);
	bus_unsubscribe(&consumer);
}

static struct bus_consumer *interrupted;

static void on_signal(int number)
{
	(void)number;
	bus_interrupt(interrupted);
}

static void interrupt_ends_a_wait(void **state)
{
	(void)state;
	pthread_t thread;
	struct bus_consumer *consumer = subscribe("g", topic[0], NULL, 10);
	struct later later = {.consumer = consumer, .interrupt = true};
	assert_int_equal(pthread_create(&thread, NULL, act_later, &later), 0);
	assert_int_equal(bus_poll(consumer, 1000 * WAIT_MS, polled, 1, &e), 0);
	pthread_join(thread, NULL);
	/* before the wait, and from a signal handler */
	interrupted = consumer;
	signal(SIGUSR1, on_signal);
	raise(SIGUSR1);
	signal(SIGUSR1, SIG_DFL);
	assert_int_equal(bus_poll(consumer, 1000 * WAIT_MS, polled, 1, &e), 0);
	publish(topic[0], "x");
	want(consumer, "x");
	bus_unsubscribe(&consumer);
}

/* ---- rewind, transactions ----------------------------------------------------- */

static void rewind_brings_back_what_is_not_done(void **state)
{
	(void)state;
	struct bus_token token[5];
	publish_numbers(topic[0], 0, 5);
	struct bus_consumer *consumer = subscribe("g", topic[0], NULL, 100);
	assert_int_equal(take(consumer, 5), 5);
	for (int i = 0; i < 5; i++)
		token[i] = polled[i].token;
	bus_done(consumer, token, 2);
	must(bus_rewind(consumer, &e), &e);
	bus_done(consumer, &token[2], 3); /* late tokens of the old generation: ignored */
	assert_int_equal(take(consumer, 5), 3);
	want_text(&polled[0], "2");
	must(bus_rewind(consumer, &e), &e);
	assert_int_equal(take(consumer, 5), 3);
	bus_unsubscribe(&consumer);
	consumer = subscribe("g", topic[0], NULL, 100);
	assert_int_equal(take(consumer, 5), 3);
	bus_unsubscribe(&consumer);
}

static void done_goes_with_the_transaction(void **state)
{
	(void)state;
	publish_numbers(topic[0], 0, 4);
	struct bus_consumer *consumer = subscribe("g", topic[0], topic[1], 100);
	assert_int_equal(take(consumer, 2), 2);
	must(db_begin(db, DB_WRITE, &e), &e);
	must(bus_done_tx(consumer, db, &e), &e);
	db_rollback(db);
	must(bus_rewind(consumer, &e), &e);
	assert_int_equal(take(consumer, 2), 2);
	want_text(&polled[0], "0");

	must(db_begin(db, DB_WRITE, &e), &e);
	must(bus_done_tx(consumer, db, &e), &e);
	must(db_commit(db, DB_RELAXED, &e), &e);
	must(bus_rewind(consumer, &e), &e);
	assert_int_equal(take(consumer, 2), 2);
	want_text(&polled[0], "2");
	want_lag(topic[0], "g", 2);
	bus_unsubscribe(&consumer);

	consumer = subscribe("g", topic[0], topic[1], 100);
	want(consumer, "2");
	bus_unsubscribe(&consumer);
	assert_int_equal(bus_done_tx(consumer = subscribe("g", topic[0], NULL, 1), db, &e), -1);
	bus_unsubscribe(&consumer);
}

static void a_recorder_publishes_and_finishes_together(void **state)
{
	(void)state;
	struct bus_token token[4];
	publish_numbers(topic[0], 0, 4);
	struct bus_consumer *jobs = subscribe("mailer", topic[0], NULL, 100);
	struct bus_consumer *outcomes = subscribe("ledger", topic[1], NULL, 100);
	assert_int_equal(take(jobs, 4), 4);
	for (int i = 0; i < 4; i++)
		token[i] = polled[i].token;
	struct bus_message two[] = {
		text_message(topic[1], "k", "sent 1"), text_message(topic[1], "k", "sent 0")};
	struct bus_token late[] = {token[1], token[0]};
	must(bus_publish_then_done(jobs, two, 2, late, 2, &e), &e);
	want(outcomes, "sent 1");
	want(outcomes, "sent 0");
	want_lag(topic[0], "mailer", 2);

	/* a message that cannot be published: nothing is finished */
	struct bus_message bad[] = {text_message(topic[1], "k", "sent 2"), {.topic = "?"}};
	assert_int_equal(bus_publish_then_done(jobs, bad, 2, &token[2], 2, &e), -1);
	want_quiet(outcomes);
	want_lag(topic[0], "mailer", 2);
	/* nor does it hinder the next */
	must(bus_publish_then_done(jobs, two, 1, &token[3], 1, &e), &e);
	want_lag(topic[0], "mailer", 2);
	must(bus_publish_then_done(jobs, NULL, 0, &token[2], 1, &e), &e);
	want_lag(topic[0], "mailer", 0);
	bus_unsubscribe(&jobs);
	bus_unsubscribe(&outcomes);
}

/* ---- looking --------------------------------------------------------------- */

static void marks_tell_when_a_group_has_caught_up(void **state)
{
	(void)state;
	struct bus_mark mark, empty;
	struct bus_token token[3];
	must(bus_mark(bus, topic[0], &empty, &e), &e);
	assert_int_equal(bus_passed(bus, "g", &empty, &e), 1); /* nothing to pass */
	publish_numbers(topic[0], 0, 3);
	must(bus_mark(bus, topic[0], &mark, &e), &e);
	assert_int_equal(bus_passed(bus, "g", &mark, &e), 0); /* not even there yet */
	struct bus_consumer *consumer = subscribe("g", topic[0], NULL, 100);
	assert_int_equal(take(consumer, 3), 3);
	assert_int_equal(bus_passed(bus, "g", &mark, &e), 0);
	publish_numbers(topic[0], 3, 5); /* after the mark: does not count */
	for (int i = 0; i < 3; i++)
		token[i] = polled[i].token;
	bus_done(consumer, token, 3);
	bus_unsubscribe(&consumer);
	assert_int_equal(bus_passed(bus, "g", &mark, &e), 1);
	want_lag(topic[0], "g", 2);
	want_lag(topic[0], "never-seen", 5);
	want_lag("test.nobody.knows", "g", 0);
}

struct browsed {
	int count, stop_at;
	int64_t offset[600];
	char last[64];
};

static int note_message(void *arg, const struct bus_message *message)
{
	struct browsed *seen = arg;
	seen->offset[seen->count++] = message->offset;
	snprintf(seen->last, sizeof seen->last, "%.*s", (int)message->len,
		(const char *)message->data);
	publish(topic[1], "copied"); /* a replay does this */
	return seen->count == seen->stop_at;
}

static void browsing_needs_no_group(void **state)
{
	(void)state;
	struct browsed seen = {0};
	assert_int_equal(bus_browse(bus, topic[0], 0, 0, 10, note_message, &seen, &e), 0);
	publish_numbers(topic[0], 0, 250);
	assert_int_equal(bus_browse(bus, topic[0], 0, INT64_MIN, 500, note_message, &seen, &e), 250);
	assert_string_equal(seen.last, "249");
	int64_t from = seen.offset[10];
	memset(&seen, 0, sizeof seen);
	assert_int_equal(bus_browse(bus, topic[0], 0, from, 3, note_message, &seen, &e), 3);
	assert_int_equal(seen.offset[0], from);
	memset(&seen, 0, sizeof seen);
	seen.stop_at = 2;
	assert_int_equal(bus_browse(bus, topic[0], 0, 0, 500, note_message, &seen, &e), 2);
	assert_string_equal(seen.last, "1");
	/* following: in pieces, on from where the last one ended, also back again */
	struct bus_browser *open = NULL;
	int64_t at = from;
	for (int round = 0; round < 4; round++) {
		publish_numbers(topic[0], 250 + round, 251 + round);
		memset(&seen, 0, sizeof seen);
		int got = 0, n;
		do {
			n = bus_browse_on(bus, &open, topic[0], 0, at + got, 100, note_message, &seen, &e);
			must(n, &e);
			got += n;
		} while (n > 0);
		assert_int_equal(got, round == 0 ? 241 : round == 2 ? 243 : 1);
		char last[24];
		snprintf(last, sizeof last, "%d", 250 + round);
		assert_string_equal(seen.last, last);
		at = round == 1 ? from : at + got;
	}
	bus_browse_end(bus, &open);
	bus_browse_end(bus, &open);
}

/* ---- dead letters ------------------------------------------------------------ */

static const char *header(json_t *headers, const char *name)
{
	const char *value = json_string_value(json_object_get(headers, name));
	return value == NULL ? "(none)" : value;
}

static void dead_letters_come_with_their_reason(void **state)
{
	(void)state;
	struct bus_message poison = text_message(topic[0], "k", "{broken");
	poison.headers = "{\"trace\":\"t1\"}";
	struct bus_consumer *consumer = subscribe("g", topic[0], NULL, 10);
	struct bus_consumer *dead = subscribe("morgue", BUS_DEAD, NULL, 10);
	must(bus_publish(bus, &poison, 1, &e), &e);
	want(consumer, "{broken");
	char offset[32];
	snprintf(offset, sizeof offset, "%lld", (long long)polled[0].offset);
	must(bus_dead_letter(bus, NULL, &polled[0], "planner", "line 1:\n\"?\" ошибка \xe2\x80\xae!", &e),
		&e);
	want(dead, "{broken");
	assert_string_equal(polled[0].id, "{broken");
	assert_string_equal(polled[0].topic, BUS_DEAD);
	json_t *headers = json_loads(polled[0].headers, 0, NULL);
	assert_string_equal(header(headers, "trace"), "t1");
	assert_string_equal(header(headers, "dead-reason"), "line 1: \"?\" ошибка !");
	assert_string_equal(header(headers, "dead-topic"), topic[0]);
	assert_string_equal(header(headers, "dead-partition"), "0");
	assert_string_equal(header(headers, "dead-offset"), offset);
	assert_string_equal(header(headers, "dead-by"), "planner");
	int64_t when;
	assert_int_equal(clock_parse_rfc3339(header(headers, "dead-time"), &when), 0);
	json_decref(headers);
	bus_unsubscribe(&consumer);
	bus_unsubscribe(&dead);
}

/* Nothing that is wrong with a message may keep it from the dead. */
static void the_worst_message_can_be_buried(void **state)
{
	(void)state;
	char *headers = xmalloc(BUS_HEADERS_MAX_BYTES * 2);
	memset(headers, 'h', BUS_HEADERS_MAX_BYTES * 2);
	memcpy(headers, "{\"a\":\"", 6);
	memcpy(headers + BUS_HEADERS_MAX_BYTES, "\"}", 3);
	static const char bad[] = "\xff\r\n";
	const struct bus_message worst[] = {
		{.topic = topic[0], .key = bad, .id = bad, .source = bad, .type = bad,
			.content_type = bad, .headers = "[not headers", .data = bad, .len = 3},
		{.topic = topic[0], .headers = headers, .data = NULL, .len = 0},
	};
	struct bus_consumer *dead = subscribe("morgue", BUS_DEAD, NULL, 10);
	for (size_t i = 0; i < 2; i++) {
		must(db_begin(db, DB_WRITE, &e), &e);
		must(bus_dead_letter(bus, db, &worst[i], "planner", "bad \xff reason", &e), &e);
		want_quiet(dead);
		must(db_commit(db, DB_RELAXED, &e), &e);
		assert_int_equal(take(dead, 1), 1);
		assert_int_equal(polled[0].len, worst[i].len);
		json_t *read = json_loads(polled[0].headers, 0, NULL);
		assert_string_equal(header(read, "dead-by"), "planner");
		json_decref(read);
	}
	bus_unsubscribe(&dead);
	free(headers);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_bus, close_bus)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CASE(open_refuses_other_buses),
		CASE(names_from_outside_are_checked),
		CASE(attributes_travel_unchanged),
		CASE(what_does_not_fit_is_refused),
		CASE(a_message_comes_if_and_only_if_its_transaction_commits),
		CASE(publishing_to_no_topic_in_a_transaction_leaves_it_whole),
		CASE(keys_keep_their_order),
		CASE(groups_do_not_notice_each_other),
		CASE(a_new_group_may_start_at_the_end),
		CASE(earlier_topics_are_served_first),
		CASE(assignment_is_told_once_by_the_first_poll),
		CASE(only_the_finished_prefix_is_remembered),
		CASE(poll_stores_what_is_done),
		CASE(a_full_window_stops_its_topic_only),
		CASE(done_wakes_a_poll_that_waits_for_room),
		CASE(interrupt_ends_a_wait),
		CASE(rewind_brings_back_what_is_not_done),
		CASE(done_goes_with_the_transaction),
		CASE(a_recorder_publishes_and_finishes_together),
		CASE(marks_tell_when_a_group_has_caught_up),
		CASE(browsing_needs_no_group),
		CASE(dead_letters_come_with_their_reason),
		CASE(the_worst_message_can_be_buried),
	};
	ident_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
