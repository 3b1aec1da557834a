/* One job in the mailer's hand: from the bus, through the check, to a relay's
 * queue, onto the wire, until its outcome is with the recorder. */
#ifndef VESTNIK_MAILER_OUTGOING_H
#define VESTNIK_MAILER_OUTGOING_H

#include <stdbool.h>
#include <stdint.h>

#include "bus/bus.h"
#include "mailer/sheet.h"
#include "message/status.h"

struct lane;
struct relay;
struct workbook_content;

/* A check of campaign state, suppression and limits is good for this long; what
 * cannot start within it is returned, so that nothing blocks the line. */
#define OUTGOING_FRESH_MS 2000

struct outgoing {
	struct outgoing *next;             /* in a relay's queue, or a chain of the lane's */
	struct outgoing *older, *newer;    /* in the lane's list of jobs in hand */
	struct outgoing *same_slot;        /* in the lane's table of keys */
	struct lane *lane;
	uint64_t sequence;                 /* as polled */
	int32_t partition;                 /* of the topic; the token's is the bus's own affair */
	struct bus_token token;
	bool token_done;                   /* `sending` is with the recorder, and the token with it */
	uint64_t sending_place;            /* of that `sending` with the recorder */
	bool gone;                         /* its partition is another mailer's: must not start; if it has,
	                                    * only what happened to the letter is told */
	bool on_wire;
	int64_t on_wire_since_ms;          /* monotonic */
	struct delivery_status *undecided; /* to be returned, if its partition is still ours */

	int64_t key, dispatch, campaign;
	bool hold;                         /* publish `sending` before end-of-data */
	int64_t not_after_ms;
	char *address;
	char *fields;                      /* JSON */
	struct sheet *sheet;
	struct workbook_content *form;     /* the recipient's Excel form goes with it; NULL = none */
	struct relay *relay;
	int64_t checked_ms, ready_ms;      /* monotonic; not before ready (domain rate) */
	int64_t started_us;
};

#endif
