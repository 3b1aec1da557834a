#include "planner/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/problem.h"
#include "base/xalloc.h"

/* Zones times regions with a calendar of their own; a directory with more is damaged, and its
 * places are found when its recipients are written out. */
#define PLACES_MAX 500

struct region_calendar {
	const char *region, *name; /* the settings' */
	struct workdays *workdays; /* read at first need */
};

struct places {
	const struct settings *settings;
	struct workdays *base;
	struct region_calendar *region;
	size_t regions;
	int64_t revision; /* of the directory; -1: not looked yet */
	struct item {
		char zone[PLAN_PLACE_SIZE]; /* "" = the campaign's */
		const char *calendar;       /* NULL = the ministry's */
	} *item;
	size_t items;
};

static struct workdays *read_calendar(const struct settings *settings, const char *name)
{
	struct problems problems = {0};
	struct workdays *workdays = workdays_load(name, settings->calendar.folder, &problems);
	for (size_t i = 0; i < problems.count; i++) {
		char *line = problem_line(&problems.item[i]);
		log_warn("calendar", "name=%s problem=%s", name, log_quote(line));
		free(line);
	}
	problems_fini(&problems);
	if (workdays != NULL)
		return workdays;
	log_warn("calendar_missing", "name=%s", name);
	return workdays_weekends();
}

struct places *places_new(const struct settings *settings)
{
	struct places *places = xcalloc(1, sizeof *places);
	const char *name = settings->calendar.name;
	places->settings = settings;
	places->revision = -1;
	places->base = read_calendar(settings, name == NULL ? "ru" : name);
	places->regions = settings->calendar.regions_count;
	places->region = xcalloc(places->regions + 1, sizeof *places->region);
	for (size_t i = 0; i < places->regions; i++)
		places->region[i] = (struct region_calendar){.region = settings->calendar.regions[i].region,
			.name = settings->calendar.regions[i].calendar};
	places->item = xcalloc(PLACES_MAX, sizeof *places->item);
	return places;
}

void places_free(struct places **handle)
{
	struct places *places = *handle;
	*handle = NULL;
	if (places == NULL)
		return;
	workdays_free(&places->base);
	for (size_t i = 0; i < places->regions; i++)
		workdays_free(&places->region[i].workdays);
	free(places->region);
	free(places->item);
	free(places);
}

const struct workdays *places_workdays(const struct places *places)
{
	return places->base;
}

static const char *calendar_of(const struct places *places, const char *region)
{
	for (size_t i = 0; region != NULL && i < places->regions; i++)
		if (strcmp(places->region[i].region, region) == 0)
			return places->region[i].name;
	return NULL;
}

static const char *write_name(const char *zone, const char *calendar, char out[static PLAN_PLACE_SIZE])
{
	snprintf(out, PLAN_PLACE_SIZE, calendar == NULL ? "%.90s" : "%.90s %.32s", zone, calendar);
	return out;
}

const char *place_name(const struct places *places, const char *zone, const char *region,
	const char *campaign_zone, char out[static PLAN_PLACE_SIZE])
{
	return write_name(zone == NULL || zone[0] == '\0' ? campaign_zone : zone, calendar_of(places, region),
		out);
}

const struct workdays *place_parts(struct places *places, const char *place, char zone[static PLAN_PLACE_SIZE])
{
	size_t len = strcspn(place, " ");
	snprintf(zone, PLAN_PLACE_SIZE, "%.*s", (int)len, place);
	const char *name = place[len] == ' ' ? place + len + 1 : NULL;
	for (size_t i = 0; name != NULL && i < places->regions; i++) {
		struct region_calendar *region = &places->region[i];
		if (strcmp(region->name, name) != 0)
			continue;
		if (region->workdays == NULL)
			region->workdays = read_calendar(places->settings, name);
		return region->workdays;
	}
	return places->base;
}

/* ---- of the whole directory ------------------------------------------------------------- */

static void add(struct places *places, const char *zone, const char *calendar)
{
	for (size_t i = 0; i < places->items; i++) {
		const char *known = places->item[i].calendar;
		if (strcmp(places->item[i].zone, zone) == 0 &&
			(known == calendar || (known != NULL && calendar != NULL && strcmp(known, calendar) == 0)))
			return;
	}
	if (places->items == PLACES_MAX)
		return;
	struct item *item = &places->item[places->items++];
	snprintf(item->zone, sizeof item->zone, "%s", zone);
	item->calendar = calendar;
}

int places_look(struct places *places, struct db *db, struct error *e)
{
	int64_t revision = 0;
	struct db_stmt *stmt;
	enum db_step step = db_query_int(db, &revision, e,
		"SELECT COALESCE(max(number), 0) FROM directory_revision", "");
	if (step == DB_FAILED)
		return -1;
	if (revision == places->revision && revision != 0)
		return 0;
	if (db_query(db, &stmt, e,
		    "SELECT DISTINCT COALESCE(zone, ''), COALESCE(region, '') FROM organisation WHERE active = 1"
		    " ORDER BY 1, 2",
		    "") != 0)
		return -1;
	places->items = 0;
	while ((step = db_step(stmt, e)) == DB_ROW)
		add(places, db_text(stmt, 0), calendar_of(places, db_text(stmt, 1)));
	places->revision = step == DB_DONE ? revision : -1;
	return step == DB_DONE ? 0 : -1;
}

size_t places_count(const struct places *places)
{
	return places->items;
}

const char *places_item(const struct places *places, size_t i, const char *campaign_zone,
	char out[static PLAN_PLACE_SIZE])
{
	const struct item *item = &places->item[i];
	return write_name(item->zone[0] == '\0' ? campaign_zone : item->zone, item->calendar, out);
}
