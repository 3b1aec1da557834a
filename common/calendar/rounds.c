#include "calendar/rounds.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <libical/ical.h>

#include "base/lang.h"

/* Days a rule may name before it reaches the first period that counts. */
#define DAYS_TRIED_MAX 5000

/* libical keeps an error number and lazily made tables for the whole process. */
static pthread_mutex_t ical_lock = PTHREAD_MUTEX_INITIALIZER;

static const char *bare_rule(const char *rrule)
{
	return strncmp(rrule, "RRULE:", 6) == 0 ? rrule + 6 : rrule;
}

static int rule_wrong(const char *rrule, struct error *e)
{
	return error_set(e, ERROR_INPUT,
		tr("«%.80s» is no rule of recurrence; right would be, for example, FREQ=MONTHLY;BYMONTHDAY=1",
			"«%.80s» – не правило повторения; правильно, например, FREQ=MONTHLY;BYMONTHDAY=1"),
		rrule);
}

/* Nothing but what a rule is made of reaches libical. */
static bool text_ok(const char *rule)
{
	size_t len = strspn(rule, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789=;,+-");
	return len > 0 && len <= ROUNDS_RULE_MAX_BYTES && rule[len] == '\0';
}

/* Under the lock. */
static int parse(const char *rrule, struct icalrecurrencetype *out, struct error *e)
{
	const char *rule = bare_rule(rrule);
	if (!text_ok(rule))
		return rule_wrong(rrule, e);
	icalerror_clear_errno();
	*out = icalrecurrencetype_from_string(rule);
	if (icalerrno != ICAL_NO_ERROR || out->freq == ICAL_NO_RECURRENCE || out->interval < 1) {
		icalerror_clear_errno();
		return rule_wrong(rrule, e);
	}
	if (out->freq < ICAL_DAILY_RECURRENCE || out->freq > ICAL_YEARLY_RECURRENCE ||
		out->by_hour[0] != ICAL_RECURRENCE_ARRAY_MAX || out->by_minute[0] != ICAL_RECURRENCE_ARRAY_MAX ||
		out->by_second[0] != ICAL_RECURRENCE_ARRAY_MAX)
		return error_set(e, ERROR_INPUT, "%s",
			tr("a rule names days: FREQ=DAILY, WEEKLY, MONTHLY or YEARLY, no hours; the time is the deadline's",
				"правило называет дни: FREQ=DAILY, WEEKLY, MONTHLY или YEARLY, без часов; время – у срока"));
	if (!icaltime_is_null_time(out->until)) { /* a date includes its day */
		out->until.is_date = 1;
		out->until.hour = out->until.minute = out->until.second = 0;
	}
	return 0;
}

int rounds_rule_check(const char *rrule, struct error *e)
{
	struct icalrecurrencetype rule;
	pthread_mutex_lock(&ical_lock);
	int rc = parse(rrule, &rule, e);
	pthread_mutex_unlock(&ical_lock);
	return rc;
}

/* ---- one round ------------------------------------------------------------------ */

static int open_day(const struct workdays *workdays, const struct rounds_rule *rule,
	struct round *round, struct error *e)
{
	struct deadline opens;
	if (rule->opens.amount == 0) {
		round->opens_day = workdays_next(workdays, round->period_day);
	} else {
		if (deadline_shift(workdays, &round->deadline, rule->opens, rule->zone, &opens, e) != 0)
			return -1;
		round->opens_day = workdays_previous(workdays, opens.day);
	}
	if (round->opens_day == DAY_NONE || round->opens_day > round->deadline.day)
		round->opens_day = round->deadline.day;
	return 0;
}

static int round_set(const struct workdays *workdays, const struct rounds_rule *rule, int32_t due_day,
	struct round *round, struct error *e)
{
	round->period_day = period_add(rule->period, due_day, rule->previous ? -1 : 0);
	if (round->period_day == DAY_NONE)
		return error_set(e, ERROR_INPUT, "%s", tr("outside the years 1 to 9999", "вне годов от 1 до 9999"));
	if (deadline_set(workdays, due_day, rule->minute, rule->zone, rule->if_off, &round->deadline, e) != 0)
		return -1;
	return open_day(workdays, rule, round, e);
}

/* ---- all of them ------------------------------------------------------------------ */

struct days {
	int32_t day[DAYS_TRIED_MAX];
	size_t count;
	bool endless;
};

static int32_t first_day(const struct rounds_rule *rule)
{
	return rule->previous ? period_add(rule->period, rule->from_day, 1)
			      : period_first(rule->period, rule->from_day);
}

/* The last day on which an answer about the last period can be due. */
static int32_t last_day(const struct rounds_rule *rule)
{
	if (rule->to_day == DAY_NONE)
		return DAY_NONE;
	int32_t last = rule->previous ? period_add(rule->period, rule->to_day, 1) : rule->to_day;
	return last == DAY_NONE ? DAY_NONE : period_last(rule->period, last);
}

static int collect(const struct rounds_rule *rule, struct days *days, struct error *e)
{
	struct icalrecurrencetype parsed;
	int32_t start = first_day(rule), stop = last_day(rule);
	if (start == DAY_NONE)
		return error_set(e, ERROR_INPUT, "%s", tr("outside the years 1 to 9999", "вне годов от 1 до 9999"));
	if (parse(rule->rrule, &parsed, e) != 0)
		return -1;
	if (stop == DAY_NONE && parsed.count == 0 && icaltime_is_null_time(parsed.until))
		return error_set(e, ERROR_INPUT, "%s",
			tr("the rule has no end: say the last period, or COUNT or UNTIL",
				"у правила нет конца: назовите последний период либо COUNT или UNTIL"));
	struct calendar_time t = day_split(start);
	/* Not icaltime_null_date(): its hour is -1, and the first day would come twice. */
	struct icaltimetype first = icaltime_null_time();
	first.is_date = 1;
	first.year = t.year;
	first.month = t.month;
	first.day = t.day;
	icalrecur_iterator *iterator = icalrecur_iterator_new(parsed, first);
	if (iterator == NULL) {
		icalerror_clear_errno();
		return rule_wrong(rule->rrule, e);
	}
	int32_t before = DAY_NONE;
	while (days->count < DAYS_TRIED_MAX) {
		struct icaltimetype next = icalrecur_iterator_next(iterator);
		int32_t day = icaltime_is_null_time(next) ? DAY_NONE : day_of(next.year, next.month, next.day);
		if (day == DAY_NONE || (stop != DAY_NONE && day > stop) || (before != DAY_NONE && day <= before))
			break;
		before = day;
		if (day >= start)
			days->day[days->count++] = day;
	}
	days->endless = days->count == DAYS_TRIED_MAX;
	icalrecur_iterator_free(iterator);
	icalerror_clear_errno();
	return 0;
}

static int expand(const struct workdays *workdays, const struct rounds_rule *rule, const struct days *days,
	struct round *out, size_t *count, struct error *e)
{
	if (days->endless || days->count > ROUNDS_MAX)
		return error_set(e, ERROR_INPUT, tr("more than %d rounds", "больше %d периодов"), ROUNDS_MAX);
	if (days->count == 0)
		return error_set(e, ERROR_NOT_FOUND, "%s",
			tr("the rule names no day between the first and the last period",
				"между первым и последним периодом правило не называет ни одного дня"));
	for (size_t i = 0; i < days->count; i++) {
		if (round_set(workdays, rule, days->day[i], &out[i], e) != 0)
			return -1;
		if (i > 0 && out[i].period_day == out[i - 1].period_day) {
			char name[PERIOD_TEXT_SIZE];
			return error_set(e, ERROR_INPUT,
				tr("two answers would be due %s: choose a shorter period",
					"%s пришлось бы отвечать дважды: выберите период короче"),
				period_words(rule->period, out[i].period_day, lang_get(), name));
		}
	}
	*count = days->count;
	return 0;
}

int rounds_expand(const struct workdays *workdays, const struct rounds_rule *rule,
	struct round *out, size_t *count, struct error *e)
{
	struct days days = {.count = 0};
	*count = 0;
	pthread_mutex_lock(&ical_lock);
	int rc = collect(rule, &days, e);
	pthread_mutex_unlock(&ical_lock);
	return rc != 0 ? -1 : expand(workdays, rule, &days, out, count, e);
}
