/* Carries items to their endpoints and judges what comes back: the work of the
 * notifier without the bus. */
#ifndef VESTNIK_NOTIFIER_CARRIER_H
#define VESTNIK_NOTIFIER_CARRIER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "notifier/journal.h"
#include "notifier/sender.h"
#include "notifier/target.h"
#include "store/db.h"

struct carrier_config {
	int connections;          /* requests at once, in all */
	int timeout_ms;
	int64_t disable_after_ms; /* of failure */
};

struct carrier {
	struct carrier_config config;
	struct targets targets;
	struct journal *journal;
	struct sender *sender;
	atomic_llong delivered, failed; /* attempts, for note and metrics */
};

/* The sender's callback; arg is the carrier. */
void carrier_done(void *carrier, void *item, const struct sender_result *result);

/* Sees to one item for target: its queue, or a row. */
void carrier_take(struct carrier *carrier, struct target *target, struct event *event);
/* Starts what may start; claims due rows. -1: the store failed. */
int carrier_start(struct carrier *carrier, struct db *db, struct error *e);
/* What an endpoint holds up for too long, or what waits for one that was
 * disabled or flies to where it was before, becomes rows; what waits or flies for one that was removed ends. */
void carrier_let_go(struct carrier *carrier);
/* Everything that waits becomes rows or is forgotten (it comes again from the
 * bus): for stopping. */
void carrier_empty_queues(struct carrier *carrier);
/* Nothing in hand needs the bus any more: what waits becomes rows, what flies gets
 * its row too. For a partition that goes to another notifier. */
void carrier_hand_over(struct carrier *carrier);
/* What waits and has no row comes to another notifier: forgotten here. */
void carrier_forget_waiting(struct carrier *carrier);
/* A queue is full although its endpoint is fast: take no more from the bus. */
bool carrier_is_full(const struct carrier *carrier);
/* When the next row may be sent; TIME_NEVER_MS = none known. */
int64_t carrier_next_ms(const struct carrier *carrier);

#endif
