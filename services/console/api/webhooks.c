/* Endpoints events are posted to, what came of it, sending it again. Each change is a transaction of
 * webhook/endpoint.h; the audit log's word follows in its own. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "console/api/handlers.h"
#include "console/api/place.h"
#include "webhook/endpoint.h"
#include "webhook/filter.h"
#include "webhook/log.h"

#define COUNT(members) (sizeof(members) / sizeof(members)[0])
#define URL_SHOWN_MAX 2000
#define KEEP_USUAL_S (24 * 3600)
#define KEEP_MOST_S (30 * 24 * 3600)

/* ---- the audit log ----------------------------------------------------------------------------- */

static int write_note(struct api_act *act, struct db *tx, struct error *e)
{
	const char *const *what = act->arg;
	return console_audit(act->api->visit, tx, what[0], what[1], json_object(), NULL, e);
}

/* It is done: an audit log that cannot be written now is told in the log, not to the program. */
static void note(struct api *api, const char *action, const char *id)
{
	char *subject = xasprintf("webhook:%s", id);
	const char *what[] = {action, subject};
	struct api_act act = {.work = write_note, .api = api, .arg = what};
	struct error e = {0};
	struct db *tx = api->db;
	int rc = db_begin(tx, DB_WRITE, &e);
	if (rc == 0)
		rc = write_note(&act, tx, &e);
	if (rc == 0)
		rc = db_commit(tx, DB_DURABLE, &e);
	else
		db_rollback(tx);
	if (rc != 0)
		log_error("api.audit", "action=%s subject=%s error=%s", action, subject, log_quote(e.text));
	free(subject);
}

/* ---- reading ---------------------------------------------------------------------------------------- */

static json_t *endpoint_json(const struct webhook_endpoint *endpoint)
{
	json_t *events = json_loads(endpoint->events, 0, NULL);
	return json_pack("{s:s, s:s, s:o, s:s, s:o, s:i, s:b, s:o, s:o, s:o}", "webhook", endpoint->id, "url", endpoint->url,
		"events", events == NULL ? json_array() : events, "state", endpoint->active ? "active" : "disabled",
		"disabled_reason", api_string(endpoint->disabled_reason), "concurrency", endpoint->concurrency, "allow_private",
		(int)endpoint->allow_private, "campaign", api_string(endpoint->campaign), "created_at",
		api_moment(endpoint->created_ms), "failing_since", api_moment(endpoint->first_failure_ms));
}

static int add_endpoint(void *arg, const struct webhook_endpoint *endpoint)
{
	json_array_append_new(arg, endpoint_json(endpoint));
	return 0;
}

void api_webhooks(struct api *api)
{
	struct error e = {0};
	json_t *items = json_array();
	if (webhook_endpoint_each(api->db, add_endpoint, items, &e) != 0) {
		json_decref(items);
		api_error(api, &e);
		return;
	}
	api_list(api, items, "");
}

struct search {
	const char *id;
	json_t *found;
};

static int find_endpoint(void *arg, const struct webhook_endpoint *endpoint)
{
	struct search *search = arg;
	if (strcmp(endpoint->id, search->id) != 0)
		return 0;
	search->found = endpoint_json(endpoint);
	return 1;
}

/* NULL after a problem. */
static json_t *read_endpoint(struct api *api, const char *id)
{
	struct search search = {.id = id};
	struct error e = {0};
	if (webhook_endpoint_each(api->db, find_endpoint, &search, &e) != 0)
		api_error(api, &e);
	else if (search.found == NULL)
		api_problem(api, API_NOT_FOUND, tr("there is no such webhook", "такого вебхука нет"), NULL);
	return search.found;
}

void api_webhook(struct api *api)
{
	json_t *body = read_endpoint(api, web_part(api->request, "webhook"));
	if (body != NULL)
		api_reply(api, 200, body);
}

/* ---- changing ------------------------------------------------------------------------------------------- */

/* ["accepted", "campaign.*"] as the words people write. */
static bool read_events(struct api *api, struct buf *json)
{
	json_t *events = json_object_get(api->body, "events");
	struct error e = {0};
	struct buf words;
	size_t i;
	json_t *one;
	bool texts = true;
	buf_init(&words, 8192);
	json_array_foreach(events, i, one)
	{
		texts = texts && json_is_string(one) && strchr(json_string_value(one), ',') == NULL;
		(void)buf_printf(&words, "%s%s", i > 0 ? "," : "", texts ? json_string_value(one) : "");
	}
	if (!texts || !buf_ok(&words))
		(void)error_set(&e, ERROR_INPUT, "%s", tr("want names of events", "нужны имена событий"));
	else
		(void)webhook_filter_from_words(buf_str(&words), json, &e);
	buf_fini(&words);
	if (e.code == ERROR_NONE)
		return true;
	api_problem(api, API_INVALID, NULL,
		json_pack("[{s:s, s:s, s:s, s:o}]", "severity", "error", "pointer", "/events", "field", "events", "detail",
			api_string(e.text)));
	return false;
}

void api_webhook_create(struct api *api)
{
	static const struct api_member members[] = {{"url", API_LINE, true, 1, URL_SHOWN_MAX, NULL},
		{"events", API_ARRAY, false, 0, 0, NULL}, {"campaign", API_LINE, false, 0, 64, NULL},
		{"allow_private", API_BOOLEAN, false, 0, 0, NULL},
		{"concurrency", API_INTEGER, false, 1, WEBHOOK_CONCURRENCY_MAX, NULL}};
	char secret[WEBHOOK_SECRET_SIZE];
	struct error e = {0};
	struct buf events;
	buf_init(&events, 8192);
	if (!api_body_is(api, members, COUNT(members)) || !read_events(api, &events)) {
		buf_fini(&events);
		return;
	}
	struct webhook_endpoint endpoint = {.url = api_text(api, "url"),
		.events = buf_str(&events),
		.campaign = api_text(api, "campaign"),
		.allow_private = api_flag(api, "allow_private", false),
		.concurrency = (int)api_integer(api, "concurrency", api->visit->console->settings->notifier.connections_per_endpoint)};
	if (webhook_endpoint_add(api->db, &endpoint, secret, &e) != 0) {
		api_error(api, &e);
	} else {
		endpoint.active = true;
		json_t *body = endpoint_json(&endpoint);
		char *location = xasprintf("%s/webhooks/%s", API_ROOT, endpoint.id);
		json_object_set_new(body, "secret", json_string(secret));
		note(api, "webhook.add", endpoint.id);
		api_created(api, location, body);
		free(location);
	}
	buf_fini(&events);
}

static bool empty_body(struct api *api)
{
	return api_body_is(api, NULL, 0);
}

void api_webhook_delete(struct api *api)
{
	struct error e = {0};
	const char *id = web_part(api->request, "webhook");
	if (webhook_endpoint_remove(api->db, id, &e) != 0) {
		api_error(api, &e);
		return;
	}
	note(api, "webhook.remove", id);
	api_no_content(api);
}

void api_webhook_enable(struct api *api)
{
	struct error e = {0};
	const char *id = web_part(api->request, "webhook");
	if (!empty_body(api))
		return;
	if (webhook_endpoint_enable(api->db, id, &e) != 0) {
		api_error(api, &e);
		return;
	}
	note(api, "webhook.enable", id);
	json_t *body = read_endpoint(api, id);
	if (body != NULL)
		api_reply(api, 200, body);
}

void api_webhook_rotate(struct api *api)
{
	static const struct api_member members[] = {{"keep_seconds", API_INTEGER, false, 0, KEEP_MOST_S, NULL}};
	char secret[WEBHOOK_SECRET_SIZE];
	struct error e = {0};
	const char *id = web_part(api->request, "webhook");
	if (!api_body_is(api, members, COUNT(members)))
		return;
	int64_t keep_ms = api_integer(api, "keep_seconds", KEEP_USUAL_S) * 1000;
	if (webhook_endpoint_rotate(api->db, id, keep_ms, secret, &e) != 0) {
		api_error(api, &e);
		return;
	}
	note(api, "webhook.rotate", id);
	api_reply(api, 200, json_pack("{s:s, s:s, s:o}", "webhook", id, "secret", secret, "old_until",
				  api_moment(clock_now_ms() + keep_ms)));
}

void api_webhook_test(struct api *api)
{
	char message[WEBHOOK_ID_SIZE];
	struct error e = {0};
	const char *id = web_part(api->request, "webhook");
	if (!empty_body(api))
		return;
	if (webhook_endpoint_exists(api->db, id, &e) != 0 || webhook_test(api->db, id, message, &e) != 0)
		api_error(api, &e);
	else
		api_reply(api, 202, json_pack("{s:s, s:s}", "webhook", id, "message", message));
}

/* ---- attempts, replay ------------------------------------------------------------------------------------- */

static int add_attempt(void *arg, const struct webhook_attempt *a)
{
	json_array_append_new(arg, json_pack("{s:s, s:o, s:s, s:I, s:o, s:I, s:o, s:o, s:o, s:o}", "message", a->message, "type",
					   api_string(a->type), "state", a->state, "attempt", (json_int_t)a->attempt, "at",
					   api_moment(a->time_ms), "duration_ms", (json_int_t)a->duration_ms, "next_at",
					   api_moment(a->due_ms), "status", a->status == 0 ? json_null() : json_integer(a->status),
					   "error", api_string(a->error), "response", api_string(a->response)));
	return 0;
}

void api_attempts(struct api *api)
{
	struct error e = {0};
	const char *id = web_part(api->request, "webhook");
	int64_t limit;
	bool failed;
	if (!api_limit(api, &limit) || !api_query_flag(api, "failed", &failed))
		return;
	json_t *items = json_array();
	if (webhook_endpoint_exists(api->db, id, &e) != 0 ||
		webhook_attempt_each(api->db, id, web_query(api->request, "message"), failed, (int)limit, add_attempt, items, &e) != 0) {
		json_decref(items);
		api_error(api, &e);
		return;
	}
	api_list(api, items, "");
}

void api_webhook_replay(struct api *api)
{
	static const struct api_member members[] = {{"message", API_LINE, false, 1, WEBHOOK_ID_SIZE, NULL},
		{"since", API_TIME, false, 0, 40, NULL}, {"until", API_TIME, false, 0, 40, NULL},
		{"state", API_TEXT, false, 0, 0, "failed delivered pending"}};
	struct error e = {0};
	int64_t count = 0;
	const char *id = web_part(api->request, "webhook");
	if (!api_body_is(api, members, COUNT(members)))
		return;
	struct webhook_range range = {.message = api_text(api, "message"),
		.since_ms = api_time(api, "since"),
		.until_ms = api_time(api, "until") != 0 ? api_time(api, "until") : clock_now_ms() + 1,
		.state = api_text(api, "state")};
	if ((range.message == NULL) == (range.since_ms == 0)) {
		(void)error_set(&e, ERROR_INPUT, "%s", tr("give one message, or since (and until, state)",
			"укажите одно сообщение (message) или since (и until, state)"));
		api_error(api, &e);
		return;
	}
	if (webhook_endpoint_exists(api->db, id, &e) != 0 || webhook_replay(api->db, id, &range, &count, &e) != 0) {
		api_error(api, &e);
		return;
	}
	note(api, "webhook.replay", id);
	api_reply(api, 202, json_pack("{s:s, s:I}", "webhook", id, "replayed", (json_int_t)count));
}
