/* How letters leave: one session with one relay, fed one letter at a time.
 * Two transports stand behind this: transport_esmtp.c (libESMTP, default) and
 * transport_curl.c (libcurl: implicit TLS on 465, or where a relay's settings
 * choose it). tests/contract/transport_* hold both to every word here. */
#ifndef VESTNIK_MAILER_TRANSPORT_H
#define VESTNIK_MAILER_TRANSPORT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "letter/letter.h"

enum transport_security {
	TRANSPORT_PLAIN,
	TRANSPORT_STARTTLS, /* required and verified; never falls back */
	TRANSPORT_TLS       /* implicit, port 465: libcurl only */
};

struct transport_config {
	const char *relay;    /* name, for errors */
	const char *host;
	int port;
	enum transport_security security;
	const char *ca_file;  /* NULL = the system's */
	const char *ehlo;     /* our name */
	const char *user;     /* NULL = no AUTH */
	const char *password; /* never logged */
	int connect_timeout_ms, greeting_timeout_ms, command_timeout_ms;
	int transfer_timeout_ms; /* no progress while sending the body */
	int final_timeout_ms;    /* waiting for the reply after end-of-data */
	int letters_per_session; /* at most; 100 */
	const atomic_bool *stop; /* checked between letters */
};

/* What became of one letter. */
enum transport_verdict {
	TRANSPORT_ACCEPTED,         /* 2xx after end-of-data */
	TRANSPORT_RECIPIENT_REFUSED, /* 4xx/5xx at RCPT, or at DATA/end-of-data: about this letter; see code */
	TRANSPORT_SENDER_REFUSED,   /* 4xx/5xx at MAIL: about the sender or the session, no recipient's fault */
	TRANSPORT_UNCERTAIN,        /* lost between end-of-data and a usable reply */
	TRANSPORT_NOT_SENT          /* certainly not delivered: no verdict reached it; also every 421 */
};

struct transport_reply {
	int code;          /* 0 = none */
	char enhanced[12]; /* "5.1.1" or "" */
	char text[401];    /* one line, gate-clean, lines of a long reply joined by " / " */
};

struct transport_letter {
	const char *mail_from;  /* "" = null sender; passed gate_address */
	const char *rcpt_to;    /* passed gate_address */
	const char *envid;      /* DSN ENVID when the relay offers DSN; NULL = none */
	const struct letter_copy *copy; /* segment[0] = headers */
	void *arg;              /* the caller's */
};

struct transport_feed {
	void *arg;
	/* A run may need more than one connection: after before_end() said no, or a
	 * refusal at DATA with libESMTP.
	 * next: the next letter, or false to end the session with QUIT. May wait up to
	 * 2 s for one, to keep the connection warm. The letter and all it points
	 * to stay valid until outcome() was called for it: exactly once each. */
	bool (*next)(void *arg, struct transport_letter *out);
	void (*outcome)(void *arg, const struct transport_letter *letter,
		enum transport_verdict verdict, const struct transport_reply *reply);
	/* Optional, for campaigns on hold: called when everything but the final
	 * dot is sent; false aborts the letter before end-of-data (verdict NOT_SENT). */
	bool (*before_end)(void *arg, const struct transport_letter *letter);
};

/* What became of the session; letters had their outcome() before. */
enum transport_end {
	TRANSPORT_END_OK,          /* QUIT after the feed ended or the cap was reached */
	TRANSPORT_END_STOPPED,
	TRANSPORT_END_CONNECT,     /* no address, refused, timed out */
	TRANSPORT_END_GREETING,    /* 4xx/5xx greeting or EHLO */
	TRANSPORT_END_TLS,         /* not offered, handshake, certificate, name */
	TRANSPORT_END_AUTH,        /* not offered, or refused */
	TRANSPORT_END_LOST,        /* dropped, timed out, protocol error, 421 */
	TRANSPORT_END_UNSUPPORTED  /* the transport cannot do what is asked */
};
struct transport_result {
	enum transport_end end;
	int letters;                  /* outcomes other than NOT_SENT */
	struct transport_reply reply; /* the words that ended it, or "" */
	char text[256];               /* for people: what failed */
	/* Facts of EHLO, when one was seen: */
	bool ehlo_seen, offers_starttls, offers_auth, offers_pipelining, offers_dsn, offers_8bitmime;
	int64_t offers_size;          /* bytes; 0 = no limit told, -1 = SIZE not offered */
};

struct transport_session; /* per thread: TLS context, buffers; reused by the next session */

struct transport {
	const char *name; /* "libesmtp", "libcurl" */
	/* Once per process, before threads. */
	int (*init)(struct error *e);
	int (*open)(struct transport_session **out, const struct transport_config *config,
		struct error *e); /* ERROR_INPUT: this transport cannot do that */
	/* Connects, sends what the feed gives, quits. Always returns. */
	void (*run)(struct transport_session *session, const struct transport_feed *feed,
		struct transport_result *result);
	/* From another thread: ends a run at once (shutdown of the socket); between
	 * runs it ends the next one before it begins. Only libESMTP's name
	 * resolution has to be waited for. */
	void (*abort)(struct transport_session *session);
	void (*close)(struct transport_session **session);
};

extern const struct transport transport_esmtp;
extern const struct transport transport_curl;

#endif
