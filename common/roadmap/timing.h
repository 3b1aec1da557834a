/* From a term to days: when a step of a plan begins and ends, when it is spoken
 * of before it begins, when its result is asked for. Pure.
 *
 * A term may happen several times («октябрь 2018, март 2019», «ежемесячно»): each
 * is an occurrence of its own. A term whose days nobody has said («по мере
 * необходимости», «постоянно», «2 раза в год») has none, and says why. */
#ifndef VESTNIK_ROADMAP_TIMING_H
#define VESTNIK_ROADMAP_TIMING_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "calendar/period.h"
#include "calendar/term.h"
#include "calendar/workdays.h"

struct timing_rules {
	const struct workdays *workdays;
	int before;              /* working days before the beginning that a letter says so; 0: no letter */
	int after;               /* working days after the end that the result is asked for */
	int answer;              /* working days from then to the answer's deadline */
	int32_t from_day, to_day; /* of the whole plan, for what recurs without bounds; DAY_NONE: not said */
};

struct timing { /* an occurrence */
	int32_t begin_day;  /* DAY_NONE: only the end is said («до 30 мая») */
	int32_t end_day;
	int32_t before_day; /* a working day; DAY_NONE: no letter before */
	int32_t ask_day;    /* a working day after the end */
	int32_t answer_day; /* a working day */
	int32_t period_day; /* of a recurring step: first day of the period it is about; else DAY_NONE */
	enum period period;
};

enum timing_none {
	TIMING_IS_SAID,     /* there are occurrences */
	TIMING_NO_TERM,     /* the cell is empty */
	TIMING_UNKNOWN,     /* the term is not understood, or its year is missing: people must say */
	TIMING_OPEN,        /* «постоянно», «по мере необходимости»: no end */
	TIMING_EVENT,       /* counted from an event */
	TIMING_NO_DAYS,     /* recurs, but on days that are not said («2 раза в год», «ежедневно») */
	TIMING_NO_BOUNDS    /* recurs without a first or last day: say from when to when */
};
/* «срок не назван», … for people. */
const char *timing_none_words(enum timing_none why);

#define TIMING_MAX 120 /* occurrences of a step: ten years of months */
/* Fills out (room for TIMING_MAX). ERROR_INPUT: more than that, days outside the calendar. */
int timing_of(const struct term *term, const struct timing_rules *rules, struct timing *out, size_t *count,
	enum timing_none *why, struct error *e);

#endif
