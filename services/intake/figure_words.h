/* The words around figures, and figures in words. All words folded (text_fold). */
#ifndef VESTNIK_INTAKE_FIGURE_WORDS_H
#define VESTNIK_INTAKE_FIGURE_WORDS_H

#include <stdbool.h>
#include <stdint.h>

/* What a numeral stands for: 1–19, tens, hundreds, 1000; rank 1: below 20, 2: tens, 3: hundreds,
 * 4: thousand. 0: not a numeral. */
int figure_numeral(const char *word, int64_t *value);
/* «один», "one": numerals only where they count something. */
bool figure_is_weak_one(const char *word);

enum figure_word {
	FIGURE_WORD_OTHER,
	FIGURE_WORD_PEOPLE, /* counted by asks: участников, человек, students */
	FIGURE_WORD_MONTH,
	FIGURE_WORD_NOT_UNIT, /* after a number: no count of ours (дней, руб, класс, %) */
	FIGURE_WORD_NAME, /* before a number: it is a name or an id (тел, ИНН, №, пункт, каб) */
	FIGURE_WORD_SCHOOL, /* before a number: a name, unless people follow */
	FIGURE_WORD_ABOUT,  /* before a number: an estimate or a bound */
	FIGURE_WORD_TOTAL, /* before a number: it is the figure (итого, всего, количество) */
	FIGURE_WORD_YEAR,     /* год, г, year */
	FIGURE_WORD_THOUSAND, /* тыс */
	FIGURE_WORD_GREETING
};
/* Does this word belong to this kind? (A word may belong to several.) */
bool figure_word_is(const char *word, enum figure_word kind);

#endif
