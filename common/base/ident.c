#include "base/ident.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#define MAC_BYTES 10

void ident_init(void)
{
	if (sodium_init() < 0)
		PANIC("libsodium does not start");
}

void ident_random(void *out, size_t len)
{
	randombytes_buf(out, len);
}

void ident_base32(const void *data, size_t len, char *out)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
	const unsigned char *p = data;
	uint32_t bits = 0;
	int have = 0;
	for (size_t i = 0; i < len; i++) {
		bits = bits << 8 | p[i];
		for (have += 8; have >= 5; have -= 5)
			*out++ = alphabet[bits >> (have - 5) & 31];
		bits &= (1u << have) - 1;
	}
	if (have > 0)
		*out++ = alphabet[bits << (5 - have) & 31];
	*out = '\0';
}

const char *ident_new(char out[static IDENT_SIZE])
{
	unsigned char raw[16];
	uint64_t ms = (uint64_t)clock_now_ms();
	for (int i = 0; i < 6; i++)
		raw[i] = (unsigned char)(ms >> (40 - 8 * i));
	ident_random(raw + 6, 10);
	ident_base32(raw, sizeof raw, out);
	return out;
}

const char *ident_hash(const void *data, size_t len, char out[static IDENT_HASH_SIZE])
{
	unsigned char digest[crypto_hash_sha256_BYTES];
	crypto_hash_sha256(digest, data, len);
	sodium_bin2hex(out, IDENT_HASH_SIZE, digest, sizeof digest);
	return out;
}

static int key_read(int fd, const char *path, struct ident_key *key, struct error *e)
{
	char text[2 * IDENT_KEY_BYTES + 2] = {0};
	ssize_t n = read(fd, text, sizeof text - 1);
	if (n < 0)
		return error_errno(e, "cannot read the key file %s", path);
	size_t used;
	if (sodium_hex2bin(key->bytes, sizeof key->bytes, text, (size_t)n, "\r\n ", &used, NULL) != 0 ||
		used != IDENT_KEY_BYTES)
		return error_set(e, ERROR_INPUT, "the key file %s should hold %d hex digits", path,
			2 * IDENT_KEY_BYTES);
	return 0;
}

int ident_key_load(const char *path, struct ident_key *key, struct error *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		int rc = key_read(fd, path, key, e);
		close(fd);
		return rc;
	}
	/* Several services start at once: whoever links its finished file first wins. */
	char temporary[4096], text[2 * IDENT_KEY_BYTES + 2] = "";
	if (snprintf(temporary, sizeof temporary, "%s.%ld", path, (long)getpid()) >= (int)sizeof temporary)
		return error_set(e, ERROR_INPUT, "the path of the key file is too long");
	ident_random(key->bytes, sizeof key->bytes);
	sodium_bin2hex(text, sizeof text - 1, key->bytes, sizeof key->bytes);
	text[2 * IDENT_KEY_BYTES] = '\n'; /* the rest is zero */
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_errno(e, "cannot make the key file %s", path);
	bool written = write(fd, text, strlen(text)) == (ssize_t)strlen(text) && fsync(fd) == 0;
	close(fd);
	if (!written)
		return error_errno(e, "cannot write the key file %s", path);
	int linked = link(temporary, path);
	unlink(temporary);
	if (linked == 0)
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(e, "cannot read the key file %s", path);
	int rc = key_read(fd, path, key, e);
	close(fd);
	return rc;
}

const char *ident_mac(const struct ident_key *key, const char *purpose, const char *text,
	char out[static IDENT_MAC_SIZE])
{
	crypto_auth_hmacsha256_state state;
	unsigned char digest[crypto_auth_hmacsha256_BYTES];
	crypto_auth_hmacsha256_init(&state, key->bytes, sizeof key->bytes);
	crypto_auth_hmacsha256_update(&state, (const unsigned char *)purpose, strlen(purpose) + 1);
	crypto_auth_hmacsha256_update(&state, (const unsigned char *)text, strlen(text));
	crypto_auth_hmacsha256_final(&state, digest);
	ident_base32(digest, MAC_BYTES, out);
	return out;
}

bool ident_mac_ok(const struct ident_key *key, const char *purpose, const char *text, const char *mac)
{
	char want[IDENT_MAC_SIZE];
	ident_mac(key, purpose, text, want);
	return strlen(mac) == IDENT_MAC_SIZE - 1 && sodium_memcmp(want, mac, IDENT_MAC_SIZE - 1) == 0;
}

const char *ident_tag(const struct ident_key *key, int64_t delivery, int64_t dispatch,
	char out[static IDENT_TAG_SIZE])
{
	char text[40], mac[IDENT_MAC_SIZE];
	snprintf(text, sizeof text, "%" PRId64 ".%" PRId64, delivery, dispatch);
	snprintf(out, IDENT_TAG_SIZE, "%s.%s", text, ident_mac(key, "letter", text, mac));
	return out;
}

bool ident_tag_parse(const struct ident_key *key, const char *tag, int64_t *delivery, int64_t *dispatch)
{
	char text[IDENT_TAG_SIZE];
	size_t len = strlen(tag);
	if (len >= sizeof text || len < IDENT_MAC_SIZE + 3)
		return false;
	for (size_t i = 0; i <= len; i++)
		text[i] = tag[i] >= 'A' && tag[i] <= 'Z' ? (char)(tag[i] - 'A' + 'a') : tag[i];
	char *mac = text + len - (IDENT_MAC_SIZE - 1);
	if (mac[-1] != '.')
		return false;
	mac[-1] = '\0';
	int used = 0;
	if (strspn(text, "0123456789.") != strlen(text) ||
		sscanf(text, "%" SCNd64 ".%" SCNd64 "%n", delivery, dispatch, &used) != 2 ||
		text[used] != '\0')
		return false;
	return ident_mac_ok(key, "letter", text, mac);
}

const char *ident_link(const struct ident_key *key, const char *purpose, int64_t delivery,
	char out[static IDENT_LINK_SIZE])
{
	char text[24], mac[IDENT_MAC_SIZE];
	snprintf(text, sizeof text, "%" PRId64, delivery);
	snprintf(out, IDENT_LINK_SIZE, "%s.%s", text, ident_mac(key, purpose, text, mac));
	return out;
}

bool ident_link_parse(const struct ident_key *key, const char *purpose, const char *link, int64_t *delivery)
{
	char text[24];
	size_t digits = strspn(link, "0123456789");
	if (digits == 0 || digits >= sizeof text - 4 || link[digits] != '.')
		return false;
	memcpy(text, link, digits);
	text[digits] = '\0';
	if (sscanf(text, "%" SCNd64, delivery) != 1)
		return false;
	return ident_mac_ok(key, purpose, text, link + digits + 1);
}
