/* The web server of portal and console: libmicrohttpd behind one small interface, with what that
 * library lacks: routes, forms bounded in memory, templates, security headers, reaping of slow
 * clients, refusal of ambiguous requests. A handler runs in one of a few threads and answers once
 * (web/request.h). In production nginx stands in front and ends TLS. */
#ifndef VESTNIK_WEB_WEB_H
#define VESTNIK_WEB_WEB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "web/address.h"

struct web;
struct web_request;
struct web_pages;
struct web_assets;

enum web_method { WEB_GET = 1, WEB_POST = 2, WEB_PUT = 4, WEB_DELETE = 8, WEB_PATCH = 16 };

/* "/a/{token}": a part in braces takes one non-empty segment, decoded, and is read with
 * web_part(). Parts named token or ending in _token are masked in the log. HEAD is a GET whose body
 * is not sent. The first route that fits counts. */
struct web_route {
	unsigned methods;     /* of enum web_method */
	const char *path;
	void (*handle)(struct web_request *request, void *worker);
	int64_t body_max;     /* bytes of a request's body; 0 = WEB_BODY_MAX */
	int files_max;        /* files in a form; 0 = none are taken */
};
#define WEB_BODY_MAX 65536 /* a form without files: a page of text */

#define WEB_ROUTE_TABLES_MAX 8
struct web_config {
	const char *listen;   /* "127.0.0.1:8090", "[::1]:8090"; port 0: any */
	int threads;          /* handlers at once; 0 = 4 */
	int connections;      /* in all; 0 = 1000 */
	int connections_per_address; /* of those not in proxies; 0 = 50 */
	int header_ms;        /* from the connection, or the last answer, to a whole header; 0 = 10 s */
	int silence_ms;       /* of a stream of events, then a comment is sent; 0 = 15 s */
	/* PEM files: HTTPS of our own (1.2 and newer); NULL: plain HTTP, for a proxy in front or this machine. */
	const char *tls_cert_file, *tls_key_file;
	const char *folder;   /* for files on their way in, exists; NULL = /tmp */
	int64_t bodies_max;   /* bytes all of them may take there at once; then 503; 0 = 2 GiB */
	const struct address_set *proxies; /* whose X-Forwarded-For and -Proto are believed; NULL = nobody's */
	const struct web_route *const *tables; /* each ends with path NULL */
	size_t tables_count;
	const struct web_pages *pages;   /* "problem" shows errors */
	const struct web_assets *assets; /* served at /assets/; NULL = none */
	/* What a handler works with, one for each thread, made at its first request: a store
	 * connection. When opening fails the visitor is asked to come again later. */
	int (*worker_open)(void *arg, void **worker, struct error *e);
	void (*worker_close)(void *arg, void *worker);
	/* Whether this address may ask now; NULL = always. false: 429. */
	bool (*admit)(void *arg, const struct web_request *request);
	/* Whether who sends this has been let in before: the others share an eighth of bodies_max, and cannot fill the
	 * rest. Asked before a body is read, in threads that have no worker. NULL: nobody is told apart. */
	bool (*known)(void *arg, const struct web_request *request);
	/* Answers a refusal or failure in its own way (an API's problem+json): true when it did. NULL: the page
	 * "problem" always. Called also before there is a handler, in any thread, without a worker; web_path() is NULL
	 * when the target could not be read (400). What libmicrohttpd refuses by itself (no Host, a header over 32 KiB)
	 * does not come here. */
	bool (*problem)(void *arg, struct web_request *request, int status, const char *title, const char *text);
	/* Other words for a status than the portal's, which speak of the link in a letter; false: those. May be NULL. */
	bool (*words)(int status, const char **title, const char **text);
	void *arg;
};

/* Copies what it keeps of the config but not what that points to: routes, proxies, pages and assets
 * live as long as the server. ERROR_INPUT: listen, a certificate; ERROR_UNAVAILABLE: the address is taken. */
int web_start(struct web **out, const struct web_config *config, struct error *e);
/* No new connections; what is being answered has drain_ms. */
void web_stop(struct web **web, int drain_ms);
/* The port it listens on. */
int web_port(const struct web *web);

struct web_counts {
	int64_t requests, refused, reaped; /* since the start */
	int connections, streams;          /* now */
};
void web_counts(struct web *web, struct web_counts *out);

#endif
