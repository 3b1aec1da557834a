#include "account/account.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account/session.h"
#include "base/clock.h"
#include "base/gate.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "store/again.h"

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
	if (len == 0)
		return error_set(e, ERROR_INPUT, "%s", tr("the login is empty", "логин не указан"));
	return strchr("._-@", out[0]) == NULL ? 0
					      : error_set(e, ERROR_INPUT, "%s",
							tr("a login begins with a letter or a digit", "логин начинается с буквы или цифры"));
}

int account_name_check(const char *name, struct error *e)
{
	size_t len = strlen(name);
	if (name[strspn(name, " ")] == '\0')
		return error_set(e, ERROR_INPUT, "%s", tr("the name is empty", "имя не указано"));
	if (len > ACCOUNT_NAME_MAX || !gate_header(name, len))
		return error_set(e, ERROR_INPUT, tr("a name is one line of at most %d bytes", "имя – одна строка, не длиннее %d байт"),
			ACCOUNT_NAME_MAX);
	return 0;
}

/* NULL for none. */
static int check_person(const char *name, const char **address, char clean[static GATE_ADDRESS_MAX + 1], struct error *e)
{
	if (account_name_check(name, e) != 0)
		return -1;
	if (*address == NULL || (*address)[0] == '\0') {
		*address = NULL;
		return 0;
	}
	if (gate_address(*address, clean, e) != 0)
		return -1;
	*address = clean;
	return 0;
}

int account_add(struct db *tx, const struct account_new *new, int64_t *id, struct error *e)
{
	char login[ACCOUNT_LOGIN_MAX + 1], clean[GATE_ADDRESS_MAX + 1];
	const char *address = new->address;
	int64_t there = 0;
	if (account_login_clean(new->login, login, e) != 0 || check_person(new->name, &address, clean, e) != 0)
		return -1;
	enum db_step step = db_query_int(tx, &there, e, "SELECT id FROM account WHERE login = $1", "s", login);
	if (step == DB_ROW)
		return error_set(e, ERROR_CONFLICT, tr("there is an account «%s» already", "учётная запись «%s» уже есть"), login);
	if (step == DB_FAILED)
		return -1;
	return db_query_int(tx, id, e,
		       "INSERT INTO account (login, name, role, password, must_change, address, created_ms, created_by)"
		       " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id",
		       "ssssisis", login, new->name, role_name(new->role), new->hash, (int64_t)new->must_change, address,
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

/* ---- logging in ------------------------------------------------------------------------ */

#define LOCK_FIRST_MS 60000
#define LOCK_MOST_MS 3600000

/* id 0: nobody; takes as long. */
static int note_failure(struct db *db, int64_t id, int64_t now_ms, struct error *e)
{
	int64_t failures = 0;
	if (db_begin(db, DB_WRITE, e) != 0)
		return -1;
	if (db_query_int(db, &failures, e, "UPDATE account SET failures = failures + 1 WHERE id = $1 RETURNING failures", "i",
		    id) == DB_FAILED)
		goto out;
	if (failures >= ACCOUNT_FAILURES_MOST) {
		int64_t over = failures - ACCOUNT_FAILURES_MOST, lock_ms = over > 5 ? LOCK_MOST_MS : LOCK_FIRST_MS << over;
		if (db_exec(db, e, "UPDATE account SET locked_until_ms = $2 WHERE id = $1", "ii", id, now_ms + lock_ms) != 0)
			goto out;
	}
	return db_commit(db, DB_RELAXED, e);
out:
	db_rollback(db);
	return -1;
}

static int forget_failures(struct db *db, int64_t id, int64_t now_ms, struct error *e)
{
	return db_exec(db, e, "UPDATE account SET failures = 0, locked_until_ms = 0, used_ms = $2 WHERE id = $1", "ii", id, now_ms);
}

static enum db_step stored_hash(struct db *db, const char *login, char out[static ACCOUNT_HASH_SIZE], struct error *e)
{
	struct db_stmt *row;
	if (db_query(db, &row, e, "SELECT password FROM account WHERE login = $1 AND active = 1", "s", login) != 0)
		return DB_FAILED;
	enum db_step step = db_step(row, e);
	if (step == DB_ROW) {
		snprintf(out, ACCOUNT_HASH_SIZE, "%s", db_text(row, 0));
		db_reset(row);
	}
	return step;
}

bool account_check(struct db *db, const struct account_attempt *attempt, int64_t now_ms, struct account *out,
	struct error *e)
{
	char login[ACCOUNT_LOGIN_MAX + 1], hash[ACCOUNT_HASH_SIZE] = "";
	struct error wrong = {0};
	struct again again = {0};
	int rc;
	*out = (struct account){0};
	error_clear(e);
	enum db_step step = account_login_clean(attempt->login, login, &wrong) != 0 ? DB_DONE : stored_hash(db, login, hash, e);
	if (step == DB_ROW)
		step = account_by_login(db, login, out, e);
	if (step == DB_FAILED)
		return false;
	bool locked = out->locked_until_ms > now_ms && !attempt->known_browser;
	bool good = account_password_fits(hash, attempt->password, e) && !locked;
	if (e->code != ERROR_NONE)
		return false;
	do /* who is locked out, or knocks with a browser of his own, is not counted: id 0 */
		rc = good ? forget_failures(db, out->id, now_ms, e)
			  : note_failure(db, locked || attempt->known_browser ? 0 : out->id, now_ms, e);
	while (rc != 0 && again_after_conflict(&again, e));
	return good && rc == 0;
}

int account_set_password(struct db *tx, int64_t id, const char *hash, bool must_change, const char *keep, struct error *e)
{
	if (db_exec(tx, e,
		    "UPDATE account SET password = $2, must_change = $3, failures = 0, locked_until_ms = 0 WHERE id = $1", "isi",
		    id, hash, (int64_t)must_change) != 0)
		return -1;
	if (db_changes(tx) == 0)
		return error_set(e, ERROR_NOT_FOUND, "%s", tr("there is no such account", "такой учётной записи нет"));
	return session_close_all(tx, id, keep, e);
}

int account_set(struct db *tx, int64_t id, const char *name, const char *address, enum role role, bool active,
	struct error *e)
{
	struct account before;
	char clean[GATE_ADDRESS_MAX + 1];
	int64_t others = 0;
	if (check_person(name, &address, clean, e) != 0)
		return -1;
	enum db_step step = account_by_id(tx, id, &before, e);
	if (step != DB_ROW)
		return step == DB_FAILED ? -1 : error_set(e, ERROR_NOT_FOUND, "%s", tr("there is no such account", "такой учётной записи нет"));
	bool shrinks = (role_rights(before.role) & ~role_rights(role)) != 0 || (before.active && !active);
	bool was_admin = before.role == ROLE_ADMIN && before.active;
	account_fini(&before);
	if (was_admin && (role != ROLE_ADMIN || !active)) {
		/* Locked: two who take each other's role away at once must not both succeed. */
		enum db_step other = db_query_int(tx, &others, e,
			"SELECT id FROM account WHERE role = 'admin' AND active = 1 AND id <> $1 ORDER BY id LIMIT 1 @FOR_UPDATE", "i", id);
		if (other == DB_FAILED)
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

int account_set_lang(struct db *db, int64_t id, const char *lang, struct error *e)
{
	if (lang != NULL && lang[0] == '\0')
		lang = NULL;
	if (lang != NULL && strcmp(lang, "ru") != 0 && strcmp(lang, "en") != 0)
		return error_set(e, ERROR_INPUT, "%s", tr("the language is ru or en", "язык – ru или en"));
	return db_exec(db, e, "UPDATE account SET lang = $2 WHERE id = $1", "is", id, lang);
}

int account_unlock(struct db *tx, int64_t id, struct error *e)
{
	return db_exec(tx, e, "UPDATE account SET failures = 0, locked_until_ms = 0 WHERE id = $1", "i", id);
}
