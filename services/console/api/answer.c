/* Answers, and values as they stand in them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "console/api/api.h"
#include "web/target.h"

#define LINK_MAX_BYTES 6000

/* ---- values ---------------------------------------------------------------------------- */

json_t *api_moment(int64_t time_ms)
{
	char text[CLOCK_RFC3339_SIZE];
	return time_ms == 0 || time_ms == TIME_NEVER_MS ? json_null() : json_string(clock_rfc3339(time_ms, text));
}

json_t *api_string(const char *text)
{
	json_t *string = text == NULL || text[0] == '\0' ? NULL : json_string(text);
	return string == NULL ? json_null() : string;
}

json_t *api_id(int64_t id)
{
	return json_sprintf("%lld", (long long)id);
}

/* ---- answers ----------------------------------------------------------------------------- */

static void note_answer(struct api *api, int status, const char *location, json_t *body)
{
	api->status = status;
	json_decref(api->answer);
	api->answer = json_incref(body);
	free(api->location);
	api->location = xstrdup(location);
}

static void reply_with(struct api *api, int status, const char *location, json_t *body)
{
	char *text = body == NULL ? NULL : json_dumps(body, JSON_COMPACT);
	if (text == NULL) {
		json_decref(body);
		log_error("api.answer", "operation=%s error=\"not to be written as JSON\"", api->operation->id);
		api_problem(api, API_INTERNAL, NULL, NULL);
		return;
	}
	note_answer(api, status, location, body);
	if (location != NULL)
		web_add_header(api->request, "Location", location);
	web_reply(api->request, status, "application/json", text, strlen(text));
	free(text);
	json_decref(body);
}

void api_reply(struct api *api, int status, json_t *body)
{
	reply_with(api, status, NULL, body);
}

void api_created(struct api *api, const char *location, json_t *body)
{
	reply_with(api, 201, location, body);
}

void api_no_content(struct api *api)
{
	note_answer(api, 204, NULL, NULL);
	web_reply(api->request, 204, NULL, "", 0);
}

void api_etag(struct api *api, int64_t version)
{
	char etag[32];
	snprintf(etag, sizeof etag, "\"%lld\"", (long long)version);
	web_add_header(api->request, "ETag", etag);
}

/* ---- lists -------------------------------------------------------------------------------- */

char *api_cursor(const struct api *api, const char *position)
{
	char purpose[100], mac[IDENT_MAC_SIZE];
	snprintf(purpose, sizeof purpose, "api cursor %s", api->operation->id);
	ident_mac(api->visit->console->key, purpose, position, mac);
	return xasprintf("%s.%s", position, mac);
}

static json_t *next_link(struct api *api, const char *cursor)
{
	struct buf link;
	size_t count;
	const struct target_pair *query = web_queries(api->request, &count);
	buf_init(&link, LINK_MAX_BYTES);
	(void)buf_printf(&link, "%s?", web_path(api->request));
	for (size_t i = 0; i < count; i++) {
		if (strcmp(query[i].name, "after") == 0)
			continue;
		char *value = target_escape(query[i].value);
		(void)buf_printf(&link, "%s=%s&", query[i].name, value); /* the name is one of ours */
		free(value);
	}
	char *escaped = target_escape(cursor);
	(void)buf_printf(&link, "after=%s", escaped);
	free(escaped);
	json_t *text = buf_ok(&link) ? json_string(buf_str(&link)) : json_null();
	buf_fini(&link);
	return text;
}

void api_list(struct api *api, json_t *items, const char *cursor)
{
	json_t *next = cursor[0] == '\0' ? json_null() : next_link(api, cursor);
	if (json_is_string(next)) {
		char *link = xasprintf("<%s>; rel=\"next\"", json_string_value(next));
		web_add_header(api->request, "Link", link);
		free(link);
	}
	api_reply(api, 200, json_pack("{s:o, s:o}", "data", items, "next", next));
}
