#include "roadmap/responsible.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "table/table.h"

/* What opens and closes: pairs of UTF-8 texts; the straight quotation mark is both. */
static const char *const opening[] = {"«", "„", "“", "(", "["};
static const char *const closing[] = {"»", "”", ")", "]"};

static size_t starts_with(const char *text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strncmp(text, words[i], strlen(words[i])) == 0)
			return strlen(words[i]);
	return 0;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* «школы № 1, 2»: a number after the comma goes on with the name before it. */
static bool goes_on(const char *cell, size_t at)
{
	size_t before = at, after = at + 1;
	while (before > 0 && cell[before - 1] == ' ')
		before--;
	while (cell[after] == ' ' || strncmp(cell + after, "№", strlen("№")) == 0)
		after += cell[after] == ' ' ? 1 : strlen("№");
	return cell[at] == ',' && before > 0 && is_digit(cell[before - 1]) && is_digit(cell[after]);
}

static void add(struct responsible_parts *out, const char *text, size_t len)
{
	char *raw = xstrndup(text, len);
	char *part = gate_clean_line(raw, RESPONSIBLE_TEXT_MAX_BYTES);
	char *key = responsible_key(part);
	if (key[0] != '\0')
		out->part[out->count++] = part;
	else
		free(part);
	free(key);
	free(raw);
}

void responsible_split(const char *cell, struct responsible_parts *out)
{
	int depth = 0;
	bool straight = false;
	size_t start = 0, len = strnlen(cell, RESPONSIBLE_TEXT_MAX_BYTES), at = 0;
	*out = (struct responsible_parts){0};
	while (at < len) {
		size_t step = starts_with(cell + at, opening, sizeof opening / sizeof *opening);
		size_t end = starts_with(cell + at, closing, sizeof closing / sizeof *closing);
		char c = cell[at];
		if (step > 0)
			depth++;
		else if (end > 0)
			depth -= depth > 0;
		else if (c == '"')
			straight = !straight;
		bool divides = (c == ',' || c == ';' || c == '\n') && (c == '\n' || (depth == 0 && !straight)) &&
			!goes_on(cell, at) && out->count + 1 < RESPONSIBLE_PARTS_MAX;
		if (divides) {
			add(out, cell + start, at - start);
			start = at + 1;
			depth = 0;
			straight = false;
		}
		at += step > 0 ? step : end > 0 ? end : 1;
	}
	if (start < len)
		add(out, cell + start, len - start);
}

void responsible_parts_fini(struct responsible_parts *parts)
{
	for (size_t i = 0; i < parts->count; i++)
		free(parts->part[i]);
	*parts = (struct responsible_parts){0};
}

char *responsible_run(const struct responsible_parts *parts, size_t first, size_t last)
{
	struct buf out;
	buf_init(&out, RESPONSIBLE_TEXT_MAX_BYTES + RESPONSIBLE_PARTS_MAX * 2);
	for (size_t i = first; i <= last; i++) {
		(void)buf_puts(&out, i > first ? ", " : "");
		(void)buf_puts(&out, parts->part[i]);
	}
	return buf_take(&out);
}

char *responsible_key(const char *text)
{
	return table_title_key(text);
}
