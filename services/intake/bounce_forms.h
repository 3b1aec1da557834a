/* Bounces that are written in prose: a row per program or provider. */
#ifndef VESTNIK_INTAKE_BOUNCE_FORMS_H
#define VESTNIK_INTAKE_BOUNCE_FORMS_H

#include "intake/finding.h"
#include "intake/mail.h"

/* Adds a finding for each recipient and returns the form's name, NULL when the
 * mail is no bounce in any known form. A finding without a recipient is added
 * when the mail is one, but names nobody. Only mails that come from a mail
 * system (or carry its marks) are looked at: people quote bounces. */
const char *bounce_forms_read(const struct mail *mail, struct findings *findings);

#endif
