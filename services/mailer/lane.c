#include "mailer/lane.h"

#include <inttypes.h>
#include <stdlib.h>

#include "answer/workbook.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "mailer/check.h"
#include "mailer/lane_parts.h"
#include "mailer/pause.h"

#define POLL_MS 1000
/* While jobs wait for the ledger or the store. */
#define GLANCE_MS 20
/* Jobs polled and not checked; the bus keeps the others. */
#define WAITING_MOST 1024
/* When a letter of an older dispatch may have left the wire. */
#define BUSY_AGAIN_MS 10000

/* ---- checking ------------------------------------------------------------------------- */

/* The letter is for one who is asked and may answer by his own workbook? A withdrawn ask has none; that the
 * letter goes out all the same is the check's decision. */
static int form_load(struct lane *lane, struct db *db, struct outgoing *job, struct error *e)
{
	if (!letter_own_file(job->sheet->letter))
		return 0;
	json_t *fields = json_loads(job->fields, 0, NULL);
	int64_t ask = json_integer_value(json_object_get(json_object_get(fields, "@"), "ask"));
	json_decref(fields);
	if (ask == 0 || answer_workbook_load(db, daemon_key(lane->daemon), ask, &job->form, e) == 0)
		return 0;
	return e->code == ERROR_NOT_FOUND || e->code == ERROR_DENIED ? 0 : -1;
}

static void submit(struct lane *lane, struct db *db, struct outgoing *job, struct checked *checked)
{
	struct error e;
	job->campaign = checked->campaign;
	switch (checked->verdict) {
	case CHECK_SEND:
		break;
	case CHECK_STALE:
		lane_end(job, NULL);
		return;
	case CHECK_RETURN:
		lane_end_as(job, DELIVERY_RETURNED, checked->reason, false);
		return;
	case CHECK_CANCELLED:
	case CHECK_ANSWERED:
		lane_end_as(job, DELIVERY_CANCELLED, checked->reason, false);
		return;
	case CHECK_EXPIRED:
		lane_end_as(job, DELIVERY_EXPIRED, checked->reason, false);
		return;
	case CHECK_SUPPRESSED:
		lane_end_as(job, DELIVERY_SUPPRESSED, checked->reason, false);
		return;
	case CHECK_WAS_SENDING:
		lane_end_as(job, DELIVERY_UNCERTAIN, "the mailer stopped while this letter was on the wire",
			checked->hold);
		return;
	}
	job->address = checked->address;
	job->fields = checked->fields;
	job->hold = checked->hold;
	job->not_after_ms = checked->not_after_ms;
	if (sheets_get(lane->sheets, db, checked->campaign, checked->step, &job->sheet, &e) != 0) {
		log_warn("letter_not_loaded", "campaign=%" PRId64 " step=%d error=%s", checked->campaign,
			checked->step, log_quote(e.text));
		if (!e.retriable)
			pause_campaign(daemon_bus(lane->daemon), daemon_key(lane->daemon), db, checked->campaign, e.text);
		lane_end_as(job, DELIVERY_RETURNED, "the letter could not be loaded", false);
		return;
	}
	if (form_load(lane, db, job, &e) != 0) {
		log_warn("form_not_loaded", "key=%" PRId64 " error=%s", job->key, log_quote(e.text));
		if (!e.retriable)
			pause_campaign(daemon_bus(lane->daemon), daemon_key(lane->daemon), db, checked->campaign, e.text);
		lane_end_as(job, DELIVERY_RETURNED, "the recipient's form could not be loaded", false);
		return;
	}
	pool_submit(lane->pool, lane->kind, job);
}

static void store_failed(struct lane *lane, struct db **db, const struct error *e)
{
	if (lane->store_again_ms == 0)
		log_warn("store_unavailable", "error=%s", log_quote(e->text));
	atomic_store(&lane->trouble, "the store does not answer");
	lane->store_again_ms = clock_mono_ms() + LANE_RETRY_MS;
	if (!e->retriable)
		db_close(db); /* a connection that is broken: open another */
}

static void put_first(struct lane *lane, struct outgoing *const *jobs, size_t n)
{
	for (size_t i = n; i-- > 0;) {
		jobs[i]->next = lane->waiting;
		if (lane->waiting == NULL)
			lane->waiting_tail = &jobs[i]->next;
		lane->waiting = jobs[i];
		lane->waiting_count++;
	}
}

static size_t take_first(struct lane *lane, size_t most, struct outgoing **jobs, struct job *plain)
{
	size_t n = 0;
	for (; n < most && lane->waiting != NULL; n++) {
		jobs[n] = lane->waiting;
		plain[n] = (struct job){.key = jobs[n]->key, .dispatch = jobs[n]->dispatch};
		lane->waiting = jobs[n]->next;
		jobs[n]->next = NULL;
		lane->waiting_count--;
	}
	if (lane->waiting == NULL)
		lane->waiting_tail = &lane->waiting;
	return n;
}

static void check_and_submit(struct lane *lane, struct db **db, size_t most)
{
	struct outgoing *jobs[CHECK_BATCH_MOST];
	struct job plain[CHECK_BATCH_MOST];
	struct checked checked[CHECK_BATCH_MOST];
	struct error e;
	int64_t now = clock_mono_ms();
	/* Frozen since the poll? Then another one first: it may show that these are not ours. */
	if (now < lane->store_again_ms || now - atomic_load(&lane->polled_ms) > LANE_POLLED_MS)
		return;
	size_t n = take_first(lane, most < CHECK_BATCH_MOST ? most : CHECK_BATCH_MOST, jobs, plain);
	if (n == 0)
		return;
	int rc = *db == NULL ? daemon_open_store(lane->daemon, db, &e) : 0;
	if (rc == 0)
		rc = check_batch(*db, plain, n, clock_now_ms(), checked, &e);
	if (rc != 0) {
		store_failed(lane, db, &e);
		put_first(lane, jobs, n);
		return;
	}
	if (lane->store_again_ms != 0)
		atomic_store(&lane->trouble, NULL);
	lane->store_again_ms = 0;
	for (size_t i = 0; i < n; i++) {
		jobs[i]->checked_ms = now;
		submit(lane, *db, jobs[i], &checked[i]);
	}
}

/* ---- jobs in -------------------------------------------------------------------------- */

/* It will be due again when the older one is over. */
static void return_busy(struct lane *lane, const struct job *job, const struct bus_message *message)
{
	struct delivery_status status = {.key = job->key,
		.dispatch = job->dispatch,
		.state = DELIVERY_RETURNED,
		.time_ms = clock_now_ms(),
		.not_before_ms = clock_now_ms() + BUSY_AGAIN_MS,
		.reason = "an earlier copy of this letter is still on the wire"};
	log_warn("letter_still_on_the_wire", "key=%" PRId64 " dispatch=%" PRId64, job->key, job->dispatch);
	(void)recorder_add(lane->recorder, &status, &message->token, message->partition);
}

/* Those that cannot be read go to vestnik.dead; what needs no sending is marked done at once. */
static void take_jobs(struct lane *lane, const struct bus_message *messages, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct bus_token *token = &messages[i].token;
		struct outgoing *job;
		struct job plain;
		struct error e;
		if (job_read(messages[i].data, messages[i].len, &plain, &e) != 0) {
			log_warn("bad_job", "offset=%" PRId64 " error=%s", messages[i].offset, log_quote(e.text));
			if (bus_dead_letter(daemon_bus(lane->daemon), NULL, &messages[i], "mailer", e.text, &e) == 0)
				recorder_done(lane->recorder, token);
			continue;
		}
		pthread_mutex_lock(&lane->lock);
		enum hand_take took = hand_take(&lane->hand, &plain, &messages[i], &job);
		pthread_mutex_unlock(&lane->lock);
		if (took == HAND_KNOWN)
			recorder_done(lane->recorder, token);
		else if (took == HAND_BUSY)
			return_busy(lane, &plain, &messages[i]);
		if (took != HAND_TAKEN)
			continue;
		job->lane = lane;
		*lane->waiting_tail = job;
		lane->waiting_tail = &job->next;
		lane->waiting_count++;
	}
}

/* ---- the thread ------------------------------------------------------------------------------ */

static int subscribe(struct lane *lane, struct error *e)
{
	static const char *const urgent[] = {BUS_MAIL_URGENT, NULL}, *const bulk[] = {BUS_MAIL, NULL};
	struct bus_consumer_options options = {.group = LANE_GROUP,
		.topics = lane->kind == LANE_URGENT ? urgent : bulk,
		.window = LANE_WINDOW,
		.on_assign = lane_on_assign,
		.on_revoke = lane_on_revoke,
		.arg = lane};
	bool said = false;
	while (!atomic_load(&lane->stop)) {
		struct bus_consumer *consumer = NULL;
		if (bus_subscribe(daemon_bus(lane->daemon), &options, &consumer, e) == 0) {
			pthread_mutex_lock(&lane->lock);
			lane->consumer = consumer;
			pthread_mutex_unlock(&lane->lock);
			recorder_set_consumer(lane->recorder, consumer);
			atomic_store(&lane->trouble, NULL);
			return 0;
		}
		if (!e->retriable)
			return -1;
		if (!said)
			log_warn("not_subscribed", "error=%s", log_quote(e->text));
		said = true;
		atomic_store(&lane->trouble, e->code == ERROR_CONFLICT ? "another mailer is still alive"
								       : "the bus does not answer");
		daemon_wait(lane->daemon, LANE_RETRY_MS);
	}
	return error_set(e, ERROR_UNAVAILABLE, "stopped");
}

/* How many jobs may be checked now; waits a moment when the queues are full. */
static size_t appetite(struct lane *lane)
{
	if (!lane_gate(lane) || clock_mono_ms() < lane->store_again_ms)
		return 0;
	return pool_appetite(lane->pool, lane->kind, OUTGOING_FRESH_MS / 4);
}

/* Called around each poll. */
static void notice_freeze(struct lane *lane)
{
	int64_t now = clock_mono_ms();
	if (lane->seen_ms != 0 && now - lane->seen_ms > LANE_FROZEN_MS) {
		log_warn("was_away", "ms=%" PRId64, now - lane->seen_ms);
		lane->awake_ms = now + LANE_WAKE_MS;
	}
	lane->seen_ms = now;
}

/* Polls in any case, also when nothing can be taken: the bus sees to partitions in it. */
static int poll_bus(struct lane *lane, size_t room, struct error *e)
{
	struct bus_message messages[CHECK_BATCH_MOST];
	size_t most = room > lane->waiting_count ? room - lane->waiting_count : 0;
	/* Before the first poll the bus has assigned nothing; what it brings waits for the ledger. */
	if (lane->gate != GATE_OPEN && lane->waiting_count < WAITING_MOST)
		most = CHECK_BATCH_MOST;
	if (most > CHECK_BATCH_MOST)
		most = CHECK_BATCH_MOST;
	bool idle = lane->waiting_count == 0 && room > 0;
	bool held_up = lane->gate != GATE_OPEN || lane->store_again_ms != 0 || lane->awake_ms > lane->seen_ms;
	int n = bus_poll(lane->consumer, idle ? POLL_MS : held_up ? GLANCE_MS : 0, messages, most, e);
	notice_freeze(lane);
	if (n < 0)
		return -1;
	if (lane->seen_ms >= lane->awake_ms)
		atomic_store(&lane->polled_ms, lane->seen_ms);
	lane_decide(lane);
	take_jobs(lane, messages, (size_t)n);
	return 0;
}

static int work(struct lane *lane, struct db **db, struct error *e)
{
	bool said = false;
	if (subscribe(lane, e) != 0)
		return -1;
	while (!atomic_load(&lane->stop)) {
		size_t room = appetite(lane);
		notice_freeze(lane);
		lane_let_go_of_slow(lane);
		if (poll_bus(lane, room, e) != 0) {
			if (!e->retriable)
				return -1;
			if (!said)
				log_warn("bus_unavailable", "error=%s", log_quote(e->text));
			said = true;
			daemon_wait(lane->daemon, LANE_RETRY_MS);
			continue;
		}
		said = false;
		if (lane->gate == GATE_OPEN)
			check_and_submit(lane, db, room);
	}
	return 0;
}

static void *run(void *arg)
{
	struct lane *lane = arg;
	struct db *db = NULL;
	struct error e = {0};
	int rc = work(lane, &db, &e);
	db_close(&db);
	if (rc != 0 && !atomic_load(&lane->stop)) {
		pthread_mutex_lock(&lane->lock);
		lane->failed = true;
		lane->error = e;
		pthread_mutex_unlock(&lane->lock);
	}
	return NULL;
}

struct lane *lane_start(struct daemon *daemon, enum lane_kind kind, struct sheets *sheets, struct pool *pool)
{
	struct lane *lane = xcalloc(1, sizeof *lane);
	lane->daemon = daemon;
	lane->kind = kind;
	lane->sheets = sheets;
	lane->pool = pool;
	lane->hand.next_sequence = 1;
	lane->waiting_tail = &lane->waiting;
	lane->recorder = recorder_start(
		daemon_settings(daemon)->mailer.unrecorded_most, daemon_worker(daemon));
	pthread_mutex_init(&lane->lock, NULL);
	if (pthread_create(&lane->thread, NULL, run, lane) != 0)
		PANIC("cannot start a thread");
	return lane;
}

bool lane_failed(struct lane *lane, struct error *e)
{
	pthread_mutex_lock(&lane->lock);
	bool failed = lane->failed;
	if (failed)
		*e = lane->error;
	pthread_mutex_unlock(&lane->lock);
	return failed;
}

const char *lane_trouble(struct lane *lane)
{
	const char *text = atomic_load(&lane->trouble);
	return text == NULL ? "" : text;
}

void lane_stop_polling(struct lane *lane)
{
	atomic_store(&lane->stop, true);
	recorder_release(lane->recorder);
	pthread_mutex_lock(&lane->lock);
	if (lane->consumer != NULL)
		bus_interrupt(lane->consumer);
	pthread_mutex_unlock(&lane->lock);
	pthread_join(lane->thread, NULL);
}

void lane_finish(struct lane **pointer, int wait_ms)
{
	struct lane *lane = *pointer;
	if (lane == NULL)
		return;
	*pointer = NULL;
	size_t left = recorder_stop(&lane->recorder, wait_ms);
	if (left > 0)
		log_warn("not_recorded", "outcomes=%zu", left);
	bus_unsubscribe(&lane->consumer);
	while (lane->hand.oldest != NULL) /* never sent: they come again */
		lane_drop(lane->hand.oldest);
	pthread_mutex_destroy(&lane->lock);
	free(lane);
}
