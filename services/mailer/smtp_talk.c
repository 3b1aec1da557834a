#include "mailer/smtp_talk.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/lang.h"
#include "letter/letter.h"
#include "mailer/unsent.h"
#include "mailer/verdict.h"

/* A relay that does not answer QUIT is not waited for (ms). */
#define QUIT_TIMEOUT_MS 5000

void smtp_talk_begin(struct smtp_talk *talk)
{
	talk->lost = talk->timed_out = talk->aborted = talk->nonsense = false;
	talk->lost_reply = (struct transport_reply){0};
	talk->reset_due = false;
	talk->in_at = talk->in_len = talk->out_len = 0;
	talk->at = SMTP_OTHER;
	smtp_reply_reset(&talk->parser);
}

/* True when there is something to do; false ends the connection. */
static bool wait_for(struct smtp_talk *talk, short events, int64_t deadline_us)
{
	for (;;) {
		int64_t left_ms = (deadline_us - clock_mono_us() + 999) / 1000;
		struct pollfd fds[2] = {{.fd = talk->fd, .events = events},
			{.fd = talk->wake_fd, .events = POLLIN}};
		int n = left_ms <= 0 ? 0 : poll(fds, 2, left_ms > 60000 ? 60000 : (int)left_ms);
		if (n > 0 && fds[1].revents != 0)
			talk->aborted = true;
		else if (n > 0)
			return true;
		else if (n == 0 && left_ms <= 60000)
			talk->timed_out = true;
		else if (n == 0 || errno == EINTR)
			continue;
		talk->lost = true;
		return false;
	}
}

/* 1 = a reply is complete, 0 = not yet, -1 = never. */
static int parse_input(struct smtp_talk *talk, struct transport_reply *reply)
{
	while (talk->in_at < talk->in_len) {
		size_t used;
		enum smtp_step step = smtp_reply_feed(
			&talk->parser, talk->in + talk->in_at, talk->in_len - talk->in_at, &used);
		talk->in_at += used;
		if (step == SMTP_BAD) {
			talk->lost = talk->nonsense = true;
			return -1;
		}
		if (step == SMTP_REPLY) {
			smtp_reply_export(&talk->parser, reply);
			smtp_reply_reset(&talk->parser);
			return 1;
		}
	}
	return 0;
}

static int fill_input(struct smtp_talk *talk)
{
	ssize_t n = talk->read(talk->arg, talk->in, sizeof talk->in);
	talk->in_at = 0;
	talk->in_len = n > 0 ? (size_t)n : 0;
	return n < 0 ? -1 : n > 0 ? 1 : 0;
}

static int64_t after_ms(int ms)
{
	return clock_mono_us() + (int64_t)ms * 1000;
}

/* False: lost, and reply->code is 0. */
static bool read_reply(
	struct smtp_talk *talk, enum smtp_command at, int timeout_ms, struct transport_reply *reply)
{
	int64_t deadline_us = after_ms(timeout_ms);
	*reply = (struct transport_reply){0};
	talk->at = at;
	if (talk->lost)
		return false;
	for (;;) {
		int got = parse_input(talk, reply);
		if (got != 0)
			return got > 0;
		/* TLS may hold decrypted bytes that poll() does not see. */
		int filled = fill_input(talk);
		if (filled < 0)
			talk->lost = true;
		if (filled < 0 || (filled == 0 && !wait_for(talk, POLLIN, deadline_us)))
			return false;
		if (clock_mono_us() > deadline_us) {
			talk->lost = talk->timed_out = true;
			return false;
		}
	}
}

/* While we should be the only one to speak: whether the relay spoke or left. A
 * complete reply comes back in *reply. */
static bool interrupted(struct smtp_talk *talk, struct transport_reply *reply)
{
	int filled = talk->in_at < talk->in_len ? 1 : fill_input(talk);
	if (filled == 0)
		return false;
	talk->lost = true;
	while (filled > 0 && parse_input(talk, reply) == 0)
		filled = fill_input(talk);
	return true;
}

/* Writes all that is gathered. False: it did not get out whole. */
static bool flush(struct smtp_talk *talk, int timeout_ms, struct transport_reply *early)
{
	size_t at = 0;
	int64_t deadline_us = after_ms(timeout_ms);
	while (!talk->lost && at < talk->out_len) {
		ssize_t n = talk->write(talk->arg, talk->out + at, talk->out_len - at);
		if (n > 0) {
			at += (size_t)n;
			deadline_us = after_ms(timeout_ms); /* it counts from the last progress */
		} else if (n < 0 || !wait_for(talk, POLLOUT, deadline_us)) {
			if (!talk->aborted)
				(void)interrupted(talk, early); /* its last words */
			talk->lost = true;
		}
	}
	bool whole = !talk->lost && at == talk->out_len;
	talk->out_len = 0;
	return whole;
}

static bool put(struct smtp_talk *talk, const char *data, size_t len, struct transport_reply *early)
{
	while (len > 0) {
		size_t room = sizeof talk->out - talk->out_len;
		size_t take = len < room ? len : room;
		memcpy(talk->out + talk->out_len, data, take);
		talk->out_len += take;
		data += take;
		len -= take;
		if (talk->out_len == sizeof talk->out &&
			!flush(talk, talk->config->transfer_timeout_ms, early))
			return false;
	}
	return true;
}

/* Commands are short and out is empty then: they always fit. */
__attribute__((format(printf, 2, 3))) static void put_command(
	struct smtp_talk *talk, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	int n = vsnprintf(talk->out + talk->out_len, sizeof talk->out - talk->out_len, fmt, args);
	va_end(args);
	ASSERT(n > 0 && (size_t)n < sizeof talk->out - talk->out_len);
	talk->out_len += (size_t)n;
}

/* RFC 3461 xtext. */
static void put_xtext(struct smtp_talk *talk, const char *text)
{
	for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
		if (*p <= ' ' || *p >= 0x7f || *p == '+' || *p == '=')
			put_command(talk, "+%02X", *p);
		else
			put_command(talk, "%c", *p);
	}
}

static void put_mail(struct smtp_talk *talk, const struct transport_letter *letter)
{
	put_command(talk, "MAIL FROM:<%s>", letter->mail_from);
	if (talk->facts->size >= 0)
		put_command(talk, " SIZE=%zu", letter->copy->total);
	/* Longer than any of ours; a command line has 512 bytes. */
	if (talk->facts->dsn && letter->envid != NULL && strlen(letter->envid) <= 100) {
		put_command(talk, " RET=HDRS ENVID=");
		put_xtext(talk, letter->envid);
	}
	put_command(talk, "\r\n");
}

/* Which commands are on the wire and not answered yet. */
struct flight {
	enum smtp_command command[4];
	size_t count, at;
};

static bool fly(struct smtp_talk *talk, struct flight *f, enum smtp_command command)
{
	struct transport_reply early = {0};
	f->command[f->count++] = command;
	if ((talk->facts->pipelining && command != SMTP_DATA) ||
		flush(talk, talk->config->command_timeout_ms, &early))
		return true;
	talk->lost_reply = early;
	return false;
}

/* Reads what the flight still awaits, up to and with `command`. */
static bool land(struct smtp_talk *talk, struct flight *f, enum smtp_command command,
	struct transport_reply *reply)
{
	while (f->at < f->count) {
		enum smtp_command at = f->command[f->at++];
		if (!read_reply(talk, at, talk->config->command_timeout_ms, reply))
			return false;
		if (at == command)
			return true;
	}
	return false;
}

/* After a refusal with DATA already under way: a relay that says 354 gets an
 * empty letter for nobody, which it must refuse. */
static void finish_flight(struct smtp_talk *talk, struct flight *f)
{
	struct transport_reply reply;
	while (!talk->lost && f->at < f->count) {
		enum smtp_command at = f->command[f->at];
		if (!land(talk, f, at, &reply))
			return;
		if (at == SMTP_DATA && reply.code / 100 == 3) {
			put_command(talk, ".\r\n");
			if (flush(talk, talk->config->command_timeout_ms, &reply))
				(void)read_reply(talk, SMTP_END_OF_DATA,
					talk->config->final_timeout_ms, &reply);
		}
		if (reply.code == 421) {
			talk->lost_reply = reply;
			talk->lost = true;
		}
	}
}

static void not_sent(struct smtp_talk *talk, struct transport_reply *reply)
{
	if (reply->code != 0)
		talk->lost_reply = *reply;
	else if (talk->lost_reply.code != 0)
		*reply = talk->lost_reply;
	else
		verdict_explain(reply, "%s",
			tr("the connection ended before the letter did",
				"соединение прервалось раньше, чем закончилось письмо"));
}

static bool step_ok(enum smtp_command at, int code)
{
	return at == SMTP_DATA ? code / 100 == 3 : code / 100 == 2;
}

/* From MAIL to the reply to DATA. False: it ended there, with *verdict. */
static bool envelope(struct smtp_talk *talk, const struct transport_letter *letter,
	enum transport_verdict *verdict, struct transport_reply *reply)
{
	static const enum smtp_command steps[] = {SMTP_RSET, SMTP_MAIL, SMTP_RCPT, SMTP_DATA};
	struct flight f = {0};
	*verdict = TRANSPORT_NOT_SENT;
	*reply = (struct transport_reply){0};
	for (size_t i = talk->reset_due ? 0 : 1; i < 4; i++) {
		enum smtp_command at = steps[i];
		if (at == SMTP_RSET)
			put_command(talk, "RSET\r\n");
		else if (at == SMTP_MAIL)
			put_mail(talk, letter);
		else if (at == SMTP_RCPT)
			put_command(talk, "RCPT TO:<%s>\r\n", letter->rcpt_to);
		else
			put_command(talk, "DATA\r\n");
		talk->at = at;
		if (!fly(talk, &f, at))
			return false;
		if (talk->facts->pipelining && at != SMTP_DATA)
			continue;
		while (f.at < f.count) {
			enum smtp_command answered = f.command[f.at];
			if (!land(talk, &f, answered, reply))
				return false;
			if (step_ok(answered, reply->code))
				continue;
			bool lost;
			*verdict = verdict_of_reply(answered, reply, talk->facts, &lost);
			if (answered == SMTP_RSET || lost) {
				*verdict = TRANSPORT_NOT_SENT;
				talk->lost = true;
			}
			finish_flight(talk, &f);
			return false;
		}
	}
	return true;
}

/* Copies with dots doubled at line starts; *last holds the two bytes before. */
static bool put_stuffed(struct smtp_talk *talk, const char *data, size_t len, char last[2],
	struct transport_reply *early)
{
	while (len > 0) {
		if (data[0] == '.' && last[0] == '\r' && last[1] == '\n' && !put(talk, ".", 1, early))
			return false;
		const char *end = memchr(data, '\n', len);
		size_t take = end != NULL ? (size_t)(end - data) + 1 : len;
		if (!put(talk, data, take, early))
			return false;
		last[0] = take > 1 ? data[take - 2] : last[1];
		last[1] = data[take - 1];
		data += take;
		len -= take;
	}
	return true;
}

/* All but the final dot. */
static bool body(struct smtp_talk *talk, const struct letter_copy *copy, struct transport_reply *early)
{
	char last[2] = {'\r', '\n'};
	for (size_t i = 0; i < copy->count; i++)
		if (!put_stuffed(talk, copy->segment[i].data, copy->segment[i].len, last, early))
			return false;
	if ((last[0] != '\r' || last[1] != '\n') && !put(talk, "\r\n", 2, early))
		return false;
	return flush(talk, talk->config->transfer_timeout_ms, early) && !interrupted(talk, early);
}

static enum transport_verdict end_letter(struct smtp_talk *talk, struct transport_reply *reply)
{
	bool lost;
	put_command(talk, ".\r\n");
	if (!flush(talk, talk->config->transfer_timeout_ms, reply)) {
		not_sent(talk, reply);
		return TRANSPORT_NOT_SENT;
	}
	if (!read_reply(talk, SMTP_END_OF_DATA, talk->config->final_timeout_ms, reply)) {
		if (talk->timed_out && unsent_discard(talk->fd)) {
			not_sent(talk, reply);
			return TRANSPORT_NOT_SENT;
		}
		verdict_explain(reply, "%s",
			talk->timed_out ? tr("no reply after the end of the letter",
						  "нет ответа после конца письма")
					: tr("the connection was lost after the end of the letter",
						  "соединение потеряно после конца письма"));
		return TRANSPORT_UNCERTAIN;
	}
	enum transport_verdict verdict =
		verdict_of_reply(SMTP_END_OF_DATA, reply, talk->facts, &lost);
	if (lost) {
		talk->lost_reply = *reply;
		talk->lost = true;
	}
	return verdict;
}

enum transport_verdict smtp_talk_letter(struct smtp_talk *talk,
	const struct transport_letter *letter, const struct transport_feed *feed,
	struct transport_reply *reply, bool *refused_end)
{
	enum transport_verdict verdict = TRANSPORT_NOT_SENT;
	*refused_end = false;
	/* Bytes nobody asked for would be taken for the reply to MAIL; 421 is what
	 * a relay says when it closes an idle connection. */
	*reply = (struct transport_reply){0};
	talk->at = SMTP_MAIL;
	bool ready = !interrupted(talk, reply) && envelope(talk, letter, &verdict, reply);
	if (!ready && verdict == TRANSPORT_NOT_SENT)
		not_sent(talk, reply);
	talk->reset_due = true;
	if (!ready)
		return verdict;
	talk->at = SMTP_DATA;
	*reply = (struct transport_reply){0};
	if (!body(talk, letter->copy, reply)) {
		/* Without the dot nothing was accepted: an early refusal is certain. */
		bool lost;
		not_sent(talk, reply);
		return reply->code >= 400
			? verdict_of_reply(SMTP_END_OF_DATA, reply, talk->facts, &lost)
			: TRANSPORT_NOT_SENT;
	}
	if (feed->before_end != NULL && !feed->before_end(feed->arg, letter))
		*refused_end = true;
	/* The last moment at which a letter is certainly unsent. */
	if (*refused_end || atomic_load(talk->abort_asked)) {
		talk->lost = true;
		*reply = (struct transport_reply){0};
		not_sent(talk, reply);
		return TRANSPORT_NOT_SENT;
	}
	verdict = end_letter(talk, reply);
	talk->reset_due = verdict != TRANSPORT_ACCEPTED;
	return verdict;
}

void smtp_talk_quit(struct smtp_talk *talk)
{
	struct transport_reply reply;
	int timeout_ms = talk->config->command_timeout_ms;
	if (timeout_ms > QUIT_TIMEOUT_MS)
		timeout_ms = QUIT_TIMEOUT_MS;
	put_command(talk, "QUIT\r\n");
	if (flush(talk, timeout_ms, &reply))
		(void)read_reply(talk, SMTP_QUIT, timeout_ms, &reply);
}
