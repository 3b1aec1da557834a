/* The plan of a campaign: whole timelines, worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/lang.h"
#include "calendar/calendar.h"
#include "campaign/definition.h"
#include "campaign/plan.h"

static struct workdays *ru;

static int64_t at(const char *rfc3339)
{
	int64_t ms;
	if (clock_parse_rfc3339(rfc3339, &ms) != 0)
		fail_msg("%s is no moment", rfc3339);
	return ms;
}

static json_t *definition(const char *text)
{
	json_error_t where;
	json_t *d = json_loads(text, 0, &where);
	if (d == NULL)
		fail_msg("%s at %d: %s", where.text, where.position, text);
	return d;
}

/* "2023-05-14T22:00 1 open 0 0" a line; overtaken rows begin with «-». */
static char *planned(json_t *d, const struct plan_place *places, size_t count, const char *now, bool reasons)
{
	struct plan_rows rows;
	struct error e = {0};
	struct buf out;
	buf_init(&out, 1 << 20);
	if (plan_make(d, ru, places, count, at(now), &rows, &e) != 0) {
		(void)buf_printf(&out, "error: %s", e.text);
		return buf_take(&out);
	}
	for (size_t i = 0; i < rows.count; i++) {
		const struct plan_row *r = &rows.item[i];
		char time[CLOCK_RFC3339_SIZE];
		(void)buf_printf(&out, "%s%.16s %lld %s %lld/%d %s%s%s\n", r->overtaken ? "-" : "",
			clock_rfc3339(r->due_ms, time), (long long)r->round_number, plan_kind_name(r->kind),
			(long long)r->step, r->level, r->place, reasons ? " " : "",
			!reasons ? "" : lang_get() == LANG_RU ? r->reason_ru : r->reason_en);
	}
	plan_rows_fini(&rows);
	return buf_take(&out);
}

static void expect(json_t *d, const struct plan_place *places, size_t count, const char *now, bool reasons,
	const char *want)
{
	char *got = planned(d, places, count, now, reasons);
	if (strcmp(got, want) != 0)
		fail_msg("got\n%s\nwant\n%s", got, want);
	free(got);
	json_decref(d);
}

static const char flagships[] =
	"{\"zone\":\"Europe/Moscow\",\"lang\":\"ru\",\"send\":{\"local\":true,\"open_minute\":540,\"close_minute\":1080},"
	"\"ask\":{\"if_day_off\":\"next\",\"escalate\":[{\"after\":\"0d\",\"to\":\"parent\"},{\"after\":\"1d\",\"to\":"
	"\"controller\"}],\"report\":{\"to\":[\"head@ministry.example.org\"]}},"
	"\"rounds\":[{\"number\":1,\"draft\":false,\"ask\":true,\"starts_ms\":1684134000000,\"first\":0,"
	"\"deadline\":{\"asked\":\"2023-05-30\",\"day\":\"2023-05-30\",\"minute\":1080,\"at_ms\":1685458800000,"
	"\"zone\":\"Europe/Moscow\"},\"remind\":[{\"step\":1,\"before\":\"-7d\"},{\"step\":2,\"before\":\"-3d\"},"
	"{\"step\":3,\"before\":\"-1d\"},{\"step\":4,\"before\":\"-2h\"}]}]}";

/* 15 May 2023 is a Monday; the 27th a Saturday; the deadline, the 30th, a Tuesday. 18:00 in Moscow is
 * 03:00 of the 31st in Kamchatka, where people work till 18:00 of the 30th: 06:00 UTC. */
static void a_campaign_over_two_zones(void **state)
{
	(void)state;
	struct plan_place places[] = {{"Europe/Moscow", ru, {10, 0}}, {"Asia/Kamchatka", ru, {2, 0}}};
	expect(definition(flagships), places, 2, "2023-05-12T09:00:00Z", false,
		"2023-05-14T22:00 1 open 0/0 \n"
		"2023-05-22T21:00 1 reminder 1/0 Asia/Kamchatka\n"
		"2023-05-23T06:00 1 reminder 1/0 Europe/Moscow\n"
		"2023-05-25T21:00 1 reminder 2/0 Asia/Kamchatka\n"
		"2023-05-26T06:00 1 reminder 2/0 Europe/Moscow\n"
		"2023-05-28T21:00 1 reminder 3/0 Asia/Kamchatka\n"
		"2023-05-29T06:00 1 reminder 3/0 Europe/Moscow\n"
		"2023-05-30T04:00 1 reminder 4/0 Asia/Kamchatka\n"
		"2023-05-30T13:00 1 reminder 4/0 Europe/Moscow\n"
		"2023-05-30T15:00 1 close 0/0 \n"
		"2023-05-30T15:00 1 escalation 0/0 \n"
		"2023-05-30T15:00 1 report 0/0 \n"
		"2023-05-31T15:00 1 escalation 1/0 \n");
}

static void reasons_are_words(void **state)
{
	(void)state;
	struct plan_place places[] = {{"Europe/Moscow", ru, {10, 0}}};
	lang_set(LANG_RU);
	expect(definition(flagships), places, 1, "2023-05-12T09:00:00Z", true,
		"2023-05-15T07:00 1 open 0/0  уходят письма: 15 мая 2023 г., 10:00 (МСК) – там, где это время "
		"наступает раньше; всем – по их местному времени\n"
		"2023-05-23T06:00 1 reminder 1/0 Europe/Moscow за 7 дней: 23 мая 2023 г., 09:00 (МСК)\n"
		"2023-05-26T06:00 1 reminder 2/0 Europe/Moscow за 3 дня: 26 мая 2023 г., 09:00 (МСК); 27 мая 2023 г. – "
		"суббота, поэтому в рабочий день перед этим\n"
		"2023-05-29T06:00 1 reminder 3/0 Europe/Moscow за 1 день: 29 мая 2023 г., 09:00 (МСК)\n"
		"2023-05-30T13:00 1 reminder 4/0 Europe/Moscow за 2 часа: 30 мая 2023 г., 16:00 (МСК)\n"
		"2023-05-30T15:00 1 close 0/0  срок – 30 мая 2023 г., 18:00 (МСК)\n"
		"2023-05-30T15:00 1 escalation 0/0  в срок, 30 мая 2023 г., 18:00 (МСК): список не ответивших – "
		"вышестоящему\n"
		"2023-05-30T15:00 1 report 0/0  срок, 30 мая 2023 г., 18:00 (МСК): отчёт уходит, когда учтено всё "
		"полученное до него\n"
		"2023-05-31T15:00 1 escalation 1/0  через 1 день после срока, 31 мая 2023 г., 18:00 (МСК): список не "
		"ответивших – ответственному за контроль\n");
	lang_set(LANG_EN);
}

/* Launched on the 26th: what lies before, or on that very day, does not go. */
static void a_late_launch(void **state)
{
	(void)state;
	struct plan_place places[] = {{"Europe/Moscow", ru, {10, 0}}};
	json_t *d = definition(flagships);
	json_object_del(json_array_get(json_object_get(d, "rounds"), 0), "starts_ms");
	json_object_del(json_object_get(d, "ask"), "report");
	json_object_set_new(json_object_get(d, "ask"), "escalate", json_array());
	expect(d, places, 1, "2023-05-25T16:00:00Z", true,
		"-2023-05-23T06:00 1 reminder 1/0 Europe/Moscow 7 days before: is not sent: 23 May 2023, 09:00 (MSK) is in the "
		"past\n"
		"2023-05-26T06:00 1 open 0/0  the letters go at launch: 26 May 2023, 09:00 (MSK), where it is that time "
		"first; everywhere at the recipients' own time\n"
		"-2023-05-26T06:00 1 reminder 2/0 Europe/Moscow 3 days before: is not sent: the letter itself goes on "
		"that day, 26 May 2023\n"
		"2023-05-29T06:00 1 reminder 3/0 Europe/Moscow 1 day before: 29 May 2023, 09:00 (MSK)\n"
		"2023-05-30T13:00 1 reminder 4/0 Europe/Moscow 2 hours before: 30 May 2023, 16:00 (MSK)\n"
		"2023-05-30T15:00 1 close 0/0  due 30 May 2023, 18:00 (MSK)\n");
}

/* Schools answer three working days earlier (25 May), their municipality hears of the silent then. */
static void a_cascade(void **state)
{
	(void)state;
	struct plan_place places[] = {{"Europe/Moscow", ru, {10, 100}}};
	json_t *d = definition(flagships), *round = json_array_get(json_object_get(d, "rounds"), 0);
	json_object_set_new(round, "collect",
		definition("{\"asked\":\"2023-05-25\",\"day\":\"2023-05-25\",\"minute\":1080,\"at_ms\":1685026800000,"
			   "\"zone\":\"Europe/Moscow\"}"));
	json_object_set_new(round, "remind", definition("[{\"step\":1,\"before\":\"-1d\"}]"));
	json_object_set_new(round, "collect_remind", definition("[{\"step\":3,\"before\":\"-2d\"}]"));
	expect(d, places, 1, "2023-05-12T09:00:00Z", false,
		"2023-05-15T07:00 1 open 0/0 \n"
		"2023-05-23T06:00 1 reminder 3/1 Europe/Moscow\n"
		"2023-05-25T15:00 1 close 0/1 \n"
		"2023-05-25T15:00 1 escalation 0/1 \n"
		"2023-05-29T06:00 1 reminder 1/0 Europe/Moscow\n"
		"2023-05-30T15:00 1 close 0/0 \n"
		"2023-05-30T15:00 1 report 0/0 \n"
		"2023-05-31T15:00 1 escalation 1/0 \n");
}

static void drafts_past_rounds_and_tellings(void **state)
{
	(void)state;
	struct plan_place places[] = {{"Europe/Moscow", ru, {1, 0}}};
	expect(definition("{\"zone\":\"Europe/Moscow\",\"send\":{\"local\":false,\"open_minute\":0,\"close_minute\":0},"
			  "\"ask\":{\"report\":{}},\"rounds\":["
			  "{\"number\":1,\"draft\":false,\"ask\":true,\"starts_ms\":1664600400000,\"deadline\":{\"asked\":"
			  "\"2022-11-01\",\"day\":\"2022-11-01\",\"minute\":1080,\"at_ms\":1667314800000,\"zone\":"
			  "\"Europe/Moscow\"},\"remind\":[]},"
			  "{\"number\":2,\"draft\":false,\"ask\":false,\"starts_ms\":1669874400000},"
			  "{\"number\":3,\"draft\":true,\"ask\":false}]}"),
		places, 1, "2022-11-22T06:00:00Z", true,
		"-2022-11-01T15:00 1 close 0/0  due 1 November 2022, 18:00 (MSK); not any more: the deadline has "
		"passed\n"
		"-2022-11-01T15:00 1 report 0/0  the deadline, 1 November 2022, 18:00 (MSK): the report goes once "
		"everything received before it is counted; not any more: the deadline has passed\n"
		"-2022-11-22T06:00 1 open 0/0  the letters go: 22 November 2022, 09:00 (MSK); not any more: the "
		"deadline has passed\n"
		"2022-12-01T06:00 2 open 0/0  the letters go: 1 December 2022, 09:00 (MSK)\n");
	/* No rounds at all: what there was before there were any. */
	expect(definition("{\"zone\":\"Europe/Moscow\",\"send\":{\"at_ms\":1684134000000}}"), places, 1,
		"2023-05-12T09:00:00Z", false, "2023-05-15T07:00 1 open 0/0 \n");
	expect(definition("{\"zone\":\"Europe/Moscow\"}"), NULL, 0, "2023-05-12T09:00:00Z", false,
		"2023-05-12T09:00 1 open 0/0 \n");
}

static void damaged_definitions_are_errors(void **state)
{
	(void)state;
	static const struct {
		const char *definition, *want;
	} rows[] = {
		{"{\"rounds\":[{\"number\":1,\"deadline\":{}}]}", "error: definition: a damaged deadline"},
		{"{\"rounds\":[{\"number\":1,\"deadline\":{\"asked\":\"2023-05-30\",\"day\":\"2023-05-30\",\"minute\":1080,"
		 "\"at_ms\":1685458800000,\"zone\":\"Europe/Moscow\"},\"remind\":[{\"step\":1}]}]}",
			"error: definition: bad reminders in round 1"},
		{"{\"zone\":\"Europe/Nowhere\"}", "error: "},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		json_t *d = definition(rows[i].definition);
		char *got = planned(d, NULL, 0, "2023-05-12T09:00:00Z", false);
		if (strncmp(got, rows[i].want, strlen(rows[i].want)) != 0)
			fail_msg("got «%s», want «%s»", got, rows[i].want);
		free(got);
		json_decref(d);
	}
}

static void deadlines_in_words(void **state)
{
	(void)state;
	static const struct {
		const char *at, *zone, *ru, *en, *date;
	} rows[] = {
		{"2023-05-30T15:00:00Z", "Europe/Moscow", "до 30 мая 2023 г. включительно, 18:00 (МСК)",
			"by 30 May 2023 inclusive, 18:00 (MSK)", "30 мая 2023 г."},
		{"2023-05-30T21:00:00Z", "Europe/Moscow", "до 30 мая 2023 г. включительно",
			"by 30 May 2023 inclusive", "30 мая 2023 г."},
		{"2023-12-31T21:00:00Z", "Europe/Moscow", "до 31 декабря 2023 г. включительно",
			"by 31 December 2023 inclusive", "31 декабря 2023 г."},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char words[DEFINITION_FULL_SIZE];
		assert_string_equal(
			definition_deadline_words(at(rows[i].at), rows[i].zone, LANG_RU, words), rows[i].ru);
		assert_string_equal(
			definition_deadline_words(at(rows[i].at), rows[i].zone, LANG_EN, words), rows[i].en);
		json_t *fields = definition_deadline_fields(at(rows[i].at), rows[i].zone, LANG_RU);
		assert_string_equal(json_string_value(json_object_get(fields, "date")), rows[i].date);
		assert_string_equal(json_string_value(json_object_get(fields, "full")), rows[i].ru);
		json_decref(fields);
	}
}

static int up(void **state)
{
	(void)state;
	struct problems problems = {0};
	ru = workdays_load("ru", NULL, &problems);
	problems_fini(&problems);
	return ru == NULL;
}

static int down(void **state)
{
	(void)state;
	workdays_free(&ru);
	return 0;
}

int main(void)
{
	lang_set(LANG_EN);
	calendar_init();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_campaign_over_two_zones),
		cmocka_unit_test(reasons_are_words),
		cmocka_unit_test(a_late_launch),
		cmocka_unit_test(a_cascade),
		cmocka_unit_test(drafts_past_rounds_and_tellings),
		cmocka_unit_test(damaged_definitions_are_errors),
		cmocka_unit_test(deadlines_in_words),
	};
	return cmocka_run_group_tests(tests, up, down);
}
