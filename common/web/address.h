/* Addresses of visitors and of proxies that are believed. */
#ifndef VESTNIK_WEB_ADDRESS_H
#define VESTNIK_WEB_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "base/error.h"

#define ADDRESS_TEXT_SIZE 48 /* INET6_ADDRSTRLEN is 46 */

struct address { /* IPv4 stands in it as ::ffff:a.b.c.d */
	unsigned char bytes[16];
};
/* "192.0.2.1", "2001:db8::1", "[2001:db8::1]:443", "192.0.2.1:443". */
bool address_parse(const char *text, struct address *out);
/* false for a socket of another family. */
bool address_of_socket(const struct sockaddr *socket, struct address *out);
const char *address_text(const struct address *address, char out[static ADDRESS_TEXT_SIZE]);
/* For counting: IPv4 whole, IPv6 by its /64. */
const char *address_neighbourhood(const struct address *address, char out[static ADDRESS_TEXT_SIZE]);

struct address_net {
	struct address net;
	int bits; /* of 128 */
};
#define ADDRESS_SET_MAX 32
struct address_set {
	struct address_net net[ADDRESS_SET_MAX];
	size_t count;
};
/* "127.0.0.1", "10.0.0.0/8". ERROR_INPUT, ERROR_FULL. */
int address_set_add(struct address_set *set, const char *text, struct error *e);
/* Several of them with a space between. */
int address_set_read(struct address_set *set, const char *list, struct error *e);
bool address_set_has(const struct address_set *set, const struct address *address);

/* The last address of X-Forwarded-For (comma-separated) that is not a proxy's; of several header lines
 * the caller joins. What cannot be read ends the walk: the peer counts. */
struct address address_forwarded(const struct address_set *proxies, struct address peer, const char *forwarded);

#endif
