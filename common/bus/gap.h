/* The event that says a group was cut off from messages it had not read: on
 * vestnik.status, data {"group":"notifier","topic":"vestnik.status","from":1,
 * "to":500,"since":"2023-05-30T15:00:00.000Z","messages":500}. */
#ifndef VESTNIK_BUS_GAP_H
#define VESTNIK_BUS_GAP_H

#include <stdint.h>

#include "base/buf.h"

#define GAP_TYPE "vestnik.bus.gap"
#define GAP_SOURCE "vestnik/bus"
#define GAP_DATA_MAX_BYTES 1024

struct gap {
	const char *group, *topic;
	int64_t from, to;  /* offsets missed, both included */
	int64_t since_ms;  /* the first of them was published then */
	int64_t messages;
};

/* JSON data of the event. */
int gap_write(const struct gap *gap, struct buf *out);

#endif
