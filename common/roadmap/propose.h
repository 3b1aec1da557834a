/* Which organisations of the directory a «responsible» text may mean. Proposals are
 * only shown: people decide (memory.h).
 *
 * Words are compared without legal forms, case and quotation marks; a number in the
 * text («СОШ № 5») must stand in the name, too. A place («город N») proposes the
 * authority of that municipality. */
#ifndef VESTNIK_ROADMAP_PROPOSE_H
#define VESTNIK_ROADMAP_PROPOSE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "store/db.h"

#define PROPOSALS_MAX 3 /* for one text */

struct proposal {
	char *key, *name;
	int score;       /* of 100 */
};
struct proposals {
	const char *text; /* the caller's */
	struct proposal item[PROPOSALS_MAX]; /* best first */
	size_t count;
	bool ministry;    /* the best of them is of kind `ministry`, or it is our own name: `--department` may be meant */
};

/* Fills proposals for all texts in one walk through the directory. own: the sender's name, or NULL. */
int propose(struct db *db, const char *own, struct proposals *all, size_t count, struct error *e);
void proposals_fini(struct proposals *proposals);

#endif
