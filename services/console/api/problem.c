/* What went wrong, as RFC 9457 has it: application/problem+json. Types are stable and told at
 * /problems/{name}. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/lang.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "console/api/api.h"
#include "web/language.h"

#define RETRY_LATER_S "5"

static const struct kind {
	const char *name;
	int status;
	const char *en, *ru;           /* title */
	const char *what_en, *what_ru; /* detail, when nobody says more */
} kinds[API_PROBLEMS] = {
	[API_BAD_REQUEST] = {"bad-request", 400, "The request cannot be read", "Запрос не удалось прочитать",
		"Method, path, query or body are not what HTTP, JSON and docs/openapi.yaml allow.",
		"Метод, путь, параметры или тело не такие, как допускают HTTP, JSON и docs/openapi.yaml."},
	[API_UNAUTHORIZED] = {"unauthorized", 401, "An API key is needed", "Нужен ключ API",
		"Send the header Authorization: Bearer vk_…; the key is unknown, revoked or has expired.",
		"Передайте заголовок Authorization: Bearer vk_…; ключ неизвестен, отозван или его срок истёк."},
	[API_FORBIDDEN] = {"forbidden", 403, "The key does not allow this", "Ключ этого не разрешает",
		"The key lacks the scope this operation needs.", "У ключа нет права, которое нужно этой операции."},
	[API_NOT_FOUND] = {"not-found", 404, "There is no such thing", "Такого нет",
		"Nothing stands at this address.", "По этому адресу ничего нет."},
	[API_WRONG_METHOD] = {"method-not-allowed", 405, "Another method is needed", "Нужен другой метод",
		"The header Allow names the methods of this address.", "Методы этого адреса перечислены в заголовке Allow."},
	[API_NOT_ACCEPTABLE] = {"not-acceptable", 406, "Not in this format", "В таком виде не выдаётся",
		"The operation gives none of the formats Accept names.", "Операция не выдаёт ни одного формата из Accept."},
	[API_CONFLICT] = {"conflict", 409, "That is not possible now", "Сейчас это невозможно",
		"The state of the thing does not allow it.", "Состояние не позволяет этого."},
	[API_REFUSED] = {"refused", 409, "The planner refused the order", "Планировщик отклонил распоряжение",
		"Nothing was done; detail is the planner's reason.", "Ничего не сделано; причина – в detail."},
	[API_IN_PROGRESS] = {"in-progress", 409, "The same request is being worked on", "Тот же запрос ещё выполняется",
		"A request with this Idempotency-Key has not been answered yet. Ask again in a moment.",
		"Запрос с этим Idempotency-Key ещё не получил ответа. Повторите чуть позже."},
	[API_CHANGED] = {"changed", 412, "Somebody else changed it", "Это уже изменил кто-то другой",
		"If-Match names an earlier version: read it again.", "В If-Match прежняя версия: прочитайте заново."},
	[API_TOO_LARGE] = {"too-large", 413, "Too much data", "Слишком много данных",
		"The body is larger than this operation takes.", "Тело запроса больше, чем принимает эта операция."},
	[API_WRONG_TYPE] = {"unsupported-media-type", 415, "Another Content-Type is needed", "Нужен другой Content-Type",
		"The body is not of a type this operation takes.", "Эта операция не принимает тело такого типа."},
	[API_INVALID] = {"invalid", 422, "The data is not right yet", "Данные нужно поправить",
		"errors names each place and what would be right.", "В errors названо каждое место и что там должно быть."},
	[API_KEY_REUSED] = {"key-reused", 422, "The Idempotency-Key was used for something else",
		"Idempotency-Key уже использован для другого",
		"Another request was sent with this key in the last 24 hours. A new request needs a new key.",
		"За последние сутки с этим ключом пришёл другой запрос. Новому запросу нужен новый ключ."},
	[API_NO_CONDITION] = {"precondition-required", 428, "If-Match is needed", "Нужен If-Match",
		"Send If-Match with the ETag that was read, so that nobody's change is overwritten.",
		"Передайте If-Match с прочитанным ETag, чтобы не затереть чужую правку."},
	[API_TOO_MANY] = {"too-many-requests", 429, "Too many requests", "Слишком много запросов",
		"Wait as long as Retry-After says.", "Подождите столько, сколько указано в Retry-After."},
	[API_INTERNAL] = {"internal", 500, "It did not work", "Не получилось",
		"This is our mistake, and it has been noted. Try again in a few minutes.",
		"Это ошибка на нашей стороне, она записана. Повторите через несколько минут."},
	[API_UNAVAILABLE] = {"unavailable", 503, "Away for a moment", "Временно недоступно",
		"Try again after Retry-After; nothing was done, or the same Idempotency-Key tells what was.",
		"Повторите после Retry-After; ничего не сделано, либо тот же Idempotency-Key расскажет, что сделано."},
};

static void reply(struct web_request *request, enum api_problem problem, const char *detail, json_t *errors,
	struct api *api)
{
	const struct kind *kind = &kinds[problem];
	char type[60];
	snprintf(type, sizeof type, "/problems/%s", kind->name);
	json_t *body = json_pack("{s:s, s:s, s:i, s:o*}", "type", type, "title", tr(kind->en, kind->ru), "status",
		kind->status, "detail", detail == NULL ? NULL : json_string(detail));
	if (json_object_get(body, "detail") == NULL)
		json_object_set_new(body, "detail", json_string(tr(kind->what_en, kind->what_ru)));
	if (web_path(request) != NULL)
		json_object_set_new(body, "instance", json_string(web_path(request)));
	if (errors != NULL)
		json_object_set_new(body, "errors", errors);
	char *text = json_dumps(body, JSON_COMPACT);
	if (api != NULL) {
		api->status = kind->status;
		json_decref(api->answer);
		api->answer = problem == API_REFUSED ? json_incref(body) : NULL;
	}
	if (problem == API_UNAUTHORIZED)
		web_add_header(request, "WWW-Authenticate", "Bearer realm=\"vestnik\"");
	web_add_header(request, "Content-Language", lang_get() == LANG_RU ? "ru" : "en");
	web_reply(request, kind->status, "application/problem+json", text == NULL ? "{}" : text,
		text == NULL ? 2 : strlen(text));
	free(text);
	json_decref(body);
}

void api_problem(struct api *api, enum api_problem problem, const char *detail, json_t *errors)
{
	if (problem == API_UNAVAILABLE || problem == API_IN_PROGRESS)
		web_add_header(api->request, "Retry-After", problem == API_IN_PROGRESS ? "1" : RETRY_LATER_S);
	reply(api->request, problem, detail, errors, api);
}

void api_error(struct api *api, const struct error *e)
{
	bool passes = e->retriable || e->code == ERROR_UNAVAILABLE || e->code == ERROR_FULL;
	enum api_problem problem = passes			? API_UNAVAILABLE
		: e->code == ERROR_INPUT			? API_INVALID
		: e->code == ERROR_NOT_FOUND			? API_NOT_FOUND
		: e->code == ERROR_CONFLICT			? API_CONFLICT
		: e->code == ERROR_DENIED			? API_FORBIDDEN
								: API_INTERNAL;
	bool ours = problem == API_INTERNAL || problem == API_UNAVAILABLE;
	if (ours)
		log_error("api.failed", "operation=%s id=%s error=%s", api->operation->id, api->id, log_quote(e->text));
	json_t *errors = problem != API_INVALID ? NULL
						: json_pack("[{s:s, s:s}]", "severity", "error", "detail", e->text);
	api_problem(api, problem, ours ? NULL : e->text, errors);
}

/* "ask.deadline" → "/ask/deadline" */
static char *pointer_of(const char *field)
{
	char *pointer = xasprintf("/%s", field);
	for (char *p = pointer; *p != '\0'; p++)
		if (*p == '.' || *p == '[')
			*p = '/';
	char *to = pointer;
	for (const char *p = pointer; *p != '\0'; p++)
		if (*p != ']')
			*to++ = *p;
	*to = '\0';
	return pointer;
}

json_t *api_problem_json(const struct problem *problem)
{
	json_t *out = json_pack("{s:s, s:o}", "severity", problem_severity_name(problem->severity), "detail",
		api_string(problem->text));
	if (problem->file != NULL)
		json_object_set_new(out, "file", api_string(problem->file));
	if (problem->line > 0)
		json_object_set_new(out, "line", json_integer(problem->line));
	if (problem->column > 0)
		json_object_set_new(out, "column", json_integer(problem->column));
	if (problem->field != NULL) {
		char *pointer = pointer_of(problem->field);
		json_object_set_new(out, "field", api_string(problem->field));
		json_object_set_new(out, "pointer", api_string(pointer));
		free(pointer);
	}
	if (problem->hint != NULL)
		json_object_set_new(out, "hint", api_string(problem->hint));
	return out;
}

void api_problems(struct api *api, const struct problems *problems)
{
	json_t *errors = json_array();
	for (size_t i = 0; i < problems->count; i++)
		if (problems->item[i].severity == PROBLEM_ERROR)
			json_array_append_new(errors, api_problem_json(&problems->item[i]));
	api_problem(api, API_INVALID, NULL, errors);
}

/* ---- language ------------------------------------------------------------------------------ */

void api_speak(struct web_request *request)
{
	const char *accept = web_header(request, "Accept-Language");
	web_speak(request, accept != NULL && language_accepted(accept) == LANG_RU && strcasestr(accept, "ru") != NULL ? LANG_RU
															: LANG_EN);
}

void api_request_id(struct web_request *request, char out[static API_ID_SIZE])
{
	const char *given = web_header(request, "X-Request-Id");
	size_t len = given == NULL ? 0 : strlen(given);
	bool good = len > 0 && len < API_ID_SIZE &&
		given[strspn(given, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:+/=")] == '\0';
	char own[IDENT_SIZE];
	snprintf(out, API_ID_SIZE, "%s", good ? given : ident_new(own));
	web_add_header(request, "X-Request-Id", out);
}

/* ---- what no handler saw ------------------------------------------------------------------- */

bool api_refusal(void *arg, struct web_request *request, int status, const char *title, const char *text)
{
	(void)arg;
	(void)title;
	const char *path = web_path(request);
	if (path == NULL || (strncmp(path, "/api/", 5) != 0 && strcmp(path, "/api") != 0))
		return false;
	api_speak(request);
	enum api_problem problem = status >= 500 ? API_INTERNAL : API_BAD_REQUEST;
	for (int i = 0; i < API_PROBLEMS; i++)
		if (kinds[i].status == status) {
			problem = (enum api_problem)i;
			break;
		}
	char id[API_ID_SIZE];
	api_request_id(request, id);
	log_info("api.refused", "id=%s status=%d address=%s", id, status, web_address(request));
	bool own = problem == API_FORBIDDEN || problem == API_CONFLICT || problem == API_INVALID;
	reply(request, problem, own ? text : NULL, NULL, NULL);
	return true;
}

void api_problem_page(struct visit *visit)
{
	const char *name = web_part(visit->request, "name");
	for (int i = 0; i < API_PROBLEMS; i++) {
		if (strcmp(kinds[i].name, name) != 0)
			continue;
		char *text = xasprintf("%d %s\n\n%s\n", kinds[i].status, tr(kinds[i].en, kinds[i].ru),
			tr(kinds[i].what_en, kinds[i].what_ru));
		web_reply(visit->request, 200, "text/plain; charset=utf-8", text, strlen(text));
		free(text);
		return;
	}
	web_reply_problem(visit->request, 404, NULL, NULL);
}
