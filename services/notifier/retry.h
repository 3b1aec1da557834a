/* What an answer means, and when to try again. */
#ifndef VESTNIK_NOTIFIER_RETRY_H
#define VESTNIK_NOTIFIER_RETRY_H

#include <stdbool.h>
#include <stdint.h>

enum retry_verdict {
	RETRY_DELIVERED, /* 2xx */
	RETRY_LATER,     /* anything else, 3xx and no answer included */
	RETRY_THROTTLE,  /* 429, 502, 503, 504: later, and the endpoint gets a rest */
	RETRY_GONE       /* 410: the endpoint does not want anything any more */
};
/* status 0: no whole answer came. */
enum retry_verdict retry_judge(long status);

/* Attempts of one message before it is given up (replay starts anew). */
#define RETRY_ATTEMPTS_MAX 10
/* Delay after attempt `made` (1 = the first) failed, by the schedule of the
 * Standard Webhooks spec, made up to a tenth longer by jitter in [0, 1); -1
 * when that was the last. */
int64_t retry_delay_ms(int64_t made, double jitter);

/* An endpoint may not ask for a longer pause than the schedule's longest. */
#define RETRY_AFTER_MAX_MS (24 * INT64_C(3600000))
/* Retry-After: seconds or an HTTP date; ms from now, at most
 * RETRY_AFTER_MAX_MS, 0 for the past; -1 when it is neither. */
int64_t retry_after_ms(const char *value, int64_t now_ms);

/* How long an endpoint rests after `failures` in a row (nothing is sent to it
 * meanwhile, and nothing is counted against its messages). */
int64_t retry_rest_ms(int failures, double jitter);

#endif
