#include "notifier/retry.h"

#include <curl/curl.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include "base/gate.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)

/* spec, "deliverability and reliability": 75 h 35 min 05 s in all */
static const int64_t schedule_ms[RETRY_ATTEMPTS_MAX - 1] = {5 * SECOND, 5 * MINUTE, 30 * MINUTE,
	2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR};

/* Two failures in a row are an accident; from the third on an endpoint rests
 * 1 s, doubling to 5 min: a dead one costs 12 attempts an hour, and one that
 * came back waits 5 min at most. */
#define REST_FROM_FAILURES 3
#define REST_FIRST_MS (1 * SECOND)
#define REST_MOST_MS (5 * MINUTE)

enum retry_verdict retry_judge(long status)
{
	if (status >= 200 && status <= 299)
		return RETRY_DELIVERED;
	switch (status) {
	case 410:
		return RETRY_GONE;
	case 429:
	case 502:
	case 503:
	case 504:
		return RETRY_THROTTLE;
	default:
		return RETRY_LATER;
	}
}

static int64_t longer(int64_t ms, double jitter)
{
	return ms + (int64_t)((double)ms * 0.1 * jitter);
}

int64_t retry_delay_ms(int64_t made, double jitter)
{
	if (made >= RETRY_ATTEMPTS_MAX)
		return -1;
	return longer(schedule_ms[made < 1 ? 0 : made - 1], jitter);
}

int64_t retry_after_ms(const char *value, int64_t now_ms)
{
	long long seconds;
	if (value == NULL || value[0] == '\0')
		return -1;
	if (strspn(value, "0123456789") == strlen(value)) {
		if (!gate_int64(value, 0, RETRY_AFTER_MAX_MS / SECOND, &seconds))
			return RETRY_AFTER_MAX_MS;
		return seconds * SECOND;
	}
	/* An HTTP date begins with the day's name; curl_getdate alone would take much else. */
	if (strchr("MTWFS", value[0]) == NULL)
		return -1;
	time_t when = curl_getdate(value, NULL);
	if (when == (time_t)-1)
		return -1;
	int64_t wait_ms = (int64_t)when * SECOND - now_ms;
	return wait_ms < 0 ? 0 : wait_ms > RETRY_AFTER_MAX_MS ? RETRY_AFTER_MAX_MS : wait_ms;
}

int64_t retry_rest_ms(int failures, double jitter)
{
	if (failures < REST_FROM_FAILURES)
		return 0;
	int64_t ms = REST_FIRST_MS;
	for (int i = REST_FROM_FAILURES; i < failures && ms < REST_MOST_MS; i++)
		ms *= 2;
	return longer(ms > REST_MOST_MS ? REST_MOST_MS : ms, jitter);
}
