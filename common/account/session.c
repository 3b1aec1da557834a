#include "account/session.h"

#include <sodium.h>
#include <string.h>

#include "base/clock.h"
#include "base/lang.h"

#define COOKIE_BYTES 20
#define USED_EVERY_MS 60000

static void hash_of(const char *cookie, char out[static IDENT_HASH_SIZE])
{
	ident_hash(cookie, strlen(cookie), out);
}

/* One way: who reads a page's form does not learn the cookie. */
void session_csrf(const char *cookie, char out[static SESSION_CSRF_SIZE])
{
	unsigned char digest[crypto_generichash_BYTES];
	static const unsigned char purpose[] = "vestnik csrf";
	crypto_generichash(digest, sizeof digest, (const unsigned char *)cookie, strlen(cookie), purpose, sizeof purpose - 1);
	ident_base32(digest, COOKIE_BYTES, out);
}

void session_cookie_new(char cookie[static SESSION_COOKIE_SIZE])
{
	unsigned char random[COOKIE_BYTES];
	ident_random(random, sizeof random);
	ident_base32(random, sizeof random, cookie);
}

int session_open(struct db *db, int64_t account, const char *origin, int64_t lives_ms,
	char cookie[static SESSION_COOKIE_SIZE], struct error *e)
{
	char hash[IDENT_HASH_SIZE];
	int64_t now_ms = clock_now_ms();
	session_cookie_new(cookie);
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

/* The account and its last use, of a session that is not over. */
static enum db_step look_up(struct db *db, const char *hash, int64_t now_ms, int64_t idle_ms, int64_t *account,
	int64_t *used_ms, struct error *e)
{
	struct db_stmt *row;
	if (db_query(db, &row, e, "SELECT account, used_ms, expires_ms FROM account_session WHERE hash = $1", "s", hash) != 0)
		return DB_FAILED;
	enum db_step step = db_step(row, e);
	if (step != DB_ROW)
		return step;
	int64_t expires_ms = db_int(row, 2);
	*account = db_int(row, 0);
	*used_ms = db_int(row, 1);
	db_reset(row);
	return now_ms >= expires_ms || now_ms - *used_ms > idle_ms ? DB_DONE : DB_ROW;
}

static enum db_step active_account(struct db *db, int64_t id, struct account *out, struct error *e)
{
	enum db_step step = account_by_id(db, id, out, e);
	if (step == DB_ROW && !out->active) {
		account_fini(out);
		return DB_DONE;
	}
	return step;
}

/* Rarely, since it is a write; often enough that who works is not idle. */
static bool note_is_due(int64_t now_ms, int64_t used_ms, int64_t idle_ms)
{
	return now_ms - used_ms > (idle_ms / 4 < USED_EVERY_MS ? idle_ms / 4 : USED_EVERY_MS);
}

enum db_step session_find(struct db *db, const char *cookie, int64_t now_ms, int64_t idle_ms, struct session *out,
	struct error *e)
{
	int64_t account, used_ms;
	struct error busy = {0};
	*out = (struct session){0};
	hash_of(cookie, out->hash);
	enum db_step step = look_up(db, out->hash, now_ms, idle_ms, &account, &used_ms, e);
	if (step == DB_ROW)
		step = active_account(db, account, &out->account, e);
	if (step != DB_ROW)
		return step;
	if (note_is_due(now_ms, used_ms, idle_ms)) /* a busy store keeps nobody out: with the next request */
		(void)db_exec(db, &busy, "UPDATE account_session SET used_ms = $2 WHERE hash = $1", "si", out->hash, now_ms);
	session_csrf(cookie, out->csrf);
	return DB_ROW;
}

enum db_step session_alive(struct db *db, const char *hash, int64_t now_ms, int64_t idle_ms, struct error *e)
{
	struct account account = {0};
	int64_t id, used_ms;
	enum db_step step = look_up(db, hash, now_ms, idle_ms, &id, &used_ms, e);
	if (step == DB_ROW)
		step = active_account(db, id, &account, e);
	account_fini(&account);
	return step;
}

static bool same(const char *given, const char *wanted)
{
	size_t len = strlen(wanted);
	return given != NULL && strlen(given) == len && sodium_memcmp(given, wanted, len) == 0;
}

bool session_csrf_fits(const char *cookie, const char *given)
{
	char wanted[SESSION_CSRF_SIZE];
	session_csrf(cookie, wanted);
	return same(given, wanted);
}

bool session_csrf_ok(const struct session *session, const char *given)
{
	return same(given, session->csrf);
}

int session_each(struct db *db, int64_t account, int (*each)(void *arg, const struct session_row *row), void *arg,
	struct error *e)
{
	struct db_stmt *row;
	enum db_step step;
	if (db_query(db, &row, e,
		    "SELECT hash, created_ms, used_ms, expires_ms, origin FROM account_session WHERE account = $1"
		    " ORDER BY used_ms DESC, hash LIMIT $2",
		    "ii", account, (int64_t)SESSIONS_SHOWN_MOST) != 0)
		return -1;
	while ((step = db_step(row, e)) == DB_ROW) {
		const struct session_row one = {.hash = db_text(row, 0),
			.created_ms = db_int(row, 1),
			.used_ms = db_int(row, 2),
			.expires_ms = db_int(row, 3),
			.origin = db_text(row, 4)};
		if (each(arg, &one) != 0) {
			db_reset(row);
			return 0;
		}
	}
	return step == DB_DONE ? 0 : -1;
}

int session_close(struct db *db, const char *hash, struct error *e)
{
	return db_exec(db, e, "DELETE FROM account_session WHERE hash = $1", "s", hash);
}

int session_close_one(struct db *tx, int64_t account, const char *mark, struct error *e)
{
	if (db_exec(tx, e, "DELETE FROM account_session WHERE account = $1 AND substr(hash, 1, 16) = $2", "is", account, mark) != 0)
		return -1;
	return db_changes(tx) > 0
		? 0
		: error_set(e, ERROR_NOT_FOUND, "%s", tr("this session is over already", "этот вход уже завершён"));
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
