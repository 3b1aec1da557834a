#include "intake/text.h"

#include <string.h>

#include "base/xalloc.h"

void text_lower_ascii(char *text)
{
	for (; *text != '\0'; text++)
		if (*text >= 'A' && *text <= 'Z')
			*text = (char)(*text - 'A' + 'a');
}

/* Russian capitals are U+0410–042F (D0 90–D0 AF) and Ё U+0401 (D0 81); small
 * letters U+0430–043F (D0 B0–BF), U+0440–044F (D1 80–8F), ё U+0451 (D1 91). */
static size_t fold_cyrillic(const unsigned char *p, char *to)
{
	unsigned second = p[1];
	if (p[0] == 0xd0 && second == 0x81)
		second = 0xb5, to[0] = (char)0xd0;
	else if (p[0] == 0xd1 && second == 0x91)
		second = 0xb5, to[0] = (char)0xd0;
	else if (p[0] == 0xd0 && second >= 0x90 && second <= 0x9f)
		second += 0x20, to[0] = (char)0xd0;
	else if (p[0] == 0xd0 && second >= 0xa0 && second <= 0xaf)
		second -= 0x20, to[0] = (char)0xd1;
	else
		to[0] = (char)p[0];
	to[1] = (char)second;
	return 2;
}

/* U+00A0, U+2002–200A, U+202F, U+205F, U+3000. */
static size_t wide_blank(const unsigned char *p, size_t left)
{
	if (left >= 2 && p[0] == 0xc2 && p[1] == 0xa0)
		return 2;
	if (left < 3)
		return 0;
	bool blank = (p[0] == 0xe2 && p[1] == 0x80 &&
			     ((p[2] >= 0x82 && p[2] <= 0x8a) || p[2] == 0xaf)) ||
		     (p[0] == 0xe2 && p[1] == 0x81 && p[2] == 0x9f) ||
		     (p[0] == 0xe3 && p[1] == 0x80 && p[2] == 0x80);
	return blank ? 3 : 0;
}

/* Zero width space, joiners, soft hyphen, byte order mark: copied along from web pages. */
static size_t invisible(const unsigned char *p, size_t left)
{
	if (left >= 2 && p[0] == 0xc2 && p[1] == 0xad)
		return 2;
	if (left >= 3 && p[0] == 0xe2 && p[1] == 0x80 && p[2] >= 0x8b && p[2] <= 0x8f)
		return 3;
	return left >= 3 && p[0] == 0xef && p[1] == 0xbb && p[2] == 0xbf ? 3 : 0;
}

char *text_fold(const char *text, size_t len)
{
	char *out = xmalloc(len + 1), *to = out;
	const unsigned char *p = (const unsigned char *)text, *end = p + len;
	while (p < end) {
		size_t left = (size_t)(end - p), skip;
		if (*p < 0x80) {
			*to++ = *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : (char)*p;
			p++;
		} else if ((skip = wide_blank(p, left)) != 0) {
			*to++ = ' ';
			p += skip;
		} else if ((skip = invisible(p, left)) != 0) {
			p += skip;
		} else if (left >= 2 && (*p == 0xd0 || *p == 0xd1)) {
			to += fold_cyrillic(p, to);
			p += 2;
		} else {
			*to++ = (char)*p++;
		}
	}
	*to = '\0';
	return out;
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

void text_trim(char *text)
{
	size_t len = strlen(text), start = 0;
	while (len > 0 && is_blank(text[len - 1]))
		len--;
	while (start < len && is_blank(text[start]))
		start++;
	memmove(text, text + start, len - start);
	text[len - start] = '\0';
}

void text_squeeze(char *text)
{
	char *to = text;
	for (const char *from = text; *from != '\0'; from++)
		if (!is_blank(*from))
			*to++ = *from;
		else if (to > text && to[-1] != ' ')
			*to++ = ' ';
	*to = '\0';
}

bool text_has_words(const char *text)
{
	for (; text != NULL && *text != '\0'; text++)
		if (!is_blank(*text))
			return true;
	return false;
}

bool text_begins(const char *haystack, const char *needle)
{
	return strncmp(haystack, needle, strlen(needle)) == 0;
}

bool text_line(const char **at, const char *end, const char **line, size_t *len)
{
	if (*at >= end)
		return false;
	const char *feed = memchr(*at, '\n', (size_t)(end - *at));
	*line = *at;
	*len = (size_t)((feed == NULL ? end : feed) - *at);
	*at = feed == NULL ? end : feed + 1;
	return true;
}

/* ---- addresses ------------------------------------------------------------- */

static bool is_local(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~.", c) != NULL);
}

static bool is_domain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || (unsigned char)c >= 0x80;
}

/* Where the local part that ends before `at` begins; `at` when there is none. */
static const char *local_start(const char *text, const char *at)
{
	const char *p = at;
	if (p > text && p[-1] == '"') {
		for (p -= 2; p >= text && *p != '"' && *p != '\n'; p--)
			if (at - p > 64)
				return at;
		return p >= text && *p == '"' ? p : at;
	}
	while (p > text && is_local(p[-1]) && at - p < 128)
		p--;
	while (p < at && (*p == '\'' || *p == '=' || *p == '.' || *p == '`'))
		p++; /* punctuation before it */
	return p;
}

bool text_address(const char *text, size_t len, const char **start, size_t *address_len)
{
	const char *end = text + len;
	for (const char *p = text; p < end; p++) {
		const char *at = memchr(p, '@', (size_t)(end - p));
		if (at == NULL)
			return false;
		const char *from = local_start(text, at), *to = at + 1;
		while (to < end && is_domain(*to))
			to++;
		while (to > at + 1 && (to[-1] == '.' || to[-1] == '-'))
			to--;
		if (from < at && to > at + 1) {
			*start = from;
			*address_len = (size_t)(to - from);
			return true;
		}
		p = at;
	}
	return false;
}

bool text_address_copy(const char *text, size_t len, char out[static GATE_ADDRESS_MAX + 1])
{
	const char *start;
	size_t n;
	if (!text_address(text, len, &start, &n) || n > GATE_ADDRESS_MAX)
		return false;
	memcpy(out, start, n);
	out[n] = '\0';
	text_lower_ascii(strrchr(out, '@'));
	return true;
}
