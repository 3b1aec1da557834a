/* Between bus.c and the drivers; nobody else includes this. A driver embeds
 * struct bus and struct bus_consumer as the first members of its own. What
 * arrives here is checked already (bus.c). */
#ifndef VESTNIK_BUS_BUS_DRIVER_H
#define VESTNIK_BUS_BUS_DRIVER_H

#include "bus/bus.h"

struct bus_ops {
	const char *scheme; /* "embedded", "kafka://" */
	int (*open)(struct bus **out, const struct bus_config *config, struct error *e);
	void (*close)(struct bus *bus);
	int (*publish_tx)(struct bus *bus, struct db *tx, const struct bus_message *messages,
		size_t n, struct error *e);
	int (*publish)(struct bus *bus, const struct bus_message *messages, size_t n,
		struct error *e);
	int (*subscribe)(struct bus *bus, const struct bus_consumer_options *options,
		struct bus_consumer **out, struct error *e);
	void (*unsubscribe)(struct bus_consumer *consumer);
	int (*poll)(struct bus_consumer *consumer, int timeout_ms, struct bus_message *out,
		size_t max, struct error *e);
	void (*interrupt)(struct bus_consumer *consumer);
	void (*done)(struct bus_consumer *consumer, const struct bus_token *tokens, size_t n);
	int (*publish_then_done)(struct bus_consumer *consumer, const struct bus_message *messages,
		size_t n, const struct bus_token *tokens, size_t tokens_n, struct error *e);
	int (*done_tx)(struct bus_consumer *consumer, struct db *tx, struct error *e);
	int (*rewind)(struct bus_consumer *consumer, struct error *e);
	int (*mark)(struct bus *bus, const char *topic, struct bus_mark *mark, struct error *e);
	int (*passed)(struct bus *bus, const char *group, struct bus_mark *mark,
		struct error *e);
	int (*lag)(struct bus *bus, const char *topic, const char *group, int64_t *lag,
		struct error *e);
	int (*ends)(struct bus *bus, const char *topic, int64_t end[static BUS_PARTITIONS_MAX],
		struct error *e);
	/* open: NULL when nothing is to be kept for the next call */
	int (*browse)(struct bus *bus, struct bus_browser **open, const char *topic, int32_t partition, int64_t offset,
		int max, int (*each)(void *arg, const struct bus_message *message), void *arg,
		struct error *e);
	void (*browse_end)(struct bus *bus, struct bus_browser **open);
};

struct bus {
	const struct bus_ops *ops;
};

struct bus_consumer {
	const struct bus_ops *ops;
};

extern const struct bus_ops bus_embedded_ops, bus_kafka_ops;

/* A message longer than BUS_MESSAGE_MAX_BYTES comes as this. */
#define BUS_OVERSIZED_TYPE "application/x-vestnik-oversized"
#define BUS_OVERSIZED_HEAD_BYTES (64 * 1024)

#endif
