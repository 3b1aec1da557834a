#include "base/url.h"

#include <string.h>
#include <strings.h>

#include "base/buf.h"

#define MASK "***"

/* Where the user part ends: the last '@' of all, because a password that
 * somebody forgot to encode may hold '@', '/' or '?'. Better too much is hidden
 * than too little. NULL = none. */
static const char *end_of_user(const char *authority)
{
	return strrchr(authority, '@');
}

static const char *mask_user(const char *authority, struct buf *out)
{
	const char *at = end_of_user(authority);
	const char *colon = at == NULL ? NULL : memchr(authority, ':', (size_t)(at - authority));
	if (colon == NULL)
		return authority;
	(void)buf_append(out, authority, (size_t)(colon - authority) + 1);
	(void)buf_puts(out, MASK);
	return at;
}

static void mask_parameters(const char *query, struct buf *out)
{
	static const char *const secret[] = {"password=", "sslpassword="};
	while (*query != '\0') {
		size_t len = strcspn(query, "&");
		size_t kept = len;
		for (size_t i = 0; i < sizeof secret / sizeof secret[0]; i++)
			if (strncasecmp(query, secret[i], strlen(secret[i])) == 0)
				kept = strlen(secret[i]);
		(void)buf_append(out, query, kept);
		if (kept < len)
			(void)buf_puts(out, MASK);
		query += len;
		if (*query == '&') {
			(void)buf_putc(out, '&');
			query++;
		}
	}
}

char *url_shown(const char *url)
{
	struct buf out;
	buf_init(&out, strlen(url) * 4 + sizeof MASK * 2);
	const char *authority = strstr(url, "://");
	if (authority != NULL) {
		authority += 3;
		(void)buf_append(&out, url, (size_t)(authority - url));
		url = mask_user(authority, &out);
	}
	size_t before = strcspn(url, "?");
	(void)buf_append(&out, url, before);
	if (url[before] == '?') {
		(void)buf_putc(&out, '?');
		mask_parameters(url + before + 1, &out);
	}
	return buf_take(&out);
}
