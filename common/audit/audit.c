/* Writing and the chain. */
#include "audit/audit.h"
#include "audit/chain.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/xalloc.h"

#define SALT_BYTES 16

/* Of the installation's key: what is made for one use serves no other. */
static void chain_key(const struct ident_key *key, unsigned char out[static crypto_auth_hmacsha256_KEYBYTES])
{
	static const char purpose[] = "vestnik audit chain";
	crypto_auth_hmacsha256(out, (const unsigned char *)purpose, sizeof purpose - 1, key->bytes);
}

/* Every text with its length before it: no two different entries give the same bytes. */
static void put(crypto_auth_hmacsha256_state *state, const char *text)
{
	char len[24];
	size_t n = strlen(text);
	int digits = snprintf(len, sizeof len, "%zu:", n);
	crypto_auth_hmacsha256_update(state, (const unsigned char *)len, (unsigned long long)digits);
	crypto_auth_hmacsha256_update(state, (const unsigned char *)text, n);
}

void chain_mac(const struct ident_key *key, const char *previous, int64_t number, int64_t time_ms,
	const char *const columns[static CHAIN_TEXTS], char out[static IDENT_HASH_SIZE])
{
	unsigned char own[crypto_auth_hmacsha256_KEYBYTES], digest[crypto_auth_hmacsha256_BYTES];
	crypto_auth_hmacsha256_state state;
	char numbers[64];
	chain_key(key, own);
	crypto_auth_hmacsha256_init(&state, own, sizeof own);
	snprintf(numbers, sizeof numbers, "%lld,%lld", (long long)number, (long long)time_ms);
	put(&state, previous);
	put(&state, numbers);
	for (size_t i = 0; i < CHAIN_TEXTS; i++)
		put(&state, columns[i]);
	crypto_auth_hmacsha256_final(&state, digest);
	sodium_bin2hex(out, IDENT_HASH_SIZE, digest, sizeof digest);
}

void chain_detail(const char *salt, const char *detail, char out[static IDENT_HASH_SIZE])
{
	char *both = xasprintf("%s:%s", salt, detail);
	ident_hash(both, strlen(both), out);
	free(both);
}

static int write_detail(struct db *tx, int64_t number, const char *detail, char hash[static IDENT_HASH_SIZE], struct error *e)
{
	unsigned char random[SALT_BYTES];
	char salt[SALT_BYTES * 2 + 1];
	ident_random(random, sizeof random);
	sodium_bin2hex(salt, sizeof salt, random, sizeof random);
	chain_detail(salt, detail, hash);
	return db_exec(tx, e, "INSERT INTO audit_detail (number, salt, detail) VALUES ($1, $2, $3)", "iss", number, salt, detail);
}

/* Locks the head: entries follow each other. Two first entries at once wait for each other here, too. */
static int take_head(struct db *tx, int64_t *number, char mac[static IDENT_HASH_SIZE], struct error *e)
{
	struct db_stmt *row;
	if (db_exec(tx, e, "INSERT INTO audit_head (id, number, mac) VALUES (1, 0, '') ON CONFLICT (id) DO NOTHING", "") != 0 ||
		db_query(tx, &row, e, "SELECT number, mac FROM audit_head WHERE id = 1 @FOR_UPDATE", "") != 0)
		return -1;
	enum db_step step = db_step(row, e);
	if (step != DB_ROW)
		return step == DB_FAILED ? -1 : error_set(e, ERROR_INTERNAL, "the audit log has no head");
	*number = db_int(row, 0);
	strncat(mac, db_text(row, 1), IDENT_HASH_SIZE - 1);
	db_reset(row);
	return 0;
}

int audit_write(struct db *tx, const struct ident_key *key, const struct audit_act *act, struct error *e)
{
	char previous[IDENT_HASH_SIZE] = "", hash[IDENT_HASH_SIZE] = "", mac[IDENT_HASH_SIZE];
	int64_t number = 0, time_ms = clock_now_ms();
	if (take_head(tx, &number, previous, e) != 0)
		return -1;
	number++;
	char *facts = act->facts == NULL ? xstrdup("{}") : json_dumps(act->facts, JSON_COMPACT | JSON_SORT_KEYS);
	char *detail = act->detail == NULL ? NULL : json_dumps(act->detail, JSON_COMPACT | JSON_SORT_KEYS);
	int rc = detail == NULL ? 0 : write_detail(tx, number, detail, hash, e);
	const char *origin = act->origin == NULL ? "" : act->origin;
	chain_mac(key, previous, number, time_ms,
		(const char *const[]){act->actor, origin, act->action, act->subject, facts, hash}, mac);
	if (rc == 0)
		rc = db_exec(tx, e,
			"INSERT INTO audit_entry (number, time_ms, actor, origin, action, subject, facts, detail, mac)"
			" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
			"iisssssss", number, time_ms, act->actor, origin, act->action, act->subject, facts, hash, mac);
	if (rc == 0)
		rc = db_exec(tx, e, "UPDATE audit_head SET number = $1, mac = $2 WHERE id = 1", "is", number, mac);
	free(facts);
	free(detail);
	return rc;
}
