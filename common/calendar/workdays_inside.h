/* What a loaded calendar holds; for workdays*.c only. */
#ifndef VESTNIK_CALENDAR_WORKDAYS_INSIDE_H
#define VESTNIK_CALENDAR_WORKDAYS_INSIDE_H

#include "calendar/calendar.h"
#include "calendar/day.h"
#include "calendar/workdays.h"

#define WORKDAYS_FIRST_YEAR 1970
#define WORKDAYS_LAST_YEAR 2099
#define WORKDAYS_SOURCES_MAX 16

struct workdays_mark {
	enum workdays_kind kind;
	bool set;        /* a file says something of the day */
	bool shortened;
	int32_t other_day;
	char *about[2];  /* by enum lang; owned */
};

struct workdays_year {
	int number;
	bool base, region; /* files read */
	bool draft;
	char *source[WORKDAYS_SOURCES_MAX][2];
	size_t sources;
	struct workdays_mark mark[366];
};

struct workdays {
	char name[WORKDAYS_NAME_MAX + 1];
	bool regional;
	struct workdays_year *year[WORKDAYS_LAST_YEAR - WORKDAYS_FIRST_YEAR + 1];
};

/* One file into its year, which is made when it is not there. `region`: it adds
 * to what the base said. */
void workdays_read(struct workdays *workdays, int year, bool region, const char *file,
	const char *text, size_t len, struct problems *problems);

/* The files of config/calendars/, compiled in. */
struct workdays_file {
	const char *name; /* "ru-2024" */
	const char *text;
	size_t len;
};
extern const struct workdays_file workdays_files[];
extern const size_t workdays_files_count;

#endif
