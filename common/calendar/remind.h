/* Reminders, planned back from a deadline for one place (a zone, its working
 * hours, its calendar). Pure: the same input gives the same plan, and recipients
 * of one such place share one (10 µs a plan).
 *
 * - A step of days counts days of the deadline's own date: «за 3 дня» до 30 мая
 *   is 27 May everywhere, at the opening of the recipient's hours there.
 * - A day off in the recipient's calendar: the working day before.
 * - A step of hours lies before the deadline itself; when it falls outside the
 *   recipient's hours it is counted back from their closing instead (the
 *   deadline 18:00 in Moscow is 03:00 in Kamchatka: «за 2 часа» is 16:00 there,
 *   the working day before), or it waits for the opening if that is in time.
 * - What would lie in the past or not before the deadline is not sent.
 * - Two on one day of the recipient become one: the nearest to the deadline. */
#ifndef VESTNIK_CALENDAR_REMIND_H
#define VESTNIK_CALENDAR_REMIND_H

#include <stddef.h>

#include "calendar/deadline.h"

struct remind_place {
	const struct workdays *workdays; /* the recipient's */
	const char *zone;
	int open_minute, close_minute;   /* equal: any time of the day */
};

enum remind_outcome {
	REMIND_GOES,
	REMIND_PAST,    /* its moment was before now */
	REMIND_JOINED,  /* another one goes on that day */
	REMIND_NO_ROOM  /* no working time is left before the deadline */
};

struct remind {
	struct step step;
	int64_t wanted_ms;  /* where the step itself falls */
	int32_t wanted_day; /* the recipient's day there */
	int64_t at_ms;      /* when it goes (or would have gone) */
	int32_t day;        /* the recipient's day then; DAY_NONE: there is none */
	bool off;           /* wanted_day is a day off */
	bool hours;         /* moved into the working hours */
	enum remind_outcome outcome;
	size_t joined;      /* REMIND_JOINED: index of the one that goes */
};

#define REMIND_STEPS_MAX 32
/* Fills out[0 … count-1] in the order of steps; all steps must be negative.
 * ERROR_INPUT: too many steps, one not before the deadline, unknown zone, hours
 * that are none. */
int remind_plan(const struct deadline *deadline, const char *deadline_zone,
	const struct remind_place *place, const struct step *steps, size_t count, int64_t now_ms,
	struct remind *out, struct error *e);

/* «за 3 дня: 26 мая 2023 г., 09:00 (МСК); 27 мая 2023 г. – суббота, поэтому в
 * рабочий день перед этим». all: the plan the reminder is part of. */
int remind_explain(const struct remind_place *place, const struct remind *all, size_t i,
	enum lang lang, struct buf *out);

#endif
