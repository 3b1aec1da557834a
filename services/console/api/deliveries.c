/* The delivery log, one letter with its history, sending again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "console/api/handlers.h"
#include "console/api/place.h"
#include "console/api/senders.h"
#include "control/delivery.h"
#include "control/delivery_log.h"

/* ---- one line ------------------------------------------------------------------------------- */

static json_t *line_json(const struct delivery_line *l)
{
	return json_pack("{s:o, s:I, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "delivery", api_id(l->key), "dispatch",
		(json_int_t)l->dispatch, "state", delivery_state_name((enum delivery_state)l->state), "at", api_moment(l->time_ms),
		"code", l->code == 0 ? json_null() : json_integer(l->code), "enhanced", api_string(l->enhanced), "reason",
		api_string(l->reason), "relay", api_string(l->relay), "worker", api_string(l->worker));
}

/* ---- list ---------------------------------------------------------------------------------------- */

static int add_line(void *arg, const struct delivery_line *l)
{
	json_t *line = line_json(l);
	json_object_set_new(line, "address", api_string(l->address));
	json_object_set_new(line, "campaign", api_string(l->slug));
	json_object_set_new(line, "organisation", api_string(l->organisation));
	json_array_append_new(arg, line);
	return 0;
}

static bool read_address(struct api *api, const char **out, char clean[static GATE_ADDRESS_MAX + 1])
{
	struct error e = {0};
	*out = web_query(api->request, "address");
	if (*out == NULL || (*out)[0] == '@')
		return true;
	if (gate_address(*out, clean, &e) != 0) {
		api_wrong_query(api, "address", e.text, tr("or @example.org for a whole domain", "или @example.org – весь домен"));
		return false;
	}
	*out = clean;
	return true;
}

static bool read_state(struct api *api, int *state)
{
	const char *word;
	*state = -1;
	if (!api_query_word(api, "state", "waiting sending uncertain deferred returned accepted delivered bounced failed expired"
					 " cancelled suppressed", &word))
		return false;
	for (int i = 0; word != NULL && i < DELIVERY_STATES; i++)
		if (strcmp(delivery_state_name((enum delivery_state)i), word) == 0)
			*state = i;
	return true;
}

static bool read_campaign(struct api *api, int64_t *id)
{
	const char *slug = web_query(api->request, "campaign");
	struct error e = {0};
	*id = 0;
	if (slug == NULL)
		return true;
	enum db_step step = db_query_int(api->db, id, &e, "SELECT id FROM campaign WHERE slug = $1", "s", slug);
	if (step == DB_DONE)
		api_wrong_query(api, "campaign", tr("there is no such campaign", "такой рассылки нет"), NULL);
	else if (step == DB_FAILED)
		api_error(api, &e);
	return step == DB_ROW;
}

/* Newest first. A page may hold less than `limit`, or nothing, and still have a next one: a request looks
 * at so many lines and no more. */
void api_deliveries(struct api *api)
{
	struct delivery_log_filter filter = {.relay = web_query(api->request, "relay"), .text = web_query(api->request, "text")};
	struct delivery_log_position at = delivery_log_end();
	struct delivery_log_look look = {0};
	struct error e = {0};
	char clean[GATE_ADDRESS_MAX + 1], after[API_CURSOR_MAX], next[120] = "";
	long long p[4];
	int64_t limit;
	if (!api_limit(api, &limit) || !api_after(api, after, sizeof after) || !read_address(api, &filter.address, clean) ||
		!read_state(api, &filter.state) || !api_query_time(api, "since", &filter.from_ms) ||
		!api_query_time(api, "until", &filter.until_ms) || !read_campaign(api, &filter.campaign))
		return;
	if (after[0] != '\0' && sscanf(after, "%lld_%lld_%lld_%lld", &p[0], &p[1], &p[2], &p[3]) == 4)
		at = (struct delivery_log_position){p[0], p[1], p[2], p[3]};
	json_t *items = json_array();
	if (delivery_log_read(api->db, &filter, LOG_OLDER, &at, limit, DELIVERY_LOG_LOOK, &look, add_line, items, &e) != 0) {
		json_decref(items);
		api_error(api, &e);
		return;
	}
	if (!look.end)
		snprintf(next, sizeof next, "%lld_%lld_%lld_%lld", (long long)at.time_ms, (long long)at.key, (long long)at.dispatch,
			(long long)at.state);
	api_list_from(api, items, next);
}

/* ---- one ------------------------------------------------------------------------------------------ */

static int add_history(void *arg, const struct delivery_line *line)
{
	json_array_append_new(arg, line_json(line));
	return 0;
}

static json_t *delivery_json(const struct delivery *d)
{
	static const char *const next_words[] = {[DELIVERY_NEXT_NOTHING] = "nothing", [DELIVERY_NEXT_OPERATOR] = "operator",
		[DELIVERY_NEXT_RESUME] = "resume", [DELIVERY_NEXT_CANCELLED] = "cancelled", [DELIVERY_NEXT_UNDER_WAY] = "under-way",
		[DELIVERY_NEXT_TURN] = "turn", [DELIVERY_NEXT_LATER] = "later"};
	int64_t when_ms = 0;
	enum delivery_next next = delivery_next(d, clock_now_ms(), &when_ms);
	return json_pack("{s:o, s:s, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:{s:s, s:o}}", "delivery",
		api_id(d->key), "state", delivery_state_name(d->state), "dispatch", (json_int_t)d->dispatch, "attempts",
		(json_int_t)d->attempts, "campaign", api_string(d->slug), "organisation", api_string(d->organisation_key),
		"organisation_name", api_string(d->organisation), "address", api_string(d->address), "role",
		api_string(d->contact_role), "step", (json_int_t)d->step, "reason", api_string(d->reason), "relay",
		api_string(d->relay), "not_after", api_moment(d->not_after_ms), "updated_at", api_moment(d->updated_ms), "next",
		"what", next_words[next], "at", api_moment(when_ms));
}

void api_delivery(struct api *api)
{
	struct delivery d = {0};
	struct error e = {0};
	int64_t key;
	if (!api_part_number(api, "delivery", &key))
		return;
	json_t *body = NULL, *history = json_array();
	if (delivery_load(api->db, key, &d, &e) == 0 && delivery_log_letter(api->db, key, add_history, history, &e) == 0)
		body = delivery_json(&d);
	delivery_fini(&d);
	if (body == NULL) {
		json_decref(history);
		api_error(api, &e);
		return;
	}
	json_object_set_new(body, "history", history);
	api_reply(api, 200, body);
}

/* ---- once more ------------------------------------------------------------------------------------ */

/* The planner looks again whether it failed or is held, and refuses any other. */
void api_resend(struct api *api)
{
	struct delivery d = {0};
	struct error e = {0};
	int64_t key;
	if (!api_body_is(api, NULL, 0) || !api_part_number(api, "delivery", &key))
		return;
	if (delivery_load(api->db, key, &d, &e) != 0)
		api_error(api, &e);
	else if (d.slug == NULL)
		api_problem(api, API_CONFLICT, tr("its campaign is gone", "её рассылки уже нет"), NULL);
	else if (api_sender_ok(api, d.sender))
		api_order(api, TASK_CAMPAIGN_RETRY, d.slug,
			json_pack("{s:s, s:s, s:I}", "campaign", d.slug, "state",
				d.state == DELIVERY_UNCERTAIN ? "uncertain" : "failed", "delivery", (json_int_t)key));
	delivery_fini(&d);
}
