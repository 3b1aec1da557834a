/* A request before any handler sees it: what is ambiguous, too large or nobody's is refused here. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "web/language.h"
#include "web/web_inside.h"

#define FORWARDED_MAX_BYTES 1000

struct headers {
	int content_length, transfer_encoding, host, content_type;
	bool chunked, wrong;
	char forwarded[FORWARDED_MAX_BYTES];
	size_t forwarded_len;
	const char *proto;
};

static void add_forwarded(struct headers *headers, const char *value)
{
	size_t len = strlen(value);
	if (headers->forwarded_len + len + 2 > sizeof headers->forwarded) {
		headers->wrong = true; /* leaving out the last would leave the word of the visitor himself */
		return;
	}
	if (headers->forwarded_len > 0)
		headers->forwarded[headers->forwarded_len++] = ',';
	memcpy(headers->forwarded + headers->forwarded_len, value, len + 1);
	headers->forwarded_len += len;
}

/* libmicrohttpd takes the last of two Content-Length, a proxy in front perhaps the first: what one
 * believes to be a body is the next request to the other. */
static enum MHD_Result on_header(void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct headers *headers = arg;
	(void)kind;
	if (value == NULL)
		value = "";
	if (strpbrk(name, " \t") != NULL || name[0] == '\0')
		headers->wrong = true;
	if (strcasecmp(name, "Content-Length") == 0) {
		headers->content_length++;
		headers->wrong = headers->wrong || value[0] == '\0' || value[strspn(value, "0123456789")] != '\0';
	} else if (strcasecmp(name, "Transfer-Encoding") == 0) {
		headers->transfer_encoding++;
		headers->wrong = headers->wrong || strcasecmp(value, "chunked") != 0;
	} else if (strcasecmp(name, "Host") == 0) {
		headers->host++;
	} else if (strcasecmp(name, "Content-Type") == 0) {
		headers->content_type++;
	} else if (strcasecmp(name, "X-Forwarded-For") == 0) {
		add_forwarded(headers, value);
	} else if (strcasecmp(name, "X-Forwarded-Proto") == 0) {
		headers->proto = value;
	}
	return MHD_YES;
}

static void take_address(struct web_request *request, const struct headers *headers)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct address peer = {0};
	if (info != NULL)
		address_of_socket(info->client_addr, &peer);
	const struct address_set *proxies = request->web->config.proxies;
	request->address = address_forwarded(proxies, peer, headers->forwarded);
	bool said = address_set_has(proxies, &peer) && headers->proto != NULL;
	/* A proxy that speaks TLS to us may still have been asked without. */
	request->secure = said ? strcasecmp(headers->proto, "https") == 0 : request->web->secure.key != NULL;
	address_text(&request->address, request->address_text);
	address_neighbourhood(&request->address, request->neighbourhood);
}

static bool take_method(struct web_request *request, const char *method)
{
	static const struct {
		const char *name;
		enum web_method method;
	} methods[] = {{"GET", WEB_GET}, {"HEAD", WEB_GET}, {"POST", WEB_POST}, {"PUT", WEB_PUT},
		{"DELETE", WEB_DELETE}, {"PATCH", WEB_PATCH}};
	for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
		if (strcmp(method, methods[i].name) == 0) {
			request->method = methods[i].method;
			return true;
		}
	return false;
}

/* 0, 404 or 405. */
static int take_route(struct web_request *request)
{
	const struct web_config *config = &request->web->config;
	int status = 404;
	for (size_t t = 0; t < config->tables_count; t++)
		for (const struct web_route *route = config->tables[t]; route->path != NULL; route++) {
			if (!target_fits(&request->target, route->path, request->part, &request->parts))
				continue;
			if ((route->methods & request->method) != 0) {
				request->route = route;
				return 0;
			}
			request->allowed |= route->methods;
			status = 405;
		}
	return status;
}

static void serve_asset(struct web_request *request, void *worker)
{
	const struct asset *asset = web_assets_find(request->web->config.assets, web_part(request, "name"));
	(void)worker;
	if (asset == NULL)
		web_reply_problem(request, 404, NULL, NULL);
	else
		web_reply_cached(request, asset->media_type, asset->data, asset->len, 7 * 24 * 3600);
}

static const struct web_route asset_route = {WEB_GET, "/assets/{name}", serve_asset, 0, 0};

static void take_language(struct web_request *request)
{
	enum lang chosen;
	bool said = language_named(target_query(&request->target, "lang"), &chosen);
	request->lang = said ? chosen
			     : language_accepted(MHD_lookup_connection_value(
				       request->connection, MHD_HEADER_KIND, "Accept-Language"));
	request->self = xasprintf("%.*s%s", (int)strcspn(request->raw, "?"), request->raw,
		!said ? "" : chosen == LANG_RU ? "?lang=ru" : "?lang=en");
}

int request_examine(struct web_request *request)
{
	struct headers headers = {0};
	struct MHD_Connection *connection = request->connection;
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	request->guest = info == NULL ? NULL : info->socket_context;
	request->lang = LANG_RU;
	MHD_get_connection_values(connection, MHD_HEADER_KIND, on_header, &headers);
	take_address(request, &headers);
	const char *length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length");
	long long bytes = 0;
	bool sane = length == NULL || gate_int64(length, 0, INT64_MAX, &bytes);
	watch_body(request->web->watch, request->guest, headers.transfer_encoding > 0 ? -1 : bytes);
	request->target_good = request->raw != NULL && target_parse(request->raw, &request->target);
	if (request->target_good)
		take_language(request);
	if (headers.wrong || !sane || headers.content_length + headers.transfer_encoding > 1 || headers.host > 1 ||
		headers.content_type > 1 || !request->target_good)
		return 400;
	bool options = strcmp(request->method_name, "OPTIONS") == 0; /* no route has that method */
	if (!options && !take_method(request, request->method_name))
		return 405;
	if (request->web->config.admit != NULL && !request->web->config.admit(request->web->config.arg, request))
		return 429;
	if (request->web->config.assets != NULL && (request->method & WEB_GET) != 0 &&
		target_fits(&request->target, asset_route.path, request->part, &request->parts)) {
		request->route = &asset_route;
		return 0;
	}
	int status = take_route(request);
	if (options && request->allowed != 0)
		return 204;
	if (status != 0)
		return status;
	int64_t most = request->route->body_max > 0 ? request->route->body_max : WEB_BODY_MAX;
	return bytes > most + SWALLOW_MAX ? 413 : 0;
}

static bool is_secret(const char *name)
{
	size_t len = strlen(name);
	return strcmp(name, "token") == 0 || strcmp(name, "address") == 0 || (len > 6 && strcmp(name + len - 6, "_token") == 0);
}

char *request_masked_path(const struct web_request *request)
{
	struct buf out;
	buf_init(&out, TARGET_MAX_BYTES);
	if (request->route != NULL) {
		size_t part = 0;
		for (const char *p = request->route->path; *p != '\0';) {
			if (*p != '{') {
				buf_putc(&out, *p++);
				continue;
			}
			bool hide = part >= request->parts || is_secret(request->part[part].name);
			buf_puts(&out, hide ? "***" : request->part[part].value);
			part++;
			p += strcspn(p, "}") + 1;
		}
	} else if (request->target_good && request->target.segments > 0) {
		/* Nobody's page: what stands behind the first part may be a token mistyped. So may the first itself,
		 * when the letter before it was lost: tokens begin with a number. */
		const char *first = request->target.segment[0];
		buf_printf(&out, "/%.20s%s", first[0] >= '0' && first[0] <= '9' ? "***" : first,
			request->target.segments > 1 ? "/***" : "");
	} else {
		buf_puts(&out, request->target_good ? "/" : "?");
	}
	gate_utf8_mend(out.data);
	return buf_take(&out);
}

void request_free(struct web_request *request)
{
	if (request->response != NULL) /* the visitor left before it could be sent */
		MHD_destroy_response(request->response);
	if (request->has_form)
		form_fini(&request->form);
	target_fini(&request->target);
	for (size_t i = 0; i < request->added_count; i++) {
		free(request->added[i].name);
		free(request->added[i].value);
	}
	free(request->self);
	free(request->raw);
	free(request);
}
