/* Inside of a consumer of the Kafka bus; kafka_consumer.c (subscribing, polling),
 * kafka_assign.c (what is ours) and kafka_done.c (finishing) only.
 *
 * Each assigned partition has a queue of its own, so that earlier topics are served first
 * and a full window simply is not read: librdkafka then stops fetching by itself. (Pausing
 * would throw away what is fetched, and in 2.0.2 survives a reassignment.) */
#ifndef VESTNIK_BUS_KAFKA_CONSUMER_H
#define VESTNIK_BUS_KAFKA_CONSUMER_H

#include "bus/bus_kafka.h"
#include "bus/watermark.h"

#define KAFKA_TOPICS_MAX 16

/* An assigned partition. */
struct kafka_slot {
	const char *topic; /* ours; bus_subscribe's copy */
	char *name;        /* the cluster's */
	int topic_index;
	int32_t partition;
	rd_kafka_queue_t *queue;
	struct watermark *mark;
	int64_t next;      /* the offset reading goes on at; -1 not known yet */
	int64_t done;      /* end of the finished prefix; -1 none */
	bool unstored;     /* librdkafka did not take `done` */
	uint64_t tx_end;   /* bus_done_tx: entries before this */
	int64_t seek_to;   /* reading goes on there; -1 nothing to do */
	bool lost_place;   /* retention passed it: look where to go on */
};

struct kafka_consumer {
	struct bus_consumer base;
	struct kafka_bus *bus;
	struct kafka_client client;
	rd_kafka_t *rk;
	rd_kafka_queue_t *events; /* rebalances, errors */
	char *group;
	char *topic[KAFKA_TOPICS_MAX];
	int topic_count;
	size_t window;
	bool from_end, closing;
	void (*on_assign)(void *arg, const char *topic, int32_t partition);
	void (*on_revoke)(void *arg, const char *topic, int32_t partition, bool lost);
	void *arg;
	int fd; /* eventfd: news in a queue, or a poke */
	_Atomic bool interrupted;
	struct arena arena;
	size_t turn; /* which partition of a topic is served first */
	int64_t given_up_ms; /* librdkafka gave our client up: the first time of late */
	int given_up;        /* so often since then */
	bool has_trouble;
	struct error trouble; /* what bus_poll returns once */
	struct bus_gap *gaps; /* not written down yet */
	size_t gap_count;
	int64_t gaps_ms;

	pthread_mutex_t lock; /* the following, and marks and done of the slots */
	uint32_t generation;
	bool blocked; /* a full window kept something back: poke when it opens */
	struct kafka_slot *slots;
	size_t slot_count;
};

static inline struct kafka_consumer *kafka_consumer_of(struct bus_consumer *consumer)
{
	return (struct kafka_consumer *)consumer;
}

void kafka_poke(struct kafka_consumer *c);

/* ---- kafka_assign.c ------------------------------------------------------------- */

/* librdkafka's rebalance_cb. */
void kafka_on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t err,
	rd_kafka_topic_partition_list_t *partitions, void *opaque);
void kafka_release_slots(struct kafka_consumer *c);
/* As a rebalance that took everything away without asking. */
void kafka_lose_slots(struct kafka_consumer *c);
/* Slots that lost their place get another; those that must seek do. For the polling thread. */
void kafka_find_places(struct kafka_consumer *c);
/* Writes down what could not be at once. */
void kafka_retry_gaps(struct kafka_consumer *c);

/* ---- kafka_done.c ----------------------------------------------------------------- */

/* Tells librdkafka how far each slot is finished; lock held. */
void kafka_store_done(struct kafka_consumer *c);
/* Again what it did not take. */
void kafka_store_again(struct kafka_consumer *c);
/* The same, and waits until the brokers have it or wait_ms are over. What they said; 0 also when there
 * was nothing to store. */
rd_kafka_resp_err_t kafka_commit_now(struct kafka_consumer *c, int wait_ms);

#endif
