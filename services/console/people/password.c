/* /password: the own password and the own sessions. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "console/people/part.h"

/* ---- sessions ------------------------------------------------------------------------------ */

struct listing {
	const struct visit *visit;
	const char *own;
	json_t *rows;
};

static int list_one(void *arg, const struct session_row *row)
{
	struct listing *listing = arg;
	if (clock_now_ms() - row->used_ms > listing->visit->console->settings->console.idle_ms || clock_now_ms() >= row->expires_ms)
		return 0; /* over; its row is swept soon */
	json_array_append_new(listing->rows,
		json_pack("{s:s%, s:b, s:o, s:o, s:s}", "mark", row->hash, (size_t)SESSION_MARK_LEN, "here",
			listing->own != NULL && strcmp(row->hash, listing->own) == 0, "opened",
			show_time(listing->visit, row->created_ms), "used", show_ago(row->used_ms), "origin", row->origin));
	return 0;
}

json_t *people_sessions(const struct visit *visit, int64_t account, const char *own, struct error *e)
{
	struct listing listing = {.visit = visit, .own = own, .rows = json_array()};
	if (session_each(visit->db, account, list_one, &listing, e) == 0)
		return listing.rows;
	json_decref(listing.rows);
	return NULL;
}

/* ---- the page -------------------------------------------------------------------------------- */

static void show(struct visit *visit, int status, struct form *form)
{
	struct error e = {0};
	const struct session *session = visit->visitor->session;
	json_t *sessions = people_sessions(visit, visit->visitor->account, session->hash, &e);
	json_t *fields = form_take_fields(form);
	if (sessions == NULL) {
		json_decref(fields);
		console_error(visit, &e);
		return;
	}
	console_page(visit, status, "account_password",
		json_pack("{s:s, s:o, s:o, s:b, s:i, s:b, s:s}", "title", tr("Your password", "Ваш пароль"), "f", fields, "sessions",
			sessions, "must_change", session->account.must_change, "least", ACCOUNT_PASSWORD_LEAST, "wrong", form->wrong,
			"login", visit->visitor->login));
}

void page_password(struct visit *visit)
{
	struct form form;
	form_begin_empty(&form);
	show(visit, 200, &form);
}

/* ---- changing it ------------------------------------------------------------------------------ */

struct change {
	struct visit *visit;
	char hash[ACCOUNT_HASH_SIZE];
};

static int change_work(void *arg, struct db *tx, struct error *e)
{
	struct change *change = arg;
	const struct visitor *visitor = change->visit->visitor;
	char *subject = xasprintf("account:%s", visitor->login);
	int rc = account_set_password(tx, visitor->account, change->hash, false, visitor->session->hash, e);
	if (rc == 0)
		rc = console_audit(change->visit, tx, "account.password", subject, json_pack("{s:b}", "own", 1), NULL, e);
	free(subject);
	return rc;
}

/* Is it he? Who sits at an open computer may not guess on: tries are counted for each session. */
static void check_current(struct visit *visit, struct form *form, const char *current, struct error *e)
{
	struct account account = {0};
	const struct account_attempt attempt = {.login = visit->visitor->login, .password = current, .known_browser = true};
	if (current[0] == '\0')
		form_refuse(form, "current", tr("type your present password", "введите нынешний пароль"));
	else if (!throttle_take(visit->console->browsers, visit->visitor->session->hash, clock_mono_ms()))
		form_refuse(form, "current", tr("too many attempts: wait a minute", "слишком много попыток: подождите минуту"));
	else if (!account_check(visit->db, &attempt, clock_now_ms(), &account, e) && e->code == ERROR_NONE)
		form_refuse(form, "current", tr("this is not your present password", "это не нынешний Ваш пароль"));
	account_fini(&account);
}

static void check_new(struct visit *visit, struct form *form, const char *current, const char *new, const char *again,
	struct change *change, struct error *e)
{
	struct error wrong = {0};
	if (account_password_check(visit->visitor->login, new, &wrong) != 0)
		form_refuse(form, "new", wrong.text);
	else if (strcmp(new, current) == 0)
		form_refuse(form, "new", tr("this is the old password", "это прежний пароль"));
	if (strcmp(new, again) != 0)
		form_refuse(form, "again", tr("the two are different", "пароли не совпадают"));
	if (!form->wrong && e->code == ERROR_NONE)
		(void)account_password_hash(visit->visitor->login, new, change->hash, e);
}

static const char *value(const struct visit *visit, const char *name)
{
	const char *text = web_value(visit->request, name);
	return text == NULL ? "" : text;
}

void take_password(struct visit *visit)
{
	struct form form;
	struct error e = {0};
	struct change change = {.visit = visit};
	const char *current = value(visit, "current");
	bool first = visit->visitor->session->account.must_change;
	form_begin_empty(&form); /* what was typed is never shown again */
	check_current(visit, &form, current, &e);
	if (e.code == ERROR_NONE)
		check_new(visit, &form, current, value(visit, "new"), value(visit, "again"), &change, &e);
	if (e.code == ERROR_NONE && form.wrong) {
		show(visit, 422, &form);
		return;
	}
	json_decref(form_take_fields(&form));
	if (e.code != ERROR_NONE || console_transaction(visit, change_work, &change, &e) != 0)
		console_error(visit, &e);
	else
		console_done(visit, first ? "/" : "/password",
			tr("The password was changed. Everywhere else you are logged out.",
				"Пароль изменён. На других устройствах вход завершён."));
}

/* ---- ending a session ------------------------------------------------------------------------- */

static int end_work(void *arg, struct db *tx, struct error *e)
{
	struct visit *visit = arg;
	char *subject = xasprintf("account:%s", visit->visitor->login);
	int rc = session_close_one(tx, visit->visitor->account, web_part(visit->request, "session"), e);
	if (rc == 0)
		rc = console_audit(visit, tx, "session.end", subject, NULL, NULL, e);
	free(subject);
	return rc;
}

void end_own_session(struct visit *visit)
{
	struct error e = {0};
	if (console_transaction(visit, end_work, visit, &e) != 0)
		console_error(visit, &e);
	else
		console_done(visit, "/password", tr("The session was ended.", "Вход завершён."));
}
