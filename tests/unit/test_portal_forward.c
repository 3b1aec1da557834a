/* The text for passing on: what is one recipient's goes, what is everybody's stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "calendar/calendar.h"
#include "portal/forward_text.h"

static void a_recipients_own_goes(void **state)
{
	static const struct {
		const char *markdown, *want;
	} cases[] = {
		{"Просто текст.\n", "Просто текст.\n"},
		{"Школа {{recipient.name}}!", "Школа …!"},
		{"{{n | plural: школа, школы, школ}} {{monitoring.registered}}", "… …"},
		{"Срок {{deadline.full}}, {{round.label}}, {{document.number}}", "Срок {{deadline.full}}, {{round.label}}, {{document.number}}"},
		{"[Форма]({{link.answer}})", "[Форма](https://personal-link.invalid/answer)"},
		{"<{{link.file.3}}>", "<https://personal-link.invalid/file>"},
		{"А{{#previous.answered}} тайна {{x}} {{/previous.answered}}Б", "АБ"},
		{"А{{^previous.answered}} тайна {{/previous.answered}}Б", "АБ"},
		{"А\n{{#a}}\nтайна\n{{#b}}\nи ещё\n{{/b}}\nконец\n{{/a}}\nБ\n", "А\nБ\n"},
		{"{{#deadline.at}}до {{deadline.date}}{{/deadline.at}}", "{{#deadline.at}}до {{deadline.date}}{{/deadline.at}}"},
		{"{{! тайна }}А{{> part}}", "А"},
		{"{{{recipient.name}}}{{&recipient.name}}", "……"},
		/* what is broken hides rather than shows */
		{"А{{#a}} тайна", "А"},
		{"А{{#a}}{{#b}}тайна{{/a}}Б", "А"},
		{"{{deadlinex}} {{link}} {{documents.x}}", "… … …"},
		{"", ""},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char *got = forward_markdown(cases[i].markdown, strlen(cases[i].markdown));
		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s: got %s, want %s", cases[i].markdown, got, cases[i].want);
		free(got);
	}
}

static void what_is_left_is_rendered_as_the_letter_is(void **state)
{
	static const char markdown[] = "# О конкурсе: {{recipient.name}}\n\nСрок: {{deadline.date}}.\n\n[Форма]({{link.answer}}), "
				       "[текст]({{link.forward}}), [файл]({{link.file.1}}), {{recipient.secret}}.\n";
	json_t *definition = json_pack("{s:s, s:s, s:s, s:s, s:{s:s, s:s}}", "slug", "demo", "title", "Проверка", "zone",
		"Europe/Moscow", "lang", "ru", "from", "name", "Министерство", "address", "m@example.org");
	json_t *fields = json_pack("{s:{s:s}}", "deadline", "date", "30 мая 2023 г.");
	char *subject = NULL, *text = NULL;
	struct error e = {0};
	(void)state;
	lang_set(LANG_RU);
	if (forward_render(definition, markdown, strlen(markdown), fields, &subject, &text, &e) != 0)
		fail_msg("%s", e.text);
	assert_string_equal(subject, "О конкурсе: …");
	assert_non_null(strstr(text, "Срок: 30 мая 2023 г."));
	assert_non_null(strstr(text, "Форма (личная ссылка адресата), текст (эта страница), файл (в приложениях), …."));
	assert_null(strstr(text, "personal-link"));
	assert_null(strchr(text, '\r'));
	if (strstr(text, "О конкурсе") != NULL)
		fail_msg("the heading stands twice: %s", text);
	free(subject);
	free(text);
	/* A letter that cannot be rendered without its recipient is an error, not half a text. */
	static const char broken[] = "# Тема\n\n{{#deadline.at}}\n\nнезакрытый";
	assert_int_equal(forward_render(definition, broken, strlen(broken), fields, &subject, &text, &e), -1);
	json_decref(definition);
	json_decref(fields);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_recipients_own_goes),
		cmocka_unit_test(what_is_left_is_rendered_as_the_letter_is),
	};
	calendar_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
