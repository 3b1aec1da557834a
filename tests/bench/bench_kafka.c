/* What a message costs on a Kafka bus ($VESTNIK_TEST_BUS): published directly, through the
 * outbox of a store ($VESTNIK_TEST_STORE or a SQLite file), read and finished; and what
 * looking costs. A JSON line each; CPU is this process's alone.
 * usage: bench_kafka [messages] [batch] [payload bytes] [partitions] */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ident.h"
#include "base/xalloc.h"
#include "bus/bus_admin.h"
#include "store/schema.h"

#define TOPIC "bench.bus"
#define LOOKS 300

static long total = 100000, batch = 256, payload = 48, partitions = 12;
static struct bus *bus;
static struct db *db;

static void must(int rc, const struct error *e)
{
	if (rc < 0) {
		fprintf(stderr, "bench_kafka: %s\n", e->text);
		exit(1);
	}
}

static double cpu_seconds(void)
{
	struct rusage use;
	getrusage(RUSAGE_SELF, &use);
	return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
	       (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

static int64_t began_us;
static double began_cpu;

static void start(void)
{
	began_us = clock_mono_us();
	began_cpu = cpu_seconds();
}

static void report(const char *what, long n)
{
	double seconds = (double)(clock_mono_us() - began_us) / 1e6, cpu = cpu_seconds() - began_cpu;
	printf("{\"bench\":\"kafka-%s\",\"value\":%.0f,\"unit\":\"messages/s\",\"messages\":%ld,\"batch\":%ld,"
	       "\"bytes\":%ld,\"partitions\":%ld,\"cpu_us_per_message\":%.2f}\n",
		what, (double)n / seconds, n, batch, payload, partitions, cpu * 1e6 / (double)n);
	fflush(stdout);
}

static struct bus_message *make_batch(char (*ids)[32], const char *data)
{
	struct bus_message *messages = xcalloc((size_t)batch, sizeof *messages);
	for (long i = 0; i < batch; i++)
		messages[i] = (struct bus_message){.topic = TOPIC, .key = ids[i], .id = ids[i],
			.source = "vestnik/planner", .type = "vestnik.mail.job", .time_ms = 1700000000000,
			.data = data, .len = (size_t)payload};
	return messages;
}

static void number_batch(char (*ids)[32], long first)
{
	for (long i = 0; i < batch; i++)
		snprintf(ids[i], 32, "%ld.1", first + i);
}

static void publish_directly(struct bus_message *messages, char (*ids)[32])
{
	struct error e;
	start();
	for (long sent = 0; sent < total; sent += batch) {
		number_batch(ids, sent);
		must(bus_publish(bus, messages, (size_t)batch, &e), &e);
	}
	report("publish", total);
}

static void consume(const char *what, long n)
{
	struct error e;
	struct bus_consumer *consumer;
	const char *topics[] = {TOPIC, NULL};
	struct bus_consumer_options options = {.group = "bench", .topics = topics, .window = 8192};
	struct bus_message *messages = xcalloc(256, sizeof *messages);
	struct bus_token *tokens = xcalloc(256, sizeof *tokens);
	must(bus_subscribe(bus, &options, &consumer, &e), &e);
	for (long got = 0; got < n;) {
		int more = bus_poll(consumer, 1000, messages, 256, &e);
		must(more, &e);
		if (got == 0 && more > 0)
			start();
		for (int i = 0; i < more; i++)
			tokens[i] = messages[i].token;
		bus_done(consumer, tokens, (size_t)more);
		got += more;
	}
	report(what, n);
	bus_unsubscribe(&consumer);
	free(messages);
	free(tokens);
}

static bool rows_wait(void)
{
	int64_t one;
	struct error e;
	enum db_step step = db_query_int(db, &one, &e, "SELECT 1 FROM outbox LIMIT 1", "");
	must(step == DB_FAILED ? -1 : 0, &e);
	return step == DB_ROW;
}

static void publish_in_transactions(struct bus_message *messages, char (*ids)[32])
{
	struct error e;
	start();
	for (long sent = 0; sent < total; sent += batch) {
		number_batch(ids, sent);
		must(db_begin(db, DB_WRITE, &e), &e);
		must(bus_publish_all_tx(bus, db, messages, (size_t)batch, &e), &e);
		must(db_commit(db, DB_RELAXED, &e), &e);
	}
	report("outbox-insert", total);
	while (rows_wait())
		usleep(5000);
	report(db_kind(db) == DB_SQLITE ? "outbox-sqlite" : "outbox-postgres", total);
}

static void *publish_singles(void *arg)
{
	struct error e;
	struct db *tx;
	must(db_open(&tx, arg, &e), &e);
	for (int i = 0; i < LOOKS; i++) {
		usleep(3000);
		int64_t begin_us = clock_mono_us();
		struct bus_message message = {.topic = TOPIC, .id = "id", .data = &begin_us,
			.len = sizeof begin_us};
		must(db_begin(tx, DB_WRITE, &e), &e);
		must(bus_publish_tx(bus, tx, &message, &e), &e);
		must(db_commit(tx, DB_RELAXED, &e), &e);
	}
	db_close(&tx);
	return NULL;
}

static int compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

static void measure_latency(char *store)
{
	static int64_t took_us[LOOKS];
	struct error e;
	struct bus_consumer *consumer;
	struct bus_message message;
	const char *topics[] = {TOPIC, NULL};
	struct bus_consumer_options options = {.group = "bench", .topics = topics, .window = 8192};
	pthread_t thread;
	must(bus_subscribe(bus, &options, &consumer, &e), &e);
	for (int i = 0; i < 20; i++)
		must(bus_poll(consumer, 50, &message, 0, &e), &e);
	if (pthread_create(&thread, NULL, publish_singles, store) != 0)
		exit(1);
	for (int got = 0; got < LOOKS;) {
		int n = bus_poll(consumer, 5000, &message, 1, &e);
		must(n, &e);
		if (n == 0 || message.len != sizeof(int64_t))
			continue;
		int64_t begin_us;
		memcpy(&begin_us, message.data, sizeof begin_us);
		took_us[got++] = clock_mono_us() - begin_us;
		bus_done(consumer, &message.token, 1);
	}
	pthread_join(thread, NULL);
	bus_unsubscribe(&consumer);
	qsort(took_us, LOOKS, sizeof took_us[0], compare);
	printf("{\"bench\":\"kafka-latency\",\"value\":%lld,\"unit\":\"us p50\",\"p99\":%lld}\n",
		(long long)took_us[LOOKS / 2], (long long)took_us[LOOKS * 99 / 100]);
}

static void measure_looks(void)
{
	struct error e;
	struct bus_mark mark;
	int64_t lag;
	double cpu = cpu_seconds();
	int64_t begin_us = clock_mono_us();
	for (int i = 0; i < LOOKS; i++) {
		must(bus_mark(bus, TOPIC, &mark, &e), &e);
		must(bus_passed(bus, "bench", &mark, &e), &e);
	}
	printf("{\"bench\":\"kafka-mark-and-passed\",\"value\":%.0f,\"unit\":\"us\",\"cpu_us\":%.0f}\n",
		(double)(clock_mono_us() - begin_us) / LOOKS, (cpu_seconds() - cpu) * 1e6 / LOOKS);
	begin_us = clock_mono_us();
	cpu = cpu_seconds();
	for (int i = 0; i < 10 * LOOKS; i++) {
		must(bus_lag(bus, TOPIC, "bench", &lag, &e), &e);
		usleep(500);
	}
	printf("{\"bench\":\"kafka-lag-every-500-us\",\"value\":%.0f,\"unit\":\"us\",\"cpu_us\":%.1f}\n",
		(double)(clock_mono_us() - begin_us) / (10 * LOOKS) - 500, (cpu_seconds() - cpu) * 1e6 / (10 * LOOKS));
}

int main(int argc, char **argv)
{
	long *const arguments[] = {&total, &batch, &payload, &partitions};
	for (int i = 1; i < argc && i <= 4; i++)
		*arguments[i - 1] = atol(argv[i]);
	const char *given = getenv("VESTNIK_TEST_BUS"), *store_given = getenv("VESTNIK_TEST_STORE");
	if (given == NULL || strncmp(given, "kafka:", 6) != 0) {
		fprintf(stderr, "bench_kafka: skipped: tests/support/kafka.py -- build/release/bin/bench_kafka\n");
		return 0;
	}
	ident_init();
	total -= total % batch;
	char folder[] = "/tmp/bench-kafka-XXXXXX", id[IDENT_SIZE];
	if (mkdtemp(folder) == NULL)
		return 1;
	char *store = store_given != NULL ? xstrdup(store_given) : xasprintf("sqlite:%s/store.db", folder);
	char *url = xasprintf("%s/b-%s", given, ident_new(id));
	struct error e;
	struct bus_config config = {.url = url, .store_url = store, .client_id = "bench"};
	must(db_open(&db, store, &e), &e);
	must(schema_migrate(db, &e), &e);
	must(bus_open(&bus, &config, &e), &e);
	const char *const topics[] = {TOPIC, NULL};
	const struct bus_topic_wishes wishes = {.partitions = (int)partitions, .only = topics};
	struct bus_topic wanted[BUS_TOPICS_MAX];
	must(bus_admin_wanted(bus, &wishes, wanted, &e), &e);
	must(bus_admin_init(bus, wanted, 1, NULL, NULL, &e), &e);

	char (*ids)[32] = xcalloc((size_t)batch, sizeof *ids);
	char *data = xcalloc(1, (size_t)payload + 1);
	memset(data, 'x', (size_t)payload);
	struct bus_message *messages = make_batch(ids, data);
	must(bus_publish(bus, messages, 1, &e), &e); /* warm */
	publish_directly(messages, ids);
	consume("consume-done", total);
	publish_in_transactions(messages, ids);
	consume("consume-done-again", total);
	measure_looks();
	measure_latency(store);
	bus_close(&bus);
	db_close(&db);
	char *clean = xasprintf("rm -rf %s", folder);
	int rc = system(clean);
	free(clean);
	free(messages);
	free(ids);
	free(data);
	free(store);
	free(url);
	return rc != 0;
}
