#include "link/link.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/gate.h"

#define HOUR_MS INT64_C(3600000)
#define HOURS_NEVER 0 /* the hour 1970 began in: no link expires then */

const char *const link_purpose_words[] = {
	"answer", "acknowledge", "cascade", "forward", "file", "sheet", "organisation", NULL};

/* What the MAC covers besides id and expiry. Never to change: links are in letters for years. */
static const char *const purpose_macs[LINK_PURPOSES] = {
	"link.answer", "link.acknowledge", "link.cascade", "link.forward", "link.file", "link.sheet",
	"link.organisation"};
static const char letters[] = "akmfdxo";
_Static_assert(sizeof letters == LINK_PURPOSES + 1, "a letter for each purpose");

static int64_t whole_hours(int64_t expires_ms)
{
	if (expires_ms == TIME_NEVER_MS)
		return HOURS_NEVER;
	int64_t hours = expires_ms <= 0 ? 1 : (expires_ms - 1) / HOUR_MS + 1;
	return hours;
}

const char *link_token(const struct ident_key *key, enum link_purpose purpose, int64_t id,
	int64_t expires_ms, char out[static LINK_TOKEN_SIZE])
{
	char text[LINK_TOKEN_SIZE - IDENT_MAC_SIZE], mac[IDENT_MAC_SIZE];
	(void)snprintf(text, sizeof text, "%" PRId64 ".%" PRId64, id, whole_hours(expires_ms));
	(void)snprintf(out, LINK_TOKEN_SIZE, "%s.%s", text,
		ident_mac(key, purpose_macs[purpose], text, mac));
	return out;
}

const char *link_url(const struct ident_key *key, const char *public_url, enum link_purpose purpose,
	int64_t id, int64_t expires_ms, char out[static LINK_URL_SIZE])
{
	char token[LINK_TOKEN_SIZE];
	size_t len = strlen(public_url);
	while (len > 0 && public_url[len - 1] == '/')
		len--;
	if (len >= LINK_URL_SIZE)
		return NULL;
	int n = snprintf(out, LINK_URL_SIZE, "%.*s/%c/%s", (int)len, public_url, letters[purpose],
		link_token(key, purpose, id, expires_ms, token));
	return n < LINK_URL_SIZE ? out : NULL;
}

/* The whole of text[0..len) as a number from 0. */
static bool take_number(const char *text, size_t len, long long *value)
{
	char digits[24];
	if (len == 0 || len >= sizeof digits)
		return false;
	memcpy(digits, text, len);
	digits[len] = '\0';
	return strspn(digits, "0123456789") == len && gate_int64(digits, 0, INT64_MAX, value);
}

enum link_verdict link_read(const struct ident_key *key, enum link_purpose purpose, const char *token,
	int64_t now_ms, int64_t *id)
{
	char text[LINK_TOKEN_SIZE];
	long long number, hours;
	size_t len = strnlen(token, LINK_TOKEN_SIZE);
	if (len == LINK_TOKEN_SIZE || len < IDENT_MAC_SIZE + 3)
		return LINK_WRONG;
	memcpy(text, token, len + 1);
	char *mac = text + len - (IDENT_MAC_SIZE - 1);
	if (mac[-1] != '.')
		return LINK_WRONG;
	mac[-1] = '\0';
	const char *dot = strchr(text, '.');
	if (dot == NULL || !take_number(text, (size_t)(dot - text), &number) ||
		!take_number(dot + 1, strlen(dot + 1), &hours) ||
		!ident_mac_ok(key, purpose_macs[purpose], text, mac))
		return LINK_WRONG;
	*id = number;
	if (hours != HOURS_NEVER && now_ms / HOUR_MS >= hours)
		return LINK_EXPIRED;
	return LINK_GOOD;
}
