#include "mailer/tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

struct tls_context {
	struct tls_context *next;
	unsigned references;
	char *ca_file; /* NULL = the system's */
	char *host;
	bool host_is_address;
	SSL_CTX *ctx;
};

static pthread_mutex_t contexts_lock = PTHREAD_MUTEX_INITIALIZER;
static struct tls_context *contexts;

static _Thread_local SSL *thread_connection;
static _Thread_local long thread_verify_error;

static bool is_address(const char *host)
{
	unsigned char bytes[sizeof(struct in6_addr)];
	return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

/* libESMTP makes the SSL object itself and knows nothing of SNI: this is the
 * one moment before its ClientHello at which we see it. */
static void on_info(const SSL *ssl, int where, int ret)
{
	(void)ret;
	if ((where & SSL_CB_HANDSHAKE_START) == 0)
		return;
	SSL *mine = (SSL *)(uintptr_t)ssl; /* OpenSSL's callback says const and means ours */
	thread_connection = mine;
	const struct tls_context *c = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	if (c != NULL && !c->host_is_address &&
		SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) == NULL)
		(void)SSL_set_tlsext_host_name(mine, c->host);
}

static int on_verify(int ok, X509_STORE_CTX *store)
{
	if (!ok)
		thread_verify_error = X509_STORE_CTX_get_error(store);
	return ok;
}

static int set_host(struct tls_context *c)
{
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(c->ctx);
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return c->host_is_address ? X509_VERIFY_PARAM_set1_ip_asc(param, c->host)
				  : X509_VERIFY_PARAM_set1_host(param, c->host, 0);
}

static int context_fill(struct tls_context *c, struct error *e)
{
	c->ctx = SSL_CTX_new(TLS_client_method());
	if (c->ctx == NULL)
		return error_set(e, ERROR_INTERNAL, "no TLS context");
	SSL_CTX_set_app_data(c->ctx, c);
	(void)SSL_CTX_set_min_proto_version(c->ctx, TLS1_2_VERSION);
	SSL_CTX_set_verify(c->ctx, SSL_VERIFY_PEER, on_verify);
	SSL_CTX_set_info_callback(c->ctx, on_info);
	int ok = c->ca_file == NULL ? SSL_CTX_set_default_verify_paths(c->ctx)
				    : SSL_CTX_load_verify_locations(c->ctx, c->ca_file, NULL);
	ERR_clear_error();
	if (ok != 1)
		return error_set(e, ERROR_INPUT, "cannot read certificates from %s",
			c->ca_file == NULL ? "the system" : c->ca_file);
	if (set_host(c) != 1)
		return error_set(e, ERROR_INPUT, "\"%s\" is not a host name", c->host);
	return 0;
}

static void context_free(struct tls_context *c)
{
	SSL_CTX_free(c->ctx);
	free(c->ca_file);
	free(c->host);
	free(c);
}

static bool same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

int tls_context_get(
	struct tls_context **out, const char *ca_file, const char *host, struct error *e)
{
	int result = 0;
	pthread_mutex_lock(&contexts_lock);
	struct tls_context *c = contexts;
	while (c != NULL && !(same(c->ca_file, ca_file) && strcmp(c->host, host) == 0))
		c = c->next;
	if (c == NULL) {
		c = xcalloc(1, sizeof *c);
		c->ca_file = xstrdup(ca_file);
		c->host = xstrdup(host);
		c->host_is_address = is_address(host);
		result = context_fill(c, e);
		if (result != 0) {
			context_free(c);
			c = NULL;
		} else {
			c->next = contexts;
			contexts = c;
		}
	}
	if (c != NULL)
		c->references++;
	pthread_mutex_unlock(&contexts_lock);
	*out = c;
	return result;
}

void tls_context_release(struct tls_context **context)
{
	struct tls_context *c = *context;
	*context = NULL;
	if (c == NULL)
		return;
	pthread_mutex_lock(&contexts_lock);
	if (--c->references == 0) {
		struct tls_context **at = &contexts;
		while (*at != c)
			at = &(*at)->next;
		*at = c->next;
		context_free(c);
	}
	pthread_mutex_unlock(&contexts_lock);
}

SSL_CTX *tls_context_ssl(struct tls_context *context)
{
	return context->ctx;
}

X509_STORE *tls_context_store(struct tls_context *context)
{
	return SSL_CTX_get_cert_store(context->ctx);
}

void tls_watch(SSL_CTX *ctx)
{
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, on_verify);
}

void tls_trouble_clear(void)
{
	ERR_clear_error();
	thread_connection = NULL;
	thread_verify_error = X509_V_OK;
}

void tls_trouble(char *out, size_t size)
{
	out[0] = '\0';
	if (thread_verify_error != X509_V_OK) {
		(void)snprintf(out, size, "%s", X509_verify_cert_error_string(thread_verify_error));
		return;
	}
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());
	if (reason != NULL)
		(void)snprintf(out, size, "%s", reason);
}

SSL *tls_thread_connection(void)
{
	return thread_connection;
}
