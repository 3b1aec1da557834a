/* Reading without a group: a client of its own for each call, since it is people who
 * browse; who follows a topic keeps it between the calls. */
#include <stdlib.h>

#include "base/xalloc.h"
#include "bus/bus_kafka.h"

#define READ_MS 1000
/* Without anything new although there should be. */
#define PATIENCE_MS 10000

struct bus_browser {
	struct kafka_client client; /* opaque of rk */
	rd_kafka_t *rk;
	rd_kafka_topic_t *handle;
	bool started[BUS_PARTITIONS_MAX];
	int64_t at[BUS_PARTITIONS_MAX]; /* what rd_kafka_consume gives next */
};

struct browsing {
	struct kafka_bus *bus;
	const char *topic;
	int32_t partition;
	rd_kafka_topic_t *handle;
	int64_t next, end;
};

/* Where to begin and where it ends; next >= end when there is nothing. */
static int find_range(struct browsing *b, const char *name, int64_t offset, struct error *e)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_list_add(list, name, b->partition);
	int rc = kafka_ask_offsets(b->bus, list, RD_KAFKA_OFFSET_BEGINNING, e);
	b->next = list->elems[0].offset > offset ? list->elems[0].offset : offset;
	if (rc == 0)
		rc = kafka_ask_offsets(b->bus, list, RD_KAFKA_OFFSET_END, e);
	b->end = list->elems[0].offset;
	rd_kafka_topic_partition_list_destroy(list);
	return rc;
}

/* How many were given to each(), -1 on an error. */
static int read_on(struct browsing *b, int max, int (*each)(void *arg, const struct bus_message *message),
	void *arg, struct error *e)
{
	struct arena arena = {0};
	int64_t until = kafka_mono_ms() + PATIENCE_MS;
	int given = 0, rc = 0;
	while (rc == 0 && given < max && b->next < b->end) {
		struct bus_message message;
		rd_kafka_message_t *record = rd_kafka_consume(b->handle, b->partition, READ_MS);
		if (record == NULL || record->err != 0) {
			/* the end comes before `end` when the last are marks of a transaction */
			/* one that says where we stand is of the call before: more has come since */
			bool at_end = record != NULL && record->err == RD_KAFKA_RESP_ERR__PARTITION_EOF &&
				record->offset != b->next;
			if (record != NULL)
				rd_kafka_message_destroy(record);
			if (at_end)
				break;
			if (kafka_mono_ms() > until)
				rc = kafka_error(b->bus, RD_KAFKA_RESP_ERR__TIMED_OUT, b->topic, e);
			continue;
		}
		arena_reset(&arena);
		kafka_message_read(record, b->topic, &arena, &message);
		b->next = record->offset + 1;
		rd_kafka_message_destroy(record);
		given++;
		if (each(arg, &message) != 0)
			break;
		until = kafka_mono_ms() + PATIENCE_MS;
	}
	arena_fini(&arena);
	return rc < 0 ? -1 : given;
}

static struct bus_browser *open_browser(struct kafka_bus *bus, const char *name, struct error *e)
{
	/* what is fetched ahead stays small: people look at it */
	static const char *const own[] = {"enable.partition.eof", "true", "auto.offset.reset", "earliest",
		"enable.auto.commit", "false", "fetch.wait.max.ms", "20", "queued.max.messages.kbytes", "1024", NULL};
	struct bus_browser *browser = xcalloc(1, sizeof *browser);
	browser->client.bus = bus;
	rd_kafka_conf_t *conf = kafka_conf(bus, &browser->client, NULL, own, e);
	browser->rk = conf == NULL ? NULL : kafka_client_new(RD_KAFKA_CONSUMER, conf, e);
	if (browser->rk == NULL) {
		free(browser);
		return NULL;
	}
	browser->handle = rd_kafka_topic_new(browser->rk, name, NULL);
	return browser;
}

void kafka_browse_end(struct bus *bus, struct bus_browser **open)
{
	struct bus_browser *browser = *open;
	(void)bus;
	*open = NULL;
	for (int32_t p = 0; p < BUS_PARTITIONS_MAX; p++)
		if (browser->started[p])
			rd_kafka_consume_stop(browser->handle, p);
	rd_kafka_topic_destroy(browser->handle);
	rd_kafka_destroy(browser->rk);
	free(browser);
}

/* From where it stopped last time it just goes on. */
static int go_to(struct bus_browser *browser, struct browsing *b, struct error *e)
{
	int32_t p = b->partition;
	b->handle = browser->handle;
	if (browser->started[p] && browser->at[p] == b->next)
		return 0;
	if (browser->started[p])
		rd_kafka_consume_stop(browser->handle, p);
	browser->started[p] = rd_kafka_consume_start(browser->handle, p, b->next) == 0;
	return browser->started[p] ? 0 : kafka_error(b->bus, rd_kafka_last_error(), b->topic, e);
}

int kafka_browse(struct bus *base, struct bus_browser **open, const char *topic, int32_t partition, int64_t offset,
	int max, int (*each)(void *arg, const struct bus_message *message), void *arg, struct error *e)
{
	struct browsing b = {.bus = kafka_bus_of(base), .topic = topic, .partition = partition};
	struct bus_browser *own = NULL, **kept = open != NULL ? open : &own;
	char name[KAFKA_NAME_SIZE];
	int partitions = kafka_topic_partitions(b.bus, topic, KAFKA_ASK_MS, e);
	if (partitions < 0)
		return -1;
	if (partition < 0 || partition >= partitions || partition >= BUS_PARTITIONS_MAX || max <= 0)
		return 0;
	if (find_range(&b, kafka_topic_name(b.bus, topic, name), offset < 0 ? 0 : offset, e) < 0)
		return -1;
	if (b.next >= b.end)
		return 0;
	if (*kept == NULL)
		*kept = open_browser(b.bus, name, e);
	if (*kept == NULL)
		return -1;
	int rc = go_to(*kept, &b, e);
	if (rc == 0) {
		rc = read_on(&b, max, each, arg, e);
		(*kept)->at[partition] = b.next;
	}
	if (open == NULL || rc < 0)
		kafka_browse_end(base, kept);
	return rc;
}
