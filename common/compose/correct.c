/* The folder of a campaign under way with other words. */
#include <stdlib.h>
#include <string.h>

#include "base/lang.h"
#include "base/xalloc.h"
#include "compose/compose_inside.h"

#define CORRECTION "correction-from-the-console.md"

static const struct yaml_node *member(const struct yaml_node *map, const char *key)
{
	for (size_t i = 0; map != NULL && map->kind == YAML_MAP && i < map->count; i++)
		if (strcmp(map->key[i], key) == 0)
			return map->item[i];
	return NULL;
}

static const char *scalar(const struct yaml_node *node)
{
	return node != NULL && node->kind == YAML_SCALAR ? node->text : NULL;
}

static void put_part(struct parts *parts, const char *name, const char *text)
{
	for (size_t i = 0; i < parts->count; i++)
		if (strcmp(parts->item[i].name, name) == 0) {
			free(parts->item[i].data);
			parts->item[i].data = xstrdup(text);
			parts->item[i].len = strlen(text);
			return;
		}
	parts_add(parts, name, xstrdup(text), strlen(text));
}

/* Where a line that names `letters` at the left edge (or "letters" in one long line) begins its value. */
static const char *letters_value(const char *yaml)
{
	for (const char *at = yaml; (at = strstr(at, "letters")) != NULL; at++) {
		const char *value = at + strlen("letters");
		bool edge = at == yaml || at[-1] == '\n', quoted = at > yaml && at[-1] == '"' && *value == '"';
		if (!edge && !quoted)
			continue;
		value += quoted;
		value += strspn(value, " ");
		if (*value == ':')
			return value + 1;
	}
	return NULL;
}

/* `correction: …` among the letters, whichever way they are written. The caller frees; NULL: it is not seen how. */
static char *with_correction(const char *yaml)
{
	const char *value = letters_value(yaml);
	if (value == NULL)
		return xasprintf("%s\nletters: {first: letter.md, correction: %s}\n", yaml, CORRECTION);
	const char *brace = value + strspn(value, " \t\r\n");
	if (*brace == '{') {
		int before = (int)(brace + 1 - yaml);
		return xasprintf("%.*s\"correction\": \"%s\", %s", before, yaml, CORRECTION, brace + 1);
	}
	const char *line = strchr(value, '\n');
	if (line == NULL || line[1 + strspn(line + 1, " ")] == '#')
		return NULL;
	int before = (int)(line + 1 - yaml), indent = (int)strspn(line + 1, " ");
	return indent == 0 ? NULL : xasprintf("%.*s%*scorrection: %s\n%s", before, yaml, indent, "", CORRECTION, line + 1);
}

static int mend(struct parts *parts, const char *first, const char *correction, struct problems *problems, struct error *e)
{
	struct yaml_node *root = yaml_load_text(COMPOSE_YAML, parts->yaml, parts->yaml_len, problems);
	const struct yaml_node *letters = member(root, "letters");
	const char *own = scalar(member(letters, "correction")), *letter = scalar(member(letters, "first"));
	int rc = root == NULL ? error_set(e, ERROR_INTERNAL, "the stored campaign.yaml is damaged") : 0;
	if (rc == 0 && first != NULL)
		put_part(parts, letter == NULL ? "letter.md" : letter, first);
	if (rc == 0)
		put_part(parts, own == NULL ? CORRECTION : own, correction);
	char *yaml = rc == 0 && own == NULL ? with_correction(parts->yaml) : NULL;
	if (rc == 0 && own == NULL && yaml == NULL)
		rc = error_set(e, ERROR_INPUT, "%s",
			tr("the letters of this campaign are written in a way that only a ZIP of its folder can mend",
				"письма этой рассылки заданы так, что исправить их можно только архивом ZIP с её папкой"));
	if (yaml != NULL) {
		free(parts->yaml);
		parts->yaml = yaml;
		parts->yaml_len = strlen(yaml);
	}
	yaml_node_free(&root);
	return rc;
}

struct campaign_folder *compose_correct_text(struct db *db, const struct settings *settings, const char *campaign,
	const char *first, const char *correction, struct problems *problems, struct error *e)
{
	struct parts parts = {0};
	struct campaign_folder *folder = NULL;
	if (parts_of_campaign(db, settings, campaign, &parts, problems, e) == 0 && mend(&parts, first, correction, problems, e) == 0)
		folder = compose_load_parts(db, settings, &parts, problems, e);
	parts_fini(&parts);
	return folder;
}
