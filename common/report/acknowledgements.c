#include "report/acknowledgements.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "letter/style.h"
#include "report/book.h"
#include "report/html.h"
#include "report/words.h"

const char *acknowledgements_warning(enum lang lang)
{
	return word(lang,
		"A mark was made by pressing a button on a page behind a personal link. It is not an electronic signature.",
		"Отметка сделана нажатием кнопки на странице по личной ссылке. Она не является электронной подписью.");
}

static const char *or_empty(const char *text)
{
	return text == NULL ? "" : text;
}

#define PAGE 500 /* a read transaction ends within a second */

struct cursor {
	int64_t organisation, position;
};

static int each_page(struct db *db, int64_t round, struct cursor *cursor, size_t *count,
	int (*each)(void *arg, const struct acknowledgement *entry), void *arg, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step;
	*count = 0;
	if (db_query(db, &stmt, e,
		    "SELECT a.organisation, a.position, a.name, a.title, o.name, o.key, a.way, a.time_ms"
		    " FROM acknowledgement a LEFT JOIN organisation o ON o.id = a.organisation"
		    " WHERE a.round = $1 AND (a.organisation > $2 OR (a.organisation = $2 AND a.position > $3))"
		    " ORDER BY a.organisation, a.position LIMIT $4", "iiii", round, cursor->organisation, cursor->position,
		    (int64_t)PAGE) != 0)
		return -1;
	while ((step = db_step(stmt, e)) == DB_ROW) {
		*cursor = (struct cursor){db_int(stmt, 0), db_int(stmt, 1)};
		const struct acknowledgement entry = {.name = or_empty(db_text(stmt, 2)),
			.title = or_empty(db_text(stmt, 3)), .organisation = or_empty(db_text(stmt, 4)),
			.key = or_empty(db_text(stmt, 5)), .way = or_empty(db_text(stmt, 6)), .time_ms = db_int(stmt, 7)};
		(*count)++;
		if (each(arg, &entry) != 0) {
			db_reset(stmt);
			return 1;
		}
	}
	return step == DB_DONE ? 0 : -1;
}

int acknowledgements_each(struct db *db, int64_t round,
	int (*each)(void *arg, const struct acknowledgement *entry), void *arg, struct error *e)
{
	struct cursor cursor = {-1, -1};
	bool own = !db_in_transaction(db);
	size_t count = PAGE;
	int rc = 0;
	while (rc == 0 && count == PAGE) {
		if (own && db_begin(db, DB_READ, e) != 0)
			return -1;
		rc = each_page(db, round, &cursor, &count, each, arg, e);
		if (own)
			db_rollback(db);
	}
	return rc < 0 ? -1 : 0;
}

static const char *way_words(const char *way, enum lang lang)
{
	return strcmp(way, "button") == 0 ? word(lang, "button", "кнопкой на странице")
		: strcmp(way, "staff") == 0 ? word(lang, "noted by staff", "отмечено сотрудником")
					    : way;
}

/* «Приказ № 1355 от 22 сентября 2022 г.»: what they have read. The caller frees. */
static char *document_line(const struct report_facts *facts)
{
	if (facts->number == NULL || facts->number[0] == '\0')
		return xstrdup("");
	return xasprintf("№ %s%s%s", facts->number, facts->document_date != NULL ? word(facts->lang, " of ", " от ") : "",
		facts->document_date != NULL ? facts->document_date : "");
}

static char *title_of(const struct report_facts *facts)
{
	return xasprintf("%s %s", word(facts->lang, "Acknowledgement sheet:", "Лист ознакомления:"), facts->title);
}

/* ---- workbook --------------------------------------------------------------------------- */

struct list {
	struct sheet *sheet;
	const struct report_facts *facts;
	FILE *out;
	size_t count, done;
};

static int put_row(void *arg, const struct acknowledgement *entry)
{
	struct list *list = arg;
	list->count++;
	list->done += entry->time_ms != 0;
	sheet_row(list->sheet);
	sheet_text(list->sheet, 0, entry->name);
	sheet_text(list->sheet, 1, entry->title);
	sheet_text(list->sheet, 2, entry->organisation);
	if (entry->time_ms == 0)
		return 0;
	sheet_text(list->sheet, 3, word(list->facts->lang, "acknowledged", "ознакомлен(а)"));
	sheet_moment(list->sheet, 4, entry->time_ms);
	sheet_text(list->sheet, 5, way_words(entry->way, list->facts->lang));
	return 0;
}

int acknowledgements_xlsx(struct db *db, const struct report_facts *facts, int64_t round, const char *path,
	size_t *count, struct error *e)
{
	enum lang lang = facts->lang;
	struct book *book;
	char moment[WORDS_SIZE], *title = title_of(facts), *document = document_line(facts);
	char *made = xasprintf("%s %s", word(lang, "Made on", "Составлен"),
		words_moment(facts->made_ms, facts->zone, lang, moment));
	const char *lines[] = {title, document, made, NULL}, *warning[] = {acknowledgements_warning(lang), NULL};
	const struct book_column columns[] = {{word(lang, "Name", "Фамилия, имя, отчество"), BOOK_TEXT, 32},
		{word(lang, "Position", "Должность"), BOOK_TEXT, 28},
		{word(lang, "Organisation", "Организация"), BOOK_TEXT, 34},
		{word(lang, "Mark", "Отметка"), BOOK_TEXT, 18}, {word(lang, "When", "Дата и время"), BOOK_MOMENT, 17},
		{word(lang, "How", "Способ"), BOOK_TEXT, 20}, {word(lang, "Signature", "Подпись"), BOOK_TEXT, 20}};
	int rc = book_open(&book, path, lang, facts->zone, e);
	if (rc == 0) {
		struct list list = {.facts = facts, .sheet = book_sheet(book, word(lang, "Acknowledgements", "Ознакомление"), lines,
			columns, sizeof columns / sizeof columns[0])};
		rc = acknowledgements_each(db, round, put_row, &list, e);
		sheet_end(list.sheet, warning);
		if (count != NULL)
			*count = list.count;
		struct error ignored;
		int closed = book_close(&book, rc == 0 ? e : &ignored);
		rc = rc == 0 ? closed : rc;
	}
	free(title);
	free(document);
	free(made);
	return rc;
}

/* ---- page -------------------------------------------------------------------------------- */

static int print_row(void *arg, const struct acknowledgement *entry)
{
	struct list *list = arg;
	char number[32], moment[WORDS_SIZE];
	enum lang lang = list->facts->lang;
	snprintf(number, sizeof number, "%zu", ++list->count);
	list->done += entry->time_ms != 0;
	(void)fputs("<tr>", list->out);
	html_cell(list->out, false, true, number);
	html_cell(list->out, false, false, entry->name);
	html_cell(list->out, false, false, entry->title);
	html_cell(list->out, false, false, entry->organisation);
	html_cell(list->out, false, false, entry->time_ms != 0 ? word(lang, "acknowledged", "ознакомлен(а)") : "");
	html_cell(list->out, false, false, words_moment(entry->time_ms, list->facts->zone, lang, moment));
	html_cell(list->out, false, false, entry->time_ms != 0 ? way_words(entry->way, lang) : "");
	html_cell(list->out, false, false, "");
	(void)fputs("</tr>\n", list->out);
	return 0;
}

static void print_head(FILE *out, enum lang lang)
{
	const char *const titles[] = {word(lang, "No.", "№ п/п"), word(lang, "Name", "Фамилия, имя, отчество"),
		word(lang, "Position", "Должность"), word(lang, "Organisation", "Организация"),
		word(lang, "Mark", "Отметка"), word(lang, "When", "Дата и время"), word(lang, "How", "Способ"),
		word(lang, "Signature", "Подпись")};
	html_table_begin(out);
	(void)fputs("<thead><tr>", out);
	for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++)
		html_cell(out, true, false, titles[i]);
	(void)fputs("</tr></thead>\n", out);
}

int acknowledgements_html(struct db *db, const struct report_facts *facts, int64_t round, FILE *out, size_t *count,
	struct error *e)
{
	enum lang lang = facts->lang;
	struct list list = {.facts = facts, .out = out};
	char moment[WORDS_SIZE], *title = title_of(facts), *document = document_line(facts);
	html_page_begin(out, lang, title);
	html_line(out, document);
	print_head(out, lang);
	int rc = acknowledgements_each(db, round, print_row, &list, e);
	html_table_end(out);
	char *sum = xasprintf(word(lang, "Acknowledged: %zu of %zu. Made on %s.", "Ознакомлены %zu из %zu. Лист составлен %s."),
		list.done, list.count, words_moment(facts->made_ms, facts->zone, lang, moment));
	html_line(out, sum);
	html_line(out, acknowledgements_warning(lang));
	html_page_end(out);
	if (count != NULL)
		*count = list.count;
	free(sum);
	free(title);
	free(document);
	return rc;
}
