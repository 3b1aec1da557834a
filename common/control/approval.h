/* A second person's word before a launch (settings console.approve_from): asked for exactly one content of
 * a campaign, given by somebody else than who asked. The planner refuses a launch without it.
 * Table approval; each change stands in the audit log. */
#ifndef VESTNIK_CONTROL_APPROVAL_H
#define VESTNIK_CONTROL_APPROVAL_H

#include <stdbool.h>
#include <stdint.h>

#include "control/order.h"

#define APPROVAL_NOTE_MAX_BYTES 2000

enum approval_state { APPROVAL_NONE, APPROVAL_ASKED, APPROVAL_APPROVED, APPROVAL_REFUSED };
const char *approval_state_name(enum approval_state state);  /* none, asked, approved, refused */
const char *approval_state_words(enum approval_state state); /* «ждёт согласования» */

/* Does a launch to so many need it? */
bool approval_wanted(const struct settings *settings, int64_t recipients);

struct approval { /* strings owned */
	char *campaign, *title, *content_hash; /* slug; title NULL: there is no such campaign any more */
	bool current;              /* it is still the campaign's content, a draft, and nobody has written on since */
	enum approval_state state;
	char *requested_by, *decided_by, *note; /* actors: console/ivanova; the last two may be NULL */
	char *person;              /* who asked, or made the key that asked: he does not decide */
	int64_t requested_ms, decided_ms, recipients;
};
void approval_fini(struct approval *approval);

/* A launch, in tx: orders it (id gets the task's; order_await after the commit) when no word is wanted or it
 * was given for this content; otherwise asks for it, *asked. The draft with this content stands in the store. */
int approval_launch(const struct orderer *who, struct db *tx, const char *slug, const char *content_hash,
	int64_t recipients, bool *asked, char id[static IDENT_SIZE], struct error *e);
/* Only asks, in tx. Again, also after a refusal: anew. What was asked for other contents of the campaign goes. */
int approval_ask(const struct orderer *who, struct db *tx, const char *slug, const char *content_hash,
	int64_t recipients, struct error *e);
/* In tx: what waits is asked for no more (its draft was deleted or got another name). */
int approval_withdraw(struct db *tx, const char *slug, struct error *e);

/* In tx; the caller has looked at the right (campaign.approve). approve: the launch is ordered with it (id gets the
 * task's; else ""). note may be NULL; a refusal needs one. ERROR_DENIED: who asked, or made the key that asked, does not decide.
 * ERROR_CONFLICT: decided already, or the campaign has other content now, or was launched. ERROR_NOT_FOUND. */
int approval_decide(const struct orderer *who, struct db *tx, const char *slug, const char *content_hash, bool approve,
	const char *note, char id[static IDENT_SIZE], struct error *e);

/* content_hash NULL: the newest request of the campaign. DB_DONE: none. */
enum db_step approval_of(struct db *db, const char *slug, const char *content_hash, struct approval *out, struct error *e);
/* Those that wait (oldest first), or all (newest first); at most `most`; non-zero stops. */
int approval_each(struct db *db, bool waiting, int64_t most, int (*each)(void *arg, const struct approval *approval),
	void *arg, struct error *e);
/* For the planner, inside its transaction: 0, or ERROR_DENIED with words for people. */
int approval_check(const struct settings *settings, struct db *tx, const char *slug, const char *content_hash,
	int64_t recipients, struct error *e);

#endif
