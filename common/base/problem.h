/* Mistakes in what people write (settings, campaigns, letters, tables), all of
 * them at once: each says where, what, and what would be right. */
#ifndef VESTNIK_BASE_PROBLEM_H
#define VESTNIK_BASE_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>

enum problem_severity {
	PROBLEM_ERROR,
	PROBLEM_WARNING,
	PROBLEM_INFO /* nothing is wrong; a person should know it, such as a moved deadline */
};

struct problem {
	enum problem_severity severity;
	char *file;   /* as the user named it; NULL when there is none */
	int line;     /* from 1; 0 = the whole file */
	int column;   /* from 1, in characters; 0 = the whole line */
	char *field;  /* dotted path or column title; NULL when there is none */
	char *text;   /* what is wrong, in the user's language */
	char *hint;   /* what would be right; NULL when there is nothing to say */
};

/* At most PROBLEMS_KEPT are kept; the counts count all. */
#define PROBLEMS_KEPT 1000
struct problems {
	struct problem *item;
	size_t count;
	size_t errors;
	size_t warnings;
	size_t infos;
};

void problems_fini(struct problems *all);

struct problem_place {
	const char *file;
	int line;
	int column;
	const char *field;
};

/* Copies everything. hint may be NULL. */
__attribute__((format(printf, 5, 6))) void problem_add(struct problems *all,
	enum problem_severity severity, struct problem_place place, const char *hint,
	const char *fmt, ...);

/* "file:12:5: error: audience.kinds: unknown kind «x»; …hint" – one line. The
 * caller frees it. */
char *problem_line(const struct problem *problem);
/* "error", "warning", "info": for programs. */
const char *problem_severity_name(enum problem_severity severity);

#endif
