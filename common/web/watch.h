/* Watches the clock of every connection. libmicrohttpd's timeout is of inactivity: a client that sends
 * a byte every two seconds holds its connection for ever. Here each stage of a request has a moment by
 * which it must be over; a connection that has passed it is shut down. One thread, asleep when
 * nobody is connected. */
#ifndef VESTNIK_WEB_WATCH_H
#define VESTNIK_WEB_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "web/address.h"

struct watch;
struct guest; /* a connection */

struct watch *watch_new(int header_ms);
/* After the server's threads are gone. */
void watch_free(struct watch **watch);

/* May one more come from this address? most: of connections of one address. */
bool watch_has_room(struct watch *watch, const struct address *address, int most);
struct guest *watch_arrived(struct watch *watch, int fd, const struct address *address);
/* Before the socket is closed. */
void watch_left(struct watch *watch, struct guest **guest);

/* The header is here; so many bytes of a body are to come (-1 = not known). */
void watch_body(struct watch *watch, struct guest *guest, int64_t bytes);
/* We work: no limit. */
void watch_work(struct watch *watch, struct guest *guest);
/* So many bytes go out. */
void watch_answer(struct watch *watch, struct guest *guest, int64_t bytes);
/* A stream of events begins: no limit; the kernel keeps little for it. */
void watch_stream(struct watch *watch, struct guest *guest);
/* Shut down now. */
void watch_drop(struct watch *watch, struct guest *guest);
/* The other end is gone, or will send nothing any more. */
bool watch_hung_up(const struct guest *guest);
/* Over: the next header may come on this connection. */
void watch_next(struct watch *watch, struct guest *guest);

int watch_connections(struct watch *watch);
int64_t watch_reaped(struct watch *watch);

#endif
