/* Road maps and plans: a table of a Word document, a workbook or a CSV file as
 * steps. The header row is recognised by its words («Срок исполнения»,
 * «Ответственный исполнитель», «Мероприятие», «Ожидаемый результат» …), wherever
 * it stands and however often it is repeated. Terms and responsible persons stay
 * text: calendar/term.h reads the one, people map the other. */
#ifndef VESTNIK_TABLE_ROADMAP_H
#define VESTNIK_TABLE_ROADMAP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/problem.h"
#include "table/table.h"

#define ROADMAP_STEPS_MAX 5000

/* One line each, cleaned of control characters, "" when the table says nothing;
 * owned by the road map. */
struct roadmap_step {
	int table, row;      /* of a document, from 1; a sheet: table 0, its row number */
	char *number;        /* as written, «1.2.» */
	char *section;       /* the aim, task or direction it stands under */
	char *title;         /* what is to be done */
	char *result;        /* what is expected, «Вид документа» */
	char *term;
	char *responsible;
};
struct roadmap {
	struct roadmap_step *step;
	size_t count;
};

/* Reads .docx, .xlsx, .csv by their content. Problems name table and row: an
 * action without a term (warning), a term without an action, a table without a
 * header that does not continue another one. -1: nothing could be read (not such
 * a file, damaged, no header in it, too many steps); out is empty then. options
 * may be NULL. */
int roadmap_read(const char *path, const struct table_options *options, struct roadmap *out,
	struct problems *problems);
void roadmap_fini(struct roadmap *roadmap);

/* «таблица 2, строка 5», "row 17": where a step stands, for messages. */
#define ROADMAP_PLACE_SIZE 64
const char *roadmap_place(const struct roadmap_step *step, char out[static ROADMAP_PLACE_SIZE]);

#endif
