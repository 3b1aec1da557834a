/* Hard or soft: from the enhanced status (RFC 3463, registry of RFC 5248) where
 * it says something, else from the words of the report (Russian and English),
 * else from the reply code (RFC 5321 4.2). What nothing speaks for is soft: an
 * address is given up only on evidence. */
#ifndef VESTNIK_INTAKE_BOUNCE_CLASS_H
#define VESTNIK_INTAKE_BOUNCE_CLASS_H

#include <stdbool.h>

#include "intake/finding.h"

struct bounce_verdict {
	enum bounce_class class;
	const char *cause; /* fixed word, "" = nothing was recognised */
};
/* status: "5.1.1" or ""; text: what was said about this recipient, any case, may
 * be NULL; context: all that stands about it, where the SMTP command may be named. */
struct bounce_verdict bounce_classify(const char *status, const char *text, const char *context);

/* The first enhanced status code of a text ("#5.1.1", "550 5.1.1 …"; no IP
 * address, no version). false: none. */
bool bounce_find_status(const char *text, char out[static FINDING_STATUS_SIZE]);
/* The first SMTP reply code 4xx or 5xx that stands where one may stand; 0 = none. */
int bounce_find_reply(const char *text);

#endif
