/* Listens to libESMTP's dialogue through its monitor callback, which is called
 * on the library's own buffers: before a command is written and before a reply
 * is parsed. It keeps which replies are awaited, reads them by our own parser,
 * hides from the library what makes it go wrong (CHUNKING: bodies of other
 * recipients; ENHANCEDSTATUSCODES: accepted letters without a verdict), and
 * mends a bare "250", which the library takes for nonsense.
 * Of what is written only command words are looked at: the rest may be secret. */
#ifndef VESTNIK_MAILER_ESMTP_MONITOR_H
#define VESTNIK_MAILER_ESMTP_MONITOR_H

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
#define ESMTP_PENDING_MAX 8

struct esmtp_monitor {
	/* The owner's: a command is about to be written; a reply is complete. */
	void (*command)(void *arg, enum smtp_command command);
	void (*reply)(void *arg, enum smtp_command command);
	/* The peer said what cannot be: the connection is worthless now. */
	void (*broken)(void *arg);
	void *arg;

	enum smtp_command pending[ESMTP_PENDING_MAX];
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
void esmtp_monitor_begin(struct esmtp_monitor *m);
void esmtp_monitor_wrote(struct esmtp_monitor *m, const char *data, size_t len);
void esmtp_monitor_read(struct esmtp_monitor *m, char *data, size_t len);

#endif
