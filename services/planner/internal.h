/* What the parts of the planner share. */
#ifndef VESTNIK_PLANNER_INTERNAL_H
#define VESTNIK_PLANNER_INTERNAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "bus/bus.h"
#include "campaign/campaign.h"
#include "message/status.h"
#include "planner/lookahead.h"
#include "planner/planner.h"
#include "settings/settings.h"
#include "store/campaign_row.h"
#include "store/db.h"
#include "store/lease.h"
#include "store/schedule.h"

/* Steps of `expand` that are no letters: an operator's retry, whose cursor goes over deliveries. */
#define PLANNER_STEP_RETRY_FAILED (-1)
#define PLANNER_STEP_RETRY_UNCERTAIN (-2)
/* A change of the campaign (job.h). */
#define PLANNER_STEP_JOB (-3)

/* Rows a transaction of the sweeps. */
#define PLANNER_SWEEP_MAX 500
/* Room of planner.items: candidates of a pass (due.c) or a sweep. */
#define PLANNER_ITEMS_MAX 1280

/* Loaded campaigns kept: those being expanded or claimed at one time. */
#define CAMPAIGNS_KEPT 32

struct planner {
	struct db *db;
	struct bus *bus;
	const struct settings *settings;
	const struct ident_key *key; /* NULL: our own programs need no proof */
	struct bus_consumer *consumer; /* NULL while standing by */
	bool alone;               /* the embedded bus: our subscription shows that no other lives */
	struct lease lease;
	char *instance;
	bool leading;
	int64_t confirmed_ms;     /* monotonic: when the lease was last prolonged */
	bool restored_checked;

	struct lookahead lookahead;
	int64_t after_campaign;   /* bulk campaigns take turns: the last one served */
	int64_t after_expand;     /* expansions take turns */
	bool busy;                /* the last pass found work: the next one comes soon */
	bool urgent_turn;         /* the last pass served urgent letters only */
	int turn;                 /* pieces of bulk work take turns with the write lock */
	struct schedule_item *items; /* room for a pass */

	/* Looks at all campaigns, each no oftener than its cost allows (planner_chore). */
	struct chore {
		int64_t next_us; /* monotonic */
	} finish, cancelled, expired, moves;
	bool finish_marked;       /* no look before the ledger has passed finish_mark */
	bool finish_unmarked;     /* and that mark is to be taken first */
	struct bus_mark finish_mark;
	struct stuck {
		enum { STUCK_IDLE, STUCK_MAIL, STUCK_STATUS } stage;
		int64_t next_ms;  /* monotonic */
		int64_t before_ms; /* wall: jobs published before this are the matter */
		struct bus_mark mail, urgent, status;
	} stuck;

	struct places *places;    /* place.h */
	struct report_wait {      /* reports wait for what came before their deadlines */
		int64_t due_ms;   /* the mark is later than this; 0: none was taken */
		struct bus_mark mark;
	} report_wait;

	struct kept_campaign {
		int64_t id, number, used; /* number: as that round has it, 0 = all of it */
		bool collect;
		struct campaign *campaign;
	} campaigns[CAMPAIGNS_KEPT];
	int64_t campaigns_clock;

	struct {
		_Atomic int64_t tasks, refused, expanded, reminded, dispatched, expired, cancelled, stuck, rate,
			look_ahead;
		atomic_bool leading;
	} totals;
};

/* A write transaction that only the leader can commit. ERROR_LOST: no longer leading. */
int planner_begin(struct planner *planner, struct error *e);
/* Loaded and kept; borrowed until the next call. */
int planner_campaign(struct planner *planner, int64_t id, struct campaign **out, struct error *e);
/* As one of its rounds has it (campaign_load_round). */
int planner_campaign_round(struct planner *planner, int64_t id, int64_t number, bool collect,
	struct campaign **out, struct error *e);
/* Its definition changed: it is loaded anew. */
void planner_forget_campaign(struct planner *planner, int64_t id);

/* ---- pieces of work: number of things done, -1 on trouble ----------------------- */

/* 0, -1: for something long before a transaction: keeps leading and does a piece of what is due. */
int planner_meanwhile(struct planner *planner, struct error *e);
int planner_accept(struct planner *planner, int timeout_ms, struct error *e);
int planner_expand(struct planner *planner, struct error *e);
int planner_retry_step(struct planner *planner, int64_t expand, int64_t campaign, int64_t step,
	int64_t cursor, struct error *e);
int planner_job_step(struct planner *planner, int64_t expand, int64_t round, int64_t cursor, struct error *e);
int planner_move(struct planner *planner, struct error *e);
int planner_dispatch_urgent(struct planner *planner, struct error *e);
int planner_dispatch_bulk(struct planner *planner, struct error *e);
int planner_sweep_cancelled(struct planner *planner, struct error *e);
int planner_sweep_expired(struct planner *planner, struct error *e);
int planner_finish(struct planner *planner, struct error *e);
int planner_sweep_stuck(struct planner *planner, struct error *e);
int planner_pause_restored(struct planner *planner, struct error *e);

/* Runs work when its time has come; looks again at once after it found something, else after a
 * pause that keeps its cost below a twentieth. */
int planner_chore(struct planner *planner, struct chore *chore,
	int (*work)(struct planner *planner, struct error *e), struct error *e);

/* reasons[i]: why address i gets no letters, or NULL as it was; the caller frees. The delivery is
 * written all the same and says so: nobody is left out silently. */
int planner_suppressions(struct planner *planner, size_t count,
	const char *(*address_at)(const void *arg, size_t i), const void *arg, char **reasons,
	struct error *e);

/* Nothing more happens to a campaign's rounds: what is planned is withdrawn. Inside a transaction. */
int planner_end_rounds(struct planner *planner, int64_t campaign, const char *reason, struct error *e);

/* Ends letters that will not be sent (expired, cancelled): events for the ledger, which applies
 * them; the rows are withheld from the due loop. A letter that may have gone already (uncertain)
 * is not called unsent: it just is not sent again. Inside a transaction. */
int planner_end_unsent(struct planner *planner, const struct schedule_item *items, size_t count,
	enum delivery_state state, const char *reason, struct error *e);

/* ---- events, inside a transaction ------------------------------------------------- */

/* The next dispatch of each. */
int planner_publish_jobs(struct planner *planner, const struct schedule_item *items, size_t count,
	bool urgent, struct error *e);
int planner_publish_status(struct planner *planner, const struct delivery_status *status,
	struct error *e);
/* vestnik.campaign.<what>; reason may be NULL; totals (DELIVERY_STATES sums) may be NULL. */
int planner_publish_campaign(struct planner *planner, const struct campaign_row *row, const char *what,
	const char *reason, const int64_t *totals, struct error *e);

#endif
