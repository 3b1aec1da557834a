/* Endpoints events are posted to, what came of it, sending it again. A change, the audit log's word about it and the
 * answer for an Idempotency-Key are one transaction; only a span of time is sent again in many, after its own. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
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

/* New reference; NULL: *e. */
static json_t *read_endpoint(struct db *db, const char *id, struct error *e)
{
	struct webhook_endpoint endpoint;
	json_t *found = webhook_endpoint_read(db, id, &endpoint, e) == 0 ? endpoint_json(&endpoint) : NULL;
	webhook_endpoint_fini(&endpoint);
	return found;
}

void api_webhook(struct api *api)
{
	struct error e = {0};
	json_t *body = read_endpoint(api->db, web_part(api->request, "webhook"), &e);
	if (body != NULL)
		api_reply(api, 200, body);
	else
		api_error(api, &e);
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

struct change {
	const char *id, *events; /* of the body, as they are stored */
	struct webhook_endpoint endpoint;
	char secret[WEBHOOK_SECRET_SIZE], message[WEBHOOK_ID_SIZE];
	int64_t keep_ms, count;
	const struct webhook_range *range;
};

static int note(struct api_act *act, struct db *tx, const char *action, json_t *facts, json_t *detail, struct error *e)
{
	const struct change *change = act->arg;
	char *subject = xasprintf("webhook:%s", change->id);
	int rc = console_audit(act->api->visit, tx, action, subject, facts, detail, e);
	free(subject);
	return rc;
}

static void act_and_reply(struct api *api, struct change *change, int (*work)(struct api_act *, struct db *, struct error *), int status)
{
	struct api_act act = {.work = work, .api = api, .arg = change, .status = status};
	change->id = web_part(api->request, "webhook");
	if (api_act(&act))
		api_reply(api, status, act.body);
}

/* The address of a webhook may hold a secret of its own: it stands in the detail. */
static int add(struct api_act *act, struct db *tx, struct error *e)
{
	struct change *change = act->arg;
	struct webhook_endpoint *endpoint = &change->endpoint;
	if (webhook_endpoint_add(tx, endpoint, change->secret, e) != 0)
		return -1;
	endpoint->active = true;
	change->id = endpoint->id;
	act->body = endpoint_json(endpoint);
	act->location = xasprintf("%s/webhooks/%s", API_ROOT, endpoint->id);
	json_object_set_new(act->body, "secret", json_string(change->secret));
	return note(act, tx, "webhook.add",
		json_pack("{s:s, s:s?, s:b}", "events", endpoint->events, "campaign", endpoint->campaign, "private",
			(int)endpoint->allow_private),
		json_pack("{s:s}", "url", endpoint->url), e);
}

static const struct api_member endpoint_members[] = {{"url", API_LINE, true, 1, URL_SHOWN_MAX, NULL},
	{"events", API_ARRAY, false, 0, 0, NULL}, {"campaign", API_LINE, false, 0, 64, NULL},
	{"allow_private", API_BOOLEAN, false, 0, 0, NULL},
	{"concurrency", API_INTEGER, false, 1, WEBHOOK_CONCURRENCY_MAX, NULL}};

static int usual_concurrency(const struct api *api)
{
	return api->visit->console->settings->notifier.connections_per_endpoint;
}

static bool given(const struct api *api, const char *name)
{
	return json_object_get(api->body, name) != NULL;
}

/* The members that are given; null is what it is without the member. */
static void take_members(const struct api *api, const char *events, struct webhook_endpoint *endpoint)
{
	if (given(api, "url"))
		endpoint->url = api_text(api, "url");
	if (given(api, "events"))
		endpoint->events = events;
	if (given(api, "campaign"))
		endpoint->campaign = api_text(api, "campaign");
	if (given(api, "allow_private"))
		endpoint->allow_private = api_flag(api, "allow_private", false);
	if (given(api, "concurrency"))
		endpoint->concurrency = (int)api_integer(api, "concurrency", usual_concurrency(api));
}

void api_webhook_create(struct api *api)
{
	struct buf events;
	buf_init(&events, 8192);
	if (api_body_is(api, endpoint_members, COUNT(endpoint_members)) && read_events(api, &events)) {
		struct change change = {.endpoint = {.events = "[]", .concurrency = usual_concurrency(api)}};
		struct api_act act = {.work = add, .api = api, .arg = &change, .status = 201};
		take_members(api, buf_str(&events), &change.endpoint);
		if (api_act(&act)) {
			api_created(api, act.location, act.body);
			free(act.location);
		}
	}
	buf_fini(&events);
}

/* What is as it was is no change, and is not noted. */
static int change_endpoint(struct api_act *act, struct db *tx, struct error *e)
{
	const struct change *change = act->arg;
	struct webhook_endpoint was, now;
	char changed[WEBHOOK_MEMBERS_SIZE];
	int rc = webhook_endpoint_read(tx, change->id, &was, e);
	if (rc != 0)
		return rc;
	now = was;
	take_members(act->api, change->events, &now);
	if (webhook_endpoint_differs(&was, &now, changed)[0] != '\0') {
		rc = webhook_endpoint_change(tx, &now, e);
		if (rc == 0)
			rc = note(act, tx, "webhook.change",
				json_pack("{s:s, s:s, s:s?, s:b}", "changed", changed, "events", now.events, "campaign",
					now.campaign, "private", (int)now.allow_private),
				json_pack("{s:s}", "url", now.url), e);
	}
	webhook_endpoint_fini(&was);
	act->body = rc == 0 ? read_endpoint(tx, change->id, e) : NULL;
	return act->body == NULL ? -1 : 0;
}

void api_webhook_change(struct api *api)
{
	struct api_member members[COUNT(endpoint_members)];
	struct buf events;
	memcpy(members, endpoint_members, sizeof members);
	members[0].required = given(api, "url"); /* it may be left out, but there is no usual one */
	buf_init(&events, 8192);
	if (api_body_is(api, members, COUNT(members)) && read_events(api, &events)) {
		struct change change = {.events = buf_str(&events)};
		act_and_reply(api, &change, change_endpoint, 200);
	}
	buf_fini(&events);
}

static int drop(struct api_act *act, struct db *tx, struct error *e)
{
	const struct change *change = act->arg;
	return webhook_endpoint_remove(tx, change->id, e) == 0 ? note(act, tx, "webhook.remove", NULL, NULL, e) : -1;
}

void api_webhook_delete(struct api *api)
{
	struct change change = {.id = web_part(api->request, "webhook")};
	struct api_act act = {.work = drop, .api = api, .arg = &change, .status = 204};
	if (api_act(&act))
		api_no_content(api);
}

static int enable(struct api_act *act, struct db *tx, struct error *e)
{
	const struct change *change = act->arg;
	if (webhook_endpoint_enable(tx, change->id, e) != 0 || (act->body = read_endpoint(tx, change->id, e)) == NULL)
		return -1;
	return note(act, tx, "webhook.enable", NULL, NULL, e);
}

static int rotate(struct api_act *act, struct db *tx, struct error *e)
{
	struct change *change = act->arg;
	if (webhook_endpoint_rotate(tx, change->id, change->keep_ms, change->secret, e) != 0)
		return -1;
	act->body = json_pack("{s:s, s:s, s:o}", "webhook", change->id, "secret", change->secret, "old_until",
		api_moment(clock_now_ms() + change->keep_ms));
	return note(act, tx, "webhook.rotate", NULL, NULL, e);
}

static int test(struct api_act *act, struct db *tx, struct error *e)
{
	struct change *change = act->arg;
	if (webhook_endpoint_exists(tx, change->id, e) != 0 || webhook_test(tx, change->id, change->message, e) != 0)
		return -1;
	act->body = json_pack("{s:s, s:s}", "webhook", change->id, "message", change->message);
	return note(act, tx, "webhook.test", json_pack("{s:s}", "message", change->message), NULL, e);
}

void api_webhook_enable(struct api *api)
{
	struct change change = {0};
	if (api_body_is(api, NULL, 0))
		act_and_reply(api, &change, enable, 200);
}

void api_webhook_rotate(struct api *api)
{
	static const struct api_member members[] = {{"keep_seconds", API_INTEGER, false, 0, KEEP_MOST_S, NULL}};
	struct change change = {0};
	if (!api_body_is(api, members, COUNT(members)))
		return;
	change.keep_ms = api_integer(api, "keep_seconds", KEEP_USUAL_S) * 1000;
	act_and_reply(api, &change, rotate, 200);
}

void api_webhook_test(struct api *api)
{
	struct change change = {0};
	if (api_body_is(api, NULL, 0))
		act_and_reply(api, &change, test, 202);
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

static int replay_one(struct api_act *act, struct db *tx, struct error *e)
{
	struct change *change = act->arg;
	if (webhook_endpoint_exists(tx, change->id, e) != 0 || webhook_replay(tx, change->id, change->range, &change->count, e) != 0)
		return -1;
	act->body = json_pack("{s:s, s:I}", "webhook", change->id, "replayed", (json_int_t)change->count);
	return note(act, tx, "webhook.replay", json_pack("{s:s}", "message", change->range->message), NULL, e);
}

/* Of a span of time: the order is noted first, as the console does. */
static int order_replay(void *arg, struct db *tx, struct error *e)
{
	struct api_act *act = arg;
	const struct change *change = act->arg;
	if (webhook_endpoint_exists(tx, change->id, e) != 0)
		return -1;
	return note(act, tx, "webhook.replay",
		json_pack("{s:I, s:I, s:s?}", "since_ms", (json_int_t)change->range->since_ms, "until_ms",
			(json_int_t)change->range->until_ms, "state", change->range->state), NULL, e);
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
	struct change change = {.range = &range};
	if (range.message != NULL) {
		act_and_reply(api, &change, replay_one, 202);
		return;
	}
	change.id = id;
	struct api_act act = {.api = api, .arg = &change};
	if (console_transaction(api->visit, order_replay, &act, &e) != 0 || webhook_replay(api->db, id, &range, &count, &e) != 0)
		api_error(api, &e);
	else
		api_reply(api, 202, json_pack("{s:s, s:I}", "webhook", id, "replayed", (json_int_t)count));
}
