/* The texts: those `letters` and stages name, and ours where nothing is named. */
#include <stdlib.h>
#include <string.h>

#include "base/gate.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "campaign/compile.h"
#include "campaign/folder.h"

#define LETTERS_MOST 2000 /* a road map has one or two a step */

/* The line of the first byte that is not UTF-8. */
static int bad_line(const char *text, size_t len)
{
	int line = 1;
	size_t from = 0;
	for (size_t i = 0; i <= len; i++)
		if (i == len || text[i] == '\n') {
			if (!gate_utf8(text + from, i - from))
				return line;
			from = i + 1;
			line++;
		}
	return 1;
}

static bool is_text(struct folder_reader *r, const struct folder_file *file)
{
	if (gate_utf8(file->data, file->len) && memchr(file->data, '\0', file->len) == NULL)
		return true;
	problem_add(r->yaml.problems, PROBLEM_ERROR,
		(struct problem_place){.file = file->name, .line = bad_line(file->data, file->len)},
		NULL, "%s",
		tr("this is not UTF-8: save the file in the encoding UTF-8",
			"это не UTF-8: сохраните файл в кодировке UTF-8"));
	return false;
}

struct folder_letter *folder_letter_find(const struct campaign_folder *folder, const char *name)
{
	for (size_t i = 0; i < folder->letters_count; i++)
		if (strcmp(folder->letters[i].name, name) == 0)
			return &folder->letters[i];
	return NULL;
}

static struct folder_letter *add_letter(struct campaign_folder *folder, const char *name)
{
	folder->letters = xrealloc(folder->letters, folder->letters_count + 1, sizeof *folder->letters);
	struct folder_letter *letter = &folder->letters[folder->letters_count++];
	*letter = (struct folder_letter){.name = xstrdup(name)};
	return letter;
}

/* Without data when the file is not good: the problem was said, and what refers to it stands. */
static void read_letter(struct folder_reader *r, const struct yaml_node *node, const char *name, const char *path)
{
	struct folder_file file = {0};
	const char *text = NULL;
	if (!yaml_as_line(&r->yaml, node, path, &text))
		return;
	struct folder_letter *letter = add_letter(r->folder, name);
	letter->node = node;
	if (!folder_load_file(r, node, path, MARKDOWN_MAX_BYTES, &file))
		return;
	file.name = folder_shown(r->folder, text);
	if (file.len >= 3 && memcmp(file.data, "\xef\xbb\xbf", 3) == 0) {
		file.len -= 3; /* Notepad's mark */
		memmove(file.data, file.data + 3, file.len + 1);
	}
	if (is_text(r, &file))
		letter->file = file;
	else
		folder_file_fini(&file);
}

/* Names of a reminder's own text and of stages are people's; the rest are fixed. */
static bool name_ok(const char *name)
{
	size_t len = strlen(name);
	return len > 0 && len <= 40 && name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-")] == '\0';
}

static bool named_by_reminder(const struct folder_reader *r, const char *name)
{
	for (size_t i = 0; i < r->ask.reminds; i++)
		if (r->ask.remind_letter[i] != NULL && strcmp(r->ask.remind_letter[i], name) == 0)
			return true;
	return false;
}

static bool named_by_stage(const struct folder_reader *r, const char *name)
{
	const struct yaml_node *root = r->root;
	for (size_t i = 0; i < root->count; i++) {
		if (strcmp(root->key[i], "stages") != 0 || root->item[i]->kind != YAML_LIST)
			continue;
		for (size_t k = 0; k < root->item[i]->count; k++) {
			const struct yaml_node *stage = root->item[i]->item[k];
			for (size_t n = 0; stage->kind == YAML_MAP && n < stage->count; n++)
				if (strcmp(stage->key[n], "letter") == 0 && stage->item[n]->kind == YAML_SCALAR &&
					strcmp(stage->item[n]->text, name) == 0)
					return true;
		}
	}
	return false;
}

void folder_read_letters(struct folder_reader *r)
{
	static const char *const known[] = {"first", "reminder", "collect", "collect_reminder",
		"acknowledge", "correction", "recall", "postponed", NULL};
	struct yaml_node *map = yaml_take(r->root, "letters");
	bool stages = false;
	for (size_t i = 0; i < r->root->count; i++)
		stages = stages || strcmp(r->root->key[i], "stages") == 0;
	if (map == NULL) {
		if (!stages)
			folder_error(r, r->root, "letters", "letters: {first: letter.md}", "%s",
				tr("there is no letter", "нет письма"));
		return;
	}
	if (!yaml_as_map(&r->yaml, map, "letters"))
		return;
	r->letters_node = map;
	for (size_t i = 0; known[i] != NULL; i++) {
		const struct yaml_node *node = yaml_take(map, known[i]);
		char *path = xasprintf("letters.%s", known[i]);
		if (node != NULL)
			read_letter(r, node, known[i], path);
		else if (i == 0 && !stages)
			folder_error(r, map, path, "first: letter.md", "%s",
				tr("there is no first letter", "нет первого письма"));
		free(path);
	}
	for (size_t i = 0; i < map->count; i++) {
		if (map->used[i] || !name_ok(map->key[i]) ||
			(!named_by_reminder(r, map->key[i]) && !named_by_stage(r, map->key[i])))
			continue;
		char *path = xasprintf("letters.%s", map->key[i]);
		map->used[i] = true;
		read_letter(r, map->item[i], map->key[i], path);
		free(path);
	}
	yaml_unknown(map, r->yaml.file, "letters", known, r->yaml.problems);
	for (size_t i = 0; i < r->ask.reminds; i++)
		if (r->ask.remind_letter[i] != NULL &&
			folder_letter_find(r->folder, r->ask.remind_letter[i]) == NULL)
			folder_error(r, r->ask.remind_node[i], "ask.remind", "letters: {last: last.md}",
				tr("`letters` has no text «%.60s»", "в letters нет текста «%.60s»"),
				r->ask.remind_letter[i]);
}

const char *folder_stage_letter(struct folder_reader *r, const struct yaml_node *node, const char *path)
{
	const char *text = NULL;
	if (!yaml_as_line(&r->yaml, node, path, &text))
		return NULL;
	struct folder_letter *letter = folder_letter_find(r->folder, text);
	if (letter == NULL && r->folder->letters_count < LETTERS_MOST) {
		read_letter(r, node, text, path);
		letter = folder_letter_find(r->folder, text);
	}
	return letter == NULL ? NULL : letter->name;
}

const char *campaign_standard_letter(const char *kind, enum lang lang)
{
	return folder_standard_text(kind, lang == LANG_RU);
}

void folder_standard_letter(struct folder_reader *r, const char *name, const char *kind)
{
	const char *lang = json_string_value(json_object_get(r->folder->definition, "lang"));
	const char *text = folder_standard_text(kind, lang == NULL || strcmp(lang, "en") != 0);
	if (text == NULL || folder_letter_find(r->folder, name) != NULL)
		return;
	struct folder_letter *letter = add_letter(r->folder, name);
	letter->standard = true;
	letter->file = (struct folder_file){
		.name = xasprintf("(%s)", kind), .data = xstrdup(text), .len = strlen(text)};
	ident_hash(letter->file.data, letter->file.len, letter->file.hash);
}
