#include "account/session.h"

#include <sodium.h>
#include <string.h>

#include "base/clock.h"

#define COOKIE_BYTES 20
#define USED_EVERY_MS 60000

static void hash_of(const char *cookie, char out[static IDENT_HASH_SIZE])
{
	ident_hash(cookie, strlen(cookie), out);
}

/* One way: who reads a page's form does not learn the cookie. */
static void csrf_of(const char *cookie, char out[static SESSION_CSRF_SIZE])
{
	unsigned char digest[crypto_generichash_BYTES];
	static const unsigned char purpose[] = "vestnik csrf";
	crypto_generichash(digest, sizeof digest, (const unsigned char *)cookie, strlen(cookie), purpose, sizeof purpose - 1);
	ident_base32(digest, COOKIE_BYTES, out);
}

int session_open(struct db *db, int64_t account, const char *origin, int64_t lives_ms,
	char cookie[static SESSION_COOKIE_SIZE], struct error *e)
{
	unsigned char random[COOKIE_BYTES];
	char hash[IDENT_HASH_SIZE];
	int64_t now_ms = clock_now_ms();
	ident_random(random, sizeof random);
	ident_base32(random, sizeof random, cookie);
	hash_of(cookie, hash);
	return db_exec(db, e,
		"INSERT INTO account_session (hash, account, created_ms, used_ms, expires_ms, origin)"
		" VALUES ($1, $2, $3, $3, $4, $5)",
		"siiis", hash, account, now_ms, now_ms + lives_ms, origin);
}

void session_fini(struct session *session)
{
	account_fini(&session->account);
}

enum db_step session_find(struct db *db, const char *cookie, int64_t now_ms, int64_t idle_ms, struct session *out,
	struct error *e)
{
	struct db_stmt *row;
	*out = (struct session){0};
	hash_of(cookie, out->hash);
	if (db_query(db, &row, e, "SELECT account, used_ms, expires_ms FROM account_session WHERE hash = $1", "s", out->hash) != 0)
		return DB_FAILED;
	enum db_step step = db_step(row, e);
	if (step != DB_ROW)
		return step;
	int64_t account = db_int(row, 0), used_ms = db_int(row, 1), expires_ms = db_int(row, 2);
	db_reset(row);
	if (now_ms >= expires_ms || now_ms - used_ms > idle_ms)
		return DB_DONE;
	step = account_by_id(db, account, &out->account, e);
	if (step == DB_ROW && !out->account.active) {
		account_fini(&out->account);
		return DB_DONE;
	}
	if (step == DB_ROW && now_ms - used_ms > USED_EVERY_MS &&
		db_exec(db, e, "UPDATE account_session SET used_ms = $2 WHERE hash = $1", "si", out->hash, now_ms) != 0) {
		account_fini(&out->account);
		return DB_FAILED;
	}
	if (step == DB_ROW)
		csrf_of(cookie, out->csrf);
	return step;
}

bool session_csrf_ok(const struct session *session, const char *given)
{
	size_t len = strlen(session->csrf);
	return given != NULL && strlen(given) == len && sodium_memcmp(given, session->csrf, len) == 0;
}

int session_close(struct db *db, const char *hash, struct error *e)
{
	return db_exec(db, e, "DELETE FROM account_session WHERE hash = $1", "s", hash);
}

int session_close_all(struct db *tx, int64_t account, const char *keep, struct error *e)
{
	return db_exec(tx, e, "DELETE FROM account_session WHERE account = $1 AND hash <> $2", "is", account,
		keep == NULL ? "" : keep);
}

int session_sweep(struct db *db, int64_t now_ms, int64_t idle_ms, struct error *e)
{
	return db_exec(db, e, "DELETE FROM account_session WHERE expires_ms <= $1 OR used_ms < $2", "ii", now_ms, now_ms - idle_ms);
}
