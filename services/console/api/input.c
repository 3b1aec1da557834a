/* What a program sends, looked at before anything is done: a name nobody knows is a mistake that is
 * told, not overlooked. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "console/api/api.h"
#include "web/target.h"

#define TEXT_MOST_BYTES 1000

/* Is the word one of those in `words`? */
static bool one_of(const char *words, const char *word)
{
	size_t len = strlen(word);
	for (const char *at = words; len > 0 && *at != '\0';) {
		size_t n = strcspn(at, " ");
		if (n == len && memcmp(at, word, n) == 0)
			return true;
		at += n;
		at += strspn(at, " ");
	}
	return false;
}

/* ---- body -------------------------------------------------------------------------------- */

__attribute__((format(printf, 3, 4))) static void wrong(json_t *errors, const char *name, const char *format, ...)
{
	char text[400];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	gate_utf8_mend(text);
	char *pointer = xasprintf("/%s", name);
	json_array_append_new(errors, json_pack("{s:s, s:o, s:o, s:o}", "severity", "error", "pointer", api_string(pointer),
					      "field", api_string(name), "detail", api_string(text)));
	free(pointer);
}

static void check_text(json_t *errors, const struct api_member *m, const json_t *value)
{
	const char *text = json_string_value(value);
	int64_t most = m->most > 0 ? m->most : TEXT_MOST_BYTES, time_ms;
	char address[GATE_ADDRESS_MAX + 1];
	struct error e = {0};
	if (text == NULL)
		wrong(errors, m->name, "%s", tr("want text", "нужен текст"));
	else if (m->words != NULL && !one_of(m->words, text))
		wrong(errors, m->name, tr("want one of: %s", "нужно одно из: %s"), m->words);
	else if ((int64_t)strlen(text) > most || (int64_t)strlen(text) < m->least)
		wrong(errors, m->name, tr("want %lld to %lld bytes", "нужно от %lld до %lld байт"), (long long)m->least,
			(long long)most);
	else if (m->kind == API_LINE && !gate_header(text, strlen(text)))
		wrong(errors, m->name, "%s", tr("want one line without control characters", "нужна одна строка без управляющих знаков"));
	else if (m->kind == API_TIME && clock_parse_rfc3339(text, &time_ms) != 0)
		wrong(errors, m->name, "%s", tr("want a time like 2023-05-30T15:00:00Z", "нужно время вида 2023-05-30T15:00:00Z"));
	else if (m->kind == API_ADDRESS && gate_address(text, address, &e) != 0)
		wrong(errors, m->name, "%s", e.text);
}

static void check_member(json_t *errors, const struct api_member *m, const json_t *value)
{
	int64_t n = json_integer_value(value);
	switch (m->kind) {
	case API_INTEGER:
		if (!json_is_integer(value) || n < m->least || n > (m->most > 0 ? m->most : INT64_MAX))
			wrong(errors, m->name, tr("want a whole number of %lld to %lld", "нужно целое число от %lld до %lld"),
				(long long)m->least, (long long)(m->most > 0 ? m->most : INT64_MAX));
		break;
	case API_BOOLEAN:
		if (!json_is_boolean(value))
			wrong(errors, m->name, "%s", tr("want true or false", "нужно true или false"));
		break;
	case API_OBJECT:
		if (!json_is_object(value))
			wrong(errors, m->name, "%s", tr("want an object", "нужен объект"));
		break;
	case API_ARRAY:
		if (!json_is_array(value))
			wrong(errors, m->name, "%s", tr("want an array", "нужен массив"));
		break;
	default:
		check_text(errors, m, value);
	}
}

bool api_body_is(struct api *api, const struct api_member *members, size_t count)
{
	json_t *errors = json_array();
	const char *name;
	json_t *value;
	json_object_foreach(api->body, name, value)
	{
		size_t i = 0;
		while (i < count && strcmp(members[i].name, name) != 0)
			i++;
		if (i == count)
			wrong(errors, name, "%s", tr("there is no such member here", "такого члена здесь нет"));
		else if (!json_is_null(value))
			check_member(errors, &members[i], value);
	}
	for (size_t i = 0; i < count; i++) {
		value = json_object_get(api->body, members[i].name);
		if (members[i].required && (value == NULL || json_is_null(value)))
			wrong(errors, members[i].name, "%s", tr("is missing", "отсутствует"));
	}
	if (json_array_size(errors) > 0) {
		api_problem(api, API_INVALID, NULL, errors);
		return false;
	}
	json_decref(errors);
	return true;
}

const char *api_text(const struct api *api, const char *name)
{
	return json_string_value(json_object_get(api->body, name));
}

int64_t api_integer(const struct api *api, const char *name, int64_t usual)
{
	const json_t *value = json_object_get(api->body, name);
	return json_is_integer(value) ? json_integer_value(value) : usual;
}

bool api_flag(const struct api *api, const char *name, bool usual)
{
	const json_t *value = json_object_get(api->body, name);
	return json_is_boolean(value) ? json_is_true(value) : usual;
}

int64_t api_time(const struct api *api, const char *name)
{
	int64_t time_ms = 0;
	const char *text = api_text(api, name);
	return text != NULL && clock_parse_rfc3339(text, &time_ms) == 0 ? time_ms : 0;
}

/* ---- query ---------------------------------------------------------------------------------- */

void api_wrong_query(struct api *api, const char *name, const char *detail, const char *hint)
{
	json_t *one = json_pack("{s:s, s:o, s:o}", "severity", "error", "field", api_string(name), "detail", api_string(detail));
	if (hint != NULL)
		json_object_set_new(one, "hint", api_string(hint));
	char *text = xasprintf("%s: %s", name, detail);
	api_problem(api, API_BAD_REQUEST, text, json_pack("[o]", one));
	free(text);
}

bool api_query_integer(struct api *api, const char *name, int64_t least, int64_t most, int64_t usual, int64_t *out)
{
	const char *text = web_query(api->request, name);
	long long n;
	*out = usual;
	if (text == NULL)
		return true;
	if (!gate_int64(text, least, most, &n)) {
		char *detail = xasprintf(tr("want a whole number of %lld to %lld", "нужно целое число от %lld до %lld"),
			(long long)least, (long long)most);
		api_wrong_query(api, name, detail, NULL);
		free(detail);
		return false;
	}
	*out = n;
	return true;
}

bool api_query_flag(struct api *api, const char *name, bool *out)
{
	const char *word;
	if (!api_query_word(api, name, "true false", &word))
		return false;
	*out = word != NULL && strcmp(word, "true") == 0;
	return true;
}

bool api_query_time(struct api *api, const char *name, int64_t *out)
{
	const char *text = web_query(api->request, name);
	*out = 0;
	if (text == NULL || clock_parse_rfc3339(text, out) == 0)
		return true;
	api_wrong_query(api, name, tr("want a time like 2023-05-30T15:00:00Z", "нужно время вида 2023-05-30T15:00:00Z"),
		tr("a + has to be written as %2B", "знак + записывается как %2B"));
	return false;
}

bool api_query_word(struct api *api, const char *name, const char *words, const char **out)
{
	*out = web_query(api->request, name);
	if (*out == NULL || one_of(words, *out))
		return true;
	char *detail = xasprintf(tr("want one of: %s", "нужно одно из: %s"), words);
	api_wrong_query(api, name, detail, NULL);
	free(detail);
	return false;
}

bool api_limit(struct api *api, int64_t *limit)
{
	return api_query_integer(api, "limit", 1, API_LIMIT_MOST, API_LIMIT_USUAL, limit);
}

bool api_part_number(struct api *api, const char *name, int64_t *out)
{
	long long n;
	if (!gate_int64(web_part(api->request, name), 1, INT64_MAX, &n)) {
		api_problem(api, API_NOT_FOUND, NULL, NULL);
		return false;
	}
	*out = n;
	return true;
}

/* ---- cursors -------------------------------------------------------------------------------- */

bool api_after(struct api *api, char *out, size_t size)
{
	const char *text = web_query(api->request, "after"), *dot = text == NULL ? NULL : strrchr(text, '.');
	char purpose[100];
	out[0] = '\0';
	if (text == NULL)
		return true;
	if (dot != NULL && (size_t)(dot - text) < size) {
		memcpy(out, text, (size_t)(dot - text));
		out[dot - text] = '\0';
		snprintf(purpose, sizeof purpose, "api cursor %s", api->operation->id);
		if (ident_mac_ok(api->visit->console->key, purpose, out, dot + 1))
			return true;
	}
	api_wrong_query(api, "after", tr("this is no cursor of this list", "это не указатель из этого списка"),
		tr("follow \"next\" of the page before", "возьмите «next» предыдущей страницы"));
	return false;
}

bool api_after_number(struct api *api, int64_t *out)
{
	char text[API_CURSOR_MAX];
	long long n = 0;
	if (!api_after(api, text, sizeof text))
		return false;
	*out = text[0] != '\0' && gate_int64(text, 0, INT64_MAX, &n) ? n : 0;
	return true;
}

int64_t api_if_match(struct api *api)
{
	const char *text = web_header(api->request, "If-Match");
	size_t len = text == NULL ? 0 : strlen(text);
	char digits[32];
	long long version;
	if (text == NULL) {
		api_problem(api, API_NO_CONDITION, NULL, NULL);
		return -1;
	}
	if (len > 2 && len < sizeof digits && text[0] == '"' && text[len - 1] == '"') {
		memcpy(digits, text + 1, len - 2);
		digits[len - 2] = '\0';
		if (gate_int64(digits, 1, INT64_MAX, &version))
			return version;
	}
	api_problem(api, API_CHANGED, NULL, NULL);
	return -1;
}
