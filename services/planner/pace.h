/* A throttled campaign is only due times: letter number i of `rate` goes i intervals after the
 * first, counted in the campaign's open hours. */
#ifndef VESTNIK_PLANNER_PACE_H
#define VESTNIK_PLANNER_PACE_H

#include <stdint.h>

#include "base/error.h"
#include "campaign/campaign.h"

struct pace {
	int64_t start_ms;       /* of letter 0 */
	int64_t count, per_ms;  /* count 0: no limit, all at start_ms */
	int open_minute, close_minute; /* equal: always open */
	const char *zone;       /* borrowed from the campaign */
	/* The slots' day, so that the next call need not begin at the first one: */
	int64_t day_from_ms;    /* open moment the offset below is counted from */
	int64_t day_used_ms;    /* open time before day_from_ms */
};

int pace_init(struct pace *pace, const struct campaign *campaign, int64_t starts_ms, struct error *e);
/* When letter i (from 0; i must not fall between calls) may go at the earliest. */
int pace_slot(struct pace *pace, int64_t i, int64_t *slot_ms, struct error *e);

#endif
