/* The Excel form: fetched here, filled in at leisure, uploaded on the answer page. */
#ifndef VESTNIK_PORTAL_SHEET_H
#define VESTNIK_PORTAL_SHEET_H

#include "answer/workbook.h"
#include "portal/asked.h"

/* Is it offered: the campaign takes sheets, or asks for a table? */
bool sheet_offered(const struct asked *asked);
/* The workbook among the request's files. 0; -1 and *said (new reference to an array of texts for the
 * visitor) when it cannot be taken; -1 and *e when the store failed (*said NULL). */
int sheet_read(struct web_request *request, struct worker *worker, const struct asked *asked,
	struct answer_workbook *out, json_t **said, struct error *e);

#endif
