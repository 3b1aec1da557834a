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

/* Requests the organisation has not answered yet, at most ASKED_OPEN_MOST: [{"title","round","deadline","overdue","begun",
 * "url"}], those with the nearest deadline first. token: of the link in hand, whose expiry the links get. New
 * reference; NULL on error. */
#define ASKED_OPEN_MOST 100
struct worker;
json_t *asked_open(struct worker *worker, int64_t organisation, const char *token, struct error *e);
/* {"count","url"} for the link to that list; null when nothing else is open. New reference; NULL on error. */
json_t *asked_open_link(struct worker *worker, const struct ask *ask, const char *token, struct error *e);

#endif
