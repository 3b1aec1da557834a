/* Rows on disk between gathering and writing: an unlinked temporary file, then
 * mapped. For facts.c only. */
#ifndef VESTNIK_REPORT_SPOOL_H
#define VESTNIK_REPORT_SPOOL_H

#include "report/facts.h"

struct spool;

int spool_open(struct spool **out, struct error *e);
void spool_free(struct spool **spool);
/* Where the row stands. */
int spool_add(struct spool *spool, const struct report_row *row, size_t columns, size_t *at,
	struct error *e);
/* No more rows come; after this spool_get cannot fail. */
int spool_seal(struct spool *spool, struct error *e);
void spool_get(const struct spool *spool, size_t at, size_t columns, struct report_row *row);
const char *spool_name(const struct spool *spool, size_t at);

#endif
