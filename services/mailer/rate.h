/* A rate limit as one number: the moment the next letter may start (GCRA, the
 * generic cell rate algorithm). Short bursts of up to RATE_BURST_MS are allowed.
 * Not thread-safe: the owner locks. Times are monotonic milliseconds; kept in
 * microseconds inside, because 5,000 a second is 200 µs apart. */
#ifndef VESTNIK_MAILER_RATE_H
#define VESTNIK_MAILER_RATE_H

#include <stdint.h>

#include "settings/settings.h"

/* A tenth of a second's worth may go at once: smooth for a provider, cheap for us. */
#define RATE_BURST_MS 100

struct rate {
	int64_t interval_us; /* 0 = no limit */
	int64_t burst_us;
	int64_t next_us;     /* theoretical arrival time */
};

/* share: percent of the limit this bucket gets. */
void rate_init(struct rate *rate, struct settings_rate limit, int share);
/* The same for one of `parts` equal users of the limit; keeps what was taken. */
void rate_share(struct rate *rate, struct settings_rate limit, int share, int parts);
/* When the next may start; now or earlier = at once. Takes nothing. */
int64_t rate_when_ms(const struct rate *rate, int64_t now_ms);
void rate_take(struct rate *rate, int64_t now_ms);

#endif
