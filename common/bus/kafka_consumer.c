/* Consuming from Kafka: subscribing and polling. One thread polls; any thread may finish
 * messages (kafka_done.c). */
#include "bus/kafka_consumer.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/lang.h"
#include "base/log.h"
#include "base/xalloc.h"

/* Without a name of its own a process is replaced soon after its death; with one, its
 * partitions wait for its restart. */
#define SESSION_MS "10000"
#define STATIC_SESSION_MS "30000"
/* A member that does not poll as long as this is out; more than a store is waited for. */
#define POLL_INTERVAL_MS "120000"
/* bus_passed looks at what is committed. */
#define COMMIT_EVERY_MS "200"
/* Of each partition. Beyond it 2.0.2 fetches once a second only: far above what a window
 * takes in that time. */
#define QUEUED_KBYTES "4096"
#define SLOW_POLL_MS 1000
/* The coordinator may be gone: 2.0.2 would wait for the session's end. */
#define CLOSE_MS 5000
#define LAST_COMMIT_MS 3000
/* Giving up so often within that time is somebody else's doing. */
#define GIVEN_UP_MOST 3
#define GIVEN_UP_WINDOW_MS 60000

/* ---- subscribe ------------------------------------------------------------------ */

static rd_kafka_t *make_client(struct kafka_consumer *c, struct error *e)
{
	const char *instance = c->bus->instance;
	const char *const defaults[] = {"session.timeout.ms",
		instance == NULL ? SESSION_MS : STATIC_SESSION_MS, "heartbeat.interval.ms", "1000",
		"max.poll.interval.ms", POLL_INTERVAL_MS, "auto.commit.interval.ms", COMMIT_EVERY_MS,
		"queued.max.messages.kbytes", QUEUED_KBYTES, "fetch.wait.max.ms", "100",
		"fetch.error.backoff.ms", "200", NULL};
	char group[KAFKA_NAME_SIZE], member[256] = "";
	kafka_group_name(c->bus, c->group, group);
	/* two lanes of a process are two members */
	if (instance != NULL)
		snprintf(member, sizeof member, "%.60s.%.60s.%.60s", c->bus->client_id, instance, c->topic[0]);
	const char *const own[] = {"group.id", group, "enable.auto.commit", "true",
		"enable.auto.offset.store", "false", "auto.offset.reset", "error",
		"partition.assignment.strategy", "range", "isolation.level", "read_committed",
		instance == NULL ? NULL : "group.instance.id", member, NULL};
	rd_kafka_conf_t *conf = kafka_conf(c->bus, &c->client, defaults, own, e);
	if (conf == NULL)
		return NULL;
	rd_kafka_conf_set_rebalance_cb(conf, kafka_on_rebalance);
	return kafka_client_new(RD_KAFKA_CONSUMER, conf, e);
}

static void news_to_fd(rd_kafka_queue_t *queue, int fd)
{
	static const uint64_t one = 1; /* what an eventfd takes */
	rd_kafka_queue_io_event_enable(queue, fd, &one, sizeof one);
}

static int join(struct kafka_consumer *c, struct error *e)
{
	char name[KAFKA_NAME_SIZE];
	for (int i = 0; i < c->topic_count; i++)
		if (kafka_topic_partitions(c->bus, c->topic[i], KAFKA_ASK_MS, NULL) == 0)
			return kafka_no_topic(c->bus, c->topic[i], e);
	c->rk = make_client(c, e);
	if (c->rk == NULL)
		return -1;
	rd_kafka_poll_set_consumer(c->rk);
	c->events = rd_kafka_queue_get_consumer(c->rk);
	news_to_fd(c->events, c->fd);
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(c->topic_count);
	for (int i = 0; i < c->topic_count; i++)
		rd_kafka_topic_partition_list_add(
			list, kafka_topic_name(c->bus, c->topic[i], name), RD_KAFKA_PARTITION_UA);
	rd_kafka_resp_err_t err = rd_kafka_subscribe(c->rk, list);
	rd_kafka_topic_partition_list_destroy(list);
	return err == 0 ? 0 : kafka_error(c->bus, err, "subscribing", e);
}

static void drop_client(struct kafka_consumer *c)
{
	if (c->rk == NULL)
		return;
	if (c->events != NULL) {
		news_to_fd(c->events, -1);
		rd_kafka_queue_destroy(c->events);
	}
	c->events = NULL;
	rd_kafka_destroy_flags(c->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
	c->rk = NULL;
}

/* librdkafka has given the client up for good. Most often nobody else has our name: after an
 * absence of the brokers longer than the session 2.0.2 commits once more as the member it was, and
 * takes the refusal as final. A new client takes the name over. Should that happen again and again,
 * another process does have it, and there is no use in pushing each other off. */
static int join_again(struct kafka_consumer *c, struct error *e)
{
	int64_t now_ms = kafka_mono_ms();
	if (atomic_load(&c->client.fatal)) {
		if (now_ms - c->given_up_ms > GIVEN_UP_WINDOW_MS)
			c->given_up = 0;
		if (c->given_up++ == 0)
			c->given_up_ms = now_ms;
		log_warn("kafka-joins-again", "group=%s times=%d", c->group, c->given_up);
	}
	kafka_lose_slots(c);
	drop_client(c);
	if (c->given_up > GIVEN_UP_MOST) {
		error_set(e, ERROR_LOST, "%s",
			tr("Kafka has expelled this consumer: another process has the same instance name",
				"Kafka исключила этого читателя: другой процесс носит то же имя"));
		e->fatal = true;
		return -1;
	}
	atomic_store(&c->client.fatal, false);
	if (join(c, e) == 0)
		return 0;
	drop_client(c); /* the next poll tries again */
	e->retriable = true;
	return -1;
}

/* Everything but the client. */
static void release(struct kafka_consumer *c)
{
	arena_fini(&c->arena);
	for (int i = 0; i < c->topic_count; i++)
		free(c->topic[i]);
	if (c->fd >= 0)
		close(c->fd);
	pthread_mutex_destroy(&c->lock);
	free(c->gaps);
	free(c->group);
	free(c);
}

/* The callbacks of a close come from the queue given to it. */
static bool close_client(struct kafka_consumer *c)
{
	rd_kafka_queue_t *queue = rd_kafka_queue_new(c->rk);
	int64_t until = kafka_mono_ms() + CLOSE_MS;
	rd_kafka_error_t *error = rd_kafka_consumer_close_queue(c->rk, queue);
	bool closed = error != NULL; /* closed before */
	rd_kafka_error_destroy(error);
	while (!closed && kafka_mono_ms() < until) {
		rd_kafka_queue_poll_callback(queue, 50);
		closed = rd_kafka_consumer_closed(c->rk) != 0;
	}
	rd_kafka_queue_destroy(queue);
	return closed;
}

static void leave(struct kafka_consumer *c)
{
	if (c->rk == NULL)
		return;
	c->closing = true;
	news_to_fd(c->events, -1);
	rd_kafka_queue_destroy(c->events);
	bool closed = close_client(c);
	kafka_release_slots(c);
	if (!closed)
		log_warn("kafka-close-cut-short", "group=%s", c->group);
	rd_kafka_destroy_flags(c->rk, closed ? 0 : RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

/* The group has dealt our partitions out again, as after a process stood still: there is nothing to
 * give back. 2.0.2 can end a group whose member it does not know any more while it has the revocation
 * called back, and then never answers the rd_kafka_assign made there. */
static bool expelled(rd_kafka_resp_err_t err)
{
	return err == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID || err == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION ||
		err == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID;
}

void kafka_unsubscribe(struct bus_consumer *base)
{
	struct kafka_consumer *c = kafka_consumer_of(base);
	kafka_retry_gaps(c);
	if (expelled(kafka_commit_now(c, LAST_COMMIT_MS))) {
		log_info("bus-expelled", "group=%s partitions=%zu", c->group, c->slot_count);
		kafka_release_slots(c);
		drop_client(c);
	}
	leave(c);
	release(c);
}

int kafka_subscribe(struct bus *base, const struct bus_consumer_options *options,
	struct bus_consumer **out, struct error *e)
{
	struct kafka_consumer *c = xcalloc(1, sizeof *c);
	c->base.ops = base->ops;
	c->bus = kafka_bus_of(base);
	c->client.bus = c->bus;
	c->client.consumer = c;
	c->group = xstrdup(options->group);
	c->window = options->window;
	c->from_end = options->from_end;
	c->on_assign = options->on_assign;
	c->on_revoke = options->on_revoke;
	c->arg = options->arg;
	c->generation = 1;
	pthread_mutex_init(&c->lock, NULL);
	c->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (c->fd < 0) {
		error_errno(e, "eventfd");
		goto out;
	}
	for (; options->topics[c->topic_count] != NULL; c->topic_count++) {
		if (c->topic_count == KAFKA_TOPICS_MAX) {
			error_set(e, ERROR_INPUT, "at most %d topics a consumer", KAFKA_TOPICS_MAX);
			goto out;
		}
		c->topic[c->topic_count] = xstrdup(options->topics[c->topic_count]);
	}
	for (int i = 0; c->from_end && i < c->topic_count; i++)
		if (kafka_register_at_end(c->bus, c->group, c->topic[i], e) < 0)
			goto out;
	if (join(c, e) < 0)
		goto out;
	kafka_outbox_start(c->bus->outbox); /* a service: it adopts what dead ones left */
	*out = &c->base;
	return 0;
out:
	leave(c);
	release(c);
	return -1;
}

/* ---- poll ------------------------------------------------------------------------- */

static void note_trouble(struct kafka_consumer *c, rd_kafka_resp_err_t err, const char *what)
{
	c->has_trouble = true;
	kafka_error(c->bus, err, what, &c->trouble);
	if (c->trouble.code == ERROR_NOT_FOUND || c->trouble.code == ERROR_DENIED)
		c->trouble.retriable = true; /* somebody may set it right meanwhile */
}

/* What comes in place of a message. */
static void take_error(struct kafka_consumer *c, struct kafka_slot *slot, const rd_kafka_message_t *record)
{
	const char *why = rd_kafka_message_errstr(record);
	switch (record->err) {
	case RD_KAFKA_RESP_ERR__PARTITION_EOF:
		return;
	case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
	case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
		if (slot != NULL)
			slot->lost_place = true;
		return;
	case RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED:
		log_warn("kafka-polled-too-late", "group=%s text=%s", c->group, log_quote(why));
		return;
	case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
	case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
	case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
		note_trouble(c, record->err, why == NULL ? c->group : why);
		return;
	case RD_KAFKA_RESP_ERR__FATAL:
		log_error("kafka-fatal", "group=%s text=%s", c->group, log_quote(why));
		atomic_store(&c->client.fatal, true);
		return;
	default:
		log_debug("kafka", "group=%s text=%s", c->group, log_quote(why));
	}
}

static struct kafka_slot *slot_of(struct kafka_consumer *c, const rd_kafka_message_t *record)
{
	for (size_t i = 0; record->rkt != NULL && i < c->slot_count; i++)
		if (c->slots[i].partition == record->partition &&
			strcmp(c->slots[i].name, rd_kafka_topic_name(record->rkt)) == 0)
			return &c->slots[i];
	return NULL;
}

/* Rebalances and errors. A message does not come this way: its partition has a queue of its
 * own; should one do so, it is read again. */
static void serve_events(struct kafka_consumer *c)
{
	rd_kafka_message_t *record;
	while ((record = rd_kafka_consumer_poll(c->rk, 0)) != NULL) {
		struct kafka_slot *slot = slot_of(c, record);
		if (record->err != 0)
			take_error(c, slot, record);
		else if (slot != NULL && record->offset >= slot->next && slot->seek_to < 0)
			slot->seek_to = slot->next >= 0 ? slot->next : record->offset;
		rd_kafka_message_destroy(record);
	}
}

static size_t room_of(struct kafka_consumer *c, struct kafka_slot *slot)
{
	pthread_mutex_lock(&c->lock);
	size_t room = c->window - watermark_pending(slot->mark);
	if (room == 0)
		c->blocked = true;
	pthread_mutex_unlock(&c->lock);
	return room;
}

static void hand_out(struct kafka_consumer *c, size_t index, struct bus_message *out, size_t n)
{
	struct kafka_slot *slot = &c->slots[index];
	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < n; i++)
		out[i].token = (struct bus_token){
			.partition = (int32_t)index,
			.generation = c->generation,
			.index = watermark_push(slot->mark, out[i].offset),
		};
	pthread_mutex_unlock(&c->lock);
	slot->next = out[n - 1].offset + 1;
}

static size_t read_slot(struct kafka_consumer *c, size_t index, struct bus_message *out, size_t max)
{
	struct kafka_slot *slot = &c->slots[index];
	rd_kafka_message_t *record;
	int64_t next = slot->next;
	size_t n = 0;
	while (n < max && c->arena.bytes < ARENA_POLL_MAX_BYTES && !slot->lost_place &&
		(record = rd_kafka_consume_queue(slot->queue, 0)) != NULL) {
		if (record->err != 0) {
			take_error(c, slot, record);
		} else if (record->offset >= next) { /* else: fetched again */
			next = record->offset + 1;
			kafka_message_read(record, slot->topic, &c->arena, &out[n++]);
		}
		rd_kafka_message_destroy(record);
	}
	if (n > 0)
		hand_out(c, index, out, n);
	return n;
}

static size_t fetch(struct kafka_consumer *c, struct bus_message *out, size_t max)
{
	size_t n = 0;
	c->turn++;
	for (int topic = 0; topic < c->topic_count; topic++)
		for (size_t i = 0; i < c->slot_count && n < max; i++) {
			size_t index = (i + c->turn) % c->slot_count;
			struct kafka_slot *slot = &c->slots[index];
			if (slot->topic_index != topic || slot->seek_to >= 0)
				continue;
			size_t room = room_of(c, slot);
			n += read_slot(c, index, out + n, room < max - n ? room : max - n);
		}
	if (n > 0)
		kafka_say_back(c->bus);
	return n;
}

static void wait_for_news(struct kafka_consumer *c, int64_t wait_ms)
{
	struct pollfd wait = {.fd = c->fd, .events = POLLIN};
	(void)poll(&wait, 1, (int)wait_ms);
}

/* Before the look: what comes after it ends the next wait. */
static void forget_news(struct kafka_consumer *c)
{
	uint64_t count;
	if (read(c->fd, &count, sizeof count) < 0) { /* there were none */
	}
}

int kafka_poll(struct bus_consumer *base, int timeout_ms, struct bus_message *out, size_t max,
	struct error *e)
{
	struct kafka_consumer *c = kafka_consumer_of(base);
	int64_t end_ms = kafka_mono_ms() + timeout_ms;
	struct error why;
	arena_reset(&c->arena);
	for (;;) {
		forget_news(c);
		if (c->rk != NULL)
			serve_events(c);
		if ((c->rk == NULL || atomic_load(&c->client.fatal)) && join_again(c, &why) < 0) {
			if (e != NULL)
				*e = why;
			return -1;
		}
		kafka_retry_gaps(c);
		kafka_find_places(c);
		kafka_store_again(c);
		size_t n = fetch(c, out, max);
		if (n > 0)
			return (int)n;
		if (c->has_trouble) {
			c->has_trouble = false;
			if (e != NULL)
				*e = c->trouble;
			return -1;
		}
		int64_t left_ms = end_ms - kafka_mono_ms();
		if (atomic_exchange(&c->interrupted, false) || left_ms <= 0)
			return 0;
		wait_for_news(c, left_ms < SLOW_POLL_MS ? left_ms : SLOW_POLL_MS);
	}
}

void kafka_poke(struct kafka_consumer *c)
{
	int saved = errno;
	uint64_t one = 1;
	if (write(c->fd, &one, sizeof one) < 0) { /* full: it wakes all the same */
	}
	errno = saved;
}

void kafka_interrupt(struct bus_consumer *base)
{
	struct kafka_consumer *c = kafka_consumer_of(base);
	atomic_store(&c->interrupted, true);
	kafka_poke(c);
}
