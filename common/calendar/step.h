/* A distance in time as campaign files write it: "-7d" before, "1d" after;
 * d, wd (working days), h, m, in Russian д, рд, ч, мин. */
#ifndef VESTNIK_CALENDAR_STEP_H
#define VESTNIK_CALENDAR_STEP_H

#include <stdint.h>

#include "base/error.h"
#include "base/lang.h"

enum step_unit { STEP_DAYS, STEP_WORKDAYS, STEP_HOURS, STEP_MINUTES };
struct step {
	int amount; /* negative: before; at most STEP_MAX days, or as many in smaller units */
	enum step_unit unit;
};
#define STEP_MAX_DAYS 1000 /* a school year and more; "-70000d" is a slip */

/* ERROR_INPUT says what would be right. */
int step_parse(const char *text, struct step *out, struct error *e);
#define STEP_TEXT_SIZE 64
/* «за 3 рабочих дня», «через 1 день», "3 working days before", "1 day after". */
const char *step_words(struct step step, enum lang lang, char out[static STEP_TEXT_SIZE]);

#endif
