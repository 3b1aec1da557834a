/* Who is logged in: a random cookie; the store knows its hash only. Table account_session. */
#ifndef VESTNIK_ACCOUNT_SESSION_H
#define VESTNIK_ACCOUNT_SESSION_H

#include "account/account.h"
#include "base/ident.h"

#define SESSION_COOKIE_SIZE 44 /* 160 random bits in base32, and room */
#define SESSION_CSRF_SIZE 44

/* A new one, always with a new cookie (no fixation). lives_ms: at most; it also ends idle_ms after its
 * last use. Own transaction. */
int session_open(struct db *db, int64_t account, const char *origin, int64_t lives_ms,
	char cookie[static SESSION_COOKIE_SIZE], struct error *e);
struct session {
	struct account account;
	char hash[IDENT_HASH_SIZE];
	char csrf[SESSION_CSRF_SIZE]; /* derived from the cookie: what a form of this session carries */
};
/* DB_DONE: unknown, over, or its account is inactive. The last use is written at most once a minute (a quarter of
 * idle_ms when that is less). Not inside a transaction. */
enum db_step session_find(struct db *db, const char *cookie, int64_t now_ms, int64_t idle_ms, struct session *out,
	struct error *e);
void session_fini(struct session *session);
/* The same without being a use: for what stays open (a live log). */
enum db_step session_alive(struct db *db, const char *hash, int64_t now_ms, int64_t idle_ms, struct error *e);
/* For who is not logged in: a cookie of no session, and what a form carries beside it. */
void session_cookie_new(char cookie[static SESSION_COOKIE_SIZE]);
void session_csrf(const char *cookie, char out[static SESSION_CSRF_SIZE]);
/* Constant time. given may be NULL. */
bool session_csrf_fits(const char *cookie, const char *given);
bool session_csrf_ok(const struct session *session, const char *given);
int session_close(struct db *db, const char *hash, struct error *e);
/* One of an account, by the beginning of its hash (a page shows no more). ERROR_NOT_FOUND: over already. In the
 * caller's transaction. */
#define SESSION_MARK_LEN 16
int session_close_one(struct db *tx, int64_t account, const char *mark, struct error *e);
/* All of an account. In the caller's transaction. */
int session_close_all(struct db *tx, int64_t account, const char *keep, struct error *e);
#define SESSIONS_SHOWN_MOST 200
struct session_row { /* valid during the call */
	const char *hash, *origin;
	int64_t created_ms, used_ms, expires_ms;
};
/* Of an account, the one used last first; non-zero stops. */
int session_each(struct db *db, int64_t account, int (*each)(void *arg, const struct session_row *row), void *arg,
	struct error *e);
/* Rows that are over. */
int session_sweep(struct db *db, int64_t now_ms, int64_t idle_ms, struct error *e);

#endif
