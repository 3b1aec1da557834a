/* publish: a public page, the feed. The text everybody reads is the letter without
 * what speaks to one recipient (letter/public.h): the check says how much is left. */
#include <stdlib.h>
#include <string.h>

#include "base/lang.h"
#include "campaign/compile.h"
#include "campaign/definition.h"
#include "campaign/folder.h"
#include "letter/public.h"

void folder_read_publish(struct folder_reader *r)
{
	static const struct {
		const char *key, *path;
		bool standard;
	} rows[] = {{"page", "publish.page", false}, {"feed", "publish.feed", false},
		{"attachments", "publish.attachments", true}};
	static const char *const known[] = {"page", "feed", "attachments", NULL};
	struct yaml_node *map = folder_map(r, r->root, "publish", "publish");
	if (map == NULL)
		return;
	json_t *publish = json_object();
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct yaml_node *node = yaml_take(map, rows[i].key);
		bool value = rows[i].standard;
		if (node != NULL)
			(void)yaml_as_bool(&r->yaml, node, rows[i].path, &value);
		json_object_set_new(publish, rows[i].key, json_boolean(value));
	}
	yaml_unknown(map, r->yaml.file, "publish", known, r->yaml.problems);
	json_object_set_new(r->folder->definition, "publish", publish);
	if (json_is_true(json_object_get(publish, "feed")) && !json_is_true(json_object_get(publish, "page")))
		folder_error(r, map, "publish.feed", "publish: {page: true, feed: true}", "%s",
			tr("the feed leads to the page, and there is none", "лента ведёт на страницу, а её нет"));
	else if (folder_publishes(r) && r->settings->public_url == NULL)
		yaml_problem(&r->yaml, PROBLEM_WARNING, map, "publish", "public_url: https://answers.example.org", "%s",
			tr("the settings have no public_url: nobody will find the page",
				"в настройках нет public_url: страницу никто не найдёт"));
}

bool folder_publishes(const struct folder_reader *r)
{
	return json_is_true(json_object_get(json_object_get(r->folder->definition, "publish"), "page"));
}

/* ---- what everybody would read ------------------------------------------------------ */

static const struct folder_letter *letter_of(const struct folder_reader *r, const json_t *round)
{
	size_t index;
	const json_t *step, *first = json_object_get(round, "first");
	if (!json_is_integer(first))
		return NULL; /* its own problem was said */
	json_array_foreach(json_object_get(r->folder->definition, "steps"), index, step)
		if (json_integer_value(json_object_get(step, "step")) == json_integer_value(first))
			return folder_letter_find(r->folder, json_string_value(json_object_get(step, "letter")));
	return NULL;
}

static void check_text(struct folder_reader *r, const struct folder_letter *letter, const json_t *round)
{
	const json_t *d = r->folder->definition;
	const struct problem_place where = {.file = letter->file.name, .field = "publish"};
	struct letter_public text;
	struct error e = {0};
	json_t *fields = compile_constants(d);
	json_t *more = definition_round_fields(d, round, json_object_get(round, "deadline"));
	json_object_update(fields, more);
	if (letter_public(letter->file.data, letter->file.len, fields, definition_lang(d), definition_zone(d), &text, &e) != 0)
		; /* whatever is wrong with the letter is said where it is compiled */
	else if (text.text[0] == '\0')
		problem_add(r->yaml.problems, PROBLEM_ERROR, where,
			tr("publish: {page: false}, or a text for everybody", "publish: {page: false} или текст для всех"), "%s",
			tr("every part of the letter speaks to one recipient: the page would be empty",
				"каждая часть письма обращена к одному адресату: страница была бы пуста"));
	else if (text.left_out > 0)
		problem_add(r->yaml.problems, PROBLEM_INFO, where, NULL,
			tr("not on the public page, since they speak to one recipient: %zu parts of the letter",
				"не попадёт на публичную страницу, так как обращено к одному адресату: частей письма – %zu"),
			text.left_out);
	letter_public_fini(&text);
	json_decref(more);
	json_decref(fields);
}

void folder_check_publish(struct folder_reader *r)
{
	const json_t *rounds = json_object_get(r->folder->definition, "rounds");
	const struct folder_letter *before = NULL;
	size_t index;
	const json_t *round;
	if (!folder_publishes(r))
		return;
	if (r->folder->attachments > 0 &&
		json_is_true(json_object_get(json_object_get(r->folder->definition, "publish"), "attachments")))
		problem_add(r->yaml.problems, PROBLEM_INFO,
			(struct problem_place){.file = r->yaml.file, .field = "publish.attachments"},
			"publish: {page: true, attachments: false}", "%s",
			tr("the attachments will be on the public page, too",
				"вложения тоже будут на публичной странице"));
	json_array_foreach(rounds, index, round)
	{
		const struct folder_letter *letter = letter_of(r, round);
		if (letter != NULL && letter->file.data != NULL && letter != before)
			check_text(r, letter, round);
		before = letter;
	}
}
