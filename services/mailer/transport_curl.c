/* Letters through libcurl, for what libESMTP cannot do: implicit TLS on port
 * 465, IPv6 addresses, more ways of AUTH; or where a relay's settings choose it.
 * libcurl resolves, connects, encrypts and authenticates (CURLOPT_CONNECT_ONLY);
 * from MAIL on smtp_talk.c speaks over its connection. Left alone, libcurl
 * closes the connection after every refusal, blocks in the final reply, and
 * cannot tell whether the final dot has left. */
#include "mailer/transport.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/lang.h"
#include "base/xalloc.h"
#include "mailer/curl_session.h"
#include "mailer/session_config.h"
#include "mailer/verdict.h"

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

static void end_lost(struct transport_session *t)
{
	const struct smtp_talk *talk = &t->talk;
	if (talk->aborted || atomic_load(&t->aborted)) {
		result_end(t->result, TRANSPORT_END_STOPPED, "%s", tr("stopped", "остановлено"));
	} else if (talk->lost_reply.code != 0) {
		result_end_reply(t->result, TRANSPORT_END_LOST, &talk->lost_reply,
			tr("the relay ended the session", "сервер завершил сеанс"));
	} else {
		result_end(t->result, TRANSPORT_END_LOST, "%s (%s)",
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
	if (!curl_connection_open(t)) {
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
		result_end(t->result, t->stopped ? TRANSPORT_END_STOPPED : TRANSPORT_END_OK, "%s", "");
		return false;
	}
	if (refused_end && !atomic_load(&t->aborted)) {
		result_end(t->result, TRANSPORT_END_OK, "%s", "");
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
			curl_connection_close(t);
		} else if (t->stopped) {
			result_end(t->result, TRANSPORT_END_STOPPED, "%s", tr("stopped", "остановлено"));
		}
	} while (again);
	drain_wake(t);
	t->feed = NULL;
	t->result = NULL;
}

/* ---- life of a session ---- */

static int curl_init(struct error *e)
{
	session_ignore_sigpipe();
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
	if (session_config_check(config, e) != 0)
		return -1;
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
	session_config_copy(&t->config, config);
	t->url = url;
	t->tls = tls;
	t->wake_fd = wake_fd;
	t->multi = curl_multi_init();
	if (t->multi == NULL)
		PANIC("libcurl: out of memory");
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

static void curl_close(struct transport_session **session)
{
	struct transport_session *t = *session;
	*session = NULL;
	if (t == NULL)
		return;
	session_config_fini(&t->config);
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
