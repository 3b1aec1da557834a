/* Orders to the planner: a task is published, then its result is waited for. Used by CLI and console:
 * each order stands in the audit log, in the transaction that publishes it. */
#ifndef VESTNIK_CONTROL_ORDER_H
#define VESTNIK_CONTROL_ORDER_H

#include <jansson.h>

#include "base/error.h"
#include "base/ident.h"
#include "bus/bus.h"
#include "message/task.h"
#include "settings/settings.h"
#include "store/db.h"

/* Who orders. */
struct orderer {
	const struct settings *settings;
	const struct ident_key *key; /* NULL: there is none on this machine (Kafka; then no proof, no audit) */
	struct bus *bus;
	const char *actor;           /* "cli/root@host", "console/ivanova", "api/<key id>"; source "vestnik/<actor>" */
	const char *origin;          /* the visitor's address; NULL = this machine */
};

#define ORDER_RESULT_SIZE 600
enum order_outcome {
	ORDER_APPLIED,
	ORDER_REFUSED, /* result says why */
	ORDER_QUEUED   /* durable on the bus, not applied in time */
};

/* Inside tx; data is borrowed; subject of the audit entry: "campaign:<slug>" (or "recipient:<key>",
 * "notice:<id>"). id gets the task's. */
int order_put(const struct orderer *who, struct db *tx, enum task_type type, const char *slug, const json_t *data,
	char id[static IDENT_SIZE], struct error *e);
/* After the commit: waits up to wait_ms. result: the planner's reason, "" unless refused. */
int order_await(const struct orderer *who, struct db *db, const char *id, int wait_ms, enum order_outcome *outcome,
	char result[static ORDER_RESULT_SIZE], struct error *e);
/* Both, in a transaction of its own, waiting up to 5 s. */
int order_give(const struct orderer *who, struct db *db, enum task_type type, const char *slug, const json_t *data,
	enum order_outcome *outcome, char result[static ORDER_RESULT_SIZE], struct error *e);

#endif
