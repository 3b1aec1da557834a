/* One TLS context per (CA file, host), shared by the threads that send there:
 * verified against the CA and the host's name or address, with SNI, TLS 1.2 or
 * later. Loading the system's certificates once per thread would cost more
 * memory than everything else in the mailer. */
#ifndef VESTNIK_MAILER_TLS_H
#define VESTNIK_MAILER_TLS_H

#include <openssl/ssl.h>
#include <stddef.h>

#include "base/error.h"

struct tls_context;

/* ca_file NULL = the system's. ERROR_INPUT when it cannot be read. */
int tls_context_get(
	struct tls_context **out, const char *ca_file, const char *host, struct error *e);
void tls_context_release(struct tls_context **context);
SSL_CTX *tls_context_ssl(struct tls_context *context);
X509_STORE *tls_context_store(struct tls_context *context);

/* Why the last handshake of this thread failed, for people; "" = no reason known. */
void tls_trouble_clear(void);
void tls_trouble(char *out, size_t size);
/* The connection whose handshake began last on this thread, or NULL: valid only
 * while whoever made it keeps it. */
SSL *tls_thread_connection(void);

/* Makes another SSL_CTX (libcurl's) note this thread's trouble too. */
void tls_watch(SSL_CTX *ctx);

#endif
