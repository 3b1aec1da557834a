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

/* What joins words within an address: "a.b", "a-b", "a+b". */
static bool joins(uint32_t point)
{
	return point == '.' || point == '-' || point == '+';
}

static bool ends_here(const char *after)
{
	uint32_t point = folded(after);
	return point == 0 || !(is_word(point) || (joins(point) && is_word(folded(after + 1))));
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
	}
	return (size_t)(at - text);
}

const char *fold_find(const char *text, const char *word, size_t *len)
{
	uint32_t before = 0, before_that = 0;
	size_t n;
	for (const char *at = text; *at != '\0'; at += n) {
		bool begins = !(is_word(before) || (joins(before) && is_word(before_that)));
		*len = begins ? same(at, word) : 0;
		if (*len > 0 && ends_here(at + *len))
			return at;
		before_that = before;
		before = fold_point(fold_next(at, &n));
	}
	return NULL;
}
