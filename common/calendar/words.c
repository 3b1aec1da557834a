/* Dates in words and plurals, Russian and English. */
#include "calendar/calendar.h"

#include <string.h>

#include "calendar/civil.h"

/* By the number of the month; 0 is none. */
static const char *const months_ru[] = {"", "января", "февраля", "марта", "апреля", "мая", "июня",
	"июля", "августа", "сентября", "октября", "ноября", "декабря"};
static const char *const months_en[] = {"", "January", "February", "March", "April", "May", "June",
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

/* Dates stand in every letter: put together by hand, since printf would cost
 * as much as the rest of a letter's fields. */
static char *put(char *at, const char *s)
{
	size_t len = strlen(s);
	memcpy(at, s, len + 1);
	return at + len;
}

/* value is not negative; `width` digits at least. */
static char *put_number(char *at, int value, int width)
{
	char digits[12];
	int count = 0;
	do {
		digits[count++] = (char)('0' + value % 10);
		value /= 10;
	} while ((value > 0 || count < width) && count < (int)sizeof digits);
	while (count > 0)
		*at++ = digits[--count];
	*at = '\0';
	return at;
}

/* «МСК», «МСК+7», "UTC+5", "UTC-3:30". */
static char *put_zone(char *at, const char *zone, int64_t utc_seconds, enum lang lang)
{
	const struct zone *here = zone_find(zone), *moscow = zone_find("Europe/Moscow");
	int offset = zone_offset(here, utc_seconds);
	const char *base = "UTC";
	if (moscow != NULL && zone_is_russian(zone)) {
		offset -= zone_offset(moscow, utc_seconds);
		base = lang == LANG_RU ? "МСК" : "MSK";
	}
	int minutes = (offset < 0 ? -offset : offset) / 60;
	at = put(at, base);
	if (minutes == 0)
		return at;
	at = put_number(put(at, offset < 0 ? "-" : "+"), minutes / 60, 1);
	return minutes % 60 == 0 ? at : put_number(put(at, ":"), minutes % 60, 2);
}

static char *put_date(char *at, const struct calendar_time *t, enum lang lang, enum calendar_format format)
{
	bool ru = lang == LANG_RU;
	if (format == CALENDAR_SHORT && ru) {
		at = put(put_number(at, t->day, 2), ".");
		at = put(put_number(at, t->month, 2), ".");
		return put_number(at, t->year, 4);
	}
	at = put(put_number(at, t->day, 1), " ");
	at = put(at, (ru ? months_ru : months_en)[t->month]);
	if (format == CALENDAR_DAY)
		return at;
	return put(put_number(put(at, " "), t->year, 1), ru ? " г." : "");
}

static char *put_clock(char *at, const struct calendar_time *t)
{
	return put_number(put(put_number(at, t->hour, 2), ":"), t->minute, 2);
}

/* The longest: "30 сентября 2023 г., 18:00 (UTC+12:45)", 50 bytes. */
_Static_assert(CALENDAR_TEXT_SIZE >= 80, "every format fits");

int calendar_format(int64_t time_ms, const char *zone, enum lang lang, enum calendar_format format,
	char out[static CALENDAR_TEXT_SIZE], struct error *e)
{
	struct calendar_time t;
	char *at = out;
	if (calendar_from_ms(time_ms, zone, &t, e) != 0)
		return -1;
	if (format != CALENDAR_TIME)
		at = put_date(at, &t, lang, format);
	if (format == CALENDAR_FULL)
		at = put(at, ", ");
	if (format == CALENDAR_FULL || format == CALENDAR_TIME)
		put(put_zone(put(put_clock(at, &t), " ("), zone, time_ms / 1000, lang), ")");
	return 0;
}

int calendar_mail_date(int64_t time_ms, const char *zone, char out[static CALENDAR_MAIL_DATE_SIZE],
	struct error *e)
{
	static const char *const days[] = {"", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
	struct calendar_time t;
	if (calendar_from_ms(time_ms, zone, &t, e) != 0)
		return -1;
	int minutes = zone_offset(zone_find(zone), time_ms / 1000) / 60;
	int east = minutes < 0 ? -minutes : minutes;
	char *at = put(put(out, days[t.weekday]), ", ");
	at = put(put_number(at, t.day, 1), " ");
	memcpy(at, months_en[t.month], 3); /* the first three letters are the RFC's names */
	at = put(put_number(put(at + 3, " "), t.year, 4), " ");
	at = put_number(put(put_clock(at, &t), ":"), t.second, 2);
	at = put(at, minutes < 0 ? " -" : " +");
	put_number(put_number(at, east / 60, 2), east % 60, 2);
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
