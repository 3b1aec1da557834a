#include "notifier/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"

/* ---- reading the store ----------------------------------------------------------- */

static struct target *find(const struct targets *targets, const char *id)
{
	for (struct target *t = targets->first; t != NULL; t = t->next)
		if (strcmp(t->id, id) == 0 && !t->gone)
			return t;
	return NULL;
}

static struct target *add(struct targets *targets, const struct webhook_endpoint *endpoint)
{
	struct target *target = xcalloc(1, sizeof *target);
	memcpy(target->id, endpoint->id, sizeof target->id);
	target->tail = &target->head;
	target->next_due_ms = TIME_NEVER_MS;
	target->next = targets->first;
	targets->first = target;
	return target;
}

static void set_text(char **to, const char *value)
{
	if (*to != NULL && value != NULL && strcmp(*to, value) == 0)
		return;
	free(*to);
	*to = xstrdup(value);
}

static void set_filter(struct target *target, const char *events)
{
	struct error e = {0};
	if (target->filter != NULL && strcmp(target->events, events) == 0)
		return;
	webhook_filter_free(&target->filter);
	set_text(&target->events, events);
	if (webhook_filter_parse(events, &target->filter, &e) != 0)
		log_error("webhook.filter", "endpoint=%s error=%s", target->id, log_quote(e.text));
}

static int take(void *arg, const struct webhook_endpoint *endpoint)
{
	struct targets *targets = arg;
	struct target *target = find(targets, endpoint->id);
	bool was_active = target != NULL && target->active;
	bool moved = target != NULL && strcmp(target->url, endpoint->url) != 0;
	if (target == NULL)
		target = add(targets, endpoint);
	target->seen = true;
	target->moved |= moved;
	set_text(&target->url, endpoint->url);
	set_text(&target->campaign, endpoint->campaign);
	set_filter(target, endpoint->events);
	target->trusted = endpoint->allow_private || targets->trust_all;
	target->concurrency = endpoint->concurrency / (targets->notifiers > 1 ? targets->notifiers : 1);
	if (target->concurrency < 1)
		target->concurrency = 1;
	if (target->concurrency > targets->concurrency_max)
		target->concurrency = targets->concurrency_max;
	target->active = endpoint->active && target->filter != NULL;
	target->first_failure_ms = endpoint->first_failure_ms;
	if (target->active && (!was_active || moved)) { /* new, or somebody enabled or moved it: a fresh start */
		target->failures = endpoint->first_failure_ms != 0 ? 1 : 0;
		target->rest_until_ms = 0;
		target->pace_us = 0;
	}
	return 0;
}

static int read_work(struct target *target, struct db *db, int64_t now_ms, struct error *e)
{
	struct error bad = {0};
	target->keys = webhook_endpoint_keys(db, target->id, now_ms, target->key, TARGET_KEYS_MAX, &bad);
	if (target->keys < 0 && bad.code != ERROR_INPUT) {
		*e = bad;
		return -1;
	}
	if (target->keys <= 0) {
		if (target->active)
			log_error("webhook.secret", "endpoint=%s error=%s", target->id,
				log_quote(target->keys < 0 ? bad.text : "no secret is valid"));
		target->active = false;
		target->keys = 0;
	}
	int64_t due_ms;
	enum db_step step = db_query_int(db, &due_ms, e,
		"SELECT due_ms FROM webhook_message WHERE endpoint = $1 AND due_ms IS NOT NULL"
		" ORDER BY due_ms LIMIT 1",
		"s", target->id);
	target->next_due_ms = step == DB_ROW ? due_ms : TIME_NEVER_MS;
	return step == DB_FAILED ? -1 : 0;
}

int targets_refresh(struct targets *targets, struct db *db, struct error *e)
{
	int64_t now_ms = clock_now_ms();
	for (struct target *t = targets->first; t != NULL; t = t->next)
		t->seen = false;
	if (webhook_endpoint_each(db, take, targets, e) != 0)
		return -1;
	targets->active = 0;
	for (struct target *t = targets->first; t != NULL; t = t->next) {
		if (!t->seen) {
			targets->removed |= !t->gone;
			t->gone = true;
			t->active = false;
			continue;
		}
		if (read_work(t, db, now_ms, e) != 0)
			return -1;
		targets->active += t->active;
	}
	return 0;
}

static void target_free(struct target *target)
{
	free(target->url);
	free(target->events);
	free(target->campaign);
	webhook_filter_free(&target->filter);
	sodium_memzero(target->key, sizeof target->key);
	free(target);
}

void targets_sweep(struct targets *targets)
{
	for (struct target **at = &targets->first; *at != NULL;) {
		struct target *target = *at;
		if (target->gone && target->items == 0) {
			*at = target->next;
			target_free(target);
		} else {
			at = &target->next;
		}
	}
}

void targets_fini(struct targets *targets)
{
	while (targets->first != NULL) {
		struct target *target = targets->first;
		targets->first = target->next;
		struct item *item;
		while ((item = target_pop(target)) != NULL)
			item_free(item);
		while ((item = target->flying) != NULL) {
			target_land(target, item);
			item_free(item);
		}
		target_free(target);
	}
}

/* ---- who wants what --------------------------------------------------------------- */

bool targets_want(const struct targets *targets, const char *type)
{
	if (targets->active == 0)
		return false;
	for (const struct target *t = targets->first; t != NULL; t = t->next)
		if (t->active && webhook_filter_match(t->filter, type))
			return true;
	return false;
}

bool target_wants(const struct target *target, const char *type, const char *slug)
{
	if (!target->active || !webhook_filter_match(target->filter, type))
		return false;
	return target->campaign == NULL || (slug != NULL && strcmp(target->campaign, slug) == 0);
}

/* ---- how it is doing --------------------------------------------------------------- */

bool target_is_slow(const struct target *target)
{
	int64_t limit_us = clock_mono_us() - 2 * TARGET_PATIENCE_MS * 1000;
	if (target->head != NULL && target->head->since_us < limit_us)
		return true;
	for (const struct item *item = target->flying; item != NULL; item = item->next)
		if (item->since_us < limit_us)
			return true;
	return false;
}

bool target_needs_rows(const struct target *target, int64_t now_ms)
{
	if (target->failures > 0 || target->rest_until_ms > now_ms || target->next_due_ms <= now_ms)
		return true;
	if (target->pace_us * (target->queued + 1) / target->concurrency > TARGET_PATIENCE_MS * 1000)
		return true;
	return target->queued >= TARGET_QUEUE_MAX || target_is_slow(target);
}

int target_room(const struct target *target, int64_t now_ms)
{
	if (!target->active || target->rest_until_ms > now_ms)
		return 0;
	/* After a failure one request at a time finds out whether it is back. */
	int most = target->failures > 0 ? 1 : target->concurrency;
	return target->in_flight < most ? most - target->in_flight : 0;
}

void target_pace(struct target *target, int64_t took_us)
{
	target->pace_us = target->pace_us == 0 ? took_us : (target->pace_us * 7 + took_us) / 8;
}

/* ---- items ---------------------------------------------------------------------------- */

struct item *item_new(struct target *target, struct event *event)
{
	struct item *item = xcalloc(1, sizeof *item);
	item->target = target;
	item->event = event;
	target->items++;
	event->refs++;
	event->unstored++;
	return item;
}

void item_free(struct item *item)
{
	item->target->items--;
	event_unref(&item->event);
	free(item);
}

void target_push(struct target *target, struct item *item)
{
	item->next = NULL;
	item->since_us = clock_mono_us();
	*target->tail = item;
	target->tail = &item->next;
	target->queued++;
}

struct item *target_pop(struct target *target)
{
	struct item *item = target->head;
	if (item == NULL)
		return NULL;
	target->head = item->next;
	if (target->head == NULL)
		target->tail = &target->head;
	target->queued--;
	item->next = NULL;
	return item;
}

void target_fly(struct target *target, struct item *item)
{
	item->flying = true;
	item->since_us = clock_mono_us();
	item->sent_ms = clock_now_ms();
	item->next = target->flying;
	target->flying = item;
	target->in_flight++;
}

void target_land(struct target *target, struct item *item)
{
	for (struct item **at = &target->flying; *at != NULL; at = &(*at)->next)
		if (*at == item) {
			*at = item->next;
			break;
		}
	item->next = NULL;
	item->flying = false;
	target->in_flight--;
}
