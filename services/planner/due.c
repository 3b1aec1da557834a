/* The due loop: what is due becomes a job. Rows are chosen outside the transaction; the claim in
 * it fails as a whole when one of them went away meanwhile. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "planner/internal.h"
#include "planner/share.h"

/* Jobs a transaction: 512 rows hold the write lock some 3 ms. */
#define BATCH_MAX 512
/* Candidates read for each job to be: room to let domains take turns. */
#define CANDIDATES_PER_JOB 2
/* Campaigns served in one pass; the next pass goes on behind them. */
#define CAMPAIGNS_PER_PASS 64
/* Urgent jobs not sent yet before the urgent line waits too. */
#define URGENT_LAG_MAX 20000

static int compare_keys(const void *a, const void *b)
{
	const struct schedule_item *x = a, *y = b;
	return x->key < y->key ? -1 : x->key > y->key;
}

/* items: in the order of sending; changed. One transaction: dispatches what may go, ends what came
 * too late. */
static int dispatch(struct planner *planner, struct schedule_item *items, size_t count, bool urgent,
	struct error *e)
{
	struct schedule_item late[BATCH_MAX], claimed[BATCH_MAX];
	size_t going = 0, late_count = 0;
	int64_t now_ms = clock_now_ms();
	for (size_t i = 0; i < count; i++) {
		if (items[i].not_after_ms <= now_ms)
			late[late_count++] = items[i];
		else
			items[going++] = items[i];
	}
	if (going + late_count == 0)
		return 0;
	/* In key order the claim touches each page once. */
	memcpy(claimed, items, going * sizeof *items);
	qsort(claimed, going, sizeof *claimed, compare_keys);
	if (planner_begin(planner, e) != 0)
		return -1;
	int rc = schedule_claim(planner->db, claimed, going, now_ms, e);
	if (rc == 0)
		rc = planner_publish_jobs(planner, items, going, urgent, e);
	if (rc == 0 && late_count > 0)
		rc = planner_end_unsent(planner, late, late_count, DELIVERY_EXPIRED,
			"its time (not_after) had passed", e);
	/* Relaxed: claim and job are one transaction; what a power cut takes back, it takes back whole. */
	if (rc == 0)
		rc = db_commit(planner->db, DB_RELAXED, e);
	db_rollback(planner->db);
	if (rc != 0)
		return -1;
	planner->totals.dispatched += (int64_t)going;
	if (!urgent)
		lookahead_published(&planner->lookahead, (int64_t)going);
	return (int)(going + late_count);
}

int planner_dispatch_urgent(struct planner *planner, struct error *e)
{
	size_t count;
	if (schedule_due_urgent(planner->db, clock_now_ms(), BATCH_MAX, planner->items, &count, e) != 0)
		return -1;
	if (count == 0)
		return 0;
	int64_t lag;
	if (bus_lag(planner->bus, BUS_MAIL_URGENT, PLANNER_MAIL_GROUP, &lag, e) != 0)
		return -1;
	return lag > URGENT_LAG_MAX ? 0 : dispatch(planner, planner->items, count, true, e);
}

/* ---- bulk ---------------------------------------------------------------------------- */

struct turn {
	int64_t campaign;
	bool local;          /* hours are the recipient's: each row is looked at */
	struct campaign *loaded; /* only with local */
};

/* Does this campaign send now? Hours hold at every dispatch, not only for the first letter: a
 * retry, or a resume in the evening, waits for the morning. */
static int may_send(struct planner *planner, int64_t id, int64_t now_ms, struct turn *turn, bool *may,
	struct error *e)
{
	struct campaign_row row;
	*may = false;
	enum db_step step = campaign_row_by_id(planner->db, id, &row, e);
	if (step != DB_ROW)
		return step == DB_FAILED ? -1 : 0;
	bool running = row.state == CAMPAIGN_RUNNING, timed = strcmp(row.kind, "campaign") == 0;
	campaign_row_fini(&row);
	*turn = (struct turn){.campaign = id};
	*may = running;
	if (!running || !timed)
		return 0;
	struct campaign *campaign;
	if (planner_campaign(planner, id, &campaign, e) != 0)
		return -1;
	const json_t *send = json_object_get(campaign_definition(campaign), "send");
	if (json_integer_value(json_object_get(send, "open_minute")) ==
		json_integer_value(json_object_get(send, "close_minute")))
		return 0;
	turn->local = json_is_true(json_object_get(send, "local"));
	if (turn->local) {
		turn->loaded = campaign;
		return 0;
	}
	int64_t due_ms;
	if (campaign_due_ms(campaign, NULL, now_ms, &due_ms, e) != 0)
		return -1;
	*may = due_ms <= now_ms;
	return 0;
}

static int find_turns(struct planner *planner, int64_t now_ms, struct turn *turns, size_t *count,
	struct error *e)
{
	int64_t after = planner->after_campaign, id;
	bool wrapped = after == 0;
	*count = 0;
	for (int looked = 0; looked < CAMPAIGNS_PER_PASS; looked++) {
		enum db_step step = schedule_next_campaign(planner->db, after, &id, e);
		if (step == DB_FAILED)
			return -1;
		if (step == DB_DONE && wrapped)
			break;
		if (step == DB_DONE) {
			wrapped = true;
			after = 0;
			continue;
		}
		if (wrapped && planner->after_campaign != 0 && id > planner->after_campaign)
			break; /* once round */
		after = id;
		struct schedule_item first;
		size_t any;
		bool may;
		if (schedule_due_bulk(planner->db, id, now_ms, 1, &first, &any, e) != 0)
			return -1;
		if (any == 0)
			continue;
		if (may_send(planner, id, now_ms, &turns[*count], &may, e) != 0)
			return -1;
		*count += may;
	}
	planner->after_campaign = after;
	return 0;
}

/* Recipients outside their own hours are moved to where they open; the others stay in items. */
static int keep_open(struct planner *planner, const struct turn *turn, int64_t now_ms,
	struct schedule_item *items, size_t *count, struct error *e)
{
	size_t kept = 0;
	int rc = 0;
	bool begun = false;
	for (size_t i = 0; i < *count; i++) {
		int64_t due_ms = now_ms;
		if (rc == 0)
			rc = campaign_due_ms(turn->loaded, items[i].zone, now_ms, &due_ms, e);
		free(items[i].zone);
		items[i].zone = NULL;
		if (due_ms <= now_ms) {
			items[kept++] = items[i];
			continue;
		}
		if (rc == 0 && !begun) {
			rc = planner_begin(planner, e);
			begun = rc == 0;
		}
		if (rc == 0)
			rc = schedule_move(planner->db, items[i].key, due_ms, e);
	}
	if (rc == 0 && begun)
		rc = db_commit(planner->db, DB_RELAXED, e);
	db_rollback(planner->db);
	*count = kept;
	return rc;
}

static int candidates(struct planner *planner, const struct turn *turn, int64_t now_ms, size_t most,
	struct schedule_item *out, size_t *count, struct error *e)
{
	if (!turn->local)
		return schedule_due_bulk(planner->db, turn->campaign, now_ms, most, out, count, e);
	if (schedule_due_zones(planner->db, turn->campaign, now_ms, most, out, count, e) != 0)
		return -1;
	return keep_open(planner, turn, now_ms, out, count, e);
}

/* Up to `most` jobs' items in the order of sending. */
static int choose(struct planner *planner, size_t most, struct schedule_item *out, size_t *count,
	struct error *e)
{
	struct turn turns[CAMPAIGNS_PER_PASS];
	size_t n, offset = 0, start[CAMPAIGNS_PER_PASS], have[CAMPAIGNS_PER_PASS], part[CAMPAIGNS_PER_PASS];
	int64_t now_ms = clock_now_ms();
	*count = 0;
	if (find_turns(planner, now_ms, turns, &n, e) != 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		size_t wish = CANDIDATES_PER_JOB * ((most + n - 1) / n);
		start[i] = offset;
		if (candidates(planner, &turns[i], now_ms, wish, planner->items + offset, &have[i], e) != 0)
			return -1;
		offset += have[i];
	}
	share_split(most, have, part, n);
	for (size_t i = 0; i < n; i++) {
		share_by_domain(planner->items + start[i], have[i]);
		memcpy(out + *count, planner->items + start[i], part[i] * sizeof *out);
		*count += part[i];
	}
	share_by_campaign(out, *count);
	return 0;
}

int planner_dispatch_bulk(struct planner *planner, struct error *e)
{
	int64_t lag;
	if (bus_lag(planner->bus, BUS_MAIL, PLANNER_MAIL_GROUP, &lag, e) != 0)
		return -1;
	lookahead_measure(&planner->lookahead, lag, clock_mono_us());
	int64_t target = lookahead_target(&planner->lookahead, planner->settings), room = target - lag;
	planner->totals.rate = (int64_t)planner->lookahead.rate_per_s;
	planner->totals.look_ahead = target;
	/* Not for every letter that leaves: an eighth at a time. */
	if (room <= 0 || (room < target / 8 && room < BATCH_MAX))
		return 0;
	struct schedule_item chosen[BATCH_MAX];
	size_t count;
	if (choose(planner, room < BATCH_MAX ? (size_t)room : BATCH_MAX, chosen, &count, e) != 0)
		return -1;
	return count == 0 ? 0 : dispatch(planner, chosen, count, false, e);
}
