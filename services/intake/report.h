/* Reports in fields: delivery status (RFC 3464, RFC 6533) and feedback (RFC 5965). */
#ifndef VESTNIK_INTAKE_REPORT_H
#define VESTNIK_INTAKE_REPORT_H

#include "intake/finding.h"
#include "intake/mail.h"

/* Adds a finding for each recipient of every delivery report of the mail, and
 * of fields that stand in its text instead of a part of their own. Returns how
 * many; *envelope_id gets the first Original-Envelope-Id, if any (the caller frees). */
size_t report_read(const struct mail *mail, struct findings *findings, char **envelope_id);
/* The same for fields that stand in plain text (some servers write them there). */
size_t report_read_text(const char *text, size_t len, const char *human, struct findings *findings,
	char **envelope_id);

/* Reports inside the mail that came back (only of mails that mail systems sent:
 * people attach bounces). They are marked inner, unless the mail names nobody else. */
size_t report_read_inner(const struct mail *mail, struct findings *findings);

/* Adds a finding for each recipient of a feedback report, or of the forms some
 * providers use instead. 0: it is none. */
size_t feedback_read(const struct mail *mail, struct findings *findings);

#endif
