/* A mailbox and the thread that reads it: leads by a lease, so that of all
 * pollers of this mailbox, on whatever machine, one reads. What two may still
 * read at the same moment (one was frozen) is counted once: the lease is
 * confirmed in the transaction, and a mail is known by its hash. */
#ifndef VESTNIK_INTAKE_POLLER_H
#define VESTNIK_INTAKE_POLLER_H

#include <stdatomic.h>
#include <stdint.h>

#include "daemon/daemon.h"
#include "settings/settings.h"

struct poller;

struct poller_totals {
	_Atomic int64_t taken, repeated, review;
};

/* Starts the thread. */
struct poller *poller_start(struct daemon *daemon, const struct settings_mailbox *mailbox,
	struct poller_totals *totals);
/* The daemon is stopping: waits for the thread, gives the lease back. */
void poller_stop(struct poller **poller);

/* What keeps it from reading; "" = nothing. false: another poller leads. */
bool poller_trouble(struct poller *poller, char *out, size_t size);

#endif
