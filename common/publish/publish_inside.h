/* Shared by the files of this room. */
#ifndef VESTNIK_PUBLISH_PUBLISH_INSIDE_H
#define VESTNIK_PUBLISH_PUBLISH_INSIDE_H

#include "letter/public.h"
#include "publish/publish.h"

struct wish { /* definition.publish */
	bool page, feed, attachments;
};
struct wish wish_of(const json_t *definition);

/* The public text of a round's first letter, from the stored parts. deadline_ms: the round's now,
 * TIME_NEVER_MS: the definition's. ERROR_NOT_FOUND: no such round or letter. */
int entry_text(struct db *db, int64_t campaign, const json_t *definition, int64_t number, int64_t deadline_ms,
	struct letter_public *out, struct error *e);
/* The text with its round's title, label, deadline: fills all but the times. */
int entry_make(struct db *db, int64_t campaign, const json_t *definition, int64_t number, struct publish_entry *out,
	struct error *e);
void entry_fini(struct publish_entry *entry);

#endif
