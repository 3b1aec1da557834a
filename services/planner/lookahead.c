#include "planner/lookahead.h"

/* A rise counts at once, a fall with this weight: a pause of a second should not empty the line. */
#define FALL_WEIGHT 0.2

void lookahead_published(struct lookahead *ahead, int64_t jobs)
{
	ahead->published += jobs;
}

void lookahead_measure(struct lookahead *ahead, int64_t lag, int64_t now_us)
{
	int64_t passed = ahead->published - lag;
	if (ahead->measured_us == 0 || passed < ahead->passed) {
		ahead->passed = passed; /* the first look, or jobs of others came in between */
		ahead->measured_us = now_us;
		return;
	}
	int64_t span_us = now_us - ahead->measured_us;
	if (span_us < ahead->span_us)
		return;
	double rate = (double)(passed - ahead->passed) * 1e6 / (double)span_us;
	if (rate > ahead->rate_per_s)
		ahead->rate_per_s = rate;
	else
		ahead->rate_per_s += (rate - ahead->rate_per_s) * FALL_WEIGHT;
	ahead->passed = passed;
	ahead->measured_us = now_us;
}

int64_t lookahead_target(const struct lookahead *ahead, const struct settings *settings)
{
	int64_t target = (int64_t)(ahead->rate_per_s * settings->planner.look_ahead_ms / 1000);
	if (target < settings->planner.look_ahead_least)
		return settings->planner.look_ahead_least;
	if (target > settings->planner.look_ahead_most)
		return settings->planner.look_ahead_most;
	return target;
}
