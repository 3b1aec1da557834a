/* A letter for everybody: what speaks to one recipient is not in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "calendar/calendar.h"
#include "letter/public.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static const char fields[] =
	"{\"campaign\":{\"title\":\"Флагманы *2023* <b>\"},\"document\":{\"number\":\"01-12/345\",\"date\":\"2023-05-15\","
	"\"signatory\":{\"name\":\"И. О. Фамилия\"},\"note\":\"\"},\"dates\":[{\"day\":\"1 мая\"},{\"day\":\"2 мая\"}],"
	"\"brace\":\"{{recipient.name}}\",\"dash\":\"- не пункт\",\"script\":\"[x](javascript:alert(1))\"}";

struct row {
	const char *name, *markdown, *title, *text, *html;
};
static const struct row rows[] = {
	{"values of all", "# № {{document.number}}\n\nОт {{document.date | date: long}}.\n", "№ 01-12/345", "От 15 мая 2023 г..",
		"<p>От 15 мая 2023 г..</p>\n"},
	{"a paragraph to one", "# Тема\n\nВсем.\n\nУ Вас {{monitoring.registered}}\nучастников.\n\nИ снова всем.\n", "Тема",
		"Всем.\n\nИ снова всем.", "<p>Всем.</p>\n<p>И снова всем.</p>\n"},
	{"a title to one", "# Тема: {{recipient.name}}\n\n## Часть\n\nВсем.\n", NULL, "Часть\n\nВсем.", "<h2>Часть</h2>\n<p>Всем.</p>\n"},
	{"an item to one", "# Т\n\n- один\n- {{recipient.name}}\n  и дальше\n- три\n", "Т", "– один\n– три",
		"<ul>\n<li>один</li>\n<li>три</li>\n</ul>\n"},
	{"a link of one", "# Т\n\n[Форма]({{link.answer}})\n\nВсем.\n", "Т", "Всем.", "<p>Всем.</p>\n"},
	{"a section of one",
		"# Т\n\n{{#monitoring.low}}\nМало.\n\nОчень мало.\n{{/monitoring.low}}\n\nВсем.\n", "Т", "Всем.", "<p>Всем.</p>\n"},
	{"an inverted one", "# Т\n\nА {{^previous.answered}}не ответили{{/previous.answered}} б.\n\nВсем.\n", "Т", "Всем.",
		"<p>Всем.</p>\n"},
	{"a field of one in a section of all",
		"# Т\n\n{{#document}}\nНомер {{number}}.\n\nВам, {{recipient.name}}.\n{{/document}}\n\nВсем.\n", "Т",
		"Номер 01-12/345.\n\nВсем.", "<p>Номер 01-12/345.</p>\n<p>Всем.</p>\n"},
	{"a section torn by what is left out", "# Т\n\n{{#document}}А {{recipient.name}}\n\nи {{/document}}\n\nВсем.\n", "Т",
		"Всем.", "<p>Всем.</p>\n"},
	{"a list of all", "# Т\n\n{{#dates}}\n- {{day}}\n{{/dates}}\n", "Т", "– 1 мая\n– 2 мая",
		"<ul>\n<li>1 мая</li>\n<li>2 мая</li>\n</ul>\n"},
	{"nothing of an empty one", "# Т\n\n{{#document.note}}\nПримечание\n{{/document.note}}\n\nВсем.\n", "Т", "Всем.",
		"<p>Всем.</p>\n"},
	{"a row to one", "# Т\n\n| А | Б |\n|---|---|\n| 1 | {{recipient.key}} |\n| 2 | 3 |\n\nВсем.\n", "Т", "А | Б\n2 | 3\n\nВсем.",
		"<table>\n<thead>\n<tr>\n<th>А</th>\n<th>Б</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>2</td>\n<td>3</td>\n</tr>\n"
		"</tbody>\n</table>\n<p>Всем.</p>\n"},
	{"a head to one", "# Т\n\n| А | {{recipient.key}} |\n|---|---|\n| 1 | 2 |\n\nВсем.\n", "Т", "Всем.", "<p>Всем.</p>\n"},
	{"values are no markup", "# Т\n\n{{campaign.title}} {{dash}}\n\n{{dash}}\n\n{{script}}\n", "Т",
		"Флагманы *2023* <b> - не пункт\n\n- не пункт\n\n[x](javascript:alert(1))",
		"<p>Флагманы *2023* &lt;b&gt; - не пункт</p>\n<p>- не пункт</p>\n<p>[x](javascript:alert(1))</p>\n"},
	{"values are no tags", "# Т\n\n{{brace}}\n", "Т", "({recipient.name}}", "<p>({recipient.name}}</p>\n"},
	{"comments and other brackets", "# Т\n\n{{! заметка}}Всем{{=<% %>=}} <% document.number %>\n", "Т", "Всем 01-12/345",
		"<p>Всем 01-12/345</p>\n"},
	{"links stay in the text", "# Т\n\nСм. [сайт](https://example.org/a).\n", "Т", "См. сайт (https://example.org/a).",
		"<p>См. <a href=\"https://example.org/a\">сайт</a>.</p>\n"},
	{"no title", "Всем.\n", NULL, "Всем.", "<p>Всем.</p>\n"},
	{"nothing for all", "# Т\n\nВам, {{recipient.name}}.\n", "Т", "", ""}};

static void what_speaks_to_one_is_left_out(void **state)
{
	(void)state;
	json_t *values = json_loads(fields, 0, NULL);
	assert_non_null(values);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct letter_public got;
		struct error e = {0};
		if (letter_public(rows[i].markdown, strlen(rows[i].markdown), values, LANG_RU, "Europe/Moscow", &got, &e) != 0)
			fail_msg("%s: %s", rows[i].name, e.text);
		if ((got.title == NULL) != (rows[i].title == NULL) || (got.title != NULL && strcmp(got.title, rows[i].title) != 0))
			fail_msg("%s: got title %s, want %s", rows[i].name, got.title, rows[i].title);
		if (strcmp(got.text, rows[i].text) != 0)
			fail_msg("%s: got text «%s», want «%s»", rows[i].name, got.text, rows[i].text);
		if (strcmp(got.html, rows[i].html) != 0)
			fail_msg("%s: got HTML «%s», want «%s»", rows[i].name, got.html, rows[i].html);
		letter_public_fini(&got);
	}
	json_decref(values);
}

static void broken_letters_are_refused(void **state)
{
	(void)state;
	static const char *const broken[] = {"# Т\n\n{{#document}} open\n", "# Т\n\n{{/document}}\n", "# Т\n\n{{document\n",
		"# Т\n\n<script>alert(1)</script>\n", "# Т\n\n![x](https://example.org/x.png)\n", "# Т\n\n[x](ftp://example.org)\n"};
	json_t *values = json_loads(fields, 0, NULL);
	for (size_t i = 0; i < COUNT(broken); i++) {
		struct letter_public got;
		struct error e = {0};
		if (letter_public(broken[i], strlen(broken[i]), values, LANG_RU, "UTC", &got, &e) == 0)
			fail_msg("«%s» was published: %s", broken[i], got.html);
		assert_int_equal(e.code, ERROR_INPUT);
		assert_null(got.html);
	}
	json_decref(values);
}

/* Whatever is typed: a text or a refusal, and never a script. */
static void noise_is_published_or_refused(void **state)
{
	(void)state;
	static const char *const pieces[] = {"{{", "}}", "{{#document}}", "{{/document}}", "{{#recipient}}", "{{/recipient}}",
		"{{^recipient.name}}", "{{/recipient.name}}", "{{document.number}}", "{{recipient.name}}", "{{=<% %>=}}", "<%={{ }}=%>",
		"\n", "\n\n", "# ", "- ", "1. ", "|", "|---|\n", "> ", "**", "`", "[a](", ")", "<", "\\", "текст ", "    ", "===\n", "{{! x }}",
		"{{{", "}}}", "{{>p}}", "{{.}}", "{{ document.date | date: long }}"};
	json_t *values = json_loads(fields, 0, NULL);
	unsigned random = 20230515, published = 0;
	for (int round = 0; round < 20000; round++) {
		char markdown[600] = "# Т\n\n";
		for (size_t len = strlen(markdown); len < 400 && (random = random * 1664525u + 1013904223u) >> 27 != 0;) {
			(void)strncat(markdown, pieces[(random >> 8) % COUNT(pieces)], sizeof markdown - len - 1);
			len = strlen(markdown);
		}
		struct letter_public got;
		struct error e = {0};
		if (letter_public(markdown, strlen(markdown), values, LANG_RU, "UTC", &got, &e) == 0) {
			published++;
			assert_non_null(got.text);
			assert_non_null(got.html);
			if (strstr(got.html, "<script") != NULL)
				fail_msg("«%s» became %s", markdown, got.html);
		} else {
			assert_int_equal(e.code, ERROR_INPUT);
		}
		letter_public_fini(&got);
	}
	assert_true(published > 1000);
	json_decref(values);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_speaks_to_one_is_left_out),
		cmocka_unit_test(broken_letters_are_refused),
		cmocka_unit_test(noise_is_published_or_refused),
	};
	calendar_init();
	lang_set(LANG_RU);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
