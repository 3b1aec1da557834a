/* The request's target taken apart: path and query, decoded once, or refused. */
#ifndef VESTNIK_WEB_TARGET_H
#define VESTNIK_WEB_TARGET_H

#include <stdbool.h>
#include <stddef.h>

#define TARGET_MAX_BYTES 4096
#define TARGET_QUERY_MAX 32
#define TARGET_PARTS_MAX 4

struct target_pair {
	char *name, *value;
};
struct target {
	char *path;                /* decoded, without a slash at its end */
	size_t segments;
	char *segment[16];         /* decoded, each by itself: a %2F inside does not make two */
	struct target_pair query[TARGET_QUERY_MAX];
	size_t queries;
};

/* raw: "/a/b%20c?x=1". false: too long, not a path, a bad escape, NUL or control characters, not UTF-8,
 * a segment that is ".", ".." or empty (but the last may be: "/a/"), a backslash, too many parts.
 * target is to be finished either way. */
bool target_parse(const char *raw, struct target *target);
void target_fini(struct target *target);
/* For a query or a segment: what is not a letter, digit or -._~ as %XX. The caller frees. */
char *target_escape(const char *text);
const char *target_query(const struct target *target, const char *name);

/* Does the pattern fit? Then part[i] = segment of the i-th {name}. */
struct target_part {
	char name[24];
	const char *value;
};
bool target_fits(const struct target *target, const char *pattern, struct target_part part[static TARGET_PARTS_MAX],
	size_t *parts);

#endif
