#include "intake/charset.h"

#include <gmime/gmime.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/gate.h"
#include "base/xalloc.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

static size_t sequence(const char *s, size_t left)
{
	unsigned char c = (unsigned char)*s;
	size_t len = c < 0x80		     ? 1
		     : c >= 0xc2 && c < 0xe0 ? 2
		     : c >= 0xe0 && c < 0xf0 ? 3
		     : c >= 0xf0 && c < 0xf5 ? 4
					     : 0;
	return len != 0 && len <= left && gate_utf8(s, len) ? len : 0;
}

char *charset_valid(const char *text, size_t len)
{
	char *out = xmalloc(3 * len + 1), *to = out;
	for (size_t i = 0; i < len;) {
		size_t n = sequence(text + i, len - i);
		if (n == 0) {
			memcpy(to, REPLACEMENT, 3);
			to += 3;
			i++;
		} else if (text[i] == '\0') {
			*to++ = ' ';
			i++;
		} else {
			memcpy(to, text + i, n);
			to += n;
			i += n;
		}
	}
	*to = '\0';
	return xrealloc(out, (size_t)(to - out) + 1, 1);
}

/* Most letters of a text are small ones: in KOI8-R they stand at C0–DF, in
 * Windows-1251 at E0–FF. */
static const char *cyrillic_charset(const char *bytes, size_t len)
{
	size_t low = 0, high = 0;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)bytes[i];
		low += c >= 0xc0 && c < 0xe0;
		high += c >= 0xe0;
	}
	return low > high ? "koi8-r" : "windows-1251";
}

static bool is_ascii(const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)bytes[i] >= 0x80)
			return false;
	return true;
}

/* Bytes below 0x80 of these are no ASCII. */
static bool is_shifting(const char *charset)
{
	static const char *const beginnings[] = {
		"iso-2022", "utf-16", "utf-32", "utf-7", "ucs-", "hz-", NULL};
	for (size_t i = 0; charset != NULL && beginnings[i] != NULL; i++)
		if (strncasecmp(charset, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	return false;
}

static pthread_mutex_t gmime_lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

void gmime_enter(void)
{
	pthread_mutex_lock(&gmime_lock);
}

void gmime_leave(void)
{
	pthread_mutex_unlock(&gmime_lock);
}

/* NULL when this charset is unknown. */
static char *convert(const char *bytes, size_t len, const char *charset)
{
	if (charset == NULL || *charset == '\0' || strlen(charset) > 40)
		return NULL;
	gmime_enter();
	iconv_t cd = g_mime_iconv_open("utf-8", charset);
	if (cd == (iconv_t)-1) {
		gmime_leave();
		return NULL;
	}
	size_t room = 4 * len + 16, left = len, space = room;
	char *out = xmalloc(room + 1), *to = out;
	char *copy = xmemdup(bytes, len + (len == 0)), *from = copy; /* iconv wants it writable */
	while (left > 0 && space >= 8) {
		if (g_mime_iconv(cd, &from, &left, &to, &space) != (size_t)-1)
			break;
		if (left == 0 || space < 8)
			break;
		memcpy(to, REPLACEMENT, 3);
		to += 3;
		space -= 3;
		from++;
		left--;
	}
	g_mime_iconv_close(cd);
	gmime_leave();
	char *valid = charset_valid(out, (size_t)(to - out));
	free(copy);
	free(out);
	return valid;
}

static void drop_returns(char *text)
{
	char *to = text;
	for (const char *from = text; *from != '\0'; from++)
		if (*from != '\r')
			*to++ = *from;
		else if (from[1] != '\n')
			*to++ = '\n';
	*to = '\0';
}

char *charset_text(const char *bytes, size_t len, const char *charset)
{
	char *text = NULL;
	if (is_shifting(charset))
		text = convert(bytes, len, charset);
	if (text == NULL && (is_ascii(bytes, len) || gate_utf8(bytes, len)))
		text = charset_valid(bytes, len);
	if (text == NULL && charset != NULL && strcasecmp(charset, "us-ascii") != 0 &&
		strcasecmp(charset, "utf-8") != 0)
		text = convert(bytes, len, charset);
	/* A text cut in the middle of a character, or with a few broken ones, is still UTF-8. */
	if (text == NULL && charset != NULL && strcasecmp(charset, "utf-8") == 0) {
		size_t good = 0, bad = 0;
		for (size_t i = 0; i < len;) {
			size_t n = sequence(bytes + i, len - i);
			good += n > 1;
			bad += n == 0;
			i += n == 0 ? 1 : n;
		}
		if (good > bad)
			text = charset_valid(bytes, len);
	}
	if (text == NULL)
		text = convert(bytes, len, cyrillic_charset(bytes, len));
	if (text == NULL)
		text = charset_valid(bytes, len);
	drop_returns(text);
	return text;
}
