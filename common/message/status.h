/* What happened to a delivery: the states, and the event on vestnik.status.
 * Type "vestnik.delivery.<state>", binary mode; data is small JSON without
 * personal data: {"key":1,"dispatch":1,"campaign":7,"code":250,"enhanced":"2.0.0",
 * "reason":"…","relay":"main","attempt":1}. Schema: config/schemas/delivery.json */
#ifndef VESTNIK_MESSAGE_STATUS_H
#define VESTNIK_MESSAGE_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

/* The numbers stand in the database: append only. */
enum delivery_state {
	DELIVERY_WAITING = 0,
	DELIVERY_SENDING = 1,    /* on the wire, outcome to come */
	DELIVERY_UNCERTAIN = 2,  /* connection lost between end-of-data and the reply */
	DELIVERY_DEFERRED = 3,   /* 4xx for this recipient; counted; waits for its retry */
	DELIVERY_RETURNED = 4,   /* could not start; not counted; waits again. An event, never a row's state */
	DELIVERY_ACCEPTED = 5,   /* 2xx after end-of-data */
	DELIVERY_DELIVERED = 6,  /* a DSN said so */
	DELIVERY_BOUNCED = 7,
	DELIVERY_FAILED = 8,     /* 5xx for this recipient, or the last attempt */
	DELIVERY_EXPIRED = 9,    /* not_after passed */
	DELIVERY_CANCELLED = 10,
	DELIVERY_SUPPRESSED = 11,
	DELIVERY_STATES
};

const char *delivery_state_name(enum delivery_state state); /* "accepted" */
/* -1 when unknown. */
int delivery_state_parse(const char *name, enum delivery_state *state);
/* No further letter will go out by itself (uncertain is, when it was sent twice or is held). */
bool delivery_state_terminal(enum delivery_state state);
/* The merge rule of design section 4: does (new_dispatch, new_state) replace (dispatch, state)?
 *
 * Dispatch numbers. The due loop makes a dispatch (schedule.dispatch + 1) and publishes its job;
 * the dispatch is *closed* by any event but `sending`. In the store
 *   - a row (d, waiting) with d > 0 stands for "dispatch d was returned", or for "an operator
 *     asked for another try": d is closed, the next letter is of dispatch d + 1 or later;
 *   - a job (key, d) may go out only if its schedule row has dispatch = d and is claimed, and the
 *     delivery has a lower dispatch, or is (d, sending) and then only becomes uncertain.
 * An operator's retry of a failed or held uncertain row (d, …) is the planner's event
 * (d + 1, waiting): the higher dispatch wins, the ledger puts the row back into the schedule, and
 * its next letter is of dispatch d + 2. The event's stable id makes a repeated retry a no-op. */
bool delivery_state_replaces(int64_t dispatch, enum delivery_state state, int64_t new_dispatch,
	enum delivery_state new_state);

#define STATUS_REASON_MAX 400
struct delivery_status {
	int64_t key, dispatch;
	int64_t campaign;
	enum delivery_state state;
	int64_t time_ms;          /* ce_time */
	int code;                 /* SMTP reply code, 0 = none */
	char enhanced[12];        /* "5.1.1" or "" */
	char reason[STATUS_REASON_MAX + 1]; /* passed the gate; "" = none */
	char relay[65];
	char worker[65];          /* which mailer: its instance name, else its host; "" = not known */
	/* returned and deferred: */
	int64_t not_before_ms;    /* a hint when to try again; 0 = the ledger's schedule */
	bool lost;                /* returned because its session ended without any outcome */
	bool no_retry;            /* uncertain: the relay's breaker or `hold` wants an operator */
};

/* JSON data of the event. */
int status_write(const struct delivery_status *status, struct buf *out);
/* type: ce_type. ERROR_INPUT when it is not a delivery status. */
int status_read(const char *type, int64_t time_ms, const void *data, size_t len,
	struct delivery_status *status, struct error *e);
/* "vestnik.delivery.accepted"; static. */
const char *status_type(enum delivery_state state);
/* ce_id: "<key>.<dispatch>.<state name>" – stable, so that repetition shows. */
#define STATUS_ID_SIZE 64
const char *status_id(const struct delivery_status *status, char out[static STATUS_ID_SIZE]);

#endif
