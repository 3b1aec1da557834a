/* Production calendars: which days people work. A calendar is a name ("ru", or
 * "ru-ba" for a region that adds to "ru") and a file for each year,
 * config/calendars/<name>-<year>.csv, in words a clerk can edit
 * (config/calendars/README.md). The files of this version are compiled in; a
 * folder of the installation may add years and replace files of the same name.
 *
 * Where a year has no file, Saturday and Sunday are off and nothing else; who
 * computes with such a year says so (workdays_status).
 *
 * Immutable once loaded: any number of threads may read it. */
#ifndef VESTNIK_CALENDAR_WORKDAYS_H
#define VESTNIK_CALENDAR_WORKDAYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/lang.h"
#include "base/problem.h"

#define WORKDAYS_NAME_MAX 32

struct workdays;

/* Reads every year there is. name: "ru", "ru-ba"; a region's base is the name
 * before the last '-'. folder may be NULL. Mistakes go to problems by file and
 * line; NULL after an error, when the name is none, or when there is no file of
 * that name at all. The caller frees the result with workdays_free. */
struct workdays *workdays_load(const char *name, const char *folder, struct problems *problems);
/* Saturdays and Sundays only; never fails. */
struct workdays *workdays_weekends(void);
void workdays_free(struct workdays **workdays);
const char *workdays_name(const struct workdays *workdays);

/* The first and last year with a file; false when there is none. */
bool workdays_years(const struct workdays *workdays, int *first, int *last);

enum workdays_status {
	WORKDAYS_PUBLISHED,
	WORKDAYS_DRAFT,    /* the file says that the year was not yet published */
	WORKDAYS_NO_REGION,/* the base has the year, the region's own file is missing */
	WORKDAYS_NO_FILE   /* weekends only */
};
enum workdays_status workdays_status(const struct workdays *workdays, int year);
/* A sentence about the year that a person should know, "" when it is published. */
#define WORKDAYS_TEXT_SIZE 256
const char *workdays_status_text(const struct workdays *workdays, int year, enum lang lang,
	char out[static WORKDAYS_TEXT_SIZE]);
/* The i-th source or note of the year's files; NULL when there are no more. */
const char *workdays_source(const struct workdays *workdays, int year, size_t i, enum lang lang);

enum workdays_kind {
	WORKDAYS_WORKING,
	WORKDAYS_MADE_WORKING, /* a Saturday or Sunday people work */
	WORKDAYS_WEEKEND,
	WORKDAYS_HOLIDAY,
	WORKDAYS_MOVED,        /* off, because a day off was moved here */
	WORKDAYS_DECREED       /* declared non-working */
};
struct workdays_day {
	enum workdays_kind kind;
	bool off;
	bool shortened;        /* a working day with an hour less */
	int32_t other_day;     /* MOVED: where it was moved from; MADE_WORKING: where to; else DAY_NONE */
	const char *about;     /* the holiday's name, the decree; "" when the file says nothing */
};
/* lang chooses `about`; it is valid as long as the calendar. */
struct workdays_day workdays_day(const struct workdays *workdays, int32_t day, enum lang lang);
bool workdays_off(const struct workdays *workdays, int32_t day);
/* Why the day is off (or worked), for people: «выходной, перенесённый с 2 ноября
 * 2024 г.», «праздничный день (День Победы)», «суббота», «рабочий день». */
const char *workdays_reason(const struct workdays *workdays, int32_t day, enum lang lang,
	char out[static WORKDAYS_TEXT_SIZE]);

/* day itself when people work on it, else the next or previous working day.
 * DAY_NONE when there is none within a year. */
int32_t workdays_next(const struct workdays *workdays, int32_t day);
int32_t workdays_previous(const struct workdays *workdays, int32_t day);
/* n working days later (n < 0: earlier), the day itself not counted: 3 working
 * days before Tuesday is Thursday. n == 0: day itself, even if it is off.
 * DAY_NONE when n is over WORKDAYS_ADD_MAX or the end is not found. */
#define WORKDAYS_ADD_MAX 2000
int32_t workdays_add(const struct workdays *workdays, int32_t day, int n);
/* Working days in [first, last]. */
int workdays_count(const struct workdays *workdays, int32_t first_day, int32_t last_day);

#endif
