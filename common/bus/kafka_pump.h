/* One batch after another from the outbox to Kafka; kafka_outbox.c decides whose. */
#ifndef VESTNIK_BUS_KAFKA_PUMP_H
#define VESTNIK_BUS_KAFKA_PUMP_H

#include "bus/bus_kafka.h"
#include "store/lease.h"

/* Topics that do not take anything for a while must not stop the others; ours are five. */
#define PUMP_BLOCKED_MAX 4

struct pump {
	struct kafka_bus *bus;
	struct kafka_meanwhile meanwhile; /* keeps the leases: without brokers a batch takes longer than one */
	struct db *db;
	struct arena arena;
	int64_t *ids; /* of one batch, as are the following */
	struct bus_message *messages;
	rd_kafka_resp_err_t *result;
	struct {
		char topic[BUS_NAME_MAX + 1];
		int64_t until_ms;
	} blocked[PUMP_BLOCKED_MAX];
};

void pump_init(struct pump *pump, struct kafka_bus *bus, void (*meanwhile)(void *arg), void *arg);
/* Opens the connection when there is none. */
int pump_open(struct pump *pump, struct error *e);
void pump_close(struct pump *pump);
/* The owner's oldest rows; returns how many were sent and deleted, 0 when there are none, -1
 * when some or all wait. */
int pump_batch(struct pump *pump, const char *owner, struct error *e);

#endif
