#include "calendar/day.h"

#include <stdio.h>
#include <string.h>

#include "calendar/civil.h"

#define DAY_S INT64_C(86400)
#define DAY_MS INT64_C(86400000)
#define DAY_MINUTES 1440

int32_t day_of(int year, int month, int date)
{
	return calendar_date_exists(year, month, date) ? (int32_t)civil_days(year, month, date)
						       : DAY_NONE;
}

struct calendar_time day_split(int32_t day)
{
	struct calendar_time out;
	ASSERT(day != DAY_NONE);
	civil_from_seconds(day * DAY_S, &out);
	return out;
}

int day_year(int32_t day)
{
	return day_split(day).year;
}

int day_weekday(int32_t day)
{
	return (int)(((day + INT64_C(3)) % 7 + 7) % 7 + 1); /* day 0 was a Thursday */
}

int32_t day_month_last(int year, int month)
{
	for (int date = 31; date >= 28; date--)
		if (calendar_date_exists(year, month, date))
			return day_of(year, month, date);
	return DAY_NONE;
}

int32_t day_add_months(int32_t day, int n)
{
	struct calendar_time t = day_split(day);
	int64_t months = t.year * INT64_C(12) + t.month - 1 + n;
	if (months < 12 || months > INT64_C(9999) * 12 + 11)
		return DAY_NONE;
	int year = (int)(months / 12), month = (int)(months % 12) + 1;
	int32_t same = day_of(year, month, t.day);
	return same != DAY_NONE ? same : day_month_last(year, month);
}

int day_parse(const char *text, int32_t *day, struct error *e)
{
	struct calendar_time t;
	bool has_time;
	if (calendar_parse(text, &t, &has_time, e) != 0)
		return -1;
	if (has_time)
		return error_set(e, ERROR_INPUT,
			tr("«%.40s»: a day without a time is wanted", "«%.40s»: нужен день без времени"), text);
	*day = day_of(t.year, t.month, t.day);
	return 0;
}

/* ---- words ------------------------------------------------------------------- */

const char *day_iso(int32_t day, char out[static DAY_TEXT_SIZE])
{
	struct calendar_time t = day_split(day);
	(void)snprintf(out, DAY_TEXT_SIZE, "%04d-%02d-%02d", t.year, t.month, t.day);
	return out;
}

static const char *words(int32_t day, enum lang lang, enum calendar_format format,
	char out[static DAY_TEXT_SIZE])
{
	char text[CALENDAR_TEXT_SIZE];
	if (calendar_format(day * DAY_MS, "UTC", lang, format, text, NULL) != 0)
		return day_iso(day, out);
	(void)snprintf(out, DAY_TEXT_SIZE, "%s", text);
	return out;
}

const char *day_words(int32_t day, enum lang lang, char out[static DAY_TEXT_SIZE])
{
	return words(day, lang, CALENDAR_LONG, out);
}

const char *day_words_short(int32_t day, enum lang lang, char out[static DAY_TEXT_SIZE])
{
	return words(day, lang, CALENDAR_DAY, out);
}

const char *day_words_weekday(int32_t day, enum lang lang, char out[static DAY_TEXT_SIZE])
{
	char date[DAY_TEXT_SIZE];
	/* The longest: «понедельник, 30 сентября 2023 г.», 54 bytes. */
	int n = snprintf(out, DAY_TEXT_SIZE, "%s, %.40s", day_weekday_name(day_weekday(day), lang),
		day_words(day, lang, date));
	ASSERT(n > 0 && n < DAY_TEXT_SIZE);
	return out;
}

const char *day_weekday_name(int weekday, enum lang lang)
{
	static const char *const ru[] = {"понедельник", "вторник", "среда", "четверг", "пятница",
		"суббота", "воскресенье"};
	static const char *const en[] = {
		"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
	ASSERT(weekday >= 1 && weekday <= 7);
	return (lang == LANG_RU ? ru : en)[weekday - 1];
}

const char *day_month_name(int month, enum lang lang)
{
	static const char *const ru[] = {"январь", "февраль", "март", "апрель", "май", "июнь", "июль",
		"август", "сентябрь", "октябрь", "ноябрь", "декабрь"};
	static const char *const en[] = {"January", "February", "March", "April", "May", "June", "July",
		"August", "September", "October", "November", "December"};
	ASSERT(month >= 1 && month <= 12);
	return (lang == LANG_RU ? ru : en)[month - 1];
}

/* ---- moments ----------------------------------------------------------------- */

int day_of_ms(int64_t time_ms, const char *zone, int32_t *day, struct error *e)
{
	struct calendar_time t;
	if (calendar_from_ms(time_ms, zone, &t, e) != 0)
		return -1;
	*day = day_of(t.year, t.month, t.day);
	return 0;
}

int day_to_ms(int32_t day, int minute, const char *zone, int64_t *time_ms, struct error *e)
{
	ASSERT(minute >= 0 && minute <= DAY_MINUTES);
	struct calendar_time t = day_split(minute == DAY_MINUTES ? day + 1 : day);
	t.hour = minute / 60 % 24;
	t.minute = minute % 60;
	return calendar_to_ms(&t, zone, time_ms, e);
}
