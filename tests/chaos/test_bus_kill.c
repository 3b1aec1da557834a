/* kill -9 of publisher, recorder, ledger and maintenance leader at random: every
 * message of a committed transaction passes the whole line, none of a rolled
 * back one does. The ledger, who finishes in its own transaction, sees each
 * offset exactly once; the recorder, who finishes out of order, records at most
 * one batch again for each of its deaths. VESTNIK_TEST_SEED repeats a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ident.h"
#include "bus/bus.h"
#include "store/maintenance.h"
#include "support/scratch.h"

#define FIRST "test.first"
#define SECOND "test.second"
#define CHAOS_MS 8000
#define BATCH 64

static struct error e;

__attribute__((noreturn)) static void die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, e.text);
	exit(1);
}

static struct bus *open_bus(const char *url)
{
	struct bus *bus;
	struct bus_config config = {.url = "embedded", .store_url = url, .client_id = "test"};
	if (bus_open(&bus, &config, &e) < 0)
		die("bus_open");
	return bus;
}

static struct db *open_db(const char *url)
{
	struct db *db;
	if (db_open(&db, url, &e) < 0)
		die("db_open");
	return db;
}

static struct bus_consumer *subscribe(struct bus *bus, const char *group, const char *topic)
{
	const char *topics[] = {topic, NULL};
	struct bus_consumer *consumer;
	struct bus_consumer_options options = {.group = group, .topics = topics, .window = 4 * BATCH};
	while (bus_subscribe(bus, &options, &consumer, &e) < 0) {
		if (e.code != ERROR_CONFLICT)
			die("bus_subscribe");
		usleep(1000); /* the killed one is not buried yet */
	}
	return consumer;
}

/* ---- roles ------------------------------------------------------------------- */

static void publish_numbers(struct bus *bus, struct db *db, bool good)
{
	int64_t next;
	if (db_begin(db, DB_WRITE, &e) < 0 ||
		db_query_int(db, &next, &e, "SELECT COALESCE(MAX(n), 0) + 1 FROM sent", "") != DB_ROW)
		die("publish");
	for (int i = 0; i < BATCH / 4; i++, next++) {
		int64_t n = good ? next : -next; /* what is rolled back must not be seen */
		struct bus_message message = {
			.topic = FIRST, .id = "id", .data = &n, .len = sizeof n};
		if (db_exec(db, &e, "INSERT INTO sent (n) VALUES ($1)", "i", n) < 0 ||
			bus_publish_tx(bus, db, &message, &e) < 0)
			die("publish");
	}
	if (!good)
		db_rollback(db);
	else if (db_commit(db, DB_RELAXED, &e) < 0)
		die("commit");
}

static void publisher(const char *url)
{
	struct bus *bus = open_bus(url);
	struct db *db = open_db(url);
	for (unsigned i = 0;; i++) {
		publish_numbers(bus, db, i % 3 != 0);
		usleep(500);
	}
}

static void recorder(const char *url)
{
	struct bus *bus = open_bus(url);
	struct bus_consumer *consumer = subscribe(bus, "mailer", FIRST);
	struct bus_message messages[BATCH];
	struct bus_token tokens[BATCH];
	for (;;) {
		int n = bus_poll(consumer, 1000, messages, BATCH, &e);
		if (n < 0)
			die("poll");
		/* back to front: what is recorded first leaves a hole before it */
		for (int until = n; until > 0;) {
			int from = until > BATCH / 4 ? until - BATCH / 4 : 0;
			for (int i = from; i < until; i++) {
				tokens[i] = messages[i].token;
				messages[i].topic = SECOND;
			}
			if (bus_publish_then_done(consumer, messages + from, (size_t)(until - from),
				    tokens + from, (size_t)(until - from), &e) < 0)
				die("publish_then_done");
			until = from;
		}
	}
}

static void ledger(const char *url)
{
	struct bus *bus = open_bus(url);
	struct db *db = open_db(url);
	struct bus_consumer *consumer = subscribe(bus, "ledger", SECOND);
	struct bus_message messages[BATCH];
	for (unsigned round = 0;; round++) {
		int n = bus_poll(consumer, 1000, messages, BATCH, &e);
		if (n < 0 || db_begin(db, DB_WRITE, &e) < 0)
			die("poll");
		for (int i = 0; i < n; i++) {
			int64_t value;
			memcpy(&value, messages[i].data, sizeof value);
			/* a unique key: the second time would end this process by itself */
			if (db_exec(db, &e, "INSERT INTO passed (off) VALUES ($1)", "i",
				    messages[i].offset) < 0 ||
				db_exec(db, &e, "INSERT INTO received (n, times) VALUES ($1, 1)"
				" ON CONFLICT (n) DO UPDATE SET times = received.times + 1", "i", value) < 0)
				die("received");
		}
		if (bus_done_tx(consumer, db, &e) < 0)
			die("done_tx");
		if (round % 5 == 4) { /* trouble at the last moment */
			db_rollback(db);
			if (bus_rewind(consumer, &e) < 0)
				die("rewind");
		} else if (db_commit(db, DB_RELAXED, &e) < 0) {
			die("commit");
		}
	}
}

static void leader(const char *url)
{
	struct maintenance *maintenance;
	struct maintenance_chore trim = {"trim", 20, bus_trim, NULL};
	if (maintenance_start(&maintenance, url, &trim, 1, &e) < 0)
		die("maintenance_start");
	pause();
}

static const struct role {
	const char *name;
	void (*run)(const char *url); /* until killed */
} roles[] = {
	{"publisher", publisher},
	{"recorder", recorder},
	{"ledger", ledger},
	{"leader", leader},
	{"second-leader", leader},
};
#define ROLES (sizeof roles / sizeof roles[0])

/* ---- the test ---------------------------------------------------------------- */

static int64_t number(struct db *db, const char *sql)
{
	int64_t n = -1;
	if (db_query_int(db, &n, &e, sql, "") != DB_ROW)
		fail_msg("%s: %s", sql, e.text);
	return n;
}

static bool all_arrived(void *arg)
{
	return number(arg, "SELECT (SELECT COUNT(*) FROM sent) - (SELECT COUNT(*) FROM received)") == 0;
}

static void end(pid_t pid, const char *name)
{
	kill(pid, SIGKILL);
	int rc = scratch_wait(pid);
	if (rc != -SIGKILL)
		fail_msg("%s ended by itself with %d", name, rc);
}

static void nothing_is_lost_or_invented(void **state)
{
	(void)state;
	const char *url = scratch_store();
	struct bus *bus = open_bus(url);
	struct db *db = open_db(url);
	must(db_exec(db, &e, "CREATE TABLE sent (n BIGINT PRIMARY KEY) @CLUSTERED", ""), &e);
	must(db_exec(db, &e, "CREATE TABLE received (n BIGINT PRIMARY KEY, times BIGINT) @CLUSTERED", ""),
		&e);
	must(db_exec(db, &e, "CREATE TABLE passed (off BIGINT PRIMARY KEY) @CLUSTERED", ""), &e);
	/* groups first, so that trimming knows them */
	struct bus_consumer *consumer = subscribe(bus, "mailer", FIRST);
	bus_unsubscribe(&consumer);
	consumer = subscribe(bus, "ledger", SECOND);
	bus_unsubscribe(&consumer);
	bus_close(&bus);

	pid_t pid[ROLES];
	int kills = 0, recorder_kills = 0;
	for (size_t i = 0; i < ROLES; i++)
		pid[i] = scratch_spawn(roles[i].name, url);
	for (int64_t start_ms = clock_mono_ms(); clock_mono_ms() - start_ms < CHAOS_MS; kills++) {
		usleep(5000 + scratch_random() % 120000);
		size_t victim = scratch_random() % ROLES;
		recorder_kills += roles[victim].run == recorder;
		end(pid[victim], roles[victim].name);
		pid[victim] = scratch_spawn(roles[victim].name, url);
	}
	end(pid[0], roles[0].name);
	bool arrived = scratch_until(all_arrived, db);
	for (size_t i = 1; i < ROLES; i++)
		end(pid[i], roles[i].name);
	int64_t sent = number(db, "SELECT COUNT(*) FROM sent");
	int64_t lost = number(db, "SELECT COUNT(*) FROM sent WHERE n NOT IN (SELECT n FROM received)");
	int64_t invented =
		number(db, "SELECT COUNT(*) FROM received WHERE n NOT IN (SELECT n FROM sent)");
	int64_t doubled = number(db, "SELECT COUNT(*) FROM received WHERE times > 1");
	fprintf(stderr, "sent=%lld kills=%d log=%lld doubled=%lld\n", (long long)sent, kills,
		(long long)number(db, "SELECT COUNT(*) FROM bus_test_first"), (long long)doubled);
	if (!arrived || lost != 0 || invented != 0 || doubled > recorder_kills * BATCH)
		fail_msg("of %lld: lost %lld, invented %lld, doubled %lld; want 0, 0, at most %d",
			(long long)sent, (long long)lost, (long long)invented, (long long)doubled,
			recorder_kills * BATCH);
	assert_true(sent > 1000);
	struct db_stmt *stmt;
	must(db_query(db, &stmt, &e, "PRAGMA integrity_check", ""), &e);
	assert_int_equal(db_step(stmt, &e), DB_ROW);
	assert_string_equal(db_text(stmt, 0), "ok");
	db_close(&db);
}

int main(int argc, char **argv)
{
	ident_init();
	for (size_t i = 0; i < ROLES && argc == 3; i++)
		if (strcmp(argv[1], roles[i].name) == 0)
			roles[i].run(argv[2]);
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_lost_or_invented),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
