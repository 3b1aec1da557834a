/* The producer all threads of a bus share. Whoever sends waits for the reports of all
 * its messages; a thread serves them. librdkafka bounds the wait (message.timeout.ms).
 *
 * After a fatal error (2.0.2 has some of its own making: a sequence number out of step
 * after a disconnect) the client is replaced: what was on its way is reported as failed,
 * and its senders repeat it. It may then be there twice. */
#include <stdlib.h>
#include <string.h>

#include "base/lang.h"
#include "base/log.h"
#include "base/wait.h"
#include "base/xalloc.h"
#include "bus/bus_kafka.h"

/* Longer than a broker takes to be given up by the others (9 s) and a leader to be found. */
#define MESSAGE_TIMEOUT_MS "30000"
/* Gathers what several threads send; longer, and a small window makes it the rate. */
#define LINGER_MS "1"
#define SERVE_MS 200
#define QUEUE_FULL_WAIT_MS 5
/* Who waits for reports sees to its other business so often. */
#define MEANWHILE_MS 500
#define CLOSE_MS 5000
#define INTRODUCE_MS 2000

/* A topic something was sent to. */
struct topic {
	char name[BUS_NAME_MAX + 1];
	rd_kafka_topic_t *handle;
	struct topic *next;
};

struct kafka_producer {
	struct kafka_bus *bus;
	struct kafka_client client;
	pthread_rwlock_t lock; /* rk: taken for writing only to replace it */
	rd_kafka_t *rk;        /* NULL: not made yet, or it could not be */
	pthread_mutex_t topics_lock;
	struct topic *topics;  /* rk's */
	pthread_t thread;
	_Atomic bool stop;
	pthread_mutex_t wake_lock; /* the thread waits for the first client */
	pthread_cond_t wake;
};

/* Of one kafka_send. */
struct batch {
	pthread_mutex_t lock;
	pthread_cond_t done;
	size_t open;
	const struct kafka_meanwhile *meanwhile; /* or NULL */
	int64_t meanwhile_ms;                    /* it was called then */
};

struct report {
	struct batch *batch;
	rd_kafka_resp_err_t *result;
};

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *record, void *opaque)
{
	struct kafka_client *client = opaque;
	struct report *report = record->_private;
	struct batch *batch = report->batch;
	(void)rk;
	if (record->err == 0)
		kafka_say_back(client->bus);
	pthread_mutex_lock(&batch->lock);
	*report->result = record->err;
	if (--batch->open == 0)
		pthread_cond_signal(&batch->done);
	pthread_mutex_unlock(&batch->lock);
}

static rd_kafka_t *make_client(struct kafka_producer *p, struct error *e)
{
	static const char *const defaults[] = {"message.timeout.ms", MESSAGE_TIMEOUT_MS, "linger.ms",
		LINGER_MS, "queue.buffering.max.messages", "50000", "queue.buffering.max.kbytes",
		"65536", "partitioner", "murmur2_random", NULL};
	char most[16];
	snprintf(most, sizeof most, "%d", KAFKA_RECORD_MAX_BYTES);
	const char *const own[] = {"enable.idempotence", "true", "message.max.bytes", most, NULL};
	rd_kafka_conf_t *conf = kafka_conf(p->bus, &p->client, defaults, own, e);
	if (conf == NULL)
		return NULL;
	rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
	atomic_store(&p->client.fatal, false);
	return kafka_client_new(RD_KAFKA_PRODUCER, conf, e);
}

/* ---- the thread ---------------------------------------------------------------- */

/* Every message of a client that goes is reported, so that nobody waits for ever. */
static void drop_client(rd_kafka_t *rk, struct topic *topics, int wait_ms)
{
	int64_t until = kafka_mono_ms() + wait_ms;
	while (rd_kafka_outq_len(rk) > 0 && kafka_mono_ms() < until)
		rd_kafka_poll(rk, 50);
	rd_kafka_purge(rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
	while (rd_kafka_outq_len(rk) > 0)
		rd_kafka_poll(rk, 50);
	for (struct topic *topic = topics, *next; topic != NULL; topic = next) {
		next = topic->next;
		rd_kafka_topic_destroy(topic->handle);
		free(topic);
	}
	rd_kafka_destroy(rk);
}

static void replace_client(struct kafka_producer *p)
{
	struct error e;
	pthread_rwlock_wrlock(&p->lock);
	rd_kafka_t *old = p->rk;
	struct topic *topics = p->topics;
	p->topics = NULL;
	p->rk = make_client(p, &e);
	bool made = p->rk != NULL;
	pthread_rwlock_unlock(&p->lock);
	if (made)
		log_warn("kafka-producer-replaced", "unsent=%d", rd_kafka_outq_len(old));
	else
		log_error("kafka-no-producer", "error=%s", log_quote(e.text));
	drop_client(old, topics, 0);
}

/* Who closes waits for reports, and these would come only after message.timeout.ms. */
static void give_up(struct kafka_producer *p)
{
	int64_t when_ms = atomic_load(&p->bus->give_up_ms);
	if (p->rk != NULL && when_ms != 0 && kafka_mono_ms() >= when_ms)
		rd_kafka_purge(p->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
}

static void *serve(void *arg)
{
	struct kafka_producer *p = arg;
	for (;;) {
		pthread_mutex_lock(&p->wake_lock);
		while (p->rk == NULL && !atomic_load(&p->stop))
			pthread_cond_wait(&p->wake, &p->wake_lock);
		pthread_mutex_unlock(&p->wake_lock);
		if (atomic_load(&p->stop))
			return NULL;
		rd_kafka_poll(p->rk, SERVE_MS); /* only this thread replaces it */
		if (atomic_load(&p->client.fatal))
			replace_client(p);
		give_up(p);
	}
}

struct kafka_producer *kafka_producer_new(struct kafka_bus *bus)
{
	struct kafka_producer *p = xcalloc(1, sizeof *p);
	p->bus = bus;
	p->client.bus = bus;
	pthread_rwlock_init(&p->lock, NULL);
	pthread_mutex_init(&p->topics_lock, NULL);
	pthread_mutex_init(&p->wake_lock, NULL);
	pthread_cond_init(&p->wake, NULL);
	if (pthread_create(&p->thread, NULL, serve, p) != 0)
		PANIC("cannot start a thread");
	return p;
}

void kafka_producer_free(struct kafka_producer **pointer)
{
	struct kafka_producer *p = *pointer;
	if (p == NULL)
		return;
	*pointer = NULL;
	pthread_mutex_lock(&p->wake_lock);
	atomic_store(&p->stop, true);
	pthread_cond_signal(&p->wake);
	pthread_mutex_unlock(&p->wake_lock);
	pthread_join(p->thread, NULL);
	if (p->rk != NULL)
		drop_client(p->rk, p->topics, CLOSE_MS);
	pthread_rwlock_destroy(&p->lock);
	pthread_mutex_destroy(&p->topics_lock);
	pthread_mutex_destroy(&p->wake_lock);
	pthread_cond_destroy(&p->wake);
	free(p);
}

/* ---- sending ---------------------------------------------------------------------- */

/* 2.0.2 sends the first message to a topic it does not know up to a second late: it gets to
 * know it first. */
static void introduce(struct kafka_producer *p, rd_kafka_topic_t *handle)
{
	const struct rd_kafka_metadata *found;
	if (!atomic_load(&p->bus->away) && rd_kafka_metadata(p->rk, 0, handle, &found, INTRODUCE_MS) == 0)
		rd_kafka_metadata_destroy(found);
}

/* lock held for reading. */
static rd_kafka_topic_t *topic_handle(struct kafka_producer *p, const char *name)
{
	char full[KAFKA_NAME_SIZE];
	pthread_mutex_lock(&p->topics_lock);
	struct topic *topic = p->topics;
	while (topic != NULL && strcmp(topic->name, name) != 0)
		topic = topic->next;
	bool new = topic == NULL;
	if (new) {
		topic = xcalloc(1, sizeof *topic);
		snprintf(topic->name, sizeof topic->name, "%s", name);
		topic->handle = rd_kafka_topic_new(p->rk, kafka_topic_name(p->bus, name, full), NULL);
		topic->next = p->topics;
		p->topics = topic;
	}
	pthread_mutex_unlock(&p->topics_lock);
	if (new)
		introduce(p, topic->handle);
	return topic->handle;
}

/* The macros of rd_kafka_producev are GNU C; rd_kafka_produceva, which needs none, frees the
 * headers of a message it refuses in 2.0.2, and so would we (its issue 4628). */
#ifdef __clang__
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wgnu-statement-expression"
#endif
/* lock held for reading. */
static rd_kafka_resp_err_t produce(struct kafka_producer *p, const struct bus_message *message,
	struct report *report)
{
	rd_kafka_headers_t *headers = kafka_headers(message);
	size_t key_len = message->key == NULL ? 0 : strlen(message->key);
	void *key = (void *)(uintptr_t)message->key;
	void *data = (void *)(uintptr_t)(message->data == NULL ? "" : message->data);
	rd_kafka_topic_t *topic = topic_handle(p, message->topic);
	rd_kafka_resp_err_t err = rd_kafka_producev(p->rk, RD_KAFKA_V_RKT(topic),
		RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key, key_len),
		RD_KAFKA_V_VALUE(data, message->len), RD_KAFKA_V_HEADERS(headers),
		RD_KAFKA_V_OPAQUE(report), RD_KAFKA_V_END);
	if (err != 0)
		rd_kafka_headers_destroy(headers);
	return err;
}
#ifdef __clang__
#pragma clang diagnostic pop
#endif

static int need_client(struct kafka_producer *p, struct error *e)
{
	pthread_rwlock_rdlock(&p->lock);
	bool there = p->rk != NULL;
	pthread_rwlock_unlock(&p->lock);
	if (there)
		return 0;
	pthread_rwlock_wrlock(&p->lock);
	rd_kafka_t *made = p->rk == NULL ? make_client(p, e) : NULL;
	if (made != NULL) {
		pthread_mutex_lock(&p->wake_lock);
		p->rk = made;
		pthread_cond_signal(&p->wake);
		pthread_mutex_unlock(&p->wake_lock);
	}
	there = p->rk != NULL;
	pthread_rwlock_unlock(&p->lock);
	return there ? 0 : -1;
}

/* Reported by nobody: the message never got into the client's queue. */
static void fail_here(struct batch *batch, rd_kafka_resp_err_t *result, rd_kafka_resp_err_t err)
{
	pthread_mutex_lock(&batch->lock);
	*result = err;
	batch->open--;
	pthread_mutex_unlock(&batch->lock);
}

/* lock not held. */
static void see_to_business(struct batch *batch)
{
	if (batch->meanwhile == NULL || kafka_mono_ms() - batch->meanwhile_ms < MEANWHILE_MS)
		return;
	batch->meanwhile->call(batch->meanwhile->arg);
	batch->meanwhile_ms = kafka_mono_ms();
}

static void produce_all(struct kafka_producer *p, const struct bus_message *messages, size_t n,
	struct batch *batch, struct report *reports, rd_kafka_resp_err_t *result)
{
	for (size_t i = 0; i < n; i++) {
		reports[i] = (struct report){batch, &result[i]};
		rd_kafka_resp_err_t err;
		for (;;) {
			pthread_rwlock_rdlock(&p->lock);
			err = p->rk == NULL ? RD_KAFKA_RESP_ERR__FATAL
					    : produce(p, &messages[i], &reports[i]);
			pthread_rwlock_unlock(&p->lock);
			see_to_business(batch);
			if (err != RD_KAFKA_RESP_ERR__QUEUE_FULL)
				break;
			/* room comes: every message in it is reported in bounded time */
			nanosleep(&(struct timespec){.tv_nsec = QUEUE_FULL_WAIT_MS * 1000000L}, NULL);
		}
		if (err != 0)
			fail_here(batch, &result[i], err);
	}
}

static void await_reports(struct batch *batch)
{
	pthread_mutex_lock(&batch->lock);
	while (batch->open > 0) {
		if (batch->meanwhile == NULL) {
			pthread_cond_wait(&batch->done, &batch->lock);
			continue;
		}
		wait_cond_ms(&batch->done, &batch->lock, MEANWHILE_MS);
		pthread_mutex_unlock(&batch->lock);
		see_to_business(batch);
		pthread_mutex_lock(&batch->lock);
	}
	pthread_mutex_unlock(&batch->lock);
}

int kafka_send(struct kafka_bus *bus, const struct bus_message *messages, size_t n,
	rd_kafka_resp_err_t *result, const struct kafka_meanwhile *meanwhile, struct error *e)
{
	struct kafka_producer *p = bus->producer;
	for (size_t i = 0; i < n; i++)
		result[i] = RD_KAFKA_RESP_ERR__FATAL;
	if (need_client(p, e) < 0)
		return -1;
	struct batch batch = {.open = n, .meanwhile = meanwhile, .meanwhile_ms = kafka_mono_ms()};
	pthread_mutex_init(&batch.lock, NULL);
	wait_cond_init(&batch.done);
	struct report *reports = xcalloc(n, sizeof *reports);
	produce_all(p, messages, n, &batch, reports, result);
	await_reports(&batch);
	pthread_mutex_destroy(&batch.lock);
	pthread_cond_destroy(&batch.done);
	free(reports);
	for (size_t i = 0; i < n; i++)
		if (result[i] != 0) {
			char what[BUS_NAME_MAX + 40];
			snprintf(what, sizeof what, tr("publishing on %s", "публикация в %s"),
				messages[i].topic);
			return kafka_error(bus, result[i], what, e);
		}
	return 0;
}

/* A topic that is not there is told from the metadata: a message for it would wait
 * out its whole time in the client. */
static int check_topics(struct kafka_bus *bus, const struct bus_message *messages, size_t n,
	struct error *e)
{
	for (size_t i = 0; i < n; i++)
		if ((i == 0 || strcmp(messages[i].topic, messages[i - 1].topic) != 0) &&
			kafka_topic_partitions(bus, messages[i].topic, KAFKA_ASK_MS, NULL) == 0)
			return kafka_no_topic(bus, messages[i].topic, e);
	return 0;
}

int kafka_publish(struct bus *base, const struct bus_message *messages, size_t n, struct error *e)
{
	struct kafka_bus *bus = kafka_bus_of(base);
	if (check_topics(bus, messages, n, e) < 0)
		return -1;
	rd_kafka_resp_err_t *result = xcalloc(n, sizeof *result);
	int rc = kafka_send(bus, messages, n, result, NULL, e);
	free(result);
	return rc;
}
