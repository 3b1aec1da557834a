/* Reading without a group: a client of its own for each call, since it is people who
 * browse. */
#include <stdlib.h>

#include "bus/bus_kafka.h"

#define READ_MS 1000
/* Without anything new although there should be. */
#define PATIENCE_MS 10000

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
			bool at_end = record != NULL && record->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
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

int kafka_browse(struct bus *base, const char *topic, int32_t partition, int64_t offset, int max,
	int (*each)(void *arg, const struct bus_message *message), void *arg, struct error *e)
{
	static const char *const own[] = {"enable.partition.eof", "true", "auto.offset.reset", "earliest",
		"enable.auto.commit", "false", "fetch.wait.max.ms", "20", NULL};
	struct browsing b = {.bus = kafka_bus_of(base), .topic = topic, .partition = partition};
	struct kafka_client client = {.bus = b.bus};
	char name[KAFKA_NAME_SIZE];
	int partitions = kafka_topic_partitions(b.bus, topic, KAFKA_ASK_MS, e);
	if (partitions < 0)
		return -1;
	if (partition < 0 || partition >= partitions || max <= 0)
		return 0;
	if (find_range(&b, kafka_topic_name(b.bus, topic, name), offset < 0 ? 0 : offset, e) < 0)
		return -1;
	if (b.next >= b.end)
		return 0;
	rd_kafka_conf_t *conf = kafka_conf(b.bus, &client, NULL, own, e);
	rd_kafka_t *rk = conf == NULL ? NULL : kafka_client_new(RD_KAFKA_CONSUMER, conf, e);
	if (rk == NULL)
		return -1;
	int rc = -1;
	b.handle = rd_kafka_topic_new(rk, name, NULL);
	if (rd_kafka_consume_start(b.handle, partition, b.next) == 0) {
		rc = read_on(&b, max, each, arg, e);
		rd_kafka_consume_stop(b.handle, partition);
	} else {
		kafka_error(b.bus, rd_kafka_last_error(), topic, e);
	}
	rd_kafka_topic_destroy(b.handle);
	rd_kafka_destroy(rk);
	return rc;
}
