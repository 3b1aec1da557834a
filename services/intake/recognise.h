/* What kind of mail is it, about whom, about which of our letters. The one entry
 * of the recognisers; nothing is stored, sent or looked up here. */
#ifndef VESTNIK_INTAKE_RECOGNISE_H
#define VESTNIK_INTAKE_RECOGNISE_H

#include "intake/finding.h"
#include "intake/match.h"

struct recognised {
	struct findings findings; /* at least one; of one mail_kind unless a report mixes them */
	struct match match;	  /* about the whole mail: a letter of ours has one recipient */
	const char *form;	  /* how it was recognised: "rfc3464", "exim", "subject", …; "" */
};

/* key NULL: no letter is looked for. envelope_recipient NULL: not known. Never fails. */
void recognise(const struct mail *mail, const struct ident_key *key, const char *envelope_recipient,
	struct recognised *out);
void recognised_fini(struct recognised *recognised);

#endif
