/* /accounts/{account}: one account, and what is done to it. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "console/people/part.h"

/* Of the address; answered when there is none. */
static bool find(struct visit *visit, struct account *out)
{
	long long id;
	struct error e = {0};
	*out = (struct account){0};
	enum db_step step =
		gate_int64(web_part(visit->request, "account"), 1, INT64_MAX, &id) ? account_by_id(visit->db, id, out, &e) : DB_DONE;
	if (step == DB_FAILED)
		console_error(visit, &e);
	else if (step == DB_DONE)
		console_not_found(visit, tr("There is no such account.", "Такой учётной записи нет."));
	return step == DB_ROW;
}

static void done(struct visit *visit, const struct account *account, const char *note)
{
	char *page = xasprintf("/accounts/%lld", (long long)account->id);
	console_done(visit, page, note);
	free(page);
}

/* ---- the page ------------------------------------------------------------------------------- */

static json_t *languages(const char *chosen)
{
	return json_pack("[{s:s, s:s, s:b}, {s:s, s:s, s:b}, {s:s, s:s, s:b}]", "value", "", "name",
		tr("as the browser asks", "как просит браузер"), "chosen", chosen[0] == '\0', "value", "ru", "name", "Русский",
		"chosen", strcmp(chosen, "ru") == 0, "value", "en", "name", "English", "chosen", strcmp(chosen, "en") == 0);
}

static const char *typed(const struct form *form, const char *name)
{
	const char *text = json_string_value(json_object_get(json_object_get(form->fields, name), "value"));
	return text == NULL ? "" : text;
}

static void show(struct visit *visit, int status, const struct account *account, struct form *form)
{
	struct error e = {0};
	const char *own = account->id == visit->visitor->account ? visit->visitor->session->hash : NULL;
	json_t *sessions = people_sessions(visit, account->id, own, &e);
	if (sessions == NULL) {
		console_error(visit, &e);
		return;
	}
	json_t *data = json_pack("{s:s, s:s, s:I, s:s, s:s, s:s, s:b, s:b}", "title", account->name, "here", "accounts", "of",
		(json_int_t)account->id, "login", account->login, "person", account->name, "is", role_words(account->role), "off",
		!account->active, "mine", own != NULL);
	json_object_set_new(data, "locked",
		account->active && account->locked_until_ms > clock_now_ms() ? show_time(visit, account->locked_until_ms) : json_null());
	json_object_set_new(data, "given", json_boolean(account->active && account->must_change));
	json_object_set_new(data, "created", show_time(visit, account->created_ms));
	json_object_set_new(data, "used", show_time(visit, account->used_ms));
	json_object_set_new(data, "any", json_boolean(json_array_size(sessions) > 0));
	json_object_set_new(data, "sessions", sessions);
	json_object_set_new(data, "roles", people_roles(typed(form, "role")));
	json_object_set_new(data, "languages", languages(typed(form, "lang")));
	json_object_set_new(data, "f", form_take_fields(form));
	console_page(visit, status, "account_one", data);
}

void page_account(struct visit *visit)
{
	struct account account;
	struct form form;
	if (!find(visit, &account))
		return;
	form_begin_empty(&form);
	form_fill(&form, "name", account.name);
	form_fill(&form, "address", account.address);
	form_fill(&form, "role", role_name(account.role));
	form_fill(&form, "lang", account.lang);
	show(visit, 200, &account, &form);
	json_decref(form_take_fields(&form));
	account_fini(&account);
}

/* ---- changing it -------------------------------------------------------------------------------- */

struct change {
	struct visit *visit;
	const struct account *before;
	const char *name, *address, *lang; /* name NULL: only `active` changes, else all but that */
	enum role role;
	bool active;
	const char *action;
};

/* before: read in this transaction. What another administrator did a moment ago (shut the account, took a role away)
 * must not be undone by what the form was not about. */
static int change_from(struct change *change, const struct account *before, struct db *tx, struct error *e)
{
	if (change->name == NULL) {
		change->role = before->role;
	} else {
		change->active = before->active;
		if (account_set_lang(tx, before->id, change->lang, e) != 0)
			return -1;
	}
	const char *name = change->name == NULL ? before->name : change->name,
		   *address = change->name == NULL ? before->address : change->address;
	if (account_set(tx, before->id, name, address, change->role, change->active, e) != 0)
		return -1;
	if (change->active && !before->active && account_unlock(tx, before->id, e) != 0)
		return -1;
	char *subject = xasprintf("account:%s", before->login);
	json_t *facts = json_pack("{s:s}", "role", role_name(change->role));
	if (before->role != change->role)
		json_object_set_new(facts, "role_before", json_string(role_name(before->role)));
	int rc = console_audit(change->visit, tx, change->action, subject, facts,
		json_pack("{s:s, s:s?, s:s, s:s?}", "name", name, "address", address, "name_before", before->name, "address_before",
			before->address),
		e);
	free(subject);
	return rc;
}

static int change_work(void *arg, struct db *tx, struct error *e)
{
	struct change *change = arg;
	struct account before = {0};
	enum db_step step = account_by_id(tx, change->before->id, &before, e);
	int rc = step == DB_ROW ? change_from(change, &before, tx, e)
		: step == DB_DONE ? error_set(e, ERROR_NOT_FOUND, "%s", tr("there is no such account", "такой учётной записи нет")) : -1;
	account_fini(&before);
	return rc;
}

/* ERROR_CONFLICT (the last administrator) stands beside the role. */
static void change(struct visit *visit, struct change *change, struct form *form)
{
	struct error e = {0};
	if (console_transaction(visit, change_work, change, &e) == 0) {
		done(visit, change->before, tr("Saved.", "Сохранено."));
	} else if (form != NULL && e.code == ERROR_CONFLICT && !e.retriable) {
		form_refuse(form, "role", e.text);
		show(visit, 422, change->before, form);
	} else {
		console_error(visit, &e);
	}
}

void take_account(struct visit *visit)
{
	struct account account;
	struct form form;
	struct error wrong = {0};
	char clean[GATE_ADDRESS_MAX + 1];
	if (!find(visit, &account))
		return;
	form_begin_empty(&form);
	struct change one = {.visit = visit,
		.before = &account,
		.name = form_typed(&form, visit, "name"),
		.address = form_typed(&form, visit, "address"),
		.lang = form_typed(&form, visit, "lang"),
		.role = role_named(form_typed(&form, visit, "role")),
		.action = "account.change"};
	if (account_name_check(one.name, &wrong) != 0)
		form_refuse(&form, "name", wrong.text);
	if (one.address[0] != '\0' && gate_address(one.address, clean, &wrong) != 0)
		form_refuse(&form, "address", wrong.text);
	if (one.role == ROLES)
		form_refuse(&form, "role", tr("choose a role", "выберите роль"));
	if (form.wrong)
		show(visit, 422, &account, &form);
	else
		change(visit, &one, &form);
	json_decref(form_take_fields(&form));
	account_fini(&account);
}

void take_account_active(struct visit *visit)
{
	struct account account;
	const char *path = web_path(visit->request);
	bool active = strcmp(path + strlen(path) - strlen("/enable"), "/enable") == 0;
	if (!find(visit, &account))
		return;
	struct change one = {.visit = visit,
		.before = &account,
		.active = active,
		.action = active ? "account.enable" : "account.disable"};
	change(visit, &one, NULL);
	account_fini(&account);
}

/* ---- a new password, shown once ---------------------------------------------------------------- */

struct act {
	struct visit *visit;
	const struct account *account;
	const char *hash;
};

static int audit(const struct act *act, struct db *tx, const char *action, json_t *facts, struct error *e)
{
	char *subject = xasprintf("account:%s", act->account->login);
	int rc = console_audit(act->visit, tx, action, subject, facts, NULL, e);
	free(subject);
	return rc;
}

static int password_work(void *arg, struct db *tx, struct error *e)
{
	struct act *act = arg;
	if (account_set_password(tx, act->account->id, act->hash, true, NULL, e) != 0)
		return -1;
	return audit(act, tx, "account.password", json_pack("{s:b}", "own", 0), e);
}

void take_account_password(struct visit *visit)
{
	struct account account;
	struct error e = {0};
	char password[ACCOUNT_PASSWORD_SIZE], hash[ACCOUNT_HASH_SIZE];
	if (!find(visit, &account))
		return;
	struct act act = {.visit = visit, .account = &account, .hash = hash};
	account_password_random(password);
	if (account.id == visit->visitor->account)
		web_redirect(visit->request, "/password");
	else if (account_password_hash(account.login, password, hash, &e) != 0 ||
		console_transaction(visit, password_work, &act, &e) != 0)
		console_error(visit, &e);
	else
		console_page(visit, 200, "account_secret",
			json_pack("{s:s, s:s, s:s, s:s, s:s, s:I}", "title", tr("New password", "Новый пароль"), "here", "accounts",
				"login", account.login, "person", account.name, "password", password, "id", (json_int_t)account.id));
	account_fini(&account);
}

/* ---- lock and sessions ---------------------------------------------------------------------------- */

static int unlock_work(void *arg, struct db *tx, struct error *e)
{
	struct act *act = arg;
	return account_unlock(tx, act->account->id, e) != 0 ? -1 : audit(act, tx, "account.unlock", NULL, e);
}

static int end_one_work(void *arg, struct db *tx, struct error *e)
{
	struct act *act = arg;
	return session_close_one(tx, act->account->id, web_part(act->visit->request, "session"), e) != 0
		? -1
		: audit(act, tx, "session.end", NULL, e);
}

static int end_all_work(void *arg, struct db *tx, struct error *e)
{
	struct act *act = arg;
	return session_close_all(tx, act->account->id, NULL, e) != 0 ? -1
								      : audit(act, tx, "session.end", json_pack("{s:b}", "all", 1), e);
}

static void act_on(struct visit *visit, int (*work)(void *arg, struct db *tx, struct error *e), const char *note)
{
	struct account account;
	struct error e = {0};
	if (!find(visit, &account))
		return;
	struct act act = {.visit = visit, .account = &account};
	if (console_transaction(visit, work, &act, &e) != 0)
		console_error(visit, &e);
	else
		done(visit, &account, note);
	account_fini(&account);
}

void take_account_unlock(struct visit *visit)
{
	act_on(visit, unlock_work, tr("The account is open again.", "Вход снова открыт."));
}

void end_account_session(struct visit *visit)
{
	act_on(visit, end_one_work, tr("The session was ended.", "Вход завершён."));
}

void end_account_sessions(struct visit *visit)
{
	act_on(visit, end_all_work, tr("All sessions were ended.", "Все входы завершены."));
}
