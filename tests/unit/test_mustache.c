#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/lang.h"
#include "calendar/calendar.h"
#include "letter/mustache.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static struct mustache *compiled(const char *text, enum mustache_escape escape)
{
	struct problems problems = {0};
	struct mustache *t =
		mustache_compile("t", text, strlen(text), escape, NULL, NULL, &problems);
	if (t == NULL)
		fail_msg("«%s»: %s", text, problems.item[0].text);
	problems_fini(&problems);
	return t;
}

static void values_are_escaped_for_where_they_stand(void **state)
{
	(void)state;
	static const struct {
		enum mustache_escape escape;
		const char *text, *value, *want;
	} rows[] = {
		{MUSTACHE_HTML, "{{v}}", "<b>&\"'</b>", "&lt;b&gt;&amp;&quot;&#39;&lt;/b&gt;"},
		{MUSTACHE_HTML, "{{{v}}}", "<b>&", "<b>&"},
		{MUSTACHE_HTML, "{{&v}}", "<b>&", "<b>&"},
		{MUSTACHE_HTML, "{{v}}", "а\x01б\nв\tг", "аб\nв\tг"},
		{MUSTACHE_TEXT, "{{v}}", "<b>&\x1b[31m\r\nж", "<b>&[31m\nж"},
		{MUSTACHE_TEXT, "{{{v}}}", "a\x02" "b", "ab"},
		{MUSTACHE_HEADER, "{{v}}", "Re:\r\nBcc: x@example.org", "Re: Bcc: x@example.org"},
		{MUSTACHE_HEADER, "{{{v}}}", "a\r\n\r\n\r\nb", "a b"},
		{MUSTACHE_HEADER, "a {{v}}", "  b", "a b"},
		{MUSTACHE_URL, "{{v}}", "а b/?&=#%~-._", "%D0%B0%20b%2F%3F%26%3D%23%25~-._"},
		/* bidirectional overrides would turn the text around them */
		{MUSTACHE_TEXT, "{{v}}", "a\xe2\x80\xae" "b\xe2\x81\xa6" "c", "abc"},
		{MUSTACHE_HTML, "{{v}}", "\xe2\x80\x8f" "ok", "\xe2\x80\x8f" "ok"},
		{MUSTACHE_HEADER, "{{v}}", "a\xe2\x80\xa8" "b", "a b"},
		{MUSTACHE_HTML, "{{v}}", "\xf0\x9f\x93\xa7", "\xf0\x9f\x93\xa7"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct mustache *t = compiled(rows[i].text, rows[i].escape);
		json_t *data = json_pack("{s:s}", "v", rows[i].value);
		struct buf out;
		struct error e;
		buf_init(&out, 1000);
		assert_int_equal(mustache_render(t, data, &out, &e), 0);
		if (strcmp(buf_str(&out), rows[i].want) != 0)
			fail_msg("row %zu: got «%s», want «%s»", i, buf_str(&out), rows[i].want);
		buf_fini(&out);
		json_decref(data);
		mustache_free(&t);
	}
}

static void malformed_utf8_becomes_the_replacement_character(void **state)
{
	(void)state;
	static const struct {
		const char *bytes, *want;
	} rows[] = {{"a\xff" "b", "a\xef\xbf\xbd" "b"}, {"\xd0", "\xef\xbf\xbd"},
		{"\xc0\x80", "\xef\xbf\xbd\xef\xbf\xbd"}, {"\xed\xa0\x80x", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdx"},
		{"\xd0\xd0\xb0", "\xef\xbf\xbd\xd0\xb0"}, {"\xf5\x80", "\xef\xbf\xbd\xef\xbf\xbd"}};
	struct mustache *t = compiled("{{v}}", MUSTACHE_HTML);
	for (size_t i = 0; i < COUNT(rows); i++) {
		json_t *data = json_object();
		json_object_set_new(data, "v", json_string_nocheck(rows[i].bytes));
		struct buf out;
		struct error e;
		buf_init(&out, 1000);
		assert_int_equal(mustache_render(t, data, &out, &e), 0);
		if (strcmp(buf_str(&out), rows[i].want) != 0)
			fail_msg("row %zu: got «%s», want «%s»", i, buf_str(&out), rows[i].want);
		buf_fini(&out);
		json_decref(data);
	}
	mustache_free(&t);
}

static void pipes(void **state)
{
	(void)state;
	static const struct {
		enum lang lang;
		const char *text, *data, *want; /* want NULL: an error */
	} rows[] = {
		{LANG_RU, "{{n | plural: участник, участника, участников}}", "{\"n\":22}", "участника"},
		{LANG_RU, "{{n|count:участник,участника,участников}}", "{\"n\":\"11\"}", "11\xc2\xa0участников"},
		{LANG_RU, "{{n | count: школа, школы, школ}}", "{\"n\":12001}", "12\xc2\xa0" "001\xc2\xa0школа"},
		{LANG_EN, "{{n | count: school, schools}}", "{\"n\":1}", "1\xc2\xa0school"},
		{LANG_EN, "{{n | count: school, schools}}", "{\"n\":1200}", "1,200\xc2\xa0schools"},
		{LANG_RU, "{{n | number}}", "{\"n\":-1234567}", "-1\xc2\xa0" "234\xc2\xa0" "567"},
		{LANG_RU, "{{n | number}}", "{\"n\":1234}", "1234"},
		{LANG_RU, "{{at | date: long}}", "{\"at\":1685458800000}", "30 мая 2023 г."},
		{LANG_EN, "{{at | date: day}}", "{\"at\":\"30.05.2023\"}", "30 May"},
		{LANG_RU, "{{at | date: full}}", "{\"at\":\"2023-05-30T15:00:00Z\"}", "30 мая 2023 г., 15:00 (UTC)"},
		{LANG_RU, "{{x | default: коллеги, друзья}}", "{}", "коллеги, друзья"},
		{LANG_RU, "{{x | default: коллеги}}", "{\"x\":\"\"}", "коллеги"},
		{LANG_RU, "{{x | default: коллеги}}", "{\"x\":null}", "коллеги"},
		{LANG_RU, "{{x | default: коллеги}}", "{\"x\":\"Анна\"}", "Анна"},
		{LANG_RU, "{{x | default: 5 | plural: лист, листа, листов}}", "{}", "листов"},
		{LANG_RU, "{{x | date: long}}", "{\"x\":\"\"}", ""},
		{LANG_RU, "{{n | plural: a, b, c}}", "{\"n\":\"много\"}", NULL},
		{LANG_RU, "{{at | date: long}}", "{\"at\":\"скоро\"}", NULL},
		{LANG_RU, "{{at | date: long}}", "{\"at\":\"30.02.2023\"}", NULL},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		lang_set(rows[i].lang);
		struct mustache *t = compiled(rows[i].text, MUSTACHE_TEXT);
		json_t *data = json_loads(rows[i].data, 0, NULL);
		struct buf out;
		struct error e = {0};
		buf_init(&out, 1000);
		int rc = mustache_render(t, data, &out, &e);
		if ((rc == 0) != (rows[i].want != NULL) || (rc != 0 && e.code != ERROR_INPUT) ||
			(rc == 0 && strcmp(buf_str(&out), rows[i].want) != 0))
			fail_msg("%s: got «%s» %s, want «%s»", rows[i].text, buf_str(&out), e.text,
				rows[i].want == NULL ? "an error" : rows[i].want);
		buf_fini(&out);
		json_decref(data);
		mustache_free(&t);
	}
	lang_set(LANG_EN);
}

static void mistakes_are_found_with_their_place(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int line, column;
		const char *says;
	} rows[] = {
		{"a\nбв {{x", 2, 4, "not closed"},
		{"{{#a}}x", 1, 1, "«a» is not closed"},
		{"x{{/a}}", 1, 2, "not open"},
		{"{{#a}}\n  {{/b}}", 2, 3, "another section"},
		{"{{}}", 1, 1, "no name"},
		{"{{ }}", 1, 1, "no name"},
		{"{{=x}}", 1, 1, "not closed"},
		{"{{= | =}}", 1, 1, "delimiters"},
		{"{{a..b}}", 1, 1, "dot too many"},
		{"{{.a}}", 1, 1, "dot too many"},
		{"{{a | plurl: x, y}}", 1, 1, "unknown pipe «plurl»"},
		{"{{a | plural: x}}", 1, 1, "does not take"},
		{"{{a | date: longer}}", 1, 1, "does not take"},
		{"{{ | date: long}}", 1, 1, "no field"},
		{"{{{a}}", 1, 1, "not closed"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct problems problems = {0};
		struct mustache *t = mustache_compile(
			"t", rows[i].text, strlen(rows[i].text), MUSTACHE_HTML, NULL, NULL, &problems);
		if (t != NULL || problems.errors == 0)
			fail_msg("«%s»: compiled", rows[i].text);
		const struct problem *p = &problems.item[0];
		if (p->line != rows[i].line || p->column != rows[i].column ||
			strstr(p->text, rows[i].says) == NULL)
			fail_msg("«%s»: got %d:%d %s, want %d:%d %s", rows[i].text, p->line, p->column,
				p->text, rows[i].line, rows[i].column, rows[i].says);
		problems_fini(&problems);
	}
}

static const char *endless(void *arg, const char *name)
{
	(void)arg;
	return strcmp(name, "self") == 0 ? "x{{>self}}" : NULL;
}

static void what_has_no_end_is_ended(void **state)
{
	(void)state;
	struct problems problems = {0};
	struct error e;
	struct buf out;
	buf_init(&out, 1000);
	json_t *data = json_object();
	struct mustache *t =
		mustache_compile("t", "{{>self}}", 9, MUSTACHE_HTML, endless, NULL, &problems);
	assert_non_null(t);
	assert_int_equal(mustache_render(t, data, &out, &e), -1);
	assert_int_equal(e.code, ERROR_FULL);
	mustache_free(&t);

	/* lists within lists that print nothing */
	json_t *list = json_array();
	for (int i = 0; i < 1000; i++)
		json_array_append_new(list, json_integer(i));
	json_object_set_new(data, "l", list);
	t = compiled("{{#l}}{{#l}}{{#l}}{{#l}}{{#l}}{{^l}}x{{/l}}{{/l}}{{/l}}{{/l}}{{/l}}{{/l}}",
		MUSTACHE_HTML);
	buf_reset(&out);
	assert_int_equal(mustache_render(t, data, &out, &e), -1);
	assert_int_equal(e.code, ERROR_FULL);
	mustache_free(&t);

	/* more output than asked for */
	t = compiled("{{#l}}12345{{/l}}", MUSTACHE_HTML);
	buf_reset(&out);
	assert_int_equal(mustache_render(t, data, &out, &e), -1);
	assert_int_equal(e.code, ERROR_FULL);
	mustache_free(&t);

	char deep[33 * 6 + 1] = "";
	for (int i = 0; i < 33; i++)
		memcpy(deep + i * 6, "{{#a}}", 7);
	assert_null(mustache_compile("t", deep, strlen(deep), MUSTACHE_HTML, NULL, NULL, &problems));
	json_decref(data);
	buf_fini(&out);
	problems_fini(&problems);
}

struct seen {
	char text[400];
};

static void note_tag(void *arg, const struct mustache_tag *tag)
{
	struct seen *seen = arg;
	size_t at = strlen(seen->text);
	snprintf(seen->text + at, sizeof seen->text - at, "%s%s%s@%d:%d(%s) ", tag->section ? "#" : "",
		tag->unescaped ? "&" : "", tag->name, tag->line, tag->column,
		tag->inside == NULL ? "" : tag->inside);
}

static void tags_can_be_listed(void **state)
{
	(void)state;
	struct mustache *t =
		compiled("{{a.b}} {{#s}}\n{{{c}}} {{d | default: x}}{{/s}}{{.}}", MUSTACHE_HTML);
	struct seen seen = {""};
	mustache_each_tag(t, note_tag, &seen);
	assert_string_equal(seen.text, "a.b@1:1() #s@1:9() &c@2:1(s) d@2:9(s) .@2:33() ");
	mustache_free(&t);
}

int main(void)
{
	calendar_init();
	const struct CMUnitTest tests[] = {cmocka_unit_test(values_are_escaped_for_where_they_stand),
		cmocka_unit_test(malformed_utf8_becomes_the_replacement_character),
		cmocka_unit_test(pipes), cmocka_unit_test(mistakes_are_found_with_their_place),
		cmocka_unit_test(what_has_no_end_is_ended), cmocka_unit_test(tags_can_be_listed)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
