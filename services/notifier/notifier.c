#include "notifier/notifier.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "notifier/carrier.h"
#include "notifier/event.h"

/* Unfinished messages before the bus waits for us. What an endpoint holds up
 * becomes rows within half a second, so this is some seconds of full speed. */
#define WINDOW 8192
#define BATCH 256
/* Rows made due by others (replay, test) and secrets whose time is over are seen
 * that soon; changes of endpoints before the next event (refresh_if_changed). */
#define REFRESH_MS 1000
/* While requests are on the wire the bus is looked at that often. */
#define GLANCE_MS 10
/* Outcomes wait for company at most so long, or until there are so many. */
#define RECORD_LINGER_US 10000
#define RECORD_BATCH 256
/* Unrecorded at most, when the store is away: nothing new is started beyond. */
#define UNRECORDED_MAX 1024
/* While the store is away. */
#define STORE_RETRY_MS 500
#define TRIM_EVERY_MS 60000
/* A thread that works has no such gap between two looks at the bus: it was frozen, and
 * its partitions may be another's. Nothing starts before the bus's client has noticed. */
#define FROZEN_MS 4000
#define WAKE_MS 2500

static const char *const topics[] = {BUS_STATUS, NULL};

struct notifier {
	struct daemon *daemon;
	const struct settings *settings;
	struct bus *bus;
	struct db *db;
	struct bus_consumer *consumer;
	struct carrier carrier;
	struct bus_message batch[BATCH]; /* polled, not yet given to the targets */
	int batch_count, batch_read;
	struct event *events[BATCH];
	int events_count;
	int64_t refreshed_ms, trimmed_ms; /* monotonic */
	bool refreshed;
	int64_t revision; /* of the endpoints as they were read */
	/* Messages that may have come before, ahead of a crash or at another notifier:
	 * looked up in the store. */
	int64_t may_be_repeated;
	int64_t seen_ms, awake_ms; /* monotonic */
	atomic_llong endpoints, disabled;
};

/* ---- starting, stopping ------------------------------------------------------------------ */

static void assigned(void *arg, const char *topic, int32_t partition)
{
	struct notifier *notifier = arg;
	(void)topic;
	(void)partition;
	notifier->may_be_repeated += WINDOW;
}

static void hand_back_tokens(struct notifier *notifier);

/* The polled batch is empty then: bus_poll is called for the next one only. */
static void revoked(void *arg, const char *topic, int32_t partition, bool lost)
{
	struct notifier *notifier = arg;
	struct error e = {0};
	notifier->may_be_repeated = 0;
	if (lost)
		carrier_forget_waiting(&notifier->carrier);
	else
		carrier_hand_over(&notifier->carrier);
	/* Bounded by the store's own patience. What is not stored comes again, at another. */
	if (journal_store(notifier->carrier.journal, notifier->db, &e) != 0)
		log_warn("notifier.unrecorded", "topic=%s partition=%" PRId32 " entries=%zu error=%s", topic,
			partition, journal_count(notifier->carrier.journal), log_quote(e.text));
	hand_back_tokens(notifier);
}

static int subscribe(struct notifier *notifier, struct daemon *daemon, struct error *e)
{
	const struct bus_consumer_options options = {.group = "notifier",
		.topics = topics,
		.window = WINDOW,
		.may_be_cut_off = true,
		.on_assign = assigned,
		.on_revoke = revoked,
		.arg = notifier};
	/* Another one may still be stopping. */
	while (bus_subscribe(notifier->bus, &options, &notifier->consumer, e) != 0) {
		if (!e->retriable || daemon_stopping(daemon))
			return -1;
		daemon_set_trouble(daemon, e->text);
		daemon_wait(daemon, STORE_RETRY_MS);
	}
	daemon_set_trouble(daemon, NULL);
	return 0;
}

static void notifier_free(struct notifier *notifier)
{
	for (int i = 0; i < notifier->events_count; i++)
		event_free(&notifier->events[i]);
	bus_unsubscribe(&notifier->consumer);
	sender_close(&notifier->carrier.sender);
	if (notifier->carrier.journal != NULL)
		journal_free(&notifier->carrier.journal);
	targets_fini(&notifier->carrier.targets);
	db_close(&notifier->db);
	free(notifier);
	curl_global_cleanup();
}

static int notifier_start(struct daemon *daemon, void **state, struct error *e)
{
	const struct settings *settings = daemon_settings(daemon);
	struct notifier *notifier = xcalloc(1, sizeof *notifier);
	struct carrier *carrier = &notifier->carrier;
	notifier->daemon = daemon;
	notifier->settings = settings;
	notifier->bus = daemon_bus(daemon);
	carrier->config = (struct carrier_config){.connections = settings->notifier.connections,
		.timeout_ms = settings->notifier.timeout_ms,
		.disable_after_ms = settings->notifier.disable_after_ms};
	carrier->targets.trust_all = settings->notifier.allow_private;
	carrier->targets.concurrency_max = settings->notifier.connections;
	const struct sender_config config = {.connections = settings->notifier.connections,
		.timeout_ms = settings->notifier.timeout_ms,
		.kept_bytes = (size_t)settings->notifier.response_max_bytes,
		.ca_file = settings->notifier.ca_file};
	curl_global_init(CURL_GLOBAL_DEFAULT);
	carrier->journal = journal_new(notifier->bus);
	if (sender_open(&carrier->sender, &config, carrier_done, carrier, e) != 0 ||
		daemon_open_store(daemon, &notifier->db, e) != 0 || subscribe(notifier, daemon, e) != 0) {
		notifier_free(notifier);
		return -1;
	}
	*state = notifier;
	return 0;
}

/* ---- from the bus ---------------------------------------------------------------------------- */

/* What nobody can read is no reason to stop: it goes to vestnik.dead. */
static int refuse(struct notifier *notifier, const struct bus_message *message, const char *reason,
	struct error *e)
{
	log_warn("webhook.unreadable", "id=%s type=%s reason=%s", log_quote(message->id),
		log_quote(message->type), log_quote(reason));
	return bus_dead_letter(notifier->bus, NULL, message, "notifier", reason, e);
}

static void give_to_targets(struct notifier *notifier, struct event *event)
{
	struct carrier *carrier = &notifier->carrier;
	for (struct target *t = carrier->targets.first; t != NULL; t = t->next) {
		bool has = false;
		if (!target_wants(t, event->type, event->slug))
			continue;
		/* When the store cannot say, better twice than not at all. */
		if (notifier->may_be_repeated > 0 &&
			journal_has(notifier->db, t->id, event->id, &has, NULL) == 0 && has)
			continue;
		if (event->body == NULL)
			event_compose(event);
		carrier_take(carrier, t, event);
	}
}

/* The polled messages somebody wants, as events. On -1 the next call goes on
 * where this one stopped. */
static int read_batch(struct notifier *notifier, struct error *e)
{
	struct carrier *carrier = &notifier->carrier;
	for (; notifier->batch_read < notifier->batch_count; notifier->batch_read++) {
		struct bus_message *message = &notifier->batch[notifier->batch_read];
		struct event *event = NULL;
		struct error bad = {0};
		if (message->type == NULL || !targets_want(&carrier->targets, message->type)) {
			journal_pass(carrier->journal, &message->token);
		} else if (event_read(message, &event, &bad) == 0) {
			event->refs = event->unstored = 1;
			notifier->events[notifier->events_count++] = event;
		} else {
			if (refuse(notifier, message, bad.text, e) != 0)
				return -1;
			journal_pass(carrier->journal, &message->token);
		}
	}
	return 0;
}

static int take_batch(struct notifier *notifier, struct error *e)
{
	if (read_batch(notifier, e) != 0 ||
		events_enrich(notifier->db, notifier->events, (size_t)notifier->events_count, e) != 0)
		return -1;
	for (int i = 0; i < notifier->events_count; i++) {
		give_to_targets(notifier, notifier->events[i]);
		journal_event_made(notifier->carrier.journal, &notifier->events[i]);
	}
	if (notifier->may_be_repeated > 0)
		notifier->may_be_repeated -= notifier->batch_count;
	notifier->batch_count = notifier->batch_read = notifier->events_count = 0;
	return 0;
}

/* ---- the loop ------------------------------------------------------------------------------- */

static void hand_back_tokens(struct notifier *notifier)
{
	size_t count;
	const struct bus_token *tokens = journal_finished(notifier->carrier.journal, &count);
	if (count > 0)
		bus_done(notifier->consumer, tokens, count);
}

static bool must_record(const struct carrier *carrier)
{
	size_t count = journal_count(carrier->journal);
	return count >= RECORD_BATCH || (count > 0 && (sender_running(carrier->sender) == 0 ||
		clock_mono_us() - journal_since_us(carrier->journal) >= RECORD_LINGER_US));
}

static int refresh(struct notifier *notifier, struct error *e)
{
	int64_t now_ms = clock_mono_ms(), revision;
	struct targets *targets = &notifier->carrier.targets;
	/* The revision first: a change after it is seen next time, at worst for nothing.
	 * Then what we know and the store does not: it would be read back as it was. */
	if (webhook_revision(notifier->db, &revision, e) != 0 ||
		daemon_count_alike(notifier->daemon, notifier->db, &targets->notifiers, e) != 0 ||
		journal_store(notifier->carrier.journal, notifier->db, e) != 0 ||
		targets_refresh(targets, notifier->db, e) != 0)
		return -1;
	carrier_let_go(&notifier->carrier);
	targets_sweep(targets);
	int64_t disabled = 0;
	for (const struct target *t = targets->first; t != NULL; t = t->next)
		disabled += !t->active && !t->gone;
	atomic_store(&notifier->endpoints, targets->active);
	atomic_store(&notifier->disabled, disabled);
	notifier->refreshed_ms = now_ms;
	notifier->refreshed = true;
	notifier->revision = revision;
	return 0;
}

static int refresh_in_time(struct notifier *notifier, struct error *e)
{
	if (notifier->refreshed && clock_mono_ms() - notifier->refreshed_ms < REFRESH_MS)
		return 0;
	return refresh(notifier, e);
}

/* Called between polling a batch and filtering it: whatever was changed before
 * its events were published has been committed by then, so it is seen. And before
 * rows that are due are claimed: they go where their endpoint points now. */
static int refresh_if_changed(struct notifier *notifier, struct error *e)
{
	int64_t revision;
	if (webhook_revision(notifier->db, &revision, e) != 0)
		return -1;
	return notifier->refreshed && revision == notifier->revision ? 0 : refresh(notifier, e);
}

static int trim(struct notifier *notifier, struct error *e)
{
	int64_t now_ms = clock_mono_ms();
	bool more = false;
	struct targets *targets = &notifier->carrier.targets;
	if (!targets->removed && notifier->trimmed_ms != 0 && now_ms - notifier->trimmed_ms < TRIM_EVERY_MS)
		return 0;
	if (journal_trim(notifier->db, notifier->settings->notifier.keep_ms, &more, e) != 0)
		return -1;
	if (more) /* goes on at the next turn, so that events are not kept waiting */
		return 0;
	targets->removed = false;
	notifier->trimmed_ms = now_ms;
	return 0;
}

/* How long the bus may let us sleep. */
static int patience_ms(const struct notifier *notifier)
{
	const struct carrier *carrier = &notifier->carrier;
	if (sender_running(carrier->sender) > 0 || journal_count(carrier->journal) > 0)
		return 0;
	int64_t wait_ms = carrier_next_ms(carrier), left_ms = notifier->refreshed_ms + REFRESH_MS - clock_mono_ms();
	if (wait_ms != TIME_NEVER_MS)
		wait_ms -= clock_now_ms();
	if (wait_ms > left_ms)
		wait_ms = left_ms;
	return wait_ms < 0 ? 0 : (int)wait_ms;
}

/* true when it may start what it has in hand. */
static bool awake(struct notifier *notifier)
{
	int64_t now_ms = clock_mono_ms();
	if (notifier->seen_ms != 0 && now_ms - notifier->seen_ms > FROZEN_MS)
		notifier->awake_ms = now_ms + WAKE_MS;
	notifier->seen_ms = now_ms;
	return now_ms >= notifier->awake_ms;
}

static int turn(struct notifier *notifier, struct error *e)
{
	struct carrier *carrier = &notifier->carrier;
	if (refresh_in_time(notifier, e) != 0 || trim(notifier, e) != 0)
		return -1;
	bool room = !carrier_is_full(carrier) && journal_count(carrier->journal) < UNRECORDED_MAX &&
		awake(notifier);
	if (notifier->batch_count == 0) { /* without room the bus only sees to partitions */
		int n = bus_poll(notifier->consumer, room ? patience_ms(notifier) : 0, notifier->batch,
			room ? BATCH : 0, e);
		if (n < 0)
			return -1;
		notifier->batch_count = n;
	}
	bool busy = notifier->batch_count == BATCH;
	if ((notifier->batch_count > 0 || carrier_next_ms(carrier) <= clock_now_ms()) && refresh_if_changed(notifier, e) != 0)
		return -1;
	if (notifier->batch_count > 0 && take_batch(notifier, e) != 0)
		return -1;
	bool may_start = awake(notifier);
	if (may_start && carrier_start(carrier, notifier->db, e) != 0)
		return -1;
	if (sender_running(carrier->sender) > 0)
		sender_run(carrier->sender, busy ? 0 : GLANCE_MS);
	else if (!may_start)
		daemon_wait(notifier->daemon, GLANCE_MS);
	carrier_let_go(carrier);
	if (must_record(carrier) && journal_store(carrier->journal, notifier->db, e) != 0)
		return -1;
	hand_back_tokens(notifier);
	return 0;
}

/* The store or the bus is away: requests on the wire go on, nothing new starts,
 * nothing is forgotten. */
static void wait_for_store(struct notifier *notifier, struct daemon *daemon)
{
	struct carrier *carrier = &notifier->carrier;
	int64_t until_ms = clock_mono_ms() + STORE_RETRY_MS;
	while (!daemon_stopping(daemon) && clock_mono_ms() < until_ms) {
		if (sender_running(carrier->sender) > 0)
			sender_run(carrier->sender, GLANCE_MS);
		else
			daemon_wait(daemon, STORE_RETRY_MS);
	}
}

static int notifier_run(struct daemon *daemon, void *state, struct error *e)
{
	struct notifier *notifier = state;
	bool trouble = false;
	daemon_ready(daemon);
	while (!daemon_stopping(daemon)) {
		struct error problem = {0};
		if (turn(notifier, &problem) == 0) {
			if (trouble)
				daemon_set_trouble(daemon, NULL);
			trouble = false;
			continue;
		}
		if (!problem.retriable || problem.fatal) {
			*e = problem;
			return -1;
		}
		if (!trouble)
			log_warn("notifier.waits", "error=%s", log_quote(problem.text));
		daemon_set_trouble(daemon, problem.text);
		trouble = true;
		wait_for_store(notifier, daemon);
	}
	return 0;
}

static void notifier_stop(struct daemon *daemon, void *state)
{
	struct notifier *notifier = state;
	struct carrier *carrier = &notifier->carrier;
	struct error e = {0};
	(void)daemon;
	int64_t until_ms = clock_mono_ms() + notifier->settings->drain_ms;
	/* Requests of an endpoint removed just now are not worth waiting for. */
	if (refresh_if_changed(notifier, &e) != 0)
		log_warn("notifier.unrefreshed", "error=%s", log_quote(e.text));
	carrier_empty_queues(carrier);
	while (sender_running(carrier->sender) > 0 && clock_mono_ms() < until_ms)
		sender_run(carrier->sender, GLANCE_MS);
	if (journal_store(carrier->journal, notifier->db, &e) == 0)
		hand_back_tokens(notifier);
	else
		log_warn("notifier.unrecorded", "entries=%zu error=%s", journal_count(carrier->journal),
			log_quote(e.text));
	notifier_free(notifier);
}

/* ---- for people ------------------------------------------------------------------------------- */

static void notifier_note(void *state, char *out, size_t size)
{
	struct notifier *notifier = state;
	snprintf(out, size, "%lld webhooks, %lld disabled, %lld delivered, %lld attempts failed",
		atomic_load(&notifier->endpoints), atomic_load(&notifier->disabled),
		atomic_load(&notifier->carrier.delivered), atomic_load(&notifier->carrier.failed));
}

const struct daemon_service notifier_service = {
	.name = "notifier",
	.summary = "carries events to webhook endpoints",
	.start = notifier_start,
	.run = notifier_run,
	.stop = notifier_stop,
	.note = notifier_note,
};
