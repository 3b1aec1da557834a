#include "notifier/carrier.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/ident.h"
#include "base/log.h"
#include "notifier/retry.h"

/* A claimed row comes again so long after a request's time is up, should we die. */
#define LEASE_MARGIN_MS 10000
/* Rows claimed at once for an endpoint that keeps up. */
#define CLAIM_MOST 64

static double jitter(void)
{
	uint32_t random;
	ident_random(&random, sizeof random);
	return random / 4294967296.0;
}

static int64_t lease_ms(const struct carrier *carrier)
{
	return carrier->config.timeout_ms + LEASE_MARGIN_MS;
}

/* ---- what comes back ------------------------------------------------------------------- */

static void now_well(struct carrier *carrier, struct target *target)
{
	if (target->failures > 0)
		log_info("webhook.recovered", "endpoint=%s failures=%d", target->id, target->failures);
	target->failures = 0;
	target->rest_until_ms = 0;
	if (target->first_failure_ms != 0)
		journal_health(carrier->journal, target, 0);
	target->first_failure_ms = 0;
}

static void disable(struct carrier *carrier, struct target *target, const char *reason)
{
	log_warn("webhook.disabled", "endpoint=%s reason=%s", target->id, log_quote(reason));
	target->active = false;
	carrier->targets.active--;
	journal_disable(carrier->journal, target, reason);
}

static void now_ill(struct carrier *carrier, struct target *target, enum retry_verdict verdict,
	const struct sender_result *result)
{
	int64_t now_ms = clock_now_ms();
	target->failures++;
	int64_t rest_ms = retry_rest_ms(target->failures, jitter());
	if (verdict == RETRY_THROTTLE) { /* it asked for a rest, with or without saying how long */
		int64_t asked_ms = result->retry_after_ms >= 0 ? result->retry_after_ms : retry_delay_ms(1, jitter());
		rest_ms = asked_ms > rest_ms ? asked_ms : rest_ms;
	}
	if (now_ms + rest_ms > target->rest_until_ms)
		target->rest_until_ms = now_ms + rest_ms;
	if (target->first_failure_ms == 0) {
		target->first_failure_ms = now_ms;
		journal_health(carrier->journal, target, now_ms);
	}
	if (!target->active)
		return;
	if (verdict == RETRY_GONE) {
		disable(carrier, target, "the endpoint answered 410 Gone");
	} else if (now_ms - target->first_failure_ms >= carrier->config.disable_after_ms) {
		char reason[200];
		snprintf(reason, sizeof reason, "no attempt succeeded for %" PRId64 " h; the last: %ld %.100s",
			(now_ms - target->first_failure_ms) / 3600000, result->status,
			result->error == NULL ? "" : result->error);
		disable(carrier, target, reason);
	}
}

void carrier_done(void *arg, void *request_arg, const struct sender_result *result)
{
	struct carrier *carrier = arg;
	struct item *item = request_arg;
	struct target *target = item->target;
	enum retry_verdict verdict = retry_judge(result->status);
	target_land(target, item);
	target_pace(target, result->duration_ms * 1000);
	log_event(verdict == RETRY_DELIVERED ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARN, "webhook.attempt",
		"endpoint=%s message=%s type=%s attempt=%" PRId64 " ms=%" PRId64 " status=%ld error=%s",
		target->id, item->event->id, item->event->type, item->attempts, result->duration_ms,
		result->status, log_quote(result->error));
	atomic_fetch_add(verdict == RETRY_DELIVERED ? &carrier->delivered : &carrier->failed, 1);
	if (target->gone) { /* removed meanwhile: nobody is waiting for it */
		journal_drop(carrier->journal, item);
		return;
	}
	if (verdict == RETRY_DELIVERED) {
		now_well(carrier, target);
		journal_outcome(carrier->journal, item, "delivered", TIME_NEVER_MS, result);
		return;
	}
	now_ill(carrier, target, verdict, result);
	int64_t delay_ms = verdict == RETRY_GONE ? -1 : retry_delay_ms(item->retries, jitter());
	if (delay_ms >= 0 && result->retry_after_ms > delay_ms)
		delay_ms = result->retry_after_ms;
	if (delay_ms < 0)
		journal_outcome(carrier->journal, item, "failed", TIME_NEVER_MS, result);
	else
		journal_outcome(carrier->journal, item, "pending", clock_now_ms() + delay_ms, result);
}

/* ---- what goes out ----------------------------------------------------------------------- */

void carrier_take(struct carrier *carrier, struct target *target, struct event *event)
{
	struct item *item = item_new(target, event);
	int64_t now_ms = clock_now_ms();
	if (target_needs_rows(target, now_ms))
		journal_row(carrier->journal, item, now_ms);
	else
		target_push(target, item);
}

static void sign(const struct target *target, const struct event *event, int64_t timestamp_s,
	struct buf *out)
{
	char signature[WEBHOOK_SIGNATURE_SIZE];
	for (int i = 0; i < target->keys; i++) {
		if (i > 0)
			(void)buf_putc(out, ' ');
		(void)buf_puts(out, webhook_sign(&target->key[i], event->id, timestamp_s, event->body,
				event->len, signature));
	}
}

static void send_item(struct carrier *carrier, struct target *target, struct item *item)
{
	struct buf signature;
	struct error e = {0};
	buf_init(&signature, TARGET_KEYS_MAX * (WEBHOOK_SIGNATURE_SIZE + 1));
	item->attempts++;
	item->retries++;
	target_fly(target, item);
	int64_t timestamp_s = item->sent_ms / 1000;
	sign(target, item->event, timestamp_s, &signature);
	struct sender_request request = {.url = target->url,
		.id = item->event->id,
		.timestamp_s = timestamp_s,
		.signature = buf_str(&signature),
		.body = item->event->body,
		.len = item->event->len,
		.trusted = target->trusted};
	if (sender_start(carrier->sender, &request, item, &e) != 0) {
		struct sender_result result = {.retry_after_ms = -1, .error = e.text};
		carrier_done(carrier, item, &result);
	}
	buf_fini(&signature);
}

static int claim_size(const struct target *target, int room)
{
	if (target->failures > 0 || target->pace_us == 0 || target_is_slow(target))
		return room;
	int64_t fits = TARGET_PATIENCE_MS * INT64_C(1000) * target->concurrency / target->pace_us;
	return fits < room ? room : fits > CLAIM_MOST ? CLAIM_MOST : (int)fits;
}

static int start_target(struct carrier *carrier, struct target *target, struct db *db, struct error *e)
{
	int64_t now_ms = clock_now_ms();
	int room = target_room(target, now_ms);
	int free_slots = carrier->config.connections - sender_running(carrier->sender);
	/* A quarter of the connections is kept for those that answer. */
	if (target->failures > 0 || target_is_slow(target))
		free_slots -= carrier->config.connections / 4;
	if (room > free_slots)
		room = free_slots;
	if (room > 0 && target->head == NULL && target->next_due_ms <= now_ms &&
		journal_claim(db, target, lease_ms(carrier), claim_size(target, room), e) < 0)
		return -1;
	for (; room > 0 && target->head != NULL && target->active; room--)
		send_item(carrier, target, target_pop(target));
	return 0;
}

int carrier_start(struct carrier *carrier, struct db *db, struct error *e)
{
	for (struct target *t = carrier->targets.first; t != NULL; t = t->next)
		if (t->active && start_target(carrier, t, db, e) != 0)
			return -1;
	/* Whoever starts first gets the free connections first: take turns. */
	struct target *first = carrier->targets.first;
	if (first != NULL && first->next != NULL) {
		struct target **last = &carrier->targets.first;
		while (*last != NULL)
			last = &(*last)->next;
		*last = first;
		carrier->targets.first = first->next;
		first->next = NULL;
	}
	return 0;
}

/* ---- letting go ---------------------------------------------------------------------------- */

static void queue_to_rows(struct carrier *carrier, struct target *target)
{
	int64_t now_ms = clock_now_ms();
	struct item *item;
	while ((item = target_pop(target)) != NULL)
		journal_row(carrier->journal, item, now_ms);
}

/* Nobody is waiting for it any more: what hangs must not hold a connection, nor a stop. */
static void drop_all(struct carrier *carrier, struct target *target)
{
	struct item *item;
	while ((item = target_pop(target)) != NULL)
		journal_drop(carrier->journal, item);
	while ((item = target->flying) != NULL) {
		sender_cancel(carrier->sender, item);
		target_land(target, item);
		journal_drop(carrier->journal, item);
	}
}

/* What is on the wire to an address of before says nothing about the one of now: as if it had not been tried. */
static void call_back(struct carrier *carrier, struct target *target)
{
	int64_t now_ms = clock_now_ms();
	struct item *item;
	while ((item = target->flying) != NULL) {
		sender_cancel(carrier->sender, item);
		target_land(target, item);
		item->attempts--;
		item->retries--;
		journal_row(carrier->journal, item, now_ms);
	}
	target->moved = false;
}

static void keep_flying(struct carrier *carrier, struct target *target)
{
	for (struct item *item = target->flying; item != NULL; item = item->next)
		if (!item->stored)
			journal_keep(carrier->journal, item, lease_ms(carrier));
}

void carrier_let_go(struct carrier *carrier)
{
	for (struct target *t = carrier->targets.first; t != NULL; t = t->next) {
		if (t->moved && !t->gone)
			call_back(carrier, t);
		if (t->gone) {
			drop_all(carrier, t);
		} else if (!t->active || t->failures > 0) {
			queue_to_rows(carrier, t);
		} else if (target_is_slow(t)) {
			queue_to_rows(carrier, t);
			keep_flying(carrier, t);
		}
		/* A hanging request would hold up the bus whatever else is true. */
		if (!t->gone && t->flying != NULL && target_is_slow(t))
			keep_flying(carrier, t);
	}
}

void carrier_empty_queues(struct carrier *carrier)
{
	for (struct target *t = carrier->targets.first; t != NULL; t = t->next)
		queue_to_rows(carrier, t);
}

void carrier_hand_over(struct carrier *carrier)
{
	for (struct target *t = carrier->targets.first; t != NULL; t = t->next) {
		if (t->gone)
			continue;
		queue_to_rows(carrier, t);
		keep_flying(carrier, t);
	}
}

void carrier_forget_waiting(struct carrier *carrier)
{
	for (struct target *t = carrier->targets.first; t != NULL; t = t->next) {
		struct item *kept = NULL, **tail = &kept, *item;
		while ((item = target_pop(t)) != NULL) {
			if (!item->stored) {
				journal_drop(carrier->journal, item);
				continue;
			}
			*tail = item;
			tail = &item->next;
		}
		while ((item = kept) != NULL) {
			kept = item->next;
			target_push(t, item);
		}
	}
}

bool carrier_is_full(const struct carrier *carrier)
{
	for (const struct target *t = carrier->targets.first; t != NULL; t = t->next)
		if (t->queued >= TARGET_QUEUE_MAX / 2)
			return true;
	return false;
}

int64_t carrier_next_ms(const struct carrier *carrier)
{
	int64_t next_ms = TIME_NEVER_MS, now_ms = clock_now_ms();
	for (const struct target *t = carrier->targets.first; t != NULL; t = t->next) {
		if (!t->active || target_room(t, now_ms > t->rest_until_ms ? now_ms : t->rest_until_ms) == 0)
			continue;
		int64_t due_ms = t->next_due_ms > t->rest_until_ms ? t->next_due_ms : t->rest_until_ms;
		if (t->next_due_ms != TIME_NEVER_MS && due_ms < next_ms)
			next_ms = due_ms;
	}
	return next_ms;
}
