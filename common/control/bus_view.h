/* The queues between the services: who reads what, and how far behind. What waits for Kafka, gaps and
 * stopped topics: bus_waiting, bus_gaps, bus_stops (bus/bus.h). */
#ifndef VESTNIK_CONTROL_BUS_VIEW_H
#define VESTNIK_CONTROL_BUS_VIEW_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "bus/bus.h"

/* Groups bear the names of the services. */
#define BUS_QUEUES 5
struct bus_queue {
	const char *group, *topic;
	const char *en, *ru; /* what waits in it: «письма ждут отправки» */
};
extern const struct bus_queue bus_queues[BUS_QUEUES];

/* lag[i] is that of bus_queues[i], for i < *known. A bus that is away is asked no second time:
 * -1, and *known says how many it told before. */
int bus_queues_read(struct bus *bus, int64_t lag[static BUS_QUEUES], size_t *known, struct error *e);

#endif
