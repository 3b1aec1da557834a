/* Inside of the embedded bus; bus_embedded.c and embedded_consumer.c only. */
#ifndef VESTNIK_BUS_BUS_EMBEDDED_H
#define VESTNIK_BUS_BUS_EMBEDDED_H

#include <pthread.h>

#include "bus/bus_driver.h"
#include "bus/embedded_log.h"
#include "bus/wakeup.h"

/* A topic this process publishes to, and whom to wake. */
struct embedded_topic {
	struct embedded_bus *bus;
	const struct log_sql *sql;
	bool exists; /* seen in the store */
	struct wakeup_address *groups;
	size_t group_count;
	int64_t groups_read_ms; /* 0 = never */
	bool stopped;           /* nobody may publish: a group is too far behind */
	struct bus_stop stop;
	bool read_here;         /* a group of this process: it may publish all the same */
	struct embedded_topic *next;
};

struct embedded_bus {
	struct bus base;
	char *store_url;
	char *store_file;
	int64_t keep_ms, most_bytes; /* 0 = no limit */
	int sender;
	pthread_mutex_t topics_lock; /* topics and what is in them; never held while waiting */
	struct embedded_topic *topics;
	pthread_mutex_t db_lock; /* db: the connection of those who have none */
	struct db *db;
};

/* Monotonic time of this machine even when base/clock.h is simulated: it bounds
 * real waiting. */
int64_t embedded_mono_ms(void);
int embedded_append(struct embedded_bus *bus, struct db *tx, const struct bus_message *message,
	struct error *e);
/* On a topic that is stopped, too. */
int embedded_append_anyway(struct embedded_bus *bus, struct db *tx,
	const struct bus_message *message, struct error *e);
/* A group that is never cut off reads the topic in this process. Refusing what it
 * publishes there itself would keep it from catching up for ever. */
void embedded_reads_here(struct embedded_bus *bus, const char *topic);
/* Cuts off or stops who is too far behind (embedded_retention.c). */
int embedded_retention(struct embedded_bus *bus, struct db *db, struct error *e);
/* Outside a transaction: every topic's table is there. */
int embedded_ensure(struct embedded_bus *bus, struct db *db, const struct bus_message *messages,
	size_t n, struct error *e);

int embedded_subscribe(struct bus *bus, const struct bus_consumer_options *options,
	struct bus_consumer **out, struct error *e);
void embedded_unsubscribe(struct bus_consumer *consumer);
int embedded_poll(struct bus_consumer *consumer, int timeout_ms, struct bus_message *out,
	size_t max, struct error *e);
void embedded_interrupt(struct bus_consumer *consumer);
void embedded_done(struct bus_consumer *consumer, const struct bus_token *tokens, size_t n);
int embedded_publish_then_done(struct bus_consumer *consumer, const struct bus_message *messages,
	size_t n, const struct bus_token *tokens, size_t tokens_n, struct error *e);
int embedded_done_tx(struct bus_consumer *consumer, struct db *tx, struct error *e);
int embedded_rewind(struct bus_consumer *consumer, struct error *e);

#endif
