/* Inside of a consumer of the embedded bus; embedded_consumer.c (subscribing,
 * polling) and embedded_done.c (positions, finishing) only. `lock` guards the
 * watermarks and positions and is never held while waiting for the store. */
#ifndef VESTNIK_BUS_EMBEDDED_CONSUMER_H
#define VESTNIK_BUS_EMBEDDED_CONSUMER_H

#include <stdatomic.h>

#include "bus/bus_embedded.h"
#include "bus/watermark.h"

#define TOPICS_MAX 16

struct consumer_topic {
	const struct log_sql *sql;
	int64_t group; /* bus_group.id */
	int64_t read;  /* id of the last message given out; the polling thread's */
	int64_t done;  /* end of the finished prefix */
	int64_t stored; /* what of it the store has for sure */
	struct watermark *mark;
	uint64_t tx_end; /* bus_done_tx: entries before this */
	struct wakeup_address address;
	int wake_fd; /* -1: somebody has the name; the slow poll serves */
	int64_t listen_ms; /* last tried */
};

struct embedded_consumer {
	struct bus_consumer base;
	struct embedded_bus *bus;
	char *group_name;
	size_t window;
	void (*on_assign)(void *arg, const char *topic, int32_t partition);
	void *arg;
	bool assigned;
	bool may_be_cut_off;
	struct db *db;          /* the polling thread's */
	struct db *recorder_db; /* bus_publish_then_done's, opened when needed */
	int lock_fd;
	int poke_fd;
	_Atomic bool interrupted;
	struct arena arena;
	int64_t store_ms; /* last tried */
	pthread_mutex_t lock;
	uint32_t generation;
	bool blocked; /* a full window kept something back: poke when it opens */
	size_t count;
	struct consumer_topic topics[TOPICS_MAX];
};

static inline struct embedded_consumer *embedded_consumer_of(struct bus_consumer *consumer)
{
	return (struct embedded_consumer *)consumer;
}

/* Copies the finished prefixes; true when one is not stored yet. */
bool embedded_collect_done(struct embedded_consumer *c, int64_t done[static TOPICS_MAX]);
/* The polling thread's. */
int embedded_store_positions(struct embedded_consumer *c, struct error *e);
/* When the trimmer has moved a position beyond what was read, reading goes on
 * there. The polling thread's. */
int embedded_follow_cut(struct embedded_consumer *c, struct error *e);
/* Ends the wait of a poll. Async-signal-safe. */
void embedded_poke(struct embedded_consumer *c);

#endif
