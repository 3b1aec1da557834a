#include "ledger/outcomes.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "store/outcome.h"

static bool same(const struct ledger_outcome *o, const struct ledger_outcome *wanted)
{
	return o->minute == wanted->minute && o->state == wanted->state && o->part == wanted->part &&
		strcmp(o->relay, wanted->relay) == 0;
}

static struct ledger_outcome *slot(struct ledger_outcomes *outcomes, const struct ledger_outcome *wanted)
{
	if (outcomes->last < outcomes->count && same(&outcomes->item[outcomes->last], wanted))
		return &outcomes->item[outcomes->last];
	for (size_t i = 0; i < outcomes->count; i++)
		if (same(&outcomes->item[i], wanted)) {
			outcomes->last = i;
			return &outcomes->item[i];
		}
	if (outcomes->count == outcomes->room) {
		outcomes->room = outcomes->room == 0 ? 16 : outcomes->room * 2;
		outcomes->item = xrealloc(outcomes->item, outcomes->room, sizeof *outcomes->item);
	}
	outcomes->last = outcomes->count++;
	outcomes->item[outcomes->last] = *wanted;
	return &outcomes->item[outcomes->last];
}

void ledger_outcomes_add(struct ledger_outcomes *outcomes, const struct delivery_status *event,
	enum delivery_state state, int32_t part)
{
	struct ledger_outcome wanted = {
		.minute = event->time_ms / OUTCOME_MINUTE_MS, .state = state, .part = part};
	if (state == DELIVERY_WAITING || state == DELIVERY_SENDING || state == DELIVERY_RETURNED)
		return;
	snprintf(wanted.relay, sizeof wanted.relay, "%s", event->relay);
	slot(outcomes, &wanted)->n++;
}

/* One order for all writers, so that none waits for another in a circle. */
static int compare(const void *a, const void *b)
{
	const struct ledger_outcome *x = a, *y = b;
	if (x->minute != y->minute)
		return x->minute < y->minute ? -1 : 1;
	int order = strcmp(x->relay, y->relay);
	return order != 0 ? order : x->state != y->state ? (int)x->state - (int)y->state : x->part - y->part;
}

int ledger_outcomes_write(struct ledger_outcomes *outcomes, struct db *tx, struct error *e)
{
	if (outcomes->count > 1)
		qsort(outcomes->item, outcomes->count, sizeof *outcomes->item, compare);
	for (size_t i = 0; i < outcomes->count; i++) {
		const struct ledger_outcome *o = &outcomes->item[i];
		if (outcome_add(tx, o->minute, o->relay, o->state, o->part, o->n, e) != 0)
			return -1;
	}
	return 0;
}

void ledger_outcomes_fini(struct ledger_outcomes *outcomes)
{
	free(outcomes->item);
	*outcomes = (struct ledger_outcomes){0};
}
