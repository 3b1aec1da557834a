/* What both transports decide alike: whether a letter may be sent at all, and
 * what a reply means for it. */
#ifndef VESTNIK_MAILER_VERDICT_H
#define VESTNIK_MAILER_VERDICT_H

#include <stdbool.h>

#include "mailer/smtp_watch.h"
#include "mailer/smtp_reply.h"
#include "mailer/transport.h"

/* False when the letter must not go out over this connection, with the outcome
 * it gets instead: an address that needs SMTPUTF8 or could carry a command, a
 * letter larger than the relay's SIZE (facts may be NULL: not known yet). */
bool verdict_before_sending(const struct transport_letter *letter, const struct smtp_facts *facts,
	enum transport_verdict *verdict, struct transport_reply *reply);

/* What the reply to MAIL, RCPT, DATA or the end of data means, when it is one
 * that ends the letter. *lost is set when the connection is of no more use
 * (421, or a reply that cannot stand there). */
enum transport_verdict verdict_of_reply(enum smtp_command at, const struct transport_reply *reply,
	const struct smtp_facts *facts, bool *lost);

/* A reply of our own: no code, words for people. */
__attribute__((format(printf, 2, 3))) void verdict_explain(
	struct transport_reply *reply, const char *fmt, ...);

/* "MAIL", "end of data" */
const char *smtp_command_name(enum smtp_command command);

/* The session's end, with words for people; and with the reply that ended it. */
__attribute__((format(printf, 3, 4))) void result_end(
	struct transport_result *result, enum transport_end end, const char *fmt, ...);
void result_end_reply(struct transport_result *result, enum transport_end end,
	const struct transport_reply *reply, const char *what);

void verdict_copy_facts(struct transport_result *result, const struct smtp_facts *facts);

#endif
