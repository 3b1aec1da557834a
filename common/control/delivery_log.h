/* The delivery log: what happened to letters, by time, in both directions from any moment on. Work is
 * bounded: one call looks at so many rows, and says where it stopped when it has not found enough. */
#ifndef VESTNIK_CONTROL_DELIVERY_LOG_H
#define VESTNIK_CONTROL_DELIVERY_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "store/db.h"

/* One attempt or change of state. */
struct delivery_line {
	int64_t key, dispatch, state, time_ms, code; /* code 0 = none */
	int64_t campaign;
	const char *enhanced, *reason, *relay, *worker; /* NULL or "" = none */
	const char *address, *slug, *title;             /* of letter and campaign */
	const char *organisation;                       /* NULL: a notice to somebody */
};
/* A copy that lasts, in one piece; free(). */
struct delivery_line *delivery_line_keep(const struct delivery_line *line);

struct delivery_log_filter {
	int64_t campaign;          /* 0 = all */
	int state;                 /* enum delivery_state; -1 = all */
	const char *address;       /* a whole one that passed gate_address, or "@domain"; NULL = all */
	const char *relay;         /* NULL = all */
	const char *text;          /* somewhere in the reply: "550 5.1.1 no such mailbox"; any case; NULL = all */
	int64_t from_ms, until_ms; /* [from, until); 0 = open */
};
#define DELIVERY_LOG_TEXT_MAX 200 /* bytes of filter.text that are looked at */
/* Does the line belong there? Looks at nothing else. */
bool delivery_log_wants(const struct delivery_log_filter *filter, const struct delivery_line *line);

/* A place between lines: beside this one, which need not exist. */
struct delivery_log_position {
	int64_t time_ms, key, dispatch, state;
};
struct delivery_log_position delivery_log_before(int64_t time_ms); /* before all lines of this moment */
struct delivery_log_position delivery_log_end(void);               /* after everything */
struct delivery_log_position delivery_log_at(const struct delivery_line *line);

enum delivery_log_way { LOG_OLDER, LOG_NEWER };

/* Rows that one call may look at: some 0.1 s. */
#define DELIVERY_LOG_LOOK 20000
struct delivery_log_look {
	int64_t looked;  /* rows */
	int64_t given;
	bool end;        /* nothing more lies that way */
};
/* Gives up to `most` lines that the filter wants, from *at on that way, in this order; moves *at behind
 * the last one looked at, so that the next call goes on. look_most is kept to within a few thousand. The
 * line is valid during the call of each; non-zero stops behind it. A whole address, a campaign of up to
 * DELIVERY_LOG_SMALL letters and the states that mean trouble are found by index; else rows are walked by
 * time. Each piece is a read of its own: no transaction stays open. */
#define DELIVERY_LOG_SMALL 10000
int delivery_log_read(struct db *db, const struct delivery_log_filter *filter, enum delivery_log_way way,
	struct delivery_log_position *at, int64_t most, int64_t look_most, struct delivery_log_look *look,
	int (*each)(void *arg, const struct delivery_line *line), void *arg, struct error *e);

/* The statements it reads with, for the test that has them explained; NULL after the last. */
const char *delivery_log_statement(size_t i);

/* One letter's lines, the first attempt first; at most 1,000. */
int delivery_log_letter(struct db *db, int64_t key, int (*each)(void *arg, const struct delivery_line *line),
	void *arg, struct error *e);

/* What a line that came over the bus does not say: campaign, address, slug, title and organisation of each
 * letter that stands in lines (once, in order of key; borrowed). */
int delivery_log_whose(struct db *db, const struct delivery_line *lines, size_t count,
	void (*each)(void *arg, const struct delivery_line *whose), void *arg, struct error *e);

#endif
