#include "ledger/ledger.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "ledger/apply.h"
#include "store/again.h"
#include "store/outcome.h"

/* 1000 rows a commit cost 12 µs each, 16 rows 28 µs; the write lock is held some 5 ms. */
#define BATCH_MAX 1000
/* Under backlog a batch waits this long for more; when idle it commits at once. */
#define LINGER_MS 10
/* A batch of this many that followed the last one closely is backlog. */
#define BACKLOG_LEAST 16
#define BACKLOG_PAUSE_MS 20
/* Old minutes are cleared that often: some hundred rows. */
#define TRIM_EVERY_MS 3600000
/* Of a message that is no status event this much is kept for vestnik.dead. */
#define BAD_DATA_MAX (64 * 1024)

struct event {
	struct delivery_status status;
	int32_t part;
	int order; /* of arrival: events of one key keep it */
};

/* A message that cannot be read, kept until the transaction. */
struct bad {
	struct bus_message message; /* strings owned */
	char reason[256];
};

struct ledger {
	struct db *db;
	struct bus *bus;
	struct bus_consumer *consumer;
	struct ledger_apply apply;
	struct bus_message *messages; /* BATCH_MAX */
	struct event *events;         /* BATCH_MAX */
	size_t events_count;
	struct bad *bad;
	size_t bad_count, bad_room;
	int64_t last_batch_end_ms, trimmed_ms; /* 0 = not yet */
	size_t last_batch_size;
	struct {
		_Atomic int64_t applied, old, unknown, bad, batches;
	} totals; /* the status thread reads them */
};

int ledger_open(struct ledger **out, struct db *db, struct bus *bus, const struct settings *settings,
	struct error *e)
{
	static const char *const topics[] = {BUS_STATUS, NULL};
	struct bus_consumer_options options = {.group = LEDGER_GROUP, .topics = topics,
		.window = 4 * BATCH_MAX};
	struct bus_consumer *consumer;
	if (bus_subscribe(bus, &options, &consumer, e) != 0)
		return -1;
	struct ledger *ledger = xcalloc(1, sizeof *ledger);
	*ledger = (struct ledger){.db = db,
		.bus = bus,
		.consumer = consumer,
		.apply = {.db = db, .bus = bus, .settings = settings},
		.messages = xcalloc(BATCH_MAX, sizeof *ledger->messages),
		.events = xcalloc(BATCH_MAX, sizeof *ledger->events)};
	*out = ledger;
	return 0;
}

/* ---- a batch ------------------------------------------------------------------------- */

static void bad_fini(struct bad *bad)
{
	free((char *)(uintptr_t)bad->message.topic);
	free((char *)(uintptr_t)bad->message.key);
	free((char *)(uintptr_t)bad->message.id);
	free((char *)(uintptr_t)bad->message.source);
	free((char *)(uintptr_t)bad->message.type);
	free((char *)(uintptr_t)bad->message.content_type);
	free((char *)(uintptr_t)bad->message.headers);
	free((void *)(uintptr_t)bad->message.data);
}

static void forget_batch(struct ledger *ledger)
{
	for (size_t i = 0; i < ledger->bad_count; i++)
		bad_fini(&ledger->bad[i]);
	ledger->bad_count = ledger->events_count = 0;
	ledger_apply_reset(&ledger->apply);
}

void ledger_close(struct ledger **ledger)
{
	struct ledger *old = *ledger;
	if (old == NULL)
		return;
	forget_batch(old);
	bus_unsubscribe(&old->consumer);
	ledger_apply_fini(&old->apply);
	free(old->messages);
	free(old->events);
	free(old->bad);
	free(old);
	*ledger = NULL;
}

static void keep_bad(struct ledger *ledger, const struct bus_message *message, const char *reason)
{
	if (ledger->bad_count == ledger->bad_room) {
		ledger->bad_room = ledger->bad_room == 0 ? 8 : ledger->bad_room * 2;
		ledger->bad = xrealloc(ledger->bad, ledger->bad_room, sizeof *ledger->bad);
	}
	struct bad *bad = &ledger->bad[ledger->bad_count++];
	bad->message = *message;
	bad->message.topic = xstrdup(message->topic);
	bad->message.key = xstrdup(message->key);
	bad->message.id = xstrdup(message->id);
	bad->message.source = xstrdup(message->source);
	bad->message.type = xstrdup(message->type);
	bad->message.content_type = xstrdup(message->content_type);
	bad->message.headers = xstrdup(message->headers);
	bad->message.len = message->len < BAD_DATA_MAX ? message->len : BAD_DATA_MAX;
	bad->message.data = xmemdup(message->len == 0 ? "" : message->data, bad->message.len + (message->len == 0));
	strncpy(bad->reason, reason, sizeof bad->reason - 1);
	bad->reason[sizeof bad->reason - 1] = '\0';
}

static void take(struct ledger *ledger, int count)
{
	static const char prefix[] = "vestnik.delivery.";
	for (int i = 0; i < count; i++) {
		const struct bus_message *m = &ledger->messages[i];
		if (m->type == NULL || strncmp(m->type, prefix, sizeof prefix - 1) != 0)
			continue; /* campaign events and others are the notifier's */
		struct event *event = &ledger->events[ledger->events_count];
		struct error e = {0};
		if (status_read(m->type, m->time_ms, m->data, m->len, &event->status, &e) != 0) {
			keep_bad(ledger, m, e.text);
			continue;
		}
		event->part = m->partition;
		event->order = (int)ledger->events_count++;
	}
}

static int compare_events(const void *a, const void *b)
{
	const struct event *x = a, *y = b;
	if (x->status.key != y->status.key)
		return x->status.key < y->status.key ? -1 : 1;
	return x->order - y->order;
}

static bool backlog(const struct ledger *ledger)
{
	return ledger->last_batch_size >= BACKLOG_LEAST &&
		clock_mono_ms() - ledger->last_batch_end_ms < BACKLOG_PAUSE_MS;
}

/* Reads before the transaction begins, so that the write lock is not held meanwhile. */
static int gather(struct ledger *ledger, int timeout_ms, struct error *e)
{
	int total = bus_poll(ledger->consumer, timeout_ms, ledger->messages, BATCH_MAX, e);
	if (total <= 0)
		return total;
	take(ledger, total);
	int64_t until = clock_mono_ms() + LINGER_MS;
	while (total < BATCH_MAX && (backlog(ledger) || total >= BATCH_MAX / 4)) {
		int64_t left = until - clock_mono_ms();
		if (left <= 0)
			break;
		int n = bus_poll(ledger->consumer, (int)left, ledger->messages, (size_t)(BATCH_MAX - total), e);
		if (n < 0)
			return -1;
		take(ledger, n);
		total += n;
	}
	return total;
}

static int bury(struct ledger *ledger, const struct bus_message *message, const char *reason,
	struct error *e)
{
	log_warn("ledger_dead_letter", "id=%s reason=%s", log_quote(message->id), log_quote(reason));
	return bus_dead_letter(ledger->bus, ledger->db, message, "ledger", reason, e);
}

/* The event is written anew: it was good, only nobody knows its delivery. */
static int bury_unknown(struct ledger *ledger, const struct delivery_status *status, struct error *e)
{
	char id[STATUS_ID_SIZE];
	struct buf data;
	buf_init(&data, 4096);
	struct bus_message message = {.topic = BUS_STATUS, .id = status_id(status, id),
		.source = "vestnik", .type = status_type(status->state), .time_ms = status->time_ms};
	int rc = status_write(status, &data);
	message.data = data.data;
	message.len = data.len;
	rc = rc != 0 ? error_set(e, ERROR_INTERNAL, "a status event grew over 4096 bytes")
		     : bury(ledger, &message, "no such delivery", e);
	buf_fini(&data);
	return rc;
}

/* Events stand in key order. */
static int load(struct ledger *ledger, struct error *e)
{
	int64_t keys[BATCH_MAX];
	size_t count = 0;
	for (size_t i = 0; i < ledger->events_count; i++)
		if (count == 0 || keys[count - 1] != ledger->events[i].status.key)
			keys[count++] = ledger->events[i].status.key;
	return ledger_apply_load(&ledger->apply, keys, count, e);
}

static int apply_all(struct ledger *ledger, struct ledger_totals *totals, struct error *e)
{
	ledger->apply.now_ms = clock_now_ms();
	if (load(ledger, e) != 0)
		return -1;
	for (size_t i = 0; i < ledger->events_count; i++) {
		const struct event *event = &ledger->events[i];
		enum ledger_fate fate;
		if (ledger_apply_event(&ledger->apply, event->part, &event->status, &fate, e) != 0)
			return -1;
		totals->applied += fate == LEDGER_APPLIED;
		totals->old += fate == LEDGER_OLD;
		totals->unknown += fate == LEDGER_UNKNOWN;
		if (fate == LEDGER_UNKNOWN && bury_unknown(ledger, &event->status, e) != 0)
			return -1;
	}
	for (size_t i = 0; i < ledger->bad_count; i++, totals->bad++)
		if (bury(ledger, &ledger->bad[i].message, ledger->bad[i].reason, e) != 0)
			return -1;
	return ledger_apply_write(&ledger->apply, e);
}

static int try_batch(struct ledger *ledger, struct error *e)
{
	struct ledger_totals totals = {0};
	if (db_begin(ledger->db, DB_WRITE, e) != 0)
		return -1;
	/* Relaxed: the events were durable on the bus before, and stay there until the offset is,
	 * which commits with what they did. */
	if (apply_all(ledger, &totals, e) != 0 || bus_done_tx(ledger->consumer, ledger->db, e) != 0 ||
		db_commit(ledger->db, DB_RELAXED, e) != 0) {
		db_rollback(ledger->db);
		ledger_apply_reset(&ledger->apply);
		return -1;
	}
	ledger->totals.applied += totals.applied;
	ledger->totals.old += totals.old;
	ledger->totals.unknown += totals.unknown;
	ledger->totals.bad += totals.bad;
	ledger->totals.batches++;
	return 0;
}

/* In key order, so that two ledgers that share keys for a moment (a partition that changes hands)
 * wait for each other in one direction only. Whoever comes second begins anew, from what the first
 * left: nothing is applied, or counted, twice. */
static int commit_batch(struct ledger *ledger, struct error *e)
{
	struct again again = {0};
	int rc;
	qsort(ledger->events, ledger->events_count, sizeof *ledger->events, compare_events);
	do
		rc = try_batch(ledger, e);
	while (rc != 0 && again_after_conflict(&again, e));
	return rc;
}

/* What cannot be cleared now is cleared later: letters do not wait for it. */
static void trim(struct ledger *ledger)
{
	struct error e;
	int64_t now_ms = clock_mono_ms();
	if (ledger->trimmed_ms != 0 && now_ms - ledger->trimmed_ms < TRIM_EVERY_MS)
		return;
	ledger->trimmed_ms = now_ms;
	if (outcome_trim(ledger->db, clock_now_ms(), &e) != 0 && !e.retriable)
		log_warn("outcome_trim", "error=%s", log_quote(e.text));
}

int ledger_step(struct ledger *ledger, int timeout_ms, struct error *e)
{
	trim(ledger);
	int count = gather(ledger, timeout_ms, e);
	int rc = count;
	if (count > 0 && commit_batch(ledger, e) != 0)
		rc = -1;
	if (rc < 0) {
		struct error ignored;
		(void)bus_rewind(ledger->consumer, &ignored);
	}
	if (rc > 0) {
		ledger->last_batch_size = (size_t)count;
		ledger->last_batch_end_ms = clock_mono_ms();
	}
	forget_batch(ledger);
	return rc;
}

void ledger_interrupt(struct ledger *ledger)
{
	bus_interrupt(ledger->consumer);
}

void ledger_totals(const struct ledger *ledger, struct ledger_totals *out)
{
	*out = (struct ledger_totals){.applied = ledger->totals.applied,
		.old = ledger->totals.old,
		.unknown = ledger->totals.unknown,
		.bad = ledger->totals.bad,
		.batches = ledger->totals.batches};
}
