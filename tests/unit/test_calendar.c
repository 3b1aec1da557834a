#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <pthread.h>

#include <cmocka.h>

#include "base/clock.h"
#include "calendar/calendar.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static int64_t instant(const char *rfc3339)
{
	int64_t ms;
	if (clock_parse_rfc3339(rfc3339, &ms) != 0)
		fail_msg("the test's own time %s is wrong", rfc3339);
	return ms;
}

static void zones_are_the_systems(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		bool known;
	} rows[] = {{"Europe/Moscow", true}, {"Asia/Vladivostok", true}, {"UTC", true},
		{"America/New_York", true}, {"Moscow", false}, {"", false}, {"/etc/passwd", false},
		{"../../etc/passwd", false}, {"Europe/Москва", false}, {"europe/moscow\n", false}};
	for (size_t i = 0; i < COUNT(rows); i++)
		if (calendar_zone_known(rows[i].name) != rows[i].known)
			fail_msg("%s: got %s", rows[i].name, rows[i].known ? "unknown" : "known");
}

static void wall_time_becomes_an_instant(void **state)
{
	(void)state;
	static const struct {
		const char *wall, *zone, *want, *back; /* back NULL: the same wall time */
	} rows[] = {
		{"2023-05-15 10:00", "Europe/Moscow", "2023-05-15T07:00:00Z", NULL},
		{"2023-05-15 10:00", "Asia/Vladivostok", "2023-05-15T00:00:00Z", NULL},
		{"2013-05-15 10:00", "Asia/Vladivostok", "2013-05-14T23:00:00Z", NULL}, /* +11 then */
		{"2013-05-15 10:00", "Europe/Moscow", "2013-05-15T06:00:00Z", NULL},    /* +4 then */
		{"2000-02-29 00:00", "UTC", "2000-02-29T00:00:00Z", NULL},
		{"1999-12-31 23:59:59", "UTC", "1999-12-31T23:59:59Z", NULL},
		/* put forward 2024-03-10 02:00 -> 03:00 */
		{"2024-03-10 01:59:59", "America/New_York", "2024-03-10T06:59:59Z", NULL},
		{"2024-03-10 02:30", "America/New_York", "2024-03-10T07:00:00Z", "2024-03-10 03:00"},
		{"2024-03-10 03:00", "America/New_York", "2024-03-10T07:00:00Z", NULL},
		/* put back 2024-11-03 02:00 -> 01:00: the first of two */
		{"2024-11-03 01:30", "America/New_York", "2024-11-03T05:30:00Z", NULL},
		{"2024-11-03 02:00", "America/New_York", "2024-11-03T07:00:00Z", NULL},
		{"2014-10-26 01:30", "Europe/Moscow", "2014-10-25T21:30:00Z", NULL},
		{"2011-03-27 02:30", "Europe/Moscow", "2011-03-26T23:00:00Z", "2011-03-27 03:00"},
		{"2040-07-01 12:00", "America/New_York", "2040-07-01T16:00:00Z", NULL},
		{"2040-01-01 12:00", "America/New_York", "2040-01-01T17:00:00Z", NULL},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct calendar_time wall, back;
		bool has_time = false;
		int64_t got = 0;
		struct error e = {0};
		if (calendar_parse(rows[i].wall, &wall, &has_time, &e) != 0 ||
			calendar_to_ms(&wall, rows[i].zone, &got, &e) != 0)
			fail_msg("%s %s: %s", rows[i].wall, rows[i].zone, e.text);
		char text[CLOCK_RFC3339_SIZE];
		if (got != instant(rows[i].want))
			fail_msg("%s %s: got %s, want %s", rows[i].wall, rows[i].zone,
				clock_rfc3339(got, text), rows[i].want);
		assert_int_equal(calendar_from_ms(got, rows[i].zone, &back, &e), 0);
		if (rows[i].back != NULL)
			assert_int_equal(calendar_parse(rows[i].back, &wall, &has_time, &e), 0);
		if (memcmp(&back, &wall, sizeof wall) != 0)
			fail_msg("%s %s: came back as %d-%d-%d %d:%d:%d (%d)", rows[i].wall,
				rows[i].zone, back.year, back.month, back.day, back.hour, back.minute,
				back.second, back.weekday);
	}
}

static void every_day_of_the_calendar_comes_back(void **state)
{
	(void)state;
	int64_t expected = instant("1896-01-01T12:00:00Z");
	int weekday = 3; /* 1 January 1896 was a Wednesday */
	for (int year = 1896; year <= 2404; year++)
		for (int month = 1; month <= 12; month++)
			for (int day = 1; calendar_date_exists(year, month, day); day++) {
				struct calendar_time wall = {year, month, day, 12, 0, 0, weekday}, back;
				int64_t ms;
				struct error e;
				assert_int_equal(calendar_to_ms(&wall, "UTC", &ms, &e), 0);
				if (ms != expected)
					fail_msg("%d-%d-%d: wrong instant", year, month, day);
				assert_int_equal(calendar_from_ms(ms, "UTC", &back, &e), 0);
				assert_memory_equal(&back, &wall, sizeof wall);
				expected += 86400000;
				weekday = weekday % 7 + 1;
			}
}

static void dates_are_parsed_strictly(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool ok, has_time;
		int year, month, day, hour, minute, second;
	} rows[] = {
		{"2023-05-15", true, false, 2023, 5, 15, 0, 0, 0},
		{"15.05.2023", true, false, 2023, 5, 15, 0, 0, 0},
		{"2023-05-15 10:00", true, true, 2023, 5, 15, 10, 0, 0},
		{"15.05.2023 10:00", true, true, 2023, 5, 15, 10, 0, 0},
		{"2023-05-15 10:00:30", true, true, 2023, 5, 15, 10, 0, 30},
		{"2023-05-15T10:00", true, true, 2023, 5, 15, 10, 0, 0},
		{"2023-02-29", false, false, 0, 0, 0, 0, 0, 0},
		{"2024-02-29", true, false, 2024, 2, 29, 0, 0, 0},
		{"31.04.2023", false, false, 0, 0, 0, 0, 0, 0},
		{"2023-13-01", false, false, 0, 0, 0, 0, 0, 0},
		{"2023-05-15 24:00", false, false, 0, 0, 0, 0, 0, 0},
		{"2023-05-15 10", false, false, 0, 0, 0, 0, 0, 0},
		{"2023-5-15", false, false, 0, 0, 0, 0, 0, 0},
		{"15.05.23", false, false, 0, 0, 0, 0, 0, 0},
		{"2023-05-15 10:00 ", false, false, 0, 0, 0, 0, 0, 0},
		{" 2023-05-15", false, false, 0, 0, 0, 0, 0, 0},
		{"0000-01-01", false, false, 0, 0, 0, 0, 0, 0},
		{"", false, false, 0, 0, 0, 0, 0, 0},
		{"tomorrow", false, false, 0, 0, 0, 0, 0, 0},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct calendar_time t;
		bool has_time = false;
		struct error e = {0};
		bool ok = calendar_parse(rows[i].text, &t, &has_time, &e) == 0;
		if (ok != rows[i].ok)
			fail_msg("«%s»: got %s", rows[i].text, ok ? "accepted" : e.text);
		if (ok && (has_time != rows[i].has_time || t.year != rows[i].year ||
				  t.month != rows[i].month || t.day != rows[i].day ||
				  t.hour != rows[i].hour || t.minute != rows[i].minute ||
				  t.second != rows[i].second))
			fail_msg("«%s»: got %d-%d-%d %d:%d:%d", rows[i].text, t.year, t.month, t.day,
				t.hour, t.minute, t.second);
		if (!ok)
			assert_int_equal(e.code, ERROR_INPUT);
	}
}

static void what_cannot_be_is_refused(void **state)
{
	(void)state;
	struct error e;
	struct calendar_time t = {2023, 2, 30, 0, 0, 0, 0};
	int64_t ms;
	assert_int_equal(calendar_to_ms(&t, "UTC", &ms, &e), -1);
	assert_int_equal(e.code, ERROR_INPUT);
	t = (struct calendar_time){2023, 2, 3, 25, 0, 0, 0};
	assert_int_equal(calendar_to_ms(&t, "UTC", &ms, &e), -1);
	t.hour = 5;
	assert_int_equal(calendar_to_ms(&t, "Mars/Olympus", &ms, &e), -1);
	assert_int_equal(e.code, ERROR_INPUT);
	assert_non_null(strstr(e.text, "Mars/Olympus"));
	assert_int_equal(calendar_from_ms(INT64_MAX, "UTC", &t, &e), -1);
	assert_int_equal(calendar_from_ms(INT64_MIN, "UTC", &t, &e), -1);
}

static void hours(void **state)
{
	(void)state;
	static const struct {
		const char *from, *zone;
		int open, close;
		const char *want;
	} rows[] = {
		{"2023-05-15T07:00:00Z", "Europe/Moscow", 540, 1080, "2023-05-15T07:00:00Z"},
		{"2023-05-15T05:59:59Z", "Europe/Moscow", 540, 1080, "2023-05-15T06:00:00Z"},
		{"2023-05-15T06:00:00Z", "Europe/Moscow", 540, 1080, "2023-05-15T06:00:00Z"},
		{"2023-05-15T14:59:59Z", "Europe/Moscow", 540, 1080, "2023-05-15T14:59:59Z"},
		{"2023-05-15T15:00:00Z", "Europe/Moscow", 540, 1080, "2023-05-16T06:00:00Z"},
		{"2023-05-15T15:00:00Z", "Asia/Kamchatka", 540, 1080, "2023-05-15T21:00:00Z"},
		{"2023-12-31T20:00:00Z", "Europe/Moscow", 540, 1080, "2024-01-01T06:00:00Z"},
		{"2023-05-15T01:00:00Z", "Europe/Moscow", 0, 0, "2023-05-15T01:00:00Z"},
		{"2023-05-15T01:00:00Z", "Europe/Moscow", 0, 1440, "2023-05-15T01:00:00Z"},
		/* the opening falls into the hour that was skipped */
		{"2024-03-10T05:30:00Z", "America/New_York", 150, 300, "2024-03-10T07:00:00Z"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t got = 0;
		struct error e = {0};
		if (calendar_next_open(instant(rows[i].from), rows[i].zone, rows[i].open, rows[i].close,
			    &got, &e) != 0)
			fail_msg("%s: %s", rows[i].from, e.text);
		char text[CLOCK_RFC3339_SIZE];
		if (got != instant(rows[i].want))
			fail_msg("%s %s: got %s, want %s", rows[i].from, rows[i].zone,
				clock_rfc3339(got, text), rows[i].want);
	}
	int64_t out;
	struct error e;
	assert_int_equal(calendar_next_open(0, "UTC", 600, 540, &out, &e), -1);
	assert_int_equal(calendar_next_open(0, "UTC", -1, 540, &out, &e), -1);
	assert_int_equal(calendar_next_open(0, "UTC", 0, 1441, &out, &e), -1);
}

static void dates_in_words(void **state)
{
	(void)state;
	static const struct {
		const char *zone;
		enum lang lang;
		enum calendar_format format;
		const char *want;
	} rows[] = {
		{"Europe/Moscow", LANG_RU, CALENDAR_SHORT, "30.05.2023"},
		{"Europe/Moscow", LANG_EN, CALENDAR_SHORT, "30 May 2023"},
		{"Europe/Moscow", LANG_RU, CALENDAR_LONG, "30 мая 2023 г."},
		{"Europe/Moscow", LANG_EN, CALENDAR_LONG, "30 May 2023"},
		{"Europe/Moscow", LANG_RU, CALENDAR_DAY, "30 мая"},
		{"Europe/Moscow", LANG_EN, CALENDAR_DAY, "30 May"},
		{"Europe/Moscow", LANG_RU, CALENDAR_TIME, "18:00 (МСК)"},
		{"Europe/Moscow", LANG_EN, CALENDAR_TIME, "18:00 (MSK)"},
		{"Europe/Moscow", LANG_RU, CALENDAR_FULL, "30 мая 2023 г., 18:00 (МСК)"},
		{"Europe/Kaliningrad", LANG_RU, CALENDAR_TIME, "17:00 (МСК-1)"},
		{"Asia/Vladivostok", LANG_RU, CALENDAR_FULL, "31 мая 2023 г., 01:00 (МСК+7)"},
		{"Asia/Kolkata", LANG_EN, CALENDAR_TIME, "20:30 (UTC+5:30)"},
		{"America/St_Johns", LANG_EN, CALENDAR_TIME, "12:30 (UTC-2:30)"},
		{"UTC", LANG_RU, CALENDAR_TIME, "15:00 (UTC)"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		char got[CALENDAR_TEXT_SIZE];
		struct error e = {0};
		assert_int_equal(calendar_format(instant("2023-05-30T15:00:00Z"), rows[i].zone,
					 rows[i].lang, rows[i].format, got, &e),
			0);
		if (strcmp(got, rows[i].want) != 0)
			fail_msg("%s: got «%s», want «%s»", rows[i].zone, got, rows[i].want);
	}
}

static void plurals(void **state)
{
	(void)state;
	static const struct {
		int64_t n;
		const char *ru, *en;
	} rows[] = {{0, "адресатов", "recipients"}, {1, "адресат", "recipient"},
		{2, "адресата", "recipients"}, {4, "адресата", "recipients"},
		{5, "адресатов", "recipients"}, {11, "адресатов", "recipients"},
		{12, "адресатов", "recipients"}, {14, "адресатов", "recipients"},
		{20, "адресатов", "recipients"}, {21, "адресат", "recipients"},
		{22, "адресата", "recipients"}, {25, "адресатов", "recipients"},
		{101, "адресат", "recipients"}, {111, "адресатов", "recipients"},
		{112, "адресатов", "recipients"}, {1002, "адресата", "recipients"},
		{-1, "адресат", "recipient"}, {-3, "адресата", "recipients"},
		{INT64_MIN, "адресатов", "recipients"}, {INT64_MAX, "адресатов", "recipients"}};
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *ru = calendar_plural(rows[i].n, LANG_RU, "адресат", "адресата", "адресатов");
		const char *en = calendar_plural(rows[i].n, LANG_EN, "recipient", "recipients", "recipients");
		if (strcmp(ru, rows[i].ru) != 0 || strcmp(en, rows[i].en) != 0)
			fail_msg("%lld: got %s, %s", (long long)rows[i].n, ru, en);
	}
}

/* Zones nobody has looked up yet, from four threads at once (for tsan). */
static void *look_up_zones(void *arg)
{
	static const char *const names[] = {"Asia/Omsk", "Asia/Tomsk", "Europe/Samara", "Asia/Chita",
		"Europe/Berlin", "Asia/Magadan", "Nowhere/Land"};
	size_t start = (size_t)(uintptr_t)arg;
	for (size_t i = 0; i < 70; i++) {
		struct calendar_time t;
		struct error e;
		(void)calendar_from_ms(1684144800000, names[(i + start) % COUNT(names)], &t, &e);
	}
	return NULL;
}

static void threads_share_zones(void **state)
{
	(void)state;
	pthread_t thread[4];
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(
			pthread_create(&thread[i], NULL, look_up_zones, (void *)(uintptr_t)i), 0);
	for (size_t i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	struct calendar_time t;
	struct error e;
	assert_int_equal(calendar_from_ms(1684144800000, "Asia/Omsk", &t, &e), 0);
	assert_int_equal(t.hour, 16);
}

int main(void)
{
	calendar_init();
	const struct CMUnitTest tests[] = {cmocka_unit_test(threads_share_zones),
		cmocka_unit_test(zones_are_the_systems),
		cmocka_unit_test(wall_time_becomes_an_instant),
		cmocka_unit_test(every_day_of_the_calendar_comes_back),
		cmocka_unit_test(dates_are_parsed_strictly),
		cmocka_unit_test(what_cannot_be_is_refused), cmocka_unit_test(hours),
		cmocka_unit_test(dates_in_words), cmocka_unit_test(plurals)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
