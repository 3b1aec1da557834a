/* The relays: which one carries a letter, and whether it may now. Weight, rate,
 * quota (kept in relay_state, shared by all mailers), circuit breaker (each
 * mailer's own: it may be its own network that is down). A relay's trouble is
 * never a recipient's fault.
 *
 * All calls hold the pool's lock, but those with a struct db, which talk to the
 * store and must not. */
#ifndef VESTNIK_MAILER_RELAY_H
#define VESTNIK_MAILER_RELAY_H

#include <stdbool.h>
#include <stdint.h>

#include "mailer/rate.h"
#include "mailer/transport.h"
#include "settings/settings.h"
#include "store/db.h"

enum breaker { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN };

struct relay {
	const struct settings_relay *settings;
	const struct transport *transport;
	struct transport_config config;
	struct rate rate;       /* everything */
	struct rate bulk_rate;  /* nine tenths: the rest is kept for urgent letters */
	int credit;             /* smooth weighted round robin */
	int sessions;           /* open now */

	enum breaker breaker;
	int failures;           /* sessions in a row without progress */
	int uncertain_in_a_row;
	int64_t open_for_ms;    /* doubles from breaker_open_ms to breaker_open_most_ms */
	int64_t retry_at_ms;    /* monotonic: when an open breaker lets one session probe */
	bool probing;
	char refused_sender[256]; /* last sender refused at MAIL; the breaker needs two different */
	char reason[256];

	int64_t quota_granted;  /* letters we may send before asking the store again */
	bool refilling;         /* a thread asks the store now; others wait for it */
	int64_t parked_until_ms; /* wall clock: quota window's end; 0 = not parked */
	bool dirty;             /* breaker or parking changed: relay_state is to be written */
	int64_t saved_ms;       /* wall clock: when it was, last */
	int mailers;            /* that share rate and connections */
};

/* A row of relay_state: what this or another mailer wrote. */
struct relay_seen {
	int64_t parked_until_ms, updated_ms;
	bool troubled;          /* its breaker is not closed */
};

struct relays {
	struct relay *item;
	size_t count;
	int breaker_failures;
	int64_t breaker_open_ms, breaker_open_most_ms;
};

int relays_init(struct relays *relays, const struct settings *settings, const atomic_bool *stop,
	struct error *e);
void relays_fini(struct relays *relays);

/* So many mailers share its rate and, where the settings limit them, its connections. */
void relay_share(struct relay *relay, int mailers);
/* Sessions it may have with us at once; at least 1. */
int relay_places(const struct relay *relay);
/* Takes over that it is parked; keeps the row true about breakers. */
void relay_saw(struct relay *relay, const struct relay_seen *seen, int64_t wall_ms);

/* May a letter of this sender start on it now (rates apart)? */
bool relay_usable(const struct relay *relay, int64_t mono_ms, int64_t wall_ms);
bool relay_carries(const struct relay *relay, const char *sender);
/* Weighted choice among the usable; those of weight 0 only when no other is.
 * NULL: none now; *wall_ms_again says when one may be (0 = no relay carries this sender). */
struct relay *relays_choose(struct relays *relays, const char *sender, int64_t mono_ms,
	int64_t wall_ms, int64_t *wall_ms_again);

/* What happened on it. Each returns true when the relay is not usable any more
 * and its queue must be taken elsewhere. */
bool relay_session_failed(struct relays *relays, struct relay *relay, int64_t mono_ms,
	const char *why);
void relay_worked(struct relay *relay);
bool relay_uncertain(struct relays *relays, struct relay *relay, int64_t mono_ms);
bool relay_refused_sender(struct relays *relays, struct relay *relay, const char *sender,
	int64_t mono_ms, const char *why);
bool relay_quota_refused(struct relay *relay, int64_t wall_ms, const char *why);

/* Reserves the next block of letters for a relay with a quota. */
int relay_refill_quota(struct db *db, const struct settings_relay *settings, int64_t wall_ms,
	int64_t *granted, int64_t *parked_until_ms, struct error *e);
int relay_give_back_quota(struct db *db, const char *name, int64_t letters, struct error *e);
/* Parking for all mailers and the next start, and the breaker for people. Never shortens a
 * parking another mailer wrote. */
int relay_save(struct db *db, const char *name, enum breaker breaker, int64_t parked_until_ms,
	const char *reason, int64_t wall_ms, struct error *e);
/* All zero when there is no row yet. */
int relay_load(struct db *db, const char *name, struct relay_seen *seen, struct error *e);

#endif
