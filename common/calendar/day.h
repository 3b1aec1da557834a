/* Days without a time: a number, 0 is 1 January 1970, so that arithmetic is
 * arithmetic. Names of such values end in _day. Pure functions. */
#ifndef VESTNIK_CALENDAR_DAY_H
#define VESTNIK_CALENDAR_DAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/lang.h"
#include "calendar/calendar.h"

#define DAY_NONE INT32_MIN

/* DAY_NONE when there is no such date (years 1 to 9999). */
int32_t day_of(int year, int month, int date);
/* Year, month, day and weekday; the clock stands at 00:00. A day outside the
 * years 1 to 9999 is a bug of the caller. */
struct calendar_time day_split(int32_t day);
int day_year(int32_t day);
/* 1 Monday … 7 Sunday. */
int day_weekday(int32_t day);
/* Last day of the month. DAY_NONE when there is no such month. */
int32_t day_month_last(int year, int month);
/* n months on (back when negative): the 31st becomes the month's last day.
 * DAY_NONE outside the years 1 to 9999. */
int32_t day_add_months(int32_t day, int n);

/* "2023-05-30" or "30.05.2023", nothing else. ERROR_INPUT. */
int day_parse(const char *text, int32_t *day, struct error *e);

#define DAY_TEXT_SIZE CALENDAR_TEXT_SIZE
/* "2023-05-30". */
const char *day_iso(int32_t day, char out[static DAY_TEXT_SIZE]);
/* «30 мая 2023 г.», "30 May 2023". */
const char *day_words(int32_t day, enum lang lang, char out[static DAY_TEXT_SIZE]);
/* «вторник, 30 мая 2023 г.», "Tuesday, 30 May 2023". */
const char *day_words_weekday(int32_t day, enum lang lang, char out[static DAY_TEXT_SIZE]);
/* «вторник», "Tuesday"; 1 Monday … 7 Sunday. */
const char *day_weekday_name(int weekday, enum lang lang);
/* «сентябрь», "September" (nominative); 1 to 12. */
const char *day_month_name(int month, enum lang lang);
/* «30 мая», "30 May". */
const char *day_words_short(int32_t day, enum lang lang, char out[static DAY_TEXT_SIZE]);

/* The day of a moment in a zone. ERROR_INPUT on an unknown zone. */
int day_of_ms(int64_t time_ms, const char *zone, int32_t *day, struct error *e);
/* The moment at `minute` of the day's wall clock in a zone (calendar_to_ms's
 * rules); minute 1440 is the next day's 00:00. */
int day_to_ms(int32_t day, int minute, const char *zone, int64_t *time_ms, struct error *e);

#endif
