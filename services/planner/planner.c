#include "planner/planner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "planner/internal.h"
#include "planner/place.h"

/* Between two pieces of work the write lock is left to the others: a planner that takes it back
 * to back makes them wait 100 ms and more. */
#define PAUSE_MS 2
/* The mailers' places are stored every 100 ms on the embedded bus, every 200 ms on Kafka, and asked
 * for there every 50 ms: a rate wants several of them. */
#define SPAN_EMBEDDED_US 100000
#define SPAN_US 1000000
/* Kinds of bulk work that take turns. */
#define TURNS 5

static int subscribe(struct planner *planner, struct error *e)
{
	static const char *const topics[] = {BUS_TASKS, NULL};
	struct bus_consumer_options options = {.group = PLANNER_GROUP, .topics = topics, .window = 64};
	return bus_subscribe(planner->bus, &options, &planner->consumer, e);
}

int planner_open(struct planner **out, const struct planner_config *config, struct error *e)
{
	struct planner *planner = xcalloc(1, sizeof *planner);
	planner->db = config->db;
	planner->bus = config->bus;
	planner->settings = config->settings;
	planner->key = config->key;
	planner->alone = strncmp(config->settings->bus_url, "embedded", 8) == 0;
	planner->instance = xstrdup(config->instance);
	planner->items = xcalloc(PLANNER_ITEMS_MAX, sizeof *planner->items);
	planner->places = places_new(config->settings);
	planner->lease = (struct lease){.name = PLANNER_LEASE, .holder = planner->instance,
		.duration_ms = config->settings->planner.lease_ms};
	planner->lookahead.span_us = planner->alone ? SPAN_EMBEDDED_US : SPAN_US;
	planner->busy = true; /* lead at once */
	if (planner->alone && subscribe(planner, e) != 0) {
		planner_abandon(&planner);
		return -1;
	}
	*out = planner;
	return 0;
}

static void forget_campaigns(struct planner *planner)
{
	for (size_t i = 0; i < CAMPAIGNS_KEPT; i++)
		campaign_free(&planner->campaigns[i].campaign);
}

void planner_abandon(struct planner **planner)
{
	struct planner *old = *planner;
	if (old == NULL)
		return;
	forget_campaigns(old);
	bus_unsubscribe(&old->consumer);
	places_free(&old->places);
	free(old->items);
	free(old->instance);
	free(old);
	*planner = NULL;
}

void planner_close(struct planner **planner)
{
	if (*planner != NULL)
		lease_release((*planner)->db, &(*planner)->lease);
	planner_abandon(planner);
}

void planner_interrupt(struct planner *planner)
{
	if (planner->consumer != NULL)
		bus_interrupt(planner->consumer);
}

void planner_totals(const struct planner *planner, struct planner_totals *out)
{
	*out = (struct planner_totals){.tasks = planner->totals.tasks,
		.refused = planner->totals.refused,
		.expanded = planner->totals.expanded,
		.reminded = planner->totals.reminded,
		.dispatched = planner->totals.dispatched,
		.expired = planner->totals.expired,
		.cancelled = planner->totals.cancelled,
		.stuck = planner->totals.stuck,
		.leading = planner->totals.leading,
		.rate_per_s = planner->totals.rate,
		.look_ahead = planner->totals.look_ahead};
}

/* ---- leading --------------------------------------------------------------------------- */

/* Also the tasks are the leader's alone: what a planner writes, it writes under its token. */
static int begin_leading(struct planner *planner, struct error *e)
{
	if (planner->consumer == NULL && subscribe(planner, e) != 0)
		return -1;
	log_info("leading", "token=%lld", (long long)planner->lease.token);
	planner->leading = true;
	planner->totals.leading = true;
	/* What this one knew is old (campaigns may have been corrected since), and retries a former one
	 * published may be on their way to the ledger. */
	forget_campaigns(planner);
	planner->lookahead = (struct lookahead){.span_us = planner->lookahead.span_us};
	planner->stuck = (struct stuck){0};
	planner->finish_marked = planner->finish_unmarked = true;
	planner->restored_checked = false;
	return 0;
}

static void end_leading(struct planner *planner)
{
	if (planner->leading)
		log_info("not_leading", "token=%lld", (long long)planner->lease.token);
	planner->leading = false;
	planner->totals.leading = false;
}

int planner_begin(struct planner *planner, struct error *e)
{
	if (db_begin(planner->db, DB_WRITE, e) != 0)
		return -1;
	if (lease_confirm(planner->db, &planner->lease, e) != 0) {
		db_rollback(planner->db);
		if (e->code == ERROR_LOST)
			end_leading(planner);
		return -1;
	}
	planner->confirmed_ms = clock_mono_ms();
	return 0;
}

static int prolong(struct planner *planner, struct error *e)
{
	if (clock_mono_ms() - planner->confirmed_ms < planner->lease.duration_ms / 3)
		return 0;
	if (planner_begin(planner, e) != 0)
		return -1;
	return db_commit(planner->db, DB_RELAXED, e);
}

/* Alone there is nobody to wait for: a lease somebody else holds is a dead one's. */
static int lead(struct planner *planner, struct error *e)
{
	if (planner->leading)
		return prolong(planner, e);
	bool held;
	int64_t now_ms = clock_mono_ms();
	if (planner->confirmed_ms != 0 && now_ms - planner->confirmed_ms < planner->lease.duration_ms / 10)
		return 0;
	planner->confirmed_ms = now_ms;
	if (lease_take(planner->db, &planner->lease, planner->alone, &held, e) != 0) {
		if (e->code != ERROR_CONFLICT)
			return -1;
		error_clear(e); /* the leader prolonged it at the same moment */
		return 0;
	}
	return held ? begin_leading(planner, e) : 0;
}

/* Not leading: out of the group, so that nothing is read that could not be accepted. */
static void stand_by(struct planner *planner, int wait_ms)
{
	if (!planner->alone)
		bus_unsubscribe(&planner->consumer);
	struct timespec left = {.tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1000000};
	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
		;
}

void planner_forget_campaign(struct planner *planner, int64_t id)
{
	for (size_t i = 0; i < CAMPAIGNS_KEPT; i++)
		if (planner->campaigns[i].id == id)
			campaign_free(&planner->campaigns[i].campaign);
}

int planner_campaign(struct planner *planner, int64_t id, struct campaign **out, struct error *e)
{
	return planner_campaign_round(planner, id, 0, false, out, e);
}

int planner_campaign_round(struct planner *planner, int64_t id, int64_t number, bool collect,
	struct campaign **out, struct error *e)
{
	struct kept_campaign *oldest = &planner->campaigns[0];
	planner->campaigns_clock++;
	for (size_t i = 0; i < CAMPAIGNS_KEPT; i++) {
		struct kept_campaign *kept = &planner->campaigns[i];
		if (kept->campaign != NULL && kept->id == id && kept->number == number &&
			kept->collect == collect) {
			kept->used = planner->campaigns_clock;
			*out = kept->campaign;
			return 0;
		}
		if (kept->used < oldest->used)
			oldest = kept;
	}
	struct campaign *loaded;
	if (campaign_load_round(planner->db, id, number, collect, &loaded, e) != 0)
		return -1;
	campaign_free(&oldest->campaign);
	*oldest = (struct kept_campaign){.id = id, .number = number, .collect = collect, .used = planner->campaigns_clock, .campaign = loaded};
	*out = loaded;
	return 0;
}

/* ---- a pass ------------------------------------------------------------------------------ */

static int cancelled(struct planner *planner, struct error *e)
{
	return planner_chore(planner, &planner->cancelled, planner_sweep_cancelled, e);
}

static int expired(struct planner *planner, struct error *e)
{
	return planner_chore(planner, &planner->expired, planner_sweep_expired, e);
}

static int moves(struct planner *planner, struct error *e)
{
	return planner_chore(planner, &planner->moves, planner_move, e);
}

/* Bulk work takes turns, one transaction a pass, so that expansion overlaps with sending. */
static int bulk(struct planner *planner, struct error *e)
{
	static int (*const work[TURNS])(struct planner *, struct error *) = {planner_expand,
		planner_dispatch_bulk, moves, cancelled, expired};
	for (int i = 0; i < TURNS; i++) {
		planner->turn = (planner->turn + 1) % TURNS;
		int done = work[planner->turn](planner, e);
		if (done != 0)
			return done;
	}
	return 0;
}

static int work(struct planner *planner, struct error *e)
{
	if (!planner->restored_checked) {
		if (planner_pause_restored(planner, e) < 0)
			return -1;
		planner->restored_checked = true;
	}
	int urgent = planner_dispatch_urgent(planner, e);
	if (urgent < 0)
		return -1;
	/* The bulk waits a pass, but not for ever: a stream of notices must not stop it. */
	planner->urgent_turn = urgent > 0 && !planner->urgent_turn;
	if (planner->urgent_turn)
		return urgent;
	int done = bulk(planner, e);
	if (done != 0 || urgent > 0)
		return done < 0 ? -1 : done + urgent;
	int finished = planner_chore(planner, &planner->finish, planner_finish, e);
	return finished != 0 ? finished : planner_sweep_stuck(planner, e);
}

int planner_meanwhile(struct planner *planner, struct error *e)
{
	if (lead(planner, e) != 0)
		return -1;
	if (!planner->leading)
		return error_set(e, ERROR_LOST, "another planner leads");
	return work(planner, e) < 0 ? -1 : 0;
}

static int pass(struct planner *planner, int wait_ms, struct error *e)
{
	int tasks = planner_accept(planner, wait_ms, e);
	int done = tasks < 0 ? -1 : work(planner, e);
	return done < 0 ? -1 : tasks + done;
}

int planner_step(struct planner *planner, int max_wait_ms, struct error *e)
{
	if (lead(planner, e) != 0 && e->code != ERROR_LOST)
		return -1;
	if (!planner->leading) {
		error_clear(e);
		planner->busy = false;
		stand_by(planner, max_wait_ms);
		return 0;
	}
	int wait_ms = planner->busy && PAUSE_MS < max_wait_ms ? PAUSE_MS : max_wait_ms;
	int done = pass(planner, wait_ms, e);
	if (done < 0 && e->code == ERROR_LOST && !planner->leading) { /* another does the work */
		error_clear(e);
		done = 0;
	}
	planner->busy = done > 0;
	return done;
}
