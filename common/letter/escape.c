/* Values on their way into HTML, text, a header line or a link. */
#include <stdint.h>
#include <string.h>

#include "base/gate.h"

#include "letter/template.h"

/* What a byte needs on its way. */
enum need { PLAIN, DROP, ENTITY, NEWLINE, LEAD, PERCENT, BLANK };

static bool unreserved(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
		c == '.' || c == '_' || c == '~';
}

static inline enum need need_of(int escape, unsigned char c)
{
	if (escape == MUSTACHE_URL || escape == ESCAPE_MAILTO)
		return unreserved(c) || (c == '@' && escape == ESCAPE_MAILTO) ? PLAIN : PERCENT;
	if (c >= 0x80)
		return LEAD;
	if (escape == MUSTACHE_HEADER)
		return c <= 0x20 || c == 0x7f ? BLANK : PLAIN;
	if (c < 0x20)
		return escape == ESCAPE_URL_WHOLE ? DROP
			: c == '\t'                  ? PLAIN
			: c == '\n'                  ? NEWLINE
						     : DROP;
	if (c == 0x7f)
		return DROP;
	bool markup = c == '&' || c == '<' || c == '>' || c == '"' || c == '\'';
	return escape == MUSTACHE_HTML && markup ? ENTITY : PLAIN;
}

static const char *entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	default:
		return "&#39;";
	}
}

/* Length of the well-formed character at s, 0 when malformed. */
static size_t character(const unsigned char *s, size_t len, uint32_t *point)
{
	size_t need = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc2 || s[0] > 0xf4 || len < need || !gate_utf8((const char *)s, need))
		return 0;
	*point = s[0] & (0xffu >> (need + 1));
	for (size_t i = 1; i < need; i++)
		*point = *point << 6 | (s[i] & 0x3f);
	return need;
}

/* Overrides and isolates would turn the text around them, too. */
static bool turns_text(uint32_t point)
{
	return (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

static bool breaks_line(uint32_t point)
{
	return point == 0x85 || point == 0x2028 || point == 0x2029;
}

/* One character of two or more bytes; returns how many were taken. */
static size_t append_wide(struct buf *out, const unsigned char *s, size_t len, int *rc)
{
	uint32_t point;
	size_t n = character(s, len, &point);
	if (n == 0) {
		*rc |= buf_puts(out, "\xef\xbf\xbd"); /* U+FFFD: a letter was here, it is unreadable */
		return 1;
	}
	if (breaks_line(point))
		*rc |= buf_putc(out, ' ');
	else if (!turns_text(point))
		*rc |= buf_append(out, s, n);
	return n;
}

/* Value text that needs nothing runs through here in long strides. */
static size_t plain_run(int escape, const unsigned char *s, size_t len)
{
	size_t i = 0;
	while (i < len) {
		enum need need = need_of(escape, s[i]);
		if (need == PLAIN) {
			i++;
		} else if (need == LEAD && s[i] >= 0xc3 && s[i] <= 0xdf && len - i > 1 &&
			(s[i + 1] & 0xc0) == 0x80) {
			i += 2; /* Cyrillic and the like: none of U+00C0–07FF needs care */
		} else {
			break;
		}
	}
	return i;
}

static int append_special(struct buf *out, bool crlf, enum need need, unsigned char c)
{
	static const char hex[] = "0123456789ABCDEF";
	switch (need) {
	case ENTITY:
		return buf_puts(out, entity((char)c));
	case NEWLINE:
		return crlf ? buf_append(out, "\r\n", 2) : buf_putc(out, '\n');
	case BLANK: /* runs of them are one; none at the start of the line */
		return out->len == 0 || out->data[out->len - 1] == ' ' ? 0 : buf_putc(out, ' ');
	case PERCENT:
		return buf_append(out, (char[3]){'%', hex[c >> 4], hex[c & 15]}, 3);
	default:
		return 0;
	}
}

int escape_append(struct buf *out, int escape, bool crlf, const char *value, size_t len)
{
	const unsigned char *s = (const unsigned char *)value;
	int rc = 0;
	while (len > 0 && rc == 0) {
		size_t run = plain_run(escape, s, len);
		if (run > 0)
			rc = buf_append(out, s, run);
		s += run;
		len -= run;
		if (len == 0)
			break;
		size_t used = 1;
		enum need need = need_of(escape, *s);
		if (need == LEAD)
			used = append_wide(out, s, len, &rc);
		else
			rc = append_special(out, crlf, need, *s);
		s += used;
		len -= used;
	}
	return rc;
}
