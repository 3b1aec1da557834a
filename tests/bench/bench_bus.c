/* What a message costs on the bus: published in batches by one thread, read and
 * finished by another, trimmed and checkpointed by the maintenance thread; and
 * how long a single one takes on an idle bus, from begin to poll. Two JSON
 * lines. usage: bench_bus [messages] [batch] [payload bytes] */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "bus/bus.h"
#include "store/maintenance.h"

#define TOPIC "bench.bus"

static long total = 300000, batch = 100, payload = 48;
static char *store_url;
static struct bus *bus;

static void must(int rc, const struct error *e)
{
	if (rc < 0) {
		fprintf(stderr, "bench_bus: %s\n", e->text);
		exit(1);
	}
}

static void *publish(void *arg)
{
	(void)arg;
	struct error e;
	struct db *db;
	char *data = xcalloc(1, (size_t)payload + 1);
	memset(data, 'x', (size_t)payload);
	must(db_open(&db, store_url, &e), &e);
	for (long sent = 0; sent < total; sent += batch) {
		must(db_begin(db, DB_WRITE, &e), &e);
		for (long i = sent; i < sent + batch && i < total; i++) {
			char id[32];
			snprintf(id, sizeof id, "%ld.1", i);
			struct bus_message message = {.topic = TOPIC, .key = id, .id = id,
				.source = "vestnik/planner", .type = "vestnik.mail.job",
				.time_ms = 1700000000000, .data = data, .len = (size_t)payload};
			must(bus_publish_tx(bus, db, &message, &e), &e);
		}
		must(db_commit(db, DB_RELAXED, &e), &e);
	}
	db_close(&db);
	free(data);
	return NULL;
}

static double cpu_seconds(void)
{
	struct rusage use;
	getrusage(RUSAGE_SELF, &use);
	return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
	       (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

static void consume(struct bus_consumer *consumer)
{
	struct error e;
	struct bus_message *messages = xcalloc(256, sizeof *messages);
	struct bus_token *tokens = xcalloc(256, sizeof *tokens);
	for (long got = 0; got < total;) {
		int n = bus_poll(consumer, 1000, messages, 256, &e);
		must(n, &e);
		for (int i = 0; i < n; i++)
			tokens[i] = messages[i].token;
		bus_done(consumer, tokens, (size_t)n);
		got += n;
	}
	free(messages);
	free(tokens);
}

#define SINGLES 1000

static void *publish_singles(void *arg)
{
	(void)arg;
	struct error e;
	struct db *db;
	must(db_open(&db, store_url, &e), &e);
	for (int i = 0; i < SINGLES; i++) {
		usleep(2000); /* the consumer waits */
		int64_t begin_us = clock_mono_us();
		struct bus_message message = {.topic = TOPIC, .id = "id", .data = &begin_us,
			.len = sizeof begin_us};
		must(db_begin(db, DB_WRITE, &e), &e);
		must(bus_publish_tx(bus, db, &message, &e), &e);
		must(db_commit(db, DB_RELAXED, &e), &e);
	}
	db_close(&db);
	return NULL;
}

static int compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

static void measure_latency(struct bus_consumer *consumer)
{
	static int64_t took_us[SINGLES];
	struct error e;
	struct bus_message message;
	pthread_t thread;
	if (pthread_create(&thread, NULL, publish_singles, NULL) != 0)
		exit(1);
	for (int got = 0; got < SINGLES;) {
		int n = bus_poll(consumer, 5000, &message, 1, &e);
		must(n, &e);
		if (n == 0)
			continue;
		int64_t begin_us;
		memcpy(&begin_us, message.data, sizeof begin_us);
		took_us[got++] = clock_mono_us() - begin_us;
		bus_done(consumer, &message.token, 1);
	}
	pthread_join(thread, NULL);
	qsort(took_us, SINGLES, sizeof took_us[0], compare);
	printf("{\"bench\":\"bus-latency\",\"value\":%lld,\"unit\":\"us p50\",\"p99\":%lld,"
	       "\"max\":%lld}\n",
		(long long)took_us[SINGLES / 2], (long long)took_us[SINGLES * 99 / 100],
		(long long)took_us[SINGLES - 1]);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		total = atol(argv[1]);
	if (argc > 2)
		batch = atol(argv[2]);
	if (argc > 3)
		payload = atol(argv[3]);
	char folder[] = "/tmp/bench-bus-XXXXXX";
	if (mkdtemp(folder) == NULL)
		return 1;
	store_url = xasprintf("sqlite:%s/store.db", folder);

	struct error e;
	struct maintenance *maintenance;
	struct maintenance_chore trim = {"trim", 200, bus_trim, NULL};
	struct bus_config config = {.url = "embedded", .store_url = store_url, .client_id = "bench"};
	must(bus_open(&bus, &config, &e), &e);
	must(maintenance_start(&maintenance, store_url, &trim, 1, &e), &e);
	struct bus_consumer *consumer;
	const char *topics[] = {TOPIC, NULL};
	struct bus_consumer_options options = {.group = "bench", .topics = topics, .window = 1024};
	must(bus_subscribe(bus, &options, &consumer, &e), &e);

	double cpu = cpu_seconds();
	int64_t start_us = clock_mono_us();
	pthread_t thread;
	if (pthread_create(&thread, NULL, publish, NULL) != 0)
		return 1;
	consume(consumer);
	pthread_join(thread, NULL);
	double seconds = (double)(clock_mono_us() - start_us) / 1e6;
	cpu = cpu_seconds() - cpu;
	printf("{\"bench\":\"bus\",\"value\":%.0f,\"unit\":\"messages/s\",\"messages\":%ld,"
	       "\"batch\":%ld,\"bytes\":%ld,\"cpu_us_per_message\":%.2f}\n",
		(double)total / seconds, total, batch, payload, cpu * 1e6 / (double)total);

	measure_latency(consumer);
	bus_unsubscribe(&consumer);
	maintenance_stop(&maintenance);
	bus_close(&bus);
	char *clean = xasprintf("rm -rf %s", folder);
	int rc = system(clean);
	free(clean);
	free(store_url);
	return rc != 0;
}
