/* A batch of letters of one step of one round, from the planner's hand into the store: deliveries,
 * schedule, counters. */
#ifndef VESTNIK_PLANNER_LETTERS_H
#define VESTNIK_PLANNER_LETTERS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "planner/internal.h"

struct letter_row { /* strings owned */
	int64_t recipient, contact, due_ms;
	int64_t reminds;      /* ask.id; 0 = no reminder */
	char *address, *fields;
	char *suppressed;     /* why it gets no letter; NULL = it does */
	char *place;          /* of an ask that is opened with it (place.h); else NULL */
	int64_t parent;       /* that ask's parent; 0 = none */
};
struct letters {
	struct letter_row *row;
	size_t count, room;
};
/* A zeroed row at the end. */
struct letter_row *letters_add(struct letters *letters);
void letters_fini(struct letters *letters);
/* Fills `suppressed`; best before a transaction. */
int letters_find_suppressed(struct planner *planner, struct letters *letters, struct error *e);

struct letters_of {
	int64_t campaign, priority, round, step, not_after_ms, now_ms;
};
/* Inside a transaction. Letters that stand there already are left alone. *written: those that are
 * new (waiting or suppressed); may be NULL. */
int letters_write(struct planner *planner, const struct letters_of *of, const struct letters *letters,
	int64_t *written, struct error *e);

#endif
