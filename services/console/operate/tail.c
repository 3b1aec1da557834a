#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "console/operate/tail_inside.h"

#define PLACE_KEPT_MS 120000  /* without a viewer; then it is no longer where somebody could come back to */
#define MARK_FRESH_MS 1000    /* the ledger's lag is asked for at most so often */
#define MARK_IDLE_MS 2000     /* the same for a page: it does not want to be told what it shows */

/* ---- the thread ------------------------------------------------------------------------------------ */

static void wait_ms(struct tail *tail, int ms)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += ms * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	(void)pthread_cond_timedwait(&tail->changed, &tail->lock, &until);
}

static void complain(struct error *e, bool *told)
{
	if (!*told)
		log_warn("console.tail", "reason=%s", log_quote(e->text));
	*told = true;
}

static void *follow(void *arg)
{
	struct tail *tail = arg;
	struct db *db = NULL;
	struct piece piece = {.tail = tail,
		.status = xcalloc(PIECE_MESSAGES, sizeof *piece.status),
		.line = xcalloc(PIECE_MESSAGES, sizeof *piece.line),
		/* Kafka's offsets have holes of its own; it keeps for days */
		.dense = strcmp(tail->console->settings->bus_url, "embedded") == 0};
	bool told = false;
	pthread_mutex_lock(&tail->lock);
	while (!tail->stopping) {
		struct error e = {0};
		if (tail->viewers == NULL) {
			pthread_mutex_unlock(&tail->lock);
			bus_browse_end(tail->console->bus, &piece.browser);
			pthread_mutex_lock(&tail->lock);
			while (tail->viewers == NULL && !tail->stopping)
				pthread_cond_wait(&tail->changed, &tail->lock);
			continue;
		}
		if (!tail->placed && tail_place_anew(tail, true, &e) != 0) {
			complain(&e, &told);
			wait_ms(tail, 900);
			continue;
		}
		pthread_mutex_unlock(&tail->lock);
		bool more = (db != NULL || daemon_open_store(tail->console->daemon, &db, &e) == 0) &&
			tail_read_on(tail, db, &piece, &e);
		if (e.fatal)
			db_close(&db);
		pthread_mutex_lock(&tail->lock);
		tail->placed_ms = clock_mono_ms();
		if (e.code != ERROR_NONE)
			complain(&e, &told);
		else
			told = false;
		if (db != NULL && !tail->stopping)
			tail_tell_all(tail, db);
		if (!more && !tail->stopping)
			wait_ms(tail, TAIL_TICK_MS);
	}
	pthread_mutex_unlock(&tail->lock);
	bus_browse_end(tail->console->bus, &piece.browser);
	db_close(&db);
	free(piece.status);
	free(piece.line);
	return NULL;
}

/* ---- from outside ------------------------------------------------------------------------------------ */

struct tail *tail_new(struct console *console)
{
	struct tail *tail = xcalloc(1, sizeof *tail);
	pthread_condattr_t attributes;
	tail->console = console;
	tail->first = tail->end = tail->in_store = 1;
	pthread_mutex_init(&tail->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&tail->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	return tail;
}

void tail_stop(struct tail *tail)
{
	pthread_mutex_lock(&tail->lock);
	tail->stopping = true;
	bool running = tail->running;
	tail->running = false;
	pthread_cond_broadcast(&tail->changed);
	pthread_mutex_unlock(&tail->lock);
	if (running)
		pthread_join(tail->thread, NULL);
	while (tail->viewers != NULL) {
		struct viewer *viewer = tail->viewers;
		tail->viewers = viewer->next;
		tail_free_viewer(viewer);
	}
}

void tail_free(struct tail **pointer)
{
	struct tail *tail = *pointer;
	if (tail == NULL)
		return;
	*pointer = NULL;
	tail_stop(tail);
	tail_forget_lines(tail);
	pthread_cond_destroy(&tail->changed);
	pthread_mutex_destroy(&tail->lock);
	free(tail);
}

/* Nobody watches and the place is old: who opens a page now goes on from now. */
static bool stale(const struct tail *tail, int64_t now_ms, int64_t kept_ms)
{
	return tail->viewers == NULL && (!tail->placed || now_ms - tail->placed_ms > kept_ms);
}

/* What the ledger has not applied yet does not stand on a page that is read now. */
static int64_t behind_the_page(const struct tail *tail)
{
	return tail->in_store > tail->first ? tail->in_store : tail->first;
}

/* Asks how far the ledger is; lock held, given up meanwhile. What it had applied stays applied: a place that is
 * a moment old shows some lines twice and loses none, while a lag of then, counted back from the end of now, would
 * leave out what was read since. */
static void ask_what_is_in_store(struct tail *tail, int64_t now_ms)
{
	char epoch[IDENT_SIZE];
	struct error e;
	int64_t lag, end = tail->end;
	memcpy(epoch, tail->epoch, sizeof epoch);
	tail->mark_ms = now_ms;
	pthread_mutex_unlock(&tail->lock);
	int rc = bus_lag(tail->console->bus, BUS_STATUS, "ledger", &lag, &e);
	pthread_mutex_lock(&tail->lock);
	if (rc == 0 && strcmp(epoch, tail->epoch) == 0 && end - lag > tail->in_store)
		tail->in_store = end - lag;
}

void tail_mark(struct tail *tail, char id[static TAIL_ID_SIZE])
{
	struct error e = {0};
	id[0] = '\0';
	pthread_mutex_lock(&tail->lock);
	int64_t now_ms = clock_mono_ms();
	if (stale(tail, now_ms, MARK_IDLE_MS)) {
		if (tail_place_anew(tail, false, &e) != 0)
			goto out;
	} else if (now_ms - tail->mark_ms > MARK_FRESH_MS) {
		ask_what_is_in_store(tail, now_ms);
	}
	(void)tail_id_of(tail, behind_the_page(tail), id);
out:
	pthread_mutex_unlock(&tail->lock);
}

/* Where an id leads to; false: nowhere any more. */
static bool find(const struct tail *tail, const char *from, int64_t *number)
{
	size_t len = strlen(tail->epoch);
	char *end;
	if (from == NULL || len == 0 || strncmp(from, tail->epoch, len) != 0 || from[len] != '-')
		return false;
	*number = strtoll(from + len + 1, &end, 10);
	return *end == '\0' && *number >= tail->first && *number <= tail->end;
}

void tail_watch(struct tail *tail, struct web_stream **stream, const struct delivery_log_filter *filter,
	const char *session_hash, enum lang lang, const char *from)
{
	struct viewer *viewer = xcalloc(1, sizeof *viewer);
	*viewer = (struct viewer){.stream = *stream,
		.filter = *filter,
		.address = xstrdup(filter->address),
		.relay = xstrdup(filter->relay),
		.text = xstrdup(filter->text),
		.session = xstrdup(session_hash),
		.lang = lang,
		.session_ms = clock_mono_ms()};
	*stream = NULL;
	viewer->filter.address = viewer->address;
	viewer->filter.relay = viewer->relay;
	viewer->filter.text = viewer->text;
	pthread_mutex_lock(&tail->lock);
	if (stale(tail, clock_mono_ms(), PLACE_KEPT_MS))
		tail->placed = false; /* the thread begins anew */
	if (!find(tail, from, &viewer->at)) {
		viewer->at = behind_the_page(tail);
		viewer->gap = true;
	}
	viewer->told = viewer->at;
	viewer->told_ms = viewer->session_ms;
	if (!tail->stopping && !tail->running)
		tail->running = pthread_create(&tail->thread, NULL, follow, tail) == 0;
	if (tail->stopping || !tail->running) {
		pthread_mutex_unlock(&tail->lock);
		tail_free_viewer(viewer);
		return;
	}
	viewer->next = tail->viewers;
	tail->viewers = viewer;
	tail->count++;
	pthread_cond_broadcast(&tail->changed);
	pthread_mutex_unlock(&tail->lock);
}

int tail_viewers(struct tail *tail)
{
	pthread_mutex_lock(&tail->lock);
	int count = tail->count;
	pthread_mutex_unlock(&tail->lock);
	return count;
}
