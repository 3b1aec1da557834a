/* Letters of a libESMTP session: the event that ends one adds the next, which
 * then goes out over the same connection. */
#include <errno.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "letter/letter.h"
#include "mailer/esmtp_session.h"
#include "mailer/verdict.h"

/* Longest block given to the library at once: its length is an int. */
#define BLOCK_BYTES_MAX (1 << 20)

static void feed_out(struct transport_session *t)
{
	(void)t;
	esmtp_wire_leave(); /* what the feed connects or polls is not ours */
}

static void feed_back(struct transport_session *t)
{
	esmtp_wire_enter(&t->wire);
}

static void letter_outcome(struct transport_session *t, const struct transport_letter *letter,
	enum transport_verdict verdict, const struct transport_reply *reply)
{
	if (verdict != TRANSPORT_NOT_SENT)
		t->result->letters++;
	feed_out(t);
	t->feed->outcome(t->feed->arg, letter, verdict, reply);
	feed_back(t);
}

void esmtp_conclude(struct transport_session *t, enum transport_verdict verdict,
	const struct transport_reply *reply)
{
	t->current.stage = LETTER_NONE;
	t->current.message = NULL;
	letter_outcome(t, &t->current.letter, verdict, reply);
}

void esmtp_lose(struct transport_session *t)
{
	t->lost = true;
	esmtp_wire_cut(&t->wire);
}

bool esmtp_feed_next(struct transport_session *t)
{
	struct transport_reply reply;
	enum transport_verdict verdict;
	for (;;) {
		if (t->config.stop != NULL && atomic_load(t->config.stop)) {
			t->stopped = true;
			return false;
		}
		if (t->added >= t->config.letters_per_session)
			return false;
		feed_out(t);
		bool more = t->feed->next(t->feed->arg, &t->current.letter);
		feed_back(t);
		if (!more)
			return false;
		t->added++;
		if (verdict_before_sending(&t->current.letter,
			    t->facts_known ? &t->monitor.facts : NULL, &verdict, &reply)) {
			t->current.stage = LETTER_ADDED;
			return true;
		}
		letter_outcome(t, &t->current.letter, verdict, &reply);
	}
}

/* Empty blocks would mean the end. Called once more after the end, it says so again. */
static const char *body_block(struct current_letter *c, int *len)
{
	const struct letter_copy *copy = c->letter.copy;
	while (c->segment < copy->count && c->offset == copy->segment[c->segment].len) {
		c->segment++;
		c->offset = 0;
	}
	if (c->segment == copy->count) {
		*len = 0;
		return NULL;
	}
	const struct letter_segment *s = &copy->segment[c->segment];
	size_t size = s->len - c->offset;
	if (size > BLOCK_BYTES_MAX)
		size = BLOCK_BYTES_MAX;
	const char *block = s->data + c->offset;
	c->offset += size;
	*len = (int)size;
	return block;
}

/* What the relay said before we finished, -1 = nothing, 0 = it closed. */
static ssize_t early_bytes(struct transport_session *t, char *data, size_t size)
{
	struct pollfd p = {.fd = t->wire.fd, .events = POLLIN | POLLRDHUP};
	esmtp_wire_leave();
	int n = poll(&p, 1, 0);
	esmtp_wire_enter(&t->wire);
	if (n <= 0)
		return -1;
	bool gone = (p.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) != 0;
	SSL *ssl = t->tls_ok ? tls_thread_connection() : NULL;
	/* A readable TLS socket may hold no more than a session ticket. */
	ssize_t got = ssl != NULL ? SSL_peek(ssl, data, (int)size)
				  : recv(t->wire.fd, data, size, MSG_PEEK | MSG_DONTWAIT);
	if (got > 0)
		return got;
	return gone ? 0 : -1;
}

/* Everything but the final dot is out. False: the letter must not be ended. */
static bool may_end(struct transport_session *t)
{
	char data[1024];
	if (t->lost || t->wire.timed_out || atomic_load(&t->wire.aborted))
		return false;
	ssize_t got = early_bytes(t, data, sizeof data);
	if (got >= 0) {
		/* A refusal before the end is one all the same: without the dot
		 * nothing was accepted. Anything else said here is out of place. */
		if (got > 0)
			smtp_watch_read(&t->monitor, data, (size_t)got);
		struct transport_reply *reply = &t->monitor.last[SMTP_END_OF_DATA];
		bool lost;
		enum transport_verdict verdict = TRANSPORT_NOT_SENT;
		if (reply->code / 100 == 4 || reply->code / 100 == 5)
			verdict = verdict_of_reply(SMTP_END_OF_DATA, reply, &t->monitor.facts, &lost);
		t->lost_reply = *reply;
		esmtp_lose(t);
		if (verdict == TRANSPORT_RECIPIENT_REFUSED)
			esmtp_conclude(t, verdict, reply);
		return false;
	}
	if (t->feed->before_end == NULL)
		return true;
	feed_out(t);
	t->again = !t->feed->before_end(t->feed->arg, &t->current.letter);
	feed_back(t);
	/* The last moment at which a letter is certainly unsent. */
	return !t->again && !atomic_load(&t->wire.aborted);
}

/* libESMTP takes errno at the end for ours: not 0 drops the connection without
 * a final dot, which is also how a letter is given up on purpose. */
static const char *on_body(void **context, int *len, void *arg)
{
	struct transport_session *t = arg;
	struct current_letter *c = &t->current;
	(void)context;
	/* A letter whose outcome is known: the library saw more in the relay's
	 * words than we did. */
	if (c->stage == LETTER_NONE) {
		if (len != NULL)
			*len = 0;
		errno = ECANCELED;
		return NULL;
	}
	if (len == NULL) {
		c->segment = 0;
		c->offset = 0;
		c->stage = LETTER_BODY;
		t->wire.sending_body = true;
		errno = 0;
		return NULL;
	}
	const char *block = body_block(c, len);
	if (block != NULL || c->stage == LETTER_ENDED) {
		errno = 0;
		return block;
	}
	if (!may_end(t)) {
		*len = 0;
		errno = ECANCELED;
		return NULL;
	}
	c->stage = LETTER_ENDED;
	t->wire.deadline_us = clock_mono_us() + (int64_t)t->config.final_timeout_ms * 1000;
	errno = 0;
	return NULL;
}

void esmtp_add_current(struct transport_session *t)
{
	struct current_letter *c = &t->current;
	smtp_recipient_t recipient;
	c->message = smtp_add_message(t->library);
	if (c->message == NULL || !smtp_set_reverse_path(c->message, c->letter.mail_from) ||
		(recipient = smtp_add_recipient(c->message, c->letter.rcpt_to)) == NULL ||
		!smtp_set_messagecb(c->message, on_body, t) ||
		!smtp_size_set_estimate(c->message, c->letter.copy->total))
		PANIC("libESMTP: out of memory");
	if (c->letter.envid != NULL) {
		/* Whoever gets the report has the letter: its headers are enough. */
		(void)smtp_dsn_set_envid(c->message, c->letter.envid);
		(void)smtp_dsn_set_ret(c->message, Ret_HDRS);
	}
}

/* In an event that ends a letter before the library looks for the next one. */
static void continue_with_next(struct transport_session *t)
{
	if (t->lost || t->wire.timed_out || atomic_load(&t->wire.aborted))
		return;
	if (esmtp_feed_next(t))
		esmtp_add_current(t);
	else
		t->feeding_over = true;
}

/* A reply that ends the letter: its outcome, and what becomes of the connection. */
static void conclude_by(struct transport_session *t, enum smtp_command at)
{
	const struct transport_reply *reply = &t->monitor.last[at];
	bool lost = false;
	enum transport_verdict verdict = verdict_of_reply(at, reply, &t->monitor.facts, &lost);
	if (lost) {
		t->lost_reply = *reply;
		esmtp_lose(t);
	}
	esmtp_conclude(t, verdict, reply);
}

static void on_mail_status(struct transport_session *t, smtp_message_t message)
{
	if (message != t->current.message || t->monitor.last[SMTP_MAIL].code / 100 == 2)
		return;
	conclude_by(t, SMTP_MAIL);
	continue_with_next(t);
}

static void on_rcpt_status(struct transport_session *t)
{
	if (t->current.stage != LETTER_ADDED || t->monitor.last[SMTP_RCPT].code / 100 == 2)
		return;
	conclude_by(t, SMTP_RCPT);
	continue_with_next(t);
}

static void on_message_sent(struct transport_session *t, smtp_message_t message)
{
	/* Refused at RCPT already; by now another letter may be current. */
	if (message != t->current.message || t->current.stage == LETTER_NONE)
		return;
	if (t->monitor.last[SMTP_DATA].code / 100 != 3) {
		/* The library has decided to quit before it tells us: a letter added
		 * now would stay unsent. */
		conclude_by(t, SMTP_DATA);
		t->again = !t->lost;
		return;
	}
	/* Only a letter whose end was handed over can have been accepted. */
	if (t->current.stage != LETTER_ENDED || t->monitor.last[SMTP_END_OF_DATA].code == 0)
		return;
	conclude_by(t, SMTP_END_OF_DATA);
	continue_with_next(t);
}

void esmtp_on_event(smtp_session_t library, int event, void *arg, ...)
{
	struct transport_session *t = arg;
	va_list args;
	(void)library;
	va_start(args, arg);
	switch (event) {
	case SMTP_EV_MAILSTATUS:
		(void)va_arg(args, const char *);
		on_mail_status(t, va_arg(args, smtp_message_t));
		break;
	case SMTP_EV_RCPTSTATUS:
		on_rcpt_status(t);
		break;
	case SMTP_EV_MESSAGESENT:
		on_message_sent(t, va_arg(args, smtp_message_t));
		break;
	case SMTP_EV_DISCONNECT:
		esmtp_wire_closed(&t->wire);
		break;
	case SMTP_EV_EXTNA_STARTTLS:
		t->tls_not_offered = true;
		break;
	case SMTP_EV_STARTTLS_OK:
		t->tls_ok = true;
		break;
	case SMTP_EV_WRONG_PEER_CERTIFICATE:
		/* The library compares with the CNAME's target; OpenSSL has compared
		 * with the name that was asked for, or the handshake had failed. */
		*va_arg(args, int *) = 1;
		break;
	default:
		break;
	}
	va_end(args);
}
