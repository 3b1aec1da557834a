/* Leadership by a lease row with fencing: the token only grows, and a transaction that confirms
 * its token cannot commit after somebody else took the lease. Times are the database's clock. */
#ifndef VESTNIK_STORE_LEASE_H
#define VESTNIK_STORE_LEASE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "store/db.h"

struct lease {
	const char *name;   /* borrowed */
	const char *holder; /* borrowed */
	int64_t duration_ms;
	int64_t token;      /* 0 = not held */
};

/* Takes the lease when it is free, expired, ours, or `at_once` (the caller knows that the former
 * holder is dead). *held tells. A transaction of its own. */
int lease_take(struct db *db, struct lease *lease, bool at_once, bool *held, struct error *e);
/* Inside a write transaction: prolongs the lease. ERROR_LOST when the token is not the current
 * one: roll back and stop leading. */
int lease_confirm(struct db *db, const struct lease *lease, struct error *e);
/* Lets the next one take it without waiting. Trouble is ignored: it expires by itself. */
void lease_release(struct db *db, struct lease *lease);

#endif
