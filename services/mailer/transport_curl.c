/* Letters through libcurl, for what libESMTP cannot do: implicit TLS on port
 * 465, IPv6 addresses, more ways of AUTH; or where a relay's settings choose it.
 * libcurl resolves, connects, encrypts and authenticates (CURLOPT_CONNECT_ONLY);
 * from MAIL on smtp_talk.c speaks over its connection. Left alone, libcurl
 * closes the connection after every refusal, blocks in the final reply, and
 * cannot tell whether the final dot has left. */
#include "mailer/transport.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "mailer/smtp_talk.h"
#include "mailer/smtp_watch.h"
#include "mailer/tls.h"
#include "mailer/verdict.h"

/* As for libESMTP, so that relays see one habit. */
#define LETTERS_PER_SESSION_MAX 100
/* A letter of usual size fits, so that writing never waits (bytes). */
#define SEND_BUFFER_BYTES (256 * 1024)
/* libcurl is looked after at least this often while it connects. */
#define CONNECT_LOOK_MS 1000

struct transport_session {
	struct transport_config config; /* strings are ours */
	char *url;
	struct tls_context *tls; /* only its certificates */
	CURLM *multi;
	int wake_fd; /* an eventfd: abort() */
	atomic_bool aborted;

	/* of one run */
	const struct transport_feed *feed;
	struct transport_result *result;
	int added;
	bool stopped;
	struct transport_letter letter;
	bool letter_waits; /* fed, no outcome yet */

	/* of one connection */
	CURL *curl;
	struct smtp_watch watch;
	struct smtp_talk talk;
	int64_t deadline_us;
	bool tcp_stands, tls_stands, timed_out;
	char trouble[CURL_ERROR_SIZE];
};

/* ---- what the connecting library tells ---- */

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

/* ---- the connection as smtp_talk.c sees it ---- */

static ssize_t talk_read(void *arg, char *data, size_t size)
{
	struct transport_session *t = arg;
	size_t n = 0;
	CURLcode rc = curl_easy_recv(t->curl, data, size, &n);
	if (rc == CURLE_AGAIN)
		return 0;
	return rc == CURLE_OK && n > 0 ? (ssize_t)n : -1;
}

static ssize_t talk_write(void *arg, const char *data, size_t size)
{
	struct transport_session *t = arg;
	size_t n = 0;
	CURLcode rc = curl_easy_send(t->curl, data, size, &n);
	if (rc == CURLE_AGAIN)
		return 0;
	return rc == CURLE_OK ? (ssize_t)n : -1;
}

/* ---- feeding ---- */

static void outcome(struct transport_session *t, enum transport_verdict verdict,
	const struct transport_reply *reply)
{
	t->letter_waits = false;
	if (verdict != TRANSPORT_NOT_SENT)
		t->result->letters++;
	t->feed->outcome(t->feed->arg, &t->letter, verdict, reply);
}

/* False: it has its outcome already. */
static bool letter_may_go(struct transport_session *t, const struct smtp_facts *facts)
{
	enum transport_verdict verdict;
	struct transport_reply reply;
	if (verdict_before_sending(&t->letter, facts, &verdict, &reply))
		return true;
	outcome(t, verdict, &reply);
	return false;
}

static bool feed_next(struct transport_session *t, const struct smtp_facts *facts)
{
	for (;;) {
		if (atomic_load(&t->aborted) ||
			(t->config.stop != NULL && atomic_load(t->config.stop))) {
			t->stopped = true;
			return false;
		}
		if (t->added >= t->config.letters_per_session ||
			!t->feed->next(t->feed->arg, &t->letter))
			return false;
		t->added++;
		t->letter_waits = true;
		if (letter_may_go(t, facts))
			return true;
	}
}

/* ---- connecting ---- */

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

__attribute__((format(printf, 3, 4))) static void end_with(
	struct transport_session *t, enum transport_end end, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	t->result->end = end;
	(void)vsnprintf(t->result->text, sizeof t->result->text, fmt, args);
	va_end(args);
}

static void end_with_reply(struct transport_session *t, enum transport_end end,
	const struct transport_reply *reply, const char *what)
{
	t->result->reply = *reply;
	end_with(t, end, "%s: %d %s%s%s", what, reply->code, reply->enhanced,
		reply->enhanced[0] != '\0' ? " " : "", reply->text);
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
	end_with(t, TRANSPORT_END_TLS,
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
		end_with(t, TRANSPORT_END_STOPPED, "%s", tr("stopped", "остановлено"));
	} else if (!t->tcp_stands) {
		end_with(t, TRANSPORT_END_CONNECT,
			tr("cannot connect to %s port %d: %s", "нет соединения с %s, порт %d: %s"),
			config->host, config->port,
			t->timed_out ? tr("timed out", "истекло время ожидания") : t->trouble);
	} else if (refused(t, SMTP_GREETING)) {
		end_with_reply(t, TRANSPORT_END_GREETING, &last[SMTP_GREETING], "greeting");
	} else if (refused(t, SMTP_HELO)) {
		end_with_reply(t, TRANSPORT_END_GREETING, &last[SMTP_HELO], "HELO");
	} else if (refused(t, SMTP_EHLO) && (ehlo_failed(t) || last[SMTP_HELO].code / 100 != 2)) {
		end_with_reply(t, TRANSPORT_END_GREETING, &last[SMTP_EHLO], "EHLO");
	} else if (refused(t, SMTP_STARTTLS)) {
		end_with_reply(t, TRANSPORT_END_TLS, &last[SMTP_STARTTLS], "STARTTLS");
	} else if (rc == CURLE_USE_SSL_FAILED) {
		end_with(t, TRANSPORT_END_TLS, "%s",
			tr("the relay does not offer STARTTLS, which is required",
				"сервер не предлагает STARTTLS, а он обязателен"));
	} else if (is_tls_trouble(rc) || (tls_asked && !t->tls_stands && !t->watch.is_broken)) {
		end_tls(t);
	} else if (last[SMTP_AUTH].code == 421) {
		end_with_reply(t, TRANSPORT_END_LOST, &last[SMTP_AUTH], "AUTH");
	} else if (refused(t, SMTP_AUTH) && !t->watch.authenticated) {
		end_with_reply(t, TRANSPORT_END_AUTH, &last[SMTP_AUTH], "AUTH");
	} else if (rc == CURLE_LOGIN_DENIED ||
		(rc == CURLE_OK && config->user != NULL && !t->watch.authenticated)) {
		/* libcurl goes on without AUTH where none is offered. */
		end_with(t, TRANSPORT_END_AUTH, "%s",
			tr("the relay offers no AUTH that we can use, which is required",
				"сервер не предлагает подходящего AUTH, а он обязателен"));
	} else if (t->timed_out) {
		end_with(t, TRANSPORT_END_LOST, "%s (%s)", tr("timed out", "истекло время ожидания"),
			greeted ? "EHLO" : "greeting");
	} else if (rc != CURLE_OK || t->watch.is_broken) {
		end_with(t, TRANSPORT_END_LOST, "%s",
			t->trouble[0] != '\0' ? t->trouble
					      : tr("what the relay says is not SMTP",
							"ответ сервера не похож на SMTP"));
	} else if (config->security != TRANSPORT_PLAIN && !t->tls_stands) {
		end_with(t, TRANSPORT_END_TLS, "%s", tr("no TLS", "TLS не установлен"));
	} else {
		return true;
	}
	return false;
}

static bool open_connection(struct transport_session *t)
{
	t->tcp_stands = t->tls_stands = t->timed_out = false;
	smtp_watch_begin(&t->watch);
	tls_trouble_clear();
	t->curl = handle_new(t);
	if (curl_multi_add_handle(t->multi, t->curl) != CURLM_OK)
		PANIC("libcurl: out of memory");
	if (!connection_ok(t, wait_connected(t)))
		return false;
	curl_socket_t fd = CURL_SOCKET_BAD;
	if (curl_easy_getinfo(t->curl, CURLINFO_ACTIVESOCKET, &fd) != CURLE_OK ||
		fd == CURL_SOCKET_BAD) {
		end_with(t, TRANSPORT_END_LOST, "%s", tr("connection lost", "соединение потеряно"));
		return false;
	}
	t->talk.fd = fd;
	smtp_talk_begin(&t->talk);
	return true;
}

static void close_connection(struct transport_session *t)
{
	(void)curl_multi_remove_handle(t->multi, t->curl);
	curl_easy_cleanup(t->curl);
	t->curl = NULL;
}

static void end_lost(struct transport_session *t)
{
	const struct smtp_talk *talk = &t->talk;
	if (talk->aborted || atomic_load(&t->aborted)) {
		end_with(t, TRANSPORT_END_STOPPED, "%s", tr("stopped", "остановлено"));
	} else if (talk->lost_reply.code != 0) {
		end_with_reply(t, TRANSPORT_END_LOST, &talk->lost_reply,
			tr("the relay ended the session", "сервер завершил сеанс"));
	} else {
		end_with(t, TRANSPORT_END_LOST, "%s (%s)",
			talk->nonsense	    ? tr("what the relay says is not SMTP",
						      "ответ сервера не похож на SMTP")
				: talk->timed_out ? tr("timed out", "истекло время ожидания")
						  : tr("connection lost", "соединение потеряно"),
			smtp_command_name(talk->at));
	}
}

/* t->letter is the first one. True: the run may go on over another connection. */
static bool run_connection(struct transport_session *t)
{
	const struct smtp_facts *facts = &t->watch.facts;
	struct transport_reply reply;
	bool refused_end = false;
	if (!open_connection(t)) {
		verdict_explain(&reply, "%.300s", t->result->text);
		outcome(t, TRANSPORT_NOT_SENT, &reply);
		return false;
	}
	bool more = letter_may_go(t, facts) || feed_next(t, facts);
	while (more) {
		enum transport_verdict verdict =
			smtp_talk_letter(&t->talk, &t->letter, t->feed, &reply, &refused_end);
		outcome(t, verdict, &reply);
		more = !t->talk.lost && feed_next(t, facts);
	}
	if (!t->talk.lost) {
		smtp_talk_quit(&t->talk);
		end_with(t, t->stopped ? TRANSPORT_END_STOPPED : TRANSPORT_END_OK, "%s", "");
		return false;
	}
	if (refused_end && !atomic_load(&t->aborted)) {
		end_with(t, TRANSPORT_END_OK, "%s", "");
		return true;
	}
	end_lost(t);
	return false;
}

static void drain_wake(struct transport_session *t)
{
	eventfd_t count;
	(void)eventfd_read(t->wake_fd, &count);
	atomic_store(&t->aborted, false);
}

static void curl_run(struct transport_session *t, const struct transport_feed *feed,
	struct transport_result *result)
{
	*result = (struct transport_result){.end = TRANSPORT_END_OK, .offers_size = -1};
	t->feed = feed;
	t->result = result;
	t->added = 0;
	t->stopped = false;
	bool again;
	do {
		again = false;
		if (feed_next(t, NULL)) {
			again = run_connection(t);
			close_connection(t);
		} else if (t->stopped) {
			end_with(t, TRANSPORT_END_STOPPED, "%s", tr("stopped", "остановлено"));
		}
	} while (again);
	drain_wake(t);
	t->feed = NULL;
	t->result = NULL;
}

/* ---- life of a session ---- */

static int curl_init(struct error *e)
{
	struct sigaction action;
	if (sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_DFL)
		(void)signal(SIGPIPE, SIG_IGN);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return error_set(e, ERROR_INTERNAL, "libcurl does not start");
	return 0;
}

/* smtp[s]://host:port/our-name */
static char *url_of(const struct transport_config *config)
{
	char port[8], *url = NULL, *result = NULL;
	CURLU *u = curl_url();
	if (u == NULL)
		PANIC("libcurl: out of memory");
	char *host = strchr(config->host, ':') != NULL ? xasprintf("[%s]", config->host)
						       : xstrdup(config->host);
	char *path = xasprintf("/%s", config->ehlo);
	(void)snprintf(port, sizeof port, "%d", config->port);
	const char *scheme = config->security == TRANSPORT_TLS ? "smtps" : "smtp";
	if (curl_url_set(u, CURLUPART_SCHEME, scheme, 0) == CURLUE_OK &&
		curl_url_set(u, CURLUPART_HOST, host, 0) == CURLUE_OK &&
		curl_url_set(u, CURLUPART_PORT, port, 0) == CURLUE_OK &&
		curl_url_set(u, CURLUPART_PATH, path, CURLU_URLENCODE) == CURLUE_OK &&
		curl_url_get(u, CURLUPART_URL, &url, 0) == CURLUE_OK)
		result = xstrdup(url);
	curl_free(url);
	curl_url_cleanup(u);
	free(host);
	free(path);
	return result;
}

static int curl_open(
	struct transport_session **out, const struct transport_config *config, struct error *e)
{
	*out = NULL;
	if (config->host[0] == '\0' || config->port < 1 || config->port > 65535)
		return error_set(e, ERROR_INPUT, "relay %s: no host or no port", config->relay);
	if (config->user != NULL && config->password == NULL)
		return error_set(e, ERROR_INPUT, "relay %s: a user without a password", config->relay);
	char *url = url_of(config);
	if (url == NULL)
		return error_set(e, ERROR_INPUT, "relay %s: \"%s\" is not a host name", config->relay,
			config->host);
	struct tls_context *tls = NULL;
	int wake_fd = -1;
	if (config->security != TRANSPORT_PLAIN &&
		tls_context_get(&tls, config->ca_file, config->host, e) != 0) {
		free(url);
		return error_context(e, "relay %s", config->relay);
	}
	if ((wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0) {
		free(url);
		tls_context_release(&tls);
		return error_errno(e, "relay %s: eventfd", config->relay);
	}
	struct transport_session *t = xcalloc(1, sizeof *t);
	t->config = *config;
	t->config.relay = xstrdup(config->relay);
	t->config.host = xstrdup(config->host);
	t->config.ca_file = NULL;
	t->config.ehlo = NULL;
	t->config.user = xstrdup(config->user);
	t->config.password = xstrdup(config->password);
	if (t->config.letters_per_session < 1 ||
		t->config.letters_per_session > LETTERS_PER_SESSION_MAX)
		t->config.letters_per_session = LETTERS_PER_SESSION_MAX;
	t->url = url;
	t->tls = tls;
	t->wake_fd = wake_fd;
	t->multi = curl_multi_init();
	if (t->multi == NULL)
		PANIC("libcurl: out of memory");
	t->watch.command = on_command;
	t->watch.reply = on_reply;
	t->watch.broken = on_broken;
	t->watch.arg = t;
	t->talk.read = talk_read;
	t->talk.write = talk_write;
	t->talk.arg = t;
	t->talk.wake_fd = wake_fd;
	t->talk.abort_asked = &t->aborted;
	t->talk.config = &t->config;
	t->talk.facts = &t->watch.facts;
	*out = t;
	return 0;
}

static void curl_abort(struct transport_session *t)
{
	atomic_store(&t->aborted, true);
	(void)eventfd_write(t->wake_fd, 1);
}

static void free_text(const char *text)
{
	free((char *)(uintptr_t)text);
}

static void curl_close(struct transport_session **session)
{
	struct transport_session *t = *session;
	*session = NULL;
	if (t == NULL)
		return;
	if (t->config.password != NULL)
		explicit_bzero((char *)(uintptr_t)t->config.password, strlen(t->config.password));
	free_text(t->config.password);
	free_text(t->config.user);
	free_text(t->config.relay);
	free_text(t->config.host);
	free(t->url);
	(void)curl_multi_cleanup(t->multi);
	close(t->wake_fd);
	tls_context_release(&t->tls);
	free(t);
}

const struct transport transport_curl = {
	.name = "libcurl",
	.init = curl_init,
	.open = curl_open,
	.run = curl_run,
	.abort = curl_abort,
	.close = curl_close,
};
