/* Imports of sheets into a real store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/ident.h"
#include "base/lang.h"
#include "calendar/calendar.h"
#include "directory/directory.h"
#include "directory/search.h"
#include "directory/words.h"
#include "support/scratch.h"
#include "table_dump.h"

static struct db *db;

static int set_up(void **state)
{
	struct error e;
	(void)state;
	must(db_open(&db, scratch_store(), &e), &e);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	db_close(&db);
	return 0;
}

static void on_fate(void *arg, int line, const char *key, const char *name, enum directory_fate fate,
	const struct problem *problem)
{
	struct buf *out = arg;
	(void)name;
	(void)buf_printf(out, "%d:%s:%c%s%s\n", line, key, "+~=-"[fate], problem != NULL ? " " : "",
		problem != NULL ? problem->text : "");
}

struct outcome {
	int rc;
	struct directory_import_result result;
	struct buf fates;
	char *problems; /* lines without the file name */
};

static void outcome_fini(struct outcome *outcome)
{
	buf_fini(&outcome->fates);
	free(outcome->problems);
}

static void import(struct outcome *out, const char *data, bool dry_run, bool skip_bad)
{
	struct problems problems = {0};
	struct error e;
	struct buf text;
	memset(out, 0, sizeof *out);
	buf_init(&out->fates, 1 << 20);
	buf_init(&text, 1 << 20);
	struct directory_import_options options = {.path = table_dump_file(data, strlen(data)),
		.dry_run = dry_run, .skip_bad = skip_bad, .actor = "test", .fate = on_fate,
		.arg = &out->fates};
	out->rc = directory_import(db, &options, &out->result, &problems, &e);
	if (e.code != ERROR_NONE)
		fail_msg("%s", e.text);
	for (size_t i = 0; i < problems.count; i++) {
		const struct problem *p = &problems.item[i];
		(void)buf_printf(&text, "%s%d:%s: %s\n", p->severity == PROBLEM_ERROR ? "" : "warning ",
			p->line, p->field != NULL ? p->field : "", p->text);
	}
	out->problems = buf_take(&text);
	problems_fini(&problems);
}

/* The whole directory as text. */
static char *stored(void)
{
	struct error e;
	struct db_stmt *stmt;
	struct buf out;
	buf_init(&out, 1 << 20);
	assert_int_equal(db_query(db, &stmt, &e,
		"SELECT o.key, o.parent_key, o.kind, o.name, o.region, o.municipality, o.zone, o.extra, "
		"c.role, c.name, c.position, c.address, c.phone, c.active FROM organisation o "
		"LEFT JOIN contact c ON c.organisation = o.id ORDER BY o.id, c.id", ""), 0);
	while (db_step(stmt, &e) == DB_ROW) {
		for (int i = 0; i < 14; i++)
			(void)buf_printf(&out, "%s%s", i > 0 ? "|" : "", db_is_null(stmt, i) ? "" : db_text(stmt, i));
		(void)buf_putc(&out, '\n');
	}
	return buf_take(&out);
}

static void expect_text(const char *what, const char *got, const char *want)
{
	if (strcmp(got, want) != 0)
		fail_msg("%s: got\n%swant\n%s", what, got, want);
}

static void expect_stored(const char *want)
{
	char *got = stored();
	expect_text("stored", got, want);
	free(got);
}

static void expect_import(const char *data, const char *fates)
{
	struct outcome out;
	import(&out, data, false, false);
	expect_text("problems", out.problems, "");
	expect_text("fates", out.fates.data, fates);
	assert_int_equal(out.rc, 0);
	outcome_fini(&out);
}

#define HEADER "Ключ;Наименование;Вид;Регион;Район;Часовой пояс;Вышестоящая;E-mail;ФИО;Должность;Телефон;"  \
	"E-mail руководителя;Руководитель;Число учеников\n"

static void a_sheet_becomes_organisations(void **state)
{
	(void)state;
	expect_import(HEADER
		"m-1;Управление образования;МОУО;Регион 1;Северный район;МСК+7;;office@north.example.org;"
		"И. О. Фамилия;координатор;+7 (000) 000-00-01;;;\n"
		"101;Школа № 1;школа;Регион 1;Северный район;Asia/Vladivostok;m-1;school1@пример.example.org;"
		"И. О.;;;head1@example.org;Д. Д.;120\n",
		"2:m-1:+\n3:101:+\n");
	expect_stored(
		"m-1||municipal-authority|Управление образования|Регион 1|Северный район|Asia/Vladivostok|{}|"
		"coordinator|И. О. Фамилия|координатор|office@north.example.org|+7 (000) 000-00-01|1\n"
		"101|m-1|school|Школа № 1|Регион 1|Северный район|Asia/Vladivostok|{\"число учеников\":\"120\"}|"
		"coordinator|И. О.||school1@xn--e1afmkfd.example.org||1\n"
		"101|m-1|school|Школа № 1|Регион 1|Северный район|Asia/Vladivostok|{\"число учеников\":\"120\"}|"
		"head|Д. Д.||head1@example.org||1\n");
}

static void a_second_import_updates_by_key(void **state)
{
	(void)state;
	struct outcome out;
	expect_import("key,name,email,note,plan\n1,One,one@example.org,a,p\n2,Two,two@example.org,,\n3,Three,three@example.org,,\n",
		"2:1:+\n3:2:+\n4:3:+\n");
	import(&out, "key,name,email,note,plan\n1,One,one@example.org,a,p\n2,Two,two@example.org,,\n3,Three,three@example.org,,\n",
		false, false);
	expect_text("fates", out.fates.data, "2:1:=\n3:2:=\n4:3:=\n");
	assert_int_equal(out.result.revision, 0);
	outcome_fini(&out);
	/* only what the second sheet has is touched: no e-mail column, the contact stays; 3 is not named */
	import(&out, "key,name,note\n1,One,\n2,Two B,b\n", false, false);
	expect_text("fates", out.fates.data, "2:1:~\n3:2:~\n");
	assert_int_equal(out.result.revision, 2);
	assert_int_equal(out.result.changed, 2);
	outcome_fini(&out);
	expect_stored("1||organisation|One||||{\"plan\":\"p\"}|coordinator|||one@example.org||1\n"
		      "2||organisation|Two B||||{\"note\":\"b\"}|coordinator|||two@example.org||1\n"
		      "3||organisation|Three||||{}|coordinator|||three@example.org||1\n");
	/* an emptied cell: the contact ends, its row stays; given again, it is the same row */
	expect_import("key,name,email\n1,One,\n2,Two B,new@example.org\n", "2:1:~\n3:2:~\n");
	expect_stored("1||organisation|One||||{\"plan\":\"p\"}|coordinator|||one@example.org||0\n"
		      "2||organisation|Two B||||{\"note\":\"b\"}|coordinator|||new@example.org||1\n"
		      "3||organisation|Three||||{}|coordinator|||three@example.org||1\n");
	expect_import("key,name,email\n1,One,\n2,Two B,new@example.org\n", "2:1:=\n3:2:=\n");
	expect_import("key,name,email\n1,One,one@example.org\n", "2:1:~\n");
	int64_t contacts;
	struct error e;
	assert_int_equal(db_query_int(db, &contacts, &e, "SELECT COUNT(*) FROM contact", ""), DB_ROW);
	assert_int_equal(contacts, 3);
}

struct bad_row {
	const char *name, *row, *problem;
};

#define SHORT "Ключ;Название;Вид;Вышестоящая;E-mail;Телефон;Часовой пояс;Роль;E-mail руководителя\n"

static const struct bad_row bad_rows[] = {
	{"no key", ";A;школа;;a@example.org;;;;", "3:Ключ: the key is empty"},
	{"no name", "2;;школа;;a@example.org;;;;", "3:Название: the name is empty"},
	{"unknown kind", "2;A;вокзал;;a@example.org;;;;", "3:Вид: unknown kind «вокзал»"},
	{"no kind", "2;A;;;a@example.org;;;;", "3:Вид: the kind is empty"},
	{"unknown parent", "2;A;школа;x-9;a@example.org;;;;", "3:Вышестоящая: no organisation has the key «x-9»"},
	{"own parent", "2;A;школа;2;a@example.org;;;;", "3:Вышестоящая: the organisation stands above itself"},
	{"doubled key", "1;A;школа;;a@example.org;;;;", "3:Ключ: the key «1» stands on line 2 already"},
	{"no @", "2;A;школа;;example.org;;;;", "3:E-mail: «example.org»: the address has no @"},
	{"two @", "2;A;школа;;a@b@example.org;;;;", "3:E-mail: «a@b@example.org»: the address has two @"},
	{"a space", "2;A;школа;;a b@example.org;;;;",
		"3:E-mail: «a b@example.org»: a space or control character before @"},
	{"a name around", "2;A;школа;;И. О. <a@example.org>;;;;",
		"3:E-mail: «И. О. <a@example.org>»: letters other than Latin before @ need SMTPUTF8, which mail "
		"relays of this system do not offer"},
	{"Cyrillic а", "2;A;школа;;\xd0\xb0@example.org;;;;",
		"3:E-mail: «а@example.org»: letters other than Latin before @ need SMTPUTF8, which mail relays "
		"of this system do not offer"},
	{"CR LF in an address", "2;A;школа;;\"a@example.org\r\nBcc: b@example.org\";;;;",
		"3:E-mail: several addresses in one cell: «a@example.org\r\nBcc: b@example.org»"},
	{"LF in an address", "2;A;школа;;\"a@exam\nple.org\";;;;",
		"3:E-mail: «a@exam ple.org»: the address has a control character or bytes that are not UTF-8"},
	{"two addresses", "2;A;школа;;\"a@example.org; b@example.org\";;;;",
		"3:E-mail: several addresses in one cell: «a@example.org; b@example.org»"},
	{"Excel's number", "7,70123E+09;A;школа;;a@example.org;;;;",
		"3:Ключ: Excel has shortened the number: 7,70123E+09"},
	{"Excel's phone", "2;A;школа;;a@example.org;7,9E+10;;;", "3:Телефон: Excel has shortened the number: 7,9E+10"},
	{"a formula's error", "2;#ССЫЛКА!;школа;;a@example.org;;;;", "3:Название: a formula's error: #ССЫЛКА!"},
	{"unknown zone", "2;A;школа;;a@example.org;;МСК+99;;", "3:Часовой пояс: unknown time zone «МСК+99»"},
	{"unknown role", "2;A;школа;;a@example.org;;;сторож;", "3:Роль: unknown role «сторож»"},
	{"two heads", "2;A;школа;;a@example.org;;;директор;b@example.org", "3:Роль: two contacts in the role head"},
	{"a cell too many", "2;A;школа;;a@example.org;;;;;x", "3:: more cells (10) than the header has (9)"},
};

static void bad_rows_stop_the_import(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof bad_rows / sizeof bad_rows[0]; i++) {
		const struct bad_row *c = &bad_rows[i];
		struct outcome out;
		char data[2000], want[1000];
		(void)snprintf(data, sizeof data, SHORT "1;Good;школа;;good@example.org;;;;\n%s\n", c->row);
		(void)snprintf(want, sizeof want, "%s\n", c->problem);
		import(&out, data, false, false);
		expect_text(c->name, out.problems, want);
		assert_int_equal(out.rc, -1);
		expect_text(c->name, buf_str(&out.fates), "");
		outcome_fini(&out);
		expect_stored("");
		/* a dry run tells the fate of each row and stores nothing either */
		import(&out, data, true, false);
		expect_text(c->name, out.problems, want);
		assert_int_equal(out.rc, -1);
		assert_int_equal(strncmp(out.fates.data, "2:1:+\n3:", 8), 0);
		if (strstr(out.fates.data, strchr(c->problem + 2, ':') + 2) == NULL)
			fail_msg("%s: got fates\n%s", c->name, out.fates.data);
		assert_int_equal(out.result.added, 1);
		assert_int_equal(out.result.skipped, 1);
		outcome_fini(&out);
		expect_stored("");
	}
}

static void skip_bad_stores_the_rest(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof bad_rows / sizeof bad_rows[0]; i++) {
		struct outcome out;
		char data[2000];
		(void)snprintf(data, sizeof data, SHORT "1;Good;школа;;good@example.org;;;;\n%s\n", bad_rows[i].row);
		import(&out, data, false, true);
		if (out.rc != 0 || out.result.skipped != 1 || out.result.added + out.result.unchanged != 1)
			fail_msg("%s: got rc %d, skipped %d", bad_rows[i].name, out.rc, (int)out.result.skipped);
		outcome_fini(&out);
		expect_stored("1||school|Good||||{}|coordinator|||good@example.org||1\n");
	}
}

static void what_hangs_below_a_skipped_row_is_skipped_too(void **state)
{
	(void)state;
	struct outcome out;
	static const char data[] = "key;name;email;parent\n"
				   "s;School;s@example.org;m\n"
				   "m;Authority;m@example.org;r\n"
				   "r;Region;bad address;\n"
				   "x;Other;x@example.org;\n";
	import(&out, data, false, false);
	expect_text("once", out.problems, "4:email: «bad address»: the address has no @\n");
	outcome_fini(&out);
	import(&out, data, false, true);
	expect_text("level by level", out.problems,
		"4:email: «bad address»: the address has no @\n"
		"3:parent: the organisation above it, «r», stands on line 4, which is skipped\n"
		"2:parent: the organisation above it, «m», stands on line 3, which is skipped\n");
	expect_text("fates", out.fates.data,
		"2:s:- the organisation above it, «m», stands on line 3, which is skipped\n"
		"3:m:- the organisation above it, «r», stands on line 4, which is skipped\n"
		"4:r:- «bad address»: the address has no @\n"
		"5:x:+\n");
	outcome_fini(&out);
	/* once the region is in the store, the bad row does not matter to those below */
	expect_import("key;name\nr;Region\n", "2:r:+\n");
	import(&out, data, false, true);
	expect_text("fates", out.fates.data, "2:s:+\n3:m:+\n4:r:- «bad address»: the address has no @\n5:x:=\n");
	outcome_fini(&out);
}

static void circles_are_found(void **state)
{
	(void)state;
	struct outcome out;
	import(&out, "key;name;parent\na;A;c\nb;B;a\nc;C;b\nd;D;\n", false, false);
	expect_text("in the sheet", out.problems,
		"2:parent: the organisations above it run in a circle: a → c → … → a\n"
		"3:parent: the organisations above it run in a circle: b → a → … → b\n"
		"4:parent: the organisations above it run in a circle: c → b → … → c\n");
	outcome_fini(&out);
	expect_import("key;name;parent\na;A;\nb;B;a\nc;C;b\n", "2:a:+\n3:b:+\n4:c:+\n");
	import(&out, "key;name;parent\na;A;c\n", false, false);
	expect_text("through the store", out.problems,
		"2:parent: the organisations above it run in a circle: a → c → … → a\n");
	outcome_fini(&out);
}

static void headers_are_understood(void **state)
{
	(void)state;
	struct outcome out;
	static const struct {
		const char *name, *data, *problems;
	} cases[] = {
		{"no key", "Название;E-mail\nA;a@example.org\n",
			"1:: no column with the key: «Ключ», «Код», «ИНН» or «key»\n"},
		{"no name", "ИНН;E-mail\n1;a@example.org\n",
			"1:: no column with the name: «Наименование», «Название» or «name»\n"},
		{"empty file", "", "0:: the table is empty\n"},
		{"only a header", "key;name\n", "0:: the table has no rows below its header\n"},
		{"the same title twice", "key;name;note;Note\n1;A;x;y\n", "1:Note: two columns have this title\n"},
		{"torn quote", "key;name\n1;\"A\n2;B\n",
			"2:: a torn quote: the quote opened on this line is not closed as it should be\n"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		import(&out, cases[i].data, false, true); /* skip_bad does not help here */
		expect_text(cases[i].name, out.problems, cases[i].problems);
		assert_int_equal(out.rc, -1);
		outcome_fini(&out);
		expect_stored("");
	}
	import(&out, "Справочник;;\n;;\nУтверждён;приказом;\nКод;ИНН;Название;эл. почта;Почта;директор\n"
		     "1;77;A;a@example.org;b@example.org;Д. Д.\n", false, false);
	expect_text("a title above, two columns for one thing", out.problems,
		"warning 4:ИНН: «Код» is used for the same thing; this column is kept as a further field\n"
		"warning 4:эл. почта: «Почта» is used for the same thing; this column is kept as a further field\n");
	expect_stored("1||organisation|A||||{\"директор\":\"Д. Д.\",\"инн\":\"77\",\"эл почта\":\"a@example.org\"}|"
		      "coordinator|||b@example.org||1\n");
	outcome_fini(&out);
}

static void strange_text_is_cleaned_or_refused(void **state)
{
	(void)state;
	struct buf b;
	struct outcome out;
	expect_import("key;name;email;note\n1;\"Школа\r\n№ 1 \"\"Радуга\"\" \xe2\x80\xaeгнп.exe\xe2\x80\xac\x07\";a@example.org ;\"{{x}} <b>\"\n",
		"2:1:+\n");
	expect_stored("1||organisation|Школа № 1 \"Радуга\" гнп.exe||||{\"note\":\"{{x}} <b>\"}|coordinator|||a@example.org||1\n");
	buf_init(&b, 1 << 20);
	assert_int_equal(buf_puts(&b, "key;name\n2;"), 0);
	for (int i = 0; i < 5 * 1024; i++)
		assert_int_equal(buf_puts(&b, "ж"), 0);
	import(&out, buf_str(&b), false, false);
	assert_int_equal(out.rc, -1);
	assert_non_null(strstr(out.problems, "2:name: longer than 500 characters (5120): «ж"));
	outcome_fini(&out);
	buf_fini(&b);
}

static bool documented(const char *page, const char *word)
{
	char quoted[256];
	(void)snprintf(quoted, sizeof quoted, "`%s`", word);
	return strstr(page, quoted) != NULL;
}

static void every_word_is_documented(void **state)
{
	(void)state;
	static char page[65536];
	FILE *file = fopen(VESTNIK_SOURCE_DIR "/docs/reference/directory.md", "r");
	assert_non_null(file);
	page[fread(page, 1, sizeof page - 1, file)] = '\0';
	assert_int_equal(fclose(file), 0);
	for (const struct column_word *w = column_words; w->word != NULL; w++)
		if (!documented(page, w->word))
			fail_msg("docs/reference/directory.md lacks the title `%s`", w->word);
	for (const struct column_word *w = contact_words; w->word != NULL; w++)
		if (!documented(page, w->word))
			fail_msg("docs/reference/directory.md lacks the title `%s`", w->word);
	const struct word_pair *const tables[] = {kind_words, contact_role_words, zone_words};
	for (size_t t = 0; t < 3; t++)
		for (const struct word_pair *w = tables[t]; w->word != NULL; w++)
			if (!documented(page, w->word) || !documented(page, w->value))
				fail_msg("docs/reference/directory.md lacks `%s` or `%s`", w->word, w->value);
	for (const struct word_pair *w = zone_words; w->word != NULL; w++)
		assert_true(calendar_zone_known(w->value));
}

static int note_key(void *arg, const struct search_found *found)
{
	struct buf *out = arg;
	return buf_printf(out, "%s ", found->key);
}

static void want_found(const char *text, const char *want)
{
	struct search_filter filter = {.text = text, .most = 10};
	struct error e = {0};
	struct buf keys;
	int64_t count = 0, expected = 0;
	buf_init(&keys, 1000);
	must(search_each(db, &filter, note_key, &keys, &e), &e);
	must(search_count(db, &filter, &count, &e), &e);
	for (const char *p = want; *p != '\0'; p++)
		expected += *p == ' ';
	if (strcmp(buf_str(&keys), want) != 0 || count != expected)
		fail_msg("«%.60s»: got «%s», %lld, want «%s»", text, buf_str(&keys), (long long)count, want);
	buf_fini(&keys);
}

static void organisations_are_found_by_words(void **state)
{
	struct outcome out;
	struct error e = {0};
	char many[1000] = "";
	bool left = true;
	(void)state;
	import(&out, "key;name;municipality;email\ns1;Школа № 1;Лесной район;a@example.org\n"
		     "s2;Лицей «Восток»;Лесной район;b@example.org\ns3;Школа № 12;Степной район;c@example.org\n", false, false);
	outcome_fini(&out);
	many[0] = 'x'; /* 300 bytes end within a letter */
	for (size_t i = 1; i + 3 < sizeof many; i += 2)
		memcpy(many + i, "ы", 3);
	for (int again = 0; again < 2; again++) {
		want_found("ШКОЛА 1", "s1 s3 ");
		want_found("лесн восток", "s2 ");
		want_found("s3", "s3 ");
		want_found("B@example.org", "s2 ");
		want_found("%", "s1 s2 s3 ");
		want_found(many, ""); /* cut between two characters, else PostgreSQL refuses it */
		if (again > 0)
			break;
		/* as a store that is older than the column has them */
		must(db_exec(db, &e, "UPDATE organisation SET search = ''", ""), &e);
		want_found("школа", "");
		must(search_fill(db, 2, &left, &e), &e);
		assert_true(left);
		want_found("школа", "s1 ");
		must(search_fill(db, 2, &left, &e), &e);
		assert_false(left);
	}
}

int main(void)
{
#define IN_A_STORE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		IN_A_STORE(a_sheet_becomes_organisations),
		IN_A_STORE(a_second_import_updates_by_key),
		IN_A_STORE(bad_rows_stop_the_import),
		IN_A_STORE(skip_bad_stores_the_rest),
		IN_A_STORE(what_hangs_below_a_skipped_row_is_skipped_too),
		IN_A_STORE(circles_are_found),
		IN_A_STORE(headers_are_understood),
		IN_A_STORE(strange_text_is_cleaned_or_refused),
		IN_A_STORE(organisations_are_found_by_words),
		cmocka_unit_test(every_word_is_documented),
	};
	lang_set(LANG_EN);
	ident_init();
	calendar_init();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)unlink(table_dump_file("", 0));
	return failed;
}
