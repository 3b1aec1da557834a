/* An event on its way to endpoints: what came from the bus, told in full. */
#ifndef VESTNIK_NOTIFIER_EVENT_H
#define VESTNIK_NOTIFIER_EVENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "bus/bus.h"
#include "store/db.h"
#include "webhook/log.h"

/* Of data on vestnik.status; anything longer is a mistake of its producer. */
#define EVENT_DATA_MAX_BYTES (16 * 1024)

struct event {
	int refs;               /* of items, and of whoever makes them */
	int unstored;           /* those of them the store does not know yet */
	bool from_bus;          /* token is to be marked done when unstored is 0 */
	struct bus_token token;
	char id[WEBHOOK_ID_SIZE];
	char *type;
	int64_t time_ms;
	char *slug;             /* campaign it belongs to; NULL = none or unknown */
	char *body;             /* NULL until composed */
	size_t len;
	/* until composed: */
	char *source, *event_id;
	json_t *data;
	int64_t delivery;       /* key, 0 = not about a delivery */
};

/* ERROR_INPUT: nothing an endpoint could understand; the message belongs on
 * vestnik.dead. */
int event_read(const struct bus_message *message, struct event **out, struct error *e);
/* From a stored message (takes a copy of body). */
struct event *event_stored(const char *id, const char *type, int64_t time_ms, const char *body);
void event_free(struct event **event);
/* Gives up one of its refs; the last frees it. */
void event_unref(struct event **event);

/* Adds to every delivery event the campaign's slug, the organisation's key and
 * the address: one SELECT for all. What the store does not know stays out. */
int events_enrich(struct db *db, struct event *const *events, size_t count, struct error *e);
/* Writes the body: CloudEvents 1.0 structured JSON with the `timestamp` and
 * `data` of Standard Webhooks. */
void event_compose(struct event *event);

#endif
