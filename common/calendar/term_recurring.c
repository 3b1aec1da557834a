/* Recurring terms: how often, by which day, from when to when. */
#include <stdio.h>
#include <string.h>

#include "calendar/term_inside.h"

static bool take_every(struct parser *p, struct term_rule *rule)
{
	static const struct {
		const char *form;
		enum period every;
	} forms[] = {{"ежедневно", PERIOD_DAY}, {"каждый день", PERIOD_DAY}, {"еженедельно", PERIOD_WEEK},
		{"каждую неделю", PERIOD_WEEK}, {"ежемесячно|ежемесячный|помесячно", PERIOD_MONTH},
		{"каждый месяц", PERIOD_MONTH}, {"каждого месяца", PERIOD_MONTH}, {"ежеквартально|ежеквартальный|поквартально", PERIOD_QUARTER},
		{"каждый квартал", PERIOD_QUARTER}, {"каждого квартала", PERIOD_QUARTER}, {"по кварталам", PERIOD_QUARTER},
		{"по полугодиям", PERIOD_HALF}, {"каждое полугодие", PERIOD_HALF}, {"каждого полугодия", PERIOD_HALF},
		{"по месяцам", PERIOD_MONTH}, {"ежегодно|ежегодный", PERIOD_YEAR}, {"каждый год", PERIOD_YEAR},
		{"каждого года", PERIOD_YEAR}, {"каждый учебный год", PERIOD_SCHOOL_YEAR}};
	static const struct {
		const char *words;
		enum period every;
	} units[] = {{"день|сутки", PERIOD_DAY}, {"неделю", PERIOD_WEEK}, {"месяц", PERIOD_MONTH},
		{"квартал", PERIOD_QUARTER}, {"полугодие|полгода", PERIOD_HALF}, {"год", PERIOD_YEAR}};
	rule->times = 1;
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
		if (term_seq(p, forms[i].form)) {
			rule->every = forms[i].every;
			return true;
		}
	size_t start = p->pos;
	(void)term_seq(p, "не реже|менее");
	(void)parser_take(p, "чем");
	(void)term_small_number(p, &rule->times);
	if (!term_seq(p, "раз|раза в"))
		goto no;
	if (term_seq(p, "учебный год")) {
		rule->every = PERIOD_SCHOOL_YEAR;
		return true;
	}
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
		if (parser_take(p, units[i].words)) {
			rule->every = units[i].every;
			return true;
		}
no:
	rule->times = 1; /* the number belonged to something else */
	p->pos = start;
	return false;
}

static bool period_word(struct parser *p, enum period *every)
{
	static const struct {
		const char *words;
		enum period every;
	} units[] = {{"месяцем|месяца|месяц", PERIOD_MONTH}, {"кварталом|квартала|квартал", PERIOD_QUARTER},
		{"полугодием|полугодия|полугодие", PERIOD_HALF}, {"годом|года|год", PERIOD_YEAR}};
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
		if (parser_take(p, units[i].words)) {
			*every = units[i].every;
			return true;
		}
	return false;
}

static bool same_every(struct term_rule *rule, bool *known, enum period every)
{
	if (*known && rule->every != every)
		return false;
	rule->every = every;
	*known = true;
	return true;
}

/* «, следующего за отчетным [кварталом|периодом]» */
static bool following_reported(struct parser *p, struct term_rule *rule, bool *known)
{
	enum period every = rule->every;
	(void)parser_take_type(p, TOKEN_COMMA);
	if (!term_seq(p, "следующего за отчетным|отчетным|истекшим|прошедшим"))
		return false;
	rule->next = true;
	if (parser_take(p, "периодом"))
		return true; /* which one another word must say */
	return period_word(p, &every) ? same_every(rule, known, every)
				      : same_every(rule, known, *known ? rule->every : PERIOD_MONTH);
}

/* «последнего месяца [каждого] квартала» */
static bool month_of_period(struct parser *p, struct term_rule *rule, bool *known)
{
	size_t start = p->pos;
	enum period every;
	int month = 0;
	bool last = parser_take(p, "последнего");
	if (!last && !term_small_number(p, &month))
		return false;
	if (!parser_take(p, "месяца") || (parser_take(p, "каждого|отчетного"), false) || !period_word(p, &every) ||
		every == PERIOD_MONTH) {
		p->pos = start;
		return false;
	}
	int months = every == PERIOD_QUARTER ? 3 : every == PERIOD_HALF ? 6 : 12;
	rule->due_month = last ? months : month;
	return rule->due_month <= months && same_every(rule, known, every);
}

/* «[до] 5 числа [каждого месяца | месяца, следующего за отчетным | …]» */
static bool due_date(struct parser *p, struct term_rule *rule, bool *known)
{
	size_t start = p->pos;
	int date;
	bool each = term_until_word(p) == UNTIL_NOT && parser_take(p, "каждое|каждого");
	if (parser_take(p, "последнего|последнее|последний") && parser_take(p, "числа|число|дня|день")) {
		rule->due_date = 31; /* in every month its last day, see append_date */
		if (parser_is(p, "месяца"))
			each = true;
		goto tail;
	}
	if (!term_small_number(p, &date) || !parser_take(p, "числа|число"))
		goto no;
	if (date > 31) {
		parser_why(p, TERM_WHY_NO_DATE, p->pos - 2);
		goto no;
	}
	rule->due_date = date;
tail:
	(void)parser_take(p, "включительно");
	if (month_of_period(p, rule, known))
		return true;
	if (term_seq(p, "следующего месяца")) {
		rule->next = true;
		return *known || same_every(rule, known, PERIOD_MONTH);
	}
	if (term_seq(p, "каждого|текущего|отчетного месяца"))
		return *known || same_every(rule, known, PERIOD_MONTH);
	size_t before = p->pos;
	(void)parser_take(p, "месяца");
	if (following_reported(p, rule, known))
		return true;
	p->pos = before;
	if (!each)
		return true;
	(void)parser_take(p, "месяца");
	return same_every(rule, known, *known ? rule->every : PERIOD_MONTH);
no:
	p->pos = start;
	return false;
}

static int weekday_of(const char *word)
{
	static const char *const forms[] = {"понедельник|понедельникам|понедельника", "вторник|вторникам|вторника",
		"среду|средам|среды|среда", "четверг|четвергам|четверга", "пятницу|пятницам|пятницы|пятница",
		"субботу|субботам|субботы|суббота", "воскресенье|воскресеньям|воскресенья"};
	struct token token[2] = {{.type = TOKEN_WORD}, {.type = TOKEN_END}};
	(void)snprintf(token[0].word, sizeof token[0].word, "%s", word);
	struct parser p = {.token = token};
	for (int i = 0; i < 7; i++)
		if (parser_is(&p, forms[i]))
			return i + 1;
	return 0;
}

/* «по пятницам», «каждый понедельник», «до пятницы» */
static bool due_weekday(struct parser *p, struct term_rule *rule, bool *known)
{
	size_t start = p->pos;
	bool every = parser_take(p, "по|каждый|каждую|каждое|каждая") || (*known && parser_take(p, "до|в|к"));
	const struct token *token = parser_at(p);
	int weekday = token->type == TOKEN_WORD && (every || *known) ? weekday_of(token->word) : 0;
	if (weekday == 0 || !same_every(rule, known, PERIOD_WEEK)) {
		p->pos = start;
		return false;
	}
	p->pos++;
	rule->weekday = weekday;
	return true;
}

/* «ежегодно до 1 сентября», «ежегодно в августе», «до 15 января года, следующего
 * за отчетным» */
static bool due_in_year(struct parser *p, struct term_rule *rule, bool *known)
{
	size_t start = p->pos;
	struct point point;
	enum until until = term_until_word(p);
	if (until == UNTIL_NOT)
		(void)parser_take(p, "в");
	if (!point_parse(p, &point) || point.year != 0 || (point.kind != POINT_DAY && point.kind != POINT_MONTH) ||
		parser_is(p, "по") || parser_at(p)->type == TOKEN_DASH)
		goto no;
	if (until == UNTIL_VAGUE && point.kind == POINT_MONTH) {
		parser_why(p, TERM_WHY_AMBIGUOUS, point.pos);
		goto no;
	}
	if (point.kind == POINT_DAY && !calendar_date_exists(2000, point.month, point.date)) {
		parser_why(p, TERM_WHY_NO_DATE, point.pos);
		goto no;
	}
	size_t before = p->pos;
	(void)parser_take(p, "года");
	bool year = true;
	struct term_rule trial = *rule;
	trial.every = PERIOD_YEAR;
	if (following_reported(p, &trial, &year))
		rule->next = true;
	else
		p->pos = before;
	if (!rule->next && !(*known && rule->every == PERIOD_YEAR))
		goto no;
	if (!same_every(rule, known, PERIOD_YEAR))
		goto no;
	rule->due_month = point.month;
	rule->due_date = point.date;
	return true;
no:
	p->pos = start;
	return false;
}

static void append_months(char *out, size_t size, int first, int step)
{
	for (int month = first, n = 0; month <= 12; month += step, n++) {
		size_t len = strlen(out);
		(void)snprintf(out + len, size - len, "%s%d", n > 0 ? "," : "", month);
	}
}

/* Months shorter than the date have their last day instead. */
static void append_date(char *out, size_t size, int date)
{
	size_t len = strlen(out);
	if (date <= 28) {
		(void)snprintf(out + len, size - len, ";BYMONTHDAY=%d", date);
		return;
	}
	(void)snprintf(out + len, size - len, ";BYMONTHDAY=28");
	for (int i = 29; i <= date; i++) {
		len = strlen(out);
		(void)snprintf(out + len, size - len, ",%d", i);
	}
	len = strlen(out);
	(void)snprintf(out + len, size - len, ";BYSETPOS=-1");
}

static void write_rrule(const struct term_rule *rule, char out[static TERM_RRULE_SIZE])
{
	static const char *const weekdays[] = {"MO", "TU", "WE", "TH", "FR", "SA", "SU"};
	out[0] = '\0';
	if (rule->times != 1)
		return;
	if (rule->every == PERIOD_DAY) {
		(void)snprintf(out, TERM_RRULE_SIZE, "FREQ=DAILY");
	} else if (rule->every == PERIOD_WEEK && rule->weekday != 0) {
		(void)snprintf(out, TERM_RRULE_SIZE, "FREQ=WEEKLY;BYDAY=%s", weekdays[rule->weekday - 1]);
	} else if (rule->every == PERIOD_MONTH && rule->due_date != 0) {
		(void)snprintf(out, TERM_RRULE_SIZE, "FREQ=MONTHLY");
		append_date(out, TERM_RRULE_SIZE, rule->due_date);
	} else if (rule->due_date != 0 && (rule->due_month != 0 || rule->next)) {
		int step = rule->every == PERIOD_QUARTER ? 3 : rule->every == PERIOD_HALF ? 6 : 12;
		(void)snprintf(out, TERM_RRULE_SIZE, "FREQ=YEARLY;BYMONTH=");
		append_months(out, TERM_RRULE_SIZE, rule->due_month != 0 ? rule->due_month : 1, step);
		if (rule->due_date > 28 && step < 12) /* BYSETPOS would choose one of the whole year */
			out[0] = '\0';
		else
			append_date(out, TERM_RRULE_SIZE, rule->due_date);
	}
}

bool term_recurring(struct parser *p)
{
	struct term_rule *rule = &p->out->rule;
	struct spans spans;
	bool known = take_every(p, rule), due = false, bounded = false;
	while (!parser_end(p)) {
		(void)parser_take_type(p, TOKEN_COMMA);
		if (!due && (due_date(p, rule, &known) || due_weekday(p, rule, &known) || due_in_year(p, rule, &known))) {
			due = true;
		} else if (!known && due && take_every(p, rule)) {
			known = true;
		} else if (known && !bounded && term_bounds(p, &spans)) {
			bounded = true;
		} else {
			struct term_rule again = *rule;
			if (!due || !take_every(p, &again) || again.every != rule->every)
				return false; /* «до 10 числа ежемесячно» says it twice, which is fine */
		}
	}
	if (!known)
		return false;
	/* «ежегодно, сентябрь – октябрь» names months of every year, not of one */
	for (size_t i = 0; bounded && rule->every == PERIOD_YEAR && i < spans.points; i++)
		if (spans.point[i].year == 0)
			return false;
	p->out->kind = TERM_RECURRING;
	if (bounded && !term_spans_apply(p, &spans))
		return false;
	write_rrule(rule, p->out->rrule);
	return true;
}

