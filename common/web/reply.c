/* Answers: every one carries the security headers; a request gets exactly one. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/gate.h"
#include "base/ident.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "web/disposition.h"
#include "web/web_inside.h"

/* Scripts, styles and pictures come from us alone; nobody frames a page; links lead out without the
 * address they stood on, since it holds a token. */
#define POLICY "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
/* A file somebody sent or attached never acts as a page of ours. */
#define FILE_POLICY "default-src 'none'; sandbox; frame-ancestors 'none'"
/* A letter or a report inside a page of ours: its own inline styles, and nothing else. */
#define FRAME_POLICY "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox allow-popups; frame-ancestors 'self'"
/* A year, in seconds; other names of the domain are not ours to decide about. */
#define HSTS "max-age=31536000"
#define RETRY_AFTER_S "60"

static void header(struct MHD_Response *response, const char *name, const char *value)
{
	if (MHD_add_response_header(response, name, value) != MHD_YES)
		log_warn("web.header", "name=%s value=%s", name, log_quote(value));
}

static void answer_with(struct web_request *request, int status, struct MHD_Response *response, int64_t len,
	const char *media_type, const char *cache, const char *policy)
{
	ASSERT(!request->answered);
	request->answered = true;
	request->status = status;
	if (media_type != NULL)
		header(response, "Content-Type", media_type);
	header(response, "Cache-Control", cache);
	header(response, "Content-Security-Policy", policy);
	header(response, "X-Content-Type-Options", "nosniff");
	header(response, "X-Frame-Options", strcmp(policy, FRAME_POLICY) == 0 ? "SAMEORIGIN" : "DENY");
	header(response, "Referrer-Policy", "no-referrer");
	header(response, "Cross-Origin-Opener-Policy", "same-origin");
	header(response, "Permissions-Policy", "camera=(), geolocation=(), microphone=()");
	if (request->secure)
		header(response, "Strict-Transport-Security", HSTS);
	for (size_t i = 0; i < request->added_count; i++)
		header(response, request->added[i].name, request->added[i].value);
	watch_answer(request->web->watch, request->guest, len);
	request->response = response; /* the server's thread sends it */
}

static struct MHD_Response *copy_of(const void *data, size_t len)
{
	/* The library takes a writable pointer, and only reads it: it makes its own copy. */
	return MHD_create_response_from_buffer(len, len > 0 ? xmemdup(data, len) : xstrdup(""), MHD_RESPMEM_MUST_FREE);
}

void web_add_header(struct web_request *request, const char *name, const char *value)
{
	if (request->added_count == ADDED_HEADERS_MAX || !gate_header(value, strlen(value))) {
		log_warn("web.header", "name=%s value=%s", name, log_quote(value));
		return;
	}
	request->added[request->added_count].name = xstrdup(name);
	request->added[request->added_count++].value = xstrdup(value);
}

/* Lax: who follows a link in a letter to our pages is still logged in. GET changes nothing, and forms carry a
 * token beside the cookie. */
void web_set_cookie(struct web_request *request, const char *name, const char *value, int max_age_s)
{
	char *text = xasprintf("%s=%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Lax%s", name, value, max_age_s,
		request->secure ? "; Secure" : "");
	web_add_header(request, "Set-Cookie", text);
	free(text);
}

void web_reply(struct web_request *request, int status, const char *media_type, const void *data, size_t len)
{
	answer_with(request, status, copy_of(data, len), (int64_t)len, media_type, "no-store", POLICY);
}

void web_reply_framed(struct web_request *request, int status, const void *html, size_t len)
{
	if (status == 429 || status == 503)
		web_add_header(request, "Retry-After", RETRY_AFTER_S);
	answer_with(request, status, copy_of(html, len), (int64_t)len, "text/html; charset=utf-8", "private, no-store", FRAME_POLICY);
}

void web_reply_cached(struct web_request *request, const char *media_type, const void *data, size_t len, int max_age_s)
{
	char hash[IDENT_HASH_SIZE], etag[40], cache[60];
	ident_hash(data, len, hash);
	snprintf(etag, sizeof etag, "\"%.32s\"", hash);
	snprintf(cache, sizeof cache, "public, max-age=%d", max_age_s);
	const char *known = web_header(request, "If-None-Match");
	web_add_header(request, "ETag", etag);
	if (known != NULL && strstr(known, etag) != NULL)
		answer_with(request, 304, copy_of("", 0), 0, NULL, cache, POLICY);
	else
		answer_with(request, 200, copy_of(data, len), (int64_t)len, media_type, cache, POLICY);
}

static void add_disposition(struct web_request *request, const char *name)
{
	char text[DISPOSITION_SIZE];
	web_add_header(request, "Content-Disposition", disposition_of(name, text));
}

void web_reply_file(struct web_request *request, int fd, size_t len, const char *name, const char *media_type)
{
	struct MHD_Response *response = MHD_create_response_from_fd64(len, fd);
	if (response == NULL) {
		struct error e = {0};
		error_set(&e, ERROR_INTERNAL, "a file cannot be sent");
		close(fd);
		web_reply_error(request, &e);
		return;
	}
	add_disposition(request, name);
	answer_with(request, 200, response, (int64_t)len, media_type, "private, no-store", FILE_POLICY);
}

void web_reply_download(struct web_request *request, const void *data, size_t len, const char *name,
	const char *media_type)
{
	add_disposition(request, name);
	answer_with(request, 200, copy_of(data, len), (int64_t)len, media_type, "private, no-store", FILE_POLICY);
}

void web_redirect(struct web_request *request, const char *location)
{
	ASSERT(location[0] == '/' && location[1] != '/');
	web_add_header(request, "Location", location);
	answer_with(request, 303, copy_of("", 0), 0, NULL, "no-store", POLICY);
}

void reply_stream(struct web_request *request, struct MHD_Response *response)
{
	web_add_header(request, "X-Accel-Buffering", "no"); /* nginx passes each event on at once */
	answer_with(request, 200, response, 0, "text/event-stream", "no-store", POLICY);
	watch_stream(request->web->watch, request->guest);
	/* The library's own limit of inactivity. */
	MHD_set_connection_option(request->connection, MHD_CONNECTION_OPTION_TIMEOUT, 0u);
}

/* ---- pages -------------------------------------------------------------------------- */

void web_reply_page(struct web_request *request, int status, const char *page, json_t *data)
{
	struct buf out;
	struct error e = {0};
	buf_init(&out, PAGE_MAX_BYTES);
	json_object_set_new(data, "self", json_string(request->self));
	json_t *path = json_stringn(request->self, strcspn(request->self, "?"));
	json_object_set_new(data, "path", path);
	if (web_pages_render(request->web->config.pages, page, request->lang, data, &out, &e) != 0) {
		web_reply_error(request, &e);
	} else {
		web_add_header(request, "Content-Language", request->lang == LANG_RU ? "ru" : "en");
		answer_with(request, status, copy_of(buf_str(&out), out.len), (int64_t)out.len, "text/html; charset=utf-8",
			"no-store", POLICY);
	}
	buf_fini(&out);
}

static void usual_words(int status, const char **title, const char **text)
{
	*title = tr("It did not work", "Не получилось");
	*text = tr("This is our mistake, and it has been noted. Please try again in a few minutes.",
		"Это ошибка на нашей стороне, она записана. Попробуйте ещё раз через несколько минут.");
	switch (status) {
	case 400:
		*title = tr("We could not read the request", "Запрос не удалось прочитать");
		*text = tr("The link or the form arrived damaged. Please open the link from the letter again.",
			"Ссылка или форма пришла повреждённой. Откройте ссылку из письма ещё раз.");
		break;
	case 404:
		*title = tr("There is no such page", "Такой страницы нет");
		*text = tr("Please check that the link from the letter was copied whole, to its last character.",
			"Проверьте, целиком ли скопирована ссылка из письма – до последнего знака.");
		break;
	case 405:
		*title = tr("This page cannot do that", "Эта страница так не умеет");
		*text = tr("Please open the link from the letter in a browser.",
			"Откройте ссылку из письма в браузере.");
		break;
	case 413:
		*title = tr("Too much data", "Слишком много данных");
		*text = tr("The file or the form is larger than we take. Please send a smaller file, or several.",
			"Файл или форма больше, чем мы принимаем. Пришлите файл поменьше или несколько по частям.");
		break;
	case 429:
		*title = tr("Too many requests", "Слишком много запросов");
		*text = tr("Please wait a minute and try again.", "Подождите минуту и попробуйте ещё раз.");
		break;
	case 503:
		*title = tr("The service is away for a moment", "Сервис ненадолго недоступен");
		*text = tr("Please try again in a minute. What was sent before is kept.",
			"Попробуйте ещё раз через минуту. Всё, что отправлено раньше, сохранено.");
		break;
	default:
		break;
	}
}

static void plain_problem(struct web_request *request, int status, const char *title, const char *text)
{
	struct buf out;
	buf_init(&out, 4096);
	buf_printf(&out, "<!DOCTYPE html><html lang=\"%s\"><meta charset=\"utf-8\"><title>%d</title><h1>%s</h1><p>%s</p>\n",
		request->lang == LANG_RU ? "ru" : "en", status, title, text);
	answer_with(request, status, copy_of(buf_str(&out), out.len), (int64_t)out.len, "text/html; charset=utf-8", "no-store",
		POLICY);
	buf_fini(&out);
}

void web_reply_problem(struct web_request *request, int status, const char *title, const char *text)
{
	const char *usual_title, *usual_text;
	bool own = title != NULL;
	const struct web_config *config = &request->web->config;
	if (config->words == NULL || !config->words(status, &usual_title, &usual_text))
		usual_words(status, &usual_title, &usual_text);
	if (status == 429 || status == 503)
		web_add_header(request, "Retry-After", RETRY_AFTER_S);
	if (config->problem != NULL &&
		config->problem(config->arg, request, status, own ? title : usual_title, text != NULL ? text : usual_text))
		return;
	json_t *data = json_pack("{s:s, s:s, s:s}", "title", own ? title : usual_title, "problem_title",
		own ? title : usual_title, "problem_text", text != NULL ? text : usual_text);
	struct buf out;
	struct error e = {0};
	buf_init(&out, PAGE_MAX_BYTES);
	json_object_set_new(data, "path",
		request->self == NULL ? json_null() : json_stringn(request->self, strcspn(request->self, "?")));
	if (web_pages_has(request->web->config.pages, "problem") &&
		web_pages_render(request->web->config.pages, "problem", request->lang, data, &out, &e) == 0)
		answer_with(request, status, copy_of(buf_str(&out), out.len), (int64_t)out.len, "text/html; charset=utf-8",
			"no-store", POLICY);
	else
		plain_problem(request, status, usual_title, usual_text);
	buf_fini(&out);
	json_decref(data);
}

void web_reply_error(struct web_request *request, const struct error *e)
{
	bool passes = e->retriable || e->code == ERROR_UNAVAILABLE || e->code == ERROR_FULL;
	char *path = request_masked_path(request);
	log_error("web.failed", "path=%s error=%s", log_quote(path), log_quote(e->text));
	free(path);
	web_reply_problem(request, passes ? 503 : 500, NULL, NULL);
}
