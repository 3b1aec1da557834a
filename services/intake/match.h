/* Which of our letters is a mail about? Only a tag with a right MAC says so. */
#ifndef VESTNIK_INTAKE_MATCH_H
#define VESTNIK_INTAKE_MATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ident.h"
#include "intake/mail.h"

/* Where the tag stood, strongest first; ADDRESS: no tag, an address is all there is to go by. */
enum match_way {
	MATCH_NONE,
	MATCH_VERP,
	MATCH_ENVID,
	MATCH_MESSAGE_ID,
	MATCH_REFERENCES,
	MATCH_ADDRESS
};
/* "none", "verp", "envid", "message-id", "references", "address" */
const char *match_way_name(enum match_way way);

struct match {
	enum match_way way;
	int64_t delivery, dispatch; /* 0 unless a MAC was right; dispatch 0 = any */
	bool forged;		    /* something looked like a tag of ours, and its MAC was wrong */
};
/* envelope_recipient: what the MTA said when it handed the mail over, NULL = only
 * the header is known. envelope_id: of a report, NULL = none. key NULL: nothing is checked. */
void match_find(const struct mail *mail, const struct ident_key *key,
	const char *envelope_recipient, const char *envelope_id, struct match *match);

/* The first tag in a text whose MAC is right. *tries counts down: a mail full of
 * tags must not keep us computing. */
bool match_tag(
	const struct ident_key *key, const char *text, size_t len, int *tries, struct match *match);

#endif
