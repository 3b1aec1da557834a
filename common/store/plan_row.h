/* Rows of plan: what is going to happen to a round. The planner's alone. Functions work inside the
 * caller's transaction. */
#ifndef VESTNIK_STORE_PLAN_ROW_H
#define VESTNIK_STORE_PLAN_ROW_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "store/db.h"

#define PLAN_PLACE_SIZE 128
#define PLAN_KIND_SIZE 16
struct plan_entry {
	int64_t id, campaign, round;
	char kind[PLAN_KIND_SIZE]; /* campaign/plan.h plan_kind_name */
	int64_t step, level;
	char place[PLAN_PLACE_SIZE];
	int64_t due_ms, cursor, letters;
};

struct plan_new {
	int64_t campaign, round, step, level, due_ms;
	const char *kind, *place, *reason;
	const char *state; /* planned | overtaken */
};
/* Where there is such a row already: one that has not happened gets the new moment, one that has is
 * left alone. */
int plan_put(struct db *db, const struct plan_new *row, struct error *e);

/* What is due: of running campaigns, and closing also of paused ones, in the order of time. */
int plan_due(struct db *db, int64_t now_ms, size_t most, struct plan_entry *out, size_t *count,
	struct error *e);
/* It happened (or not at all): planned → state. reason NULL leaves the words there are. DB_DONE: it is
 * planned no more, somebody came before. */
enum db_step plan_end(struct db *db, int64_t id, const char *state, const char *reason, int64_t now_ms,
	struct error *e);
/* A batch of it: the cursor moves on from where it was read, letters are added. DB_DONE: another
 * batch came before. */
enum db_step plan_advance(struct db *db, const struct plan_entry *entry, int64_t cursor, int64_t letters,
	struct error *e);

#endif
