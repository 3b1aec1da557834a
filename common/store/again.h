/* On PostgreSQL a transaction can end with ERROR_CONFLICT (retriable) because another one changed
 * what it had read, or the two waited for each other. It was rolled back and is simply done again;
 * no trouble, nothing to tell people. SQLite's writers stand in line: there it does not happen. */
#ifndef VESTNIK_STORE_AGAIN_H
#define VESTNIK_STORE_AGAIN_H

#include <stdbool.h>

#include "base/error.h"
#include "store/db.h"

struct again {
	int tries; /* begin with {0} for each transaction */
};

/* After a failure: true when it was such a conflict and not the fiftieth in a row; then a few
 * milliseconds have passed, by chance more or less, so that the two do not meet again.
 *
 *	struct again again = {0};
 *	do
 *		rc = one_transaction(db, e);
 *	while (rc != 0 && again_after_conflict(&again, e));
 */
bool again_after_conflict(struct again *again, const struct error *e);

/* work(arg, db) in a durable write transaction, done again after a conflict: it must bear that. */
int again_transact(struct db *db, int (*work)(void *arg, struct db *tx, struct error *e), void *arg, struct error *e);

#endif
