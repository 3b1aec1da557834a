/* When an answer is due, and what a day off does to it. Pure functions: the
 * calendar and the clock are given. Results say why, in either language, for
 * `check`, `simulate` and letters. */
#ifndef VESTNIK_CALENDAR_DEADLINE_H
#define VESTNIK_CALENDAR_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/lang.h"
#include "calendar/day.h"
#include "calendar/step.h"
#include "calendar/workdays.h"

/* Values of if_day_off in campaign files. */
enum deadline_if_off { DEADLINE_NEXT, DEADLINE_PREVIOUS, DEADLINE_KEEP };
/* "next", "previous", "keep", NULL: for settings/yaml_read.h's yaml_as_choice. */
extern const char *const deadline_if_off_words[];

#define DEADLINE_DAY_END 1440 /* minute: the day's midnight, the day itself included */

struct deadline {
	int32_t asked_day;  /* as it was written */
	int32_t day;        /* the day that holds */
	int minute;         /* of that day's wall clock, 0 to DEADLINE_DAY_END */
	int64_t at_ms;      /* that moment: answers received before it are in time */
	enum deadline_if_off rule;
	bool off;           /* asked_day is a day off */
};

/* ERROR_INPUT: unknown zone, no such minute; ERROR_NOT_FOUND: no working day
 * within a year. */
int deadline_set(const struct workdays *workdays, int32_t asked_day, int minute, const char *zone,
	enum deadline_if_off rule, struct deadline *out, struct error *e);

/* A deadline before or after this one: `collect: 3d` of a cascade, `after: 1d` of
 * an escalation, «через три рабочих дня». STEP_WORKDAYS counts working days;
 * STEP_DAYS counts all and goes on in the same direction when it lands on a day
 * off; hours and minutes are exact. Errors as above. */
int deadline_shift(const struct workdays *workdays, const struct deadline *from, struct step step,
	const char *zone, struct deadline *out, struct error *e);

/* «30 апреля 2024 г. – выходной, перенесённый с 2 ноября 2024 г.: срок – 2 мая
 * 2024 г., 18:00 (МСК)», and a sentence for each year without a calendar. */
int deadline_explain(const struct workdays *workdays, const struct deadline *deadline,
	const char *zone, enum lang lang, struct buf *out);

#endif
