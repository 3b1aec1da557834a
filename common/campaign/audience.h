/* Who gets the letter: the compiled filter of a definition over the directory,
 * walked in order of organisation.id in bounded batches. The figures of a data
 * set come from the store, or, before anything is stored, from memory.
 * Private to this room. */
#ifndef VESTNIK_CAMPAIGN_AUDIENCE_H
#define VESTNIK_CAMPAIGN_AUDIENCE_H

#include "campaign/campaign.h"
#include "campaign/dataset.h"
#include "campaign/expression.h"

/* Names of dataset_row.dataset that no data set of a person can have: */
#define AUDIENCE_LIST "@list" /* keys of audience.list */
#define AUDIENCE_TO "@to"     /* recipients of a notice or test, by position */

#define CAMPAIGN_POSITION_FORMAT "%010lld" /* keys of AUDIENCE_TO sort as their numbers do */

#define AUDIENCE_DATASETS_MAX 8

/* Fields of a condition that no table has: previous.<field> is what the recipient answered to the
 * campaign this one follows; state.<answered|acknowledged|delivered> is what became of that one, or,
 * in the audience of a round, of this campaign's own earlier letters. */
#define AUDIENCE_PREVIOUS "previous"
#define AUDIENCE_STATE "state"

extern const char *const audience_by_words[]; /* key, region, municipality */

enum audience_missing { MISSING_ERROR, MISSING_SKIP, MISSING_EMPTY };
extern const char *const audience_missing_words[]; /* error, skip, empty */

struct string_set { /* sorted */
	char **item;
	size_t count;
};
void string_set_init(struct string_set *set, const json_t *array);
void string_set_fini(struct string_set *set);
bool string_set_has(const struct string_set *set, const char *text);

struct audience_dataset {
	char *name;
	enum audience_missing missing;
	enum audience_by by;
	json_t *empty;               /* every column "" */
	const struct dataset *rows;  /* in memory; NULL = in the store */
};

enum audience_source { SOURCE_RECIPIENT, SOURCE_DATASET, SOURCE_PREVIOUS, SOURCE_STATE };
struct audience_field { /* of the condition */
	enum audience_source source;
	size_t dataset;
	char *name;                  /* column */
};

struct audience {
	struct string_set kinds, regions, municipalities, keys, roles;
	bool by_key;                 /* keys or a list are given */
	bool listed;                 /* a list is given */
	const struct dataset *list;  /* in memory; NULL = in the store */
	struct expression *where;
	struct audience_field *field;
	size_t fields;
	struct audience_dataset dataset[AUDIENCE_DATASETS_MAX];
	size_t datasets;
	bool to;                     /* recipients stand in AUDIENCE_TO instead */
	char *previous;              /* slug of the campaign this one follows; NULL = none */
	json_t *previous_empty;      /* what letters see of it before anybody has answered */
	bool own_states;             /* state.* is about this campaign, not the previous one */
	bool reads_states;           /* the condition has a state in it */
};

/* filter: a round's audience instead of the definition's; NULL = the definition's own.
 * ERROR_INTERNAL when a stored definition does not compile. */
int audience_init(struct audience *audience, const json_t *definition, const json_t *filter, struct error *e);
void audience_fini(struct audience *audience);

struct audience_call {
	const struct audience *audience;
	int64_t campaign;            /* in the store; 0 = in memory */
	int64_t after;
	int most;
	bool everybody;              /* don't filter: recipient.outside says who would not be there */
	json_t *more;                /* members added to everybody's fields; NULL = none */
	struct buf *why;             /* why each is in or out, a line per condition; NULL */
	int (*each)(void *arg, const struct campaign_recipient *recipient);
	/* Chosen, but nobody there to write to; may be NULL. */
	void (*unreached)(void *arg, int64_t organisation, const char *key, const char *name);
	void *arg;
	/* results */
	int64_t last;
	bool end;
	int64_t without_contact;     /* chosen organisations with no contact of the roles */
};
int audience_walk(struct db *db, struct audience_call *call, struct error *e);

#endif
