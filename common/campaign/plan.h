/* The plan of a campaign: what happens to each round, when and why. Pure: the same definition,
 * calendars, places and now give the same plan. The planner stores it as rows of `plan` when the
 * campaign is launched, postponed or corrected; `vestnik simulate` and `check` print it. */
#ifndef VESTNIK_CAMPAIGN_PLAN_H
#define VESTNIK_CAMPAIGN_PLAN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "calendar/workdays.h"

enum plan_kind {
	PLAN_OPEN,       /* the round's first letters go */
	PLAN_REMINDER,
	PLAN_CLOSE,      /* the deadline of a level: later answers are late */
	PLAN_ESCALATION,
	PLAN_REPORT,
	PLAN_KINDS
};
const char *plan_kind_name(enum plan_kind kind); /* "open": plan.kind */

/* Where recipients live: a time zone, its calendar, how many there are. */
struct plan_place {
	const char *zone;
	const struct workdays *workdays;
	int64_t count[2];     /* by level; for people only */
};

struct plan_row {
	int64_t round_number; /* definition.rounds[].number */
	enum plan_kind kind;
	int64_t step;         /* reminder: delivery.step; escalation: its index; else 0 */
	int level;            /* reminder, close: of the asks it is about; escalation to the parents in
	                       * a cascade: 1, after the earlier deadline; else 0 */
	const char *place;    /* reminder: plan_place.zone; else "" */
	int64_t due_ms;
	bool overtaken;       /* its moment was before now, or joined with another: reason says so */
	char *reason_en, *reason_ru;
};
struct plan_rows {
	struct plan_row *item; /* by due_ms */
	size_t count;
};
/* Draft rounds have no rows. ERROR_INPUT: unknown zone; ERROR_INTERNAL: a wrong definition. */
int plan_make(const json_t *definition, const struct workdays *workdays, const struct plan_place *places,
	size_t count, int64_t now_ms, struct plan_rows *out, struct error *e);
void plan_rows_fini(struct plan_rows *rows);

#endif
