/* Values as people read them. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer/field.h"
#include "answer/field_inside.h"
#include "base/buf.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "calendar/calendar.h"
#include "calendar/day.h"

/* Four digits stand together in Russian and English print; from five on, in threes. */
#define GROUPED_FROM 10000
#define NO_BREAK_SPACE "\xc2\xa0"

static void put_integer(struct buf *out, int64_t value)
{
	char digits[24];
	uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	int n = snprintf(digits, sizeof digits, "%" PRIu64, size);
	if (value < 0)
		(void)buf_puts(out, "−");
	for (int i = 0; i < n; i++) {
		if (i > 0 && size >= GROUPED_FROM && (n - i) % 3 == 0)
			(void)buf_puts(out, NO_BREAK_SPACE);
		(void)buf_putc(out, digits[i]);
	}
}

/* What was typed had at most NUMERAL_DIGITS_MAX digits: so many give it back. */
static void put_real(struct buf *out, double value, enum lang lang)
{
	char text[64];
	double size = value < 0 ? -value : value;
	(void)snprintf(text, sizeof text, "%.*g", NUMERAL_DIGITS_MAX, size);
	char *point = strchr(text, '.');
	if (strchr(text, 'e') != NULL) {
		(void)buf_puts(out, value < 0 ? "−" : "");
		(void)buf_puts(out, text);
		return;
	}
	if (point != NULL)
		*point = '\0';
	int64_t whole = strtoll(text, NULL, 10);
	if (value < 0)
		(void)buf_puts(out, "−");
	put_integer(out, whole);
	if (point != NULL)
		(void)buf_printf(out, "%c%s", lang == LANG_RU ? ',' : '.', point + 1);
}

static void put_strings(struct buf *out, const json_t *list)
{
	size_t i;
	json_t *one;
	json_array_foreach(field_loose(list), i, one)
		(void)buf_printf(out, "%s%s", i == 0 ? "" : ", ", json_is_string(one) ? json_string_value(one) : "");
}

static void put_date(struct buf *out, const char *iso, enum lang lang)
{
	char words[DAY_TEXT_SIZE];
	int32_t day;
	(void)buf_puts(out, day_parse(iso, &day, NULL) == 0 ? day_words(day, lang, words) : iso);
}

char *field_show(const struct field *field, const json_t *value, enum lang lang)
{
	struct buf out;
	buf_init(&out, 2 * FIELD_TEXT_MAX_BYTES + FIELD_LINKS_MAX * 2100);
	if (json_is_integer(value)) {
		put_integer(&out, json_integer_value(value));
	} else if (json_is_real(value)) {
		put_real(&out, json_real_value(value), lang);
	} else if (json_is_string(value)) {
		if (field->type == FIELD_DATE)
			put_date(&out, json_string_value(value), lang);
		else
			(void)buf_puts(&out, json_string_value(value));
	} else if (json_is_array(value) && field->type == FIELD_TABLE) {
		int64_t n = (int64_t)json_array_size(value);
		put_integer(&out, n);
		(void)buf_printf(&out, " %s", lang == LANG_RU ? calendar_plural(n, lang, "строка", "строки", "строк")
							      : calendar_plural(n, lang, "row", "rows", "rows"));
	} else if (json_is_array(value)) {
		put_strings(&out, value);
	}
	return buf_take(&out);
}

#define SHORT_MAX_BYTES 200 /* of a line; a field more may begin before */
#define SHORT_FIELD_MAX_BYTES 120

char *fields_in_short(const struct fields *fields, const json_t *values, enum lang lang)
{
	struct buf out;
	buf_init(&out, SHORT_MAX_BYTES * 2);
	for (size_t i = 0; i < fields->count && out.len < SHORT_MAX_BYTES; i++) {
		const json_t *value = json_object_get(values, fields->item[i].name);
		if (field_empty(value))
			continue;
		char *text = field_show(&fields->item[i], value, lang);
		char *line = gate_clean_line(text, SHORT_FIELD_MAX_BYTES);
		(void)buf_printf(&out, "%s%s", out.len > 0 ? "; " : "", line);
		free(line);
		free(text);
	}
	return buf_take(&out);
}
