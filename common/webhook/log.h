/* What was sent to an endpoint, and sending it again: tables webhook_message
 * (one event for one endpoint), webhook_attempt. */
#ifndef VESTNIK_WEBHOOK_LOG_H
#define VESTNIK_WEBHOOK_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "store/db.h"

/* webhook-id: "msg_", the event's time as 12 hex digits, 16 characters of a hash
 * over source, id, type and time. The same event has the same id at every
 * attempt, after every crash, at every endpoint; ids sort by time, which keeps
 * the tables' inserts in order and makes a range of time a range of the key. */
#define WEBHOOK_ID_SIZE 36
const char *webhook_id(const char *source, const char *event_id, const char *type, int64_t time_ms,
	char out[static WEBHOOK_ID_SIZE]);
/* Least id of events at or after time_ms. */
const char *webhook_id_from(int64_t time_ms, char out[static WEBHOOK_ID_SIZE]);

/* Queues a test event for the endpoint, due at once and tried once. id gets its
 * webhook-id. ERROR_CONFLICT when the endpoint is disabled. */
int webhook_test(struct db *db, const char *endpoint, char id[static WEBHOOK_ID_SIZE], struct error *e);

struct webhook_attempt {
	const char *message, *type;
	const char *state;    /* of the message: pending | delivered | failed */
	int64_t attempt, time_ms, duration_ms;
	int64_t due_ms;       /* of the message: when it is tried next; 0 = not */
	int64_t status;       /* 0 = no answer */
	const char *error;    /* NULL = the status says it all */
	const char *response; /* first bytes of the answer; may be NULL */
};
/* Newest message first, attempts in order; at most `most` attempts. message:
 * only this one; NULL = all. failed: only attempts that failed. */
int webhook_attempt_each(struct db *db, const char *endpoint, const char *message, bool failed,
	int most, int (*each)(void *arg, const struct webhook_attempt *attempt), void *arg,
	struct error *e);

/* A page: before (before, before_attempt); NULL for the first. failed: looked for among the newest
 * WEBHOOK_LOOKED_AT of that place alone, so that it stays quick. */
#define WEBHOOK_LOOKED_AT 20000
int webhook_attempt_page(struct db *db, const char *endpoint, const char *before, int64_t before_attempt,
	bool failed, int most, int (*each)(void *arg, const struct webhook_attempt *attempt), void *arg,
	struct error *e);

/* One event for one endpoint. */
struct webhook_message {
	char *type, *state, *body;
	int64_t time_ms, attempts, due_ms; /* due 0 = nothing is planned */
};
/* ERROR_NOT_FOUND. The caller calls webhook_message_fini whatever came back. */
int webhook_message_read(struct db *db, const char *endpoint, const char *id, struct webhook_message *out,
	struct error *e);
void webhook_message_fini(struct webhook_message *message);

struct webhook_range {
	const char *message;        /* this one, whatever its state; or NULL and: */
	int64_t since_ms, until_ms; /* of the event, [since, until) */
	const char *state;          /* delivered | failed | pending; NULL = failed */
};
/* Makes them due now, with a whole new schedule of attempts. count gets their
 * number. ERROR_NOT_FOUND for one message that isn't (any longer) kept. */
int webhook_replay(struct db *db, const char *endpoint, const struct webhook_range *range,
	int64_t *count, struct error *e);

#endif
