/* Signed links to the portal: https://<public_url>/<letter>/<token>, where
 * token = <id>.<expiry>.<mac>, lower-case base32 and digits, at most LINK_TOKEN_SIZE. The MAC
 * (base/ident.h, the installation's key) covers purpose, id and expiry: a link made for reading
 * cannot answer. Unsubscribing has links of its own that never expire (base/ident.h ident_link). */
#ifndef VESTNIK_LINK_LINK_H
#define VESTNIK_LINK_LINK_H

#include <stddef.h>
#include <stdint.h>

#include "base/ident.h"

enum link_purpose {
	LINK_ANSWER,      /* /a/…: ask.id */
	LINK_ACKNOWLEDGE, /* /k/…: acknowledgement.id */
	LINK_CASCADE,     /* /m/…: ask.id of a municipality */
	LINK_FORWARD,     /* /f/…: round.id; reading only */
	LINK_FILE,        /* /d/…: campaign_file position * 2^32 + campaign.id */
	LINK_SHEET,       /* /x/…: ask.id: the pre-filled workbook */
	LINK_ORGANISATION, /* /o/…: organisation.id: all it is asked just now; linked from its pages, not from letters */
	LINK_PURPOSES
};
/* "answer", "forward" …: {{link.answer}}; NULL-terminated. */
extern const char *const link_purpose_words[];

#define LINK_TOKEN_SIZE 64
#define LINK_URL_SIZE 512
/* expires_ms TIME_NEVER_MS = never; else kept in whole hours, rounded up. */
const char *link_token(const struct ident_key *key, enum link_purpose purpose, int64_t id, int64_t expires_ms,
	char out[static LINK_TOKEN_SIZE]);
/* public_url with or without a slash at its end. NULL when it would be longer than LINK_URL_SIZE. */
const char *link_url(const struct ident_key *key, const char *public_url, enum link_purpose purpose, int64_t id,
	int64_t expires_ms, char out[static LINK_URL_SIZE]);

enum link_verdict { LINK_GOOD, LINK_EXPIRED, LINK_WRONG };
/* LINK_EXPIRED only for a right MAC. Constant time. */
enum link_verdict link_read(const struct ident_key *key, enum link_purpose purpose, const char *token,
	int64_t now_ms, int64_t *id);

#endif
