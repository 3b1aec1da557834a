/* One contact changed by hand. */
#ifndef VESTNIK_DIRECTORY_CONTACT_H
#define VESTNIK_DIRECTORY_CONTACT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "store/db.h"

struct contact_change {
	int64_t organisation;
	const char *role;    /* which contact; made when there is none of this role */
	const char *name, *position, *address, *phone; /* as typed; NULL and "" = none */
	const char *source;  /* of the revision: where it was done */
	const char *actor;
	int64_t now_ms;
};
/* Inside the caller's write transaction: the contact, and a revision of its own. An empty address ends the contact
 * (deliveries still name it). *changed: false when nothing differs. *before: what stood there,
 * {"name","position","address","phone"} (null: no such contact); new reference, may be NULL on error.
 * ERROR_INPUT: the address, a role that is no slug; ERROR_NOT_FOUND: the organisation. */
int contact_change(struct db *tx, const struct contact_change *change, bool *changed, json_t **before, struct error *e);

#endif
