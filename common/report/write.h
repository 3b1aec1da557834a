/* Facts as files and streams. The HTML ones are in html.h. */
#ifndef VESTNIK_REPORT_WRITE_H
#define VESTNIK_REPORT_WRITE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "report/facts.h"

/* For the plain-text part of a letter and for a terminal: figures, bars by municipality, the
 * answers, the silent. width: columns of the terminal. Free of control characters. */
struct text_limits {
	size_t groups, answers, silent; /* of more answers none are listed: the attached table tells */
	size_t width;
};
void text_block(FILE *out, const struct report_facts *facts, const struct text_limits *limits, bool attached);
void text_silent(FILE *out, const struct report_facts *facts, size_t silent, bool attached);

/* `;`, UTF-8 with BOM, CR LF; decimal comma in Russian; text a spreadsheet would run is guarded. A
 * row for each organisation, those below after the others. */
void csv_write(FILE *out, const struct report_facts *facts);
/* For other tables of the same kind: `;` and a guarded cell; the first has no `;`. */
void csv_cell(FILE *out, const char *text);
void csv_first(FILE *out, const char *text);

int xlsx_write(const char *path, const struct report_facts *facts, struct error *e);

/* Totals, and those of every municipality ("groups"). New reference. */
json_t *json_totals(const struct report_facts *facts);
/* One object on one line: totals, groups, every row. */
void json_write(FILE *out, const struct report_facts *facts);
/* data of vestnik.report.ready: totals always, groups and rows while all stays below `most` bytes;
 * "truncated" says when something is missing. New reference. */
json_t *json_event(const struct report_facts *facts, size_t most);

#endif
