/* Bytes of an IMAP connection, and responses put together from them. A response
 * is a line; where a line ends in {n}, n bytes follow that mean nothing to the
 * protocol, and then the line goes on: whatever a mail says, it cannot be taken
 * for the server's word. */
#include "intake/imap_wire.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/lang.h"

#define LITERALS_MAX 100 /* of one response: a FETCH of ours brings one */

int imap_lost(struct imap *imap, struct error *e, const char *fmt, ...)
{
	char words[300];
	va_list args;
	va_start(args, fmt);
	(void)vsnprintf(words, sizeof words, fmt, args);
	va_end(args);
	imap->lost = true;
	return error_set(e, ERROR_UNAVAILABLE, "%s: %s", imap->host, words);
}

/* 0: ready; -1: too long, or stopping. */
static int wait_for(struct imap *imap, short events, struct error *e)
{
	int64_t until_ms = clock_mono_ms() + IMAP_SILENCE_MS;
	for (;;) {
		int64_t left_ms = until_ms - clock_mono_ms();
		struct pollfd fds[2] = {{.fd = imap->fd, .events = events},
			{.fd = imap->stop_fd, .events = POLLIN}};
		int n = left_ms <= 0 ? 0 : poll(fds, 2, (int)left_ms);
		if (n < 0 && errno == EINTR)
			continue;
		if (n > 0 && fds[1].revents != 0)
			return imap_lost(imap, e, "%s", tr("stopping", "остановка"));
		if (n > 0)
			return 0;
		return imap_lost(imap, e, "%s", tr("no answer from the server", "сервер не отвечает"));
	}
}

static int fill(struct imap *imap, struct error *e)
{
	for (;;) {
		size_t n = 0;
		/* TLS may hold decrypted bytes that poll() does not see: read first. */
		CURLcode rc = curl_easy_recv(imap->curl, imap->in, sizeof imap->in, &n);
		if (rc == CURLE_OK && n > 0) {
			imap->at = 0;
			imap->len = n;
			return 0;
		}
		if (rc != CURLE_AGAIN)
			return imap_lost(
				imap, e, "%s", tr("the connection was lost", "соединение потеряно"));
		if (wait_for(imap, POLLIN, e) != 0)
			return -1;
	}
}

int imap_send(struct imap *imap, const char *text, size_t len, struct error *e)
{
	while (len > 0) {
		size_t n = 0;
		CURLcode rc = imap->lost ? CURLE_SEND_ERROR : curl_easy_send(imap->curl, text, len, &n);
		if (rc == CURLE_AGAIN) {
			if (wait_for(imap, POLLOUT, e) != 0)
				return -1;
			continue;
		}
		if (rc != CURLE_OK)
			return imap_lost(
				imap, e, "%s", tr("the connection was lost", "соединение потеряно"));
		text += n;
		len -= n;
	}
	return 0;
}

/* Up to and without the line end. */
static int read_line(struct imap *imap, struct buf *line, struct error *e)
{
	for (;;) {
		if (imap->at == imap->len && fill(imap, e) != 0)
			return -1;
		const char *from = imap->in + imap->at;
		const char *end = memchr(from, '\n', imap->len - imap->at);
		size_t n = end == NULL ? imap->len - imap->at : (size_t)(end - from);
		imap->at += n + (end != NULL);
		if (buf_append(line, from, n) != 0)
			return imap_lost(imap, e, "%s",
				tr("a line of the server's answer is too long",
					"слишком длинная строка в ответе сервера"));
		if (end == NULL)
			continue;
		if (line->len > 0 && line->data[line->len - 1] == '\r')
			line->data[--line->len] = '\0';
		return 0;
	}
}

static int read_literal(struct imap *imap, size_t size, struct buf *literal, struct error *e)
{
	if (literal != NULL && size > literal->max - literal->len)
		return imap_lost(imap, e,
			tr("the server sends %zu bytes where at most %zu are taken",
				"сервер шлёт %zu байт, а принимается не больше %zu"),
			size, literal->max);
	while (size > 0) {
		if (imap->at == imap->len && fill(imap, e) != 0)
			return -1;
		size_t n = imap->len - imap->at;
		if (n > size)
			n = size;
		if (literal != NULL)
			(void)buf_append(literal, imap->in + imap->at, n);
		imap->at += n;
		size -= n;
	}
	return 0;
}

/* Does the line end in "{123}"? */
static bool announces(const struct buf *line, size_t *size)
{
	char digits[20];
	long long number;
	if (line->len < 3 || line->data[line->len - 1] != '}')
		return false;
	size_t begin = line->len - 1;
	while (begin > 0 && line->len - begin < sizeof digits && line->data[begin - 1] != '{')
		begin--;
	size_t len = line->len - 1 - begin;
	if (begin == 0 || line->data[begin - 1] != '{' || len == 0 || len >= sizeof digits)
		return false;
	memcpy(digits, line->data + begin, len);
	digits[len] = '\0';
	if (!gate_int64(digits, 0, INT64_MAX, &number))
		return false;
	*size = (size_t)number;
	return true;
}

int imap_response(struct imap *imap, struct buf *line, struct buf *literal, struct error *e)
{
	buf_reset(line);
	for (int literals = 0;; literals++) {
		size_t size;
		if (imap->lost)
			return imap_lost(
				imap, e, "%s", tr("the connection was lost", "соединение потеряно"));
		if (read_line(imap, line, e) != 0)
			return -1;
		if (!announces(line, &size))
			return 0;
		if (literals == LITERALS_MAX)
			return imap_lost(imap, e, "%s", tr("nonsense from the server", "бессмыслица от сервера"));
		/* Only the first is the mail; dropped ones are not kept, however long. */
		if (read_literal(imap, size, literals == 0 ? literal : NULL, e) != 0)
			return -1;
	}
}
