/* The production calendars of an installation: the ministry's and those of
 * regions (settings `calendar`). Immutable once loaded. */
#ifndef VESTNIK_CAMPAIGN_CALENDARS_H
#define VESTNIK_CAMPAIGN_CALENDARS_H

#include "base/problem.h"
#include "calendar/workdays.h"
#include "settings/settings.h"

struct calendars;

/* A calendar that cannot be read is a problem; weekends stand in for it, so that work goes on.
 * Never NULL. */
struct calendars *calendars_load(const struct settings *settings, struct problems *problems);
void calendars_free(struct calendars **calendars);
/* The ministry's own. */
const struct workdays *calendars_own(const struct calendars *calendars);
/* The region's, or the ministry's own; region may be NULL. */
const struct workdays *calendars_of_region(const struct calendars *calendars, const char *region);

#endif
