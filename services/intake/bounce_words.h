/* What servers write when they refuse, in words. */
#ifndef VESTNIK_INTAKE_BOUNCE_WORDS_H
#define VESTNIK_INTAKE_BOUNCE_WORDS_H

#include <stdbool.h>

#include "intake/finding.h"

struct bounce_words {
	const char *words; /* folded (text_fold): parts that follow each other, "*" between them */
	enum bounce_class class;
	const char *cause;
};
/* The row that fits a folded text, NULL when none does. *sure: it is one provider's
 * own wording, which means the same whatever the code beside it and whenever it is said. */
const struct bounce_words *bounce_words_find(const char *folded, bool *sure);
/* Do the words of a row stand in the text? "*" spans at most a line or two. */
bool bounce_words_match(const char *words, const char *folded);

#endif
