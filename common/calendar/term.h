/* Terms of plans and road maps as people write them in Russian: «Сентябрь 2018 –
 * апрель 2019», «до 1 числа месяца, следующего за отчетным», «в течение года».
 *
 * What is not understood is said to be so, with the place; nothing is guessed.
 * Where the year is missing it is taken from the context, and asked for when
 * there is none. «до 30 мая» includes the 30th; «до мая» could mean its first or
 * its last day and is therefore not understood.
 *
 * Pure functions over text from outside: any bytes may come, texts over
 * TERM_TEXT_MAX_BYTES are not understood. */
#ifndef VESTNIK_CALENDAR_TERM_H
#define VESTNIK_CALENDAR_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/lang.h"
#include "calendar/day.h"
#include "calendar/period.h"

enum term_kind {
	TERM_UNKNOWN,   /* not understood: why, at, len */
	TERM_RANGE,     /* from begin_day to end_day, both included; a day is a range of one */
	TERM_UNTIL,     /* by end_day, that day included */
	TERM_PERIOD,    /* a month, quarter, year…: begin_day to end_day; several: span */
	TERM_RECURRING, /* rule; begin_day and end_day where the text bounds it */
	TERM_ONGOING,   /* «постоянно»; bounds as above */
	TERM_ON_DEMAND, /* «по мере необходимости», «по отдельному графику» */
	TERM_WITHIN     /* «в 10-дневный срок»: counted from an event, which only people know */
};
/* "unknown", "range", … */
const char *term_kind_name(enum term_kind kind);

enum term_need {
	TERM_NEEDS_NOTHING,
	TERM_NEEDS_YEAR,        /* days are DAY_NONE: ask which year, parse again with it */
	TERM_NEEDS_SCHOOL_YEAR,
	TERM_NEEDS_EVENT        /* TERM_WITHIN */
};

enum term_why {
	TERM_WHY_NOTHING,    /* it is understood */
	TERM_WHY_EMPTY,
	TERM_WHY_TOO_LONG,
	TERM_WHY_WORDS,      /* the words at that place mean nothing here */
	TERM_WHY_NO_DATE,    /* 31 June, 13th month, fifth quarter */
	TERM_WHY_BACKWARDS,  /* ends before it begins */
	TERM_WHY_AMBIGUOUS   /* «до мая»: its first or its last day? «2018-2019»: a school year? */
};

struct term_span {
	int32_t begin_day, end_day;
};

/* TERM_RECURRING. */
struct term_rule {
	enum period every;
	int times;     /* a period, usually 1; 2: «2 раза в год», whose days are not said */
	int due_date;  /* day of the month, 0: not said */
	int due_month; /* which month of the period, from 1; 0: of the month itself */
	bool next;     /* due in the period after the one it is about («следующего за отчетным») */
	int weekday;   /* 1 to 7 for a week, 0: not said */
};

#define TERM_SPANS_MAX 12
#define TERM_RRULE_SIZE 80
#define TERM_TEXT_MAX_BYTES 2000
struct term {
	enum term_kind kind;
	enum term_need need;
	enum term_why why;
	int32_t begin_day, end_day; /* DAY_NONE: not said */
	struct term_span span[TERM_SPANS_MAX]; /* «октябрь 2018, март 2019»: two; else one or none */
	size_t spans;
	struct term_rule rule;
	char rrule[TERM_RRULE_SIZE]; /* the due days as RFC 5545 has them; "" when not said */
	int within;          /* TERM_WITHIN: how many */
	enum period within_unit; /* PERIOD_DAY, _WEEK, _MONTH */
	bool within_working; /* working days */
	size_t event_at;     /* TERM_WITHIN: byte where the event's own words begin; 0: not said */
	size_t at, len;      /* TERM_UNKNOWN: the bytes that are not understood */
};

struct term_context {
	int year;        /* for dates without one; 0: unknown */
	int school_year; /* the first of its two years, for «в течение учебного года»; 0: unknown */
};

/* true when the text is understood (need may still ask for something). */
bool term_parse(const char *text, const struct term_context *context, struct term *out);

/* What was understood, in words: «с 1 сентября 2018 г. по 30 апреля 2019 г.»; or
 * what was not, with the place. text: what was parsed. */
int term_explain(const char *text, const struct term *term, enum lang lang, struct buf *out);

#endif
