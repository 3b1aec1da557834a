/* The sweeper of stuck rows. It should find nothing: a job that is done has an outcome on the bus,
 * and the ledger applies it. In three stages, each waiting for the mark of the one before:
 *   1. everything published to the mailers until T is finished by them,
 *   2. everything they had said about it until then is applied by the ledger,
 *   3. rows claimed before T, and over stuck_after ago, are in nobody's hands: due again.
 * A row `sending` becomes uncertain instead: its letter may have gone. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "planner/internal.h"

#define PAUSE_MS 60000
#define LOGGED_MAX 20

static int take_marks(struct planner *planner, struct error *e)
{
	struct stuck *stuck = &planner->stuck;
	stuck->before_ms = clock_now_ms();
	if (bus_mark(planner->bus, BUS_MAIL, &stuck->mail, e) != 0 ||
		bus_mark(planner->bus, BUS_MAIL_URGENT, &stuck->urgent, e) != 0)
		return -1;
	stuck->stage = STUCK_MAIL;
	return 0;
}

static int free_row(struct planner *planner, const struct schedule_item *item, int64_t now_ms,
	struct error *e)
{
	if (item->state != DELIVERY_SENDING || item->state_dispatch != item->dispatch)
		return schedule_unclaim(planner->db, item->key, now_ms, e);
	struct delivery_status status = {.key = item->key, .dispatch = item->dispatch,
		.campaign = item->campaign, .state = DELIVERY_UNCERTAIN, .time_ms = now_ms};
	(void)snprintf(status.reason, sizeof status.reason, "no outcome came for a letter that was on the wire");
	return planner_publish_status(planner, &status, e) != 0
		? -1
		: schedule_withhold(planner->db, item, 1, now_ms, e);
}

static int free_rows(struct planner *planner, size_t count, struct error *e)
{
	int64_t now_ms = clock_now_ms();
	if (planner_begin(planner, e) != 0)
		return -1;
	int rc = 0;
	for (size_t i = 0; i < count && rc == 0; i++) {
		rc = free_row(planner, &planner->items[i], now_ms, e);
		if (i < LOGGED_MAX)
			log_warn("stuck_row", "key=%lld dispatch=%lld state=%s",
				(long long)planner->items[i].key, (long long)planner->items[i].dispatch,
				delivery_state_name(planner->items[i].state));
	}
	if (rc == 0)
		rc = db_commit(planner->db, DB_RELAXED, e);
	db_rollback(planner->db);
	if (rc != 0)
		return -1;
	planner->totals.stuck += (int64_t)count;
	log_error("stuck_rows", "found=%zu", count);
	return (int)count;
}

static int look(struct planner *planner, struct error *e)
{
	int64_t before_ms = clock_now_ms() - planner->settings->planner.stuck_after_ms;
	if (before_ms > planner->stuck.before_ms)
		before_ms = planner->stuck.before_ms;
	size_t count;
	if (schedule_claimed_before(planner->db, before_ms, PLANNER_SWEEP_MAX, planner->items, &count, e) != 0)
		return -1;
	return count == 0 ? 0 : free_rows(planner, count, e);
}

int planner_sweep_stuck(struct planner *planner, struct error *e)
{
	struct stuck *stuck = &planner->stuck;
	int64_t now_ms = clock_mono_ms();
	if (now_ms < stuck->next_ms)
		return 0;
	int passed = 1;
	if (stuck->stage == STUCK_IDLE && take_marks(planner, e) != 0)
		return -1;
	if (stuck->stage == STUCK_MAIL) {
		passed = bus_passed(planner->bus, PLANNER_MAIL_GROUP, &stuck->mail, e);
		if (passed > 0)
			passed = bus_passed(planner->bus, PLANNER_MAIL_GROUP, &stuck->urgent, e);
		if (passed > 0 && bus_mark(planner->bus, BUS_STATUS, &stuck->status, e) != 0)
			return -1;
		if (passed > 0)
			stuck->stage = STUCK_STATUS;
	}
	if (stuck->stage == STUCK_STATUS)
		passed = bus_passed(planner->bus, PLANNER_LEDGER_GROUP, &stuck->status, e);
	if (passed <= 0) {
		stuck->next_ms = now_ms + 1000;
		return passed;
	}
	int found = look(planner, e);
	if (found > 0)
		return found; /* there may be more under the same marks */
	stuck->stage = STUCK_IDLE;
	stuck->next_ms = now_ms + PAUSE_MS;
	return found;
}
