/* A text as numbers, words, marks and line ends: figure.c's eyes. */
#ifndef VESTNIK_INTAKE_FIGURE_TOKENS_H
#define VESTNIK_INTAKE_FIGURE_TOKENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FIGURE_TOKENS_MAX 20000
#define FIGURE_WORD_BYTES 40 /* folded; longer words are no word we know */

enum token_kind {
	TOKEN_END,
	TOKEN_LINE,   /* one or more line ends */
	TOKEN_NUMBER, /* digits, with blanks between groups of three */
	TOKEN_WORD,   /* letters */
	TOKEN_MARK, /* one character, or one of: "№" as '#', dashes as '-', quotes as '"', "…" as
		       '.' */
	TOKEN_JUNK  /* addresses, links, letters with digits, phones, dates, times */
};

struct token {
	enum token_kind kind;
	size_t start, len; /* in the text */
	bool blank;	   /* before it */
	int64_t value;	   /* NUMBER */
	int digits;	   /* NUMBER */
	char mark;	   /* MARK; 'M' is U+2212, a minus without doubt; '~' also stands for ≈ */
	char word[FIGURE_WORD_BYTES];
};

struct tokens {
	struct token
		*item; /* the last is TOKEN_END; item[-1] is TOKEN_LINE, so is the end's next */
	size_t count;  /* without the end */
};

/* Splits, joins groups of digits, and turns what is certainly no figure into JUNK. */
void figure_tokens(const char *text, size_t len, struct tokens *tokens);
void figure_tokens_fini(struct tokens *tokens);

#endif
