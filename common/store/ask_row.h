/* Rows of ask and acknowledgement, as the planner opens them, walks them for reminders, and the
 * ledger flags them. What people answer is written through answer/answer.h alone. Functions work
 * inside the caller's transaction. */
#ifndef VESTNIK_STORE_ASK_ROW_H
#define VESTNIK_STORE_ASK_ROW_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "store/db.h"

struct ask_new {
	int64_t campaign, round, organisation;
	int64_t level, parent; /* parent 0 = none */
	const char *place;
	int64_t deadline_ms;   /* TIME_NEVER_MS = none */
	int64_t now_ms;
};
/* An organisation that is asked in this round already keeps its ask. */
int ask_insert_all(struct db *db, const struct ask_new *rows, size_t count, struct error *e);
/* ids[i]: the ask of organisations[i] in the round at that level, 0 = none. */
int ask_ids(struct db *db, int64_t round, int64_t level, const int64_t *organisations, size_t count,
	int64_t *ids, struct error *e);

struct acknowledgement_new {
	int64_t campaign, round, organisation, position;
	const char *name, *title, *address; /* title, address: NULL = none */
};
/* *id: of the row, whether it is new or stood there. */
int acknowledgement_insert(struct db *db, const struct acknowledgement_new *row, int64_t *id, struct error *e);

/* Letters (deliveries) that reached nobody: the asks they were about are flagged. */
int ask_flag_unreached(struct db *db, const int64_t *deliveries, size_t count, int64_t now_ms, struct error *e);

#endif
