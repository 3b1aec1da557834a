#include "web/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/gate.h"
#include "base/xalloc.h"

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* NULL: a bad escape, control characters, not UTF-8. */
static char *decoded(const char *text, size_t len, bool plus)
{
	char *out = xmalloc(len + 1);
	size_t n = 0;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		if (c == '%') {
			int high = i + 1 < len ? hex(text[i + 1]) : -1, low = i + 2 < len ? hex(text[i + 2]) : -1;
			if (high < 0 || low < 0)
				goto wrong;
			c = (unsigned char)(high * 16 + low);
			i += 2;
		} else if (plus && c == '+') {
			c = ' ';
		}
		if (c < 0x20 || c == 0x7f)
			goto wrong;
		out[n++] = (char)c;
	}
	out[n] = '\0';
	if (gate_utf8(out, n))
		return out;
wrong:
	free(out);
	return NULL;
}

static bool parse_path(const char *raw, size_t len, struct target *target)
{
	const size_t most = sizeof target->segment / sizeof target->segment[0];
	if (len == 0 || raw[0] != '/')
		return false;
	target->path = decoded(raw, len, false);
	if (target->path == NULL)
		return false;
	for (size_t at = 1; at <= len;) {
		const char *slash = memchr(raw + at, '/', len - at);
		size_t end = slash == NULL ? len : (size_t)(slash - raw);
		if (end == at && end == len) { /* "/" and "/a/": one page, and handlers look at the path's last word */
			target->path[strlen(target->path) - (len > 1)] = '\0';
			break;
		}
		if (end == at || target->segments == most)
			return false;
		char *segment = decoded(raw + at, end - at, false);
		if (segment == NULL)
			return false;
		target->segment[target->segments++] = segment;
		if (strcmp(segment, ".") == 0 || strcmp(segment, "..") == 0 || strpbrk(segment, "/\\") != NULL)
			return false;
		at = end + 1;
	}
	return true;
}

static bool parse_query(const char *raw, struct target *target)
{
	for (const char *at = raw; *at != '\0';) {
		size_t len = strcspn(at, "&");
		const char *equals = memchr(at, '=', len);
		size_t name_len = equals == NULL ? len : (size_t)(equals - at);
		if (len > 0) {
			if (target->queries == TARGET_QUERY_MAX)
				return false;
			struct target_pair *pair = &target->query[target->queries++];
			pair->name = decoded(at, name_len, true);
			pair->value = equals == NULL ? xstrdup("") : decoded(equals + 1, len - name_len - 1, true);
			if (pair->name == NULL || pair->value == NULL)
				return false;
		}
		at += len;
		if (*at == '&')
			at++;
	}
	return true;
}

bool target_parse(const char *raw, struct target *target)
{
	*target = (struct target){0};
	if (strnlen(raw, TARGET_MAX_BYTES + 1) > TARGET_MAX_BYTES)
		return false;
	size_t path_len = strcspn(raw, "?");
	if (memchr(raw, '#', path_len) != NULL)
		return false;
	return parse_path(raw, path_len, target) && (raw[path_len] == '\0' || parse_query(raw + path_len + 1, target));
}

void target_fini(struct target *target)
{
	free(target->path);
	for (size_t i = 0; i < target->segments; i++)
		free(target->segment[i]);
	for (size_t i = 0; i < target->queries; i++) {
		free(target->query[i].name);
		free(target->query[i].value);
	}
	*target = (struct target){0};
}

const char *target_query(const struct target *target, const char *name)
{
	for (size_t i = 0; i < target->queries; i++)
		if (strcmp(target->query[i].name, name) == 0)
			return target->query[i].value;
	return NULL;
}

bool target_fits(const struct target *target, const char *pattern, struct target_part part[static TARGET_PARTS_MAX],
	size_t *parts)
{
	size_t at = 0;
	*parts = 0;
	for (const char *p = pattern + 1; *p != '\0'; at++) {
		size_t len = strcspn(p, "/");
		if (at == target->segments)
			return false;
		const char *segment = target->segment[at];
		if (p[0] == '{' && len > 2 && p[len - 1] == '}') {
			if (*parts == TARGET_PARTS_MAX || len - 2 >= sizeof part[0].name)
				return false;
			memcpy(part[*parts].name, p + 1, len - 2);
			part[*parts].name[len - 2] = '\0';
			part[(*parts)++].value = segment;
		} else if (strlen(segment) != len || memcmp(segment, p, len) != 0) {
			return false;
		}
		p += len;
		if (*p == '/')
			p++;
	}
	return at == target->segments;
}

char *target_escape(const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
	char *out = xmalloc(strlen(text) * 3 + 1), *at = out;
	for (; *text != '\0'; text++)
		if (strchr(plain, *text) != NULL)
			*at++ = *text;
		else
			at += snprintf(at, 4, "%%%02X", (unsigned)(unsigned char)*text);
	*at = '\0';
	return out;
}
