/* Wall time and instants, parsing, opening hours. */
#include "calendar/calendar.h"

#include <stdlib.h>
#include <string.h>

#include "base/lang.h"

#include "calendar/civil.h"

#define DAY_S INT64_C(86400)
#define DAY_MINUTES 1440
/* 0001-01-01 … 9999-12-31: what four digits can write. */
#define SECONDS_LEAST (-INT64_C(62135596800))
#define SECONDS_MOST INT64_C(253402300799)

static bool leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

bool calendar_date_exists(int year, int month, int day)
{
	static const int length[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1)
		return false;
	return day <= length[month - 1] + (month == 2 && leap(year) ? 1 : 0);
}

/* The year is counted from 1 March, so that the leap day is its last. */
int64_t civil_days(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t month_from_march = (month + 9) % 12;
	int64_t before = y * 365 + y / 4 - y / 100 + y / 400;
	/* 719468 days lie between 0000-03-01 and 1970-01-01. */
	return before + (month_from_march * 153 + 2) / 5 + day - 1 - 719468;
}

int64_t civil_seconds(const struct calendar_time *wall)
{
	return civil_days(wall->year, wall->month, wall->day) * DAY_S + wall->hour * INT64_C(3600) +
		wall->minute * INT64_C(60) + wall->second;
}

void civil_from_seconds(int64_t seconds, struct calendar_time *wall)
{
	int64_t days = seconds / DAY_S, rest = seconds % DAY_S;
	if (rest < 0) {
		days--;
		rest += DAY_S;
	}
	int64_t from_march = days + 719468; /* days since 0000-03-01; >= 0 for our years */
	int64_t era = from_march / 146097, in_era = from_march % 146097;
	int64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	int64_t in_year = in_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * in_year + 2) / 153;
	wall->day = (int)(in_year - (153 * month + 2) / 5 + 1);
	wall->month = (int)(month < 10 ? month + 3 : month - 9);
	wall->year = (int)(year + era * 400 + (wall->month <= 2 ? 1 : 0));
	wall->hour = (int)(rest / 3600);
	wall->minute = (int)(rest / 60 % 60);
	wall->second = (int)(rest % 60);
	wall->weekday = (int)(((days + 3) % 7 + 7) % 7 + 1); /* 1970-01-01 was a Thursday */
}

static const struct zone *zone_need(const char *name, struct error *e)
{
	const struct zone *zone = zone_find(name);
	if (zone == NULL)
		(void)error_set(e, ERROR_INPUT,
			tr("unknown time zone «%.64s»; right would be, for example, Europe/Moscow",
				"неизвестный часовой пояс «%.64s»; правильно, например, Europe/Moscow"),
			name);
	return zone;
}

static int64_t floor_seconds(int64_t time_ms)
{
	return time_ms / 1000 - (time_ms % 1000 < 0 ? 1 : 0);
}

int calendar_from_ms(int64_t time_ms, const char *zone, struct calendar_time *local, struct error *e)
{
	const struct zone *z = zone_need(zone, e);
	if (z == NULL)
		return -1;
	int64_t utc = floor_seconds(time_ms);
	/* A day of slack, so that the wall clock has a four-digit year too. */
	if (utc < SECONDS_LEAST + DAY_S || utc > SECONDS_MOST - DAY_S)
		return error_set(e, ERROR_INPUT, "%s",
			tr("the moment lies outside the years 1 to 9999",
				"момент вне годов от 1 до 9999"));
	civil_from_seconds(utc + zone_offset(z, utc), local);
	return 0;
}

int calendar_to_ms(const struct calendar_time *local, const char *zone, int64_t *time_ms,
	struct error *e)
{
	const struct zone *z = zone_need(zone, e);
	if (z == NULL)
		return -1;
	if (!calendar_date_exists(local->year, local->month, local->day))
		return error_set(e, ERROR_INPUT, tr("there is no %02d.%02d.%04d", "даты %02d.%02d.%04d нет"),
			local->day, local->month, local->year);
	if (local->hour < 0 || local->hour > 23 || local->minute < 0 || local->minute > 59 ||
		local->second < 0 || local->second > 59)
		return error_set(e, ERROR_INPUT, tr("there is no time %02d:%02d:%02d", "времени %02d:%02d:%02d нет"),
			local->hour, local->minute, local->second);
	int64_t wall = civil_seconds(local);
	int before = zone_offset(z, wall - DAY_S), after = zone_offset(z, wall + DAY_S);
	int64_t early = wall - (before > after ? before : after);
	int64_t late = wall - (before > after ? after : before);
	int64_t utc;
	if (early + zone_offset(z, early) == wall)
		utc = early; /* the only one, or the first of two */
	else if (late + zone_offset(z, late) == wall)
		utc = late;
	else /* the clock jumped over it: where it landed */
		utc = zone_first_change(z, early, late);
	if (utc == INT64_MAX)
		utc = late;
	*time_ms = utc * 1000;
	return 0;
}

/* ---- parsing ----------------------------------------------------------------- */

/* Reads exactly `digits` digits. */
static bool take_number(const char **p, int digits, int *value)
{
	*value = 0;
	for (int i = 0; i < digits; i++, (*p)++) {
		if (**p < '0' || **p > '9')
			return false;
		*value = *value * 10 + (**p - '0');
	}
	return true;
}

static bool take(const char **p, char c)
{
	if (**p != c)
		return false;
	(*p)++;
	return true;
}

static bool take_date(const char **p, struct calendar_time *out)
{
	const char *start = *p;
	if (take_number(p, 4, &out->year) && take(p, '-') && take_number(p, 2, &out->month) &&
		take(p, '-') && take_number(p, 2, &out->day))
		return true;
	*p = start;
	return take_number(p, 2, &out->day) && take(p, '.') && take_number(p, 2, &out->month) &&
		take(p, '.') && take_number(p, 4, &out->year);
}

static bool take_time(const char **p, struct calendar_time *out)
{
	if (!take_number(p, 2, &out->hour) || !take(p, ':') || !take_number(p, 2, &out->minute))
		return false;
	return **p != ':' || (take(p, ':') && take_number(p, 2, &out->second));
}

int calendar_parse(const char *text, struct calendar_time *out, bool *has_time, struct error *e)
{
	*out = (struct calendar_time){0};
	*has_time = false;
	const char *p = text;
	bool ok = take_date(&p, out);
	if (ok && (*p == ' ' || *p == 'T')) {
		p++;
		*has_time = true;
		ok = take_time(&p, out);
	}
	if (!ok || *p != '\0')
		return error_set(e, ERROR_INPUT,
			tr("«%.40s» is not a date; right would be 2023-05-30, 30.05.2023 or 2023-05-30 18:00",
				"«%.40s» – не дата; правильно 2023-05-30, 30.05.2023 или 2023-05-30 18:00"),
			text);
	if (!calendar_date_exists(out->year, out->month, out->day))
		return error_set(e, ERROR_INPUT, tr("there is no %02d.%02d.%04d", "даты %02d.%02d.%04d нет"),
			out->day, out->month, out->year);
	if (out->hour > 23 || out->minute > 59 || out->second > 59)
		return error_set(e, ERROR_INPUT, tr("there is no time %02d:%02d:%02d", "времени %02d:%02d:%02d нет"),
			out->hour, out->minute, out->second);
	out->weekday = (int)(((civil_days(out->year, out->month, out->day) + 3) % 7 + 7) % 7 + 1);
	return 0;
}

/* ---- opening hours ----------------------------------------------------------- */

int calendar_next_open(int64_t from_ms, const char *zone, int open_minute, int close_minute,
	int64_t *out_ms, struct error *e)
{
	if (open_minute < 0 || close_minute > DAY_MINUTES || open_minute > close_minute)
		return error_set(e, ERROR_INPUT, "%s",
			tr("opening hours must lie within one day, the opening before the closing",
				"часы работы должны быть в пределах суток, начало раньше конца"));
	struct calendar_time local;
	if (calendar_from_ms(from_ms, zone, &local, e) != 0)
		return -1;
	int minute = local.hour * 60 + local.minute;
	if (open_minute == close_minute || (minute >= open_minute && minute < close_minute)) {
		*out_ms = from_ms;
		return 0;
	}
	if (minute >= close_minute) {
		struct calendar_time noon = {local.year, local.month, local.day, 12, 0, 0, 0};
		civil_from_seconds(civil_seconds(&noon) + DAY_S, &local);
	}
	local.hour = open_minute / 60;
	local.minute = open_minute % 60;
	local.second = 0;
	if (calendar_to_ms(&local, zone, out_ms, e) != 0)
		return -1;
	/* Where a clock was put back, the opening may have come once already. */
	if (*out_ms < from_ms)
		*out_ms = from_ms;
	return 0;
}
