/* The status table as a workbook for people who print: A4 landscape, the head on
 * every page, each state in a colour and in words. libxlsxwriter writes texts as
 * texts, so that one that begins with «=» is no formula. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xlsxwriter.h>

#include "base/lang.h"
#include "base/xalloc.h"
#include "calendar/day.h"
#include "roadmap/progress.h"

#define CELL_MAX_BYTES 32000 /* Excel's own limit is 32,767 characters */

struct formats {
	lxw_format *title, *head, *text, *day, *number, *state[PROGRESS_STATES], *total;
};
struct book {
	lxw_workbook *workbook;
	struct formats f;
	const struct progress_table *table;
};

static lxw_format *cell_format(lxw_workbook *workbook, bool wrap)
{
	lxw_format *f = workbook_add_format(workbook);
	format_set_border(f, LXW_BORDER_THIN);
	format_set_align(f, LXW_ALIGN_VERTICAL_TOP);
	if (wrap)
		format_set_text_wrap(f);
	return f;
}

static void make_formats(struct book *b)
{
	static const lxw_color_t colours[PROGRESS_STATES] = {[PROGRESS_DRAFT] = 0xEEEEEE, [PROGRESS_PLANNED] = 0xFFFFFF,
		[PROGRESS_RUNNING] = 0xE3EEFA, [PROGRESS_ASKED] = 0xFFF6DB, [PROGRESS_RECEIVED] = 0xFFF6DB,
		[PROGRESS_OVERDUE] = 0xF9D9D6, [PROGRESS_MOVED] = 0xFFE8CC, [PROGRESS_FAILED] = 0xF9D9D6, [PROGRESS_DONE] = 0xDFF0DC};
	struct formats *f = &b->f;
	f->title = workbook_add_format(b->workbook);
	format_set_bold(f->title);
	format_set_font_size(f->title, 14);
	f->head = cell_format(b->workbook, true);
	format_set_bold(f->head);
	format_set_bg_color(f->head, 0xF2F4F7);
	f->text = cell_format(b->workbook, true);
	f->number = cell_format(b->workbook, false);
	f->day = cell_format(b->workbook, false);
	format_set_num_format(f->day, "dd.mm.yyyy");
	f->total = cell_format(b->workbook, false);
	format_set_bold(f->total);
	for (int i = 0; i < PROGRESS_STATES; i++) {
		f->state[i] = cell_format(b->workbook, true);
		format_set_bg_color(f->state[i], colours[i]);
	}
}

static void put(lxw_worksheet *sheet, lxw_row_t row, lxw_col_t column, const char *text, lxw_format *format)
{
	char *cut = strlen(text) > CELL_MAX_BYTES ? xstrndup(text, CELL_MAX_BYTES) : NULL;
	(void)worksheet_write_string(sheet, row, column, cut == NULL ? text : cut, format);
	free(cut);
}

static void put_day(lxw_worksheet *sheet, lxw_row_t row, lxw_col_t column, int32_t day, const struct formats *f)
{
	if (day == DAY_NONE) {
		(void)worksheet_write_blank(sheet, row, column, f->text);
		return;
	}
	struct calendar_time t = day_split(day);
	lxw_datetime date = {.year = t.year, .month = t.month, .day = t.day};
	(void)worksheet_write_datetime(sheet, row, column, &date, f->day);
}

static lxw_worksheet *add_sheet(struct book *b, const char *name, const char *heading, const char *const *head,
	const double *widths, size_t columns)
{
	lxw_worksheet *sheet = workbook_add_worksheet(b->workbook, name);
	char today[DAY_TEXT_SIZE];
	if (sheet == NULL)
		return NULL;
	char *line = xasprintf("%s, %s", heading, day_words(b->table->today, lang_get(), today));
	(void)worksheet_write_string(sheet, 0, 0, line, b->f.title);
	free(line);
	for (size_t i = 0; i < columns; i++) {
		(void)worksheet_set_column(sheet, (lxw_col_t)i, (lxw_col_t)i, widths[i], NULL);
		put(sheet, 2, (lxw_col_t)i, head[i], b->f.head);
	}
	worksheet_set_landscape(sheet);
	worksheet_set_paper(sheet, 9); /* A4 */
	worksheet_fit_to_pages(sheet, 1, 0);
	(void)worksheet_repeat_rows(sheet, 0, 2);
	worksheet_freeze_panes(sheet, 3, 0);
	return sheet;
}

/* ---- the steps --------------------------------------------------------------------------------- */

static int write_steps(struct book *b)
{
	const char *const head[] = {tr("No.", "№ п/п"), tr("Step", "Мероприятие"), tr("Expected result", "Ожидаемый результат"),
		tr("Term in the plan", "Срок по плану"), tr("Begins", "Начало"), tr("Ends", "Окончание"),
		tr("Responsible", "Ответственный"), tr("State", "Состояние"), tr("Moved to", "Перенесено до"),
		tr("What was said", "Что сообщили")};
	static const double widths[] = {6, 40, 30, 20, 11, 11, 30, 16, 13, 40};
	lxw_worksheet *sheet = add_sheet(b, tr("Steps", "Мероприятия"),
		b->table->title != NULL && b->table->title[0] != '\0' ? b->table->title : b->table->slug, head, widths, 10);
	for (size_t i = 0; sheet != NULL && i < b->table->count; i++) {
		const struct progress_line *l = &b->table->line[i];
		lxw_row_t row = (lxw_row_t)(3 + i);
		char *title = xasprintf("%s%s%s", l->title, l->label[0] != '\0' ? ", " : "", l->label);
		(void)worksheet_write_number(sheet, row, 0, (double)l->number, b->f.number);
		put(sheet, row, 1, title, b->f.text);
		put(sheet, row, 2, l->result, b->f.text);
		put(sheet, row, 3, l->term, b->f.text);
		put_day(sheet, row, 4, l->begin_day, &b->f);
		put_day(sheet, row, 5, l->end_day, &b->f);
		put(sheet, row, 6, l->who[0] != '\0' ? l->who : l->responsible, b->f.text);
		put(sheet, row, 7, progress_state_words(l->state), b->f.state[l->state]);
		put_day(sheet, row, 8, l->moved_day, &b->f);
		put(sheet, row, 9, l->note, b->f.text);
		free(title);
	}
	return sheet == NULL ? -1 : 0;
}

/* ---- by responsible ------------------------------------------------------------------------------ */

struct sum {
	const char *who;
	int64_t state[PROGRESS_STATES], total;
};

static int by_who(const void *a, const void *b)
{
	const struct progress_line *const *x = a, *const *y = b;
	return strcmp((*x)->who, (*y)->who);
}

static void put_sum(struct book *b, lxw_worksheet *sheet, lxw_row_t row, const struct sum *sum, lxw_format *text,
	lxw_format *number)
{
	put(sheet, row, 0, sum->who[0] != '\0' ? sum->who : tr("nobody", "не назначен"), text);
	for (int i = 0; i < PROGRESS_STATES; i++)
		(void)worksheet_write_number(sheet, row, (lxw_col_t)(1 + i), (double)sum->state[i], number);
	(void)worksheet_write_number(sheet, row, 1 + PROGRESS_STATES, (double)sum->total, number);
	(void)b;
}

static int write_sums(struct book *b)
{
	const char *head[PROGRESS_STATES + 2] = {tr("Responsible", "Ответственный")};
	double widths[PROGRESS_STATES + 2] = {50};
	const struct progress_line **line = xcalloc(b->table->count + 1, sizeof *line);
	for (int i = 0; i < PROGRESS_STATES; i++) {
		head[1 + i] = progress_state_words((enum progress_state)i);
		widths[1 + i] = 13;
	}
	head[PROGRESS_STATES + 1] = tr("Total", "Итого");
	widths[PROGRESS_STATES + 1] = 10;
	lxw_worksheet *sheet = add_sheet(b, tr("By responsible", "По ответственным"),
		tr("By responsible", "По ответственным"), head, widths, PROGRESS_STATES + 2);
	for (size_t i = 0; i < b->table->count; i++)
		line[i] = &b->table->line[i];
	if (b->table->count > 0)
		qsort(line, b->table->count, sizeof *line, by_who);
	struct sum all = {.who = tr("Total", "Итого")}, sum = {0};
	lxw_row_t row = 3;
	for (size_t i = 0; sheet != NULL && i < b->table->count; i++) {
		sum.who = line[i]->who;
		sum.state[line[i]->state]++;
		sum.total++;
		all.state[line[i]->state]++;
		all.total++;
		if (i + 1 < b->table->count && strcmp(line[i + 1]->who, sum.who) == 0)
			continue;
		put_sum(b, sheet, row++, &sum, b->f.text, b->f.number);
		sum = (struct sum){0};
	}
	if (sheet != NULL)
		put_sum(b, sheet, row, &all, b->f.total, b->f.total);
	free(line);
	return sheet == NULL ? -1 : 0;
}

int progress_xlsx(const struct progress_table *table, const char *path, struct error *e)
{
	struct book b = {.workbook = workbook_new(path), .table = table};
	if (b.workbook == NULL)
		return error_set(e, ERROR_UNAVAILABLE, tr("%s: cannot be written", "%s: не записывается"), path);
	make_formats(&b);
	int rc = write_steps(&b) == 0 && write_sums(&b) == 0 ? 0 : -1;
	lxw_error code = workbook_close(b.workbook);
	if (rc == 0 && code == LXW_NO_ERROR)
		return 0;
	return error_set(e, ERROR_UNAVAILABLE, "%s: %s", path, lxw_strerror(code));
}
