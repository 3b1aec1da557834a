/* A session's letters: the next one, and what became of it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/wait.h"
#include "mailer/policy.h"
#include "mailer/pool_parts.h"

/* A session waits this long for its next letter before it says QUIT: keeps the
 * connection warm over a gap between batches. */
#define LINGER_MS 1500
/* While another thread asks the store for more of the quota. */
#define REFILL_WAIT_MS 5

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
	if (span < POOL_RATE_WINDOW_MS)
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
			pool->line[i].relay->sessions < relay_places(pool->line[i].relay))
			return true;
	return false;
}

/* Locked. Letters wait and nothing of the relay's quota is in hand. */
static bool needs_quota(const struct line *line)
{
	return line->relay->settings->quota.count > 0 && line->relay->quota_granted == 0 &&
		line->queue[LANE_URGENT].count + line->queue[LANE_BULK].count > 0;
}

/* A letter taken that did not go out after all. */
static void give_back_quota(struct pool *pool, struct relay *relay)
{
	if (relay->settings->quota.count == 0)
		return;
	pthread_mutex_lock(&pool->lock);
	relay->quota_granted++;
	pthread_mutex_unlock(&pool->lock);
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
		int64_t wait = give_up - clock_mono_ms();
		if (needs_quota(line) && !relay->refilling && !pool_refill_quota(pool, line))
			break;
		if (needs_quota(line))
			wait = REFILL_WAIT_MS;
		else
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
	pool_end_all_returned(pool, stale, 0, "could not start within two seconds");
	*out = job;
	return job != NULL;
}

bool feed_next(void *arg, struct transport_letter *out)
{
	struct sender *sender = arg;
	struct pool *pool = sender->pool;
	struct outgoing *job;
	while (next_job(sender, &job)) {
		/* Composed before the last look at whose the letter is: a process that is frozen while it composes has
		 * looked too early. */
		struct error e;
		int composed = compose_letter(&sender->compose, pool->key, job, &sender->letter, &e);
		if (!pool->events.enter(pool->events.arg, job)) {
			give_back_quota(pool, sender->line->relay);
			continue;
		}
		if (composed == 0) {
			job->started_us = clock_mono_us();
			*out = sender->letter;
			return true;
		}
		give_back_quota(pool, sender->line->relay);
		struct delivery_status status;
		pool_status(&status, job, DELIVERY_FAILED);
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
	pool_status(&status, job, judgement->state);
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
		pool_leave_relay(pool, line);
}

void feed_outcome(void *arg, const struct transport_letter *letter, enum transport_verdict what,
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
void feed_end_unsent(struct sender *sender, const struct transport_result *result)
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

bool feed_before_end(void *arg, const struct transport_letter *letter)
{
	struct sender *sender = arg;
	struct outgoing *job = letter->arg;
	return !job->hold || sender->pool->events.sending(sender->pool->events.arg, job);
}
