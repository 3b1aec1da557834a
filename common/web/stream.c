/* A stream's connection sleeps (is suspended) while nothing waits for its viewer; whoever sends wakes it. The
 * library's thread then takes what waits and puts it to sleep again. A suspended connection is asked by
 * nobody whether its viewer is still there: one thread, the keeper, looks. Order of locks: streams, stream,
 * then those of the library or the watch. */
#include "web/stream.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "web/streams.h"
#include "web/web_inside.h"

#define LOOK_S 1             /* between two looks of the keeper: who has hung up, who needs a sign of life */
#define STUCK_MS 30000       /* something waits and nothing of it was taken: the viewer reads no more */
#define BLOCK_BYTES 4096     /* handed to the library at once where it does not use the connection's own memory */
#define KEEP_BYTES 4096      /* of an empty buffer */
#define COMMENT ":\n\n"
#define HELLO "retry: 3000\n\n" /* ms after which a browser comes back */

struct web_stream {
	struct web_stream *next, *previous; /* under streams->lock */
	struct streams *streams;
	pthread_mutex_t lock;
	int references;
	struct MHD_Connection *connection; /* NULL: it is gone */
	struct watch *watch;
	struct guest *guest;
	int silence_ms;
	bool suspended;
	bool ended;   /* no more is taken in; what waits is still sent */
	bool dropped; /* nor is that */
	int64_t sent_ms;  /* something was last given for the viewer */
	int64_t moved_ms; /* something was last taken, or nothing waited */
	struct buf waiting;
	atomic_bool gone;
};

struct streams {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t keeper;
	bool kept, stopping;
	struct web_stream *first;
	int count;
};

/* ---- one stream ------------------------------------------------------------------------- */

static void release(struct web_stream *stream) /* locked; not afterwards */
{
	bool last = --stream->references == 0;
	pthread_mutex_unlock(&stream->lock);
	if (!last)
		return;
	buf_fini(&stream->waiting);
	pthread_mutex_destroy(&stream->lock);
	free(stream);
}

static void wake(struct web_stream *stream)
{
	if (!stream->suspended)
		return;
	stream->suspended = false;
	MHD_resume_connection(stream->connection);
}

static void end(struct web_stream *stream)
{
	stream->ended = true;
	wake(stream);
}

/* Not sent to the end: the socket may take nothing any more. */
static void drop(struct web_stream *stream)
{
	stream->dropped = true;
	atomic_store(&stream->gone, true);
	if (stream->connection != NULL)
		watch_drop(stream->watch, stream->guest);
	end(stream);
}

static bool add(struct web_stream *stream, const char *data, size_t len)
{
	int64_t now_ms = clock_mono_ms();
	if (stream->waiting.len == 0)
		stream->moved_ms = now_ms;
	stream->sent_ms = now_ms;
	if (buf_append(&stream->waiting, data, len) != 0) {
		log_info("web.stream", "dropped=slow waiting_bytes=%zu", stream->waiting.len);
		drop(stream);
		return false;
	}
	wake(stream);
	return true;
}

/* In the library's thread. */
static ssize_t take(void *arg, uint64_t position, char *out, size_t most)
{
	struct web_stream *stream = arg;
	ssize_t taken = 0;
	(void)position;
	pthread_mutex_lock(&stream->lock);
	struct buf *waiting = &stream->waiting;
	if (stream->dropped) {
		taken = MHD_CONTENT_READER_END_WITH_ERROR;
	} else if (waiting->len > 0) {
		size_t len = waiting->len < most ? waiting->len : most;
		memcpy(out, waiting->data, len);
		memmove(waiting->data, waiting->data + len, waiting->len - len);
		waiting->len -= len;
		if (waiting->len == 0 && waiting->cap > KEEP_BYTES)
			buf_fini(waiting), buf_init(waiting, STREAM_BUFFER_BYTES);
		stream->moved_ms = clock_mono_ms();
		taken = (ssize_t)len;
	} else if (stream->ended) {
		taken = MHD_CONTENT_READER_END_OF_STREAM;
	} else {
		/* Under the lock: nobody wakes it before it sleeps. */
		MHD_suspend_connection(stream->connection);
		stream->suspended = true;
	}
	pthread_mutex_unlock(&stream->lock);
	return taken;
}

/* ---- the keeper ---------------------------------------------------------------------------- */

static void look_at(struct web_stream *stream, int64_t now_ms)
{
	pthread_mutex_lock(&stream->lock);
	if (stream->connection != NULL && !stream->dropped) {
		bool stuck = stream->waiting.len > 0 && now_ms - stream->moved_ms > STUCK_MS;
		if (stuck || watch_hung_up(stream->guest))
			drop(stream);
		else if (!stream->ended && now_ms - stream->sent_ms >= stream->silence_ms)
			(void)add(stream, COMMENT, strlen(COMMENT));
	}
	pthread_mutex_unlock(&stream->lock);
}

static void *keep(void *arg)
{
	struct streams *streams = arg;
	pthread_mutex_lock(&streams->lock);
	while (!streams->stopping) {
		if (streams->first == NULL) {
			pthread_cond_wait(&streams->changed, &streams->lock);
			continue;
		}
		int64_t now_ms = clock_mono_ms();
		for (struct web_stream *stream = streams->first; stream != NULL; stream = stream->next)
			look_at(stream, now_ms);
		struct timespec until;
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += LOOK_S;
		while (!streams->stopping && pthread_cond_timedwait(&streams->changed, &streams->lock, &until) == 0)
			;
	}
	pthread_mutex_unlock(&streams->lock);
	return NULL;
}

struct streams *streams_new(void)
{
	struct streams *streams = xcalloc(1, sizeof *streams);
	pthread_condattr_t attributes;
	pthread_mutex_init(&streams->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&streams->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	return streams;
}

void streams_stop(struct streams *streams)
{
	pthread_mutex_lock(&streams->lock);
	streams->stopping = true;
	for (struct web_stream *stream = streams->first; stream != NULL; stream = stream->next) {
		pthread_mutex_lock(&stream->lock);
		end(stream);
		pthread_mutex_unlock(&stream->lock);
	}
	bool kept = streams->kept;
	streams->kept = false;
	pthread_cond_broadcast(&streams->changed);
	pthread_mutex_unlock(&streams->lock);
	if (kept)
		pthread_join(streams->keeper, NULL);
}

void streams_free(struct streams **handle)
{
	struct streams *streams = *handle;
	*handle = NULL;
	if (streams == NULL)
		return;
	ASSERT(streams->first == NULL && !streams->kept);
	pthread_cond_destroy(&streams->changed);
	pthread_mutex_destroy(&streams->lock);
	free(streams);
}

int streams_open_now(struct streams *streams)
{
	pthread_mutex_lock(&streams->lock);
	int count = streams->count;
	pthread_mutex_unlock(&streams->lock);
	return count;
}

/* false: no room, or the server stops. */
static bool enter(struct streams *streams, struct web_stream *stream)
{
	pthread_mutex_lock(&streams->lock);
	bool room = !streams->stopping && streams->count < STREAMS_MAX;
	if (room) {
		stream->streams = streams;
		stream->next = streams->first;
		if (stream->next != NULL)
			stream->next->previous = stream;
		streams->first = stream;
		if (streams->count++ == 0)
			pthread_cond_signal(&streams->changed);
		if (!streams->kept && pthread_create(&streams->keeper, NULL, keep, streams) != 0)
			PANIC("pthread_create failed");
		streams->kept = true;
	}
	pthread_mutex_unlock(&streams->lock);
	return room;
}

static void leave(struct web_stream *stream)
{
	struct streams *streams = stream->streams;
	pthread_mutex_lock(&streams->lock);
	if (stream->next != NULL)
		stream->next->previous = stream->previous;
	if (stream->previous != NULL)
		stream->previous->next = stream->next;
	else
		streams->first = stream->next;
	streams->count--;
	pthread_mutex_unlock(&streams->lock);
}

void stream_left(struct web_stream *stream)
{
	leave(stream);
	pthread_mutex_lock(&stream->lock);
	ASSERT(!stream->suspended);
	stream->connection = NULL;
	stream->guest = NULL;
	stream->ended = stream->dropped = true;
	atomic_store(&stream->gone, true);
	release(stream);
}

/* ---- for senders --------------------------------------------------------------------------- */

struct web_stream *web_stream_open(struct web_request *request)
{
	struct web *web = request->web;
	struct web_stream *stream = xcalloc(1, sizeof *stream);
	pthread_mutex_init(&stream->lock, NULL);
	stream->references = 2;
	stream->connection = request->connection;
	stream->watch = web->watch;
	stream->guest = request->guest;
	stream->silence_ms = web->config.silence_ms;
	stream->sent_ms = stream->moved_ms = clock_mono_ms();
	buf_init(&stream->waiting, STREAM_BUFFER_BYTES);
	(void)buf_puts(&stream->waiting, HELLO);
	if (!enter(web->streams, stream)) {
		pthread_mutex_lock(&stream->lock);
		stream->references = 1;
		release(stream);
		web_reply_problem(request, 503, NULL, NULL);
		return NULL;
	}
	request->stream = stream;
	struct MHD_Response *response =
		MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, take, stream, NULL);
	if (response == NULL)
		PANIC("out of memory");
	reply_stream(request, response);
	return stream;
}

static bool is_line(const char *text)
{
	return text != NULL && text[strcspn(text, "\r\n")] == '\0';
}

bool web_stream_send(struct web_stream *stream, const char *id, const char *event, const char *data)
{
	struct buf out;
	buf_init(&out, STREAM_BUFFER_BYTES + 1); /* one byte over what fits: then the viewer is dropped */
	if (is_line(id))
		(void)buf_printf(&out, "id: %s\n", id);
	if (is_line(event))
		(void)buf_printf(&out, "event: %s\n", event);
	for (bool more = true; more;) { /* a lone CR ends a line there, too */
		size_t len = strcspn(data, "\r\n");
		(void)buf_puts(&out, "data: ");
		(void)buf_append(&out, data, len);
		(void)buf_putc(&out, '\n');
		more = data[len] != '\0';
		data += len + (data[len] == '\r' && data[len + 1] == '\n' ? 2 : more ? 1 : 0);
	}
	(void)buf_putc(&out, '\n');
	pthread_mutex_lock(&stream->lock);
	bool taken = !stream->ended && buf_ok(&out) && add(stream, buf_str(&out), out.len);
	if (!buf_ok(&out) && !stream->dropped) {
		log_warn("web.stream", "dropped=event_too_large");
		drop(stream);
	}
	pthread_mutex_unlock(&stream->lock);
	buf_fini(&out);
	return taken;
}

bool web_stream_gone(const struct web_stream *stream)
{
	return atomic_load(&stream->gone);
}

void web_stream_close(struct web_stream **handle)
{
	struct web_stream *stream = *handle;
	*handle = NULL;
	if (stream == NULL)
		return;
	pthread_mutex_lock(&stream->lock);
	end(stream);
	release(stream);
}
