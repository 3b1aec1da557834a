/* The recipients' pages: answering, acknowledging, leaving, reading, a municipality's schools. */
#ifndef VESTNIK_PORTAL_PORTAL_H
#define VESTNIK_PORTAL_PORTAL_H

#include "daemon/daemon.h"
#include "web/page.h"
#include "web/request.h"
#include "web/throttle.h"
#include "web/web.h"

#define PORTAL_SOURCE "vestnik/portal" /* of the events its transactions publish */

struct portal {
	struct daemon *daemon;
	const struct settings *settings;
	const struct ident_key *key;
	struct bus *bus;
	struct web *web;          /* NULL: no public_url, nothing is served */
	struct web_pages *pages;
	struct web_assets *assets;
	char *files;              /* folder of annexes ready to be sent (annex_file.h) */
	struct throttle *visitors, *guesses, *tokens, *checks;
};
struct worker { /* of one thread */
	struct portal *portal;
	struct db *db;
};

extern const struct daemon_service portal_service;

/* Route tables (routes.c). A part of the project with pages of its own adds its table there. */
extern const struct web_route *const portal_tables[];
extern const size_t portal_tables_count;
extern const struct web_route publish_routes[]; /* publish.c: /c/{slug}, /feed.atom */

/* ---- pages ----------------------------------------------------------------------- */

void page_home(struct web_request *request, void *worker);
void page_robots(struct web_request *request, void *worker);
void page_answer(struct web_request *request, void *worker);       /* /a/{token} */
void page_acknowledge(struct web_request *request, void *worker);  /* /k/{token} */
void page_cascade(struct web_request *request, void *worker);      /* /m/{token} */
void page_forward(struct web_request *request, void *worker);      /* /f/{token} */
void page_annex(struct web_request *request, void *worker);        /* /d/{token} */
void page_sheet(struct web_request *request, void *worker);        /* /x/{token} */
void page_organisation(struct web_request *request, void *worker); /* /o/{token} */
void page_check(struct web_request *request, void *worker);        /* /check */
void page_leave(struct web_request *request, void *worker);        /* /u/{token} */

#endif
