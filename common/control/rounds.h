/* Rounds of a campaign (its only one, its periods, its stages) with how many answered, and what happens when. */
#ifndef VESTNIK_CONTROL_ROUNDS_H
#define VESTNIK_CONTROL_ROUNDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "store/db.h"

struct ask_counts { /* level 0: whom the ministry asked */
	int64_t asked, open, received, partial, confirmed, withdrawn;
};
static inline int64_t ask_counts_answered(const struct ask_counts *counts)
{
	return counts->received + counts->partial + counts->confirmed;
}
/* Whoever still is to answer, or did. */
static inline int64_t ask_counts_expected(const struct ask_counts *counts)
{
	return counts->asked - counts->withdrawn;
}
/* n asks of a state. */
void ask_counts_add(struct ask_counts *counts, const char *state, int64_t n);
/* By index alone, whatever their number. round: round.id. */
int ask_counts_read(struct db *db, int64_t round, struct ask_counts *out, struct error *e);

struct ask_troubles { /* as a report counts them */
	int64_t undelivered; /* without an answer, and no letter of the round has arrived or is on its way */
	int64_t late;        /* answered after the deadline */
	int64_t differing;   /* staff decide */
};
struct round_view;
int ask_troubles_read(struct db *db, const struct round_view *round, struct ask_troubles *out, struct error *e);
/* Letters of a round: their steps as a JSON array for @KEYS. NULL on error; the caller frees. */
char *round_steps(struct db *db, int64_t round, struct error *e);

struct round_view {
	int64_t id;                      /* 0: it is not in the store yet */
	int64_t number, starts_ms, deadline_ms; /* 0: none */
	char *label, *state;             /* state: draft | planned | open | closed | withdrawn */
	struct ask_counts asks_counts;
	bool asks, published, postponed;
};
struct rounds_view {
	int64_t campaign;
	struct round_view *item;         /* by number */
	size_t count;
	char *zone;                      /* the campaign's: what people have written is what they see */
};
/* ERROR_NOT_FOUND. The caller calls rounds_view_fini whatever came back. */
int rounds_view_read(struct db *db, const char *slug, struct rounds_view *out, struct error *e);
void rounds_view_fini(struct rounds_view *rounds);
/* What is looked at when nobody says which: the last that asked somebody, else the last that began, else the
 * first; NULL: there is none. */
const struct round_view *rounds_view_last(const struct rounds_view *rounds);
const struct round_view *rounds_view_number(const struct rounds_view *rounds, int64_t number);

/* «черновик: нет даты», «впереди», «идёт» …; tr(). */
const char *round_state_words(const char *state);

struct plan_line { /* valid during the call */
	int64_t id, round_number, due_ms, letters, done_ms;
	const char *kind, *place, *state, *reason; /* reason: "" = none */
};
/* In order of time; round_number 0: all. Each returns non-zero to stop. */
int plan_lines_each(struct db *db, int64_t campaign, int64_t round_number,
	int (*each)(void *arg, const struct plan_line *line), void *arg, struct error *e);
/* A kind or a state of the plan: «напоминание», «сделано»; tr(). */
const char *plan_words(const char *name);

#endif
