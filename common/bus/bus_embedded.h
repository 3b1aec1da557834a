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
	struct embedded_topic *next;
};

struct embedded_bus {
	struct bus base;
	char *store_url;
	char *store_file;
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
