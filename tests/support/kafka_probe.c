/* usage: kafka_probe URL   (until standard input ends)
 * Publishes numbers on a topic of three partitions, directly and in transactions, reads
 * them and finishes them; prints "read N" every 1,000 and at the end
 * "result published=… read=… lost=… doubled=… errors=…". Exit code 1 when any is lost. */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/ident.h"
#include "base/xalloc.h"
#include "bus/bus_admin.h"
#include "store/schema.h"

#define TOPIC "probe.numbers"
#define MOST 2000000
#define BATCH 20
#define PAUSE_US 10000
#define DRAIN_MS 90000
#define READ_MAX 256

static struct bus *bus;
static char *store;
static atomic_bool stop;
static atomic_int next_number, errors;
static unsigned char published[MOST], seen[MOST]; /* each written by one thread */

static void must(int rc, const struct error *e)
{
	if (rc < 0) {
		fprintf(stderr, "kafka_probe: %s\n", e->text);
		exit(3);
	}
}

/* A batch that failed is repeated, as every service does. */
static void *publish(void *arg)
{
	bool in_transaction = *(bool *)arg;
	struct db *db;
	struct error e;
	must(db_open(&db, store, &e), &e);
	while (!atomic_load(&stop)) {
		struct bus_message messages[BATCH];
		char text[BATCH][16];
		int first = atomic_fetch_add(&next_number, BATCH), rc;
		if (first + BATCH > MOST)
			break;
		for (int i = 0; i < BATCH; i++) {
			snprintf(text[i], sizeof text[i], "%d", first + i);
			messages[i] = (struct bus_message){.topic = TOPIC, .key = text[i], .id = text[i],
				.source = "probe", .type = "probe.number", .data = text[i], .len = strlen(text[i])};
		}
		do {
			rc = in_transaction ? db_begin(db, DB_WRITE, &e) : bus_publish(bus, messages, BATCH, &e);
			for (int i = 0; in_transaction && rc == 0 && i < BATCH; i++)
				rc = bus_publish_tx(bus, db, &messages[i], &e);
			if (in_transaction && rc == 0)
				rc = db_commit(db, DB_RELAXED, &e);
			db_rollback(db);
			if (rc < 0)
				atomic_fetch_add(&errors, 1);
		} while (rc < 0);
		memset(published + first, 1, BATCH);
		usleep(PAUSE_US);
	}
	db_close(&db);
	return NULL;
}

static bool input_ended(void)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
	return poll(&in, 1, 0) > 0;
}

static void make_topic(void)
{
	static const char *const topics[] = {TOPIC, NULL};
	const struct bus_topic_wishes wishes = {.partitions = 3, .only = topics};
	struct bus_topic wanted[BUS_TOPICS_MAX];
	struct error e;
	must(bus_admin_wanted(bus, &wishes, wanted, &e), &e);
	must(bus_admin_init(bus, wanted, 1, NULL, NULL, &e), &e);
}

static int count_lost(int end)
{
	int lost = 0;
	for (int i = 0; i < end; i++)
		lost += published[i] && !seen[i];
	return lost;
}

int main(int argc, char **argv)
{
	static const char *const topics[] = {TOPIC, NULL};
	static const struct bus_consumer_options options = {.group = "probe", .topics = topics, .window = 4096};
	char folder[] = "/tmp/kafka-probe-XXXXXX";
	bool direct = false, outbox = true;
	pthread_t writer[2];
	struct bus_consumer *consumer;
	struct bus_message messages[READ_MAX];
	struct error e;
	int read = 0, doubled = 0, lost = 0;
	int64_t until_ms = 0;
	if (argc != 2 || mkdtemp(folder) == NULL)
		return 2;
	ident_init();
	store = xasprintf("sqlite:%s/store.db", folder);
	struct db *db;
	must(db_open(&db, store, &e), &e);
	must(schema_migrate(db, &e), &e);
	const struct bus_config config = {.url = argv[1], .store_url = store, .client_id = "probe"};
	must(bus_open(&bus, &config, &e), &e);
	make_topic();
	must(bus_subscribe(bus, &options, &consumer, &e), &e);
	pthread_create(&writer[0], NULL, publish, &direct);
	pthread_create(&writer[1], NULL, publish, &outbox);
	for (;;) {
		int n = bus_poll(consumer, 200, messages, READ_MAX, &e);
		if (n < 0 && !e.retriable)
			must(n, &e);
		for (int i = 0; i < n; i++) {
			int number = atoi(messages[i].data);
			doubled += seen[number];
			read += !seen[number];
			seen[number] = 1;
			bus_done(consumer, &messages[i].token, 1);
			if (read % 1000 == 0 && read > 0) {
				printf("read %d\n", read);
				fflush(stdout);
			}
		}
		if (until_ms == 0 && input_ended()) {
			atomic_store(&stop, true);
			pthread_join(writer[0], NULL);
			pthread_join(writer[1], NULL);
			until_ms = clock_mono_ms() + DRAIN_MS;
		}
		if (until_ms == 0)
			continue;
		lost = count_lost(atomic_load(&next_number));
		if (lost == 0 || clock_mono_ms() > until_ms)
			break;
	}
	printf("result published=%d read=%d lost=%d doubled=%d errors=%d\n", read + lost, read, lost, doubled,
		atomic_load(&errors));
	fflush(stdout);
	bus_unsubscribe(&consumer);
	bus_close(&bus);
	db_close(&db);
	char *clean = xasprintf("rm -rf %s", folder);
	int rc = system(clean);
	free(clean);
	free(store);
	return lost > 0 || rc != 0;
}
