/* Candidates first (digits, words), each judged by its neighbours; then one
 * verdict over all. Every rule that drops a number is a reason why it cannot be
 * a count; every doubt makes the reply ambiguous. */
#include "intake/figure.h"

#include <stdbool.h>
#include <string.h>

#include "intake/figure_context.h"

#define TEXT_BYTES_MAX 65536
#define VALUE_MAX INT64_C(999999999)
#define CANDIDATES_MAX 64

struct candidate {
	size_t first, last; /* tokens */
	int64_t value;
	bool doubtful; /* estimate, range, fraction, negative */
	bool strong;   /* counts people, or follows a label */
	bool yearish;
	bool alone; /* all its line says */
};

struct search {
	struct tokens tokens;
	struct candidate item[CANDIDATES_MAX];
	size_t count;
};

/* ---- digits ---------------------------------------------------------------- */

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
	if (!token_ends_line(t - 1) || !token_is_mark(t + 1, ".)") || t[1].blank ||
		token_ends_line(t + 2))
		return false;
	bool next = false, one = t->value == 1;
	for (size_t n = 0; n < search->tokens.count; n++) {
		const struct token *other = &search->tokens.item[n];
		if (other->kind != TOKEN_NUMBER || !token_ends_line(other - 1) ||
			!token_is_mark(other + 1, ".)"))
			continue;
		next = next || other->value == t->value + 1;
		one = one || (other->value == 1 && n < i);
	}
	return one && (t->value > 1 || next);
}

static bool has_digit_then_thousand(const struct token *t)
{
	return token_word_is(t + 1, FIGURE_WORD_THOUSAND) || token_is_word(t + 1, "тысяч") ||
	       token_is_word(t + 1, "тысячи") || token_is_word(t + 1, "тысяча");
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
		after += token_is_mark(after, ".");
	}
	bool joined = token_is_joined(t);
	if (t->digits > 9 || value > VALUE_MAX || (t->digits > 6 && t->len == (size_t)t->digits))
		return; /* an account, an INN, a phone */
	if (token_is_year(t) || token_counts_other(after))
		return;
	if (joined && token_is_mark(t + 1, "-") && t[2].kind == TOKEN_NUMBER &&
		token_counts_other(&t[3]))
		return; /* «5-7 классы», «12-17 лет» */
	struct candidate *c = add(search, i, last, value);
	if (c == NULL)
		return;
	c->doubtful = joined || token_is_about(t) || token_is_negative(t) ||
		      (token_is_mark(t + 1, "+") && !t[1].blank) || token_is_mark(t - 1, "<>") ||
		      (token_is_mark(t - 1, "+") && t[-2].kind == TOKEN_NUMBER);
	c->yearish = token_is_yearish(t) && !token_people_follow(after);
	c->strong = token_people_follow(after) || token_label_before(t);
	size_t start = i;
	while (start > 0 && token_is_mark(&search->tokens.item[start - 1], "-*\"(:."))
		start--;
	const struct token *end = after;
	while (token_word_is(end, FIGURE_WORD_PEOPLE) || token_is_mark(end, ".!,;)\""))
		end++;
	c->alone = (start == 0 || token_ends_line(&search->tokens.item[start] - 1)) &&
		   token_ends_line(end);
}

/* ---- words ----------------------------------------------------------------- */

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
			if (last == 3 && strcmp(t[i].word, "and") == 0 &&
				t[i + 1].kind == TOKEN_WORD &&
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
		if (t[i + 1].kind == TOKEN_MARK && t[i + 1].mark == '-' && !t[i + 1].blank &&
			rank == 2 && t[i + 2].kind == TOKEN_WORD &&
			figure_numeral(t[i + 2].word, &part) == 1 && part < 10)
			i++;
	}
	*value = total + group;
	return i;
}

static bool is_bare(const struct token *t, size_t from, size_t to)
{
	const struct token *before = &t[from] - 1, *after = &t[to];
	while (token_is_mark(before, "-*\"("))
		before--;
	while (token_is_mark(after, ".!,;)\""))
		after++;
	return token_ends_line(before) && token_ends_line(after);
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
	bool people = token_people_follow(&t[to]), bare = is_bare(t, i, to),
	     label = token_label_before(&t[i]);
	if (at[-1].kind == TOKEN_NUMBER ||
		(to == i + 1 && figure_numeral(t[i].word, &value) == 4 && !people))
		return to;
	(void)numeral(t, i, &value);
	if (token_is_word(at - 1, "ни") || token_is_word(at - 1, "not"))
		value = 0; /* «ни одного», "not one" */
	else if (weak && !people && !bare && !(label && token_ends_line(&t[to])))
		return to;
	if (token_counts_other(&t[to]) || token_is_name(&t[i], &t[to]) ||
		token_word_is(&t[to], FIGURE_WORD_YEAR) ||
		(token_word_is(&t[to], FIGURE_WORD_MONTH)))
		return to;
	struct candidate *c = add(search, i, to - 1, value);
	if (c == NULL)
		return to;
	c->strong = people || label;
	c->alone = bare;
	/* «пять-семь», «пять или шесть», «двадцать с лишним» */
	int64_t other;
	bool range = (token_is_mark(&t[to], "-") && t[to + 1].kind == TOKEN_WORD &&
			     figure_numeral(t[to + 1].word, &other) != 0) ||
		     (token_is_mark(at - 1, "-") && at[-2].kind == TOKEN_WORD &&
			     figure_numeral(at[-2].word, &other) != 0);
	static const char *const joins[] = {"или", "or", "либо", "с", "из", NULL};
	for (size_t n = 0; joins[n] != NULL && !range; n++)
		range = token_is_word(&t[to], joins[n]) && t[to + 1].kind == TOKEN_WORD &&
			(figure_numeral(t[to + 1].word, &other) != 0 ||
				token_is_word(&t[to + 1], "лишним") ||
				token_is_word(&t[to + 1], "половиной"));
	for (size_t n = 0; joins[n] != NULL && !range; n++)
		range = token_is_word(at - 1, joins[n]) && at[-2].kind == TOKEN_WORD &&
			figure_numeral(at[-2].word, &other) != 0;
	c->doubtful = range || token_is_about(&t[i]) || token_is_word(at - 1, "минус") ||
		      token_is_word(at - 1, "minus");
	return to;
}

/* «никто», «участников нет», "no participants", "none": nobody. */
static void take_nobody(struct search *search, size_t i)
{
	const struct token *t = &search->tokens.item[i];
	static const char *const nobody[] = {"никто", "никого", "nobody", "none", NULL};
	bool found =
		(token_is_word(t, "no") || token_is_word(t, "нет")) && token_people_follow(t + 1);
	found = found || (token_is_word(t, "нет") && token_word_is(t - 1, FIGURE_WORD_PEOPLE) &&
				 (token_ends_line(t + 1) || token_is_mark(t + 1, ".,;!)")));
	found = found || (token_is_word(t, "отсутствуют") &&
				 (token_word_is(t - 1, FIGURE_WORD_PEOPLE) ||
					 token_word_is(t + 1, FIGURE_WORD_PEOPLE)));
	for (size_t n = 0; nobody[n] != NULL && !found; n++)
		found = token_is_word(t, nobody[n]);
	if (!found)
		return;
	struct candidate *c = add(search, i, i, 0);
	if (c != NULL)
		c->strong = true;
}

/* ---- the verdict ----------------------------------------------------------- */

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
		if (!token_word_is(&t[i], FIGURE_WORD_GREETING))
			break;
		while (i < search->tokens.count && t[i].kind != TOKEN_LINE)
			i++;
	}
	while (i < search->tokens.count && token_is_mark(&t[i], "-*\"("))
		i++;
	const struct candidate *first = search->count > 0 ? &search->item[0] : NULL;
	if (first == NULL || first->first != i || !first->alone || first->doubtful ||
		first->yearish)
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
		const struct token *first = &search->tokens.item[c->first],
				   *last = &search->tokens.item[c->last];
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
		if (t->kind != TOKEN_NUMBER || !token_is_name(t, t + 1))
			continue;
		t->kind = TOKEN_JUNK;
		while (token_is_mark(t + 1, "-/.") && !t[1].blank && t[2].kind == TOKEN_NUMBER &&
			!t[2].blank) {
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
