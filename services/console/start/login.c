/* /login, /logout, /password, /language. */
#include <string.h>

#include "account/account.h"
#include "base/clock.h"
#include "base/log.h"
#include "console/start/start.h"
#include "web/language.h"

static void show_login(struct visit *visit, int status, const char *login, const char *error)
{
	const char *next = web_query(visit->request, "next");
	if (next == NULL)
		next = web_value(visit->request, "next");
	console_page(visit, status, "login",
		json_pack("{s:s, s:s, s:o, s:s}", "title", tr("Log in", "Вход"), "login", login, "error", show_text(error), "next",
			next == NULL ? "" : next));
}

/* Only to a page of ours. */
static const char *next_of(const struct visit *visit)
{
	const char *next = web_value(visit->request, "next");
	return next != NULL && next[0] == '/' && next[1] != '/' && strchr(next, '\\') == NULL ? next : "/";
}

void page_login(struct visit *visit)
{
	if (visit->visitor->session != NULL)
		web_redirect(visit->request, "/");
	else
		show_login(visit, 200, "", NULL);
}

void take_login(struct visit *visit)
{
	struct console *console = visit->console;
	const char *login = web_value(visit->request, "login"), *password = web_value(visit->request, "password");
	const char *next = next_of(visit);
	struct account account;
	struct error e = {0};
	char cookie[SESSION_COOKIE_SIZE];
	login = login == NULL ? "" : login;
	if (!throttle_take(console->logins, web_neighbourhood(visit->request), clock_mono_ms())) {
		show_login(visit, 429, login, tr("Too many attempts from this address. Wait a minute.", "Слишком много попыток с этого адреса. Подождите минуту."));
		return;
	}
	const struct account_attempt attempt = {.login = login, .password = password == NULL ? "" : password};
	if (!account_check(visit->db, &attempt, clock_now_ms(), &account, &e)) {
		if (e.code != ERROR_NONE)
			web_reply_error(visit->request, &e);
		else
			show_login(visit, 422, login,
				tr("Login and password do not fit together, or there were too many attempts.",
					"Логин и пароль не подходят, или попыток было слишком много."));
		account_fini(&account);
		return;
	}
	const struct settings *s = console->settings;
	if (session_open(visit->db, account.id, web_address(visit->request), s->console.session_ms, cookie, &e) != 0) {
		web_reply_error(visit->request, &e);
	} else {
		log_info("console.login", "account=%s", account.login);
		web_set_cookie(visit->request, "vestnik", cookie, (int)(s->console.session_ms / 1000));
		web_redirect(visit->request, next);
	}
	account_fini(&account);
}

void take_logout(struct visit *visit)
{
	struct error e = {0};
	if (session_close(visit->db, visit->visitor->session->hash, &e) != 0) {
		web_reply_error(visit->request, &e);
		return;
	}
	web_set_cookie(visit->request, "vestnik", "", 0);
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
	if (db_exec(visit->db, &e, "UPDATE account SET lang = $2 WHERE id = $1", "is", visit->visitor->account, name) != 0)
		web_reply_error(visit->request, &e);
	else
		web_redirect(visit->request, next_of(visit));
}
