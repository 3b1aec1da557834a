/* The pieces of the term parser; for term*.c only. */
#ifndef VESTNIK_CALENDAR_TERM_INSIDE_H
#define VESTNIK_CALENDAR_TERM_INSIDE_H

#include "calendar/term.h"

enum token_type { TOKEN_END, TOKEN_NUMBER, TOKEN_WORD, TOKEN_DASH, TOKEN_DOT, TOKEN_COMMA, TOKEN_SLASH,
	TOKEN_OTHER };

#define TOKEN_WORD_SIZE 64 /* «тринадцатидневный» has 34 bytes; a longer word is none of ours */
#define TOKENS_MAX 200

struct token {
	enum token_type type;
	int number, digits;         /* TOKEN_NUMBER; more than 6 digits: 999999 */
	bool blank;                 /* a blank stands before it */
	char word[TOKEN_WORD_SIZE]; /* TOKEN_WORD: lower case, look-alikes made Cyrillic */
	size_t at, len;             /* in the text, bytes */
};

/* The tokens of a text; the last is TOKEN_END. -1: more than TOKENS_MAX. */
int term_lex(const char *text, struct token out[static TOKENS_MAX]);

struct parser {
	const struct token *token;
	size_t pos, far;      /* far: the furthest token anything wanted */
	const struct term_context *context;
	struct term *out;
	enum term_why why;    /* a reason better than TERM_WHY_WORDS, at `why_pos` */
	size_t why_pos;
};

/* Is the token at pos one of «a|b|c»? parser_take also steps over it. */
bool parser_is(struct parser *p, const char *words);
bool parser_take(struct parser *p, const char *words);
bool parser_take_type(struct parser *p, enum token_type type);
const struct token *parser_at(struct parser *p);
/* Nothing is left but commas. */
bool parser_end(struct parser *p);
void parser_why(struct parser *p, enum term_why why, size_t pos);

/* ---- points: what a term begins or ends with -------------------------------------- */

enum point_kind { POINT_BARE, POINT_DAY, POINT_DECADE, POINT_MONTH, POINT_QUARTER, POINT_HALF, POINT_YEAR,
	POINT_SCHOOL_YEAR };
struct point {
	enum point_kind kind;
	int date, month, part, year; /* 0: not said; part: decade, quarter, half, bare number */
	size_t pos;                  /* its first token */
};

/* 1 to 12, 0: no month. */
int term_month(const char *word);
/* «три», «трех», «десяти» … up to 30; 0: none. */
int term_number_word(const char *word);
bool point_parse(struct parser *p, struct point *out);
/* 2018, 2018 г., 2018 года. */
bool point_year(struct parser *p, int *year);
/* A number or Roman numeral whose unit comes later: «I, III квартал», «25 – 27 мая». */
bool point_bare(struct parser *p, struct point *out);
/* Gives bare points the unit of the next one, years to those without, and
 * checks that all exist. false: p->why or out->need says why; need is set and
 * true returned when only a year is missing. */
bool points_resolve(struct parser *p, struct point *point, size_t count);
/* Both need a year. */
int32_t point_first(const struct point *point);
int32_t point_last(const struct point *point);

/* ---- forms, in term.c and term_recurring.c ------------------------------------------ */

struct spans {
	struct point point[TERM_SPANS_MAX * 2];
	bool range[TERM_SPANS_MAX]; /* this span has two points, else one */
	size_t points, spans;
	bool open;                  /* «с 1 сентября» without an end */
};

/* How exact a bare month is after the word: «до мая» may mean 1 or 31 May. */
enum until { UNTIL_NOT, UNTIL_VAGUE, UNTIL_LAST };

/* Words in a row: "по мере необходимости"; "a|b" one of them, "?a" may be missing. */
bool term_seq(struct parser *p, const char *pattern);
enum until term_until_word(struct parser *p);
/* «10», «десяти». */
bool term_small_number(struct parser *p, int *number);
/* «в течение 2018 года», «с сентября по май»: what bounds a recurring term. */
bool term_bounds(struct parser *p, struct spans *spans);
/* Fills begin_day, end_day and span; false when a date does not exist. */
bool term_spans_apply(struct parser *p, struct spans *spans);
/* A whole recurring term. */
bool term_recurring(struct parser *p);

#endif
