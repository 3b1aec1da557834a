/* Finishing messages, in any order and from any thread. librdkafka is told the end of the
 * finished prefix and commits it by itself some times a second. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "bus/kafka_consumer.h"

static void for_tokens(struct kafka_consumer *c, const struct bus_token *tokens, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (tokens[i].generation == c->generation && tokens[i].partition >= 0 &&
			(size_t)tokens[i].partition < c->slot_count)
			watermark_done(c->slots[tokens[i].partition].mark, tokens[i].index);
}

void kafka_store_done(struct kafka_consumer *c)
{
	rd_kafka_topic_partition_list_t *list = NULL;
	for (size_t i = 0; i < c->slot_count; i++) {
		struct kafka_slot *slot = &c->slots[i];
		if (!watermark_advance(slot->mark, &slot->done) && !slot->unstored)
			continue;
		if (list == NULL)
			list = rd_kafka_topic_partition_list_new((int)c->slot_count);
		rd_kafka_topic_partition_t *one =
			rd_kafka_topic_partition_list_add(list, slot->name, slot->partition);
		one->offset = slot->done + 1;
		one->opaque = slot;
	}
	if (list == NULL)
		return;
	/* refused while a partition is being assigned, or is not ours any more: its next owner
	 * begins earlier */
	rd_kafka_offsets_store(c->rk, list);
	for (int i = 0; i < list->cnt; i++)
		((struct kafka_slot *)list->elems[i].opaque)->unstored = list->elems[i].err != 0;
	rd_kafka_topic_partition_list_destroy(list);
}

void kafka_store_again(struct kafka_consumer *c)
{
	bool any = false;
	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < c->slot_count; i++)
		any = any || c->slots[i].unstored;
	if (any)
		kafka_store_done(c);
	pthread_mutex_unlock(&c->lock);
}

static void finish(struct kafka_consumer *c, const struct bus_token *tokens, size_t n)
{
	pthread_mutex_lock(&c->lock);
	for_tokens(c, tokens, n);
	kafka_store_done(c);
	bool waiting = c->blocked;
	c->blocked = false;
	pthread_mutex_unlock(&c->lock);
	if (waiting)
		kafka_poke(c);
}

void kafka_done(struct bus_consumer *base, const struct bus_token *tokens, size_t n)
{
	finish(kafka_consumer_of(base), tokens, n);
}

int kafka_publish_then_done(struct bus_consumer *base, const struct bus_message *messages, size_t n,
	const struct bus_token *tokens, size_t tokens_n, struct error *e)
{
	struct kafka_consumer *c = kafka_consumer_of(base);
	if (n > 0 && kafka_publish(&c->bus->base, messages, n, e) < 0)
		return -1;
	finish(c, tokens, tokens_n);
	return 0;
}

rd_kafka_resp_err_t kafka_commit_now(struct kafka_consumer *c, int wait_ms)
{
	rd_kafka_resp_err_t err = 0;
	if (c->rk == NULL)
		return 0;
	pthread_mutex_lock(&c->lock);
	kafka_store_done(c);
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)c->slot_count + 1);
	for (size_t i = 0; i < c->slot_count; i++)
		if (c->slots[i].done >= 0)
			rd_kafka_topic_partition_list_add(list, c->slots[i].name, c->slots[i].partition)->offset =
				c->slots[i].done + 1;
	pthread_mutex_unlock(&c->lock);
	if (list->cnt > 0) {
		rd_kafka_queue_t *queue = rd_kafka_queue_new(c->rk);
		rd_kafka_event_t *event = NULL;
		if (rd_kafka_commit_queue(c->rk, list, queue, NULL, NULL) == 0)
			event = rd_kafka_queue_poll(queue, wait_ms);
		err = event == NULL ? RD_KAFKA_RESP_ERR__TIMED_OUT : rd_kafka_event_error(event);
		if (err != 0 && err != RD_KAFKA_RESP_ERR__NO_OFFSET)
			log_warn("bus-position-not-stored", "group=%s reason=%s", c->group, rd_kafka_err2name(err));
		if (event != NULL)
			rd_kafka_event_destroy(event);
		rd_kafka_queue_destroy(queue);
	}
	rd_kafka_topic_partition_list_destroy(list);
	return err;
}

/* ---- in a transaction of the store ---------------------------------------------------- */

static void tx_committed(void *arg)
{
	struct kafka_consumer *c = arg;
	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < c->slot_count; i++)
		watermark_done_before(c->slots[i].mark, c->slots[i].tx_end);
	kafka_store_done(c);
	pthread_mutex_unlock(&c->lock);
}

/* Between a crash after the commit and the broker's having the offset the messages come
 * again: who uses this must not mind. */
int kafka_done_tx(struct bus_consumer *base, struct db *tx, struct error *e)
{
	struct kafka_consumer *c = kafka_consumer_of(base);
	(void)e;
	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < c->slot_count; i++)
		c->slots[i].tx_end = watermark_end(c->slots[i].mark);
	pthread_mutex_unlock(&c->lock);
	db_on_commit(tx, tx_committed, c);
	return 0;
}

int kafka_rewind(struct bus_consumer *base, struct error *e)
{
	struct kafka_consumer *c = kafka_consumer_of(base);
	(void)e;
	pthread_mutex_lock(&c->lock);
	kafka_store_done(c);
	c->generation++;
	for (size_t i = 0; i < c->slot_count; i++) {
		struct kafka_slot *slot = &c->slots[i];
		int64_t oldest;
		if (watermark_oldest(slot->mark, &oldest)) {
			slot->seek_to = oldest;
			slot->next = oldest;
		}
		watermark_free(&slot->mark);
		slot->mark = watermark_new(c->window);
	}
	pthread_mutex_unlock(&c->lock);
	return 0;
}
