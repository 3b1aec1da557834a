/* A connection by libcurl, watched: each phase has its limit, and what a relay
 * says is read by our own parser from libcurl's debug callback. */
#include <fcntl.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "mailer/curl_session.h"
#include "mailer/verdict.h"

/* A letter of usual size fits, so that writing never waits (bytes). */
#define SEND_BUFFER_BYTES (256 * 1024)
/* libcurl is looked after at least this often while it connects. */
#define CONNECT_LOOK_MS 1000

static int64_t after_ms(int ms)
{
	return clock_mono_us() + (int64_t)ms * 1000;
}

static void on_command(void *arg, enum smtp_command command)
{
	struct transport_session *t = arg;
	(void)command;
	t->deadline_us = after_ms(t->config.command_timeout_ms);
}

static void on_reply(void *arg, enum smtp_command command)
{
	struct transport_session *t = arg;
	t->deadline_us = after_ms(t->config.command_timeout_ms);
	if (command == SMTP_EHLO)
		verdict_copy_facts(t->result, &t->watch.facts);
}

static void on_broken(void *arg)
{
	(void)arg; /* libcurl finds out by itself; watch.is_broken says so afterwards */
}

static int on_debug(CURL *curl, curl_infotype type, char *data, size_t len, void *arg)
{
	struct transport_session *t = arg;
	(void)curl;
	if (type == CURLINFO_HEADER_OUT) {
		smtp_watch_wrote(&t->watch, data, len);
	} else if (type == CURLINFO_HEADER_IN) {
		char *copy = xmemdup(data, len); /* the watch changes what it reads */
		smtp_watch_read(&t->watch, copy, len);
		free(copy);
	}
	return 0;
}

static CURLcode on_tls(CURL *curl, void *ctx, void *arg)
{
	struct transport_session *t = arg;
	(void)curl;
	SSL_CTX_set1_cert_store(ctx, tls_context_store(t->tls));
	(void)SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	tls_watch(ctx);
	/* libcurl's own time of connecting is not set where TLS then fails. */
	t->tcp_stands = true;
	t->deadline_us = after_ms(t->config.greeting_timeout_ms);
	return CURLE_OK;
}

static int on_socket(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	int bytes = SEND_BUFFER_BYTES;
	(void)arg;
	(void)purpose;
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	return CURL_SOCKOPT_OK;
}

void curl_watch_begin(struct transport_session *t)
{
	t->watch.command = on_command;
	t->watch.reply = on_reply;
	t->watch.broken = on_broken;
	t->watch.arg = t;
	smtp_watch_begin(&t->watch);
}

static CURL *handle_new(struct transport_session *t)
{
	const struct transport_config *config = &t->config;
	CURL *c = curl_easy_init();
	if (c == NULL)
		PANIC("libcurl: out of memory");
	t->trouble[0] = '\0';
	curl_easy_setopt(c, CURLOPT_URL, t->url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(c, CURLOPT_PROXY, ""); /* not whatever the environment says */
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_CONNECT_ONLY, 1L);
	curl_easy_setopt(c, CURLOPT_TCP_NODELAY, 1L);
	curl_easy_setopt(c, CURLOPT_SOCKOPTFUNCTION, on_socket);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->trouble);
	curl_easy_setopt(c, CURLOPT_VERBOSE, 1L); /* or on_debug is not called */
	curl_easy_setopt(c, CURLOPT_DEBUGFUNCTION, on_debug);
	curl_easy_setopt(c, CURLOPT_DEBUGDATA, t);
	/* Behind our own deadlines only; libcurl's are 300 and 120 s. */
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)config->connect_timeout_ms +
			config->greeting_timeout_ms + 5L * config->command_timeout_ms);
	if (config->security != TRANSPORT_PLAIN) {
		curl_easy_setopt(c, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
		curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
		curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
		curl_easy_setopt(c, CURLOPT_CAINFO, NULL); /* on_tls lends ours, loaded once */
		curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
		curl_easy_setopt(c, CURLOPT_SSL_SESSIONID_CACHE, 0L);
		curl_easy_setopt(c, CURLOPT_SSL_CTX_FUNCTION, on_tls);
		curl_easy_setopt(c, CURLOPT_SSL_CTX_DATA, t);
	}
	if (config->user != NULL) {
		curl_easy_setopt(c, CURLOPT_USERNAME, config->user);
		curl_easy_setopt(c, CURLOPT_PASSWORD, config->password);
	}
	return c;
}

static bool refused(const struct transport_session *t, enum smtp_command command)
{
	return t->watch.last[command].code >= 400;
}

/* Not merely unknown. libcurl would go on with HELO whatever was said. */
static bool ehlo_failed(const struct transport_session *t)
{
	int code = t->watch.last[SMTP_EHLO].code;
	return code != 0 && code / 100 != 2 && code != 500 && code != 501 && code != 502 && code != 504;
}

/* The limit of each phase begins when the one before is over. */
static void follow_phases(struct transport_session *t)
{
	curl_off_t us = 0;
	if (!t->tcp_stands && curl_easy_getinfo(t->curl, CURLINFO_CONNECT_TIME_T, &us) == CURLE_OK &&
		us > 0) {
		t->tcp_stands = true;
		t->deadline_us = after_ms(t->config.greeting_timeout_ms);
	}
	if (!t->tls_stands &&
		curl_easy_getinfo(t->curl, CURLINFO_APPCONNECT_TIME_T, &us) == CURLE_OK && us > 0) {
		t->tls_stands = true;
		t->deadline_us = after_ms(t->config.greeting_timeout_ms);
	}
}

static CURLcode wait_connected(struct transport_session *t)
{
	int running = 1, left;
	t->deadline_us = after_ms(t->config.connect_timeout_ms);
	for (;;) {
		if (curl_multi_perform(t->multi, &running) != CURLM_OK)
			return CURLE_FAILED_INIT;
		CURLMsg *message = curl_multi_info_read(t->multi, &left);
		follow_phases(t);
		if (ehlo_failed(t) || t->watch.is_broken) /* libcurl would wait for better words */
			return CURLE_WEIRD_SERVER_REPLY;
		if (message != NULL && message->msg == CURLMSG_DONE)
			return message->data.result;
		int64_t left_ms = (t->deadline_us - clock_mono_us() + 999) / 1000;
		if (atomic_load(&t->aborted) || left_ms <= 0) {
			t->timed_out = left_ms <= 0;
			return CURLE_OPERATION_TIMEDOUT;
		}
		struct curl_waitfd wake = {.fd = t->wake_fd, .events = CURL_WAIT_POLLIN};
		(void)curl_multi_poll(t->multi, &wake, 1,
			left_ms < CONNECT_LOOK_MS ? (int)left_ms : CONNECT_LOOK_MS, NULL);
	}
}

static bool is_tls_trouble(CURLcode rc)
{
	return rc == CURLE_SSL_CONNECT_ERROR || rc == CURLE_PEER_FAILED_VERIFICATION ||
		rc == CURLE_SSL_CERTPROBLEM || rc == CURLE_SSL_CIPHER || rc == CURLE_SSL_ISSUER_ERROR;
}

static void end_tls(struct transport_session *t)
{
	char words[128];
	tls_trouble(words, sizeof words);
	if (t->timed_out)
		(void)snprintf(words, sizeof words, "%s", tr("timed out", "истекло время ожидания"));
	result_end(t->result, TRANSPORT_END_TLS,
		tr("TLS with %s failed: %s", "не удалось установить TLS с %s: %s"), t->config.host,
		words[0] != '\0' ? words : t->trouble);
}

/* True when the dialogue may begin; else the result says why not. */
static bool connection_ok(struct transport_session *t, CURLcode rc)
{
	const struct transport_config *config = &t->config;
	const struct transport_reply *last = t->watch.last;
	bool greeted = last[SMTP_GREETING].code != 0;
	bool tls_asked = config->security == TRANSPORT_TLS ||
		last[SMTP_STARTTLS].code / 100 == 2;
	if (atomic_load(&t->aborted)) {
		result_end(t->result, TRANSPORT_END_STOPPED, "%s", tr("stopped", "остановлено"));
	} else if (!t->tcp_stands) {
		result_end(t->result, TRANSPORT_END_CONNECT,
			tr("cannot connect to %s port %d: %s", "нет соединения с %s, порт %d: %s"),
			config->host, config->port,
			t->timed_out ? tr("timed out", "истекло время ожидания") : t->trouble);
	} else if (refused(t, SMTP_GREETING)) {
		result_end_reply(t->result, TRANSPORT_END_GREETING, &last[SMTP_GREETING], "greeting");
	} else if (refused(t, SMTP_HELO)) {
		result_end_reply(t->result, TRANSPORT_END_GREETING, &last[SMTP_HELO], "HELO");
	} else if (refused(t, SMTP_EHLO) && (ehlo_failed(t) || last[SMTP_HELO].code / 100 != 2)) {
		result_end_reply(t->result, TRANSPORT_END_GREETING, &last[SMTP_EHLO], "EHLO");
	} else if (refused(t, SMTP_STARTTLS)) {
		result_end_reply(t->result, TRANSPORT_END_TLS, &last[SMTP_STARTTLS], "STARTTLS");
	} else if (rc == CURLE_USE_SSL_FAILED) {
		result_end(t->result, TRANSPORT_END_TLS, "%s",
			tr("the relay does not offer STARTTLS, which is required",
				"сервер не предлагает STARTTLS, а он обязателен"));
	} else if (is_tls_trouble(rc) || (tls_asked && !t->tls_stands && !t->watch.is_broken)) {
		end_tls(t);
	} else if (last[SMTP_AUTH].code == 421) {
		result_end_reply(t->result, TRANSPORT_END_LOST, &last[SMTP_AUTH], "AUTH");
	} else if (refused(t, SMTP_AUTH) && !t->watch.authenticated) {
		result_end_reply(t->result, TRANSPORT_END_AUTH, &last[SMTP_AUTH], "AUTH");
	} else if (rc == CURLE_LOGIN_DENIED ||
		(rc == CURLE_OK && config->user != NULL && !t->watch.authenticated)) {
		/* libcurl goes on without AUTH where none is offered. */
		result_end(t->result, TRANSPORT_END_AUTH, "%s",
			tr("the relay offers no AUTH that we can use, which is required",
				"сервер не предлагает подходящего AUTH, а он обязателен"));
	} else if (t->timed_out) {
		result_end(t->result, TRANSPORT_END_LOST, "%s (%s)", tr("timed out", "истекло время ожидания"),
			greeted ? "EHLO" : "greeting");
	} else if (rc != CURLE_OK || t->watch.is_broken) {
		result_end(t->result, TRANSPORT_END_LOST, "%s",
			t->trouble[0] != '\0' ? t->trouble
					      : tr("what the relay says is not SMTP",
							"ответ сервера не похож на SMTP"));
	} else if (config->security != TRANSPORT_PLAIN && !t->tls_stands) {
		result_end(t->result, TRANSPORT_END_TLS, "%s", tr("no TLS", "TLS не установлен"));
	} else {
		return true;
	}
	return false;
}

bool curl_connection_open(struct transport_session *t)
{
	t->tcp_stands = t->tls_stands = t->timed_out = false;
	curl_watch_begin(t);
	tls_trouble_clear();
	t->curl = handle_new(t);
	if (curl_multi_add_handle(t->multi, t->curl) != CURLM_OK)
		PANIC("libcurl: out of memory");
	if (!connection_ok(t, wait_connected(t)))
		return false;
	curl_socket_t fd = CURL_SOCKET_BAD;
	if (curl_easy_getinfo(t->curl, CURLINFO_ACTIVESOCKET, &fd) != CURLE_OK ||
		fd == CURL_SOCKET_BAD) {
		result_end(t->result, TRANSPORT_END_LOST, "%s", tr("connection lost", "соединение потеряно"));
		return false;
	}
	t->talk.fd = fd;
	smtp_talk_begin(&t->talk);
	return true;
}

void curl_connection_close(struct transport_session *t)
{
	(void)curl_multi_remove_handle(t->multi, t->curl);
	curl_easy_cleanup(t->curl);
	t->curl = NULL;
}

