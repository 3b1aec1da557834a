/* Is this about the person, and what stands there instead. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "calendar/fold.h"
#include "person/inside.h"

#define TEXT_MAX_BYTES ((size_t)64 * 1024 * 1024)

static bool name_counts(const struct person *person, const char *of, bool strict)
{
	if (person->name == NULL)
		return false;
	if (person->organisation == NULL)
		return !strict;
	return strcmp(of, person->organisation) == 0 || (!strict && of[0] == '\0');
}

bool match_text(const struct person *person, const char *of, bool strict, const char *text)
{
	size_t len;
	if (text == NULL)
		return false;
	if (person->address != NULL && fold_find(text, person->address, &len) != NULL)
		return true;
	return name_counts(person, of, strict) && fold_find(text, person->name, &len) != NULL;
}

bool match_own(const struct person *person, const struct source *source, const struct row *row, bool strict)
{
	bool by_name = name_counts(person, row->organisation, strict);
	size_t len;
	for (size_t i = 0; source->rules[i] != '\0'; i++) {
		const char *value = row->values[i];
		char rule = source->rules[i];
		if (value == NULL)
			continue;
		if ((rule == 'a' || rule == 'A') && person->address != NULL && strcasecmp(value, person->address) == 0)
			return true;
		if ((rule == 'p' || rule == 'P') && by_name && fold_find(value, person->name, &len) != NULL)
			return true;
	}
	return false;
}

/* ---- replacing --------------------------------------------------------------------------- */

static char *replace(char *text, const char *word, const char *mark)
{
	struct buf out;
	size_t len;
	const char *at = text, *found = fold_find(at, word, &len);
	if (found == NULL)
		return text;
	buf_init(&out, TEXT_MAX_BYTES);
	for (; found != NULL; found = fold_find(at, word, &len)) {
		(void)buf_append(&out, at, (size_t)(found - at));
		(void)buf_puts(&out, mark);
		at = found + len;
	}
	(void)buf_puts(&out, at);
	free(text);
	text = xstrdup(buf_str(&out));
	buf_fini(&out);
	return text;
}

/* text is taken over. */
static char *erase_words(const struct person *person, const char *of, char *text)
{
	if (person->address != NULL)
		text = replace(text, person->address, PERSON_MARK);
	if (name_counts(person, of, true))
		text = replace(text, person->name, PERSON_MARK);
	return text;
}

struct erasing {
	const struct person *person;
	const char *of;
	bool own;
};

/* all: everything below is the contact of his own row. New reference. */
static json_t *erase_value(const struct erasing *e, json_t *value, bool all)
{
	size_t i;
	const char *name;
	json_t *member, *out;
	if (json_is_string(value)) {
		if (all)
			return json_string(PERSON_MARK);
		char *text = erase_words(e->person, e->of, xstrdup(json_string_value(value)));
		out = json_string(text);
		free(text);
		return out;
	}
	if (json_is_array(value)) {
		out = json_array();
		json_array_foreach(value, i, member)
			json_array_append_new(out, erase_value(e, member, all));
		return out;
	}
	if (!json_is_object(value))
		return json_incref(value);
	out = json_object();
	json_object_foreach(value, name, member)
		json_object_set_new(out, name, erase_value(e, member, all || (e->own && strncmp(name, "contact", 7) == 0)));
	return out;
}

static char *erase_json(const struct erasing *e, char *text)
{
	json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
	if (value == NULL)
		return erase_words(e->person, e->of, text);
	json_t *mended = erase_value(e, value, false);
	char *out = json_equal(value, mended) ? xstrdup(text) : json_dumps(mended, JSON_COMPACT | JSON_ENCODE_ANY);
	json_decref(value);
	json_decref(mended);
	free(text);
	return out;
}

static char *instead(const struct erasing *e, char rule, char *value)
{
	if (value == NULL || rule == '-')
		return value;
	if (rule == 'j')
		return erase_json(e, value);
	if (rule == 'm' || (!e->own && rule != 'r'))
		return erase_words(e->person, e->of, value);
	free(value);
	return rule == 'a' ? xstrdup(PERSON_MARK_ADDRESS) : rule == 'P' ? xstrdup(PERSON_MARK) : NULL;
}

bool match_erase(const struct person *person, const struct source *source, struct row *row)
{
	const struct erasing e = {person, row->organisation, match_own(person, source, row, true)};
	bool changed = false;
	for (size_t i = 0; source->rules[i] != '\0'; i++) {
		char *before = row->values[i] == NULL ? NULL : xstrdup(row->values[i]);
		row->values[i] = instead(&e, source->rules[i], row->values[i]);
		changed = changed || (before != NULL && (row->values[i] == NULL || strcmp(before, row->values[i]) != 0));
		free(before);
	}
	return changed;
}
