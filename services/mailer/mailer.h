/* The mailer: jobs of vestnik.mail and vestnik.mail.urgent become letters, their
 * outcomes events on vestnik.status. */
#ifndef VESTNIK_MAILER_MAILER_H
#define VESTNIK_MAILER_MAILER_H

#include "daemon/daemon.h"

extern const struct daemon_service mailer_service;

#endif
