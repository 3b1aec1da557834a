/* Orders about a campaign: each becomes a task, and the planner's word is the answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "calendar/calendar.h"
#include "console/api/handlers.h"
#include "console/api/place.h"
#include "console/api/senders.h"

#define COUNT(members) (sizeof(members) / sizeof(members)[0])

static const char *slug_of(const struct api *api)
{
	return web_part(api->request, "campaign");
}

/* An order to something that is not there is a 404, not a refusal. */
static bool is_there(struct api *api)
{
	int64_t id;
	return api_find_campaign(api, &id);
}

/* The same, of an order after which letters leave in the campaign's name. */
static bool may_send(struct api *api)
{
	return is_there(api) && api_sender_of_stored(api);
}

static void with_reason(struct api *api, enum task_type type, bool required, bool (*allowed)(struct api *api))
{
	const struct api_member members[] = {{"reason", API_LINE, required, 1, 500, NULL}};
	if (!api_body_is(api, members, COUNT(members)) || !allowed(api))
		return;
	json_t *data = json_pack("{s:s}", "campaign", slug_of(api));
	if (api_text(api, "reason") != NULL)
		json_object_set(data, "reason", json_object_get(api->body, "reason"));
	api_order(api, type, slug_of(api), data);
}

void api_pause(struct api *api)
{
	with_reason(api, TASK_CAMPAIGN_PAUSE, false, is_there);
}

void api_resume(struct api *api)
{
	with_reason(api, TASK_CAMPAIGN_RESUME, false, may_send);
}

void api_cancel(struct api *api)
{
	with_reason(api, TASK_CAMPAIGN_CANCEL, false, is_there);
}

void api_recall(struct api *api)
{
	with_reason(api, TASK_CAMPAIGN_RECALL, true, may_send);
}

void api_retry(struct api *api)
{
	static const struct api_member members[] = {{"state", API_TEXT, true, 0, 0, "failed uncertain"}};
	if (api_body_is(api, members, COUNT(members)) && may_send(api))
		api_order(api, TASK_CAMPAIGN_RETRY, slug_of(api),
			json_pack("{s:s, s:s}", "campaign", slug_of(api), "state", api_text(api, "state")));
}

/* "2023-05-30", "2023-05-30 18:00": wall time of the campaign's zone, as the planner reads it. */
static bool wall_text(struct api *api, const char *name, char out[static 40])
{
	struct calendar_time t;
	struct error e = {0};
	bool timed;
	out[0] = '\0';
	const char *text = api_text(api, name);
	if (text == NULL)
		return true;
	if (calendar_parse(text, &t, &timed, &e) == 0) {
		snprintf(out, 40, timed ? "%04d-%02d-%02d %02d:%02d" : "%04d-%02d-%02d", t.year, t.month, t.day, t.hour, t.minute);
		return true;
	}
	char *pointer = xasprintf("/%s", name);
	api_problem(api, API_INVALID, NULL,
		json_pack("[{s:s, s:s, s:s, s:o}]", "severity", "error", "pointer", pointer, "field", name, "detail",
			api_string(e.text)));
	free(pointer);
	return false;
}

void api_postpone(struct api *api)
{
	static const struct api_member members[] = {{"deadline", API_LINE, true, 8, 40, NULL},
		{"round", API_INTEGER, false, 1, 100000, NULL}, {"tell", API_BOOLEAN, false, 0, 0, NULL}};
	char deadline[40];
	if (!api_body_is(api, members, COUNT(members)) || !wall_text(api, "deadline", deadline) || !may_send(api))
		return;
	json_t *data = json_pack("{s:s, s:s, s:b}", "campaign", slug_of(api), "deadline", deadline, "tell",
		(int)api_flag(api, "tell", false));
	if (api_integer(api, "round", 0) != 0)
		json_object_set_new(data, "round", json_integer(api_integer(api, "round", 0)));
	api_order(api, TASK_CAMPAIGN_POSTPONE, slug_of(api), data);
}

void api_stage(struct api *api)
{
	static const struct api_member members[] = {{"round", API_INTEGER, true, 1, 100000, NULL},
		{"at", API_LINE, true, 8, 40, NULL}, {"deadline", API_LINE, false, 8, 40, NULL}};
	char at[40], deadline[40];
	if (!api_body_is(api, members, COUNT(members)) || !wall_text(api, "at", at) || !wall_text(api, "deadline", deadline) ||
		!may_send(api))
		return;
	json_t *data = json_pack("{s:s, s:I, s:s}", "campaign", slug_of(api), "round", (json_int_t)api_integer(api, "round", 0),
		"at", at);
	if (deadline[0] != '\0')
		json_object_set_new(data, "deadline", json_string(deadline));
	api_order(api, TASK_CAMPAIGN_STAGE, slug_of(api), data);
}

/* A draft that was stored (`vestnik campaign store`): what is launched is the content that was checked. */
void api_launch(struct api *api)
{
	static const struct api_member members[] = {{"content_hash", API_TEXT, true, 64, 64, NULL}};
	if (api_body_is(api, members, COUNT(members)) && may_send(api))
		api_order(api, TASK_CAMPAIGN_LAUNCH, slug_of(api),
			json_pack("{s:s, s:s}", "campaign", slug_of(api), "content_hash", api_text(api, "content_hash")));
}
