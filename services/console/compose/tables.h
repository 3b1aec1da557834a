/* Files of a draft: uploads on their way in, the tables' columns. */
#ifndef VESTNIK_CONSOLE_COMPOSE_TABLES_H
#define VESTNIK_CONSOLE_COMPOSE_TABLES_H

#include "console/compose/part.h"

/* Files of the request's field become rows of a list of the form ("attachments", "data") or its list of keys
 * ("audience.list"); put_uploads stores them with the form. */
void take_uploads(struct draft *draft, const char *field, const char *list);
int put_uploads(struct draft *draft, struct db *tx, struct error *e);
/* [{"name","file","path","rows","columns":[{"field","title","example"}],"error"}]. New reference. */
json_t *tables_show(struct draft *draft);
/* «1,2 МБ». */
json_t *draft_size(int64_t bytes);
/* For a query; the caller frees. */
char *form_text_escaped(const char *text);

#endif
