/* The asks collected through one: a municipality's schools, what they said, whom to call. */
#ifndef VESTNIK_PORTAL_SCHOOLS_H
#define VESTNIK_PORTAL_SCHOOLS_H

#include "portal/asked.h"

struct schools {
	json_t *list;    /* [{"name","state","answered":bool,"cells":[text],"contact","phone"}], № 2 before № 10 */
	json_t *columns; /* labels of the fields that add up */
	json_t *sums;    /* by field name */
	int64_t answered, asked;
	int64_t deadline_ms; /* theirs; TIME_NEVER_MS = none */
};
int schools_load(struct db *db, const struct asked *asked, struct schools *out, struct error *e);
void schools_fini(struct schools *schools);

#endif
