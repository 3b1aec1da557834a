/* The report as a workbook: a summary, regions, municipalities, answers, the silent, the
 * organisations below, and a sheet for every table that was asked for. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "report/book.h"
#include "report/words.h"
#include "report/write.h"

#define LINES 5
struct writing {
	const struct report_facts *facts;
	struct book *book;
	const char *lines[LINES];
	char *heading, *deadline, *made;
	struct report_row *row;
};
/* Columns of one sheet. */
struct columns {
	struct book_column item[BOOK_COLUMNS_MAX];
	size_t count;
	struct buf_list {
		char *text[BOOK_COLUMNS_MAX];
		size_t count;
	} own;
};

static const char *w(const struct writing *writing, const char *en, const char *ru)
{
	return word(writing->facts->lang, en, ru);
}

static void column(struct columns *c, const char *title, enum book_kind kind, int width)
{
	if (c->count < BOOK_COLUMNS_MAX)
		c->item[c->count++] = (struct book_column){title, kind, width};
}

static void own_column(struct columns *c, char *title, enum book_kind kind, int width)
{
	if (c->count == BOOK_COLUMNS_MAX) {
		free(title);
		return;
	}
	c->own.text[c->own.count++] = title;
	column(c, title, kind, width);
}

static void columns_fini(struct columns *c)
{
	for (size_t i = 0; i < c->own.count; i++)
		free(c->own.text[i]);
	free(c);
}

/* ---- sums by place ------------------------------------------------------------------------- */

static char *slot_title(const struct report_column *c, size_t choice, const char *before)
{
	return c->kind == REPORT_CHOICE ? xasprintf("%s%s: %s", before, c->label, c->choice[choice])
					: xasprintf("%s%s", before, c->label);
}

static void slot_columns(const struct writing *writing, struct columns *c, const char *before)
{
	const struct report_facts *facts = writing->facts;
	for (size_t i = 0; i < facts->columns; i++)
		for (size_t n = 0; n < facts->column[i].slots; n++)
			own_column(c, slot_title(&facts->column[i], n, before), BOOK_NUMBER, 14);
}

static struct columns *place_columns(const struct writing *writing, bool municipality)
{
	struct columns *c = xcalloc(1, sizeof *c);
	column(c, w(writing, "Region", "Регион"), BOOK_TEXT, 24);
	if (municipality)
		column(c, w(writing, "Municipality", "Муниципалитет"), BOOK_TEXT, 30);
	column(c, w(writing, "Asked", "Запрошено"), BOOK_NUMBER, 11);
	column(c, w(writing, "Answered", "Ответили"), BOOK_NUMBER, 11);
	column(c, w(writing, "Share", "Доля"), BOOK_PERCENT, 8);
	column(c, w(writing, "Silent", "Не ответили"), BOOK_NUMBER, 11);
	column(c, w(writing, "Of these not delivered", "Из них не доставлено"), BOOK_NUMBER, 12);
	column(c, w(writing, "Late", "С опозданием"), BOOK_NUMBER, 12);
	slot_columns(writing, c, "");
	if (writing->facts->below_rows > 0) {
		column(c, w(writing, "Below: asked", "Подведомственных запрошено"), BOOK_NUMBER, 14);
		column(c, w(writing, "Below: answered", "Подведомственных ответили"), BOOK_NUMBER, 14);
		slot_columns(writing, c, w(writing, "Sum below: ", "Сумма по подведомственным: "));
	}
	if (writing->facts->all.previous_asked > 0) {
		column(c, w(writing, "Before: answered", "Прошлый раз ответили"), BOOK_NUMBER, 12);
		slot_columns(writing, c, w(writing, "Before: ", "Прошлый раз: "));
	}
	return c;
}

static void put_slots(struct sheet *sheet, size_t *at, const double *sum, size_t slots)
{
	for (size_t i = 0; i < slots && *at < BOOK_COLUMNS_MAX; i++)
		sheet_number(sheet, (*at)++, sum[i]);
}

static void put_totals(const struct writing *writing, struct sheet *sheet, size_t at, const struct report_totals *t)
{
	const struct report_facts *facts = writing->facts;
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

static void regions_sheet(struct writing *writing)
{
	const struct report_facts *facts = writing->facts;
	if (facts->regions < 2)
		return;
	struct columns *c = place_columns(writing, false);
	struct sheet *sheet = book_sheet(writing->book, w(writing, "Regions", "По регионам"), writing->lines, c->item, c->count);
	for (size_t i = 0, end; i < facts->groups; i = end) {
		struct report_totals totals;
		facts_region(facts, i, &end, &totals);
		sheet_row(sheet);
		sheet_text(sheet, 0, facts->group[i].region);
		put_totals(writing, sheet, 1, &totals);
		facts_region_fini(&totals);
	}
	sheet_total(sheet, w(writing, "Total", "Итого"));
	put_totals(writing, sheet, 1, &facts->all);
	sheet_end(sheet, NULL);
	columns_fini(c);
}

static void municipalities_sheet(struct writing *writing)
{
	const struct report_facts *facts = writing->facts;
	struct columns *c = place_columns(writing, true);
	struct sheet *sheet = book_sheet(writing->book, w(writing, "Municipalities", "По муниципалитетам"), writing->lines,
		c->item, c->count);
	for (size_t i = 0; i < facts->groups; i++) {
		sheet_row(sheet);
		sheet_text(sheet, 0, facts->group[i].region);
		sheet_text(sheet, 1, facts->group[i].municipality);
		put_totals(writing, sheet, 2, &facts->group[i].totals);
	}
	sheet_total(sheet, w(writing, "Total", "Итого"));
	put_totals(writing, sheet, 2, &facts->all);
	sheet_end(sheet, NULL);
	columns_fini(c);
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

static void summary_figures(struct writing *writing, struct sheet *sheet)
{
	const struct report_facts *facts = writing->facts;
	const struct report_totals *all = &facts->all;
	for (size_t i = 0; i < facts->columns; i++)
		for (size_t n = 0; n < facts->column[i].slots; n++) {
			size_t slot = facts->column[i].slot + n;
			char *title = slot_title(&facts->column[i], n, "");
			summary_row(sheet, title, all->sum[slot], facts->below_rows > 0 ? &all->below_sum[slot] : NULL,
				all->previous_asked > 0 ? &all->previous[slot] : NULL);
			free(title);
		}
}

static void summary_sheet(struct writing *writing)
{
	const struct report_facts *facts = writing->facts;
	const struct report_totals *all = &facts->all;
	bool below = facts->below_rows > 0, before = all->previous_asked > 0;
	double answered_below = (double)all->below_answered, asked_below = (double)all->below;
	double asked_before = (double)all->previous_asked, answered_before = (double)all->previous_answered;
	struct columns *c = xcalloc(1, sizeof *c);
	column(c, w(writing, "Figure", "Показатель"), BOOK_TEXT, 60);
	column(c, w(writing, "Total", "Итого"), BOOK_NUMBER, 14);
	if (below)
		column(c, w(writing, "Organisations below", "По подведомственным"), BOOK_NUMBER, 20);
	if (before) {
		column(c, w(writing, "Before", "Прошлый раз"), BOOK_NUMBER, 14);
		column(c, w(writing, "Change", "Изменение"), BOOK_NUMBER, 14);
	}
	struct sheet *sheet = book_sheet(writing->book, w(writing, "Summary", "Сводка"), writing->lines, c->item, c->count);
	summary_row(sheet, w(writing, "Asked", "Запрошено"), (double)totals_expected(all), below ? &asked_below : NULL,
		before ? &asked_before : NULL);
	summary_row(sheet, w(writing, "Answered", "Ответили"), (double)totals_answered(all),
		below ? &answered_below : NULL, before ? &answered_before : NULL);
	summary_row(sheet, w(writing, "Complete", "Полных ответов"), (double)all->confirmed, NULL, NULL);
	summary_row(sheet, w(writing, "Partial", "Неполных ответов"), (double)all->partial, NULL, NULL);
	summary_row(sheet, w(writing, "Being looked at", "На проверке"), (double)all->received, NULL, NULL);
	summary_row(sheet, w(writing, "Late", "С опозданием"), (double)all->late, NULL, NULL);
	summary_row(sheet, w(writing, "Differing", "Расхождений"), (double)all->discrepancies, NULL, NULL);
	summary_row(sheet, w(writing, "Silent", "Не ответили"), (double)totals_silent(all), NULL, NULL);
	summary_row(sheet, w(writing, "Of these not delivered", "Из них не доставлено"), (double)all->undelivered, NULL, NULL);
	if (facts->acknowledgements > 0)
		summary_row(sheet, w(writing, "Acknowledged", "Ознакомлены"), (double)facts->acknowledged, NULL, NULL);
	summary_figures(writing, sheet);
	sheet_end(sheet, NULL);
	columns_fini(c);
}

/* ---- answers --------------------------------------------------------------------------------------- */

static enum book_kind book_kind_of(enum report_kind kind)
{
	return kind == REPORT_NUMBER ? BOOK_NUMBER : kind == REPORT_DATE ? BOOK_DATE : BOOK_TEXT;
}

static void organisation_columns(const struct writing *writing, struct columns *c)
{
	column(c, w(writing, "Region", "Регион"), BOOK_TEXT, 20);
	column(c, w(writing, "Municipality", "Муниципалитет"), BOOK_TEXT, 24);
	column(c, w(writing, "Organisation", "Организация"), BOOK_TEXT, 34);
	column(c, w(writing, "Key", "Ключ"), BOOK_TEXT, 14);
}

static size_t put_organisation(struct sheet *sheet, const struct report_row *row)
{
	sheet_text(sheet, 0, row->region);
	sheet_text(sheet, 1, row->municipality);
	sheet_text(sheet, 2, row->name);
	sheet_text(sheet, 3, row->key);
	return 4;
}

static struct columns *answer_columns(const struct writing *writing, bool below)
{
	const struct report_facts *facts = writing->facts;
	struct columns *c = xcalloc(1, sizeof *c);
	organisation_columns(writing, c);
	column(c, w(writing, "State", "Состояние"), BOOK_TEXT, 16);
	for (size_t i = 0; i < facts->columns; i++) {
		const struct report_column *f = &facts->column[i];
		column(c, f->label, book_kind_of(f->kind), f->kind == REPORT_TEXT ? 40 : 15);
		if (f->kind == REPORT_NUMBER && facts->below_rows > 0 && !below)
			own_column(c, slot_title(f, 0, w(writing, "Sum below: ", "Сумма по подведомственным: ")), BOOK_NUMBER, 15);
		if (f->kind == REPORT_NUMBER && facts->all.previous_asked > 0 && !below)
			own_column(c, slot_title(f, 0, w(writing, "Before: ", "Прошлый раз: ")), BOOK_NUMBER, 13);
	}
	column(c, w(writing, "Received", "Получено"), BOOK_MOMENT, 16);
	column(c, w(writing, "Way", "Способ"), BOOK_TEXT, 18);
	column(c, w(writing, "Answered by", "Кто ответил"), BOOK_TEXT, 24);
	column(c, w(writing, "Phone", "Телефон"), BOOK_TEXT, 18);
	column(c, w(writing, "Remarks", "Примечания"), BOOK_TEXT, 30);
	return c;
}

static void put_value(struct sheet *sheet, size_t at, const struct report_column *f, const struct report_value *value,
	enum lang lang)
{
	if (value->text[0] == '\0')
		return;
	if (f->kind == REPORT_NUMBER) {
		sheet_number(sheet, at, value->number);
	} else if (f->kind == REPORT_DATE) {
		sheet_date(sheet, at, value->text);
	} else {
		char *text = words_value(f, value, lang);
		sheet_text(sheet, at, text);
		free(text);
	}
}

static char *remarks(const struct writing *writing, const struct report_row *row)
{
	bool silent = row->state == ASK_OPEN && row->trouble != REPORT_REACHED;
	return xasprintf("%s%s%s%s%s", row->late ? w(writing, "late; ", "с опозданием; ") : "",
		row->discrepancy ? w(writing, "figures differ; ", "расхождение; ") : "",
		silent ? words_trouble(row->trouble, writing->facts->lang) : "", silent ? "; " : "", row->note);
}

static void put_answer(const struct writing *writing, struct sheet *sheet, const struct report_row *row, bool below)
{
	const struct report_facts *facts = writing->facts;
	const struct report_below *sums = below ? NULL : facts_below(facts, row->ask);
	size_t at = put_organisation(sheet, row);
	sheet_text(sheet, at++, words_state(row->state, facts->lang));
	for (size_t i = 0; i < facts->columns && at + 8 < BOOK_COLUMNS_MAX; i++) {
		const struct report_column *f = &facts->column[i];
		put_value(sheet, at++, f, &row->value[i], facts->lang);
		if (f->kind == REPORT_NUMBER && facts->below_rows > 0 && !below) {
			if (sums != NULL)
				sheet_number(sheet, at, sums->sum[f->slot]);
			at++;
		}
		if (f->kind == REPORT_NUMBER && facts->all.previous_asked > 0 && !below)
			put_value(sheet, at++, f, &row->previous[i], facts->lang);
	}
	char *remark = remarks(writing, row);
	sheet_moment(sheet, at++, row->at_ms);
	sheet_text(sheet, at++, words_way(row->way, facts->lang));
	sheet_text(sheet, at++, row->by_name);
	sheet_text(sheet, at++, row->by_phone);
	sheet_text(sheet, at, remark);
	free(remark);
}

static void answer_total(const struct writing *writing, struct sheet *sheet, bool below)
{
	const struct report_facts *facts = writing->facts;
	const struct report_totals *all = &facts->all;
	size_t at = 5;
	sheet_total(sheet, w(writing, "Total", "Итого"));
	for (size_t i = 0; i < facts->columns && at + 8 < BOOK_COLUMNS_MAX; i++) {
		const struct report_column *f = &facts->column[i];
		if (f->kind == REPORT_NUMBER)
			sheet_number(sheet, at, below ? all->below_sum[f->slot] : all->sum[f->slot]);
		at++;
		if (f->kind == REPORT_NUMBER && facts->below_rows > 0 && !below)
			sheet_number(sheet, at++, all->below_sum[f->slot]);
		if (f->kind == REPORT_NUMBER && all->previous_asked > 0 && !below)
			sheet_number(sheet, at++, all->previous[f->slot]);
	}
}

static void answers_sheet(struct writing *writing, bool below)
{
	const struct report_facts *facts = writing->facts;
	size_t count = below ? facts->below_rows : facts->rows;
	if (below && count == 0)
		return;
	struct columns *c = answer_columns(writing, below);
	struct sheet *sheet = book_sheet(writing->book,
		below ? w(writing, "Organisations below", "Подведомственные") : w(writing, "Answers", "Ответы"),
		writing->lines, c->item, c->count);
	for (size_t i = 0; i < count; i++) {
		facts_row(facts, below, i, writing->row);
		sheet_row(sheet);
		put_answer(writing, sheet, writing->row, below);
	}
	if (facts->slots > 0)
		answer_total(writing, sheet, below);
	sheet_end(sheet, NULL);
	columns_fini(c);
}

/* ---- the silent -------------------------------------------------------------------------------------- */

static void silent_sheet(struct writing *writing)
{
	const struct report_facts *facts = writing->facts;
	if (totals_silent(&facts->all) == 0)
		return;
	struct columns *c = xcalloc(1, sizeof *c);
	organisation_columns(writing, c);
	column(c, w(writing, "Delivery", "Доставка"), BOOK_TEXT, 16);
	column(c, w(writing, "Words of the mail system", "Ответ почтовой системы"), BOOK_TEXT, 50);
	struct sheet *sheet = book_sheet(writing->book, w(writing, "Silent", "Не ответили"), writing->lines, c->item, c->count);
	for (size_t i = 0; i < facts->rows; i++) {
		facts_row(facts, false, i, writing->row);
		if (writing->row->state != ASK_OPEN)
			continue;
		sheet_row(sheet);
		size_t at = put_organisation(sheet, writing->row);
		sheet_text(sheet, at++, words_trouble(writing->row->trouble, facts->lang));
		sheet_text(sheet, at, writing->row->trouble_text);
	}
	sheet_end(sheet, NULL);
	columns_fini(c);
}

/* ---- tables that were asked for ------------------------------------------------------------------------ */

static void put_part(struct sheet *sheet, size_t at, const struct report_column *part, const json_t *value)
{
	if (json_is_number(value))
		sheet_number(sheet, at, json_number_value(value));
	else if (json_is_string(value) && part->kind == REPORT_DATE)
		sheet_date(sheet, at, json_string_value(value));
	else if (json_is_string(value))
		sheet_text(sheet, at, json_string_value(value));
}

static void table_rows(struct writing *writing, struct sheet *sheet, size_t index, bool below)
{
	const struct report_column *f = &writing->facts->column[index];
	size_t count = below ? writing->facts->below_rows : writing->facts->rows, n;
	for (size_t i = 0; i < count; i++) {
		facts_row(writing->facts, below, i, writing->row);
		if (writing->row->value[index].text[0] == '\0')
			continue;
		json_t *rows = json_loads(writing->row->value[index].text, 0, NULL);
		const json_t *row;
		json_array_foreach(rows, n, row)
		{
			sheet_row(sheet);
			size_t at = put_organisation(sheet, writing->row);
			for (size_t p = 0; p < f->parts; p++)
				put_part(sheet, at++, &f->part[p], json_object_get(row, f->part[p].name));
		}
		json_decref(rows);
	}
}

static void table_sheet(struct writing *writing, size_t index)
{
	const struct report_column *f = &writing->facts->column[index];
	struct columns *c = xcalloc(1, sizeof *c);
	organisation_columns(writing, c);
	for (size_t p = 0; p < f->parts; p++)
		column(c, f->part[p].label, book_kind_of(f->part[p].kind), f->part[p].kind == REPORT_TEXT ? 30 : 14);
	struct sheet *sheet = book_sheet(writing->book, f->label, writing->lines, c->item, c->count);
	table_rows(writing, sheet, index, false);
	table_rows(writing, sheet, index, true);
	sheet_end(sheet, NULL);
	columns_fini(c);
}

int xlsx_write(const char *path, const struct report_facts *facts, struct error *e)
{
	char moment[WORDS_SIZE];
	struct writing writing = {.facts = facts, .heading = words_heading(facts), .deadline = words_deadline(facts),
		.row = xcalloc(1, sizeof *writing.row)};
	writing.made = xasprintf("%s %s", word(facts->lang, "Made on", "Сформирован"),
		words_moment(facts->made_ms, facts->zone, facts->lang, moment));
	writing.lines[0] = writing.heading;
	writing.lines[1] = writing.deadline;
	writing.lines[2] = writing.made;
	int rc = book_open(&writing.book, path, facts->lang, facts->zone, e);
	if (rc == 0) {
		summary_sheet(&writing);
		regions_sheet(&writing);
		municipalities_sheet(&writing);
		answers_sheet(&writing, false);
		silent_sheet(&writing);
		answers_sheet(&writing, true);
		for (size_t i = 0; i < facts->columns; i++)
			if (facts->column[i].kind == REPORT_TABLE)
				table_sheet(&writing, i);
		rc = book_close(&writing.book, e);
	}
	free(writing.heading);
	free(writing.deadline);
	free(writing.made);
	free(writing.row);
	return rc;
}
