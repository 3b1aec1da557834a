/* What a form may hold, as one table: checking, paths, YAML in both directions and the pages all go by it. */
#include "compose/form.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/gate.h"
#include "base/xalloc.h"

/* ---- the table --------------------------------------------------------------------------- */

#define END {NULL, FORM_LINE, NULL}

static const struct form_member from_members[] = {{"name", FORM_LINE, NULL}, {"address", FORM_LINE, NULL}, END};
static const struct form_member person[] = {{"position", FORM_LINE, NULL}, {"name", FORM_LINE, NULL},
	{"phone", FORM_LINE, NULL}, {"address", FORM_LINE, NULL}, END};
static const struct form_member certificate[] = {{"from", FORM_LINE, NULL}, {"to", FORM_LINE, NULL},
	{"serial", FORM_LINE, NULL}, {"owner", FORM_LINE, NULL}, END};
static const struct form_member document[] = {{"number", FORM_LINE, NULL}, {"date", FORM_LINE, NULL},
	{"signatory", FORM_MAP, person}, {"performer", FORM_MAP, person}, {"based_on", FORM_LINES, NULL},
	{"certificate", FORM_MAP, certificate}, {"in_subject", FORM_FLAG, NULL}, END};
static const struct form_member contact[] = {{"role", FORM_LINE, NULL}, {"name", FORM_LINE, NULL},
	{"phone", FORM_LINE, NULL}, {"address", FORM_LINE, NULL}, END};
static const struct form_member data[] = {{"name", FORM_LINE, NULL}, {"file", FORM_LINE, NULL},
	{"missing", FORM_LINE, NULL}, {"by", FORM_LINE, NULL}, {"key", FORM_LINE, NULL}, {"sheet", FORM_LINE, NULL},
	{"encoding", FORM_LINE, NULL}, END};
static const struct form_member list[] = {{"file", FORM_LINE, NULL}, {"key", FORM_LINE, NULL},
	{"sheet", FORM_LINE, NULL}, {"encoding", FORM_LINE, NULL}, END};
static const struct form_member condition[] = {{"field", FORM_LINE, NULL}, {"is", FORM_LINE, NULL},
	{"value", FORM_LINE, NULL}, END};
static const struct form_member audience[] = {{"everybody", FORM_FLAG, NULL}, {"kinds", FORM_LINES, NULL},
	{"regions", FORM_LINES, NULL}, {"municipalities", FORM_LINES, NULL}, {"keys", FORM_LINES, NULL},
	{"list", FORM_MAP, list}, {"roles", FORM_LINES, NULL}, {"conditions", FORM_MAPS, condition},
	{"any", FORM_FLAG, NULL}, {"where", FORM_LINE, NULL}, END};
static const struct form_member letters[] = {{"first", FORM_TEXT, NULL}, {"reminder", FORM_TEXT, NULL},
	{"collect", FORM_TEXT, NULL}, {"collect_reminder", FORM_TEXT, NULL}, {"acknowledge", FORM_TEXT, NULL},
	{"correction", FORM_TEXT, NULL}, {"recall", FORM_TEXT, NULL}, {"postponed", FORM_TEXT, NULL}, END};
static const struct form_member attachment[] = {{"file", FORM_LINE, NULL}, {"name", FORM_LINE, NULL},
	{"title", FORM_LINE, NULL}, {"media_type", FORM_LINE, NULL}, {"signature", FORM_LINE, NULL}, END};
static const struct form_member send[] = {{"at", FORM_LINE, NULL}, {"local", FORM_FLAG, NULL},
	{"hours", FORM_LINE, NULL}, {"until", FORM_LINE, NULL}, END};
static const struct form_member column[] = {{"field", FORM_LINE, NULL}, {"label", FORM_LINE, NULL},
	{"type", FORM_LINE, NULL}, {"required", FORM_FLAG, NULL}, {"options", FORM_LINES, NULL}, END};
static const struct form_member answer[] = {{"field", FORM_LINE, NULL}, {"label", FORM_LINE, NULL},
	{"type", FORM_LINE, NULL}, {"required", FORM_FLAG, NULL}, {"options", FORM_LINES, NULL},
	{"columns", FORM_MAPS, column}, END};
static const struct form_member escalate[] = {{"after", FORM_LINE, NULL}, {"to", FORM_LINE, NULL}, END};
static const struct form_member report[] = {{"to", FORM_LINES, NULL}, {"formats", FORM_LINES, NULL},
	{"webhook", FORM_FLAG, NULL}, END};
static const struct form_member ask[] = {{"wanted", FORM_FLAG_ON, NULL}, {"verb", FORM_LINE, NULL},
	{"answer", FORM_MAPS, answer}, {"ways", FORM_LINES, NULL}, {"through", FORM_LINE, NULL},
	{"collect", FORM_LINE, NULL}, {"collect_kinds", FORM_LINES, NULL}, {"deadline", FORM_LINE, NULL},
	{"zone", FORM_LINE, NULL}, {"if_day_off", FORM_LINE, NULL}, {"remind", FORM_LINES, NULL},
	{"escalate", FORM_MAPS, escalate}, {"report", FORM_MAP, report}, END};
static const struct form_member reader[] = {{"name", FORM_LINE, NULL}, {"position", FORM_LINE, NULL},
	{"address", FORM_LINE, NULL}, END};
static const struct form_member acknowledge[] = {{"wanted", FORM_FLAG_ON, NULL}, {"persons", FORM_MAPS, reader},
	{"roles", FORM_LINES, NULL}, END};
static const struct form_member publish[] = {{"page", FORM_FLAG, NULL}, {"feed", FORM_FLAG, NULL},
	{"attachments", FORM_FLAG_ON, NULL}, END};

const struct form_member form_members[] = {{"title", FORM_LINE, NULL}, {"organisation", FORM_LINE, NULL},
	{"lang", FORM_LINE, NULL}, {"zone", FORM_LINE, NULL}, {"from", FORM_MAP, from_members},
	{"reply_to", FORM_LINE, NULL}, {"document", FORM_MAP, document}, {"follows", FORM_LINE, NULL},
	{"contacts", FORM_MAPS, contact}, {"controller", FORM_MAP, person}, {"data", FORM_MAPS, data},
	{"audience", FORM_MAP, audience}, {"letters", FORM_MAP, letters}, {"attachments", FORM_MAPS, attachment},
	{"send", FORM_MAP, send}, {"rate", FORM_LINE, NULL}, {"may_leave", FORM_FLAG_ON, NULL},
	{"hold", FORM_FLAG, NULL}, {"ask", FORM_MAP, ask}, {"acknowledge", FORM_MAP, acknowledge},
	{"publish", FORM_MAP, publish}, {"yaml", FORM_TEXT, NULL}, {"texts", FORM_TEXTS, NULL}, END};

/* ---- paths ------------------------------------------------------------------------------- */

#define STEP_SIZE 80

/* The next step of a path; NULL after the last, or when it is too long. */
static const char *take_step(const char *path, char out[static STEP_SIZE])
{
	size_t len = strcspn(path, ".");
	if (len == 0 || len >= STEP_SIZE)
		return NULL;
	memcpy(out, path, len);
	out[len] = '\0';
	return path + len + (path[len] == '.');
}

static bool row_number(const char *step, size_t *row)
{
	if (step[0] == '\0' || strlen(step) > 4 || step[strspn(step, "0123456789")] != '\0')
		return false;
	*row = (size_t)strtoul(step, NULL, 10);
	return true;
}

static const struct form_member *find(const struct form_member *members, const char *name)
{
	for (; members != NULL && members->name != NULL; members++)
		if (strcmp(members->name, name) == 0)
			return members;
	return NULL;
}

const struct form_member *form_member_of(const char *path)
{
	static const struct form_member text = {"", FORM_TEXT, NULL}, row_line = {"", FORM_LINE, NULL};
	const struct form_member *members = form_members, *found = NULL;
	char step[STEP_SIZE];
	size_t row;
	while (path != NULL && *path != '\0') {
		if (found != NULL && found->kind == FORM_TEXTS)
			return &text;
		path = take_step(path, step);
		if (path == NULL)
			return NULL;
		if (found != NULL && (found->kind == FORM_MAPS || found->kind == FORM_LINES)) {
			if (!row_number(step, &row))
				return NULL;
			if (found->kind == FORM_LINES)
				return *path == '\0' ? &row_line : NULL;
			members = found->members;
			static const struct form_member map = {"", FORM_MAP, NULL};
			found = &map;
			continue;
		}
		if (found != NULL && found->kind != FORM_MAP)
			return NULL;
		found = find(members, step);
		if (found == NULL)
			return NULL;
		if (found->members != NULL)
			members = found->members;
	}
	return found;
}

json_t *form_at(const json_t *form, const char *path)
{
	char step[STEP_SIZE];
	size_t row;
	const json_t *at = form;
	while (at != NULL && *path != '\0') {
		/* A text's name has dots of its own. */
		json_t *whole = json_is_object(at) ? json_object_get(at, path) : NULL;
		if (whole != NULL)
			return whole;
		path = take_step(path, step);
		if (path == NULL)
			return NULL;
		if (json_is_array(at))
			at = row_number(step, &row) ? json_array_get(at, row) : NULL;
		else
			at = json_object_get(at, step);
	}
	return (json_t *)(uintptr_t)at;
}

const char *form_text(const json_t *form, const char *path)
{
	const char *text = json_string_value(form_at(form, path));
	return text == NULL ? "" : text;
}

bool form_flag(const json_t *form, const char *path)
{
	const struct form_member *member = form_member_of(path);
	const json_t *value = form_at(form, path);
	return value == NULL ? member != NULL && member->kind == FORM_FLAG_ON : json_is_true(value);
}

static bool is_list(const struct form_member *member)
{
	return member->kind == FORM_MAPS || member->kind == FORM_LINES;
}

/* One step down, made when it is not there. The last step sets the value. */
static json_t *descend(json_t *at, const char *step, json_t *value)
{
	size_t row;
	if (json_is_array(at)) {
		if (!row_number(step, &row) || row > json_array_size(at) || row >= FORM_ROWS_MAX) {
			json_decref(value);
			return NULL;
		}
		if (row == json_array_size(at))
			json_array_append_new(at, value);
		else
			json_array_set_new(at, row, value);
		return json_array_get(at, row);
	}
	if (!json_is_object(at)) {
		json_decref(value);
		return NULL;
	}
	json_object_set_new(at, step, value);
	return json_object_get(at, step);
}

int form_put(json_t *form, const char *path, json_t *value)
{
	char step[STEP_SIZE];
	json_t *at = form;
	const char *whole = path;
	if (form_member_of(path) == NULL) {
		json_decref(value);
		return -1;
	}
	if (strncmp(path, "texts.", 6) == 0) {
		json_t *texts = json_object_get(form, "texts");
		if (!json_is_object(texts))
			json_object_set_new(form, "texts", texts = json_object());
		return json_object_set_new(texts, path + 6, value);
	}
	for (;;) {
		path = take_step(path, step);
		if (*path == '\0')
			return descend(at, step, value) == NULL ? -1 : 0;
		size_t row = 0;
		json_t *next = json_is_array(at) ? row_number(step, &row) ? json_array_get(at, row) : NULL
						 : json_object_get(at, step);
		char *so_far = xstrndup(whole, (size_t)(path - whole) - 1);
		const struct form_member *member = form_member_of(so_far);
		free(so_far);
		if (next == NULL || (is_list(member) ? !json_is_array(next) : !json_is_object(next)))
			next = descend(at, step, is_list(member) ? json_array() : json_object());
		if (next == NULL) {
			json_decref(value);
			return -1;
		}
		at = next;
	}
}

/* ---- checking ---------------------------------------------------------------------------- */

static int wrong(struct error *e, const char *path, const char *want)
{
	return error_set(e, ERROR_INPUT, tr("form: %.200s: want %s", "form: %.200s: нужно %s"), path, want);
}

static int check_members(const json_t *map, const struct form_member *members, const char *path, struct error *e);

static int check_text(const json_t *value, const char *path, struct error *e)
{
	if (json_is_integer(value) || json_is_null(value))
		return 0;
	if (!json_is_string(value))
		return wrong(e, path, tr("text", "текст"));
	if (strlen(json_string_value(value)) != json_string_length(value))
		return wrong(e, path, tr("text without NUL characters", "текст без нулевых символов"));
	return 0;
}

static int check_list(const json_t *list_value, const struct form_member *member, const char *path, struct error *e)
{
	size_t index;
	const json_t *row;
	int rc = 0;
	if (!json_is_array(list_value))
		return wrong(e, path, tr("a list", "список"));
	if (json_array_size(list_value) > FORM_ROWS_MAX && member->kind == FORM_MAPS)
		return error_set(e, ERROR_INPUT, tr("form: %.200s: more than %d rows", "form: %.200s: больше %d строк"), path,
			FORM_ROWS_MAX);
	json_array_foreach(list_value, index, row)
	{
		char *place = xasprintf("%s.%zu", path, index);
		rc = member->kind == FORM_LINES ? check_text(row, place, e) : check_members(row, member->members, place, e);
		free(place);
		if (rc != 0)
			return rc;
	}
	return 0;
}

static int check_texts(const json_t *map, const char *path, struct error *e)
{
	const char *name;
	json_t *value;
	if (!json_is_object(map))
		return wrong(e, path, tr("an object", "объект"));
	json_object_foreach((json_t *)(uintptr_t)map, name, value)
	{
		char *place = xasprintf("%s.%.100s", path, name);
		int rc = check_text(value, place, e);
		free(place);
		if (rc != 0)
			return rc;
	}
	return 0;
}

static int check_value(const json_t *value, const struct form_member *member, const char *path, struct error *e)
{
	switch (member->kind) {
	case FORM_LINE:
	case FORM_TEXT:
		return check_text(value, path, e);
	case FORM_FLAG:
	case FORM_FLAG_ON:
		return json_is_boolean(value) || json_is_null(value) ? 0 : wrong(e, path, "true, false");
	case FORM_LINES:
	case FORM_MAPS:
		return check_list(value, member, path, e);
	case FORM_MAP:
		return check_members(value, member->members, path, e);
	case FORM_TEXTS:
		return check_texts(value, path, e);
	}
	return 0;
}

static int check_members(const json_t *map, const struct form_member *members, const char *path, struct error *e)
{
	const char *name;
	json_t *value;
	if (!json_is_object(map))
		return wrong(e, path[0] == '\0' ? "{}" : path, tr("an object", "объект"));
	json_object_foreach((json_t *)(uintptr_t)map, name, value)
	{
		const struct form_member *member = find(members, name);
		char *place = xasprintf("%s%s%.100s", path, path[0] == '\0' ? "" : ".", name);
		int rc = member == NULL ? error_set(e, ERROR_INPUT, tr("form: unknown member %.200s", "form: неизвестный член %.200s"), place)
					: check_value(value, member, place, e);
		free(place);
		if (rc != 0)
			return rc;
	}
	return 0;
}

int form_check(const json_t *form, struct error *e)
{
	if (check_members(form, form_members, "", e) != 0)
		return -1;
	if (json_dumpb(form, NULL, 0, JSON_COMPACT) > FORM_MAX_BYTES)
		return error_set(e, ERROR_INPUT, tr("the text is too long: more than %d KB in all", "текст слишком длинный: больше %d КБ вместе"),
			FORM_MAX_BYTES / 1024);
	return 0;
}

/* ---- tidying ----------------------------------------------------------------------------- */

static json_t *tidy_text(const json_t *value)
{
	if (json_is_integer(value))
		return json_sprintf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
	return json_is_null(value) ? json_string("") : NULL;
}

static void tidy_members(json_t *map, const struct form_member *members)
{
	for (const struct form_member *m = members; m->name != NULL; m++) {
		json_t *value = json_object_get(map, m->name), *row, *text;
		size_t index;
		if (value == NULL)
			continue;
		if ((m->kind == FORM_LINE || m->kind == FORM_TEXT) && (text = tidy_text(value)) != NULL)
			json_object_set_new(map, m->name, text);
		else if ((m->kind == FORM_FLAG || m->kind == FORM_FLAG_ON) && json_is_null(value))
			json_object_del(map, m->name);
		else if (m->kind == FORM_MAP)
			tidy_members(value, m->members);
		else if (m->kind == FORM_MAPS)
			json_array_foreach(value, index, row) tidy_members(row, m->members);
		else if (m->kind == FORM_LINES)
			json_array_foreach(value, index, row) if ((text = tidy_text(row)) != NULL)
				json_array_set_new(value, index, text);
	}
}

static bool name_is_free(const json_t *rows, const char *name, const json_t *but)
{
	size_t index;
	const json_t *row;
	if (strcmp(name, "answered") == 0 || strcmp(name, "number") == 0 || strcmp(name, "date") == 0)
		return false; /* every campaign has these */
	json_array_foreach(rows, index, row)
		if (row != but && strcmp(form_text(row, "field"), name) == 0)
			return false;
	return true;
}

/* People name what they ask; what the letter calls it follows from that, and stays when the label is mended. */
static void name_fields(json_t *rows)
{
	size_t index;
	json_t *row;
	json_array_foreach(rows, index, row)
	{
		char name[FORM_SLUG_SIZE], unique[FORM_SLUG_SIZE + 8];
		const char *label = form_text(row, "label");
		if (label[0] != '\0' && form_text(row, "field")[0] == '\0') {
			(void)form_field_name(label, name);
			snprintf(unique, sizeof unique, "%s", name);
			for (int n = 2; !name_is_free(rows, unique, row) && n < FORM_ROWS_MAX; n++)
				snprintf(unique, sizeof unique, "%.36s_%d", name, n);
			json_object_set_new(row, "field", json_string(unique));
		}
		name_fields(json_object_get(row, "columns"));
	}
}

void form_tidy(json_t *form)
{
	tidy_members(form, form_members);
	name_fields(form_at(form, "ask.answer"));
}
