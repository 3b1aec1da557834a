/* The Kafka driver without brokers and with brokers that fail on purpose (librdkafka's mock:
 * a real broker does not do these things when asked to). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/ident.h"
#include "base/xalloc.h"
#include "bus/bus.h"
#include "support/scratch.h"

#define TOPIC "test.topic"
#define NOBODY "kafka://127.0.0.1:1"
#define API_PRODUCE 0 /* of Kafka's protocol */

static struct error e;

static struct bus_message text_message(const char *text)
{
	return (struct bus_message){.topic = TOPIC, .key = "k", .id = text, .source = "test", .type = "t",
		.time_ms = 1, .data = text, .len = strlen(text)};
}

/* ---- settings ----------------------------------------------------------------------- */

static void what_the_promise_hangs_on_cannot_be_set(void **state)
{
	static const char *const names[] = {"bootstrap.servers", "group.id", "enable.auto.commit",
		"enable.auto.offset.store", "auto.offset.reset", "enable.idempotence", "acks",
		"Enable.Idempotence", "isolation.level", "client.rack", "transactional.id",
		"test.mock.num.brokers", "plugin.library.paths"};
	const char *store = scratch_store();
	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		const char *const properties[] = {names[i], "1", NULL};
		const struct bus_config config = {.url = NOBODY, .store_url = store, .properties = properties};
		struct bus *bus;
		assert_int_equal(bus_open(&bus, &config, &e), -1);
		assert_int_equal(e.code, ERROR_INPUT);
		if (strstr(e.text, names[i]) == NULL || strstr(e.text, ": ") == NULL)
			fail_msg("got \"%s\", want the name %s and a reason", e.text, names[i]);
	}
}

static void wrong_settings_are_told_and_secrets_are_not(void **state)
{
	static const struct {
		const char *name, *value, *want, *never;
	} cases[] = {
		{"no.such.thing", "x", "no.such.thing", NULL},
		{"linger.ms", "many", "linger.ms", NULL},
		{"security.protocol", "secret-ish", "security.protocol", NULL},
		{"ssl.key.pem", "hunter2", NULL, "hunter2"},
	};
	const char *store = scratch_store();
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *const properties[] = {cases[i].name, cases[i].value, NULL};
		const struct bus_config config = {.url = NOBODY, .store_url = store, .properties = properties};
		struct bus *bus;
		int rc = bus_open(&bus, &config, &e);
		if (cases[i].want != NULL && (rc == 0 || strstr(e.text, cases[i].want) == NULL))
			fail_msg("got \"%s\", want something about %s", rc == 0 ? "" : e.text, cases[i].want);
		if (rc < 0 && cases[i].never != NULL)
			assert_null(strstr(e.text, cases[i].never));
		bus_close(&bus);
	}
}

/* ---- nobody there ---------------------------------------------------------------------- */

static double cpu_seconds(void)
{
	struct rusage use;
	getrusage(RUSAGE_SELF, &use);
	return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
	       (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

static void without_brokers_nothing_hangs_and_nothing_is_lost(void **state)
{
	static const char *const properties[] = {"message.timeout.ms", "1500", NULL};
	static const char *const topics[] = {TOPIC, NULL};
	const struct bus_config config = {.url = NOBODY, .store_url = scratch_store(), .client_id = "test",
		.properties = properties};
	const struct bus_consumer_options options = {.group = "g", .topics = topics, .window = 10};
	struct bus_message message = text_message("x"), none;
	struct bus_consumer *consumer;
	struct bus_waiting waiting;
	struct bus_mark mark;
	struct bus *bus;
	struct db *db;
	int64_t lag;
	(void)state;
	must(bus_open(&bus, &config, &e), &e);
	must(db_open(&db, config.store_url, &e), &e);
	must(bus_subscribe(bus, &options, &consumer, &e), &e);
	assert_int_equal(bus_publish(bus, &message, 1, &e), -1);
	assert_int_equal(e.code, ERROR_UNAVAILABLE);
	assert_true(e.retriable);
	assert_non_null(strstr(e.text, "127.0.0.1:1"));
	for (int i = 0; i < 100; i++) {
		must(db_begin(db, DB_WRITE, &e), &e);
		must(bus_publish_tx(bus, db, &message, &e), &e);
		must(db_commit(db, DB_RELAXED, &e), &e);
	}
	double cpu = cpu_seconds();
	for (int i = 0; i < 4; i++)
		assert_int_equal(bus_poll(consumer, 500, &none, 1, &e), 0);
	cpu = cpu_seconds() - cpu;
	if (cpu > 0.5) /* a spinning thread takes two seconds */
		fail_msg("got %.2f s of CPU in 2 s of waiting, want next to nothing", cpu);
	must(bus_waiting(db, &waiting, &e), &e);
	assert_int_equal(waiting.messages, 100);
	assert_true(waiting.oldest_ms > 0);
	assert_int_equal(bus_lag(bus, TOPIC, "g", &lag, &e), -1);
	assert_true(e.retriable);
	must(bus_mark(bus, TOPIC, &mark, &e), &e); /* what is in the outbox is known */
	assert_int_equal(bus_passed(bus, "g", &mark, &e), 0);
	bus_unsubscribe(&consumer);
	bus_close(&bus);
	must(bus_waiting(db, &waiting, &e), &e);
	assert_int_equal(waiting.messages, 100);
	db_close(&db);
}

/* A command ends although the client itself would go on trying for an hour: the test's own time
 * limit is what notices. */
static void who_closes_does_not_wait_for_the_clients_patience(void **state)
{
	static const char *const properties[] = {"message.timeout.ms", "3600000", NULL};
	const struct bus_config config = {.url = NOBODY, .store_url = scratch_store(), .client_id = "test",
		.properties = properties};
	struct bus_message message = text_message("x");
	struct bus_waiting waiting;
	struct bus *bus;
	struct db *db;
	(void)state;
	must(bus_open(&bus, &config, &e), &e);
	must(db_open(&db, config.store_url, &e), &e);
	must(db_begin(db, DB_WRITE, &e), &e);
	must(bus_publish_tx(bus, db, &message, &e), &e);
	must(db_commit(db, DB_RELAXED, &e), &e);
	bus_close(&bus);
	must(bus_waiting(db, &waiting, &e), &e);
	assert_int_equal(waiting.messages, 1);
	db_close(&db);
}

/* ---- a producer that breaks ---------------------------------------------------------------- */

struct mock {
	rd_kafka_t *rk;
	rd_kafka_mock_cluster_t *cluster;
	char url[300];
};

static void start_mock(struct mock *mock)
{
	char why[200];
	mock->rk = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), why, sizeof why);
	mock->cluster = rd_kafka_mock_cluster_new(mock->rk, 1);
	snprintf(mock->url, sizeof mock->url, "kafka://%s", rd_kafka_mock_cluster_bootstraps(mock->cluster));
	assert_int_equal(rd_kafka_mock_topic_create(mock->cluster, TOPIC, 1, 1), 0);
}

static void stop_mock(struct mock *mock)
{
	rd_kafka_mock_cluster_destroy(mock->cluster);
	rd_kafka_destroy(mock->rk);
}

/* As callers do: until the client is there. */
static void publish_again(struct bus *bus, const struct bus_message *message)
{
	int64_t until = clock_mono_ms() + 20000;
	while (bus_publish(bus, message, 1, &e) < 0) {
		if (clock_mono_ms() > until)
			fail_msg("%s", e.text);
		nanosleep(&(struct timespec){.tv_nsec = 5 * 1000000L}, NULL);
	}
}

static void a_producer_that_is_broken_is_replaced(void **state)
{
	struct mock mock;
	struct bus *bus;
	struct db *db;
	struct bus_waiting waiting;
	(void)state;
	start_mock(&mock);
	const struct bus_config config = {.url = mock.url, .store_url = scratch_store(), .client_id = "test"};
	must(bus_open(&bus, &config, &e), &e);
	must(db_open(&db, config.store_url, &e), &e);
	for (int round = 0; round < 3; round++) {
		struct bus_message message = text_message("x");
		publish_again(bus, &message);
		rd_kafka_mock_push_request_errors(
			mock.cluster, API_PRODUCE, 1, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
		assert_int_equal(bus_publish(bus, &message, 1, &e), -1);
		assert_true(e.retriable);
		publish_again(bus, &message);
		/* the pump goes on by itself */
		rd_kafka_mock_push_request_errors(
			mock.cluster, API_PRODUCE, 1, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
		must(db_begin(db, DB_WRITE, &e), &e);
		must(bus_publish_tx(bus, db, &message, &e), &e);
		must(db_commit(db, DB_RELAXED, &e), &e);
		int64_t until = clock_mono_ms() + 20000;
		do {
			must(bus_waiting(db, &waiting, &e), &e);
		} while (waiting.messages > 0 && clock_mono_ms() < until);
		assert_int_equal(waiting.messages, 0);
	}
	db_close(&db);
	bus_close(&bus);
	stop_mock(&mock);
}

static void errors_that_pass_are_not_noticed(void **state)
{
	struct mock mock;
	struct bus *bus;
	(void)state;
	start_mock(&mock);
	const struct bus_config config = {.url = mock.url, .store_url = scratch_store(), .client_id = "test"};
	must(bus_open(&bus, &config, &e), &e);
	for (int round = 0; round < 3; round++) {
		struct bus_message message = text_message("x");
		rd_kafka_mock_push_request_errors(mock.cluster, API_PRODUCE, 3,
			RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR__TRANSPORT,
			RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS);
		must(bus_publish(bus, &message, 1, &e), &e);
	}
	bus_close(&bus);
	stop_mock(&mock);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_promise_hangs_on_cannot_be_set),
		cmocka_unit_test(wrong_settings_are_told_and_secrets_are_not),
		cmocka_unit_test(without_brokers_nothing_hangs_and_nothing_is_lost),
		cmocka_unit_test(who_closes_does_not_wait_for_the_clients_patience),
		cmocka_unit_test(a_producer_that_is_broken_is_replaced),
		cmocka_unit_test(errors_that_pass_are_not_noticed),
	};
	ident_init();
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
