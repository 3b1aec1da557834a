/* delivery.fields: what stands in them of the recipient (the campaign's business), and behind it
 * what the planner knows: the ids links are made of, the deadline, the round (campaign/campaign.h).
 * The second part is the same text for a whole step; a reminder gets the first part of the first
 * letter's fields and a new second one, without parsing. */
#ifndef VESTNIK_PLANNER_FIELDS_H
#define VESTNIK_PLANNER_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "planner/round.h"

struct fields_end {
	char *ids;  /* ,"@":{"round":7,… – without the closing brace */
	char *rest; /* ,"deadline":{…},"round":{…}} */
};
/* level: whose deadline it is. ERROR_INTERNAL: a damaged definition. */
int fields_end_make(struct fields_end *end, const struct round_row *row, int64_t level, bool reminder,
	struct error *e);
void fields_end_fini(struct fields_end *end);

/* head: fields with or without an end. ask, acknowledgement: 0 = none. The caller frees. */
char *fields_join(const char *head, const struct fields_end *end, int64_t ask, int64_t acknowledgement);
/* The ask, the acknowledgement in the fields' end; 0 = none. */
int64_t fields_ask(const char *fields);
int64_t fields_acknowledgement(const char *fields);

#endif
