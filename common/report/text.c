/* The report in plain text, for the other part of the letter and for terminals. */
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/xalloc.h"
#include "report/words.h"
#include "report/write.h"

#define BAR_CHARACTERS 20
#define NAME_LEAST 16
#define NAME_MOST 48

/* Characters; the names are of letters one column wide. */
static size_t width_of(const char *text)
{
	size_t n = 0;
	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

#define LINE_CHARACTERS 200

/* One line without control characters, not endless. */
static void put_line(FILE *out, const char *text)
{
	char *cut = words_cut(text, LINE_CHARACTERS);
	for (const char *c = cut; *c != '\0'; c++)
		(void)fputc((unsigned char)*c < 0x20 || *c == 0x7f ? ' ' : *c, out);
	free(cut);
}

static void put_padded(FILE *out, const char *text, size_t width, bool right)
{
	char *cut = words_cut(text, width);
	if (width_of(cut) > width) { /* «…» takes a place of its own */
		free(cut);
		cut = words_cut(text, width - 1);
	}
	size_t pad = width > width_of(cut) ? width - width_of(cut) : 0;
	if (right)
		(void)fprintf(out, "%*s", (int)pad, "");
	put_line(out, cut);
	if (!right)
		(void)fprintf(out, "%*s", (int)pad, "");
	free(cut);
}

static void put_bar(FILE *out, const struct report_totals *t)
{
	int64_t expected = totals_expected(t), answered = totals_answered(t);
	int full = expected <= 0 ? 0 : (int)((answered * BAR_CHARACTERS + expected / 2) / expected);
	if (answered > 0 && full == 0)
		full = 1;
	if (answered < expected && full == BAR_CHARACTERS)
		full = BAR_CHARACTERS - 1;
	for (int i = 0; i < BAR_CHARACTERS; i++)
		(void)fputs(i < full ? "█" : "░", out);
}

static const char *rest(enum lang lang, bool attached)
{
	return attached ? word(lang, "The rest stands in the attached table.", "Остальное – в приложенной таблице.")
			: word(lang, "The rest: --format xlsx.", "Остальное: --format xlsx.");
}

/* ---- the head ------------------------------------------------------------------------------ */

static void fact(FILE *out, bool *first, const char *text, int64_t n)
{
	if (n == 0)
		return;
	(void)fprintf(out, "%s%s %lld", *first ? "" : " · ", text, (long long)n);
	*first = false;
}

static void share_line(FILE *out, const struct report_totals *all, enum lang lang)
{
	if (all->asked == 0) {
		(void)fprintf(out, "%s\n", word(lang, "Nobody was asked for an answer.", "Ответа ни у кого не просили."));
		return;
	}
	(void)fprintf(out, word(lang, "Answered: %lld of %lld, %d %%  ", "Ответили %lld из %lld, %d %%  "),
		(long long)totals_answered(all), (long long)totals_expected(all),
		words_percent(totals_answered(all), totals_expected(all)));
	put_bar(out, all);
	(void)fputc('\n', out);
}

static void head(FILE *out, const struct report_facts *facts)
{
	const struct report_totals *all = &facts->all;
	enum lang lang = facts->lang;
	char moment[WORDS_SIZE], *deadline = words_deadline(facts);
	bool first = true;
	share_line(out, all, lang);
	fact(out, &first, word(lang, "complete", "полных ответов"), all->confirmed);
	fact(out, &first, word(lang, "partial", "неполных"), all->partial);
	fact(out, &first, word(lang, "being looked at", "на проверке"), all->received);
	fact(out, &first, word(lang, "late", "с опозданием"), all->late);
	fact(out, &first, word(lang, "differing", "расхождений"), all->discrepancies);
	fact(out, &first, word(lang, "silent", "не ответили"), totals_silent(all));
	fact(out, &first, word(lang, "of these not delivered", "из них не доставлено"), all->undelivered);
	fact(out, &first, word(lang, "withdrawn", "отозвано запросов"), all->withdrawn);
	(void)fputs(first ? "" : "\n", out);
	if (facts->acknowledgements > 0)
		(void)fprintf(out, word(lang, "Acknowledged: %lld of %lld\n", "Ознакомлены %lld из %lld\n"),
			(long long)facts->acknowledged, (long long)facts->acknowledgements);
	if (facts->previous_label != NULL && all->previous_asked > 0) {
		(void)fputs(word(lang, "Before (", "Прошлый раз ("), out);
		put_line(out, facts->previous_label);
		(void)fprintf(out, word(lang, "): %lld of %lld answered, %d %%\n", "): ответили %lld из %lld, %d %%\n"),
			(long long)all->previous_answered, (long long)all->previous_asked,
			words_percent(all->previous_answered, all->previous_asked));
	}
	if (deadline[0] != '\0')
		(void)fprintf(out, "%s\n", deadline);
	free(deadline);
	(void)fprintf(out, "%s %s\n", word(lang, "Made on", "Сформирован"),
		words_moment(facts->made_ms, facts->zone, lang, moment));
}

/* ---- sums ------------------------------------------------------------------------------------ */

static void sum_line(FILE *out, const struct report_facts *facts, const struct report_column *column, size_t choice)
{
	const struct report_totals *all = &facts->all;
	char number[WORDS_SIZE];
	enum lang lang = facts->lang;
	size_t slot = column->slot + choice;
	(void)fputs("  ", out);
	put_line(out, column->label);
	if (column->kind == REPORT_CHOICE) {
		(void)fputs(": ", out);
		put_line(out, column->choice[choice]);
	}
	(void)fprintf(out, " – %s", words_number(all->sum[slot], lang, number));
	if (all->below_answered > 0)
		(void)fprintf(out, "; %s %s", word(lang, "sum of the organisations below", "сумма по подведомственным"),
			words_number(all->below_sum[slot], lang, number));
	if (all->previous_asked > 0) {
		(void)fprintf(out, "; %s %s", word(lang, "before", "прошлый раз"),
			words_number(all->previous[slot], lang, number));
		(void)fprintf(out, " (%s)", words_change(all->sum[slot], all->previous[slot], lang, number));
	}
	(void)fputc('\n', out);
}

static void sums(FILE *out, const struct report_facts *facts)
{
	if (facts->slots == 0)
		return;
	(void)fprintf(out, "\n%s\n", word(facts->lang, "Totals", "Итоги"));
	for (size_t i = 0; i < facts->columns; i++)
		for (size_t c = 0; c < facts->column[i].slots; c++)
			sum_line(out, facts, &facts->column[i], c);
}

/* ---- by municipality ---------------------------------------------------------------------------- */

/* The first figure, beside the bar. */
static const struct report_column *figure_of(const struct report_facts *facts)
{
	for (size_t i = 0; i < facts->columns; i++)
		if (facts->column[i].kind == REPORT_NUMBER)
			return &facts->column[i];
	return NULL;
}

static void group_line(FILE *out, const struct report_facts *facts, const char *name, const struct report_totals *t,
	size_t width, int indent)
{
	const struct report_column *figure = figure_of(facts);
	char text[WORDS_SIZE];
	(void)fprintf(out, "%*s", indent, "");
	put_padded(out, name[0] != '\0' ? name : word(facts->lang, "(none)", "(не указано)"), width - (size_t)indent, false);
	(void)fputs("  ", out);
	put_bar(out, t);
	snprintf(text, sizeof text, "%lld/%lld", (long long)totals_answered(t), (long long)totals_expected(t));
	put_padded(out, text, 12, true);
	if (figure != NULL)
		put_padded(out, words_number(t->sum[figure->slot], facts->lang, text), 12, true);
	(void)fputc('\n', out);
}

static void groups(FILE *out, const struct report_facts *facts, size_t most, size_t width, bool attached)
{
	enum lang lang = facts->lang;
	const struct report_column *figure = figure_of(facts);
	bool only_regions = facts->groups > most;
	if (facts->groups < 2)
		return;
	(void)fprintf(out, "\n%s\n", word(lang, "By municipality", "По муниципалитетам"));
	if (only_regions && (facts->regions < 2 || facts->regions > most)) {
		(void)fprintf(out, "%s\n", rest(lang, attached));
		return;
	}
	put_padded(out, "", width + 2 + BAR_CHARACTERS, false);
	put_padded(out, word(lang, "answered", "ответили"), 12, true);
	if (figure != NULL) {
		(void)fputs("  ", out);
		put_padded(out, figure->label, 24, false);
	}
	(void)fputc('\n', out);
	for (size_t i = 0, end; i < facts->groups; i = end) {
		struct report_totals totals;
		facts_region(facts, i, &end, &totals);
		if (facts->regions > 1)
			group_line(out, facts, facts->group[i].region, &totals, width, 0);
		for (size_t g = i; g < end && !only_regions; g++)
			group_line(out, facts, facts->group[g].municipality, &facts->group[g].totals, width,
				facts->regions > 1 ? 2 : 0);
		facts_region_fini(&totals);
	}
	if (only_regions)
		(void)fprintf(out, "%s\n", rest(lang, attached));
}

/* ---- answers ------------------------------------------------------------------------------------ */

#define VALUE_CHARACTERS 160

static void answer_values(FILE *out, const struct report_facts *facts, const struct report_row *row)
{
	const struct report_below *below = facts_below(facts, row->ask);
	char number[WORDS_SIZE];
	for (size_t i = 0; i < facts->columns; i++) {
		const struct report_column *c = &facts->column[i];
		if (row->value[i].text[0] == '\0')
			continue;
		char *value = words_value(c, &row->value[i], facts->lang), *cut = words_cut(value, VALUE_CHARACTERS);
		(void)fputs("      ", out);
		put_line(out, c->label);
		(void)fputs(": ", out);
		put_line(out, cut);
		if (c->kind == REPORT_NUMBER && below != NULL && below->answered > 0)
			(void)fprintf(out, "; %s %s", word(facts->lang, "below", "свод"),
				words_number(below->sum[c->slot], facts->lang, number));
		if (c->kind == REPORT_NUMBER && row->previous[i].text[0] != '\0')
			(void)fprintf(out, "; %s %s", word(facts->lang, "was", "было"),
				words_number(row->previous[i].number, facts->lang, number));
		(void)fputc('\n', out);
		free(cut);
		free(value);
	}
}

static void answer(FILE *out, const struct report_facts *facts, const struct report_row *row)
{
	char moment[WORDS_SIZE];
	enum lang lang = facts->lang;
	(void)fputs("  ", out);
	put_line(out, row->name);
	(void)fprintf(out, " – %s", words_state(row->state, lang));
	if (row->at_ms != 0)
		(void)fprintf(out, ", %s, %s", words_moment(row->at_ms, facts->zone, lang, moment), words_way(row->way, lang));
	(void)fprintf(out, "%s%s\n", row->late ? word(lang, ", late", ", с опозданием") : "",
		row->discrepancy ? word(lang, ", figures differ", ", расхождение") : "");
	answer_values(out, facts, row);
}

static void answers(FILE *out, const struct report_facts *facts, size_t most)
{
	if (facts->rows > most || totals_answered(&facts->all) == 0)
		return;
	struct report_row *row = xcalloc(1, sizeof *row);
	(void)fprintf(out, "\n%s\n", word(facts->lang, "Answers", "Ответы"));
	for (size_t i = 0; i < facts->rows; i++) {
		facts_row(facts, false, i, row);
		if (row->state != ASK_OPEN)
			answer(out, facts, row);
	}
	free(row);
}

/* ---- the silent ------------------------------------------------------------------------------------ */

void text_silent(FILE *out, const struct report_facts *facts, size_t most, bool attached)
{
	struct report_row *row = xcalloc(1, sizeof *row);
	size_t silent = (size_t)totals_silent(&facts->all), shown = 0;
	if (silent > 0)
		(void)fprintf(out, "\n%s: %zu\n", word(facts->lang, "No answer", "Не ответили"), silent);
	for (size_t i = 0; i < facts->rows && shown < most; i++) {
		facts_row(facts, false, i, row);
		if (row->state != ASK_OPEN)
			continue;
		(void)fprintf(out, "%4zu. ", ++shown);
		put_line(out, row->name);
		if (row->municipality[0] != '\0') {
			(void)fputs(", ", out);
			put_line(out, row->municipality);
		}
		if (row->trouble != REPORT_REACHED)
			(void)fprintf(out, " (%s)", words_trouble(row->trouble, facts->lang));
		(void)fputc('\n', out);
	}
	if (shown < silent)
		(void)fprintf(out, "%s\n", rest(facts->lang, attached));
	free(row);
}

static size_t name_width(const struct report_facts *facts, size_t width)
{
	size_t longest = NAME_LEAST, room = width > BAR_CHARACTERS + 26 + NAME_LEAST ? width - BAR_CHARACTERS - 26 : NAME_LEAST;
	for (size_t i = 0; i < facts->groups; i++) {
		size_t own = width_of(facts->group[i].municipality) + (facts->regions > 1 ? 2 : 0);
		size_t region = facts->regions > 1 ? width_of(facts->group[i].region) : 0;
		longest = own > longest ? own : longest;
		longest = region > longest ? region : longest;
	}
	longest = longest > NAME_MOST ? NAME_MOST : longest;
	return longest < room ? longest : room;
}

void text_block(FILE *out, const struct report_facts *facts, const struct text_limits *limits, bool attached)
{
	head(out, facts);
	sums(out, facts);
	groups(out, facts, limits->groups, name_width(facts, limits->width), attached);
	answers(out, facts, limits->answers);
	text_silent(out, facts, limits->silent, attached);
}
