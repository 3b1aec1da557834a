/* lane.h: from the start of a letter to its outcome. Called by the pool's threads. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "answer/workbook.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "mailer/lane_parts.h"

/* A relay that answers takes less; one that does not must not hold up the others. */
#define SLOW_LETTER_MS 3000

static void free_job(struct lane *lane, struct outgoing *job)
{
	sheets_put(lane->sheets, &job->sheet);
	answer_workbook_free(&job->form);
	free(job->undecided);
	free(job->address);
	free(job->fields);
	free(job);
}

static bool polled_lately(struct lane *lane)
{
	return clock_mono_ms() - atomic_load(&lane->polled_ms) <= LANE_POLLED_MS;
}

/* ---- outcomes ------------------------------------------------------------------------ */

void lane_drop(struct outgoing *job)
{
	struct lane *lane = job->lane;
	pthread_mutex_lock(&lane->lock);
	hand_remove(&lane->hand, job);
	pthread_mutex_unlock(&lane->lock);
	free_job(lane, job);
}

void lane_drop_all(struct outgoing *chain)
{
	while (chain != NULL) {
		struct outgoing *next = chain->next;
		lane_drop(chain);
		chain = next;
	}
}

/* Returning a job says that nobody will send this dispatch any more: only whoever has it in hand
 * may say so. Locked. */
enum give_back { GIVE_BACK, GIVE_UP, DECIDE_LATER };

static enum give_back may_return(struct lane *lane, const struct outgoing *job)
{
	if (job->gone)
		return GIVE_UP;
	if (job->token_done) /* `sending` was said, by us alone */
		return GIVE_BACK;
	if (atomic_load(&lane->stop))
		return GIVE_UP; /* the next owner finds it where it was */
	return polled_lately(lane) ? GIVE_BACK : DECIDE_LATER;
}

static void decide_later(struct lane *lane, struct outgoing *job, const struct delivery_status *status)
{
	job->undecided = xmemdup(status, sizeof *status);
	job->next = lane->undecided;
	lane->undecided = job;
	if (job->on_wire)
		lane->hand.on_wire--;
	job->on_wire = false;
}

void lane_end(struct outgoing *job, const struct delivery_status *status)
{
	struct lane *lane = job->lane;
	bool returned = status != NULL && status->state == DELIVERY_RETURNED;
	pthread_mutex_lock(&lane->lock);
	enum give_back give = returned ? may_return(lane, job) : GIVE_BACK;
	bool was_on_wire = job->on_wire, own_token = !job->token_done && !job->gone;
	struct bus_token token = job->token;
	int32_t partition = job->partition;
	if (give == DECIDE_LATER) {
		decide_later(lane, job, status);
	} else {
		if (status != NULL && give == GIVE_BACK)
			hand_finished(&lane->hand, job, returned);
		hand_remove(&lane->hand, job);
	}
	pthread_mutex_unlock(&lane->lock);
	if (was_on_wire)
		recorder_leave(lane->recorder);
	if (give == DECIDE_LATER)
		return;
	if (give == GIVE_BACK && status != NULL)
		(void)recorder_add(lane->recorder, status, own_token ? &token : NULL, partition);
	else if (give == GIVE_BACK && own_token)
		recorder_done(lane->recorder, &token);
	free_job(lane, job);
}

void lane_ended(struct outgoing *job, const struct delivery_status *status)
{
	lane_end(job, status);
}

static void fill(struct delivery_status *status, const struct outgoing *job, enum delivery_state state)
{
	*status = (struct delivery_status){.key = job->key,
		.dispatch = job->dispatch,
		.campaign = job->campaign,
		.state = state,
		.time_ms = clock_now_ms()};
}

void lane_end_as(struct outgoing *job, enum delivery_state state, const char *reason, bool no_retry)
{
	struct delivery_status status;
	fill(&status, job, state);
	status.no_retry = no_retry;
	snprintf(status.reason, sizeof status.reason, "%s", reason);
	lane_end(job, &status);
}

void lane_decide(struct lane *lane)
{
	pthread_mutex_lock(&lane->lock);
	struct outgoing *chain = lane->undecided;
	lane->undecided = NULL;
	pthread_mutex_unlock(&lane->lock);
	while (chain != NULL) {
		struct outgoing *next = chain->next;
		struct delivery_status *status = chain->undecided;
		chain->undecided = NULL;
		lane_end(chain, status);
		free(status);
		chain = next;
	}
}

/* ---- starting -------------------------------------------------------------------------- */

bool lane_enter(struct outgoing *job)
{
	struct lane *lane = job->lane;
	/* This may wait long; the job's check and its partition may be over by then. */
	bool go = recorder_enter(lane->recorder);
	if (!go) {
		lane_end_as(job, DELIVERY_RETURNED, "the mailer is stopping", false);
		return false;
	}
	pthread_mutex_lock(&lane->lock);
	go = !job->gone && clock_mono_ms() - job->checked_ms <= OUTGOING_FRESH_MS;
	if (go) {
		job->on_wire = true;
		job->on_wire_since_ms = clock_mono_ms();
		lane->hand.on_wire++;
	}
	pthread_mutex_unlock(&lane->lock);
	if (go)
		return true;
	recorder_leave(lane->recorder);
	lane_end_as(job, DELIVERY_RETURNED, "could not start within two seconds", false);
	return false;
}

bool lane_sending(const struct outgoing *job)
{
	struct delivery_status status;
	struct buf data;
	char id[STATUS_ID_SIZE], key[24];
	struct error e;
	fill(&status, job, DELIVERY_SENDING);
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

/* Locked. */
static void say_sending(struct lane *lane, struct outgoing *job)
{
	struct delivery_status status;
	fill(&status, job, DELIVERY_SENDING);
	job->token_done = true;
	job->sending_place = recorder_add(lane->recorder, &status, &job->token, job->partition);
}

/* The planner sees no progress and the window fills: after some seconds, or when the window is half
 * full, its job is done with `sending`; the outcome follows by itself. The lane's jobs of all
 * partitions are counted together, so with several the half comes earlier than need be. */
void lane_let_go_of_slow(struct lane *lane)
{
	int64_t now = clock_mono_ms();
	pthread_mutex_lock(&lane->lock);
	size_t left = lane->hand.on_wire;
	for (struct outgoing *job = lane->hand.oldest; job != NULL && left > 0; job = job->newer) {
		bool crowded = lane->hand.next_sequence - job->sequence > LANE_WINDOW / 2;
		bool slow = job->on_wire && now - job->on_wire_since_ms > SLOW_LETTER_MS;
		if (!crowded && !slow && job->on_wire)
			break; /* those polled later are not slower */
		left -= job->on_wire;
		if (job->on_wire && !job->token_done && !job->gone)
			say_sending(lane, job);
	}
	pthread_mutex_unlock(&lane->lock);
}

/* ---- a partition goes ------------------------------------------------------------------- */

void lane_let_go_of_partition(struct lane *lane, int32_t partition)
{
	pthread_mutex_lock(&lane->lock);
	for (struct outgoing *job = lane->hand.oldest; job != NULL; job = job->newer) {
		if (job->partition != partition)
			continue;
		if (!job->on_wire)
			job->gone = true;
		else if (!job->token_done)
			say_sending(lane, job);
	}
	pthread_mutex_unlock(&lane->lock);
}

void lane_lose_partition(struct lane *lane, int32_t partition)
{
	pthread_mutex_lock(&lane->lock);
	for (struct outgoing *job = lane->hand.oldest; job != NULL; job = job->newer)
		if (job->partition == partition &&
			!(job->token_done && recorder_passed(lane->recorder, job->sending_place)))
			job->gone = true;
	pthread_mutex_unlock(&lane->lock);
	recorder_disown(lane->recorder, partition);
}
