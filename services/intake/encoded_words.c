#include "intake/encoded_words.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/xalloc.h"

/* RFC 2047 allows 75; what is longer than this is nobody's word. */
#define WORD_MAX_BYTES 2000

struct word {
	const char *charset, *data, *end; /* data ends at "?=", end is behind it */
	size_t charset_len, data_len;
};

static bool base64_letter(char c)
{
	return g_ascii_isalnum(c) || c == '+' || c == '/' || c == '=';
}

/* "=?utf-8?b?0J7QsQ==?=" at `at`? */
static bool read_word(const char *at, const char *end, struct word *word)
{
	const char *limit = end - at > WORD_MAX_BYTES ? at + WORD_MAX_BYTES : end;
	if (limit - at < 8 || at[0] != '=' || at[1] != '?')
		return false;
	word->charset = at + 2;
	const char *p = word->charset;
	while (p < limit && (g_ascii_isalnum(*p) || strchr("-_.:+*", *p) != NULL) && *p != '\0')
		p++;
	word->charset_len = (size_t)(p - word->charset);
	if (word->charset_len == 0 || limit - p < 5 || p[0] != '?' || (p[1] != 'b' && p[1] != 'B') || p[2] != '?')
		return false;
	word->data = p + 3;
	for (p = word->data; p < limit && base64_letter(*p); p++)
		;
	word->data_len = (size_t)(p - word->data);
	if (word->data_len == 0 || limit - p < 2 || p[0] != '?' || p[1] != '=')
		return false;
	word->end = p + 2;
	return true;
}

/* The next word of the same charset behind blanks and folds only. */
static bool read_next(const struct word *word, const char *end, struct word *next)
{
	const char *p = word->end;
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n'))
		p++;
	/* A line that begins without a blank is another field. */
	return p > word->end && (p[-1] == ' ' || p[-1] == '\t') && read_word(p, end, next) &&
		next->charset_len == word->charset_len &&
		strncasecmp(next->charset, word->charset, word->charset_len) == 0;
}

static void decode_into(GByteArray *bytes, const struct word *word)
{
	gint state = 0;
	guint save = 0;
	guchar *room = g_malloc(word->data_len / 4 * 3 + 6);
	gsize n = g_base64_decode_step(word->data, word->data_len, room, &state, &save);
	g_byte_array_append(bytes, room, (guint)n);
	g_free(room);
}

/* Writes the run that begins with `word` as one, and returns where it ended. */
static const char *join(const struct word *word, const char *end, char **to)
{
	struct word last = *word, next;
	GByteArray *bytes = g_byte_array_new();
	decode_into(bytes, &last);
	while (read_next(&last, end, &next)) {
		decode_into(bytes, &next);
		last = next;
	}
	gchar *data = g_base64_encode(bytes->data, bytes->len);
	size_t head = (size_t)(word->data - (word->charset - 2)), data_len = strlen(data);
	memcpy(*to, word->charset - 2, head);
	memcpy(*to + head, data, data_len);
	memcpy(*to + head + data_len, "?=", 2);
	*to += head + data_len + 2;
	g_free(data);
	g_byte_array_unref(bytes);
	return last.end;
}

char *encoded_words_join(const char *bytes, size_t len, size_t *out_len)
{
	const char *at = bytes, *end = bytes + len, *from = bytes, *found;
	struct word word, next;
	char *out = NULL, *to = NULL;
	while ((found = memmem(at, (size_t)(end - at), "=?", 2)) != NULL) {
		at = found + 2;
		if (!read_word(found, end, &word))
			continue;
		at = word.end;
		if (!read_next(&word, end, &next))
			continue;
		if (out == NULL)
			to = out = xmalloc(len + 1);
		memcpy(to, from, (size_t)(found - from));
		to += found - from;
		at = from = join(&word, end, &to);
	}
	if (out == NULL)
		return NULL;
	memcpy(to, from, (size_t)(end - from));
	to += end - from;
	*to = '\0';
	*out_len = (size_t)(to - out);
	return out;
}
