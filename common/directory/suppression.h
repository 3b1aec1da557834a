/* Addresses that get no letters. Table: suppression. */
#ifndef VESTNIK_DIRECTORY_SUPPRESSION_H
#define VESTNIK_DIRECTORY_SUPPRESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "store/db.h"

/* The address goes through the gate. added: false when it stood there already
 * (its reason stays). source: "operator", "portal", "intake". */
int suppression_add(struct db *db, const char *address, const char *reason, const char *source,
	bool *added, struct error *e);
/* The same inside the caller's write transaction. */
int suppression_add_tx(struct db *tx, const char *address, const char *reason, const char *source,
	bool *added, struct error *e);
/* ERROR_NOT_FOUND when the address is not there. */
int suppression_remove(struct db *db, const char *address, struct error *e);
int suppression_remove_tx(struct db *tx, const char *address, struct error *e);

struct suppression {
	const char *address, *reason, *source;
	int64_t created_ms;
};
/* In order of address, in short read transactions; each returns non-zero to stop. */
int suppression_each(struct db *db, int (*each)(void *arg, const struct suppression *entry),
	void *arg, struct error *e);
/* A page of them, newest first, before (before_ms, before); INT64_MAX and "" for the first. */
int suppression_newest(struct db *db, int64_t before_ms, const char *before, int most,
	int (*each)(void *arg, const struct suppression *entry), void *arg, struct error *e);
/* Those whose address begins so, by address, after `after` ("" for the first). */
int suppression_beginning(struct db *db, const char *beginning, const char *after, int most,
	int (*each)(void *arg, const struct suppression *entry), void *arg, struct error *e);

#endif
