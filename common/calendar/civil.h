/* Days and dates of the Gregorian calendar, for this room only. */
#ifndef VESTNIK_CALENDAR_CIVIL_H
#define VESTNIK_CALENDAR_CIVIL_H

#include <stdint.h>

#include "calendar/calendar.h"

/* Days since 1970-01-01. The date must exist. */
int64_t civil_days(int year, int month, int day);
/* Seconds since 1970 as if the wall clock stood in UTC. */
int64_t civil_seconds(const struct calendar_time *wall);
void civil_from_seconds(int64_t seconds, struct calendar_time *wall);

/* A zone's offsets from UTC, immutable once made and never freed. */
struct zone;
/* NULL: not in the system's zone database. */
const struct zone *zone_find(const char *name);
/* Seconds east of UTC at that moment. */
int zone_offset(const struct zone *zone, int64_t utc_seconds);
/* Moments between which the offset changes lie in [from, to]: the first change
 * in that span, or INT64_MAX. */
int64_t zone_first_change(const struct zone *zone, int64_t from, int64_t to);

#endif
