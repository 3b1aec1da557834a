/* Idempotency-Key: the same request again gets the same answer again, and nothing is done twice.
 *
 * Before the handler a row of api_request is claimed (status 0) in a transaction of its own. A handler
 * that writes the store keeps its answer in the very transaction of what it does (api_act): a process
 * that dies leaves both or neither. The few that have transactions of their own (imports, drafts,
 * decisions about mails, webhooks replayed: docs/openapi.yaml names them) keep it right after.
 * A claim whose process is gone is taken over. Kept are successes and the planner's refusals; after any
 * other problem nothing was done and the key is free again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "console/api/api.h"
#include "daemon/status_row.h"
#include "store/again.h"
#include "web/target.h"

#define KEY_MOST_BYTES 255
#define KEPT_MS (24 * INT64_C(3600000))
/* A holder that has no row of its own in service_instance: no request takes so long. */
#define CLAIM_MS (120 * INT64_C(1000))
#define SWEEP_MOST 1000

struct found { /* a row of api_request */
	char fingerprint[IDENT_HASH_SIZE], holder[200];
	int64_t status, time_ms;
	char *location, *body;
};

static const char *holder_of(const struct api *api)
{
	return daemon_instance(api->visit->console->daemon);
}

/* In quotes, as the IETF draft has it, or without. */
static const char *read_key(struct api *api, char out[static KEY_MOST_BYTES + 1])
{
	const char *text = web_header(api->request, "Idempotency-Key");
	size_t len = text == NULL ? 0 : strlen(text);
	if (text == NULL)
		return NULL;
	if (len >= 2 && text[0] == '"' && text[len - 1] == '"') {
		text++;
		len -= 2;
	}
	out[0] = '\0';
	for (size_t i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return out;
	if (len > 0 && len <= KEY_MOST_BYTES)
		snprintf(out, KEY_MOST_BYTES + 1, "%.*s", (int)len, text);
	return out;
}

static void make_fingerprint(struct api *api)
{
	char body[IDENT_HASH_SIZE];
	size_t len, count;
	const void *data = web_body(api->request, &len);
	struct buf text;
	const struct target_pair *query = web_queries(api->request, &count);
	ident_hash(data == NULL ? "" : data, data == NULL ? 0 : len, body);
	buf_init(&text, 16384);
	(void)buf_printf(&text, "%s\n%s\n%s\n", api->operation->id, web_path(api->request), body);
	for (size_t i = 0; i < count; i++)
		(void)buf_printf(&text, "%s=%s\n", query[i].name, query[i].value);
	ident_hash(buf_str(&text), text.len, api->fingerprint);
	buf_fini(&text);
}

static enum db_step read_row(struct api *api, struct found *found, struct error *e)
{
	struct db_stmt *row;
	if (db_query(api->db, &row, e,
		    "SELECT fingerprint, status, time_ms, COALESCE(holder, ''), location, body FROM api_request"
		    " WHERE api_key = $1 AND key = $2 @FOR_UPDATE",
		    "ss", api->visit->visitor->login, api->once) != 0)
		return DB_FAILED;
	enum db_step step = db_step(row, e);
	if (step != DB_ROW)
		return step;
	snprintf(found->fingerprint, sizeof found->fingerprint, "%s", db_text(row, 0));
	found->status = db_int(row, 1);
	found->time_ms = db_int(row, 2);
	snprintf(found->holder, sizeof found->holder, "%s", db_text(row, 3));
	found->location = xstrdup(db_text(row, 4));
	found->body = xstrdup(db_text(row, 5));
	db_reset(row);
	return DB_ROW;
}

/* Does the process that claimed it still work? */
static int is_alive(struct api *api, const struct found *found, bool *alive, struct error *e)
{
	int64_t now_ms, seen_ms = 0;
	*alive = true;
	if (strcmp(found->holder, holder_of(api)) == 0)
		return 0;
	if (db_now_ms(api->db, &now_ms, e) != 0)
		return -1;
	enum db_step step = db_query_int(api->db, &seen_ms, e,
		"SELECT CASE WHEN state = 'stopped' THEN 0 ELSE seen_ms END FROM service_instance WHERE id = $1", "s",
		found->holder);
	if (step == DB_FAILED)
		return -1;
	*alive = step == DB_ROW ? seen_ms > now_ms - STATUS_ROW_STALE_MS : clock_now_ms() - found->time_ms < CLAIM_MS;
	return 0;
}

enum claim { CLAIMED, ANSWERED, BUSY, OTHER };

static int claim_once(struct api *api, struct found *found, enum claim *claim, struct error *e)
{
	bool alive = false;
	if (db_begin(api->db, DB_WRITE, e) != 0)
		return -1;
	enum db_step step = read_row(api, found, e);
	if (step == DB_FAILED)
		goto out;
	if (step == DB_ROW && found->status == 0 && strcmp(found->fingerprint, api->fingerprint) == 0 &&
		is_alive(api, found, &alive, e) != 0)
		goto out;
	*claim = step == DB_DONE						? CLAIMED
		: strcmp(found->fingerprint, api->fingerprint) != 0		? OTHER
		: found->status != 0						? ANSWERED
		: alive								? BUSY
										: CLAIMED;
	if (*claim != CLAIMED) {
		db_rollback(api->db);
		return 0;
	}
	if (db_exec(api->db, e,
		    "INSERT INTO api_request (api_key, key, fingerprint, status, time_ms, holder) VALUES ($1, $2, $3, 0, $4, $5)"
		    " ON CONFLICT (api_key, key) DO UPDATE SET time_ms = excluded.time_ms, holder = excluded.holder",
		    "sssis", api->visit->visitor->login, api->once, api->fingerprint, clock_now_ms(), holder_of(api)) == 0 &&
		db_commit(api->db, DB_RELAXED, e) == 0)
		return 0;
out:
	db_rollback(api->db);
	return -1;
}

static void found_fini(struct found *found)
{
	free(found->location);
	free(found->body);
	*found = (struct found){0};
}

/* What was answered then. */
static void replay(struct api *api, const struct found *found)
{
	api->status = (int)found->status;
	web_add_header(api->request, "Idempotent-Replay", "true");
	if (found->location != NULL)
		web_add_header(api->request, "Location", found->location);
	web_reply(api->request, (int)found->status,
		found->status >= 400 ? "application/problem+json" : found->body == NULL ? NULL : "application/json",
		found->body == NULL ? "" : found->body, found->body == NULL ? 0 : strlen(found->body));
}

bool once_begin(struct api *api)
{
	static _Thread_local char key[KEY_MOST_BYTES + 1]; /* as long as the request */
	struct found found = {0};
	struct again again = {0};
	struct error e = {0};
	enum claim claim = BUSY;
	int rc;
	if (api->operation->method != WEB_POST || (api->once = read_key(api, key)) == NULL)
		return true;
	if (api->once[0] == '\0') {
		api->once = NULL;
		api_problem(api, API_BAD_REQUEST,
			tr("Idempotency-Key: want 1 to 255 printable ASCII characters",
				"Idempotency-Key: нужно от 1 до 255 печатных знаков ASCII"), NULL);
		return false;
	}
	make_fingerprint(api);
	do {
		found_fini(&found);
		rc = claim_once(api, &found, &claim, &e);
	} while (rc != 0 && again_after_conflict(&again, &e));
	if (rc == 0 && claim == CLAIMED) {
		found_fini(&found);
		return true;
	}
	api->once = NULL; /* nothing of ours to end */
	if (rc != 0)
		api_error(api, &e);
	else if (claim == ANSWERED)
		replay(api, &found);
	else
		api_problem(api, claim == BUSY ? API_IN_PROGRESS : API_KEY_REUSED, NULL, NULL);
	found_fini(&found);
	return false;
}

int once_keep_tx(struct api *api, struct db *tx, int status, const char *location, const json_t *body, struct error *e)
{
	int64_t one;
	if (api->once == NULL)
		return 0;
	char *text = body == NULL ? NULL : json_dumps(body, JSON_COMPACT);
	enum db_step step = db_query_int(tx, &one, e,
		"UPDATE api_request SET status = $4, location = $5, body = $6 WHERE api_key = $1 AND key = $2 AND holder = $3"
		" RETURNING 1",
		"sssiss", api->visit->visitor->login, api->once, holder_of(api), (int64_t)status, location, text);
	free(text);
	if (step == DB_DONE) /* we were believed dead */
		return error_set(e, ERROR_LOST, "the claim of an Idempotency-Key was taken over");
	return step == DB_ROW ? 0 : -1;
}

static int finish(struct api *api, bool keep, struct error *e)
{
	if (keep)
		return once_keep_tx(api, api->db, api->status, api->location, api->answer, e);
	return db_exec(api->db, e, "DELETE FROM api_request WHERE api_key = $1 AND key = $2 AND holder = $3 AND status = 0",
		"sss", api->visit->visitor->login, api->once, holder_of(api));
}

void once_end(struct api *api)
{
	struct again again = {0};
	struct error e = {0};
	bool good = (api->status >= 200 && api->status < 300) || api->answer != NULL; /* a refusal, too: problem.c */
	int rc;
	if (api->once == NULL || (api->kept && !good))
		return;
	do {
		rc = db_begin(api->db, DB_WRITE, &e);
		if (rc == 0)
			rc = finish(api, good, &e);
		if (rc == 0)
			rc = db_commit(api->db, DB_RELAXED, &e);
		else
			db_rollback(api->db);
	} while (rc != 0 && again_after_conflict(&again, &e));
	if (rc != 0)
		log_warn("api.answer_not_kept", "operation=%s id=%s error=%s", api->operation->id, api->id, log_quote(e.text));
}

int once_sweep(struct db *db, int64_t now_ms, struct error *e)
{
	int64_t gone;
	do {
		if (db_exec(db, e,
			    "DELETE FROM api_request WHERE (api_key, key) IN (SELECT api_key, key FROM api_request WHERE time_ms < $1"
			    " ORDER BY time_ms LIMIT $2)",
			    "ii", now_ms - KEPT_MS, (int64_t)SWEEP_MOST) != 0)
			return -1;
		gone = db_changes(db);
	} while (gone == SWEEP_MOST);
	return 0;
}
