/* The steps of a plan in the store (table roadmap_step): what the status table is
 * made of, and what staff note about a step. */
#ifndef VESTNIK_ROADMAP_STEPS_H
#define VESTNIK_ROADMAP_STEPS_H

#include "roadmap/build.h"
#include "roadmap/folder.h"
#include "store/db.h"

/* The steps of campaign `slug`, instead of those that were there. ERROR_CONFLICT: it is launched. */
int steps_store(struct db *db, const char *slug, const struct build *build, const struct folder_rounds *rounds,
	struct error *e);
/* Is a campaign of that name launched? (1, 0, -1) */
int steps_launched(struct db *db, const char *slug, struct error *e);

/* What staff know about a step; OUTCOME_NONE takes the note back. day: moved to, or DAY_NONE.
 * ERROR_NOT_FOUND. */
int steps_mark(struct db *db, const char *slug, int64_t number, enum outcome outcome, int32_t day, const char *note,
	const char *actor, int64_t now_ms, struct error *e);

#endif
