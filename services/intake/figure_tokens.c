#include "intake/figure_tokens.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "intake/figure_words.h"
#include "intake/text.h"

#define PHONE_DIGITS_LEAST 10
#define MARGIN 2 /* TOKEN_LINE before the first and behind the last: neighbours always exist */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Bytes of a letter at p (Latin, Cyrillic, other letters by their lead byte), 0 = none. */
static size_t letter(const unsigned char *p, size_t left)
{
	if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || *p == '_')
		return 1;
	return left >= 2 && *p >= 0xc3 && *p <= 0xdf ? 2 : 0;
}

static size_t blank(const unsigned char *p, size_t left)
{
	if (*p == ' ' || *p == '\t' || *p == '\r')
		return 1;
	if (left >= 2 && p[0] == 0xc2 && p[1] == 0xa0)
		return 2;
	if (left >= 3 && p[0] == 0xe2 && p[1] == 0x80 &&
		((p[2] >= 0x80 && p[2] <= 0x8b) || p[2] == 0xaf))
		return 3;
	return 0;
}

/* A mark of several bytes and what it stands for. */
static size_t wide_mark(const char *p, size_t left, char *mark)
{
	static const struct {
		const char *bytes;
		char mark;
	} marks[] = {{"№", '#'}, {"–", '-'}, {"—", '-'}, {"‑", '-'}, {"‐", '-'}, {"−", 'M'},
		{"«", '"'}, {"»", '"'}, {"“", '"'}, {"”", '"'}, {"„", '"'}, {"…", '.'}, {"≈", '~'},
		{"±", '~'}, {"≥", '~'}, {"≤", '~'}, {"₽", '$'}, {"•", '*'}, {"·", '*'},
		{"×", 'x'}};
	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
		size_t n = strlen(marks[i].bytes);
		if (n <= left && memcmp(p, marks[i].bytes, n) == 0) {
			*mark = marks[i].mark;
			return n;
		}
	}
	*mark = '?';
	size_t n = 1;
	while (n < left && ((unsigned char)p[n] & 0xc0) == 0x80)
		n++;
	return n;
}

static struct token *add(
	struct tokens *tokens, enum token_kind kind, size_t start, size_t len, bool after_blank)
{
	struct token *token = &tokens->item[tokens->count++];
	*token = (struct token){.kind = kind, .start = start, .len = len, .blank = after_blank};
	return token;
}

static void set_word(struct token *token, const char *text)
{
	char *folded = text_fold(text + token->start, token->len);
	if (strlen(folded) < sizeof token->word)
		memcpy(token->word, folded, strlen(folded) + 1);
	free(folded);
}

/* Addresses and links are one piece up to the next blank. */
static size_t link_length(const char *text, size_t at, size_t len)
{
	size_t to = at;
	bool link = false;
	while (to < len && text[to] != '\n' &&
		blank((const unsigned char *)text + to, len - to) == 0) {
		link = link || text[to] == '@' ||
		       (text[to] == ':' && len - to > 2 && text[to + 1] == '/' &&
			       text[to + 2] == '/');
		to++;
	}
	return link || (to - at > 4 && strncmp(text + at, "www.", 4) == 0) ? to - at : 0;
}

static void scan(const char *text, size_t len, struct tokens *tokens)
{
	bool after_blank = true;
	for (size_t i = 0; i < len && tokens->count < FIGURE_TOKENS_MAX;) {
		const unsigned char *p = (const unsigned char *)text + i;
		size_t n = blank(p, len - i), from = i;
		if (n > 0) {
			i += n;
			after_blank = true;
			continue;
		}
		size_t link = after_blank ? link_length(text, i, len) : 0;
		if (link > 0) {
			add(tokens, TOKEN_JUNK, i, link, true);
			i += link;
		} else if (text[i] == '\n') {
			while (i < len && (text[i] == '\n' || text[i] == '\r' || text[i] == ' '))
				i++;
			add(tokens, TOKEN_LINE, from, i - from, after_blank);
			after_blank = true;
			continue;
		} else if (is_digit(text[i])) {
			int64_t value = 0;
			while (i < len && is_digit(text[i])) {
				if (i - from < 12)
					value = value * 10 + (text[i] - '0');
				i++;
			}
			struct token *token =
				add(tokens, TOKEN_NUMBER, from, i - from, after_blank);
			token->value = value;
			token->digits = (int)(i - from < 100 ? i - from : 100);
		} else if ((n = letter(p, len - i)) > 0) {
			while (i < len &&
				(n = letter((const unsigned char *)text + i, len - i)) > 0)
				i += n;
			set_word(add(tokens, TOKEN_WORD, from, i - from, after_blank), text);
		} else {
			char mark = text[i];
			n = (unsigned char)mark < 0x80 ? 1 : wide_mark(text + i, len - i, &mark);
			i += n;
			add(tokens, TOKEN_MARK, from, n, after_blank)->mark = mark;
		}
		after_blank = false;
	}
}

/* ---- what is no figure ----------------------------------------------------- */

static bool number(const struct token *t)
{
	return t->kind == TOKEN_NUMBER;
}

static bool mark(const struct token *t, const char *marks)
{
	return t->kind == TOKEN_MARK && strchr(marks, t->mark) != NULL;
}

static void junk(struct tokens *tokens, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (tokens->item[i].kind == TOKEN_NUMBER || tokens->item[i].kind == TOKEN_MARK)
			tokens->item[i].kind = TOKEN_JUNK;
}

/* "+7 (495) 123-45-67", "8 495 1234567", "123-45-67". Returns the index behind it. */
static size_t phone(struct tokens *tokens, size_t i)
{
	const struct token *t = tokens->item;
	int digits = 0, numbers = 0;
	bool plus = mark(&t[i], "+"), bracket = false, dashes = false;
	size_t to = i, last = i;
	for (to = i + (plus ? 1 : 0); to < tokens->count; to++) {
		if (number(&t[to])) {
			if (digits + t[to].digits > 15)
				break;
			digits += t[to].digits;
			numbers++;
			last = to + 1;
		} else if (mark(&t[to], "()-")) {
			bracket = bracket || t[to].mark == '(';
			dashes = dashes || (t[to].mark == '-' && !t[to].blank);
		} else {
			break;
		}
	}
	bool shaped =
		plus || bracket || dashes || numbers == 1 || t[i].value == 8 || t[i].value == 7;
	bool local = numbers >= 3 && dashes && digits >= 5; /* 2-34-56, 123-45-67 */
	if ((digits >= PHONE_DIGITS_LEAST && shaped) || (plus && digits >= PHONE_DIGITS_LEAST) ||
		local) {
		junk(tokens, i, last);
		return last;
	}
	return i;
}

/* Number tokens joined by the same mark without blanks, from i: how many. */
static size_t chain(const struct tokens *tokens, size_t i, char with)
{
	size_t n = 1;
	const struct token *t = tokens->item;
	while (t[i + 2 * n - 1].kind == TOKEN_MARK && t[i + 2 * n - 1].mark == with &&
		!t[i + 2 * n - 1].blank && number(&t[i + 2 * n]) && !t[i + 2 * n].blank)
		n++;
	return n;
}

static bool date_or_time(struct tokens *tokens, size_t i)
{
	const struct token *t = tokens->item;
	for (const char *with = "./-:"; *with != '\0'; with++) {
		size_t n = chain(tokens, i, *with);
		bool time = *with == ':' && n >= 2 && t[i].value < 24 && t[i + 2].value < 60 &&
			    t[i + 2].digits == 2;
		bool date = *with != ':' && n >= 3;
		/* 30.05, 15.05: a day and a month, when both have two digits and can be that */
		bool short_date = *with == '.' && n == 2 && t[i].digits <= 2 &&
				  t[i + 2].digits == 2 && t[i].value >= 1 && t[i].value <= 31 &&
				  t[i + 2].value >= 1 && t[i + 2].value <= 12;
		if (time || date || short_date) {
			junk(tokens, i, i + 2 * n - 1);
			return true;
		}
	}
	return false;
}

/* "15 мая", "May 15", "15-го мая", with the year behind. */
static bool day_of_month(struct tokens *tokens, size_t i)
{
	struct token *t = tokens->item, *at = &t[i];
	size_t word = i + 1;
	if (mark(&t[word], "-") && !t[word].blank && t[word + 1].kind == TOKEN_WORD &&
		!t[word + 1].blank)
		word += 2;
	bool day = t[i].value >= 1 && t[i].value <= 31;
	if (day && t[word].kind == TOKEN_WORD && figure_word_is(t[word].word, FIGURE_WORD_MONTH)) {
		junk(tokens, i, i + 1);
		if (number(&t[word + 1]) && t[word + 1].digits == 4)
			junk(tokens, word + 1, word + 2);
		return true;
	}
	if (at[-1].kind == TOKEN_WORD && figure_word_is(at[-1].word, FIGURE_WORD_MONTH) &&
		strcmp(at[-1].word, "числа") != 0 &&
		(t[i].digits == 4 || (day && at[-1].word[0] < 0x7f && at[-1].word[0] > 0))) {
		junk(tokens, i, i + 1);
		return true;
	}
	return false;
}

/* "5А", "К12": letters and digits in one piece; "25чел" stays a number. */
static bool glued(struct tokens *tokens, size_t i)
{
	const struct token *t = tokens->item, *at = &t[i];
	bool before = at[-1].kind == TOKEN_WORD && !t[i].blank;
	bool after = t[i + 1].kind == TOKEN_WORD && !t[i + 1].blank;
	if (after && (figure_word_is(t[i + 1].word, FIGURE_WORD_PEOPLE) ||
			     figure_word_is(t[i + 1].word, FIGURE_WORD_THOUSAND)))
		after = false;
	/* "COVID-19", «СОШ-5»; «участников-25» is only careless */
	bool hyphen = mark(at - 1, "-") && !at->blank && !at[-1].blank &&
		      at[-2].kind == TOKEN_WORD &&
		      !figure_word_is(at[-2].word, FIGURE_WORD_PEOPLE) &&
		      !figure_word_is(at[-2].word, FIGURE_WORD_TOTAL);
	if (before || after || hyphen)
		junk(tokens, i, i + 1);
	return before || after || hyphen;
}

/* «1 234»: groups of three behind one blank. */
static void join_groups(struct tokens *tokens)
{
	size_t to = 0;
	for (size_t i = 0; i <= tokens->count; i++) {
		struct token *t = tokens->item, *last = to > 0 ? &t[to - 1] : NULL;
		size_t gap = last == NULL ? 0 : t[i].start - (last->start + last->len);
		bool more = last != NULL && last->kind == TOKEN_NUMBER &&
			    t[i].kind == TOKEN_NUMBER && t[i].digits == 3 && gap >= 1 && gap <= 3 &&
			    last->value > 0 && last->digits <= 9 &&
			    (last->digits <= 3 ? last->len <= 3 : true) &&
			    !(last->digits > 3 && last->len == (size_t)last->digits);
		if (more) {
			last->value = last->value * 1000 + t[i].value;
			last->digits += 3;
			last->len = t[i].start + t[i].len - last->start;
		} else {
			t[to++] = t[i];
		}
	}
	tokens->count = to - 1;
}

void figure_tokens(const char *text, size_t len, struct tokens *tokens)
{
	size_t most =
		len < FIGURE_TOKENS_MAX ? len : FIGURE_TOKENS_MAX; /* a token has a byte at least */
	struct token *all = xcalloc(most + 2 * MARGIN + 2, sizeof *all);
	for (size_t i = 0; i < MARGIN; i++)
		all[i].kind = TOKEN_LINE;
	*tokens = (struct tokens){.item = all + MARGIN};
	scan(text, len, tokens);
	tokens->item[tokens->count].kind = TOKEN_END;
	for (size_t i = 0; i < tokens->count; i++) {
		const struct token *t = &tokens->item[i];
		if (number(t) || mark(t, "+"))
			(void)phone(tokens, i);
	}
	for (size_t i = 0; i < tokens->count; i++)
		if (number(&tokens->item[i]))
			(void)(date_or_time(tokens, i) || glued(tokens, i));
	join_groups(tokens);
	for (size_t i = 0; i < tokens->count; i++)
		if (number(&tokens->item[i]))
			(void)day_of_month(tokens, i);
}

void figure_tokens_fini(struct tokens *tokens)
{
	if (tokens->item != NULL)
		free(tokens->item - MARGIN);
	tokens->item = NULL;
}
