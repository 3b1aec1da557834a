#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "report/words.h"
#include "report/write.h"
#include "table/table.h"

/* What people wrote. Stricter than table_put_cell, which leaves phones alone: whatever could begin a
 * formula is text. */
void csv_first(FILE *out, const char *text)
{
	char *guarded = text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL ? xasprintf("'%s", text) : NULL;
	table_put_cell(out, guarded != NULL ? guarded : text, ';');
	free(guarded);
}

void csv_cell(FILE *out, const char *text)
{
	(void)fputc(';', out);
	csv_first(out, text);
}

static void cell(FILE *out, const char *text)
{
	csv_cell(out, text);
}

/* Ours, not a person's: a minus is a minus. */
static void number_cell(FILE *out, double n, enum lang lang)
{
	char text[WORDS_SIZE];
	(void)fprintf(out, ";%s", words_plain(n, lang, text));
}

static void value_cell(FILE *out, const struct report_column *column, const struct report_value *value, enum lang lang)
{
	if (value->text[0] != '\0' && column->kind == REPORT_NUMBER) {
		number_cell(out, value->number, lang);
		return;
	}
	char *text = words_value(column, value, lang);
	cell(out, text);
	free(text);
}

static void titled(FILE *out, const char *before, const char *label)
{
	char *title = xasprintf("%s%s", before, label);
	cell(out, title);
	free(title);
}

static void titles(FILE *out, const struct report_facts *facts)
{
	enum lang lang = facts->lang;
	(void)fputs(word(lang, "\xef\xbb\xbfNo.", "\xef\xbb\xbf№ п/п"), out);
	cell(out, word(lang, "Region", "Регион"));
	cell(out, word(lang, "Municipality", "Муниципалитет"));
	cell(out, word(lang, "Organisation", "Организация"));
	cell(out, word(lang, "Key", "Ключ"));
	if (facts->below_rows > 0)
		cell(out, word(lang, "Level", "Уровень"));
	cell(out, word(lang, "State", "Состояние"));
	for (size_t i = 0; i < facts->columns; i++) {
		const struct report_column *f = &facts->column[i];
		cell(out, f->label);
		if (f->kind == REPORT_NUMBER && facts->below_rows > 0)
			titled(out, word(lang, "Sum below: ", "Сумма по подведомственным: "), f->label);
		if (f->kind == REPORT_NUMBER && facts->all.previous_asked > 0)
			titled(out, word(lang, "Before: ", "Прошлый раз: "), f->label);
	}
	cell(out, word(lang, "Received", "Получено"));
	cell(out, word(lang, "Way", "Способ"));
	cell(out, word(lang, "Answered by", "Кто ответил"));
	cell(out, word(lang, "Phone", "Телефон"));
	cell(out, word(lang, "Late", "С опозданием"));
	cell(out, word(lang, "Figures differ", "Расхождение"));
	cell(out, word(lang, "Delivery", "Доставка"));
	cell(out, word(lang, "Note", "Примечание"));
	(void)fputs("\r\n", out);
}

static void row_values(FILE *out, const struct report_facts *facts, const struct report_row *row)
{
	const struct report_below *below = facts_below(facts, row->ask);
	for (size_t i = 0; i < facts->columns; i++) {
		const struct report_column *f = &facts->column[i];
		value_cell(out, f, &row->value[i], facts->lang);
		if (f->kind == REPORT_NUMBER && facts->below_rows > 0) {
			if (below != NULL)
				number_cell(out, below->sum[f->slot], facts->lang);
			else
				cell(out, "");
		}
		if (f->kind == REPORT_NUMBER && facts->all.previous_asked > 0)
			value_cell(out, f, &row->previous[i], facts->lang);
	}
}

static void put_row(FILE *out, const struct report_facts *facts, const struct report_row *row, size_t number)
{
	enum lang lang = facts->lang;
	char moment[WORDS_SIZE];
	const char *yes = word(lang, "yes", "да");
	(void)fprintf(out, "%zu", number);
	cell(out, row->region);
	cell(out, row->municipality);
	cell(out, row->name);
	cell(out, row->key);
	if (facts->below_rows > 0)
		(void)fprintf(out, ";%d", row->level);
	cell(out, words_state(row->state, lang));
	row_values(out, facts, row);
	cell(out, words_moment(row->at_ms, facts->zone, lang, moment));
	cell(out, words_way(row->way, lang));
	cell(out, row->by_name);
	cell(out, row->by_phone);
	cell(out, row->late ? yes : "");
	cell(out, row->discrepancy ? yes : "");
	cell(out, words_trouble(row->trouble, lang));
	cell(out, row->note);
	(void)fputs("\r\n", out);
}

void csv_write(FILE *out, const struct report_facts *facts)
{
	struct report_row *row = xcalloc(1, sizeof *row);
	titles(out, facts);
	for (int below = 0; below < 2; below++)
		for (size_t i = 0; i < (below ? facts->below_rows : facts->rows); i++) {
			facts_row(facts, below, i, row);
			put_row(out, facts, row, below ? facts->rows + i + 1 : i + 1);
		}
	free(row);
}
