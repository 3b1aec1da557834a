#include <stdlib.h>

#include "base/xalloc.h"
#include "report/book.h"
#include "report/calls.h"
#include "report/words.h"

struct list {
	struct sheet *sheet;
	enum lang lang;
	size_t count;
};

static int put_call(void *arg, const struct call *call)
{
	struct list *list = arg;
	struct sheet *sheet = list->sheet;
	char *more = call_others(call);
	list->count++;
	sheet_row(sheet);
	sheet_text(sheet, 0, call->municipality);
	sheet_text(sheet, 1, call->name);
	if (call->contacts > 0) {
		char *name = call_person(&call->contact[0]);
		sheet_text(sheet, 2, name);
		sheet_text(sheet, 3, call->contact[0].phone);
		sheet_text(sheet, 4, call->contact[0].address);
		free(name);
	}
	sheet_text(sheet, 5, more);
	sheet_text(sheet, 6, words_trouble(call->trouble, list->lang));
	sheet_text(sheet, 7, call->event);
	sheet_moment(sheet, 8, call->event_ms);
	free(more);
	return 0;
}

int calls_xlsx(struct db *db, const struct report_facts *facts, int64_t round, const char *path, size_t *count,
	struct error *e)
{
	enum lang lang = facts->lang;
	struct book *book;
	char moment[WORDS_SIZE], *deadline = words_deadline(facts);
	char *title = calls_title(facts);
	char *made = xasprintf("%s %s", word(lang, "Made on", "Составлен"),
		words_moment(facts->made_ms, facts->zone, lang, moment));
	const char *lines[] = {title, deadline, made, NULL};
	const struct book_column columns[] = {{word(lang, "Municipality", "Муниципалитет"), BOOK_TEXT, 22},
		{word(lang, "Organisation", "Организация"), BOOK_TEXT, 34},
		{word(lang, "Contact", "Контакт"), BOOK_TEXT, 26}, {word(lang, "Phone", "Телефон"), BOOK_TEXT, 18},
		{word(lang, "Address", "Адрес"), BOOK_TEXT, 26},
		{word(lang, "Other contacts", "Другие контакты"), BOOK_TEXT, 30},
		{word(lang, "Delivery", "Доставка"), BOOK_TEXT, 14},
		{word(lang, "Last event", "Последнее событие"), BOOK_TEXT, 34},
		{word(lang, "When", "Когда"), BOOK_MOMENT, 16},
		{word(lang, "What was said", "Отметка о звонке"), BOOK_TEXT, 24}};
	int rc = book_open(&book, path, lang, facts->zone, e);
	if (rc == 0) {
		struct list list = {book_sheet(book, word(lang, "Call list", "Обзвон"), lines, columns,
					    sizeof columns / sizeof columns[0]), lang, 0};
		rc = calls_each(db, facts, round, put_call, &list, e);
		sheet_end(list.sheet, NULL);
		if (count != NULL)
			*count = list.count;
		struct error ignored;
		int closed = book_close(&book, rc == 0 ? e : &ignored);
		rc = rc == 0 ? closed : rc;
	}
	free(title);
	free(made);
	free(deadline);
	return rc;
}
