/* Is the sender who he says? Only our own mail server can know: it checks SPF,
 * DKIM and DMARC when the mail arrives and writes the result into an
 * Authentication-Results field (RFC 8601). Anybody can write such a field into
 * his mail, so only fields that begin with a name of the settings' list count;
 * our server takes out what others wrote under its name (RFC 8601 section 5).
 *
 * Believed is a sender when the topmost such field says dmarc=pass about the
 * domain of the mail's one From address, and no other such field says anything
 * else about DMARC. */
#ifndef VESTNIK_INTAKE_TRUST_H
#define VESTNIK_INTAKE_TRUST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/gate.h"
#include "intake/mail.h"

/* The one address of From (RFC 5322 allows more), through the gate; false: none, several, or no
 * address. */
bool trust_sender(const struct mail *mail, char address[static GATE_ADDRESS_MAX + 1]);

/* sender: of trust_sender. */
bool trust_passed(const struct mail *mail, const char *sender, const char *const *authserv, size_t count);

#endif
