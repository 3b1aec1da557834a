/* What the notifier writes down. Entries are collected and stored in one
 * transaction; only then are the events' bus tokens given back, so that a crash
 * at any moment loses nothing. */
#ifndef VESTNIK_NOTIFIER_JOURNAL_H
#define VESTNIK_NOTIFIER_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "bus/bus.h"
#include "notifier/sender.h"
#include "notifier/target.h"
#include "store/db.h"

struct journal;

struct journal *journal_new(struct bus *bus);
/* Entries that were not stored are dropped: their events come again from the bus. */
void journal_free(struct journal **journal);

/* ---- collecting ------------------------------------------------------------------ */

/* The item becomes a row that is due then, and ends. An item that has its row
 * (claimed, not tried) is given back. */
void journal_row(struct journal *journal, struct item *item, int64_t due_ms);
/* The item stays on the wire, but its event need not be kept by the bus any
 * longer: a row that is due after `lease_ms` unless the outcome comes first. */
void journal_keep(struct journal *journal, struct item *item, int64_t lease_ms);
/* The attempt's outcome; the item ends. state "delivered", "pending" (due_ms)
 * or "failed". result is copied. */
void journal_outcome(struct journal *journal, struct item *item, const char *state, int64_t due_ms,
	const struct sender_result *result);
/* first_failure_ms 0 = all is well again. */
void journal_health(struct journal *journal, const struct target *target, int64_t first_failure_ms);
/* Disables it and says so on the bus. */
void journal_disable(struct journal *journal, const struct target *target, const char *reason);
/* Ends an item without a word (its endpoint was removed). */
void journal_drop(struct journal *journal, struct item *item);

size_t journal_count(const struct journal *journal);
/* Monotonic time of the oldest entry; 0 = none. */
int64_t journal_since_us(const struct journal *journal);

/* ---- storing --------------------------------------------------------------------- */

/* All entries in one transaction. On -1 they are kept for the next call. */
int journal_store(struct journal *journal, struct db *db, struct error *e);
/* Tokens of events all of whose items have been stored, since the last call. */
const struct bus_token *journal_finished(struct journal *journal, size_t *count);
/* For an event nobody takes: it is finished at once. */
void journal_pass(struct journal *journal, const struct bus_token *token);
/* Gives back the caller's hold on an event, after its items were made. */
void journal_event_made(struct journal *journal, struct event **event);

/* Has the endpoint got this message already? (Redelivery after a crash.) */
int journal_has(struct db *db, const char *endpoint, const char *id, bool *has, struct error *e);
/* Takes up to `most` due rows of the target in due order: their attempt is
 * counted and they are due again after lease_ms, should we die; until then no
 * other notifier takes them. They are pushed to its queue. Returns their number
 * (0 also when another notifier took them at the same moment), -1 on error. */
int journal_claim(struct db *db, struct target *target, int64_t lease_ms, int most, struct error *e);

/* Deletes what is older than keep_ms, and all that belongs to no endpoint; in
 * small transactions, at most some hundred rows a call. *more when there is
 * more to do. */
int journal_trim(struct db *db, int64_t keep_ms, bool *more, struct error *e);

#endif
