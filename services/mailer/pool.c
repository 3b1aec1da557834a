/* Locking: one lock for queues, relays and domain rates. It is held for some
 * hundred nanoseconds a letter; events, rendering and the network are outside.
 * Threads wait on the relay's condition (within a session) or on the pool's. */
#include "mailer/pool.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/wait.h"
#include "base/xalloc.h"
#include "mailer/pool_parts.h"

/* Letters queued per lane: half a second of the measured rate, within these. */
#define APPETITE_SPAN_MS 500
#define APPETITE_MOST 4096

void pool_status(struct delivery_status *status, const struct outgoing *job,
	enum delivery_state state)
{
	*status = (struct delivery_status){.key = job->key,
		.dispatch = job->dispatch,
		.campaign = job->campaign,
		.state = state,
		.time_ms = clock_now_ms()};
}

void pool_end_returned(struct pool *pool, struct outgoing *job, int64_t not_before_ms, const char *why)
{
	struct delivery_status status;
	pool_status(&status, job, DELIVERY_RETURNED);
	status.not_before_ms = not_before_ms;
	snprintf(status.reason, sizeof status.reason, "%s", why);
	pool->events.ended(pool->events.arg, job, &status);
}

void pool_end_all_returned(struct pool *pool, struct outgoing *chain, int64_t not_before_ms,
	const char *why)
{
	while (chain != NULL) {
		struct outgoing *next = chain->next;
		pool_end_returned(pool, chain, not_before_ms, why);
		chain = next;
	}
}

/* ---- submitting ------------------------------------------------------------------- */

static struct line *line_of(struct pool *pool, const struct relay *relay)
{
	return &pool->line[relay - pool->relays.item];
}

static void wake_for(struct pool *pool, struct line *line, enum lane_kind lane)
{
	if (lane == LANE_URGENT && line->queue[LANE_URGENT].waiting > 0)
		pthread_cond_signal(&line->queue[LANE_URGENT].more);
	else if (line->queue[LANE_BULK].waiting > 0)
		pthread_cond_signal(&line->queue[LANE_BULK].more);
	else if (lane == LANE_URGENT)
		for (int i = 0; i < LANES; i++)
			pthread_cond_signal(&pool->idle[i]);
	else
		pthread_cond_signal(&pool->idle[LANE_BULK]);
}

/* Locked. NULL: queued; otherwise why not, with the time to come back. */
static const char *place(struct pool *pool, enum lane_kind lane, struct outgoing *job, int64_t *again_ms)
{
	int64_t mono = clock_mono_ms(), wall = clock_now_ms();
	struct relay *relay = relays_choose(&pool->relays, job->sheet->sender, mono, wall, again_ms);
	if (relay == NULL) {
		if (*again_ms != 0)
			return "no relay can take letters now";
		*again_ms = wall + 60000;
		return "no relay carries letters of this sender";
	}
	int64_t again_mono;
	int64_t ready = domain_rates_take(pool->domains, job->address, mono,
		job->checked_ms + OUTGOING_FRESH_MS - APPETITE_SPAN_MS, &again_mono);
	if (ready < 0) {
		*again_ms = wall + again_mono - mono;
		return "rate limit of the recipient's domain";
	}
	job->ready_ms = ready;
	job->relay = relay;
	struct line *line = line_of(pool, relay);
	queue_put(&line->queue[lane], job);
	wake_for(pool, line, lane);
	return NULL;
}

void pool_submit(struct pool *pool, enum lane_kind lane, struct outgoing *job)
{
	int64_t again_ms = 0;
	pthread_mutex_lock(&pool->lock);
	const char *why = pool->stopping ? "the mailer is stopping" : place(pool, lane, job, &again_ms);
	pthread_mutex_unlock(&pool->lock);
	if (why != NULL)
		pool_end_returned(pool, job, again_ms, why);
}

/* Takes a relay's queues elsewhere when it cannot be used any more. Locked;
 * what no relay takes comes back as a chain. */
static struct outgoing *move_queues(struct pool *pool, struct line *line, int64_t *again_ms)
{
	struct outgoing *left = NULL;
	for (int lane = 0; lane < LANES; lane++) {
		struct queue *queue = &line->queue[lane];
		struct outgoing *job = queue_take_all(queue);
		while (job != NULL) {
			struct outgoing *next = job->next;
			if (place(pool, (enum lane_kind)lane, job, again_ms) != NULL) {
				job->next = left;
				left = job;
			}
			job = next;
		}
	}
	return left;
}

void pool_leave_relay(struct pool *pool, struct line *line)
{
	int64_t again_ms = 0;
	pthread_mutex_lock(&pool->lock);
	struct outgoing *left = move_queues(pool, line, &again_ms);
	for (int lane = 0; lane < LANES; lane++)
		pthread_cond_broadcast(&line->queue[lane].more);
	pthread_mutex_unlock(&pool->lock);
	pool_end_all_returned(pool, left, again_ms, "no relay can take letters now");
}

struct outgoing *pool_take_back(struct pool *pool, enum lane_kind lane, int32_t partition)
{
	struct outgoing *chain = NULL;
	pthread_mutex_lock(&pool->lock);
	for (size_t i = 0; i < pool->relays.count; i++)
		queue_take_partition(&pool->line[i].queue[lane], partition, &chain);
	pthread_mutex_unlock(&pool->lock);
	return chain;
}

/* ---- quota and what the store keeps of relays ------------------------------------- */

bool pool_refill_quota(struct pool *pool, struct line *line)
{
	struct relay *relay = line->relay;
	int64_t granted = 0, parked = 0;
	struct error e;
	relay->refilling = true;
	pthread_mutex_unlock(&pool->lock);
	pthread_mutex_lock(&pool->store_lock);
	int rc = relay_refill_quota(pool->db, relay->settings, clock_now_ms(), &granted, &parked, &e);
	pthread_mutex_unlock(&pool->store_lock);
	if (rc != 0)
		log_warn("quota_unknown", "relay=%s error=%s", relay->settings->name, log_quote(e.text));
	pthread_mutex_lock(&pool->lock);
	relay->quota_granted += granted;
	relay->refilling = false;
	if (parked > relay->parked_until_ms) {
		relay->parked_until_ms = parked;
		snprintf(relay->reason, sizeof relay->reason, "its quota of %" PRId64 " letters is used up",
			relay->settings->quota.count);
		log_warn("relay_parked", "relay=%s minutes=%" PRId64 " reason=%s", relay->settings->name,
			(parked - clock_now_ms()) / 60000, log_quote(relay->reason));
		relay->dirty = true;
	}
	return relay->quota_granted > 0;
}

void pool_save_relays(struct pool *pool)
{
	for (size_t i = 0; i < pool->relays.count; i++) {
		struct relay *relay = &pool->relays.item[i];
		pthread_mutex_lock(&pool->lock);
		bool dirty = relay->dirty;
		relay->dirty = false;
		relay->saved_ms = clock_now_ms();
		enum breaker breaker = relay->breaker;
		int64_t parked = relay->parked_until_ms;
		char reason[sizeof relay->reason];
		memcpy(reason, relay->reason, sizeof reason);
		pthread_mutex_unlock(&pool->lock);
		if (!dirty)
			continue;
		struct error e;
		pthread_mutex_lock(&pool->store_lock);
		int rc = relay_save(pool->db, relay->settings->name, breaker, parked, reason,
			clock_now_ms(), &e);
		pthread_mutex_unlock(&pool->store_lock);
		if (rc != 0)
			log_warn("relay_not_saved", "relay=%s error=%s", relay->settings->name, log_quote(e.text));
	}
}

/* Letters nobody came for (all threads busy elsewhere, no place at the relay):
 * taken off when their check is stale. Called by the lanes, who come by anyway. */
static void return_stale(struct pool *pool)
{
	struct outgoing *stale = NULL;
	int64_t now = clock_mono_ms();
	pthread_mutex_lock(&pool->lock);
	for (size_t i = 0; i < pool->relays.count; i++)
		for (int lane = 0; lane < LANES; lane++)
			queue_take_stale(&pool->line[i].queue[lane], now, &stale);
	pthread_mutex_unlock(&pool->lock);
	pool_end_all_returned(pool, stale, 0, "could not start within two seconds");
}

/* ---- appetite -------------------------------------------------------------------------- */

/* Locked. Letters a relay can start within the span. */
static size_t relay_appetite(const struct pool *pool, const struct line *line)
{
	const struct settings_rate *limit = &line->relay->settings->rate;
	size_t most = (size_t)relay_places(line->relay) * 2;
	size_t measured = (size_t)(pool->letters_per_s * APPETITE_SPAN_MS / 1000);
	if (measured > most)
		most = measured;
	if (limit->count > 0) {
		size_t allowed =
			(size_t)(limit->count * APPETITE_SPAN_MS / limit->per_ms / line->relay->mailers) + 1;
		if (allowed < most)
			most = allowed;
	}
	return most;
}

/* Locked. What the queues of a lane should hold. */
static size_t queue_most(struct pool *pool)
{
	size_t most = 0;
	int64_t mono = clock_mono_ms(), wall = clock_now_ms();
	for (size_t i = 0; i < pool->relays.count; i++)
		if (relay_usable(pool->line[i].relay, mono, wall))
			most += relay_appetite(pool, &pool->line[i]);
	/* With every relay out of use jobs are still taken, to be returned with
	 * the time when one is back: the planner must not wait for us. */
	if (most == 0)
		most = pool->senders;
	return most > APPETITE_MOST ? APPETITE_MOST : most;
}

static size_t queued(const struct pool *pool, enum lane_kind lane)
{
	size_t count = 0;
	for (size_t i = 0; i < pool->relays.count; i++)
		count += pool->line[i].queue[lane].count;
	return count;
}

size_t pool_appetite(struct pool *pool, enum lane_kind lane, int wait_ms)
{
	pthread_mutex_lock(&pool->lock);
	size_t most = queue_most(pool), have = queued(pool, lane);
	if (have >= most && !pool->stopping) {
		pool->hungry[lane] = true;
		pool->wake_below[lane] = most / 2;
		wait_cond_ms(&pool->appetite, &pool->lock, wait_ms);
		have = queued(pool, lane);
	}
	pthread_mutex_unlock(&pool->lock);
	return_stale(pool);
	return have >= most ? 0 : most - have;
}

/* ---- several mailers ------------------------------------------------------------------- */

int pool_share(struct pool *pool, int mailers, struct error *e)
{
	pthread_mutex_lock(&pool->lock);
	bool changed = pool->mailers != mailers;
	pool->mailers = mailers;
	for (size_t i = 0; i < pool->relays.count && changed; i++)
		relay_share(&pool->relays.item[i], mailers);
	if (changed)
		domain_rates_share(pool->domains, mailers);
	pthread_mutex_unlock(&pool->lock);
	if (changed)
		log_info("relays_shared", "mailers=%d", mailers);
	for (size_t i = 0; i < pool->relays.count; i++) {
		struct relay *relay = &pool->relays.item[i];
		struct relay_seen seen;
		pthread_mutex_lock(&pool->store_lock);
		int rc = relay_load(pool->db, relay->settings->name, &seen, e);
		pthread_mutex_unlock(&pool->store_lock);
		if (rc != 0)
			return -1;
		pthread_mutex_lock(&pool->lock);
		relay_saw(relay, &seen, clock_now_ms());
		pthread_mutex_unlock(&pool->lock);
	}
	pool_save_relays(pool);
	return 0;
}

/* ---- for people ---------------------------------------------------------------------- */

void pool_note(struct pool *pool, char *out, size_t size)
{
	int sessions = 0;
	pthread_mutex_lock(&pool->lock);
	for (size_t i = 0; i < pool->relays.count; i++)
		sessions += pool->relays.item[i].sessions;
	bool quiet = clock_mono_ms() - pool->window_start_ms > 2 * POOL_RATE_WINDOW_MS;
	double rate = quiet ? 0 : pool->letters_per_s;
	bool limit = sessions >= (int)pool->senders && rate > 0;
	pthread_mutex_unlock(&pool->lock);
	snprintf(out, size, "%d/%zu connections, %.0f letters/s%s", sessions, pool->senders, rate,
		limit ? " (the number of connections is the limit)" : "");
}

void pool_trouble(struct pool *pool, char *out, size_t size)
{
	size_t used = 0;
	int64_t mono = clock_mono_ms(), wall = clock_now_ms();
	out[0] = '\0';
	pthread_mutex_lock(&pool->lock);
	for (size_t i = 0; i < pool->relays.count && used + 1 < size; i++) {
		const struct relay *relay = &pool->relays.item[i];
		if (relay_usable(relay, mono, wall) && relay->breaker == BREAKER_CLOSED)
			continue;
		int n = snprintf(out + used, size - used, "%srelay %s: %s", used > 0 ? "; " : "",
			relay->settings->name, relay->reason);
		used += n < 0 ? 0 : (size_t)n;
	}
	pthread_mutex_unlock(&pool->lock);
}

/* ---- start and stop -------------------------------------------------------------------- */

static int load_relays(struct pool *pool, struct error *e)
{
	if (relays_init(&pool->relays, pool->settings, &pool->stop, e) != 0)
		return -1;
	pool->line = xcalloc(pool->relays.count, sizeof *pool->line);
	for (size_t i = 0; i < pool->relays.count; i++) {
		struct line *line = &pool->line[i];
		line->relay = &pool->relays.item[i];
		for (int lane = 0; lane < LANES; lane++)
			queue_init(&line->queue[lane]);
		struct relay_seen seen;
		if (relay_load(pool->db, line->relay->settings->name, &seen, e) != 0)
			return -1;
		line->relay->parked_until_ms = seen.parked_until_ms;
	}
	return 0;
}

static void start_senders(struct pool *pool)
{
	const struct settings *settings = pool->settings;
	pool->senders = (size_t)settings->mailer.connections;
	pool->sender = xcalloc(pool->senders, sizeof *pool->sender);
	pthread_attr_t small;
	pthread_attr_init(&small);
	/* 64 threads with the default 8 MB each look like half a gigabyte to people. */
	pthread_attr_setstacksize(&small, 512 * 1024);
	for (size_t i = 0; i < pool->senders; i++) {
		struct sender *sender = &pool->sender[i];
		sender->pool = pool;
		sender->urgent_only = pool->senders > 1 && (int)i < settings->mailer.urgent_connections;
		sender->session = xcalloc(pool->relays.count, sizeof *sender->session);
		compose_init(&sender->compose, settings->public_url);
		pool->running++;
		if (pthread_create(&sender->thread, &small, sender_work, sender) != 0)
			PANIC("cannot start a thread");
	}
	pthread_attr_destroy(&small);
}

int pool_start(struct pool **out, const struct settings *settings, const struct ident_key *key,
	const struct pool_events *events, struct error *e)
{
	struct pool *pool = xcalloc(1, sizeof *pool);
	*out = pool;
	pool->settings = settings;
	pool->key = key;
	pool->events = *events;
	pool->window_start_ms = clock_mono_ms();
	pool->mailers = 1;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_mutex_init(&pool->store_lock, NULL);
	for (int lane = 0; lane < LANES; lane++)
		wait_cond_init(&pool->idle[lane]);
	wait_cond_init(&pool->appetite);
	pool->domains = domain_rates_new(settings);
	if (transport_esmtp.init(e) != 0 || transport_curl.init(e) != 0 ||
		db_open(&pool->db, settings->store_url, e) != 0 || load_relays(pool, e) != 0) {
		pool_stop(out, 0);
		return -1;
	}
	start_senders(pool);
	return 0;
}

void pool_drain(struct pool *pool)
{
	atomic_store(&pool->stop, true);
	pthread_mutex_lock(&pool->lock);
	pool->stopping = true;
	for (int lane = 0; lane < LANES; lane++)
		pthread_cond_broadcast(&pool->idle[lane]);
	pthread_cond_broadcast(&pool->appetite);
	for (size_t i = 0; i < pool->relays.count; i++)
		for (int lane = 0; lane < LANES; lane++)
			pthread_cond_broadcast(&pool->line[i].queue[lane].more);
	pthread_mutex_unlock(&pool->lock);
}

static void abort_sessions(struct pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	for (size_t i = 0; i < pool->senders; i++)
		for (size_t r = 0; r < pool->relays.count; r++)
			if (pool->sender[i].session[r] != NULL)
				pool->relays.item[r].transport->abort(pool->sender[i].session[r]);
	pthread_mutex_unlock(&pool->lock);
}

static void free_sender(struct pool *pool, struct sender *sender)
{
	pthread_join(sender->thread, NULL);
	for (size_t r = 0; r < pool->relays.count; r++)
		if (sender->session[r] != NULL)
			pool->relays.item[r].transport->close(&sender->session[r]);
	free(sender->session);
	compose_fini(&sender->compose);
}

static void give_back_quotas(struct pool *pool)
{
	struct error e;
	for (size_t i = 0; i < pool->relays.count; i++) {
		struct relay *relay = &pool->relays.item[i];
		if (relay->quota_granted > 0 && relay_give_back_quota(pool->db, relay->settings->name,
							relay->quota_granted, &e) != 0)
			log_warn("quota_not_given_back", "relay=%s error=%s", relay->settings->name,
				log_quote(e.text));
	}
}

static void return_queue(struct pool *pool, struct queue *queue)
{
	pthread_mutex_lock(&pool->lock);
	struct outgoing *chain = queue_take_all(queue);
	pthread_mutex_unlock(&pool->lock);
	pool_end_all_returned(pool, chain, 0, "the mailer is stopping");
}

void pool_stop(struct pool **pointer, int wait_ms)
{
	struct pool *pool = *pointer;
	if (pool == NULL)
		return;
	*pointer = NULL;
	pool_drain(pool);
	/* What has not started goes at once: another mailer may send it while we wait. */
	for (size_t i = 0; i < pool->relays.count && pool->line != NULL; i++)
		for (int lane = 0; lane < LANES; lane++)
			return_queue(pool, &pool->line[i].queue[lane]);
	int64_t until = clock_mono_ms() + wait_ms;
	pthread_mutex_lock(&pool->lock);
	while (pool->running > 0 && clock_mono_ms() < until)
		wait_cond_ms(&pool->appetite, &pool->lock, until - clock_mono_ms());
	pthread_mutex_unlock(&pool->lock);
	abort_sessions(pool);
	for (size_t i = 0; i < pool->senders; i++)
		free_sender(pool, &pool->sender[i]);
	for (size_t i = 0; i < pool->relays.count && pool->line != NULL; i++)
		for (int lane = 0; lane < LANES; lane++)
			pthread_cond_destroy(&pool->line[i].queue[lane].more);
	if (pool->db != NULL && pool->line != NULL)
		give_back_quotas(pool);
	db_close(&pool->db);
	relays_fini(&pool->relays);
	domain_rates_free(&pool->domains);
	free(pool->line);
	free(pool->sender);
	for (int lane = 0; lane < LANES; lane++)
		pthread_cond_destroy(&pool->idle[lane]);
	pthread_cond_destroy(&pool->appetite);
	pthread_mutex_destroy(&pool->store_lock);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}
