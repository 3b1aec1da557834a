#include "calendar/deadline.h"

#include "calendar/calendar.h"

const char *const deadline_if_off_words[] = {"next", "previous", "keep", NULL};

static int32_t move(const struct workdays *workdays, int32_t day, enum deadline_if_off rule)
{
	switch (rule) {
	case DEADLINE_NEXT:
		return workdays_next(workdays, day);
	case DEADLINE_PREVIOUS:
		return workdays_previous(workdays, day);
	case DEADLINE_KEEP:
		break;
	}
	return day;
}

static int no_day(struct error *e)
{
	return error_set(e, ERROR_NOT_FOUND, "%s",
		tr("there is no working day within a year", "в пределах года нет ни одного рабочего дня"));
}

int deadline_set(const struct workdays *workdays, int32_t asked_day, int minute, const char *zone,
	enum deadline_if_off rule, struct deadline *out, struct error *e)
{
	if (minute < 0 || minute > DEADLINE_DAY_END)
		return error_set(e, ERROR_INPUT, "%s",
			tr("a deadline's time lies between 00:00 and 24:00",
				"время срока – от 00:00 до 24:00"));
	*out = (struct deadline){.asked_day = asked_day,
		.day = move(workdays, asked_day, rule),
		.minute = minute,
		.rule = rule,
		.off = workdays_off(workdays, asked_day)};
	if (out->day == DAY_NONE)
		return no_day(e);
	return day_to_ms(out->day, minute, zone, &out->at_ms, e);
}

int deadline_shift(const struct workdays *workdays, const struct deadline *from, struct step step,
	const char *zone, struct deadline *out, struct error *e)
{
	if (step.unit == STEP_HOURS || step.unit == STEP_MINUTES) {
		struct calendar_time t;
		int64_t at_ms = from->at_ms + step.amount * (step.unit == STEP_HOURS ? INT64_C(3600000) : INT64_C(60000));
		if (calendar_from_ms(at_ms, zone, &t, e) != 0)
			return -1;
		int32_t day = day_of(t.year, t.month, t.day);
		*out = (struct deadline){.asked_day = day,
			.day = day,
			.minute = t.hour * 60 + t.minute,
			.at_ms = at_ms,
			.rule = DEADLINE_KEEP,
			.off = workdays_off(workdays, day)};
		return 0;
	}
	int32_t day = step.unit == STEP_WORKDAYS ? workdays_add(workdays, from->day, step.amount)
						 : from->day + step.amount;
	if (day == DAY_NONE)
		return no_day(e);
	return deadline_set(workdays, day, from->minute, zone,
		step.amount < 0 ? DEADLINE_PREVIOUS : DEADLINE_NEXT, out, e);
}

/* ---- words ------------------------------------------------------------------- */

static void put_moment(const struct deadline *d, const char *zone, enum lang lang, struct buf *out)
{
	char text[CALENDAR_TEXT_SIZE];
	if (d->minute == DEADLINE_DAY_END) {
		(void)buf_puts(out, day_words(d->day, lang, text));
		(void)buf_puts(out, lang == LANG_RU ? ", до конца дня" : ", until the end of the day");
	} else if (calendar_format(d->at_ms, zone, lang, CALENDAR_FULL, text, NULL) == 0) {
		(void)buf_puts(out, text);
	}
}

static void put_missing(const struct workdays *workdays, int year, enum lang lang, struct buf *out)
{
	char text[WORKDAYS_TEXT_SIZE];
	if (workdays_status_text(workdays, year, lang, text)[0] != '\0')
		(void)buf_printf(out, "; %s", text);
}

int deadline_explain(const struct workdays *workdays, const struct deadline *d, const char *zone,
	enum lang lang, struct buf *out)
{
	bool ru = lang == LANG_RU;
	char date[DAY_TEXT_SIZE], why[WORKDAYS_TEXT_SIZE];
	if (d->off)
		(void)buf_printf(out, "%s – %s: ", day_words(d->asked_day, lang, date),
			workdays_reason(workdays, d->asked_day, lang, why));
	(void)buf_puts(out, ru ? "срок – " : "due ");
	put_moment(d, zone, lang, out);
	if (d->off && d->rule == DEADLINE_KEEP)
		(void)buf_puts(out, ru ? " (if_day_off: keep – не переносится)" : " (if_day_off: keep – not moved)");
	put_missing(workdays, day_year(d->asked_day), lang, out);
	if (day_year(d->day) != day_year(d->asked_day))
		put_missing(workdays, day_year(d->day), lang, out);
	return buf_ok(out) ? 0 : -1;
}
