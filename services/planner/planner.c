#include "planner/planner.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "planner/internal.h"

/* Between two pieces of work the write lock is left to the others: a planner that takes it back
 * to back makes them wait 100 ms and more. */
#define PAUSE_MS 2
/* Kinds of bulk work that take turns. */
#define TURNS 4

int planner_open(struct planner **out, const struct planner_config *config, struct error *e)
{
	static const char *const topics[] = {BUS_TASKS, NULL};
	struct bus_consumer_options options = {.group = PLANNER_GROUP, .topics = topics, .window = 64};
	struct bus_consumer *consumer;
	if (bus_subscribe(config->bus, &options, &consumer, e) != 0)
		return -1;
	struct planner *planner = xcalloc(1, sizeof *planner);
	planner->db = config->db;
	planner->bus = config->bus;
	planner->settings = config->settings;
	planner->consumer = consumer;
	planner->instance = xstrdup(config->instance);
	planner->items = xcalloc(PLANNER_ITEMS_MAX, sizeof *planner->items);
	planner->lease = (struct lease){.name = PLANNER_LEASE, .holder = planner->instance,
		.duration_ms = config->settings->planner.lease_ms};
	planner->busy = true; /* lead at once */
	/* Retries a former planner published may be on their way to the ledger. */
	planner->finish_marked = true;
	if (bus_mark(planner->bus, BUS_STATUS, &planner->finish_mark, e) != 0) {
		planner_abandon(&planner);
		return -1;
	}
	*out = planner;
	return 0;
}

void planner_abandon(struct planner **planner)
{
	struct planner *old = *planner;
	if (old == NULL)
		return;
	for (size_t i = 0; i < CAMPAIGNS_KEPT; i++)
		campaign_free(&old->campaigns[i].campaign);
	bus_unsubscribe(&old->consumer);
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
	bus_interrupt(planner->consumer);
}

void planner_totals(const struct planner *planner, struct planner_totals *out)
{
	*out = (struct planner_totals){.tasks = planner->totals.tasks,
		.refused = planner->totals.refused,
		.expanded = planner->totals.expanded,
		.dispatched = planner->totals.dispatched,
		.expired = planner->totals.expired,
		.cancelled = planner->totals.cancelled,
		.stuck = planner->totals.stuck,
		.leading = planner->totals.leading,
		.rate_per_s = planner->totals.rate,
		.look_ahead = planner->totals.look_ahead};
}

/* ---- leading --------------------------------------------------------------------------- */

static void set_leading(struct planner *planner, bool leading)
{
	if (planner->leading != leading)
		log_info(leading ? "leading" : "not_leading", "token=%lld", (long long)planner->lease.token);
	planner->leading = leading;
	planner->totals.leading = leading;
}

int planner_begin(struct planner *planner, struct error *e)
{
	if (db_begin(planner->db, DB_WRITE, e) != 0)
		return -1;
	if (lease_confirm(planner->db, &planner->lease, e) != 0) {
		db_rollback(planner->db);
		if (e->code == ERROR_LOST)
			set_leading(planner, false);
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

/* On the embedded bus our subscription's file lock shows that no other planner lives: there is
 * nobody to wait for. */
static int lead(struct planner *planner, struct error *e)
{
	if (planner->leading)
		return prolong(planner, e);
	bool held;
	int64_t now_ms = clock_mono_ms();
	if (planner->confirmed_ms != 0 && now_ms - planner->confirmed_ms < planner->lease.duration_ms / 10)
		return 0;
	planner->confirmed_ms = now_ms;
	if (lease_take(planner->db, &planner->lease, db_kind(planner->db) == DB_SQLITE, &held, e) != 0)
		return -1;
	if (held)
		set_leading(planner, true);
	return 0;
}

int planner_campaign(struct planner *planner, int64_t id, struct campaign **out, struct error *e)
{
	struct kept_campaign *oldest = &planner->campaigns[0];
	planner->campaigns_clock++;
	for (size_t i = 0; i < CAMPAIGNS_KEPT; i++) {
		struct kept_campaign *kept = &planner->campaigns[i];
		if (kept->campaign != NULL && kept->id == id) {
			kept->used = planner->campaigns_clock;
			*out = kept->campaign;
			return 0;
		}
		if (kept->used < oldest->used)
			oldest = kept;
	}
	struct campaign *loaded;
	if (campaign_load(planner->db, id, &loaded, e) != 0)
		return -1;
	campaign_free(&oldest->campaign);
	*oldest = (struct kept_campaign){.id = id, .used = planner->campaigns_clock, .campaign = loaded};
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

/* Bulk work takes turns, one transaction a pass, so that expansion overlaps with sending. */
static int bulk(struct planner *planner, struct error *e)
{
	static int (*const work[TURNS])(struct planner *, struct error *) = {planner_expand,
		planner_dispatch_bulk, cancelled, expired};
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
	if (lead(planner, e) != 0)
		return -1;
	if (!planner->leading)
		return 0;
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

int planner_step(struct planner *planner, int max_wait_ms, struct error *e)
{
	int wait_ms = planner->busy ? PAUSE_MS : max_wait_ms;
	int tasks = planner_accept(planner, wait_ms < max_wait_ms ? wait_ms : max_wait_ms, e);
	if (tasks < 0)
		return -1;
	int done = work(planner, e);
	if (done < 0 && e->code == ERROR_LOST) { /* another leads: no trouble, it does the work */
		error_clear(e);
		done = 0;
	}
	planner->busy = done > 0;
	return done < 0 ? -1 : tasks + done;
}
