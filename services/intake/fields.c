#include "intake/fields.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/xalloc.h"
#include "intake/text.h"

#define NAME_MAX_BYTES 80 /* RFC 5322 sets none; the longest known has 40 */
#define VALUE_MAX_BYTES 8192

size_t fields_block(const char *text, size_t len)
{
	const char *p = text, *end = text + len;
	while (p < end) {
		const char *line = memchr(p, '\n', (size_t)(end - p));
		const char *next = line == NULL ? end : line + 1;
		if (line != NULL && (line == p || (line == p + 1 && *p == '\r')))
			return (size_t)(next - text);
		p = next;
	}
	return len;
}

static const char *line_end(const char *p, const char *end)
{
	const char *line = memchr(p, '\n', (size_t)(end - p));
	return line == NULL ? end : line;
}

/* The colon of a line that begins a field, else NULL. */
static const char *colon_of(const char *line, const char *end)
{
	const char *p = line;
	while (p<end && * p> ' ' && *p != ':' && *p != 0x7f && p - line < NAME_MAX_BYTES)
		p++;
	const char *name_end = p;
	while (p < end && (*p == ' ' || *p == '\t')) /* "Subject : …" of old programs */
		p++;
	return name_end > line && p < end && *p == ':' ? p : NULL;
}

/* The value from p over its folded lines; moves *at behind it. */
static char *unfold(const char *p, const char *end, const char **at)
{
	size_t most = (size_t)(end - p) < VALUE_MAX_BYTES ? (size_t)(end - p) : VALUE_MAX_BYTES,
	       len = 0;
	char *value = xmalloc(most + 1);
	for (;;) {
		const char *stop = line_end(p, end);
		for (; p < stop; p++)
			if (*p != '\r' && len < most)
				value[len++] = *p == '\t' ? ' ' : *p;
		p = stop < end ? stop + 1 : end;
		if (p >= end || (*p != ' ' && *p != '\t'))
			break;
		while (p < end && (*p == ' ' || *p == '\t'))
			p++;
		if (len < most)
			value[len++] = ' ';
	}
	*at = p;
	value[len] = '\0';
	text_trim(value);
	return xrealloc(value, strlen(value) + 1, 1);
}

bool fields_next(struct fields *fields, char **name, char **value)
{
	while (fields->at < fields->end) {
		const char *line = fields->at, *stop = line_end(line, fields->end);
		const char *colon = colon_of(line, stop);
		if (colon == NULL) {
			fields->at = stop < fields->end ? stop + 1 : fields->end;
			continue;
		}
		*name = xstrndup(line, (size_t)(colon - line));
		text_trim(*name);
		text_lower_ascii(*name);
		*value = unfold(colon + 1, fields->end, &fields->at);
		return true;
	}
	return false;
}

char *fields_value(const char *text, size_t len, const char *wanted)
{
	const char *p = text, *end = text + fields_block(text, len);
	size_t n = strlen(wanted);
	while (p < end) {
		const char *stop = line_end(p, end);
		const char *colon = colon_of(p, stop);
		if (colon != NULL && (size_t)(stop - p) > n && strncasecmp(p, wanted, n) == 0 &&
			strspn(p + n, " \t") == (size_t)(colon - p) - n)
			return unfold(colon + 1, end, &p);
		p = stop < end ? stop + 1 : end;
	}
	return NULL;
}
