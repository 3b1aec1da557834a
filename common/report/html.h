/* A report as HTML that survives Outlook: tables, background colours and
 * widths; nothing is loaded, no script, no style but inline. Every value is
 * escaped. */
#ifndef VESTNIK_REPORT_HTML_H
#define VESTNIK_REPORT_HTML_H

#include <stdio.h>

#include "report/facts.h"

struct html_limits { /* what is longer stands in the attachment, and the text says so */
	size_t groups, silent, rows;
	size_t columns;    /* of what was asked */
	size_t characters; /* of a text in a cell */
};
/* A letter stays below the 100 KB at which mail programs cut. */
extern const struct html_limits html_in_letter;
extern const struct html_limits html_in_page;

/* The block in a letter. attached: the rest stands in a file beside it. */
void html_block(FILE *out, const struct report_facts *facts, const struct html_limits *limits, bool attached);
/* A page of its own, for the browser and the printer: all rows. */
void html_page(FILE *out, const struct report_facts *facts);
/* Head and end of such a page, for other sheets. */
void html_page_begin(FILE *out, enum lang lang, const char *title);
void html_page_end(FILE *out);
/* The silent with the reason they may not know of it: for an escalation. */
void html_silent(FILE *out, const struct report_facts *facts, const struct html_limits *limits, bool attached);

/* ---- pieces, for the pages of this room ------------------------------------------------------ */

void html_title(FILE *out, const char *text);
/* A small line of its own. */
void html_line(FILE *out, const char *text);
void html_table_begin(FILE *out);
void html_table_end(FILE *out);
/* A cell: header or not, right-aligned or not; its content and html_cell_end follow. */
void html_cell_begin(FILE *out, bool header, bool right);
void html_cell_end(FILE *out, bool header);
/* The same with escaped text. */
void html_cell(FILE *out, bool header, bool right, const char *text);
/* A figure, and under it what the organisations below add up to and what it was before (NULL = nothing). */
void html_figure_cell(FILE *out, double n, enum lang lang, const double *below, const double *before);
/* width pixels; parts of whole: done (green), begun (amber). */
void html_bar(FILE *out, int width, int height, double done, double begun, double whole);
void html_groups(FILE *out, const struct report_facts *facts, const struct html_limits *limits, bool attached);
void html_answers(FILE *out, const struct report_facts *facts, const struct html_limits *limits, bool below,
	bool attached);

#endif
