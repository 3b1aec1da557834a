#include "ledger/apply.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "store/ask_row.h"
#include "store/delivery.h"
#include "store/schedule.h"

/* ---- counters --------------------------------------------------------------------- */

static void change(struct ledger_apply *apply, int64_t campaign, int32_t part,
	enum delivery_state state, int64_t n)
{
	for (size_t i = 0; i < apply->changes_count; i++) {
		struct ledger_change *c = &apply->changes[i];
		if (c->campaign == campaign && c->part == part && c->state == state) {
			c->n += n;
			return;
		}
	}
	if (apply->changes_count == apply->changes_room) {
		apply->changes_room = apply->changes_room == 0 ? 32 : apply->changes_room * 2;
		apply->changes = xrealloc(apply->changes, apply->changes_room, sizeof *apply->changes);
	}
	apply->changes[apply->changes_count++] =
		(struct ledger_change){.campaign = campaign, .part = part, .state = state, .n = n};
}

static int compare_changes(const void *a, const void *b)
{
	const struct ledger_change *x = a, *y = b;
	if (x->campaign != y->campaign)
		return x->campaign < y->campaign ? -1 : 1;
	return x->part != y->part ? x->part - y->part : (int)x->state - (int)y->state;
}

static int write_counters(struct ledger_apply *apply, struct error *e)
{
	/* One order for all writers of counters, so that none waits for another in a circle. */
	if (apply->changes_count > 1)
		qsort(apply->changes, apply->changes_count, sizeof *apply->changes, compare_changes);
	for (size_t i = 0; i < apply->changes_count; i++) {
		const struct ledger_change *c = &apply->changes[i];
		if (counter_add(apply->db, c->campaign, c->part, c->state, c->n, e) != 0)
			return -1;
	}
	return 0;
}

/* ---- a batch ----------------------------------------------------------------------- */

int ledger_apply_load(struct ledger_apply *apply, const int64_t *keys, size_t count, struct error *e)
{
	struct delivery_row *found = xcalloc(count + 1, sizeof *found);
	ledger_apply_reset(apply);
	if (count > apply->rows_room) {
		apply->rows_room = count;
		apply->rows = xrealloc(apply->rows, count, sizeof *apply->rows);
	}
	int rc = delivery_get_all(apply->db, keys, count, found, &apply->rows_count, e);
	for (size_t i = 0; i < apply->rows_count; i++) {
		apply->rows[i].delivery = found[i];
		apply->rows[i].changed = apply->rows[i].ended = false;
	}
	free(found);
	return rc;
}

static int compare_row(const void *key, const void *row)
{
	int64_t a = *(const int64_t *)key, b = ((const struct ledger_row *)row)->delivery.key;
	return a < b ? -1 : a > b;
}

static void note(struct ledger_apply *apply, const struct delivery_status *line)
{
	if (apply->history_count == apply->history_room) {
		apply->history_room = apply->history_room == 0 ? 256 : apply->history_room * 2;
		apply->history = xrealloc(apply->history, apply->history_room, sizeof *apply->history);
	}
	apply->history[apply->history_count++] = *line;
}

static int write_history(struct ledger_apply *apply, struct error *e)
{
	int rc = history_add_all(apply->db, apply->history, apply->history_count, e);
	apply->history_count = 0;
	return rc;
}

static int write_rows(struct ledger_apply *apply, struct error *e)
{
	const struct delivery_row **changed = xcalloc(apply->rows_count + 1, sizeof *changed);
	int64_t *ended = xcalloc(apply->rows_count + 1, sizeof *ended);
	size_t changed_count = 0, ended_count = 0;
	for (size_t i = 0; i < apply->rows_count; i++) {
		struct ledger_row *row = &apply->rows[i];
		row->delivery.facts = &row->facts;
		if (row->changed)
			changed[changed_count++] = &row->delivery;
		if (row->ended)
			ended[ended_count++] = row->delivery.key;
	}
	int rc = schedule_delete_all(apply->db, ended, ended_count, e);
	if (rc == 0)
		rc = delivery_set_all(apply->db, changed, changed_count, e);
	free(changed);
	free(ended);
	return rc;
}

static bool came_to_nothing(enum delivery_state state)
{
	return state == DELIVERY_BOUNCED || state == DELIVERY_FAILED || state == DELIVERY_SUPPRESSED;
}

/* Whoever was to be asked and was not reached must not look like one who is silent: people see it
 * in the call list, and the next reminder goes to the second contact, too. */
static int flag_asks(struct ledger_apply *apply, struct error *e)
{
	int64_t *keys = xcalloc(apply->rows_count + 1, sizeof *keys);
	size_t count = 0;
	for (size_t i = 0; i < apply->rows_count; i++)
		if (apply->rows[i].changed && came_to_nothing(apply->rows[i].delivery.state))
			keys[count++] = apply->rows[i].delivery.key;
	int rc = ask_flag_unreached(apply->db, keys, count, apply->now_ms, e);
	free(keys);
	return rc;
}

int ledger_apply_write(struct ledger_apply *apply, struct error *e)
{
	if (write_history(apply, e) != 0 || write_rows(apply, e) != 0 || flag_asks(apply, e) != 0 ||
		write_counters(apply, e) != 0 || ledger_outcomes_write(&apply->outcomes, apply->db, e) != 0)
		return -1;
	ledger_apply_reset(apply);
	return 0;
}

void ledger_apply_reset(struct ledger_apply *apply)
{
	apply->changes_count = apply->rows_count = apply->history_count = apply->outcomes.count = 0;
}

void ledger_apply_fini(struct ledger_apply *apply)
{
	free(apply->changes);
	free(apply->rows);
	free(apply->history);
	ledger_outcomes_fini(&apply->outcomes);
	*apply = (struct ledger_apply){0};
}

/* ---- when again --------------------------------------------------------------------- */

int64_t ledger_retry_due_ms(const struct settings *settings, int64_t now_ms, int64_t attempts,
	int64_t key, int64_t not_before_ms)
{
	size_t last = settings->planner.retry_count - 1;
	size_t index = attempts < 1 ? 0 : (size_t)(attempts - 1);
	int64_t pause = settings->planner.retry_ms[index < last ? index : last];
	/* Jitter keeps a thousand letters one relay deferred together from coming back together; by
	 * key, so that applying an event again gives the same. 2654435761: Knuth's multiplier. */
	int64_t spread = pause / 5;
	int64_t jitter = spread == 0 ? 0 : (int64_t)((uint64_t)key * 2654435761u % UINT32_MAX) % spread;
	int64_t due = now_ms + pause - spread / 2 + jitter;
	return due > not_before_ms ? due : not_before_ms;
}

/* ---- what an event does -------------------------------------------------------------- */

/* The ledger's own conclusion from an event (the last attempt; lost too often) is told to the
 * others as an event too; when it comes back here it is old. */
static int publish_conclusion(struct ledger_apply *apply, const struct delivery_status *status,
	struct error *e)
{
	char id[STATUS_ID_SIZE], key[24];
	struct buf data;
	buf_init(&data, 4096);
	int rc = -1;
	if (status_write(status, &data) != 0) {
		(void)error_set(e, ERROR_INTERNAL, "a status event grew over 4096 bytes");
		goto out;
	}
	snprintf(key, sizeof key, "%lld", (long long)status->key);
	struct bus_message message = {.topic = BUS_STATUS,
		.key = key,
		.id = status_id(status, id),
		.source = "vestnik/ledger",
		.type = status_type(status->state),
		.time_ms = status->time_ms,
		.data = data.data,
		.len = data.len};
	rc = bus_publish_tx(apply->bus, apply->db, &message, e);
out:
	buf_fini(&data);
	return rc;
}

static void end(struct ledger_row *row)
{
	row->delivery.lost = 0;
	row->ended = true;
}

/* Before a row is scheduled again: what an earlier event of the batch ended, ends first. */
static int unend(struct ledger_apply *apply, struct ledger_row *row, struct error *e)
{
	bool ended = row->ended;
	row->ended = false;
	return ended ? schedule_delete(apply->db, row->delivery.key, e) : 0;
}

static int schedule(struct ledger_apply *apply, struct ledger_row *row, int64_t due_ms, struct error *e)
{
	return unend(apply, row, e) != 0
		? -1
		: schedule_again(apply->db, row->delivery.key, row->delivery.dispatch, due_ms, e);
}

/* The next attempt would come too late: this one was the last. */
static int give_up(struct ledger_apply *apply, struct ledger_row *row, struct delivery_status *event,
	struct error *e)
{
	char *words = xasprintf("last attempt: %s", event->reason);
	char *reason = gate_clean_line(words, sizeof event->reason - 1);
	snprintf(event->reason, sizeof event->reason, "%s", reason);
	free(reason);
	free(words);
	event->state = row->delivery.state = DELIVERY_FAILED;
	event->not_before_ms = 0;
	note(apply, event);
	end(row);
	return publish_conclusion(apply, event, e);
}

static int defer(struct ledger_apply *apply, struct ledger_row *row, struct delivery_status *event,
	struct error *e)
{
	struct delivery_row *d = &row->delivery;
	d->attempts++;
	d->lost = 0;
	int64_t due_ms = ledger_retry_due_ms(apply->settings, apply->now_ms, d->attempts, d->key,
		event->not_before_ms);
	int64_t first_ms = event->time_ms;
	/* Earlier deferrals may stand in this batch. */
	if (write_history(apply, e) != 0 ||
		history_first_deferral(apply->db, d->key, &first_ms, e) == DB_FAILED)
		return -1;
	if (due_ms > d->not_after_ms || due_ms > first_ms + apply->settings->planner.give_up_ms)
		return give_up(apply, row, event, e);
	return schedule(apply, row, due_ms, e);
}

/* Could not start; not counted – unless sessions keep ending without a word about it. */
static int come_back(struct ledger_apply *apply, struct ledger_row *row, struct delivery_status *event,
	struct error *e)
{
	if (event->lost && ++row->delivery.lost >= LEDGER_LOST_MAX) {
		event->state = row->delivery.state = DELIVERY_DEFERRED;
		note(apply, event);
		return publish_conclusion(apply, event, e) != 0 ? -1 : defer(apply, row, event, e);
	}
	row->delivery.state = DELIVERY_WAITING;
	int64_t due_ms = apply->now_ms + LEDGER_RETURN_DELAY_MS;
	return schedule(apply, row, due_ms > event->not_before_ms ? due_ms : event->not_before_ms, e);
}

static int be_uncertain(struct ledger_apply *apply, struct ledger_row *row,
	const struct delivery_status *event, struct error *e)
{
	int64_t hold = 0;
	row->delivery.uncertain++;
	row->delivery.lost = 0;
	if (db_query_int(apply->db, &hold, e, "SELECT hold FROM campaign WHERE id = $1", "i",
		    row->delivery.campaign) == DB_FAILED)
		return -1;
	if (hold != 0 || event->no_retry || row->delivery.uncertain > LEDGER_UNCERTAIN_MAX) {
		row->ended = true; /* held for an operator */
		return 0;
	}
	return schedule(apply, row,
		ledger_retry_due_ms(apply->settings, apply->now_ms, 1, row->delivery.key, event->not_before_ms),
		e);
}

static int act(struct ledger_apply *apply, struct ledger_row *row, struct delivery_status *event,
	struct error *e)
{
	struct delivery_row *d = &row->delivery;
	enum delivery_state old = d->state;
	d->dispatch = event->dispatch;
	d->state = event->state;
	switch (event->state) {
	case DELIVERY_SENDING:
		/* It is in flight already, unless a late event of an older dispatch had ended it. */
		if (old == DELIVERY_WAITING || old == DELIVERY_DEFERRED || old == DELIVERY_SENDING)
			return 0;
		return unend(apply, row, e) != 0
			? -1
			: schedule_in_flight(apply->db, d->key, d->dispatch, apply->now_ms, e);
	case DELIVERY_DEFERRED:
		return defer(apply, row, event, e);
	case DELIVERY_RETURNED:
		return come_back(apply, row, event, e);
	case DELIVERY_UNCERTAIN:
		return be_uncertain(apply, row, event, e);
	case DELIVERY_WAITING: /* an operator's retry: a new series of attempts */
		d->attempts = d->lost = 0;
		return schedule(apply, row, apply->now_ms, e);
	default:
		end(row);
		return 0;
	}
}

int ledger_apply_event(struct ledger_apply *apply, int32_t part, const struct delivery_status *event,
	enum ledger_fate *fate, struct error *e)
{
	struct ledger_row *row = apply->rows_count == 0 ? NULL
							: bsearch(&event->key, apply->rows, apply->rows_count,
								  sizeof *apply->rows, compare_row);
	if (row == NULL) {
		*fate = LEDGER_UNKNOWN;
		return 0;
	}
	/* A campaign that pauses for a day returns its jobs many times: those that say nothing about
	 * the letter are no part of its story. */
	if (event->state != DELIVERY_RETURNED || event->lost)
		note(apply, event);
	struct delivery_row *d = &row->delivery;
	if (!delivery_state_replaces(d->dispatch, d->state, event->dispatch, event->state)) {
		*fate = LEDGER_OLD;
		return 0;
	}
	*fate = LEDGER_APPLIED;
	enum delivery_state old = d->state;
	row->facts = *event;
	row->changed = true;
	if (act(apply, row, &row->facts, e) != 0)
		return -1;
	ledger_outcomes_add(&apply->outcomes, event, d->state, part);
	if (d->state != old) {
		change(apply, d->campaign, part, old, -1);
		change(apply, d->campaign, part, d->state, 1);
	}
	return 0;
}
