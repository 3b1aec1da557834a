/* From nothing to an IMAP connection that is encrypted and logged in, by libcurl. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "intake/imap_wire.h"

#define CONNECT_TIMEOUT_MS 30000
/* libcurl is looked after at least this often while it connects. */
#define CONNECT_LOOK_MS 1000

static int on_socket(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	(void)arg;
	(void)purpose;
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	return CURL_SOCKOPT_OK;
}

static CURL *handle_new(struct imap *imap, const struct settings_mailbox *mailbox)
{
	CURL *c = curl_easy_init();
	if (c == NULL)
		PANIC("libcurl: out of memory");
	bool six = strchr(mailbox->host, ':') != NULL;
	char *url = xasprintf("%s://%s%s%s:%d/", mailbox->security == MAILBOX_TLS ? "imaps" : "imap",
		six ? "[" : "", mailbox->host, six ? "]" : "", mailbox->port);
	curl_easy_setopt(c, CURLOPT_URL, url);
	free(url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "imap,imaps");
	curl_easy_setopt(c, CURLOPT_PROXY, ""); /* not whatever the environment says */
	curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_CONNECT_ONLY, 1L);
	curl_easy_setopt(c, CURLOPT_SOCKOPTFUNCTION, on_socket);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, imap->trouble);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
	curl_easy_setopt(c, CURLOPT_USERNAME, mailbox->user);
	curl_easy_setopt(c, CURLOPT_PASSWORD, mailbox->password);
	if (mailbox->security != MAILBOX_PLAIN) {
		curl_easy_setopt(c, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
		curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
		curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
		curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
		if (mailbox->ca_file != NULL) {
			curl_easy_setopt(c, CURLOPT_CAINFO, mailbox->ca_file);
			curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
		}
	}
	return c;
}

static CURLcode perform(struct imap *imap)
{
	int64_t until_ms = clock_mono_ms() + CONNECT_TIMEOUT_MS;
	int running = 1, left;
	for (;;) {
		if (curl_multi_perform(imap->multi, &running) != CURLM_OK)
			return CURLE_FAILED_INIT;
		const CURLMsg *message = curl_multi_info_read(imap->multi, &left);
		if (message != NULL && message->msg == CURLMSG_DONE)
			return message->data.result;
		int64_t left_ms = until_ms - clock_mono_ms();
		struct pollfd stop = {.fd = imap->stop_fd, .events = POLLIN};
		if (left_ms <= 0 || (imap->stop_fd >= 0 && poll(&stop, 1, 0) > 0))
			return CURLE_OPERATION_TIMEDOUT;
		struct curl_waitfd wake = {.fd = imap->stop_fd, .events = CURL_WAIT_POLLIN};
		(void)curl_multi_poll(imap->multi, &wake, imap->stop_fd >= 0 ? 1 : 0,
			left_ms < CONNECT_LOOK_MS ? (int)left_ms : CONNECT_LOOK_MS, NULL);
	}
}

static int explain(const struct imap *imap, const struct settings_mailbox *mailbox, CURLcode rc,
	struct error *e)
{
	const char *words = imap->trouble[0] != '\0' ? imap->trouble : curl_easy_strerror(rc);
	switch (rc) {
	case CURLE_LOGIN_DENIED:
		return error_set(e, ERROR_DENIED,
			tr("%s port %d: the login of %s was refused", "%s, порт %d: вход %s не разрешён"),
			mailbox->host, mailbox->port, mailbox->user);
	case CURLE_PEER_FAILED_VERIFICATION:
		return error_set(e, ERROR_DENIED,
			tr("%s port %d: its certificate is not trusted: %s",
				"%s, порт %d: сертификату нельзя доверять: %s"),
			mailbox->host, mailbox->port, words);
	case CURLE_USE_SSL_FAILED:
		return error_set(e, ERROR_DENIED,
			tr("%s port %d offers no STARTTLS, which is required",
				"%s, порт %d: нет STARTTLS, а он обязателен"),
			mailbox->host, mailbox->port);
	default:
		return error_set(e, ERROR_UNAVAILABLE,
			tr("no connection to %s port %d: %s", "нет соединения с %s, порт %d: %s"),
			mailbox->host, mailbox->port, words);
	}
}

int imap_connect(struct imap *imap, const struct settings_mailbox *mailbox, struct error *e)
{
	imap->multi = curl_multi_init();
	imap->curl = handle_new(imap, mailbox);
	if (imap->multi == NULL || curl_multi_add_handle(imap->multi, imap->curl) != CURLM_OK)
		PANIC("libcurl: out of memory");
	CURLcode rc = perform(imap);
	if (rc != CURLE_OK)
		return explain(imap, mailbox, rc, e);
	if (curl_easy_getinfo(imap->curl, CURLINFO_ACTIVESOCKET, &imap->fd) != CURLE_OK ||
		imap->fd == CURL_SOCKET_BAD)
		return explain(imap, mailbox, CURLE_GOT_NOTHING, e);
	return 0;
}
