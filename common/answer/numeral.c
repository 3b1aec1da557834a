#include "answer/numeral.h"

#include <stdlib.h>
#include <string.h>

/* Longer is no number, whatever it begins with. */
#define TYPED_MAX_BYTES 200

struct alias {
	const char *bytes;
	char plain;
};

/* What keyboards, Word and Excel put where a blank or a minus is meant. */
static const struct alias aliases[] = {
	{"\xc2\xa0", ' '},                         /* no-break space */
	{"\xe2\x80\x87", ' '}, {"\xe2\x80\x89", ' '}, /* figure space, thin space */
	{"\xe2\x80\xaf", ' '},                     /* narrow no-break space */
	{"\xe2\x80\x90", '-'}, {"\xe2\x80\x91", '-'}, {"\xe2\x80\x92", '-'}, /* hyphens, figure dash */
	{"\xe2\x80\x93", '-'}, {"\xe2\x80\x94", '-'}, /* en dash, em dash */
	{"\xe2\x88\x92", '-'},                     /* minus */
};

static size_t alias_at(const char *p, char *plain)
{
	for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++) {
		size_t n = strlen(aliases[i].bytes);
		if (strncmp(p, aliases[i].bytes, n) == 0) {
			*plain = aliases[i].plain;
			return n;
		}
	}
	return 0;
}

/* Blanks of every kind become one ' ', dashes '-'; trimmed. false: too long. */
static bool plain_text(const char *text, char out[static TYPED_MAX_BYTES])
{
	size_t len = 0;
	bool blank = false;
	while (*text != '\0') {
		char c = *text;
		size_t n = alias_at(text, &c);
		text += n == 0 ? 1 : n;
		if (c == ' ' || (c >= '\t' && c <= '\r')) {
			blank = len > 0;
			continue;
		}
		if (len + 2 >= TYPED_MAX_BYTES)
			return false;
		if (blank)
			out[len++] = ' ';
		blank = false;
		out[len++] = c;
	}
	out[len] = '\0';
	return true;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* ---- what it is when it is no number ------------------------------------------- */

struct shape {
	int numbers;    /* runs of digits, with what may stand inside a number */
	bool letters;   /* anything that is no digit, blank, dash, point, comma */
	bool between;   /* a dash, «до» or "to" between two numbers */
};

static struct shape shape_of(const char *p)
{
	struct shape shape = {0};
	const char *last_end = NULL; /* behind the last number */
	while (*p != '\0') {
		if (!is_digit(*p)) {
			shape.letters = shape.letters || strchr(" -.,", *p) == NULL;
			p++;
			continue;
		}
		if (last_end != NULL) {
			const char *q = last_end;
			while (*q == ' ')
				q++;
			shape.between = shape.between || *q == '-' || strncmp(q, "до", strlen("до")) == 0 ||
				strncmp(q, "to", strlen("to")) == 0;
		}
		shape.numbers++;
		while (is_digit(*p) || ((*p == '.' || *p == ',') && is_digit(p[1])))
			p++;
		last_end = p;
	}
	return shape;
}

static enum numeral_result trouble(const char *text)
{
	struct shape shape = shape_of(text);
	if (shape.numbers == 0)
		return shape.letters ? NUMERAL_WORDS : NUMERAL_ODD;
	if (shape.between)
		return NUMERAL_RANGE;
	if (shape.numbers > 1)
		return NUMERAL_SEVERAL;
	return shape.letters ? NUMERAL_UNIT : NUMERAL_ODD;
}

/* ---- a number -------------------------------------------------------------------- */

/* Digits in groups: «1 234 567» or «1234567» and nothing between. Returns how many digits went
 * into out (room for NUMERAL_DIGITS_MAX + 1), -1 when the groups are no thousands. */
static int take_integer(const char **text, char *out)
{
	const char *p = *text;
	int digits = 0, first = 0;
	bool grouped = false;
	while (is_digit(*p)) {
		int group = 0;
		for (; is_digit(*p); p++, group++)
			if (digits < NUMERAL_DIGITS_MAX + 1)
				out[digits++] = *p;
		if (!grouped)
			first = group;
		if (grouped && group != 3)
			return -1;
		if (*p != ' ' || !is_digit(p[1]))
			break;
		if (first > 3)
			return -1;
		grouped = true;
		p++;
	}
	*text = p;
	return digits;
}

enum numeral_result numeral_read(const char *text, struct numeral *out)
{
	char typed[TYPED_MAX_BYTES], digits[NUMERAL_DIGITS_MAX + 2], number[2 * NUMERAL_DIGITS_MAX + 8];
	if (!plain_text(text, typed))
		return NUMERAL_ODD;
	const char *p = typed;
	bool negative = *p == '-';
	if (negative || *p == '+')
		p += p[1] == ' ' ? 2 : 1;
	int n = take_integer(&p, digits);
	if (n <= 0)
		return trouble(typed);
	size_t len = 0;
	int kept = 0;
	for (int i = 0; i < n && i <= NUMERAL_DIGITS_MAX; i++)
		number[len++] = digits[i];
	bool fraction = false;
	if ((*p == '.' || *p == ',') && is_digit(p[1])) {
		number[len++] = '.';
		for (p++; is_digit(*p); p++, kept++) {
			fraction = fraction || *p != '0';
			if (n + kept < NUMERAL_DIGITS_MAX + 1)
				number[len++] = *p;
		}
		if ((*p == '.' || *p == ',') && is_digit(p[1])) {
			struct shape shape = shape_of(typed);
			return shape.letters || shape.numbers > 1 ? trouble(typed) : NUMERAL_GROUPS;
		}
	}
	number[len] = '\0';
	if (*p != '\0')
		return trouble(typed);
	if (n > NUMERAL_DIGITS_MAX || n + kept > NUMERAL_DIGITS_MAX)
		return NUMERAL_LARGE;
	*out = (struct numeral){.negative = negative, .fraction = fraction};
	for (int i = 0; i < n; i++)
		out->integer = out->integer * 10 + (digits[i] - '0');
	/* the programs stay in the C locale for numbers: a point is a point */
	out->value = (negative ? -1 : 1) * strtod(number, NULL);
	if (out->value == 0) {
		out->negative = false;
		out->value = 0;
	}
	return NUMERAL_OK;
}
