/* What the files of the libESMTP transport share: transport_esmtp.c (life of a
 * session, the library's dialogue), esmtp_letters.c (feeding, bodies, verdicts)
 * and esmtp_end.c (what became of a session). */
#ifndef VESTNIK_MAILER_ESMTP_SESSION_H
#define VESTNIK_MAILER_ESMTP_SESSION_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* First: libesmtp.h declares smtp_starttls_set_ctx() only after it. */
#include <openssl/ssl.h>

#include <libesmtp.h>

#include "mailer/esmtp_hooks.h"
#include "mailer/smtp_watch.h"
#include "mailer/tls.h"
#include "mailer/transport.h"

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

/* ---- esmtp_letters.c ---- */

/* The next letter that may be sent is then t->current.letter. */
bool esmtp_feed_next(struct transport_session *t);
/* Hands it to the library. */
void esmtp_add_current(struct transport_session *t);
/* The current letter's outcome; there is no current letter afterwards. */
void esmtp_conclude(struct transport_session *t, enum transport_verdict verdict,
	const struct transport_reply *reply);
/* Nothing more goes over this connection. */
void esmtp_lose(struct transport_session *t);
void esmtp_on_event(smtp_session_t library, int event, void *arg, ...);

/* ---- esmtp_end.c ---- */

/* A letter without an outcome when the session is over. */
void esmtp_conclude_leftover(struct transport_session *t);
void esmtp_classify_end(struct transport_session *t, int library_error);

#endif
