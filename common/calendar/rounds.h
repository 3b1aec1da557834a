/* Recurring asks: the rounds of a rule, each about a period, each with its own
 * beginning and deadline. The rule is an RRULE (RFC 5545) whose days are the
 * days the answers are due: «до 1 числа месяца, следующего за отчетным» is
 * FREQ=MONTHLY;BYMONTHDAY=1 about the previous month. libical expands it. */
#ifndef VESTNIK_CALENDAR_ROUNDS_H
#define VESTNIK_CALENDAR_ROUNDS_H

#include <stdbool.h>
#include <stddef.h>

#include "calendar/deadline.h"
#include "calendar/period.h"

/* Ten years of weeks. */
#define ROUNDS_MAX 530
#define ROUNDS_RULE_MAX_BYTES 200

struct rounds_rule {
	const char *rrule;     /* "FREQ=MONTHLY;BYMONTHDAY=1", with or without "RRULE:" */
	int32_t from_day;      /* the first period is the one that has this day in it */
	int32_t to_day;        /* the last one; DAY_NONE: the rule's COUNT or UNTIL ends it */
	enum period period;
	bool previous;         /* an answer is about the period before its due day's */
	int minute;            /* of the deadline */
	const char *zone;
	enum deadline_if_off if_off;
	struct step opens;     /* before the deadline; amount 0: with its period */
};

struct round {
	int32_t period_day;    /* first day of the period: period_words() names the round */
	int32_t opens_day;     /* a working day, not after the deadline */
	struct deadline deadline;
};

/* A rule that can be expanded? Days to years, no times of day. ERROR_INPUT. */
int rounds_rule_check(const char *rrule, struct error *e);

/* Fills out (room for ROUNDS_MAX) in order. ERROR_INPUT: no such rule, no end,
 * more than ROUNDS_MAX, two due days in one period, unknown zone; ERROR_NOT_FOUND:
 * the rule has no day between from and to. */
int rounds_expand(const struct workdays *workdays, const struct rounds_rule *rule,
	struct round *out, size_t *count, struct error *e);

#endif
