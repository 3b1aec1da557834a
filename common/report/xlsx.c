/* The report as a workbook: a summary, regions, municipalities (xlsx_places.c), answers, the silent,
 * the organisations below, and a sheet for every table that was asked for. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "report/words.h"
#include "report/write.h"
#include "report/xlsx_inside.h"

void xlsx_column(struct xlsx_columns *c, const char *title, enum book_kind kind, int width)
{
	if (c->count < BOOK_COLUMNS_MAX)
		c->item[c->count++] = (struct book_column){title, kind, width};
}

void xlsx_own_column(struct xlsx_columns *c, char *title, enum book_kind kind, int width)
{
	if (c->count == BOOK_COLUMNS_MAX) {
		free(title);
		return;
	}
	c->own[c->owned++] = title;
	xlsx_column(c, title, kind, width);
}

void xlsx_columns_free(struct xlsx_columns *c)
{
	for (size_t i = 0; i < c->owned; i++)
		free(c->own[i]);
	free(c);
}

char *xlsx_slot_title(const struct report_column *c, size_t choice, const char *before)
{
	return c->kind == REPORT_CHOICE ? xasprintf("%s%s: %s", before, c->label, c->choice[choice])
					: xasprintf("%s%s", before, c->label);
}

/* ---- answers --------------------------------------------------------------------------------------- */

static enum book_kind book_kind_of(enum report_kind kind)
{
	return kind == REPORT_NUMBER ? BOOK_NUMBER : kind == REPORT_DATE ? BOOK_DATE : BOOK_TEXT;
}

static void organisation_columns(const struct xlsx *x, struct xlsx_columns *c)
{
	xlsx_column(c, w(x, "Region", "Регион"), BOOK_TEXT, 20);
	xlsx_column(c, w(x, "Municipality", "Муниципалитет"), BOOK_TEXT, 24);
	xlsx_column(c, w(x, "Organisation", "Организация"), BOOK_TEXT, 34);
	xlsx_column(c, w(x, "Key", "Ключ"), BOOK_TEXT, 14);
}

static size_t put_organisation(struct sheet *sheet, const struct report_row *row)
{
	sheet_text(sheet, 0, row->region);
	sheet_text(sheet, 1, row->municipality);
	sheet_text(sheet, 2, row->name);
	sheet_text(sheet, 3, row->key);
	return 4;
}

static struct xlsx_columns *answer_columns(const struct xlsx *x, bool below)
{
	const struct report_facts *facts = x->facts;
	struct xlsx_columns *c = xcalloc(1, sizeof *c);
	organisation_columns(x, c);
	xlsx_column(c, w(x, "State", "Состояние"), BOOK_TEXT, 16);
	for (size_t i = 0; i < facts->columns; i++) {
		const struct report_column *f = &facts->column[i];
		xlsx_column(c, f->label, book_kind_of(f->kind), f->kind == REPORT_TEXT ? 40 : 15);
		if (f->kind == REPORT_NUMBER && facts->below_rows > 0 && !below)
			xlsx_own_column(c, xlsx_slot_title(f, 0, w(x, "Sum below: ", "Сумма по подведомственным: ")), BOOK_NUMBER, 15);
		if (f->kind == REPORT_NUMBER && facts->all.previous_asked > 0 && !below)
			xlsx_own_column(c, xlsx_slot_title(f, 0, w(x, "Before: ", "Прошлый раз: ")), BOOK_NUMBER, 13);
	}
	xlsx_column(c, w(x, "Received", "Получено"), BOOK_MOMENT, 16);
	xlsx_column(c, w(x, "Way", "Способ"), BOOK_TEXT, 18);
	xlsx_column(c, w(x, "Answered by", "Кто ответил"), BOOK_TEXT, 24);
	xlsx_column(c, w(x, "Phone", "Телефон"), BOOK_TEXT, 18);
	xlsx_column(c, w(x, "Remarks", "Примечания"), BOOK_TEXT, 30);
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

static char *remarks(const struct xlsx *x, const struct report_row *row)
{
	bool silent = row->state == ASK_OPEN && row->trouble != REPORT_REACHED;
	return xasprintf("%s%s%s%s%s", row->late ? w(x, "late; ", "с опозданием; ") : "",
		row->discrepancy ? w(x, "figures differ; ", "расхождение; ") : "",
		silent ? words_trouble(row->trouble, x->facts->lang) : "", silent ? "; " : "", row->note);
}

static void put_answer(const struct xlsx *x, struct sheet *sheet, const struct report_row *row, bool below)
{
	const struct report_facts *facts = x->facts;
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
	char *remark = remarks(x, row);
	sheet_moment(sheet, at++, row->at_ms);
	sheet_text(sheet, at++, words_way(row->way, facts->lang));
	sheet_text(sheet, at++, row->by_name);
	sheet_text(sheet, at++, row->by_phone);
	sheet_text(sheet, at, remark);
	free(remark);
}

static void answer_total(const struct xlsx *x, struct sheet *sheet, bool below)
{
	const struct report_facts *facts = x->facts;
	const struct report_totals *all = &facts->all;
	size_t at = 5;
	sheet_total(sheet, w(x, "Total", "Итого"));
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

static void answers_sheet(struct xlsx *x, bool below)
{
	const struct report_facts *facts = x->facts;
	size_t count = below ? facts->below_rows : facts->rows;
	if (below && count == 0)
		return;
	struct xlsx_columns *c = answer_columns(x, below);
	struct sheet *sheet = book_sheet(x->book,
		below ? w(x, "Organisations below", "Подведомственные") : w(x, "Answers", "Ответы"),
		x->lines, c->item, c->count);
	for (size_t i = 0; i < count; i++) {
		facts_row(facts, below, i, x->row);
		sheet_row(sheet);
		put_answer(x, sheet, x->row, below);
	}
	if (facts->slots > 0)
		answer_total(x, sheet, below);
	sheet_end(sheet, NULL);
	xlsx_columns_free(c);
}

/* ---- the silent -------------------------------------------------------------------------------------- */

static void silent_sheet(struct xlsx *x)
{
	const struct report_facts *facts = x->facts;
	if (totals_silent(&facts->all) == 0)
		return;
	struct xlsx_columns *c = xcalloc(1, sizeof *c);
	organisation_columns(x, c);
	xlsx_column(c, w(x, "Delivery", "Доставка"), BOOK_TEXT, 16);
	xlsx_column(c, w(x, "Words of the mail system", "Ответ почтовой системы"), BOOK_TEXT, 50);
	struct sheet *sheet = book_sheet(x->book, w(x, "Silent", "Не ответили"), x->lines, c->item, c->count);
	for (size_t i = 0; i < facts->rows; i++) {
		facts_row(facts, false, i, x->row);
		if (x->row->state != ASK_OPEN)
			continue;
		sheet_row(sheet);
		size_t at = put_organisation(sheet, x->row);
		sheet_text(sheet, at++, words_trouble(x->row->trouble, facts->lang));
		sheet_text(sheet, at, x->row->trouble_text);
	}
	sheet_end(sheet, NULL);
	xlsx_columns_free(c);
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

static void table_rows(struct xlsx *x, struct sheet *sheet, size_t index, bool below)
{
	const struct report_column *f = &x->facts->column[index];
	size_t count = below ? x->facts->below_rows : x->facts->rows, n;
	for (size_t i = 0; i < count; i++) {
		facts_row(x->facts, below, i, x->row);
		if (x->row->value[index].text[0] == '\0')
			continue;
		json_t *rows = json_loads(x->row->value[index].text, 0, NULL);
		const json_t *row;
		json_array_foreach(rows, n, row)
		{
			sheet_row(sheet);
			size_t at = put_organisation(sheet, x->row);
			for (size_t p = 0; p < f->parts; p++)
				put_part(sheet, at++, &f->part[p], json_object_get(row, f->part[p].name));
		}
		json_decref(rows);
	}
}

static void table_sheet(struct xlsx *x, size_t index)
{
	const struct report_column *f = &x->facts->column[index];
	struct xlsx_columns *c = xcalloc(1, sizeof *c);
	organisation_columns(x, c);
	for (size_t p = 0; p < f->parts; p++)
		xlsx_column(c, f->part[p].label, book_kind_of(f->part[p].kind), f->part[p].kind == REPORT_TEXT ? 30 : 14);
	struct sheet *sheet = book_sheet(x->book, f->label, x->lines, c->item, c->count);
	table_rows(x, sheet, index, false);
	table_rows(x, sheet, index, true);
	sheet_end(sheet, NULL);
	xlsx_columns_free(c);
}

int xlsx_write(const char *path, const struct report_facts *facts, struct error *e)
{
	char moment[WORDS_SIZE];
	struct xlsx x = {.facts = facts, .heading = words_heading(facts), .deadline = words_deadline(facts),
		.row = xcalloc(1, sizeof *x.row)};
	x.made = xasprintf("%s %s", word(facts->lang, "Made on", "Сформирован"),
		words_moment(facts->made_ms, facts->zone, facts->lang, moment));
	x.lines[0] = x.heading;
	x.lines[1] = x.deadline;
	x.lines[2] = x.made;
	int rc = book_open(&x.book, path, facts->lang, facts->zone, e);
	if (rc == 0) {
		xlsx_summary(&x);
		xlsx_regions(&x);
		xlsx_municipalities(&x);
		answers_sheet(&x, false);
		silent_sheet(&x);
		answers_sheet(&x, true);
		for (size_t i = 0; i < facts->columns; i++)
			if (facts->column[i].kind == REPORT_TABLE)
				table_sheet(&x, i);
		rc = book_close(&x.book, e);
	}
	free(x.heading);
	free(x.deadline);
	free(x.made);
	free(x.row);
	return rc;
}
