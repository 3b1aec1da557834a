/* Texts of a plan's letters: a template's {{step.…}} become what the plan says of
 * the step; other tags stay for the letter. Private to this room. */
#ifndef VESTNIK_ROADMAP_LETTERS_H
#define VESTNIK_ROADMAP_LETTERS_H

#include "roadmap/folder.h"

/* Of our own, when staff bring none. */
const char *letters_before(enum lang lang);
/* links: with the form's. */
const char *letters_result(enum lang lang, bool links);

/* A line with a field the step says nothing about is left out. Fields: title, number, section,
 * result, term, responsible, label, begins, ends. The caller frees it. */
char *letters_fill(const char *text, const struct build *build, const struct build_item *item, enum lang lang);

#endif
