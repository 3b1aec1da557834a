#include "roadmap/timing.h"

#include <stdlib.h>

#include "base/lang.h"
#include "base/xalloc.h"
#include "calendar/rounds.h"

const char *timing_none_words(enum timing_none why)
{
	switch (why) {
	case TIMING_IS_SAID:
		return "";
	case TIMING_NO_TERM:
		return tr("no term", "срок не указан");
	case TIMING_UNKNOWN:
		return tr("the term is not understood", "срок не понят");
	case TIMING_OPEN:
		return tr("a term without an end", "срок без окончания");
	case TIMING_EVENT:
		return tr("the term is counted from an event", "срок отсчитывается от события");
	case TIMING_NO_DAYS:
		return tr("it recurs on days that are not said", "повторяется, а дни не названы");
	case TIMING_NO_BOUNDS:
		return tr("it recurs without a first and a last day (--from, --to)",
			"повторяется без начала и конца (--from, --to)");
	}
	return "";
}

/* The letters of an occurrence whose begin_day and end_day are set. */
static int place_letters(const struct timing_rules *rules, struct timing *t, struct error *e)
{
	const struct workdays *w = rules->workdays;
	int32_t about = t->begin_day != DAY_NONE ? t->begin_day : t->end_day;
	t->before_day = rules->before > 0 ? workdays_add(w, about, -rules->before) : DAY_NONE;
	t->ask_day = workdays_add(w, t->end_day, rules->after);
	if (rules->after == 0 && t->ask_day != DAY_NONE)
		t->ask_day = workdays_next(w, t->ask_day);
	t->answer_day = t->ask_day == DAY_NONE ? DAY_NONE : workdays_add(w, t->ask_day, rules->answer);
	if (t->answer_day != DAY_NONE && (rules->before == 0 || t->before_day != DAY_NONE))
		return 0;
	return error_set(e, ERROR_INPUT, "%s",
		tr("no working day within a year", "в пределах года нет рабочего дня"));
}

static int add(const struct timing_rules *rules, const struct timing *occurrence, struct timing *out, size_t *count,
	struct error *e)
{
	if (*count == TIMING_MAX)
		return error_set(e, ERROR_INPUT, tr("it happens more than %d times", "происходит больше %d раз"),
			TIMING_MAX);
	out[*count] = *occurrence;
	return place_letters(rules, &out[(*count)++], e);
}

static int add_span(const struct timing_rules *rules, int32_t begin, int32_t end, struct timing *out, size_t *count,
	struct error *e)
{
	const struct timing t = {.begin_day = begin, .end_day = end, .period_day = DAY_NONE};
	return add(rules, &t, out, count, e);
}

/* ---- what recurs -------------------------------------------------------------------- */

/* «ежемесячно» without a day: each whole period within the bounds. */
static int add_periods(const struct term *term, const struct timing_rules *rules, int32_t from, int32_t to,
	struct timing *out, size_t *count, struct error *e)
{
	for (int32_t first = period_first(term->rule.every, from); first != DAY_NONE && first <= to;
		first = period_add(term->rule.every, first, 1)) {
		int32_t last = period_last(term->rule.every, first);
		const struct timing t = {.begin_day = first < from ? from : first,
			.end_day = last > to ? to : last,
			.period_day = first,
			.period = term->rule.every};
		if (add(rules, &t, out, count, e) != 0)
			return -1;
	}
	return 0;
}

/* «до 5 числа каждого месяца»: the rule's days; each ends an occurrence. */
static int add_due_days(const struct term *term, const struct timing_rules *rules, int32_t from, int32_t to,
	struct timing *out, size_t *count, struct error *e)
{
	const struct rounds_rule rule = {.rrule = term->rrule,
		.from_day = from,
		.to_day = to,
		.period = term->rule.every,
		.previous = term->rule.next,
		.minute = DEADLINE_DAY_END,
		.zone = "UTC", /* only days are wanted */
		.if_off = DEADLINE_KEEP};
	struct round *rounds = xcalloc(ROUNDS_MAX, sizeof *rounds);
	size_t n = 0;
	int rc = rounds_expand(rules->workdays, &rule, rounds, &n, e);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		const struct timing t = {.begin_day = DAY_NONE,
			.end_day = rounds[i].deadline.asked_day,
			.period_day = rounds[i].period_day,
			.period = term->rule.every};
		rc = add(rules, &t, out, count, e);
	}
	free(rounds);
	return rc;
}

static int recurring(const struct term *term, const struct timing_rules *rules, struct timing *out, size_t *count,
	enum timing_none *why, struct error *e)
{
	int32_t from = term->begin_day != DAY_NONE ? term->begin_day : rules->from_day;
	int32_t to = term->end_day != DAY_NONE ? term->end_day : rules->to_day;
	bool days_said = term->rule.times == 1 && term->rule.every != PERIOD_DAY &&
		(term->rrule[0] != '\0' || (term->rule.due_date == 0 && term->rule.weekday == 0));
	if (!days_said)
		*why = TIMING_NO_DAYS;
	else if (from == DAY_NONE || to == DAY_NONE || from > to)
		*why = TIMING_NO_BOUNDS;
	if (*why != TIMING_IS_SAID)
		return 0;
	return term->rrule[0] == '\0' ? add_periods(term, rules, from, to, out, count, e)
				      : add_due_days(term, rules, from, to, out, count, e);
}

/* ---- the whole ------------------------------------------------------------------------ */

int timing_of(const struct term *term, const struct timing_rules *rules, struct timing *out, size_t *count,
	enum timing_none *why, struct error *e)
{
	*count = 0;
	*why = TIMING_IS_SAID;
	if (term->kind == TERM_UNKNOWN)
		*why = term->why == TERM_WHY_EMPTY ? TIMING_NO_TERM : TIMING_UNKNOWN;
	else if (term->need == TERM_NEEDS_YEAR || term->need == TERM_NEEDS_SCHOOL_YEAR)
		*why = TIMING_UNKNOWN;
	else if (term->kind == TERM_WITHIN)
		*why = TIMING_EVENT;
	else if (term->kind == TERM_ON_DEMAND || (term->kind == TERM_ONGOING && term->end_day == DAY_NONE))
		*why = TIMING_OPEN;
	if (*why != TIMING_IS_SAID)
		return 0;
	if (term->kind == TERM_RECURRING)
		return recurring(term, rules, out, count, why, e);
	if (term->spans == 0)
		return add_span(rules, term->begin_day, term->end_day, out, count, e);
	for (size_t i = 0; i < term->spans; i++)
		if (add_span(rules, term->span[i].begin_day, term->span[i].end_day, out, count, e) != 0)
			return -1;
	return 0;
}
