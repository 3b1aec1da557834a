/* The audit log: who did what, when, from where. Append-only and chained: each entry's mac covers the
 * one before it, with a key outside the store (derived from the installation's). Written in the
 * transaction of the action itself: what was done and the word about it are there together or not at all. */
#ifndef VESTNIK_AUDIT_AUDIT_H
#define VESTNIK_AUDIT_AUDIT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/ident.h"
#include "store/db.h"

struct audit_act {
	const char *actor;   /* console/ivanova, api/<key id>, cli/root@host */
	const char *origin;  /* the visitor's address; NULL or "": this machine */
	const char *action;  /* "campaign.launch": noun.verb, lower case */
	const char *subject; /* "campaign:flagships-2023": kind:id; never a person's name or address */
	/* Borrowed, may be NULL. facts: nothing personal. detail: what names a person (addresses, names,
	 * what stood there before); erasable. */
	const json_t *facts, *detail;
};
/* Inside the caller's write transaction, as its last statement if it can be (it locks the head). */
int audit_write(struct db *tx, const struct ident_key *key, const struct audit_act *act, struct error *e);

struct audit_entry { /* valid during the call */
	int64_t number, time_ms;
	const char *actor, *origin, *action, *subject, *facts;
	const char *detail;  /* JSON; NULL: there is none, or it was erased */
	bool erased;
};
struct audit_filter {
	const char *actor, *action, *subject; /* beginnings; NULL = any */
	int64_t since_ms, until_ms; /* [since, until); 0 = any */
	int64_t before;      /* number; 0 = from the newest */
	int64_t most;
};
/* Newest first; non-zero stops and is returned. */
int audit_each(struct db *db, const struct audit_filter *filter,
	int (*each)(void *arg, const struct audit_entry *entry), void *arg, struct error *e);

struct audit_head {
	int64_t number;
	char mac[IDENT_HASH_SIZE]; /* noted elsewhere (a report, paper), it shows that the end was not cut off */
};
int audit_head(struct db *db, struct audit_head *out, struct error *e);

struct audit_verdict {
	int64_t entries, erased;
	int64_t first_bad;      /* 0 = none */
	char why[200];          /* for people */
};
/* Walks the whole chain in bounded memory. known (may be NULL): a head noted before; must be on the chain. */
int audit_verify(struct db *db, const struct ident_key *key, const struct audit_head *known,
	struct audit_verdict *out, struct error *e);
/* The same in pieces, for a page with progress: from {0}, at most `most` entries further. known: looked
 * for among the entries of this piece and at the end. walk holds no secret, but who alters it is believed. */
struct audit_walk {
	struct audit_head at;  /* the last good entry */
	int64_t erased;
	bool done;             /* at the end of the log, or at a bad entry */
};
int audit_verify_some(struct db *db, const struct ident_key *key, const struct audit_head *known,
	struct audit_walk *walk, int64_t most, struct audit_verdict *out, struct error *e);
/* Deletes details that mention the text (an address, a name; as a word of its own, whatever its case), in
 * the caller's transaction; the chain still holds. */
int audit_erase(struct db *tx, const char *mentions, int64_t *count, struct error *e);

#endif
