/* The sender threads. One looks for a relay with a letter ready and a place for a
 * session, opens the session and feeds it until nothing came for a while, then
 * looks again. */
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/wait.h"
#include "mailer/pool_parts.h"

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
		int places = relay_places(relay);
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
	feed_end_unsent(sender, result);
	if (leave)
		pool_leave_relay(pool, line);
	pool_save_relays(pool);
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

void *sender_work(void *arg)
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
