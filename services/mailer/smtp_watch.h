/* Listens to a dialogue a library holds: which replies are awaited, what the
 * relay really answered, the facts of EHLO. libESMTP tells through its monitor
 * callback, on its own buffers, before a command is written and before a reply
 * is parsed; libcurl through its debug callback. For libESMTP it also hides
 * what makes the library go wrong (CHUNKING: bodies of other recipients;
 * ENHANCEDSTATUSCODES: accepted letters without a verdict), and mends a bare
 * "250", which the library takes for nonsense.
 * Of what is written only command words are looked at: the rest may be secret. */
#ifndef VESTNIK_MAILER_SMTP_WATCH_H
#define VESTNIK_MAILER_SMTP_WATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "mailer/smtp_reply.h"
#include "mailer/transport.h"

enum smtp_command {
	SMTP_GREETING,
	SMTP_EHLO,
	SMTP_HELO,
	SMTP_STARTTLS,
	SMTP_AUTH,
	SMTP_MAIL,
	SMTP_RCPT,
	SMTP_DATA,
	SMTP_END_OF_DATA,
	SMTP_RSET,
	SMTP_QUIT,
	SMTP_OTHER,
	SMTP_COMMANDS
};

/* More commands than libESMTP ever has under way (RSET, MAIL or RCPT, DATA). */
#define SMTP_PENDING_MAX 8

struct smtp_watch {
	/* The owner's: a command is about to be written; a reply is complete. */
	void (*command)(void *arg, enum smtp_command command);
	void (*reply)(void *arg, enum smtp_command command);
	/* The peer said what cannot be: the connection is worthless now. */
	void (*broken)(void *arg);
	void *arg;

	enum smtp_command pending[SMTP_PENDING_MAX];
	size_t pending_count;
	bool auth_continues;
	bool is_broken;
	struct smtp_reply_parser parser;
	bool keyword_seen; /* of the EHLO line in work: its first letter has passed */
	size_t column;     /* bytes of the line in work that have passed */

	struct smtp_facts facts; /* of the last EHLO */
	bool authenticated;
	struct transport_reply last[SMTP_COMMANDS]; /* code 0 = none */
};

/* A connection stands; the greeting is awaited. Callbacks and arg stay. */
void smtp_watch_begin(struct smtp_watch *m);
void smtp_watch_wrote(struct smtp_watch *m, const char *data, size_t len);
/* data is changed where the library must be led past something. */
void smtp_watch_read(struct smtp_watch *m, char *data, size_t len);

#endif
