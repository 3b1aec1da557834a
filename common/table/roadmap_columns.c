#include "table/roadmap_columns.h"

#include <stdlib.h>
#include <string.h>

#include "base/gate.h"
#include "table/table.h"

/* Keys as table_title_key makes them. A title matches when it is the key or
 * begins with it and a space. */
static const struct {
	enum roadmap_field field;
	const char *key;
} titles[] = {
	{FIELD_TERM, "срок"}, {FIELD_TERM, "сроки"}, {FIELD_TERM, "дата"}, {FIELD_TERM, "даты"},
	{FIELD_TERM, "период"}, {FIELD_TERM, "время проведения"}, {FIELD_TERM, "время"}, {FIELD_TERM, "term"},
	{FIELD_TERM, "deadline"}, {FIELD_TERM, "месяц"}, {FIELD_TERM, "начало"}, {FIELD_TERM, "дата начала"},
	{FIELD_RESPONSIBLE, "ответственный"}, {FIELD_RESPONSIBLE, "ответственные"},
	{FIELD_RESPONSIBLE, "исполнитель"}, {FIELD_RESPONSIBLE, "исполнители"},
	{FIELD_RESPONSIBLE, "соисполнители"}, {FIELD_RESPONSIBLE, "кто отвечает"},
	{FIELD_RESPONSIBLE, "фио ответственного"}, {FIELD_RESPONSIBLE, "responsible"},
	{FIELD_RESULT, "результат"}, {FIELD_RESULT, "результаты"}, {FIELD_RESULT, "ожидаемый результат"},
	{FIELD_RESULT, "ожидаемые результаты"}, {FIELD_RESULT, "планируемый результат"},
	{FIELD_RESULT, "планируемые результаты"}, {FIELD_RESULT, "вид документа"},
	{FIELD_RESULT, "вид отчетного документа"}, {FIELD_RESULT, "отчетный документ"},
	{FIELD_RESULT, "итоговый документ"}, {FIELD_RESULT, "форма отчета"}, {FIELD_RESULT, "форма завершения"},
	{FIELD_RESULT, "показатель"}, {FIELD_RESULT, "показатели"}, {FIELD_RESULT, "выход"},
	{FIELD_RESULT, "result"}, {FIELD_SECTION, "раздел"}, {FIELD_SECTION, "направление"},
	{FIELD_SECTION, "направления"}, {FIELD_SECTION, "задача"}, {FIELD_SECTION, "задачи"},
	{FIELD_SECTION, "цель"}, {FIELD_SECTION, "цели"}, {FIELD_SECTION, "блок"}, {FIELD_SECTION, "этап"},
	{FIELD_SECTION, "section"}, {FIELD_TITLE, "мероприятие"}, {FIELD_TITLE, "мероприятия"},
	{FIELD_TITLE, "наименование"}, {FIELD_TITLE, "название"}, {FIELD_TITLE, "планируемые действия"},
	{FIELD_TITLE, "планируемые мероприятия"}, {FIELD_TITLE, "планируемое мероприятие"},
	{FIELD_TITLE, "основные мероприятия"}, {FIELD_TITLE, "перечень мероприятий"},
	{FIELD_TITLE, "содержание"}, {FIELD_TITLE, "действие"}, {FIELD_TITLE, "действия"},
	{FIELD_TITLE, "вид деятельности"}, {FIELD_TITLE, "виды деятельности"}, {FIELD_TITLE, "вид работы"},
	{FIELD_TITLE, "что делается"}, {FIELD_TITLE, "событие"}, {FIELD_TITLE, "action"},
	{FIELD_TITLE, "step"}, {FIELD_NUMBER, "п п"}, {FIELD_NUMBER, "пп"}, {FIELD_NUMBER, "номер"},
	{FIELD_NUMBER, "n п п"}, {FIELD_NUMBER, "n"}, {FIELD_NUMBER, "number"}, {FIELD_NUMBER, "no"}};

static bool begins(const char *key, const char *word)
{
	size_t n = strlen(word);
	return strncmp(key, word, n) == 0 && (key[n] == '\0' || key[n] == ' ');
}

static bool any_word_begins(const char *key, const char *stem)
{
	for (const char *p = key;; p++) {
		if (strncmp(p, stem, strlen(stem)) == 0)
			return true;
		if ((p = strchr(p, ' ')) == NULL)
			return false;
	}
}

static enum roadmap_field field_of_key(const char *key)
{
	if (begins(key, "окончание") || begins(key, "завершение") || begins(key, "дата окончания") ||
		begins(key, "срок окончания") || begins(key, "дата завершения"))
		return FIELD_TERM_END;
	for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++)
		if (begins(key, titles[i].key))
			return titles[i].field;
	/* «Должностные лица, ответственные за исполнение», «Предполагаемый результат» */
	if (any_word_begins(key, "ответственн") || any_word_begins(key, "исполнител"))
		return FIELD_RESPONSIBLE;
	return any_word_begins(key, "результат") ? FIELD_RESULT : FIELDS;
}

enum roadmap_field roadmap_field_of(const char *title)
{
	char *key = table_title_key(title);
	enum roadmap_field field = field_of_key(key);
	if (key[0] == '\0' && strstr(title, "№") != NULL)
		field = FIELD_NUMBER;
	free(key);
	return field;
}

bool roadmap_columns_read(const struct docx_row *row, struct roadmap_columns *out)
{
	for (size_t f = 0; f < FIELDS; f++)
		out->at[f] = -1;
	out->count = row->count;
	out->first_is_open = row->count > 0 && row->cell[0].text[0] == '\0';
	for (size_t i = 0; i < row->count; i++) {
		enum roadmap_field field = roadmap_field_of(row->cell[i].text);
		if (field != FIELDS && out->at[field] < 0)
			out->at[field] = (int)i;
	}
	return out->at[FIELD_TITLE] >= 0 && out->at[FIELD_TERM] >= 0;
}

/* 1 2 3 4 5 */
static bool column_numbers(const struct docx_row *row)
{
	long long number, last = 0;
	size_t filled = 0;
	for (size_t i = 0; i < row->count; i++) {
		if (row->cell[i].text[0] == '\0')
			continue;
		if (!gate_int64(row->cell[i].text, 1, DOCX_COLUMNS_MAX, &number) || number != last + 1)
			return false;
		last = number;
		filled++;
	}
	return filled > 1;
}

bool roadmap_columns_more(const struct docx_row *row, struct roadmap_columns *columns)
{
	if (column_numbers(row))
		return true;
	int begin = -1, end = -1;
	for (size_t i = 0; i < row->count; i++) {
		if (row->cell[i].down || row->cell[i].text[0] == '\0')
			continue;
		char *key = table_title_key(row->cell[i].text);
		if (begins(key, "начало") || begins(key, "дата начала"))
			begin = (int)i;
		else if (field_of_key(key) == FIELD_TERM_END)
			end = (int)i;
		bool other = begin != (int)i && end != (int)i;
		free(key);
		if (other)
			return false;
	}
	if (begin < 0 || end < 0)
		return false;
	columns->at[FIELD_TERM] = begin;
	columns->at[FIELD_TERM_END] = end;
	return true;
}
