/* From a job to what the transport sends: renders the letter, makes the tagged
 * addresses. One per sender thread; its buffers are used again. */
#ifndef VESTNIK_MAILER_COMPOSE_H
#define VESTNIK_MAILER_COMPOSE_H

#include "base/gate.h"
#include "base/ident.h"
#include "mailer/outgoing.h"
#include "mailer/transport.h"

#define COMPOSE_URL_MAX 500
struct compose {
	struct letter_copy copy;
	char mail_from[GATE_ADDRESS_MAX + 1];
	char reply_to[GATE_ADDRESS_MAX + 1];
	char envid[IDENT_TAG_SIZE];
	const char *public_url; /* of the portal; NULL = no links */
	char unsubscribe_url[COMPOSE_URL_MAX + 1];
	char check_url[COMPOSE_URL_MAX + 1]; /* "" = none */
};

/* public_url is borrowed. */
void compose_init(struct compose *compose, const char *public_url);
void compose_fini(struct compose *compose);

/* Fills out (valid until the next call). The relay's settings choose VERP and
 * tagged replies. ERROR_INPUT: this recipient's letter cannot be made. */
int compose_letter(struct compose *compose, const struct ident_key *key, struct outgoing *job,
	struct transport_letter *out, struct error *e);

/* "local+tag@domain"; -1 when it would be too long. */
int compose_tagged(const char *address, const char *tag, char out[static GATE_ADDRESS_MAX + 1]);

#endif
