/* Services, relays, queues, dead letters. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "bus/bus.h"
#include "console/api/handlers.h"
#include "console/api/place.h"
#include "control/bus_view.h"
#include "control/dead.h"
#include "control/relay_view.h"
#include "control/status.h"

#define DEAD_SHOWN_BYTES (64 * 1024)
#define LISTED_MOST 64

/* ---- services ----------------------------------------------------------------------------------- */

static json_t *service_json(const struct service *s)
{
	return json_pack("{s:s, s:o, s:s, s:b, s:o, s:o, s:o, s:o}", "service", s->name, "instance", api_string(s->instance),
		"state", s->state, "alive", (int)!s->dead, "since", api_moment(s->since_ms), "seen_at", api_moment(s->seen_ms),
		"note", api_string(s->note), "trouble", api_string(s->trouble));
}

void api_services(struct api *api)
{
	struct status *status = xcalloc(1, sizeof *status);
	struct status_stuck *stuck = xcalloc(1, sizeof *stuck);
	struct error e = {0};
	status_read_supervisor(api->visit->console->settings, status);
	if (status_read_rows(api->db, status, &e) != 0 ||
		status_read_stuck(api->db, api->visit->console->settings, stuck, &e) != 0) {
		api_error(api, &e);
	} else {
		json_t *list = json_array();
		for (size_t i = 0; i < status->count; i++)
			json_array_append_new(list, service_json(&status->service[i]));
		api_reply(api, 200, json_pack("{s:b, s:o, s:{s:I, s:o}}", "healthy", (int)status_healthy(status), "services", list,
					  "stuck", "letters", (json_int_t)stuck->letters, "oldest_at", api_moment(stuck->oldest_ms)));
	}
	free(stuck);
	free(status);
}

/* ---- relays ----------------------------------------------------------------------------------------- */

static json_t *relay_state_json(struct api *api, const struct settings_relay *relay, struct error *e)
{
	struct relay_view view = {0};
	json_t *out = NULL;
	char rate[RELAY_RATE_SIZE];
	if (relay_view_read(api->db, relay, &view, e) == 0)
		out = json_pack("{s:s, s:o, s:i, s:s, s:o, s:b, s:o, s:o, s:o, s:o, s:I, s:o}", "relay", relay->name, "host",
			api_string(relay->host), "port", relay->port, "security", relay_security_name(relay->security), "quota",
			api_string(relay_rate_text(&relay->quota, rate)), "used", (int)view.known, "breaker",
			view.known ? json_string(view.breaker) : json_null(), "reason", api_string(view.reason), "parked_until",
			api_moment(view.parked_until_ms), "window_started_at", api_moment(view.window_start_ms), "window_used",
			(json_int_t)view.window_used, "updated_at", api_moment(view.updated_ms));
	relay_view_fini(&view);
	return out;
}

void api_relays(struct api *api)
{
	const struct settings *settings = api->visit->console->settings;
	struct error e = {0};
	json_t *items = json_array();
	for (size_t i = 0; i < settings->relays_count; i++) {
		json_t *one = relay_state_json(api, &settings->relays[i], &e);
		if (one == NULL) {
			json_decref(items);
			api_error(api, &e);
			return;
		}
		json_array_append_new(items, one);
	}
	api_list(api, items, "");
}

/* ---- bus ------------------------------------------------------------------------------------------------ */

void api_bus(struct api *api)
{
	struct console *console = api->visit->console;
	int64_t lag[BUS_QUEUES] = {0};
	size_t known = 0;
	struct bus_stop stops[LISTED_MOST];
	struct error e = {0}, away = {0};
	char text[BUS_STOP_TEXT_SIZE];
	bool there = bus_queues_read(console->bus, lag, &known, &away) == 0;
	int count = bus_stops(api->db, stops, LISTED_MOST, &e);
	if (count < 0) {
		api_error(api, &e);
		return;
	}
	json_t *queues = json_array(), *stopped = json_array();
	for (size_t i = 0; i < BUS_QUEUES; i++)
		json_array_append_new(queues, json_pack("{s:s, s:s, s:o, s:o}", "group", bus_queues[i].group, "topic",
						    bus_queues[i].topic, "what", api_string(tr(bus_queues[i].en, bus_queues[i].ru)),
						    "lag", i < known ? json_integer(lag[i]) : json_null()));
	for (int i = 0; i < count; i++)
		json_array_append_new(stopped, api_string(bus_stop_text(&stops[i], text)));
	api_reply(api, 200, json_pack("{s:b, s:o, s:o, s:o}", "reachable", (int)there, "trouble",
				  there ? json_null() : api_string(away.text), "queues", queues, "stopped", stopped));
}

/* ---- dead letters --------------------------------------------------------------------------------------------- */

static json_t *dead_json(const struct dead *d)
{
	char id[DEAD_ID_SIZE];
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o}", "dead", dead_id(d, id), "at",
		api_string(d->when), "topic", api_string(d->topic), "by", api_string(d->by), "reason", api_string(d->reason), "type",
		api_string(d->type), "source", api_string(d->source), "event_id", api_string(d->id), "key", api_string(d->key),
		"bytes", (json_int_t)d->len, "replayed_at", api_moment(d->replayed_ms), "dropped_at", api_moment(d->dropped_ms),
		"dropped_why", api_string(d->dropped_why));
}

/* Newest first; the cursor is the number of those seen. */
void api_dead_list(struct api *api)
{
	struct dead_list list = {0};
	struct error e = {0};
	int64_t limit, seen;
	if (!api_limit(api, &limit) || !api_after_number(api, &seen))
		return;
	if (dead_list_read(api->visit->console->bus, (size_t)(seen + limit), 0, &list, &e) != 0) {
		dead_list_fini(&list);
		api_error(api, &e);
		return;
	}
	json_t *items = json_array();
	for (size_t i = (size_t)seen; i < list.count && json_array_size(items) < (size_t)limit; i++)
		json_array_append_new(items, dead_json(&list.item[list.count - 1 - i]));
	int64_t next = list.passed > 0 || list.count > (size_t)(seen + limit) ? seen + limit : 0;
	dead_list_fini(&list);
	api_list_numbers(api, items, next);
}

/* Whole into `one`; false after a problem. */
static bool find_dead(struct api *api, struct dead_list *one)
{
	struct dead_list list = {0};
	struct error e = {0};
	const struct dead *d = NULL;
	*one = (struct dead_list){0};
	int rc = dead_list_read(api->visit->console->bus, DEAD_LOOK_MOST, 0, &list, &e);
	if (rc == 0 && (d = dead_named(&list, web_part(api->request, "dead"))) != NULL)
		rc = dead_read(api->visit->console->bus, d->partition, d->offset, one, &e);
	if (rc == 0 && d != NULL && one->count == 1) {
		one->item[0].replayed_ms = d->replayed_ms;
		one->item[0].dropped_ms = d->dropped_ms;
		one->item[0].dropped_why = xstrdup(d->dropped_why);
	}
	dead_list_fini(&list);
	if (rc != 0)
		api_error(api, &e);
	else if (one->count != 1)
		api_problem(api, API_NOT_FOUND, NULL, NULL);
	return rc == 0 && one->count == 1;
}

void api_dead(struct api *api)
{
	struct dead_list one;
	if (find_dead(api, &one)) {
		const struct dead *d = &one.item[0];
		size_t len = d->kept < DEAD_SHOWN_BYTES ? d->kept : DEAD_SHOWN_BYTES;
		json_t *body = dead_json(d);
		char *text = xstrndup(d->data, len);
		gate_utf8_mend(text);
		json_object_set_new(body, "content_type", api_string(d->content_type));
		json_object_set(body, "headers", d->headers);
		json_object_set_new(body, "text", api_string(text));
		json_object_set_new(body, "truncated", json_boolean(len < d->len));
		free(text);
		api_reply(api, 200, body);
	}
	dead_list_fini(&one);
}

static int replay(struct api_act *act, struct db *tx, struct error *e)
{
	struct dead *d = act->arg;
	char id[DEAD_ID_SIZE], subject[DEAD_ID_SIZE + 8];
	if (dead_replay(act->api->visit->console->bus, tx, d, e) != 0)
		return -1;
	snprintf(subject, sizeof subject, "dead:%s", dead_id(d, id));
	act->body = json_pack("{s:s, s:s}", "dead", id, "topic", d->topic);
	return console_audit(act->api->visit, tx, "dead.replay", subject, json_pack("{s:s, s:s?}", "topic", d->topic, "type", d->type),
		NULL, e);
}

void api_dead_replay(struct api *api)
{
	struct dead_list one = {0};
	if (!api_body_is(api, NULL, 0))
		return;
	if (find_dead(api, &one)) {
		struct api_act act = {.work = replay, .api = api, .arg = &one.item[0], .status = 202};
		if (api_act(&act))
			api_reply(api, 202, act.body);
	}
	dead_list_fini(&one);
}
