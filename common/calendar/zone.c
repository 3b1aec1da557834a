/* Offsets of a zone, asked from libical once and kept as a table of changes.
 *
 * libical expands a zone's rules lazily into shared memory and its first
 * look-up races, so everything it does happens here under one lock. Readers
 * see finished, immutable zones through an atomic list and never wait. */
#include "calendar/calendar.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include <libical/ical.h>

#include "base/error.h"
#include "base/xalloc.h"

#include "calendar/civil.h"

#define DAY_S INT64_C(86400)
/* Changes are looked for week by week: no zone has ever changed twice in one. */
#define PROBE_STEP_S (7 * DAY_S)
/* After 2060 the last known offset holds: nobody knows those rules today. */
#define PROBE_END_S (90 * 365 * DAY_S + 23 * DAY_S)
/* Longest name in the database has 32 bytes. */
#define ZONE_NAME_MAX 63

struct change {
	int64_t at; /* UTC seconds from which offset holds */
	int offset;
};

struct zone {
	struct zone *next;
	char name[ZONE_NAME_MAX + 1];
	struct change *change; /* the first one holds from ever */
	size_t count;
};

static pthread_mutex_t load_lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic(struct zone *) zones;

static int probe(icaltimezone *source, int64_t at)
{
	struct calendar_time wall;
	civil_from_seconds(at, &wall);
	struct icaltimetype moment = icaltime_null_time();
	moment.year = wall.year;
	moment.month = wall.month;
	moment.day = wall.day;
	moment.hour = wall.hour;
	moment.minute = wall.minute;
	moment.second = wall.second;
	int summer;
	return icaltimezone_get_utc_offset_of_utc_time(source, &moment, &summer);
}

static void zone_add_change(struct zone *zone, int64_t at, int offset)
{
	if ((zone->count & (zone->count - 1)) == 0)
		zone->change = xrealloc(zone->change, zone->count == 0 ? 1 : zone->count * 2,
			sizeof *zone->change);
	zone->change[zone->count++] = (struct change){at, offset};
}

static void zone_load(struct zone *zone, icaltimezone *source)
{
	int offset = probe(source, 0);
	zone_add_change(zone, INT64_MIN, offset);
	for (int64_t at = PROBE_STEP_S; at < PROBE_END_S; at += PROBE_STEP_S) {
		int now = probe(source, at);
		if (now == offset)
			continue;
		int64_t before = at - PROBE_STEP_S, after = at;
		while (after - before > 1) {
			int64_t middle = before + (after - before) / 2;
			if (probe(source, middle) == now)
				after = middle;
			else
				before = middle;
		}
		zone_add_change(zone, after, now);
		offset = now;
	}
}

/* What can be a name in the database; nothing else reaches libical. */
static bool name_ok(const char *name)
{
	size_t len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				  "0123456789/_+-");
	return len > 0 && len <= ZONE_NAME_MAX && name[len] == '\0' && name[0] != '/';
}

static const struct zone *zone_cached(const char *name)
{
	const struct zone *zone = atomic_load_explicit(&zones, memory_order_acquire);
	while (zone != NULL && strcmp(zone->name, name) != 0)
		zone = zone->next;
	return zone;
}

const struct zone *zone_find(const char *name)
{
	const struct zone *found = zone_cached(name);
	if (found != NULL || !name_ok(name))
		return found;
	pthread_mutex_lock(&load_lock);
	found = zone_cached(name);
	icaltimezone *source = found != NULL ? NULL
		: strcmp(name, "UTC") == 0   ? icaltimezone_get_utc_timezone()
					     : icaltimezone_get_builtin_timezone(name);
	if (source != NULL) {
		struct zone *zone = xcalloc(1, sizeof *zone);
		memcpy(zone->name, name, strlen(name));
		zone_load(zone, source);
		zone->next = atomic_load_explicit(&zones, memory_order_relaxed);
		atomic_store_explicit(&zones, zone, memory_order_release);
		found = zone;
	}
	pthread_mutex_unlock(&load_lock);
	return found;
}

/* Index of the change that holds at that moment. */
static size_t change_at(const struct zone *zone, int64_t utc_seconds)
{
	size_t low = 0, high = zone->count;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (zone->change[middle].at <= utc_seconds)
			low = middle;
		else
			high = middle;
	}
	return low;
}

int zone_offset(const struct zone *zone, int64_t utc_seconds)
{
	return zone->change[change_at(zone, utc_seconds)].offset;
}

int64_t zone_first_change(const struct zone *zone, int64_t from, int64_t to)
{
	size_t next = change_at(zone, from) + 1;
	return next < zone->count && zone->change[next].at <= to ? zone->change[next].at : INT64_MAX;
}

void calendar_init(void)
{
	icaltimezone_set_tzid_prefix("");
	if (zone_find("UTC") == NULL)
		PANIC("libical has no UTC");
	/* Most installations use these; a missing tzdata shows as an unknown zone later. */
	(void)zone_find("Europe/Moscow");
}

bool calendar_zone_known(const char *zone)
{
	return zone_find(zone) != NULL;
}
