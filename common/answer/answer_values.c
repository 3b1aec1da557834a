/* Answers side by side: what one adds to another, what it changes, who says it. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "answer/answer.h"
#include "answer/answer_inside.h"
#include "answer/field_inside.h"
#include "table/table.h"

bool answer_way_completes(enum answer_way way)
{
	return way != ANSWER_FORM && way != ANSWER_SHEET && way != ANSWER_CASCADE;
}

json_t *answer_compact(const json_t *said)
{
	json_t *out = json_object();
	const char *name;
	json_t *value;
	json_object_foreach(field_loose(said), name, value)
		if (!field_empty(value))
			(void)json_object_set_new(out, name, json_deep_copy(value));
	return out;
}

json_t *answer_merge(const json_t *base, const json_t *said)
{
	json_t *out = answer_compact(base);
	const char *name;
	json_t *value;
	json_object_foreach(field_loose(said), name, value) {
		if (field_empty(value))
			(void)json_object_del(out, name);
		else
			(void)json_object_set_new(out, name, json_deep_copy(value));
	}
	return out;
}

bool answer_changes(const json_t *before, const json_t *now)
{
	const char *name;
	json_t *value;
	json_object_foreach(field_loose(before), name, value) {
		const json_t *other = json_object_get(now, name);
		if (!field_empty(value) && !json_equal(value, field_loose(other)))
			return true;
	}
	return false;
}

static bool given(const char *text)
{
	return text != NULL && text[0] != '\0';
}

/* «Иванова М. П.» and «иванова м.п.» */
static bool same_name(const char *a, const char *b)
{
	char *left = table_title_key(a), *right = table_title_key(b);
	bool same = left[0] != '\0' && strcmp(left, right) == 0;
	free(left);
	free(right);
	return same;
}

bool answer_same_person(const struct answer *a, const struct answer_row *b)
{
	if (given(a->address) && given(b->address) && strcasecmp(a->address, b->address) == 0)
		return true;
	if (given(a->name) && given(b->name))
		return same_name(a->name, b->name);
	bool nameless = !given(a->name) && !given(b->name) && !given(a->address) && !given(b->address);
	return nameless && given(a->actor) && given(b->actor) && strcmp(a->actor, b->actor) == 0;
}

void answer_name_files(const struct fields *fields, json_t *values, const struct answer_file *file,
	size_t files)
{
	for (size_t i = 0; i < files; i++) {
		const struct field *field = file[i].field == NULL ? NULL : fields_find(fields, file[i].field);
		if (field == NULL || field->type != FIELD_FILE)
			continue;
		json_t *names = json_object_get(values, field->name);
		if (!json_is_array(names)) {
			names = json_array();
			(void)json_object_set_new(values, field->name, names);
		}
		bool there = false;
		for (size_t k = 0; k < json_array_size(names); k++) {
			const char *name = json_string_value(json_array_get(names, k));
			there = there || (name != NULL && strcmp(name, file[i].name) == 0);
		}
		if (!there)
			(void)json_array_append_new(names, json_string(file[i].name));
	}
}
