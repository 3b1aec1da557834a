#include "webhook/secret.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define PREFIX "whsec_"
#define NEW_KEY_BYTES 32

const char *webhook_secret_new(char out[static WEBHOOK_SECRET_SIZE])
{
	unsigned char key[NEW_KEY_BYTES];
	randombytes_buf(key, sizeof key);
	memcpy(out, PREFIX, sizeof PREFIX);
	sodium_bin2base64(out + strlen(PREFIX), WEBHOOK_SECRET_SIZE - strlen(PREFIX), key, sizeof key,
		sodium_base64_VARIANT_ORIGINAL);
	sodium_memzero(key, sizeof key);
	return out;
}

int webhook_secret_parse(const char *text, struct webhook_key *key, struct error *e)
{
	key->len = 0;
	if (text == NULL || strncmp(text, PREFIX, strlen(PREFIX)) != 0)
		return error_set(e, ERROR_INPUT, "a webhook secret begins with " PREFIX);
	text += strlen(PREFIX);
	if (sodium_base642bin(key->bytes, sizeof key->bytes, text, strlen(text), NULL, &key->len, NULL,
		    sodium_base64_VARIANT_ORIGINAL) != 0 ||
		key->len < WEBHOOK_KEY_MIN_BYTES) {
		sodium_memzero(key, sizeof *key);
		return error_set(e, ERROR_INPUT,
			"a webhook secret is " PREFIX " and base64 of %d to %d bytes", WEBHOOK_KEY_MIN_BYTES,
			WEBHOOK_KEY_MAX_BYTES);
	}
	return 0;
}

const char *webhook_sign(const struct webhook_key *key, const char *id, int64_t timestamp_s,
	const char *body, size_t len, char out[static WEBHOOK_SIGNATURE_SIZE])
{
	char stamp[24];
	int stamp_len = snprintf(stamp, sizeof stamp, "%" PRId64, timestamp_s);
	unsigned char mac[crypto_auth_hmacsha256_BYTES];
	crypto_auth_hmacsha256_state state;
	crypto_auth_hmacsha256_init(&state, key->bytes, key->len);
	crypto_auth_hmacsha256_update(&state, (const unsigned char *)id, strlen(id));
	crypto_auth_hmacsha256_update(&state, (const unsigned char *)".", 1);
	crypto_auth_hmacsha256_update(&state, (const unsigned char *)stamp, (size_t)stamp_len);
	crypto_auth_hmacsha256_update(&state, (const unsigned char *)".", 1);
	crypto_auth_hmacsha256_update(&state, (const unsigned char *)body, len);
	crypto_auth_hmacsha256_final(&state, mac);
	memcpy(out, "v1,", 4);
	sodium_bin2base64(out + 3, WEBHOOK_SIGNATURE_SIZE - 3, mac, sizeof mac,
		sodium_base64_VARIANT_ORIGINAL);
	return out;
}
