/* What the pool's files share: the queues of each relay, the senders, one lock.
 * pool.c: queues in, start and stop; feed.c: a session's letters and their
 * outcomes; sender.c: the threads; queue.h: the queues. */
#ifndef VESTNIK_MAILER_POOL_PARTS_H
#define VESTNIK_MAILER_POOL_PARTS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mailer/compose.h"
#include "mailer/domain.h"
#include "mailer/pool.h"
#include "mailer/queue.h"
#include "mailer/relay.h"
#include "mailer/transport.h"
#include "store/db.h"

/* Letters a second are measured over this. */
#define POOL_RATE_WINDOW_MS 1000

struct line { /* a relay and what waits for it */
	struct relay *relay;
	struct queue queue[LANES];
};

struct sender {
	struct pool *pool;
	pthread_t thread;
	bool urgent_only;
	struct line *line;               /* of the session that runs */
	struct transport_session **session; /* one per relay, opened when first used */
	struct outgoing *unsent;         /* no verdict reached them; judged when the session has ended */
	struct compose compose;
	struct transport_letter letter;
};

struct pool {
	const struct settings *settings;
	const struct ident_key *key;
	struct pool_events events;
	pthread_mutex_t lock;
	pthread_cond_t idle[LANES]; /* threads without a session; LANE_URGENT: those kept for urgent letters */
	pthread_cond_t appetite;    /* lanes that wait until the queues have room */
	bool hungry[LANES];
	size_t wake_below[LANES];
	struct relays relays;
	struct line *line;
	struct domain_rates *domains;
	int mailers; /* that share the limits */
	struct sender *sender;
	size_t senders;
	size_t running;
	atomic_bool stop;
	bool stopping;
	pthread_mutex_t store_lock; /* relay_state: quota and breakers */
	struct db *db;
	int64_t window_start_ms, window_letters;
	double letters_per_s;
};

/* ---- pool.c ---------------------------------------------------------------------- */

/* A status of this job, now. */
void pool_status(struct delivery_status *status, const struct outgoing *job, enum delivery_state state);
/* The job could not start; not_before_ms 0 = soon. Without the lock. */
void pool_end_returned(struct pool *pool, struct outgoing *job, int64_t not_before_ms, const char *why);
/* A chain linked by next. Without the lock. */
void pool_end_all_returned(struct pool *pool, struct outgoing *chain, int64_t not_before_ms,
	const char *why);
/* The relay cannot be used any more: its queues go to others, or back. Without the lock. */
void pool_leave_relay(struct pool *pool, struct line *line);
/* Asks the store for the relay's next block of its quota. Called with the lock, which it gives up
 * meanwhile. false: nothing left, the relay is parked. */
bool pool_refill_quota(struct pool *pool, struct line *line);
/* Writes what changed of breakers and parking to relay_state. Without the lock. */
void pool_save_relays(struct pool *pool);

/* ---- feed.c ---------------------------------------------------------------------- */

/* The callbacks of a session; arg is the struct sender. */
bool feed_next(void *arg, struct transport_letter *out);
void feed_outcome(void *arg, const struct transport_letter *letter, enum transport_verdict what,
	const struct transport_reply *reply);
bool feed_before_end(void *arg, const struct transport_letter *letter);
/* Judges what no verdict reached, when the session has ended. */
void feed_end_unsent(struct sender *sender, const struct transport_result *result);

/* ---- sender.c -------------------------------------------------------------------- */

/* A thread's life; arg is the struct sender. */
void *sender_work(void *arg);

#endif
