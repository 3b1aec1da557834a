/* Rows of delivery, history and counter. The planner inserts deliveries; from then on only the
 * ledger updates them. Functions work inside the caller's transaction. */
#ifndef VESTNIK_STORE_DELIVERY_H
#define VESTNIK_STORE_DELIVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "message/status.h"
#include "store/db.h"

/* ---- the planner's side ---------------------------------------------------- */

/* Reserves `count` dense keys: *first … *first + count - 1. Rolled back with the transaction. */
int delivery_keys_take(struct db *db, int64_t count, int64_t *first, struct error *e);
/* Leaves a gap, so that keys handed out after a backup was made are not used for other letters
 * once it is restored (letters carry their key). */
int delivery_keys_skip(struct db *db, int64_t count, struct error *e);

struct delivery_new {
	int64_t key, campaign, round, step, recipient, contact;
	const char *address; /* passed gate_address */
	const char *fields;  /* JSON */
	int64_t not_after_ms; /* TIME_NEVER_MS = none */
	enum delivery_state state; /* waiting or suppressed */
	const char *reason;  /* NULL = none */
	int64_t reminds;     /* ask.id: the mailer sends it only while that is open; 0 = no reminder */
	int64_t now_ms;
};
/* rows: keys one after the other, as taken. inserted[i] is false when (round, step, recipient,
 * contact) has its row already. */
int delivery_insert_all(struct db *db, const struct delivery_new *rows, size_t count, bool *inserted,
	struct error *e);

/* ---- the ledger's side ------------------------------------------------------ */

struct delivery_row {
	int64_t key, campaign, dispatch, attempts, uncertain, lost;
	enum delivery_state state, was; /* was: as read */
	int64_t not_after_ms; /* TIME_NEVER_MS = none */
	const struct delivery_status *facts; /* for delivery_set_all: the outcome */
};
/* keys: each once. rows: room for count; by key; those that exist. */
int delivery_get_all(struct db *db, const int64_t *keys, size_t count, struct delivery_row *rows,
	size_t *found, struct error *e);
/* Writes state, dispatch and the counts, and the outcome's code, reason, relay and time. Each key
 * at most once. */
int delivery_set_all(struct db *db, const struct delivery_row *const *rows, size_t count,
	struct error *e);
/* One line per (key, dispatch, state); a repetition is ignored. */
int history_add_all(struct db *db, const struct delivery_status *lines, size_t count, struct error *e);
/* When the present series of deferrals began (after the last operator's retry); DB_DONE: none yet. */
enum db_step history_first_deferral(struct db *db, int64_t key, int64_t *time_ms, struct error *e);

/* ---- counters ----------------------------------------------------------------- */

#define COUNTER_PART_PLANNER (-1)

int counter_add(struct db *db, int64_t campaign, int64_t part, enum delivery_state state, int64_t n,
	struct error *e);
/* Sums over the parts; 0 where there is none. */
int counter_sums(struct db *db, int64_t campaign, int64_t sums[static DELIVERY_STATES],
	struct error *e);

#endif
