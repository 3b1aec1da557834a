/* An ask with everything a page says about it. */
#ifndef VESTNIK_PORTAL_ASKED_H
#define VESTNIK_PORTAL_ASKED_H

#include "answer/answer.h"
#include "answer/field.h"
#include "campaign/campaign.h"
#include "campaign/definition.h"
#include "portal/portal.h"

struct asked {
	struct ask ask;
	struct campaign *campaign;
	struct fields fields;
	char *title, *municipality;
	const char *zone;          /* of the campaign's times */
	bool withdrawn, late;      /* late: the deadline has passed */
	json_t *counting;          /* values that count, or NULL */
};
/* In a read transaction of the caller. DB_DONE: no such ask. */
enum db_step asked_load(struct db *db, int64_t ask, struct asked *out, struct error *e);
void asked_fini(struct asked *asked);

/* What the head of a page shows: {"title","organisation","municipality","round","asks","deadline","late",
 * "document"}. New reference. */
json_t *asked_head(const struct asked *asked);

#endif
