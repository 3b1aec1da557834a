/* What a lane's files share. lane.c: the thread, jobs in; lane_jobs.c: from the start of a letter
 * to its outcome; lane_assign.c: partitions that come and go.
 *
 * The rule behind it: a job may start, or be given back, only while its partition is known to be
 * ours. A process that was frozen finds out by polling, so both need a poll not long ago: the check
 * wants one within LANE_POLLED_MS, and is good for OUTGOING_FRESH_MS. With the pause between two
 * heartbeats (3 s) that is below the bus's session timeout (10 s). After a gap between two polls that
 * a working thread does not have, polls count only when the bus's client has had time to notice
 * what it missed. */
#ifndef VESTNIK_MAILER_LANE_PARTS_H
#define VESTNIK_MAILER_LANE_PARTS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "daemon/daemon.h"
#include "mailer/hand.h"
#include "mailer/lane.h"
#include "mailer/recorder.h"

#define LANE_GROUP "mailer"
#define LANE_LEDGER_GROUP "ledger"
/* Unfinished jobs per partition. */
#define LANE_WINDOW 8192
#define LANE_POLLED_MS 2000
#define LANE_RETRY_MS 500
#define LANE_FROZEN_MS 4000
#define LANE_WAKE_MS 2500

struct lane {
	struct daemon *daemon;
	enum lane_kind kind;
	struct sheets *sheets;
	struct pool *pool;
	struct recorder *recorder;
	pthread_t thread;
	atomic_bool stop;
	_Atomic(const char *) trouble;
	_Atomic int64_t polled_ms; /* monotonic: the last poll that worked */

	pthread_mutex_t lock;      /* everything below, and the consumer's pointer */
	struct bus_consumer *consumer;
	bool failed;
	struct error error;
	struct hand hand;
	struct outgoing *undecided; /* chain: to be returned after the next poll */

	/* the thread's own */
	int64_t seen_ms;           /* monotonic: it was alive */
	int64_t awake_ms;          /* monotonic: from then on polls count again */
	struct outgoing *waiting, **waiting_tail; /* polled, not checked */
	size_t waiting_count;
	int64_t store_again_ms;    /* monotonic: the store did not answer; not before */
	/* No check before the ledger has applied what was published until the last assignment. */
	enum { GATE_UNMARKED, GATE_MARKED, GATE_OPEN } gate;
	struct bus_mark mark;
	int64_t gate_again_ms;     /* monotonic */
	int64_t revoke_ms;         /* monotonic: the first partition of a rebalance left; 0 = none yet */
	bool gate_said;
	bool bus_said;
};

/* ---- lane_jobs.c ------------------------------------------------------------------- */

/* The job's outcome; status NULL: it needs no event. The job ends. */
void lane_end(struct outgoing *job, const struct delivery_status *status);
void lane_end_as(struct outgoing *job, enum delivery_state state, const char *reason, bool no_retry);
/* Ends it without a word: its message is not done and comes again, to whoever has the partition. */
void lane_drop(struct outgoing *job);
void lane_drop_all(struct outgoing *chain);
/* A letter that stays on the wire holds up the finished prefix: says `sending`, marks it done. */
void lane_let_go_of_slow(struct lane *lane);
/* After a poll: what was to be returned is, if its partition is still ours. */
void lane_decide(struct lane *lane);

/* The partition goes in good order: what has not started must not start any more; what is on the
 * wire becomes `sending`, and done. */
void lane_let_go_of_partition(struct lane *lane, int32_t partition);
/* It has gone already: of letters on the wire only what happened to them is told. */
void lane_lose_partition(struct lane *lane, int32_t partition);

/* ---- lane_assign.c ----------------------------------------------------------------- */

/* The bus's calls, by the lane's thread inside bus_poll or bus_unsubscribe; arg is the lane. */
void lane_on_assign(void *arg, const char *topic, int32_t partition);
void lane_on_revoke(void *arg, const char *topic, int32_t partition, bool lost);
/* Looks whether the ledger has come far enough; true when jobs may be checked. */
bool lane_gate(struct lane *lane);

#endif
