#include "web/language.h"

#include <stdlib.h>
#include <string.h>

#define ENTRIES_MAX 20

bool language_named(const char *name, enum lang *lang)
{
	if (name == NULL || (strcmp(name, "ru") != 0 && strcmp(name, "en") != 0))
		return false;
	*lang = name[0] == 'r' ? LANG_RU : LANG_EN;
	return true;
}

/* "q=0.8" in thousandths; 1000 without, 0 for nonsense. */
static int quality(const char *entry, size_t len)
{
	const char *q = memmem(entry, len, "q=", 2);
	if (q == NULL)
		return 1000;
	size_t left = len - (size_t)(q + 2 - entry);
	if (left == 0 || (q[2] != '0' && q[2] != '1'))
		return 0;
	int value = (q[2] - '0') * 1000;
	for (size_t i = 2, unit = 100; i < left && i < 5 && q[3] == '.'; i++, unit /= 10) {
		if (q[2 + i] < '0' || q[2 + i] > '9')
			break;
		value += (q[2 + i] - '0') * (int)unit;
	}
	return value > 1000 ? 1000 : value;
}

enum lang language_accepted(const char *header)
{
	int ru = 0, en = 0;
	const char *at = header == NULL ? "" : header;
	for (int i = 0; *at != '\0' && i < ENTRIES_MAX; i++) {
		at += strspn(at, " ,");
		size_t len = strcspn(at, ",");
		bool ends = len == 2 || (len > 2 && (at[2] == '-' || at[2] == ';' || at[2] == ' '));
		int q = quality(at, len);
		if (ends && strncasecmp(at, "ru", 2) == 0 && q > ru)
			ru = q;
		if (ends && strncasecmp(at, "en", 2) == 0 && q > en)
			en = q;
		at += len;
	}
	return en > ru ? LANG_EN : LANG_RU;
}
