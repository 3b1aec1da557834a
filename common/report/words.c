#include "report/words.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "calendar/calendar.h"

/* ---- figures ----------------------------------------------------------------------- */

/* Digits of a sum: more than 15 a double does not have, more than 4 behind the point nobody wrote. */
static void digits_of(double n, char out[static WORDS_SIZE])
{
	if (fabs(n) < 1e15 && fabs(n - nearbyint(n)) < 1e-6) {
		snprintf(out, WORDS_SIZE, "%.0f", nearbyint(n) + 0.0);
		return;
	}
	snprintf(out, WORDS_SIZE, fabs(n) < 1e15 ? "%.4f" : "%.15g", n);
	if (strchr(out, '.') == NULL || strchr(out, 'e') != NULL)
		return;
	size_t len = strlen(out);
	while (out[len - 1] == '0')
		out[--len] = '\0';
	if (out[len - 1] == '.')
		out[len - 1] = '\0';
}

const char *words_plain(double n, enum lang lang, char out[static WORDS_SIZE])
{
	digits_of(n, out);
	char *point = strchr(out, '.');
	if (point != NULL && lang == LANG_RU)
		*point = ',';
	return out;
}

const char *words_number(double n, enum lang lang, char out[static WORDS_SIZE])
{
	char digits[WORDS_SIZE], *to = out;
	words_plain(n, lang, digits);
	const char *from = digits;
	if (*from == '-') {
		memcpy(to, "−", strlen("−"));
		to += strlen("−");
		from++;
	}
	size_t whole = strspn(from, "0123456789");
	for (size_t i = 0; i < whole; i++) {
		if (i > 0 && (whole - i) % 3 == 0 && whole > 4) { /* 4-digit numbers stay whole */
			memcpy(to, "\xc2\xa0", 2);
			to += 2;
		}
		*to++ = from[i];
	}
	snprintf(to, WORDS_SIZE - (size_t)(to - out), "%s", from + whole);
	return out;
}

const char *words_change(double now, double before, enum lang lang, char out[static WORDS_SIZE])
{
	char number[WORDS_SIZE];
	double change = now - before;
	words_number(change, lang, number);
	snprintf(out, WORDS_SIZE, "%s%.80s", change > 0 && strcmp(number, "0") != 0 ? "+" : "", number);
	return out;
}

int words_percent(int64_t part, int64_t whole)
{
	if (whole <= 0 || part <= 0)
		return 0;
	if (part >= whole)
		return 100;
	int percent = (int)((part * 100 + whole / 2) / whole);
	return percent < 1 ? 1 : percent > 99 ? 99 : percent;
}

const char *words_moment(int64_t time_ms, const char *zone, enum lang lang, char out[static WORDS_SIZE])
{
	struct calendar_time t;
	out[0] = '\0';
	if (time_ms == 0 || calendar_from_ms(time_ms, zone, &t, NULL) != 0)
		return out;
	if (lang == LANG_RU)
		snprintf(out, WORDS_SIZE, "%02d.%02d.%04d %02d:%02d", t.day, t.month, t.year, t.hour, t.minute);
	else
		snprintf(out, WORDS_SIZE, "%04d-%02d-%02d %02d:%02d", t.year, t.month, t.day, t.hour, t.minute);
	return out;
}

const char *words_date(const char *iso, char out[static WORDS_SIZE])
{
	if (strlen(iso) == 10 && iso[4] == '-' && iso[7] == '-')
		snprintf(out, WORDS_SIZE, "%.2s.%.2s.%.4s", iso + 8, iso + 5, iso);
	else
		snprintf(out, WORDS_SIZE, "%s", iso);
	return out;
}

/* ---- states --------------------------------------------------------------------------- */

const char *words_state(enum ask_state state, enum lang lang)
{
	switch (state) {
	case ASK_OPEN:
		return word(lang, "no answer", "нет ответа");
	case ASK_RECEIVED:
		return word(lang, "received, being looked at", "получено, на проверке");
	case ASK_PARTIAL:
		return word(lang, "partly answered", "ответ неполный");
	case ASK_CONFIRMED:
		return word(lang, "answered", "ответ получен");
	case ASK_WITHDRAWN:
		return word(lang, "withdrawn", "запрос отозван");
	case ASK_STATES:
		break;
	}
	return "";
}

const char *words_way(const char *way, enum lang lang)
{
	static const struct {
		const char *way, *en, *ru;
	} ways[] = {{"form", "form", "по форме"}, {"reply", "reply", "ответным письмом"},
		{"mail", "letter", "письмом"}, {"sheet", "Excel form", "в таблице Excel"},
		{"cascade", "sum of its organisations", "сводом по подведомственным"},
		{"staff", "entered by staff", "внесено сотрудником"}, {"phone", "telephone", "по телефону"},
		{"import", "import", "загружено из таблицы"}};
	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
		if (strcmp(way, ways[i].way) == 0)
			return word(lang, ways[i].en, ways[i].ru);
	return way;
}

const char *words_trouble(enum report_trouble trouble, enum lang lang)
{
	switch (trouble) {
	case REPORT_REACHED:
		break;
	case REPORT_NOT_SENT:
		return word(lang, "not sent", "не отправлено");
	case REPORT_UNDELIVERED:
		return word(lang, "not delivered", "не доставлено");
	case REPORT_NO_LETTER:
		return word(lang, "no address", "нет адреса");
	}
	return "";
}

/* ---- values --------------------------------------------------------------------------- */

static char *table_words(const char *text, enum lang lang)
{
	json_t *rows = json_loads(text, 0, NULL);
	size_t n = json_array_size(rows);
	json_decref(rows);
	return xasprintf("%zu %s", n, calendar_plural((int64_t)n, lang, word(lang, "row", "строка"),
		word(lang, "rows", "строки"), word(lang, "rows", "строк")));
}

char *words_value(const struct report_column *column, const struct report_value *value, enum lang lang)
{
	char out[WORDS_SIZE];
	if (value->text[0] == '\0')
		return xstrdup("");
	switch (column->kind) {
	case REPORT_NUMBER:
		return xstrdup(words_number(value->number, lang, out));
	case REPORT_DATE:
		return xstrdup(words_date(value->text, out));
	case REPORT_TABLE:
		return table_words(value->text, lang);
	case REPORT_CHOICE:
	case REPORT_TEXT:
		break;
	}
	return xstrdup(value->text);
}

char *words_cut(const char *text, size_t most)
{
	size_t at = 0, characters = 0;
	while (text[at] != '\0' && characters < most) {
		at++;
		while (((unsigned char)text[at] & 0xc0) == 0x80)
			at++;
		characters++;
	}
	if (text[at] == '\0')
		return xstrdup(text);
	while (at > 0 && (text[at - 1] == ' ' || text[at - 1] == '\n'))
		at--;
	return xasprintf("%.*s…", (int)at, text);
}

void words_html(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		switch (*text) {
		case '&':
			(void)fputs("&amp;", out);
			break;
		case '<':
			(void)fputs("&lt;", out);
			break;
		case '>':
			(void)fputs("&gt;", out);
			break;
		case '"':
			(void)fputs("&quot;", out);
			break;
		case '\'':
			(void)fputs("&#39;", out);
			break;
		case '\n':
			(void)fputs("<br>", out);
			break;
		default:
			if ((unsigned char)*text >= 0x20 && *text != 0x7f)
				(void)fputc(*text, out);
		}
	}
}

/* ---- headings --------------------------------------------------------------------------- */

static bool is_given(const char *text)
{
	return text != NULL && text[0] != '\0';
}

char *words_heading(const struct report_facts *facts)
{
	const char *label = is_given(facts->round_label) ? facts->round_label : "";
	return xasprintf("%s %s%s%s", word(facts->lang, "Report:", "Отчёт:"), facts->title,
		label[0] != '\0' ? ", " : "", label);
}

char *words_deadline(const struct report_facts *facts)
{
	char text[CALENDAR_TEXT_SIZE];
	if (facts->deadline_ms == 0 || calendar_format(facts->deadline_ms, facts->zone, facts->lang, CALENDAR_FULL,
					       text, NULL) != 0)
		return xstrdup("");
	return xasprintf("%s %s", word(facts->lang, "Due:", "Срок:"), text);
}
