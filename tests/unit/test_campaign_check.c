/* campaign check: every mistake with its place and words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/ident.h"
#include "base/lang.h"
#include "calendar/calendar.h"
#include "campaign/campaign.h"

#include "../support/campaign_fixture.h"

static char *check(struct db *db, bool *good)
{
	struct problems problems = {0};
	struct campaign_folder *folder = campaign_folder_load(
		fixture_path("campaign.yaml"), fixture_settings, db, &problems);
	char *said = fixture_said(&problems);
	*good = folder != NULL;
	if ((folder != NULL) != (problems.errors == 0))
		fail_msg("got %s with %zu errors:\n%s", folder != NULL ? "a campaign" : "nothing",
			problems.errors, said);
	campaign_folder_free(&folder);
	problems_fini(&problems);
	return said;
}

/* Rows that failed: all are shown before the test ends. */
static int wrong;

/* want ends with a newline: exactly this; else: a line that contains it. */
static void expect(const char *what, const char *said, const char *want)
{
	size_t n = strlen(want);
	bool exact = n == 0 || want[n - 1] == '\n';
	if (exact ? strcmp(said, want) == 0 : strstr(said, want) != NULL)
		return;
	print_error("%s: got\n%swant\n%s\n", what, said, want);
	wrong++;
}

static int all_right(void **state)
{
	(void)state;
	int failed = wrong;
	wrong = 0;
	return failed == 0 ? 0 : -1;
}

#define HEAD "campaign: a\ntitle: t\n"
#define REST "audience: {kinds: [school]}\nletters: {first: letter.md}\n"
#define SHARED                                                                                     \
	"warning: audience: 1 addresses are shared by several recipients, each gets its own "      \
	"letter: "                                                                                 \
	"two@schools.example.org (school-2, school-3)\n"

static void mistakes_of_the_yaml(void **state)
{
	(void)state;
	fixture_text("plain.md", "# Тема\n\nТекст.\n");
	fixture_text("letter.md", "# Тема\n\nТекст.\n");
	fixture_text("monitoring.csv", fixture_csv);
	fixture_text("empty.pdf", "");
	fixture_text("../vestnik-outside.txt", "x");
	char big[6000];
	memset(big, 'x', sizeof big);
	fixture_put("big1.bin", big, sizeof big);
	fixture_put("big2.bin", big, sizeof big);
	static const struct {
		const char *yaml, *want;
	} rows[] = {
		{"", "campaign.yaml:1:1: error: campaign: the campaign has no name; campaign: "
		     "flagships-2023\n"
		     "campaign.yaml:1:1: error: title: the campaign has no title; title: what it "
		     "is about\n"
		     "campaign.yaml:1:1: error: audience: nobody is named as recipient; audience: "
		     "{kinds: [school]}, audience: all\n"
		     "campaign.yaml:1:1: error: letters: there is no letter; letters: {first: "
		     "letter.md}\n"},
		{"campaign: Flag Ships\ntitle: t\n" REST,
			"campaign.yaml:1:11: error: campaign: «Flag Ships»: want a–z, 0–9 and «-», "
			"at most 64; flagships-2023\n"},
		{HEAD REST "attachment: [x]\n",
			"campaign.yaml:5:1: error: unknown key «attachment»; did you mean "
			"«attachments»? known: campaign, title, "},
		{HEAD REST "zone: Europe/Vladimir\n",
			"campaign.yaml:5:7: error: zone: unknown time zone «Europe/Vladimir»; "
			"Europe/Moscow, Asia/Vladivostok\n"},
		{HEAD REST "document: {number: \"1\", date: 2023-02-30}\n",
			"campaign.yaml:5:31: error: document.date: there is no 30.02.2023\n"},
		{HEAD REST "document: {number: \"1\", date: 30.02.2023}\n",
			"campaign.yaml:5:31: error: document.date: there is no 30.02.2023\n"},
		{HEAD REST "document: {number: \"1\"}\n",
			"campaign.yaml:5:11: error: document.date: a number without a date: nobody "
			"can register the letter; date: 2023-05-15\n"},
		{HEAD REST "document: {date: 2023-05-15}\n",
			"campaign.yaml:5:11: error: document.number: a date without a number: "
			"nobody can register the letter; number: \"01-12/345\"\n"},
		{HEAD REST "document: {number: \"1\", date: 2023-05-15 10:00}\n",
			"campaign.yaml:5:31: error: document.date: want a date without a time; "
			"2023-05-15\n"},
		{HEAD REST "document: {number: \"1\", date: 2023-05-15, signatory: {positon: x}}\n",
			"campaign.yaml:5:55: error: document.signatory: unknown key «positon»; did "
			"you mean «position»? known: position, name, phone, address\n"
			"campaign.yaml:5:54: error: document.signatory: name is missing\n"},
		{HEAD REST "from: {name: x}\n",
			"campaign.yaml:5:7: error: from: the sender has no address; from: "
			"{address: outreach@ministry.example.org}\n"},
		{HEAD REST "from: {address: a b@example.org}\n",
			"campaign.yaml:5:17: error: from.address: "},
		{HEAD REST "from: {address: a@b@example.org}\n",
			"campaign.yaml:5:17: error: from.address: "},
		{HEAD REST "from: {name: \"x\\r\\nBcc: y@z.org\", address: a@example.org}\n",
			"campaign.yaml:5:14: error: from.name: want one line of text, not empty, "
			"without control characters\n"},
		{HEAD REST "contacts: {role: x}\n",
			"campaign.yaml:5:11: error: contacts: got a map, want a list: [a, b]\n"},
		{HEAD REST "contacts: [{role: x, address: nobody}]\n",
			"campaign.yaml:5:31: error: contacts[0]: "},
		{HEAD REST "may_leave: perhaps\n", "campaign.yaml:5:12: error: may_leave: "
						   "«perhaps» should be true or false\n"},
		{HEAD REST "rate: quick\n",
			"campaign.yaml:5:7: error: rate: «quick» is not a rate; rate: 1000/h\n"},
		{HEAD REST "ask: {verb: просим}\ncontroller: x\n",
			"campaign.yaml:6:13: error: controller: got a single value, want a map "
			"(key: value)\n"
			"campaign.yaml:5:6: error: ask.answer: nothing is asked; answer: [{field: "
			"registered, label: …, type: count}]\n"
			"campaign.yaml:5:6: error: ask.deadline: an ask without a deadline; "
			"deadline: 2023-05-30 18:00\n"},
		{HEAD "audience: all\nletters: {first: letter.md, reminder: r.md, frist: x.md}\n",
			"campaign.yaml:4:39: error: letters.reminder: there is no file «r.md»: No "
			"such file or directory\n"
			"campaign.yaml:4:45: error: letters: unknown key «frist»; did you mean "
			"«first»? known: first, reminder, collect, collect_reminder, acknowledge, "
			"correction, recall, postponed\n"},
		{HEAD "audience: all\nletters: {first: nowhere.md}\n",
			"campaign.yaml:4:18: error: letters.first: there is no file «nowhere.md»: "
			"No such file or directory\n"},
		{HEAD "audience: all\nletters: letter.md\n",
			"campaign.yaml:4:10: error: letters: got a single value, want a map (key: "
			"value)\n"},
		{HEAD REST "send: {at: tomorrow}\n", "campaign.yaml:5:12: error: send.at: "},
		{HEAD REST "send: {at: 2099-05-15}\n",
			"campaign.yaml:5:12: error: send.at: a date without a time, and no hours; "
			"at: 2023-05-15 10:00\n"},
		{HEAD REST "send: {at: 2099-05-15 20:00, hours: 09:00-18:00}\n",
			"campaign.yaml:5:12: error: send.at: the time lies outside send.hours\n"},
		{HEAD REST "send: {hours: 18:00-09:00}\n",
			"campaign.yaml:5:15: error: send.hours: «18:00-09:00»: want opening and "
			"closing time; hours: 09:00-18:00\n"},
		{HEAD REST "send: {hours: \"9-18\", locl: true}\n",
			"campaign.yaml:5:15: error: send.hours: «9-18»: want opening and closing "
			"time; hours: 09:00-18:00\n"
			"campaign.yaml:5:23: error: send: unknown key «locl»; did you mean "
			"«local»? known: at, hours, local, until\n"},
		{HEAD REST "send: {at: 2099-05-15 10:00, until: 2099-05-14}\n",
			"campaign.yaml:5:37: error: send.until: is not after send.at\n"},
		{HEAD REST "send: {until: 2001-01-01}\n",
			"campaign.yaml:5:15: error: send.until: this time is past: no letter would "
			"go\n"},
		{HEAD REST "attachments: [nowhere.pdf, empty.pdf]\n",
			"campaign.yaml:5:15: error: attachments[0]: there is no file "
			"«nowhere.pdf»: No such file or directory\n"
			"campaign.yaml:5:28: error: attachments[1]: «empty.pdf» is empty\n"},
		{HEAD REST "attachments: [big1.bin, big2.bin]\n",
			"campaign.yaml:5:14: error: attachments: the attachments have 12000 bytes "
			"in all; at most 10000 (attachments_max of the settings); with "
			"public_url in the settings the large ones become links\n"},
		{HEAD REST "attachments: [big1.bin, {file: big2.bin, name: big1.bin}]\n",
			"campaign.yaml:5:14: error: attachments: two attachments are named "
			"«big1.bin»; name: …"},
		{HEAD REST "attachments: [{titel: x}]\n",
			"campaign.yaml:5:16: error: attachments[0]: unknown key «titel»; did you "
			"mean «title»? known: file, name, title, media_type, signature\n"
			"campaign.yaml:5:15: error: attachments[0]: the file is missing; {file: "
			"annex.pdf, title: …}\n"},
		{HEAD REST "attachments: [../vestnik-outside.txt]\n",
			"campaign.yaml:5:15: error: attachments[0]: «../vestnik-outside.txt» lies "
			"outside the campaign's folder; copy it there\n"},
		{HEAD REST "attachments: [/etc/passwd]\n",
			"campaign.yaml:5:15: error: attachments[0]: «/etc/passwd» lies outside the "
			"campaign's folder; copy it there\n"},
		{HEAD "audience: {}\nletters: {first: letter.md}\n",
			"campaign.yaml:3:11: error: audience: nobody is named as recipient; "
			"audience: {kinds: [school]}, audience: all\n"},
		{HEAD "audience: {kind: school}\nletters: {first: letter.md}\n",
			"campaign.yaml:3:12: error: audience: unknown key «kind»; did you mean "
			"«kinds»? known: kinds, regions, municipalities, keys, list, roles, "
			"where\n"},
		{HEAD "audience: {kinds: []}\nletters: {first: letter.md}\n",
			"campaign.yaml:3:19: error: audience.kinds: an empty list\n"},
		{HEAD "audience: {where: \"monitoring.registered < 10\"}\nletters: {first: "
		      "letter.md}\n",
			"campaign.yaml:3:20: error: audience.where: unknown field "
			"«monitoring.registered»; it begins with a table of `data` or with "
			"recipient\n"},
		{HEAD "data: {monitoring: monitoring.csv}\naudience: {where: monitoring.registred "
		      "< 10 and monitoring.plan > 1}\nletters: {first: letter.md}\n",
			"campaign.yaml:4:19: error: audience.where: the table monitoring has no "
			"column «registred»; columns: registered\n"
			"campaign.yaml:4:49: error: audience.where: the table monitoring has no "
			"column «plan»; columns: registered\n"},
		{HEAD "data: {monitoring: monitoring.csv}\naudience: {where: "
		      "\"monitoring.registered << 10\"}\nletters: {first: letter.md}\n",
			"campaign.yaml:4:43: error: audience.where: a field (dataset.column), a "
			"number or a text is expected here\n"},
		{HEAD "data: {recipient: monitoring.csv, Big: x.csv}\n" REST,
			"campaign.yaml:3:8: error: data.recipient: a table's name: a–z, 0–9, «_», "
			"not one of recipient, contact, campaign, document …; monitoring\n"
			"campaign.yaml:3:35: error: data.Big: a table's name: a–z, 0–9, «_», not "
			"one of recipient, contact, campaign, document …; monitoring\n"},
		{HEAD "data: {m: {file: monitoring.csv, missing: maybe}}\n" REST,
			"campaign.yaml:3:43: error: data.m: unknown value «maybe»; known: error, "
			"skip, empty\n"},
		{HEAD "data: {m: {file: monitoring.csv, key: ИНН}}\n" REST,
			"monitoring.csv:1: error: no column with the recipients' keys: ИНН\n"},
		{"- a\n", "campaign.yaml:1:1: error: got a list, want a map (key: value)\n"},
		{HEAD "title: u\n" REST, "campaign.yaml:3:1: error: the key «title» stands here a "
					 "second time; the first is at line 2\n"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		bool good;
		fixture_text("campaign.yaml", rows[i].yaml);
		char *said = check(NULL, &good);
		expect(rows[i].yaml, said, rows[i].want);
		assert_false(good);
		free(said);
	}
	assert_int_equal(unlink(fixture_path("../vestnik-outside.txt")), 0);
}

static void mistakes_of_letter_and_table(void **state)
{
	(void)state;
	static const struct {
		const char *letter, *csv, *want;
	} rows[] = {
		{"# Т\n\n{{recipient.nmae}}\n", fixture_csv,
			"letter.md:3:1: error: there is no field «recipient.nmae»; did you mean "
			"{{recipient.name}}?"},
		{"# Т\n\nСрок {{deadline.date}}, {{monitoring.registred}}\n", fixture_csv,
			"letter.md:3:6: error: there is no field «deadline.date»\nletter.md:3:25: "
			"error: there is no field «monitoring.registred»; did you mean "
			"{{monitoring.registered}}?"},
		{"# Т\n\n{{#recipient.name}}открыто\n", fixture_csv, "letter.md:3:1: error: "},
		{"# Т\n\n{{{recipient.name}}}\n", fixture_csv,
			"letter.md:3:1: error: «recipient.name» comes from outside"},
		{"без заголовка\n", fixture_csv,
			"letter.md:1:1: error: the letter has no heading, so it has no subject"},
		{"# Т\n\nплохо \xcf\xf0\xe8\n", fixture_csv,
			"letter.md:3: error: this is not UTF-8: save the file in the encoding "
			"UTF-8\n"},
		{fixture_letter, "key;registered\nschool-1;5\nschool-1;6\n;7\n",
			"monitoring.csv:4: error: the recipient's key is empty\n"
			"monitoring.csv:3: error: the key «school-1» stands here a second time; "
			"the first is at line 2\n"},
		{fixture_letter, "organisation;registered\nschool-1;5\n",
			"monitoring.csv:1: error: no column with the recipients' keys; name it "
			"«key» or say which: key: «ИНН»\n"},
		{fixture_letter, "key;registered;Registered\nschool-1;5;6\n",
			"monitoring.csv:1: error: registered: columns 2 and 3 have the same "
			"name\n"},
		{fixture_letter, "key;registered\n",
			"monitoring.csv: error: there are no rows in the table\n"},
		{fixture_letter, "key;registered\n\"school-1;5\n", "monitoring.csv:"},
	};
	fixture_text("campaign.yaml", fixture_yaml);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		bool good;
		fixture_text("letter.md", rows[i].letter);
		fixture_text("monitoring.csv", rows[i].csv);
		char *said = check(fixture_db, &good);
		expect(rows[i].letter, said, rows[i].want);
		assert_false(good);
		free(said);
	}
}

static void mistakes_against_the_directory(void **state)
{
	(void)state;
	fixture_text("letter.md", fixture_letter);
	fixture_text("list.csv", "key\nschool-1\nschool-99\nclosed\n");
	static const struct {
		const char *yaml, *csv, *want;
	} rows[] = {
		{"audience: {kinds: [scool]}", fixture_csv,
			"campaign.yaml:5:20: error: audience.kinds: the directory has no «scool»; "
			"did you mean «school»?\n"
			"campaign.yaml:5:11: error: audience: nobody in the directory meets these "
			"conditions: the audience is empty\n"},
		{"audience: {kinds: [school], regions: [Область, Обл], municipalities: [Гoрод]}",
			fixture_csv,
			"campaign.yaml:5:48: error: audience.regions: the directory has no «Обл»; "
			"did you mean «Область»?\n"
			"campaign.yaml:5:71: error: audience.municipalities: the directory has no "
			"«Гoрод»; did you mean «Город»?\n"
			"campaign.yaml:5:11: error: audience: nobody in the directory meets these "
			"conditions: the audience is empty\n"},
		{"audience: {keys: [school-1, closed, nobody]}", fixture_csv,
			"campaign.yaml:5:29: error: audience.keys: the directory has no "
			"organisation with the key «closed»\n"
			"campaign.yaml:5:37: error: audience.keys: the directory has no "
			"organisation with the key «nobody»\n"},
		{"audience: {list: list.csv}", fixture_csv,
			"list.csv:4: error: the directory has no organisation with the key "
			"«closed»\n"
			"list.csv:3: error: the directory has no organisation with the key "
			"«school-99»\n"},
		{"audience: {kinds: [school]}", "key;registered\nschool-1;5\n",
			"campaign.yaml:5:11: " SHARED
			"campaign.yaml:4:20: error: data.monitoring: recipients without a row: 2: "
			"school-2 («Школа № 2»), school-3 («Школа № 3»); add the rows, or say "
			"missing: skip (no letter to them) or missing: empty\n"},
		{"audience: {kinds: [school], roles: [director]}", fixture_csv,
			"campaign.yaml:5:11: warning: audience: organisations without a contact in "
			"these roles, which get no letter: 3\n"
			"campaign.yaml:5:11: error: audience: nobody in the directory meets these "
			"conditions: the audience is empty\n"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char yaml[1000];
		bool good;
		snprintf(yaml, sizeof yaml,
			"campaign: a\ntitle: t\ndocument: {number: \"1\", date: 2023-05-15}\n"
			"data: {monitoring: monitoring.csv}\n%s\nletters: {first: letter.md}\n",
			rows[i].yaml);
		fixture_text("campaign.yaml", yaml);
		fixture_text("monitoring.csv", rows[i].csv);
		char *said = check(fixture_db, &good);
		expect(rows[i].yaml, said, rows[i].want);
		assert_false(good);
		free(said);
	}
}

static void warnings_do_not_stop(void **state)
{
	(void)state;
	bool good;
	fixture_files();
	fixture_text("monitoring.csv",
		"key;registered\nschool-1;5\nschool-2;12\nschool-3;0\nfar-away;9\n");
	char yaml[1000];
	snprintf(yaml, sizeof yaml, "%ssend: {at: 2023-05-15 10:00, hours: 9:00–18:00}\n",
		fixture_yaml);
	fixture_text("campaign.yaml", yaml);
	char *said = check(fixture_db, &good);
	expect("warnings", said,
		"campaign.yaml:8:12: warning: send.at: this time is past: letters will go at once\n"
		"monitoring.csv:5: warning: 1 rows have keys that are not in the directory; the "
		"first is «far-away»\n"
		"campaign.yaml:5:11: " SHARED);
	assert_true(good);
	free(said);
}

/* A value that one recipient has and another has not is found before anything is sent. */
static void the_letter_is_tried_with_everybodys_fields(void **state)
{
	(void)state;
	bool good;
	fixture_files();
	fixture_text(
		"letter.md", "# Т\n\nУчеников: {{recipient.pupils}}, {{monitoring.registered}}.\n");
	char *said = check(fixture_db, &good);
	expect("pupils", said,
		"letter.md: error: cannot be filled for 1 recipients: school-3 («Школа № 3»): ");
	assert_false(good);
	free(said);
	fixture_text("letter.md", "# Т\n\nУчеников: {{recipient.pupils | default: не указано}}, "
				  "{{monitoring.registered}}.\n");
	said = check(fixture_db, &good);
	assert_true(good);
	free(said);
}

static void a_name_of_hostile_text_stays_in_its_place(void **state)
{
	(void)state;
	struct error e = {0};
	struct problems problems = {0};
	struct campaign_recipient r;
	char *subject, *text, *html;
	fixture_files();
	fixture_text("letter.md",
		"# Для {{recipient.name}}\n\n{{recipient.name}}: {{monitoring.registered}}\n");
	fixture_sql("UPDATE organisation SET name = 'Школа\r\nBcc: "
		    "x@y.org <script>\"&\u202e' WHERE id = 2");
	struct campaign_folder *folder = campaign_folder_load(
		fixture_path("campaign.yaml"), fixture_settings, fixture_db, &problems);
	assert_non_null(folder);
	assert_int_equal(campaign_folder_recipient(folder, fixture_db, "school-1", &r, &e), 0);
	struct letter_recipient to = {
		.fields = r.fields, .to_address = r.address, .message_id = "x@example.org"};
	assert_int_equal(
		letter_preview(campaign_folder_letter(folder, 0), &to, &subject, &text, &html, &e),
		0);
	assert_null(strpbrk(subject, "\r\n"));
	assert_non_null(strstr(subject, "Bcc: x@y.org"));
	assert_null(strstr(html, "<script>"));
	free(subject);
	free(text);
	free(html);
	campaign_recipient_fini(&r);
	campaign_folder_free(&folder);
	problems_fini(&problems);
	fixture_sql("UPDATE organisation SET name = 'Школа № 1' WHERE id = 2");
}

static void russian_words(void **state)
{
	(void)state;
	bool good;
	fixture_files();
	fixture_text("campaign.yaml",
		HEAD "audience: {kinds: [school], where: \"monitoring.x <\"}\nletters: {first: "
		     "letter.md}\ndocument: {number: \"1\", date: 2023-05-15}\ndata: {monitoring: "
		     "monitoring.csv}\n");
	lang_set(LANG_RU);
	char *said = check(fixture_db, &good);
	lang_set(LANG_EN);
	expect("ru", said,
		"campaign.yaml:3:51: ошибка: audience.where: здесь ожидается поле "
		"(таблица.столбец), число или текст\n");
	free(said);
}

static int up(void **state)
{
	if (fixture_up(state) != 0)
		return -1;
	fixture_directory();
	return 0;
}

int main(void)
{
	lang_set(LANG_EN);
	ident_init();
	calendar_init();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(mistakes_of_the_yaml, all_right),
		cmocka_unit_test_teardown(mistakes_of_letter_and_table, all_right),
		cmocka_unit_test_teardown(mistakes_against_the_directory, all_right),
		cmocka_unit_test_teardown(warnings_do_not_stop, all_right),
		cmocka_unit_test_teardown(the_letter_is_tried_with_everybodys_fields, all_right),
		cmocka_unit_test_teardown(a_name_of_hostile_text_stays_in_its_place, all_right),
		cmocka_unit_test_teardown(russian_words, all_right),
	};
	return cmocka_run_group_tests(tests, up, fixture_down);
}
