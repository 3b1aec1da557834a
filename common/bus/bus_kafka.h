/* Inside of the Kafka bus; bus_kafka.c, bus_admin.c and kafka_*.c only. rdkafka.h is
 * included nowhere else.
 *
 * A bus has up to three clients, each made when first needed: the producer all threads
 * share, one for looking (metadata, offsets, topics), one for browsing; each consumer is
 * one more. Two threads: the producer's, that serves delivery reports, and the pump of
 * the outbox. */
#ifndef VESTNIK_BUS_BUS_KAFKA_H
#define VESTNIK_BUS_BUS_KAFKA_H

#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "bus/arena.h"
#include "bus/bus_driver.h"

/* A message of ours with its headers, key and the record's own few bytes. */
#define KAFKA_RECORD_MAX_BYTES (BUS_MESSAGE_MAX_BYTES + BUS_HEADERS_MAX_BYTES + 64 * 1024)
/* Questions to the brokers by those who cannot wait for ever. */
#define KAFKA_ASK_MS 5000

struct kafka_bus;
struct kafka_consumer;
struct kafka_producer;
struct kafka_outbox;
struct kafka_look;

/* What a client of librdkafka belongs to: its opaque. */
struct kafka_client {
	struct kafka_bus *bus;
	struct kafka_consumer *consumer; /* or NULL */
	_Atomic bool fatal;              /* librdkafka says: unusable from now on */
};

struct kafka_bus {
	struct bus base;
	char *store_url;
	char *brokers, *prefix; /* prefix: "" or "name." */
	char *client_id, *instance;
	char **properties;      /* name, value, …, NULL; checked */
	_Atomic bool away;      /* no broker answers, as far as known */
	pthread_mutex_t trouble_lock;
	char trouble[500];      /* the last thing a client complained of */
	_Atomic int64_t give_up_ms; /* closing: what no broker has taken by then goes no more; 0: not closing */
	struct kafka_producer *producer;
	struct kafka_outbox *outbox;
	struct kafka_look *look;
};

extern int kafka_tsan_linked; /* kafka_tsan.c */

static inline struct kafka_bus *kafka_bus_of(struct bus *bus)
{
	return (struct kafka_bus *)bus;
}

/* Monotonic time of this machine even when base/clock.h is simulated. */
int64_t kafka_mono_ms(void);

/* ---- kafka_config.c ---------------------------------------------------------- */

int kafka_config_read(struct kafka_bus *bus, const struct bus_config *config, struct error *e);
void kafka_config_free(struct kafka_bus *bus);
/* Common settings, then the user's, then `own` (name, value, …, NULL). */
rd_kafka_conf_t *kafka_conf(struct kafka_bus *bus, struct kafka_client *client,
	const char *const *defaults, const char *const *own, struct error *e);
/* Takes conf. */
rd_kafka_t *kafka_client_new(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct error *e);
/* ERROR_… of what a broker or librdkafka said. what: "publishing on vestnik.mail". */
int kafka_error(struct kafka_bus *bus, rd_kafka_resp_err_t err, const char *what, struct error *e);
/* The text for a topic that is not there. */
int kafka_no_topic(struct kafka_bus *bus, const char *topic, struct error *e);
/* Said once each: no broker answers; one does again. */
void kafka_say_away(struct kafka_bus *bus);
void kafka_say_back(struct kafka_bus *bus);
/* No broker answers, and it is known why: password, certificate. */
bool kafka_is_in_trouble(struct kafka_bus *bus);
/* Name on the cluster; out: at least KAFKA_NAME_SIZE. */
#define KAFKA_PREFIX_MAX 100
#define KAFKA_NAME_SIZE (KAFKA_PREFIX_MAX + BUS_NAME_MAX + 16)
const char *kafka_topic_name(const struct kafka_bus *bus, const char *topic, char *out);
const char *kafka_group_name(const struct kafka_bus *bus, const char *group, char *out);

/* ---- kafka_message.c ---------------------------------------------------------- */

/* Headers of the CloudEvents binding; the caller hands them to librdkafka. */
rd_kafka_headers_t *kafka_headers(const struct bus_message *message);
/* Copies into the arena. topic is the name on our side. Whatever is in the record. */
void kafka_message_read(const rd_kafka_message_t *record, const char *topic, struct arena *arena,
	struct bus_message *out);

/* ---- kafka_producer.c ---------------------------------------------------------- */

struct kafka_producer *kafka_producer_new(struct kafka_bus *bus);
/* Waits a bounded time for what is on its way. */
void kafka_producer_free(struct kafka_producer **producer);
/* What the sending thread has to see to while it waits, some times a second. */
struct kafka_meanwhile {
	void (*call)(void *arg);
	void *arg;
};
/* Sends all and waits for the last report; result[i] says what became of each. Any thread.
 * 0 when all are there; the error is the first one's. meanwhile may be NULL. */
int kafka_send(struct kafka_bus *bus, const struct bus_message *messages, size_t n,
	rd_kafka_resp_err_t *result, const struct kafka_meanwhile *meanwhile, struct error *e);
int kafka_publish(struct bus *bus, const struct bus_message *messages, size_t n, struct error *e);

/* ---- kafka_outbox.c ------------------------------------------------------------- */

struct kafka_outbox *kafka_outbox_new(struct kafka_bus *bus);
/* Waits a bounded time for this process's rows. */
void kafka_outbox_free(struct kafka_outbox **outbox);
/* From now on a thread pumps, and adopts what dead processes left. */
void kafka_outbox_start(struct kafka_outbox *outbox);
int kafka_publish_tx(struct bus *bus, struct db *tx, const struct bus_message *messages, size_t n,
	struct error *e);

/* ---- kafka_topics.c, kafka_look.c ---------------------------------------------------------------- */

struct kafka_look *kafka_look_new(struct kafka_bus *bus);
void kafka_look_free(struct kafka_look **look);
/* The client for looking, or NULL. */
rd_kafka_t *kafka_look_client(struct kafka_bus *bus, struct error *e);
/* Partitions of a topic: 0 there is none, -1 nobody answers (within wait_ms). Remembered. */
int kafka_topic_partitions(struct kafka_bus *bus, const char *topic, int wait_ms, struct error *e);
/* Offsets of a topic's partitions (rd_kafka_… on the cluster's name), by committed position of
 * a group, or by RD_KAFKA_OFFSET_BEGINNING, RD_KAFKA_OFFSET_END. */
int kafka_ask_offsets(struct kafka_bus *bus, rd_kafka_topic_partition_list_t *list, int64_t which,
	struct error *e);
int kafka_ask_committed(struct kafka_bus *bus, const char *group,
	rd_kafka_topic_partition_list_t *list, struct error *e);
/* A group that never read a topic begins at its end. */
int kafka_register_at_end(struct kafka_bus *bus, const char *group, const char *topic, struct error *e);
/* For bus_lag: a message of topic was written to the outbox by this process. */
void kafka_look_published(struct kafka_bus *bus, const char *topic);
int kafka_mark(struct bus *bus, const char *topic, struct bus_mark *mark, struct error *e);
int kafka_passed(struct bus *bus, const char *group, struct bus_mark *mark, struct error *e);
int kafka_lag(struct bus *bus, const char *topic, const char *group, int64_t *lag, struct error *e);
int kafka_ends(struct bus *bus, const char *topic, int64_t end[static BUS_PARTITIONS_MAX], struct error *e);
/* fn with a connection of the bus, one thread at a time. */
int kafka_with_db(struct kafka_bus *bus, int (*fn)(struct db *db, void *arg, struct error *e),
	void *arg, struct error *e);

/* ---- kafka_browse.c -------------------------------------------------------------- */

int kafka_browse(struct bus *bus, struct bus_browser **open, const char *topic, int32_t partition, int64_t offset,
	int max, int (*each)(void *arg, const struct bus_message *message), void *arg, struct error *e);
void kafka_browse_end(struct bus *bus, struct bus_browser **open);

/* ---- kafka_gap.c ------------------------------------------------------------------ */

/* Messages from..to of a partition were gone before group had read them: logged, written to the
 * store and announced by the event of bus/gap.h. -1: not written down yet, repeat. */
int kafka_gap(struct kafka_bus *bus, const struct bus_gap *gap, struct error *e);

/* ---- kafka_consumer.c, kafka_done.c ------------------------------------------------- */

int kafka_subscribe(struct bus *bus, const struct bus_consumer_options *options,
	struct bus_consumer **out, struct error *e);
void kafka_unsubscribe(struct bus_consumer *consumer);
int kafka_poll(struct bus_consumer *consumer, int timeout_ms, struct bus_message *out, size_t max,
	struct error *e);
void kafka_interrupt(struct bus_consumer *consumer);
void kafka_done(struct bus_consumer *consumer, const struct bus_token *tokens, size_t n);
int kafka_publish_then_done(struct bus_consumer *consumer, const struct bus_message *messages,
	size_t n, const struct bus_token *tokens, size_t tokens_n, struct error *e);
int kafka_done_tx(struct bus_consumer *consumer, struct db *tx, struct error *e);
int kafka_rewind(struct bus_consumer *consumer, struct error *e);

#endif
