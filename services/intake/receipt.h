/* One short letter to who answered by mail: what was understood, what is still
 * missing, the link for the rest. It goes to the address the directory has and to
 * no other, at most once a day for an ask, never to what a program wrote; it has
 * no envelope sender and says that it is automatic, so that nothing answers it. */
#ifndef VESTNIK_INTAKE_RECEIPT_H
#define VESTNIK_INTAKE_RECEIPT_H

#include "intake/answer_mail.h"
#include "intake/case.h"

/* Inside the case's transaction: the task `notify` commits with what it speaks of. outcome NULL: the
 * mail was not believed; it says that staff will look at it. to: a contact of the ask's organisation. */
int receipt_send(struct intake_case *c, const struct ask *ask, const struct answer_reading *reading,
	const struct answer_outcome *outcome, const char *to, struct error *e);

#endif
