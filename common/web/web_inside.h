/* Inside of the room: the server and a request as its files share them. */
#ifndef VESTNIK_WEB_WEB_INSIDE_H
#define VESTNIK_WEB_WEB_INSIDE_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "web/asset.h"
#include "web/crew.h"
#include "web/form.h"
#include "web/page.h"
#include "web/request.h"
#include "web/secure.h"
#include "web/streams.h"
#include "web/target.h"
#include "web/watch.h"
#include "web/web.h"

#define ADDED_HEADERS_MAX 8
/* A body that is too large is swallowed up to here, so that the browser reads why; beyond, the
 * connection is closed. */
#define SWALLOW_MAX (64LL * 1024 * 1024)

struct web {
	struct web_config config;
	const struct web_route *tables[WEB_ROUTE_TABLES_MAX];
	struct MHD_Daemon *daemon;
	struct secure secure;
	struct watch *watch;
	int listen_fd, port;
	struct crew *crew;
	struct streams *streams;
	atomic_llong requests, refused;
	struct form_room bodies, strangers; /* of web_config.known, and of the others */
	atomic_int open; /* requests begun and not over */
};

struct web_request {
	struct web *web;
	struct MHD_Connection *connection;
	struct guest *guest;
	char *raw;               /* the target as it came; NULL: too long */
	bool begun, answered;
	const char *method_name;
	enum web_method method;
	struct target target;
	bool target_good;
	const struct web_route *route; /* NULL = none fits */
	unsigned allowed;        /* methods of the path, when this one is not among them */
	struct target_part part[TARGET_PARTS_MAX];
	size_t parts;
	struct form form;
	bool has_form;
	struct address address;
	char address_text[ADDRESS_TEXT_SIZE], neighbourhood[ADDRESS_TEXT_SIZE];
	bool secure;
	enum lang lang;
	char *self;
	struct {
		char *name, *value;
	} added[ADDED_HEADERS_MAX];
	size_t added_count;
	int64_t started_us;
	struct MHD_Response *response; /* made, not yet handed to the library */
	int status;              /* answered with */
	bool given;              /* to the crew */
	struct web_stream *stream; /* NULL: an answer that ends by itself */
	struct web_request *next_waiting;
};

/* ---- examine.c: before a handler ------------------------------------------------ */

/* Looks at header and target. 0: go on; else the status to refuse with. */
int request_examine(struct web_request *request);
void request_free(struct web_request *request);
/* For the log: a token is three asterisks. The caller frees. */
char *request_masked_path(const struct web_request *request);

/* ---- reply.c ------------------------------------------------------------------------ */

/* An answer that stays open: no clock runs for it. */
void reply_stream(struct web_request *request, struct MHD_Response *response);

#endif
