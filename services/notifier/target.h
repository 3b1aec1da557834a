/* An endpoint in memory: what it wants, how it is doing, and the items that
 * wait for it or are on the wire. */
#ifndef VESTNIK_NOTIFIER_TARGET_H
#define VESTNIK_NOTIFIER_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "notifier/event.h"
#include "store/db.h"
#include "webhook/endpoint.h"
#include "webhook/filter.h"
#include "webhook/secret.h"

/* Old secrets still in their time after a rotation; more rotations in a row
 * than that drop the oldest early. */
#define TARGET_KEYS_MAX 4
/* Items that wait in memory for one endpoint: at 1 ms a request and 4 at once
 * an eighth of a second. */
#define TARGET_QUEUE_MAX 512
/* An endpoint that needs longer to catch up, or to answer, gets rows. */
#define TARGET_PATIENCE_MS 250

struct target;

/* One event for one endpoint. */
struct item {
	struct item *next;       /* in the queue or in flight */
	struct target *target;   /* kept while items point to it */
	struct event *event;     /* one of its refs */
	bool stored;             /* has its row in webhook_message */
	bool flying;             /* on the wire */
	int64_t attempts;        /* numbers webhook_attempt; counts the one in hand */
	int64_t retries;         /* place in the schedule; counts the one in hand */
	int64_t since_us;        /* queued, then sent */
	int64_t sent_ms;         /* wall clock of the attempt */
};

struct target {
	struct target *next;
	char id[WEBHOOK_ENDPOINT_ID_SIZE];
	char *url, *events, *campaign;
	struct webhook_filter *filter;
	bool active, trusted;
	bool gone;               /* removed: its work ends silently; freed when none is left */
	bool seen;               /* by the refresh under way */
	bool moved;              /* another url: what is on the wire goes to the old one */
	int concurrency;
	struct webhook_key key[TARGET_KEYS_MAX];
	int keys;

	struct item *head, **tail; /* waiting */
	int queued;
	struct item *flying;
	int in_flight;
	int items;               /* all that point here, also those being recorded */

	int failures;            /* in a row */
	int64_t rest_until_ms;   /* nothing is sent before */
	int64_t first_failure_ms; /* as stored; 0 = none */
	int64_t pace_us;         /* moving average of a request */
	int64_t next_due_ms;     /* its next row; TIME_NEVER_MS = none known */
};

struct targets {
	struct target *first;
	int active;
	bool removed;            /* some went at a refresh; whoever clears up resets it */
	bool trust_all;          /* settings.notifier.allow_private */
	int concurrency_max;
	int notifiers;           /* that share each endpoint's concurrency */
};

/* Reads endpoints, keys and next due rows; marks what was removed as gone. */
int targets_refresh(struct targets *targets, struct db *db, struct error *e);
/* With what still waits or flies: nothing may come back for it any more. */
void targets_fini(struct targets *targets);
/* Frees the gone that have nothing left. */
void targets_sweep(struct targets *targets);

/* By type alone: does any active endpoint want it? */
bool targets_want(const struct targets *targets, const char *type);
bool target_wants(const struct target *target, const char *type, const char *slug);

/* New events go to its rows instead of its queue: it failed last time, rests,
 * has due rows already, is slow to answer, or has all it can do in time. */
bool target_needs_rows(const struct target *target, int64_t now_ms);
/* How many more requests may start now. */
int target_room(const struct target *target, int64_t now_ms);

void target_push(struct target *target, struct item *item);
struct item *target_pop(struct target *target);
void target_fly(struct target *target, struct item *item);
void target_land(struct target *target, struct item *item);
/* Something waits or flies for longer than the patience. */
bool target_is_slow(const struct target *target);

/* Moves the running average after an answer. */
void target_pace(struct target *target, int64_t took_us);

struct item *item_new(struct target *target, struct event *event);
/* In no queue and not in flight. */
void item_free(struct item *item);

#endif
