/* libmicrohttpd: starting, stopping, and the way of a request: examine the header, take the body,
 * let the handler answer. */
#include "web/web.h"

#include <errno.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "web/web_inside.h"

#define THREADS 4
#define IO_THREADS 2 /* they only move bytes */
#define CONNECTIONS 1000
#define CONNECTIONS_PER_ADDRESS 50
#define HEADER_MS 10000
#define SILENCE_MS 15000 /* proxies close what is silent for a minute */
#define HEADER_MEMORY_BYTES 32768 /* of a connection: the header and a piece of the body */
#define IDLE_S 30                 /* libmicrohttpd's own limit, of inactivity; the watch is stricter */
#define BACKLOG 256
#define DRAIN_LOOK_MS 20
#define BODIES_MAX_BYTES (2LL * 1024 * 1024 * 1024)
#define STRANGERS_PART 8 /* of it */

/* ---- a request ------------------------------------------------------------------- */

/* What this path can: with 405, and as the whole answer to OPTIONS. */
static void add_allow(struct web_request *request)
{
	static const struct {
		unsigned method;
		const char *names;
	} methods[] = {{WEB_GET, "GET, HEAD"}, {WEB_POST, "POST"}, {WEB_PUT, "PUT"}, {WEB_PATCH, "PATCH"},
		{WEB_DELETE, "DELETE"}};
	struct buf text;
	buf_init(&text, 100);
	for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
		if ((request->allowed & methods[i].method) != 0)
			(void)buf_printf(&text, "%s, ", methods[i].names);
	(void)buf_puts(&text, "OPTIONS");
	if (request->allowed != 0)
		web_add_header(request, "Allow", buf_str(&text));
	buf_fini(&text);
}

static void refuse(struct web_request *request, int status)
{
	if (status == 405 || status == 204)
		add_allow(request);
	if (status == 204) {
		web_reply(request, 204, NULL, "", 0);
		return;
	}
	atomic_fetch_add(&request->web->refused, 1);
	/* After this nobody knows where the next request would begin. */
	if (status == 400 || status == 413)
		web_add_header(request, "Connection", "close");
	web_reply_problem(request, status, NULL, NULL);
}

static int form_status(const struct form *form)
{
	switch (form->verdict) {
	case FORM_GOOD:
		return 0;
	case FORM_TOO_LARGE:
	case FORM_TOO_MANY:
		return 413;
	case FORM_NO_ROOM:
		return 503;
	default:
		return 400;
	}
}

static enum MHD_Result send_answer(struct web_request *request)
{
	struct MHD_Response *response = request->response;
	request->response = NULL;
	enum MHD_Result result = MHD_queue_response(request->connection, (unsigned)request->status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result refuse_now(struct web_request *request, int status)
{
	lang_use(request->lang);
	refuse(request, status);
	lang_use_default();
	return send_answer(request);
}

static enum MHD_Result begin(struct web_request *request)
{
	struct web *web = request->web;
	int status = request_examine(request);
	if (status != 0)
		return refuse_now(request, status);
	const struct web_route *route = request->route;
	int64_t body_max = route->body_max > 0 ? route->body_max : WEB_BODY_MAX;
	bool known = web->config.known != NULL && web->config.known(web->config.arg, request);
	form_begin(&request->form, request->connection, web->config.folder, known ? &web->bodies : &web->strangers, body_max,
		route->files_max);
	request->has_form = true;
	return MHD_YES;
}

static enum MHD_Result give(struct web_request *request)
{
	struct web *web = request->web;
	watch_work(web->watch, request->guest);
	form_end(&request->form);
	int status = form_status(&request->form);
	if (status != 0)
		return refuse_now(request, status);
	request->given = true;
	return crew_give(web->crew, request) ? MHD_YES : refuse_now(request, 503);
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url, const char *method,
	const char *version, const char *data, size_t *size, void **context)
{
	struct web_request *request = *context;
	(void)arg;
	(void)url;
	(void)version;
	if (!request->begun) {
		request->begun = true;
		request->connection = connection;
		request->method_name = method;
		return begin(request);
	}
	if (request->given) /* resumed */
		return send_answer(request);
	if (*size == 0)
		return give(request);
	form_take(&request->form, data, *size);
	*size = 0;
	return request->form.taken - request->form.body_max > SWALLOW_MAX ? MHD_NO : MHD_YES;
}

/* The target as it came, before anything is decoded. The same callback makes the request. */
static void *on_target(void *arg, const char *uri, struct MHD_Connection *connection)
{
	struct web_request *request = xcalloc(1, sizeof *request);
	request->web = arg;
	request->connection = connection;
	request->started_us = clock_mono_us();
	request->raw = strnlen(uri, TARGET_MAX_BYTES + 1) <= TARGET_MAX_BYTES ? xstrdup(uri) : NULL;
	atomic_fetch_add(&request->web->open, 1);
	atomic_fetch_add(&request->web->requests, 1);
	return request;
}

static void log_request(const struct web_request *request)
{
	char *path = request_masked_path(request);
	enum log_level level = request->status >= 500 || request->status == 0 ? LOG_LEVEL_WARN
		: request->method == WEB_GET && request->status < 400	      ? LOG_LEVEL_DEBUG
									      : LOG_LEVEL_INFO;
	log_event(level, "web.request", "method=%s path=%s status=%d ms=%lld address=%s",
		request->method == WEB_GET ? "GET" : request->method == WEB_POST ? "POST" : "other", log_quote(path),
		request->status, (long long)(clock_mono_us() - request->started_us) / 1000,
		request->address_text[0] != '\0' ? request->address_text : "-");
	free(path);
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **context,
	enum MHD_RequestTerminationCode why)
{
	struct web_request *request = *context;
	(void)arg;
	(void)connection;
	(void)why;
	*context = NULL;
	if (request == NULL)
		return;
	if (request->stream != NULL)
		stream_left(request->stream);
	if (request->begun)
		log_request(request);
	if (request->guest != NULL)
		watch_next(request->web->watch, request->guest);
	atomic_fetch_sub(&request->web->open, 1);
	request_free(request);
}

/* ---- connections ------------------------------------------------------------------- */

static bool address_of_connection(struct MHD_Connection *connection, struct address *address)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	return info != NULL && address_of_socket(info->client_addr, address);
}

static enum MHD_Result on_accept(void *arg, const struct sockaddr *socket, socklen_t len)
{
	struct web *web = arg;
	struct address address;
	(void)len;
	if (!address_of_socket(socket, &address))
		return MHD_NO;
	if (address_set_has(web->config.proxies, &address) ||
		watch_has_room(web->watch, &address, web->config.connections_per_address))
		return MHD_YES;
	atomic_fetch_add(&web->refused, 1);
	return MHD_NO;
}

static void on_connection(void *arg, struct MHD_Connection *connection, void **context,
	enum MHD_ConnectionNotificationCode what)
{
	struct web *web = arg;
	struct guest *guest = *context;
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		struct address address = {0};
		address_of_connection(connection, &address);
		const union MHD_ConnectionInfo *info =
			MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
		*context = info == NULL ? NULL : watch_arrived(web->watch, info->connect_fd, &address);
	} else {
		watch_left(web->watch, &guest);
		*context = NULL;
	}
}

__attribute__((format(printf, 2, 0))) static void on_library_log(void *arg, const char *format, va_list arguments)
{
	char text[300];
	(void)arg;
	if (!log_enabled(LOG_LEVEL_DEBUG))
		return;
	vsnprintf(text, sizeof text, format, arguments);
	text[strcspn(text, "\r\n")] = '\0';
	log_debug("web.library", "text=%s", log_quote(text));
}

/* ---- starting, stopping ------------------------------------------------------------ */

static int listen_wrong(const char *listen, struct error *e)
{
	return error_set(e, ERROR_INPUT,
		tr("«%.100s» is no address to listen on: 127.0.0.1:8090 or [::1]:8090",
			"«%.100s» – не адрес: 127.0.0.1:8090 или [::1]:8090"),
		listen);
}

static int open_listener(struct web *web, const char *listen_at, struct error *e)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM,
			.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE}, *found = NULL;
	char host[ADDRESS_TEXT_SIZE + 2];
	long long port;
	const char *colon = strrchr(listen_at, ':');
	size_t len = colon == NULL ? 0 : (size_t)(colon - listen_at);
	if (len == 0 || len >= sizeof host || !gate_int64(colon + 1, 0, 65535, &port))
		return listen_wrong(listen_at, e);
	bool brackets = listen_at[0] == '[' && listen_at[len - 1] == ']';
	snprintf(host, sizeof host, "%.*s", (int)(len - (brackets ? 2 : 0)), listen_at + (brackets ? 1 : 0));
	if (getaddrinfo(host, colon + 1, &hints, &found) != 0)
		return listen_wrong(listen_at, e);
	int one = 1, rc = -1;
	struct sockaddr_storage bound;
	socklen_t bound_len = sizeof bound;
	web->listen_fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (web->listen_fd < 0 ||
		setsockopt(web->listen_fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
		bind(web->listen_fd, found->ai_addr, found->ai_addrlen) != 0 || listen(web->listen_fd, BACKLOG) != 0 ||
		getsockname(web->listen_fd, (struct sockaddr *)&bound, &bound_len) != 0) {
		error_errno(e, "%s", listen_at);
		if (errno == EADDRINUSE)
			e->code = ERROR_UNAVAILABLE, e->retriable = true;
		goto out;
	}
	char name[16];
	if (getnameinfo((struct sockaddr *)&bound, bound_len, NULL, 0, name, sizeof name, NI_NUMERICSERV) == 0)
		web->port = atoi(name);
	rc = 0;
out:
	freeaddrinfo(found);
	return rc;
}

static void fill_in(struct web *web, const struct web_config *config)
{
	web->config = *config;
	if (web->config.threads == 0)
		web->config.threads = THREADS;
	if (web->config.connections == 0)
		web->config.connections = CONNECTIONS;
	if (web->config.connections_per_address == 0)
		web->config.connections_per_address = CONNECTIONS_PER_ADDRESS;
	if (web->config.header_ms == 0)
		web->config.header_ms = HEADER_MS;
	if (web->config.silence_ms == 0)
		web->config.silence_ms = SILENCE_MS;
	int64_t bodies = web->config.bodies_max > 0 ? web->config.bodies_max : BODIES_MAX_BYTES;
	web->strangers.max = web->config.known != NULL ? bodies / STRANGERS_PART : bodies;
	web->bodies.max = bodies - (web->config.known != NULL ? web->strangers.max : 0);
	if (web->config.folder == NULL)
		web->config.folder = "/tmp";
	ASSERT(config->tables_count <= WEB_ROUTE_TABLES_MAX);
	for (size_t i = 0; i < config->tables_count; i++)
		web->tables[i] = config->tables[i];
	web->config.tables = web->tables;
}

static char priorities[] = SECURE_PRIORITIES; /* the library takes a writable pointer, and only reads it */

int web_start(struct web **out, const struct web_config *config, struct error *e)
{
	struct web *web = xcalloc(1, sizeof *web);
	web->listen_fd = -1;
	fill_in(web, config);
	if (secure_load(&web->secure, config->tls_cert_file, config->tls_key_file, e) != 0 ||
		open_listener(web, config->listen, e) != 0)
		goto out;
	web->watch = watch_new(web->config.header_ms);
	web->streams = streams_new();
	web->crew = crew_new(web, web->config.threads);
	const struct MHD_OptionItem secure[] = {{MHD_OPTION_HTTPS_MEM_CERT, 0, web->secure.certificate},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, web->secure.key}, {MHD_OPTION_HTTPS_PRIORITIES, 0, priorities},
		{MHD_OPTION_END, 0, NULL}};
	const struct MHD_OptionItem *more = web->secure.key != NULL ? secure : &secure[3];
	web->daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ERROR_LOG | MHD_USE_ITC |
			MHD_ALLOW_SUSPEND_RESUME | (web->secure.key != NULL ? MHD_USE_TLS : 0),
		0, on_accept, web, on_request, web, MHD_OPTION_EXTERNAL_LOGGER, on_library_log, NULL, MHD_OPTION_LISTEN_SOCKET,
		web->listen_fd, MHD_OPTION_THREAD_POOL_SIZE, (unsigned)IO_THREADS,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)web->config.connections, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)HEADER_MEMORY_BYTES, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S,
		MHD_OPTION_URI_LOG_CALLBACK, on_target, web, MHD_OPTION_NOTIFY_COMPLETED, on_completed, web,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, web, MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_ARRAY, more, MHD_OPTION_END);
	if (web->daemon == NULL) {
		if (web->secure.key != NULL)
			error_set(e, ERROR_INPUT, tr("%s, %s: the certificate or its key is not taken", "%s, %s: сертификат или его ключ не подходит"),
				config->tls_cert_file, config->tls_key_file);
		else
			error_set(e, ERROR_INTERNAL, "the web server does not start");
		goto out;
	}
	*out = web;
	return 0;
out:
	web_stop(&web, 0);
	return -1;
}

void web_stop(struct web **handle, int drain_ms)
{
	struct web *web = *handle;
	*handle = NULL;
	if (web == NULL)
		return;
	if (web->daemon != NULL) {
		MHD_quiesce_daemon(web->daemon);
		streams_stop(web->streams);
		int64_t until = clock_mono_ms() + drain_ms;
		struct timespec look = {0, DRAIN_LOOK_MS * 1000000L};
		while (atomic_load(&web->open) > 0 && clock_mono_ms() < until)
			nanosleep(&look, NULL);
	}
	/* The library must not stop with a connection suspended. */
	if (web->crew != NULL)
		crew_stop(web->crew);
	if (web->daemon != NULL)
		MHD_stop_daemon(web->daemon);
	crew_free(&web->crew);
	streams_free(&web->streams);
	watch_free(&web->watch);
	if (web->listen_fd >= 0)
		close(web->listen_fd);
	secure_fini(&web->secure);
	free(web);
}

int web_port(const struct web *web)
{
	return web->port;
}

void web_counts(struct web *web, struct web_counts *out)
{
	*out = (struct web_counts){atomic_load(&web->requests), atomic_load(&web->refused), watch_reaped(web->watch),
		watch_connections(web->watch), streams_open_now(web->streams)};
}
