#include "store/again.h"

#include <errno.h>
#include <time.h>

#include "base/ident.h"

#define TRIES_MOST 50
/* Doubling from half a millisecond: a transaction of ours takes some. */
#define PAUSE_FIRST_US 500
#define PAUSE_MOST_US 20000

bool again_after_conflict(struct again *again, const struct error *e)
{
	if (e == NULL || e->code != ERROR_CONFLICT || !e->retriable || again->tries >= TRIES_MOST)
		return false;
	unsigned pause_us = again->tries > 5 ? PAUSE_MOST_US : PAUSE_FIRST_US << again->tries;
	unsigned chance;
	again->tries++;
	ident_random(&chance, sizeof chance);
	pause_us = pause_us / 2 + chance % pause_us;
	struct timespec left = {.tv_nsec = (long)pause_us * 1000};
	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
		;
	return true;
}

int again_transact(struct db *db, int (*work)(void *arg, struct db *tx, struct error *e), void *arg, struct error *e)
{
	struct again again = {0};
	int rc;
	do {
		rc = db_begin(db, DB_WRITE, e);
		if (rc == 0)
			rc = work(arg, db, e);
		if (rc == 0)
			rc = db_commit(db, DB_DURABLE, e);
		else
			db_rollback(db);
	} while (rc != 0 && again_after_conflict(&again, e));
	return rc;
}
