/* The recorder of a lane: outcomes go out as status events in batches of up to
 * 256 or 10 ms, and only when they are durable are their jobs marked done
 * (design section 5). When they cannot be published, it tries again and senders
 * stop at `unrecorded_most`. */
#ifndef VESTNIK_MAILER_RECORDER_H
#define VESTNIK_MAILER_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bus/bus.h"
#include "message/status.h"

struct recorder;

/* worker: of every outcome recorded; borrowed. */
struct recorder *recorder_start(int unrecorded_most, const char *worker);
/* The lane's consumer; until it is set nothing is published. */
void recorder_set_consumer(struct recorder *recorder, struct bus_consumer *consumer);
/* Records what is left (bounded by wait_ms) and ends the thread; returns how
 * many could not be recorded: their jobs come again. */
size_t recorder_stop(struct recorder **recorder, int wait_ms);

/* Takes a copy. token NULL: the job was marked done before (`sending`). partition: the job's. Returns the entry's place
 * in the line, for recorder_passed. */
uint64_t recorder_add(struct recorder *recorder, const struct delivery_status *status,
	const struct bus_token *token, int32_t partition);
/* A job that needs no event (stale, held already). */
void recorder_done(struct recorder *recorder, const struct bus_token *token);
/* Waits until another letter may start: fewer than unrecorded_most are under
 * way or unrecorded. Counts the caller's letter in. false when stopping. */
bool recorder_enter(struct recorder *recorder);
/* The letter counted in by recorder_enter ended; call before recorder_add. */
void recorder_leave(struct recorder *recorder);
/* Is the entry of that place, and all before it, durable? */
bool recorder_passed(struct recorder *recorder, uint64_t place);
/* Waits, at most wait_ms, until everything added before the call is durable and its jobs are
 * marked done. false: it is not. */
bool recorder_flush(struct recorder *recorder, int wait_ms);
/* The partition is another mailer's, and has been for a while: what we wanted to give back of it
 * (`returned`) must not be said any more, the other one has it in hand. Letters' outcomes stay. */
void recorder_disown(struct recorder *recorder, int32_t partition);
/* Nobody waits in recorder_enter any more. */
void recorder_release(struct recorder *recorder);

/* Outcomes recorded since the start, by state. */
void recorder_counts(struct recorder *recorder, int64_t counts[DELIVERY_STATES]);

#endif
