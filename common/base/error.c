#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/gate.h"

__attribute__((format(printf, 3, 0))) static void fill(
	struct error *e, enum error_code code, const char *fmt, va_list ap)
{
	e->code = code;
	e->retriable = code == ERROR_UNAVAILABLE || code == ERROR_FULL;
	e->fatal = false;
	vsnprintf(e->text, sizeof e->text, fmt, ap);
	gate_utf8_mend(e->text); /* %.64s of what came from outside, or our own end, cut a character */
}

int error_set(struct error *e, enum error_code code, const char *fmt, ...)
{
	if (e != NULL) {
		va_list ap;
		va_start(ap, fmt);
		fill(e, code, fmt, ap);
		va_end(ap);
	}
	return -1;
}

static enum error_code code_of_errno(int number)
{
	switch (number) {
	case ENOSPC:
	case EDQUOT:
		return ERROR_FULL;
	case ENOENT:
		return ERROR_NOT_FOUND;
	case EACCES:
	case EPERM:
		return ERROR_DENIED;
	default:
		return ERROR_UNAVAILABLE;
	}
}

int error_errno(struct error *e, const char *fmt, ...)
{
	int number = errno;
	if (e != NULL) {
		va_list ap;
		va_start(ap, fmt);
		fill(e, code_of_errno(number), fmt, ap);
		va_end(ap);
		size_t len = strlen(e->text);
		snprintf(e->text + len, sizeof e->text - len, ": %s", strerror(number));
	}
	return -1;
}

int error_context(struct error *e, const char *fmt, ...)
{
	if (e != NULL) {
		char before[sizeof e->text];
		memcpy(before, e->text, sizeof before);
		va_list ap;
		va_start(ap, fmt);
		vsnprintf(e->text, sizeof e->text, fmt, ap);
		va_end(ap);
		size_t len = strlen(e->text);
		snprintf(e->text + len, sizeof e->text - len, ": %s", before);
		gate_utf8_mend(e->text);
	}
	return -1;
}

void error_clear(struct error *e)
{
	*e = (struct error){0};
}

const char *error_code_name(enum error_code code)
{
	static const char *const names[] = {"none", "input", "not_found", "conflict", "denied",
		"unavailable", "full", "lost", "internal"};
	return (size_t)code < sizeof names / sizeof names[0] ? names[code] : "unknown";
}

void panic_at(const char *file, int line, const char *fmt, ...)
{
	va_list ap;
	fprintf(stderr, "vestnik: bug at %s:%d: ", file, line);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	abort();
}
