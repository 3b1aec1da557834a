/* Before every handler: who asks, may he, and is it really he (CSRF). */
#include "console/console.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "web/language.h"
#include "web/target.h"

#define COOKIE "vestnik"

static const struct console_route *row_of(const struct console *console, const struct web_route *route)
{
	size_t at = (size_t)(route - console->routes);
	for (size_t t = 0; t < console_tables_count; t++)
		for (const struct console_route *row = console_tables[t]; row->path != NULL; row++)
			if (at-- == 0)
				return row;
	PANIC("a route without a row");
}

static bool for_programs(const struct web_request *request)
{
	return strncmp(web_path(request), "/api/", 5) == 0;
}

/* ---- people ---------------------------------------------------------------------------- */

static void become(struct visitor *visitor, struct session *session)
{
	visitor->account = session->account.id;
	visitor->login = session->account.login;
	visitor->name = session->account.name;
	visitor->role = session->account.role;
	visitor->rights = role_rights(session->account.role);
	visitor->session = session;
	snprintf(visitor->actor, sizeof visitor->actor, "console/%s", session->account.login);
}

static void to_login(struct visit *visit)
{
	const char *self = web_self(visit->request);
	if (console_wants_piece(visit)) {
		web_add_header(visit->request, "HX-Redirect", "/login");
		web_reply(visit->request, 401, "text/plain; charset=utf-8", "", 0);
		return;
	}
	char *escaped = target_escape(web_method(visit->request) == WEB_GET ? self : "/");
	char *location = xasprintf("/login?next=%s", escaped);
	web_redirect(visit->request, location);
	free(location);
	free(escaped);
}

/* A browser says where a request comes from; one that does not is asked for the token alone. */
static bool from_here(const struct web_request *request)
{
	const char *site = web_header(request, "Sec-Fetch-Site");
	return site == NULL || strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0;
}

static bool csrf_ok(const struct visit *visit)
{
	const char *given = web_header(visit->request, "X-CSRF-Token");
	if (given == NULL)
		given = web_value(visit->request, "csrf");
	return from_here(visit->request) && session_csrf_ok(visit->visitor->session, given);
}

static void for_person(struct visit *visit, const struct console_route *row)
{
	const struct visitor *visitor = visit->visitor;
	enum lang lang;
	if (visitor->session != NULL && web_query(visit->request, "lang") == NULL && visitor->session->account.lang != NULL &&
		language_named(visitor->session->account.lang, &lang))
		web_speak(visit->request, lang);
	bool acts = row->method != WEB_GET;
	if (visitor->session == NULL && row->right != RIGHT_NONE) {
		to_login(visit);
		return;
	}
	if (visitor->session == NULL && acts && !from_here(visit->request)) {
		web_reply_problem(visit->request, 403, NULL, NULL);
		return;
	}
	if (visitor->session != NULL && acts && !csrf_ok(visit)) {
		web_reply_problem(visit->request, 403, tr("The page has grown old", "Страница устарела"),
			tr("You logged in anew meanwhile, or the form came from another site. Go back, load the page again and repeat.",
				"Вы за это время вошли заново, или форма пришла с другого сайта. Вернитесь, обновите страницу и повторите."));
		return;
	}
	if (!rights_has(visitor->rights, row->right)) {
		web_reply_problem(visit->request, 403, tr("This is not for your role", "Это не для Вашей роли"),
			right_words(row->right));
		return;
	}
	if (visitor->session != NULL && visitor->session->account.must_change && row->right != RIGHT_NONE &&
		strcmp(row->path, "/password") != 0) {
		web_redirect(visit->request, "/password");
		return;
	}
	row->handle(visit);
}

void console_gate(struct web_request *request, void *state)
{
	struct worker *worker = state;
	struct console *console = worker->console;
	const struct console_route *row = row_of(console, web_route_of(request));
	struct session session = {0};
	struct visitor visitor = {.role = ROLES, .login = "", .name = ""};
	struct visit visit = {.request = request, .console = console, .db = worker->db, .visitor = &visitor};
	struct error e = {0};
	if (for_programs(request)) {
		web_reply_problem(request, 404, NULL, NULL);
		return;
	}
	const char *cookie = web_cookie(request, COOKIE);
	enum db_step step = cookie == NULL ? DB_DONE
					   : session_find(worker->db, cookie, clock_now_ms(), console->settings->console.idle_ms,
						     &session, &e);
	if (step == DB_ROW)
		become(&visitor, &session);
	if (step == DB_FAILED)
		web_reply_error(request, &e);
	else
		for_person(&visit, row);
	session_fini(&session);
}
