/* TLS of our own: a certificate chain and its key, read once at the start. */
#ifndef VESTNIK_WEB_SECURE_H
#define VESTNIK_WEB_SECURE_H

#include <stddef.h>

#include "base/error.h"

/* GnuTLS: 1.2 and 1.3, no plain RSA key exchange, our order. */
#define SECURE_PRIORITIES "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:%SERVER_PRECEDENCE"

struct secure {
	char *certificate, *key; /* PEM; NULL: plain HTTP */
};

/* Both NULL: nothing is read. ERROR_INPUT: one without the other, a file that cannot be read or holds no PEM. */
int secure_load(struct secure *secure, const char *certificate_file, const char *key_file, struct error *e);
void secure_fini(struct secure *secure);

#endif
