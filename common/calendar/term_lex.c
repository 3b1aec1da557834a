/* From text to tokens: what looks the same becomes the same. */
#include "calendar/term_inside.h"

#include <string.h>

#include "calendar/fold.h"

static bool is_letter(uint32_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 0x430 && c <= 0x45f);
}

static bool is_digit(uint32_t c)
{
	return c >= '0' && c <= '9';
}

/* Latin letters that stand where Cyrillic ones look the same. */
static uint32_t cyrillic(uint32_t c)
{
	static const char latin[] = "aceopxykmthb";
	static const uint32_t same[] = {0x430, 0x441, 0x435, 0x43e, 0x440, 0x445, 0x443, 0x43a, 0x43c, 0x442,
		0x43d, 0x432};
	const char *at = c < 0x80 && c != 0 ? strchr(latin, (int)c) : NULL;
	return at != NULL ? same[at - latin] : 0;
}

static void put_word(const uint32_t *point, size_t count, struct token *token)
{
	bool any = false, all = true, roman = true;
	size_t len = 0;
	for (size_t i = 0; i < count; i++) {
		any = any || point[i] >= 0x80;
		all = all && (point[i] >= 0x80 || cyrillic(point[i]) != 0);
		roman = roman && (point[i] == 'i' || point[i] == 'v' || point[i] == 'x');
	}
	for (size_t i = 0; i < count; i++) {
		uint32_t c = point[i];
		if ((any || all) && !roman && cyrillic(c) != 0)
			c = cyrillic(c);
		if (c < 0x80) {
			token->word[len++] = (char)c;
		} else {
			token->word[len++] = (char)(0xc0 | c >> 6);
			token->word[len++] = (char)(0x80 | (c & 0x3f));
		}
	}
	token->word[len] = '\0';
}

/* Letters and digits are read here; returns the bytes used. */
static size_t lex_word(const char *text, struct token *token)
{
	uint32_t letter[TOKEN_WORD_SIZE / 2 - 1];
	size_t used = 0, count = 0, n;
	bool fits = true;
	while (text[used] != '\0') {
		uint32_t c = fold_point(fold_next(text + used, &n));
		if (c == 0x306 && count > 0 && letter[count - 1] == 0x438) { /* и + breve */
			letter[count - 1] = 0x439;
			c = 0;
		} else if (c == 0x308 && count > 0 && letter[count - 1] == 0x435) { /* е + dots */
			c = 0;
		}
		if (c != 0 && !is_letter(c))
			break;
		used += n;
		if (c == 0)
			continue;
		if (count < sizeof letter / sizeof letter[0])
			letter[count++] = c;
		else
			fits = false;
	}
	token->type = fits ? TOKEN_WORD : TOKEN_OTHER;
	put_word(letter, count, token);
	return used;
}

static size_t lex_number(const char *text, struct token *token)
{
	size_t used = 0;
	token->type = TOKEN_NUMBER;
	for (; is_digit((unsigned char)text[used]); used++) {
		token->digits++;
		token->number = token->digits > 6 ? 999999 : token->number * 10 + (text[used] - '0');
	}
	return used;
}

/* A sign; false: it says nothing (quotes, brackets, colons). */
static bool lex_sign(uint32_t c, struct token *token)
{
	switch (c) {
	case '-':
		token->type = TOKEN_DASH;
		return true;
	case ',':
	case ';':
		token->type = TOKEN_COMMA;
		return true;
	case '.':
		token->type = TOKEN_DOT;
		return true;
	case '/':
	case '\\':
		token->type = TOKEN_SLASH;
		return true;
	case '(':
	case ')':
	case ':':
	case '"':
	case 0xab:
	case 0xbb:
	case 0x201c:
	case 0x201d:
	case 0x201e:
		return false;
	default:
		token->type = TOKEN_OTHER;
		return true;
	}
}

/* ---- tidying ------------------------------------------------------------------- */

static bool is_suffix(const struct token *token)
{
	static const char *const suffix[] = {"й", "ый", "ий", "ой", "го", "ого", "его", "е", "ое", "ом", "м",
		"му", "ому", "х", "ти", "ая", "я", "ю", "ую"};
	for (size_t i = 0; i < sizeof suffix / sizeof suffix[0]; i++)
		if (token->type == TOKEN_WORD && strcmp(token->word, suffix[i]) == 0)
			return true;
	return false;
}

/* «30-го», «1-й», «5е»: the ending goes. A dot stays between numbers only
 * (elsewhere it ends an abbreviation or the sentence). */
static size_t tidy(struct token *token, size_t count)
{
	size_t kept = 0;
	for (size_t i = 0; i < count; i++) {
		bool after_number = kept > 0 && token[kept - 1].type == TOKEN_NUMBER;
		if (after_number && is_suffix(&token[i]) && !token[i].blank)
			continue;
		if (after_number && token[i].type == TOKEN_DASH && i + 1 < count && is_suffix(&token[i + 1]) &&
			!token[i + 1].blank) {
			i++;
			continue;
		}
		if (token[i].type == TOKEN_DOT &&
			!(after_number && i + 1 < count && token[i + 1].type == TOKEN_NUMBER))
			continue;
		/* «сен тябрь»: a month torn apart */
		if (kept > 0 && token[i].type == TOKEN_WORD && token[kept - 1].type == TOKEN_WORD) {
			char joined[TOKEN_WORD_SIZE * 2];
			size_t left = strlen(token[kept - 1].word), right = strlen(token[i].word);
			memcpy(joined, token[kept - 1].word, left);
			memcpy(joined + left, token[i].word, right + 1);
			if (left + right < TOKEN_WORD_SIZE && right > 2 && term_month(joined) != 0 &&
				term_month(token[i].word) == 0) {
				memcpy(token[kept - 1].word, joined, left + right + 1);
				token[kept - 1].len = token[i].at + token[i].len - token[kept - 1].at;
				continue;
			}
		}
		token[kept++] = token[i];
	}
	return kept;
}

int term_lex(const char *text, struct token out[static TOKENS_MAX])
{
	size_t count = 0, at = 0, n;
	bool blank = false;
	while (text[at] != '\0') {
		uint32_t c = fold_point(fold_next(text + at, &n));
		if (c == ' ' || c == 0) {
			blank = blank || c == ' ';
			at += n;
			continue;
		}
		if (count == TOKENS_MAX - 1)
			return -1;
		struct token *token = &out[count];
		*token = (struct token){.at = at, .blank = blank};
		bool keep = true;
		size_t used = n;
		if (is_letter(c))
			used = lex_word(text + at, token);
		else if (is_digit(c))
			used = lex_number(text + at, token);
		else
			keep = lex_sign(c, token);
		token->len = used;
		at += used;
		blank = false;
		if (keep)
			count++;
	}
	count = tidy(out, count);
	out[count] = (struct token){.type = TOKEN_END, .at = at};
	return 0;
}
