/* Letters: what is refused at compile time, what the Markdown becomes, and that
 * no value can break the message's grammar. */
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
#include "base/xalloc.h"
#include "calendar/calendar.h"

#include "../support/demo_letter.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static struct letter *compiled(const struct letter_source *source)
{
	struct problems problems = {0};
	struct letter *letter = letter_compile(source, &problems);
	if (letter == NULL)
		fail_msg("«%s»: %d: %s", source->markdown, problems.item[0].line, problems.item[0].text);
	problems_fini(&problems);
	return letter;
}

static struct letter_source plain_source(const char *markdown)
{
	return (struct letter_source){.file = "letter.md", .markdown = markdown,
		.markdown_len = strlen(markdown), .lang = LANG_RU, .zone = "Europe/Moscow",
		.from_address = "outreach@ministry.example.org"};
}

static struct letter_recipient recipient_with(const json_t *fields)
{
	return (struct letter_recipient){.fields = fields, .to_address = "head@school1.example.org",
		.message_id = "1.1.abc@ministry.example.org", .date_ms = 1684134000000};
}

static char *joined(const struct letter_copy *copy)
{
	char *all = xmalloc(copy->total + 1), *at = all;
	for (size_t i = 0; i < copy->count; i++) {
		memcpy(at, copy->segment[i].data, copy->segment[i].len);
		at += copy->segment[i].len;
	}
	*at = '\0';
	assert_int_equal(at - all, copy->total);
	return all;
}

/* CR LF only, 7-bit, lines of at most 998, nothing below a blank but TAB. */
static void assert_wire_form(const char *all, const char *about)
{
	size_t line = 0;
	for (const char *c = all; *c != '\0'; c++) {
		unsigned char byte = (unsigned char)*c;
		if (byte == '\r' && c[1] == '\n') {
			c++;
			line = 0;
			continue;
		}
		if (byte >= 0x7f || byte < 0x20)
			fail_msg("%s: byte %02x on the wire", about, byte);
		if (++line > 998)
			fail_msg("%s: a line over 998", about);
	}
	if (line != 0)
		fail_msg("%s: the last line does not end", about);
}

/* How many header fields have this name ("X: ", at a line's start). */
static int header_count(const char *all, const char *name)
{
	const char *end = strstr(all, "\r\n\r\n");
	char *wanted = xasprintf("\n%s:", name);
	int count = strncmp(all, wanted + 1, strlen(wanted) - 1) == 0 ? 1 : 0;
	for (const char *at = all; (at = strcasestr(at, wanted)) != NULL && at < end; at++)
		count++;
	free(wanted);
	return count;
}

static void hostile_names_break_nothing(void **state)
{
	(void)state;
	char *long_ascii = xmalloc(10241), *long_cyrillic = xmalloc(10241);
	memset(long_ascii, 'a', 10240);
	for (int i = 0; i < 10240; i += 2)
		memcpy(long_cyrillic + i, "ж", 2);
	long_ascii[10240] = long_cyrillic[10240] = '\0';
	const char *names[] = {"x\r\nBcc: victim@example.org", "x\nSubject: other\n\nbody", "\r\n\r\n", "\"",
		"\\\" <a@example.org>", "a, b; c: <d>", "=?UTF-8?Q?=0D=0ABcc:?=", "\xe2\x80\xae" "gpj.exe",
		"\xff\xfe\xfd", "\xd0", "ж\xd0", "имя\xc0\xaf", "a\x01\x02\x7f" "b", "", " ", "\xe2\x80\xa8", long_ascii,
		long_cyrillic, "((((", "\xf0\x9f\x93\xa7\xf0\x9f\x93\xa7", "--=_mix_", ".", "{{x}}", "<script>"};
	struct letter_attachment file = {.name = "a.pdf", .data = "x", .len = 1};
	struct letter_source source = demo_source(&file, 1);
	struct letter *letter = compiled(&source);
	struct letter_copy copy = {0};
	for (size_t i = 0; i < COUNT(names); i++) {
		json_t *fields = json_loads(demo_fields, 0, NULL);
		json_t *of_recipient = json_object_get(fields, "recipient");
		json_object_set_new(of_recipient, "municipality", json_string_nocheck(names[i]));
		struct letter_recipient recipient = recipient_with(fields);
		recipient.to_name = names[i];
		recipient.unsubscribe_url = "https://portal.example.org/u/1";
		struct error e;
		if (letter_fill(letter, &recipient, &copy, &e) != 0)
			fail_msg("name %zu: %s", i, e.text);
		char *all = joined(&copy);
		assert_wire_form(all, names[i]);
		static const char *const once[] = {"From", "To", "Subject", "Date", "Message-ID",
			"MIME-Version", "Content-Type", "Auto-Submitted", "List-Unsubscribe",
			"List-Unsubscribe-Post"};
		for (size_t h = 0; h < COUNT(once); h++)
			if (header_count(all, once[h]) != 1)
				fail_msg("name %zu: %s stands %d times", i, once[h], header_count(all, once[h]));
		assert_int_equal(header_count(all, "Bcc"), 0);
		/* the header block is the first segment and nothing else */
		assert_ptr_equal(strstr(all, "\r\n\r\n") + 4, all + copy.segment[0].len);
		free(all);
		json_decref(fields);
	}
	letter_copy_fini(&copy);
	letter_unref(&letter);
	free(long_ascii);
	free(long_cyrillic);
}

static void envelope_values_are_checked_again(void **state)
{
	(void)state;
	struct letter_source source = plain_source("# t\n\nb\n");
	struct letter *letter = compiled(&source);
	json_t *fields = json_object();
	struct letter_copy copy = {0};
	struct error e;
	struct letter_recipient bad[6];
	for (size_t i = 0; i < COUNT(bad); i++)
		bad[i] = recipient_with(fields);
	bad[0].to_address = "a@b.org>\r\nBcc: <x@example.org";
	bad[1].message_id = "x>\r\nX: y";
	bad[2].reply_to = "a b@c.org";
	bad[3].unsubscribe_url = "http://x\r\ny";
	bad[4].to_address = "";
	bad[5].check_url = "https://x\"><script>";
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(letter_fill(letter, &bad[i], &copy, &e), -1);
		assert_int_equal(e.code, ERROR_INPUT);
	}
	letter_copy_fini(&copy);
	json_decref(fields);
	letter_unref(&letter);
}

static void mistakes_in_letters_are_told(void **state)
{
	(void)state;
	static const char *const known[] = {"recipient.name", "recipient.municipality", "monitoring.*",
		"schools.name", "link.answer", NULL};
	static const char *const hostile[] = {"recipient.", "monitoring.", NULL};
	static const struct {
		const char *markdown;
		int line, column;
		const char *says, *hint;
	} rows[] = {
		{"# t\n\nПривет, {{recipient.nmae}}!", 3, 9, "no field «recipient.nmae»", "recipient.name"},
		{"# t\n\n{{name}}", 3, 1, "no field «name»", "recipient.name"},
		{"# {{title}}", 1, 3, "no field «title»", NULL},
		{"# t\n\n{{recipient}}", 3, 1, "no field «recipient»", NULL},
		{"# t\n\n{{{recipient.name}}}", 3, 1, "must not stand unescaped", "{{"},
		{"# t\n\n{{&monitoring.x}}", 3, 1, "must not stand unescaped", "{{"},
		{"# t\n\n{{#recipient}}{{{name}}}{{/recipient}}", 3, 15, "must not stand unescaped", "{{"},
		{"# t\n\n{{#schools}}\n- {{nane}}\n{{/schools}}", 4, 3, "no field «nane»", "recipient.name"},
		{"# t\n\n**{{#monitoring.x}}a** b{{/monitoring.x}}", 3, 25, "different parts", "paragraph"},
		{"# t\n\na {{#monitoring.x}}b\n\nc{{/monitoring.x}}", 5, 2, "different parts", "paragraph"},
		{"# t\n\n{{#monitoring.x}}\na", 3, 1, "not closed", "{{/name}}"},
		{"# t\n\na {{recipient.name", 3, 3, "not closed", "}}"},
		{"# t\n\n{{> other}}", 3, 1, "no partials", NULL},
		{"# t\n\na <b>c</b>", 3, 0, "HTML", "Markdown"},
		{"# t\n\n{{#monitoring.x}}\nx\n{{/monitoring.x}}\n\n<div>\nx\n</div>", 7, 0, "HTML", "Markdown"},
		{"# t\n\n![x](https://example.org/x.png)", 3, 0, "no pictures", "file"},
		{"# t\n\n[x](javascript:alert(1))", 3, 0, "no web page", "https://"},
		{"# t\n\n[x](/path)", 3, 0, "no web page", "https://"},
		{"# t\n\n[x](data:text/html,x)", 3, 0, "no web page", "https://"},
		{"# t\n\n[x](https://e.org/{{#monitoring.x}}a{{/monitoring.x}})", 3, 0, "section", "whole link"},
		{"# t\n\n||||||||||||||||||||||||||||||||||||||||||\n", 3, 0, "too wide", "attach"},
		{"text without heading", 1, 1, "no heading", "# "},
		{"# a\x01" "b", 0, 0, "not UTF-8", "UTF-8"},
		{"# \xff", 0, 0, "not UTF-8", "UTF-8"},
		{"# t\n\n{{recipient.name | data: long}}", 3, 1, "unknown pipe", "plural"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct letter_source source = plain_source(rows[i].markdown);
		source.known_fields = known;
		source.hostile_prefixes = hostile;
		struct problems problems = {0};
		struct letter *letter = letter_compile(&source, &problems);
		if (letter != NULL || problems.errors == 0)
			fail_msg("«%s»: compiled", rows[i].markdown);
		const struct problem *p = &problems.item[0];
		if (p->line != rows[i].line || p->column != rows[i].column ||
			strstr(p->text, rows[i].says) == NULL || strcmp(p->file, "letter.md") != 0 ||
			(rows[i].hint != NULL && (p->hint == NULL || strstr(p->hint, rows[i].hint) == NULL)))
			fail_msg("«%s»: got %d:%d %s (%s), want %d:%d %s", rows[i].markdown, p->line,
				p->column, p->text, p->hint, rows[i].line, rows[i].column, rows[i].says);
		problems_fini(&problems);
	}
}

static void mistakes_in_requisites_are_told(void **state)
{
	(void)state;
	struct letter_attachment files[] = {{.name = "../x.pdf", .data = "x", .len = 1},
		{.name = "a.pdf", .data = "", .len = 0},
		{.name = "a.pdf", .media_type = "application/pdf\r\nX: y", .data = "x", .len = 1}};
	for (size_t i = 0; i < 11; i++) {
		struct letter_source s = plain_source("# t\n\nb");
		switch (i) {
		case 0: case 1: case 2:
			s.attachments = &files[i];
			s.attachments_count = 1;
			break;
		case 3: s.from_address = "no address"; break;
		case 4: s.from_address = NULL; break;
		case 5: s.from_name = "a\r\nBcc: b"; break;
		case 6: s.number = "1\n2"; break;
		case 7: s.list_id = "a b"; break;
		case 8: s.zone = "Europe/Moskva"; break;
		case 9: s.reply_to = "x@y"; break;
		case 10: s.signatory.name = "\xff"; break;
		}
		struct problems problems = {0};
		if (letter_compile(&s, &problems) != NULL || problems.errors != 1)
			fail_msg("case %zu: got %zu errors, want 1", i, problems.errors);
		problems_fini(&problems);
	}
}

static void markdown_becomes_text_and_html(void **state)
{
	(void)state;
	static const struct {
		const char *markdown, *text, *html; /* html: occurs in it */
	} rows[] = {
		{"a *b* **c** ~~d~~ `e`", "a b c d e", "<em>b</em> <strong>c</strong> <s>d</s>"},
		{"a\nb\\\nc", "a b\r\nc", "a\r\nb<br>\r\nc"},
		{"[портал](https://e.org/a?b=1&c)", "портал (https://e.org/a?b=1&c)",
			"href=\"https://e.org/a?b=1&amp;c\""},
		{"https://e.org/x", "https://e.org/x", "<a href=\"https://e.org/x\""},
		{"[почта](mailto:a@e.org)", "почта (a@e.org)", "href=\"mailto:a@e.org\""},
		{"a@e.org", "a@e.org", "href=\"mailto:a@e.org\""},
		{"- a\n- b", "– a\r\n– b", "<ul"},
		{"3. a\n4. b\n   - c", "3. a\r\n4. b\r\n   – c", "<ol start=\"3\""},
		{"- a\n\n- b", "– a\r\n\r\n– b", "<li"},
		{"> a\n> b", "> a b", "border-left"},
		{"| a | b |\n|---|--:|\n| 1 | 2 |", "a | b\r\n1 | 2", "align=\"right\""},
		{"a < b & c > \"d\"", "a < b & c > \"d\"", "a &lt; b &amp; c &gt; &quot;d&quot;"},
		{"&#123;&#123;x}}", "{{x}}", "{{x}}"},
		{"{{v.html}}", "<b>&", "&lt;b&gt;&amp;"},
		{"vtag0x0z {{v.one}}", "vtag0x0z 1", "vtag0x0z 1"},
		{"a {{! note }}b", "a b", "a b"},
		{"a\n\n{{! alone }}\n\nb", "a\r\n\r\nb", "</p>"},
		{"{{#v.yes}}\nA\n\nB\n{{/v.yes}}\n{{^v.yes}}\nC\n{{/v.yes}}", "A\r\n\r\nB", "A</p>"},
		{"a{{#v.yes}} b{{/v.yes}}{{#v.no}} c{{/v.no}}.", "a b.", "a b."},
		{"x\n\n- a\n{{#v.list}}\n- {{.}}\n{{/v.list}}\n- z", "x\r\n\r\n– a\r\n– 1\r\n– 2\r\n– z",
			"<li style=\"margin:0 0 4px 0;\">1</li>"},
		{"| a |\n|---|\n{{#v.list}}\n| {{.}} |\n{{/v.list}}\n| z |", "a\r\n1\r\n2\r\nz", ">2</td></tr>"},
		{"{{#v.list}}\n{{.}}\n\n{{/v.list}}\nend", "1\r\n\r\n2\r\n\r\nend", "end</p>"},
		{"[x](https://e.org/?q={{v.html}})", "x (https://e.org/?q=%3Cb%3E%26)",
			"href=\"https://e.org/?q=%3Cb%3E%26\""},
		{"[x]({{v.url}})", "x (https://e.org/?a=1&b='2')",
			"href=\"https://e.org/?a=1&amp;b=&#39;2&#39;\""},
		{"[x](mailto:{{v.mail}})", "x (mailto:a@e.org%3Fbcc%3Db)", "mailto:a@e.org%3Fbcc%3Db"},
		{"{{=<% %>=}}\n<%v.one%> {{x}}", "1 {{x}}", "1 {{x}}"},
		{"{{v.one | plural: лист, листа, листов}} | {{v.one | count: лист, листа, листов}}",
			"лист | 1\xc2\xa0лист", "лист | 1"},
		{"{{v.at | date: full}}", "30 мая 2023 г., 18:00 (МСК)", "30 мая"},
		{"## Раздел\n\n    code {{v.one}}", "Раздел\r\n\r\ncode 1", "<pre"},
	};
	json_t *fields = json_loads("{\"v\":{\"html\":\"<b>&\",\"one\":1,\"yes\":true,\"no\":false,"
				    "\"list\":[1,2],\"url\":\"https://e.org/?a=1&b='2'\",\"at\":1685458800000,"
				    "\"mail\":\"a@e.org?bcc=b\"}}", 0, NULL);
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *markdown = xasprintf("# T\n\n%s\n", rows[i].markdown), *part[3];
		struct letter_source source = plain_source(markdown);
		struct letter *letter = compiled(&source);
		struct letter_recipient recipient = recipient_with(fields);
		struct error e;
		if (letter_preview(letter, &recipient, &part[0], &part[1], &part[2], &e) != 0)
			fail_msg("«%s»: %s", rows[i].markdown, e.text);
		assert_string_equal(part[0], "T");
		char *want = xasprintf("outreach@ministry.example.org\r\n\r\nT\r\n\r\n%s\r\n", rows[i].text);
		char *got = part[1];
		for (size_t n = strlen(got); n > 4 && strcmp(got + n - 4, "\r\n\r\n") == 0; n -= 2)
			got[n - 2] = '\0';
		if (strcmp(got, want) != 0)
			fail_msg("«%s»: got «%s», want «%s»", rows[i].markdown, got, want);
		if (strstr(part[2], rows[i].html) == NULL)
			fail_msg("«%s»: got «%s», want in it «%s»", rows[i].markdown,
				strstr(part[2], "<p"), rows[i].html);
		for (size_t p = 0; p < 3; p++)
			free(part[p]);
		free(want);
		free(markdown);
		letter_unref(&letter);
	}
	json_decref(fields);
}

static void values_that_cannot_be_sent_fail_the_letter(void **state)
{
	(void)state;
	static const struct {
		const char *markdown, *fields;
		enum error_code code;
		const char *says;
	} rows[] = {
		{"{{a.b}}", "{}", ERROR_INPUT, "«a.b» has no value"},
		{"{{a.b}}", "{\"a\":{}}", ERROR_INPUT, "«a.b» has no value"},
		{"{{a}}", "{\"a\":{}}", ERROR_INPUT, "not a single value"},
		{"[x]({{a}})", "{\"a\":\"javascript:alert(1)\"}", ERROR_INPUT, "javascript:"},
		{"[x]({{a}})", "{\"a\":\"  https://e.org\"}", ERROR_INPUT, "a link leads to"},
		{"[x]({{a}})", "{\"a\":\"school.example.org\"}", ERROR_INPUT, "https://"},
		{"[x]({{a}})", "{\"a\":\"https://bank@evil.example.org/\"}", ERROR_INPUT, "a link leads to"},
		{"[x]({{a}})", "{\"a\":\"\"}", ERROR_INPUT, "a link leads to"},
		{"[x](https://{{a}})", "{\"a\":\"\"}", ERROR_INPUT, "a link leads to"},
		{"{{a | date: long}}", "{\"a\":\"soon\"}", ERROR_INPUT, "not a date"},
		{"{{#l}}{{#l}}{{#l}}0123456789{{/l}}{{/l}}{{/l}}",
			"{\"l\":[1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7,8,9,1,2,3,4,5]}",
			ERROR_FULL, "longer than"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *markdown = xasprintf("# T\n\n%s\n", rows[i].markdown);
		struct letter_source source = plain_source(markdown);
		struct letter *letter = compiled(&source);
		json_t *fields = json_loads(rows[i].fields, 0, NULL);
		struct letter_recipient recipient = recipient_with(fields);
		struct letter_copy copy = {0};
		struct error e = {0};
		int rc = letter_fill(letter, &recipient, &copy, &e);
		if (rc != -1 || e.code != rows[i].code || strstr(e.text, rows[i].says) == NULL)
			fail_msg("%s %s: got %d «%s», want «%s»", rows[i].markdown, rows[i].fields, rc, e.text,
				rows[i].says);
		letter_copy_fini(&copy);
		json_decref(fields);
		letter_unref(&letter);
		free(markdown);
	}
}

static char *filled(struct letter *letter, const struct letter_recipient *recipient)
{
	struct letter_copy copy = {0};
	struct error e;
	if (letter_fill(letter, recipient, &copy, &e) != 0)
		fail_msg("%s", e.text);
	char *all = joined(&copy);
	letter_copy_fini(&copy);
	return all;
}

static void headers_are_those_that_are_asked_for(void **state)
{
	(void)state;
	static const char *const urls[] = {NULL, "https://portal.example.org/u/1", "http://portal.test/u/1"};
	json_t *fields = json_object();
	for (int leave = 0; leave < 2; leave++)
		for (int url = 0; url < 3; url++) {
			struct letter_source source = plain_source("# Тема\n\nb");
			source.may_leave = leave;
			source.reply_to = url ? "reply@школа.test" : NULL;
			struct letter *letter = compiled(&source);
			struct letter_recipient recipient = recipient_with(fields);
			recipient.unsubscribe_url = urls[url];
			char *all = filled(letter, &recipient);
			int want = leave && url ? 1 : 0;
			assert_int_equal(header_count(all, "List-Unsubscribe"), want);
			assert_int_equal(header_count(all, "List-Unsubscribe-Post"), url == 1 ? want : 0);
			assert_int_equal(header_count(all, "Reply-To"), url != 0);
			assert_true((strstr(all, "Reply-To: <reply@xn--80atdl2c.test>\r\n") != NULL) == (url != 0));
			assert_int_equal(header_count(all, "List-Id"), 0);
			assert_int_equal(header_count(all, "Precedence"), 0);
			assert_non_null(strstr(all, "Auto-Submitted: auto-generated\r\n"));
			assert_non_null(strstr(all, "Date: Mon, 15 May 2023 10:00:00 +0300\r\n"));
			assert_non_null(strstr(all, "Content-Type: multipart/alternative;"));
			assert_non_null(strstr(all, "Subject: =?UTF-8?B?0KLQtdC80LA=?=\r\n"));
			assert_non_null(strstr(all, "To: <head@school1.example.org>\r\n"));
			free(all);
			letter_unref(&letter);
		}
	json_decref(fields);
}

static void a_letter_with_a_number_says_where_it_is_checked(void **state)
{
	(void)state;
	static const struct {
		const char *number, *url;
		bool said;
	} cases[] = {{"01-12/345", "https://portal.example.org/check", true}, {"01-12/345", NULL, false},
		{NULL, "https://portal.example.org/check", false}};
	json_t *fields = json_object();
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct letter_source source = plain_source("# Тема\n\nb");
		source.number = cases[i].number;
		struct letter *letter = compiled(&source);
		struct letter_recipient recipient = recipient_with(fields);
		recipient.check_url = cases[i].url;
		char *subject = NULL, *text = NULL, *html = NULL;
		struct error e;
		assert_int_equal(letter_preview(letter, &recipient, &subject, &text, &html, &e), 0);
		bool in_text = strstr(text, "Проверить подлинность письма: https://portal.example.org/check\r\n") != NULL;
		bool in_html = strstr(html, "href=\"https://portal.example.org/check\"") != NULL;
		if (in_text != cases[i].said || in_html != cases[i].said)
			fail_msg("case %zu: got text %d, html %d, want %d", i, in_text, in_html, cases[i].said);
		free(subject);
		free(text);
		free(html);
		letter_unref(&letter);
	}
	json_decref(fields);
}

static void attachments_are_shared_not_copied(void **state)
{
	(void)state;
	size_t len = 3 * 1000 * 1000 + 1;
	char *data = xcalloc(1, len);
	struct letter_attachment file = {.name = "Приложение № 1.pdf", .data = data, .len = len};
	struct letter_source source = demo_source(&file, 1);
	struct letter *letter = compiled(&source);
	free(data); /* the letter keeps its own */
	json_t *fields = json_loads(demo_fields, 0, NULL);
	struct letter_recipient recipient = recipient_with(fields);
	struct letter_copy one = {0}, two = {0};
	struct error e;
	assert_int_equal(letter_fill(letter, &recipient, &one, &e), 0);
	assert_int_equal(letter_fill(letter, &recipient, &two, &e), 0);
	letter_unref(&letter); /* the copies hold it */
	assert_ptr_equal(one.segment[2].data, two.segment[2].data);
	assert_true(one.owned[0].cap + one.owned[1].cap + one.html.cap + one.text.cap < 200000);
	assert_true(one.total > len * 4 / 3);
	char *all = joined(&one);
	assert_wire_form(all, "attachment");
	assert_non_null(strstr(all, "filename*0*=UTF-8''%D0%9F"));
	assert_non_null(strstr(all, "name=\"Prilozhenie _ 1.pdf\""));
	free(all);
	letter_copy_fini(&one);
	all = joined(&two);
	assert_wire_form(all, "the second copy after the first is gone");
	free(all);
	letter_copy_fini(&two);
	json_decref(fields);
}

static void a_linked_annex_is_listed_with_its_link_and_does_not_travel(void **state)
{
	(void)state;
	struct letter_attachment files[] = {{.name = "a.pdf", .title = "Приложение № 1", .data = "x", .len = 1},
		{.name = "video.mp4", .title = "Видео <1>", .len = 300 * 1000 * 1000, .link = "link.file.2"}};
	struct letter_source source = plain_source("# Тема\n\nТекст {{link.file.2}}.\n");
	source.attachments = files;
	source.attachments_count = 2;
	struct letter *letter = compiled(&source);
	json_t *fields = json_pack("{s:{s:{s:s}}}", "link", "file", "2", "https://p.example.org/f/1?a=1&b=2");
	struct letter_recipient recipient = recipient_with(fields);
	char *subject, *text, *html;
	struct error e;
	assert_int_equal(letter_preview(letter, &recipient, &subject, &text, &html, &e), 0);
	assert_non_null(strstr(text, "  1. Приложение № 1 (a.pdf, 1 КБ)\r\n  2. Видео <1> (video.mp4, 286,1 МБ, по "
				     "ссылке): https://p.example.org/f/1?a=1&b=2\r\n"));
	assert_non_null(strstr(html, "<a class=\"v-to\" href=\"https://p.example.org/f/1?a=1&amp;b=2\" style=\""));
	assert_non_null(strstr(html, ">Видео &lt;1&gt;</a>"));
	assert_true(letter_size_estimate(letter) < 20000);
	free(subject);
	free(text);
	free(html);
	char *all = filled(letter, &recipient);
	assert_non_null(strstr(all, "a.pdf"));
	assert_null(strstr(all, "filename=\"video.mp4\""));
	free(all);
	json_decref(fields);
	/* Without the address the letter cannot be made: an annex is never dropped silently. */
	fields = json_object();
	recipient = recipient_with(fields);
	assert_int_equal(letter_preview(letter, &recipient, &subject, &text, &html, &e), -1);
	json_decref(fields);
	letter_unref(&letter);
}

static void the_estimate_is_close(void **state)
{
	(void)state;
	struct letter_attachment file = {.name = "a.pdf", .data = demo_markdown, .len = 2000};
	struct letter_source source = demo_source(&file, 1);
	struct letter *letter = compiled(&source);
	json_t *fields = json_loads(demo_fields, 0, NULL);
	struct letter_recipient recipient = recipient_with(fields);
	char *all = filled(letter, &recipient);
	size_t estimate = letter_size_estimate(letter), size = strlen(all);
	if (estimate > size || size - estimate > 4000)
		fail_msg("got %zu for a letter of %zu", estimate, size);
	free(all);
	json_decref(fields);
	letter_unref(&letter);
}

static void a_given_subject_wins_over_the_heading(void **state)
{
	(void)state;
	struct letter_source source = plain_source("# Заголовок\n\nb");
	source.subject = "Письмо для {{name}}";
	struct letter *letter = compiled(&source);
	json_t *fields = json_pack("{s:s}", "name", "  a\r\nb ");
	struct letter_recipient recipient = recipient_with(fields);
	char *part[3];
	struct error e;
	assert_int_equal(letter_preview(letter, &recipient, &part[0], &part[1], &part[2], &e), 0);
	assert_string_equal(part[0], "Письмо для a b");
	assert_non_null(strstr(part[1], "Заголовок"));
	for (size_t i = 0; i < 3; i++)
		free(part[i]);
	json_decref(fields);
	letter_unref(&letter);
}

int main(void)
{
	calendar_init();
	ident_init();
	const struct CMUnitTest tests[] = {cmocka_unit_test(hostile_names_break_nothing),
		cmocka_unit_test(envelope_values_are_checked_again),
		cmocka_unit_test(mistakes_in_letters_are_told),
		cmocka_unit_test(mistakes_in_requisites_are_told),
		cmocka_unit_test(markdown_becomes_text_and_html),
		cmocka_unit_test(values_that_cannot_be_sent_fail_the_letter),
		cmocka_unit_test(headers_are_those_that_are_asked_for),
		cmocka_unit_test(a_letter_with_a_number_says_where_it_is_checked),
		cmocka_unit_test(attachments_are_shared_not_copied),
		cmocka_unit_test(a_linked_annex_is_listed_with_its_link_and_does_not_travel),
		cmocka_unit_test(the_estimate_is_close),
		cmocka_unit_test(a_given_subject_wins_over_the_heading)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
