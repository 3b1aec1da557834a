#include "intake/figure_context.h"

#include <string.h>

#define NEIGHBOURS_MAX 12 /* tokens looked back: a label and its clause */
#define YEAR_FIRST 1950	  /* four digits in this range may be a year */
#define YEAR_LAST 2050

bool token_is_mark(const struct token *t, const char *marks)
{
	return t->kind == TOKEN_MARK && t->mark != '\0' && strchr(marks, t->mark) != NULL;
}

bool token_is_word(const struct token *t, const char *word)
{
	return t->kind == TOKEN_WORD && strcmp(t->word, word) == 0;
}

bool token_word_is(const struct token *t, enum figure_word kind)
{
	return t->kind == TOKEN_WORD && figure_word_is(t->word, kind);
}

bool token_ends_line(const struct token *t)
{
	return t->kind == TOKEN_LINE || t->kind == TOKEN_END;
}

/* The nearest word before, marks of these kinds aside; NULL when something else stands there. */
static const struct token *word_before(const struct token *t, const char *passing)
{
	int marks = 0;
	for (t--; token_is_mark(t, passing) && marks < NEIGHBOURS_MAX; t--)
		marks++;
	return t->kind == TOKEN_WORD ? t : NULL;
}

/* What follows these belongs to something else: «один из участников». */
static bool is_preposition(const struct token *t)
{
	static const char *const words[] = {"из", "в", "на", "с", "со", "от", "и", "для", "по", "у",
		"к", "за", "или", "of", "in", "from", "and", "or", "for", "with", NULL};
	for (size_t i = 0; words[i] != NULL; i++)
		if (token_is_word(t, words[i]))
			return true;
	return false;
}

/* People right behind, or behind one or two adjectives («25 новых участников»). */
bool token_people_follow(const struct token *t)
{
	for (int words = 0; words < 3; words++, t++) {
		if (token_is_mark(t, "("))
			t++;
		if (token_word_is(t, FIGURE_WORD_PEOPLE))
			return true;
		if (t->kind != TOKEN_WORD || token_word_is(t, FIGURE_WORD_NOT_UNIT) ||
			is_preposition(t))
			return false;
	}
	return false;
}

/* A label before it on its line: «Количество участников: », "Total - ". */
bool token_label_before(const struct token *t)
{
	bool sign = false;
	int words = 0;
	for (t--; !token_ends_line(t) && words < NEIGHBOURS_MAX; t--, words++) {
		sign = sign || token_is_mark(t, ":-=");
		if (token_word_is(t, FIGURE_WORD_TOTAL) ||
			(sign && token_word_is(t, FIGURE_WORD_PEOPLE)))
			return true;
		if (t->kind == TOKEN_NUMBER || token_is_mark(t, ";."))
			return false;
	}
	return false;
}

/* Abbreviations that are one only with a full stop: «д. 5», «п. 3». */
static bool is_short_name(const struct token *t)
{
	static const char *const names[] = {
		"д", "п", "т", "к", "ст", "с", "гл", "оф", "рис", "табл", "n", "nn", NULL};
	if (t->kind != TOKEN_WORD || !token_is_mark(t + 1, "."))
		return false;
	for (size_t i = 0; names[i] != NULL; i++)
		if (strcmp(t->word, names[i]) == 0)
			return true;
	return false;
}

/* Is it the number of something: document, school, point, phone? */
bool token_is_name(const struct token *t, const struct token *after)
{
	if (token_is_mark(t - 1, "#"))
		return true;
	const struct token *word = word_before(t, ".:\"");
	if (word == NULL)
		return false;
	if (is_short_name(word) ||
		(token_word_is(word, FIGURE_WORD_NAME) && !token_word_is(word, FIGURE_WORD_TOTAL)))
		return !token_people_follow(after) || is_short_name(word);
	if (token_word_is(word, FIGURE_WORD_SCHOOL) && !token_is_mark(t - 1, ":"))
		return !token_people_follow(after);
	return (token_is_word(word, "n") || token_is_word(word, "no")) && t - 1 != word;
}

bool token_is_about(const struct token *t)
{
	const struct token *word = word_before(t, "~");
	if (token_is_mark(t - 1, "~"))
		return true;
	if (word == NULL)
		return false;
	if (token_word_is(word, FIGURE_WORD_ABOUT))
		return true;
	/* «до 20», "up to 20", «человек 20» (about 20), "more than 20" */
	static const char *const words[] = {"до", "to", "than", "чем", "человек", "от", "из", "of",
		"кажется", "вроде", "может", "штук", NULL};
	for (size_t i = 0; words[i] != NULL; i++)
		if (token_is_word(word, words[i]) && word == t - 1)
			return true;
	return false;
}

/* What stands right behind says that it counts something else. */
bool token_counts_other(const struct token *after)
{
	if (token_is_mark(after, "%$"))
		return true;
	if (token_is_mark(after, "-") && !after->blank && after[1].kind == TOKEN_WORD &&
		!after[1].blank) {
		/* «9-х», «5-го»: ordinal; «25-ти», «5-ю»: still a count */
		const char *suffix = after[1].word;
		return strlen(suffix) <= 6 && strcmp(suffix, "ти") != 0 &&
		       strcmp(suffix, "ми") != 0 && strcmp(suffix, "и") != 0;
	}
	/* «9 А класс», «9 «А» класс» */
	const struct token *letter = token_is_mark(after, "\"") ? after + 1 : after;
	if (letter->kind == TOKEN_WORD && letter->len <= 2 &&
		token_word_is(letter + 1 + token_is_mark(letter + 1, "\""), FIGURE_WORD_NOT_UNIT))
		return true;
	return token_word_is(after, FIGURE_WORD_NOT_UNIT);
}

bool token_is_yearish(const struct token *t)
{
	return t->digits == 4 && t->len == 4 && t->value >= YEAR_FIRST && t->value <= YEAR_LAST;
}

bool token_is_year(const struct token *t)
{
	static const char *const before[] = {
		"в", "за", "на", "с", "по", "до", "от", "in", "since", "for", "года", NULL};
	if ((token_is_word(t + 1, "уч") || token_is_word(t + 1, "учебный") ||
		    token_is_word(t + 1, "учебном") || token_is_word(t + 1, "учебного")) &&
		token_is_yearish(t))
		return true;
	if (token_word_is(t + 1, FIGURE_WORD_YEAR) &&
		(token_is_yearish(t) || t->digits <= 2 || !token_is_word(t + 1, "г")))
		return true;
	/* 2022-2023, 2022/2023 with a year's word behind, or two years */
	if (token_is_yearish(t) && token_is_mark(t + 1, "-/") && t[2].kind == TOKEN_NUMBER &&
		(token_is_yearish(&t[2]) || t[2].digits == 2))
		return true;
	if (token_is_yearish(t) && token_is_mark(t - 1, "-/") && t[-2].kind == TOKEN_NUMBER &&
		token_is_yearish(&t[-2]))
		return true;
	if (t->digits == 2 && token_is_mark(t - 1, "-/") && t[-2].kind == TOKEN_NUMBER &&
		token_is_yearish(&t[-2]) && !t->blank)
		return true;
	for (size_t i = 0; token_is_yearish(t) && !token_people_follow(t + 1) && before[i] != NULL;
		i++)
		if (token_is_word(t - 1, before[i]))
			return true;
	return false;
}

/* Part of a range or a fraction: "5-7", «5 или 7», "3,7", "10/12", «25 из 30», "5+7". */
bool token_is_joined(const struct token *t)
{
	const struct token *next = t + 1, *before = t - 1;
	if (next->kind == TOKEN_MARK && next[1].kind == TOKEN_NUMBER &&
		(token_is_mark(next, "-/+x") ||
			(token_is_mark(next, ".,") && !next->blank && !next[1].blank) ||
			(token_is_mark(next, ".") && !next->blank)))
		return true;
	if (before->kind == TOKEN_MARK && before[-1].kind == TOKEN_NUMBER &&
		(token_is_mark(before, "-/+x") ||
			(token_is_mark(before, ".,") && !before->blank && !t->blank)))
		return true;
	if (token_is_mark(next, ".") && token_is_mark(next + 1, ".") &&
		(next[2].kind == TOKEN_NUMBER || token_is_mark(next + 2, ".")))
		return true;
	static const char *const joins[] = {"или", "из", "or", "of", "либо", "против", NULL};
	for (size_t i = 0; joins[i] != NULL; i++) {
		if (token_is_word(next, joins[i]) &&
			(next[1].kind == TOKEN_NUMBER || next[1].kind == TOKEN_WORD) &&
			(next[1].kind == TOKEN_NUMBER || strcmp(joins[i], "или") == 0))
			return true;
		if (token_is_word(before, joins[i]) && before[-1].kind == TOKEN_NUMBER)
			return true;
	}
	return false;
}

/* A minus sign: U+2212 always, "-" when it leads the line and clings to the number. */
bool token_is_negative(const struct token *t)
{
	if (token_is_mark(t - 1, "M"))
		return !t->blank || token_ends_line(t - 2);
	if (token_is_word(t - 1, "минус") || token_is_word(t - 1, "minus"))
		return true;
	return token_is_mark(t - 1, "-") && !t->blank &&
	       (token_ends_line(t - 2) || token_is_mark(t - 2, ":"));
}
