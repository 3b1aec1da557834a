/* Secrets and signatures of Standard Webhooks 1.0.0: HMAC-SHA256 over
 * "<id>.<timestamp>.<body>", key shown as whsec_<base64>, signature
 * v1,<base64>. */
#ifndef VESTNIK_WEBHOOK_SECRET_H
#define VESTNIK_WEBHOOK_SECRET_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

/* The spec allows keys of 24 to 64 bytes; we make 32. */
#define WEBHOOK_KEY_MIN_BYTES 24
#define WEBHOOK_KEY_MAX_BYTES 64
#define WEBHOOK_SECRET_SIZE 96 /* "whsec_" + base64 of 64 bytes + NUL */

struct webhook_key {
	unsigned char bytes[WEBHOOK_KEY_MAX_BYTES];
	size_t len;
};

/* A new secret as people see it. */
const char *webhook_secret_new(char out[static WEBHOOK_SECRET_SIZE]);
/* ERROR_INPUT. The text of a secret never appears in the error. */
int webhook_secret_parse(const char *text, struct webhook_key *key, struct error *e);

#define WEBHOOK_SIGNATURE_SIZE 48 /* "v1," + base64 of 32 bytes + NUL */
/* id and timestamp must not contain '.': the ids of webhook/log.h don't. */
const char *webhook_sign(const struct webhook_key *key, const char *id, int64_t timestamp_s,
	const char *body, size_t len, char out[static WEBHOOK_SIGNATURE_SIZE]);

#endif
