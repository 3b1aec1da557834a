/* The sheet «Ознакомлены»: every expected name, blanks for the missing. It is not
 * an electronic signature, and says so. */
#ifndef VESTNIK_REPORT_ACKNOWLEDGEMENTS_H
#define VESTNIK_REPORT_ACKNOWLEDGEMENTS_H

#include <stdio.h>

#include "report/facts.h"
#include "store/db.h"

struct acknowledgement { /* valid during the call; "" = none */
	const char *name, *title, *organisation, *key, *way;
	int64_t time_ms; /* 0 = not yet */
};
/* In the sheet's order: the persons of the campaign, then by organisation. Each returns non-zero to
 * stop. */
int acknowledgements_each(struct db *db, int64_t round,
	int (*each)(void *arg, const struct acknowledgement *entry), void *arg, struct error *e);

/* facts: for the heading only. count may be NULL. */
int acknowledgements_xlsx(struct db *db, const struct report_facts *facts, int64_t round, const char *path,
	size_t *count, struct error *e);
/* A page to print. */
int acknowledgements_html(struct db *db, const struct report_facts *facts, int64_t round, FILE *out, size_t *count,
	struct error *e);

/* «Подтверждение получено нажатием кнопки …; это не электронная подпись.» */
const char *acknowledgements_warning(enum lang lang);

#endif
