#include "report/html.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "letter/style.h"
#include "report/words.h"

const struct html_limits html_in_letter = {.groups = 60, .silent = 60, .rows = 40, .columns = 3, .characters = 160};
const struct html_limits html_in_page = {.groups = SIZE_MAX, .silent = SIZE_MAX, .rows = SIZE_MAX,
	.columns = REPORT_COLUMNS_MAX, .characters = 2000};

#define GREEN "#2e7d4f"
#define AMBER "#d99a2b"
#define GREY "#e1e5ea"
#define HEAD "#f2f4f7"

/* ---- pieces ---------------------------------------------------------------------------- */

void html_title(FILE *out, const char *text)
{
	(void)fputs("<div style=\"" STYLE_FONT "font-size:17px;line-height:23px;font-weight:bold;color:" STYLE_INK
		    ";padding:18px 0 6px 0;\">", out);
	words_html(out, text);
	(void)fputs("</div>\n", out);
}

void html_line(FILE *out, const char *text)
{
	(void)fputs("<div style=\"" STYLE_SMALL "padding:8px 0;\">", out);
	words_html(out, text);
	(void)fputs("</div>\n", out);
}

void html_table_begin(FILE *out)
{
	(void)fputs("<div style=\"overflow-x:auto;padding:0 1px;\"><table class=\"v-data\" width=\"100%\" "
		    "cellpadding=\"0\" cellspacing=\"0\" border=\"0\" style=\"" STYLE_FONT
		    "border-collapse:collapse;font-size:15px;line-height:20px;color:" STYLE_INK
		    ";overflow-wrap:normal;word-break:normal;\">\n", out);
}

void html_table_end(FILE *out)
{
	(void)fputs("</table></div>\n", out);
}

void html_cell_begin(FILE *out, bool header, bool right)
{
	(void)fprintf(out, "<%s align=\"%s\" valign=\"%s\" style=\"border:1px solid " STYLE_RULE ";padding:4px 7px;%s\">",
		header ? "th" : "td", right ? "right" : "left", header ? "bottom" : "top",
		header ? "background-color:" HEAD ";font-weight:bold;font-size:14px;line-height:18px;" : "");
}

void html_cell_end(FILE *out, bool header)
{
	(void)fputs(header ? "</th>" : "</td>", out);
}

void html_cell(FILE *out, bool header, bool right, const char *text)
{
	html_cell_begin(out, header, right);
	words_html(out, text);
	html_cell_end(out, header);
}

static int pixels(int width, double part, double whole)
{
	if (whole <= 0 || part <= 0)
		return 0;
	double share = part < whole ? part / whole : 1;
	int n = (int)(share * width + 0.5);
	return n < 1 ? 1 : n == width && part < whole ? width - 1 : n;
}

static void bar_piece(FILE *out, int width, int height, const char *colour)
{
	if (width > 0)
		(void)fprintf(out, "<td width=\"%d\" height=\"%d\" bgcolor=\"%s\" style=\"width:%dpx;height:%dpx;padding:0;"
				   "border:0;background-color:%s;font-size:1px;line-height:%dpx;\">&nbsp;</td>",
			width, height, colour, width, height, colour, height);
}

void html_bar(FILE *out, int width, int height, double done, double begun, double whole)
{
	int green = pixels(width, done, whole), both = pixels(width, done + begun, whole);
	if (begun > 0 && both <= green)
		both = green < width ? green + 1 : width;
	(void)fprintf(out, "<table role=\"presentation\" class=\"v-bar\" width=\"%d\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" "
			   "style=\"width:%dpx;border-collapse:collapse;table-layout:fixed;-webkit-print-color-adjust:exact;"
			   "print-color-adjust:exact;\"><tr>", width, width);
	bar_piece(out, green, height, GREEN);
	bar_piece(out, both - green, height, AMBER);
	bar_piece(out, width - both, height, GREY);
	(void)fputs("</tr></table>", out);
}

/* ---- the head: how many, and one line of what else -------------------------------------- */

static void fact(FILE *out, bool *first, const char *text, int64_t n, enum lang lang)
{
	char number[WORDS_SIZE];
	if (n == 0)
		return;
	(void)fputs(*first ? "" : " &middot; ", out);
	*first = false;
	(void)fprintf(out, "<span style=\"white-space:nowrap;\">");
	words_html(out, text);
	(void)fprintf(out, "&nbsp;<b>%s</b></span>", words_number((double)n, lang, number));
}

static void quiet_line(FILE *out, const char *text)
{
	(void)fputs("<div style=\"" STYLE_SMALL "padding:0 0 4px 0;\">", out);
	words_html(out, text);
	(void)fputs("</div>\n", out);
}

static void fact_line(FILE *out, const struct report_facts *facts)
{
	const struct report_totals *all = &facts->all;
	enum lang lang = facts->lang;
	bool first = true;
	(void)fputs("<div style=\"" STYLE_FONT "font-size:15px;line-height:22px;color:" STYLE_INK ";padding:8px 0 4px 0;\">",
		out);
	fact(out, &first, word(lang, "complete", "полных ответов"), all->confirmed, lang);
	fact(out, &first, word(lang, "partial", "неполных"), all->partial, lang);
	fact(out, &first, word(lang, "being looked at", "на проверке"), all->received, lang);
	fact(out, &first, word(lang, "late", "с опозданием"), all->late, lang);
	fact(out, &first, word(lang, "differing", "расхождений"), all->discrepancies, lang);
	fact(out, &first, word(lang, "silent", "не ответили"), totals_silent(all), lang);
	fact(out, &first, word(lang, "of these not delivered", "из них не доставлено"), all->undelivered, lang);
	fact(out, &first, word(lang, "withdrawn", "отозвано запросов"), all->withdrawn, lang);
	(void)fputs("</div>\n", out);
}

static void previous_line(FILE *out, const struct report_facts *facts)
{
	if (facts->previous_label == NULL || facts->all.previous_asked == 0)
		return;
	char *line = xasprintf(word(facts->lang, "Before (%s): %lld of %lld answered, %d\xc2\xa0%%",
				       "Прошлый раз (%s): ответили %lld из %lld, %d\xc2\xa0%%"),
		facts->previous_label, (long long)facts->all.previous_answered, (long long)facts->all.previous_asked,
		words_percent(facts->all.previous_answered, facts->all.previous_asked));
	quiet_line(out, line);
	free(line);
}

static void share(FILE *out, const struct report_totals *all, enum lang lang)
{
	char answered[WORDS_SIZE], asked[WORDS_SIZE];
	if (all->asked == 0) {
		quiet_line(out, word(lang, "Nobody was asked for an answer.", "Ответа ни у кого не просили."));
		return;
	}
	(void)fputs("<div style=\"" STYLE_FONT "font-size:20px;line-height:28px;color:" STYLE_INK ";padding:6px 0 8px 0;\">",
		out);
	(void)fprintf(out, word(lang, "Answered: <b>%s</b> of %s, <b>%d&nbsp;%%</b>", "Ответили <b>%s</b> из %s, <b>%d&nbsp;%%</b>"),
		words_number((double)totals_answered(all), lang, answered),
		words_number((double)totals_expected(all), lang, asked),
		words_percent(totals_answered(all), totals_expected(all)));
	(void)fputs("</div>\n", out);
	html_bar(out, 300, 14, (double)all->confirmed, (double)(all->partial + all->received),
		(double)totals_expected(all));
}

static void head(FILE *out, const struct report_facts *facts)
{
	const struct report_totals *all = &facts->all;
	char made[WORDS_SIZE];
	enum lang lang = facts->lang;
	char *deadline = words_deadline(facts);
	share(out, all, lang);
	fact_line(out, facts);
	if (facts->acknowledgements > 0)
		(void)fprintf(out, "<div style=\"" STYLE_FONT "font-size:15px;line-height:22px;\">%s <b>%lld</b> %s %lld</div>\n",
			word(lang, "Acknowledged:", "Ознакомлены"), (long long)facts->acknowledged, word(lang, "of", "из"),
			(long long)facts->acknowledgements);
	previous_line(out, facts);
	if (deadline[0] != '\0')
		quiet_line(out, deadline);
	free(deadline);
	(void)fputs("<div style=\"" STYLE_SMALL "padding:0 0 4px 0;\">", out);
	words_html(out, word(lang, "Made on ", "Сформирован "));
	words_html(out, words_moment(facts->made_ms, facts->zone, lang, made));
	(void)fputs("</div>\n", out);
}

/* ---- sums of what was asked ---------------------------------------------------------------- */

static void number_cell(FILE *out, double n, enum lang lang)
{
	char number[WORDS_SIZE];
	html_cell(out, false, true, words_number(n, lang, number));
}

static void sum_row(FILE *out, const struct report_facts *facts, const struct report_column *column, size_t choice)
{
	const struct report_totals *all = &facts->all;
	size_t slot = column->slot + choice;
	char change[WORDS_SIZE];
	(void)fputs("<tr>", out);
	html_cell_begin(out, false, false);
	words_html(out, column->label);
	if (column->kind == REPORT_CHOICE) {
		(void)fputs(": ", out);
		words_html(out, column->choice[choice]);
	}
	html_cell_end(out, false);
	html_figure_cell(out, all->sum[slot], facts->lang, all->below_answered > 0 ? &all->below_sum[slot] : NULL, NULL);
	if (facts->all.previous_asked > 0) {
		number_cell(out, all->previous[slot], facts->lang);
		html_cell(out, false, true, words_change(all->sum[slot], all->previous[slot], facts->lang, change));
	}
	(void)fputs("</tr>\n", out);
}

static void sums(FILE *out, const struct report_facts *facts)
{
	enum lang lang = facts->lang;
	if (facts->slots == 0)
		return;
	html_title(out, word(lang, "Totals", "Итоги"));
	html_table_begin(out);
	(void)fputs("<tr>", out);
	html_cell(out, true, false, word(lang, "Figure", "Показатель"));
	html_cell(out, true, true, word(lang, "Total", "Итого"));
	if (facts->all.previous_asked > 0) {
		html_cell(out, true, true, word(lang, "Before", "Прошлый раз"));
		html_cell(out, true, true, word(lang, "Change", "Изменение"));
	}
	(void)fputs("</tr>\n", out);
	for (size_t i = 0; i < facts->columns; i++)
		for (size_t c = 0; c < facts->column[i].slots; c++)
			sum_row(out, facts, &facts->column[i], c);
	html_table_end(out);
	if (facts->all.below_answered > 0)
		quiet_line(out, word(lang, "«below»: the sum of the answers of the organisations below.",
			"«Свод» – сумма ответов подведомственных организаций."));
}

/* ---- the whole ------------------------------------------------------------------------------- */

void html_block(FILE *out, const struct report_facts *facts, const struct html_limits *limits, bool attached)
{
	head(out, facts);
	sums(out, facts);
	html_groups(out, facts, limits, attached);
	if (facts->rows <= limits->rows && totals_answered(&facts->all) > 0)
		html_answers(out, facts, limits, false, attached);
	html_silent(out, facts, limits, attached);
	if (facts->below_rows > 0 && facts->below_rows <= limits->rows)
		html_answers(out, facts, limits, true, attached);
}

void html_page_begin(FILE *out, enum lang lang, const char *title)
{
	(void)fprintf(out, "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n"
			   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
		word(lang, "en", "ru"));
	words_html(out, title);
	(void)fputs("</title>\n<style>@page{size:A4 landscape;margin:12mm}"
		    "@media print{.v-print{padding:0!important;max-width:none!important}thead{display:table-header-group}"
		    "tr{page-break-inside:avoid}}"
		    "@media (max-width:560px){.v-print{padding:14px!important}}</style>\n</head>\n"
		    "<body style=\"margin:0;background-color:#ffffff;\">\n<div class=\"v-print\" style=\"max-width:1080px;"
		    "margin:0 auto;padding:28px;\">\n<div style=\"" STYLE_FONT
		    "font-size:24px;line-height:31px;font-weight:bold;color:" STYLE_INK ";\">", out);
	words_html(out, title);
	(void)fputs("</div>\n", out);
}

void html_page_end(FILE *out)
{
	(void)fputs("</div>\n</body>\n</html>\n", out);
}

void html_page(FILE *out, const struct report_facts *facts)
{
	char *title = words_heading(facts);
	html_page_begin(out, facts->lang, title);
	html_block(out, facts, &html_in_page, false);
	html_page_end(out);
	free(title);
}
