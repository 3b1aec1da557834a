/* A batch of organisations on its way through an audience: what is read of each,
 * and the questions asked about it. Private to the files of audience_*.c. */
#ifndef VESTNIK_CAMPAIGN_AUDIENCE_BATCH_H
#define VESTNIK_CAMPAIGN_AUDIENCE_BATCH_H

#include "campaign/audience.h"

struct figures {
	char *text;	      /* owned, from the store */
	const char *borrowed; /* from memory */
	json_t *json;	      /* parsed at first need */
};
struct organisation {
	int64_t id;
	char *key, *name, *kind, *region, *municipality, *zone, *extra_text;
	json_t *extra;
	bool outside; /* a condition refused it (kept with `everybody` only) */
	bool listed;
	bool answered, acknowledged, unread, delivered; /* of the campaign states are about */
	json_t *previous; /* what letters see of the campaign this one follows; NULL = of nobody */
	size_t contacts;
	struct figures figures[AUDIENCE_DATASETS_MAX];
};
struct contact {
	size_t organisation;
	int64_t id;
	char *role, *name, *position, *address;
};
struct batch {
	struct audience_call *call;
	struct organisation *organisation;
	size_t organisations, organisations_cap;
	struct contact *contact;
	size_t contacts, contacts_cap;
};

static inline void audience_put(json_t *object, const char *name, const char *value)
{
	json_object_set_new_nocheck(object, name, json_string(value == NULL ? "" : value));
}

/* audience_earlier.c: answered, acknowledged, delivered, previous of the whole batch. */
int audience_read_earlier(struct db *db, struct batch *b, struct error *e);
/* audience_conditions.c */
bool audience_inside(const struct audience *audience, struct organisation *o);
/* A line for each condition: does it hold, and with which values. */
void audience_explain(const struct audience *audience, struct organisation *o, struct buf *out);
bool audience_set_allows(const struct string_set *set, const char *text);
json_t *audience_figures(struct figures *figures);
json_t *audience_extra(struct organisation *o);

#endif
