#include "campaign/calendars.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

struct calendars {
	struct workdays *own;
	struct {
		char *region;
		struct workdays *workdays;
	} *region;
	size_t count;
};

static struct workdays *load(const char *name, const char *folder, struct problems *problems)
{
	struct workdays *workdays = workdays_load(name, folder, problems);
	return workdays != NULL ? workdays : workdays_weekends();
}

struct calendars *calendars_load(const struct settings *settings, struct problems *problems)
{
	struct calendars *calendars = xcalloc(1, sizeof *calendars);
	const char *folder = settings->calendar.folder;
	calendars->own = load(settings->calendar.name, folder, problems);
	calendars->region = xcalloc(settings->calendar.regions_count + 1, sizeof *calendars->region);
	for (size_t i = 0; i < settings->calendar.regions_count; i++) {
		const struct settings_region *from = &settings->calendar.regions[i];
		calendars->region[i].region = xstrdup(from->region);
		calendars->region[i].workdays = load(from->calendar, folder, problems);
		calendars->count++;
	}
	return calendars;
}

void calendars_free(struct calendars **handle)
{
	struct calendars *calendars = *handle;
	*handle = NULL;
	if (calendars == NULL)
		return;
	for (size_t i = 0; i < calendars->count; i++) {
		free(calendars->region[i].region);
		workdays_free(&calendars->region[i].workdays);
	}
	free(calendars->region);
	workdays_free(&calendars->own);
	free(calendars);
}

const struct workdays *calendars_own(const struct calendars *calendars)
{
	return calendars->own;
}

const struct workdays *calendars_of_region(const struct calendars *calendars, const char *region)
{
	for (size_t i = 0; region != NULL && i < calendars->count; i++)
		if (strcmp(calendars->region[i].region, region) == 0)
			return calendars->region[i].workdays;
	return calendars->own;
}
