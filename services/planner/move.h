/* What the due loop does with a row of plan when its moment has come. Each returns the number of
 * things done; 0: it waits for something; -1: trouble, and nothing was changed. */
#ifndef VESTNIK_PLANNER_MOVE_H
#define VESTNIK_PLANNER_MOVE_H

#include "planner/round.h"

int move_reminder(struct planner *planner, const struct plan_entry *entry, struct error *e);
int move_escalation(struct planner *planner, const struct plan_entry *entry, struct error *e);
int move_report(struct planner *planner, const struct plan_entry *entry, struct error *e);

/* Ends a row in a transaction of its own. 1. */
int move_end(struct planner *planner, const struct plan_entry *entry, const char *state, const char *reason,
	struct error *e);

#endif
