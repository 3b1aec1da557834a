/* What the parser understood, said back to people. */
#include <stdio.h>

#include "calendar/calendar.h"
#include "calendar/term.h"

const char *term_kind_name(enum term_kind kind)
{
	static const char *const names[] = {
		"unknown", "range", "until", "period", "recurring", "ongoing", "on-demand", "within"};
	return names[kind];
}

static void put_span(const struct term_span *span, bool ru, struct buf *out)
{
	enum lang lang = ru ? LANG_RU : LANG_EN;
	char first[DAY_TEXT_SIZE], last[DAY_TEXT_SIZE];
	if (span->begin_day != DAY_NONE)
		(void)day_words(span->begin_day, lang, first);
	if (span->end_day != DAY_NONE)
		(void)day_words(span->end_day, lang, last);
	if (span->begin_day == DAY_NONE)
		(void)buf_printf(out, ru ? "до %s включительно" : "by %s, that day included", last);
	else if (span->end_day == DAY_NONE)
		(void)buf_printf(out, ru ? "с %s" : "from %s", first);
	else if (span->begin_day == span->end_day)
		(void)buf_puts(out, first);
	else
		(void)buf_printf(out, ru ? "с %s по %s" : "%s to %s", first, last);
}

static void put_spans(const struct term *term, bool ru, struct buf *out)
{
	for (size_t i = 0; i < term->spans; i++) {
		if (i > 0)
			(void)buf_puts(out, "; ");
		put_span(&term->span[i], ru, out);
	}
}

static void put_due(const struct term_rule *rule, bool ru, struct buf *out)
{
	if (rule->weekday != 0)
		(void)buf_printf(out, ru ? ", срок – %s" : ", due on %s",
			day_weekday_name(rule->weekday, ru ? LANG_RU : LANG_EN));
	if (rule->every == PERIOD_YEAR && rule->due_month != 0) {
		char date[DAY_TEXT_SIZE];
		int32_t day = day_of(2000, rule->due_month, rule->due_date != 0 ? rule->due_date : 1);
		if (rule->due_date != 0)
			(void)buf_printf(out, ru ? ", до %s" : ", by %s",
				day_words_short(day, ru ? LANG_RU : LANG_EN, date));
		else
			(void)buf_printf(out, ru ? ", %s" : ", %s",
				day_month_name(rule->due_month, ru ? LANG_RU : LANG_EN));
		if (rule->next)
			(void)buf_puts(out, ru ? " следующего года" : " of the next year");
		return;
	}
	if (rule->due_date == 0)
		return;
	(void)buf_printf(out, ru ? ", до %d числа" : ", by day %d", rule->due_date);
	if (rule->due_month != 0)
		(void)buf_printf(out, ru ? " %d-го месяца периода" : " of the period's month %d", rule->due_month);
	else if (rule->next)
		(void)buf_puts(out, ru ? " месяца, следующего за отчётным периодом" : " of the month after the period");
	else if (rule->every != PERIOD_MONTH)
		(void)buf_puts(out, ru ? " (какого месяца, не сказано)" : " (of which month is not said)");
}

static void put_rule(const struct term *term, bool ru, struct buf *out)
{
	static const char *const every_ru[] = {"ежедневно", "еженедельно", "ежемесячно", "ежеквартально",
		"раз в полугодие", "ежегодно", "каждый учебный год"};
	static const char *const every_en[] = {"every day", "every week", "every month", "every quarter",
		"every half-year", "every year", "every school year"};
	const struct term_rule *rule = &term->rule;
	(void)buf_puts(out, (ru ? every_ru : every_en)[rule->every]);
	if (rule->times > 1)
		(void)buf_printf(out, ru ? ", %d %s" : ", %d %s", rule->times,
			calendar_plural(rule->times, ru ? LANG_RU : LANG_EN, ru ? "раз" : "time",
				ru ? "раза" : "times", "раз"));
	put_due(rule, ru, out);
}

static void put_within(const char *text, const struct term *term, bool ru, struct buf *out)
{
	static const struct {
		const char *one, *few, *many, *en_one, *en_many;
	} units[] = {[PERIOD_DAY] = {"дня", "дней", "дней", "day", "days"},
		[PERIOD_WEEK] = {"недели", "недель", "недель", "week", "weeks"},
		[PERIOD_MONTH] = {"месяца", "месяцев", "месяцев", "month", "months"}};
	int n = term->within < 0 ? -term->within : term->within;
	int unit = (int)term->within_unit;
	bool one = n % 10 == 1 && n % 100 != 11;
	if (ru && term->within < 0)
		(void)buf_printf(out, "не позднее чем за %d %s%s до события", n,
			term->within_working ? "раб. " : "", calendar_plural(n, LANG_RU, unit == PERIOD_DAY ? "день" : units[unit].one,
				unit == PERIOD_DAY ? "дня" : units[unit].one, units[unit].many));
	else if (ru)
		(void)buf_printf(out, "в течение %d %s%s после события", n,
			term->within_working ? (one ? "рабочего " : "рабочих ") : "",
			one ? units[unit].one : units[unit].many);
	else
		(void)buf_printf(out, "%d %s%s %s an event", n, term->within_working ? "working " : "",
			n == 1 ? units[unit].en_one : units[unit].en_many, term->within < 0 ? "before" : "after");
	if (term->event_at != 0)
		(void)buf_printf(out, " («%.200s»)", text + term->event_at);
}

static const char *why_words(enum term_why why, bool ru)
{
	static const struct {
		const char *en, *ru;
	} words[] = {
		[TERM_WHY_NOTHING] = {"", ""},
		[TERM_WHY_EMPTY] = {"the term is empty", "срок не указан"},
		[TERM_WHY_TOO_LONG] = {"too long for a term", "слишком длинно для срока"},
		[TERM_WHY_WORDS] = {"not understood", "не понято"},
		[TERM_WHY_NO_DATE] = {"there is no such date", "такой даты нет"},
		[TERM_WHY_BACKWARDS] = {"it ends before it begins", "конец раньше начала"},
		[TERM_WHY_AMBIGUOUS] = {"can be read in two ways: write the dates",
			"можно понять двояко: напишите даты"}};
	return ru ? words[why].ru : words[why].en;
}

static void put_need(const struct term *term, bool ru, struct buf *out)
{
	if (term->need == TERM_NEEDS_YEAR)
		(void)buf_puts(out, ru ? "год не назван: укажите его" : "the year is missing: say which");
	else if (term->need == TERM_NEEDS_SCHOOL_YEAR)
		(void)buf_puts(out, ru ? "учебный год не назван: укажите его" : "the school year is missing: say which");
}

int term_explain(const char *text, const struct term *term, enum lang lang, struct buf *out)
{
	bool ru = lang == LANG_RU;
	bool bare = false; /* nothing but the days to say */
	switch (term->kind) {
	case TERM_UNKNOWN:
		(void)buf_puts(out, why_words(term->why, ru));
		if (term->len > 0)
			(void)buf_printf(out, ru ? ": «%.*s»" : ": “%.*s”", (int)(term->len < 200 ? term->len : 200),
				text + term->at);
		return buf_ok(out) ? 0 : -1;
	case TERM_RANGE:
	case TERM_UNTIL:
	case TERM_PERIOD:
		bare = true;
		break;
	case TERM_RECURRING:
		put_rule(term, ru, out);
		break;
	case TERM_ONGOING:
		(void)buf_puts(out, ru ? "постоянно" : "all the time");
		break;
	case TERM_ON_DEMAND:
		(void)buf_puts(out, ru ? "по мере необходимости, без своего срока" : "as needed, without a term of its own");
		break;
	case TERM_WITHIN:
		put_within(text, term, ru, out);
		return buf_ok(out) ? 0 : -1;
	}
	if (!bare && (term->spans > 0 || term->need != TERM_NEEDS_NOTHING))
		(void)buf_puts(out, ", ");
	put_spans(term, ru, out);
	put_need(term, ru, out);
	return buf_ok(out) ? 0 : -1;
}
