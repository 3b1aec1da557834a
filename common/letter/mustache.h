/* Mustache (spec v1.3 core: comments, delimiters, interpolation, inverted,
 * partials, sections), precompiled, and pipes: {{n | plural: one, few, many}},
 * {{n | count: one, few, many}}, {{n | number}}, {{t | date: long}}, {{x | default: word}}
 * (docs/reference/letters.md; in the language of lang_get() when compiled, zone UTC).
 * An empty string is false for sections, as an empty cell of a table should be. Data is jansson. Templates are immutable
 * after compiling and shared by threads. */
#ifndef VESTNIK_LETTER_MUSTACHE_H
#define VESTNIK_LETTER_MUSTACHE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/problem.h"

/* How {{x}} is escaped; {{{x}}} and {{&x}} are not, except that a header never
 * takes control characters. */
enum mustache_escape {
	MUSTACHE_HTML,   /* & < > " ' */
	MUSTACHE_TEXT,   /* as it is; control characters but \n and \t dropped */
	MUSTACHE_HEADER, /* one line: gate_clean_line */
	MUSTACHE_URL     /* percent-encoding of all but unreserved */
};

struct mustache;

/* name: shown in problems. partial() may be NULL; it gives the text of a partial
 * or NULL when there is none (renders as nothing), the text lives until compile returns. NULL on
 * error; problems carry line and column. */
struct mustache *mustache_compile(const char *name, const char *text, size_t len,
	enum mustache_escape escape,
	const char *(*partial)(void *arg, const char *name), void *arg, struct problems *problems);
void mustache_free(struct mustache **template);

/* Appends to out (whose max bounds the result). ERROR_FULL when it overflows. */
int mustache_render(const struct mustache *template, const json_t *data, struct buf *out,
	struct error *e);

/* Every tag, for checks: name, place, whether it is unescaped, whether it is a
 * section. Sections' inner names come with their section as context. */
struct mustache_tag {
	const char *name;
	int line, column;
	bool unescaped, section;
	const char *inside; /* innermost enclosing section's name or NULL */
};
void mustache_each_tag(const struct mustache *template,
	void (*each)(void *arg, const struct mustache_tag *tag), void *arg);

#endif
