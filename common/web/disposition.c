#include "web/disposition.h"

#include <stdio.h>
#include <string.h>

/* For old programs: what is not plain ASCII becomes '_', a character at a time. */
static size_t plain(const char *name, char *out)
{
	size_t n = 0;
	for (const unsigned char *p = (const unsigned char *)name; *p != '\0'; p++) {
		if ((*p & 0xc0) == 0x80)
			continue;
		out[n++] = *p < 0x20 || *p > 0x7e || strchr("\"\\%;", *p) != NULL ? '_' : (char)*p;
	}
	out[n] = '\0';
	return n;
}

const char *disposition_of(const char *name, char out[static DISPOSITION_SIZE])
{
	static const char unreserved[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
	static const char digits[] = "0123456789ABCDEF";
	char short_name[256];
	if (strlen(name) >= sizeof short_name)
		name = "file";
	plain(name, short_name);
	size_t n = (size_t)snprintf(out, DISPOSITION_SIZE, "attachment; filename=\"%s\"; filename*=UTF-8''", short_name);
	for (const unsigned char *p = (const unsigned char *)name; *p != '\0' && n + 4 < DISPOSITION_SIZE; p++) {
		if (strchr(unreserved, *p) != NULL) {
			out[n++] = (char)*p;
		} else {
			out[n++] = '%';
			out[n++] = digits[*p >> 4];
			out[n++] = digits[*p & 15];
		}
	}
	out[n] = '\0';
	return out;
}
