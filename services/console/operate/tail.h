/* The one reader behind all live logs of this process: what happens to letters, read once from the status topic
 * and given to each viewer by his filter.
 *
 * The topic and not the history: there every event has its place in a fixed order, whatever several ledgers
 * commit when, so that none is missed and none needs to be looked for twice. An event's id is
 * "<epoch>-<number>"; the last TAIL_LINES are kept, and who comes back within them goes on where he was.
 * Where that is not possible (another process, too long away, the topic was deleted further than we had read)
 * the viewer gets the event "gap" and its page reads that piece from the store.
 * Nothing is read while nobody watches; the place is kept, so that who comes back soon misses nothing. */
#ifndef VESTNIK_CONSOLE_OPERATE_TAIL_H
#define VESTNIK_CONSOLE_OPERATE_TAIL_H

#include "base/lang.h"
#include "console/console.h"
#include "control/delivery_log.h"
#include "web/stream.h"

#define TAIL_LINES 4096     /* kept: some 6 MB with their rows in two languages */
#define TAIL_TICK_MS 250    /* a look at the topic */
#define TAIL_TICK_LINES 25  /* that a viewer gets in it: 100 a second, more than anybody reads */
#define TAIL_BACKLOG 500    /* that he may have before him; beyond, lines are left out and counted */
#define TAIL_ID_SIZE 64

struct tail;
struct tail *tail_new(struct console *console);
/* Before the server stops: ends the streams. */
void tail_stop(struct tail *tail);
void tail_free(struct tail **tail);

/* Where a page that is read from the store after this call goes on; "" = not known (then a gap). */
void tail_mark(struct tail *tail, char id[static TAIL_ID_SIZE]);

/* Takes the stream over. Strings of filter and session's hash are copied. from: an id, or NULL. Events:
 * "lines" (rows of the table, the newest first), "left" (how many were left out), "gap", "over" (logged out). */
void tail_watch(struct tail *tail, struct web_stream **stream, const struct delivery_log_filter *filter,
	const char *session_hash, enum lang lang, const char *from);

int tail_viewers(struct tail *tail);

#endif
