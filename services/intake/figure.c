/* Candidates first (digits, words), each judged by its neighbours; then one
 * verdict over all. Every rule that drops a number is a reason why it cannot be
 * a count; every doubt makes the reply ambiguous. */
#include "intake/figure.h"

#include <stdbool.h>
#include <string.h>

#include "intake/figure_tokens.h"
#include "intake/figure_words.h"

#define TEXT_BYTES_MAX 65536
#define VALUE_MAX INT64_C(999999999)
#define CANDIDATES_MAX 64
#define NEIGHBOURS_MAX 12 /* tokens looked back: a label and its clause */
#define YEAR_FIRST 1950 /* four digits in this range may be a year */
#define YEAR_LAST 2050

struct candidate {
	size_t first, last; /* tokens */
	int64_t value;
	bool doubtful;      /* estimate, range, fraction, negative */
	bool strong;        /* counts people, or follows a label */
	bool yearish;
	bool alone;         /* all its line says */
};

struct search {
	struct tokens tokens;
	struct candidate item[CANDIDATES_MAX];
	size_t count;
};

/* ---- neighbours ------------------------------------------------------------------------------------ */

static bool is_mark(const struct token *t, const char *marks)
{
	return t->kind == TOKEN_MARK && t->mark != '\0' && strchr(marks, t->mark) != NULL;
}

static bool is_word(const struct token *t, const char *word)
{
	return t->kind == TOKEN_WORD && strcmp(t->word, word) == 0;
}

static bool word_is(const struct token *t, enum figure_word kind)
{
	return t->kind == TOKEN_WORD && figure_word_is(t->word, kind);
}

static bool ends_line(const struct token *t)
{
	return t->kind == TOKEN_LINE || t->kind == TOKEN_END;
}

/* The nearest word before, marks of these kinds aside; NULL when something else stands there. */
static const struct token *word_before(const struct token *t, const char *passing)
{
	int marks = 0;
	for (t--; is_mark(t, passing) && marks < NEIGHBOURS_MAX; t--)
		marks++;
	return t->kind == TOKEN_WORD ? t : NULL;
}

/* What follows these belongs to something else: «один из участников». */
static bool is_preposition(const struct token *t)
{
	static const char *const words[] = {"из", "в", "на", "с", "со", "от", "и", "для", "по", "у", "к", "за", "или", "of", "in",
		"from", "and", "or", "for", "with", NULL};
	for (size_t i = 0; words[i] != NULL; i++)
		if (is_word(t, words[i]))
			return true;
	return false;
}

/* People right behind, or behind one or two adjectives («25 новых участников»). */
static bool people_follow(const struct token *t)
{
	for (int words = 0; words < 3; words++, t++) {
		if (is_mark(t, "("))
			t++;
		if (word_is(t, FIGURE_WORD_PEOPLE))
			return true;
		if (t->kind != TOKEN_WORD || word_is(t, FIGURE_WORD_NOT_UNIT) || is_preposition(t))
			return false;
	}
	return false;
}

/* A label before it on its line: «Количество участников: », "Total - ". */
static bool label_before(const struct token *t)
{
	bool sign = false;
	int words = 0;
	for (t--; !ends_line(t) && words < NEIGHBOURS_MAX; t--, words++) {
		sign = sign || is_mark(t, ":-=");
		if (word_is(t, FIGURE_WORD_TOTAL) || (sign && word_is(t, FIGURE_WORD_PEOPLE)))
			return true;
		if (t->kind == TOKEN_NUMBER || is_mark(t, ";."))
			return false;
	}
	return false;
}

/* Abbreviations that are one only with a full stop: «д. 5», «п. 3». */
static bool is_short_name(const struct token *t)
{
	static const char *const names[] = {"д", "п", "т", "к", "ст", "с", "гл", "оф", "рис", "табл", "n", "nn", NULL};
	if (t->kind != TOKEN_WORD || !is_mark(t + 1, "."))
		return false;
	for (size_t i = 0; names[i] != NULL; i++)
		if (strcmp(t->word, names[i]) == 0)
			return true;
	return false;
}

/* Is it the number of something: document, school, point, phone? */
static bool is_name(const struct token *t, const struct token *after)
{
	if (is_mark(t - 1, "#"))
		return true;
	const struct token *word = word_before(t, ".:\"");
	if (word == NULL)
		return false;
	if (is_short_name(word) || (word_is(word, FIGURE_WORD_NAME) && !word_is(word, FIGURE_WORD_TOTAL)))
		return !people_follow(after) || is_short_name(word);
	if (word_is(word, FIGURE_WORD_SCHOOL) && !is_mark(t - 1, ":"))
		return !people_follow(after);
	return (is_word(word, "n") || is_word(word, "no")) && t - 1 != word;
}

static bool is_about(const struct token *t)
{
	const struct token *word = word_before(t, "~");
	if (is_mark(t - 1, "~"))
		return true;
	if (word == NULL)
		return false;
	if (word_is(word, FIGURE_WORD_ABOUT))
		return true;
	/* «до 20», "up to 20", «человек 20» (about 20), "more than 20" */
	static const char *const words[] = {"до", "to", "than", "чем", "человек", "от", "из", "of", "кажется", "вроде", "может", "штук", NULL};
	for (size_t i = 0; words[i] != NULL; i++)
		if (is_word(word, words[i]) && word == t - 1)
			return true;
	return false;
}

/* What stands right behind says that it counts something else. */
static bool counts_other(const struct token *after)
{
	if (is_mark(after, "%$"))
		return true;
	if (is_mark(after, "-") && !after->blank && after[1].kind == TOKEN_WORD && !after[1].blank) {
		/* «9-х», «5-го»: ordinal; «25-ти», «5-ю»: still a count */
		const char *suffix = after[1].word;
		return strlen(suffix) <= 6 && strcmp(suffix, "ти") != 0 && strcmp(suffix, "ми") != 0 &&
			strcmp(suffix, "и") != 0;
	}
	/* «9 А класс», «9 «А» класс» */
	const struct token *letter = is_mark(after, "\"") ? after + 1 : after;
	if (letter->kind == TOKEN_WORD && letter->len <= 2 && word_is(letter + 1 + is_mark(letter + 1, "\""), FIGURE_WORD_NOT_UNIT))
		return true;
	return word_is(after, FIGURE_WORD_NOT_UNIT);
}

static bool is_yearish(const struct token *t)
{
	return t->digits == 4 && t->len == 4 && t->value >= YEAR_FIRST && t->value <= YEAR_LAST;
}

static bool is_year(const struct token *t)
{
	static const char *const before[] = {"в", "за", "на", "с", "по", "до", "от", "in", "since", "for", "года", NULL};
	if ((is_word(t + 1, "уч") || is_word(t + 1, "учебный") || is_word(t + 1, "учебном") || is_word(t + 1, "учебного")) &&
		is_yearish(t))
		return true;
	if (word_is(t + 1, FIGURE_WORD_YEAR) && (is_yearish(t) || t->digits <= 2 || !is_word(t + 1, "г")))
		return true;
	/* 2022-2023, 2022/2023 with a year's word behind, or two years */
	if (is_yearish(t) && is_mark(t + 1, "-/") && t[2].kind == TOKEN_NUMBER && (is_yearish(&t[2]) || t[2].digits == 2))
		return true;
	if (is_yearish(t) && is_mark(t - 1, "-/") && t[-2].kind == TOKEN_NUMBER && is_yearish(&t[-2]))
		return true;
	if (t->digits == 2 && is_mark(t - 1, "-/") && t[-2].kind == TOKEN_NUMBER && is_yearish(&t[-2]) && !t->blank)
		return true;
	for (size_t i = 0; is_yearish(t) && !people_follow(t + 1) && before[i] != NULL; i++)
		if (is_word(t - 1, before[i]))
			return true;
	return false;
}

/* ---- digits ---------------------------------------------------------------------------------------------- */

/* Part of a range or a fraction: "5-7", «5 или 7», "3,7", "10/12", «25 из 30», "5+7". */
static bool is_joined(const struct token *t)
{
	const struct token *next = t + 1, *before = t - 1;
	if (next->kind == TOKEN_MARK && next[1].kind == TOKEN_NUMBER &&
		(is_mark(next, "-/+x") || (is_mark(next, ".,") && !next->blank && !next[1].blank) ||
			(is_mark(next, ".") && !next->blank)))
		return true;
	if (before->kind == TOKEN_MARK && before[-1].kind == TOKEN_NUMBER &&
		(is_mark(before, "-/+x") || (is_mark(before, ".,") && !before->blank && !t->blank)))
		return true;
	if (is_mark(next, ".") && is_mark(next + 1, ".") && (next[2].kind == TOKEN_NUMBER || is_mark(next + 2, ".")))
		return true;
	static const char *const joins[] = {"или", "из", "or", "of", "либо", "против", NULL};
	for (size_t i = 0; joins[i] != NULL; i++) {
		if (is_word(next, joins[i]) && (next[1].kind == TOKEN_NUMBER || next[1].kind == TOKEN_WORD) &&
			(next[1].kind == TOKEN_NUMBER || strcmp(joins[i], "или") == 0))
			return true;
		if (is_word(before, joins[i]) && before[-1].kind == TOKEN_NUMBER)
			return true;
	}
	return false;
}

/* A minus sign: U+2212 always, "-" when it leads the line and clings to the number. */
static bool is_negative(const struct token *t)
{
	if (is_mark(t - 1, "M"))
		return !t->blank || ends_line(t - 2);
	if (is_word(t - 1, "минус") || is_word(t - 1, "minus"))
		return true;
	return is_mark(t - 1, "-") && !t->blank && (ends_line(t - 2) || is_mark(t - 2, ":"));
}

static struct candidate *add(struct search *search, size_t first, size_t last, int64_t value)
{
	if (search->count == CANDIDATES_MAX)
		return NULL;
	struct candidate *c = &search->item[search->count++];
	*c = (struct candidate){.first = first, .last = last, .value = value};
	return c;
}

/* "1. …", "2) …" at the beginning of lines, when they count up from 1. */
static bool is_list_number(const struct search *search, size_t i)
{
	const struct token *t = &search->tokens.item[i];
	if (!ends_line(t - 1) || !is_mark(t + 1, ".)") || t[1].blank || ends_line(t + 2))
		return false;
	bool next = false, one = t->value == 1;
	for (size_t n = 0; n < search->tokens.count; n++) {
		const struct token *other = &search->tokens.item[n];
		if (other->kind != TOKEN_NUMBER || !ends_line(other - 1) || !is_mark(other + 1, ".)"))
			continue;
		next = next || other->value == t->value + 1;
		one = one || (other->value == 1 && n < i);
	}
	return one && (t->value > 1 || next);
}

static bool has_digit_then_thousand(const struct token *t)
{
	return word_is(t + 1, FIGURE_WORD_THOUSAND) || is_word(t + 1, "тысяч") || is_word(t + 1, "тысячи") ||
		is_word(t + 1, "тысяча");
}

static void take_number(struct search *search, size_t i)
{
	const struct token *t = &search->tokens.item[i];
	if (is_list_number(search, i))
		return;
	const struct token *after = t + 1;
	int64_t value = t->value;
	size_t last = i;
	if (has_digit_then_thousand(t)) {
		value *= 1000;
		last = i + 1;
		after = t + 2;
		after += is_mark(after, ".");
	}
	bool joined = is_joined(t);
	if (t->digits > 9 || value > VALUE_MAX || (t->digits > 6 && t->len == (size_t)t->digits))
		return; /* an account, an INN, a phone */
	if (is_year(t) || counts_other(after))
		return;
	if (joined && is_mark(t + 1, "-") && t[2].kind == TOKEN_NUMBER && counts_other(&t[3]))
		return; /* «5-7 классы», «12-17 лет» */
	struct candidate *c = add(search, i, last, value);
	if (c == NULL)
		return;
	c->doubtful = joined || is_about(t) || is_negative(t) || (is_mark(t + 1, "+") && !t[1].blank) || is_mark(t - 1, "<>") ||
		(is_mark(t - 1, "+") && t[-2].kind == TOKEN_NUMBER);
	c->yearish = is_yearish(t) && !people_follow(after);
	c->strong = people_follow(after) || label_before(t);
	size_t start = i;
	while (start > 0 && is_mark(&search->tokens.item[start - 1], "-*\"(:."))
		start--;
	const struct token *end = after;
	while (word_is(end, FIGURE_WORD_PEOPLE) || is_mark(end, ".!,;)\""))
		end++;
	c->alone = (start == 0 || ends_line(&search->tokens.item[start] - 1)) && ends_line(end);
}

/* ---- words -------------------------------------------------------------------------------------------------- */

/* A numeral from token i on; the token behind it, and its value. i when there is none. */
static size_t numeral(const struct token *t, size_t i, int64_t *value)
{
	int64_t total = 0, group = 0, part;
	int rank, last = 5;
	size_t from = i;
	for (; t[i].kind == TOKEN_WORD; i++) {
		rank = figure_numeral(t[i].word, &part);
		if (rank == 0) {
			/* one hundred and five */
			if (last == 3 && strcmp(t[i].word, "and") == 0 && t[i + 1].kind == TOKEN_WORD &&
				figure_numeral(t[i + 1].word, &part) > 0 && part < 100)
				continue;
			break;
		}
		if (rank == 3 && part == 100 && group > 0 && group < 10) { /* two hundred */
			group *= 100;
		} else if (rank == 4) {
			if (total > 0)
				break;
			total = (group == 0 ? 1 : group) * 1000;
			group = 0;
			last = 5;
			continue;
		} else if (rank >= last || (last == 2 && part >= 10) || (part == 0 && i > from)) {
			break;
		} else {
			group += part;
		}
		last = rank;
		/* twenty-three */
		if (t[i + 1].kind == TOKEN_MARK && t[i + 1].mark == '-' && !t[i + 1].blank && rank == 2 &&
			t[i + 2].kind == TOKEN_WORD && figure_numeral(t[i + 2].word, &part) == 1 && part < 10)
			i++;
	}
	*value = total + group;
	return i;
}

static bool is_bare(const struct token *t, size_t from, size_t to)
{
	const struct token *before = &t[from] - 1, *after = &t[to];
	while (is_mark(before, "-*\"("))
		before--;
	while (is_mark(after, ".!,;)\""))
		after++;
	return ends_line(before) && ends_line(after);
}

static size_t take_numeral(struct search *search, size_t i)
{
	const struct token *t = search->tokens.item, *at = &t[i];
	int64_t value;
	size_t to = numeral(t, i, &value);
	if (to == i)
		return i + 1;
	/* «25 тысяч» was read with its digits; "no" and «один» count only before people */
	bool weak = to == i + 1 && figure_is_weak_one(t[i].word);
	bool people = people_follow(&t[to]), bare = is_bare(t, i, to), label = label_before(&t[i]);
	if (at[-1].kind == TOKEN_NUMBER || (to == i + 1 && figure_numeral(t[i].word, &value) == 4 && !people))
		return to;
	(void)numeral(t, i, &value);
	if (is_word(at - 1, "ни") || is_word(at - 1, "not"))
		value = 0; /* «ни одного», "not one" */
	else if (weak && !people && !bare && !(label && ends_line(&t[to])))
		return to;
	if (counts_other(&t[to]) || is_name(&t[i], &t[to]) || word_is(&t[to], FIGURE_WORD_YEAR) ||
		(word_is(&t[to], FIGURE_WORD_MONTH)))
		return to;
	struct candidate *c = add(search, i, to - 1, value);
	if (c == NULL)
		return to;
	c->strong = people || label;
	c->alone = bare;
	/* «пять-семь», «пять или шесть», «двадцать с лишним» */
	int64_t other;
	bool range = (is_mark(&t[to], "-") && t[to + 1].kind == TOKEN_WORD && figure_numeral(t[to + 1].word, &other) != 0) ||
		(is_mark(at - 1, "-") && at[-2].kind == TOKEN_WORD && figure_numeral(at[-2].word, &other) != 0);
	static const char *const joins[] = {"или", "or", "либо", "с", "из", NULL};
	for (size_t n = 0; joins[n] != NULL && !range; n++)
		range = is_word(&t[to], joins[n]) && t[to + 1].kind == TOKEN_WORD &&
			(figure_numeral(t[to + 1].word, &other) != 0 || is_word(&t[to + 1], "лишним") || is_word(&t[to + 1], "половиной"));
	for (size_t n = 0; joins[n] != NULL && !range; n++)
		range = is_word(at - 1, joins[n]) && at[-2].kind == TOKEN_WORD && figure_numeral(at[-2].word, &other) != 0;
	c->doubtful = range || is_about(&t[i]) || is_word(at - 1, "минус") || is_word(at - 1, "minus");
	return to;
}

/* «никто», «участников нет», "no participants", "none": nobody. */
static void take_nobody(struct search *search, size_t i)
{
	const struct token *t = &search->tokens.item[i];
	static const char *const nobody[] = {"никто", "никого", "nobody", "none", NULL};
	bool found = (is_word(t, "no") || is_word(t, "нет")) && people_follow(t + 1);
	found = found || (is_word(t, "нет") && word_is(t - 1, FIGURE_WORD_PEOPLE) && (ends_line(t + 1) || is_mark(t + 1, ".,;!)")));
	found = found || (is_word(t, "отсутствуют") && (word_is(t - 1, FIGURE_WORD_PEOPLE) || word_is(t + 1, FIGURE_WORD_PEOPLE)));
	for (size_t n = 0; nobody[n] != NULL && !found; n++)
		found = is_word(t, nobody[n]);
	if (!found)
		return;
	struct candidate *c = add(search, i, i, 0);
	if (c != NULL)
		c->strong = true;
}

/* ---- the verdict --------------------------------------------------------------------------------------------- */

/* The letter asks for the figure in the first line: a first line that is a figure
 * and nothing else decides, unless others claim the same. */
static const struct candidate *first_line(const struct search *search)
{
	const struct token *t = search->tokens.item;
	size_t i = 0;
	while (i < search->tokens.count) {
		if (t[i].kind == TOKEN_LINE) {
			i++;
			continue;
		}
		if (!word_is(&t[i], FIGURE_WORD_GREETING))
			break;
		while (i < search->tokens.count && t[i].kind != TOKEN_LINE)
			i++;
	}
	while (i < search->tokens.count && is_mark(&t[i], "-*\"("))
		i++;
	const struct candidate *first = search->count > 0 ? &search->item[0] : NULL;
	if (first == NULL || first->first != i || !first->alone || first->doubtful || first->yearish)
		return NULL;
	for (size_t n = 1; n < search->count; n++)
		if ((search->item[n].strong || search->item[n].alone || search->item[n].doubtful) &&
			search->item[n].value != first->value)
			return NULL;
	return first;
}

static void decide(const struct search *search, struct figures *out)
{
	const struct candidate *chosen = NULL, *decisive = first_line(search);
	bool ambiguous = false, others = false;
	for (size_t i = 0; i < search->count; i++)
		others = others || !search->item[i].yearish;
	for (size_t i = 0; i < search->count; i++) {
		const struct candidate *c = &search->item[i];
		const struct token *first = &search->tokens.item[c->first], *last = &search->tokens.item[c->last];
		if (c->yearish && others && !c->strong)
			continue;
		if (out->places < FIGURE_PLACES_MAX)
			out->place[out->places++] = (struct figure_place){
				first->start, last->start + last->len - first->start, c->value};
		ambiguous = ambiguous || c->doubtful || (c->yearish && !c->strong) ||
			(chosen != NULL && chosen->value != c->value);
		if (chosen == NULL)
			chosen = c;
	}
	if (decisive != NULL) {
		chosen = decisive;
		ambiguous = false;
	}
	if (chosen == NULL)
		return;
	out->result = ambiguous ? FIGURE_AMBIGUOUS : FIGURE_ONE;
	out->value = ambiguous ? 0 : chosen->value;
}

/* Numbers that name something are taken out first, with what clings to them
 * («№ 01-12/345», «п. 4.2»): «СОШ № 5 — 25» is no range. */
static void drop_names(struct tokens *tokens)
{
	for (size_t i = 0; i < tokens->count; i++) {
		struct token *t = &tokens->item[i];
		if (t->kind != TOKEN_NUMBER || !is_name(t, t + 1))
			continue;
		t->kind = TOKEN_JUNK;
		while (is_mark(t + 1, "-/.") && !t[1].blank && t[2].kind == TOKEN_NUMBER && !t[2].blank) {
			t += 2;
			t->kind = TOKEN_JUNK;
		}
	}
}

void figure_find(const char *text, struct figures *out)
{
	struct search search = {.count = 0};
	*out = (struct figures){.result = FIGURE_NONE};
	figure_tokens(text, strnlen(text, TEXT_BYTES_MAX), &search.tokens);
	drop_names(&search.tokens);
	for (size_t i = 0; i < search.tokens.count;) {
		const struct token *t = &search.tokens.item[i];
		if (t->kind == TOKEN_WORD) {
			take_nobody(&search, i);
			i = take_numeral(&search, i);
			continue;
		}
		if (t->kind == TOKEN_NUMBER)
			take_number(&search, i);
		i++;
	}
	decide(&search, out);
	figure_tokens_fini(&search.tokens);
}
