#include "calendar/period.h"

#include <stdio.h>

#include "base/error.h"

#define SCHOOL_YEAR_MONTH 9

const char *const period_slugs[] = {
	"day", "week", "month", "quarter", "half", "year", "school-year", NULL};

/* Months in a period; 0: it is counted in days. */
static int months_of(enum period period)
{
	switch (period) {
	case PERIOD_MONTH:
		return 1;
	case PERIOD_QUARTER:
		return 3;
	case PERIOD_HALF:
		return 6;
	case PERIOD_YEAR:
	case PERIOD_SCHOOL_YEAR:
		return 12;
	case PERIOD_DAY:
	case PERIOD_WEEK:
		break;
	}
	return 0;
}

int32_t period_first(enum period period, int32_t day)
{
	struct calendar_time t = day_split(day);
	int months = months_of(period);
	if (period == PERIOD_SCHOOL_YEAR) {
		int year = t.month >= SCHOOL_YEAR_MONTH ? t.year : t.year - 1;
		return day_of(year > 0 ? year : 1, year > 0 ? SCHOOL_YEAR_MONTH : 1, 1);
	}
	if (months > 0)
		return day_of(t.year, (t.month - 1) / months * months + 1, 1);
	return period == PERIOD_WEEK ? day - (t.weekday - 1) : day;
}

int32_t period_last(enum period period, int32_t day)
{
	int32_t next = period_add(period, day, 1);
	return next != DAY_NONE ? next - 1 : day_of(9999, 12, 31);
}

int32_t period_add(enum period period, int32_t day, int n)
{
	int32_t first = period_first(period, day);
	int months = months_of(period);
	if (n > 120000 || n < -120000)
		return DAY_NONE;
	if (months > 0)
		return day_add_months(first, n * months);
	int64_t sum = first + (int64_t)n * (period == PERIOD_WEEK ? 7 : 1);
	return sum >= day_of(1, 1, 1) && sum <= day_of(9999, 12, 31) ? (int32_t)sum : DAY_NONE;
}

/* ---- words ------------------------------------------------------------------- */

static const char *roman(int n)
{
	static const char *const numbers[] = {"I", "II", "III", "IV"};
	ASSERT(n >= 1 && n <= 4);
	return numbers[n - 1];
}

static void week_words(int32_t first, enum lang lang, char out[static PERIOD_TEXT_SIZE])
{
	struct calendar_time a = day_split(first), b = day_split(first + 6);
	char from[DAY_TEXT_SIZE], to[DAY_TEXT_SIZE];
	bool ru = lang == LANG_RU;
	(void)day_words_short(first, lang, from);
	(void)day_words_short(first + 6, lang, to);
	if (a.month == b.month)
		(void)snprintf(from, sizeof from, "%d", a.day);
	if (a.year != b.year)
		(void)snprintf(out, PERIOD_TEXT_SIZE,
			ru ? "за неделю с %.40s %d года по %.40s %d года" : "for the week of %.40s %d to %.40s %d",
			from, a.year, to, b.year);
	else
		(void)snprintf(out, PERIOD_TEXT_SIZE,
			ru ? "за неделю с %.40s по %.40s %d года" : "for the week of %.40s to %.40s %d", from,
			to, b.year);
}

static void month_words(enum period period, int32_t first, enum lang lang,
	char out[static PERIOD_TEXT_SIZE])
{
	static const char *const ordinals[] = {"first", "second", "third", "fourth"};
	struct calendar_time t = day_split(first);
	bool ru = lang == LANG_RU;
	int part = (t.month - 1) / months_of(period) + 1;
	switch (period) {
	case PERIOD_MONTH:
		(void)snprintf(out, PERIOD_TEXT_SIZE, ru ? "за %s %d года" : "for %s %d",
			day_month_name(t.month, lang), t.year);
		break;
	case PERIOD_QUARTER:
		if (ru)
			(void)snprintf(out, PERIOD_TEXT_SIZE, "за %s квартал %d года", roman(part), t.year);
		else
			(void)snprintf(out, PERIOD_TEXT_SIZE, "for the %s quarter of %d", ordinals[part - 1], t.year);
		break;
	case PERIOD_HALF:
		if (ru)
			(void)snprintf(out, PERIOD_TEXT_SIZE, "за %s полугодие %d года", roman(part), t.year);
		else
			(void)snprintf(out, PERIOD_TEXT_SIZE, "for the %s half of %d", ordinals[part - 1], t.year);
		break;
	case PERIOD_YEAR:
		(void)snprintf(out, PERIOD_TEXT_SIZE, ru ? "за %d год" : "for %d", t.year);
		break;
	case PERIOD_SCHOOL_YEAR:
		(void)snprintf(out, PERIOD_TEXT_SIZE, ru ? "за %d/%d учебный год" : "for the %d/%d school year",
			t.year, t.year + 1);
		break;
	case PERIOD_DAY:
	case PERIOD_WEEK:
		break;
	}
}

const char *period_words(enum period period, int32_t day, enum lang lang,
	char out[static PERIOD_TEXT_SIZE])
{
	int32_t first = period_first(period, day);
	if (period == PERIOD_WEEK) {
		week_words(first, lang, out);
	} else if (period == PERIOD_DAY) {
		char date[DAY_TEXT_SIZE];
		(void)snprintf(out, PERIOD_TEXT_SIZE, lang == LANG_RU ? "за %.40s %d года" : "for %.40s %d",
			day_words_short(day, lang, date), day_year(day));
	} else {
		month_words(period, first, lang, out);
	}
	return out;
}
