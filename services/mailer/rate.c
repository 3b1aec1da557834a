#include "mailer/rate.h"

void rate_init(struct rate *rate, struct settings_rate limit, int share)
{
	*rate = (struct rate){0};
	rate_share(rate, limit, share, 1);
}

void rate_share(struct rate *rate, struct settings_rate limit, int share, int parts)
{
	if (limit.count <= 0 || limit.per_ms <= 0)
		return;
	int64_t before_us = rate->interval_us;
	rate->interval_us = limit.per_ms * 1000 * 100 * parts / (limit.count * share);
	if (rate->interval_us == 0)
		rate->interval_us = 1;
	/* What was taken at the old pace: a letter's worth of waiting, not that of a minute. */
	if (before_us > rate->interval_us)
		rate->next_us -= before_us - rate->interval_us;
	/* At least one letter must fit, however slow the rate. */
	rate->burst_us = RATE_BURST_MS * 1000;
	if (rate->burst_us > rate->interval_us * limit.count)
		rate->burst_us = rate->interval_us * limit.count;
}

int64_t rate_when_ms(const struct rate *rate, int64_t now_ms)
{
	if (rate->interval_us == 0)
		return now_ms;
	int64_t from_us = rate->next_us - rate->burst_us;
	return from_us <= now_ms * 1000 ? now_ms : (from_us + 999) / 1000;
}

void rate_take(struct rate *rate, int64_t now_ms)
{
	if (rate->interval_us == 0)
		return;
	int64_t now_us = now_ms * 1000;
	rate->next_us = (rate->next_us > now_us ? rate->next_us : now_us) + rate->interval_us;
}
