/* Locking: one lock for queues, relays and domain rates. It is held for some
 * hundred nanoseconds a letter; events, rendering and the network are outside.
 *
 * A thread looks for a relay with a letter ready and a place for a session,
 * opens the session and feeds it until nothing came for LINGER_MS, then looks
 * again. Threads wait on the relay's condition (within a session) or on the
 * pool's (without). */
#include "mailer/pool.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "mailer/compose.h"
#include "mailer/domain.h"
#include "mailer/relay.h"
#include "mailer/policy.h"
#include "mailer/wait.h"
#include "store/db.h"

/* A session waits this long for its next letter before it says QUIT: keeps the
 * connection warm over a gap between batches. */
#define LINGER_MS 1500
/* Letters queued per lane: half a second of the measured rate, within these. */
#define APPETITE_SPAN_MS 500
#define APPETITE_MOST 4096
#define RATE_WINDOW_MS 1000

struct queue {
	struct outgoing *head, **tail;
	size_t count;
	int waiting; /* sessions waiting for a letter of this lane (bulk: of any) */
	pthread_cond_t more;
};

struct line { /* a relay and what waits for it */
	struct relay *relay;
	struct queue queue[LANES];
};

struct sender {
	struct pool *pool;
	pthread_t thread;
	bool urgent_only;
	struct line *line;               /* of the session that runs */
	struct transport_session **session; /* one per relay, opened when first used */
	struct outgoing *unsent;         /* no verdict reached them; judged when the session has ended */
	struct compose compose;
	struct transport_letter letter;
};

struct pool {
	const struct settings *settings;
	const struct ident_key *key;
	struct pool_events events;
	pthread_mutex_t lock;
	pthread_cond_t idle[LANES]; /* threads without a session; LANE_URGENT: those kept for urgent letters */
	pthread_cond_t appetite;    /* lanes that wait until the queues have room */
	bool hungry[LANES];
	size_t wake_below[LANES];
	struct relays relays;
	struct line *line;
	struct domain_rates *domains;
	struct sender *sender;
	size_t senders;
	size_t running;
	atomic_bool stop;
	bool stopping;
	pthread_mutex_t store_lock; /* relay_state: quota and breakers */
	struct db *db;
	int64_t window_start_ms, window_letters;
	double letters_per_s;
};

/* ---- queues -------------------------------------------------------------------- */

static void queue_put(struct queue *queue, struct outgoing *job)
{
	job->next = NULL;
	*queue->tail = job;
	queue->tail = &job->next;
	queue->count++;
}

static void queue_remove(struct queue *queue, struct outgoing **link)
{
	struct outgoing *job = *link;
	*link = job->next;
	if (queue->tail == &job->next)
		queue->tail = link;
	queue->count--;
	job->next = NULL;
}

/* The first job that may start now. Jobs whose check is stale are taken off into
 * *stale. *wait_ms: until the next becomes ready, when none is. */
static struct outgoing *queue_take(struct queue *queue, int64_t now_ms, struct outgoing **stale,
	int64_t *wait_ms)
{
	for (struct outgoing **link = &queue->head; *link != NULL;) {
		struct outgoing *job = *link;
		if (now_ms - job->checked_ms > OUTGOING_FRESH_MS) {
			queue_remove(queue, link);
			job->next = *stale;
			*stale = job;
		} else if (job->ready_ms <= now_ms) {
			queue_remove(queue, link);
			return job;
		} else {
			if (job->ready_ms - now_ms < *wait_ms)
				*wait_ms = job->ready_ms - now_ms;
			link = &job->next;
		}
	}
	return NULL;
}

/* ---- outcomes without the network ------------------------------------------------- */

static void status_init(struct delivery_status *status, const struct outgoing *job,
	enum delivery_state state)
{
	*status = (struct delivery_status){.key = job->key,
		.dispatch = job->dispatch,
		.campaign = job->campaign,
		.state = state,
		.time_ms = clock_now_ms()};
}

static void end_returned(struct pool *pool, struct outgoing *job, int64_t not_before_ms, const char *why)
{
	struct delivery_status status;
	status_init(&status, job, DELIVERY_RETURNED);
	status.not_before_ms = not_before_ms;
	snprintf(status.reason, sizeof status.reason, "%s", why);
	pool->events.ended(pool->events.arg, job, &status);
}

/* A chain linked by next, without the lock. */
static void end_all_returned(struct pool *pool, struct outgoing *chain, int64_t not_before_ms,
	const char *why)
{
	while (chain != NULL) {
		struct outgoing *next = chain->next;
		end_returned(pool, chain, not_before_ms, why);
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
		end_returned(pool, job, again_ms, why);
}

/* Takes a relay's queues elsewhere when it cannot be used any more. Locked;
 * what no relay takes comes back as a chain. */
static struct outgoing *move_queues(struct pool *pool, struct line *line, int64_t *again_ms)
{
	struct outgoing *left = NULL;
	for (int lane = 0; lane < LANES; lane++) {
		struct queue *queue = &line->queue[lane];
		struct outgoing *job = queue->head;
		queue->head = NULL;
		queue->tail = &queue->head;
		queue->count = 0;
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

static void leave_relay(struct pool *pool, struct line *line)
{
	int64_t again_ms = 0;
	pthread_mutex_lock(&pool->lock);
	struct outgoing *left = move_queues(pool, line, &again_ms);
	for (int lane = 0; lane < LANES; lane++)
		pthread_cond_broadcast(&line->queue[lane].more);
	pthread_mutex_unlock(&pool->lock);
	end_all_returned(pool, left, again_ms, "no relay can take letters now");
}

/* ---- quota and what the store keeps of relays ------------------------------------- */

/* Asks the store for the relay's next block. Called with the lock, which it
 * gives up meanwhile. false: nothing left, the relay is parked. */
static bool refill_quota(struct pool *pool, struct line *line)
{
	struct relay *relay = line->relay;
	int64_t granted = 0, parked = 0;
	struct error e;
	pthread_mutex_unlock(&pool->lock);
	pthread_mutex_lock(&pool->store_lock);
	int rc = relay_refill_quota(pool->db, relay->settings, clock_now_ms(), &granted, &parked, &e);
	pthread_mutex_unlock(&pool->store_lock);
	if (rc != 0)
		log_warn("quota_unknown", "relay=%s error=%s", relay->settings->name, log_quote(e.text));
	pthread_mutex_lock(&pool->lock);
	relay->quota_granted += granted;
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

static void save_relays(struct pool *pool)
{
	for (size_t i = 0; i < pool->relays.count; i++) {
		struct relay *relay = &pool->relays.item[i];
		pthread_mutex_lock(&pool->lock);
		bool dirty = relay->dirty;
		relay->dirty = false;
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

/* ---- feeding a session -------------------------------------------------------------- */

/* Locked. How long until the relay's rate lets a letter of this lane start; 0 = now. */
static int64_t rate_wait_ms(const struct relay *relay, enum lane_kind lane, int64_t now_ms)
{
	int64_t at = rate_when_ms(&relay->rate, now_ms);
	if (lane == LANE_BULK) {
		int64_t bulk = rate_when_ms(&relay->bulk_rate, now_ms);
		if (bulk > at)
			at = bulk;
	}
	return at - now_ms;
}

static void rate_take_for(struct relay *relay, enum lane_kind lane, int64_t now_ms)
{
	rate_take(&relay->rate, now_ms);
	if (lane == LANE_BULK)
		rate_take(&relay->bulk_rate, now_ms);
}

static void count_letter(struct pool *pool, int64_t now_ms)
{
	pool->window_letters++;
	int64_t span = now_ms - pool->window_start_ms;
	if (span < RATE_WINDOW_MS)
		return;
	pool->letters_per_s = (double)pool->window_letters * 1000.0 / (double)span;
	pool->window_start_ms = now_ms;
	pool->window_letters = 0;
}

/* Locked. The next job for this session, NULL when there is none now. */
static struct outgoing *take_job(struct sender *sender, struct outgoing **stale, int64_t *wait_ms)
{
	struct pool *pool = sender->pool;
	struct relay *relay = sender->line->relay;
	int64_t now = clock_mono_ms();
	for (int lane = 0; lane < (sender->urgent_only ? LANE_BULK : LANES); lane++) {
		struct queue *queue = &sender->line->queue[lane];
		if (queue->count == 0)
			continue;
		int64_t limited = rate_wait_ms(relay, (enum lane_kind)lane, now);
		if (limited > 0) {
			if (limited < *wait_ms)
				*wait_ms = limited;
			continue;
		}
		struct outgoing *job = queue_take(queue, now, stale, wait_ms);
		if (job == NULL)
			continue;
		rate_take_for(relay, (enum lane_kind)lane, now);
		count_letter(pool, now);
		if (pool->hungry[lane] && queue->count <= pool->wake_below[lane]) {
			pool->hungry[lane] = false;
			pthread_cond_broadcast(&pool->appetite);
		}
		return job;
	}
	return NULL;
}

/* Another relay has work that no idle thread takes: this session should end
 * rather than keep its connection warm. */
static bool needed_elsewhere(const struct sender *sender)
{
	const struct pool *pool = sender->pool;
	for (size_t i = 0; i < pool->relays.count; i++)
		if (&pool->line[i] != sender->line && pool->line[i].queue[LANE_BULK].count > 0 &&
			pool->line[i].relay->sessions < pool->line[i].relay->settings->connections)
			return true;
	return false;
}

static bool next_job(struct sender *sender, struct outgoing **out)
{
	struct pool *pool = sender->pool;
	struct line *line = sender->line;
	struct relay *relay = line->relay;
	struct queue *queue = &line->queue[sender->urgent_only ? LANE_URGENT : LANE_BULK];
	int64_t give_up = clock_mono_ms() + LINGER_MS;
	struct outgoing *job = NULL, *stale = NULL;
	pthread_mutex_lock(&pool->lock);
	while (!pool->stopping) {
		bool usable = relay->breaker == BREAKER_CLOSED ||
			(relay->breaker == BREAKER_HALF_OPEN && relay->probing);
		if (!usable || relay->parked_until_ms > clock_now_ms())
			break;
		if (relay->settings->quota.count > 0 && relay->quota_granted == 0 &&
			line->queue[LANE_URGENT].count + line->queue[LANE_BULK].count > 0 &&
			!refill_quota(pool, line))
			break;
		int64_t wait = give_up - clock_mono_ms();
		job = take_job(sender, &stale, &wait);
		if (job != NULL) {
			if (relay->settings->quota.count > 0)
				relay->quota_granted--;
			break;
		}
		if (give_up <= clock_mono_ms() || stale != NULL || needed_elsewhere(sender))
			break;
		queue->waiting++;
		wait_cond_ms(&queue->more, &pool->lock, wait < 1 ? 1 : wait);
		queue->waiting--;
	}
	pthread_mutex_unlock(&pool->lock);
	end_all_returned(pool, stale, 0, "could not start within two seconds");
	*out = job;
	return job != NULL;
}

static bool feed_next(void *arg, struct transport_letter *out)
{
	struct sender *sender = arg;
	struct pool *pool = sender->pool;
	struct outgoing *job;
	while (next_job(sender, &job)) {
		if (!pool->events.enter(pool->events.arg, job)) {
			end_returned(pool, job, 0, "the mailer is stopping");
			return false;
		}
		struct error e;
		if (compose_letter(&sender->compose, pool->key, job, &sender->letter, &e) == 0) {
			job->started_us = clock_mono_us();
			*out = sender->letter;
			return true;
		}
		struct delivery_status status;
		status_init(&status, job, DELIVERY_FAILED);
		snprintf(status.reason, sizeof status.reason, "%.*s", STATUS_REASON_MAX, e.text);
		pool->events.ended(pool->events.arg, job, &status);
	}
	return false;
}

static void log_attempt(const struct outgoing *job, const struct delivery_status *status)
{
	log_info("attempt",
		"key=%" PRId64 " dispatch=%" PRId64 " campaign=%s to=<%s> relay=%s state=%s code=%d ms=%" PRId64
		" reply=%s",
		job->key, job->dispatch, job->sheet->slug, job->address, status->relay,
		delivery_state_name(status->state), status->code, (clock_mono_us() - job->started_us) / 1000,
		log_quote(status->reason));
}

static void copy_reply(struct delivery_status *status, const struct transport_reply *reply)
{
	status->code = reply->code;
	snprintf(status->enhanced, sizeof status->enhanced, "%s", reply->enhanced);
	snprintf(status->reason, sizeof status->reason, "%s", reply->text);
}

/* What the verdict means for the relay. true: its queue must go elsewhere. */
static bool blame_relay(struct pool *pool, struct relay *relay, const struct outgoing *job,
	const struct judgement *judgement, const struct transport_reply *reply, int64_t *again_ms)
{
	bool leave = false;
	int64_t mono = clock_mono_ms(), wall = clock_now_ms();
	pthread_mutex_lock(&pool->lock);
	switch (judgement->blame) {
	case BLAME_NOBODY:
		if (judgement->state == DELIVERY_UNCERTAIN)
			leave = relay_uncertain(&pool->relays, relay, mono);
		else if (judgement->state == DELIVERY_ACCEPTED)
			relay_worked(relay);
		break;
	case BLAME_RECIPIENT:
		relay_worked(relay);
		break;
	case BLAME_SENDER:
	case BLAME_RELAY:
		leave = relay_refused_sender(&pool->relays, relay, job->sheet->sender, mono, reply->text);
		break;
	case BLAME_QUOTA:
		leave = relay_quota_refused(relay, wall, reply->text);
		break;
	}
	if (judgement->state == DELIVERY_RETURNED && relay->settings->quota.count > 0)
		relay->quota_granted++; /* it did not go out */
	struct relay *other = relays_choose(&pool->relays, job->sheet->sender, mono, wall, again_ms);
	if (other != NULL)
		*again_ms = 0;
	pthread_mutex_unlock(&pool->lock);
	return leave;
}

static void end_attempt(struct sender *sender, struct outgoing *job, const struct judgement *judgement,
	const struct transport_reply *reply)
{
	struct pool *pool = sender->pool;
	struct line *line = sender->line;
	struct delivery_status status;
	int64_t again_ms = 0;
	bool leave = blame_relay(pool, line->relay, job, judgement, reply, &again_ms);
	status_init(&status, job, judgement->state);
	copy_reply(&status, reply);
	snprintf(status.relay, sizeof status.relay, "%s", line->relay->settings->name);
	status.lost = judgement->lost && !atomic_load(&pool->stop);
	status.no_retry = judgement->state == DELIVERY_UNCERTAIN && (job->hold || leave);
	if (judgement->state == DELIVERY_RETURNED)
		status.not_before_ms = again_ms;
	log_attempt(job, &status);
	if (judgement->blame == BLAME_SENDER)
		pool->events.sender_refused(pool->events.arg, job, reply->text);
	pool->events.ended(pool->events.arg, job, &status);
	if (leave)
		leave_relay(pool, line);
}

static void feed_outcome(void *arg, const struct transport_letter *letter, enum transport_verdict what,
	const struct transport_reply *reply)
{
	struct sender *sender = arg;
	struct outgoing *job = letter->arg;
	struct judgement judgement = policy_judge(what, reply);
	if (what == TRANSPORT_NOT_SENT) {
		job->next = sender->unsent;
		sender->unsent = job;
		return;
	}
	end_attempt(sender, job, &judgement, reply);
}

/* A letter counts as lost with its session only when the session had come as far
 * as letters: a relay that is down is no letter's fault. */
static void end_unsent(struct sender *sender, const struct transport_result *result)
{
	struct judgement judgement = {DELIVERY_RETURNED, BLAME_NOBODY,
		result->end == TRANSPORT_END_LOST && result->ehlo_seen};
	struct transport_reply reply = result->reply;
	if (reply.text[0] == '\0')
		snprintf(reply.text, sizeof reply.text, "%s", result->text);
	struct outgoing *job = sender->unsent;
	sender->unsent = NULL;
	while (job != NULL) {
		struct outgoing *next = job->next;
		end_attempt(sender, job, &judgement, &reply);
		job = next;
	}
}

static bool feed_before_end(void *arg, const struct transport_letter *letter)
{
	struct sender *sender = arg;
	struct outgoing *job = letter->arg;
	return !job->hold || sender->pool->events.sending(sender->pool->events.arg, job);
}

/* ---- threads ------------------------------------------------------------------------- */

/* Locked. A relay with a letter for this thread and a place for a session. */
static struct line *find_line(struct sender *sender)
{
	struct pool *pool = sender->pool;
	int64_t mono = clock_mono_ms(), wall = clock_now_ms();
	for (size_t i = 0; i < pool->relays.count; i++) {
		struct line *line = &pool->line[i];
		struct relay *relay = line->relay;
		bool urgent = line->queue[LANE_URGENT].count > 0;
		if (!urgent && (sender->urgent_only || line->queue[LANE_BULK].count == 0))
			continue;
		/* The last place is kept for the thread that carries urgent letters only. */
		int places = relay->settings->connections;
		if (!sender->urgent_only && !urgent && places > 1)
			places--;
		if (relay->sessions < places && relay_usable(relay, mono, wall))
			return line;
	}
	return NULL;
}

static void session_ended(struct sender *sender, const struct transport_result *result)
{
	struct pool *pool = sender->pool;
	struct line *line = sender->line;
	struct relay *relay = line->relay;
	bool good = result->end == TRANSPORT_END_OK || result->end == TRANSPORT_END_STOPPED;
	bool leave = false;
	pthread_mutex_lock(&pool->lock);
	relay->sessions--;
	if (!good && result->letters == 0) {
		char why[sizeof relay->reason];
		/* What does not fit is left out: this is for one line of `vestnik status`. */
		int n = snprintf(why, sizeof why, "%.120s", result->text);
		if (result->reply.text[0] != '\0')
			snprintf(why + n, sizeof why - (size_t)n, ": %.120s", result->reply.text);
		leave = relay_session_failed(&pool->relays, relay, clock_mono_ms(), why);
	}
	if (relay->breaker == BREAKER_HALF_OPEN)
		relay->probing = false; /* no verdict yet: the next session may try */
	pthread_mutex_unlock(&pool->lock);
	if (!good)
		log_warn("session", "relay=%s letters=%d error=%s reply=%s", relay->settings->name, result->letters,
			log_quote(result->text), log_quote(result->reply.text));
	end_unsent(sender, result);
	if (leave)
		leave_relay(pool, line);
	save_relays(pool);
}

static void run_session(struct sender *sender)
{
	struct pool *pool = sender->pool;
	struct relay *relay = sender->line->relay;
	size_t index = (size_t)(relay - pool->relays.item);
	struct transport_result result = {0};
	struct transport_feed feed = {.arg = sender,
		.next = feed_next,
		.outcome = feed_outcome,
		.before_end = feed_before_end};
	struct error e;
	if (sender->session[index] == NULL) {
		struct transport_session *session;
		if (relay->transport->open(&session, &relay->config, &e) == 0) {
			pthread_mutex_lock(&pool->lock);
			sender->session[index] = session;
			pthread_mutex_unlock(&pool->lock);
		} else {
			result.end = TRANSPORT_END_UNSUPPORTED;
			snprintf(result.text, sizeof result.text, "%.250s", e.text);
		}
	}
	if (sender->session[index] != NULL)
		relay->transport->run(sender->session[index], &feed, &result);
	session_ended(sender, &result);
}

static void *send_letters(void *arg)
{
	struct sender *sender = arg;
	struct pool *pool = sender->pool;
	pthread_cond_t *idle = &pool->idle[sender->urgent_only ? LANE_URGENT : LANE_BULK];
	pthread_mutex_lock(&pool->lock);
	while (!pool->stopping) {
		sender->line = find_line(sender);
		if (sender->line == NULL) {
			wait_cond_ms(idle, &pool->lock, OUTGOING_FRESH_MS / 2);
			continue;
		}
		struct relay *relay = sender->line->relay;
		relay->sessions++;
		if (relay->breaker != BREAKER_CLOSED) {
			relay->breaker = BREAKER_HALF_OPEN;
			relay->probing = true;
		}
		pthread_mutex_unlock(&pool->lock);
		run_session(sender);
		pthread_mutex_lock(&pool->lock);
	}
	pool->running--;
	pthread_cond_broadcast(&pool->appetite);
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

/* Letters nobody came for (all threads busy elsewhere, no place at the relay):
 * taken off when their check is stale. Called by the lanes, who come by anyway. */
static void return_stale(struct pool *pool)
{
	struct outgoing *stale = NULL;
	int64_t now = clock_mono_ms();
	pthread_mutex_lock(&pool->lock);
	for (size_t i = 0; i < pool->relays.count; i++)
		for (int lane = 0; lane < LANES; lane++) {
			struct queue *queue = &pool->line[i].queue[lane];
			while (queue->head != NULL && now - queue->head->checked_ms > OUTGOING_FRESH_MS) {
				struct outgoing *job = queue->head;
				queue_remove(queue, &queue->head);
				job->next = stale;
				stale = job;
			}
		}
	pthread_mutex_unlock(&pool->lock);
	end_all_returned(pool, stale, 0, "could not start within two seconds");
}

/* ---- appetite -------------------------------------------------------------------------- */

/* Locked. Letters a relay can start within the span. */
static size_t relay_appetite(const struct pool *pool, const struct line *line)
{
	const struct settings_rate *limit = &line->relay->settings->rate;
	size_t most = (size_t)line->relay->settings->connections * 2;
	size_t measured = (size_t)(pool->letters_per_s * APPETITE_SPAN_MS / 1000);
	if (measured > most)
		most = measured;
	if (limit->count > 0) {
		size_t allowed = (size_t)(limit->count * APPETITE_SPAN_MS / limit->per_ms) + 1;
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

/* ---- for people ---------------------------------------------------------------------- */

void pool_note(struct pool *pool, char *out, size_t size)
{
	int sessions = 0;
	pthread_mutex_lock(&pool->lock);
	for (size_t i = 0; i < pool->relays.count; i++)
		sessions += pool->relays.item[i].sessions;
	bool quiet = clock_mono_ms() - pool->window_start_ms > 2 * RATE_WINDOW_MS;
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
		for (int lane = 0; lane < LANES; lane++) {
			line->queue[lane].tail = &line->queue[lane].head;
			wait_cond_init(&line->queue[lane].more);
		}
		if (relay_load(pool->db, line->relay->settings->name, &line->relay->parked_until_ms, e) != 0)
			return -1;
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
		compose_init(&sender->compose);
		pool->running++;
		if (pthread_create(&sender->thread, &small, send_letters, sender) != 0)
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

void pool_stop(struct pool **pointer, int wait_ms)
{
	struct pool *pool = *pointer;
	if (pool == NULL)
		return;
	*pointer = NULL;
	pool_drain(pool);
	int64_t until = clock_mono_ms() + wait_ms;
	pthread_mutex_lock(&pool->lock);
	while (pool->running > 0 && clock_mono_ms() < until)
		wait_cond_ms(&pool->appetite, &pool->lock, until - clock_mono_ms());
	pthread_mutex_unlock(&pool->lock);
	abort_sessions(pool);
	for (size_t i = 0; i < pool->senders; i++)
		free_sender(pool, &pool->sender[i]);
	for (size_t i = 0; i < pool->relays.count && pool->line != NULL; i++)
		for (int lane = 0; lane < LANES; lane++) {
			struct outgoing *chain = pool->line[i].queue[lane].head;
			pool->line[i].queue[lane].head = NULL;
			end_all_returned(pool, chain, 0, "the mailer is stopping");
			pthread_cond_destroy(&pool->line[i].queue[lane].more);
		}
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
