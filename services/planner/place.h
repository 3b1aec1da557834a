/* Where recipients live, as reminders see it: a time zone and a production calendar. A place is
 * written "Asia/Yekaterinburg", or "Asia/Yekaterinburg ru-ba" where the region has days off of its
 * own (settings calendar.regions): plan.place, ask.place. */
#ifndef VESTNIK_PLANNER_PLACE_H
#define VESTNIK_PLANNER_PLACE_H

#include <stddef.h>

#include "base/error.h"
#include "calendar/workdays.h"
#include "settings/settings.h"
#include "store/db.h"
#include "store/plan_row.h"

struct places;

/* settings: borrowed. A calendar that cannot be read is weekends only, and the log says so. */
struct places *places_new(const struct settings *settings);
void places_free(struct places **places);

/* The ministry's calendar. */
const struct workdays *places_workdays(const struct places *places);
/* zone NULL or "": the campaign's. */
const char *place_name(const struct places *places, const char *zone, const char *region,
	const char *campaign_zone, char out[static PLAN_PLACE_SIZE]);
/* A place's parts: the zone into zone[], its calendar. */
const struct workdays *place_parts(struct places *places, const char *place, char zone[static PLAN_PLACE_SIZE]);

/* The places of the directory, for a plan before anybody was written out. Asked of the store again
 * only when the directory has changed. Not inside a transaction: it looks at every organisation. */
int places_look(struct places *places, struct db *db, struct error *e);
size_t places_count(const struct places *places);
const char *places_item(const struct places *places, size_t i, const char *campaign_zone,
	char out[static PLAN_PLACE_SIZE]);

#endif
