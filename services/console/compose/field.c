/* Fields of the form as the template compose_field shows them. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "console/compose/part.h"

/* ---- what stands in a field -------------------------------------------------------------------- */

/* "send.at" is two fields, "ask.remind" is «7, 4, 1»: names that begin with "x." are made of a place. */
static char *part_of(const json_t *form, const char *path)
{
	static const struct {
		const char *field, *place;
		int part;
		char between;
	} parts[] = {{"x.send.date", "send.at", 0, ' '}, {"x.send.time", "send.at", 1, ' '}, {"x.send.from", "send.hours", 0, '-'},
		{"x.send.to", "send.hours", 1, '-'}, {"x.ask.date", "ask.deadline", 0, ' '}, {"x.ask.time", "ask.deadline", 1, ' '}};
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		if (strcmp(parts[i].field, path) != 0)
			continue;
		const char *text = form_text(form, parts[i].place), *cut = strchr(text, parts[i].between);
		if (parts[i].part == 1)
			return xstrdup(cut == NULL ? "" : cut + 1);
		return cut == NULL ? xstrdup(text) : xstrndup(text, (size_t)(cut - text));
	}
	return NULL;
}

/* «7, 4, 1»: days before; other steps as they are written. */
static char *remind_text(const json_t *form)
{
	struct buf out;
	size_t index;
	const json_t *row;
	buf_init(&out, 2000);
	json_array_foreach(form_at(form, "ask.remind"), index, row)
	{
		const char *text = json_string_value(row);
		size_t len = strlen(text);
		bool days = len > 2 && text[0] == '-' && text[len - 1] == 'd' && text[1 + strspn(text + 1, "0123456789")] == 'd';
		(void)buf_printf(&out, "%s%.*s", index == 0 ? "" : ", ", (int)(days ? len - 2 : len), text + days);
	}
	return buf_take(&out);
}

/* "3d" → 3 */
static char *days_text(const json_t *form, const char *place)
{
	const char *text = form_text(form, place);
	size_t len = strspn(text, "0123456789");
	return len > 0 && strcmp(text + len, "d") == 0 ? xstrndup(text, len) : xstrdup(text);
}

static char *lines_text(const json_t *list)
{
	struct buf out;
	size_t index;
	const json_t *row;
	buf_init(&out, FORM_MAX_BYTES);
	json_array_foreach(list, index, row) (void)buf_printf(&out, "%s%s", index == 0 ? "" : "\n", json_string_value(row));
	return buf_take(&out);
}

static char *value_of(const struct draft *draft, const char *path, enum field_look look)
{
	const json_t *form = draft->composition.form;
	char *part = part_of(form, path);
	if (part != NULL)
		return part;
	if (strcmp(path, "x.remind") == 0)
		return remind_text(form);
	if (strcmp(path, "x.collect") == 0)
		return days_text(form, "ask.collect");
	size_t len = strlen(path);
	if (len > 6 && strcmp(path + len - 6, ".xdays") == 0) {
		char *place = xasprintf("%.*s.after", (int)len - 6, path), *text = days_text(form, place);
		free(place);
		return text;
	}
	return look == LOOK_LINES ? lines_text(form_at(form, path)) : xstrdup(form_text(form, path));
}

/* The place a field's problems have. */
static const char *place_of(const char *path)
{
	static const char *const places[][2] = {{"x.send.date", "send.at"}, {"x.send.from", "send.hours"}, {"x.ask.date", "ask.deadline"},
		{"x.remind", "ask.remind"}, {"x.collect", "ask.collect"}};
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
		if (strcmp(places[i][0], path) == 0)
			return places[i][1];
	return path;
}

/* ---- one field -------------------------------------------------------------------------------------- */

static json_t *options_of(const char *const *choices, const char *value)
{
	json_t *options = json_array();
	bool known = false;
	for (; choices != NULL && choices[0] != NULL; choices += 3) {
		bool chosen = strcmp(choices[0], value) == 0;
		known = known || chosen;
		json_array_append_new(options, json_pack("{s:s, s:s, s:b}", "value", choices[0], "name", tr(choices[1], choices[2]), "chosen", chosen));
	}
	if (!known && value[0] != '\0')
		json_array_append_new(options, json_pack("{s:s, s:s, s:b}", "value", value, "name", value, "chosen", 1));
	return options;
}

json_t *draft_field(const struct draft *draft, const char *base, const struct field_row *row)
{
	static const char *const types[] = {"text", "date", "time", "text", "", "", "", ""};
	char *path = base[0] == '\0' ? xstrdup(row->path) : xasprintf("%s.%s", base, row->path);
	char *value = value_of(draft, path, row->look);
	bool area = row->look == LOOK_AREA || row->look == LOOK_LINES;
	int lines = 2;
	for (const char *p = value; *p != '\0'; p++)
		lines += *p == '\n';
	json_t *field = json_pack("{s:s, s:s, s:s?, s:s, s:o, s:b, s:b, s:b, s:b, s:s, s:b, s:i}", "name", path, "label", tr(row->en, row->ru), "hint",
		row->hint_en == NULL ? NULL : tr(row->hint_en, row->hint_ru), "value", value, "error", draft_wrong(draft, place_of(path)),
		"is_flag", row->look == LOOK_FLAG, "is_select", row->look == LOOK_SELECT, "is_area", area, "is_line",
		!area && row->look != LOOK_FLAG && row->look != LOOK_SELECT, "type", types[row->look], "checked",
		row->look == LOOK_FLAG && form_flag(draft->composition.form, path), "lines", lines > 12 ? 12 : lines);
	json_object_set_new(field, "short", json_boolean(row->look == LOOK_NUMBER));
	json_object_set_new(field, "is_list", json_boolean(row->look == LOOK_LINES));
	json_object_set_new(field, "options", options_of(row->choices, value));
	free(value);
	free(path);
	return field;
}

json_t *draft_fields(const struct draft *draft, const char *base, const struct field_row *rows)
{
	json_t *fields = json_array();
	for (; rows->path != NULL; rows++)
		json_array_append_new(fields, draft_field(draft, base, rows));
	return fields;
}

json_t *draft_rows(const struct draft *draft, const char *path, const struct field_row *rows, const char *title_en,
	const char *title_ru)
{
	json_t *list = json_array();
	size_t count = json_array_size(form_at(draft->composition.form, path));
	for (size_t i = 0; i < count; i++) {
		char *base = xasprintf("%s.%zu", path, i);
		json_array_append_new(list, json_pack("{s:i, s:s, s:o, s:o, s:o}", "n", (int)i + 1, "path", base, "legend",
						    json_sprintf("%s %zu", tr(title_en, title_ru), i + 1), "fields", draft_fields(draft, base, rows), "row_error",
						    draft_wrong(draft, base)));
		free(base);
	}
	return list;
}

json_t *draft_choices(const struct draft *draft, const char *path, json_t *options)
{
	size_t index, k;
	json_t *option, *given;
	const json_t *list = form_at(draft->composition.form, path);
	json_array_foreach(options, index, option)
		json_object_set_new(option, "chosen", json_false());
	/* What stands in the form but not in the directory stays visible, so that it can be taken off. */
	json_array_foreach(list, k, given)
	{
		bool known = false;
		json_array_foreach(options, index, option)
			if (strcmp(form_text(option, "value"), json_string_value(given)) == 0) {
				json_object_set_new(option, "chosen", json_true());
				known = true;
			}
		if (!known)
			json_array_append_new(options, json_pack("{s:O, s:O, s:b, s:n}", "value", given, "name", given, "chosen", 1, "count"));
	}
	json_array_foreach(options, index, option) json_object_set_new(option, "path", json_string(path));
	return options;
}
