/* What all operations have in common, and the table of them. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "console/api/api.h"
#include "console/api/handlers.h"
#include "console/parts.h"
#include "web/target.h"

/* ---- the table ----------------------------------------------------------------------------- */

const struct api_operation api_operations[] = {
#define OPERATION(id, method, path, right, handler, query, body, most) \
	{#id, WEB_##method, API_ROOT path, RIGHT_##right, handler, query, body, most},
#include "console/api/operations.h"
#undef OPERATION
};
const size_t api_operations_count = sizeof api_operations / sizeof api_operations[0];

static void dispatch(struct visit *visit);
const struct console_route api_routes[] = {
#define OPERATION(id, method, path, right, handler, query, body, most) \
	{WEB_##method, API_ROOT path, RIGHT_##right, dispatch, most, 0},
#include "console/api/operations.h"
#undef OPERATION
	{WEB_GET, "/problems/{name}", RIGHT_NONE, api_problem_page, 0, 0},
	{0}};

static const struct api_operation *operation_of(const struct web_request *request)
{
	const struct web_route *route = web_route_of(request);
	for (size_t i = 0; i < api_operations_count; i++)
		if (route->methods == api_operations[i].method && strcmp(route->path, api_operations[i].path) == 0)
			return &api_operations[i];
	PANIC("a route of the API without an operation");
}

/* ---- before the handler ------------------------------------------------------------------------ */

static bool query_known(struct api *api)
{
	size_t count;
	const struct target_pair *query = web_queries(api->request, &count);
	for (size_t i = 0; i < count; i++) {
		const char *names = api->operation->query, *name = query[i].name;
		size_t len = strlen(name);
		bool known = false;
		for (const char *at = names; *at != '\0' && !known; at += strspn(at, " ")) {
			size_t n = strcspn(at, " ");
			known = n == len && memcmp(at, name, n) == 0;
			at += n;
		}
		for (size_t j = 0; j < i && known; j++)
			if (strcmp(query[j].name, name) == 0) {
				api_wrong_query(api, name, tr("is given twice", "указан дважды"), NULL);
				return false;
			}
		if (known)
			continue;
		char *hint = names[0] == '\0' ? xstrdup(tr("it takes none", "параметров нет"))
					      : xasprintf(tr("there are: %s", "есть: %s"), names);
		api_wrong_query(api, name, tr("there is no such parameter here", "такого параметра здесь нет"), hint);
		free(hint);
		return false;
	}
	return true;
}

static bool is_type(const char *given, const char *type)
{
	size_t len = strlen(type);
	return given != NULL && strncasecmp(given, type, len) == 0 &&
		(given[len] == '\0' || given[len] == ';' || given[len] == ' ');
}

static bool wrong_type(struct api *api, const char *wanted)
{
	char *detail = xasprintf(tr("Content-Type: want %s", "Content-Type: нужно %s"), wanted);
	api_problem(api, API_WRONG_TYPE, detail, NULL);
	free(detail);
	return false;
}

static bool read_json(struct api *api, const char *type)
{
	json_error_t where;
	if (api->len == 0 && (type == NULL || is_type(type, "application/json"))) { /* a form's body is not here */
		api->body = json_object();
		return true;
	}
	if (!is_type(type, "application/json"))
		return wrong_type(api, "application/json");
	api->body = json_loadb(api->data, api->len, JSON_REJECT_DUPLICATES, &where);
	if (json_is_object(api->body))
		return true;
	json_t *errors = api->body != NULL ? NULL
					   : json_pack("[{s:s, s:i, s:i, s:o}]", "severity", "error", "line", where.line,
						     "column", where.column, "detail", api_string(where.text));
	json_decref(api->body);
	api->body = NULL;
	api_problem(api, API_BAD_REQUEST, tr("The body is not a JSON object.", "Тело запроса – не объект JSON."), errors);
	return false;
}

#define XLSX_TYPE "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
static bool read_body(struct api *api)
{
	const char *type = web_header(api->request, "Content-Type");
	api->data = web_body(api->request, &api->len);
	switch (api->operation->body) {
	case API_JSON:
		return read_json(api, type);
	case API_JSON_ZIP:
		api->zip = is_type(type, "application/zip");
		return api->zip || read_json(api, type);
	case API_ZIP:
		return is_type(type, "application/zip") || wrong_type(api, "application/zip");
	case API_TABLE:
		return is_type(type, "text/csv") || is_type(type, XLSX_TYPE) || wrong_type(api, "text/csv, " XLSX_TYPE);
	case API_BYTES:
	case API_NO_BODY:
		break;
	}
	return true;
}

static bool within_rate(struct api *api)
{
	int per_minute = api->visit->console->settings->console.api_per_minute;
	if (throttle_take(api->visit->console->programs, api->visit->visitor->login, clock_mono_ms()))
		return true;
	char *wait = xasprintf("%d", per_minute >= 60 ? 1 : 60 / per_minute);
	web_add_header(api->request, "Retry-After", wait);
	free(wait);
	api_problem(api, API_TOO_MANY, NULL, NULL);
	return false;
}

static void dispatch(struct visit *visit)
{
	struct api api = {.visit = visit, .request = visit->request, .db = visit->db};
	int64_t begun_us = clock_mono_us();
	api.operation = operation_of(visit->request);
	api_request_id(visit->request, api.id);
	if (within_rate(&api) && query_known(&api) && read_body(&api) && once_begin(&api)) {
		api.operation->handle(&api);
		once_end(&api);
	}
	log_info("api.request", "id=%s key=%s operation=%s status=%d ms=%lld", api.id, visit->visitor->login,
		api.operation->id, api.status, (long long)(clock_mono_us() - begun_us) / 1000);
	json_decref(api.body);
	json_decref(api.answer);
	free(api.location);
}

/* ---- what there is --------------------------------------------------------------------------------- */

static const char *method_name(enum web_method method)
{
	return method == WEB_GET ? "GET" : method == WEB_POST ? "POST" : method == WEB_PUT ? "PUT" : method == WEB_DELETE ? "DELETE" : "PATCH";
}

void api_index(struct api *api)
{
	json_t *all = json_array();
	for (size_t i = 0; i < api_operations_count; i++) {
		const struct api_operation *o = &api_operations[i];
		json_array_append_new(all, json_pack("{s:s, s:s, s:s, s:s?}", "operation", o->id, "method", method_name(o->method),
						   "path", o->path, "scope", o->right == RIGHT_OWN ? NULL : right_name(o->right)));
	}
	api_reply(api, 200, json_pack("{s:s, s:o}", "version", VESTNIK_VERSION, "operations", all));
}
