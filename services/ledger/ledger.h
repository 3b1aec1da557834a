/* The ledger: applies vestnik.status to deliveries, history and counters; idempotent, batched,
 * in key order, each batch with its offset in one transaction. */
#ifndef VESTNIK_LEDGER_LEDGER_H
#define VESTNIK_LEDGER_LEDGER_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "bus/bus.h"
#include "settings/settings.h"
#include "store/db.h"

#define LEDGER_GROUP "ledger"

struct ledger;

/* db, bus and settings are borrowed. Subscribes: ERROR_CONFLICT (retriable) while another lives. */
int ledger_open(struct ledger **out, struct db *db, struct bus *bus, const struct settings *settings,
	struct error *e);
void ledger_close(struct ledger **ledger);

/* Waits at most timeout_ms for events and applies one batch. Returns how many events were read,
 * -1 on failure: nothing of the batch is applied then and it comes again. */
int ledger_step(struct ledger *ledger, int timeout_ms, struct error *e);
/* Makes a waiting ledger_step return early; any thread. */
void ledger_interrupt(struct ledger *ledger);

struct ledger_totals {
	int64_t applied, old, unknown, bad, batches;
};
/* Any thread. */
void ledger_totals(const struct ledger *ledger, struct ledger_totals *out);

#endif
