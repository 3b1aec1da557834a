/* The bus on Apache Kafka: opening and closing; kafka_*.c do the rest. */
#include "bus/bus_kafka.h"

#include <stdlib.h>

#include "base/xalloc.h"

static void kafka_close(struct bus *base)
{
	struct kafka_bus *bus = kafka_bus_of(base);
	kafka_outbox_free(&bus->outbox); /* needs the producer */
	kafka_producer_free(&bus->producer);
	kafka_look_free(&bus->look);
	kafka_config_free(bus);
	pthread_mutex_destroy(&bus->trouble_lock);
	free(bus);
}

/* Nothing is connected yet: a service may start before its brokers. */
static int kafka_open(struct bus **out, const struct bus_config *config, struct error *e)
{
	struct kafka_bus *bus = xcalloc(1, sizeof *bus);
	bus->base.ops = &bus_kafka_ops;
	pthread_mutex_init(&bus->trouble_lock, NULL);
	kafka_tsan_linked = 1;
	if (kafka_config_read(bus, config, e) < 0) {
		kafka_close(&bus->base);
		return -1;
	}
	bus->look = kafka_look_new(bus);
	bus->producer = kafka_producer_new(bus);
	bus->outbox = kafka_outbox_new(bus);
	*out = &bus->base;
	return 0;
}

const struct bus_ops bus_kafka_ops = {
	.scheme = "kafka://",
	.open = kafka_open,
	.close = kafka_close,
	.publish_tx = kafka_publish_tx,
	.publish = kafka_publish,
	.subscribe = kafka_subscribe,
	.unsubscribe = kafka_unsubscribe,
	.poll = kafka_poll,
	.interrupt = kafka_interrupt,
	.done = kafka_done,
	.publish_then_done = kafka_publish_then_done,
	.done_tx = kafka_done_tx,
	.rewind = kafka_rewind,
	.mark = kafka_mark,
	.passed = kafka_passed,
	.lag = kafka_lag,
	.ends = kafka_ends,
	.browse = kafka_browse,
	.browse_end = kafka_browse_end,
};
