#include "mailer/recorder.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/wait.h"
#include "base/xalloc.h"

#define BATCH_MOST 256
#define LINGER_MS 10
#define STATUS_DATA_MAX 2048
/* Outcomes are not bounded by memory but by unrecorded_most; events without a
 * letter on the wire (returned, suppressed) may add a batch or two. */
#define RETRY_FIRST_MS 50
#define RETRY_MOST_MS 5000

/* Partitions lost while a batch is being tried; more than bus_mark has room for there are not. */
#define DISOWNED_MOST 64

struct entry {
	uint64_t place; /* in the line of all entries */
	struct delivery_status status;
	struct bus_token token;
	int32_t partition;
	bool has_status, has_token;
};

struct recorder {
	int unrecorded_most;
	const char *worker;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t work, room;
	struct bus_consumer *consumer;
	struct entry *entry; /* waiting to be recorded */
	size_t count, cap;
	size_t in_batch;     /* being recorded now */
	uint64_t next_place;  /* of the entry added next; from 1 */
	uint64_t batch_place; /* of the batch's first */
	int32_t disowned[DISOWNED_MOST]; /* since the batch was taken */
	size_t disowned_count;
	int on_wire;         /* letters started and not ended */
	bool stopping, released, failed;
	int64_t give_up_ms;
	int64_t counts[DELIVERY_STATES];
	/* the thread's own */
	struct entry batch[BATCH_MOST];
	struct bus_message message[BATCH_MOST];
	struct bus_token token[BATCH_MOST];
	char id[BATCH_MOST][STATUS_ID_SIZE];
	char key[BATCH_MOST][24];
	struct buf data[BATCH_MOST];
};

/* Lets a batch gather: up to 256 or 10 ms, but at once when no letter is on the
 * wire whose outcome could join it. */
static void gather(struct recorder *r)
{
	struct timespec until;
	wait_until(&until, LINGER_MS);
	while (r->count < BATCH_MOST && r->on_wire > 0 && !r->stopping)
		if (pthread_cond_timedwait(&r->work, &r->lock, &until) != 0)
			break;
}

static size_t take_batch(struct recorder *r)
{
	size_t n = r->count < BATCH_MOST ? r->count : BATCH_MOST;
	memcpy(r->batch, r->entry, n * sizeof *r->entry);
	memmove(r->entry, r->entry + n, (r->count - n) * sizeof *r->entry);
	r->count -= n;
	r->in_batch = n;
	r->batch_place = r->batch[0].place;
	r->disowned_count = 0;
	return n;
}

/* Takes out what recorder_disown speaks of; returns how many are left. */
static size_t drop_disowned(struct entry *entries, size_t n, int32_t partition)
{
	size_t kept = 0;
	for (size_t i = 0; i < n; i++) {
		const struct entry *entry = &entries[i];
		if (entry->has_token && entry->partition == partition && entry->has_status &&
			entry->status.state == DELIVERY_RETURNED)
			continue;
		if (kept != i)
			entries[kept] = *entry;
		kept++;
	}
	return kept;
}

static int publish(struct recorder *r, struct bus_consumer *consumer, size_t n, struct error *e)
{
	size_t messages = 0, tokens = 0;
	for (size_t i = 0; i < n; i++) {
		const struct entry *entry = &r->batch[i];
		if (entry->has_token)
			r->token[tokens++] = entry->token;
		if (!entry->has_status)
			continue;
		struct buf *data = &r->data[messages];
		buf_reset(data);
		if (status_write(&entry->status, data) != 0)
			PANIC("a status event is longer than %d bytes", STATUS_DATA_MAX);
		snprintf(r->key[messages], sizeof r->key[messages], "%lld", (long long)entry->status.key);
		r->message[messages] = (struct bus_message){.topic = BUS_STATUS,
			.key = r->key[messages],
			.id = status_id(&entry->status, r->id[messages]),
			.source = "vestnik/mailer",
			.type = status_type(entry->status.state),
			.time_ms = entry->status.time_ms,
			.data = buf_str(data),
			.len = data->len};
		messages++;
	}
	if (messages == 0) {
		bus_done(consumer, r->token, tokens);
		return 0;
	}
	return bus_publish_then_done(consumer, r->message, messages, r->token, tokens, e);
}

/* Until it is recorded, or given up at the end. Called without the lock. *count: entries of the
 * batch; fewer when some were disowned meanwhile. */
static bool record(struct recorder *r, struct bus_consumer *consumer, size_t *count)
{
	size_t n = *count;
	struct error e;
	for (int64_t wait_ms = RETRY_FIRST_MS;; wait_ms *= 2) {
		if (publish(r, consumer, n, &e) == 0)
			return true;
		if (wait_ms == RETRY_FIRST_MS)
			log_warn("record_failed", "outcomes=%zu error=%s", n, log_quote(e.text));
		if (wait_ms > RETRY_MOST_MS)
			wait_ms = RETRY_MOST_MS;
		pthread_mutex_lock(&r->lock);
		r->failed = true;
		struct timespec until;
		wait_until(&until, wait_ms);
		while (!r->stopping && pthread_cond_timedwait(&r->work, &r->lock, &until) == 0)
			;
		bool give_up = r->stopping && clock_mono_ms() >= r->give_up_ms;
		for (size_t i = 0; i < r->disowned_count; i++)
			n = drop_disowned(r->batch, n, r->disowned[i]);
		r->disowned_count = 0;
		*count = r->in_batch = n;
		pthread_mutex_unlock(&r->lock);
		if (n == 0)
			return true;
		if (give_up)
			return false;
		if (r->stopping)
			clock_nanosleep(CLOCK_MONOTONIC, 0,
				&(struct timespec){.tv_nsec = RETRY_FIRST_MS * 1000000L}, NULL);
	}
}

static void *work(void *arg)
{
	struct recorder *r = arg;
	pthread_mutex_lock(&r->lock);
	for (;;) {
		while ((r->count == 0 || r->consumer == NULL) && !r->stopping)
			pthread_cond_wait(&r->work, &r->lock);
		if (r->count == 0 || r->consumer == NULL)
			break;
		gather(r);
		size_t n = take_batch(r);
		struct bus_consumer *consumer = r->consumer;
		pthread_mutex_unlock(&r->lock);
		bool recorded = record(r, consumer, &n);
		pthread_mutex_lock(&r->lock);
		if (!recorded)
			break;
		for (size_t i = 0; i < n; i++)
			if (r->batch[i].has_status)
				r->counts[r->batch[i].status.state]++;
		r->in_batch = 0;
		r->failed = false;
		pthread_cond_broadcast(&r->room);
	}
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

struct recorder *recorder_start(int unrecorded_most, const char *worker)
{
	struct recorder *r = xcalloc(1, sizeof *r);
	r->worker = worker;
	r->unrecorded_most = unrecorded_most;
	r->next_place = 1;
	for (size_t i = 0; i < BATCH_MOST; i++)
		buf_init(&r->data[i], STATUS_DATA_MAX);
	pthread_mutex_init(&r->lock, NULL);
	wait_cond_init(&r->work);
	wait_cond_init(&r->room);
	if (pthread_create(&r->thread, NULL, work, r) != 0)
		PANIC("cannot start a thread");
	return r;
}

void recorder_set_consumer(struct recorder *r, struct bus_consumer *consumer)
{
	pthread_mutex_lock(&r->lock);
	r->consumer = consumer;
	pthread_cond_signal(&r->work);
	pthread_mutex_unlock(&r->lock);
}

size_t recorder_stop(struct recorder **pointer, int wait_ms)
{
	struct recorder *r = *pointer;
	if (r == NULL)
		return 0;
	*pointer = NULL;
	pthread_mutex_lock(&r->lock);
	r->stopping = true;
	r->released = true;
	r->give_up_ms = clock_mono_ms() + wait_ms;
	pthread_cond_broadcast(&r->work);
	pthread_cond_broadcast(&r->room);
	pthread_mutex_unlock(&r->lock);
	pthread_join(r->thread, NULL);
	size_t left = r->count + r->in_batch;
	for (size_t i = 0; i < BATCH_MOST; i++)
		buf_fini(&r->data[i]);
	pthread_mutex_destroy(&r->lock);
	pthread_cond_destroy(&r->work);
	pthread_cond_destroy(&r->room);
	free(r->entry);
	free(r);
	return left;
}

static uint64_t add(struct recorder *r, const struct entry *entry)
{
	pthread_mutex_lock(&r->lock);
	if (r->count == r->cap) {
		r->cap = r->cap == 0 ? BATCH_MOST : r->cap * 2;
		r->entry = xrealloc(r->entry, r->cap, sizeof *r->entry);
	}
	uint64_t place = r->next_place++;
	r->entry[r->count] = *entry;
	r->entry[r->count++].place = place;
	/* Waking the thread for each of thousands a second costs more than the
	 * work: only the first of a batch, a full one, and the last on the wire do. */
	if (r->count == 1 || r->count == BATCH_MOST || r->on_wire == 0)
		pthread_cond_signal(&r->work);
	pthread_mutex_unlock(&r->lock);
	return place;
}

uint64_t recorder_add(struct recorder *r, const struct delivery_status *status, const struct bus_token *token,
	int32_t partition)
{
	struct entry entry = {.status = *status, .partition = partition, .has_status = true, .has_token = token != NULL};
	if (token != NULL)
		entry.token = *token;
	snprintf(entry.status.worker, sizeof entry.status.worker, "%s", r->worker);
	return add(r, &entry);
}

void recorder_done(struct recorder *r, const struct bus_token *token)
{
	(void)add(r, &(struct entry){.token = *token, .has_token = true});
}

/* Locked. Everything before this place is durable. */
static uint64_t first_open(const struct recorder *r)
{
	return r->in_batch > 0 ? r->batch_place : r->count > 0 ? r->entry[0].place : r->next_place;
}

bool recorder_passed(struct recorder *r, uint64_t place)
{
	pthread_mutex_lock(&r->lock);
	bool passed = first_open(r) > place;
	pthread_mutex_unlock(&r->lock);
	return passed;
}

bool recorder_flush(struct recorder *r, int wait_ms)
{
	struct timespec until;
	wait_until(&until, wait_ms);
	pthread_mutex_lock(&r->lock);
	uint64_t end = r->next_place;
	pthread_cond_signal(&r->work);
	while (first_open(r) < end)
		if (pthread_cond_timedwait(&r->room, &r->lock, &until) != 0)
			break;
	bool flushed = first_open(r) >= end;
	pthread_mutex_unlock(&r->lock);
	return flushed;
}

void recorder_disown(struct recorder *r, int32_t partition)
{
	pthread_mutex_lock(&r->lock);
	r->count = drop_disowned(r->entry, r->count, partition);
	bool known = false;
	for (size_t i = 0; i < r->disowned_count; i++)
		known = known || r->disowned[i] == partition;
	if (r->in_batch > 0 && !known && r->disowned_count < DISOWNED_MOST)
		r->disowned[r->disowned_count++] = partition;
	pthread_mutex_unlock(&r->lock);
}

bool recorder_enter(struct recorder *r)
{
	pthread_mutex_lock(&r->lock);
	while (!r->released && (int)(r->count + r->in_batch) >= r->unrecorded_most)
		pthread_cond_wait(&r->room, &r->lock);
	bool go = !r->released;
	if (go)
		r->on_wire++;
	pthread_mutex_unlock(&r->lock);
	return go;
}

void recorder_leave(struct recorder *r)
{
	pthread_mutex_lock(&r->lock);
	r->on_wire--;
	pthread_mutex_unlock(&r->lock);
}

void recorder_release(struct recorder *r)
{
	pthread_mutex_lock(&r->lock);
	r->released = true;
	pthread_cond_broadcast(&r->room);
	pthread_mutex_unlock(&r->lock);
}

void recorder_counts(struct recorder *r, int64_t counts[DELIVERY_STATES])
{
	pthread_mutex_lock(&r->lock);
	memcpy(counts, r->counts, sizeof r->counts);
	pthread_mutex_unlock(&r->lock);
}
