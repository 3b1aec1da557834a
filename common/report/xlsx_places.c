/* Sums: all together, by region, by municipality. */
#include <stdlib.h>

#include "base/xalloc.h"
#include "report/words.h"
#include "report/xlsx_inside.h"

/* ---- sums by place ------------------------------------------------------------------------- */

static void slot_columns(const struct xlsx *x, struct xlsx_columns *c, const char *before)
{
	const struct report_facts *facts = x->facts;
	for (size_t i = 0; i < facts->columns; i++)
		for (size_t n = 0; n < facts->column[i].slots; n++)
			xlsx_own_column(c, xlsx_slot_title(&facts->column[i], n, before), BOOK_NUMBER, 14);
}

static struct xlsx_columns *place_columns(const struct xlsx *x, bool municipality)
{
	struct xlsx_columns *c = xcalloc(1, sizeof *c);
	xlsx_column(c, w(x, "Region", "Регион"), BOOK_TEXT, 24);
	if (municipality)
		xlsx_column(c, w(x, "Municipality", "Муниципалитет"), BOOK_TEXT, 30);
	xlsx_column(c, w(x, "Asked", "Запрошено"), BOOK_NUMBER, 11);
	xlsx_column(c, w(x, "Answered", "Ответили"), BOOK_NUMBER, 11);
	xlsx_column(c, w(x, "Share", "Доля"), BOOK_PERCENT, 8);
	xlsx_column(c, w(x, "Silent", "Не ответили"), BOOK_NUMBER, 11);
	xlsx_column(c, w(x, "Of these not delivered", "Из них не доставлено"), BOOK_NUMBER, 12);
	xlsx_column(c, w(x, "Late", "С опозданием"), BOOK_NUMBER, 12);
	slot_columns(x, c, "");
	if (x->facts->below_rows > 0) {
		xlsx_column(c, w(x, "Below: asked", "Подведомственных запрошено"), BOOK_NUMBER, 14);
		xlsx_column(c, w(x, "Below: answered", "Подведомственных ответили"), BOOK_NUMBER, 14);
		slot_columns(x, c, w(x, "Sum below: ", "Сумма по подведомственным: "));
	}
	if (x->facts->all.previous_asked > 0) {
		xlsx_column(c, w(x, "Before: answered", "Прошлый раз ответили"), BOOK_NUMBER, 12);
		slot_columns(x, c, w(x, "Before: ", "Прошлый раз: "));
	}
	return c;
}

static void put_slots(struct sheet *sheet, size_t *at, const double *sum, size_t slots)
{
	for (size_t i = 0; i < slots && *at < BOOK_COLUMNS_MAX; i++)
		sheet_number(sheet, (*at)++, sum[i]);
}

static void put_totals(const struct xlsx *x, struct sheet *sheet, size_t at, const struct report_totals *t)
{
	const struct report_facts *facts = x->facts;
	int64_t expected = totals_expected(t);
	sheet_number(sheet, at++, (double)expected);
	sheet_number(sheet, at++, (double)totals_answered(t));
	sheet_percent(sheet, at++, expected > 0 ? (double)totals_answered(t) / (double)expected : 0);
	sheet_number(sheet, at++, (double)totals_silent(t));
	sheet_number(sheet, at++, (double)t->undelivered);
	sheet_number(sheet, at++, (double)t->late);
	put_slots(sheet, &at, t->sum, facts->slots);
	if (facts->below_rows > 0 && at + 2 < BOOK_COLUMNS_MAX) {
		sheet_number(sheet, at++, (double)t->below);
		sheet_number(sheet, at++, (double)t->below_answered);
		put_slots(sheet, &at, t->below_sum, facts->slots);
	}
	if (facts->all.previous_asked > 0 && at + 1 < BOOK_COLUMNS_MAX) {
		sheet_number(sheet, at++, (double)t->previous_answered);
		put_slots(sheet, &at, t->previous, facts->slots);
	}
}

void xlsx_regions(struct xlsx *x)
{
	const struct report_facts *facts = x->facts;
	if (facts->regions < 2)
		return;
	struct xlsx_columns *c = place_columns(x, false);
	struct sheet *sheet = book_sheet(x->book, w(x, "Regions", "По регионам"), x->lines, c->item, c->count);
	for (size_t i = 0, end; i < facts->groups; i = end) {
		struct report_totals totals;
		facts_region(facts, i, &end, &totals);
		sheet_row(sheet);
		sheet_text(sheet, 0, facts->group[i].region);
		put_totals(x, sheet, 1, &totals);
		facts_region_fini(&totals);
	}
	sheet_total(sheet, w(x, "Total", "Итого"));
	put_totals(x, sheet, 1, &facts->all);
	sheet_end(sheet, NULL);
	xlsx_columns_free(c);
}

void xlsx_municipalities(struct xlsx *x)
{
	const struct report_facts *facts = x->facts;
	struct xlsx_columns *c = place_columns(x, true);
	struct sheet *sheet = book_sheet(x->book, w(x, "Municipalities", "По муниципалитетам"), x->lines,
		c->item, c->count);
	for (size_t i = 0; i < facts->groups; i++) {
		sheet_row(sheet);
		sheet_text(sheet, 0, facts->group[i].region);
		sheet_text(sheet, 1, facts->group[i].municipality);
		put_totals(x, sheet, 2, &facts->group[i].totals);
	}
	sheet_total(sheet, w(x, "Total", "Итого"));
	put_totals(x, sheet, 2, &facts->all);
	sheet_end(sheet, NULL);
	xlsx_columns_free(c);
}

/* ---- the summary ------------------------------------------------------------------------------ */

static void summary_row(struct sheet *sheet, const char *title, double now, const double *below, const double *before)
{
	size_t at = 0;
	sheet_row(sheet);
	sheet_text(sheet, at++, title);
	sheet_number(sheet, at++, now);
	if (below != NULL)
		sheet_number(sheet, at++, *below);
	if (before != NULL) {
		sheet_number(sheet, at++, *before);
		sheet_number(sheet, at, now - *before);
	}
}

static void summary_figures(struct xlsx *x, struct sheet *sheet)
{
	const struct report_facts *facts = x->facts;
	const struct report_totals *all = &facts->all;
	for (size_t i = 0; i < facts->columns; i++)
		for (size_t n = 0; n < facts->column[i].slots; n++) {
			size_t slot = facts->column[i].slot + n;
			char *title = xlsx_slot_title(&facts->column[i], n, "");
			summary_row(sheet, title, all->sum[slot], facts->below_rows > 0 ? &all->below_sum[slot] : NULL,
				all->previous_asked > 0 ? &all->previous[slot] : NULL);
			free(title);
		}
}

void xlsx_summary(struct xlsx *x)
{
	const struct report_facts *facts = x->facts;
	const struct report_totals *all = &facts->all;
	bool below = facts->below_rows > 0, before = all->previous_asked > 0;
	double answered_below = (double)all->below_answered, asked_below = (double)all->below;
	double asked_before = (double)all->previous_asked, answered_before = (double)all->previous_answered;
	struct xlsx_columns *c = xcalloc(1, sizeof *c);
	xlsx_column(c, w(x, "Figure", "Показатель"), BOOK_TEXT, 60);
	xlsx_column(c, w(x, "Total", "Итого"), BOOK_NUMBER, 14);
	if (below)
		xlsx_column(c, w(x, "Organisations below", "По подведомственным"), BOOK_NUMBER, 20);
	if (before) {
		xlsx_column(c, w(x, "Before", "Прошлый раз"), BOOK_NUMBER, 14);
		xlsx_column(c, w(x, "Change", "Изменение"), BOOK_NUMBER, 14);
	}
	struct sheet *sheet = book_sheet(x->book, w(x, "Summary", "Сводка"), x->lines, c->item, c->count);
	summary_row(sheet, w(x, "Asked", "Запрошено"), (double)totals_expected(all), below ? &asked_below : NULL,
		before ? &asked_before : NULL);
	summary_row(sheet, w(x, "Answered", "Ответили"), (double)totals_answered(all),
		below ? &answered_below : NULL, before ? &answered_before : NULL);
	summary_row(sheet, w(x, "Complete", "Полных ответов"), (double)all->confirmed, NULL, NULL);
	summary_row(sheet, w(x, "Partial", "Неполных ответов"), (double)all->partial, NULL, NULL);
	summary_row(sheet, w(x, "Being looked at", "На проверке"), (double)all->received, NULL, NULL);
	summary_row(sheet, w(x, "Late", "С опозданием"), (double)all->late, NULL, NULL);
	summary_row(sheet, w(x, "Differing", "Расхождений"), (double)all->discrepancies, NULL, NULL);
	summary_row(sheet, w(x, "Silent", "Не ответили"), (double)totals_silent(all), NULL, NULL);
	summary_row(sheet, w(x, "Of these not delivered", "Из них не доставлено"), (double)all->undelivered, NULL, NULL);
	if (facts->acknowledgements > 0)
		summary_row(sheet, w(x, "Acknowledged", "Ознакомлены"), (double)facts->acknowledged, NULL, NULL);
	summary_figures(x, sheet);
	sheet_end(sheet, NULL);
	xlsx_columns_free(c);
}
