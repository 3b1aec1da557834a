#include "account/account.h"

#include <ctype.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "account/session.h"
#include "base/clock.h"
#include "base/gate.h"
#include "base/lang.h"
#include "base/xalloc.h"

/* Memory of a check is 64 MiB (crypto_pwhash's "interactive"): a crowd at the login page waits its turn. */
static pthread_mutex_t turn_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turn_free = PTHREAD_COND_INITIALIZER;
static int turns_taken;

static void turn_take(void)
{
	pthread_mutex_lock(&turn_lock);
	while (turns_taken == ACCOUNT_CHECKS_AT_ONCE)
		pthread_cond_wait(&turn_free, &turn_lock);
	turns_taken++;
	pthread_mutex_unlock(&turn_lock);
}

static void turn_give(void)
{
	pthread_mutex_lock(&turn_lock);
	turns_taken--;
	pthread_cond_signal(&turn_free);
	pthread_mutex_unlock(&turn_lock);
}

static int hash_password(const char *password, char out[static crypto_pwhash_STRBYTES], struct error *e)
{
	turn_take();
	int rc = crypto_pwhash_str(out, password, strlen(password), crypto_pwhash_OPSLIMIT_INTERACTIVE,
		crypto_pwhash_MEMLIMIT_INTERACTIVE);
	turn_give();
	return rc == 0 ? 0 : error_set(e, ERROR_UNAVAILABLE, "%s", tr("no memory to hash a password", "не хватает памяти для проверки пароля"));
}

void account_fini(struct account *account)
{
	free(account->login);
	free(account->name);
	free(account->address);
	free(account->lang);
	*account = (struct account){0};
}

int account_login_clean(const char *login, char out[static ACCOUNT_LOGIN_MAX + 1], struct error *e)
{
	size_t len = 0;
	for (const char *p = login; *p != '\0'; p++) {
		char c = (char)tolower((unsigned char)*p);
		if (len == ACCOUNT_LOGIN_MAX || strchr("abcdefghijklmnopqrstuvwxyz0123456789._-@", c) == NULL)
			return error_set(e, ERROR_INPUT, "%s",
				tr("a login is made of Latin letters, digits and . _ - @, at most 64",
					"логин состоит из латинских букв, цифр и знаков . _ - @, не больше 64"));
		out[len++] = c;
	}
	out[len] = '\0';
	return len > 0 ? 0 : error_set(e, ERROR_INPUT, "%s", tr("the login is empty", "логин не указан"));
}

int account_password_check(const char *login, const char *password, struct error *e)
{
	size_t characters = 0, len = strlen(password);
	for (const char *p = password; *p != '\0'; p++)
		characters += ((unsigned char)*p & 0xc0) != 0x80;
	if (characters < ACCOUNT_PASSWORD_LEAST)
		return error_set(e, ERROR_INPUT, tr("the password needs at least %d characters", "в пароле должно быть не меньше %d знаков"),
			ACCOUNT_PASSWORD_LEAST);
	if (len > ACCOUNT_PASSWORD_MAX)
		return error_set(e, ERROR_INPUT, tr("the password is longer than %d bytes", "пароль длиннее %d байт"), ACCOUNT_PASSWORD_MAX);
	if (strcasecmp(login, password) == 0)
		return error_set(e, ERROR_INPUT, "%s", tr("the password is the login", "пароль совпадает с логином"));
	if (strspn(password, (char[]){password[0], '\0'}) == len)
		return error_set(e, ERROR_INPUT, "%s", tr("the password is one character again and again", "пароль состоит из одного знака"));
	return 0;
}

int account_add(struct db *tx, const struct account_new *new, int64_t *id, struct error *e)
{
	char login[ACCOUNT_LOGIN_MAX + 1], hash[crypto_pwhash_STRBYTES];
	int64_t there = 0;
	if (account_login_clean(new->login, login, e) != 0 || account_password_check(login, new->password, e) != 0)
		return -1;
	enum db_step step = db_query_int(tx, &there, e, "SELECT id FROM account WHERE login = $1", "s", login);
	if (step == DB_ROW)
		return error_set(e, ERROR_CONFLICT, tr("there is an account «%s» already", "учётная запись «%s» уже есть"), login);
	if (step == DB_FAILED || hash_password(new->password, hash, e) != 0)
		return -1;
	return db_query_int(tx, id, e,
		       "INSERT INTO account (login, name, role, password, must_change, address, created_ms, created_by)"
		       " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id",
		       "ssssisis", login, new->name, role_name(new->role), hash, (int64_t)new->must_change, new->address,
		       clock_now_ms(), new->actor) == DB_ROW
		? 0
		: -1;
}

/* ---- reading ------------------------------------------------------------------------- */

#define COLUMNS "id, login, name, role, must_change, active, address, lang, locked_until_ms, created_ms, used_ms"

static char *copy(const char *text)
{
	return text == NULL ? NULL : xstrdup(text);
}

static void read_row(struct db_stmt *row, struct account *out)
{
	*out = (struct account){.id = db_int(row, 0),
		.login = xstrdup(db_text(row, 1)),
		.name = xstrdup(db_text(row, 2)),
		.role = role_named(db_text(row, 3)),
		.must_change = db_int(row, 4) != 0,
		.active = db_int(row, 5) != 0,
		.address = copy(db_text(row, 6)),
		.lang = copy(db_text(row, 7)),
		.locked_until_ms = db_int(row, 8),
		.created_ms = db_int(row, 9),
		.used_ms = db_int(row, 10)};
	if (out->role == ROLES) { /* of a newer version: sees, changes nothing */
		out->role = ROLE_READER;
	}
}

static enum db_step read_one(struct db_stmt *row, struct account *out, struct error *e)
{
	enum db_step step = db_step(row, e);
	if (step == DB_ROW) {
		read_row(row, out);
		db_reset(row);
	}
	return step;
}

enum db_step account_by_login(struct db *db, const char *login, struct account *out, struct error *e)
{
	struct db_stmt *row;
	return db_query(db, &row, e, "SELECT " COLUMNS " FROM account WHERE login = $1", "s", login) != 0 ? DB_FAILED
													   : read_one(row, out, e);
}

enum db_step account_by_id(struct db *db, int64_t id, struct account *out, struct error *e)
{
	struct db_stmt *row;
	return db_query(db, &row, e, "SELECT " COLUMNS " FROM account WHERE id = $1", "i", id) != 0 ? DB_FAILED
												     : read_one(row, out, e);
}

int account_each(struct db *db, int (*each)(void *arg, const struct account *account), void *arg, struct error *e)
{
	struct db_stmt *row;
	enum db_step step;
	if (db_query(db, &row, e, "SELECT " COLUMNS " FROM account ORDER BY login", "") != 0)
		return -1;
	while ((step = db_step(row, e)) == DB_ROW) {
		struct account account;
		read_row(row, &account);
		int stop = each(arg, &account);
		account_fini(&account);
		if (stop != 0) {
			db_reset(row);
			return 0;
		}
	}
	return step == DB_DONE ? 0 : -1;
}

/* ---- the password -------------------------------------------------------------------- */

/* What an unknown login is checked against, so that it takes as long: made once. */
static const char *nobody(void)
{
	static char hash[crypto_pwhash_STRBYTES];
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	pthread_mutex_lock(&lock);
	if (hash[0] == '\0') {
		unsigned char random[16];
		ident_random(random, sizeof random);
		if (crypto_pwhash_str(hash, (const char *)random, sizeof random, crypto_pwhash_OPSLIMIT_INTERACTIVE,
			    crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0)
			hash[0] = '\0'; /* no memory now: with the next one */
	}
	pthread_mutex_unlock(&lock);
	return hash;
}

static bool verify(const char *hash, const char *password)
{
	size_t len = strlen(password);
	bool real = hash[0] != '\0' && len <= ACCOUNT_PASSWORD_MAX;
	const char *against = real ? hash : nobody();
	turn_take();
	bool good = crypto_pwhash_str_verify(against, password, len <= ACCOUNT_PASSWORD_MAX ? len : 0) == 0;
	turn_give();
	return real && good;
}

#define LOCK_FIRST_MS 60000
#define LOCK_MOST_MS 3600000

static int note_failure(struct db *db, int64_t id, int64_t now_ms, int64_t *locked_until_ms, struct error *e)
{
	int64_t failures = 0;
	if (db_begin(db, DB_WRITE, e) != 0)
		return -1;
	if (db_query_int(db, &failures, e, "UPDATE account SET failures = failures + 1 WHERE id = $1 RETURNING failures", "i",
		    id) == DB_FAILED)
		goto out;
	if (failures >= ACCOUNT_FAILURES_MOST) {
		int64_t over = failures - ACCOUNT_FAILURES_MOST, lock_ms = over > 6 ? LOCK_MOST_MS : LOCK_FIRST_MS << over;
		*locked_until_ms = now_ms + (lock_ms > LOCK_MOST_MS ? LOCK_MOST_MS : lock_ms);
		if (db_exec(db, e, "UPDATE account SET locked_until_ms = $2 WHERE id = $1", "ii", id, *locked_until_ms) != 0)
			goto out;
	}
	return db_commit(db, DB_RELAXED, e);
out:
	db_rollback(db);
	return -1;
}

static enum db_step stored_hash(struct db *db, const char *login, char out[static crypto_pwhash_STRBYTES], struct error *e)
{
	struct db_stmt *row;
	if (db_query(db, &row, e, "SELECT password FROM account WHERE login = $1 AND active = 1", "s", login) != 0)
		return DB_FAILED;
	enum db_step step = db_step(row, e);
	out[0] = '\0';
	if (step == DB_ROW) {
		strncat(out, db_text(row, 0), crypto_pwhash_STRBYTES - 1);
		db_reset(row);
	}
	return step;
}

bool account_check(struct db *db, const char *login, const char *password, int64_t now_ms, struct account *out,
	int64_t *locked_until_ms, struct error *e)
{
	char clean[ACCOUNT_LOGIN_MAX + 1], hash[crypto_pwhash_STRBYTES] = "";
	struct error wrong = {0};
	*locked_until_ms = 0;
	*out = (struct account){0};
	error_clear(e);
	bool known = account_login_clean(login, clean, &wrong) == 0;
	enum db_step step = known ? stored_hash(db, clean, hash, e) : DB_DONE;
	if (step == DB_ROW)
		step = account_by_login(db, clean, out, e);
	if (step == DB_FAILED)
		return false;
	if (step == DB_ROW && out->locked_until_ms > now_ms) {
		*locked_until_ms = out->locked_until_ms;
		account_fini(out);
		return false;
	}
	if (verify(step == DB_ROW ? hash : "", password)) {
		if (db_exec(db, e, "UPDATE account SET failures = 0, locked_until_ms = 0, used_ms = $2 WHERE id = $1", "ii",
			    out->id, now_ms) == 0)
			return true;
	} else if (step == DB_ROW) {
		(void)note_failure(db, out->id, now_ms, locked_until_ms, e);
	}
	account_fini(out);
	return false;
}

int account_set_password(struct db *tx, int64_t id, const char *password, bool must_change, const char *keep,
	struct error *e)
{
	char hash[crypto_pwhash_STRBYTES];
	struct account account;
	enum db_step step = account_by_id(tx, id, &account, e);
	if (step != DB_ROW)
		return step == DB_FAILED ? -1 : error_set(e, ERROR_NOT_FOUND, "%s", tr("there is no such account", "такой учётной записи нет"));
	int rc = account_password_check(account.login, password, e);
	account_fini(&account);
	if (rc != 0 || hash_password(password, hash, e) != 0)
		return -1;
	if (db_exec(tx, e,
		    "UPDATE account SET password = $2, must_change = $3, failures = 0, locked_until_ms = 0 WHERE id = $1", "isi",
		    id, hash, (int64_t)must_change) != 0)
		return -1;
	return session_close_all(tx, id, keep, e);
}

int account_set(struct db *tx, int64_t id, const char *name, const char *address, enum role role, bool active,
	struct error *e)
{
	struct account before;
	int64_t others = 0;
	enum db_step step = account_by_id(tx, id, &before, e);
	if (step != DB_ROW)
		return step == DB_FAILED ? -1 : error_set(e, ERROR_NOT_FOUND, "%s", tr("there is no such account", "такой учётной записи нет"));
	bool shrinks = (role_rights(before.role) & ~role_rights(role)) != 0 || (before.active && !active);
	bool was_admin = before.role == ROLE_ADMIN && before.active;
	account_fini(&before);
	if (was_admin && (role != ROLE_ADMIN || !active)) {
		if (db_query_int(tx, &others, e,
			    "SELECT count(*) FROM account WHERE role = 'admin' AND active = 1 AND id <> $1", "i", id) == DB_FAILED)
			return -1;
		if (others == 0)
			return error_set(e, ERROR_CONFLICT, "%s",
				tr("the last administrator stays one: make somebody else administrator first",
					"последний администратор остаётся администратором: сначала назначьте другого"));
	}
	if (db_exec(tx, e, "UPDATE account SET name = $2, address = $3, role = $4, active = $5 WHERE id = $1", "isssi", id, name,
		    address, role_name(role), (int64_t)active) != 0)
		return -1;
	return shrinks ? session_close_all(tx, id, NULL, e) : 0;
}
