/* How far the due loop works ahead of the mailers: some seconds of the measured rate, so that
 * they never wait for work and a pause or an urgent letter never waits for them. */
#ifndef VESTNIK_PLANNER_LOOKAHEAD_H
#define VESTNIK_PLANNER_LOOKAHEAD_H

#include <stdint.h>

#include "settings/settings.h"

struct lookahead {
	double rate_per_s;    /* letters the mailers finish */
	int64_t published;    /* jobs since the start */
	int64_t passed;       /* published - lag at the last measurement */
	int64_t measured_us;  /* 0 = not yet */
	int64_t span_us;      /* shorter spans make a rate out of two commits */
};

/* Jobs were published (after the commit). */
void lookahead_published(struct lookahead *ahead, int64_t jobs);
/* lag: jobs the mailers have not finished now. */
void lookahead_measure(struct lookahead *ahead, int64_t lag, int64_t now_us);
/* Jobs that should be ahead of the mailers. */
int64_t lookahead_target(const struct lookahead *ahead, const struct settings *settings);

#endif
