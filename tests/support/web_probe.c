/* A web server that tells what it understood: web_probe FOLDER [CERTIFICATE KEY]. Prints its port, serves until
 * standard input ends, then prints its counts. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ident.h"
#include "base/log.h"
#include "web/asset.h"
#include "web/request.h"
#include "web/stream.h"
#include "web/web.h"

/* What came in, as JSON. */
static void echo(struct web_request *request, void *worker)
{
	const struct web_field *field;
	struct web_file *file;
	json_t *fields = json_array(), *files = json_array();
	size_t count = web_fields(request, &field), file_count = web_files(request, &file), body_len;
	for (size_t i = 0; i < count; i++)
		json_array_append_new(fields, json_pack("[s, s]", field[i].name, field[i].value));
	for (size_t i = 0; i < file_count; i++) {
		char hash[IDENT_HASH_SIZE];
		const void *data = file[i].data;
		ident_hash(data != NULL ? data : "", file[i].len, hash);
		json_array_append_new(files, json_pack("{s:s, s:s, s:s, s:I, s:s}", "field", file[i].field, "name",
						     file[i].name, "type", file[i].media_type, "len",
						     (json_int_t)file[i].len, "hash", hash));
	}
	(void)worker;
	const void *body = web_body(request, &body_len);
	json_t *all = json_pack("{s:s, s:s, s:s, s:s, s:b, s:i, s:o, s:o, s:s?, s:s?, s:I, s:s}", "path", web_path(request),
		"self", web_self(request), "address", web_address(request), "lang", tr("en", "ru"), "secure",
		web_secure(request), "method", (int)web_method(request), "fields", fields, "files", files, "q",
		web_query(request, "q"), "cookie", web_cookie(request, "c"), "body", (json_int_t)(body == NULL ? 0 : body_len),
		"token", strncmp(web_path(request), "/t/", 3) == 0 ? web_part(request, "token") : "");
	char *text = json_dumps(all, JSON_COMPACT);
	web_reply(request, 200, "application/json", text, strlen(text));
	free(text);
	json_decref(all);
}

static void move(struct web_request *request, void *worker)
{
	(void)worker;
	web_set_cookie(request, "c", "1", 60);
	web_redirect(request, "/echo");
}

static void silent(struct web_request *request, void *worker)
{
	(void)request;
	(void)worker;
}

static void save(struct web_request *request, void *worker)
{
	(void)worker;
	web_reply_download(request, "<script>alert(1)</script>", 25, "Приказ \"1\".html", "text/html");
}

static void large(struct web_request *request, void *worker)
{
	size_t len = 40u * 1024 * 1024; /* more than the buffers of both ends take */
	FILE *file = tmpfile();
	(void)worker;
	if (file == NULL || ftruncate(fileno(file), (off_t)len) != 0)
		abort();
	web_reply_file(request, dup(fileno(file)), len, "large.bin", "application/octet-stream");
	fclose(file);
}

/* ---- streams: everybody hears what is said --------------------------------------------- */

#define VIEWERS_MAX (2 * STREAMS_MAX)
static struct web_stream *viewer[VIEWERS_MAX];
static size_t viewers;
static pthread_rwlock_t viewers_lock = PTHREAD_RWLOCK_INITIALIZER; /* several threads may speak at once */

/* Who comes is told what he says he has seen last. */
static void listen_in(struct web_request *request, void *worker)
{
	const char *seen = web_header(request, "Last-Event-ID");
	struct web_stream *stream = web_stream_open(request);
	(void)worker;
	if (stream == NULL)
		return;
	(void)web_stream_send(stream, NULL, "hello", seen != NULL ? seen : "");
	pthread_rwlock_wrlock(&viewers_lock);
	if (viewers == VIEWERS_MAX)
		abort();
	viewer[viewers++] = stream;
	pthread_rwlock_unlock(&viewers_lock);
}

static void forget(bool all)
{
	size_t left = 0;
	pthread_rwlock_wrlock(&viewers_lock);
	for (size_t i = 0; i < viewers; i++)
		if (all || web_stream_gone(viewer[i]))
			web_stream_close(&viewer[i]);
		else
			viewer[left++] = viewer[i];
	viewers = left;
	pthread_rwlock_unlock(&viewers_lock);
}

static void reply_count(struct web_request *request, size_t count)
{
	char text[30];
	snprintf(text, sizeof text, "%zu", count);
	web_reply(request, 200, "text/plain", text, strlen(text));
}

/* ?id= &event= &data= &times=; answers with how many took it. */
static void say(struct web_request *request, void *worker)
{
	const char *data = web_value(request, "data"), *times = web_query(request, "times");
	size_t reached = 0;
	(void)worker;
	pthread_rwlock_rdlock(&viewers_lock);
	for (int n = times == NULL ? 1 : atoi(times); n > 0; n--) {
		reached = 0;
		for (size_t i = 0; i < viewers; i++)
			reached += web_stream_send(viewer[i], web_query(request, "id"), web_query(request, "event"),
				data != NULL ? data : "");
	}
	pthread_rwlock_unlock(&viewers_lock);
	forget(false);
	reply_count(request, reached);
}

static void hang_up(struct web_request *request, void *worker)
{
	(void)worker;
	forget(true);
	reply_count(request, 0);
}

static void count_viewers(struct web_request *request, void *worker)
{
	(void)worker;
	forget(false);
	pthread_rwlock_rdlock(&viewers_lock);
	size_t count = viewers;
	pthread_rwlock_unlock(&viewers_lock);
	reply_count(request, count);
}

/* ---- refusals ------------------------------------------------------------------------------- */

static bool admit(void *arg, const struct web_request *request)
{
	(void)arg;
	return web_query(request, "refuse") == NULL;
}

static bool known(void *arg, const struct web_request *request)
{
	(void)arg;
	return web_header(request, "X-Stranger") == NULL;
}

/* Programs are told in their own way. */
static bool problem(void *arg, struct web_request *request, int status, const char *title, const char *text)
{
	(void)arg;
	if (web_path(request) == NULL || strncmp(web_path(request), "/api/", 5) != 0)
		return false;
	json_t *told = json_pack("{s:i, s:s, s:s}", "status", status, "title", title, "detail", text);
	char *out = json_dumps(told, JSON_COMPACT);
	web_reply(request, status, "application/problem+json", out, strlen(out));
	free(out);
	json_decref(told);
	return true;
}

static const struct web_route routes[] = {
	{WEB_GET | WEB_POST, "/echo", echo, 100000, 0},
	{WEB_GET, "/t/{token}", echo, 0, 0},
	{WEB_POST, "/upload", echo, 8 * 1024 * 1024, 3},
	{WEB_POST, "/move", move, 0, 0},
	{WEB_GET, "/silent", silent, 0, 0},
	{WEB_GET, "/save", save, 0, 0},
	{WEB_GET, "/large", large, 0, 0},
	{WEB_POST, "/api/echo", echo, 1000, 0},
	{WEB_GET, "/api/silent", silent, 0, 0},
	{WEB_GET, "/api/listen", listen_in, 0, 0},
	{WEB_GET, "/listen", listen_in, 0, 0},
	{WEB_GET, "/viewers", count_viewers, 0, 0},
	{WEB_POST, "/say", say, 200000, 0},
	{WEB_POST, "/hang-up", hang_up, 0, 0},
	{0, NULL, NULL, 0, 0},
};

int main(int argc, char **argv)
{
	const struct web_route *const tables[] = {routes};
	struct address_set proxies = {0};
	struct error e = {0};
	struct web *web = NULL;
	ident_init();
	log_init("web_probe", LOG_LEVEL_DEBUG);
	struct web_assets *assets = web_assets_new();
	if ((argc != 2 && argc != 4) || web_assets_add(assets, "a.css", "b{}", 3, &e) != 0)
		return 2;
	/* 127.0.0.2 plays the proxy: what comes from 127.0.0.1 is a visitor. */
	if (address_set_add(&proxies, "127.0.0.2", &e) != 0)
		return 2;
	const struct web_config config = {.listen = "127.0.0.1:0",
		.header_ms = argc == 4 ? 4000 : 1000, /* with TLS there is a handshake before it */
		.silence_ms = 1500, /* longer than a header may take without TLS: nobody reaps a stream */
		.connections_per_address = 20,
		.connections = 700,
		.folder = argv[1],
		.bodies_max = 10 * 1024 * 1024,
		.tls_cert_file = argc == 4 ? argv[2] : NULL,
		.tls_key_file = argc == 4 ? argv[3] : NULL,
		.admit = admit,
		.known = known,
		.problem = problem,
		.proxies = &proxies,
		.tables = tables,
		.tables_count = 1,
		.assets = assets};
	if (web_start(&web, &config, &e) != 0) {
		fprintf(stderr, "%s\n", e.text);
		web_assets_free(&assets);
		return 1;
	}
	printf("%d\n", web_port(web));
	fflush(stdout);
	for (char c; read(0, &c, 1) > 0;)
		;
	struct web_counts counts;
	web_counts(web, &counts);
	printf("{\"requests\": %lld, \"refused\": %lld, \"reaped\": %lld}\n", (long long)counts.requests,
		(long long)counts.refused, (long long)counts.reaped);
	web_stop(&web, 1000);
	forget(true); /* a sender may outlive the server */
	web_assets_free(&assets);
	return 0;
}
