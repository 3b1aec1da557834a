/* Keys of programs: "vk_<id>_<secret>", shown once; the store knows the secret's hash. Table api_key. */
#ifndef VESTNIK_ACCOUNT_API_KEY_H
#define VESTNIK_ACCOUNT_API_KEY_H

#include <jansson.h>

#include "account/role.h"
#include "base/error.h"
#include "store/db.h"

#define API_KEY_ID_SIZE 20
#define API_KEY_TEXT_SIZE 80

struct api_key { /* strings owned */
	char id[API_KEY_ID_SIZE];
	char *name, *created_by;
	uint32_t rights;
	json_t *senders;       /* array; empty = all */
	int64_t created_ms, expires_ms, used_ms, revoked_ms; /* 0 = never */
};
void api_key_fini(struct api_key *key);

/* RIGHT_BITs a key may have: not those of persons (own, account, campaign.approve). */
uint32_t api_key_rights(void);
/* In the caller's write transaction. scopes: RIGHT_BITs; senders (addresses) may be NULL; expires_ms 0: never. out is
 * to be finished. ERROR_INPUT. */
int api_key_add(struct db *tx, const char *name, uint32_t scopes, const json_t *senders, int64_t expires_ms,
	const char *actor, char text[static API_KEY_TEXT_SIZE], struct api_key *out, struct error *e);
/* DB_DONE: unknown, revoked, expired, not a key at all. Constant time in the secret; last use written once a
 * minute. Not inside a transaction. */
enum db_step api_key_find(struct db *db, const char *text, int64_t now_ms, struct api_key *out, struct error *e);
/* Newest first; non-zero stops. */
int api_key_each(struct db *db, int (*each)(void *arg, const struct api_key *key), void *arg, struct error *e);
/* ERROR_NOT_FOUND: unknown, or revoked already. In the caller's transaction. */
int api_key_revoke(struct db *tx, const char *id, struct error *e);

#endif
