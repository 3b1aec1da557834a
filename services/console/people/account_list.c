/* /accounts, /accounts/new. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "console/people/part.h"

/* ---- the list ------------------------------------------------------------------------------- */

struct listing {
	const struct visit *visit;
	json_t *rows;
};

static int list_one(void *arg, const struct account *account)
{
	struct listing *listing = arg;
	json_array_append_new(listing->rows,
		json_pack("{s:I, s:s, s:s, s:s, s:b, s:b, s:b, s:o, s:b}", "id", (json_int_t)account->id, "login", account->login, "name",
			account->name, "role", role_words(account->role), "off", !account->active, "locked",
			account->active && account->locked_until_ms > clock_now_ms(), "given", account->active && account->must_change,
			"used", show_ago(account->used_ms), "mine", account->id == listing->visit->visitor->account));
	return 0;
}

void page_accounts(struct visit *visit)
{
	struct error e = {0};
	struct listing listing = {.visit = visit, .rows = json_array()};
	if (account_each(visit->db, list_one, &listing, &e) != 0) {
		json_decref(listing.rows);
		console_error(visit, &e);
		return;
	}
	console_page(visit, 200, "account_list",
		json_pack("{s:s, s:s, s:o}", "title", tr("Accounts", "Учётные записи"), "here", "accounts", "accounts", listing.rows));
}

/* ---- a new one ------------------------------------------------------------------------------ */

json_t *people_roles(const char *chosen)
{
	json_t *roles = json_array();
	for (enum role role = 0; role < ROLES; role++)
		json_array_append_new(roles,
			json_pack("{s:s, s:s, s:b}", "value", role_name(role), "name", role_words(role), "chosen",
				strcmp(role_name(role), chosen) == 0));
	return roles;
}

static void show_new(struct visit *visit, int status, struct form *form)
{
	const char *role = json_string_value(json_object_get(json_object_get(form->fields, "role"), "value"));
	json_t *roles = people_roles(role == NULL ? role_name(ROLE_STAFF) : role);
	console_page(visit, status, "account_new",
		json_pack("{s:s, s:s, s:o, s:o}", "title", tr("New account", "Новая учётная запись"), "here", "accounts", "roles", roles,
			"f", form_take_fields(form)));
}

void page_account_new(struct visit *visit)
{
	struct form form;
	form_begin_empty(&form);
	show_new(visit, 200, &form);
}

struct adding {
	struct visit *visit;
	struct account_new new;
	int64_t id;
};

static int add_work(void *arg, struct db *tx, struct error *e)
{
	struct adding *adding = arg;
	if (account_add(tx, &adding->new, &adding->id, e) != 0)
		return -1;
	char *subject = xasprintf("account:%s", adding->new.login);
	int rc = console_audit(adding->visit, tx, "account.create", subject, json_pack("{s:s}", "role", role_name(adding->new.role)),
		json_pack("{s:s, s:s}", "name", adding->new.name, "address", adding->new.address), e);
	free(subject);
	return rc;
}

static void add(struct visit *visit, struct form *form, const char *login, const char *name, const char *address,
	enum role role)
{
	char password[ACCOUNT_PASSWORD_SIZE], hash[ACCOUNT_HASH_SIZE];
	struct error e = {0};
	account_password_random(password);
	struct adding adding = {.visit = visit,
		.new = {.login = login,
			.name = name,
			.hash = hash,
			.address = address,
			.role = role,
			.must_change = true,
			.actor = visit->visitor->actor}};
	int rc = account_password_hash(login, password, hash, &e);
	if (rc == 0)
		rc = console_transaction(visit, add_work, &adding, &e);
	if (rc != 0 && e.code == ERROR_CONFLICT && !e.retriable) {
		form_refuse(form, "login", e.text);
		show_new(visit, 422, form);
	} else if (rc != 0) {
		console_error(visit, &e);
	} else {
		console_page(visit, 200, "account_secret",
			json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:I}", "title", tr("Account added", "Учётная запись заведена"), "here",
				"accounts", "login", login, "person", name, "password", password, "added", 1, "id",
				(json_int_t)adding.id));
	}
}

void take_account_new(struct visit *visit)
{
	struct form form;
	struct error wrong = {0};
	char login[ACCOUNT_LOGIN_MAX + 1], clean[GATE_ADDRESS_MAX + 1];
	form_begin_empty(&form);
	const char *typed = form_typed(&form, visit, "login"), *name = form_typed(&form, visit, "name"),
		   *address = form_typed(&form, visit, "address"), *role = form_typed(&form, visit, "role");
	if (account_login_clean(typed, login, &wrong) != 0)
		form_refuse(&form, "login", wrong.text);
	if (account_name_check(name, &wrong) != 0)
		form_refuse(&form, "name", wrong.text);
	if (address[0] != '\0' && gate_address(address, clean, &wrong) != 0)
		form_refuse(&form, "address", wrong.text);
	if (role_named(role) == ROLES)
		form_refuse(&form, "role", tr("choose a role", "выберите роль"));
	if (form.wrong)
		show_new(visit, 422, &form);
	else
		add(visit, &form, login, name, address, role_named(role));
	json_decref(form_take_fields(&form));
}
