/* /login, /logout, /language. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account/account.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "console/gate.h"
#include "console/start/start.h"
#include "web/language.h"
#include "web/target.h"

#define FORM_LIVES_S (24 * 3600)
#define BROWSER_LIVES_S (400 * 24 * 3600) /* the most browsers keep */

/* ---- the page ----------------------------------------------------------------------------- */

static void show_login(struct visit *visit, int status, const char *login, const char *error)
{
	char made[SESSION_COOKIE_SIZE], csrf[SESSION_CSRF_SIZE];
	const char *next = web_query(visit->request, "next"), *form = gate_cookie(visit->request, COOKIE_FORM);
	if (next == NULL)
		next = web_value(visit->request, "next");
	if (form == NULL) {
		session_cookie_new(made);
		gate_set_cookie(visit->request, COOKIE_FORM, made, FORM_LIVES_S);
		form = made;
	}
	session_csrf(form, csrf);
	next = next == NULL ? "" : next;
	char *escaped = target_escape(next); /* in the link to the other language */
	console_page(visit, status, "login",
		json_pack("{s:s, s:s, s:o, s:s, s:s, s:s}", "title", tr("Log in", "Вход"), "login", login, "error", show_text(error),
			"next", next, "next_query", escaped, "csrf", csrf));
	free(escaped);
}

/* Only to a page of ours: what a browser could read as another host is none. */
static const char *page_of_ours(const char *next)
{
	if (next == NULL || next[0] != '/' || next[1] == '/')
		return "/";
	for (const char *p = next; *p != '\0'; p++)
		if (*p == '\\' || (unsigned char)*p <= ' ' || *p == 127)
			return "/";
	return next;
}

static const char *next_of(const struct visit *visit)
{
	return page_of_ours(web_value(visit->request, "next"));
}

/* Who logged in meanwhile, in another tab, is where he wanted to go by loading this page again. */
void page_login(struct visit *visit)
{
	if (visit->visitor->session != NULL)
		web_redirect(visit->request, page_of_ours(web_query(visit->request, "next")));
	else
		show_login(visit, 200, "", NULL);
}

/* ---- a browser that was here before --------------------------------------------------------- */

/* "<random>.<mac>", the mac over login and random: says only that somebody logged in as this login here. It opens
 * nothing; who has it is not shut out by a lock others have caused. */
#define BROWSER_PURPOSE "console browser"
#define BROWSER_SIZE (SESSION_COOKIE_SIZE + 1 + IDENT_MAC_SIZE)

static char *browser_text(const char *login, const char *random)
{
	return xasprintf("%s %s", login, random);
}

/* Does the cookie say so, and has this browser tries left? */
static bool is_known_browser(const struct visit *visit, const char *typed)
{
	const char *cookie = gate_cookie(visit->request, COOKIE_BROWSER);
	char login[ACCOUNT_LOGIN_MAX + 1], random[SESSION_COOKIE_SIZE];
	struct error e;
	size_t len = cookie == NULL ? 0 : strcspn(cookie, ".");
	if (len == 0 || len >= sizeof random || cookie[len] != '.' || account_login_clean(typed, login, &e) != 0)
		return false;
	snprintf(random, sizeof random, "%.*s", (int)len, cookie);
	char *text = browser_text(login, random);
	bool ours = ident_mac_ok(visit->console->key, BROWSER_PURPOSE, text, cookie + len + 1);
	free(text);
	return ours && throttle_take(visit->console->browsers, random, clock_mono_ms());
}

static void remember_browser(const struct visit *visit, const char *login)
{
	char random[SESSION_COOKIE_SIZE], mac[IDENT_MAC_SIZE], cookie[BROWSER_SIZE];
	session_cookie_new(random);
	char *text = browser_text(login, random);
	ident_mac(visit->console->key, BROWSER_PURPOSE, text, mac);
	free(text);
	snprintf(cookie, sizeof cookie, "%s.%s", random, mac);
	gate_set_cookie(visit->request, COOKIE_BROWSER, cookie, BROWSER_LIVES_S);
}

/* ---- audit ------------------------------------------------------------------------------- */

struct login_act {
	struct visit *visit;
	const struct account *account; /* id 0: there is none */
	char cookie[SESSION_COOKIE_SIZE];
};

static int write_act(const struct login_act *act, struct db *tx, const char *actor, const char *action, struct error *e)
{
	/* A login that is none is not kept: people type passwords there. */
	const char *login = act->account->id != 0 ? act->account->login : "?";
	char *subject = xasprintf("account:%s", login), *whole = xasprintf("console/%s", actor);
	const struct audit_act audit = {.actor = whole, .origin = web_address(act->visit->request), .action = action,
		.subject = subject};
	int rc = audit_write(tx, act->visit->console->key, &audit, e);
	free(subject);
	free(whole);
	return rc;
}

/* A new cookie each time; what session this browser had before ends. */
static int open_work(void *arg, struct db *tx, struct error *e)
{
	struct login_act *act = arg;
	const struct session *before = act->visit->visitor->session;
	if (before != NULL && session_close(tx, before->hash, e) != 0)
		return -1;
	if (session_open(tx, act->account->id, web_address(act->visit->request),
		    act->visit->console->settings->console.session_ms, act->cookie, e) != 0)
		return -1;
	return write_act(act, tx, act->account->login, "session.open", e);
}

static int refused_work(void *arg, struct db *tx, struct error *e)
{
	return write_act(arg, tx, "?", "session.refused", e);
}

/* Known or not, the same is done, in the same time. A flood fills no disk: beyond the measure only the log tells. */
static void note_refusal(struct visit *visit, const struct account *account)
{
	struct login_act act = {.visit = visit, .account = account};
	struct error e = {0};
	log_warn("console.login", "refused address=%s account=%s", web_address(visit->request),
		account->id != 0 ? account->login : "?");
	if (throttle_take(visit->console->refusals, "all", clock_mono_ms()) &&
		console_transaction(visit, refused_work, &act, &e) != 0)
		log_error("console.audit", "error=%s", log_quote(e.text));
}

/* ---- logging in ------------------------------------------------------------------------------ */

static void let_in(struct visit *visit, const struct account *account)
{
	struct login_act act = {.visit = visit, .account = account};
	struct error e = {0};
	if (console_transaction(visit, open_work, &act, &e) != 0) {
		web_reply_error(visit->request, &e);
		return;
	}
	log_info("console.login", "account=%s address=%s", account->login, web_address(visit->request));
	gate_set_cookie(visit->request, COOKIE_SESSION, act.cookie, (int)(visit->console->settings->console.session_ms / 1000));
	gate_set_cookie(visit->request, COOKIE_FORM, "", 0);
	remember_browser(visit, account->login);
	web_redirect(visit->request, next_of(visit));
}

void take_login(struct visit *visit)
{
	const char *login = web_value(visit->request, "login"), *password = web_value(visit->request, "password");
	struct account account = {0};
	struct error e = {0};
	login = login == NULL ? "" : login;
	if (!throttle_take(visit->console->logins, web_neighbourhood(visit->request), clock_mono_ms())) {
		web_add_header(visit->request, "Retry-After", "60");
		show_login(visit, 429, login,
			tr("Too many attempts from this address. Wait a minute.", "Слишком много попыток с этого адреса. Подождите минуту."));
		return;
	}
	const struct account_attempt attempt = {.login = login,
		.password = password == NULL ? "" : password,
		.known_browser = is_known_browser(visit, login)};
	if (account_check(visit->db, &attempt, clock_now_ms(), &account, &e)) {
		let_in(visit, &account);
	} else if (e.code != ERROR_NONE) {
		web_reply_error(visit->request, &e);
	} else {
		note_refusal(visit, &account);
		show_login(visit, 422, login,
			tr("Login and password do not fit together. After five errors in a row the account is closed for a minute, then "
			   "longer: wait, or ask the administrator.",
				"Логин и пароль не подходят. После пяти ошибок подряд вход закрывается на минуту, потом на дольше: подождите "
				"или обратитесь к администратору."));
	}
	account_fini(&account);
}

/* ---- logging out, the language ---------------------------------------------------------------- */

static int close_work(void *arg, struct db *tx, struct error *e)
{
	struct visit *visit = arg;
	char *subject = xasprintf("account:%s", visit->visitor->login);
	int rc = session_close(tx, visit->visitor->session->hash, e);
	if (rc == 0)
		rc = console_audit(visit, tx, "session.close", subject, NULL, NULL, e);
	free(subject);
	return rc;
}

void take_logout(struct visit *visit)
{
	struct error e = {0};
	if (console_transaction(visit, close_work, visit, &e) != 0) {
		web_reply_error(visit->request, &e);
		return;
	}
	gate_set_cookie(visit->request, COOKIE_SESSION, "", 0);
	web_redirect(visit->request, "/login");
}

void take_language(struct visit *visit)
{
	const char *name = web_value(visit->request, "lang");
	struct error e = {0};
	enum lang lang;
	if (name == NULL || !language_named(name, &lang)) {
		web_reply_problem(visit->request, 400, NULL, NULL);
		return;
	}
	if (account_set_lang(visit->db, visit->visitor->account, name, &e) != 0)
		web_reply_error(visit->request, &e);
	else
		web_redirect(visit->request, next_of(visit));
}
