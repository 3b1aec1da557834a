#include "bus/gap.h"

#include <inttypes.h>

#include "base/clock.h"

/* Names of groups and topics need no escaping (bus.c). */
int gap_write(const struct gap *gap, struct buf *out)
{
	char since[CLOCK_RFC3339_SIZE];
	return buf_printf(out,
		"{\"group\":\"%s\",\"topic\":\"%s\",\"from\":%" PRId64 ",\"to\":%" PRId64
		",\"since\":\"%s\",\"messages\":%" PRId64 "}",
		gap->group, gap->topic, gap->from, gap->to, clock_rfc3339(gap->since_ms, since),
		gap->messages);
}
