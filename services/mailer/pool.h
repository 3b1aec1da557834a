/* The sender threads and the relays' queues. W threads, each driving one session
 * of one relay at a time, fed one letter at a time. `urgent_connections` of them
 * carry urgent letters only, so that those never wait behind a bulk campaign. */
#ifndef VESTNIK_MAILER_POOL_H
#define VESTNIK_MAILER_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ident.h"
#include "bus/bus.h"
#include "mailer/outgoing.h"
#include "settings/settings.h"

enum lane_kind { LANE_URGENT, LANE_BULK, LANES };

struct pool;

/* What the pool tells the job's lane; called without the pool's lock. */
struct pool_events {
	/* The job has its outcome and is the callee's again. relay: the relay's
	 * name or "". */
	void (*ended)(void *arg, struct outgoing *job, const struct delivery_status *status);
	/* 5xx at MAIL: pause the job's campaign with these words. */
	void (*sender_refused)(void *arg, const struct outgoing *job, const char *words);
	/* May the job start? Counts it as on the wire. false: it may not, and is the callee's again. */
	bool (*enter)(void *arg, struct outgoing *job);
	/* Publishes `sending` durably (campaigns on hold); false: do not go on. */
	bool (*sending)(void *arg, const struct outgoing *job);
	void *arg;
};

int pool_start(struct pool **out, const struct settings *settings, const struct ident_key *key,
	const struct pool_events *events, struct error *e);
/* No new letters; sessions end after the one in hand. */
void pool_drain(struct pool *pool);
/* Waits up to wait_ms, then cuts what still hangs; queued jobs are handed to
 * ended() as returned. */
void pool_stop(struct pool **pool, int wait_ms);

/* Takes a checked job: onto a relay's queue, or straight back through ended()
 * as returned when no relay can carry it now. */
void pool_submit(struct pool *pool, enum lane_kind lane, struct outgoing *job);
/* Takes a partition's letters off the queues of a lane: the caller's again, linked by next. */
struct outgoing *pool_take_back(struct pool *pool, enum lane_kind lane, int32_t partition);
/* How many more letters a lane's queues should take now, so that all can start
 * while their check is fresh. Waits up to wait_ms for room. */
size_t pool_appetite(struct pool *pool, enum lane_kind lane, int wait_ms);
/* `mailers` live now and share each relay's and domain's limits; reads what the others wrote about
 * parked relays. Every few seconds. */
int pool_share(struct pool *pool, int mailers, struct error *e);
/* "64 connections, 312 letters/s" */
void pool_note(struct pool *pool, char *out, size_t size);
/* Why nothing goes out, or "" (for `vestnik status`). */
void pool_trouble(struct pool *pool, char *out, size_t size);

#endif
