/* The policy: what a transport's verdict means for the delivery, for the
 * campaign's sender and for the relay. One place, a table at a time. */
#ifndef VESTNIK_MAILER_POLICY_H
#define VESTNIK_MAILER_POLICY_H

#include <stdbool.h>

#include "mailer/transport.h"
#include "message/status.h"

enum policy_blame {
	BLAME_NOBODY,    /* the delivery has its outcome */
	BLAME_RECIPIENT, /* deferred or failed: its own */
	BLAME_SENDER,    /* 5xx at MAIL: this sender's campaign is paused with these words */
	BLAME_RELAY,     /* temporary refusal of us all: counts towards the breaker */
	BLAME_QUOTA      /* the relay's sending limit is used up: parked till its window ends */
};

struct judgement {
	enum delivery_state state; /* accepted, deferred, failed, returned, uncertain */
	enum policy_blame blame;
	bool lost; /* returned, because the session ended without any outcome */
};

struct judgement policy_judge(enum transport_verdict what, const struct transport_reply *reply);

/* "sending limit exceeded" in the words providers use, as opposed to a
 * recipient's full mailbox (4.2.2, 5.2.2). */
bool policy_is_quota(const struct transport_reply *reply);
/* "relay access denied": the relay refuses us, not the recipient. */
bool policy_is_relaying_denied(const struct transport_reply *reply);

#endif
