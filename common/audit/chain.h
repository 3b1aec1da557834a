/* What ties entries together; for this room only. */
#ifndef VESTNIK_AUDIT_CHAIN_H
#define VESTNIK_AUDIT_CHAIN_H

#include "base/ident.h"

/* Of one entry: actor, origin, action, subject, facts, detail's hash, in this order. */
#define CHAIN_TEXTS 6
void chain_mac(const struct ident_key *key, const char *previous, int64_t number, int64_t time_ms,
	const char *const columns[static CHAIN_TEXTS], char out[static IDENT_HASH_SIZE]);
void chain_detail(const char *salt, const char *detail, char out[static IDENT_HASH_SIZE]);

#endif
