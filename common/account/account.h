/* Accounts of the console: table account. Passwords are argon2id. Nothing is ever deleted: who leaves is
 * disabled, and the audit log goes on naming him. */
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

/* Lower case letters, digits, . _ - @, a letter or digit first; cleaned into out. ERROR_INPUT says what would be
 * right. */
int account_login_clean(const char *login, char out[static ACCOUNT_LOGIN_MAX + 1], struct error *e);
/* Of a person, as shown: one line. ERROR_INPUT. */
#define ACCOUNT_NAME_MAX 200 /* bytes */
int account_name_check(const char *name, struct error *e);

/* ---- passwords: password.c --------------------------------------------------------------- */

/* ERROR_INPUT: too short, too common, the login itself. */
int account_password_check(const char *login, const char *password, struct error *e);
/* What the store keeps of a password that passes the check. Takes some 0.1 s and 64 MiB, at most
 * ACCOUNT_CHECKS_AT_ONCE together in a process: before the transaction, not inside. */
#define ACCOUNT_HASH_SIZE 128
#define ACCOUNT_CHECKS_AT_ONCE 2
int account_password_hash(const char *login, const char *password, char hash[static ACCOUNT_HASH_SIZE], struct error *e);
/* Syllables and two digits, 62 bits: can be read aloud on the telephone. */
#define ACCOUNT_PASSWORD_SIZE 24
void account_password_random(char out[static ACCOUNT_PASSWORD_SIZE]);
/* Does it fit? "" fits nothing, in the same time. ERROR_UNAVAILABLE: a crowd is waiting already, come again. */
#define ACCOUNT_WAITING_MOST 2
bool account_password_fits(const char *hash, const char *password, struct error *e);

/* ---- rows ---------------------------------------------------------------------------- */

struct account_new {
	const char *login, *name, *hash, *address; /* hash: of account_password_hash; address may be NULL */
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

/* After ACCOUNT_FAILURES_MOST wrong passwords in a row nobody gets in for 1 min, doubling to 1 h; what is tried
 * meanwhile does not make it longer. Nobody learns whether it was the login, the password or the lock: one answer,
 * in the same time. A browser that has been logged in as this account before is not kept out (who knows a login
 * could else lock its owner out for ever); its tries are the caller's to count. */
#define ACCOUNT_FAILURES_MOST 5
struct account_attempt {
	const char *login, *password;
	bool known_browser;
};
/* true: logged in, failures forgotten. false: no, or e->code is not NONE. out: the account that was meant, when
 * there is one that is active (id 0: none); to be finished either way. Transactions of its own. */
bool account_check(struct db *db, const struct account_attempt *attempt, int64_t now_ms, struct account *out,
	struct error *e);
/* Ends the account's sessions, all but `keep` (a session's hash or NULL), and its lock. In the caller's tx.
 * ERROR_NOT_FOUND. */
int account_set_password(struct db *tx, int64_t id, const char *hash, bool must_change, const char *keep,
	struct error *e);
/* Its sessions end when rights shrink. ERROR_CONFLICT: the last active administrator stays one. ERROR_INPUT: name,
 * address ("" and NULL: none). */
int account_set(struct db *tx, int64_t id, const char *name, const char *address, enum role role, bool active,
	struct error *e);
/* "ru", "en"; NULL or "": what the browser says. ERROR_INPUT. */
int account_set_lang(struct db *db, int64_t id, const char *lang, struct error *e);
/* Forgets wrong passwords: the lock ends. */
int account_unlock(struct db *tx, int64_t id, struct error *e);

#endif
