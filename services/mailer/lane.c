#include "mailer/lane.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "mailer/check.h"
#include "mailer/pause.h"
#include "mailer/recorder.h"
#include "message/job.h"

#define GROUP "mailer"
#define LEDGER_GROUP "ledger"
/* Unfinished jobs per partition. */
#define WINDOW 8192
/* A relay that answers takes less; one that does not must not hold up the others. */
#define SLOW_LETTER_MS 3000
#define POLL_MS 1000
#define RETRY_MS 500
#define SLOTS 4096 /* of the table of keys in hand; a power of two */

struct lane {
	struct daemon *daemon;
	enum lane_kind kind;
	struct sheets *sheets;
	struct pool *pool;
	struct recorder *recorder;
	pthread_t thread;
	atomic_bool stop;
	_Atomic(const char *) trouble;

	pthread_mutex_t lock; /* everything below, and the consumer's pointer */
	struct bus_consumer *consumer;
	bool failed;
	struct error error;
	struct outgoing *oldest, *newest; /* in hand, in order of polling */
	uint64_t next_sequence;
	struct outgoing *slot[SLOTS];
};

/* ---- jobs in hand -------------------------------------------------------------------- */

static struct outgoing **slot_of(struct lane *lane, int64_t key)
{
	return &lane->slot[(uint64_t)key & (SLOTS - 1)];
}

static bool holds(struct lane *lane, int64_t key)
{
	for (struct outgoing *job = *slot_of(lane, key); job != NULL; job = job->same_slot)
		if (job->key == key)
			return true;
	return false;
}

/* NULL when the job is held already. */
static struct outgoing *take_in_hand(struct lane *lane, const struct job *job, struct bus_token token)
{
	struct outgoing *out = NULL;
	pthread_mutex_lock(&lane->lock);
	if (!holds(lane, job->key)) {
		struct outgoing **slot = slot_of(lane, job->key);
		out = xcalloc(1, sizeof *out);
		out->lane = lane;
		out->key = job->key;
		out->dispatch = job->dispatch;
		out->token = token;
		out->sequence = lane->next_sequence++;
		out->same_slot = *slot;
		*slot = out;
		out->older = lane->newest;
		if (lane->newest != NULL)
			lane->newest->newer = out;
		else
			lane->oldest = out;
		lane->newest = out;
	}
	pthread_mutex_unlock(&lane->lock);
	return out;
}

/* Locked. */
static void out_of_hand(struct lane *lane, struct outgoing *job)
{
	struct outgoing **link = slot_of(lane, job->key);
	while (*link != job)
		link = &(*link)->same_slot;
	*link = job->same_slot;
	*(job->older != NULL ? &job->older->newer : &lane->oldest) = job->newer;
	*(job->newer != NULL ? &job->newer->older : &lane->newest) = job->older;
}

static void free_job(struct lane *lane, struct outgoing *job)
{
	sheets_put(lane->sheets, &job->sheet);
	free(job->address);
	free(job->fields);
	free(job);
}

/* ---- outcomes --------------------------------------------------------------------------- */

bool lane_enter(struct outgoing *job)
{
	struct lane *lane = job->lane;
	if (!recorder_enter(lane->recorder))
		return false;
	pthread_mutex_lock(&lane->lock);
	job->on_wire = true;
	job->on_wire_since_ms = clock_mono_ms();
	pthread_mutex_unlock(&lane->lock);
	return true;
}

/* status NULL: the job needs no event. */
static void finish(struct outgoing *job, const struct delivery_status *status)
{
	struct lane *lane = job->lane;
	pthread_mutex_lock(&lane->lock);
	bool was_on_wire = job->on_wire, token_done = job->token_done;
	out_of_hand(lane, job);
	pthread_mutex_unlock(&lane->lock);
	if (was_on_wire)
		recorder_leave(lane->recorder);
	if (status != NULL)
		recorder_add(lane->recorder, status, token_done ? NULL : &job->token);
	else if (!token_done)
		recorder_done(lane->recorder, &job->token);
	free_job(lane, job);
}

void lane_ended(struct outgoing *job, const struct delivery_status *status)
{
	finish(job, status);
}

static void end_as(struct outgoing *job, enum delivery_state state, const char *reason, bool no_retry)
{
	struct delivery_status status = {.key = job->key,
		.dispatch = job->dispatch,
		.campaign = job->campaign,
		.state = state,
		.time_ms = clock_now_ms(),
		.no_retry = no_retry};
	snprintf(status.reason, sizeof status.reason, "%s", reason);
	finish(job, &status);
}

bool lane_sending(const struct outgoing *job)
{
	struct delivery_status status = {.key = job->key,
		.dispatch = job->dispatch,
		.campaign = job->campaign,
		.state = DELIVERY_SENDING,
		.time_ms = clock_now_ms()};
	struct buf data;
	char id[STATUS_ID_SIZE], key[24];
	struct error e;
	buf_init(&data, 1024);
	(void)status_write(&status, &data);
	snprintf(key, sizeof key, "%" PRId64, job->key);
	struct bus_message message = {.topic = BUS_STATUS,
		.key = key,
		.id = status_id(&status, id),
		.source = "vestnik/mailer",
		.type = status_type(DELIVERY_SENDING),
		.time_ms = status.time_ms,
		.data = buf_str(&data),
		.len = data.len};
	int rc = bus_publish(daemon_bus(job->lane->daemon), &message, 1, &e);
	buf_fini(&data);
	if (rc != 0)
		log_warn("sending_not_published", "key=%" PRId64 " error=%s", job->key, log_quote(e.text));
	return rc == 0;
}

/* A letter that stays on the wire holds up the finished prefix: the planner sees
 * no progress and the window fills. After some seconds, or when the window is
 * half full, say `sending` and mark its job done; the outcome follows by itself. */
static void let_go_of_slow(struct lane *lane)
{
	int64_t now = clock_mono_ms();
	pthread_mutex_lock(&lane->lock);
	for (struct outgoing *job = lane->oldest; job != NULL; job = job->newer) {
		bool crowded = lane->next_sequence - job->sequence > WINDOW / 2;
		bool slow = job->on_wire && now - job->on_wire_since_ms > SLOW_LETTER_MS;
		if (!crowded && !slow && job->on_wire)
			break; /* those polled later are not slower */
		if (!job->on_wire || job->token_done)
			continue;
		struct delivery_status status = {.key = job->key,
			.dispatch = job->dispatch,
			.campaign = job->campaign,
			.state = DELIVERY_SENDING,
			.time_ms = clock_now_ms()};
		job->token_done = true;
		recorder_add(lane->recorder, &status, &job->token);
	}
	pthread_mutex_unlock(&lane->lock);
}

/* ---- jobs in ------------------------------------------------------------------------------ */

static void submit(struct lane *lane, struct db *db, struct outgoing *job, struct checked *checked)
{
	struct error e;
	job->campaign = checked->campaign;
	switch (checked->verdict) {
	case CHECK_SEND:
		break;
	case CHECK_STALE:
		finish(job, NULL);
		return;
	case CHECK_RETURN:
		end_as(job, DELIVERY_RETURNED, checked->reason, false);
		return;
	case CHECK_CANCELLED:
		end_as(job, DELIVERY_CANCELLED, checked->reason, false);
		return;
	case CHECK_EXPIRED:
		end_as(job, DELIVERY_EXPIRED, checked->reason, false);
		return;
	case CHECK_SUPPRESSED:
		end_as(job, DELIVERY_SUPPRESSED, checked->reason, false);
		return;
	case CHECK_WAS_SENDING:
		end_as(job, DELIVERY_UNCERTAIN, "the mailer stopped while this letter was on the wire",
			checked->hold);
		return;
	}
	job->address = checked->address;
	job->fields = checked->fields;
	job->hold = checked->hold;
	job->not_after_ms = checked->not_after_ms;
	job->checked_ms = clock_mono_ms();
	if (sheets_get(lane->sheets, db, checked->campaign, checked->step, &job->sheet, &e) != 0) {
		log_warn("letter_not_loaded", "campaign=%" PRId64 " step=%d error=%s", checked->campaign,
			checked->step, log_quote(e.text));
		if (!e.retriable)
			pause_campaign(daemon_bus(lane->daemon), db, checked->campaign, e.text);
		end_as(job, DELIVERY_RETURNED, "the letter could not be loaded", false);
		return;
	}
	pool_submit(lane->pool, lane->kind, job);
}

/* Jobs to take in hand; those that cannot be read go to vestnik.dead, and what
 * needs no sending is marked done at once. */
static size_t take_jobs(struct lane *lane, const struct bus_message *messages, size_t n,
	struct outgoing **jobs, struct job *plain)
{
	size_t taken = 0;
	for (size_t i = 0; i < n; i++) {
		struct error e;
		if (job_read(messages[i].data, messages[i].len, &plain[taken], &e) != 0) {
			log_warn("bad_job", "offset=%" PRId64 " error=%s", messages[i].offset, log_quote(e.text));
			if (bus_dead_letter(daemon_bus(lane->daemon), NULL, &messages[i], "mailer", e.text, &e) == 0)
				recorder_done(lane->recorder, &messages[i].token);
			continue;
		}
		jobs[taken] = take_in_hand(lane, &plain[taken], messages[i].token);
		if (jobs[taken] == NULL)
			recorder_done(lane->recorder, &messages[i].token);
		else
			taken++;
	}
	return taken;
}

static void check_and_submit(struct lane *lane, struct db **db, struct outgoing **jobs,
	const struct job *plain, size_t n)
{
	struct checked checked[CHECK_BATCH_MOST];
	struct error e;
	bool said = false;
	while (n > 0) {
		int rc = *db == NULL ? daemon_open_store(lane->daemon, db, &e) : 0;
		if (rc == 0)
			rc = check_batch(*db, plain, n, clock_now_ms(), checked, &e);
		if (rc == 0)
			break;
		if (!said)
			log_warn("store_unavailable", "error=%s", log_quote(e.text));
		said = true;
		atomic_store(&lane->trouble, "the store does not answer");
		if (!e.retriable)
			db_close(db); /* a connection that is broken: open another */
		if (atomic_load(&lane->stop)) {
			for (size_t i = 0; i < n; i++)
				end_as(jobs[i], DELIVERY_RETURNED, "the mailer is stopping", false);
			return;
		}
		daemon_wait(lane->daemon, RETRY_MS);
	}
	if (said)
		atomic_store(&lane->trouble, NULL);
	for (size_t i = 0; i < n; i++)
		submit(lane, *db, jobs[i], &checked[i]);
}

/* ---- the thread ------------------------------------------------------------------------------ */

static int subscribe(struct lane *lane, struct error *e)
{
	static const char *const urgent[] = {BUS_MAIL_URGENT, NULL}, *const bulk[] = {BUS_MAIL, NULL};
	struct bus_consumer_options options = {.group = GROUP,
		.topics = lane->kind == LANE_URGENT ? urgent : bulk,
		.window = WINDOW};
	while (!atomic_load(&lane->stop)) {
		struct bus_consumer *consumer = NULL;
		if (bus_subscribe(daemon_bus(lane->daemon), &options, &consumer, e) == 0) {
			pthread_mutex_lock(&lane->lock);
			lane->consumer = consumer;
			pthread_mutex_unlock(&lane->lock);
			recorder_set_consumer(lane->recorder, consumer);
			return 0;
		}
		if (!e->retriable)
			return -1;
		atomic_store(&lane->trouble, "another mailer is still alive");
		daemon_wait(lane->daemon, RETRY_MS);
	}
	return error_set(e, ERROR_UNAVAILABLE, "stopped");
}

/* Outcomes published before this moment must be in the store before the check
 * means anything (design section 5, point 2). */
static int wait_for_ledger(struct lane *lane, struct error *e)
{
	struct bus_mark mark;
	bool said = false;
	while (!atomic_load(&lane->stop) && bus_mark(daemon_bus(lane->daemon), BUS_STATUS, &mark, e) != 0)
		daemon_wait(lane->daemon, RETRY_MS);
	while (!atomic_load(&lane->stop)) {
		int passed = bus_passed(daemon_bus(lane->daemon), LEDGER_GROUP, &mark, e);
		if (passed > 0)
			return 0;
		if (!said)
			log_info("waiting_for_ledger", "topic=%s", BUS_STATUS);
		said = true;
		atomic_store(&lane->trouble, "waiting for the ledger");
		daemon_wait(lane->daemon, 20);
	}
	return error_set(e, ERROR_UNAVAILABLE, "stopped");
}

static int work(struct lane *lane, struct db **db, struct error *e)
{
	struct bus_message messages[CHECK_BATCH_MOST];
	struct outgoing *jobs[CHECK_BATCH_MOST];
	struct job plain[CHECK_BATCH_MOST];
	if (subscribe(lane, e) != 0 || wait_for_ledger(lane, e) != 0)
		return -1;
	atomic_store(&lane->trouble, NULL);
	while (!atomic_load(&lane->stop)) {
		size_t room = pool_appetite(lane->pool, lane->kind, OUTGOING_FRESH_MS / 4);
		if (room == 0)
			continue;
		let_go_of_slow(lane);
		int n = bus_poll(lane->consumer, POLL_MS, messages, room < CHECK_BATCH_MOST ? room : CHECK_BATCH_MOST,
			e);
		if (n < 0 && !e->retriable)
			return -1;
		if (n < 0) {
			log_warn("bus_unavailable", "error=%s", log_quote(e->text));
			daemon_wait(lane->daemon, RETRY_MS);
			continue;
		}
		size_t taken = take_jobs(lane, messages, (size_t)n, jobs, plain);
		check_and_submit(lane, db, jobs, plain, taken);
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
	lane->next_sequence = 1;
	lane->recorder = recorder_start(daemon_settings(daemon)->mailer.unrecorded_most);
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
	while (lane->oldest != NULL) { /* never submitted: they come again */
		struct outgoing *job = lane->oldest;
		out_of_hand(lane, job);
		free_job(lane, job);
	}
	pthread_mutex_destroy(&lane->lock);
	free(lane);
}
