/* A letter's Markdown, with Mustache tags in it, → tokens of three templates. */
#ifndef VESTNIK_LETTER_MARKDOWN_H
#define VESTNIK_LETTER_MARKDOWN_H

#include <stdbool.h>
#include <stddef.h>

#include "letter/template.h"

struct markdown_source {
	const char *file, *text;
	size_t len;
	const char *const *known_fields;     /* as in struct letter_source */
	const char *const *hostile_prefixes;
};

/* What the text goes into; begun by the caller, finished by the caller. */
struct markdown_target {
	struct mustache *html, *text;
	struct mustache *subject; /* gets the first heading */
	bool has_heading;         /* set when there was one */
};

/* 0, or -1 when problems->errors grew. */
int markdown_build(const struct markdown_source *source, struct markdown_target *target,
	struct problems *problems);

/* Checks the name of one tag against the fields that exist. inside: names of
 * the sections around it, outermost first. */
void markdown_check_tag(const struct markdown_source *source, const struct tag *tag,
	const struct tag *const *inside, size_t inside_count, struct problems *problems);

#endif
