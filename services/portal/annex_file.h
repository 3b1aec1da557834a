/* Annexes out of the store into files that the kernel sends: a hundred schools that fetch a 50 MB
 * annex do not hold a hundred copies in memory. A cache by hash; it may be deleted at any time. */
#ifndef VESTNIK_PORTAL_ANNEX_FILE_H
#define VESTNIK_PORTAL_ANNEX_FILE_H

#include <stddef.h>

#include "base/error.h"
#include "store/db.h"

/* Makes <data_dir>/portal-files. The caller frees. NULL and *e. */
char *annex_folder(const char *data_dir, struct error *e);
/* Open for reading; *len its size. DB_DONE: the store has no such blob. */
enum db_step annex_open(struct db *db, const char *folder, const char *hash, int *fd, size_t *len, struct error *e);

#endif
