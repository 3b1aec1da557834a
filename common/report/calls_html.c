#include <stdlib.h>

#include "base/xalloc.h"
#include "report/calls.h"
#include "report/html.h"
#include "report/words.h"

struct list {
	const struct report_facts *facts;
	FILE *out;
	size_t count;
};

static int print_call(void *arg, const struct call *call)
{
	static const struct call_contact nobody = {"", "", "", "", ""};
	struct list *list = arg;
	const struct call_contact *contact = call->contacts > 0 ? &call->contact[0] : &nobody;
	char number[32], moment[WORDS_SIZE], *person = call_person(contact), *more = call_others(call);
	enum lang lang = list->facts->lang;
	snprintf(number, sizeof number, "%zu", ++list->count);
	const char *const cells[] = {call->municipality, call->name, person, contact->phone, contact->address, more,
		words_trouble(call->trouble, lang), call->event, words_moment(call->event_ms, list->facts->zone, lang, moment),
		""};
	(void)fputs("<tr>", list->out);
	html_cell(list->out, false, true, number);
	for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++)
		html_cell(list->out, false, false, cells[i]);
	(void)fputs("</tr>\n", list->out);
	free(person);
	free(more);
	return 0;
}

static void print_head(FILE *out, enum lang lang)
{
	const char *const titles[] = {word(lang, "No.", "№ п/п"), word(lang, "Municipality", "Муниципалитет"),
		word(lang, "Organisation", "Организация"), word(lang, "Contact", "Контакт"), word(lang, "Phone", "Телефон"),
		word(lang, "Address", "Адрес"), word(lang, "Other contacts", "Другие контакты"),
		word(lang, "Delivery", "Доставка"), word(lang, "Last event", "Последнее событие"), word(lang, "When", "Когда"),
		word(lang, "What was said", "Отметка о звонке")};
	html_table_begin(out);
	(void)fputs("<thead><tr>", out);
	for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++)
		html_cell(out, true, false, titles[i]);
	(void)fputs("</tr></thead>\n", out);
}

int calls_html(struct db *db, const struct report_facts *facts, int64_t round, FILE *out, size_t *count,
	struct error *e)
{
	enum lang lang = facts->lang;
	struct list list = {.facts = facts, .out = out};
	char moment[WORDS_SIZE], *title = calls_title(facts), *deadline = words_deadline(facts);
	html_page_begin(out, lang, title);
	html_line(out, deadline);
	print_head(out, lang);
	int rc = calls_each(db, facts, round, print_call, &list, e);
	html_table_end(out);
	char *sum = xasprintf(word(lang, "To call: %zu. Made on %s.", "Позвонить: %zu. Список составлен %s."), list.count,
		words_moment(facts->made_ms, facts->zone, lang, moment));
	html_line(out, sum);
	html_page_end(out);
	if (count != NULL)
		*count = list.count;
	free(sum);
	free(title);
	free(deadline);
	return rc;
}
