/* Which partitions are ours, where reading them begins, and what happens when they go.
 *
 * Where reading begins is decided here and not by auto.offset.reset: a group that never
 * read begins where it asked to, and one whose messages retention has deleted says so. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "bus/kafka_consumer.h"

/* Services finish what is on the wire in on_revoke; the group waits for them. */
#define DRAIN_SAID_MS 10000
#define REVOKE_COMMIT_MS 5000
#define SEEK_MS 2000
#define GAP_RETRY_MS 1000
#define GAPS_MAX 256

/* ---- gaps ----------------------------------------------------------------------- */

void kafka_retry_gaps(struct kafka_consumer *c)
{
	struct error e;
	if (c->gap_count == 0 || kafka_mono_ms() - c->gaps_ms < GAP_RETRY_MS)
		return;
	while (c->gap_count > 0 && kafka_gap(c->bus, &c->gaps[c->gap_count - 1], &e) == 0)
		c->gap_count--;
	c->gaps_ms = kafka_mono_ms();
	if (c->gap_count > 0)
		log_warn("bus-gap-not-written", "gaps=%zu error=%s", c->gap_count, log_quote(e.text));
}

static void note_gap(struct kafka_consumer *c, const struct kafka_slot *slot, int64_t from, int64_t to)
{
	log_error("bus-gap", "topic=%s partition=%d group=%s from=%" PRId64 " to=%" PRId64, slot->topic,
		slot->partition, c->group, from, to);
	if (c->gap_count == GAPS_MAX)
		return; /* said in the log; the store has been away for long */
	c->gaps = xrealloc(c->gaps, c->gap_count + 1, sizeof *c->gaps);
	struct bus_gap *gap = &c->gaps[c->gap_count++];
	*gap = (struct bus_gap){
		.partition = slot->partition, .from = from, .to = to, .noticed_ms = clock_now_ms()};
	snprintf(gap->topic, sizeof gap->topic, "%s", slot->topic);
	snprintf(gap->group, sizeof gap->group, "%s", c->group);
	c->gaps_ms = 0;
}

/* ---- where to begin ---------------------------------------------------------------- */

struct places {
	rd_kafka_topic_partition_list_t *committed, *low, *high;
};

static void free_places(struct places *p)
{
	rd_kafka_topic_partition_list_t **const lists[] = {&p->committed, &p->low, &p->high};
	for (int i = 0; i < 3; i++)
		if (*lists[i] != NULL)
			rd_kafka_topic_partition_list_destroy(*lists[i]);
}

static int ask_places(struct kafka_consumer *c, const rd_kafka_topic_partition_list_t *partitions,
	struct places *p, struct error *e)
{
	p->committed = rd_kafka_topic_partition_list_copy(partitions);
	p->low = rd_kafka_topic_partition_list_copy(partitions);
	p->high = rd_kafka_topic_partition_list_copy(partitions);
	if (kafka_ask_committed(c->bus, c->group, p->committed, e) < 0 ||
		kafka_ask_offsets(c->bus, p->low, RD_KAFKA_OFFSET_BEGINNING, e) < 0 ||
		kafka_ask_offsets(c->bus, p->high, RD_KAFKA_OFFSET_END, e) < 0)
		return -1;
	return 0;
}

/* at: where the group would go on, < 0 when it never read. */
static int64_t place_of(struct kafka_consumer *c, const struct kafka_slot *slot, int64_t at, int64_t low,
	int64_t high)
{
	if (at < 0)
		return c->from_end ? high : low;
	if (at < low) {
		note_gap(c, slot, at, low - 1);
		return low;
	}
	if (at > high) {
		/* The topic was made anew, or a leader without its last messages took over: what
		 * was written since has offsets that seem done. */
		log_error("bus-offset-beyond-end", "topic=%s partition=%d group=%s committed=%" PRId64
			" end=%" PRId64 " on=%" PRId64,
			slot->topic, slot->partition, c->group, at, high, low);
		return low;
	}
	return at;
}

/* ---- slots -------------------------------------------------------------------------- */

void kafka_release_slots(struct kafka_consumer *c)
{
	pthread_mutex_lock(&c->lock);
	struct kafka_slot *slots = c->slots;
	size_t n = c->slot_count;
	c->slots = NULL;
	c->slot_count = 0;
	c->generation++;
	pthread_mutex_unlock(&c->lock);
	for (size_t i = 0; i < n; i++) {
		rd_kafka_queue_io_event_enable(slots[i].queue, -1, NULL, 0);
		rd_kafka_queue_destroy(slots[i].queue);
		watermark_free(&slots[i].mark);
		free(slots[i].name);
	}
	free(slots);
}

static int topic_index(const struct kafka_consumer *c, const char *name)
{
	char ours[KAFKA_NAME_SIZE];
	for (int i = 0; i < c->topic_count; i++)
		if (strcmp(kafka_topic_name(c->bus, c->topic[i], ours), name) == 0)
			return i;
	return -1;
}

/* Before rd_kafka_assign: from the first message on they come to the slot's queue. */
static void make_slot(struct kafka_consumer *c, struct kafka_slot *slot, int topic,
	const rd_kafka_topic_partition_t *partition)
{
	static const uint64_t one = 1; /* what an eventfd takes */
	*slot = (struct kafka_slot){.topic = c->topic[topic],
		.name = xstrdup(partition->topic),
		.topic_index = topic,
		.partition = partition->partition,
		.queue = rd_kafka_queue_get_partition(c->rk, partition->topic, partition->partition),
		.mark = watermark_new(c->window),
		.next = -1,
		.done = -1,
		.seek_to = -1};
	rd_kafka_queue_forward(slot->queue, NULL);
	rd_kafka_queue_io_event_enable(slot->queue, c->fd, &one, sizeof one);
}

static void make_slots(struct kafka_consumer *c, const rd_kafka_topic_partition_list_t *partitions)
{
	struct kafka_slot *slots = xcalloc((size_t)partitions->cnt + 1, sizeof *slots);
	size_t n = 0;
	for (int topic = 0; topic < c->topic_count; topic++)
		for (int i = 0; i < partitions->cnt; i++)
			if (topic_index(c, partitions->elems[i].topic) == topic)
				make_slot(c, &slots[n++], topic, &partitions->elems[i]);
	pthread_mutex_lock(&c->lock);
	c->slots = slots;
	c->slot_count = n;
	c->generation++;
	pthread_mutex_unlock(&c->lock);
}

static int64_t offset_in(rd_kafka_topic_partition_list_t *list, const struct kafka_slot *slot)
{
	return rd_kafka_topic_partition_list_find(list, slot->name, slot->partition)->offset;
}

static void begin_where_it_ended(struct kafka_consumer *c, rd_kafka_topic_partition_list_t *partitions)
{
	struct places p = {0};
	struct error e;
	if (ask_places(c, partitions, &p, &e) == 0)
		for (size_t i = 0; i < c->slot_count; i++) {
			struct kafka_slot *slot = &c->slots[i];
			rd_kafka_topic_partition_t *one = rd_kafka_topic_partition_list_find(
				partitions, slot->name, slot->partition);
			int64_t at = offset_in(p.committed, slot);
			slot->next = one->offset = place_of(c, slot, at, offset_in(p.low, slot), offset_in(p.high, slot));
			if (at < 0) { /* stored soon: a group without a place could lose messages unnoticed */
				pthread_mutex_lock(&c->lock);
				slot->done = one->offset - 1;
				slot->unstored = true;
				pthread_mutex_unlock(&c->lock);
			}
		}
	else /* librdkafka asks for itself, again and again; a slot without a place says so */
		log_warn("kafka-offsets-not-known", "group=%s error=%s", c->group, log_quote(e.text));
	free_places(&p);
}

/* ---- rebalances ------------------------------------------------------------------------ */

static void assign(struct kafka_consumer *c, rd_kafka_topic_partition_list_t *partitions)
{
	kafka_release_slots(c);
	make_slots(c, partitions);
	begin_where_it_ended(c, partitions);
	rd_kafka_resp_err_t err = rd_kafka_assign(c->rk, partitions);
	log_info("bus-assigned", "group=%s partitions=%zu%s%s", c->group, c->slot_count,
		err == 0 ? "" : " error=", err == 0 ? "" : rd_kafka_err2name(err));
	for (size_t i = 0; i < c->slot_count && c->on_assign != NULL; i++)
		c->on_assign(c->arg, c->slots[i].topic, c->slots[i].partition);
}

static void revoke(struct kafka_consumer *c)
{
	bool lost = rd_kafka_assignment_lost(c->rk) != 0;
	int64_t begin_ms = kafka_mono_ms();
	for (size_t i = 0; i < c->slot_count && c->on_revoke != NULL && !c->closing; i++)
		c->on_revoke(c->arg, c->slots[i].topic, c->slots[i].partition, lost);
	int64_t took_ms = kafka_mono_ms() - begin_ms;
	if (took_ms > DRAIN_SAID_MS)
		log_warn("bus-revoke-took-long", "group=%s ms=%" PRId64, c->group, took_ms);
	if (!lost && !c->closing) /* who closes has just done it */
		(void)kafka_commit_now(c, REVOKE_COMMIT_MS);
	log_info("bus-revoked", "group=%s partitions=%zu lost=%d ms=%" PRId64, c->group, c->slot_count, lost,
		took_ms);
	kafka_release_slots(c);
	rd_kafka_assign(c->rk, NULL);
}

void kafka_lose_slots(struct kafka_consumer *c)
{
	for (size_t i = 0; i < c->slot_count && c->on_revoke != NULL; i++)
		c->on_revoke(c->arg, c->slots[i].topic, c->slots[i].partition, true);
	if (c->slot_count > 0)
		log_info("bus-revoked", "group=%s partitions=%zu lost=1 ms=0", c->group, c->slot_count);
	kafka_release_slots(c);
}

void kafka_on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t err,
	rd_kafka_topic_partition_list_t *partitions, void *opaque)
{
	struct kafka_client *client = opaque;
	struct kafka_consumer *c = client->consumer;
	if (err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS && !c->closing) {
		assign(c, partitions);
	} else if (err == RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS) {
		revoke(c);
	} else {
		kafka_release_slots(c);
		rd_kafka_assign(rk, NULL);
	}
}

/* ---- places lost, seeking ---------------------------------------------------------------- */

static int find_place(struct kafka_consumer *c, struct kafka_slot *slot)
{
	struct places p = {0};
	struct error e;
	rd_kafka_topic_partition_list_t *one = rd_kafka_topic_partition_list_new(1);
	rd_kafka_topic_partition_list_add(one, slot->name, slot->partition);
	int rc = ask_places(c, one, &p, &e);
	if (rc == 0) {
		int64_t at = slot->next >= 0 ? slot->next : p.committed->elems[0].offset;
		slot->next = place_of(c, slot, at, p.low->elems[0].offset, p.high->elems[0].offset);
		slot->lost_place = false;
	}
	free_places(&p);
	rd_kafka_topic_partition_list_destroy(one);
	return rc;
}

/* 2.0.2 does not fetch from a partition again whose offset was out of range, wherever it is
 * told to seek. Assigning the same once more makes it begin; tokens stay good. */
static void begin_again(struct kafka_consumer *c)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)c->slot_count);
	for (size_t i = 0; i < c->slot_count; i++) {
		struct kafka_slot *slot = &c->slots[i];
		if (slot->seek_to >= 0)
			slot->next = slot->seek_to;
		slot->seek_to = -1;
		rd_kafka_topic_partition_list_add(list, slot->name, slot->partition)->offset =
			slot->next >= 0 ? slot->next : RD_KAFKA_OFFSET_STORED;
	}
	rd_kafka_assign(c->rk, list);
	rd_kafka_topic_partition_list_destroy(list);
}

static void seek(struct kafka_consumer *c, struct kafka_slot *slot)
{
	rd_kafka_topic_t *topic = rd_kafka_topic_new(c->rk, slot->name, NULL);
	rd_kafka_resp_err_t err = rd_kafka_seek(topic, slot->partition, slot->seek_to, SEEK_MS);
	rd_kafka_topic_destroy(topic);
	if (err == 0)
		slot->seek_to = -1;
	else
		log_debug("kafka", "seek of %s/%d to %" PRId64 ": %s", slot->name, slot->partition,
			slot->seek_to, rd_kafka_err2name(err));
}

void kafka_find_places(struct kafka_consumer *c)
{
	bool found = false;
	for (size_t i = 0; i < c->slot_count; i++)
		if (c->slots[i].lost_place && find_place(c, &c->slots[i]) == 0)
			found = true;
	if (found)
		begin_again(c);
	for (size_t i = 0; i < c->slot_count; i++)
		if (c->slots[i].seek_to >= 0)
			seek(c, &c->slots[i]);
}
