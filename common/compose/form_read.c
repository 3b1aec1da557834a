/* campaign.yaml → the form, if the form can say all of it: an earlier campaign, a folder that came as ZIP.
 * What it cannot (rounds, stages, a reminder with a text of its own) leaves the text as it is. */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "compose/compose_inside.h"

static const struct yaml_node *under(const struct yaml_node *map, const char *key)
{
	for (size_t i = 0; map != NULL && map->kind == YAML_MAP && i < map->count; i++)
		if (strcmp(map->key[i], key) == 0)
			return map->item[i];
	return NULL;
}

static json_t *text_of(const struct yaml_node *node)
{
	if (node->kind != YAML_SCALAR)
		return NULL;
	return json_string(yaml_is_null(node) ? "" : node->text);
}

static json_t *flag_of(const struct yaml_node *node)
{
	static const char *const yes[] = {"true", "yes", "on", "да", NULL}, *const no[] = {"false", "no", "off", "нет", NULL};
	for (size_t i = 0; node->kind == YAML_SCALAR && yes[i] != NULL; i++)
		if (strcmp(node->text, yes[i]) == 0 || strcmp(node->text, no[i]) == 0)
			return json_boolean(strcmp(node->text, yes[i]) == 0);
	return NULL;
}

static json_t *map_of(const struct yaml_node *node, const struct form_member *members);

/* One line may stand for a list of one. */
static json_t *lines_of(const struct yaml_node *node)
{
	json_t *list = json_array();
	bool good = node->kind != YAML_MAP;
	for (size_t i = 0; good && i < (node->kind == YAML_LIST ? node->count : 1); i++) {
		json_t *one = text_of(node->kind == YAML_LIST ? node->item[i] : node);
		good = one != NULL;
		if (good)
			json_array_append_new(list, one);
	}
	if (good)
		return list;
	json_decref(list);
	return NULL;
}

/* A row that is only a word: an attachment is its file. */
static json_t *row_of(const struct yaml_node *node, const struct form_member *members)
{
	if (node->kind == YAML_MAP)
		return map_of(node, members);
	if (node->kind == YAML_SCALAR && strcmp(members->name, "file") == 0)
		return json_pack("{s:s}", "file", node->text);
	return NULL;
}

static json_t *rows_of(const struct yaml_node *node, const struct form_member *members)
{
	json_t *list = json_array();
	bool good = node->kind == YAML_LIST && node->count <= FORM_ROWS_MAX;
	for (size_t i = 0; good && i < node->count; i++) {
		json_t *row = row_of(node->item[i], members);
		good = row != NULL;
		if (good)
			json_array_append_new(list, row);
	}
	if (good)
		return list;
	json_decref(list);
	return NULL;
}

static json_t *value_of(const struct yaml_node *node, const struct form_member *member)
{
	switch (member->kind) {
	case FORM_LINE:
	case FORM_TEXT:
		return text_of(node);
	case FORM_FLAG:
	case FORM_FLAG_ON:
		return flag_of(node);
	case FORM_LINES:
		return lines_of(node);
	case FORM_MAPS:
		return rows_of(node, member->members);
	case FORM_MAP:
		if (node->kind == YAML_SCALAR && (strcmp(member->name, "from") == 0 || strcmp(member->name, "list") == 0))
			return json_pack("{s:s}", member->name[0] == 'f' ? "address" : "file", node->text);
		return map_of(node, member->members);
	case FORM_TEXTS:
		return NULL;
	}
	return NULL;
}

/* Members of pages, not of the file. */
static bool ours_alone(const struct form_member *members, const char *name)
{
	return strcmp(name, "wanted") == 0 || strcmp(name, "yaml") == 0 || strcmp(name, "texts") == 0 ||
	       (members == form_member_of("audience")->members &&
		       (strcmp(name, "conditions") == 0 || strcmp(name, "any") == 0 || strcmp(name, "everybody") == 0));
}

static json_t *map_of(const struct yaml_node *node, const struct form_member *members)
{
	json_t *map = json_object();
	bool good = node->kind == YAML_MAP;
	for (size_t i = 0; good && i < node->count; i++) {
		const struct form_member *m = members;
		while (m->name != NULL && strcmp(m->name, node->key[i]) != 0)
			m++;
		good = m->name != NULL && !ours_alone(members, m->name);
		if (!good || (yaml_is_null(node->item[i]) && m->kind != FORM_LINE))
			continue;
		json_t *value = value_of(node->item[i], m);
		good = value != NULL;
		if (good)
			json_object_set_new(map, m->name, value);
	}
	if (good)
		return map;
	json_decref(map);
	return NULL;
}

static json_t *tables_of(const struct yaml_node *node)
{
	const struct form_member *members = form_member_of("data")->members;
	json_t *list = json_array();
	bool good = node->kind == YAML_MAP;
	for (size_t i = 0; good && i < node->count; i++) {
		const struct yaml_node *item = node->item[i];
		json_t *row = item->kind == YAML_SCALAR ? json_pack("{s:s}", "file", item->text) : map_of(item, members);
		good = row != NULL && json_object_get(row, "name") == NULL;
		if (good) {
			json_object_set_new(row, "name", json_string(node->key[i]));
			json_array_append(list, row);
		}
		json_decref(row);
	}
	if (good)
		return list;
	json_decref(list);
	return NULL;
}

static json_t *audience_of(const struct yaml_node *node)
{
	if (node->kind == YAML_SCALAR && strcmp(node->text, "all") == 0)
		return json_pack("{s:b}", "everybody", 1);
	json_t *audience = map_of(node, form_member_of("audience")->members);
	/* Nothing but whom to address, or a condition, means all of them. */
	static const char *const narrow[] = {"kinds", "regions", "municipalities", "keys", "list"};
	bool everybody = audience != NULL;
	for (size_t i = 0; i < sizeof narrow / sizeof narrow[0]; i++)
		everybody = everybody && json_object_get(audience, narrow[i]) == NULL;
	if (everybody)
		json_object_set_new(audience, "everybody", json_true());
	return audience;
}

/* {"first": "letter.md"}; NULL: a name the form has no place for. */
static json_t *files_of_letters(const struct yaml_node *node)
{
	json_t *letters = json_object();
	bool good = node->kind == YAML_MAP;
	for (size_t i = 0; good && i < node->count; i++) {
		good = form_letter_file(node->key[i]) != NULL && node->item[i]->kind == YAML_SCALAR;
		if (good)
			json_object_set_new(letters, node->key[i], json_string(node->item[i]->text));
	}
	if (good)
		return letters;
	json_decref(letters);
	return NULL;
}

static bool take(json_t *form, const char *key, const struct yaml_node *node, char **slug, json_t **letters)
{
	json_t *value;
	if (strcmp(key, "campaign") == 0) {
		if (slug != NULL && node->kind == YAML_SCALAR && *slug == NULL)
			*slug = xstrdup(node->text);
		return node->kind == YAML_SCALAR;
	}
	if (strcmp(key, "letters") == 0)
		return (*letters = files_of_letters(node)) != NULL;
	if (strcmp(key, "data") == 0) {
		value = tables_of(node);
	} else if (strcmp(key, "audience") == 0) {
		value = audience_of(node);
	} else {
		const struct form_member *member = form_member_of(key);
		value = member == NULL || strchr(key, '.') != NULL || ours_alone(form_members, key) ? NULL : value_of(node, member);
	}
	if (value != NULL)
		json_object_set_new(form, key, value);
	return value != NULL;
}

json_t *form_of_yaml(const struct yaml_node *root, char **slug, json_t **letters)
{
	json_t *form = json_object();
	bool good = root->kind == YAML_MAP;
	*letters = NULL;
	if (slug != NULL)
		*slug = NULL;
	for (size_t i = 0; good && i < root->count; i++)
		good = yaml_is_null(root->item[i]) || take(form, root->key[i], root->item[i], slug, letters);
	good = good && *letters != NULL;
	if (good && under(root, "ask") == NULL)
		json_object_set_new(form, "ask", json_pack("{s:b}", "wanted", 0));
	/* An empty number is written again by itself. */
	if (good)
		return form;
	json_decref(form);
	json_decref(*letters);
	*letters = NULL;
	if (slug != NULL && *slug == NULL) {
		const struct yaml_node *node = under(root, "campaign");
		if (node != NULL && node->kind == YAML_SCALAR)
			*slug = xstrdup(node->text);
	}
	return NULL;
}
