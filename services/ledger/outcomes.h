/* What a batch adds to the counts by minute and relay (store/outcome.h): gathered in memory, so that a
 * batch of a thousand events writes as few rows as it has minutes, relays and states. */
#ifndef VESTNIK_LEDGER_OUTCOMES_H
#define VESTNIK_LEDGER_OUTCOMES_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "message/status.h"
#include "store/db.h"

struct ledger_outcome {
	int64_t minute, n;
	char relay[65];
	enum delivery_state state;
	int32_t part;
};
struct ledger_outcomes {
	struct ledger_outcome *item;
	size_t count, room;
	size_t last; /* found again most of the time */
};

/* An applied event. What only waits again is no outcome. */
void ledger_outcomes_add(struct ledger_outcomes *outcomes, const struct delivery_status *event,
	enum delivery_state state, int32_t part);
int ledger_outcomes_write(struct ledger_outcomes *outcomes, struct db *tx, struct error *e);
void ledger_outcomes_fini(struct ledger_outcomes *outcomes);

#endif
