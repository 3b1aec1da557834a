/* POSTs through libcurl's multi interface, many at once in one thread. The only
 * file of the notifier that knows libcurl's transfers.
 *
 * Two pools that share no connection: one for endpoints that may be in the own
 * network, one for all others, whose sockets are guarded (address.h) when they
 * are opened and, because a reused one is not opened again, before every
 * request. Redirects are not followed, proxies of the environment are not used. */
#ifndef VESTNIK_NOTIFIER_SENDER_H
#define VESTNIK_NOTIFIER_SENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct sender;

struct sender_config {
	int connections;            /* kept open, each pool */
	int timeout_ms;             /* of a whole request, name resolution included */
	size_t kept_bytes;          /* of an answer, for people */
	const char *ca_file;        /* NULL = the system's */
};

struct sender_request {
	const char *url;
	const char *id;         /* webhook-id */
	int64_t timestamp_s;    /* webhook-timestamp */
	const char *signature;  /* webhook-signature: "v1,… v1,…" */
	const char *body;       /* borrowed until done() */
	size_t len;
	bool trusted;           /* private addresses are allowed */
};

struct sender_result {
	long status;            /* 0 = no whole answer */
	int64_t duration_ms;
	int64_t retry_after_ms; /* -1 = none */
	const char *error;      /* NULL when there is a whole answer; may be a remark beside a status */
	const char *response;   /* UTF-8, cut at kept_bytes */
};

int sender_open(struct sender **out, const struct sender_config *config,
	void (*done)(void *arg, void *request_arg, const struct sender_result *result), void *arg,
	struct error *e);
/* Ends what runs without calling done(). */
void sender_close(struct sender **sender);

/* Never calls done() itself. -1: this request cannot be sent at all. */
int sender_start(struct sender *sender, const struct sender_request *request, void *request_arg,
	struct error *e);
/* Ends the request of request_arg without calling done(). Not from inside done(). */
void sender_cancel(struct sender *sender, const void *request_arg);
int sender_running(const struct sender *sender);
/* Moves the transfers on; waits at most timeout_ms for something to move. Calls
 * done() for what ended. */
void sender_run(struct sender *sender, int timeout_ms);

#endif
