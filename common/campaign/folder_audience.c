/* audience: whom; data: their figures. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "campaign/folder.h"

#define NAME_MAX_BYTES 40

static const char *const reserved[] = {
	"recipient", "contact", "campaign", "document", "deadline", "link", "sender", "ask", "round",
	"previous", "state", "controller", NULL};

static bool dataset_name_ok(const char *name)
{
	size_t len = strlen(name);
	if (len == 0 || len > NAME_MAX_BYTES || name[0] < 'a' || name[0] > 'z' ||
		strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != len)
		return false;
	for (size_t i = 0; reserved[i] != NULL; i++)
		if (strcmp(reserved[i], name) == 0)
			return false;
	return true;
}

/* {file: …, key: …, sheet: …, encoding: …, missing: …} or the file alone. */
static struct dataset *read_table(struct folder_reader *r, struct yaml_node *node, const char *path,
	bool keys_only, int *missing, int *by)
{
	static const char *const known[] = {"file", "key", "sheet", "encoding", "missing", "by", NULL};
	static const char *const without_by[] = {"file", "key", "sheet", "encoding", NULL};
	struct dataset_options options = {.keys_only = keys_only};
	const struct yaml_node *file = node;
	if (node->kind == YAML_MAP) {
		file = yaml_take(node, "file");
		options.key = folder_line(r, node, "key", path);
		options.sheet = folder_line(r, node, "sheet", path);
		options.encoding = folder_line(r, node, "encoding", path);
		const struct yaml_node *word = keys_only ? NULL : yaml_take(node, "missing");
		if (word != NULL)
			(void)yaml_as_choice(&r->yaml, word, path, audience_missing_words, missing);
		word = keys_only ? NULL : yaml_take(node, "by");
		if (word != NULL)
			(void)yaml_as_choice(&r->yaml, word, path, audience_by_words, by);
		options.by = keys_only ? BY_KEY : (enum audience_by)*by;
		yaml_unknown(node, r->yaml.file, path, keys_only ? without_by : known, r->yaml.problems);
		if (file == NULL) {
			folder_error(r, node, path, "file: monitoring.csv", "%s",
				tr("the file is missing", "не указан файл (file)"));
			return NULL;
		}
	}
	const char *name = NULL;
	if (!yaml_as_line(&r->yaml, file, path, &name))
		return NULL;
	char *inside = folder_inside(r, file, path);
	char *shown = folder_shown(r->folder, name);
	struct dataset *dataset =
		inside == NULL ? NULL : dataset_read(inside, shown, &options, r->yaml.problems);
	free(inside);
	free(shown);
	return dataset;
}

void folder_read_data(struct folder_reader *r)
{
	struct yaml_node *map = yaml_take(r->root, "data");
	json_t *datasets = json_array();
	json_object_set_new(r->folder->definition, "datasets", datasets);
	if (map == NULL || !yaml_as_map(&r->yaml, map, "data"))
		return;
	for (size_t i = 0; i < map->count; i++) {
		char *path = xasprintf("data.%.64s", map->key[i]);
		size_t n = json_array_size(datasets);
		int missing = MISSING_ERROR, by = BY_KEY;
		const struct yaml_node key = {
			.line = map->key_line[i], .column = map->key_column[i]};
		if (!dataset_name_ok(map->key[i])) {
			folder_error(r, &key, path, "monitoring", "%s",
				tr("a table's name: a–z, 0–9, «_», not one of recipient, contact, "
				   "campaign, document …",
					"имя таблицы: a–z, 0–9, «_», но не recipient, contact, "
					"campaign, document …"));
		} else if (n == AUDIENCE_DATASETS_MAX) {
			folder_error(r, &key, path, NULL,
				tr("more than %d tables", "больше %d таблиц"),
				AUDIENCE_DATASETS_MAX);
		} else {
			struct dataset *dataset =
				read_table(r, map->item[i], path, false, &missing, &by);
			json_t *columns = json_array();
			for (size_t c = 0; dataset != NULL && c < dataset->columns; c++)
				json_array_append_new(columns, json_string(dataset->column[c]));
			/* A table that could not be read keeps its place, so that the rest is
			 * checked too. */
			r->folder->dataset[n] = dataset;
			r->dataset_node[n] = map->item[i];
			json_array_append_new(datasets,
				json_pack("{s:s,s:s,s:o,s:s*}", "name", map->key[i], "missing",
					audience_missing_words[missing], "columns", columns, "by",
					by == BY_KEY ? NULL : audience_by_words[by]));
		}
		free(path);
	}
}

/* ---- audience ---------------------------------------------------------------------- */

/* A list of lines, or one line, as a JSON array. */
static const struct yaml_node *read_list(struct folder_reader *r, struct yaml_node *map,
	const char *key, const char *path, json_t *audience)
{
	const struct yaml_node *node = yaml_take(map, key);
	const char *text = NULL;
	if (node == NULL)
		return NULL;
	json_t *array = json_array();
	if (node->kind == YAML_SCALAR) {
		if (yaml_as_line(&r->yaml, node, path, &text))
			json_array_append_new(array, json_string(text));
	} else if (yaml_as_list(&r->yaml, node, path)) {
		for (size_t i = 0; i < node->count; i++)
			if (yaml_as_line(&r->yaml, node->item[i], path, &text))
				json_array_append_new(array, json_string(text));
		if (node->count == 0)
			folder_error(
				r, node, path, NULL, "%s", tr("an empty list", "пустой список"));
	}
	json_object_set_new(audience, key, array);
	return node;
}

/* "monitoring.registered" names a table and a column that are there? */
static bool begins(const char *field, size_t len, const char *word)
{
	return len == strlen(word) && strncmp(field, word, len) == 0;
}

/* previous.registered: asked then? answered, number and date are always there. */
static void check_previous(struct folder_reader *r, const struct yaml_node *place, const char *path,
	const char *name)
{
	static const char *const own[] = {"answered", "number", "date", NULL};
	const json_t *previous = json_object_get(r->folder->definition, "previous"), *field;
	size_t index;
	if (previous == NULL) {
		folder_error(r, place, path, "follows: flagships-2023", "%s",
			tr("there is no earlier campaign: say which one this follows",
				"прежней рассылки нет: укажите, какую эта продолжает (follows)"));
		return;
	}
	for (size_t i = 0; own[i] != NULL; i++)
		if (strcmp(own[i], name) == 0)
			return;
	struct buf hint;
	buf_init(&hint, 2000);
	(void)buf_puts(&hint, tr("there is: answered", "есть: answered"));
	json_array_foreach(json_object_get(previous, "fields"), index, field)
	{
		if (strcmp(json_string_value(field), name) == 0)
			break;
		(void)buf_printf(&hint, ", %s", json_string_value(field));
	}
	if (!r->previous_unknown && index == json_array_size(json_object_get(previous, "fields")))
		folder_error(r, place, path, buf_str(&hint),
			tr("the earlier campaign did not ask for «%.60s»", "прежняя рассылка не спрашивала «%.60s»"),
			name);
	buf_fini(&hint);
}

static void check_field(struct folder_reader *r, const struct yaml_node *place, const char *path,
	const char *field, bool round)
{
	const char *dot = strchr(field, '.');
	size_t len = (size_t)(dot - field), index;
	const json_t *item, *column;
	if (begins(field, len, "recipient"))
		return;
	if (begins(field, len, AUDIENCE_PREVIOUS)) {
		check_previous(r, place, path, dot + 1);
		return;
	}
	if (begins(field, len, AUDIENCE_STATE)) {
		if (!round && json_object_get(r->folder->definition, "previous") == NULL)
			folder_error(r, place, path, "follows: flagships-2023", "%s",
				tr("nobody has got or answered anything yet: say which campaign this follows",
					"ещё никто ничего не получал и не отвечал: укажите, какую рассылку эта "
					"продолжает (follows)"));
		return;
	}
	json_array_foreach(json_object_get(r->folder->definition, "datasets"), index, item)
	{
		const char *name = json_string_value(json_object_get(item, "name"));
		size_t c;
		if (strlen(name) != len || strncmp(name, field, len) != 0)
			continue;
		if (r->folder->dataset[index] == NULL)
			return; /* its own problem was said */
		json_array_foreach(json_object_get(item, "columns"), c,
			column) if (strcmp(json_string_value(column), dot + 1) == 0) return;
		struct buf hint;
		buf_init(&hint, 1000);
		(void)buf_puts(&hint, tr("columns: ", "столбцы: "));
		json_array_foreach(json_object_get(item, "columns"), c, column)(void)
			buf_printf(&hint, "%s%s", c == 0 ? "" : ", ", json_string_value(column));
		folder_error(r, place, path, buf_str(&hint),
			tr("the table %s has no column «%.60s»",
				"в таблице %s нет столбца «%.60s»"),
			name, dot + 1);
		buf_fini(&hint);
		return;
	}
	folder_error(r, place, path,
		tr("it begins with a table of `data` or with recipient",
			"поле начинается с имени таблицы из data или с recipient"),
		tr("unknown field «%.60s»", "неизвестное поле «%.60s»"), field);
}

static void read_where(struct folder_reader *r, struct yaml_node *map, const char *path, bool round,
	json_t *audience)
{
	const struct yaml_node *node = yaml_take(map, "where");
	const char *text = NULL;
	struct error e = {0};
	size_t at = 0;
	if (node == NULL || !yaml_as_line(&r->yaml, node, path, &text))
		return;
	/* Exact for a text on one line without escapes; the usual case. */
	struct yaml_node place = {
		.line = node->line, .column = node->column + (node->quoted ? 1 : 0)};
	struct expression *where = expression_parse(text, &at, &e);
	if (where == NULL) {
		place.column += (int)at;
		folder_error(r, &place, path, NULL, "%s", e.text);
		return;
	}
	size_t before = r->yaml.problems->errors;
	for (size_t i = 0; i < expression_fields(where); i++) {
		const char *field = expression_field(where, i, &at);
		struct yaml_node there = place;
		there.column += (int)at;
		check_field(r, &there, path, field, round);
	}
	expression_free(&where);
	if (r->yaml.problems->errors == before)
		folder_put(audience, "where", text);
}

static void default_roles(json_t *audience)
{
	if (json_array_size(json_object_get(audience, "roles")) == 0)
		json_object_set_new(audience, "roles", json_pack("[s]", "coordinator"));
}

json_t *folder_audience_json(struct folder_reader *r, struct yaml_node *map, const char *path)
{
	static const char *const known[] = {
		"kinds", "regions", "municipalities", "keys", "roles", "where", NULL};
	json_t *audience = json_object();
	if (map->kind == YAML_SCALAR && strcmp(map->text, "all") == 0) {
		default_roles(audience);
		return audience;
	}
	if (yaml_as_map(&r->yaml, map, path)) {
		for (size_t i = 0; strcmp(known[i], "where") != 0; i++) {
			char *place = xasprintf("%s.%s", path, known[i]);
			(void)read_list(r, map, known[i], place, audience);
			free(place);
		}
		char *place = xasprintf("%s.where", path);
		read_where(r, map, place, true, audience);
		free(place);
		yaml_unknown(map, r->yaml.file, path, known, r->yaml.problems);
	}
	default_roles(audience);
	return audience;
}

void folder_read_audience(struct folder_reader *r)
{
	static const char *const known[] = {
		"kinds", "regions", "municipalities", "keys", "list", "roles", "where", NULL};
	struct yaml_node *map = yaml_take(r->root, "audience");
	json_t *audience = json_object();
	json_object_set_new(r->folder->definition, "audience", audience);
	r->audience_node = map == NULL ? r->root : map;
	bool all = map != NULL && map->kind == YAML_SCALAR && strcmp(map->text, "all") == 0;
	if (map == NULL || (map->kind == YAML_MAP && map->count == 0)) {
		folder_error(r, r->audience_node, "audience",
			"audience: {kinds: [school]}, audience: all", "%s",
			tr("nobody is named as recipient", "не указано, кому"));
	} else if (!all && yaml_as_map(&r->yaml, map, "audience")) {
		r->kinds = read_list(r, map, "kinds", "audience.kinds", audience);
		r->regions = read_list(r, map, "regions", "audience.regions", audience);
		r->municipalities =
			read_list(r, map, "municipalities", "audience.municipalities", audience);
		r->keys = read_list(r, map, "keys", "audience.keys", audience);
		(void)read_list(r, map, "roles", "audience.roles", audience);
		read_where(r, map, "audience.where", false, audience);
		struct yaml_node *list = yaml_take(map, "list");
		if (list != NULL) {
			r->list_node = list;
			r->folder->list = read_table(r, list, "audience.list", true, NULL, NULL);
			json_object_set_new(audience, "list", json_true());
		}
		yaml_unknown(map, r->yaml.file, "audience", known, r->yaml.problems);
	}
	default_roles(audience);
}
