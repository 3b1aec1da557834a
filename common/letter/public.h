/* A letter's text for everybody: a page, a feed, a ministry's site. What speaks to
 * one recipient is left out: every paragraph, list item, table row or heading with a
 * tag that the fields given here do not have, and whatever stands in a section on
 * such a field. Nothing is filled with a value of anybody. */
#ifndef VESTNIK_LETTER_PUBLIC_H
#define VESTNIK_LETTER_PUBLIC_H

#include <jansson.h>
#include <stddef.h>

#include "base/error.h"
#include "base/lang.h"

struct letter_public {
	char *title;     /* the first heading; NULL when there is none, or it was left out */
	char *text;      /* plain, LF, without the title */
	char *html;      /* p, ul, ol, table, h2 … without classes and styles; links http, https, mailto */
	size_t left_out; /* blocks that were */
};

/* fields: what is the same for everybody, {"campaign":{…},"document":{…},"deadline":{…}}.
 * ERROR_INPUT: not a letter that passes letter_compile. */
int letter_public(const char *markdown, size_t len, const json_t *fields, enum lang lang, const char *zone,
	struct letter_public *out, struct error *e);
void letter_public_fini(struct letter_public *text);

#endif
