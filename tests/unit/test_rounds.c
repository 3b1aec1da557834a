/* Reporting periods and the rounds of recurring asks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "calendar/rounds.h"
#include "calendar/term.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define MSK "Europe/Moscow"

static struct workdays *ru;

static int32_t day(const char *text)
{
	int32_t out;
	struct error e;
	if (day_parse(text, &out, &e) != 0)
		fail_msg("the test's own day %s: %s", text, e.text);
	return out;
}

static void periods_have_names(void **state)
{
	(void)state;
	static const struct {
		enum period period;
		const char *day, *first, *last, *ru, *en;
	} rows[] = {
		{PERIOD_MONTH, "2022-09-15", "2022-09-01", "2022-09-30", "за сентябрь 2022 года", "for September 2022"},
		{PERIOD_QUARTER, "2024-09-30", "2024-07-01", "2024-09-30", "за III квартал 2024 года",
			"for the third quarter of 2024"},
		{PERIOD_HALF, "2024-06-30", "2024-01-01", "2024-06-30", "за I полугодие 2024 года",
			"for the first half of 2024"},
		{PERIOD_YEAR, "2024-02-29", "2024-01-01", "2024-12-31", "за 2024 год", "for 2024"},
		{PERIOD_SCHOOL_YEAR, "2024-08-31", "2023-09-01", "2024-08-31", "за 2023/2024 учебный год",
			"for the 2023/2024 school year"},
		{PERIOD_SCHOOL_YEAR, "2024-09-01", "2024-09-01", "2025-08-31", "за 2024/2025 учебный год", NULL},
		{PERIOD_WEEK, "2024-03-10", "2024-03-04", "2024-03-10", "за неделю с 4 по 10 марта 2024 года",
			"for the week of 4 to 10 March 2024"},
		{PERIOD_WEEK, "2024-03-01", "2024-02-26", "2024-03-03", "за неделю с 26 февраля по 3 марта 2024 года",
			"for the week of 26 February to 3 March 2024"},
		{PERIOD_WEEK, "2025-01-01", "2024-12-30", "2025-01-05",
			"за неделю с 30 декабря 2024 года по 5 января 2025 года",
			"for the week of 30 December 2024 to 5 January 2025"},
		{PERIOD_DAY, "2024-03-05", "2024-03-05", "2024-03-05", "за 5 марта 2024 года", "for 5 March 2024"}};
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[PERIOD_TEXT_SIZE], date[DAY_TEXT_SIZE];
		if (strcmp(day_iso(period_first(rows[i].period, day(rows[i].day)), date), rows[i].first) != 0)
			fail_msg("%s: begins %s, want %s", rows[i].ru, date, rows[i].first);
		if (strcmp(day_iso(period_last(rows[i].period, day(rows[i].day)), date), rows[i].last) != 0)
			fail_msg("%s: ends %s, want %s", rows[i].ru, date, rows[i].last);
		if (strcmp(period_words(rows[i].period, day(rows[i].day), LANG_RU, text), rows[i].ru) != 0)
			fail_msg("got %s, want %s", text, rows[i].ru);
		if (rows[i].en != NULL &&
			strcmp(period_words(rows[i].period, day(rows[i].day), LANG_EN, text), rows[i].en) != 0)
			fail_msg("got %s, want %s", text, rows[i].en);
	}
	for (int32_t d = day("2019-01-01"); d < day("2025-01-01"); d++)
		for (int p = PERIOD_DAY; p <= PERIOD_SCHOOL_YEAR; p++) {
			int32_t first = period_first((enum period)p, d), last = period_last((enum period)p, d);
			if (first > d || last < d || period_first((enum period)p, last) != first ||
				period_first((enum period)p, last + 1) != last + 1 ||
				period_add((enum period)p, last + 1, -1) != first)
				fail_msg("%s: day %d is not in %d to %d", period_slugs[p], d, first, last);
		}
	assert_int_equal(period_add(PERIOD_MONTH, day("9999-12-15"), 1), DAY_NONE);
	assert_int_equal(period_last(PERIOD_YEAR, day("9999-12-15")), day("9999-12-31"));
	assert_int_equal(period_add(PERIOD_DAY, day("2020-01-01"), 2000000000), DAY_NONE);
}

/* "2022-09-01:opens>due" for each round */
static const char *shown(const struct rounds_rule *rule)
{
	static char out[4096];
	static struct round rounds[ROUNDS_MAX];
	size_t count, len = 0;
	struct error e;
	if (rounds_expand(ru, rule, rounds, &count, &e) != 0) {
		(void)snprintf(out, sizeof out, "%s: %s", error_code_name(e.code), e.text);
		return out;
	}
	out[0] = '\0';
	for (size_t i = 0; i < count && len < sizeof out - 100; i++) {
		char a[DAY_TEXT_SIZE], b[DAY_TEXT_SIZE], c[DAY_TEXT_SIZE];
		len += (size_t)snprintf(out + len, sizeof out - len, "%s%s:%s>%s", i > 0 ? " " : "",
			day_iso(rounds[i].period_day, a), day_iso(rounds[i].opens_day, b) + 5,
			day_iso(rounds[i].deadline.day, c) + 5);
	}
	return out;
}

static void rounds_follow_their_rule(void **state)
{
	(void)state;
	static const struct {
		const char *name, *from, *to;
		struct rounds_rule rule;
		const char *want;
	} rows[] = {
		/* four of the nine first days of the month are days off */
		{"the order of 22.09.2022", "2022-09-22", "2023-05-31",
			{.rrule = "FREQ=MONTHLY;BYMONTHDAY=1", .period = PERIOD_MONTH, .previous = true, .opens = {-5, STEP_WORKDAYS}},
			"2022-09-01:09-26>10-03 2022-10-01:10-25>11-01 2022-11-01:11-24>12-01 2022-12-01:12-26>01-09 "
			"2023-01-01:01-25>02-01 2023-02-01:02-20>03-01 2023-03-01:03-27>04-03 2023-04-01:04-24>05-02 "
			"2023-05-01:05-25>06-01"},
		{"the same, the day before", "2022-09-22", "2022-12-31",
			{.rrule = "RRULE:FREQ=MONTHLY;BYMONTHDAY=1", .period = PERIOD_MONTH, .previous = true,
				.if_off = DEADLINE_PREVIOUS, .opens = {-5, STEP_WORKDAYS}},
			"2022-09-01:09-23>09-30 2022-10-01:10-25>11-01 2022-11-01:11-24>12-01 2022-12-01:12-23>12-30"},
		{"quarters", "2024-01-01", "2024-12-31",
			{.rrule = "FREQ=YEARLY;BYMONTH=1,4,7,10;BYMONTHDAY=5", .period = PERIOD_QUARTER, .previous = true,
				.opens = {-10, STEP_DAYS}},
			"2024-01-01:03-26>04-05 2024-04-01:06-25>07-05 2024-07-01:09-27>10-07 2024-10-01:12-28>01-09"},
		{"weeks, due on Friday", "2024-03-04", "2024-03-20",
			{.rrule = "FREQ=WEEKLY;BYDAY=FR", .period = PERIOD_WEEK},
			"2024-03-04:03-04>03-11 2024-03-11:03-11>03-15 2024-03-18:03-18>03-22"},
		{"the month's last day", "2023-12-01", "2024-03-31",
			{.rrule = "FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1", .period = PERIOD_MONTH, .if_off = DEADLINE_KEEP},
			"2023-12-01:12-01>12-31 2024-01-01:01-09>01-31 2024-02-01:02-01>02-29 2024-03-01:03-01>03-31"},
		{"bounded by COUNT", "2024-01-01", NULL,
			{.rrule = "FREQ=MONTHLY;BYMONTHDAY=15;COUNT=2", .period = PERIOD_MONTH},
			"2024-01-01:01-09>01-15 2024-02-01:02-01>02-15"},
		{"UNTIL includes its day", "2024-01-01", NULL,
			{.rrule = "FREQ=MONTHLY;BYMONTHDAY=15;UNTIL=20240215", .period = PERIOD_MONTH},
			"2024-01-01:01-09>01-15 2024-02-01:02-01>02-15"},
		{"UNTIL with a time", "2024-01-01", NULL,
			{.rrule = "FREQ=MONTHLY;BYMONTHDAY=15;UNTIL=20240215T000000Z", .period = PERIOD_MONTH},
			"2024-01-01:01-09>01-15 2024-02-01:02-01>02-15"},
		{"a school year", "2022-09-01", "2023-09-01",
			{.rrule = "FREQ=YEARLY;BYMONTH=6;BYMONTHDAY=20", .period = PERIOD_SCHOOL_YEAR, .opens = {-2, STEP_WORKDAYS}},
			"2022-09-01:06-16>06-20 2023-09-01:06-18>06-20"},
		{"no end", "2024-01-01", NULL, {.rrule = "FREQ=MONTHLY;BYMONTHDAY=15", .period = PERIOD_MONTH},
			"input: the rule has no end: say the last period, or COUNT or UNTIL"},
		{"too many", "2024-01-01", "2034-01-01", {.rrule = "FREQ=DAILY", .period = PERIOD_DAY},
			"input: more than 530 rounds"},
		{"far too many", "2024-01-01", NULL, {.rrule = "FREQ=DAILY;COUNT=2000000000", .period = PERIOD_DAY},
			"input: more than 530 rounds"},
		{"none", "2024-01-01", "2024-12-31", {.rrule = "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30", .period = PERIOD_MONTH},
			"not_found: the rule names no day between the first and the last period"},
		{"twice a month", "2024-01-01", "2024-03-31",
			{.rrule = "FREQ=MONTHLY;BYMONTHDAY=1,15", .period = PERIOD_MONTH},
			"input: two answers would be due for January 2024: choose a shorter period"},
		{"hours", "2024-01-01", "2024-03-31", {.rrule = "FREQ=HOURLY", .period = PERIOD_DAY},
			"input: a rule names days: FREQ=DAILY, WEEKLY, MONTHLY or YEARLY, no hours; the time is the deadline's"},
		{"not a rule", "2024-01-01", "2024-03-31", {.rrule = "каждый месяц", .period = PERIOD_DAY},
			"input: «каждый месяц» is no rule of recurrence; right would be, for example, FREQ=MONTHLY;BYMONTHDAY=1"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rounds_rule rule = rows[i].rule;
		rule.from_day = day(rows[i].from);
		rule.to_day = rows[i].to != NULL ? day(rows[i].to) : DAY_NONE;
		rule.minute = 18 * 60;
		rule.zone = MSK;
		const char *got = shown(&rule);
		if (strcmp(got, rows[i].want) != 0)
			fail_msg("%s: got\n%s\nwant\n%s", rows[i].name, got, rows[i].want);
	}
}

static void wrong_rules_are_refused(void **state)
{
	(void)state;
	static const char *const wrong[] = {"", "RRULE:", "FREQ=MONTHLY\nX", "FREQ=NEVER", "BYDAY=MO", "FREQ=MONTHLY;INTERVAL=0",
		"FREQ=MONTHLY;BYMONTHDAY=99", "FREQ=WEEKLY;BYDAY=XX", "FREQ=SECONDLY", "FREQ=DAILY;BYHOUR=5",
		"FREQ=MONTHLY;FREQ=", "=", ";;;", "FREQ=DAILY:DTSTART=1"};
	static const char *const right[] = {"FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,FR", "FREQ=MONTHLY;BYDAY=1MO",
		"FREQ=MONTHLY;BYMONTHDAY=-1", "FREQ=YEARLY;BYMONTH=9;BYMONTHDAY=1;COUNT=3", "RRULE:FREQ=MONTHLY;INTERVAL=3"};
	struct error e;
	for (size_t i = 0; i < COUNT(wrong); i++)
		if (rounds_rule_check(wrong[i], &e) == 0)
			fail_msg("«%s» is taken", wrong[i]);
	for (size_t i = 0; i < COUNT(right); i++)
		if (rounds_rule_check(right[i], &e) != 0)
			fail_msg("«%s»: %s", right[i], e.text);
	char rule[ROUNDS_RULE_MAX_BYTES + 100];
	memset(rule, 'A', sizeof rule - 1);
	rule[sizeof rule - 1] = '\0';
	assert_int_equal(rounds_rule_check(rule, &e), -1);
}

/* What the term parser writes, the rounds can read. */
static void terms_become_rounds(void **state)
{
	(void)state;
	static const struct {
		const char *term, *want;
	} rows[] = {
		{"ежемесячно до 31 числа, с сентября по ноябрь 2022 года",
			"2022-09-01:09-01>09-30 2022-10-01:10-03>10-31 2022-11-01:11-01>11-30"},
		{"до 1 числа месяца, следующего за отчетным, с сентября по октябрь 2022 года",
			"2022-09-01:09-01>10-03 2022-10-01:10-03>11-01"},
		{"ежеквартально, до 5 числа месяца, следующего за отчетным кварталом, в течение 2023 года",
			"2023-01-01:01-09>04-05 2023-04-01:04-03>07-05 2023-07-01:07-03>10-05 2023-10-01:10-02>01-09"},
		{"ежегодно до 1 сентября, с 2022 по 2023 год", "2022-01-01:01-10>09-01 2023-01-01:01-09>09-01"},
		{"еженедельно по пятницам, с 1 марта по 15 марта 2024 г.",
			"2024-02-26:02-26>03-01 2024-03-04:03-04>03-11 2024-03-11:03-11>03-15"}};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct term term;
		if (!term_parse(rows[i].term, NULL, &term) || term.kind != TERM_RECURRING || term.rrule[0] == '\0')
			fail_msg("%s: is not understood", rows[i].term);
		struct rounds_rule rule = {.rrule = term.rrule, .from_day = term.begin_day, .to_day = term.end_day,
			.period = term.rule.every, .previous = term.rule.next, .minute = 18 * 60, .zone = MSK};
		const char *got = shown(&rule);
		if (strcmp(got, rows[i].want) != 0)
			fail_msg("%s: got\n%s\nwant\n%s", rows[i].term, got, rows[i].want);
	}
}

static int load(void **state)
{
	(void)state;
	struct problems problems = {0};
	calendar_init();
	lang_set(LANG_EN);
	ru = workdays_load("ru", NULL, &problems);
	problems_fini(&problems);
	return ru != NULL ? 0 : -1;
}

static int unload(void **state)
{
	(void)state;
	workdays_free(&ru);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(periods_have_names),
		cmocka_unit_test(rounds_follow_their_rule), cmocka_unit_test(wrong_rules_are_refused),
		cmocka_unit_test(terms_become_rounds)};
	return cmocka_run_group_tests(tests, load, unload);
}
