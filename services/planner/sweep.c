/* What ends without a letter: rows of cancelled campaigns, letters whose time has passed; and the
 * campaigns of which nothing is left to do. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "planner/internal.h"
#include "planner/job.h"
#include "store/delivery.h"

#define CHORE_LEAST_US 200000
/* Its share of the planner's time: 1/20. */
#define CHORE_PAUSE_FACTOR 20
/* A chore that had to wait for a store that stood still is not put off for minutes. */
#define CHORE_MOST_US 2000000
/* Campaigns looked at in one go. */
#define CAMPAIGNS_MAX 64
/* Keys a restored copy may have handed out after it was made: more letters than a day has. */
#define RESTORED_KEYS_SKIP 10000000

int planner_chore(struct planner *planner, struct chore *chore,
	int (*work)(struct planner *planner, struct error *e), struct error *e)
{
	int64_t start_us = clock_mono_us();
	if (start_us < chore->next_us)
		return 0;
	int done = work(planner, e);
	int64_t end_us = clock_mono_us(), pause_us = (end_us - start_us) * CHORE_PAUSE_FACTOR;
	if (pause_us < CHORE_LEAST_US)
		pause_us = CHORE_LEAST_US;
	if (done <= 0)
		chore->next_us = end_us + (pause_us < CHORE_MOST_US ? pause_us : CHORE_MOST_US);
	return done;
}

int planner_end_unsent(struct planner *planner, const struct schedule_item *items, size_t count,
	enum delivery_state state, const char *reason, struct error *e)
{
	struct schedule_item ending[PLANNER_ITEMS_MAX];
	size_t n = 0;
	int64_t now_ms = clock_now_ms();
	for (size_t i = 0; i < count; i++) {
		if (items[i].state == DELIVERY_UNCERTAIN) {
			if (schedule_delete(planner->db, items[i].key, e) != 0)
				return -1;
			continue;
		}
		struct delivery_status status = {.key = items[i].key, .dispatch = items[i].dispatch,
			.campaign = items[i].campaign, .state = state, .time_ms = now_ms};
		strncpy(status.reason, reason, sizeof status.reason - 1);
		if (planner_publish_status(planner, &status, e) != 0)
			return -1;
		ending[n++] = items[i];
	}
	if (state == DELIVERY_CANCELLED)
		planner->totals.cancelled += (int64_t)n;
	else
		planner->totals.expired += (int64_t)n;
	return schedule_withhold(planner->db, ending, n, now_ms, e);
}

static int list_campaigns(struct planner *planner, const char *sql, int64_t now_ms, int64_t *ids,
	size_t *count, struct error *e)
{
	struct db_stmt *stmt;
	*count = 0;
	if (db_query(planner->db, &stmt, e, sql, "ii", now_ms, (int64_t)CAMPAIGNS_MAX) != 0)
		return -1;
	enum db_step step;
	while ((step = db_step(stmt, e)) == DB_ROW)
		ids[(*count)++] = db_int(stmt, 0);
	return step == DB_DONE ? 0 : -1;
}

/* One batch of one campaign's unclaimed rows; 0 when it has none. */
static int sweep(struct planner *planner, int64_t campaign, enum delivery_state state, const char *reason,
	struct error *e)
{
	size_t count;
	if (schedule_unclaimed(planner->db, campaign, PLANNER_SWEEP_MAX, planner->items, &count, e) != 0)
		return -1;
	if (count == 0)
		return 0;
	int rc = -1;
	if (planner_begin(planner, e) == 0 &&
		planner_end_unsent(planner, planner->items, count, state, reason, e) == 0 &&
		db_commit(planner->db, DB_RELAXED, e) == 0)
		rc = (int)count;
	db_rollback(planner->db);
	return rc;
}

/* ---- cancelled ------------------------------------------------------------------------ */

static bool nothing_open(const int64_t sums[static DELIVERY_STATES])
{
	return sums[DELIVERY_WAITING] + sums[DELIVERY_SENDING] + sums[DELIVERY_DEFERRED] == 0;
}

/* finished_ms of a cancelled campaign: its last row has its end. Until then rows that come back
 * from the mailers are swept too. */
static int close_cancelled(struct planner *planner, int64_t campaign, struct error *e)
{
	int64_t sums[DELIVERY_STATES];
	if (counter_sums(planner->db, campaign, sums, e) != 0)
		return -1;
	if (!nothing_open(sums))
		return 0;
	int rc = -1;
	if (planner_begin(planner, e) == 0 &&
		db_exec(planner->db, e, "UPDATE campaign SET finished_ms = $2 WHERE id = $1 AND state = 'cancelled'",
			"ii", campaign, clock_now_ms()) == 0 &&
		db_commit(planner->db, DB_RELAXED, e) == 0)
		rc = 0;
	db_rollback(planner->db);
	return rc;
}

int planner_sweep_cancelled(struct planner *planner, struct error *e)
{
	int64_t ids[CAMPAIGNS_MAX];
	size_t count;
	if (list_campaigns(planner,
		    "SELECT id FROM campaign WHERE state = 'cancelled' AND finished_ms IS NULL"
		    " AND launched_ms <= $1 ORDER BY id LIMIT $2",
		    clock_now_ms(), ids, &count, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		int swept = sweep(planner, ids[i], DELIVERY_CANCELLED, "the campaign was cancelled", e);
		if (swept != 0)
			return swept;
		if (close_cancelled(planner, ids[i], e) != 0)
			return -1;
	}
	return 0;
}

/* ---- expired --------------------------------------------------------------------------- */

/* A campaign's limit holds in every state: paused rows expire too. (Rows with a limit of their own
 * are seen when they are due.) */
int planner_sweep_expired(struct planner *planner, struct error *e)
{
	int64_t ids[CAMPAIGNS_MAX];
	size_t count;
	if (list_campaigns(planner,
		    "SELECT id FROM campaign WHERE state IN ('running', 'paused') AND not_after_ms <= $1"
		    " ORDER BY id LIMIT $2",
		    clock_now_ms(), ids, &count, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		int swept = sweep(planner, ids[i], DELIVERY_EXPIRED, "its time (not_after) had passed", e);
		if (swept != 0)
			return swept;
	}
	return 0;
}

/* ---- finished --------------------------------------------------------------------------- */

static int finish_one(struct planner *planner, int64_t campaign, struct error *e)
{
	struct campaign_row row = {0};
	int64_t sums[DELIVERY_STATES];
	int rc = planner_begin(planner, e);
	/* Looked at again under the lock: a retry may have come in between. */
	if (rc == 0 && (campaign_row_by_id(planner->db, campaign, &row, e) != DB_ROW ||
			       counter_sums(planner->db, campaign, sums, e) != 0))
		rc = -1;
	if (rc == 0 && (!nothing_open(sums) || (row.state != CAMPAIGN_RUNNING && row.state != CAMPAIGN_PAUSED)))
		goto out;
	if (rc == 0)
		rc = db_exec(planner->db, e,
			"UPDATE campaign SET state = 'finished', state_reason = NULL, finished_ms = $2"
			" WHERE id = $1",
			"ii", campaign, clock_now_ms());
	if (rc == 0)
		rc = planner_publish_campaign(planner, &row, "finished", NULL, sums, e);
	if (rc == 0)
		rc = db_commit(planner->db, DB_RELAXED, e);
	if (rc == 0)
		log_info("campaign_finished", "campaign=%s total=%lld accepted=%lld failed=%lld uncertain=%lld",
			row.slug, (long long)row.total, (long long)sums[DELIVERY_ACCEPTED],
			(long long)sums[DELIVERY_FAILED], (long long)sums[DELIVERY_UNCERTAIN]);
out:
	db_rollback(planner->db);
	campaign_row_fini(&row);
	return rc == 0 ? 1 : -1;
}

/* Finished: nothing is planned, the last round is closed (one without a deadline has none), all are
 * written out, and every recipient is in a terminal state – from the counters, which are never
 * recounted. An uncertain letter is terminal when nothing will send it again: it has no row in the
 * schedule. 0, 1, 3: waiting, sending, deferred. */
int planner_finish(struct planner *planner, struct error *e)
{
	if (planner->finish_unmarked && bus_mark(planner->bus, BUS_STATUS, &planner->finish_mark, e) != 0)
		return -1;
	planner->finish_unmarked = false;
	if (planner->finish_marked) {
		/* Retries on their way to the ledger are not in the counters yet. */
		int passed = bus_passed(planner->bus, PLANNER_LEDGER_GROUP, &planner->finish_mark, e);
		if (passed <= 0)
			return passed;
		planner->finish_marked = false;
	}
	int64_t ids[CAMPAIGNS_MAX];
	size_t count;
	if (list_campaigns(planner,
		    "SELECT c.id FROM campaign c WHERE c.state IN ('running', 'paused') AND c.expanded = 1"
		    " AND c.launched_ms <= $1"
		    " AND NOT EXISTS (SELECT 1 FROM expand x WHERE x.campaign = c.id AND x.done = 0)"
		    " AND NOT EXISTS (SELECT 1 FROM plan p WHERE p.campaign = c.id AND p.state = 'planned')"
		    " AND NOT EXISTS (SELECT 1 FROM round r WHERE r.campaign = c.id AND (r.state = 'planned'"
		    " OR (r.state = 'open' AND r.deadline_ms IS NOT NULL)))"
		    " AND NOT EXISTS (SELECT 1 FROM counter k WHERE k.campaign = c.id AND k.state IN (0, 1, 3)"
		    " GROUP BY k.campaign HAVING sum(k.n) <> 0)"
		    " AND NOT EXISTS (SELECT 1 FROM trouble t JOIN schedule s ON s.key = t.key"
		    " WHERE t.campaign = c.id AND t.state = 2)"
		    " ORDER BY c.id LIMIT $2",
		    clock_now_ms(), ids, &count, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (finish_one(planner, ids[i], e) < 0)
			return -1;
	return (int)count;
}

/* ---- after a restored backup --------------------------------------------------------------- */

/* The copy says so itself (meta.restored, written by store_backup). What it would send may have
 * been sent long ago: every campaign waits for an operator. */
int planner_pause_restored(struct planner *planner, struct error *e)
{
	int64_t restored = 0, id = 0;
	enum db_step step = db_query_int(planner->db, &restored, e,
		"SELECT 1 FROM meta WHERE name = 'restored' AND value = '1'", "");
	if (step != DB_ROW)
		return step == DB_DONE ? 0 : -1;
	static const char reason[] = "the store was restored from a backup: check what was sent, then resume";
	int paused = 0, rc = planner_begin(planner, e);
	while (rc == 0 && (step = db_query_int(planner->db, &id, e,
				   "SELECT id FROM campaign WHERE state = 'running' AND id > $1 ORDER BY id LIMIT 1",
				   "i", id)) == DB_ROW) {
		struct campaign_row row;
		rc = campaign_row_by_id(planner->db, id, &row, e) == DB_ROW ? 0 : -1;
		if (rc == 0)
			rc = campaign_row_set_state(planner->db, id, CAMPAIGN_PAUSED, reason, e);
		if (rc == 0)
			rc = planner_publish_campaign(planner, &row, "paused", reason, NULL, e);
		campaign_row_fini(&row);
		paused++;
	}
	if (rc == 0 && step == DB_FAILED)
		rc = -1;
	if (rc == 0)
		rc = job_keep_paused(planner, 0, e);
	if (rc == 0)
		rc = delivery_keys_skip(planner->db, RESTORED_KEYS_SKIP, e);
	if (rc == 0)
		rc = db_exec(planner->db, e, "DELETE FROM meta WHERE name = 'restored'", "");
	if (rc == 0)
		rc = db_commit(planner->db, DB_DURABLE, e);
	db_rollback(planner->db);
	if (rc == 0)
		log_warn("store_restored", "paused=%d", paused);
	return rc == 0 ? 1 : -1;
}
