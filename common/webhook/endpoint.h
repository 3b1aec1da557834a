/* Webhook endpoints in the store: tables endpoint, endpoint_secret. Every
 * change is one transaction of its own, or a part of the caller's (DB_WRITE),
 * counted in it (webhook_revision): an event published after it is treated by
 * the notifier as the change says. */
#ifndef VESTNIK_WEBHOOK_ENDPOINT_H
#define VESTNIK_WEBHOOK_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "store/db.h"
#include "webhook/secret.h"

#define WEBHOOK_ENDPOINT_ID_SIZE 24 /* "ep-" + 16 characters + NUL, room for more */
#define WEBHOOK_CONCURRENCY_MAX 64

struct webhook_endpoint {
	char id[WEBHOOK_ENDPOINT_ID_SIZE];
	const char *url;
	const char *events;          /* JSON, webhook/filter.h */
	bool active;
	const char *disabled_reason; /* NULL when active */
	int concurrency;
	bool allow_private;
	const char *campaign;        /* slug, NULL = all */
	int64_t created_ms;
	int64_t first_failure_ms;    /* 0 = the last attempt was good */
};

/* An https URL with a host and without user info; http only when private
 * addresses are allowed (inside the own network). */
int webhook_url_check(const char *url, bool allow_private, struct error *e);

/* url, events, concurrency, allow_private, campaign are taken from endpoint;
 * id and created_ms are filled in; the secret is shown this once. */
int webhook_endpoint_add(struct db *db, struct webhook_endpoint *endpoint,
	char secret[static WEBHOOK_SECRET_SIZE], struct error *e);
/* url, events, concurrency, allow_private, campaign of the endpoint with this id; the checks are those of adding. What
 * waits for it goes where it points now, and a new url begins in good health. ERROR_NOT_FOUND. */
int webhook_endpoint_change(struct db *db, const struct webhook_endpoint *endpoint, struct error *e);
/* Which of these members two differ in, as the API names them: "url, events"; "" = none. */
#define WEBHOOK_MEMBERS_SIZE 64 /* all five and some room */
const char *webhook_endpoint_differs(const struct webhook_endpoint *a, const struct webhook_endpoint *b,
	char out[static WEBHOOK_MEMBERS_SIZE]);
/* How many changes of endpoints and secrets were committed: another number than
 * before means that they should be read again. Read it before them. */
int webhook_revision(struct db *db, int64_t *revision, struct error *e);
/* In order of creation. The strings live until each() returns; it may stop with
 * non-zero. */
int webhook_endpoint_each(struct db *db,
	int (*each)(void *arg, const struct webhook_endpoint *endpoint), void *arg,
	struct error *e);
/* One of them, with copies of its strings: webhook_endpoint_fini. ERROR_NOT_FOUND. */
int webhook_endpoint_read(struct db *db, const char *id, struct webhook_endpoint *out, struct error *e);
void webhook_endpoint_fini(struct webhook_endpoint *endpoint);
/* 0, or -1: ERROR_NOT_FOUND. */
int webhook_endpoint_exists(struct db *db, const char *id, struct error *e);
/* Keys that sign now, newest first; at most `most`. Returns their number or -1. */
int webhook_endpoint_keys(struct db *db, const char *id, int64_t now_ms, struct webhook_key *out,
	int most, struct error *e);
/* A new secret; the old ones go on signing beside it for keep_ms. */
int webhook_endpoint_rotate(struct db *db, const char *id, int64_t keep_ms,
	char secret[static WEBHOOK_SECRET_SIZE], struct error *e);
/* The endpoint and its secrets; the notifier deletes what was queued for it. */
int webhook_endpoint_remove(struct db *db, const char *id, struct error *e);
int webhook_endpoint_enable(struct db *db, const char *id, struct error *e);
/* By people; what comes meanwhile is not sent later. */
int webhook_endpoint_disable(struct db *db, const char *id, const char *reason, struct error *e);

#endif
