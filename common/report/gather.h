/* From the store to facts: one round of a campaign. */
#ifndef VESTNIK_REPORT_GATHER_H
#define VESTNIK_REPORT_GATHER_H

#include "report/facts.h"
#include "store/db.h"

/* Which round: number 0 is the last one that was opened. ERROR_NOT_FOUND names what there is. */
struct report_place {
	int64_t campaign, round, number;
	enum lang lang; /* of the campaign */
};
int report_find(struct db *db, const char *slug, int64_t number, struct report_place *out, struct error *e);

/* In short read transactions (or inside the caller's): what is answered meanwhile may be in it.
 * below_of: only organisations right under this one (its id), 0 = all. */
int gather_round(struct db *db, int64_t campaign, int64_t round, enum lang lang, int64_t below_of,
	struct report_facts **out, struct error *e);

/* ---- for gather*.c only ----------------------------------------------------------- */

struct gather {
	struct db *db;
	struct report_facts *facts;
	int64_t campaign, round, previous_round; /* 0 = none */
	int64_t below_of;
	bool own;      /* transactions are ours */
};
int gather_begin(struct gather *g, struct error *e);
void gather_end(struct gather *g);
int gather_rows(struct gather *g, struct error *e);

#endif
