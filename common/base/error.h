/* How an operation that failed says so: functions return 0 or -1 and fill the
 * caller's struct error. What happened to a *letter* is never an error but data
 * (message/status.h); a broken invariant is a bug and ends the process (PANIC). */
#ifndef VESTNIK_BASE_ERROR_H
#define VESTNIK_BASE_ERROR_H

#include <stdbool.h>

enum error_code {
	ERROR_NONE = 0,
	ERROR_INPUT,       /* what came from outside is wrong; the text says what would be right */
	ERROR_NOT_FOUND,
	ERROR_CONFLICT,    /* exists already, seen before, wrong state */
	ERROR_DENIED,      /* not allowed: permission, policy, guard */
	ERROR_UNAVAILABLE, /* the other side is down, locked, slow: try again later */
	ERROR_FULL,        /* disk, quota, a maximum */
	ERROR_LOST,        /* fenced, lease lost, assignment lost: stop what you were doing */
	ERROR_INTERNAL     /* should not happen; reported, not hidden */
};

struct error {
	enum error_code code;
	bool retriable; /* the same call may succeed later without anybody acting */
	bool fatal;     /* the object is unusable now: close it */
	char text[512]; /* one line, for people; no secrets, no message bodies */
};

/* Sets *e and returns -1, so that `return error_set(...)` reads well. retriable
 * follows from the code (UNAVAILABLE, FULL). e may be NULL. */
__attribute__((format(printf, 3, 4))) int error_set(
	struct error *e, enum error_code code, const char *fmt, ...);
/* The same with ": strerror(errno)" added; ENOSPC, EDQUOT become ERROR_FULL. */
__attribute__((format(printf, 2, 3))) int error_errno(struct error *e, const char *fmt, ...);
/* Puts "context: " before the text that is there. Returns -1. */
__attribute__((format(printf, 2, 3))) int error_context(struct error *e, const char *fmt, ...);
void error_clear(struct error *e);
const char *error_code_name(enum error_code code);

/* A bug: logs where, leaves a core. */
#define PANIC(...) panic_at(__FILE__, __LINE__, __VA_ARGS__)
#define ASSERT(condition)                                                                          \
	do {                                                                                       \
		if (!(condition))                                                                  \
			PANIC("assertion failed: %s", #condition);                                 \
	} while (0)
__attribute__((noreturn, format(printf, 3, 4))) void panic_at(
	const char *file, int line, const char *fmt, ...);

#endif
