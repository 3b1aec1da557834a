/* What campaign.yaml asks for: every mistake in words, and what the definition
 * says when there is none. The day is 12 May 2023, a Friday, 12:00 in Moscow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/clock.h"
#include "base/ident.h"
#include "base/lang.h"
#include "calendar/calendar.h"
#include "campaign/campaign.h"
#include "base/xalloc.h"

#include "../support/campaign_fixture.h"

static int64_t today(void *arg)
{
	(void)arg;
	return INT64_C(1683882000000);
}

static int64_t mono(void *arg)
{
	(void)arg;
	return 0;
}

static struct campaign_folder *load(const char *yaml, struct db *db, char **said)
{
	struct problems problems = {0};
	fixture_text("campaign.yaml", yaml);
	struct campaign_folder *folder =
		campaign_folder_load(fixture_path("campaign.yaml"), fixture_settings, db, &problems);
	*said = fixture_said(&problems);
	problems_fini(&problems);
	return folder;
}

static int wrong; /* rows that failed: all are shown before the test ends */

static int all_right(void **state)
{
	(void)state;
	int failed = wrong;
	wrong = 0;
	return failed == 0 ? 0 : -1;
}

/* want ends with a newline: exactly this; else: the text contains it. */
static void expect(const char *what, const char *said, const char *want)
{
	size_t n = strlen(want);
	bool exact = n == 0 || want[n - 1] == '\n';
	if (exact ? strcmp(said, want) == 0 : strstr(said, want) != NULL)
		return;
	print_error("%s: got\n%swant\n%s\n", what, said, want);
	wrong++;
}

#define HEAD                                                                                       \
	"campaign: a\ntitle: t\naudience: {kinds: [school]}\nletters: {first: letter.md}\n"
#define FIELD "answer: [{field: n, label: Number, type: count}]"
#define DUE "deadline: 2023-05-30 18:00"

static void mistakes_of_the_ask(void **state)
{
	(void)state;
	fixture_text("letter.md", "# Subject\n\nText.\n");
	static const struct {
		const char *yaml, *want;
	} rows[] = {
		{"ask: {" FIELD "}\n", "campaign.yaml:5:6: error: ask.deadline: an ask without a deadline; "
				       "deadline: 2023-05-30 18:00\n"},
		{"ask: {" FIELD ", deadline: 2023-05-11 18:00}\n",
			"campaign.yaml:5:67: error: ask.deadline: the deadline is in the past\n"},
		{"ask: {" FIELD ", deadline: 11.05.2023}\n", "campaign.yaml:5:67: error: ask.deadline: the "
							     "deadline is in the past\n"},
		{"ask: {" FIELD ", deadline: tomorrow}\n", "campaign.yaml:5:67: error: ask.deadline: "},
		{"ask: {" FIELD ", deadline: \"18:00\"}\n",
			"campaign.yaml:5:67: error: ask.deadline: a time without a date; deadline: 2023-05-30 "
			"18:00\n"},
		{"ask: {" FIELD ", deadline: 2023-02-30}\n",
			"campaign.yaml:5:67: error: ask.deadline: there is no 30.02.2023"},
		{"ask: {" FIELD ", " DUE ", zone: Europe/Vladimir}\n",
			"campaign.yaml:5:91: error: ask.zone: unknown time zone «Europe/Vladimir»; "
			"Europe/Moscow, Asia/Vladivostok\n"},
		{"send: {at: 2023-05-30 18:00}\nask: {" FIELD ", " DUE "}\n",
			"campaign.yaml:6:67: error: ask.deadline: the deadline is not after the letters go\n"},
		{"ask: {" FIELD ", " DUE ", remind: [3d]}\n",
			"campaign.yaml:5:94: error: ask.remind: «3d» is not before the deadline: a reminder "
			"after it reminds of nothing; -3d\n"},
		{"ask: {" FIELD ", " DUE ", remind: [-3d, soon, -3d]}\n",
			"campaign.yaml:5:99: error: ask.remind: «soon» is no distance; right would be -7d "
			"(days), -3wd (working days), -2h, 30m\n"
			"campaign.yaml:5:105: error: ask.remind: «-3d» stands here twice\n"
			"campaign.yaml:5:94: note: ask.remind: 3 days before: on the same day as “3 days "
			"before”: one letter goes\n"},
		{"ask: {" FIELD ", " DUE ", remind: [{letter: last}, {before: -1d, letter: last}]}\n",
			"campaign.yaml:5:94: error: ask.remind: how long before the deadline?; {before: -3d, "
			"letter: …}\n"
			"campaign.yaml:5:119: error: ask.remind: `letters` has no text «last»; letters: {last: "
			"last.md}\n"},
		{"ask: {" FIELD ", " DUE ", escalate: [{after: -1d, to: nobody}, {after: 1d}, {to: controller}]}\n",
			"campaign.yaml:5:104: error: ask.escalate: «-1d» lies before the deadline: nobody is "
			"late yet; after: 1d\n"
			"campaign.yaml:5:113: error: ask.escalate: the address has no @\n"
			"campaign.yaml:5:122: error: ask.escalate: to whom? parent, controller or an address; "
			"to: controller\n"
			"campaign.yaml:5:140: error: ask.escalate: there is no controller with an address; "
			"controller: {name: …, address: controller@ministry.example.org}\n"},
		{"ask: {" FIELD ", " DUE ", escalate: [{to: controller}]}\n",
			"campaign.yaml:5:101: error: ask.escalate: there is no controller with an address; "
			"controller: {name: …, address: controller@ministry.example.org}\n"},
		{"ask: {" FIELD ", " DUE ", escalate: [{after: 1d}]}\n",
			"campaign.yaml:5:96: error: ask.escalate: to whom? parent, controller or an address; "
			"to: controller\n"},
		{"ask: {" FIELD ", " DUE ", report: {formats: [pdf]}}\n",
			"campaign.yaml:5:93: error: ask.report: nobody gets the report; to: "
			"[head@ministry.example.org]\n"
			"campaign.yaml:5:104: error: ask.report.formats: unknown value «pdf»; known: xlsx, "
			"html, csv, json\n"},
		{"ask: {verb: велим, " FIELD ", " DUE "}\n", "campaign.yaml:5:13: error: ask.verb: unknown value "
							    "«велим»; known: просим, рекомендуем, "},
		{"ask: {" FIELD ", " DUE ", ways: [post], if_day_off: skip}\n",
			"campaign.yaml:5:92: error: ask.ways: unknown value «post»; known: link, reply, "
			"sheet\ncampaign.yaml:5:111: error: ask.if_day_off: unknown value «skip»; known: next, "
			"previous, keep\n"},
		{"ask: {" FIELD ", " DUE ", ways: []}\n",
			"campaign.yaml:5:91: error: ask.ways: no way to answer is left; ways: [link, reply]\n"},
		{"ask: {" FIELD ", " DUE ", collect: 3d}\n",
			"campaign.yaml:5:94: error: ask.collect: collected by whom? say through; through: "
			"municipality\n"},
		{"ask: {" FIELD ", " DUE ", through: municipality, collect: 2h}\n",
			"campaign.yaml:5:117: error: ask.collect: «2h»: how many working days before the "
			"deadline the schools answer; collect: 3d\n"},
		{"send: {at: 2023-05-26 10:00}\nask: {" FIELD ", " DUE ", through: municipality, collect: 5d}\n",
			"campaign.yaml:6:117: error: ask.collect: the schools would have to answer before they "
			"are asked\n"},
		{"ask: {" FIELD ", " DUE ", dedline: x}\n", "campaign.yaml:5:85: error: ask: unknown key «dedline»; "
							   "did you mean «deadline»?"},
		{"ask: {answer: [], " DUE "}\n", "campaign.yaml:5:15: error: ask.answer: an empty list\n"},
		{"ask: {answer: [{field: N, type: count}, {label: L}], " DUE "}\n",
			"campaign.yaml:5:24: error: ask.answer[0]: «N»: a field's name is a–z, 0–9, «_», not "
			"answered, number or date; field: registered\n"
			"campaign.yaml:5:16: error: ask.answer[0]: the field has no label: people see it; "
			"label: Participants registered\n"
			"campaign.yaml:5:41: error: ask.answer[1]: the field has no name; field: registered\n"
			"campaign.yaml:5:41: error: ask.answer[1]: the field has no type: count, number, date, "
			"choice, text, links, file, table; type: count\n"},
		{"ask: {answer: [{field: n, label: L, type: count}, {field: n, label: L, type: text}], " DUE "}\n",
			"campaign.yaml:5:59: error: ask.answer[1]: the field «n» stands here twice\n"},
		{"ask: {answer: [{field: answered, label: L, type: count}], " DUE "}\n",
			"campaign.yaml:5:24: error: ask.answer[0]: «answered»: a field's name is "},
		{"ask: {answer: [{field: c, label: L, type: choice}, {field: d, label: L, type: text, options: [a, "
		 "b]}, {field: e, label: L, type: choice, options: [a, a, b]}, {field: f, label: L, type: choice, "
		 "options: [a]}], " DUE "}\n",
			"campaign.yaml:5:16: error: ask.answer[0]: a choice needs its options; options: [да, "
			"нет]\n"
			"campaign.yaml:5:94: error: ask.answer[1]: only a choice has options; type: choice\n"
			"campaign.yaml:5:151: error: ask.answer[2]: the option «a» stands here twice\n"
			"campaign.yaml:5:203: error: ask.answer[3]: want 2 to 100 options\n"},
		{"ask: {answer: [{field: t, label: L, type: table}, {field: u, label: L, type: table, columns: "
		 "[{field: v, label: L, type: file}]}, {field: w, label: L, type: text, columns: []}], " DUE "}\n",
			"campaign.yaml:5:16: error: ask.answer[0]: a table needs its columns; columns: "
			"[{field: name, label: …, type: text}]\n"
			"campaign.yaml:5:122: error: ask.answer[1].columns[0]: a column cannot be of the type "
			"file; count, number, date, choice, text\n"
			"campaign.yaml:5:173: error: ask.answer[2]: only a table has columns; type: table\n"},
		{"acknowledge: {}\n", "campaign.yaml:5:14: error: acknowledge: nobody is to acknowledge; "
				      "persons: [{name: …, address: …}], roles: [head]\n"},
		{"acknowledge: {persons: [{position: x, address: a@b}]}\n",
			"campaign.yaml:5:48: error: acknowledge.persons: "},
		{"controller: {position: x}\n", "campaign.yaml:5:13: error: controller: name is missing\n"},
		{"follows: a\n", "campaign.yaml:5:10: error: follows: a campaign cannot follow itself\n"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char yaml[2000], *said;
		snprintf(yaml, sizeof yaml, HEAD "%s", rows[i].yaml);
		struct campaign_folder *folder = load(yaml, NULL, &said);
		expect(rows[i].yaml, said, rows[i].want);
		if (folder != NULL) {
			print_error("%s: got a campaign, want a mistake\n", rows[i].yaml);
			wrong++;
		}
		campaign_folder_free(&folder);
		free(said);
	}
}

static void mistakes_of_rounds_and_stages(void **state)
{
	(void)state;
	fixture_text("letter.md", "# Subject\n\nText.\n");
	static const struct {
		const char *yaml, *want;
	} rows[] = {
		{"rounds: {rule: FREQ=MONTHLY}\n",
			"campaign.yaml:5:9: error: rounds: rounds of what? there is no ask\n"},
		{"ask: {" FIELD "}\nrounds: {period: moon, about: next}\n",
			"campaign.yaml:6:9: error: rounds.rule: the rule is missing; rule: "
			"FREQ=MONTHLY;BYMONTHDAY=1\n"
			"campaign.yaml:6:18: error: rounds.period: unknown value «moon»; known: day, week, "
			"month, quarter, half, year, school-year\n"
			"campaign.yaml:6:31: error: rounds.about: unknown value «next»; known: previous, "
			"same\n"},
		{"ask: {" FIELD "}\nrounds: {rule: every month, from: 2023-05, to: 2023-06}\n",
			"campaign.yaml:6:16: error: rounds.rule: «every month» is no rule of recurrence; right "
			"would be, for example, FREQ=MONTHLY;BYMONTHDAY=1\n"},
		{"ask: {" FIELD "}\nrounds: {rule: FREQ=MONTHLY;BYMONTHDAY=1}\n",
			"campaign.yaml:6:9: error: rounds.from: the first period is missing; from: 2022-09\n"},
		{"ask: {" FIELD "}\nrounds: {rule: FREQ=MONTHLY;BYMONTHDAY=1, from: 2023-05}\n",
			"campaign.yaml:6:9: error: rounds: the rule has no end: say the last period, or COUNT "
			"or UNTIL\n"},
		{"ask: {" FIELD ", " DUE "}\nrounds: {rule: FREQ=MONTHLY;BYMONTHDAY=1, from: 2023-05, to: 2023-06, "
		 "time: 25:00}\n",
			"campaign.yaml:5:67: error: ask.deadline: each round has its own deadline, by the "
			"rule; rounds: {rule: …, time: \"18:00\"}\n"
			"campaign.yaml:6:77: error: rounds.time: «25:00» is no time of a day; time: "
			"\"18:00\"\n"},
		{"ask: {" FIELD "}\nrounds: {rule: FREQ=MONTHLY;BYMONTHDAY=1, from: 2022-01, to: 2022-03}\n",
			"campaign.yaml:5:6: error: ask.deadline: the deadline is in the past\n"},
		{"ask: {" FIELD "}\nrounds: {rule: FREQ=MONTHLY;BYMONTHDAY=1, from: 2023-03, to: 2023-05}\n",
			"campaign.yaml:6:9: note: ask.deadline: 1 April 2023 – Saturday: due 3 April 2023, "
			"until the end of the day\n"
			"campaign.yaml:6:9: note: ask.deadline: 1 May 2023 – a holiday ("},
		{"send: {at: 2023-05-15 10:00}\nask: {" FIELD
		 "}\nrounds: {rule: FREQ=MONTHLY;BYMONTHDAY=1, from: 2023-05, to: 2023-06}\n",
			"campaign.yaml:7:9: error: rounds: send.at does not go with rounds: each opens by "
			"itself; opens: -10d\n"
			"campaign.yaml:7:9: note: ask.deadline: 1 July 2023 – Saturday: due 3 July 2023, until "
			"the end of the day\n"},
		{"stages: []\n", "campaign.yaml:5:9: error: stages: want 1 to 2000 stages\n"},
		{"stages: [{at: 2023-05-15 10:00}, {title: x, letter: none.md}, {title: y, deadline: 2023-05-30, "
		 "lettr: z}]\n",
			"campaign.yaml:5:10: error: stages[0]: the stage has no title; title: what it is "
			"about\n"
			"campaign.yaml:5:53: error: stages[1]: there is no file «none.md»: No such file or "
			"directory\n"
			"campaign.yaml:5:84: error: stages[2]: what is asked? there is no ask; ask: {answer: "
			"[…]}\n"
			"campaign.yaml:5:96: error: stages[2]: unknown key «lettr»; did you mean «letter»? "
			"known: title, at, audience, letter, ask, deadline\n"},
		{"ask: {" FIELD "}\nstages: [{title: x, at: 2023-05-15 10:00, ask: true}, {title: y, at: 2023-05-15 "
		 "10:00, ask: false, deadline: 2023-05-30}]\n",
			"campaign.yaml:6:10: error: stages[0]: an ask without a deadline; deadline: 2023-05-30 "
			"18:00\n"
			"campaign.yaml:6:110: error: stages[1]: a deadline, but nothing is asked\n"},
		{"ask: {" FIELD "}\nrounds: {rule: x}\nstages: [{title: x}]\n",
			"campaign.yaml:7:9: error: stages: either rounds or stages\n"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char yaml[2000], *said;
		snprintf(yaml, sizeof yaml, HEAD "%s", rows[i].yaml);
		struct campaign_folder *folder = load(yaml, NULL, &said);
		expect(rows[i].yaml, said, rows[i].want);
		campaign_folder_free(&folder);
		free(said);
	}
}

/* Nothing here stops a launch; a person should know it. */
static void warnings_and_notes(void **state)
{
	(void)state;
	fixture_text("letter.md", "# Subject\n\nText.\n");
	static const struct {
		const char *yaml, *want;
	} rows[] = {
		{"ask: {" FIELD ", " DUE ", remind: [-30d, -3d, -1d]}\n",
			"campaign.yaml:5:94: warning: ask.remind: 30 days before: is not sent: 28 April 2023, 09:00 "
			"(MSK) is in the past\n"},
		{"ask: {" FIELD ", deadline: 2023-05-29 18:00, remind: [-2d, -1d]}\n",
			"campaign.yaml:5:94: note: ask.remind: 2 days before: on the same day as “1 day before”: "
			"one letter goes\n"},
		{"ask: {" FIELD ", deadline: 2023-06-12 18:00}\n",
			"campaign.yaml:5:67: note: ask.deadline: 12 June 2023 – a holiday (Russia Day): due 13 "
			"June 2023, 18:00 (MSK)\n"},
		{"ask: {" FIELD ", deadline: 2023-06-12 18:00, if_day_off: previous}\n",
			"campaign.yaml:5:67: note: ask.deadline: 12 June 2023 – a holiday (Russia Day): due 9 "
			"June 2023, 18:00 (MSK)\n"},
		{"ask: {" FIELD ", deadline: 2023-06-12 18:00, if_day_off: keep}\n",
			"campaign.yaml:5:67: note: ask.deadline: 12 June 2023 – a holiday (Russia Day): due 12 "
			"June 2023, 18:00 (MSK) (if_day_off: keep – not moved)\n"},
		{"ask: {" FIELD ", deadline: 2031-05-30 18:00}\n",
			"campaign.yaml:5:67: warning: ask.deadline: there is no production calendar for 2031: "
			"only Saturday and Sunday count as off\n"},
		{"document: {number: \"\", date: 2023-05-15}\n",
			"campaign.yaml:5:20: warning: document.number: the number is empty: a letter without one "
			"cannot be registered; number: \"01-12/345\"\n"},
		{"document: {number: \"202\", date: 2024-03-05, certificate: {from: 2022-07-06, to: 2023-09-29}}\n",
			"campaign.yaml:5:58: warning: document.certificate: the signature's certificate (valid "
			"from 6 July 2022 to 29 September 2023) was not valid on the document's date, 5 March "
			"2024\n"},
		{"document: {number: \"202\", date: 2023-03-05, certificate: {from: 2022-07-06, to: 2023-09-29}}\n", ""},
		{"acknowledge: {persons: [{name: First Person}]}\n",
			"campaign.yaml:5:25: warning: acknowledge.persons: no address: this person gets no letter, "
			"staff note the acknowledgement\n"},
		{"ask: {" FIELD "}\nrounds: {rule: FREQ=MONTHLY;BYMONTHDAY=1, from: 2023-02, to: 2023-05}\n",
			"campaign.yaml:5:6: warning: ask.deadline: rounds whose deadline has passed, which will not "
			"open: 3\n"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char yaml[2000], *said;
		snprintf(yaml, sizeof yaml, HEAD "%s", rows[i].yaml);
		struct campaign_folder *folder = load(yaml, NULL, &said);
		if (folder == NULL) {
			print_error("%s: got no campaign\n", rows[i].yaml);
			wrong++;
		}
		const char *want = rows[i].want;
		bool part = strstr(rows[i].yaml, "rounds") != NULL; /* with notes about days off */
		if (part && strstr(said, want) == NULL) {
			print_error("%s: got\n%swant\n%s\n", rows[i].yaml, said, want);
			wrong++;
		} else if (!part && strcmp(said, want) != 0) {
			print_error("%s: got\n%swant\n%s\n", rows[i].yaml, said, want);
			wrong++;
		}
		campaign_folder_free(&folder);
		free(said);
	}
}

static void russian_words(void **state)
{
	(void)state;
	fixture_text("letter.md", "# Тема\n\nТекст.\n");
	static const struct {
		const char *yaml, *want;
	} rows[] = {
		{"ask: {" FIELD "}\n",
			"campaign.yaml:5:6: ошибка: ask.deadline: запрос без срока (deadline); deadline: "
			"2023-05-30 18:00\n"},
		{"ask: {" FIELD ", deadline: 2023-05-11}\n",
			"campaign.yaml:5:67: ошибка: ask.deadline: срок уже прошёл\n"},
		{"ask: {" FIELD ", deadline: 2023-06-12 18:00, remind: [1d]}\n",
			"campaign.yaml:5:94: ошибка: ask.remind: «1d» – не до срока: напоминать после него не о "
			"чем; -3d\n"
			"campaign.yaml:5:67: к сведению: ask.deadline: 12 июня 2023 г. – праздничный день (День "
			"России): срок – 13 июня 2023 г., 18:00 (МСК)\n"},
		{"ask: {" FIELD ", deadline: 2023-05-30 18:00, remind: [-30d]}\n",
			"campaign.yaml:5:94: предупреждение: ask.remind: за 30 дней: не уйдёт: 28 апреля 2023 "
			"г., 09:00 (МСК) уже в прошлом\n"},
		{"document: {number: \"202\", date: 2024-03-05, certificate: {from: 2022-07-06, to: 2023-09-29}}\n",
			"campaign.yaml:5:58: предупреждение: document.certificate: сертификат подписи "
			"(действует с 6 июля 2022 г. по 29 сентября 2023 г.) на дату документа, 5 марта 2024 "
			"г., не действовал\n"},
	};
	lang_set(LANG_RU);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char yaml[2000], *said;
		snprintf(yaml, sizeof yaml, HEAD "%s", rows[i].yaml);
		struct campaign_folder *folder = load(yaml, NULL, &said);
		expect(rows[i].yaml, said, rows[i].want);
		campaign_folder_free(&folder);
		free(said);
	}
	lang_set(LANG_EN);
}

/* ---- definitions ------------------------------------------------------------------------------ */

static void expect_json(const struct campaign_folder *folder, const char *member, const char *want)
{
	json_t *expected = json_loads(want, 0, NULL);
	const json_t *got = json_object_get(campaign_folder_definition(folder), member);
	if (expected == NULL)
		fail_msg("%s is no JSON", want);
	if (!json_equal(expected, got)) {
		char *text = got == NULL ? NULL : json_dumps(got, JSON_SORT_KEYS | JSON_ENCODE_ANY);
		print_error("%s: got\n%s\nwant\n%s\n", member, text == NULL ? "nothing" : text, want);
		free(text);
		wrong++;
	}
	json_decref(expected);
}

static struct campaign_folder *good(const char *yaml, struct db *db)
{
	char *said;
	struct campaign_folder *folder = load(yaml, db, &said);
	if (folder == NULL)
		fail_msg("%s: got no campaign:\n%s", yaml, said);
	free(said);
	return folder;
}

static void one_ask_with_a_cascade(void **state)
{
	(void)state;
	fixture_text("letter.md", "# Тема\n\nТекст {{deadline.full}} {{link.answer}} {{link.cascade}}.\n");
	fixture_text("last.md", "# Тема\n\nПоследнее.\n");
	struct campaign_folder *folder = good(
		"campaign: a\ntitle: t\naudience: {kinds: [municipal-authority]}\n"
		"letters: {first: letter.md, last: last.md}\n"
		"send: {at: 2023-05-15 10:00, hours: 09:00-18:00}\n"
		"controller: {name: К, address: controller@ministry.example.org}\n"
		"ask:\n"
		"  verb: рекомендуем\n"
		"  answer: [{field: n, label: Число, type: count, required: true}]\n"
		"  through: municipality\n  collect: 3d\n  collect_kinds: [school]\n"
		"  deadline: 2023-05-30 18:00\n"
		"  remind: [-7d, {before: -1d, letter: last}]\n"
		"  escalate: [{after: 0d, to: parent}, {after: 1d, to: controller}, {to: head@ministry.example.org}]\n"
		"  report: {to: [controller, head@ministry.example.org], formats: [html], webhook: true}\n",
		fixture_db);
	expect_json(folder, "ask",
		"{\"verb\":\"рекомендуем\",\"fields\":[{\"field\":\"n\",\"label\":\"Число\",\"type\":\"count\","
		"\"required\":true}],\"ways\":[\"link\",\"reply\"],\"through\":\"municipality\",\"collect_kinds\":["
		"\"school\"],\"if_day_off\":\"next\",\"escalate\":[{\"after\":\"0d\",\"to\":\"parent\"},{\"after\":"
		"\"1d\",\"to\":\"controller\"},{\"after\":\"0d\",\"to\":\"head@ministry.example.org\"}],\"report\":{"
		"\"to\":[\"controller@ministry.example.org\",\"head@ministry.example.org\"],\"formats\":[\"html\"],"
		"\"webhook\":true}}");
	/* 30 May is a Tuesday: three working days before is Thursday the 25th. */
	expect_json(folder, "rounds",
		"[{\"number\":1,\"draft\":false,\"ask\":true,\"starts_ms\":1684134000000,\"first\":0,\"deadline\":{"
		"\"asked\":\"2023-05-30\",\"day\":\"2023-05-30\",\"minute\":1080,\"at_ms\":1685458800000,\"zone\":"
		"\"Europe/Moscow\"},\"remind\":[{\"step\":1,\"before\":\"-7d\"},{\"step\":2,\"before\":\"-1d\"}],"
		"\"collect\":{\"asked\":\"2023-05-25\",\"day\":\"2023-05-25\",\"minute\":1080,\"at_ms\":1685026800000,"
		"\"zone\":\"Europe/Moscow\"},\"collect_first\":3,\"collect_remind\":[{\"step\":4,\"before\":\"-7d\"},"
		"{\"step\":5,\"before\":\"-1d\"}]}]");
	expect_json(folder, "steps",
		"[{\"step\":0,\"kind\":\"first\",\"letter\":\"first\"},"
		"{\"step\":1,\"kind\":\"reminder\",\"letter\":\"reminder\",\"attachments\":false},"
		"{\"step\":2,\"kind\":\"reminder\",\"letter\":\"last\",\"attachments\":false},"
		"{\"step\":3,\"kind\":\"collect\",\"letter\":\"collect\"},"
		"{\"step\":4,\"kind\":\"reminder\",\"letter\":\"reminder\",\"attachments\":false},"
		"{\"step\":5,\"kind\":\"reminder\",\"letter\":\"last\",\"attachments\":false},"
		"{\"step\":6,\"kind\":\"recall\",\"letter\":\"recall\",\"attachments\":false},"
		"{\"step\":7,\"kind\":\"postponed\",\"letter\":\"postponed\",\"attachments\":false}]");
	for (int step = 0; step <= 7; step++)
		if (campaign_folder_letter(folder, step) == NULL)
			fail_msg("step %d: got no letter", step);
	campaign_folder_free(&folder);
}

static void rounds_are_written_out(void **state)
{
	(void)state;
	fixture_text("letter.md", "# Сведения {{round.label}}\n\nДо {{deadline.date}}.\n");
	struct campaign_folder *folder = good(
		"campaign: a\ntitle: t\naudience: {kinds: [school]}\nletters: {first: letter.md}\n"
		"ask: {answer: [{field: n, label: Число, type: count}]}\n"
		"rounds: {rule: FREQ=MONTHLY;BYMONTHDAY=1, period: month, from: 2023-05, to: 2023-06, time: \"18:00\", "
		"opens: -5d}\n",
		fixture_db);
	/* 1 June 2023 is a Thursday, 5 days before a Saturday: Friday the 26th. 1 July is a Saturday: Monday
	 * the 3rd; 5 days before it is Wednesday the 28th. */
	expect_json(folder, "rounds",
		"[{\"number\":1,\"label\":\"за май 2023 года\",\"draft\":false,\"ask\":true,\"starts_ms\":1685080800000,"
		"\"period\":{\"kind\":\"month\",\"day\":\"2023-05-01\"},\"first\":0,\"remind\":[],\"deadline\":{\"asked\":"
		"\"2023-06-01\",\"day\":\"2023-06-01\",\"minute\":1080,\"at_ms\":1685631600000,\"zone\":\"Europe/"
		"Moscow\"}},"
		"{\"number\":2,\"label\":\"за июнь 2023 года\",\"draft\":false,\"ask\":true,\"starts_ms\":1687932000000,"
		"\"period\":{\"kind\":\"month\",\"day\":\"2023-06-01\"},\"first\":0,\"remind\":[],\"deadline\":{\"asked\":"
		"\"2023-07-01\",\"day\":\"2023-07-03\",\"minute\":1080,\"at_ms\":1688396400000,\"zone\":\"Europe/"
		"Moscow\"}}]");
	campaign_folder_free(&folder);
}

static void stages_have_their_own_letters_and_audiences(void **state)
{
	(void)state;
	fixture_text("one.md", "# Первое\n\nТекст.\n");
	fixture_text("two.md", "# Второе\n\nОтветьте {{deadline.full}}: {{link.answer}}\n");
	struct campaign_folder *folder = good(
		"campaign: a\ntitle: t\naudience: all\nletters: {two: two.md}\n"
		"ask: {answer: [{field: n, label: Число, type: count}], remind: [-1wd]}\n"
		"stages:\n"
		"  - {title: Начало, at: 2023-05-15 10:00, letter: one.md, audience: {kinds: [school]}}\n"
		"  - {title: Потом, letter: one.md}\n"
		"  - {title: Итог, at: 2023-06-01 10:00, letter: two, deadline: 2023-06-09, audience: {keys: [school-1]}}\n",
		fixture_db);
	expect_json(folder, "rounds",
		"[{\"number\":1,\"label\":\"Начало\",\"draft\":false,\"ask\":false,\"starts_ms\":1684134000000,\"first\":0,"
		"\"audience\":{\"kinds\":[\"school\"],\"roles\":[\"coordinator\"]}},"
		"{\"number\":2,\"label\":\"Потом\",\"draft\":true,\"ask\":false,\"first\":0},"
		"{\"number\":3,\"label\":\"Итог\",\"draft\":false,\"ask\":true,\"starts_ms\":1685602800000,\"first\":1,"
		"\"audience\":{\"keys\":[\"school-1\"],\"roles\":[\"coordinator\"]},\"remind\":[{\"step\":2,\"before\":"
		"\"-1wd\"}],\"deadline\":{\"asked\":\"2023-06-09\",\"day\":\"2023-06-09\",\"minute\":1440,\"at_ms\":"
		"1686344400000,\"zone\":\"Europe/Moscow\"}}]");
	campaign_folder_free(&folder);
}

/* A field that is not there for this kind of letter is a mistake, not an empty place. */
static void letters_know_the_fields_of_their_round(void **state)
{
	(void)state;
	static const struct {
		const char *yaml, *letter, *want;
	} rows[] = {
		{"", "{{deadline.date}}", "letter.md:3:1: error: there is no field «deadline.date»"},
		{"", "{{link.answer}}", "letter.md:3:1: error: there is no field «link.answer»"},
		{"", "{{round.label}}{{link.forward}}", ""},
		{"", "{{previous.answered}}", "letter.md:3:1: error: there is no field «previous.answered»"},
		{"ask: {" FIELD ", " DUE "}\n", "{{deadline.date}} {{deadline.full}} {{deadline.at | date: time}} {{ask.verb}}", ""},
		{"ask: {" FIELD ", " DUE "}\n", "[x]({{link.answer}})", ""},
		{"ask: {" FIELD ", " DUE "}\n", "{{link.cascade}}", "there is no field «link.cascade»"},
		{"ask: {" FIELD ", " DUE "}\n", "{{link.acknowledge}}", "there is no field «link.acknowledge»"},
		{"ask: {" FIELD ", " DUE "}\n", "{{link.sheet}}", "there is no field «link.sheet»"},
		{"ask: {" FIELD ", " DUE ", through: municipality}\n", "{{link.cascade}}", ""},
		{"controller: {name: К}\n", "{{controller.name}}", ""},
		{"document: {number: \"1\", date: 2023-05-15, based_on: [приказ, письмо]}\n",
			"{{document.based_on}} {{document.date | date: short}}", ""},
		{"ask: {" FIELD ", " DUE "}\n", "{{{previous.answered}}}", "letter.md:3:1: error: "},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char yaml[2000], letter[500], *said;
		snprintf(yaml, sizeof yaml, HEAD "%s", rows[i].yaml);
		snprintf(letter, sizeof letter, "# Subject\n\n%s\n", rows[i].letter);
		fixture_text("letter.md", letter);
		struct campaign_folder *folder = load(yaml, NULL, &said);
		if (rows[i].want[0] == '\0' ? said[0] != '\0' : strstr(said, rows[i].want) == NULL) {
			print_error("%s%s: got\n%swant\n%s\n", rows[i].yaml, rows[i].letter, said, rows[i].want);
			wrong++;
		}
		campaign_folder_free(&folder);
		free(said);
	}
}

static char *preview(const struct campaign_folder *folder, const char *letter, const char *key)
{
	struct campaign_recipient r;
	struct error e = {0};
	char *subject, *text, *html;
	int step = campaign_folder_step(folder, letter);
	assert_true(step >= 0);
	assert_int_equal(campaign_folder_recipient(folder, fixture_db, key, &r, &e), 0);
	json_t *fields = campaign_folder_fields(folder, step, r.fields);
	struct letter_recipient to = {.fields = fields, .to_address = r.address, .message_id = "x@example.org"};
	if (letter_preview(campaign_folder_letter(folder, step), &to, &subject, &text, &html, &e) != 0)
		fail_msg("%s: got «%s»", letter, e.text);
	char *all = xasprintf("%s\n%s", subject, text);
	free(subject);
	free(text);
	free(html);
	json_decref(fields);
	campaign_recipient_fini(&r);
	return all;
}

static void letters_nobody_wrote_are_ours(void **state)
{
	(void)state;
	fixture_text("letter.md", "# Тема\n\nТекст.\n");
	struct campaign_folder *folder = good(
		"campaign: a\ntitle: Сбор сведений\naudience: {kinds: [school]}\nletters: {first: letter.md}\n"
		"document: {number: \"202\", date: 2023-05-15, signatory: {name: И. О. Фамилия}, in_subject: true}\n"
		"ask: {answer: [{field: n, label: Число, type: count}], deadline: 2023-05-30 18:00, remind: [-3d], "
		"through: municipality}\n"
		"acknowledge: {persons: [{name: Кто-то, address: a@example.org}]}\n",
		fixture_db);
	static const struct {
		const char *letter, *want[4];
	} rows[] = {
		{"reminder", {"№ 202 от 15.05.2023. Напоминание: Сбор сведений\n", "до 30 мая 2023 г. включительно, 18:00 (МСК)",
				     "https://answers.example.org/a/example", "К письму от 15 мая 2023 г. № 202."}},
		{"collect", {"№ 202 от 15.05.2023. Сбор сведений\n", "до 25 мая 2023 г. включительно, 18:00 (МСК)"}},
		{"acknowledge", {"Ознакомление: Сбор сведений\n", "Электронной подписью она не является.",
					"https://answers.example.org/k/example"}},
		{"recall", {"Отозвано: Сбор сведений\n", "отвечать на него не нужно"}},
		{"postponed", {"Срок перенесён: Сбор сведений\n", "до 30 мая 2023 г. включительно"}},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char *all = preview(folder, rows[i].letter, "school-2");
		for (size_t k = 0; k < 4 && rows[i].want[k] != NULL; k++)
			if (strstr(all, rows[i].want[k]) == NULL)
				fail_msg("%s: got\n%s\nwant «%s»", rows[i].letter, all, rows[i].want[k]);
		free(all);
	}
	campaign_folder_free(&folder);
}

static void large_annexes_become_links(void **state)
{
	(void)state;
	char big[6000], *said;
	memset(big, 'x', sizeof big);
	fixture_put("big1.bin", big, sizeof big);
	fixture_put("big2.bin", big, sizeof big - 1);
	fixture_text("small.txt", "x");
	fixture_text("letter.md", "# Тема\n\nВот [файл]({{link.file.2}}).\n");
	struct campaign_folder *folder = load(HEAD
		"attachments: [small.txt, {file: big1.bin, title: Большое}, big2.bin]\n", fixture_db, &said);
	assert_non_null(folder);
	expect("note", said,
		"campaign.yaml:5:14: note: attachments: 1 of the attachments go as links: 12000 bytes in all, at most "
		"10000 travel (attachments_max of the settings)");
	free(said);
	expect_json(folder, "annexes", "[{\"position\":2,\"name\":\"big1.bin\",\"title\":\"Большое\",\"size\":6000}]");
	char *all = preview(folder, "first", "school-2");
	if (strstr(all, "2. Большое (big1.bin, 6 КБ, по ссылке): https://answers.example.org/d/example") == NULL)
		fail_msg("got\n%s", all);
	free(all);
	campaign_folder_free(&folder);
	/* What travels has no link. */
	fixture_text("letter.md", "# Тема\n\n{{link.file.1}}\n");
	folder = load(HEAD "attachments: [small.txt, big1.bin, big2.bin]\n", NULL, &said);
	assert_null(folder);
	assert_non_null(strstr(said, "there is no field «link.file.1»"));
	free(said);
}

static void a_signature_travels_with_its_file(void **state)
{
	(void)state;
	static const char bytes[] = {0x30, (char)0x82, 0, '\r', '\n', '\n', (char)0xff};
	fixture_put("order.pdf.sig", bytes, sizeof bytes);
	fixture_text("order.pdf", "pdf");
	fixture_text("letter.md", "# Тема\n\nТекст.\n");
	struct campaign_folder *folder = good(HEAD
		"attachments: [{file: order.pdf, name: Приказ.pdf, signature: order.pdf.sig}]\n", fixture_db);
	struct error e = {0};
	int64_t id, size = 0;
	assert_int_equal(campaign_folder_store(folder, fixture_db, "t", &id, &e), 0);
	assert_int_equal(db_query_int(fixture_db, &size, &e,
				 "SELECT b.size FROM campaign_file f JOIN blob b ON b.hash = f.hash WHERE f.campaign = $1 AND "
				 "f.purpose = 'attachment' AND f.position = 2 AND f.name = 'Приказ.pdf.sig' AND "
				 "f.media_type = 'application/pkcs7-signature'",
				 "i", id),
		DB_ROW);
	assert_int_equal(size, sizeof bytes);
	campaign_folder_free(&folder);
	fixture_clear();
}

/* ---- what came before ---------------------------------------------------------------------------- */

static int64_t audience_size(const struct campaign_folder *folder)
{
	struct campaign_recipient *sample;
	struct error e = {0};
	size_t samples;
	int64_t count;
	if (campaign_folder_audience(folder, fixture_db, &count, &sample, 0, &samples, &e) != 0)
		fail_msg("got «%s»", e.text);
	free(sample);
	return count;
}

/* school-1 answered 5, school-2 only something, to a mended letter, school-3 nothing; mun-1 bounced. */
static void store_previous(void)
{
	fixture_sql("INSERT INTO campaign (id, slug, kind, title, content_hash, definition, sender, state, priority, created_ms) "
		    "VALUES (900, 'before', 'campaign', 't', 'h', "
		    "'{\"document\":{\"number\":\"17\",\"date\":\"2023-04-03\"},\"ask\":{\"fields\":[{\"field\":\"registered\"},"
		    "{\"field\":\"measures\"}]},\"steps\":[{\"step\":0},{\"step\":7,\"corrects\":0}]}', 's@example.org', 'finished', 1, 0)");
	fixture_sql("INSERT INTO round (id, campaign, number, starts_ms) VALUES (901, 900, 1, 0)");
	fixture_sql("INSERT INTO expand (campaign, round, step, cursor, revision, done) VALUES (900, 901, 0, 9, 1, 1)");
	fixture_sql("INSERT INTO ask (id, campaign, round, organisation, place, state, answer, opened_ms, updated_ms) VALUES "
		    "(911, 900, 901, 2, 'Asia/Vladivostok', 'confirmed', 921, 0, 0), "
		    "(912, 900, 901, 3, 'Europe/Moscow', 'received', NULL, 0, 0), "
		    "(913, 900, 901, 4, 'Europe/Moscow', 'open', NULL, 0, 0)");
	fixture_sql("INSERT INTO answer (id, ask, version, way, state, fields, received_ms, recorded_ms) VALUES "
		    "(921, 911, 1, 'form', 'counts', '{\"registered\":5,\"measures\":\"Собрание\"}', 0, 0)");
	fixture_sql("INSERT INTO acknowledgement (campaign, round, organisation, position, name, time_ms) VALUES "
		    "(900, 901, 2, 1, 'Первый', 5), (900, 901, 2, 2, 'Второй', NULL), (900, 901, 3, 1, 'Третий', 5)");
	fixture_sql("INSERT INTO delivery (campaign, round, step, recipient, contact, address, fields, state, updated_ms) VALUES "
		    "(900, 901, 0, 1, 11, 'a@example.org', '{}', 7, 0), (900, 901, 0, 2, 12, 'a@example.org', '{}', 6, 0), "
		    "(900, 901, 0, 3, 14, 'a@example.org', '{}', 10, 0), "
		    "(900, 901, 7, 3, 14, 'a@example.org', '{}', 5, 0), (900, 901, 0, 4, 15, 'a@example.org', '{}', 8, 0)");
}

static void a_campaign_follows_another(void **state)
{
	(void)state;
	store_previous();
	fixture_text("letter.md",
		"# К письму № {{previous.number}}\n\nОт {{previous.date}} ({{previous.date | date: short}}): "
		"{{#previous.answered}}Вы сообщили: {{previous.registered}}, {{previous.measures}}.{{/previous.answered}}"
		"{{^previous.answered}}Ответа не было.{{/previous.answered}}\n");
	static const struct {
		const char *where;
		int64_t count; /* of the four organisations, all with a coordinator */
	} rows[] = {
		{"previous.answered", 2},
		{"not previous.answered", 2},
		{"не ответили", 2},
		{"ответили и previous.registered < 10", 1},
		{"not previous.answered or previous.registered < 3", 2},
		{"previous.measures = Собрание", 1},
		{"ознакомлены", 1},
		{"не ознакомлены", 3},
		{"доставлено", 2},
		{"не доставлено and recipient.kind = school", 1},
		{"not delivered or not answered", 2},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char yaml[1000];
		snprintf(yaml, sizeof yaml,
			"campaign: a\ntitle: t\nfollows: before\naudience: {where: \"%s\"}\nletters: {first: letter.md}\n"
			"document: {number: \"18\", date: 2023-05-15}\n",
			rows[i].where);
		struct campaign_folder *folder = good(yaml, fixture_db);
		int64_t got = audience_size(folder);
		if (got != rows[i].count) {
			print_error("%s: got %lld, want %lld\n", rows[i].where, (long long)got, (long long)rows[i].count);
			wrong++;
		}
		if (i == 0) {
			assert_string_equal(json_string_value(json_object_get(campaign_folder_definition(folder), "follows")),
				"на № 17 от 03.04.2023");
			expect_json(folder, "previous",
				"{\"campaign\":\"before\",\"number\":\"17\",\"date\":\"3 апреля 2023 г.\",\"fields\":[\"registered\","
				"\"measures\"]}");
			char *one = preview(folder, "first", "school-1"), *three = preview(folder, "first", "school-3");
			expect("letter of school-1", one, "От 3 апреля 2023 г. (03.04.2023): Вы сообщили: 5, Собрание.");
			expect("letter of school-3", three, "Ответа не было.");
			free(one);
			free(three);
		}
		campaign_folder_free(&folder);
	}
}

static void what_cannot_be_followed_is_said(void **state)
{
	(void)state;
	fixture_text("letter.md", "# Тема\n\nТекст.\n");
	fixture_sql("INSERT INTO campaign (id, slug, kind, title, content_hash, definition, sender, state, priority, created_ms) "
		    "VALUES (950, 'draft', 'campaign', 't', 'h', '{}', 's@example.org', 'draft', 1, 0)");
	static const struct {
		const char *yaml, *want;
	} rows[] = {
		{"follows: nobody\naudience: all\n",
			"campaign.yaml:3:10: error: follows: there is no campaign «nobody»; a launched campaign, or words: "
			"«на № 17 от 03.04.2023»\n"},
		{"follows: draft\naudience: all\n",
			"campaign.yaml:3:10: error: follows: the campaign «draft» has not been launched yet; "},
		{"audience: {where: не ответили}\n",
			"campaign.yaml:3:22: error: audience.where: nobody has got or answered anything yet: say which "
			"campaign this follows; follows: flagships-2023\n"},
		{"audience: {where: previous.registered < 10}\n",
			"campaign.yaml:3:19: error: audience.where: there is no earlier campaign: say which one this "
			"follows; follows: flagships-2023\n"},
		{"follows: before\naudience: {where: previous.plan < 10}\n",
			"campaign.yaml:4:19: error: audience.where: the earlier campaign did not ask for «plan»; there "
			"is: answered, registered, measures\n"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char yaml[1000], *said;
		snprintf(yaml, sizeof yaml, "campaign: a\ntitle: t\n%sletters: {first: letter.md}\n", rows[i].yaml);
		struct campaign_folder *folder = load(yaml, fixture_db, &said);
		assert_null(folder);
		expect(rows[i].yaml, said, rows[i].want);
		free(said);
	}
}

static void tables_may_be_by_region(void **state)
{
	(void)state;
	fixture_text("regions.csv", "регион;план\nОбласть;10\nКрай;20\nЧужой;30\n");
	fixture_text("towns.csv", "муниципалитет;пункт\nГород;1\nРайон;2\n");
	fixture_text("letter.md", "# Тема\n\nПлан региона: {{plan.план}}, {{town.пункт | default: нет}}.\n");
	char *said;
	struct campaign_folder *folder = load(
		"campaign: a\ntitle: t\naudience: {kinds: [school], where: \"plan.план <= 20\"}\nletters: {first: letter.md}\n"
		"data: {plan: {file: regions.csv, by: region}, town: {file: towns.csv, by: municipality, missing: empty}}\n",
		fixture_db, &said);
	if (folder == NULL)
		fail_msg("got\n%s", said);
	expect("said", said,
		"regions.csv:4: warning: 1 rows have keys that are not in the directory; the first is «Чужой»\n"
		"campaign.yaml:3:11: warning: audience: 1 addresses are shared by several recipients, each gets its own "
		"letter: two@schools.example.org (school-2, school-3)\n");
	free(said);
	assert_int_equal(audience_size(folder), 3);
	char *one = preview(folder, "first", "school-1"), *three = preview(folder, "first", "school-3");
	expect("school-1", one, "План региона: 10, 1.");
	expect("school-3", three, "План региона: 20, нет.");
	free(one);
	free(three);
	/* The stored tables give the same. */
	struct error e = {0};
	struct campaign *campaign;
	struct db_stmt *stmt;
	int64_t id;
	if (campaign_folder_store(folder, fixture_db, "t", &id, &e) != 0 || campaign_load(fixture_db, id, &campaign, &e) != 0)
		fail_msg("got «%s»", e.text);
	(void)stmt;
	assert_true(json_equal(campaign_definition(campaign), campaign_folder_definition(folder)));
	campaign_free(&campaign);
	campaign_folder_free(&folder);
}

static void it_is_said_why_somebody_is_in_or_out(void **state)
{
	(void)state;
	fixture_text("monitoring.csv", fixture_csv);
	fixture_text("letter.md", "# Тема\n\nТекст.\n");
	struct campaign_folder *folder = good(
		"campaign: a\ntitle: t\nfollows: before\ndata: {monitoring: monitoring.csv}\n"
		"audience: {kinds: [school], where: monitoring.registered < 10 and не ответили}\nletters: {first: letter.md}\n"
		"document: {number: \"18\", date: 2023-05-15}\n",
		fixture_db);
	static const struct {
		const char *key, *want;
	} rows[] = {
		{"school-3", "school-3: is in the audience\n+ kinds: «school»\n+ where: monitoring.registered < 10: yes "
			     "(monitoring.registered = «0»); ответили: no (state.answered = «»)\n"},
		{"school-1", "school-1: is not in the audience\n+ kinds: «school»\n– where: monitoring.registered < 10: yes "
			     "(monitoring.registered = «5»); ответили: yes (state.answered = «1»)\n"},
		{"edu@city.example.org", "mun-1: is not in the audience\n– kinds: «municipal-authority»\n+ data.monitoring: has "
					 "no row\n– where: monitoring.registered < 10: no (monitoring.registered = «»); "
					 "ответили: no (state.answered = «»)\n"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct buf out;
		struct error e = {0};
		buf_init(&out, 1 << 20);
		if (campaign_folder_explain(folder, fixture_db, rows[i].key, &out, &e) != 0)
			fail_msg("got «%s»", e.text);
		expect(rows[i].key, buf_str(&out), rows[i].want);
		buf_fini(&out);
	}
	struct buf out;
	struct error e = {0};
	buf_init(&out, 1 << 20);
	assert_int_equal(campaign_folder_explain(folder, fixture_db, "far-away", &out, &e), -1);
	assert_string_equal(e.text, "«far-away» is not in the directory");
	buf_fini(&out);
	campaign_folder_free(&folder);
}

/* ---- stored: the planner's view ------------------------------------------------------------------- */

static int take_key(void *arg, const struct campaign_recipient *recipient)
{
	return buf_printf(arg, "%s ", recipient->key);
}

static struct campaign *round_of(int64_t id, int64_t number)
{
	struct error e = {0};
	struct campaign *campaign;
	if (campaign_load_round(fixture_db, id, number, false, &campaign, &e) != 0)
		fail_msg("round %lld: got «%s»", (long long)number, e.text);
	return campaign;
}

static void rounds_of_a_stored_campaign(void **state)
{
	(void)state;
	fixture_text("one.md", "# Первое\n\nТекст.\n");
	struct campaign_folder *folder = good(
		"campaign: a\ntitle: t\naudience: all\nlang: ru\nsend: {hours: 09:00-18:00, local: true}\n"
		"ask: {answer: [{field: n, label: Число, type: count}]}\n"
		"stages:\n"
		"  - {title: Начало, at: 2023-05-15 10:00, letter: one.md, audience: {kinds: [municipal-authority]}}\n"
		"  - {title: Ещё раз, at: 2023-06-01 10:00, letter: one.md, deadline: 2023-06-09 18:00, audience: {where: не доставлено}}\n",
		fixture_db);
	struct error e = {0};
	int64_t id, last, due;
	bool end;
	if (campaign_folder_store(folder, fixture_db, "t", &id, &e) != 0)
		fail_msg("got «%s»", e.text);
	fixture_sql("INSERT INTO round (id, campaign, number, starts_ms) SELECT 990, id, 1, 0 FROM campaign WHERE slug = 'a'");
	fixture_sql("INSERT INTO expand (campaign, round, step, cursor, revision, done) SELECT id, 990, 0, 9, 1, 1 FROM campaign WHERE slug = 'a'");
	fixture_sql("INSERT INTO delivery (campaign, round, step, recipient, contact, address, fields, state, updated_ms) "
		    "SELECT id, 990, 0, 1, 11, 'a@example.org', '{}', 5, 0 FROM campaign WHERE slug = 'a'");
	static const struct {
		int64_t round, due_ms; /* in Vladivostok: 10:00 there is 00:00 UTC */
		const char *want;
	} rows[] = {
		{1, 1684108800000, "mun-1 "},
		/* A state in a stage's audience is about this campaign: mun-1 got its letter. */
		{2, 1685577600000, "school-1 school-2 school-3 "},
	};
	for (size_t i = 0; i < 2; i++) {
		struct campaign *campaign = round_of(id, rows[i].round);
		struct buf out;
		buf_init(&out, 1 << 16);
		if (campaign_audience_batch(fixture_db, campaign, 0, 1000, &last, &end, take_key, &out, &e) != 0)
			fail_msg("got «%s»", e.text);
		expect("round", buf_str(&out), rows[i].want);
		assert_true(end);
		buf_fini(&out);
		assert_int_equal(campaign_due_ms(campaign, "Asia/Vladivostok", today(NULL), &due, &e), 0);
		assert_int_equal(due, rows[i].due_ms);
		campaign_free(&campaign);
	}
	campaign_folder_free(&folder);
}

static int up(void **state)
{
	struct problems problems = {0};
	if (fixture_up(state) != 0)
		return -1;
	fixture_directory();
	settings_free(&fixture_settings);
	fixture_text("vestnik.yaml", "zone: Europe/Moscow\nattachments_max: 10 KB\npublic_url: https://answers.example.org\n"
				     "sender: {name: Министерство, address: office@ministry.example.org}\n");
	fixture_settings = settings_load(fixture_path("vestnik.yaml"), &problems);
	problems_fini(&problems);
	clock_set_source(today, mono, NULL);
	return fixture_settings == NULL ? -1 : 0;
}

static int clear(void **state)
{
	fixture_sql("DELETE FROM campaign WHERE id < 900");
	fixture_sql("DELETE FROM campaign_file");
	fixture_sql("DELETE FROM dataset_row");
	return all_right(state);
}

int main(void)
{
	lang_set(LANG_EN);
	ident_init();
	calendar_init();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(mistakes_of_the_ask, all_right),
		cmocka_unit_test_teardown(mistakes_of_rounds_and_stages, all_right),
		cmocka_unit_test_teardown(warnings_and_notes, all_right),
		cmocka_unit_test_teardown(russian_words, all_right),
		cmocka_unit_test_teardown(one_ask_with_a_cascade, all_right),
		cmocka_unit_test_teardown(rounds_are_written_out, all_right),
		cmocka_unit_test_teardown(stages_have_their_own_letters_and_audiences, all_right),
		cmocka_unit_test_teardown(letters_know_the_fields_of_their_round, all_right),
		cmocka_unit_test_teardown(letters_nobody_wrote_are_ours, all_right),
		cmocka_unit_test_teardown(large_annexes_become_links, all_right),
		cmocka_unit_test_teardown(a_signature_travels_with_its_file, clear),
		cmocka_unit_test_teardown(a_campaign_follows_another, clear),
		cmocka_unit_test_teardown(what_cannot_be_followed_is_said, clear),
		cmocka_unit_test_teardown(tables_may_be_by_region, clear),
		cmocka_unit_test_teardown(it_is_said_why_somebody_is_in_or_out, clear),
		cmocka_unit_test_teardown(rounds_of_a_stored_campaign, clear),
	};
	return cmocka_run_group_tests(tests, up, fixture_down);
}
