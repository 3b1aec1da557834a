/* Dates in words and plurals, Russian and English. */
#include "calendar/calendar.h"

#include <stdio.h>
#include <string.h>

#include "calendar/civil.h"

static const char *const months_ru[] = {"января", "февраля", "марта", "апреля", "мая", "июня",
	"июля", "августа", "сентября", "октября", "ноября", "декабря"};
static const char *const months_en[] = {"January", "February", "March", "April", "May", "June",
	"July", "August", "September", "October", "November", "December"};

/* Zones whose clocks Russians name by their distance from Moscow. */
static const char *const russian_zones[] = {"Europe/Kaliningrad", "Europe/Moscow",
	"Europe/Simferopol", "Europe/Kirov", "Europe/Volgograd", "Europe/Astrakhan", "Europe/Saratov",
	"Europe/Ulyanovsk", "Europe/Samara", "Asia/Yekaterinburg", "Asia/Omsk", "Asia/Novosibirsk",
	"Asia/Barnaul", "Asia/Tomsk", "Asia/Novokuznetsk", "Asia/Krasnoyarsk", "Asia/Irkutsk",
	"Asia/Chita", "Asia/Yakutsk", "Asia/Khandyga", "Asia/Vladivostok", "Asia/Ust-Nera",
	"Asia/Magadan", "Asia/Sakhalin", "Asia/Srednekolymsk", "Asia/Kamchatka", "Asia/Anadyr"};

static bool zone_is_russian(const char *zone)
{
	for (size_t i = 0; i < sizeof russian_zones / sizeof russian_zones[0]; i++)
		if (strcmp(zone, russian_zones[i]) == 0)
			return true;
	return false;
}

/* «МСК», «МСК+7», "UTC+5", "UTC-3:30". */
#define ZONE_WORD_SIZE 24
static void zone_word(const char *zone, int64_t utc_seconds, enum lang lang, char out[ZONE_WORD_SIZE])
{
	const struct zone *here = zone_find(zone), *moscow = zone_find("Europe/Moscow");
	int offset = zone_offset(here, utc_seconds);
	const char *base = "UTC";
	if (moscow != NULL && zone_is_russian(zone)) {
		offset -= zone_offset(moscow, utc_seconds);
		base = lang == LANG_RU ? "МСК" : "MSK";
	}
	int minutes = (offset < 0 ? -offset : offset) / 60;
	if (minutes == 0)
		snprintf(out, ZONE_WORD_SIZE, "%s", base);
	else if (minutes % 60 == 0)
		snprintf(out, ZONE_WORD_SIZE, "%s%c%d", base, offset < 0 ? '-' : '+', minutes / 60);
	else
		snprintf(out, ZONE_WORD_SIZE, "%s%c%d:%02d", base, offset < 0 ? '-' : '+', minutes / 60,
			minutes % 60);
}

static void format_date(const struct calendar_time *t, enum lang lang, enum calendar_format format,
	char out[CALENDAR_TEXT_SIZE])
{
	bool ru = lang == LANG_RU;
	const char *month = (ru ? months_ru : months_en)[t->month - 1];
	if (format == CALENDAR_SHORT && ru)
		snprintf(out, CALENDAR_TEXT_SIZE, "%02d.%02d.%04d", t->day, t->month, t->year);
	else if (format == CALENDAR_DAY)
		snprintf(out, CALENDAR_TEXT_SIZE, "%d %s", t->day, month);
	else
		snprintf(out, CALENDAR_TEXT_SIZE, "%d %s %d%s", t->day, month, t->year, ru ? " г." : "");
}

int calendar_format(int64_t time_ms, const char *zone, enum lang lang, enum calendar_format format,
	char out[static CALENDAR_TEXT_SIZE], struct error *e)
{
	struct calendar_time t;
	if (calendar_from_ms(time_ms, zone, &t, e) != 0)
		return -1;
	if (format == CALENDAR_SHORT || format == CALENDAR_LONG || format == CALENDAR_DAY) {
		format_date(&t, lang, format, out);
		return 0;
	}
	char word[ZONE_WORD_SIZE], date[CALENDAR_TEXT_SIZE];
	zone_word(zone, time_ms / 1000, lang, word);
	if (format == CALENDAR_TIME) {
		snprintf(out, CALENDAR_TEXT_SIZE, "%02d:%02d (%s)", t.hour, t.minute, word);
		return 0;
	}
	format_date(&t, lang, CALENDAR_LONG, date);
	int n = snprintf(out, CALENDAR_TEXT_SIZE, "%s, %02d:%02d (%s)", date, t.hour, t.minute, word);
	ASSERT(n > 0 && n < CALENDAR_TEXT_SIZE);
	return 0;
}

int calendar_mail_date(int64_t time_ms, const char *zone, char out[static CALENDAR_MAIL_DATE_SIZE],
	struct error *e)
{
	static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
	struct calendar_time t;
	if (calendar_from_ms(time_ms, zone, &t, e) != 0)
		return -1;
	int minutes = zone_offset(zone_find(zone), time_ms / 1000) / 60;
	int east = minutes < 0 ? -minutes : minutes;
	int n = snprintf(out, CALENDAR_MAIL_DATE_SIZE, "%s, %d %.3s %04d %02d:%02d:%02d %c%02d%02d",
		days[t.weekday - 1], t.day, months_en[t.month - 1], t.year, t.hour, t.minute, t.second,
		minutes < 0 ? '-' : '+', east / 60, east % 60);
	ASSERT(n > 0 && n < CALENDAR_MAIL_DATE_SIZE);
	return 0;
}

const char *calendar_plural(int64_t n, enum lang lang, const char *one, const char *few,
	const char *many)
{
	uint64_t count = n < 0 ? -(uint64_t)n : (uint64_t)n;
	if (lang == LANG_EN)
		return count == 1 ? one : few;
	uint64_t last = count % 10, two = count % 100;
	if (last == 1 && two != 11)
		return one;
	if (last >= 2 && last <= 4 && (two < 12 || two > 14))
		return few;
	return many;
}
