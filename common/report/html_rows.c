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

/* ---- by municipality --------------------------------------------------------------------- */

#define BAR_WIDTH 96

static void share_cells(FILE *out, const struct report_totals *t, enum lang lang)
{
	html_cell_begin(out, false, false);
	html_bar(out, BAR_WIDTH, 12, (double)t->confirmed, (double)(t->partial + t->received), (double)totals_expected(t));
	html_cell_end(out, false);
	html_cell_begin(out, false, true);
	(void)fprintf(out, "<span style=\"white-space:nowrap;\">%lld %s %lld</span>", (long long)totals_answered(t),
		word(lang, "of", "из"), (long long)totals_expected(t));
	html_cell_end(out, false);
}

static void group_row(FILE *out, const struct report_facts *facts, const char *name, const struct report_totals *t,
	const struct report_column *const *figure, size_t figures, bool bold)
{
	char number[WORDS_SIZE];
	(void)fprintf(out, "<tr%s>", bold ? " bgcolor=\"#f7f8fa\" style=\"font-weight:bold;background-color:#f7f8fa;\"" : "");
	html_cell(out, false, false, name[0] != '\0' ? name : word(facts->lang, "(none)", "(не указано)"));
	share_cells(out, t, facts->lang);
	for (size_t i = 0; i < figures; i++) {
		html_cell(out, false, true, words_number(t->sum[figure[i]->slot], facts->lang, number));
		if (facts->below_rows > 0)
			html_cell(out, false, true, words_number(t->below_sum[figure[i]->slot], facts->lang, number));
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
	html_cell(out, true, false, "");
	html_cell(out, true, true, word(lang, "Answered", "Ответили"));
	for (size_t i = 0; i < figures; i++) {
		html_cell(out, true, true, figure[i]->label);
		if (facts->below_rows > 0)
			html_cell(out, true, true, word(lang, "Sum below", "Сумма по подведомственным"));
	}
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
}

void html_groups(FILE *out, const struct report_facts *facts, const struct html_limits *limits, bool attached)
{
	const struct report_column *figure[REPORT_COLUMNS_MAX];
	size_t figures = figures_of(facts, limits->figures, figure);
	bool only_regions = facts->groups > limits->groups;
	/* One organisation in each: the answers say the same. */
	if (facts->groups < 2 || (facts->rows <= facts->groups && facts->rows <= limits->rows && facts->below_rows == 0))
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

static void value_cell(FILE *out, const struct report_facts *facts, const struct report_column *column,
	const struct report_value *value, size_t characters)
{
	char *text = words_value(column, value, facts->lang), *cut = words_cut(text, characters);
	html_cell(out, false, column->kind == REPORT_NUMBER, cut);
	free(cut);
	free(text);
}

/* «расхождение», «с опозданием»: what somebody should look at. */
static void state_cell(FILE *out, const struct report_facts *facts, const struct report_row *row)
{
	char moment[WORDS_SIZE];
	enum lang lang = facts->lang;
	html_cell_begin(out, false, false);
	words_html(out, words_state(row->state, lang));
	if (row->at_ms != 0) {
		(void)fputs("<br><span style=\"font-size:13px;color:" STYLE_QUIET ";\">", out);
		words_html(out, words_moment(row->at_ms, facts->zone, lang, moment));
		(void)fputs(", ", out);
		words_html(out, words_way(row->way, lang));
		(void)fputs("</span>", out);
	}
	if (row->late)
		(void)fprintf(out, "<br><span style=\"font-size:13px;color:#9a5b00;\">%s</span>",
			word(lang, "late", "с опозданием"));
	if (row->discrepancy)
		(void)fprintf(out, "<br><span style=\"font-size:13px;color:#a8201a;\">%s</span>",
			word(lang, "figures differ", "расхождение"));
	html_cell_end(out, false);
}

static void below_cell(FILE *out, const struct report_facts *facts, const struct report_row *row)
{
	const struct report_below *below = facts_below(facts, row->ask);
	char number[WORDS_SIZE];
	html_cell_begin(out, false, false);
	if (below != NULL) {
		(void)fprintf(out, word(facts->lang, "%lld of %lld answered", "ответили %lld из %lld"),
			(long long)below->answered, (long long)below->asked);
		for (size_t i = 0; i < facts->columns; i++)
			if (facts->column[i].kind == REPORT_NUMBER) {
				(void)fputs("<br>", out);
				words_html(out, facts->column[i].label);
				(void)fprintf(out, ": %s", words_number(below->sum[facts->column[i].slot], facts->lang, number));
			}
	}
	html_cell_end(out, false);
}

static void answer_row(FILE *out, const struct report_facts *facts, const struct html_limits *limits,
	const struct report_row *row, bool below)
{
	(void)fputs("<tr>", out);
	html_cell_begin(out, false, false);
	words_html(out, row->name);
	if (row->municipality[0] != '\0') {
		(void)fputs("<br><span style=\"font-size:13px;color:" STYLE_QUIET ";\">", out);
		words_html(out, row->municipality);
		(void)fputs("</span>", out);
	}
	html_cell_end(out, false);
	for (size_t i = 0; i < facts->columns; i++)
		value_cell(out, facts, &facts->column[i], &row->value[i], limits->characters);
	if (facts->below_rows > 0 && !below)
		below_cell(out, facts, row);
	state_cell(out, facts, row);
	(void)fputs("</tr>\n", out);
}

void html_answers(FILE *out, const struct report_facts *facts, const struct html_limits *limits, bool below)
{
	enum lang lang = facts->lang;
	struct report_row *row = xcalloc(1, sizeof *row);
	size_t count = below ? facts->below_rows : facts->rows;
	html_title(out, below ? word(lang, "Answers of the organisations below", "Ответы подведомственных организаций")
			      : word(lang, "Answers", "Ответы"));
	html_table_begin(out);
	(void)fputs("<thead><tr>", out);
	html_cell(out, true, false, word(lang, "Organisation", "Организация"));
	for (size_t i = 0; i < facts->columns; i++)
		html_cell(out, true, facts->column[i].kind == REPORT_NUMBER, facts->column[i].label);
	if (facts->below_rows > 0 && !below)
		html_cell(out, true, false, word(lang, "Below", "Подведомственные"));
	html_cell(out, true, false, word(lang, "State", "Состояние"));
	(void)fputs("</tr></thead>\n", out);
	for (size_t i = 0; i < count; i++) {
		facts_row(facts, below, i, row);
		if (row->state != ASK_OPEN)
			answer_row(out, facts, limits, row, below);
	}
	html_table_end(out);
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
