/* What people write into a field. Every refusal says what would be right; the writer reads it
 * beside the field, so the field's name is not in it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer/field.h"
#include "answer/field_inside.h"
#include "base/buf.h"
#include "base/gate.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "calendar/day.h"
#include "table/table.h"

/* Plans and reports are of our time: a year typed with too few digits is noticed. */
#define YEAR_FIRST 1900
#define YEAR_LAST 2199

const char *field_quote(const char *text, char out[static FIELD_QUOTE_SIZE])
{
	char *line = gate_clean_line(text, FIELD_QUOTE_SIZE - 1 - strlen("…"));
	(void)snprintf(out, FIELD_QUOTE_SIZE, "%s%s", line, strlen(line) < strlen(text) &&
		strlen(line) > FIELD_QUOTE_SIZE / 2 ? "…" : "");
	free(line);
	return out;
}

/* ---- numbers --------------------------------------------------------------------- */

static int refuse_number(const char *text, enum numeral_result result, bool whole, struct error *e)
{
	char quoted[FIELD_QUOTE_SIZE];
	const char *wanted = whole ? tr("Give a whole number in digits, such as 12", "Укажите целое число цифрами, например 12")
				   : tr("Give a number in digits, such as 12.5", "Укажите число цифрами, например 12,5");
	const char *why = "";
	(void)field_quote(text, quoted);
	if (quoted[0] == '#') /* «#REF!», «#ДЕЛ/0!» */
		return error_set(e, ERROR_INPUT, tr("%s: «%s» is the error of a formula", "%s: «%s» – это ошибка формулы"),
			wanted, quoted);
	switch (result) {
	case NUMERAL_WORDS:
		why = tr("is written in words", "написано словами");
		break;
	case NUMERAL_RANGE:
		why = tr("is a range", "это промежуток");
		break;
	case NUMERAL_SEVERAL:
		why = tr("are several numbers", "здесь несколько чисел");
		break;
	case NUMERAL_UNIT:
		why = tr("has more in it than the number", "здесь есть лишнее, кроме числа");
		break;
	case NUMERAL_GROUPS:
		why = tr("can be read in two ways: leave out what divides the thousands",
			"можно понять двояко: уберите знаки между разрядами");
		break;
	case NUMERAL_LARGE:
		why = tr("has too many digits", "слишком много цифр");
		break;
	case NUMERAL_OK:
	case NUMERAL_ODD:
		why = tr("is no number", "это не число");
		break;
	}
	return error_set(e, ERROR_INPUT, tr("%s: «%s» %s", "%s: «%s» – %s"), wanted, quoted, why);
}

static int parse_number(const char *text, bool count, json_t **value, struct error *e)
{
	struct numeral numeral;
	char quoted[FIELD_QUOTE_SIZE];
	enum numeral_result result = numeral_read(text, &numeral);
	if (result != NUMERAL_OK)
		return refuse_number(text, result, count, e);
	if (count && numeral.negative)
		return error_set(e, ERROR_INPUT,
			tr("The number cannot be below zero: «%s»", "Число не может быть меньше нуля: «%s»"),
			field_quote(text, quoted));
	if (count && numeral.fraction)
		return error_set(e, ERROR_INPUT,
			tr("A whole number is needed, such as 12: «%s» has a fraction",
				"Нужно целое число, например 12: в «%s» есть дробная часть"),
			field_quote(text, quoted));
	*value = numeral.fraction ? json_real(numeral.value)
				  : json_integer(numeral.negative ? -numeral.integer : numeral.integer);
	return 0;
}

/* ---- dates ------------------------------------------------------------------------- */

static int parse_date(const char *text, json_t **value, struct error *e)
{
	char quoted[FIELD_QUOTE_SIZE], iso[DAY_TEXT_SIZE];
	struct error why = {0};
	int32_t day;
	if (day_parse(text, &day, &why) != 0)
		return error_set(e, ERROR_INPUT,
			tr("Give a date such as 30.05.2023: «%s» is none", "Укажите дату, например 30.05.2023: «%s» – не дата"),
			field_quote(text, quoted));
	int year = day_year(day);
	if (year < YEAR_FIRST || year > YEAR_LAST)
		return error_set(e, ERROR_INPUT, tr("Check the year of the date: «%s»", "Проверьте год в дате: «%s»"),
			field_quote(text, quoted));
	*value = json_string(day_iso(day, iso));
	return 0;
}

/* ---- choices ----------------------------------------------------------------------- */

static int parse_choice(const struct field *field, const char *text, json_t **value, struct error *e)
{
	const char *found = NULL;
	char quoted[FIELD_QUOTE_SIZE];
	int near = 0;
	for (const char *const *option = field->options; *option != NULL; option++)
		if (strcmp(*option, text) == 0) {
			*value = json_string(text);
			return 0;
		}
	/* «Да.» for «да», but not when two options would then be one */
	char *key = table_title_key(text);
	for (const char *const *option = field->options; *option != NULL; option++) {
		char *option_key = table_title_key(*option);
		if (key[0] != '\0' && strcmp(option_key, key) == 0) {
			found = *option;
			near++;
		}
		free(option_key);
	}
	free(key);
	if (near == 1) {
		*value = json_string(found);
		return 0;
	}
	struct buf list;
	buf_init(&list, 300);
	for (const char *const *option = field->options; *option != NULL; option++)
		if (buf_printf(&list, "%s«%s»", option == field->options ? "" : ", ", *option) != 0)
			break;
	(void)error_set(e, ERROR_INPUT, tr("Choose one of %s%s: «%s» is none of them", "Выберите один из вариантов: %s%s; «%s» среди них нет"),
		buf_str(&list), buf_ok(&list) ? "" : ", …", field_quote(text, quoted));
	buf_fini(&list);
	return -1;
}

/* ---- text and links ------------------------------------------------------------------ */

void field_clean_text(char *text)
{
	char *to = text;
	for (const char *p = text; *p != '\0';) {
		unsigned char c = (unsigned char)*p;
		if (c == '\r') {
			if (p[1] != '\n')
				*to++ = '\n';
			p++;
		} else if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f) {
			p++;
		} else if (c == 0xe2 && (unsigned char)p[1] == 0x80 && (unsigned char)p[2] >= 0xaa &&
			(unsigned char)p[2] <= 0xae) { /* U+202A–202E */
			p += 3;
		} else if (c == 0xe2 && (unsigned char)p[1] == 0x81 && (unsigned char)p[2] >= 0xa6 &&
			(unsigned char)p[2] <= 0xa9) { /* U+2066–2069 */
			p += 3;
		} else {
			*to++ = *p++;
		}
	}
	*to = '\0';
}

static int parse_text(const char *text, json_t **value)
{
	char *copy = xstrdup(text);
	field_clean_text(copy);
	size_t len = strlen(copy);
	while (len > 0 && strchr(" \t\n", copy[len - 1]) != NULL)
		copy[--len] = '\0';
	const char *start = copy + strspn(copy, " \t\n");
	if (*start != '\0')
		*value = json_string(start);
	free(copy);
	return 0;
}

static int add_link(json_t *links, const char *link, struct error *e)
{
	char quoted[FIELD_QUOTE_SIZE];
	if (strncasecmp(link, "http://", 7) != 0 && strncasecmp(link, "https://", 8) != 0)
		return error_set(e, ERROR_INPUT,
			tr("A link begins with https:// or http://: «%s» does not", "Ссылка начинается с https:// или http://: «%s» – нет"),
			field_quote(link, quoted));
	if (!gate_url(link, false))
		return error_set(e, ERROR_INPUT, tr("«%s» is no link that can be opened", "«%s» – не ссылка: её нельзя открыть"),
			field_quote(link, quoted));
	if (json_array_size(links) == FIELD_LINKS_MAX)
		return error_set(e, ERROR_INPUT, tr("At most %d links", "Не больше %d ссылок"), FIELD_LINKS_MAX);
	(void)json_array_append_new(links, json_string(link));
	return 0;
}

/* One to a line, or with blanks or commas between them. A comma inside a link stays. */
static int parse_links(const char *text, json_t **value, struct error *e)
{
	json_t *links = json_array();
	char *copy = xstrdup(text), *rest = copy, *word;
	int rc = 0;
	field_clean_text(copy);
	for (char *p = strstr(copy, "\xc2\xa0"); p != NULL; p = strstr(p, "\xc2\xa0"))
		p[0] = p[1] = ' ';
	while (rc == 0 && (word = strsep(&rest, " \t\n")) != NULL) {
		size_t len = strlen(word);
		while (len > 0 && strchr(",;", word[len - 1]) != NULL)
			word[--len] = '\0';
		for (char *next; rc == 0 && word[0] != '\0'; word = next) {
			next = strstr(word, ",http");
			if (next == NULL)
				next = strstr(word, ";http");
			if (next != NULL)
				*next++ = '\0';
			else
				next = word + strlen(word);
			rc = add_link(links, word, e);
		}
	}
	free(copy);
	if (rc == 0 && json_array_size(links) > 0)
		*value = json_incref(links);
	json_decref(links);
	return rc;
}

/* ---- any ---------------------------------------------------------------------------- */

static bool is_blank(const char *text)
{
	while (*text != '\0') {
		if (strchr(" \t\r\n", *text) != NULL)
			text++;
		else if (strncmp(text, "\xc2\xa0", 2) == 0)
			text += 2;
		else
			return false;
	}
	return true;
}

static char *trimmed(const char *text)
{
	text += strspn(text, " \t\r\n");
	size_t len = strlen(text);
	while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL)
		len--;
	return xstrndup(text, len);
}

static int parse_line(const struct field *field, const char *text, json_t **value, struct error *e)
{
	switch (field->type) {
	case FIELD_COUNT:
		return parse_number(text, true, value, e);
	case FIELD_NUMBER:
		return parse_number(text, false, value, e);
	case FIELD_DATE:
		return parse_date(text, value, e);
	case FIELD_CHOICE:
		return parse_choice(field, text, value, e);
	case FIELD_TEXT:
		return parse_text(text, value);
	case FIELD_LINKS:
		return parse_links(text, value, e);
	case FIELD_FILE:
	case FIELD_TABLE:
	case FIELD_TYPES:
		break;
	}
	return error_set(e, ERROR_INTERNAL, "field %s is not written as a line", field->name);
}

int field_parse(const struct field *field, const char *text, json_t **value, struct error *e)
{
	*value = NULL;
	size_t len = strnlen(text, FIELD_TEXT_MAX_BYTES + 1);
	if (len > FIELD_TEXT_MAX_BYTES)
		return error_set(e, ERROR_INPUT,
			tr("The text is too long: at most %d characters fit", "Текст слишком длинный: помещается не больше %d знаков"),
			FIELD_TEXT_MAX_BYTES / 2); /* Cyrillic letters have two bytes */
	if (!gate_utf8(text, len))
		return error_set(e, ERROR_INPUT, "%s",
			tr("The text came damaged (not UTF-8): type it again", "Текст пришёл повреждённым (не UTF-8): наберите его заново"));
	if (is_blank(text))
		return 0;
	char *line = trimmed(text);
	int rc = parse_line(field, line, value, e);
	free(line);
	return rc;
}
