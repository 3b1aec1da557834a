#include "notifier/sender.h"

#include <curl/curl.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "notifier/address.h"
#include "notifier/retry.h"

/* A name that does not answer must not use up the whole time of a request. */
#define CONNECT_TIMEOUT_MS 10000L
/* Of all header lines of an answer: libcurl 7.88 bounds only each line. */
#define HEADERS_MAX_BYTES (64 * 1024)
/* Of an answer's body: more than any reasonable page about an error; then the
 * connection is closed. */
#define BODY_MAX_BYTES (64 * 1024)
/* A connection is used again for so long after its last request. */
#define CONNECTION_IDLE_S 60L
#define EVENTS_AT_ONCE 64

enum pool_kind { POOL_PUBLIC, POOL_TRUSTED, POOLS };

struct pool {
	struct sender *sender;
	enum pool_kind kind;
	CURLM *multi;
	int64_t timer_us; /* libcurl wants to be called then; -1 = not */
};

struct exchange {
	struct exchange *next; /* free list */
	struct exchange *all;  /* every one there is */
	struct pool *pool;     /* NULL = not running */
	CURL *easy;
	struct curl_slist *headers;
	void *arg;
	int64_t started_us;
	int64_t header_bytes, body_bytes;
	bool denied, cut;
	size_t kept_len;
	char error[CURL_ERROR_SIZE];
	char kept[]; /* config.kept_bytes and a NUL */
};

struct sender {
	struct sender_config config;
	char *ca_file;
	void (*done)(void *arg, void *request_arg, const struct sender_result *result);
	void *arg;
	int epoll;
	int running;
	struct pool pool[POOLS];
	struct exchange *idle, *all;
};

/* ---- callbacks of one exchange ------------------------------------------------- */

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct exchange *x = arg;
	(void)purpose;
	if (x->pool->kind != POOL_TRUSTED && !address_is_public(&address->addr)) {
		x->denied = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* Before the request goes out, on a new connection or a reused one. */
static int before_request(void *arg, char *primary_ip, char *local_ip, int primary_port, int local_port)
{
	struct exchange *x = arg;
	(void)local_ip;
	(void)primary_port;
	(void)local_port;
	if (x->pool->kind == POOL_TRUSTED || address_text_is_public(primary_ip))
		return CURL_PREREQFUNC_OK;
	x->denied = true;
	return CURL_PREREQFUNC_ABORT;
}

static size_t take_header(char *data, size_t size, size_t count, void *arg)
{
	struct exchange *x = arg;
	(void)data;
	x->header_bytes += (int64_t)(size * count);
	return x->header_bytes > HEADERS_MAX_BYTES ? 0 : size * count;
}

static size_t take_body(char *data, size_t size, size_t count, void *arg)
{
	struct exchange *x = arg;
	size_t len = size * count, room = x->pool->sender->config.kept_bytes - x->kept_len;
	memcpy(x->kept + x->kept_len, data, len < room ? len : room);
	x->kept_len += len < room ? len : room;
	x->body_bytes += (int64_t)len;
	if (x->body_bytes <= BODY_MAX_BYTES)
		return len;
	x->cut = true;
	return 0;
}

/* ---- callbacks of a pool ------------------------------------------------------- */

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	struct pool *pool = arg;
	(void)easy;
	(void)socket_arg;
	struct epoll_event event = {.data.u64 = (uint64_t)pool->kind << 32 | (uint32_t)fd};
	if (what == CURL_POLL_REMOVE) {
		(void)epoll_ctl(pool->sender->epoll, EPOLL_CTL_DEL, fd, NULL);
		return 0;
	}
	if (what & CURL_POLL_IN)
		event.events |= EPOLLIN;
	if (what & CURL_POLL_OUT)
		event.events |= EPOLLOUT;
	if (epoll_ctl(pool->sender->epoll, EPOLL_CTL_MOD, fd, &event) != 0 &&
		(errno != ENOENT || epoll_ctl(pool->sender->epoll, EPOLL_CTL_ADD, fd, &event) != 0)) {
		log_error("notifier.epoll", "fd=%d errno=%d", fd, errno);
		return -1;
	}
	return 0;
}

static int set_timer(CURLM *multi, long timeout_ms, void *arg)
{
	struct pool *pool = arg;
	(void)multi;
	pool->timer_us = timeout_ms < 0 ? -1 : clock_mono_us() + timeout_ms * 1000;
	return 0;
}

/* ---- opening ------------------------------------------------------------------- */

static int pool_open(struct sender *sender, enum pool_kind kind)
{
	struct pool *pool = &sender->pool[kind];
	*pool = (struct pool){.sender = sender, .kind = kind, .multi = curl_multi_init(), .timer_us = -1};
	if (pool->multi == NULL)
		return -1;
	curl_multi_setopt(pool->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	curl_multi_setopt(pool->multi, CURLMOPT_SOCKETDATA, pool);
	curl_multi_setopt(pool->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(pool->multi, CURLMOPT_TIMERDATA, pool);
	curl_multi_setopt(pool->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
	curl_multi_setopt(pool->multi, CURLMOPT_MAXCONNECTS, (long)sender->config.connections);
	return 0;
}

int sender_open(struct sender **out, const struct sender_config *config,
	void (*done)(void *arg, void *request_arg, const struct sender_result *result), void *arg,
	struct error *e)
{
	struct sender *sender = xcalloc(1, sizeof *sender);
	sender->config = *config;
	sender->ca_file = xstrdup(config->ca_file);
	sender->done = done;
	sender->arg = arg;
	sender->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (sender->epoll < 0) {
		error_errno(e, "epoll");
		sender_close(&sender);
		return -1;
	}
	for (int i = 0; i < POOLS; i++)
		if (pool_open(sender, (enum pool_kind)i) != 0) {
			sender_close(&sender);
			return error_set(e, ERROR_INTERNAL, "libcurl gives no multi handle");
		}
	*out = sender;
	return 0;
}

void sender_close(struct sender **sender)
{
	if (*sender == NULL)
		return;
	struct exchange *x = (*sender)->all, *next;
	for (; x != NULL; x = next) {
		next = x->all;
		if (x->pool != NULL)
			curl_multi_remove_handle(x->pool->multi, x->easy);
		curl_easy_cleanup(x->easy);
		curl_slist_free_all(x->headers);
		free(x);
	}
	for (int i = 0; i < POOLS; i++)
		if ((*sender)->pool[i].multi != NULL)
			curl_multi_cleanup((*sender)->pool[i].multi);
	if ((*sender)->epoll >= 0)
		close((*sender)->epoll);
	free((*sender)->ca_file);
	free(*sender);
	*sender = NULL;
}

/* What is the same in every request. */
static struct exchange *exchange_new(struct sender *sender)
{
	struct exchange *x = xcalloc(1, sizeof *x + sender->config.kept_bytes + 1);
	x->easy = curl_easy_init();
	if (x->easy == NULL) {
		free(x);
		return NULL;
	}
	CURL *easy = x->easy;
	curl_easy_setopt(easy, CURLOPT_PRIVATE, x);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, x->error);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* A name server that hangs must not hang the loop when the time is up. */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	/* HTTP/2: servers that answer before reading the body end as errors with status 204. */
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "vestnik/" VESTNIK_VERSION);
	curl_easy_setopt(easy, CURLOPT_POST, 1L);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)sender->config.timeout_ms);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
	curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, CONNECTION_IDLE_S);
	if (sender->ca_file != NULL)
		curl_easy_setopt(easy, CURLOPT_CAINFO, sender->ca_file);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, x);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_request);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, x);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, x);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, x);
	x->all = sender->all;
	sender->all = x;
	return x;
}

/* ---- one request ---------------------------------------------------------------- */

static void add_header(struct exchange *x, const char *name, const char *value)
{
	char *line = xasprintf("%s: %s", name, value);
	x->headers = curl_slist_append(x->headers, line);
	free(line);
}

static void give_back(struct sender *sender, struct exchange *x)
{
	curl_slist_free_all(x->headers);
	x->headers = NULL;
	x->pool = NULL;
	x->next = sender->idle;
	sender->idle = x;
}

int sender_start(struct sender *sender, const struct sender_request *request, void *request_arg,
	struct error *e)
{
	struct exchange *x = sender->idle;
	if (x != NULL)
		sender->idle = x->next;
	else if ((x = exchange_new(sender)) == NULL)
		return error_set(e, ERROR_UNAVAILABLE, "libcurl gives no handle");
	char stamp[24];
	snprintf(stamp, sizeof stamp, "%" PRId64, request->timestamp_s);
	x->headers = curl_slist_append(NULL, "Content-Type: application/cloudevents+json; charset=utf-8");
	x->headers = curl_slist_append(x->headers, "Accept: */*");
	x->headers = curl_slist_append(x->headers, "Expect:");
	add_header(x, "webhook-id", request->id);
	add_header(x, "webhook-timestamp", stamp);
	add_header(x, "webhook-signature", request->signature);
	x->arg = request_arg;
	x->header_bytes = x->body_bytes = 0;
	x->denied = x->cut = false;
	x->kept_len = 0;
	x->error[0] = '\0';
	x->started_us = clock_mono_us();
	x->pool = &sender->pool[request->trusted ? POOL_TRUSTED : POOL_PUBLIC];
	curl_easy_setopt(x->easy, CURLOPT_HTTPHEADER, x->headers);
	curl_easy_setopt(x->easy, CURLOPT_POSTFIELDS, request->body);
	curl_easy_setopt(x->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->len);
	if (curl_easy_setopt(x->easy, CURLOPT_URL, request->url) != CURLE_OK ||
		curl_multi_add_handle(x->pool->multi, x->easy) != CURLM_OK) {
		give_back(sender, x);
		return error_set(e, ERROR_INTERNAL, "libcurl takes no request");
	}
	sender->running++;
	return 0;
}

void sender_cancel(struct sender *sender, const void *request_arg)
{
	for (struct exchange *x = sender->all; x != NULL; x = x->all) {
		if (x->pool == NULL || x->arg != request_arg)
			continue;
		curl_multi_remove_handle(x->pool->multi, x->easy);
		sender->running--;
		give_back(sender, x);
		return;
	}
}

int sender_running(const struct sender *sender)
{
	return sender->running;
}

/* What came back is shown to people and stored as text: well-formed UTF-8
 * without control characters but line feed and tab. */
static void make_readable(struct exchange *x)
{
	size_t len = x->kept_len, whole = len < 4 ? 0 : len - 4;
	if (len == x->pool->sender->config.kept_bytes) /* perhaps cut inside a character */
		while (len > whole && ((unsigned char)x->kept[len - 1] & 0x80) != 0)
			len--;
	bool utf8 = gate_utf8(x->kept, len);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)x->kept[i];
		if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
			x->kept[i] = ' ';
		else if (c >= 0x80 && !utf8)
			x->kept[i] = '?';
	}
	x->kept[len] = '\0';
}

static int64_t retry_after(CURL *easy)
{
	struct curl_header *header;
	if (curl_easy_header(easy, "Retry-After", 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
		return -1;
	return retry_after_ms(header->value, clock_now_ms());
}

static void finish(struct sender *sender, struct exchange *x, CURLcode code)
{
	struct sender_result result = {.duration_ms = (clock_mono_us() - x->started_us) / 1000,
		.retry_after_ms = retry_after(x->easy)};
	char remark[CURL_ERROR_SIZE + 64];
	curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &result.status);
	if (x->denied && code != CURLE_OK) {
		result.status = 0;
		result.error = "the address is private or reserved and this endpoint may not use such";
	} else if (x->cut) {
		snprintf(remark, sizeof remark, "answer cut after %" PRId64 " bytes", x->body_bytes);
		result.error = remark;
	} else if (code != CURLE_OK) {
		/* The rest of the answer did not come: it is no answer. */
		const char *text = x->error[0] != '\0' ? x->error : curl_easy_strerror(code);
		if (result.status != 0)
			snprintf(remark, sizeof remark, "status %ld, but %s", result.status, text);
		else
			snprintf(remark, sizeof remark, "%s", text);
		result.status = 0;
		result.error = remark;
	}
	make_readable(x);
	result.response = x->kept;
	curl_multi_remove_handle(x->pool->multi, x->easy);
	sender->running--;
	sender->done(sender->arg, x->arg, &result);
	give_back(sender, x);
}

static void collect(struct sender *sender, struct pool *pool)
{
	CURLMsg *message;
	int left;
	while ((message = curl_multi_info_read(pool->multi, &left)) != NULL) {
		if (message->msg != CURLMSG_DONE)
			continue;
		struct exchange *x = NULL;
		CURLcode code = message->data.result;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)(void *)&x);
		finish(sender, x, code);
	}
}

static int wait_ms(const struct sender *sender, int timeout_ms)
{
	int64_t now_us = clock_mono_us(), least_us = (int64_t)timeout_ms * 1000;
	for (int i = 0; i < POOLS; i++)
		if (sender->pool[i].timer_us >= 0 && sender->pool[i].timer_us - now_us < least_us)
			least_us = sender->pool[i].timer_us - now_us;
	return least_us <= 0 ? 0 : (int)((least_us + 999) / 1000);
}

void sender_run(struct sender *sender, int timeout_ms)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	int running;
	int n = epoll_wait(sender->epoll, events, EVENTS_AT_ONCE, wait_ms(sender, timeout_ms));
	for (int i = 0; i < n; i++) {
		struct pool *pool = &sender->pool[events[i].data.u64 >> 32];
		int mask = (events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) |
			(events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
			(events[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
		curl_multi_socket_action(pool->multi, (curl_socket_t)(events[i].data.u64 & UINT32_MAX), mask,
			&running);
	}
	for (int i = 0; i < POOLS; i++) {
		struct pool *pool = &sender->pool[i];
		if (pool->timer_us >= 0 && pool->timer_us <= clock_mono_us()) {
			pool->timer_us = -1; /* libcurl sets the next from inside */
			curl_multi_socket_action(pool->multi, CURL_SOCKET_TIMEOUT, 0, &running);
		}
		collect(sender, pool);
	}
}
