/* Identifiers and MACs (libsodium). ident_init() once in main, before threads. */
#ifndef VESTNIK_BASE_IDENT_H
#define VESTNIK_BASE_IDENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

void ident_init(void);

/* 128 random bits as 26 characters of lower-case base32, time first, so that
 * ids made later sort later (48 bits of milliseconds, 80 random). */
#define IDENT_SIZE 27
const char *ident_new(char out[static IDENT_SIZE]);

void ident_random(void *out, size_t len);
/* RFC 4648 base32, lower case, no padding. out: (len * 8 + 4) / 5 + 1 bytes. */
void ident_base32(const void *data, size_t len, char *out);
/* SHA-256 as 64 hex digits. */
#define IDENT_HASH_SIZE 65
const char *ident_hash(const void *data, size_t len, char out[static IDENT_HASH_SIZE]);

/* ---- keys ---------------------------------------------------------------- */

#define IDENT_KEY_BYTES 32
struct ident_key {
	unsigned char bytes[IDENT_KEY_BYTES];
};

/* Reads the installation's key from a file (64 hex digits), or makes it with
 * mode 0600 when it is not there. The directory must exist. */
int ident_key_load(const char *path, struct ident_key *key, struct error *e);

/* HMAC-SHA-256 of purpose, a 0 byte and the text, the first 80 bits in lower-case base32 (16
 * characters). The purpose keeps a MAC made for one use from serving another. */
#define IDENT_MAC_SIZE 17
const char *ident_mac(const struct ident_key *key, const char *purpose, const char *text,
	char out[static IDENT_MAC_SIZE]);
/* Constant time. */
bool ident_mac_ok(const struct ident_key *key, const char *purpose, const char *text,
	const char *mac);

/* ---- the tag of a letter: <key>.<dispatch>.<mac> -------------------------- */

/* At most 64 octets (RFC 5321 4.5.3.1.1), so that "bounces+" still fits before it
 * for keys below 10^18. Used in Message-ID, VERP, ENVID, Reply-To. */
#define IDENT_TAG_SIZE 56
const char *ident_tag(const struct ident_key *key, int64_t delivery, int64_t dispatch,
	char out[static IDENT_TAG_SIZE]);
/* Case of letters does not matter (relays change it). false: not ours. */
bool ident_tag_parse(const struct ident_key *key, const char *tag, int64_t *delivery,
	int64_t *dispatch);

/* ---- the signed part of a link: <delivery>.<mac> ----------------------------- */

/* For links that never expire (unsubscribe). The purpose is part of the MAC: a
 * link made for leaving cannot answer. */
#define IDENT_LINK_SIZE 40
const char *ident_link(const struct ident_key *key, const char *purpose, int64_t delivery,
	char out[static IDENT_LINK_SIZE]);
bool ident_link_parse(const struct ident_key *key, const char *purpose, const char *link,
	int64_t *delivery);

#endif
