/* Which addresses a webhook may be sent to (the guard against requests forged
 * through us into the own network). Decided on the socket address at connect,
 * after name resolution, so that a name that resolves differently the second
 * time gains nothing. */
#ifndef VESTNIK_NOTIFIER_ADDRESS_H
#define VESTNIK_NOTIFIER_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/* Public unicast. IPv4 inside IPv6 (mapped, compatible, 6to4, NAT64, Teredo)
 * is judged by the IPv4 address. Anything that is not IP is not public. */
bool address_is_public(const struct sockaddr *address);
/* The same for text as inet_ntop writes it. */
bool address_text_is_public(const char *text);

#endif
