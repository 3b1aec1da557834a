/* What only several partitions, several members and a real broker show. Skipped without
 * $VESTNIK_TEST_BUS=kafka://… */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ident.h"
#include "base/xalloc.h"
#include "bus/bus_admin.h"
#include "bus/gap.h"
#include "support/busbed.h"
#include "support/scratch.h"

#define JOBS "test.jobs"
#define OUTCOMES "test.outcomes"
#define PARTITIONS 4
#define POLLED_MAX 2048

static struct bus *bus;
static struct db *db;
static const char *store_url;
static struct error e;
static struct bus_message polled[POLLED_MAX];

static int open_bus(void **state)
{
	static const char *const topics[] = {JOBS, OUTCOMES, BUS_STATUS, NULL};
	(void)state;
	store_url = scratch_store();
	busbed_fresh();
	bus = busbed_open(store_url, topics, PARTITIONS);
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

/* ---- short hands ------------------------------------------------------------------- */

/* The numbers from..until-1 as keys and data, over the partitions. */
static void publish_numbers(const char *topic, int from, int until)
{
	struct bus_message messages[POLLED_MAX];
	char text[POLLED_MAX][16];
	size_t n = 0;
	for (int i = from; i < until; i++, n++) {
		snprintf(text[n], sizeof text[n], "%d", i);
		messages[n] = (struct bus_message){.topic = topic, .key = text[n], .id = text[n],
			.source = "test", .type = "test.number", .time_ms = 1, .data = text[n],
			.len = strlen(text[n])};
	}
	must(bus_publish(bus, messages, n, &e), &e);
}

static struct bus_consumer *subscribe(const char *group, const char *topic, size_t window)
{
	const char *const topics[] = {topic, NULL};
	const struct bus_consumer_options options = {.group = group, .topics = topics, .window = window};
	return busbed_subscribe(bus, &options);
}

static void finish(struct bus_consumer *consumer, int from, int until)
{
	for (int i = from; i < until; i++)
		bus_done(consumer, &polled[i].token, 1);
}

/* Which numbers came: how often each. */
static void count_numbers(int *seen, int most, int from, int until)
{
	for (int i = from; i < until; i++) {
		int number = atoi(polled[i].data);
		if (number < 0 || number >= most)
			fail_msg("got number %d of %d", number, most);
		seen[number]++;
	}
}

static void make_name(char out[static 200], const char *topic)
{
	char *name = bus_admin_topic_name(bus, topic);
	snprintf(out, 200, "%s", name);
	free(name);
}

static rd_kafka_t *raw_client(rd_kafka_type_t type)
{
	char brokers[300], why[300];
	const char *url = busbed_url() + strlen("kafka://");
	snprintf(brokers, sizeof brokers, "%.*s", (int)strcspn(url, "/"), url);
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_conf_set(conf, "bootstrap.servers", brokers, why, sizeof why);
	rd_kafka_conf_set(conf, "message.max.bytes", "4000000", why, sizeof why);
	rd_kafka_t *rk = rd_kafka_new(type, conf, why, sizeof why);
	assert_non_null(rk);
	return rk;
}

/* What retention does, at once: messages before `offset` go. */
static void delete_records(const char *topic, int partition, int64_t offset)
{
	char name[200];
	make_name(name, topic);
	rd_kafka_t *rk = raw_client(RD_KAFKA_PRODUCER);
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_list_add(list, name, partition)->offset = offset;
	rd_kafka_DeleteRecords_t *request = rd_kafka_DeleteRecords_new(list);
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
	rd_kafka_DeleteRecords(rk, &request, 1, NULL, queue);
	rd_kafka_event_t *event = rd_kafka_queue_poll(queue, 20000);
	assert_non_null(event);
	assert_int_equal(rd_kafka_event_error(event), 0);
	rd_kafka_event_destroy(event);
	rd_kafka_DeleteRecords_destroy(request);
	rd_kafka_topic_partition_list_destroy(list);
	rd_kafka_queue_destroy(queue);
	rd_kafka_destroy(rk);
}

/* ---- windows -------------------------------------------------------------------------- */

static void a_full_window_takes_no_more_and_loses_nothing(void **state)
{
	enum { WINDOW = 10, MANY = 1500 };
	int seen[MANY] = {0}, total = 0;
	(void)state;
	publish_numbers(JOBS, 0, MANY);
	struct bus_consumer *consumer = subscribe("g", JOBS, WINDOW);
	int n = busbed_take(consumer, polled, POLLED_MAX);
	assert_int_equal(n, WINDOW * PARTITIONS);
	while (n > 0) {
		int open[PARTITIONS] = {0};
		for (int i = 0; i < n; i++)
			if (++open[polled[i].partition] > WINDOW)
				fail_msg("got %d unfinished of partition %d, want at most %d",
					open[polled[i].partition], polled[i].partition, WINDOW);
		count_numbers(seen, MANY, 0, n);
		total += n;
		for (int i = n - 1; i >= 0; i--) /* in the wrong order */
			bus_done(consumer, &polled[i].token, 1);
		n = total == MANY ? 0 : busbed_take(consumer, polled, total + WINDOW * PARTITIONS > MANY ? MANY - total : WINDOW * PARTITIONS);
	}
	assert_int_equal(total, MANY);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(seen[i], 1);
	bus_unsubscribe(&consumer);
	assert_int_equal(busbed_wait_lag(bus, JOBS, "g", 0), 0);
}

static void order_within_a_key_is_kept(void **state)
{
	(void)state;
	enum { KEYS = 7, EACH = 100 };
	struct bus_message messages[KEYS];
	char key[KEYS][8], text[KEYS][16];
	int next[KEYS] = {0};
	for (int round = 0; round < EACH; round++) {
		for (int i = 0; i < KEYS; i++) {
			snprintf(key[i], sizeof key[i], "k%d", i);
			snprintf(text[i], sizeof text[i], "%d", round);
			messages[i] = (struct bus_message){.topic = JOBS, .key = key[i], .id = text[i],
				.source = "test", .type = "t", .data = text[i], .len = strlen(text[i])};
		}
		must(bus_publish(bus, messages, KEYS, &e), &e);
	}
	struct bus_consumer *consumer = subscribe("g", JOBS, 1000);
	int n = busbed_take(consumer, polled, KEYS * EACH);
	assert_int_equal(n, KEYS * EACH);
	for (int i = 0; i < n; i++)
		assert_int_equal(atoi(polled[i].data), next[atoi(polled[i].key + 1)]++);
	bus_unsubscribe(&consumer);
}

/* ---- rebalances --------------------------------------------------------------------------- */

struct owner {
	struct bus_consumer *consumer;
	struct bus_consumer_options options;
	const char *topics[2];
	int assigned, revoked, lost;
	struct bus_token *drain; /* tokens to finish in on_revoke, with a message each */
	int drain_count;
	bool drained;
};

static void on_assign(void *arg, const char *topic, int32_t partition)
{
	struct owner *owner = arg;
	(void)topic;
	(void)partition;
	owner->assigned++;
}

static void on_revoke(void *arg, const char *topic, int32_t partition, bool lost)
{
	struct owner *owner = arg;
	(void)topic;
	(void)partition;
	owner->revoked++;
	owner->lost += lost;
	if (owner->drain == NULL || owner->drained)
		return;
	owner->drained = true;
	struct bus_message *messages = xcalloc((size_t)owner->drain_count, sizeof *messages);
	for (int i = 0; i < owner->drain_count; i++)
		messages[i] = (struct bus_message){.topic = OUTCOMES, .id = "sending", .source = "test",
			.type = "test.sending", .data = "", .len = 0};
	must(bus_publish_then_done(owner->consumer, messages, (size_t)owner->drain_count, owner->drain,
		     (size_t)owner->drain_count, &e), &e);
	free(messages);
}

static void join(struct owner *owner, size_t window)
{
	owner->topics[0] = JOBS;
	owner->options = (struct bus_consumer_options){.group = "g", .topics = owner->topics,
		.window = window, .on_assign = on_assign, .on_revoke = on_revoke, .arg = owner};
	must(bus_subscribe(bus, &owner->options, &owner->consumer, &e), &e);
}

/* Polls both without taking messages. */
static void poll_both(struct owner *a, struct owner *b)
{
	struct bus_message none;
	must(bus_poll(a->consumer, 20, &none, 0, &e), &e);
	must(bus_poll(b->consumer, 20, &none, 0, &e), &e);
}

static void poll_alone(struct owner *a)
{
	struct bus_message none;
	for (int i = 0; i < 1000 && a->assigned == 0; i++)
		must(bus_poll(a->consumer, 20, &none, 0, &e), &e);
	assert_int_equal(a->assigned, PARTITIONS);
}

/* b joins; afterwards both have two partitions. */
static void let_in(struct owner *a, struct owner *b)
{
	join(b, 1000);
	for (int i = 0; i < 1000 && b->assigned == 0; i++)
		poll_both(a, b);
	for (int i = 0; i < 1000 && a->assigned < PARTITIONS + PARTITIONS / 2; i++)
		poll_both(a, b);
	assert_int_equal(a->revoked, PARTITIONS);
	assert_int_equal(a->lost, 0);
	assert_int_equal(b->assigned, PARTITIONS / 2);
}

static void done_of_a_former_assignment_is_ignored(void **state)
{
	enum { MANY = 200 };
	struct owner a = {0}, b = {0};
	struct bus_token late[MANY];
	int seen[MANY] = {0};
	(void)state;
	publish_numbers(JOBS, 0, MANY);
	join(&a, 1000);
	poll_alone(&a);
	int n = busbed_take(a.consumer, polled, MANY);
	assert_int_equal(n, MANY);
	for (int i = 0; i < n; i++)
		late[i] = polled[i].token;
	let_in(&a, &b);
	bus_done(a.consumer, late, MANY);
	/* all come again, to whoever has them now; what a half does is not undone by the other */
	n = busbed_take(a.consumer, polled, MANY);
	count_numbers(seen, MANY, 0, n);
	finish(a.consumer, 0, n);
	bus_done(a.consumer, late, MANY);
	int m = busbed_take(b.consumer, polled, MANY - n);
	count_numbers(seen, MANY, 0, m);
	assert_int_equal(n + m, MANY);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(seen[i], 1);
	assert_int_equal(busbed_wait_lag(bus, JOBS, "g", m), m);
	finish(b.consumer, 0, m);
	assert_int_equal(busbed_wait_lag(bus, JOBS, "g", 0), 0);
	bus_unsubscribe(&a.consumer);
	bus_unsubscribe(&b.consumer);
}

static void what_a_revoke_finishes_does_not_come_again(void **state)
{
	enum { MANY = 100 };
	struct owner a = {0}, b = {0};
	struct bus_token tokens[MANY];
	(void)state;
	publish_numbers(JOBS, 0, MANY);
	join(&a, 1000);
	poll_alone(&a);
	int n = busbed_take(a.consumer, polled, MANY);
	assert_int_equal(n, MANY);
	for (int i = 0; i < n; i++)
		tokens[i] = polled[i].token;
	a.drain = tokens;
	a.drain_count = n;
	let_in(&a, &b);
	assert_true(a.drained);
	assert_int_equal(busbed_wait_lag(bus, JOBS, "g", 0), 0);
	publish_numbers(JOBS, 0, 20);
	int first = 0, second = 0;
	for (int i = 0; i < 200 && first + second < 20; i++) {
		int got = bus_poll(a.consumer, 20, polled, 20, &e);
		must(got, &e);
		first += got;
		got = bus_poll(b.consumer, 20, polled, 20, &e);
		must(got, &e);
		second += got;
	}
	assert_int_equal(first + second, 20);
	assert_true(first > 0 && second > 0);
	struct bus_consumer *reader = subscribe("reader", OUTCOMES, 1000);
	assert_int_equal(busbed_take(reader, polled, MANY), MANY);
	bus_unsubscribe(&reader);
	bus_unsubscribe(&a.consumer);
	bus_unsubscribe(&b.consumer);
}

/* The mailer's: urgent and bulk are two members of one group. */
static void two_members_of_a_process_with_different_topics(void **state)
{
	(void)state;
	struct bus_consumer *bulk = subscribe("mailer", JOBS, 1000);
	const char *const topics[] = {OUTCOMES, NULL};
	const struct bus_consumer_options options = {.group = "mailer", .topics = topics, .window = 1000};
	struct bus_consumer *urgent;
	struct bus_message message;
	must(bus_subscribe(bus, &options, &urgent, &e), &e);
	publish_numbers(JOBS, 0, 100);
	publish_numbers(OUTCOMES, 0, 50);
	int of_bulk = 0, of_urgent = 0;
	for (int i = 0; i < 2000 && of_bulk + of_urgent < 150; i++) {
		int n = bus_poll(bulk, 5, &message, 1, &e);
		must(n, &e);
		if (n > 0)
			assert_string_equal(message.topic, JOBS);
		of_bulk += n;
		if (n > 0)
			bus_done(bulk, &message.token, 1);
		n = bus_poll(urgent, 5, &message, 1, &e);
		must(n, &e);
		if (n > 0)
			assert_string_equal(message.topic, OUTCOMES);
		of_urgent += n;
	}
	assert_int_equal(of_urgent, 50);
	assert_true(of_bulk >= 100); /* a rebalance may bring some again */
	bus_unsubscribe(&urgent);
	bus_unsubscribe(&bulk);
}

static struct bus *open_named(const char *instance)
{
	const struct bus_config config = {.url = busbed_url(), .store_url = store_url, .client_id = "test",
		.instance = instance};
	struct bus *named;
	must(bus_open(&named, &config, &e), &e);
	return named;
}

/* What a named process was reading waits for it; nobody else notices. */
static void a_named_member_comes_back_to_what_it_had(void **state)
{
	static const char *const topics[] = {JOBS, NULL};
	struct owner a = {0}, b = {0};
	(void)state;
	struct bus *first = open_named("one"), *second = open_named("two");
	a.options = b.options = (struct bus_consumer_options){.group = "g", .topics = topics, .window = 100,
		.on_assign = on_assign, .on_revoke = on_revoke};
	a.options.arg = &a;
	b.options.arg = &b;
	must(bus_subscribe(first, &a.options, &a.consumer, &e), &e);
	poll_alone(&a);
	must(bus_subscribe(second, &b.options, &b.consumer, &e), &e);
	for (int i = 0; i < 1000 && (b.assigned == 0 || a.assigned < PARTITIONS + PARTITIONS / 2); i++)
		poll_both(&a, &b);
	assert_int_equal(b.assigned, PARTITIONS / 2);
	int revoked = a.revoked, assigned = a.assigned;
	for (int round = 0; round < 2; round++) {
		bus_unsubscribe(&b.consumer);
		bus_close(&second);
		second = open_named("two");
		b.assigned = 0;
		must(bus_subscribe(second, &b.options, &b.consumer, &e), &e);
		for (int i = 0; i < 500 && b.assigned == 0; i++)
			poll_both(&a, &b);
		assert_int_equal(b.assigned, PARTITIONS / 2);
	}
	assert_int_equal(a.revoked, revoked);
	assert_int_equal(a.assigned, assigned);
	bus_unsubscribe(&a.consumer);
	bus_unsubscribe(&b.consumer);
	bus_close(&first);
	bus_close(&second);
}

/* ---- retention --------------------------------------------------------------------------------- */

static void want_gap(int partition, int64_t from, int64_t to)
{
	struct bus_gap gaps[8];
	int n = 0;
	for (int i = 0; i < 200 && n == 0; i++) {
		n = bus_gaps(db, gaps, 8, &e);
		must(n, &e);
		if (n == 0)
			usleep(20000);
	}
	assert_int_equal(n, 1);
	assert_string_equal(gaps[0].topic, JOBS);
	assert_string_equal(gaps[0].group, "g");
	assert_int_equal(gaps[0].partition, partition);
	assert_int_equal(gaps[0].from, from);
	assert_int_equal(gaps[0].to, to);
	struct bus_consumer *status = subscribe("reader", BUS_STATUS, 10);
	assert_int_equal(busbed_take(status, polled, 1), 1);
	assert_string_equal(polled[0].type, GAP_TYPE);
	char want[64];
	snprintf(want, sizeof want, "\"from\":%" PRId64 ",\"to\":%" PRId64, from, to);
	if (strstr(polled[0].data, want) == NULL)
		fail_msg("got %s, want %s", (const char *)polled[0].data, want);
	bus_unsubscribe(&status);
}

/* n messages of one key: one partition, which it returns. */
static int publish_line(int from, int until, size_t bytes)
{
	char *data = xcalloc(1, bytes + 1);
	memset(data, ' ', bytes);
	for (int i = from; i < until; i++) {
		char number[16];
		int len = snprintf(number, sizeof number, "%d", i);
		memcpy(data, number, (size_t)len);
		struct bus_message message = {.topic = JOBS, .key = "one", .id = "x", .source = "test",
			.type = "t", .data = data, .len = bytes};
		must(bus_publish(bus, &message, 1, &e), &e);
	}
	free(data);
	struct bus_consumer *probe = subscribe("probe", JOBS, 1000);
	assert_int_equal(busbed_take(probe, polled, 1), 1);
	int partition = polled[0].partition;
	bus_unsubscribe(&probe);
	return partition;
}

static void messages_that_retention_took_before_the_start_are_told(void **state)
{
	(void)state;
	int partition = publish_line(0, 20, 10);
	struct bus_consumer *consumer = subscribe("g", JOBS, 1000);
	assert_int_equal(busbed_take(consumer, polled, 20), 20);
	finish(consumer, 0, 5);
	bus_unsubscribe(&consumer);
	delete_records(JOBS, partition, 12);
	consumer = subscribe("g", JOBS, 1000);
	assert_int_equal(busbed_take(consumer, polled, 20), 8);
	assert_int_equal(atoi(polled[0].data), 12);
	want_gap(partition, 5, 11);
	bus_unsubscribe(&consumer);
}

static void messages_that_retention_takes_under_a_reader_are_told(void **state)
{
	(void)state;
	/* so that nothing is fetched ahead */
	static const char *const properties[] = {"queued.min.messages", "1", "fetch.message.max.bytes", "1000",
		"queued.max.messages.kbytes", "1", NULL};
	struct bus_config config = {.url = busbed_url(), .store_url = store_url, .client_id = "test",
		.properties = properties};
	int partition = publish_line(0, 20, 20000);
	bus_close(&bus);
	must(bus_open(&bus, &config, &e), &e);
	struct bus_consumer *consumer = subscribe("g", JOBS, 2);
	assert_int_equal(busbed_take(consumer, polled, 2), 2);
	struct bus_token first[] = {polled[0].token, polled[1].token};
	delete_records(JOBS, partition, 15);
	bus_done(consumer, first, 2);
	int next = 0, n, last = -1;
	while (last < 19) {
		n = busbed_take(consumer, polled, 2);
		if (n == 0)
			fail_msg("got nothing after %d", last);
		for (int i = 0; i < n; i++) {
			last = atoi(polled[i].data);
			next = next == 0 && last > 10 ? last : next;
		}
		finish(consumer, 0, n);
	}
	assert_int_equal(next, 15);
	struct bus_gap gap;
	for (int i = 0; i < 200 && bus_gaps(db, &gap, 1, &e) == 0; i++)
		must(bus_poll(consumer, 20, polled, 0, &e), &e);
	assert_int_equal(gap.to, 14);
	assert_true(gap.from >= 2 && gap.from <= 5); /* one or two were on their way */
	want_gap(partition, gap.from, 14);
	bus_unsubscribe(&consumer);
}

/* ---- what others write ------------------------------------------------------------------------------ */

static void put_raw(rd_kafka_t *rk, const char *key, size_t key_len, const void *data, size_t len,
	rd_kafka_headers_t *headers)
{
	char name[200];
	make_name(name, JOBS);
	/* no headers: one part fewer */
	const rd_kafka_vu_t parts[] = {
		{.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = name},
		{.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = 0},
		{.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
		{.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {(void *)(uintptr_t)key, key_len}},
		{.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {(void *)(uintptr_t)data, len}},
		{.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
	};
	size_t n = sizeof parts / sizeof parts[0] - (headers == NULL);
	assert_null(rd_kafka_produceva(rk, parts, n));
}

static void no_record_can_take_a_reader_down(void **state)
{
	(void)state;
	rd_kafka_t *rk = raw_client(RD_KAFKA_PRODUCER);
	size_t huge = BUS_MESSAGE_MAX_BYTES + 100, many = 3000;
	char *big = xmalloc(huge), *long_name = xmalloc(70001);
	memset(big, 'b', huge);
	memset(long_name, 'n', 70000);
	long_name[70000] = '\0';
	rd_kafka_headers_t *odd = rd_kafka_headers_new(8);
	rd_kafka_header_add(odd, "ce_id", -1, "\xff\xfe", 2);
	rd_kafka_header_add(odd, "ce_type", -1, "a\0b", 3);
	rd_kafka_header_add(odd, "ce_time", -1, "yesterday", 9);
	rd_kafka_header_add(odd, "content-type", -1, NULL, 0);
	rd_kafka_header_add(odd, "", -1, "no name", 7);
	rd_kafka_header_add(odd, "trace\n", -1, "x", 1);
	rd_kafka_header_add(odd, "bytes", -1, "\x80\x81", 2);
	rd_kafka_header_add(odd, "trace", -1, "t1", 2);
	rd_kafka_headers_t *crowd = rd_kafka_headers_new(many);
	for (size_t i = 0; i < many; i++)
		rd_kafka_header_add(crowd, "ce_source", -1, "a lot of them", -1);
	rd_kafka_headers_t *large = rd_kafka_headers_new(2);
	rd_kafka_header_add(large, long_name, -1, "x", 1);
	rd_kafka_header_add(large, "large", -1, long_name, 70000);
	rd_kafka_headers_t *structured = rd_kafka_headers_new(1);
	rd_kafka_header_add(structured, "content-type", -1, "application/cloudevents+json; charset=UTF-8", -1);
	put_raw(rk, NULL, 0, NULL, 0, NULL);
	put_raw(rk, "\xff\0", 2, "", 0, NULL);
	put_raw(rk, "k", 1, "x", 1, odd);
	put_raw(rk, "k", 1, "x", 1, crowd);
	put_raw(rk, "k", 1, "x", 1, large);
	put_raw(rk, "k", 1, "{}", 2, structured);
	put_raw(rk, "k", 1, big, huge, NULL);
	assert_int_equal(rd_kafka_flush(rk, 20000), 0);
	rd_kafka_destroy(rk);

	struct bus_consumer *consumer = subscribe("g", JOBS, 100);
	assert_int_equal(busbed_take(consumer, polled, 7), 7);
	assert_int_equal(polled[0].len, 0);
	assert_non_null(polled[0].data);
	assert_null(polled[0].id);
	assert_null(polled[0].headers);
	assert_null(polled[1].key);
	assert_null(polled[2].id);
	assert_null(polled[2].type);
	assert_null(polled[2].content_type);
	assert_non_null(strstr(polled[2].headers, "\"trace\":\"t1\""));
	assert_non_null(strstr(polled[2].headers, "\"ce_time\":\"yesterday\""));
	assert_string_equal(polled[3].source, "a lot of them");
	assert_string_equal(polled[5].content_type, "application/cloudevents+json; charset=UTF-8");
	assert_string_equal(polled[6].content_type, "application/x-vestnik-oversized");
	assert_int_equal(polled[6].len, 64 * 1024);
	/* and each can be buried */
	static const char *const dead[] = {BUS_DEAD, NULL};
	busbed_make_topics(bus, dead, 1);
	for (int i = 0; i < 7; i++)
		must(bus_dead_letter(bus, NULL, &polled[i], "test", "bad", &e), &e);
	bus_unsubscribe(&consumer);
	free(big);
	free(long_name);
}

/* ---- topics ------------------------------------------------------------------------------------------ */

static void topics_that_are_not_there_are_named_with_the_cure(void **state)
{
	(void)state;
	const char *const topics[] = {"test.nowhere", NULL};
	const struct bus_consumer_options options = {.group = "g", .topics = topics, .window = 1};
	struct bus_consumer *none;
	struct bus_message message = {.topic = "test.nowhere", .id = "x", .data = "", .len = 0};
	assert_int_equal(bus_subscribe(bus, &options, &none, &e), -1);
	assert_int_equal(e.code, ERROR_NOT_FOUND);
	assert_non_null(strstr(e.text, "vestnik bus init"));
	assert_int_equal(bus_publish(bus, &message, 1, &e), -1);
	assert_int_equal(e.code, ERROR_NOT_FOUND);
	assert_non_null(strstr(e.text, "vestnik bus init"));
	assert_int_equal(bus_partitions(bus, "test.nowhere", &e), -1);
	assert_int_equal(bus_partitions(bus, JOBS, &e), PARTITIONS);
}

struct differences {
	int n;
	char line[8][200];
};

static void note_difference(void *arg, const struct bus_difference *d)
{
	struct differences *all = arg;
	assert_true(all->n < 8);
	snprintf(all->line[all->n++], sizeof all->line[0], "%s %s want %s got %s%s", d->topic, d->what,
		d->wanted == NULL ? "-" : d->wanted, d->found == NULL ? "-" : d->found, d->bad ? " BAD" : "");
}

static void differences_from_what_is_wanted_are_told(void **state)
{
	(void)state;
	static const char *const two[] = {JOBS, "test.nowhere", NULL};
	const struct bus_topic_wishes wishes = {.partitions = 6, .keep_ms = 1000LL * 3600, .only = two};
	struct bus_topic wanted[BUS_TOPICS_MAX];
	struct differences found = {0};
	must(bus_admin_wanted(bus, &wishes, wanted, &e), &e);
	assert_int_equal(bus_admin_check(bus, wanted, 2, note_difference, &found, &e), 2);
	assert_int_equal(found.n, 3);
	assert_string_equal(found.line[0], "test.jobs partitions want 6 got 4 BAD");
	assert_string_equal(found.line[1], "test.jobs retention.ms want 3600000 got 604800000");
	assert_string_equal(found.line[2], "test.nowhere missing want - got - BAD");
	int n = bus_admin_wanted(bus, NULL, wanted, &e);
	assert_int_equal(n, 5);
	assert_string_equal(wanted[4].name, BUS_DEAD);
	assert_int_equal(wanted[4].partitions, 1);
	assert_int_equal(bus_admin_init(bus, wanted, (size_t)n, NULL, NULL, &e), 0);
	assert_int_equal(bus_admin_init(bus, wanted, (size_t)n, NULL, NULL, &e), 0); /* again: all there */
	memset(&found, 0, sizeof found);
	assert_int_equal(bus_admin_check(bus, wanted, (size_t)n, note_difference, &found, &e), 1);
	assert_string_equal(found.line[0], "vestnik.status partitions want 12 got 4 BAD");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_bus, close_bus)

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		CASE(a_full_window_takes_no_more_and_loses_nothing),
		CASE(order_within_a_key_is_kept),
		CASE(done_of_a_former_assignment_is_ignored),
		CASE(what_a_revoke_finishes_does_not_come_again),
		CASE(two_members_of_a_process_with_different_topics),
		CASE(a_named_member_comes_back_to_what_it_had),
		CASE(messages_that_retention_took_before_the_start_are_told),
		CASE(messages_that_retention_takes_under_a_reader_are_told),
		CASE(no_record_can_take_a_reader_down),
		CASE(topics_that_are_not_there_are_named_with_the_cure),
		CASE(differences_from_what_is_wanted_are_told),
	};
	if (!busbed_is_kafka()) {
		printf("skipped: VESTNIK_TEST_BUS is not kafka://…\n");
		return 77;
	}
	ident_init();
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
