#include "campaign/number.h"

#include <stdint.h>
#include <string.h>

#define DIGITS_MAX 18

/* Bytes of a blank between digits; 0 = none. U+00A0 and U+202F are what Excel writes. */
static int blank(const char *p)
{
	if (*p == ' ')
		return 1;
	if (strncmp(p, "\xc2\xa0", 2) == 0)
		return 2;
	return strncmp(p, "\xe2\x80\xaf", 3) == 0 ? 3 : 0;
}

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

bool number_parse(const char *text, double *number)
{
	/* Most texts that come here are words: be gone at their first byte. */
	bool minus = *text == '-';
	text += minus ? 1 : 0;
	if (!digit(*text))
		return false;
	/* Collected whole and divided once, so that 0.3 and 0.30 are the same double. */
	int64_t value = 0, scale = 1;
	int digits = 0;
	for (; digit(*text) && digits < DIGITS_MAX; digits++) {
		value = value * 10 + (*text++ - '0');
		int skip = blank(text);
		if (skip > 0 && digit(text[skip]))
			text += skip;
	}
	if ((*text == '.' || *text == ',') && digit(text[1]))
		for (text++; digit(*text) && digits < DIGITS_MAX; digits++, scale *= 10)
			value = value * 10 + (*text++ - '0');
	double result = (double)value / (double)scale;
	*number = minus ? -result : result;
	return *text == '\0';
}
