/* Before every handler: who asks, may he, and is it really he (CSRF). Which rules count follows from the route that
 * was found, not from what the address looks like. */
#include "console/api/api.h"
#include "console/gate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "account/api_key.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "web/language.h"
#include "web/target.h"

static const struct console_route *row_of(const struct console *console, const struct web_route *route)
{
	size_t at = (size_t)(route - console->routes);
	for (size_t t = 0; t < console_tables_count; t++)
		for (const struct console_route *row = console_tables[t]; row->path != NULL; row++)
			if (at-- == 0)
				return row;
	PANIC("a route without a row");
}

/* ---- cookies ------------------------------------------------------------------------------- */

static const char *const cookie_names[][2] = {
	[COOKIE_SESSION] = {"vestnik", "__Host-vestnik"},
	[COOKIE_FORM] = {"vestnik-form", "__Host-vestnik-form"},
	[COOKIE_BROWSER] = {"vestnik-browser", "__Host-vestnik-browser"},
};

const char *gate_cookie(const struct web_request *request, enum console_cookie cookie)
{
	return web_cookie(request, cookie_names[cookie][web_secure(request)]);
}

void gate_set_cookie(struct web_request *request, enum console_cookie cookie, const char *value, int max_age_s)
{
	web_set_cookie(request, cookie_names[cookie][web_secure(request)], value, max_age_s);
}

/* ---- programs -------------------------------------------------------------------------- */

#define API_PREFIX "/api/"
#define METRICS "/metrics" /* of a monitoring system, or looked at by a person */

/* The key's text; NULL when the header is not there or says something else. */
static const char *bearer(const struct web_request *request)
{
	const char *header = web_header(request, "Authorization");
	if (header == NULL || strncasecmp(header, "Bearer ", 7) != 0)
		return NULL;
	return header + 7 + strspn(header + 7, " ");
}

static bool for_program(const struct web_request *request, const struct console_route *row)
{
	if (strncmp(row->path, API_PREFIX, strlen(API_PREFIX)) == 0)
		return true;
	return strcmp(row->path, METRICS) == 0 && bearer(request) != NULL;
}

bool gate_words(int status, const char **title, const char **text)
{
	switch (status) {
	case 400:
		*title = tr("The request cannot be read", "Запрос не удалось прочитать");
		*text = tr("The address or the form arrived damaged. Go back, load the page again and repeat.",
			"Адрес или форма пришли повреждёнными. Вернитесь, обновите страницу и повторите.");
		return true;
	case 404:
		*title = tr("There is no such page", "Такой страницы нет");
		*text = tr("It may have been moved or finished. Look for it in the menu.",
			"Возможно, её больше нет или адрес набран с ошибкой. Поищите нужное в меню.");
		return true;
	case 405:
		*title = tr("This page cannot do that", "Эта страница так не умеет");
		*text = tr("The address belongs to a button. Open the page it stands on.",
			"По этому адресу работает кнопка. Откройте страницу, на которой она стоит.");
		return true;
	default:
		return false;
	}
}

static void not_known(struct visit *visit)
{
	if (strncmp(web_path(visit->request), API_PREFIX, strlen(API_PREFIX)) != 0) /* there api_refusal says so */
		web_add_header(visit->request, "WWW-Authenticate", "Bearer realm=\"vestnik\"");
	web_reply_problem(visit->request, 401, tr("An API key is needed", "Нужен ключ API"),
		tr("Send the header Authorization: Bearer vk_…; a key that is unknown, revoked or expired opens nothing.",
			"Передайте заголовок Authorization: Bearer vk_…; неизвестный, отозванный или просроченный ключ ничего не открывает."));
}

static void serve_program(struct visit *visit, struct visitor *visitor, const struct console_route *row)
{
	struct api_key key = {0};
	struct error e = {0};
	const char *text = bearer(visit->request);
	enum db_step step = text == NULL ? DB_DONE : api_key_find(visit->db, text, clock_now_ms(), &key, &e);
	if (step == DB_FAILED) {
		web_reply_error(visit->request, &e);
		return;
	}
	if (step == DB_ROW) {
		known_add(visit->console->known, text, clock_mono_ms());
		visitor->program = true;
		visitor->login = key.id;
		visitor->name = key.name;
		visitor->rights = key.rights | RIGHT_BIT(RIGHT_OWN);
		visitor->senders = key.senders;
		snprintf(visitor->actor, sizeof visitor->actor, "api/%s", key.id);
	}
	if (step == DB_DONE && text != NULL)
		known_forget(visit->console->known, text);
	if (step == DB_DONE && row->right != RIGHT_NONE)
		not_known(visit);
	else if (!rights_has(visitor->rights, row->right))
		web_reply_problem(visit->request, 403, tr("The key does not allow this", "Ключ этого не разрешает"),
			right_words(row->right));
	else
		row->handle(visit);
	api_key_fini(&key);
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

/* Where the visitor wanted to: path and query. */
static char *self_of(const struct visit *visit)
{
	struct buf out;
	size_t n;
	const struct target_pair *pair = web_queries(visit->request, &n);
	const char *self = web_self(visit->request);
	buf_init(&out, 3 * TARGET_MAX_BYTES);
	(void)buf_append(&out, self, strcspn(self, "?"));
	for (size_t i = 0; i < n; i++) {
		char *name = target_escape(pair[i].name), *value = target_escape(pair[i].value);
		(void)buf_printf(&out, "%c%s=%s", i == 0 ? '?' : '&', name, value);
		free(name);
		free(value);
	}
	if (!buf_ok(&out)) {
		buf_fini(&out);
		return xstrdup("/");
	}
	return buf_take(&out);
}

/* The whole window goes there, also when only a piece of a page was asked for. */
static void send_to(struct visit *visit, const char *location)
{
	const char *accept = web_header(visit->request, "Accept");
	bool stream = accept != NULL && strstr(accept, "text/event-stream") != NULL;
	if (!stream && !console_wants_piece(visit)) {
		web_redirect(visit->request, location);
		return;
	}
	if (!stream)
		web_add_header(visit->request, "HX-Redirect", location);
	web_reply(visit->request, 401, "text/plain; charset=utf-8", "", 0);
}

static void to_login(struct visit *visit)
{
	bool back = web_method(visit->request) == WEB_GET && !console_wants_piece(visit);
	char *self = back ? self_of(visit) : xstrdup("/"), *escaped = target_escape(self);
	char *location = strcmp(self, "/") == 0 ? xstrdup("/login") : xasprintf("/login?next=%s", escaped);
	send_to(visit, location);
	free(location);
	free(escaped);
	free(self);
}

/* "https://host:port" is ours when it is what the request was sent to. A proxy in front may leave out the port. */
static bool is_our_origin(const struct web_request *request, const char *origin)
{
	const char *host = web_header(request, "Host"), *theirs = strstr(origin, "://");
	if (host == NULL || theirs == NULL)
		return false;
	theirs += 3;
	const char *bracket = strchr(host, ']'), *port = strchr(bracket == NULL ? host : bracket, ':');
	size_t len = strlen(host);
	if (strncasecmp(theirs, host, len) != 0)
		return false;
	return theirs[len] == '\0' || (port == NULL && theirs[len] == ':');
}

/* A browser says where a request comes from; an older one names the origin, which is "null" for our own forms, too:
 * our Referrer-Policy hides it. One that says nothing is asked for the token alone. */
static bool from_here(const struct web_request *request)
{
	const char *site = web_header(request, "Sec-Fetch-Site"), *origin = web_header(request, "Origin");
	if (site != NULL)
		return strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0;
	return origin == NULL || strcmp(origin, "null") == 0 || is_our_origin(request, origin);
}

static bool csrf_ok(const struct visit *visit, const struct console_route *row)
{
	const struct session *session = visit->visitor->session;
	const char *given = web_header(visit->request, "X-CSRF-Token"), *form = gate_cookie(visit->request, COOKIE_FORM);
	if (given == NULL)
		given = web_value(visit->request, "csrf");
	if (!from_here(visit->request))
		return false;
	/* The login page may have been opened before somebody logged in, in another tab. */
	return (session != NULL && session_csrf_ok(session, given)) ||
		(row->right == RIGHT_NONE && form != NULL && session_csrf_fits(form, given));
}

/* A password somebody else knows is good for changing it, and for leaving. */
static bool open_before_change(const struct console_route *row)
{
	return row->right == RIGHT_NONE || strcmp(row->path, "/password") == 0 || strcmp(row->path, "/logout") == 0 ||
		strcmp(row->path, "/language") == 0;
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
	if (acts && !csrf_ok(visit, row)) {
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
	if (visitor->session != NULL && visitor->session->account.must_change && !open_before_change(row)) {
		send_to(visit, "/password");
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
	if (for_program(request, row)) {
		api_speak(request);
		serve_program(&visit, &visitor, row);
		return;
	}
	const char *cookie = gate_cookie(request, COOKIE_SESSION);
	enum db_step step = cookie == NULL ? DB_DONE
					   : session_find(worker->db, cookie, clock_now_ms(), console->settings->console.idle_ms,
						     &session, &e);
	if (step == DB_ROW) {
		known_add(console->known, cookie, clock_mono_ms());
		become(&visitor, &session);
	} else if (step == DB_DONE && cookie != NULL)
		known_forget(console->known, cookie);
	if (step == DB_FAILED)
		web_reply_error(request, &e);
	else
		for_person(&visit, row);
	session_fini(&session);
}

bool gate_known_program(const struct console *console, const struct web_request *request)
{
	return known_has(console->known, bearer(request));
}

bool gate_known(void *arg, const struct web_request *request)
{
	const struct console *console = arg;
	return gate_known_program(console, request) || known_has(console->known, gate_cookie(request, COOKIE_SESSION));
}

bool console_session_alive(const struct console *console, struct db *db, const char *hash)
{
	struct error e = {0};
	return session_alive(db, hash, clock_now_ms(), console->settings->console.idle_ms, &e) != DB_DONE;
}
