/* Pipes: {{n | plural: участник, участника, участников}}, {{deadline.at | date: long}}.
 * A name with a blank and a bar is no name in Mustache's own terms, so templates
 * written for other engines mean the same here. docs/reference/letters.md lists them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "calendar/calendar.h"
#include "calendar/day.h"

#include "letter/template.h"

/* A plural's word, in bytes: with its number it fits into struct value's own[]. */
#define FILTER_WORD_MAX 120

enum filter_kind { FILTER_PLURAL, FILTER_COUNT, FILTER_DATE, FILTER_NUMBER, FILTER_DEFAULT };

static const struct {
	const char *name;
	enum filter_kind kind;
	size_t args_least, args_most;
	const char *right;
} filters[] = {
	{"plural", FILTER_PLURAL, 2, 3, "{{n | plural: участник, участника, участников}}"},
	{"count", FILTER_COUNT, 2, 3, "{{n | count: участник, участника, участников}}"},
	{"date", FILTER_DATE, 1, 1, "{{deadline.at | date: long}} (short, long, day, time, full)"},
	{"number", FILTER_NUMBER, 0, 0, "{{n | number}}"},
	{"default", FILTER_DEFAULT, 1, 1, "{{recipient.person | default: коллеги}}"},
};

static const struct {
	const char *name;
	enum calendar_format format;
} formats[] = {{"short", CALENDAR_SHORT}, {"long", CALENDAR_LONG}, {"day", CALENDAR_DAY},
	{"time", CALENDAR_TIME}, {"full", CALENDAR_FULL}};

static char *trimmed(const char *text, size_t len)
{
	while (len > 0 && (*text == ' ' || *text == '\t' || *text == '\n' || *text == '\r')) {
		text++;
		len--;
	}
	while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t' || text[len - 1] == '\n' ||
				  text[len - 1] == '\r'))
		len--;
	return xstrndup(text, len);
}

static bool filter_args(struct filter *filter, const char *text, size_t len, size_t least, size_t most)
{
	size_t count = 0;
	while (len > 0) {
		/* The last argument takes the rest, commas included. */
		const char *comma = count + 1 < most ? memchr(text, ',', len) : NULL;
		size_t n = comma == NULL ? len : (size_t)(comma - text);
		if (count == most)
			return false;
		filter->arg[count++] = trimmed(text, n);
		text += n + (comma == NULL ? 0 : 1);
		len -= n + (comma == NULL ? 0 : 1);
	}
	for (size_t i = 0; i < count; i++)
		if (filter->arg[i][0] == '\0')
			return false;
	for (size_t i = 0; i < count && most > 1; i++)
		if (strlen(filter->arg[i]) > FILTER_WORD_MAX)
			return false;
	return count >= least;
}

int filter_parse(struct filter *filter, const char *text, size_t len, struct problem_place place,
	struct problems *problems)
{
	*filter = (struct filter){.kind = -1};
	const char *colon = memchr(text, ':', len);
	char *name = trimmed(text, colon == NULL ? len : (size_t)(colon - text));
	const char *rest = colon == NULL ? text + len : colon + 1;
	int rc = -1;
	for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++) {
		if (strcmp(filters[i].name, name) != 0)
			continue;
		filter->kind = (int)filters[i].kind;
		rc = filter_args(filter, rest, (size_t)(text + len - rest), filters[i].args_least,
			     filters[i].args_most)
			? 0
			: -1;
		if (rc == 0 && filter->kind == FILTER_DATE) {
			rc = -1;
			for (size_t f = 0; f < sizeof formats / sizeof formats[0]; f++)
				if (strcmp(formats[f].name, filter->arg[0]) == 0) {
					filter->format = (int)formats[f].format;
					rc = 0;
				}
		}
		if (rc != 0)
			problem_add(problems, PROBLEM_ERROR, place, filters[i].right,
				tr("the pipe «%.60s» does not take these words",
					"преобразование «%.60s» не принимает эти слова"),
				name);
	}
	if (filter->kind < 0)
		problem_add(problems, PROBLEM_ERROR, place,
			tr("there are plural, count, date, number, default",
				"есть plural, count, date, number, default"),
			tr("unknown pipe «%.60s»", "неизвестное преобразование «%.60s»"), name);
	free(name);
	if (rc != 0)
		filter_fini(filter);
	return rc;
}

void filter_fini(struct filter *filter)
{
	for (size_t i = 0; i < 3; i++) {
		free(filter->arg[i]);
		filter->arg[i] = NULL;
	}
}

/* ---- values ------------------------------------------------------------------ */

/* Digits of the number without its sign; returns how many. */
static size_t digits_of(int64_t number, char out[20])
{
	uint64_t left = number < 0 ? -(uint64_t)number : (uint64_t)number;
	char reversed[20];
	size_t count = 0;
	do {
		reversed[count++] = (char)('0' + left % 10);
		left /= 10;
	} while (left > 0);
	for (size_t i = 0; i < count; i++)
		out[i] = reversed[count - 1 - i];
	return count;
}

static void integer_text(int64_t number, struct value *value)
{
	size_t sign = number < 0 ? 1 : 0;
	value->own[0] = '-';
	value->len = sign + digits_of(number, value->own + sign);
	value->text = value->own;
}

static void real_text(double number, char *out, size_t size)
{
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(out, size, "%.*g", digits, number);
		if (strtod(out, NULL) == number)
			break;
	}
	char *comma = strchr(out, ','); /* a locale's decimal comma */
	if (comma != NULL)
		*comma = '.';
}

bool value_as_text(struct value *value)
{
	if (value->json == NULL)
		return true;
	switch (json_typeof(value->json)) {
	case JSON_STRING:
		value->text = json_string_value(value->json);
		value->len = json_string_length(value->json);
		return true;
	case JSON_INTEGER:
		integer_text(json_integer_value(value->json), value);
		return true;
	case JSON_REAL:
		real_text(json_real_value(value->json), value->own, sizeof value->own);
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		snprintf(value->own, sizeof value->own, "%s",
			json_is_true(value->json) ? "true" : "false");
		break;
	case JSON_NULL:
		value->own[0] = '\0';
		break;
	default:
		return false;
	}
	value->text = value->own;
	value->len = strlen(value->own);
	return true;
}

static int not_a(const char *what, const struct value *value, struct error *e)
{
	return error_set(e, ERROR_INPUT, tr("«%.*s» is not %s", "«%.*s» – не %s"),
		(int)(value->len < 40 ? value->len : 40), value->text, what);
}

static int as_integer(const struct value *value, int64_t *number, struct error *e)
{
	long long n;
	if (value->json != NULL && json_is_integer(value->json)) {
		*number = json_integer_value(value->json);
		return 0;
	}
	if (value->len > 20 || !gate_int64(value->text, INT64_MIN, INT64_MAX, &n))
		return not_a(tr("a whole number", "целое число"), value, e);
	*number = n;
	return 0;
}

/* «15 мая 2023 г.», "15 May 2023": as {{document.date}} and {{deadline.date}} stand in letters. */
static bool as_words(const char *text, struct calendar_time *out)
{
	static const char *const years[] = {" г.", ""};
	char words[DAY_TEXT_SIZE];
	size_t len = strlen(text);
	long long date, year;
	for (size_t i = 0; i < sizeof years / sizeof years[0]; i++) {
		size_t tail = strlen(years[i]), digits = strspn(text, "0123456789");
		if (len < tail + 8 || strcmp(text + len - tail, years[i]) != 0 || digits == 0 || digits > 2)
			continue;
		char first[3] = {0}, last[5] = {0};
		memcpy(first, text, digits);
		memcpy(last, text + len - tail - 4, 4);
		if (!gate_int64(first, 1, 31, &date) || !gate_int64(last, 1000, 9999, &year))
			continue;
		for (int month = 1; month <= 12; month++) {
			int32_t day = day_of((int)year, month, (int)date);
			if (day != DAY_NONE && (strcmp(day_words(day, LANG_RU, words), text) == 0 ||
						       strcmp(day_words(day, LANG_EN, words), text) == 0)) {
				*out = day_split(day);
				return true;
			}
		}
	}
	return false;
}

/* A member ending in .at holds milliseconds; tables hold dates as people write them. */
static int as_moment(const struct value *value, const char *zone, int64_t *time_ms, struct error *e)
{
	if (value->json != NULL && json_is_integer(value->json)) {
		*time_ms = json_integer_value(value->json);
		return 0;
	}
	char text[48];
	if (value->len < sizeof text) {
		memcpy(text, value->text, value->len);
		text[value->len] = '\0';
		struct calendar_time wall;
		bool has_time;
		if (calendar_parse(text, &wall, &has_time, NULL) == 0 || as_words(text, &wall))
			return calendar_to_ms(&wall, zone, time_ms, e);
		if (clock_parse_rfc3339(text, time_ms) == 0)
			return 0;
	}
	return not_a(tr("a date", "дата"), value, e);
}

/* 1234567 → «1 234 567» with non-breaking spaces (Russian), 1,234,567 (English). */
#define GROUPED_SIZE 48
static void grouped(int64_t number, enum lang lang, char out[GROUPED_SIZE])
{
	char digits[20];
	size_t len = digits_of(number, digits), at = 0;
	if (number < 0)
		out[at++] = '-';
	for (size_t i = 0; i < len; i++) {
		/* Russian typography leaves four digits together. */
		if (i > 0 && (len - i) % 3 == 0 && lang == LANG_EN) {
			out[at++] = ',';
		} else if (i > 0 && (len - i) % 3 == 0 && len > 4) {
			out[at++] = '\xc2'; /* U+00A0 */
			out[at++] = '\xa0';
		}
		out[at++] = digits[i];
	}
	out[at] = '\0';
}

static void set_text(struct value *value, const char *text)
{
	value->json = NULL;
	value->text = text;
	value->len = strlen(text);
}

int filter_apply(const struct filter *filter, const struct filter_context *context,
	struct value *value, struct error *e)
{
	int64_t number;
	const char *word;
	if (filter->kind == FILTER_DEFAULT) {
		if (value->text == NULL || value->len == 0)
			set_text(value, filter->arg[0]);
		return 0;
	}
	if (value->text == NULL || value->len == 0) /* nothing stays nothing */
		return 0;
	if (filter->kind == FILTER_DATE) {
		char date[CALENDAR_TEXT_SIZE];
		_Static_assert(sizeof date <= sizeof value->own, "a date fits");
		if (as_moment(value, context->zone, &number, e) != 0 ||
			calendar_format(number, context->zone, context->lang,
				(enum calendar_format)filter->format, date, e) != 0)
			return -1;
		memcpy(value->own, date, strlen(date) + 1);
		set_text(value, value->own);
		return 0;
	}
	if (as_integer(value, &number, e) != 0)
		return -1;
	if (filter->kind == FILTER_NUMBER) {
		grouped(number, context->lang, value->own);
		set_text(value, value->own);
		return 0;
	}
	word = calendar_plural(number, context->lang, filter->arg[0], filter->arg[1],
		filter->arg[2] != NULL ? filter->arg[2] : filter->arg[1]);
	if (filter->kind == FILTER_PLURAL) {
		set_text(value, word);
		return 0;
	}
	_Static_assert(GROUPED_SIZE + FILTER_WORD_MAX + 2 <= sizeof value->own, "a count fits");
	grouped(number, context->lang, value->own);
	size_t len = strlen(value->own), word_len = strlen(word);
	memcpy(value->own + len, "\xc2\xa0", 2);
	memcpy(value->own + len + 2, word, word_len + 1);
	set_text(value, value->own);
	return 0;
}
