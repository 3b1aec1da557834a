/* A round as it stands in the store, and its plan. */
#ifndef VESTNIK_PLANNER_ROUND_H
#define VESTNIK_PLANNER_ROUND_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "planner/internal.h"
#include "planner/place.h"
#include "store/plan_row.h"

struct round_row {
	int64_t id, campaign, number, starts_ms;
	int64_t deadline_ms; /* TIME_NEVER_MS = none */
	char state[16];      /* draft | planned | open | closed | withdrawn */
	json_t *round;       /* of the definition, a postponed deadline in its place; owned */
	json_t *definition;  /* with this round alone; owned */
	bool told;           /* the definition has rounds: letters know of theirs (fields.h) */
};
void round_row_fini(struct round_row *row);
/* ERROR_NOT_FOUND: there is no such round. */
int round_row_load(struct planner *planner, int64_t id, struct round_row *row, struct error *e);
/* Round `number` of a campaign; 0: the first that is neither closed nor withdrawn. */
int round_row_find(struct planner *planner, int64_t campaign, int64_t number, int64_t *id, struct error *e);

bool round_asks(const struct round_row *row);
/* Deadline of a level; TIME_NEVER_MS = none. */
int64_t round_deadline_ms(const struct round_row *row, int64_t level);
/* "first", "collect_first", "acknowledge": its letter's step; -1 = none. */
int64_t round_step(const struct round_row *row, const char *which);

/* Steps of its first letters at a level, the corrected ones too: JSON array, new reference. */
json_t *round_first_steps(const struct round_row *row, int64_t level);

/* All rounds of a campaign that is launched, with their plans. false: the definition knows of no
 * rounds; nothing was written. Inside a transaction; places were looked up before. */
int rounds_write(struct planner *planner, const struct campaign_row *campaign, int64_t now_ms, bool *written,
	struct error *e);
/* The round's plan, what has not happened of it, from now on. Inside a transaction. */
int round_plan(struct planner *planner, const struct round_row *row, int64_t now_ms, struct error *e);
/* Reminders for a place the plan does not have yet. Inside a transaction. */
int round_plan_place(struct planner *planner, const struct round_row *row, const char *place, int64_t now_ms,
	struct error *e);

#endif
