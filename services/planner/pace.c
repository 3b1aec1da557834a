#include "planner/pace.h"

#include <jansson.h>

#include "calendar/calendar.h"

#define MINUTE_MS 60000
/* Years of working days: a rate of one letter a week must end somewhere. */
#define DAYS_MAX 4000

int pace_init(struct pace *pace, const struct campaign *campaign, int64_t starts_ms, struct error *e)
{
	const json_t *definition = campaign_definition(campaign);
	const json_t *rate = json_object_get(definition, "rate"), *send = json_object_get(definition, "send");
	*pace = (struct pace){.start_ms = starts_ms,
		.count = json_integer_value(json_object_get(rate, "count")),
		.per_ms = json_integer_value(json_object_get(rate, "per_ms")),
		.open_minute = (int)json_integer_value(json_object_get(send, "open_minute")),
		.close_minute = (int)json_integer_value(json_object_get(send, "close_minute")),
		.zone = campaign_zone(campaign),
		.day_from_ms = starts_ms};
	if (pace->count <= 0 || pace->per_ms <= 0) {
		pace->count = 0;
		return 0;
	}
	int64_t at_ms = json_integer_value(json_object_get(send, "at_ms"));
	if (at_ms > pace->start_ms)
		pace->start_ms = at_ms;
	pace->day_from_ms = pace->start_ms;
	if (pace->open_minute == pace->close_minute)
		return 0;
	return calendar_next_open(pace->start_ms, pace->zone, pace->open_minute, pace->close_minute,
		&pace->day_from_ms, e);
}

static int open_left_ms(const struct pace *pace, int64_t *left_ms, struct error *e)
{
	struct calendar_time local;
	if (calendar_from_ms(pace->day_from_ms, pace->zone, &local, e) != 0)
		return -1;
	int64_t minute_ms = (int64_t)(local.hour * 60 + local.minute) * MINUTE_MS + local.second * 1000;
	*left_ms = (int64_t)pace->close_minute * MINUTE_MS - minute_ms;
	return 0;
}

int pace_slot(struct pace *pace, int64_t i, int64_t *slot_ms, struct error *e)
{
	if (pace->count == 0) {
		*slot_ms = pace->start_ms;
		return 0;
	}
	int64_t offset_ms = i / pace->count * pace->per_ms + i % pace->count * pace->per_ms / pace->count;
	if (pace->open_minute == pace->close_minute) {
		*slot_ms = pace->start_ms + offset_ms;
		return 0;
	}
	for (int day = 0; day < DAYS_MAX; day++) {
		int64_t left_ms, next_ms;
		if (open_left_ms(pace, &left_ms, e) != 0)
			return -1;
		if (offset_ms - pace->day_used_ms < left_ms)
			break;
		if (calendar_next_open(pace->day_from_ms + left_ms, pace->zone, pace->open_minute,
			    pace->close_minute, &next_ms, e) != 0)
			return -1;
		pace->day_used_ms += left_ms;
		pace->day_from_ms = next_ms;
	}
	*slot_ms = pace->day_from_ms + offset_ms - pace->day_used_ms;
	return 0;
}
