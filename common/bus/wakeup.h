/* Datagrams that wake the consumers of the embedded bus after a commit. They
 * carry nothing and may be lost or forged: a slow poll stands behind them. */
#ifndef VESTNIK_BUS_WAKEUP_H
#define VESTNIK_BUS_WAKEUP_H

#include <sys/socket.h>
#include <sys/un.h>

#include "base/error.h"

struct wakeup_address {
	struct sockaddr_un name;
	socklen_t len;
};

/* Abstract socket name, from the store, topic and group. */
void wakeup_address(struct wakeup_address *address, const char *store_file, const char *topic,
	const char *group);
/* A bound socket; -1 when that fails (somebody has the name). */
int wakeup_listen(const struct wakeup_address *address, struct error *e);
int wakeup_sender(struct error *e);
/* Never waits, errors do not matter. */
void wakeup_send(int sender, const struct wakeup_address *address);
void wakeup_drain(int listener);

#endif
