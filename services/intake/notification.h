/* Notifications in JSON, as Amazon SES has them mailed through SNS. */
#ifndef VESTNIK_INTAKE_NOTIFICATION_H
#define VESTNIK_INTAKE_NOTIFICATION_H

#include "intake/finding.h"
#include "intake/mail.h"

/* Adds a finding for each recipient; 0: the mail is none. */
size_t notification_read(const struct mail *mail, struct findings *findings);

#endif
