/* Status events applied to delivery, history, schedule and counters, inside the ledger's
 * transaction: the deliveries of a batch are read at once, changed in memory, and written at once.
 * Every effect hangs on the merge rule (message/status.h), so that an event that
 * comes twice, or late, changes nothing it should not. */
#ifndef VESTNIK_LEDGER_APPLY_H
#define VESTNIK_LEDGER_APPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "bus/bus.h"
#include "ledger/outcomes.h"
#include "message/status.h"
#include "settings/settings.h"
#include "store/db.h"
#include "store/delivery.h"

/* Sessions that ended without any outcome for a letter before that counts as a deferral. */
#define LEDGER_LOST_MAX 3
/* A returned job without a hint is due again after this: long enough for a relay or a revoked
 * partition to settle, short enough that nobody notices. */
#define LEDGER_RETURN_DELAY_MS 1000
/* Uncertain outcomes after which a delivery is held: one automatic second try. */
#define LEDGER_UNCERTAIN_MAX 1

/* Changes of counters, gathered over a batch: a batch has few campaigns. */
struct ledger_change {
	int64_t campaign;
	int32_t part;
	enum delivery_state state;
	int64_t n;
};

/* A delivery of the batch. */
struct ledger_row {
	struct delivery_row delivery;
	struct delivery_status facts; /* of the last event that was applied */
	bool changed;
	bool ended;                   /* its schedule row is to go */
};

struct ledger_apply {
	struct db *db;
	struct bus *bus;
	const struct settings *settings;
	int64_t now_ms;
	struct ledger_row *rows;      /* by key */
	size_t rows_count, rows_room;
	struct delivery_status *history; /* not written yet */
	size_t history_count, history_room;
	struct ledger_change *changes;
	size_t changes_count, changes_room;
	struct ledger_outcomes outcomes;
};

enum ledger_fate {
	LEDGER_APPLIED,
	LEDGER_OLD,    /* repeated or overtaken: noted in the history, nothing else */
	LEDGER_UNKNOWN /* no such delivery */
};

/* Reads the deliveries of a batch; keys: each once. */
int ledger_apply_load(struct ledger_apply *apply, const int64_t *keys, size_t count, struct error *e);
int ledger_apply_event(struct ledger_apply *apply, int32_t part,
	const struct delivery_status *event, enum ledger_fate *fate, struct error *e);
/* Writes what the events did and forgets it. */
int ledger_apply_write(struct ledger_apply *apply, struct error *e);
/* Forgets it (after a rollback). */
void ledger_apply_reset(struct ledger_apply *apply);
void ledger_apply_fini(struct ledger_apply *apply);

/* When a delivery deferred for the nth time (from 1) is due again: the settings' pause, a tenth
 * more or less by key, not before the hint. */
int64_t ledger_retry_due_ms(const struct settings *settings, int64_t now_ms, int64_t attempts,
	int64_t key, int64_t not_before_ms);

#endif
