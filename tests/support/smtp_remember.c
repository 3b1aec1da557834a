/* A fast SMTP sink that remembers. Every letter it takes becomes a line of
 * its record *before* its 250 leaves, so that a test can compare what a mailer
 * believes with what was truly taken:
 *
 *   accepted|dropped|refused <TAB> message-id <TAB> recipient <TAB> sender <TAB> bytes <TAB> ms
 *
 * "dropped" was taken like "accepted", but the connection was cut instead of
 * answering; "refused" has the code in place of the message-id. ms is the wall
 * clock. Several recipients give several lines.
 *
 *   smtp-remember --port 0 --record FILE [--latency-ms 50] [--refuse-450 0.01]
 *                 [--refuse-550 0.01] [--drop 0.001] [--seed N] [--plain]
 *
 * Prints "port N" when it listens and one line of JSON with its counts at
 * SIGTERM. One thread and epoll. --plain offers no extension. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/gate.h"
#include "base/xalloc.h"

#define LINE_BYTES_MAX 4096
#define INPUT_BYTES (64 * 1024)
#define RECIPIENTS_MAX 100
#define OUTPUT_BYTES_MAX (1 << 20)
#define RECORD_BYTES_MAX (64 << 20)
#define EVENTS_AT_ONCE 256

struct client {
	struct client *next_late, *next_dirty;
	int fd;
	bool in_data, in_headers, dirty, closing, waiting;
	int64_t answer_at_us; /* when the 250 of a delayed letter is due */
	char line[LINE_BYTES_MAX];
	size_t line_len;
	char from[GATE_ADDRESS_MAX + 1];
	char *rcpt[RECIPIENTS_MAX];
	size_t rcpt_count;
	char message_id[300];
	size_t bytes;
	struct buf held; /* input that came while a reply was delayed */
	struct buf out;
};

static struct {
	int latency_ms, record;
	double refuse_450, refuse_550, drop;
	uint64_t random;
	bool plain;
	struct buf lines; /* of the record, not written yet */
	struct client *late_first, *late_last, *dirty;
	long accepted, dropped, refused, connections;
	int epoll;
} sink;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static bool chance(double share)
{
	sink.random ^= sink.random << 13;
	sink.random ^= sink.random >> 7;
	sink.random ^= sink.random << 17;
	return (double)(sink.random >> 11) / 9007199254740992.0 < share;
}

static void make_dirty(struct client *c)
{
	if (!c->dirty) {
		c->dirty = true;
		c->next_dirty = sink.dirty;
		sink.dirty = c;
	}
}

static void answer(struct client *c, const char *text)
{
	if (buf_puts(&c->out, text) != 0)
		c->closing = true;
	make_dirty(c);
}

static void forget_letter(struct client *c)
{
	for (size_t i = 0; i < c->rcpt_count; i++)
		free(c->rcpt[i]);
	c->rcpt_count = 0;
	c->from[0] = '\0';
	c->message_id[0] = '\0';
	c->bytes = 0;
}

static void remember(struct client *c, const char *fate, const char *id, const char *rcpt)
{
	if (buf_printf(&sink.lines, "%s\t%s\t%s\t%s\t%zu\t%lld\n", fate, id, rcpt, c->from, c->bytes,
		    (long long)clock_now_ms()) != 0)
		die("record");
}

static void write_record(void)
{
	size_t at = 0;
	while (sink.record >= 0 && at < sink.lines.len) {
		ssize_t n = write(sink.record, sink.lines.data + at, sink.lines.len - at);
		if (n < 0 && errno != EINTR)
			die("write");
		at += n > 0 ? (size_t)n : 0;
	}
	buf_reset(&sink.lines);
}

/* What stands between < and >, or nothing. */
static bool path_of(const char *line, char *out, size_t size)
{
	const char *from = strchr(line, '<');
	const char *to = from == NULL ? NULL : strchr(from, '>');
	if (to == NULL || (size_t)(to - from) > size)
		return false;
	memcpy(out, from + 1, (size_t)(to - from - 1));
	out[to - from - 1] = '\0';
	return true;
}

static void on_rcpt(struct client *c, const char *line)
{
	char address[GATE_ADDRESS_MAX + 1];
	if (!path_of(line, address, sizeof address) || c->rcpt_count == RECIPIENTS_MAX) {
		answer(c, "501 5.1.3 bad address\r\n");
		return;
	}
	int refused = chance(sink.refuse_550) ? 550 : chance(sink.refuse_450) ? 450 : 0;
	if (refused != 0) {
		sink.refused++;
		remember(c, "refused", refused == 550 ? "550" : "450", address);
		answer(c, refused == 550 ? "550 5.1.1 no such user here\r\n"
					 : "450 4.2.1 mailbox busy, try later\r\n");
		return;
	}
	c->rcpt[c->rcpt_count++] = xstrdup(address);
	answer(c, "250 2.1.5 ok\r\n");
}

static void accept_letter(struct client *c, const char *fate)
{
	for (size_t i = 0; i < c->rcpt_count; i++)
		remember(c, fate, c->message_id[0] != '\0' ? c->message_id : "-", c->rcpt[i]);
	forget_letter(c);
}

static void end_of_data(struct client *c)
{
	c->in_data = false;
	if (chance(sink.drop)) {
		sink.dropped++;
		accept_letter(c, "dropped");
		c->closing = true;
		make_dirty(c);
	} else if (sink.latency_ms > 0) {
		c->answer_at_us = clock_mono_us() + (int64_t)sink.latency_ms * 1000;
		c->waiting = true;
		c->next_late = NULL;
		if (sink.late_first == NULL)
			sink.late_first = c;
		else
			sink.late_last->next_late = c;
		sink.late_last = c;
	} else {
		sink.accepted++;
		accept_letter(c, "accepted");
		answer(c, "250 2.0.0 remembered\r\n");
	}
}

static void on_data_line(struct client *c)
{
	if (c->line_len == 1 && c->line[0] == '.') {
		end_of_data(c);
		return;
	}
	if (c->line_len == 0)
		c->in_headers = false;
	if (c->in_headers && strncasecmp(c->line, "Message-ID:", 11) == 0)
		(void)path_of(c->line, c->message_id, sizeof c->message_id - 1);
}

static void on_command(struct client *c)
{
	const char *line = c->line;
	if (strncasecmp(line, "EHLO", 4) == 0) {
		answer(c, sink.plain ? "250 smtp-remember\r\n"
				     : "250-smtp-remember\r\n250-PIPELINING\r\n250-8BITMIME\r\n"
				       "250-ENHANCEDSTATUSCODES\r\n250-DSN\r\n250 SIZE 52428800\r\n");
	} else if (strncasecmp(line, "MAIL FROM:", 10) == 0) {
		forget_letter(c);
		bool good = path_of(line, c->from, sizeof c->from);
		answer(c, good ? "250 2.1.0 ok\r\n" : "501 5.1.7 bad address\r\n");
	} else if (strncasecmp(line, "RCPT TO:", 8) == 0) {
		on_rcpt(c, line);
	} else if (strncasecmp(line, "DATA", 4) == 0) {
		c->in_data = c->in_headers = c->rcpt_count > 0;
		answer(c, c->in_data ? "354 go on\r\n" : "554 5.5.1 no recipients\r\n");
	} else if (strncasecmp(line, "QUIT", 4) == 0) {
		answer(c, "221 2.0.0 bye\r\n");
		c->closing = true;
	} else if (strncasecmp(line, "RSET", 4) == 0 || strncasecmp(line, "NOOP", 4) == 0 ||
		strncasecmp(line, "HELO", 4) == 0) {
		forget_letter(c);
		answer(c, "250 2.0.0 ok\r\n");
	} else {
		answer(c, "500 5.5.2 unknown command\r\n");
	}
}

static void take_line(struct client *c, const char *data, size_t len)
{
	size_t room = sizeof c->line - 1 - c->line_len;
	memcpy(c->line + c->line_len, data, len < room ? len : room);
	c->line_len += len < room ? len : room;
}

static void take(struct client *c, const char *data, size_t len)
{
	while (len > 0 && !c->closing) {
		if (c->waiting) { /* one letter at a time: the rest comes after its reply */
			if (buf_append(&c->held, data, len) != 0)
				c->closing = true;
			return;
		}
		const char *end = memchr(data, '\n', len);
		size_t used = end == NULL ? len : (size_t)(end - data) + 1;
		if (c->in_data)
			c->bytes += used;
		take_line(c, data, end == NULL ? used : used - 1);
		data += used;
		len -= used;
		if (end == NULL)
			return;
		if (c->line_len > 0 && c->line[c->line_len - 1] == '\r')
			c->line_len--;
		c->line[c->line_len] = '\0';
		if (c->in_data)
			on_data_line(c);
		else
			on_command(c);
		c->line_len = 0;
	}
}

static void client_free(struct client *c)
{
	close(c->fd);
	forget_letter(c);
	buf_fini(&c->held);
	buf_fini(&c->out);
	free(c);
}

/* The record first, then the replies; then the closed ones go. */
static void flush_all(void)
{
	write_record();
	while (sink.dirty != NULL) {
		struct client *c = sink.dirty;
		sink.dirty = c->next_dirty;
		c->dirty = false;
		/* Replies are short; a peer that does not read them is cut. */
		if (c->out.len > 0 &&
			send(c->fd, c->out.data, c->out.len, MSG_NOSIGNAL) != (ssize_t)c->out.len)
			c->closing = true;
		buf_reset(&c->out);
		/* One that waits stands in the late list and goes from there. */
		if (c->closing && !c->waiting)
			client_free(c);
	}
}

static void on_readable(struct client *c)
{
	static char input[INPUT_BYTES];
	ssize_t n = recv(c->fd, input, sizeof input, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		c->closing = true;
		(void)epoll_ctl(sink.epoll, EPOLL_CTL_DEL, c->fd, NULL);
		make_dirty(c);
		return;
	}
	take(c, input, (size_t)n);
}

static void on_new(int listener)
{
	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			return;
		int on = 1;
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		struct client *c = xcalloc(1, sizeof *c);
		c->fd = fd;
		buf_init(&c->held, OUTPUT_BYTES_MAX);
		buf_init(&c->out, OUTPUT_BYTES_MAX);
		sink.connections++;
		struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
		if (epoll_ctl(sink.epoll, EPOLL_CTL_ADD, fd, &event) != 0)
			die("epoll_ctl");
		answer(c, "220 smtp-remember ESMTP\r\n");
	}
}

/* Returns how long to wait for the next one (ms), -1 = for ever. */
static int answer_late(void)
{
	int64_t now_us = clock_mono_us();
	while (sink.late_first != NULL && sink.late_first->answer_at_us <= now_us) {
		struct client *c = sink.late_first;
		sink.late_first = c->next_late;
		c->waiting = false;
		sink.accepted++;
		accept_letter(c, "accepted");
		answer(c, "250 2.0.0 remembered\r\n");
		struct buf held = c->held;
		buf_init(&c->held, OUTPUT_BYTES_MAX);
		take(c, buf_str(&held), held.len);
		buf_fini(&held);
	}
	return sink.late_first == NULL ? -1 : (int)((sink.late_first->answer_at_us - now_us + 999) / 1000);
}

static int listen_on(int port)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof address;
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
		bind(fd, (struct sockaddr *)&address, len) != 0 || listen(fd, 1024) != 0 ||
		getsockname(fd, (struct sockaddr *)&address, &len) != 0)
		die("listen");
	printf("port %d\n", ntohs(address.sin_port));
	fflush(stdout);
	return fd;
}

static int listen_for_end(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static void run(int port)
{
	static int listener_mark, end_mark;
	int listener = listen_on(port), end = listen_for_end();
	struct epoll_event events[EVENTS_AT_ONCE];
	struct epoll_event on_listen = {.events = EPOLLIN, .data.ptr = &listener_mark};
	struct epoll_event on_end = {.events = EPOLLIN, .data.ptr = &end_mark};
	sink.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (sink.epoll < 0 || epoll_ctl(sink.epoll, EPOLL_CTL_ADD, listener, &on_listen) != 0 ||
		epoll_ctl(sink.epoll, EPOLL_CTL_ADD, end, &on_end) != 0)
		die("epoll");
	for (;;) {
		int wait_ms = answer_late();
		flush_all();
		int n = epoll_wait(sink.epoll, events, EVENTS_AT_ONCE, wait_ms);
		for (int i = 0; i < n; i++) {
			if (events[i].data.ptr == &end_mark)
				return;
			if (events[i].data.ptr == &listener_mark)
				on_new(listener);
			else
				on_readable(events[i].data.ptr);
		}
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"port", required_argument, NULL, 'p'},
		{"record", required_argument, NULL, 'r'}, {"latency-ms", required_argument, NULL, 'l'},
		{"refuse-450", required_argument, NULL, '4'}, {"refuse-550", required_argument, NULL, '5'},
		{"drop", required_argument, NULL, 'd'}, {"seed", required_argument, NULL, 's'},
		{"plain", no_argument, NULL, 'P'}, {NULL, 0, NULL, 0}};
	int port = 0, c;
	sink.record = -1;
	sink.random = (uint64_t)clock_mono_us();
	buf_init(&sink.lines, RECORD_BYTES_MAX);
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'p': port = atoi(optarg); break;
		case 'r':
			sink.record = open(optarg, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
			if (sink.record < 0)
				die(optarg);
			break;
		case 'l': sink.latency_ms = atoi(optarg); break;
		case '4': sink.refuse_450 = atof(optarg); break;
		case '5': sink.refuse_550 = atof(optarg); break;
		case 'd': sink.drop = atof(optarg); break;
		case 's': sink.random = strtoull(optarg, NULL, 10) * 2 + 1; break;
		case 'P': sink.plain = true; break;
		default: return 2;
		}
	}
	run(port);
	write_record();
	printf("{\"accepted\":%ld,\"dropped\":%ld,\"refused\":%ld,\"connections\":%ld}\n", sink.accepted,
		sink.dropped, sink.refused, sink.connections);
	(void)fflush(stdout);
	_exit(0); /* clients still connected are nobody's leak */
}
