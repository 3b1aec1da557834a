/* Production calendars: the files of config/calendars, what they mean, and what
 * a clerk's mistakes are called. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "calendar/day.h"
#include "calendar/workdays.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static struct workdays *load(const char *name, const char *folder)
{
	struct problems problems = {0};
	struct workdays *workdays = workdays_load(name, folder, &problems);
	for (size_t i = 0; i < problems.count; i++) {
		char *line = problem_line(&problems.item[i]);
		print_error("%s\n", line);
		free(line);
	}
	if (workdays == NULL || problems.count > 0)
		fail_msg("%s: %zu problems", name, problems.count);
	problems_fini(&problems);
	return workdays;
}

static int32_t day(const char *text)
{
	int32_t out;
	struct error e;
	if (day_parse(text, &out, &e) != 0)
		fail_msg("the test's own day %s: %s", text, e.text);
	return out;
}

static const char *iso(int32_t d)
{
	static char text[4][DAY_TEXT_SIZE];
	static size_t next;
	return d == DAY_NONE ? "none" : day_iso(d, text[next++ % 4]);
}

/* ---- days ------------------------------------------------------------------------ */

static void days_are_numbers(void **state)
{
	(void)state;
	assert_int_equal(day_of(1970, 1, 1), 0);
	assert_int_equal(day_of(2023, 2, 29), DAY_NONE);
	for (int32_t d = day_of(1999, 1, 1); d < day_of(2031, 1, 1); d++) {
		struct calendar_time t = day_split(d);
		if (day_of(t.year, t.month, t.day) != d || t.weekday != day_weekday(d))
			fail_msg("%d: got %04d-%02d-%02d, weekday %d and %d", d, t.year, t.month, t.day,
				t.weekday, day_weekday(d));
	}
	static const struct {
		const char *from;
		int n;
		const char *want;
	} rows[] = {{"2024-01-31", 1, "2024-02-29"}, {"2023-01-31", 1, "2023-02-28"},
		{"2024-01-31", 2, "2024-03-31"}, {"2024-01-15", -1, "2023-12-15"},
		{"2024-12-01", 1, "2025-01-01"}, {"0001-01-15", -1, "none"}, {"9999-12-01", 1, "none"}};
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *got = iso(day_add_months(day(rows[i].from), rows[i].n));
		if (strcmp(got, rows[i].want) != 0)
			fail_msg("%s %+d months: got %s, want %s", rows[i].from, rows[i].n, got, rows[i].want);
	}
	char text[DAY_TEXT_SIZE];
	assert_string_equal(day_words_weekday(day("2023-05-30"), LANG_RU, text), "вторник, 30 мая 2023 г.");
	assert_string_equal(day_words_weekday(day("2023-05-30"), LANG_EN, text), "Tuesday, 30 May 2023");
}

/* ---- the shipped files ------------------------------------------------------------- */

/* What the Labour Ministry's yearly calendars say of the five-day week; of 2020
 * (248) 29 and of 2021 (247) 7 working days were declared non-working. */
static void every_year_has_its_working_days(void **state)
{
	(void)state;
	static const int want[] = {247, 247, 248 - 29, 247 - 7, 247, 247, 248, 247, 247, 247};
	struct workdays *ru = load("ru", NULL);
	int first, last;
	assert_true(workdays_years(ru, &first, &last));
	assert_int_equal(first, 2018);
	assert_int_equal(last, 2027);
	for (int year = 2018; year <= 2027; year++) {
		int got = workdays_count(ru, day_of(year, 1, 1), day_of(year, 12, 31));
		if (got != want[year - 2018])
			fail_msg("%d: got %d working days, want %d", year, got, want[year - 2018]);
		if (workdays_status(ru, year) != WORKDAYS_PUBLISHED)
			fail_msg("%d: got status %d", year, (int)workdays_status(ru, year));
		if (workdays_source(ru, year, 1, LANG_RU) == NULL)
			fail_msg("%d: names no resolution", year);
	}
	assert_int_equal(workdays_status(ru, 2017), WORKDAYS_NO_FILE);
	assert_int_equal(workdays_status(ru, 2028), WORKDAYS_NO_FILE);
	workdays_free(&ru);
	assert_null(ru);
}

static void known_days_are_right(void **state)
{
	(void)state;
	static const struct {
		const char *day;
		char want; /* '-' off, '+' worked, 's' worked and shortened */
		enum workdays_kind kind;
	} rows[] = {
		{"2018-03-09", '-', WORKDAYS_MOVED}, {"2018-04-28", 's', WORKDAYS_MADE_WORKING},
		{"2018-04-30", '-', WORKDAYS_MOVED}, {"2018-05-02", '-', WORKDAYS_MOVED},
		{"2018-06-09", 's', WORKDAYS_MADE_WORKING}, {"2018-06-11", '-', WORKDAYS_MOVED},
		{"2018-11-05", '-', WORKDAYS_MOVED}, {"2018-12-29", 's', WORKDAYS_MADE_WORKING},
		{"2018-12-31", '-', WORKDAYS_MOVED}, {"2019-05-02", '-', WORKDAYS_MOVED},
		{"2019-05-10", '-', WORKDAYS_MOVED}, {"2019-12-31", 's', WORKDAYS_WORKING},
		{"2020-02-24", '-', WORKDAYS_MOVED}, {"2020-03-30", '-', WORKDAYS_DECREED},
		{"2020-04-04", '-', WORKDAYS_WEEKEND}, {"2020-04-30", '-', WORKDAYS_DECREED},
		{"2020-05-05", '-', WORKDAYS_MOVED}, {"2020-05-08", '-', WORKDAYS_DECREED},
		{"2020-05-12", '+', WORKDAYS_WORKING}, {"2020-06-24", '-', WORKDAYS_DECREED},
		{"2020-07-01", '-', WORKDAYS_DECREED}, {"2020-07-02", '+', WORKDAYS_WORKING},
		{"2021-02-20", 's', WORKDAYS_MADE_WORKING}, {"2021-02-22", '-', WORKDAYS_MOVED},
		{"2021-05-04", '-', WORKDAYS_DECREED}, {"2021-11-01", '-', WORKDAYS_DECREED},
		{"2021-11-04", '-', WORKDAYS_HOLIDAY}, {"2021-11-05", '-', WORKDAYS_MOVED},
		{"2021-11-06", '-', WORKDAYS_WEEKEND}, {"2021-11-07", '-', WORKDAYS_WEEKEND},
		{"2021-11-08", '+', WORKDAYS_WORKING}, {"2021-12-31", '-', WORKDAYS_MOVED},
		{"2022-03-05", 's', WORKDAYS_MADE_WORKING}, {"2022-03-07", '-', WORKDAYS_MOVED},
		{"2022-05-02", '-', WORKDAYS_MOVED}, {"2022-05-03", '-', WORKDAYS_MOVED},
		{"2022-05-10", '-', WORKDAYS_MOVED}, {"2022-06-13", '-', WORKDAYS_MOVED},
		{"2023-02-24", '-', WORKDAYS_MOVED}, {"2023-05-08", '-', WORKDAYS_MOVED},
		{"2023-11-06", '-', WORKDAYS_MOVED}, {"2023-05-30", '+', WORKDAYS_WORKING},
		{"2024-04-27", '+', WORKDAYS_MADE_WORKING}, {"2024-04-29", '-', WORKDAYS_MOVED},
		{"2024-04-30", '-', WORKDAYS_MOVED}, {"2024-05-10", '-', WORKDAYS_MOVED},
		{"2024-11-02", 's', WORKDAYS_MADE_WORKING}, {"2024-12-28", '+', WORKDAYS_MADE_WORKING},
		{"2024-12-30", '-', WORKDAYS_MOVED}, {"2024-12-31", '-', WORKDAYS_MOVED},
		{"2025-01-09", '+', WORKDAYS_WORKING}, {"2025-05-02", '-', WORKDAYS_MOVED},
		{"2025-05-08", '-', WORKDAYS_MOVED}, {"2025-06-13", '-', WORKDAYS_MOVED},
		{"2025-11-01", 's', WORKDAYS_MADE_WORKING}, {"2025-11-03", '-', WORKDAYS_MOVED},
		{"2025-12-31", '-', WORKDAYS_MOVED}, {"2026-01-09", '-', WORKDAYS_MOVED},
		{"2026-03-09", '-', WORKDAYS_MOVED}, {"2026-05-11", '-', WORKDAYS_MOVED},
		{"2026-12-31", '-', WORKDAYS_MOVED}, {"2027-02-20", 's', WORKDAYS_MADE_WORKING},
		{"2027-02-22", '-', WORKDAYS_MOVED}, {"2027-11-05", '-', WORKDAYS_MOVED},
		{"2027-12-31", '-', WORKDAYS_MOVED}, {"2027-05-10", '-', WORKDAYS_MOVED},
		/* no files: weekends only */
		{"2017-01-02", '+', WORKDAYS_WORKING}, {"2028-01-01", '-', WORKDAYS_WEEKEND},
		{"2028-05-09", '+', WORKDAYS_WORKING}, {"1901-01-01", '+', WORKDAYS_WORKING}};
	struct workdays *ru = load("ru", NULL);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct workdays_day got = workdays_day(ru, day(rows[i].day), LANG_RU);
		char sign = got.off ? '-' : got.shortened ? 's' : '+';
		if (sign != rows[i].want || got.kind != rows[i].kind ||
			workdays_off(ru, day(rows[i].day)) != got.off)
			fail_msg("%s: got %c kind %d, want %c kind %d", rows[i].day, sign, (int)got.kind,
				rows[i].want, (int)rows[i].kind);
	}
	workdays_free(&ru);
}

static void a_day_says_why(void **state)
{
	(void)state;
	static const struct {
		const char *day, *ru, *en;
	} rows[] = {
		{"2024-04-30", "выходной, перенесённый с 2 ноября 2024 г.", "a day off moved from 2 November 2024"},
		{"2024-04-27", "рабочий день (выходной перенесён на 29 апреля 2024 г.)",
			"a working day (its day off was moved to 29 April 2024)"},
		{"2023-05-09", "праздничный день (День Победы)", "a holiday (Victory Day)"},
		{"2020-03-30", "нерабочий день (Указ Президента РФ от 25.03.2020 № 206)",
			"a non-working day (Decree of the President of 25.03.2020 No. 206)"},
		{"2023-05-27", "суббота", "Saturday"}, {"2023-05-30", "рабочий день", "a working day"},
		{"2023-11-03", "сокращённый рабочий день", "a shortened working day"}};
	struct workdays *ru = load("ru", NULL);
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[WORKDAYS_TEXT_SIZE];
		if (strcmp(workdays_reason(ru, day(rows[i].day), LANG_RU, text), rows[i].ru) != 0)
			fail_msg("%s: got %s, want %s", rows[i].day, text, rows[i].ru);
		if (strcmp(workdays_reason(ru, day(rows[i].day), LANG_EN, text), rows[i].en) != 0)
			fail_msg("%s: got %s, want %s", rows[i].day, text, rows[i].en);
	}
	workdays_free(&ru);
}

static void working_days_are_counted(void **state)
{
	(void)state;
	static const struct {
		const char *from;
		int n;
		const char *want;
	} rows[] = {
		{"2023-05-30", -3, "2023-05-25"}, /* Tuesday back over a weekend */
		{"2023-05-30", 3, "2023-06-02"}, {"2023-05-27", 0, "2023-05-27"},
		{"2023-05-27", 1, "2023-05-29"}, {"2023-05-27", -1, "2023-05-26"},
		{"2023-01-09", -1, "2022-12-30"}, /* over the New Year holidays */
		{"2022-12-30", 1, "2023-01-09"}, {"2024-05-02", -3, "2024-04-25"}, /* counts the worked Saturday 27 April */
		{"2020-03-27", 1, "2020-05-12"}, /* the longest pause there was */
		{"2024-12-28", 1, "2025-01-09"}, {"2027-12-30", 1, "2028-01-03"}, /* into a year without a file */
		{"2023-05-30", 3000, "none"}, {"9999-12-30", 5, "none"}, {"0001-01-01", -1, "none"}};
	struct workdays *ru = load("ru", NULL);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *got = iso(workdays_add(ru, day(rows[i].from), rows[i].n));
		if (strcmp(got, rows[i].want) != 0)
			fail_msg("%s %+d: got %s, want %s", rows[i].from, rows[i].n, got, rows[i].want);
	}
	assert_string_equal(iso(workdays_next(ru, day("2023-01-01"))), "2023-01-09");
	assert_string_equal(iso(workdays_previous(ru, day("2023-01-08"))), "2022-12-30");
	assert_string_equal(iso(workdays_next(ru, day("2023-01-09"))), "2023-01-09");
	workdays_free(&ru);
}

static void a_region_adds_to_its_base(void **state)
{
	(void)state;
	struct workdays *region = load("ru-ba", NULL), *ru = load("ru", NULL);
	char text[WORKDAYS_TEXT_SIZE];
	assert_true(workdays_off(region, day("2023-06-28")));
	assert_false(workdays_off(ru, day("2023-06-28")));
	assert_true(workdays_off(region, day("2023-05-08")));
	assert_string_equal(workdays_reason(region, day("2023-10-11"), LANG_RU, text),
		"праздничный день (День Республики)");
	assert_int_equal(workdays_status(region, 2023), WORKDAYS_PUBLISHED);
	assert_int_equal(workdays_status(region, 2024), WORKDAYS_NO_REGION);
	assert_int_equal(workdays_status(region, 2031), WORKDAYS_NO_FILE);
	assert_string_equal(workdays_status_text(region, 2024, LANG_RU, text),
		"нет файла ru-ba-2024.csv: праздники региона в 2024 году не учтены");
	assert_string_equal(workdays_status_text(region, 2031, LANG_EN, text),
		"there is no production calendar for 2031: only Saturday and Sunday count as off");
	assert_string_equal(workdays_status_text(region, 2023, LANG_EN, text), "");
	workdays_free(&region);
	workdays_free(&ru);
}

/* ---- files of an installation --------------------------------------------------------- */

static char folder[64];

static void put_file(const char *name, const char *text, size_t len)
{
	char path[128];
	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *file = fopen(path, "wbe");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static void remove_file(const char *name)
{
	char path[128];
	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	assert_int_equal(unlink(path), 0);
}

static int make_folder(void **state)
{
	(void)state;
	const char *tmp = getenv("TMPDIR");
	(void)snprintf(folder, sizeof folder, "%.30s/vestnik-days-XXXXXX", tmp != NULL ? tmp : "/tmp");
	return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

#define WITH_SOURCE "источник;;;закон\nсостояние;;;опубликован\n"

static void a_folder_adds_and_replaces(void **state)
{
	(void)state;
	static const char added[] = "\xef\xbb\xbf"
		"Вид;С;По;Пояснение;in English\r\n" WITH_SOURCE
		"праздник;09.05.2031;;\"День; \"\"Победы\"\"\";;;;\r\n\r\n# примечание\r\n";
	static const char replaced[] = WITH_SOURCE "holiday;2026-05-12;2026-05-13;own;\nshort;14.05.2026\n";
	put_file("ru-2031.csv", added, sizeof added - 1);
	put_file("ru-2026.csv", replaced, sizeof replaced - 1);
	struct workdays *ru = load("ru", folder);
	assert_true(workdays_off(ru, day("2031-05-09")));
	assert_string_equal(workdays_day(ru, day("2031-05-09"), LANG_EN).about, "День; \"Победы\"");
	assert_true(workdays_off(ru, day("2026-05-13")));
	assert_true(workdays_day(ru, day("2026-05-14"), LANG_RU).shortened);
	assert_false(workdays_off(ru, day("2026-01-09"))); /* the built-in file is replaced */
	assert_true(workdays_off(ru, day("2025-05-02")));
	workdays_free(&ru);
	remove_file("ru-2031.csv");
	remove_file("ru-2026.csv");
}

static void mistakes_are_named_by_line(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want; /* "line field text", one a line */
		size_t len;
	} rows[] = {
		{"праздник;31.02.2031\n", "1 с there is no 31.02.2031", 0},
		{"праздник;01.01.2030\n", "1 с the day is not in 2031", 0},
		{"праздник\n", "1 с the day is missing", 0},
		{"вид;с;по\nпразник;01.01.2031\n", "2 - unknown kind «празник»", 0},
		{"праздник,01.01.2031\n", "1 - unknown kind «праздник,01.01.2031»", 0},
		{"праздник;08.01.2031;01.01.2031\n", "1 по the last day is before the first", 0},
		{"перенос;04.01.2031\n", "1 по a moved day off needs the day it was on and the day it goes to", 0},
		{"перенос;06.01.2031;07.01.2031\n", "1 с people work on this day: there is no day off to move", 0},
		{"перенос;04.01.2031;05.01.2031\n", "1 по this day is off already", 0},
		{"праздник;01.01.2031 10:00\n", "1 с «01.01.2031 10:00»: a day without a time is wanted", 0},
		{"праздник;01.01.2031;;a;b;c\n", "1 - more than 5 columns", 0},
		{"состояние;;;почти\n", "1 пояснение unknown status «почти»", 0},
		{"\xcf\xf0\xe0\xe7\xe4\xed\xe8\xea;01.01.2031\n", "0 - the file is not UTF-8 text", 0},
		{"праздник;\0;\n", "0 - the file is not UTF-8 text", 20},
		{"сокращённый;04.01.2031\n", "1 с a day off cannot be shortened", 0},
		{"праздник;01.01.2031;03.01.2031\nпраздник;03.01.2031\n", "2 с the day is a holiday already", 0},
		{"", "0 - the file names no source", 0}};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct problems problems = {0};
		put_file("ru-2031.csv", rows[i].text, rows[i].len > 0 ? rows[i].len : strlen(rows[i].text));
		struct workdays *ru = workdays_load("ru", folder, &problems);
		if (problems.count == 0)
			fail_msg("row %zu: got no problem, want %s", i, rows[i].want);
		char got[256];
		const struct problem *p = &problems.item[0];
		(void)snprintf(got, sizeof got, "%d %s %s", p->line, p->field != NULL ? p->field : "-", p->text);
		if (strcmp(got, rows[i].want) != 0)
			fail_msg("row %zu: got «%s», want «%s»", i, got, rows[i].want);
		assert_non_null(strstr(p->file, "ru-2031.csv"));
		if ((ru == NULL) != (problems.errors > 0))
			fail_msg("row %zu: %zu errors and %s calendar", i, problems.errors, ru ? "a" : "no");
		workdays_free(&ru);
		problems_fini(&problems);
	}
	remove_file("ru-2031.csv");
}

static void names_that_are_none(void **state)
{
	(void)state;
	static const char *const names[] = {"", "..", "ru/../x", "RU", "xx", "xx-yy", "ru-2024-01-01-ru-2024-01-01-ru-2024"};
	for (size_t i = 0; i < COUNT(names); i++) {
		struct problems problems = {0};
		struct workdays *got = workdays_load(names[i], NULL, &problems);
		if (got != NULL || problems.errors != 1)
			fail_msg("«%s»: got %s and %zu errors", names[i], got ? "a calendar" : "none", problems.errors);
		problems_fini(&problems);
	}
	struct problems problems = {0};
	put_file("ru-31.csv", "x", 1);
	put_file("ru-2031.txt", "x", 1);
	struct workdays *ru = workdays_load("ru", folder, &problems);
	assert_non_null(ru);
	assert_int_equal(problems.count, 1);
	assert_string_equal(problems.item[0].text, "«ru-31.csv» is not read");
	workdays_free(&ru);
	problems_fini(&problems);
	remove_file("ru-31.csv");
	remove_file("ru-2031.txt");
	problems = (struct problems){0};
	assert_null(workdays_load("ru", "/nowhere/at/all", &problems));
	problems_fini(&problems);
}

int main(void)
{
	calendar_init();
	const struct CMUnitTest tests[] = {cmocka_unit_test(days_are_numbers),
		cmocka_unit_test(every_year_has_its_working_days), cmocka_unit_test(known_days_are_right),
		cmocka_unit_test(a_day_says_why), cmocka_unit_test(working_days_are_counted),
		cmocka_unit_test(a_region_adds_to_its_base),
		cmocka_unit_test_setup_teardown(a_folder_adds_and_replaces, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(mistakes_are_named_by_line, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(names_that_are_none, make_folder, remove_folder)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
