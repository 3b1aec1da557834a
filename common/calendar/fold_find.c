/* Finding a word in a text as people write it. */
#include <stdbool.h>
#include <string.h>

#include "calendar/fold.h"

static bool is_word(uint32_t point)
{
	return (point >= 'a' && point <= 'z') || (point >= '0' && point <= '9') || point == '_' || point == '@' ||
		(point >= 0x80 && point != 0xa0 && point != 0xab && point != 0xbb &&
			!(point >= 0x2000 && point <= 0x206f));
}

static uint32_t folded(const char *text)
{
	size_t len;
	return *text == '\0' ? 0 : fold_point(fold_next(text, &len));
}

/* What joins words: "a-b", and within an address "a.b", "a+b", too. */
static bool joins(uint32_t point, bool address)
{
	return point == '-' || (address && (point == '.' || point == '+'));
}

static bool ends_here(const char *after, bool address)
{
	uint32_t point = folded(after);
	size_t len = 0;
	if (point == 0)
		return true;
	(void)fold_next(after, &len);
	return !(is_word(point) || (joins(point, address) && is_word(folded(after + len))));
}

/* Bytes of the text that are the word, 0 = it is not here. */
static size_t same(const char *text, const char *word)
{
	const char *at = text;
	size_t n, m;
	while (*word != '\0') {
		uint32_t want = fold_point(fold_next(word, &m));
		word += m;
		if (want == 0)
			continue;
		uint32_t got = 0;
		for (; got == 0 && *at != '\0'; at += n)
			got = fold_point(fold_next(at, &n));
		if (got != want)
			return 0;
		while (want == ' ' && folded(at) == ' ') { /* a run of blanks is one */
			(void)fold_next(at, &n);
			at += n;
		}
	}
	return (size_t)(at - text);
}

const char *fold_find(const char *text, const char *word, size_t *len)
{
	uint32_t before = 0, before_that = 0;
	size_t n;
	bool address = strchr(word, '@') != NULL;
	for (const char *at = text; *at != '\0'; at += n) {
		bool begins = !(is_word(before) || (joins(before, address) && is_word(before_that)));
		*len = begins ? same(at, word) : 0;
		if (*len > 0 && ends_here(at + *len, address))
			return at;
		before_that = before;
		before = fold_point(fold_next(at, &n));
	}
	return NULL;
}
