/* Letters through libESMTP. A session is fed from the library's own events: the
 * event that ends a letter adds the next one, which then goes out over the same
 * connection. What the library cannot be trusted with is done beside it:
 * esmtp_hooks.c has its socket and every wait, smtp_watch.c reads what the
 * relay really says. The verdict of a letter comes from there, the library's
 * events only say when. The traps, each with its place and its test:
 * docs/decisions/2026-11-21-libesmtp-traps.md. */
#include "mailer/transport.h"

#include <errno.h>
#include <limits.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <auth-client.h>
#include <libesmtp.h>

#include "base/clock.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "mailer/esmtp_hooks.h"
#include "mailer/smtp_watch.h"
#include "mailer/tls.h"
#include "mailer/verdict.h"

/* libESMTP keeps 4 KB of every letter until its session is destroyed. */
#define LETTERS_PER_SESSION_MAX 100
/* A relay that does not answer QUIT is not waited for (ms). */
#define QUIT_TIMEOUT_MS 5000
/* Longest block given to the library at once: its length is an int. */
#define BLOCK_BYTES_MAX (1 << 20)

enum letter_stage {
	LETTER_NONE,
	LETTER_ADDED,
	LETTER_BODY, /* the library reads the body */
	LETTER_ENDED /* it has read all of it: the final dot may be out */
};

struct current_letter {
	enum letter_stage stage;
	struct transport_letter letter;
	smtp_message_t message;
	size_t segment, offset;
};

struct transport_session {
	struct transport_config config; /* strings are ours */
	char *server;                   /* "host:port" */
	struct tls_context *tls;
	struct esmtp_wire wire;
	struct smtp_watch monitor;

	/* of one run */
	const struct transport_feed *feed;
	struct transport_result *result;
	int added; /* letters, of letters_per_session */
	bool facts_known;

	/* of one connection */
	smtp_session_t library;
	struct current_letter current;
	bool feeding_over; /* QUIT comes next, as it should */
	bool stopped;      /* because of config.stop */
	bool again;        /* the library quits though there may be more to send */
	bool lost;         /* nothing more goes over this connection */
	bool tls_begun, tls_ok, tls_not_offered;
	bool auth_missing; /* MAIL was about to go out without the AUTH that is required */
	struct transport_reply lost_reply;
};

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

static void conclude(struct transport_session *t, enum transport_verdict verdict,
	const struct transport_reply *reply)
{
	t->current.stage = LETTER_NONE;
	t->current.message = NULL;
	letter_outcome(t, &t->current.letter, verdict, reply);
}

static void lose(struct transport_session *t)
{
	t->lost = true;
	esmtp_wire_cut(&t->wire);
}

/* The next letter that may be sent is then t->current.letter. */
static bool feed_next(struct transport_session *t)
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
		lose(t);
		if (verdict == TRANSPORT_RECIPIENT_REFUSED)
			conclude(t, verdict, reply);
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

static void add_current(struct transport_session *t)
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
	if (feed_next(t))
		add_current(t);
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
		lose(t);
	}
	conclude(t, verdict, reply);
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

static void on_event(smtp_session_t library, int event, void *arg, ...)
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

/* ---- the monitor's callbacks ---- */

static void on_connected(void *arg)
{
	struct transport_session *t = arg;
	smtp_watch_begin(&t->monitor);
	t->wire.deadline_us = clock_mono_us() + (int64_t)t->config.greeting_timeout_ms * 1000;
}

/* The last moment before MAIL is written. */
static void before_mail(struct transport_session *t)
{
	struct transport_reply reply;
	enum transport_verdict verdict;
	if (t->monitor.pending[0] != SMTP_MAIL && t->monitor.pending[0] != SMTP_RSET) {
		lose(t); /* the library took half a reply for a whole one */
		return;
	}
	if (t->config.user != NULL && !t->monitor.authenticated) {
		t->auth_missing = true;
		lose(t);
		return;
	}
	if (t->config.security == TRANSPORT_STARTTLS && !t->tls_ok) {
		t->tls_not_offered = true;
		lose(t);
		return;
	}
	t->facts_known = true;
	verdict_copy_facts(t->result, &t->monitor.facts);
	if (t->current.stage != LETTER_ADDED ||
		verdict_before_sending(&t->current.letter, &t->monitor.facts, &verdict, &reply))
		return;
	/* The first letter is larger than the SIZE we have just learned. The
	 * library cannot leave it out, so the connection goes. */
	lose(t);
	conclude(t, verdict, &reply);
	t->again = true;
}

static void on_command(void *arg, enum smtp_command command)
{
	struct transport_session *t = arg;
	int limit_ms = t->config.command_timeout_ms;
	if (command == SMTP_QUIT && limit_ms > QUIT_TIMEOUT_MS)
		limit_ms = QUIT_TIMEOUT_MS;
	t->wire.sending_body = false;
	t->wire.deadline_us = clock_mono_us() + (int64_t)limit_ms * 1000;
	if (command == SMTP_MAIL)
		before_mail(t);
}

static void on_reply(void *arg, enum smtp_command command)
{
	struct transport_session *t = arg;
	/* Another command awaits its reply; after 354 the body has its own limits. */
	t->wire.deadline_us = t->monitor.pending_count > 0 && command != SMTP_DATA
		? clock_mono_us() + (int64_t)t->config.command_timeout_ms * 1000
		: 0;
	if (command == SMTP_STARTTLS && t->monitor.last[command].code / 100 == 2) {
		t->tls_begun = true;
		t->wire.deadline_us =
			clock_mono_us() + (int64_t)t->config.command_timeout_ms * 1000;
	}
	if (command == SMTP_EHLO)
		verdict_copy_facts(t->result, &t->monitor.facts);
}

static void on_broken(void *arg)
{
	struct transport_session *t = arg;
	lose(t);
}

static void on_monitor(const char *data, int len, int writing, void *arg)
{
	struct transport_session *t = arg;
	if (len <= 0)
		return;
	if (writing == 0)
		smtp_watch_read(&t->monitor, (char *)(uintptr_t)data, (size_t)len);
	else if (writing == 1)
		smtp_watch_wrote(&t->monitor, data, (size_t)len);
}

/* ---- one connection ---- */

static int on_auth(auth_client_request_t request, char **result, int fields, void *arg)
{
	struct transport_session *t = arg;
	for (int i = 0; i < fields; i++) {
		static char none[] = "";
		const char *value = (request[i].flags & AUTH_PASS) != 0 ? t->config.password
			: (request[i].flags & AUTH_USER) != 0		? t->config.user
									: none;
		result[i] = (char *)(uintptr_t)value; /* only read */
	}
	return 1;
}

static void set_timeout(struct transport_session *t, int which, int ms)
{
	/* Milliseconds, whatever the manual says. The library's own limits are
	 * only behind ours, which esmtp_hooks.c holds. */
	(void)smtp_set_timeout(t->library, which | Timeout_OVERRIDE_RFC2822_MINIMUM,
		ms < INT_MAX / 2 ? ms + 1000L : ms);
}

static void library_open(struct transport_session *t)
{
	const struct transport_config *config = &t->config;
	smtp_session_t library = smtp_create_session();
	if (library == NULL || !smtp_set_server(library, t->server) ||
		!smtp_set_hostname(library, config->ehlo) ||
		!smtp_set_eventcb(library, on_event, t) ||
		!smtp_set_monitorcb(library, on_monitor, t, 0))
		PANIC("libESMTP: out of memory");
	t->library = library;
	set_timeout(t, Timeout_GREETING, config->greeting_timeout_ms);
	set_timeout(t, Timeout_ENVELOPE, config->command_timeout_ms);
	set_timeout(t, Timeout_DATA, config->command_timeout_ms);
	set_timeout(t, Timeout_TRANSFER, config->transfer_timeout_ms);
	set_timeout(t, Timeout_DATA2, config->final_timeout_ms);
	if (config->security == TRANSPORT_STARTTLS) {
		(void)smtp_starttls_enable(library, Starttls_REQUIRED);
		/* Never the library's context: it is freed under the second session. */
		(void)smtp_starttls_set_ctx(library, tls_context_ssl(t->tls));
	} else {
		(void)smtp_starttls_enable(library, Starttls_DISABLED);
	}
}

/* A letter without an outcome when the session is over. */
static void conclude_leftover(struct transport_session *t)
{
	struct transport_reply reply = {0};
	if (t->current.stage == LETTER_NONE)
		return;
	if (t->current.stage != LETTER_ENDED || t->wire.write_timed_out) {
		if (t->lost_reply.code != 0)
			reply = t->lost_reply;
		else
			verdict_explain(&reply, "%s",
				tr("the connection ended before the letter did",
					"соединение прервалось раньше, чем закончилось письмо"));
		conclude(t, TRANSPORT_NOT_SENT, &reply);
		return;
	}
	/* The relay's word may be complete though the library could not use it. */
	bool lost;
	const struct transport_reply *said = &t->monitor.last[SMTP_END_OF_DATA];
	if (said->code != 0) {
		conclude(t, verdict_of_reply(SMTP_END_OF_DATA, said, &t->monitor.facts, &lost), said);
		return;
	}
	verdict_explain(&reply, "%s",
		t->wire.timed_out ? tr("no reply after the end of the letter",
					    "нет ответа после конца письма")
				  : tr("the connection was lost after the end of the letter",
					    "соединение потеряно после конца письма"));
	conclude(t, TRANSPORT_UNCERTAIN, &reply);
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

static void end_connect(struct transport_session *t, int library_error)
{
	char words[128] = "";
	if (t->wire.connect_errno != 0)
		(void)snprintf(words, sizeof words, "%s", strerror(t->wire.connect_errno));
	else
		(void)smtp_strerror(library_error, words, sizeof words);
	end_with(t, TRANSPORT_END_CONNECT,
		tr("cannot connect to %s port %d: %s", "нет соединения с %s, порт %d: %s"),
		t->config.host, t->config.port, words);
}

static void end_tls(struct transport_session *t)
{
	char words[128];
	tls_trouble(words, sizeof words);
	if (t->tls_begun && t->wire.timed_out)
		(void)snprintf(words, sizeof words, "%s", tr("timed out", "истекло время ожидания"));
	end_with(t, TRANSPORT_END_TLS,
		tr("TLS with %s failed: %s", "не удалось установить TLS с %s: %s"), t->config.host,
		words[0] != '\0' ? words : tr("the relay broke off", "сервер прервал соединение"));
}

static void end_lost(struct transport_session *t)
{
	if (t->lost_reply.code != 0) {
		end_with_reply(t, TRANSPORT_END_LOST, &t->lost_reply,
			tr("the relay ended the session", "сервер завершил сеанс"));
		return;
	}
	enum smtp_command at =
		t->monitor.pending_count > 0 ? t->monitor.pending[0] : SMTP_OTHER;
	const char *what = t->monitor.is_broken ? tr("what the relay says is not SMTP",
							  "ответ сервера не похож на SMTP")
		: t->wire.timed_out		? tr("timed out", "истекло время ожидания")
						: tr("connection lost", "соединение потеряно");
	end_with(t, TRANSPORT_END_LOST, "%s (%s)", what, smtp_command_name(at));
}

static bool refused(const struct transport_session *t, enum smtp_command command)
{
	return t->monitor.last[command].code >= 400;
}

static void classify_end(struct transport_session *t, int library_error)
{
	const struct transport_reply *last = t->monitor.last;
	if (atomic_load(&t->wire.aborted)) {
		end_with(t, TRANSPORT_END_STOPPED, "%s", tr("stopped", "остановлено"));
	} else if (!t->wire.connected) {
		end_connect(t, library_error);
	} else if (refused(t, SMTP_GREETING)) {
		end_with_reply(t, TRANSPORT_END_GREETING, &last[SMTP_GREETING], "greeting");
	} else if (refused(t, SMTP_HELO)) {
		end_with_reply(t, TRANSPORT_END_GREETING, &last[SMTP_HELO], "HELO");
	} else if (refused(t, SMTP_EHLO) && last[SMTP_HELO].code / 100 != 2) {
		end_with_reply(t, TRANSPORT_END_GREETING, &last[SMTP_EHLO], "EHLO");
	} else if (t->tls_not_offered) {
		end_with(t, TRANSPORT_END_TLS, "%s",
			tr("the relay does not offer STARTTLS, which is required",
				"сервер не предлагает STARTTLS, а он обязателен"));
	} else if (refused(t, SMTP_STARTTLS)) {
		end_with_reply(t, TRANSPORT_END_TLS, &last[SMTP_STARTTLS], "STARTTLS");
	} else if (t->tls_begun && !t->tls_ok && !t->monitor.is_broken) {
		end_tls(t);
	} else if (last[SMTP_AUTH].code == 421) {
		end_with_reply(t, TRANSPORT_END_LOST, &last[SMTP_AUTH], "AUTH");
	} else if (refused(t, SMTP_AUTH) && !t->monitor.authenticated) {
		end_with_reply(t, TRANSPORT_END_AUTH, &last[SMTP_AUTH], "AUTH");
	} else if (t->auth_missing) {
		end_with(t, TRANSPORT_END_AUTH, "%s",
			tr("the relay offers no AUTH that we can use, which is required",
				"сервер не предлагает подходящего AUTH, а он обязателен"));
	} else if (t->feeding_over || t->again) {
		end_with(t, t->stopped ? TRANSPORT_END_STOPPED : TRANSPORT_END_OK, "%s", "");
	} else {
		end_lost(t);
	}
}

/* t->current is the first letter. */
static void run_connection(struct transport_session *t)
{
	auth_context_t auth = NULL;
	t->feeding_over = t->stopped = t->again = t->lost = false;
	t->tls_begun = t->tls_ok = t->tls_not_offered = t->auth_missing = false;
	t->lost_reply = (struct transport_reply){0};
	esmtp_wire_reset(&t->wire);
	smtp_watch_begin(&t->monitor);
	tls_trouble_clear();
	library_open(t);
	if (t->config.user != NULL) {
		auth = auth_create_context();
		if (auth == NULL)
			PANIC("libESMTP: out of memory");
		/* PLAIN and LOGIN are off by default. */
		(void)auth_set_mechanism_flags(auth, AUTH_PLUGIN_PLAIN, 0);
		(void)auth_set_interact_cb(auth, on_auth, t);
		(void)smtp_auth_set_context(t->library, auth);
	}
	add_current(t);
	/* Its return value says nothing: 1 even when nothing was sent. */
	(void)smtp_start_session(t->library);
	int library_error = smtp_errno();
	esmtp_wire_closed(&t->wire);
	conclude_leftover(t);
	classify_end(t, library_error);
	smtp_destroy_session(t->library);
	t->library = NULL;
	if (auth != NULL)
		auth_destroy_context(auth);
}

static void esmtp_run(struct transport_session *t, const struct transport_feed *feed,
	struct transport_result *result)
{
	*result = (struct transport_result){.end = TRANSPORT_END_OK, .offers_size = -1};
	t->feed = feed;
	t->result = result;
	t->added = 0;
	t->facts_known = false;
	t->stopped = false;
	esmtp_wire_enter(&t->wire);
	do {
		t->again = false;
		if (atomic_load(&t->wire.aborted))
			t->stopped = true;
		if (t->stopped || !feed_next(t)) {
			end_with(t, t->stopped ? TRANSPORT_END_STOPPED : TRANSPORT_END_OK, "%s", "");
			break;
		}
		run_connection(t);
	} while (t->again && result->end == TRANSPORT_END_OK);
	esmtp_wire_leave();
	atomic_store(&t->wire.aborted, false);
	t->feed = NULL;
	t->result = NULL;
}

static int esmtp_init(struct error *e)
{
	/* Looked for on every handshake; an answer but "not there" fails it. */
	if (setenv("XDG_CONFIG_DIR", "/nonexistent", 1) != 0)
		return error_errno(e, "setenv");
	/* The library writes to sockets that may be gone. */
	struct sigaction action;
	if (sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_DFL)
		(void)signal(SIGPIPE, SIG_IGN);
	auth_client_init();
	return esmtp_hooks_check(e);
}

static int esmtp_open(
	struct transport_session **out, const struct transport_config *config, struct error *e)
{
	*out = NULL;
	if (config->security == TRANSPORT_TLS)
		return error_set(e, ERROR_INPUT,
			"relay %s: libESMTP cannot do implicit TLS; choose the libcurl transport",
			config->relay);
	if (strchr(config->host, ':') != NULL)
		return error_set(e, ERROR_INPUT,
			"relay %s: libESMTP cannot connect to an IPv6 address; choose the libcurl transport",
			config->relay);
	if (config->host[0] == '\0' || config->port < 1 || config->port > 65535)
		return error_set(e, ERROR_INPUT, "relay %s: no host or no port", config->relay);
	if (config->user != NULL && config->password == NULL)
		return error_set(e, ERROR_INPUT, "relay %s: a user without a password", config->relay);
	struct tls_context *tls = NULL;
	if (config->security == TRANSPORT_STARTTLS &&
		tls_context_get(&tls, config->ca_file, config->host, e) != 0)
		return error_context(e, "relay %s", config->relay);
	struct transport_session *t = xcalloc(1, sizeof *t);
	t->config = *config;
	t->config.relay = xstrdup(config->relay);
	t->config.host = xstrdup(config->host);
	t->config.ca_file = NULL;
	t->config.ehlo = xstrdup(config->ehlo);
	t->config.user = xstrdup(config->user);
	t->config.password = xstrdup(config->password);
	if (t->config.letters_per_session < 1 ||
		t->config.letters_per_session > LETTERS_PER_SESSION_MAX)
		t->config.letters_per_session = LETTERS_PER_SESSION_MAX;
	t->server = xasprintf("%s:%d", config->host, config->port);
	t->tls = tls;
	esmtp_wire_init(&t->wire);
	t->wire.connect_timeout_ms = config->connect_timeout_ms;
	t->wire.write_timeout_ms = config->transfer_timeout_ms;
	t->wire.connected_hook = on_connected;
	t->wire.arg = t;
	t->monitor.command = on_command;
	t->monitor.reply = on_reply;
	t->monitor.broken = on_broken;
	t->monitor.arg = t;
	*out = t;
	return 0;
}

static void esmtp_abort(struct transport_session *t)
{
	esmtp_wire_abort(&t->wire);
}

static void free_text(const char *text)
{
	free((char *)(uintptr_t)text);
}

static void esmtp_close(struct transport_session **session)
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
	free_text(t->config.ehlo);
	free(t->server);
	tls_context_release(&t->tls);
	esmtp_wire_fini(&t->wire);
	free(t);
}

const struct transport transport_esmtp = {
	.name = "libesmtp",
	.init = esmtp_init,
	.open = esmtp_open,
	.run = esmtp_run,
	.abort = esmtp_abort,
	.close = esmtp_close,
};
