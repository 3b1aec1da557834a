/* The planner: accepts tasks, writes a campaign's recipients out, and moves time: what is due
 * becomes a job on the bus. One leader by a lease row with fencing; one thread. */
#ifndef VESTNIK_PLANNER_PLANNER_H
#define VESTNIK_PLANNER_PLANNER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/ident.h"
#include "bus/bus.h"
#include "settings/settings.h"
#include "store/db.h"

#define PLANNER_GROUP "planner"
#define PLANNER_LEASE "planner"
#define PLANNER_SOURCE "vestnik/planner"
/* The group whose progress on vestnik.mail is the measured rate. */
#define PLANNER_MAIL_GROUP "mailer"
#define PLANNER_LEDGER_GROUP "ledger"

struct planner;
struct planner_config {
	struct db *db;      /* borrowed, like all here */
	struct bus *bus;
	const struct settings *settings;
	const struct ident_key *key; /* the installation's; NULL: a source "vestnik/…" needs no proof (tests) */
	const char *instance; /* holder of the lease: unique among planners */
};

/* On the embedded bus it subscribes: ERROR_CONFLICT (retriable) while another lives. On others any
 * number stand by; only the leader reads tasks. */
int planner_open(struct planner **out, const struct planner_config *config, struct error *e);
/* Gives the lease back. */
void planner_close(struct planner **planner);
/* Leaves the lease as a killed process would (tests). */
void planner_abandon(struct planner **planner);

/* One pass. The leader waits for tasks at most max_wait_ms (less when there is work at hand), accepts
 * them, and does one piece of each kind of work that there is; others wait. Returns the number of
 * things done (tasks, rows, jobs …), -1 on trouble; everything stays as it was then. */
int planner_step(struct planner *planner, int max_wait_ms, struct error *e);
/* Makes a waiting planner_step return early; any thread. */
void planner_interrupt(struct planner *planner);

struct planner_totals {
	int64_t tasks, refused, expanded, reminded, dispatched, expired, cancelled, stuck;
	bool leading;
	int64_t rate_per_s, look_ahead;
};
/* Any thread. */
void planner_totals(const struct planner *planner, struct planner_totals *out);

#endif
