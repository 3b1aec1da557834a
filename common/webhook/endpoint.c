#include "webhook/endpoint.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/ident.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "store/again.h"

#define URL_MAX_BYTES 2000

int webhook_url_check(const char *url, bool allow_private, struct error *e)
{
	if (strlen(url) > URL_MAX_BYTES || !gate_url(url, false))
		return error_set(e, ERROR_INPUT,
			tr("\"%.200s\" is not a URL for a webhook: https://host/path, no user name, no blanks",
				"«%.200s» не годится: нужен адрес вида https://узел/путь без имени пользователя и пробелов"),
			url);
	if (strncmp(url, "https:", 6) != 0 && !allow_private)
		return error_set(e, ERROR_INPUT, "%s",
			tr("events carry addresses of people: use https, or --allow-private inside your own network",
				"в событиях есть адреса людей: нужен https, а внутри своей сети --allow-private"));
	return 0;
}

static int check(const struct webhook_endpoint *endpoint, struct error *e)
{
	if (webhook_url_check(endpoint->url, endpoint->allow_private, e) != 0)
		return -1;
	if (endpoint->concurrency < 1 || endpoint->concurrency > WEBHOOK_CONCURRENCY_MAX)
		return error_set(e, ERROR_INPUT, tr("concurrency should be 1 to %d", "одновременных запросов: от 1 до %d"),
			WEBHOOK_CONCURRENCY_MAX);
	return 0;
}

static void id_new(char out[static WEBHOOK_ENDPOINT_ID_SIZE])
{
	unsigned char random[10]; /* 80 bits: nobody guesses, nothing collides */
	char text[17];
	ident_random(random, sizeof random);
	ident_base32(random, sizeof random, text);
	snprintf(out, WEBHOOK_ENDPOINT_ID_SIZE, "ep-%s", text);
}

/* Each change is a transaction of its own, or a part of the caller's, who then commits it and does it
 * again after a conflict. */
static int begin(struct db *db, bool *own, struct error *e)
{
	*own = !db_in_transaction(db);
	return *own ? db_begin(db, DB_WRITE, e) : 0;
}

/* Ends a change: counts it and commits, or takes everything back. Counted last,
 * so that others wait for the one row of all changes only for a moment. */
static int finish(struct db *db, bool own, int rc, struct error *e)
{
	if (rc == 0)
		rc = db_exec(db, e,
			"INSERT INTO meta (name, value) VALUES ('webhook_revision', '1') ON CONFLICT (name)"
			" DO UPDATE SET value = CAST(CAST(meta.value AS BIGINT) + 1 AS TEXT)",
			"");
	if (!own)
		return rc;
	if (rc == 0)
		return db_commit(db, DB_DURABLE, e);
	db_rollback(db);
	return -1;
}

int webhook_revision(struct db *db, int64_t *revision, struct error *e)
{
	*revision = 0; /* no row: nothing was ever changed */
	return db_query_int(db, revision, e,
		       "SELECT CAST(value AS BIGINT) FROM meta WHERE name = 'webhook_revision'", "") == DB_FAILED
		? -1
		: 0;
}

static int insert_secret(struct db *db, const char *id, const char *secret, int64_t now_ms,
	struct error *e)
{
	return db_exec(db, e,
		"INSERT INTO endpoint_secret (endpoint, secret, created_ms) VALUES ($1, $2, $3)", "ssi", id,
		secret, now_ms);
}

/* All changes count in one row, and the notifier writes about its endpoints: whoever comes second
 * begins anew. */
static int insert(struct db *db, const struct webhook_endpoint *endpoint, const char *secret, struct error *e)
{
	bool own;
	if (begin(db, &own, e) != 0)
		return -1;
	int rc = db_exec(db, e,
		"INSERT INTO endpoint (id, url, events, state, concurrency, allow_private, campaign, created_ms)"
		" VALUES ($1, $2, $3, 'active', $4, $5, $6, $7)",
		"sssiisi", endpoint->id, endpoint->url, endpoint->events, (int64_t)endpoint->concurrency,
		(int64_t)endpoint->allow_private, endpoint->campaign, endpoint->created_ms);
	if (rc == 0)
		rc = insert_secret(db, endpoint->id, secret, endpoint->created_ms, e);
	return finish(db, own, rc, e);
}

int webhook_endpoint_add(struct db *db, struct webhook_endpoint *endpoint,
	char secret[static WEBHOOK_SECRET_SIZE], struct error *e)
{
	if (check(endpoint, e) != 0)
		return -1;
	id_new(endpoint->id);
	endpoint->created_ms = clock_now_ms();
	webhook_secret_new(secret);
	bool own = !db_in_transaction(db);
	struct again again = {0};
	int rc;
	do
		rc = insert(db, endpoint, secret, e);
	while (rc != 0 && own && again_after_conflict(&again, e));
	return rc;
}

#define SELECT_ENDPOINT                                                                             \
	"SELECT id, url, events, state, disabled_reason, concurrency, allow_private, campaign,"        \
	" created_ms, first_failure_ms FROM endpoint "

static struct webhook_endpoint from_row(struct db_stmt *row)
{
	struct webhook_endpoint endpoint = {.url = db_text(row, 1),
		.events = db_text(row, 2),
		.active = strcmp(db_text(row, 3), "active") == 0,
		.disabled_reason = db_text(row, 4),
		.concurrency = (int)db_int(row, 5),
		.allow_private = db_int(row, 6) != 0,
		.campaign = db_text(row, 7),
		.created_ms = db_int(row, 8),
		.first_failure_ms = db_int(row, 9)};
	snprintf(endpoint.id, sizeof endpoint.id, "%s", db_text(row, 0));
	return endpoint;
}

int webhook_endpoint_each(struct db *db,
	int (*each)(void *arg, const struct webhook_endpoint *endpoint), void *arg, struct error *e)
{
	struct db_stmt *rows;
	if (db_query(db, &rows, e, SELECT_ENDPOINT "ORDER BY created_ms, id", "") != 0)
		return -1;
	enum db_step step;
	while ((step = db_step(rows, e)) == DB_ROW) {
		struct webhook_endpoint endpoint = from_row(rows);
		if (each(arg, &endpoint) != 0) {
			db_reset(rows);
			return 0;
		}
	}
	return step == DB_DONE ? 0 : -1;
}

static int not_found(const char *id, struct error *e)
{
	return error_set(e, ERROR_NOT_FOUND,
		tr("there is no webhook %.40s (vestnik webhook list)", "нет вебхука %.40s (vestnik webhook list)"), id);
}

int webhook_endpoint_read(struct db *db, const char *id, struct webhook_endpoint *out, struct error *e)
{
	struct db_stmt *row;
	*out = (struct webhook_endpoint){0};
	if (db_query(db, &row, e, SELECT_ENDPOINT "WHERE id = $1", "s", id) != 0)
		return -1;
	enum db_step step = db_step(row, e);
	if (step == DB_ROW) {
		*out = from_row(row);
		out->url = xstrdup(out->url);
		out->events = xstrdup(out->events);
		out->disabled_reason = xstrdup(out->disabled_reason);
		out->campaign = xstrdup(out->campaign);
	}
	db_reset(row);
	return step == DB_ROW ? 0 : step == DB_DONE ? not_found(id, e) : -1;
}

void webhook_endpoint_fini(struct webhook_endpoint *endpoint)
{
	free((char *)(uintptr_t)endpoint->url);
	free((char *)(uintptr_t)endpoint->events);
	free((char *)(uintptr_t)endpoint->disabled_reason);
	free((char *)(uintptr_t)endpoint->campaign);
	*endpoint = (struct webhook_endpoint){0};
}

int webhook_endpoint_exists(struct db *db, const char *id, struct error *e)
{
	int64_t one;
	enum db_step step = db_query_int(db, &one, e, "SELECT 1 FROM endpoint WHERE id = $1", "s", id);
	return step == DB_ROW ? 0 : step == DB_DONE ? not_found(id, e) : -1;
}

int webhook_endpoint_keys(struct db *db, const char *id, int64_t now_ms, struct webhook_key *out,
	int most, struct error *e)
{
	struct db_stmt *rows;
	if (db_query(db, &rows, e,
		    "SELECT secret FROM endpoint_secret WHERE endpoint = $1"
		    " AND (expires_ms IS NULL OR expires_ms > $2) ORDER BY created_ms DESC",
		    "si", id, now_ms) != 0)
		return -1;
	int count = 0;
	enum db_step step = DB_DONE;
	while (count < most && (step = db_step(rows, e)) == DB_ROW) {
		if (webhook_secret_parse(db_text(rows, 0), &out[count], e) != 0) {
			db_reset(rows);
			return -1;
		}
		count++;
	}
	db_reset(rows);
	return step == DB_FAILED ? -1 : count;
}

static int rotate(struct db *db, const char *id, int64_t keep_ms, const char *secret, struct error *e)
{
	int64_t now_ms = clock_now_ms(), newest_ms = 0;
	bool own;
	if (begin(db, &own, e) != 0)
		return -1;
	int rc = webhook_endpoint_exists(db, id, e);
	if (rc == 0 && db_query_int(db, &newest_ms, e,
			       "SELECT COALESCE(MAX(created_ms), 0) FROM endpoint_secret WHERE endpoint = $1",
			       "s", id) == DB_FAILED)
		rc = -1;
	/* The key of the table: two rotations within a millisecond, or a clock that went back. */
	int64_t created_ms = newest_ms >= now_ms ? newest_ms + 1 : now_ms;
	if (rc == 0)
		rc = db_exec(db, e, "DELETE FROM endpoint_secret WHERE endpoint = $1 AND expires_ms <= $2", "si",
			id, now_ms);
	if (rc == 0)
		rc = db_exec(db, e,
			"UPDATE endpoint_secret SET expires_ms = $2 WHERE endpoint = $1"
			" AND (expires_ms IS NULL OR expires_ms > $2)",
			"si", id, now_ms + keep_ms);
	if (rc == 0)
		rc = insert_secret(db, id, secret, created_ms, e);
	return finish(db, own, rc, e);
}

int webhook_endpoint_rotate(struct db *db, const char *id, int64_t keep_ms,
	char secret[static WEBHOOK_SECRET_SIZE], struct error *e)
{
	bool own = !db_in_transaction(db);
	struct again again = {0};
	int rc;
	webhook_secret_new(secret);
	do
		rc = rotate(db, id, keep_ms, secret, e);
	while (rc != 0 && own && again_after_conflict(&again, e));
	return rc;
}

/* How the old url was doing says nothing about a new one. */
static int update(struct db *db, const struct webhook_endpoint *endpoint, struct error *e)
{
	bool own;
	if (begin(db, &own, e) != 0)
		return -1;
	int rc = db_exec(db, e,
		"UPDATE endpoint SET url = $2, events = $3, concurrency = $4, allow_private = $5, campaign = $6,"
		" first_failure_ms = CASE WHEN url = $2 THEN first_failure_ms END WHERE id = $1",
		"sssiis", endpoint->id, endpoint->url, endpoint->events, (int64_t)endpoint->concurrency,
		(int64_t)endpoint->allow_private, endpoint->campaign);
	if (rc == 0 && db_changes(db) == 0)
		rc = not_found(endpoint->id, e);
	return finish(db, own, rc, e);
}

int webhook_endpoint_change(struct db *db, const struct webhook_endpoint *endpoint, struct error *e)
{
	if (check(endpoint, e) != 0)
		return -1;
	bool own = !db_in_transaction(db);
	struct again again = {0};
	int rc;
	do
		rc = update(db, endpoint, e);
	while (rc != 0 && own && again_after_conflict(&again, e));
	return rc;
}

const char *webhook_endpoint_differs(const struct webhook_endpoint *a, const struct webhook_endpoint *b,
	char out[static WEBHOOK_MEMBERS_SIZE])
{
	const struct {
		const char *name;
		bool differs;
	} members[] = {{"url", strcmp(a->url, b->url) != 0}, {"events", strcmp(a->events, b->events) != 0},
		{"campaign", (a->campaign == NULL) != (b->campaign == NULL) ||
				(a->campaign != NULL && strcmp(a->campaign, b->campaign) != 0)},
		{"allow_private", a->allow_private != b->allow_private}, {"concurrency", a->concurrency != b->concurrency}};
	size_t len = 0;
	out[0] = '\0';
	for (size_t i = 0; i < sizeof members / sizeof *members; i++)
		if (members[i].differs)
			len += (size_t)snprintf(out + len, WEBHOOK_MEMBERS_SIZE - len, "%s%s", len > 0 ? ", " : "", members[i].name);
	return out;
}

static int remove_endpoint(struct db *db, const char *id, struct error *e)
{
	bool own;
	if (begin(db, &own, e) != 0)
		return -1;
	int rc = webhook_endpoint_exists(db, id, e);
	if (rc == 0)
		rc = db_exec(db, e, "DELETE FROM endpoint_secret WHERE endpoint = $1", "s", id);
	if (rc == 0)
		rc = db_exec(db, e, "DELETE FROM endpoint WHERE id = $1", "s", id);
	return finish(db, own, rc, e);
}

int webhook_endpoint_remove(struct db *db, const char *id, struct error *e)
{
	bool own = !db_in_transaction(db);
	struct again again = {0};
	int rc;
	do
		rc = remove_endpoint(db, id, e);
	while (rc != 0 && own && again_after_conflict(&again, e));
	return rc;
}

/* disabled: why; NULL = active */
static int set_state(struct db *db, const char *id, const char *disabled, struct error *e)
{
	bool own;
	if (begin(db, &own, e) != 0)
		return -1;
	int rc = webhook_endpoint_exists(db, id, e);
	if (rc == 0)
		rc = db_exec(db, e,
			"UPDATE endpoint SET state = $2, disabled_reason = $3, first_failure_ms = NULL WHERE id = $1", "sss", id,
			disabled == NULL ? "active" : "disabled", disabled);
	return finish(db, own, rc, e);
}

static int change_state(struct db *db, const char *id, const char *disabled, struct error *e)
{
	bool own = !db_in_transaction(db);
	struct again again = {0};
	int rc;
	do
		rc = set_state(db, id, disabled, e);
	while (rc != 0 && own && again_after_conflict(&again, e));
	return rc;
}

int webhook_endpoint_enable(struct db *db, const char *id, struct error *e)
{
	return change_state(db, id, NULL, e);
}

int webhook_endpoint_disable(struct db *db, const char *id, const char *reason, struct error *e)
{
	return change_state(db, id, reason, e);
}
