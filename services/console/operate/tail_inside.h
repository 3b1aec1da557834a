/* The tail's own: reading the topic (tail_read.c), telling viewers (tail_tell.c), its thread and who comes (tail.c). */
#ifndef VESTNIK_CONSOLE_OPERATE_TAIL_INSIDE_H
#define VESTNIK_CONSOLE_OPERATE_TAIL_INSIDE_H

#include <pthread.h>
#include <stdint.h>

#include "bus/bus.h"
#include "console/operate/tail.h"
#include "message/status.h"

#define PIECE_MESSAGES 1000   /* read and completed at once: some 20 ms */
#define SEEN_SLOTS 16384      /* a power of two */

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

static inline struct kept_line *kept_at(struct tail *tail, int64_t number)
{
	return &tail->ring[number % TAIL_LINES];
}

/* ---- tail_read.c ---------------------------------------------------------------------------- */

struct piece {
	struct tail *tail;
	struct delivery_status *status; /* of PIECE_MESSAGES */
	struct delivery_line *line;     /* of the same; point into status */
	size_t count;
	struct bus_browser *browser;    /* open while somebody watches */
	int64_t expected;               /* offset */
	bool dense, torn;
};

/* true: there may be more at once. Without the lock, which is taken to add. */
bool tail_read_on(struct tail *tail, struct db *db, struct piece *piece, struct error *e);
/* Lock held; given up meanwhile. The thread reads on for its viewers: only it places anew while there are any. */
int tail_place_anew(struct tail *tail, bool by_thread, struct error *e);
void tail_forget_lines(struct tail *tail);

/* ---- tail_tell.c ---------------------------------------------------------------------------- */

/* Lock held. Who is gone, or logged out, is freed. */
void tail_tell_all(struct tail *tail, struct db *db);
const char *tail_id_of(const struct tail *tail, int64_t number, char out[static TAIL_ID_SIZE]);
void tail_free_viewer(struct viewer *viewer);

#endif
