#include "campaign/audience.h"

#include <stdlib.h>
#include <string.h>

#include "base/lang.h"
#include "base/xalloc.h"

const char *const audience_missing_words[] = {"error", "skip", "empty", NULL};
const char *const audience_by_words[] = {"key", "region", "municipality", NULL};

/* ---- sets ------------------------------------------------------------------------ */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void string_set_init(struct string_set *set, const json_t *array)
{
	size_t n = json_array_size(array);
	*set = (struct string_set){.item = xcalloc(n + 1, sizeof(char *))};
	for (size_t i = 0; i < n; i++) {
		const char *text = json_string_value(json_array_get(array, i));
		if (text != NULL)
			set->item[set->count++] = xstrdup(text);
	}
	if (set->count > 1)
		qsort(set->item, set->count, sizeof *set->item, by_text);
}

void string_set_fini(struct string_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		free(set->item[i]);
	free(set->item);
	*set = (struct string_set){0};
}

bool string_set_has(const struct string_set *set, const char *text)
{
	return set->count > 0 && text != NULL &&
	       bsearch(&text, set->item, set->count, sizeof *set->item, by_text) != NULL;
}

/* ---- compiling ------------------------------------------------------------------- */

static int take_dataset(struct audience *audience, const json_t *item, struct error *e)
{
	const char *name = json_string_value(json_object_get(item, "name"));
	const char *missing = json_string_value(json_object_get(item, "missing"));
	if (name == NULL || audience->datasets == AUDIENCE_DATASETS_MAX)
		return error_set(e, ERROR_INTERNAL, "definition: bad datasets");
	struct audience_dataset *dataset = &audience->dataset[audience->datasets++];
	dataset->name = xstrdup(name);
	for (int i = 0; missing != NULL && audience_missing_words[i] != NULL; i++)
		if (strcmp(audience_missing_words[i], missing) == 0)
			dataset->missing = (enum audience_missing)i;
	const char *by = json_string_value(json_object_get(item, "by"));
	for (int i = 0; by != NULL && audience_by_words[i] != NULL; i++)
		if (strcmp(audience_by_words[i], by) == 0)
			dataset->by = (enum audience_by)i;
	dataset->empty = json_object();
	size_t index;
	const json_t *column;
	json_array_foreach(json_object_get(item, "columns"), index, column)
		json_object_set_new(dataset->empty, json_string_value(column), json_string(""));
	return 0;
}

static bool begins(const char *path, size_t len, const char *word)
{
	return len == strlen(word) && strncmp(path, word, len) == 0;
}

static int take_field(
	struct audience *audience, const char *path, struct audience_field *field, struct error *e)
{
	static const struct {
		const char *word;
		enum audience_source source;
	} fixed[] = {{"recipient", SOURCE_RECIPIENT}, {AUDIENCE_PREVIOUS, SOURCE_PREVIOUS},
		{AUDIENCE_STATE, SOURCE_STATE}};
	const char *dot = strchr(path, '.');
	size_t len = (size_t)(dot - path);
	field->name = xstrdup(dot + 1);
	for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
		if (begins(path, len, fixed[i].word)) {
			field->source = fixed[i].source;
			audience->reads_states = audience->reads_states || field->source == SOURCE_STATE;
			return 0;
		}
	for (size_t i = 0; i < audience->datasets; i++)
		if (begins(path, len, audience->dataset[i].name)) {
			field->source = SOURCE_DATASET;
			field->dataset = i;
			return 0;
		}
	return error_set(e, ERROR_INTERNAL,
		"definition: the condition reads «%.100s», which is not there", path);
}

static int take_where(struct audience *audience, const char *where, struct error *e)
{
	size_t at;
	audience->where = expression_parse(where, &at, e);
	if (audience->where == NULL)
		return error_context(e, "audience.where");
	size_t n = expression_fields(audience->where);
	audience->field = xcalloc(n, sizeof *audience->field);
	audience->fields = n;
	for (size_t i = 0; i < n; i++)
		if (take_field(audience, expression_field(audience->where, i, NULL),
			    &audience->field[i], e) != 0)
			return -1;
	return 0;
}

/* Every field of the previous ask is there, be it empty: templates are strict. */
static void take_previous(struct audience *audience, const json_t *definition)
{
	const json_t *previous = json_object_get(definition, "previous"), *name;
	const char *slug = json_string_value(json_object_get(previous, "campaign"));
	size_t index;
	if (slug == NULL)
		return;
	audience->previous = xstrdup(slug);
	audience->previous_empty = json_object();
	json_array_foreach(json_object_get(previous, "fields"), index, name)
		json_object_set_new(audience->previous_empty, json_string_value(name), json_string(""));
	static const char *const own[] = {"number", "date"};
	for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
		const char *text = json_string_value(json_object_get(previous, own[i]));
		json_object_set_new(
			audience->previous_empty, own[i], json_string(text == NULL ? "" : text));
	}
	json_object_set_new(audience->previous_empty, "answered", json_string(""));
}

int audience_init(
	struct audience *audience, const json_t *definition, const json_t *filter, struct error *e)
{
	*audience = (struct audience){.own_states = filter != NULL};
	const json_t *item;
	size_t index;
	if (filter == NULL)
		filter = json_object_get(definition, "audience");
	string_set_init(&audience->kinds, json_object_get(filter, "kinds"));
	string_set_init(&audience->regions, json_object_get(filter, "regions"));
	string_set_init(&audience->municipalities, json_object_get(filter, "municipalities"));
	string_set_init(&audience->keys, json_object_get(filter, "keys"));
	string_set_init(&audience->roles, json_object_get(filter, "roles"));
	audience->listed = json_is_true(json_object_get(filter, "list"));
	audience->to = json_is_true(json_object_get(filter, "to"));
	audience->by_key = audience->listed || audience->keys.count > 0;
	take_previous(audience, definition);
	json_array_foreach(json_object_get(definition, "datasets"), index, item)
		if (take_dataset(audience, item, e) != 0)
			return -1;
	const char *where = json_string_value(json_object_get(filter, "where"));
	return where == NULL ? 0 : take_where(audience, where, e);
}

void audience_fini(struct audience *audience)
{
	string_set_fini(&audience->kinds);
	string_set_fini(&audience->regions);
	string_set_fini(&audience->municipalities);
	string_set_fini(&audience->keys);
	string_set_fini(&audience->roles);
	expression_free(&audience->where);
	free(audience->previous);
	json_decref(audience->previous_empty);
	for (size_t i = 0; i < audience->fields; i++)
		free(audience->field[i].name);
	free(audience->field);
	for (size_t i = 0; i < audience->datasets; i++) {
		free(audience->dataset[i].name);
		json_decref(audience->dataset[i].empty);
	}
	*audience = (struct audience){0};
}
