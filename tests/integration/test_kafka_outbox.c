/* The outbox beside a real broker: what committed arrives, whoever dies. Skipped without
 * $VESTNIK_TEST_BUS=kafka://… */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ident.h"
#include "base/xalloc.h"
#include "bus/bus_admin.h"
#include "support/busbed.h"
#include "support/scratch.h"

#define TOPIC "test.out"
#define OTHER "test.other"
#define POLLED_MAX 4096
#define NUMBERS_MAX 900000

static struct bus *bus;
static struct db *db;
static const char *store_url;
static struct error e;
static struct bus_message polled[POLLED_MAX];

static int open_bus(void **state)
{
	static const char *const topics[] = {TOPIC, OTHER, NULL};
	(void)state;
	store_url = scratch_store();
	busbed_fresh();
	bus = busbed_open(store_url, topics, 3);
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

static int64_t number(const char *sql)
{
	int64_t value = 0;
	must(db_query_int(db, &value, &e, sql, ""), &e);
	return value;
}

static bool outbox_is_empty(void *arg)
{
	(void)arg;
	return number("SELECT COUNT(*) FROM outbox WHERE refused IS NULL") == 0;
}

static struct bus_consumer *subscribe(const char *group, const char *topic)
{
	const char *const topics[] = {topic, NULL};
	const struct bus_consumer_options options = {.group = group, .topics = topics, .window = 100000};
	return busbed_subscribe(bus, &options);
}

static void publish_tx(struct bus *on, struct db *tx, const char *topic, const char *key, int64_t n)
{
	char text[24];
	snprintf(text, sizeof text, "%" PRId64, n);
	const struct bus_message message = {.topic = topic, .key = key == NULL ? text : key, .id = text,
		.source = "test", .type = "test.number", .time_ms = 1, .data = text, .len = strlen(text)};
	must(bus_publish_tx(on, tx, &message, &e), &e);
}

/* ---- killed publishers ------------------------------------------------------------------ */

#define WRITERS 3
#define ROUNDS 3
#define OF_A_TRANSACTION 50

/* "url store first": commits numbers from first on, 50 a transaction, until killed. */
static int write_until_killed(const char *argument)
{
	char url[400], store[400];
	long long first;
	if (sscanf(argument, "%399s %399s %lld", url, store, &first) != 3)
		return 2;
	const struct bus_config config = {.url = url, .store_url = store, .client_id = "writer"};
	struct bus *mine;
	struct db *tx;
	if (bus_open(&mine, &config, &e) < 0 || db_open(&tx, store, &e) < 0)
		return 3;
	for (int64_t n = first;; n += OF_A_TRANSACTION) {
		if (db_begin(tx, DB_WRITE, &e) < 0)
			return 4;
		for (int64_t i = n; i < n + OF_A_TRANSACTION; i++) {
			char text[24];
			snprintf(text, sizeof text, "%" PRId64, i);
			const struct bus_message message = {.topic = TOPIC, .key = text, .id = text,
				.source = "test", .type = "test.number", .data = text, .len = strlen(text)};
			if (bus_publish_tx(mine, tx, &message, &e) < 0 ||
				db_exec(tx, &e, "INSERT INTO meta (name, value) VALUES ($1, '')", "s", text) < 0)
				return 5;
		}
		if (db_commit(tx, DB_RELAXED, &e) < 0)
			return 6;
	}
}

static int64_t pumped(void)
{
	return number("SELECT (SELECT COUNT(*) FROM meta) - (SELECT COUNT(*) FROM outbox)");
}

static void what_committed_arrives_though_writers_are_killed(void **state)
{
	static unsigned char seen[NUMBERS_MAX];
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		pid_t pid[WRITERS];
		for (int i = 0; i < WRITERS; i++) {
			char *argument = xasprintf("%s %s %d", busbed_url(), store_url,
				(round * WRITERS + i) * 100000);
			pid[i] = scratch_spawn("write", argument);
			free(argument);
		}
		/* so that some die between the brokers' word and the delete */
		int64_t so_far = pumped();
		while (pumped() < so_far + 3000)
			usleep(1000 + scratch_random() % 3000);
		for (int i = 0; i < WRITERS; i++) {
			usleep(scratch_random() % 20000);
			kill(pid[i], SIGKILL);
			assert_int_equal(scratch_wait(pid[i]), -SIGKILL);
		}
	}
	int64_t left = number("SELECT COUNT(*) FROM outbox"), came = 0, doubled = 0, lost = 0;
	int64_t began_ms = clock_mono_ms();
	struct bus_consumer *consumer = subscribe("g", TOPIC); /* and this process adopts */
	assert_true(scratch_until(outbox_is_empty, NULL));
	int64_t adopted_ms = clock_mono_ms() - began_ms;
	/* a server may finish the last commit of a client that is dead already */
	int64_t committed = number("SELECT COUNT(*) FROM meta WHERE name BETWEEN '0' AND '9999999'");
	for (int n; (n = busbed_take(consumer, polled, 1000)) > 0;) {
		for (int i = 0; i < n; i++) {
			int at = atoi(polled[i].data);
			assert_true(at >= 0 && at < NUMBERS_MAX);
			came += seen[at] == 0;
			doubled += seen[at] > 0;
			seen[at] = 1;
			bus_done(consumer, &polled[i].token, 1);
		}
		if (n < 1000)
			break;
	}
	struct db_stmt *stmt;
	must(db_query(db, &stmt, &e, "SELECT name FROM meta WHERE name BETWEEN '0' AND '9999999'", ""), &e);
	while (db_step(stmt, &e) == DB_ROW)
		lost += seen[atoi(db_text(stmt, 0))] == 0;
	printf("committed %" PRId64 ", left by the dead %" PRId64 ", adopted in %" PRId64 " ms, came %" PRId64
	       ", lost %" PRId64 ", doubled %" PRId64 "\n", committed, left, adopted_ms, came, lost, doubled);
	assert_int_equal(lost, 0);
	assert_int_equal(came, committed);
	bus_unsubscribe(&consumer);
}

/* ---- order ------------------------------------------------------------------------------- */

static void order_within_a_key_is_kept(void **state)
{
	enum { ALL = 3000 };
	int next[5] = {0};
	(void)state;
	for (int n = 0; n < ALL;) {
		must(db_begin(db, DB_WRITE, &e), &e);
		for (int i = 0; i < 60; i++, n++) {
			char key[8];
			snprintf(key, sizeof key, "k%d", n % 5);
			publish_tx(bus, db, TOPIC, key, n / 5);
		}
		must(db_commit(db, DB_RELAXED, &e), &e);
	}
	assert_true(scratch_until(outbox_is_empty, NULL));
	struct bus_consumer *consumer = subscribe("g", TOPIC);
	int n = busbed_take(consumer, polled, ALL);
	assert_int_equal(n, ALL);
	for (int i = 0; i < n; i++)
		assert_int_equal(atoi(polled[i].data), next[atoi(polled[i].key + 1)]++);
	bus_unsubscribe(&consumer);
}

/* ---- what waits counts ---------------------------------------------------------------------- */

/* A row of a process that lives and does not send (frozen). */
static void leave_row(const char *topic, const char *owner, int64_t lease_ms, const char *text)
{
	char *lease = xasprintf("outbox.%s", owner);
	must(db_exec(db, &e,
		     "INSERT INTO lease (name, holder, token, expires_ms) VALUES ($1, $2, 1, $3)"
		     " ON CONFLICT (name) DO UPDATE SET expires_ms = excluded.expires_ms",
		     "ssi", lease, owner, clock_now_ms() + lease_ms), &e);
	must(db_exec(db, &e,
		     "INSERT INTO outbox (owner, topic, key, ce_id, ce_source, ce_type, ce_time_ms, logged_ms, data)"
		     " VALUES ($1, $2, 'k', 'id', 's', 't', 1, $3, $4)",
		     "ssib", owner, topic, clock_now_ms() - 60000, text, strlen(text)), &e);
	free(lease);
}

static void what_waits_in_the_outbox_counts_as_published(void **state)
{
	struct bus_mark mark, other;
	struct bus_waiting waiting;
	int64_t lag;
	(void)state;
	leave_row(TOPIC, "frozen", 60000, "late");
	must(bus_lag(bus, TOPIC, "g", &lag, &e), &e);
	assert_int_equal(lag, 1);
	must(bus_mark(bus, TOPIC, &mark, &e), &e);
	must(bus_mark(bus, OTHER, &other, &e), &e);
	assert_int_equal(bus_passed(bus, "g", &mark, &e), 0);
	assert_int_equal(bus_passed(bus, "g", &other, &e), 1);
	must(bus_waiting(db, &waiting, &e), &e);
	assert_int_equal(waiting.messages, 1);
	assert_in_range(clock_now_ms() - waiting.oldest_ms, 60000, 120000);
	struct bus_consumer *consumer = subscribe("g", TOPIC);
	assert_int_equal(bus_poll(consumer, 1500, polled, 1, &e), 0); /* its owner lives */
	must(db_exec(db, &e, "UPDATE lease SET expires_ms = 0 WHERE name = 'outbox.frozen'", ""), &e);
	assert_true(scratch_until(outbox_is_empty, NULL));
	assert_int_equal(bus_passed(bus, "g", &mark, &e), 0); /* it is in the topic, and not read */
	assert_int_equal(busbed_take(consumer, polled, 1), 1);
	bus_done(consumer, &polled[0].token, 1);
	for (int i = 0; i < 500 && bus_passed(bus, "g", &mark, &e) == 0; i++)
		usleep(10000);
	assert_int_equal(bus_passed(bus, "g", &mark, &e), 1);
	assert_int_equal(busbed_wait_lag(bus, TOPIC, "g", 0), 0);
	bus_unsubscribe(&consumer);
}

/* ---- what cannot be sent ---------------------------------------------------------------------- */

static void one_that_cannot_be_sent_does_not_stop_the_others(void **state)
{
	struct bus_waiting waiting;
	size_t huge = 3 * 1024 * 1024;
	char *data = xcalloc(1, huge + 1);
	(void)state;
	memset(data, 'x', huge);
	leave_row(TOPIC, "dead", -1, data); /* longer than any broker of ours takes */
	leave_row("test.nowhere", "dead", -1, "to no topic");
	for (int i = 0; i < 20; i++)
		leave_row(i % 2 == 0 ? TOPIC : OTHER, "dead", -1, "fine");
	struct bus_consumer *consumer = subscribe("g", TOPIC), *other = subscribe("g2", OTHER);
	assert_int_equal(busbed_take(consumer, polled, 10), 10);
	assert_int_equal(busbed_take(other, polled, 10), 10);
	for (int i = 0; i < 500; i++) {
		must(bus_waiting(db, &waiting, &e), &e);
		if (waiting.messages == 1 && waiting.refused == 1)
			break;
		usleep(20000);
	}
	assert_int_equal(waiting.messages, 1); /* a topic may be made yet */
	assert_int_equal(waiting.refused, 1);
	assert_true(strlen(waiting.refused_why) > 0);
	/* what was refused is not waited for */
	struct bus_mark mark;
	must(bus_mark(bus, TOPIC, &mark, &e), &e);
	assert_int_equal(mark.outbox, 0);
	static const char *const late[] = {"test.nowhere", NULL};
	busbed_make_topics(bus, late, 1);
	assert_true(scratch_until(outbox_is_empty, NULL));
	bus_unsubscribe(&consumer);
	bus_unsubscribe(&other);
	free(data);
}

/* A command that ends takes its messages along. */
static void closing_waits_for_what_was_published(void **state)
{
	(void)state;
	const struct bus_config config = {.url = busbed_url(), .store_url = store_url, .client_id = "cli"};
	for (int i = 0; i < 5; i++) {
		struct bus *command;
		must(bus_open(&command, &config, &e), &e);
		must(db_begin(db, DB_WRITE, &e), &e);
		publish_tx(command, db, TOPIC, NULL, i);
		must(db_commit(db, DB_RELAXED, &e), &e);
		bus_close(&command);
		assert_true(outbox_is_empty(NULL));
	}
	assert_int_equal(number("SELECT COUNT(*) FROM lease WHERE name LIKE 'outbox.cli%'"), 0);
	struct bus_consumer *consumer = subscribe("g", TOPIC);
	assert_int_equal(busbed_take(consumer, polled, 5), 5);
	bus_unsubscribe(&consumer);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_bus, close_bus)

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		CASE(what_committed_arrives_though_writers_are_killed),
		CASE(order_within_a_key_is_kept),
		CASE(what_waits_in_the_outbox_counts_as_published),
		CASE(one_that_cannot_be_sent_does_not_stop_the_others),
		CASE(closing_waits_for_what_was_published),
	};
	ident_init();
	if (argc > 2 && strcmp(argv[1], "write") == 0)
		return write_until_killed(argv[2]);
	if (!busbed_is_kafka()) {
		printf("skipped: VESTNIK_TEST_BUS is not kafka://…\n");
		return 77;
	}
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
