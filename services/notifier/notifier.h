/* vestnik-notifier: events from vestnik.status to webhook endpoints.
 *
 * One thread. An event nobody wants is passed by its type alone. The first
 * attempt goes straight from the bus; for an endpoint that failed, rests or is
 * slow the event becomes a row (webhook_message.due_ms) at once, so that the
 * other endpoints never wait for it. A bus message is done when every endpoint's
 * attempt, or row, is stored. */
#ifndef VESTNIK_NOTIFIER_NOTIFIER_H
#define VESTNIK_NOTIFIER_NOTIFIER_H

#include "daemon/daemon.h"

extern const struct daemon_service notifier_service;

#endif
