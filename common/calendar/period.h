/* Reporting periods: what a round of a recurring ask is about. */
#ifndef VESTNIK_CALENDAR_PERIOD_H
#define VESTNIK_CALENDAR_PERIOD_H

#include <stdint.h>

#include "base/lang.h"
#include "calendar/day.h"

enum period {
	PERIOD_DAY,
	PERIOD_WEEK,       /* Monday to Sunday */
	PERIOD_MONTH,
	PERIOD_QUARTER,
	PERIOD_HALF,
	PERIOD_YEAR,
	PERIOD_SCHOOL_YEAR /* 1 September to 31 August */
};
/* "day", "week", "month", "quarter", "half", "year", "school-year", NULL. */
extern const char *const period_slugs[];

/* First and last day of the period that has `day` in it. */
int32_t period_first(enum period period, int32_t day);
int32_t period_last(enum period period, int32_t day);
/* First day of the n-th period after (before) the one that has `day` in it;
 * DAY_NONE outside the years 1 to 9999. */
int32_t period_add(enum period period, int32_t day, int n);

#define PERIOD_TEXT_SIZE 128
/* «за сентябрь 2022 года», «за III квартал 2024 года», «за 2023/2024 учебный
 * год», «за неделю с 4 по 10 марта 2024 года»; "for September 2022", "for the
 * third quarter of 2024", "for the week of 4 to 10 March 2024". */
const char *period_words(enum period period, int32_t day, enum lang lang,
	char out[static PERIOD_TEXT_SIZE]);

#endif
