/* A number as people type it: blanks between thousands, a comma or a point before the fraction, a
 * minus of any length. Nothing is guessed: what could mean two numbers is not one. */
#ifndef VESTNIK_ANSWER_NUMERAL_H
#define VESTNIK_ANSWER_NUMERAL_H

#include <stdbool.h>
#include <stdint.h>

enum numeral_result {
	NUMERAL_OK,
	NUMERAL_WORDS,     /* no digit in it: «пять» */
	NUMERAL_RANGE,     /* «5-7», «от 5 до 7» */
	NUMERAL_SEVERAL,   /* «5 и 7», «12 34» */
	NUMERAL_UNIT,      /* «5 человек», «около 5», «100 %» */
	NUMERAL_GROUPS,    /* «1,234.5»: which is the fraction? */
	NUMERAL_LARGE,     /* more digits than are kept */
	NUMERAL_ODD        /* anything else */
};

/* Digits in all: what a double keeps exactly, so that JSON gives back what was typed. */
#define NUMERAL_DIGITS_MAX 15
#define NUMERAL_INTEGER_MAX INT64_C(999999999999999)

struct numeral {
	bool negative, fraction; /* fraction: not zero */
	int64_t integer;         /* without the sign and the fraction */
	double value;            /* with both */
};

/* text: UTF-8, at most some hundred bytes are looked at in earnest. *out is set for NUMERAL_OK. */
enum numeral_result numeral_read(const char *text, struct numeral *out);

#endif
