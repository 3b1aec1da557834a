/* Was a mail written by a program? */
#ifndef VESTNIK_INTAKE_AUTO_REPLY_H
#define VESTNIK_INTAKE_AUTO_REPLY_H

#include "intake/mail.h"

enum auto_reply {
	AUTO_NOT,    /* nothing speaks for a program */
	AUTO_ANSWER, /* a program answers: absence, receipt, ticket, read receipt */
	AUTO_BULK    /* a program writes, but to nobody's letter: newsletter, notice, list */
};
/* sign: which mark decided (a field's name, or "subject"); NULL when AUTO_NOT. */
enum auto_reply auto_reply_of(const struct mail *mail, const char **sign);

#endif
