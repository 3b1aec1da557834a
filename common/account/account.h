/* Accounts of the console: table account. Passwords are argon2id. */
#ifndef VESTNIK_ACCOUNT_ACCOUNT_H
#define VESTNIK_ACCOUNT_ACCOUNT_H

#include "account/role.h"
#include "base/error.h"
#include "store/db.h"

#define ACCOUNT_LOGIN_MAX 64
#define ACCOUNT_PASSWORD_LEAST 10 /* characters */
#define ACCOUNT_PASSWORD_MAX 256  /* bytes */

struct account { /* strings owned */
	int64_t id;
	char *login, *name, *address, *lang; /* the last two may be NULL */
	enum role role;
	bool active, must_change;
	int64_t locked_until_ms, created_ms, used_ms;
};
void account_fini(struct account *account);

/* Lower case letters, digits, . _ - @; cleaned into out. ERROR_INPUT says what would be right. */
int account_login_clean(const char *login, char out[static ACCOUNT_LOGIN_MAX + 1], struct error *e);
/* ERROR_INPUT: too short, too common, the login itself. */
int account_password_check(const char *login, const char *password, struct error *e);

struct account_new {
	const char *login, *name, *password, *address;
	enum role role;
	bool must_change;
	const char *actor;
};
/* Inside the caller's write transaction. ERROR_CONFLICT: the login is taken. ERROR_INPUT. */
int account_add(struct db *tx, const struct account_new *account, int64_t *id, struct error *e);
enum db_step account_by_login(struct db *db, const char *login, struct account *out, struct error *e);
enum db_step account_by_id(struct db *db, int64_t id, struct account *out, struct error *e);
/* In order of login; non-zero stops. */
int account_each(struct db *db, int (*each)(void *arg, const struct account *account), void *arg, struct error *e);

/* Takes some 0.1 s and 64 MiB: at most ACCOUNT_CHECKS_AT_ONCE together in a process (others wait). true:
 * logged in, failures forgotten. false with e->code NONE: wrong (or unknown, or inactive: the same
 * answer in the same time); locked until *locked_until_ms when that is in the future. Own transactions. */
#define ACCOUNT_CHECKS_AT_ONCE 2
#define ACCOUNT_FAILURES_MOST 5 /* then locked: 1 min, doubling to 1 h */
bool account_check(struct db *db, const char *login, const char *password, int64_t now_ms, struct account *out,
	int64_t *locked_until_ms, struct error *e);
/* Changes that end the account's sessions, all but `keep` (a session's hash or NULL). In the caller's tx. */
int account_set_password(struct db *tx, int64_t id, const char *password, bool must_change, const char *keep,
	struct error *e);
/* role, active: sessions end when rights shrink. ERROR_CONFLICT: the last active administrator stays one. */
int account_set(struct db *tx, int64_t id, const char *name, const char *address, enum role role, bool active,
	struct error *e);

#endif
