/* The form → campaign.yaml, one value a line, so that a problem's line leads back to the field. Whatever people
 * typed is quoted unless it is plainly harmless. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/gate.h"
#include "base/xalloc.h"
#include "compose/compose_inside.h"

/* Keys that people name (tables): longer ones make libyaml stop. */
#define KEY_MOST 100

struct writer {
	struct buf *out;
	struct yaml_places *places;
	size_t cap;
	size_t line_at;  /* where the line begins, in bytes */
	size_t value_at; /* and its value */
};

void yaml_places_fini(struct yaml_places *places)
{
	for (size_t i = 0; i < places->count; i++)
		free(places->item[i].path);
	free(places->item);
	*places = (struct yaml_places){0};
}

/* Ends the line. */
static void line(struct writer *w, const char *place)
{
	(void)buf_putc(w->out, '\n');
	if (w->places == NULL)
		return;
	if (w->places->count == w->cap) {
		w->cap = w->cap == 0 ? 64 : w->cap * 2;
		w->places->item = xrealloc(w->places->item, w->cap, sizeof *w->places->item);
	}
	/* What stands before a value is ASCII, or in a row of its own. */
	w->places->item[w->places->count++] = (struct yaml_place){.path = xstrdup(place),
		.column = w->value_at > w->line_at ? (int)(w->value_at - w->line_at) + 1 : INT_MAX};
	w->line_at = w->out->len;
}

static void indent(struct writer *w, int depth)
{
	for (int i = 0; i < depth; i++)
		(void)buf_puts(w->out, "  ");
}

/* ---- scalars ------------------------------------------------------------------------------- */

/* Words, dates, times, addresses: what YAML takes for nothing else. */
static bool harmless(const char *text)
{
	static const char *const words[] = {"true", "false", "yes", "no", "on", "off", "null", "y", "n", "да", "нет", NULL};
	bool letter = (text[0] >= 'a' && text[0] <= 'z') || (text[0] >= 'A' && text[0] <= 'Z');
	bool digits = text[0] >= '0' && text[0] <= '9' && text[strspn(text, "0123456789-: ")] == '\0' &&
		      strstr(text, ": ") == NULL && strchr(text, '-') != NULL; /* 2023-05-30 18:00, 09:00-18:00 */
	if (digits)
		return text[strlen(text) - 1] != ' ' && text[strlen(text) - 1] != ':';
	if (!letter || strlen(text) > 200)
		return false;
	for (const char *p = text; *p != '\0'; p++)
		if (!(*p >= 'a' && *p <= 'z') && !(*p >= 'A' && *p <= 'Z') && !(*p >= '0' && *p <= '9') && strchr("._-/@", *p) == NULL)
			return false;
	for (size_t i = 0; words[i] != NULL; i++)
		if (strcasecmp(words[i], text) == 0)
			return false;
	return true;
}

/* Bytes of the character at p that YAML may not contain as it is; 0 when it may. code: what it is. */
static size_t must_escape(const unsigned char *p, unsigned *code)
{
	if (p[0] < 0x20 || p[0] == 0x7f) {
		*code = p[0];
		return 1;
	}
	if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f) {
		*code = p[1];
		return 2;
	}
	if (p[0] == 0xe2 && p[1] == 0x80 && (p[2] == 0xa8 || p[2] == 0xa9)) { /* line separators */
		*code = 0x2028u + (p[2] == 0xa9);
		return 3;
	}
	if (p[0] == 0xef && ((p[1] == 0xbb && p[2] == 0xbf) || (p[1] == 0xbf && p[2] >= 0xbe))) { /* the mark, non-characters */
		*code = p[1] == 0xbb ? 0xfeff : 0xff00u + (p[2] & 0x3f) + 0xc0;
		return 3;
	}
	return 0;
}

static void scalar(struct writer *w, const char *text)
{
	w->value_at = w->out->len;
	if (harmless(text)) {
		(void)buf_puts(w->out, text);
		return;
	}
	(void)buf_putc(w->out, '"');
	for (const unsigned char *p = (const unsigned char *)text; *p != '\0';) {
		unsigned code = 0;
		size_t len = must_escape(p, &code);
		if (len > 0) {
			(void)buf_printf(w->out, "\\u%04x", code);
			p += len;
			continue;
		}
		if (*p == '"' || *p == '\\')
			(void)buf_putc(w->out, '\\');
		(void)buf_putc(w->out, (char)*p++);
	}
	(void)buf_putc(w->out, '"');
}

/* ---- by the table ----------------------------------------------------------------------------- */

/* Is anything given there? */
static bool given(const json_t *value, const struct form_member *member)
{
	size_t index;
	const json_t *row;
	switch (member->kind) {
	case FORM_LINE:
	case FORM_TEXT:
		return json_is_string(value) && json_string_value(value)[strspn(json_string_value(value), " \t\r\n")] != '\0';
	case FORM_FLAG:
		return json_is_true(value);
	case FORM_FLAG_ON:
		return json_is_false(value);
	case FORM_LINES:
	case FORM_MAPS:
		json_array_foreach(value, index, row)
		{
			const struct form_member one = {"", member->kind == FORM_LINES ? FORM_LINE : FORM_MAP, member->members};
			if (given(row, &one))
				return true;
		}
		return false;
	case FORM_MAP:
		for (const struct form_member *m = member->members; m->name != NULL; m++)
			if (given(json_object_get(value, m->name), m))
				return true;
		return false;
	case FORM_TEXTS:
		return false;
	}
	return false;
}

static void members(struct writer *w, const json_t *map, const struct form_member *list, const char *place, int depth,
	bool in_row);

static void lines(struct writer *w, const json_t *list, const char *place, int depth)
{
	static const struct form_member one = {"", FORM_LINE, NULL};
	size_t index;
	const json_t *row;
	json_array_foreach(list, index, row)
	{
		char *there = xasprintf("%s.%zu", place, index);
		if (given(row, &one)) {
			indent(w, depth);
			(void)buf_puts(w->out, "- ");
			scalar(w, json_string_value(row));
			line(w, there);
		}
		free(there);
	}
}

static void rows(struct writer *w, const json_t *list, const struct form_member *member, const char *place, int depth)
{
	size_t index;
	const json_t *row;
	json_array_foreach(list, index, row)
	{
		const struct form_member one = {"", FORM_MAP, member->members};
		char *there = xasprintf("%s.%zu", place, index);
		if (given(row, &one)) {
			indent(w, depth);
			(void)buf_puts(w->out, "- ");
			members(w, row, member->members, there, depth + 1, true);
		}
		free(there);
	}
}

static void value(struct writer *w, const char *key, const json_t *json, const struct form_member *member, const char *place,
	int depth)
{
	(void)buf_printf(w->out, "%s:", key);
	switch (member->kind) {
	case FORM_LINE:
	case FORM_TEXT:
		(void)buf_putc(w->out, ' ');
		scalar(w, json_string_value(json));
		line(w, place);
		break;
	case FORM_FLAG:
	case FORM_FLAG_ON:
		(void)buf_putc(w->out, ' ');
		w->value_at = w->out->len;
		(void)buf_puts(w->out, member->kind == FORM_FLAG ? "true" : "false");
		line(w, place);
		break;
	case FORM_LINES:
		line(w, place);
		lines(w, json, place, depth + 1);
		break;
	case FORM_MAPS:
		line(w, place);
		rows(w, json, member, place, depth + 1);
		break;
	case FORM_MAP:
		line(w, place);
		members(w, json, member->members, place, depth + 1, false);
		break;
	case FORM_TEXTS:
		break;
	}
}

/* in_row: the first stands behind "- ". */
static void members(struct writer *w, const json_t *map, const struct form_member *list, const char *place, int depth,
	bool in_row)
{
	bool first = in_row;
	for (const struct form_member *m = list; m->name != NULL; m++) {
		const json_t *json = json_object_get(map, m->name);
		if (!given(json, m) || strcmp(m->name, "wanted") == 0)
			continue;
		if (!first)
			indent(w, depth);
		first = false;
		char *there = xasprintf("%s%s%s", place, place[0] == '\0' ? "" : ".", m->name);
		value(w, m->name, json, m, there, depth);
		free(there);
	}
}

/* ---- what is not as the table has it -------------------------------------------------------------- */

static void quoted_operand(struct buf *out, const char *text)
{
	if (text[0] != '\0' && text[strspn(text, "0123456789.")] == '\0')
		(void)buf_puts(out, text);
	else if (strchr(text, '"') == NULL)
		(void)buf_printf(out, "\"%s\"", text);
	else if (strchr(text, '\'') == NULL)
		(void)buf_printf(out, "'%s'", text);
	else
		(void)buf_printf(out, "«%s»", text); /* with » in it the reader will say so */
}

static void condition(struct buf *out, const json_t *row)
{
	const char *field = form_text(row, "field"), *is = form_text(row, "is");
	if (strcmp(is, "no") == 0)
		(void)buf_printf(out, "not %s", field);
	else if (strcmp(is, "yes") == 0 || is[0] == '\0')
		(void)buf_puts(out, field);
	else {
		(void)buf_printf(out, "%s %s ", field, is);
		quoted_operand(out, form_text(row, "value"));
	}
}

#define WHERE_MAX_BYTES 20000

static char *where_of(const json_t *audience)
{
	struct buf out;
	size_t index, count = 0;
	const json_t *row;
	const char *more = form_text(audience, "where");
	buf_init(&out, WHERE_MAX_BYTES);
	json_array_foreach(json_object_get(audience, "conditions"), index, row)
	{
		if (form_text(row, "field")[0] == '\0')
			continue;
		if (count++ > 0)
			(void)buf_puts(&out, json_is_true(json_object_get(audience, "any")) ? " or " : " and ");
		condition(&out, row);
	}
	if (more[strspn(more, " ")] != '\0' && count > 0) {
		char *conditions = buf_take(&out);
		(void)buf_printf(&out, "(%s) and (%s)", conditions, more);
		free(conditions);
	} else if (count == 0) {
		(void)buf_puts(&out, more);
	}
	return buf_take(&out);
}

/* The rows a where comes from: problems in it belong to the first. */
static const char *where_place(const json_t *audience)
{
	return json_array_size(json_object_get(audience, "conditions")) > 0 ? "audience.conditions" : "audience.where";
}

static void audience(struct writer *w, const json_t *map)
{
	static const char *const own[] = {"kinds", "regions", "municipalities", "keys", "list", "roles"};
	const struct form_member *table = form_member_of("audience")->members;
	char *where = where_of(map);
	bool some = false, roles = false;
	for (const struct form_member *m = table; m->name != NULL; m++) {
		bool there = given(json_object_get(map, m->name), m);
		roles = roles || (there && strcmp(m->name, "roles") == 0);
		for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
			some = some || (there && strcmp(own[i], m->name) == 0 && strcmp(m->name, "roles") != 0);
	}
	bool everybody = json_is_true(json_object_get(map, "everybody"));
	some = some || where[0] != '\0';
	if (!some && !everybody) {
		free(where);
		return;
	}
	(void)buf_puts(w->out, "audience:");
	if (!some && !roles)
		(void)buf_puts(w->out, " all");
	line(w, "audience");
	for (const struct form_member *m = table; m->name != NULL; m++)
		for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
			if (strcmp(own[i], m->name) == 0 && given(json_object_get(map, m->name), m)) {
				char *place = xasprintf("audience.%s", m->name);
				indent(w, 1);
				value(w, m->name, json_object_get(map, m->name), m, place, 1);
				free(place);
			}
	if (where[0] != '\0') {
		indent(w, 1);
		(void)buf_puts(w->out, "where: ");
		scalar(w, where);
		line(w, where_place(map));
	}
	free(where);
}

static void letters(struct writer *w, const json_t *map)
{
	static const struct form_member text = {"", FORM_TEXT, NULL};
	bool begun = false;
	for (size_t i = 0; form_letters[i] != NULL; i++) {
		if (!given(json_object_get(map, form_letters[i]), &text))
			continue;
		if (!begun) {
			(void)buf_puts(w->out, "letters:");
			line(w, "letters");
		}
		begun = true;
		char *place = xasprintf("letters.%s", form_letters[i]);
		(void)buf_printf(w->out, "  %s: ", form_letters[i]);
		scalar(w, form_letter_file(form_letters[i]));
		line(w, place);
		free(place);
	}
}

static void data(struct writer *w, const json_t *tables)
{
	size_t index;
	const json_t *row;
	bool begun = false;
	const struct form_member *table = form_member_of("data")->members;
	json_array_foreach(tables, index, row)
	{
		const char *name = form_text(row, "name");
		const struct form_member map = {"", FORM_MAP, table};
		if (!given(row, &map))
			continue;
		if (!begun) {
			(void)buf_puts(w->out, "data:");
			line(w, "data");
		}
		begun = true;
		char *place = xasprintf("data.%zu", index), *key = xstrndup(name, strnlen(name, KEY_MOST));
		gate_utf8_mend(key);
		indent(w, 1);
		scalar(w, key[0] == '\0' ? "-" : key);
		w->value_at = w->line_at; /* it is a key */
		(void)buf_putc(w->out, ':');
		line(w, place);
		members(w, row, table + 1, place, 2, false); /* the name stands before */
		free(key);
		free(place);
	}
}

/* A document whose number is not known yet says so: a warning, not a mistake. */
static void document(struct writer *w, const json_t *map)
{
	const struct form_member *member = form_member_of("document");
	static const struct form_member text = {"", FORM_LINE, NULL};
	if (!given(map, member))
		return;
	(void)buf_puts(w->out, "document:");
	line(w, "document");
	if (!given(json_object_get(map, "number"), &text) && given(json_object_get(map, "date"), &text)) {
		(void)buf_puts(w->out, "  number: \"\"");
		line(w, "document.number");
	}
	members(w, map, member->members, "document", 1, false);
}

static bool unwanted(const json_t *map)
{
	return json_is_false(json_object_get(map, "wanted"));
}

int form_yaml(const json_t *form, const char *slug, struct buf *out, struct yaml_places *places, struct error *e)
{
	struct writer w = {.out = out, .places = places};
	(void)buf_puts(out, "campaign: ");
	scalar(&w, slug);
	line(&w, "slug");
	for (const struct form_member *m = form_members; m->name != NULL; m++) {
		const json_t *json = json_object_get(form, m->name);
		if (strcmp(m->name, "yaml") == 0)
			break;
		if (strcmp(m->name, "audience") == 0)
			audience(&w, json);
		else if (strcmp(m->name, "letters") == 0)
			letters(&w, json);
		else if (strcmp(m->name, "data") == 0)
			data(&w, json);
		else if (strcmp(m->name, "document") == 0)
			document(&w, json);
		else if (given(json, m) && !unwanted(json))
			value(&w, m->name, json, m, m->name, 0);
	}
	return buf_ok(out) ? 0 : error_set(e, ERROR_INPUT, "%s", tr("the campaign is too long", "рассылка слишком длинная"));
}
