#include "calendar/remind.h"

#include "calendar/calendar.h"

#define HOUR_MS INT64_C(3600000)
#define MINUTE_MS INT64_C(60000)
#define DAY_MINUTES 1440

static bool any_time(const struct remind_place *place)
{
	return place->open_minute == place->close_minute;
}

static int check(const struct remind_place *place, const struct step *steps, size_t count,
	struct error *e)
{
	if (count > REMIND_STEPS_MAX)
		return error_set(e, ERROR_INPUT, tr("more than %d reminders", "больше %d напоминаний"),
			REMIND_STEPS_MAX);
	if (place->open_minute < 0 || place->close_minute > DAY_MINUTES ||
		place->open_minute > place->close_minute)
		return error_set(e, ERROR_INPUT, "%s",
			tr("working hours must lie within one day, the opening before the closing",
				"рабочие часы должны быть в пределах суток, начало раньше конца"));
	for (size_t i = 0; i < count; i++)
		if (steps[i].amount >= 0)
			return error_set(e, ERROR_INPUT, "%s",
				tr("a reminder goes before the deadline: -3d, not 3d",
					"напоминание уходит до срока: -3d, а не 3d"));
	return 0;
}

static int local_minute(int64_t at_ms, const char *zone, int32_t *day, int *minute, struct error *e)
{
	struct calendar_time t;
	if (calendar_from_ms(at_ms, zone, &t, e) != 0)
		return -1;
	*day = day_of(t.year, t.month, t.day);
	*minute = t.hour * 60 + t.minute;
	return 0;
}

/* ---- where a step falls ------------------------------------------------------------ */

/* Days are counted on the deadline's own date, so that all recipients get «за
 * 3 дня» on the same date. */
static int want_day(const struct deadline *deadline, const char *deadline_zone,
	const struct remind_place *place, struct remind *r, struct error *e)
{
	int32_t day = r->step.unit == STEP_WORKDAYS
		? workdays_add(place->workdays, deadline->day, r->step.amount)
		: deadline->day + r->step.amount;
	if (day == DAY_NONE) {
		r->outcome = REMIND_NO_ROOM;
		return 0;
	}
	if (any_time(place)) {
		int minute;
		if (day_to_ms(day, deadline->minute, deadline_zone, &r->wanted_ms, e) != 0)
			return -1;
		return local_minute(r->wanted_ms, place->zone, &r->wanted_day, &minute, e);
	}
	r->wanted_day = day;
	return day_to_ms(day, place->open_minute, place->zone, &r->wanted_ms, e);
}

static int move_day(const struct remind_place *place, struct remind *r, struct error *e)
{
	int minute;
	int32_t day;
	r->at_ms = r->wanted_ms;
	r->day = r->wanted_day;
	r->off = workdays_off(place->workdays, r->wanted_day);
	if (!r->off)
		return 0;
	r->day = workdays_previous(place->workdays, r->wanted_day);
	if (r->day == DAY_NONE)
		return 0;
	if (local_minute(r->wanted_ms, place->zone, &day, &minute, e) != 0)
		return -1;
	return day_to_ms(r->day, minute, place->zone, &r->at_ms, e);
}

/* Counted back from the closing of the last working day at or before `day`. */
static int before_closing(const struct remind_place *place, int32_t day, int lead_minutes,
	struct remind *r, struct error *e)
{
	r->day = workdays_previous(place->workdays, day);
	if (r->day == DAY_NONE)
		return 0;
	int minute = place->close_minute - lead_minutes;
	r->hours = true;
	return day_to_ms(r->day, minute > place->open_minute ? minute : place->open_minute, place->zone,
		&r->at_ms, e);
}

static int plan_hours(const struct deadline *deadline, const struct remind_place *place,
	struct remind *r, struct error *e)
{
	int64_t lead_ms = -(int64_t)r->step.amount * (r->step.unit == STEP_HOURS ? HOUR_MS : MINUTE_MS);
	int minute;
	r->wanted_ms = deadline->at_ms - lead_ms;
	if (local_minute(r->wanted_ms, place->zone, &r->wanted_day, &minute, e) != 0)
		return -1;
	if (any_time(place))
		return move_day(place, r, e);
	r->at_ms = r->wanted_ms;
	r->day = r->wanted_day;
	r->off = workdays_off(place->workdays, r->wanted_day);
	if (!r->off && minute >= place->open_minute && minute < place->close_minute)
		return 0;
	int lead = lead_ms / MINUTE_MS < DAY_MINUTES ? (int)(lead_ms / MINUTE_MS) : DAY_MINUTES;
	if (r->off || minute >= place->close_minute)
		return before_closing(place, r->wanted_day, lead, r, e);
	int64_t opening;
	if (day_to_ms(r->wanted_day, place->open_minute, place->zone, &opening, e) != 0)
		return -1;
	if (opening >= deadline->at_ms)
		return before_closing(place, r->wanted_day - 1, lead, r, e);
	r->hours = true;
	r->at_ms = opening;
	return 0;
}

static int plan_one(const struct deadline *deadline, const char *deadline_zone,
	const struct remind_place *place, int64_t now_ms, struct remind *r, struct error *e)
{
	if (r->step.unit == STEP_HOURS || r->step.unit == STEP_MINUTES) {
		if (plan_hours(deadline, place, r, e) != 0)
			return -1;
	} else {
		if (want_day(deadline, deadline_zone, place, r, e) != 0)
			return -1;
		if (r->outcome == REMIND_GOES && move_day(place, r, e) != 0)
			return -1;
	}
	if (r->outcome != REMIND_GOES)
		return 0;
	if (r->day == DAY_NONE || r->at_ms >= deadline->at_ms)
		r->outcome = REMIND_NO_ROOM;
	else if (r->at_ms < now_ms)
		r->outcome = REMIND_PAST;
	return 0;
}

/* Of two the one whose step is nearer to the deadline: its words fit better. */
static void join(struct remind *all, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < count; k++) {
			bool nearer = all[k].wanted_ms > all[i].wanted_ms ||
				(all[k].wanted_ms == all[i].wanted_ms && k > i);
			if (k == i || all[i].outcome != REMIND_GOES || all[k].outcome != REMIND_GOES ||
				all[i].day != all[k].day || !nearer)
				continue;
			all[i].outcome = REMIND_JOINED;
			all[i].joined = k;
		}
	for (size_t i = 0; i < count; i++) /* the one that joins may itself have joined another */
		while (all[i].outcome == REMIND_JOINED && all[all[i].joined].outcome == REMIND_JOINED)
			all[i].joined = all[all[i].joined].joined;
}

int remind_plan(const struct deadline *deadline, const char *deadline_zone,
	const struct remind_place *place, const struct step *steps, size_t count, int64_t now_ms,
	struct remind *out, struct error *e)
{
	if (check(place, steps, count, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		out[i] = (struct remind){.step = steps[i], .wanted_day = DAY_NONE, .day = DAY_NONE};
		if (plan_one(deadline, deadline_zone, place, now_ms, &out[i], e) != 0)
			return -1;
	}
	join(out, count);
	return 0;
}

/* ---- words ------------------------------------------------------------------- */

static void put_why(const struct remind_place *place, const struct remind *r, enum lang lang,
	struct buf *out)
{
	bool ru = lang == LANG_RU;
	char date[DAY_TEXT_SIZE], why[WORKDAYS_TEXT_SIZE];
	if (r->off)
		(void)buf_printf(out, ru ? "; %s – %s, поэтому в рабочий день перед этим"
					 : "; %s is %s, therefore on the working day before",
			day_words(r->wanted_day, lang, date),
			workdays_reason(place->workdays, r->wanted_day, lang, why));
	else if (r->hours)
		(void)buf_puts(out, ru ? "; в рабочие часы получателя" : "; within the recipient's hours");
	if (workdays_status_text(place->workdays, day_year(r->day), lang, why)[0] != '\0')
		(void)buf_printf(out, "; %s", why);
}

int remind_explain(const struct remind_place *place, const struct remind *all, size_t i,
	enum lang lang, struct buf *out)
{
	const struct remind *r = &all[i];
	bool ru = lang == LANG_RU;
	char step[STEP_TEXT_SIZE], moment[CALENDAR_TEXT_SIZE] = "";
	(void)buf_printf(out, "%s: ", step_words(r->step, lang, step));
	if (r->day != DAY_NONE)
		(void)calendar_format(r->at_ms, place->zone, lang, CALENDAR_FULL, moment, NULL);
	switch (r->outcome) {
	case REMIND_GOES:
		(void)buf_puts(out, moment);
		put_why(place, r, lang, out);
		break;
	case REMIND_PAST:
		(void)buf_printf(out, ru ? "не уйдёт: %s уже в прошлом" : "is not sent: %s is in the past", moment);
		break;
	case REMIND_JOINED:
		(void)buf_printf(out, ru ? "в один день с напоминанием «%s»: уйдёт одно письмо"
					 : "on the same day as “%s”: one letter goes",
			step_words(all[r->joined].step, lang, step));
		break;
	case REMIND_NO_ROOM:
		(void)buf_puts(out, ru ? "не уйдёт: до срока не остаётся рабочего времени"
				       : "is not sent: no working time is left before the deadline");
		break;
	}
	return buf_ok(out) ? 0 : -1;
}
