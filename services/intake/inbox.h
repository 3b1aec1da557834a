/* A mail comes in: recorded once, and what it says is done, in one transaction
 * with the place in the mailbox it came from. Its hash is its identity (without
 * the lines the last servers put on top and the kind of line ends): after a
 * crash, from a second poller, handed over again by the MTA it is the same mail
 * and changes nothing.
 *
 * Whatever a mail is, it ends as a row of mail_in: applied (something was done,
 * or there was nothing to do), review (staff decide), ignored (noise: newsletters,
 * our own letters); `vestnik mail` shows them. */
#ifndef VESTNIK_INTAKE_INBOX_H
#define VESTNIK_INTAKE_INBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/ident.h"
#include "bus/bus.h"
#include "settings/settings.h"
#include "store/db.h"
#include "store/lease.h"

/* CloudEvents source of what intake publishes. */
#define INBOX_SOURCE "vestnik/intake"

struct inbox { /* all borrowed; one per thread */
	struct db *db;
	struct bus *bus;
	const struct ident_key *key;
	const struct settings *settings;
	/* Of settling (settle.h) alone: who stands in the audit log ("console/ivanova") and where he comes from. NULL:
	 * it is not written there. */
	const char *auditor, *origin;
};

struct inbox_mail {
	const char *mailbox;
	const void *bytes;
	size_t len;
	const char *envelope_recipient; /* as the MTA said; NULL = not known */
	int64_t received_ms;
	const char *too_large; /* where the rest of it lies; NULL: this is all of it */
};

/* Where the mail stood, kept in the same transaction; lease NULL: no poller (standard input). */
struct inbox_place {
	const struct lease *lease;
	int64_t uidvalidity, uid; /* 0 = a Maildir */
};

struct inbox_result {
	int64_t id;     /* mail_in.id */
	bool repeated;  /* it was known */
	bool kept;      /* nothing of it is only in the mailbox: it may be deleted there */
	char kind[16], state[16];
};

/* ERROR_LOST: the lease is another's by now. Retriable errors: nothing was done, try again. */
int inbox_take(struct inbox *inbox, const struct inbox_mail *mail, const struct inbox_place *place,
	struct inbox_result *result, struct error *e);

/* Writes how far a mailbox was read although the mail itself needs nothing (gone meanwhile). */
int inbox_pass(struct inbox *inbox, const char *mailbox, const struct inbox_place *place, struct error *e);

/* A complete look into the mailbox ended now, or trouble (NULL = none) kept it from that. */
int inbox_note_look(struct inbox *inbox, const char *mailbox, const struct lease *lease,
	const char *trouble, struct error *e);

struct inbox_mailbox {
	int64_t uidvalidity, uid, seen_ms; /* 0 = never read */
};
int inbox_mailbox_of(struct inbox *inbox, const char *mailbox, struct inbox_mailbox *out, struct error *e);

#endif
