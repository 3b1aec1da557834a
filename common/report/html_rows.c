/* The tables of a report's HTML: by municipality with bars, answers, the silent. */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "letter/style.h"
#include "report/html.h"
#include "report/words.h"

static void remark(FILE *out, const char *text)
{
	(void)fputs("<div style=\"" STYLE_SMALL "padding:6px 0 0 0;\">", out);
	words_html(out, text);
	(void)fputs("</div>\n", out);
}

static const char *rest_where(enum lang lang, bool attached)
{
	return attached ? word(lang, "The rest stands in the attached table.", "Остальное – в приложенной таблице.")
			: word(lang, "The rest: vestnik report.", "Остальное – в отчёте системы.");
}

/* The first columns that hold figures. */
static size_t figures_of(const struct report_facts *facts, size_t most, const struct report_column *out[])
{
	size_t n = 0;
	for (size_t i = 0; i < facts->columns && n < most; i++)
		if (facts->column[i].kind == REPORT_NUMBER)
			out[n++] = &facts->column[i];
	return n;
}

/* A second line in a cell. */
static void small_begin(FILE *out, const char *colour)
{
	(void)fprintf(out, "<br><span style=\"font-size:13px;line-height:17px;color:%s;\">", colour);
}

static void small_end(FILE *out)
{
	(void)fputs("</span>", out);
}

/* Under a figure: what the organisations below add up to, what it was before. */
static void figure_beside(FILE *out, enum lang lang, const double *below, const double *before)
{
	char number[WORDS_SIZE];
	if (below != NULL) {
		small_begin(out, STYLE_QUIET);
		(void)fprintf(out, "%s&nbsp;%s", word(lang, "below", "свод"), words_number(*below, lang, number));
		small_end(out);
	}
	if (before != NULL) {
		small_begin(out, STYLE_QUIET);
		(void)fprintf(out, "%s&nbsp;%s", word(lang, "was", "было"), words_number(*before, lang, number));
		small_end(out);
	}
}

void html_figure_cell(FILE *out, double n, enum lang lang, const double *below, const double *before)
{
	char number[WORDS_SIZE];
	html_cell_begin(out, false, true);
	(void)fputs(words_number(n, lang, number), out);
	figure_beside(out, lang, below, before);
	html_cell_end(out, false);
}

/* ---- by municipality --------------------------------------------------------------------- */

#define BAR_WIDTH 72

static void share_cell(FILE *out, const struct report_totals *t, enum lang lang)
{
	html_cell_begin(out, false, false);
	(void)fprintf(out, "<span style=\"white-space:nowrap;\">%lld %s %lld</span>", (long long)totals_answered(t),
		word(lang, "of", "из"), (long long)totals_expected(t));
	html_bar(out, BAR_WIDTH, 8, (double)t->confirmed, (double)(t->partial + t->received), (double)totals_expected(t));
	html_cell_end(out, false);
}

static void group_row(FILE *out, const struct report_facts *facts, const char *name, const struct report_totals *t,
	const struct report_column *const *figure, size_t figures, bool bold)
{
	(void)fprintf(out, "<tr%s>", bold ? " bgcolor=\"#f7f8fa\" style=\"font-weight:bold;background-color:#f7f8fa;\"" : "");
	html_cell(out, false, false, name[0] != '\0' ? name : word(facts->lang, "(none)", "(не указано)"));
	share_cell(out, t, facts->lang);
	for (size_t i = 0; i < figures; i++) {
		size_t slot = figure[i]->slot;
		html_figure_cell(out, t->sum[slot], facts->lang, t->below_answered > 0 ? &t->below_sum[slot] : NULL,
			facts->all.previous_asked > 0 ? &t->previous[slot] : NULL);
	}
	(void)fputs("</tr>\n", out);
}

static void group_head(FILE *out, const struct report_facts *facts, const struct report_column *const *figure,
	size_t figures)
{
	enum lang lang = facts->lang;
	(void)fputs("<thead><tr>", out);
	html_cell(out, true, false, facts->regions > 1 ? word(lang, "Region, municipality", "Регион, муниципалитет")
						      : word(lang, "Municipality", "Муниципалитет"));
	html_cell(out, true, false, word(lang, "Answered", "Ответили"));
	for (size_t i = 0; i < figures; i++)
		html_cell(out, true, true, figure[i]->label);
	(void)fputs("</tr></thead>\n", out);
}

static void group_rows(FILE *out, const struct report_facts *facts, const struct report_column *const *figure,
	size_t figures, bool only_regions)
{
	for (size_t i = 0, end; i < facts->groups; i = end) {
		struct report_totals totals;
		facts_region(facts, i, &end, &totals);
		if (facts->regions > 1)
			group_row(out, facts, facts->group[i].region, &totals, figure, figures, true);
		for (size_t g = i; g < end && !only_regions; g++)
			group_row(out, facts, facts->group[g].municipality, &facts->group[g].totals, figure, figures, false);
		facts_region_fini(&totals);
	}
	group_row(out, facts, word(facts->lang, "Total", "Итого"), &facts->all, figure, figures, true);
}

void html_groups(FILE *out, const struct report_facts *facts, const struct html_limits *limits, bool attached)
{
	const struct report_column *figure[REPORT_COLUMNS_MAX];
	size_t figures = figures_of(facts, limits->columns, figure);
	bool only_regions = facts->groups > limits->groups;
	/* One organisation in each: the answers say the same. */
	if (facts->groups < 2 || (facts->rows <= facts->groups && facts->rows <= limits->rows))
		return;
	html_title(out, word(facts->lang, "By municipality", "По муниципалитетам"));
	if (only_regions && (facts->regions < 2 || facts->regions > limits->groups)) {
		remark(out, rest_where(facts->lang, attached));
		return;
	}
	html_table_begin(out);
	group_head(out, facts, figure, figures);
	group_rows(out, facts, figure, figures, only_regions);
	html_table_end(out);
	if (only_regions)
		remark(out, rest_where(facts->lang, attached));
}

/* ---- answers ---------------------------------------------------------------------------------- */

/* Those below are only for an organisation that asked some. */
static void value_cell(FILE *out, const struct report_facts *facts, const struct report_row *row, size_t column,
	const struct report_below *below, size_t characters)
{
	const struct report_column *c = &facts->column[column];
	bool figure = c->kind == REPORT_NUMBER, before = figure && row->previous[column].text[0] != '\0';
	char *text = words_value(c, &row->value[column], facts->lang), *cut = words_cut(text, characters);
	html_cell_begin(out, false, figure);
	words_html(out, cut);
	figure_beside(out, facts->lang, figure && below != NULL && below->answered > 0 ? &below->sum[c->slot] : NULL,
		before ? &row->previous[column].number : NULL);
	html_cell_end(out, false);
	free(cut);
	free(text);
}

static void small_text(FILE *out, const char *colour, const char *text)
{
	small_begin(out, colour);
	words_html(out, text);
	small_end(out);
}

/* Who, and under it what somebody should look at. */
static void organisation_cell(FILE *out, const struct report_facts *facts, const struct report_row *row,
	const struct report_below *below)
{
	char moment[WORDS_SIZE];
	enum lang lang = facts->lang;
	html_cell_begin(out, false, false);
	words_html(out, row->name);
	if (row->municipality[0] != '\0')
		small_text(out, STYLE_QUIET, row->municipality);
	char *state = xasprintf("%s%s%s%s%s", words_state(row->state, lang), row->at_ms != 0 ? ", " : "",
		words_moment(row->at_ms, facts->zone, lang, moment), row->way[0] != '\0' ? ", " : "", words_way(row->way, lang));
	small_text(out, STYLE_QUIET, state);
	free(state);
	if (row->late)
		small_text(out, "#9a5b00", word(lang, "late", "с опозданием"));
	if (row->discrepancy)
		small_text(out, "#a8201a", word(lang, "figures differ", "расхождение"));
	if (below != NULL) {
		char *count = xasprintf(word(lang, "below: %lld of %lld answered", "подведомственные: ответили %lld из %lld"),
			(long long)below->answered, (long long)below->asked);
		small_text(out, STYLE_QUIET, count);
		free(count);
	}
	html_cell_end(out, false);
}

static void answer_row(FILE *out, const struct report_facts *facts, const struct report_row *row, size_t columns,
	size_t characters, bool is_below)
{
	const struct report_below *below = is_below ? NULL : facts_below(facts, row->ask);
	(void)fputs("<tr>", out);
	organisation_cell(out, facts, row, below);
	for (size_t i = 0; i < columns; i++)
		value_cell(out, facts, row, i, below, characters);
	(void)fputs("</tr>\n", out);
}

void html_answers(FILE *out, const struct report_facts *facts, const struct html_limits *limits, bool below, bool attached)
{
	enum lang lang = facts->lang;
	struct report_row *row = xcalloc(1, sizeof *row);
	size_t count = below ? facts->below_rows : facts->rows;
	size_t columns = facts->columns < limits->columns ? facts->columns : limits->columns;
	html_title(out, below ? word(lang, "Answers of the organisations below", "Ответы подведомственных организаций")
			      : word(lang, "Answers", "Ответы"));
	html_table_begin(out);
	/* Without it long titles of figures leave the names no room. */
	(void)fputs("<colgroup><col width=\"38%\" style=\"width:38%;\"></colgroup>\n<thead><tr>", out);
	html_cell(out, true, false, word(lang, "Organisation", "Организация"));
	for (size_t i = 0; i < columns; i++)
		html_cell(out, true, facts->column[i].kind == REPORT_NUMBER, facts->column[i].label);
	(void)fputs("</tr></thead>\n", out);
	for (size_t i = 0; i < count; i++) {
		facts_row(facts, below, i, row);
		if (row->state != ASK_OPEN)
			answer_row(out, facts, row, columns, limits->characters, below);
	}
	html_table_end(out);
	if (columns < facts->columns)
		remark(out, rest_where(lang, attached));
	free(row);
}

/* ---- the silent ---------------------------------------------------------------------------------- */

static void silent_row(FILE *out, const struct report_facts *facts, const struct report_row *row, size_t number)
{
	char text[32];
	snprintf(text, sizeof text, "%zu", number);
	(void)fputs("<tr>", out);
	html_cell(out, false, true, text);
	html_cell(out, false, false, row->name);
	html_cell(out, false, false, row->municipality);
	html_cell_begin(out, false, false);
	words_html(out, words_trouble(row->trouble, facts->lang));
	if (row->trouble != REPORT_REACHED && row->trouble_text[0] != '\0') {
		char *cut = words_cut(row->trouble_text, 90);
		(void)fputs("<br><span style=\"font-size:13px;color:" STYLE_QUIET ";\">", out);
		words_html(out, cut);
		(void)fputs("</span>", out);
		free(cut);
	}
	html_cell_end(out, false);
	(void)fputs("</tr>\n", out);
}

void html_silent(FILE *out, const struct report_facts *facts, const struct html_limits *limits, bool attached)
{
	enum lang lang = facts->lang;
	struct report_row *row = xcalloc(1, sizeof *row);
	size_t shown = 0, silent = (size_t)totals_silent(&facts->all);
	if (silent > 0) {
		char *title = xasprintf("%s: %zu", word(lang, "No answer", "Не ответили"), silent);
		html_title(out, title);
		free(title);
		html_table_begin(out);
		(void)fputs("<thead><tr>", out);
		html_cell(out, true, true, word(lang, "No.", "№"));
		html_cell(out, true, false, word(lang, "Organisation", "Организация"));
		html_cell(out, true, false, word(lang, "Municipality", "Муниципалитет"));
		html_cell(out, true, false, word(lang, "Delivery", "Доставка"));
		(void)fputs("</tr></thead>\n", out);
		for (size_t i = 0; i < facts->rows && shown < limits->silent; i++) {
			facts_row(facts, false, i, row);
			if (row->state == ASK_OPEN)
				silent_row(out, facts, row, ++shown);
		}
		html_table_end(out);
		if (shown < silent)
			remark(out, rest_where(lang, attached));
	}
	free(row);
}
