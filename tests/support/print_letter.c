/* Prints a filled letter for tests in other languages and for looking at it:
 * print_letter [--html|--text|--subject] [--name NAME] [--file NAME] [--fields JSON] [--markdown FILE] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calendar/calendar.h"

#include "../support/demo_letter.h"

#define FILE_MAX (1024 * 1024)

static char markdown[FILE_MAX];

static const char *option(int argc, char **argv, const char *name, const char *otherwise)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return i + 1 < argc ? argv[i + 1] : "";
	return otherwise;
}

static void print_copy(const struct letter_copy *copy)
{
	for (size_t i = 0; i < copy->count; i++)
		fwrite(copy->segment[i].data, 1, copy->segment[i].len, stdout);
}

static int print(struct letter *letter, const struct letter_recipient *recipient, int argc, char **argv)
{
	static const char *const kinds[] = {"--subject", "--text", "--html"};
	struct letter_copy copy = {0};
	struct error e = {0};
	char *part[3] = {NULL, NULL, NULL};
	int rc = letter_fill(letter, recipient, &copy, &e);
	if (rc == 0)
		rc = letter_preview(letter, recipient, &part[0], &part[1], &part[2], &e);
	if (rc != 0) {
		fprintf(stderr, "%s\n", e.text);
	} else {
		const char *only = NULL;
		for (size_t i = 0; i < 3; i++)
			only = option(argc, argv, kinds[i], NULL) != NULL ? part[i] : only;
		if (only != NULL)
			fputs(only, stdout);
		else
			print_copy(&copy);
	}
	for (size_t i = 0; i < 3; i++)
		free(part[i]);
	letter_copy_fini(&copy);
	return rc == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	static char pdf[30000];
	for (size_t i = 0; i < sizeof pdf; i++)
		pdf[i] = (char)(i * 7 % 251);
	calendar_init();
	ident_init();
	struct letter_attachment files[] = {
		{.name = option(argc, argv, "--file", "Результаты мониторинга.pdf"),
			.title = "Результаты мониторинга регистрации целевых групп", .data = pdf, .len = sizeof pdf},
		{.name = "form.xlsx", .title = "Форма отчёта", .data = pdf, .len = 9000}};
	struct letter_source source = demo_source(files, 2);
	const char *path = option(argc, argv, "--markdown", NULL);
	FILE *file = path == NULL ? NULL : fopen(path, "rb");
	if (file != NULL) {
		source.markdown = markdown;
		source.markdown_len = fread(markdown, 1, sizeof markdown, file);
		fclose(file);
	}
	struct problems problems = {0};
	struct letter *letter = letter_compile(&source, &problems);
	for (size_t i = 0; i < problems.count; i++) {
		char *line = problem_line(&problems.item[i]);
		fprintf(stderr, "%s\n", line);
		free(line);
	}
	problems_fini(&problems);
	if (letter == NULL)
		return 2;
	json_t *fields = json_loads(option(argc, argv, "--fields", demo_fields), JSON_ALLOW_NUL, NULL);
	struct letter_recipient recipient = {.fields = fields,
		.to_address = "head@school1.example.org",
		.to_name = option(argc, argv, "--name",
			"Управление образования администрации Примерного муниципального округа"),
		.message_id = "12.1.k4n2v6q0abcdefgh@ministry.example.org",
		.date_ms = 1684134000000,
		.reply_to = "reply+12.1.k4n2v6q0abcdefgh@ministry.example.org",
		.unsubscribe_url = "https://portal.example.org/u/12.1.k4n2v6q0abcdefgh"};
	int rc = print(letter, &recipient, argc, argv);
	json_decref(fields);
	letter_unref(&letter);
	return rc;
}
