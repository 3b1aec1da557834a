/* What comes with the first letters of a round, in the transaction that writes them: asks, who is to
 * acknowledge, and the ends of the letters' fields. */
#ifndef VESTNIK_PLANNER_OPENING_H
#define VESTNIK_PLANNER_OPENING_H

#include "planner/fields.h"
#include "planner/letters.h"
#include "planner/round.h"

/* One batch of recipients of one level. */
struct opening {
	const struct round_row *round;
	int64_t level;        /* 0 the recipients, 1 their children */
	bool asks;
	struct fields_end end;
	int64_t priority, now_ms;
};

/* Before the transaction. level 1: letters to organisations that are nobody's child in this round
 * are taken out of `letters`. */
int opening_prepare(struct planner *planner, struct opening *opening, const struct round_row *round,
	int64_t level, struct letters *letters, struct error *e);
void opening_fini(struct opening *opening);
/* Inside the transaction, before the letters are written: opens the asks, plans reminders for places
 * that have none, and completes the letters' fields. */
int opening_write(struct planner *planner, struct opening *opening, struct letters *letters, struct error *e);
/* After the letters: the people of these organisations that are to acknowledge, each with a letter. */
int opening_acknowledgements(struct planner *planner, const struct opening *opening,
	const struct letters *letters, struct error *e);
/* When the round opens: the persons campaign.yaml names, each with a letter. */
int opening_persons(struct planner *planner, const struct round_row *round, int64_t priority, int64_t now_ms,
	struct error *e);

#endif
