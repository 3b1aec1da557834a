/* Deadlines and reminders against the real calendars and zones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "calendar/deadline.h"
#include "calendar/remind.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static struct workdays *ru, *ba, *weekends;

static int32_t day(const char *text)
{
	int32_t out;
	struct error e;
	if (day_parse(text, &out, &e) != 0)
		fail_msg("the test's own day %s: %s", text, e.text);
	return out;
}

static int64_t moment(const char *text, const char *zone)
{
	struct calendar_time t;
	struct error e;
	bool has_time;
	int64_t ms = 0;
	if (calendar_parse(text, &t, &has_time, &e) != 0 || calendar_to_ms(&t, zone, &ms, &e) != 0)
		fail_msg("the test's own moment %s: %s", text, e.text);
	return ms;
}

static const char *local(int64_t ms, const char *zone)
{
	static char text[32];
	struct calendar_time t;
	struct error e;
	if (calendar_from_ms(ms, zone, &t, &e) != 0)
		fail_msg("%s", e.text);
	(void)snprintf(text, sizeof text, "%04d-%02d-%02d %02d:%02d", t.year, t.month, t.day, t.hour, t.minute);
	return text;
}

static void steps_are_read(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int amount;
		enum step_unit unit;
		const char *ru, *en;
	} rows[] = {{"-7d", -7, STEP_DAYS, "за 7 дней", "7 days before"},
		{"-1d", -1, STEP_DAYS, "за 1 день", "1 day before"},
		{"3wd", 3, STEP_WORKDAYS, "через 3 рабочих дня", "3 working days after"},
		{"–2ч", -2, STEP_HOURS, "за 2 часа", "2 hours before"},
		{"-30 мин", -30, STEP_MINUTES, "за 30 минут", "30 minutes before"},
		{"+1РД", 1, STEP_WORKDAYS, "через 1 рабочий день", "1 working day after"},
		{"0d", 0, STEP_DAYS, "через 0 дней", "0 days after"}};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct step got;
		struct error e;
		char text[STEP_TEXT_SIZE];
		if (step_parse(rows[i].text, &got, &e) != 0)
			fail_msg("%s: %s", rows[i].text, e.text);
		if (got.amount != rows[i].amount || got.unit != rows[i].unit)
			fail_msg("%s: got %d unit %d", rows[i].text, got.amount, (int)got.unit);
		assert_string_equal(step_words(got, LANG_RU, text), rows[i].ru);
		assert_string_equal(step_words(got, LANG_EN, text), rows[i].en);
	}
	static const char *const wrong[] = {
		"", "d", "-d", "7", "-7x", "--7d", "- 7d", "7dd", "-70000d", "99999999999999999999d", "1.5d", "-7d "};
	for (size_t i = 0; i + 1 < COUNT(wrong); i++) {
		struct step got;
		struct error e;
		if (step_parse(wrong[i], &got, &e) == 0)
			fail_msg("«%s»: got %d unit %d, want an error", wrong[i], got.amount, (int)got.unit);
	}
}

/* ---- deadlines ------------------------------------------------------------------ */

static void a_day_off_moves_the_deadline(void **state)
{
	(void)state;
	static const struct {
		const char *asked, *zone;
		enum deadline_if_off rule;
		const char *want, *ru, *en;
	} rows[] = {
		{"2023-05-30", "Europe/Moscow", DEADLINE_NEXT, "2023-05-30 18:00",
			"срок – 30 мая 2023 г., 18:00 (МСК)", "due 30 May 2023, 18:00 (MSK)"},
		{"2024-04-30", "Europe/Moscow", DEADLINE_NEXT, "2024-05-02 18:00",
			"30 апреля 2024 г. – выходной, перенесённый с 2 ноября 2024 г.: срок – 2 мая 2024 г., 18:00 (МСК)",
			"30 April 2024 – a day off moved from 2 November 2024: due 2 May 2024, 18:00 (MSK)"},
		{"2024-04-30", "Europe/Moscow", DEADLINE_PREVIOUS, "2024-04-27 18:00", NULL, NULL},
		{"2024-04-30", "Europe/Moscow", DEADLINE_KEEP, "2024-04-30 18:00",
			"30 апреля 2024 г. – выходной, перенесённый с 2 ноября 2024 г.: срок – 30 апреля 2024 г., "
			"18:00 (МСК) (if_day_off: keep – не переносится)",
			NULL},
		{"2023-01-01", "Europe/Moscow", DEADLINE_NEXT, "2023-01-09 18:00", NULL, NULL},
		{"2023-01-01", "Europe/Moscow", DEADLINE_PREVIOUS, "2022-12-30 18:00", NULL, NULL},
		{"2022-10-01", "Europe/Moscow", DEADLINE_NEXT, "2022-10-03 18:00",
			"1 октября 2022 г. – суббота: срок – 3 октября 2022 г., 18:00 (МСК)", NULL},
		{"2020-03-30", "Asia/Kamchatka", DEADLINE_NEXT, "2020-05-12 18:00", NULL, NULL},
		{"2031-05-09", "Europe/Moscow", DEADLINE_NEXT, "2031-05-09 18:00",
			"срок – 9 мая 2031 г., 18:00 (МСК); нет производственного календаря на 2031 год: выходными "
			"считаются только суббота и воскресенье",
			NULL},
		{"2027-12-31", "Europe/Moscow", DEADLINE_NEXT, "2028-01-03 18:00",
			"31 декабря 2027 г. – выходной, перенесённый с 3 января 2027 г.: срок – 3 января 2028 г., "
			"18:00 (МСК); нет производственного календаря на 2028 год: выходными считаются только "
			"суббота и воскресенье",
			NULL}};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct deadline got;
		struct error e;
		struct buf text;
		buf_init(&text, 4096);
		if (deadline_set(ru, day(rows[i].asked), 18 * 60, rows[i].zone, rows[i].rule, &got, &e) != 0)
			fail_msg("%s: %s", rows[i].asked, e.text);
		if (strcmp(local(got.at_ms, rows[i].zone), rows[i].want) != 0)
			fail_msg("%s: got %s, want %s", rows[i].asked, local(got.at_ms, rows[i].zone), rows[i].want);
		assert_int_equal(deadline_explain(ru, &got, rows[i].zone, LANG_RU, &text), 0);
		if (rows[i].ru != NULL && strcmp(buf_str(&text), rows[i].ru) != 0)
			fail_msg("%s: got\n%s, want\n%s", rows[i].asked, buf_str(&text), rows[i].ru);
		buf_reset(&text);
		assert_int_equal(deadline_explain(ru, &got, rows[i].zone, LANG_EN, &text), 0);
		if (rows[i].en != NULL && strcmp(buf_str(&text), rows[i].en) != 0)
			fail_msg("%s: got\n%s, want\n%s", rows[i].asked, buf_str(&text), rows[i].en);
		buf_fini(&text);
	}
}

static void the_end_of_a_day_is_the_next_midnight(void **state)
{
	(void)state;
	struct deadline got;
	struct error e;
	struct buf text;
	buf_init(&text, 4096);
	assert_int_equal(deadline_set(ru, day("2023-05-30"), DEADLINE_DAY_END, "Europe/Moscow",
				DEADLINE_NEXT, &got, &e), 0);
	assert_string_equal(local(got.at_ms, "Europe/Moscow"), "2023-05-31 00:00");
	assert_int_equal(got.day, day("2023-05-30"));
	(void)deadline_explain(ru, &got, "Europe/Moscow", LANG_RU, &text);
	assert_string_equal(buf_str(&text), "срок – 30 мая 2023 г., до конца дня");
	buf_fini(&text);
	assert_int_equal(deadline_set(ru, 0, 1441, "UTC", DEADLINE_NEXT, &got, &e), -1);
	assert_int_equal(deadline_set(ru, 0, 0, "Mars/Olympus", DEADLINE_NEXT, &got, &e), -1);
	assert_int_equal(e.code, ERROR_INPUT);
}

static void deadlines_are_shifted(void **state)
{
	(void)state;
	static const struct {
		const char *from, *step, *want;
	} rows[] = {
		{"2023-05-30", "-3wd", "2023-05-25 18:00"}, {"2023-05-30", "3wd", "2023-06-02 18:00"},
		{"2023-05-30", "1d", "2023-05-31 18:00"},   {"2023-05-26", "1d", "2023-05-29 18:00"},
		{"2023-05-29", "-1d", "2023-05-26 18:00"},  {"2023-05-30", "0d", "2023-05-30 18:00"},
		{"2023-05-30", "-20h", "2023-05-29 22:00"}, {"2022-12-30", "1wd", "2023-01-09 18:00"},
		{"2019-04-30", "3wd", "2019-05-08 18:00"}};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct deadline from, got;
		struct step step;
		struct error e;
		if (deadline_set(ru, day(rows[i].from), 18 * 60, "Europe/Moscow", DEADLINE_NEXT, &from, &e) != 0 ||
			step_parse(rows[i].step, &step, &e) != 0 ||
			deadline_shift(ru, &from, step, "Europe/Moscow", &got, &e) != 0)
			fail_msg("%s %s: %s", rows[i].from, rows[i].step, e.text);
		if (strcmp(local(got.at_ms, "Europe/Moscow"), rows[i].want) != 0)
			fail_msg("%s %s: got %s, want %s", rows[i].from, rows[i].step,
				local(got.at_ms, "Europe/Moscow"), rows[i].want);
	}
}

/* ---- reminders ------------------------------------------------------------------ */

#define STEPS 4
/* "2023-05-23 09:00", "past", "joined N", "no room" */
struct plan_case {
	const char *name, *deadline, *deadline_zone, *zone, *now;
	const char *steps[STEPS], *want[STEPS];
	struct workdays **workdays;
	int open, close;
};

#define HOURS .open = 9 * 60, .close = 18 * 60
#define MSK "Europe/Moscow"
static const struct plan_case plans[] = {
	{"a plain week", "2023-05-30 18:00", MSK, MSK, "2023-05-15 10:00", {"-7d", "-3d", "-1d", "-2h"},
		/* 27 May is a Saturday */
		{"2023-05-23 09:00", "2023-05-26 09:00", "2023-05-29 09:00", "2023-05-30 16:00"}, &ru, HOURS},
	{"two on one day", "2023-05-29 18:00", MSK, MSK, "2023-05-15 10:00", {"-7d", "-3d", "-1d", "-2h"},
		{"2023-05-22 09:00", "joined 2", "2023-05-26 09:00", "2023-05-29 16:00"}, &ru, HOURS},
	{"three on one day", "2023-05-29 18:00", MSK, MSK, "2023-05-15 10:00", {"-3d", "-2d", "-1d"},
		{"joined 2", "joined 2", "2023-05-26 09:00"}, &ru, HOURS},
	{"Kamchatka, +9 to Moscow", "2023-05-30 18:00", MSK, "Asia/Kamchatka", "2023-05-15 10:00",
		{"-7d", "-1d", "-2h"}, {"2023-05-23 09:00", "2023-05-29 09:00", "2023-05-30 16:00"}, &ru, HOURS},
	{"Kamchatka, a deadline at noon", "2023-05-30 12:00", MSK, "Asia/Kamchatka", "2023-05-15 10:00",
		{"-1d", "-2h"}, {"2023-05-29 09:00", "2023-05-30 16:00"}, &ru, HOURS},
	{"Kaliningrad, an early deadline", "2023-05-30 09:30", MSK, "Europe/Kaliningrad", "2023-05-15 10:00",
		{"-1d", "-2h"}, {"joined 1", "2023-05-29 16:00"}, &ru, HOURS},
	{"Kaliningrad, no hours", "2023-05-30 09:30", MSK, "Europe/Kaliningrad", "2023-05-15 10:00",
		{"-1d", "-2h"}, {"2023-05-29 08:30", "2023-05-30 06:30"}, &ru, .open = 0, .close = 0},
	{"Anadyr, past midnight there", "2023-05-29 15:00", MSK, "Asia/Anadyr", "2023-05-15 10:00",
		{"-2h"}, {"2023-05-29 16:00"}, &ru, HOURS},
	{"a Moscow Friday is a Kamchatka Saturday", "2023-05-26 18:00", MSK, "Asia/Kamchatka",
		"2023-05-15 10:00", {"-2h"}, {"2023-05-26 16:00"}, &ru, HOURS},
	{"before opening, in time", "2023-05-30 10:00", MSK, MSK, "2023-05-15 10:00", {"-2h", "-30m"},
		{"joined 1", "2023-05-30 09:30"}, &ru, HOURS},
	{"before opening, only", "2023-05-30 10:00", MSK, MSK, "2023-05-15 10:00", {"-2h"},
		{"2023-05-30 09:00"}, &ru, HOURS},
	{"before opening, not in time", "2023-05-30 09:00", MSK, MSK, "2023-05-15 10:00", {"-2h"},
		{"2023-05-29 16:00"}, &ru, HOURS},
	{"over New Year", "2023-01-09 18:00", MSK, MSK, "2022-12-01 10:00", {"-7d", "-3d", "-1d", "-2h"},
		{"joined 2", "joined 2", "2022-12-30 09:00", "2023-01-09 16:00"}, &ru, HOURS},
	{"working days over New Year", "2023-01-09 18:00", MSK, MSK, "2022-12-01 10:00", {"-3wd", "-1wd"},
		{"2022-12-28 09:00", "2022-12-30 09:00"}, &ru, HOURS},
	{"a launch too late", "2023-05-30 18:00", MSK, MSK, "2023-05-28 12:00", {"-7d", "-3d", "-1d", "-2h"},
		{"past", "past", "2023-05-29 09:00", "2023-05-30 16:00"}, &ru, HOURS},
	{"moved into the past", "2023-05-29 18:00", MSK, MSK, "2023-05-27 12:00", {"-1d", "-2h"},
		{"past", "2023-05-29 16:00"}, &ru, HOURS},
	{"exactly now still goes", "2023-05-30 18:00", MSK, MSK, "2023-05-29 09:00", {"-1d"},
		{"2023-05-29 09:00"}, &ru, HOURS},
	{"after the deadline", "2023-05-30 18:00", MSK, MSK, "2023-06-01 09:00", {"-1d", "-2h"},
		{"past", "past"}, &ru, HOURS},
	{"the region's holiday", "2023-06-29 18:00", MSK, "Asia/Yekaterinburg", "2023-06-01 09:00",
		{"-1d"}, {"2023-06-27 09:00"}, &ba, HOURS},
	{"the same without the region", "2023-06-29 18:00", MSK, "Asia/Yekaterinburg", "2023-06-01 09:00",
		{"-1d"}, {"2023-06-28 09:00"}, &ru, HOURS},
	{"a worked Saturday", "2024-04-28 18:00", MSK, MSK, "2024-04-01 09:00", {"-1d"},
		{"2024-04-27 09:00"}, &ru, HOURS},
	{"the same by weekends only", "2024-04-28 18:00", MSK, MSK, "2024-04-01 09:00", {"-1d"},
		{"2024-04-26 09:00"}, &weekends, HOURS},
	{"clocks put forward, days are days", "2024-03-11 12:00", "America/New_York", "America/New_York",
		"2024-03-01 09:00", {"-3d", "-2h"}, {"2024-03-08 12:00", "2024-03-11 10:00"}, &weekends,
		.open = 0, .close = 0},
	{"a day is not 24 hours, the day of a change", "2024-03-12 12:00", "America/New_York", "America/New_York",
		"2024-03-01 09:00", {"-1d", "-30h"}, {"2024-03-11 12:00", "joined 0"}, &weekends, .open = 0, .close = 0},
	{"clocks put back", "2024-11-04 12:00", "America/New_York", "America/New_York", "2024-10-01 09:00",
		{"-3d", "-48h"}, {"joined 1", "2024-11-01 09:00"}, &weekends, HOURS},
	{"the years of +4", "2013-05-30 18:00", MSK, "Asia/Vladivostok", "2013-05-01 09:00", {"-1d", "-2h"},
		{"2013-05-29 09:00", "2013-05-30 16:00"}, &ru, HOURS},
	{"the end of the day", "2023-05-30 24:00", MSK, MSK, "2023-05-01 09:00", {"-1d", "-2h"},
		{"2023-05-29 09:00", "2023-05-30 16:00"}, &ru, HOURS},
};

static void run_plan(const struct plan_case *c)
{
	struct deadline deadline;
	struct step steps[STEPS];
	struct remind got[STEPS];
	struct error e;
	char date[11];
	int hour, minute;
	size_t count = 0;
	if (sscanf(c->deadline, "%10s %d:%d", date, &hour, &minute) != 3)
		fail_msg("%s: the test's own deadline", c->name);
	if (deadline_set(ru, day(date), hour * 60 + minute, c->deadline_zone, DEADLINE_KEEP, &deadline, &e) != 0)
		fail_msg("%s: %s", c->name, e.text);
	for (; count < STEPS && c->steps[count] != NULL; count++)
		if (step_parse(c->steps[count], &steps[count], &e) != 0)
			fail_msg("%s: %s", c->name, e.text);
	struct remind_place place = {*c->workdays, c->zone, c->open, c->close};
	if (remind_plan(&deadline, c->deadline_zone, &place, steps, count, moment(c->now, c->zone), got, &e) != 0)
		fail_msg("%s: %s", c->name, e.text);
	for (size_t i = 0; i < count; i++) {
		char text[32];
		(void)snprintf(text, sizeof text, "%s",
			got[i].outcome == REMIND_PAST ? "past"
				: got[i].outcome == REMIND_NO_ROOM ? "no room" : local(got[i].at_ms, c->zone));
		if (got[i].outcome == REMIND_JOINED)
			(void)snprintf(text, sizeof text, "joined %zu", got[i].joined);
		if (strcmp(text, c->want[i]) != 0)
			fail_msg("%s, %s: got %s, want %s", c->name, c->steps[i], text, c->want[i]);
		if (got[i].outcome != REMIND_GOES)
			continue;
		/* what holds for every reminder that goes */
		if (workdays_off(place.workdays, got[i].day) || got[i].at_ms >= deadline.at_ms)
			fail_msg("%s, %s: goes on a day off or after the deadline", c->name, c->steps[i]);
	}
}

static void reminders_are_planned(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(plans); i++)
		run_plan(&plans[i]);
}

/* Every day as a deadline, in the outermost zones: what must never happen. */
static void no_reminder_breaks_a_rule(void **state)
{
	(void)state;
	static const char *const zones[] = {"Europe/Kaliningrad", MSK, "Asia/Kamchatka", "Asia/Anadyr", "UTC"};
	static const struct step steps[] = {{-7, STEP_DAYS}, {-3, STEP_DAYS}, {-1, STEP_DAYS}, {-2, STEP_HOURS},
		{-2, STEP_WORKDAYS}};
	struct remind got[COUNT(steps)];
	struct error e;
	for (int32_t d = day("2019-12-01"); d < day("2021-12-31"); d++)
		for (size_t z = 0; z < COUNT(zones); z++) {
			struct deadline deadline;
			struct remind_place place = {ru, zones[z], 9 * 60, 18 * 60};
			int64_t now = moment("2019-01-01 00:00", "UTC");
			if (deadline_set(ru, d, (d % 24) * 60, MSK, d % 2 ? DEADLINE_NEXT : DEADLINE_KEEP, &deadline, &e) != 0 ||
				remind_plan(&deadline, MSK, &place, steps, COUNT(steps), now, got, &e) != 0)
				fail_msg("%s", e.text);
			for (size_t i = 0; i < COUNT(steps); i++) {
				if (got[i].outcome != REMIND_GOES)
					continue;
				struct calendar_time t;
				assert_int_equal(calendar_from_ms(got[i].at_ms, zones[z], &t, &e), 0);
				bool bad = workdays_off(ru, got[i].day) || got[i].at_ms >= deadline.at_ms ||
					t.hour < 9 || t.hour >= 18 || day_of(t.year, t.month, t.day) != got[i].day;
				for (size_t k = 0; k < i; k++)
					bad = bad || (got[k].outcome == REMIND_GOES && got[k].day == got[i].day);
				if (bad)
					fail_msg("deadline %s, %s, step %zu: got %s", local(deadline.at_ms, MSK),
						zones[z], i, local(got[i].at_ms, zones[z]));
			}
		}
}

static void reminders_say_why(void **state)
{
	(void)state;
	static const char *const want_ru[] = {
		"за 7 дней: не уйдёт: 22 мая 2023 г., 09:00 (МСК) уже в прошлом",
		"за 3 дня: в один день с напоминанием «за 1 день»: уйдёт одно письмо",
		"за 1 день: 26 мая 2023 г., 09:00 (МСК); 28 мая 2023 г. – воскресенье, поэтому в рабочий день перед этим",
		"за 2 часа: 29 мая 2023 г., 09:00 (МСК); в рабочие часы получателя"};
	static const struct step steps[] = {{-7, STEP_DAYS}, {-3, STEP_DAYS}, {-1, STEP_DAYS}, {-2, STEP_HOURS}};
	struct deadline deadline;
	struct remind got[COUNT(steps)];
	struct remind_place place = {ru, MSK, 9 * 60, 18 * 60};
	struct error e;
	struct buf text;
	buf_init(&text, 4096);
	assert_int_equal(deadline_set(ru, day("2023-05-29"), 10 * 60, MSK, DEADLINE_NEXT, &deadline, &e), 0);
	assert_int_equal(remind_plan(&deadline, MSK, &place, steps, COUNT(steps),
				moment("2023-05-23 10:00", MSK), got, &e), 0);
	for (size_t i = 0; i < COUNT(steps); i++) {
		buf_reset(&text);
		assert_int_equal(remind_explain(&place, got, i, LANG_RU, &text), 0);
		if (strcmp(buf_str(&text), want_ru[i]) != 0)
			fail_msg("got\n%s, want\n%s", buf_str(&text), want_ru[i]);
	}
	buf_reset(&text);
	assert_int_equal(remind_explain(&place, got, 2, LANG_EN, &text), 0);
	assert_string_equal(buf_str(&text),
		"1 day before: 26 May 2023, 09:00 (MSK); 28 May 2023 is Sunday, therefore on the working day before");
	buf_fini(&text);
}

static void wrong_plans_are_refused(void **state)
{
	(void)state;
	struct deadline deadline;
	struct remind got[REMIND_STEPS_MAX + 1];
	struct step many[REMIND_STEPS_MAX + 1] = {{0}}, after = {1, STEP_DAYS}, before = {-1, STEP_DAYS};
	struct remind_place place = {ru, MSK, 9 * 60, 18 * 60}, backwards = {ru, MSK, 18 * 60, 9 * 60},
			    nowhere = {ru, "Europe/Nowhere", 9 * 60, 18 * 60};
	struct error e;
	assert_int_equal(deadline_set(ru, day("2023-05-29"), 600, MSK, DEADLINE_NEXT, &deadline, &e), 0);
	assert_int_equal(remind_plan(&deadline, MSK, &place, &after, 1, 0, got, &e), -1);
	assert_int_equal(remind_plan(&deadline, MSK, &place, many, COUNT(many), 0, got, &e), -1);
	assert_int_equal(remind_plan(&deadline, MSK, &backwards, &before, 1, 0, got, &e), -1);
	assert_int_equal(remind_plan(&deadline, MSK, &nowhere, &before, 1, 0, got, &e), -1);
	assert_int_equal(remind_plan(&deadline, MSK, &place, &before, 0, 0, got, &e), 0);
}

static int load(void **state)
{
	(void)state;
	struct problems problems = {0};
	calendar_init();
	lang_set(LANG_EN);
	ru = workdays_load("ru", NULL, &problems);
	ba = workdays_load("ru-ba", NULL, &problems);
	weekends = workdays_weekends();
	problems_fini(&problems);
	return ru != NULL && ba != NULL ? 0 : -1;
}

static int unload(void **state)
{
	(void)state;
	workdays_free(&ru);
	workdays_free(&ba);
	workdays_free(&weekends);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(steps_are_read),
		cmocka_unit_test(a_day_off_moves_the_deadline),
		cmocka_unit_test(the_end_of_a_day_is_the_next_midnight),
		cmocka_unit_test(deadlines_are_shifted), cmocka_unit_test(reminders_are_planned),
		cmocka_unit_test(no_reminder_breaks_a_rule), cmocka_unit_test(reminders_say_why),
		cmocka_unit_test(wrong_plans_are_refused)};
	return cmocka_run_group_tests(tests, load, unload);
}
