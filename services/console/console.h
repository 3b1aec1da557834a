/* The console: pages of staff and operators, and the REST API. One process, several may run side by side
 * (everything stands in the store). A request goes
 *   web (hostile input, limits) -> gate.c (who, which right, CSRF) -> a handler of one of the parts
 *   start/ people/ directory/ compose/ campaign/ operate/ api/
 * Each part has one table of routes, named in routes.c. */
#ifndef VESTNIK_CONSOLE_CONSOLE_H
#define VESTNIK_CONSOLE_CONSOLE_H

#include <jansson.h>

#include "account/role.h"
#include "account/session.h"
#include "audit/audit.h"
#include "control/order.h"
#include "daemon/daemon.h"
#include "web/known.h"
#include "web/page.h"
#include "web/request.h"
#include "web/throttle.h"
#include "web/web.h"

struct console {
	struct daemon *daemon;
	const struct settings *settings;
	const struct ident_key *key;
	struct bus *bus;
	struct web *web;
	struct web_pages *pages;
	struct web_assets *assets;
	struct web_route *routes;  /* made of the parts' tables, in the same order */
	int64_t expired_ms;        /* when old data was looked for; of the main thread */
	struct throttle *visitors;
	struct throttle *programs; /* per API key */
	struct throttle *logins, *browsers, *refusals; /* logging in: per address, per known browser; audit lines */
	struct known *known;       /* cookies and keys that were good lately: whose body has room */
	struct tail *tail;         /* operate/: the one reader behind all live logs */
};
struct worker { /* of one thread */
	struct console *console;
	struct db *db;
};

/* Who asks. Nobody logged in: account 0, rights 0. */
struct visitor {
	int64_t account;
	const char *login, *name; /* of a program: its key's id and name */
	enum role role;
	uint32_t rights;
	bool program;             /* came with an API key */
	const json_t *senders;    /* of an API key: From addresses it may use; NULL or empty = all */
	char actor[100];          /* "console/ivanova", "api/<key id>": audit, tasks, revisions */
	struct session *session;  /* NULL: a program, or nobody */
};
struct visit {
	struct web_request *request;
	struct console *console;
	struct db *db;
	const struct visitor *visitor;
};

/* "/campaigns/{slug}/pause": a right for each method of each path, one row each. Paths under /api/ are
 * for programs (a key, no cookie, no CSRF), others for people. Under any other method than GET a page's
 * form carries "csrf" (or the header X-CSRF-Token): checked before the handler. */
struct console_route {
	enum web_method method;
	const char *path;
	enum right right;
	void (*handle)(struct visit *visit);
	int64_t body_max;     /* 0 = WEB_BODY_MAX */
	int files_max;
};
extern const struct console_route *const console_tables[]; /* routes.c; each ends with path NULL */
extern const size_t console_tables_count;

extern const struct daemon_service console_service;

/* ---- gate.c ------------------------------------------------------------------------------- */

/* Handler of every web_route. */
void console_gate(struct web_request *request, void *worker);
static inline bool visit_may(const struct visit *visit, enum right right)
{
	return rights_has(visit->visitor->rights, right);
}

/* For what stays open (a live log): ask once a minute, from the sender's thread, with its db and the hash of
 * visit->visitor->session. false: logged out, over, disabled, or the rights have shrunk: close the stream. Being
 * watched is no use of the session. A store that is away ends nothing. */
bool console_session_alive(const struct console *console, struct db *db, const char *hash);

/* ---- page.c: answering ------------------------------------------------------------------------ */

/* The page `name` of pages/ with what stands around it: menu (by rights), who is logged in, csrf, the
 * note of ?done=. data: taken over. It needs "title". "here": which entry of the menu is the page's
 * ("campaigns", "directory", "log" …; page.c). */
void console_page(struct visit *visit, int status, const char *name, json_t *data);
/* A piece of a page for htmx (the partial's file by its name, without what stands around). Takes data over. */
void console_piece(struct visit *visit, const char *name, json_t *data);
/* Asked by htmx for a piece? */
bool console_wants_piece(const struct visit *visit);
/* 303 to `location` with a note that is shown there once ("Saved"): signed, in the query. */
void console_done(struct visit *visit, const char *location, const char *note);
/* By the error's code: INPUT 422, NOT_FOUND 404, CONFLICT 409, DENIED 403, UNAVAILABLE and FULL 503, else 500;
 * the text is shown for the first four. */
void console_error(struct visit *visit, const struct error *e);
void console_not_found(struct visit *visit, const char *text);

/* ---- acting --------------------------------------------------------------------------------- */

/* For control/order.h, compose/compose.h: actor and origin of this visit. */
struct orderer console_orderer(const struct visit *visit);
/* A line of the audit log in tx. facts, detail: taken over, may be NULL. */
int console_audit(const struct visit *visit, struct db *tx, const char *action, const char *subject, json_t *facts,
	json_t *detail, struct error *e);

/* Answers with a file of people's data, and a line of the audit log says who took it. fd is closed. */
void console_hand_out(struct visit *visit, const char *action, const char *subject, int fd, size_t len, const char *name,
	const char *media_type);

/* work(arg, tx) in a durable write transaction, done again after a conflict. */
int console_transaction(struct visit *visit, int (*work)(void *arg, struct db *tx, struct error *e), void *arg,
	struct error *e);

/* ---- show.c: values as people read them, new references ----------------------------------------- */

json_t *show_time(const struct visit *visit, int64_t time_ms);     /* «12 мая, 14:05»; null for 0 */
json_t *show_moment(const struct visit *visit, int64_t time_ms);   /* «12.05.2023 14:05:09» for logs */
json_t *show_number(int64_t n);                                    /* «12 345» with a no-break space */
json_t *show_text(const char *text);                               /* null for NULL and "" */
json_t *show_ago(int64_t time_ms);                                 /* «3 мин назад» */

/* Paging by key: reads ?after= (opaque: several numbers), writes the link to the next page. */
bool page_after(const struct visit *visit, int64_t *at, size_t count);
/* The path with the query as it is, but with after=…; new reference. */
json_t *page_next(const struct visit *visit, const int64_t *at, size_t count);

#endif
