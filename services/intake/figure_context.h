/* What stands around a number, and what that makes of it. Every function takes a
 * token of a struct tokens and may look at its neighbours, some to the left and
 * to the right: line ends stand beyond both ends. */
#ifndef VESTNIK_INTAKE_FIGURE_CONTEXT_H
#define VESTNIK_INTAKE_FIGURE_CONTEXT_H

#include "intake/figure_tokens.h"
#include "intake/figure_words.h"

bool token_is_mark(const struct token *t, const char *marks);
bool token_is_word(const struct token *t, const char *word);
bool token_word_is(const struct token *t, enum figure_word kind);
bool token_ends_line(const struct token *t);

/* t stands behind a number: people are counted («25 новых участников»). */
bool token_people_follow(const struct token *t);
/* t stands behind a number: something else is («25 %», «9-х», «3 дня»). */
bool token_counts_other(const struct token *t);
/* t is a number: a label stands before it («Количество участников: »). */
bool token_label_before(const struct token *t);
/* … it is the number of something («№ 5», «п. 4», «СОШ 12»); after: the token behind it. */
bool token_is_name(const struct token *t, const struct token *after);
/* … an estimate or a bound («около 20», «до 20»). */
bool token_is_about(const struct token *t);
/* … may be a year; … is one. */
bool token_is_yearish(const struct token *t);
bool token_is_year(const struct token *t);
/* … part of a range, a fraction, a sum («5-7», «3,7», «25 из 30»). */
bool token_is_joined(const struct token *t);
/* … below zero. */
bool token_is_negative(const struct token *t);

#endif
