/* The jobs a lane has in hand, in order of polling and by key, and what it finished lately. No lock
 * of its own: the lane's.
 *
 * Why what is finished is remembered: the bus delivers at least once, and a second copy of a job may
 * come before the ledger has applied the outcome of the first, so that the check finds nothing. */
#ifndef VESTNIK_MAILER_HAND_H
#define VESTNIK_MAILER_HAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bus/bus.h"
#include "mailer/outgoing.h"
#include "message/job.h"

#define HAND_SLOTS 4096 /* a power of two */
/* Keys are dense, so these are the last 65,536 letters: three times the look-ahead's maximum. */
#define HAND_FINISHED 65536

struct hand {
	struct outgoing *oldest, *newest; /* in order of polling */
	uint64_t next_sequence;
	size_t on_wire;
	struct outgoing *slot[HAND_SLOTS];
	struct hand_finished {
		int64_t key, dispatch; /* dispatch 0: nothing */
		bool returned;
	} finished[HAND_FINISHED];
};

enum hand_take {
	HAND_TAKEN, /* *out is new */
	HAND_KNOWN, /* held already, or finished: nothing to do for this message */
	HAND_KEPT,  /* held, and its message came again: this token is now the one to be marked done */
	HAND_BUSY   /* a letter of an older dispatch is still on the wire */
};
enum hand_take hand_take(struct hand *hand, const struct job *job, const struct bus_message *message,
	struct outgoing **out);
/* Out of list and table; the caller frees it. */
void hand_remove(struct hand *hand, struct outgoing *job);
/* Its dispatch has an outcome, which is with the recorder. */
void hand_finished(struct hand *hand, const struct outgoing *job, bool returned);
/* Partitions changed hands: what was returned may have been taken back (recorder_disown). */
void hand_forget_returned(struct hand *hand);

#endif
