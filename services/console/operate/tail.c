#include "console/operate/tail.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "console/operate/log.h"
#include "message/status.h"

#define PIECE_MESSAGES 1000   /* read and completed at once: some 20 ms */
#define BEHIND_MOST 20000     /* messages: whoever is further behind begins anew at the end */
#define PLACE_KEPT_MS 120000  /* without a viewer; then it is no longer where somebody could come back to */
#define MARK_FRESH_MS 1000    /* the ledger's lag is asked for at most so often */
#define MARK_IDLE_MS 2000     /* the same for a page: it does not want to be told what it shows */
#define LEFT_EVERY_MS 1000
#define SESSION_EVERY_MS 2000
#define SILENT_ID_MS 10000    /* a viewer whose filter lets nothing through learns where he is */
#define SEEN_SLOTS 16384      /* a power of two */
#define ROW_MAX_BYTES 16384
/* Of lines told at once: what waits for a viewer may not be more than the stream holds, or he is dropped. */
#define LINES_MAX_BYTES (STREAM_BUFFER_BYTES / 4 * 3)

struct kept_line {
	struct delivery_line *line;
	char *html[2]; /* by enum lang; made when somebody wants it */
};

struct viewer {
	struct viewer *next;
	struct web_stream *stream;
	struct delivery_log_filter filter; /* strings owned, cast away when freed */
	char *address, *relay, *text, *session;
	enum lang lang;
	int64_t at;       /* number of the next line to look at */
	int64_t told;     /* number the viewer knows */
	int64_t left_out, left_told, left_ms, told_ms, session_ms;
	bool gap;
};

struct tail {
	struct console *console;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t thread;
	bool running, stopping;
	struct viewer *viewers;
	int count;
	/* lines, under the lock; only the thread adds */
	char epoch[IDENT_SIZE];
	struct kept_line ring[TAIL_LINES];
	int64_t first, end;          /* numbers of the oldest kept and of the next one */
	int64_t seen[SEEN_SLOTS];    /* by hash of (key, dispatch, state): number + 1 */
	/* place in the topic: the thread's while it runs for somebody, else under the lock */
	bool placed;
	int64_t next[BUS_PARTITIONS_MAX];
	int partitions;
	int64_t placed_ms, mark_ms, told_ms; /* monotonic */
	int64_t in_store;            /* lines before this number were applied by the ledger at mark_ms, or before */
};

/* ---- lines --------------------------------------------------------------------------------- */

static void forget_line(struct kept_line *kept)
{
	free(kept->line);
	free(kept->html[0]);
	free(kept->html[1]);
	*kept = (struct kept_line){0};
}

static struct kept_line *kept_at(struct tail *tail, int64_t number)
{
	return &tail->ring[number % TAIL_LINES];
}

/* At least once: an event may stand in the topic twice. Two lines in one slot cost no more than that such a
 * repetition shows. */
static bool seen_before(struct tail *tail, const struct delivery_line *line)
{
	uint64_t hash = ((uint64_t)line->key * 31 + (uint64_t)line->dispatch) * 31 + (uint64_t)line->state;
	int64_t *slot = &tail->seen[(hash * UINT64_C(0x9e3779b97f4a7c15)) >> 50];
	int64_t number = *slot - 1;
	*slot = tail->end + 1;
	if (number < tail->first || number >= tail->end)
		return false;
	const struct delivery_line *other = kept_at(tail, number)->line;
	if (other->key != line->key || other->dispatch != line->dispatch || other->state != line->state)
		return false;
	*slot = number + 1;
	return true;
}
_Static_assert(SEEN_SLOTS == 1 << (64 - 50), "the upper bits of the hash");

/* Who has not come to it yet is told how many he missed. */
static void drop_oldest(struct tail *tail)
{
	struct kept_line *oldest = kept_at(tail, tail->first);
	for (struct viewer *viewer = tail->viewers; viewer != NULL; viewer = viewer->next) {
		if (viewer->at > tail->first)
			continue;
		viewer->at = tail->first + 1;
		if (delivery_log_wants(&viewer->filter, oldest->line))
			viewer->left_out++;
	}
	forget_line(oldest);
	tail->first++;
}

static void add_line(struct tail *tail, const struct delivery_line *line)
{
	if (seen_before(tail, line))
		return;
	if (tail->end - tail->first == TAIL_LINES)
		drop_oldest(tail);
	kept_at(tail, tail->end++)->line = delivery_line_keep(line);
}

static void forget_all(struct tail *tail)
{
	for (; tail->first < tail->end; tail->first++)
		forget_line(kept_at(tail, tail->first));
	memset(tail->seen, 0, sizeof tail->seen);
}

/* What was read before leads nowhere: every viewer reads his page again. */
static void begin_anew(struct tail *tail)
{
	forget_all(tail);
	tail->first = tail->end = tail->in_store = 1;
	ident_new(tail->epoch);
	for (struct viewer *viewer = tail->viewers; viewer != NULL; viewer = viewer->next) {
		viewer->at = tail->end;
		viewer->gap = true;
	}
}

/* ---- the topic ------------------------------------------------------------------------------- */

/* From what the ledger has not applied yet: the rest is in the store. Without the lock. */
static int find_place(struct tail *tail, int64_t next[static BUS_PARTITIONS_MAX], int *partitions, struct error *e)
{
	struct bus *bus = tail->console->bus;
	int64_t lag;
	*partitions = bus_ends(bus, BUS_STATUS, next, e);
	if (*partitions < 0 || bus_lag(bus, BUS_STATUS, "ledger", &lag, e) != 0)
		return -1;
	int64_t back = lag < TAIL_LINES ? lag : TAIL_LINES;
	for (int p = 0; p < *partitions; p++)
		next[p] = next[p] > back ? next[p] - back : 0;
	return 0;
}

/* Lock held; given up meanwhile. The thread reads on for its viewers: only it places anew while there are any. */
static int place_anew(struct tail *tail, bool by_thread, struct error *e)
{
	int64_t next[BUS_PARTITIONS_MAX];
	int partitions;
	pthread_mutex_unlock(&tail->lock);
	int rc = find_place(tail, next, &partitions, e);
	pthread_mutex_lock(&tail->lock);
	if (rc != 0 || (!by_thread && tail->viewers != NULL))
		return rc;
	memcpy(tail->next, next, sizeof next);
	tail->partitions = partitions;
	tail->placed = true;
	tail->placed_ms = tail->mark_ms = clock_mono_ms();
	begin_anew(tail);
	return 0;
}

struct piece {
	struct tail *tail;
	struct delivery_status *status; /* of PIECE_MESSAGES */
	struct delivery_line *line;     /* of the same; point into status */
	size_t count;
	struct bus_browser *browser;    /* open while somebody watches */
	int64_t expected;               /* offset */
	bool dense, torn;
};

static int take_status(void *arg, const struct bus_message *message)
{
	struct piece *piece = arg;
	struct delivery_status *s = &piece->status[piece->count];
	if (piece->dense && message->offset != piece->expected)
		piece->torn = true;
	piece->expected = message->offset + 1;
	if (message->type == NULL ||
		status_read(message->type, message->time_ms, message->data, message->len, s, NULL) != 0)
		return 0;
	/* The ledger writes no line of these either: they say nothing about the letter. */
	if (s->state == DELIVERY_RETURNED && !s->lost)
		return 0;
	piece->line[piece->count++] = (struct delivery_line){.key = s->key,
		.dispatch = s->dispatch,
		.state = (int64_t)s->state,
		.time_ms = s->time_ms,
		.code = s->code,
		.campaign = s->campaign,
		.enhanced = s->enhanced,
		.reason = s->reason,
		.relay = s->relay,
		.worker = s->worker};
	return 0;
}

struct owners { /* in order of key */
	struct delivery_line **item;
	size_t count;
};

static void add_owner(void *arg, const struct delivery_line *whose)
{
	struct owners *owners = arg;
	owners->item[owners->count++] = delivery_line_keep(whose);
}

static int compare_owner(const void *key, const void *item)
{
	int64_t a = *(const int64_t *)key, b = (*(struct delivery_line *const *)item)->key;
	return a < b ? -1 : a > b;
}

static void complete_and_add(struct piece *piece, const struct owners *owners)
{
	for (size_t i = 0; i < piece->count; i++) {
		struct delivery_line *line = &piece->line[i];
		struct delivery_line *const *owner = owners->count == 0
			? NULL
			: bsearch(&line->key, owners->item, owners->count, sizeof *owners->item, compare_owner);
		if (owner == NULL)
			continue; /* of no letter that we know; the ledger puts it aside */
		line->campaign = (*owner)->campaign;
		line->address = (*owner)->address;
		line->slug = (*owner)->slug;
		line->title = (*owner)->title;
		line->organisation = (*owner)->organisation;
		add_line(piece->tail, line);
	}
}

/* How much was read, or -1; without the lock, which is taken to add. */
static int read_partition(struct tail *tail, struct db *db, struct piece *piece, int p, struct error *e)
{
	struct owners owners = {0};
	piece->count = 0;
	piece->torn = false;
	piece->expected = tail->next[p];
	int n = bus_browse_on(tail->console->bus, &piece->browser, BUS_STATUS, p, tail->next[p], PIECE_MESSAGES, take_status,
		piece, e);
	if (n < 0)
		return -1;
	owners.item = xcalloc(piece->count + 1, sizeof *owners.item);
	int rc = piece->count == 0 ? 0 : delivery_log_whose(db, piece->line, piece->count, add_owner, &owners, e);
	if (rc == 0) {
		pthread_mutex_lock(&tail->lock);
		if (piece->torn)
			begin_anew(tail);
		complete_and_add(piece, &owners);
		tail->next[p] = piece->expected;
		pthread_mutex_unlock(&tail->lock);
	}
	while (owners.count > 0)
		free(owners.item[--owners.count]);
	free(owners.item);
	return rc == 0 ? n : -1;
}

/* true: there may be more at once. */
static bool read_on(struct tail *tail, struct db *db, struct piece *piece, struct error *e)
{
	int64_t end[BUS_PARTITIONS_MAX], behind = 0;
	bool more = false;
	int partitions = bus_ends(tail->console->bus, BUS_STATUS, end, e);
	if (partitions < 0)
		return false;
	for (int p = tail->partitions; p < partitions; p++)
		tail->next[p] = 0; /* a new one: all of it is */
	tail->partitions = partitions > tail->partitions ? partitions : tail->partitions;
	for (int p = 0; p < partitions; p++)
		behind += end[p] > tail->next[p] ? end[p] - tail->next[p] : 0;
	if (behind > BEHIND_MOST) {
		pthread_mutex_lock(&tail->lock);
		(void)place_anew(tail, true, e);
		pthread_mutex_unlock(&tail->lock);
		return e->code == ERROR_NONE;
	}
	for (int p = 0; p < partitions; p++) {
		if (end[p] <= tail->next[p])
			continue;
		int n = read_partition(tail, db, piece, p, e);
		if (n < 0)
			return false;
		more = more || n == PIECE_MESSAGES;
	}
	return more;
}

/* ---- viewers ----------------------------------------------------------------------------------- */

static void free_viewer(struct viewer *viewer)
{
	web_stream_close(&viewer->stream);
	free(viewer->address);
	free(viewer->relay);
	free(viewer->text);
	free(viewer->session);
	free(viewer);
}

static const char *id_of(const struct tail *tail, int64_t number, char out[static TAIL_ID_SIZE])
{
	snprintf(out, TAIL_ID_SIZE, "%s-%" PRId64, tail->epoch, number);
	return out;
}

static const char *html_of(struct tail *tail, int64_t number, enum lang lang)
{
	struct kept_line *kept = kept_at(tail, number);
	if (kept->html[lang] != NULL)
		return kept->html[lang];
	struct buf html;
	struct error e;
	json_t *data = log_row(tail->console->settings, kept->line);
	json_object_set_new(data, "arrived", json_true());
	buf_init(&html, ROW_MAX_BYTES);
	if (web_pages_render(tail->console->pages, "log_row", lang, data, &html, &e) != 0) {
		log_warn("console.tail", "row=%s", log_quote(e.text));
		buf_fini(&html); /* half a row would spoil those after it */
		buf_init(&html, ROW_MAX_BYTES);
	}
	json_decref(data);
	kept->html[lang] = buf_take(&html);
	return kept->html[lang];
}

/* Lines that he wants, from viewer->at on: at most TAIL_TICK_LINES, the oldest first. When too many wait, the
 * newest. */
static size_t choose(struct tail *tail, struct viewer *viewer, int64_t out[static TAIL_TICK_LINES])
{
	int64_t wanted[TAIL_LINES];
	size_t count = 0, skip = 0;
	for (int64_t number = viewer->at; number < tail->end; number++)
		if (delivery_log_wants(&viewer->filter, kept_at(tail, number)->line))
			wanted[count++] = number;
	if (count > TAIL_BACKLOG) {
		skip = count - TAIL_TICK_LINES;
		viewer->left_out += (int64_t)skip;
	}
	size_t given = count - skip < TAIL_TICK_LINES ? count - skip : TAIL_TICK_LINES;
	memcpy(out, wanted + skip, given * sizeof *out);
	viewer->at = skip + given < count ? out[given - 1] + 1 : tail->end;
	return given;
}

/* Long replies, escaped: how many of the chosen fit. The others come with the next look. */
static size_t fitting(struct tail *tail, struct viewer *viewer, const int64_t *number, size_t count)
{
	size_t bytes = 0;
	for (size_t i = 0; i < count; i++) {
		bytes += strlen(html_of(tail, number[i], viewer->lang));
		if (bytes <= LINES_MAX_BYTES)
			continue;
		viewer->at = number[i];
		return i;
	}
	return count;
}

static bool tell_left_out(struct viewer *viewer, int64_t now_ms)
{
	if (viewer->left_out == viewer->left_told || now_ms - viewer->left_ms < LEFT_EVERY_MS)
		return true;
	json_t *number = show_number(viewer->left_out);
	char *text = xasprintf(tr("It goes too fast to be read: %s more lines are not shown here. Narrow the filter, or pause.",
				       "Строк больше, чем можно прочесть: ещё %s здесь не показано. Уточните отбор или поставьте на паузу."),
		json_string_value(number));
	bool sent = web_stream_send(viewer->stream, NULL, "left", text);
	free(text);
	json_decref(number);
	viewer->left_told = viewer->left_out;
	viewer->left_ms = now_ms;
	return sent;
}

/* false: he is gone. */
static bool tell(struct tail *tail, struct viewer *viewer, int64_t now_ms)
{
	int64_t number[TAIL_TICK_LINES];
	char id[TAIL_ID_SIZE];
	if (viewer->gap) {
		viewer->gap = false;
		viewer->told = viewer->at;
		viewer->told_ms = now_ms;
		return web_stream_send(viewer->stream, id_of(tail, viewer->at, id), "gap", "gap");
	}
	size_t count = choose(tail, viewer, number);
	count = fitting(tail, viewer, number, count);
	bool good = tell_left_out(viewer, now_ms);
	if (count == 0) {
		if (!good || viewer->told == viewer->at || now_ms - viewer->told_ms < SILENT_ID_MS)
			return good;
		viewer->told = viewer->at;
		viewer->told_ms = now_ms;
		return web_stream_send(viewer->stream, id_of(tail, viewer->at, id), "at", "");
	}
	struct buf rows;
	buf_init(&rows, LINES_MAX_BYTES);
	for (size_t i = count; i-- > 0;)
		(void)buf_puts(&rows, html_of(tail, number[i], viewer->lang));
	viewer->told = viewer->at;
	viewer->told_ms = now_ms;
	good = good && web_stream_send(viewer->stream, id_of(tail, viewer->at, id), "lines", buf_str(&rows));
	buf_fini(&rows);
	return good;
}

static bool may_go_on(struct tail *tail, struct db *db, struct viewer *viewer, int64_t now_ms)
{
	if (now_ms - viewer->session_ms < SESSION_EVERY_MS)
		return true;
	viewer->session_ms = now_ms;
	if (console_session_alive(tail->console, db, viewer->session))
		return true;
	(void)web_stream_send(viewer->stream, NULL, "over",
		tr("You were logged out. Load the page again.", "Вы вышли из системы. Обновите страницу."));
	return false;
}

/* Lock held. */
static void tell_all(struct tail *tail, struct db *db)
{
	int64_t now_ms = clock_mono_ms();
	struct viewer **link = &tail->viewers;
	if (now_ms - tail->told_ms < TAIL_TICK_MS - 20)
		return; /* it comes fast: read on first */
	tail->told_ms = now_ms;
	while (*link != NULL) {
		struct viewer *viewer = *link;
		lang_use(viewer->lang);
		if (!web_stream_gone(viewer->stream) && may_go_on(tail, db, viewer, now_ms) && tell(tail, viewer, now_ms)) {
			link = &viewer->next;
			continue;
		}
		*link = viewer->next;
		tail->count--;
		free_viewer(viewer);
	}
	lang_use_default();
}

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
		if (!tail->placed && place_anew(tail, true, &e) != 0) {
			complain(&e, &told);
			wait_ms(tail, 900);
			continue;
		}
		pthread_mutex_unlock(&tail->lock);
		bool more = (db != NULL || daemon_open_store(tail->console->daemon, &db, &e) == 0) &&
			read_on(tail, db, &piece, &e);
		if (e.fatal)
			db_close(&db);
		pthread_mutex_lock(&tail->lock);
		tail->placed_ms = clock_mono_ms();
		if (e.code != ERROR_NONE)
			complain(&e, &told);
		else
			told = false;
		if (db != NULL && !tail->stopping)
			tell_all(tail, db);
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
		free_viewer(viewer);
	}
}

void tail_free(struct tail **pointer)
{
	struct tail *tail = *pointer;
	if (tail == NULL)
		return;
	*pointer = NULL;
	tail_stop(tail);
	forget_all(tail);
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
		if (place_anew(tail, false, &e) != 0)
			goto out;
	} else if (now_ms - tail->mark_ms > MARK_FRESH_MS) {
		ask_what_is_in_store(tail, now_ms);
	}
	(void)id_of(tail, behind_the_page(tail), id);
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
		free_viewer(viewer);
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
