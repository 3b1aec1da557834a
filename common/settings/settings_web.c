/* Values that only web pages have: where to listen, whom to believe, which colour. */
#include <arpa/inet.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "settings/settings_table.h"

#define NETS_MAX 32
#define NETS_MAX_BYTES 2000
#define CONTRAST_LEAST 4.5 /* WCAG 2.1, 1.4.3, AA */

static bool ip_ok(const char *text, size_t len, int *bits)
{
	char bare[64];
	unsigned char ip[16];
	if (len == 0 || len >= sizeof bare)
		return false;
	memcpy(bare, text, len);
	bare[len] = '\0';
	*bits = strchr(bare, ':') != NULL ? 128 : 32;
	return inet_pton(*bits == 128 ? AF_INET6 : AF_INET, bare, ip) == 1;
}

char *settings_listen(const char *text)
{
	const char *colon = strrchr(text, ':');
	long long port;
	int bits;
	if (colon == NULL || !gate_int64(colon + 1, 0, 65535, &port))
		return NULL;
	size_t len = (size_t)(colon - text);
	bool brackets = len > 2 && text[0] == '[' && text[len - 1] == ']';
	bool good = brackets ? ip_ok(text + 1, len - 2, &bits) : ip_ok(text, len, &bits) && bits == 32;
	return good ? xstrdup(text) : NULL;
}

char *settings_nets(const char *text)
{
	struct buf out;
	int count = 0;
	buf_init(&out, NETS_MAX_BYTES);
	for (const char *at = text + strspn(text, " ,"); *at != '\0'; at += strspn(at, " ,")) {
		size_t len = strcspn(at, " ,"), address = strcspn(at, " ,/");
		int bits;
		long long net = 0;
		char number[8] = "";
		if (!ip_ok(at, address, &bits) || ++count > NETS_MAX || len - address >= sizeof number)
			goto wrong;
		if (len > address) {
			memcpy(number, at + address + 1, len - address - 1);
			if (!gate_int64(number, 0, bits, &net))
				goto wrong;
		}
		(void)buf_printf(&out, "%s%.*s", out.len > 0 ? " " : "", (int)len, at);
		at += len;
	}
	if (buf_ok(&out))
		return buf_take(&out);
wrong:
	buf_fini(&out);
	return NULL;
}

/* WCAG's relative luminance of one of red, green, blue. */
static double luminance(int part)
{
	double c = part / 255.0;
	return c <= 0.03928 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
}

char *settings_colour(const char *text, bool *pale)
{
	*pale = false;
	if (text[0] != '#' || strlen(text) != 7 || strspn(text + 1, "0123456789abcdefABCDEF") != 6)
		return NULL;
	long rgb = strtol(text + 1, NULL, 16);
	double light = 0.2126 * luminance((int)(rgb >> 16)) + 0.7152 * luminance((int)(rgb >> 8 & 255)) +
		0.0722 * luminance((int)(rgb & 255));
	*pale = 1.05 / (light + 0.05) < CONTRAST_LEAST;
	return *pale ? NULL : xstrdup(text);
}
