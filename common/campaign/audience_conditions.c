/* Is an organisation in the audience, and why. */
#include <stdlib.h>
#include <string.h>

#include "base/lang.h"
#include "base/xalloc.h"
#include "campaign/audience_batch.h"

bool audience_set_allows(const struct string_set *set, const char *text)
{
	return set->count == 0 || string_set_has(set, text);
}

json_t *audience_figures(struct figures *figures)
{
	const char *text = figures->text != NULL ? figures->text : figures->borrowed;
	if (figures->json == NULL && text != NULL)
		figures->json = json_loads(text, 0, NULL);
	return figures->json;
}

json_t *audience_extra(struct organisation *o)
{
	if (o->extra == NULL && o->extra_text != NULL)
		o->extra = json_loads(o->extra_text, 0, NULL);
	return o->extra;
}

struct lookup {
	const struct audience *audience;
	struct organisation *organisation;
};

static const char *extra_value(struct organisation *o, const char *name)
{
	const char *key;
	json_t *value;
	const char *direct = json_string_value(json_object_get(audience_extra(o), name));
	if (direct != NULL)
		return direct;
	json_object_foreach(o->extra, key, value)
	{
		char *field = dataset_field_name(key);
		bool same = strcmp(field, name) == 0;
		free(field);
		if (same)
			return json_string_value(value);
	}
	return NULL;
}

static const char *recipient_value(struct organisation *o, const char *name)
{
	const struct {
		const char *name, *value;
	} own[] = {{"key", o->key}, {"name", o->name}, {"kind", o->kind}, {"region", o->region},
		{"municipality", o->municipality}, {"zone", o->zone}};
	for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
		if (strcmp(own[i].name, name) == 0)
			return own[i].value;
	return extra_value(o, name);
}

static const char *state_value(const struct organisation *o, const char *name)
{
	const struct {
		const char *name;
		bool value;
	} states[] = {{"answered", o->answered}, {"acknowledged", o->acknowledged},
		{"delivered", o->delivered}};
	for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
		if (strcmp(states[i].name, name) == 0)
			return states[i].value ? "1" : "";
	return "";
}

static const char *field_value(void *arg, size_t index)
{
	const struct lookup *lookup = arg;
	const struct audience_field *field = &lookup->audience->field[index];
	if (field->source == SOURCE_RECIPIENT)
		return recipient_value(lookup->organisation, field->name);
	if (field->source == SOURCE_STATE)
		return state_value(lookup->organisation, field->name);
	if (field->source == SOURCE_PREVIOUS)
		return json_string_value(json_object_get(lookup->organisation->previous, field->name));
	return json_string_value(json_object_get(
		audience_figures(&lookup->organisation->figures[field->dataset]), field->name));
}

bool audience_inside(const struct audience *a, struct organisation *o)
{
	if (o->outside)
		return false;
	if (a->by_key && !o->listed && !string_set_has(&a->keys, o->key))
		return false;
	for (size_t d = 0; d < a->datasets; d++)
		if (a->dataset[d].missing == MISSING_SKIP && o->figures[d].text == NULL &&
			o->figures[d].borrowed == NULL)
			return false;
	struct lookup lookup = {a, o};
	return a->where == NULL || expression_true(a->where, field_value, &lookup);
}

/* ---- why --------------------------------------------------------------------------------- */

static void say(struct buf *out, bool holds, const char *condition, const char *value)
{
	(void)buf_printf(out, "%s %s: «%s»\n", holds ? "+" : "–", condition, value == NULL ? "" : value);
}

static void say_set(struct buf *out, const struct string_set *set, const char *name, const char *value)
{
	if (set->count > 0)
		say(out, audience_set_allows(set, value), name, value);
}

void audience_explain(const struct audience *a, struct organisation *o, struct buf *out)
{
	say_set(out, &a->kinds, "kinds", o->kind);
	say_set(out, &a->regions, "regions", o->region);
	say_set(out, &a->municipalities, "municipalities", o->municipality);
	if (a->by_key)
		say(out, o->listed || string_set_has(&a->keys, o->key), a->listed ? "keys, list" : "keys",
			o->key);
	for (size_t d = 0; d < a->datasets; d++) {
		bool there = o->figures[d].text != NULL || o->figures[d].borrowed != NULL;
		if (a->dataset[d].missing == MISSING_SKIP || !there)
			(void)buf_printf(out, "%s data.%s: %s\n",
				there || a->dataset[d].missing != MISSING_SKIP ? "+" : "–",
				a->dataset[d].name,
				there ? tr("has a row", "строка есть") : tr("has no row", "строки нет"));
	}
	if (a->where != NULL) {
		struct lookup lookup = {a, o};
		struct buf leaves;
		buf_init(&leaves, EXPRESSION_MAX_BYTES * 4);
		(void)expression_explain(a->where, field_value, &lookup, &leaves);
		(void)buf_printf(out, "%s where: %s\n",
			expression_true(a->where, field_value, &lookup) ? "+" : "–", buf_str(&leaves));
		buf_fini(&leaves);
	}
	if (o->contacts == 0)
		(void)buf_printf(out, "– %s\n", tr("no contact in the roles of the audience",
			"нет контакта в ролях, которым идёт письмо (roles)"));
}
