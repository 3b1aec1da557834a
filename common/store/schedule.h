/* Rows of schedule: what waits (claimed_ms NULL) or is in flight. The planner inserts and claims;
 * the ledger deletes a row when its delivery ends or gives it a new due time. Functions work
 * inside the caller's transaction. */
#ifndef VESTNIK_STORE_SCHEDULE_H
#define VESTNIK_STORE_SCHEDULE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "message/status.h"
#include "store/db.h"

struct schedule_new {
	int64_t key, campaign, due_ms, priority, dispatch;
	const char *address; /* its domain is kept, for fair shares */
};
int schedule_insert_all(struct db *db, const struct schedule_new *rows, size_t count, struct error *e);
/* The delivery has ended. No row is no error. */
int schedule_delete(struct db *db, int64_t key, struct error *e);
int schedule_delete_all(struct db *db, const int64_t *keys, size_t count, struct error *e);
/* Dispatch `dispatch` is over: due again. A row that has a newer dispatch in flight is left
 * alone; a row that is gone (a late event brought the delivery back) is made anew. */
int schedule_again(struct db *db, int64_t key, int64_t dispatch, int64_t due_ms, struct error *e);

/* The dispatch is on the wire although its row may be gone: it gets one again, claimed. */
int schedule_in_flight(struct db *db, int64_t key, int64_t dispatch, int64_t now_ms, struct error *e);

/* ---- the due loop ------------------------------------------------------------ */

struct schedule_item {
	int64_t key, campaign, dispatch; /* dispatch before the claim */
	int64_t due_ms, not_after_ms;    /* TIME_NEVER_MS = none */
	enum delivery_state state;       /* of the delivery, and the dispatch it is of */
	int64_t state_dispatch;
	uint32_t domain;                 /* a hash of the recipient's domain */
	char *zone;                      /* the recipient's; only of schedule_due_zones; the caller frees */
};

/* Urgent letters of running campaigns that are due, oldest first. */
int schedule_due_urgent(struct db *db, int64_t now_ms, size_t most, struct schedule_item *out,
	size_t *count, struct error *e);
/* One campaign's due bulk letters; its state is the caller's business. */
int schedule_due_bulk(struct db *db, int64_t campaign, int64_t now_ms, size_t most,
	struct schedule_item *out, size_t *count, struct error *e);
/* The same with the recipients' zones (NULL = the campaign's). */
int schedule_due_zones(struct db *db, int64_t campaign, int64_t now_ms, size_t most,
	struct schedule_item *out, size_t *count, struct error *e);
/* The next campaign > after that has unclaimed bulk letters; DB_DONE: none. */
enum db_step schedule_next_campaign(struct db *db, int64_t after, int64_t *campaign,
	struct error *e);
/* All a campaign's unclaimed letters, due or not, urgent or not: for sweeps. */
int schedule_unclaimed(struct db *db, int64_t campaign, size_t most, struct schedule_item *out,
	size_t *count, struct error *e);
/* In flight since before claimed_before_ms, oldest first. */
int schedule_claimed_before(struct db *db, int64_t claimed_before_ms, size_t most,
	struct schedule_item *out, size_t *count, struct error *e);

/* Claims: dispatch + 1, claimed_ms = now. ERROR_UNAVAILABLE (roll back, try again) when one of
 * the rows went away meanwhile. keys: the items' keys in any order. */
int schedule_claim(struct db *db, const struct schedule_item *items, size_t count, int64_t now_ms,
	struct error *e);
/* Takes rows out of the due loop's sight without a new dispatch: their end is on its way to the
 * ledger, which deletes them. */
int schedule_withhold(struct db *db, const struct schedule_item *items, size_t count,
	int64_t now_ms, struct error *e);
/* Moves an unclaimed row (outside its hours). */
int schedule_move(struct db *db, int64_t key, int64_t due_ms, struct error *e);
/* A stuck row becomes due now; its dispatch number stays, the next claim raises it. */
int schedule_unclaim(struct db *db, int64_t key, int64_t due_ms, struct error *e);

#endif
