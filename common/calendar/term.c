/* The forms a term takes. Each parse_* wants the whole text; term_parse takes
 * the first that has it, and otherwise says how far the best one came. */
#include "calendar/term.h"

#include <stdio.h>
#include <string.h>

#include "calendar/term_inside.h"

#define PATTERN_WORD_SIZE 256

bool term_seq(struct parser *p, const char *pattern)
{
	size_t start = p->pos;
	while (*pattern != '\0') {
		size_t n = strcspn(pattern, " ");
		char word[PATTERN_WORD_SIZE];
		bool optional = *pattern == '?';
		(void)snprintf(word, sizeof word, "%.*s", (int)(n - optional), pattern + optional);
		if (!parser_take(p, word) && !optional) {
			p->pos = start;
			return false;
		}
		pattern += n + (pattern[n] == ' ');
	}
	return true;
}

/* Words that say nothing about when; false when there is a number or a month among them. */
static bool idle_words(struct parser *p)
{
	size_t start = p->pos;
	for (;;) {
		const struct token *token = parser_at(p);
		if (token->type == TOKEN_END)
			return true;
		if (token->type == TOKEN_NUMBER || (token->type == TOKEN_WORD && term_month(token->word) != 0)) {
			p->pos = start;
			return false;
		}
		p->pos++;
	}
}

/* ---- spans -------------------------------------------------------------------- */

static bool any_point(struct parser *p, struct point *out)
{
	return point_parse(p, out) || point_bare(p, out);
}

static bool is_year(const struct point *point)
{
	return point->kind == POINT_YEAR || point->kind == POINT_SCHOOL_YEAR;
}

static bool span_one(struct parser *p, struct spans *out)
{
	size_t start = p->pos;
	struct point *point = &out->point[out->points];
	bool from = term_seq(p, "начиная с|со") || parser_take(p, "с|со");
	if (!any_point(p, &point[0]))
		goto no;
	bool range = from ? parser_take(p, "по|до") || parser_take_type(p, TOKEN_DASH)
			  : parser_take_type(p, TOKEN_DASH);
	if (range) {
		(void)(parser_take(p, "по|до"));
		bool whole = parser_take(p, "конца");
		if (!any_point(p, &point[1]))
			goto no;
		/* «май – 2019»: until its end, or May of it? */
		if (!whole && point[0].kind != POINT_BARE && is_year(&point[0]) != is_year(&point[1])) {
			parser_why(p, TERM_WHY_AMBIGUOUS, point[1].pos);
			goto no;
		}
	} else if (from) {
		out->open = true;
	}
	out->range[out->spans++] = range;
	out->points += range ? 2 : 1;
	return true;
no:
	p->pos = start;
	return false;
}

static bool spans_parse(struct parser *p, struct spans *out)
{
	*out = (struct spans){.points = 0};
	if (!span_one(p, out))
		return false;
	while (out->spans < TERM_SPANS_MAX && !out->open) {
		size_t start = p->pos;
		struct point *last = &out->point[out->points - 1];
		bool more = parser_take_type(p, TOKEN_COMMA);
		/* «сентябрь, 2018»: the month's year, not another term */
		if (more && last->year == 0 && last->kind != POINT_BARE && point_year(p, &last->year))
			continue;
		more = parser_take(p, "и") || more;
		if (!more || !span_one(p, out)) {
			p->pos = start;
			break;
		}
	}
	(void)parser_take(p, "включительно");
	(void)term_seq(p, "по|согласно ?отдельному|утвержденному графику|плану|расписанию"); /* days within it */
	/* «2019, май»: a year and a month, or a month of that year? */
	for (size_t i = 0; i < out->points; i++)
		for (size_t k = 0; k < out->points; k++)
			if (is_year(&out->point[i]) && !is_year(&out->point[k]) && out->point[k].year == 0) {
				parser_why(p, TERM_WHY_AMBIGUOUS, out->point[k].pos);
				return false;
			}
	return !out->open || out->spans == 1;
}

bool term_spans_apply(struct parser *p, struct spans *spans)
{
	struct term *out = p->out;
	if (!points_resolve(p, spans->point, spans->points))
		return false;
	if (out->need != TERM_NEEDS_NOTHING)
		return true;
	const struct point *point = spans->point;
	for (size_t i = 0; i < spans->spans; i++) {
		const struct point *last = spans->range[i] ? point + 1 : point;
		struct term_span span = {point_first(point), spans->open ? DAY_NONE : point_last(last)};
		/* 29 February of a year that has none */
		if (span.begin_day == DAY_NONE || (!spans->open && span.end_day == DAY_NONE)) {
			parser_why(p, TERM_WHY_NO_DATE, span.begin_day == DAY_NONE ? point->pos : last->pos);
			return false;
		}
		if (!spans->open && span.end_day < span.begin_day) {
			parser_why(p, TERM_WHY_BACKWARDS, last->pos);
			return false;
		}
		if (i == 0)
			out->begin_day = span.begin_day;
		if (i == 0 || span.end_day > out->end_day)
			out->end_day = span.end_day;
		if (span.begin_day < out->begin_day)
			out->begin_day = span.begin_day;
		out->span[out->spans++] = span;
		point = last + 1;
	}
	return true;
}

/* «в течение», «в», «в период»: what may stand before a span. */
static void span_preposition(struct parser *p)
{
	if (term_seq(p, "в|на течение|течении|протяжении|период") || term_seq(p, "за период"))
		(void)parser_take(p, "всего");
	else if (!parser_take(p, "в|во"))
		(void)parser_take(p, "весь");
}

/* «года», «календарного года» without a number. */
static bool bare_year(struct parser *p, struct spans *out)
{
	size_t start = p->pos;
	(void)parser_take(p, "текущего|календарного|календарный|текущий");
	if (!parser_take(p, "года|год|году")) {
		p->pos = start;
		return false;
	}
	*out = (struct spans){.points = 1, .spans = 1};
	out->point[0] = (struct point){.kind = POINT_YEAR, .pos = start};
	return true;
}

bool term_bounds(struct parser *p, struct spans *spans)
{
	size_t start = p->pos;
	span_preposition(p);
	if (spans_parse(p, spans) || (p->pos > start && bare_year(p, spans)))
		return true;
	p->pos = start;
	return false;
}

static bool parse_span(struct parser *p)
{
	struct spans spans;
	if (!term_bounds(p, &spans) || !parser_end(p))
		return false;
	/* «2018 – 2019» without «годы»: two years, or a school year? */
	if (spans.range[0] && spans.points == 2 && spans.point[0].kind == POINT_YEAR &&
		spans.point[1].kind == POINT_YEAR && spans.point[1].year == spans.point[0].year + 1 &&
		p->token[p->pos - 1].type == TOKEN_NUMBER) {
		parser_why(p, TERM_WHY_AMBIGUOUS, spans.point[0].pos);
		return false;
	}
	if (!term_spans_apply(p, &spans))
		return false;
	bool ranges = spans.point[0].kind == POINT_DAY;
	for (size_t i = 0; i < spans.spans; i++)
		ranges = ranges || spans.range[i];
	p->out->kind = spans.open ? TERM_ONGOING : ranges ? TERM_RANGE : TERM_PERIOD;
	return true;
}

/* ---- until -------------------------------------------------------------------- */

enum until term_until_word(struct parser *p)
{
	(void)term_seq(p, "в срок");
	if (term_seq(p, "не позднее|позже ?чем"))
		return UNTIL_LAST;
	if (term_seq(p, "до|к конца|концу|окончания|истечения"))
		return UNTIL_LAST;
	if (parser_take(p, "до|к"))
		return UNTIL_VAGUE;
	return parser_take(p, "по") ? UNTIL_LAST : UNTIL_NOT;
}

static bool until_point(struct parser *p, enum until until, struct point *out)
{
	struct spans year;
	if (point_parse(p, out)) {
		bool vague = until == UNTIL_VAGUE && out->kind != POINT_DAY;
		if (vague)
			parser_why(p, TERM_WHY_AMBIGUOUS, out->pos);
		(void)parser_take(p, "включительно");
		return !vague;
	}
	if (until != UNTIL_LAST || !bare_year(p, &year))
		return false;
	*out = year.point[0];
	return true;
}

static bool parse_until(struct parser *p)
{
	struct point point[TERM_SPANS_MAX];
	size_t count = 0;
	do {
		enum until until = term_until_word(p);
		if (until == UNTIL_NOT && count == 0)
			return false;
		if (!until_point(p, until == UNTIL_NOT ? UNTIL_VAGUE : until, &point[count]))
			return false;
		count++;
	} while (count < TERM_SPANS_MAX && !parser_end(p) &&
		 (parser_take_type(p, TOKEN_COMMA) || parser_take(p, "и")));
	if (!parser_end(p) || !points_resolve(p, point, count))
		return false;
	p->out->kind = TERM_UNTIL;
	for (size_t i = 0; i < count && p->out->need == TERM_NEEDS_NOTHING; i++) {
		int32_t last = point_last(&point[i]);
		if (last == DAY_NONE) {
			parser_why(p, TERM_WHY_NO_DATE, point[i].pos);
			return false;
		}
		p->out->span[p->out->spans++] = (struct term_span){DAY_NONE, last};
		if (p->out->end_day == DAY_NONE || last > p->out->end_day)
			p->out->end_day = last;
	}
	return true;
}

/* ---- ongoing, on demand ------------------------------------------------------------ */

static bool parse_ongoing(struct parser *p)
{
	static const char *const forms[] = {"постоянно", "на постоянной основе", "систематически", "непрерывно",
		"круглогодично", "бессрочно", "регулярно", "весь период", "в|на течение|течении|протяжении всего периода|срока",
		"в|на течение|течении|протяжении периода|срока"};
	struct spans spans;
	bool found = false;
	for (size_t i = 0; i < sizeof forms / sizeof forms[0] && !found; i++)
		found = term_seq(p, forms[i]);
	if (!found)
		return false;
	(void)term_seq(p, "?реализации|действия ?дорожной|национального ?карты|плана|проекта|программы|мероприятий|"
		     "комплекса|приказа ?мер|мероприятий|реализации");
	p->out->kind = TERM_ONGOING;
	if (parser_end(p))
		return true;
	(void)parser_take_type(p, TOKEN_COMMA);
	return term_bounds(p, &spans) && parser_end(p) && term_spans_apply(p, &spans);
}

static bool parse_on_demand(struct parser *p)
{
	static const char *const forms[] = {"по мере необходимости|надобности|поступления|готовности|проведения|возникновения|выявления",
		"при необходимости|наличии|поступлении", "по необходимости|запросу|запросам|требованию|согласованию|факту",
		"по заявкам|заявке|обращению|обращениям",
		"по ?отдельному|утвержденному|установленному|особому|дополнительному графику|плану|приказу|расписанию",
		"по ?отдельным|утвержденным планам|графикам|приказам",
		"согласно ?отдельному|утвержденному графику|плану|расписанию|приказу",
		"в соответствии с ?отдельным|утвержденным графиком|планом|расписанием|приказом",
		"в установленные сроки|срок", "в установленный срок"};
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		size_t start = p->pos;
		if (term_seq(p, forms[i]) && p->pos > start && idle_words(p)) {
			p->out->kind = TERM_ON_DEMAND;
			return true;
		}
		p->pos = start;
	}
	return false;
}

/* ---- within --------------------------------------------------------------------- */

bool term_small_number(struct parser *p, int *number)
{
	const struct token *token = parser_at(p);
	int value = token->type == TOKEN_NUMBER && token->digits <= 3 ? token->number
		: token->type == TOKEN_WORD ? term_number_word(token->word) : 0;
	if (value == 0)
		return false;
	*number = value;
	p->pos++;
	return true;
}

static bool within_unit(struct parser *p, struct term *out)
{
	out->within_working = parser_take(p, "рабочих|рабочего|рабочий|рабочие");
	if (!out->within_working)
		(void)parser_take(p, "календарных|календарного|календарный");
	static const struct {
		const char *words;
		enum period unit;
	} units[] = {{"дней|дня|день|дн|суток", PERIOD_DAY}, {"недель|недели|неделю", PERIOD_WEEK},
		{"месяцев|месяца|месяц|мес", PERIOD_MONTH}};
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
		if ((i == 0 || !out->within_working) && parser_take(p, units[i].words)) {
			out->within_unit = units[i].unit;
			return true;
		}
	return false;
}

/* «в 10-дневный срок», «в десятидневный срок», «в недельный срок». */
static bool within_adjective(struct parser *p, struct term *out)
{
	static const struct {
		const char *stem;
		int number;
	} stems[] = {{"одно", 1}, {"двух", 2}, {"трех", 3}, {"четырех", 4}, {"пяти", 5}, {"шести", 6}, {"семи", 7},
		{"восьми", 8}, {"девяти", 9}, {"десяти", 10}, {"четырнадцати", 14}, {"пятнадцати", 15},
		{"двадцати", 20}, {"тридцати", 30}, {"", 1}};
	static const struct {
		const char *words;
		enum period unit;
	} units[] = {{"дневный", PERIOD_DAY}, {"недельный", PERIOD_WEEK}, {"месячный", PERIOD_MONTH}};
	int number = 0;
	if (!parser_take(p, "в"))
		return false;
	bool given = term_small_number(p, &number);
	if (given)
		(void)parser_take_type(p, TOKEN_DASH);
	const struct token *token = parser_at(p);
	for (size_t u = 0; u < 3 && token->type == TOKEN_WORD; u++)
		for (size_t i = 0; i < sizeof stems / sizeof stems[0]; i++) {
			size_t n = strlen(stems[i].stem);
			if (strncmp(token->word, stems[i].stem, n) != 0 || strcmp(token->word + n, units[u].words) != 0)
				continue;
			if ((given && n != 0) || (n == 0 && u == 0 && !given))
				return false;
			p->pos++;
			out->within = given ? number : stems[i].number;
			out->within_unit = units[u].unit;
			return term_seq(p, "срок");
		}
	return false;
}

static bool within_amount(struct parser *p, struct term *out)
{
	if (term_seq(p, "в|на течение|течении|протяжении") || term_seq(p, "не позднее|позже ?чем") || parser_take(p, "через")) {
		if (parser_take(p, "за")) { /* «не позднее чем за 10 дней до начала» */
			if (!term_small_number(p, &out->within) || !within_unit(p, out))
				return false;
			out->within = -out->within;
			return true;
		}
		if (!term_small_number(p, &out->within)) {
			if (!parser_is(p, "месяца|недели|дня|суток"))
				return false;
			out->within = 1;
		}
		return within_unit(p, out);
	}
	if (!parser_take(p, "за") || !term_small_number(p, &out->within) || !within_unit(p, out))
		return false;
	out->within = -out->within;
	return true;
}

static bool parse_within(struct parser *p)
{
	size_t start = p->pos;
	if (!within_adjective(p, p->out)) {
		p->pos = start;
		if (!within_amount(p, p->out))
			return false;
	}
	p->out->kind = TERM_WITHIN;
	p->out->need = TERM_NEEDS_EVENT;
	(void)parser_take_type(p, TOKEN_COMMA);
	bool before = p->out->within < 0;
	if (parser_end(p))
		return !before; /* «за 10 дней» of what? */
	size_t event = p->pos;
	if (!(before ? parser_take(p, "до") : parser_take(p, "со|с|после|от|по|следующих|следующего") || term_seq(p, "начиная с|со")) ||
		parser_at(p)->type == TOKEN_END)
		return false;
	p->out->event_at = p->token[event].at;
	return true;
}

/* ---- the whole ------------------------------------------------------------------ */

static void reset(struct term *out)
{
	*out = (struct term){.begin_day = DAY_NONE, .end_day = DAY_NONE};
}

static void not_understood(struct parser *p, size_t text_len)
{
	struct term *out = p->out;
	size_t pos = p->why != TERM_WHY_NOTHING ? p->why_pos : p->far;
	const struct token *token = &p->token[pos];
	reset(out);
	out->why = p->why != TERM_WHY_NOTHING ? p->why : TERM_WHY_WORDS;
	if (token->type == TOKEN_END && pos > 0)
		token--; /* something is missing after it */
	out->at = token->at;
	out->len = token->len;
	if (out->at + out->len > text_len)
		out->len = text_len - out->at;
}

static bool refuse(struct term *out, enum term_why why, size_t len)
{
	out->why = why;
	out->len = len;
	return false;
}

bool term_parse(const char *text, const struct term_context *context, struct term *out)
{
	static const struct term_context none = {0};
	static bool (*const forms[])(struct parser *) = {term_recurring, parse_ongoing, parse_on_demand,
		parse_within, parse_until, parse_span};
	struct token token[TOKENS_MAX];
	size_t len = strlen(text);
	reset(out);
	if (len > TERM_TEXT_MAX_BYTES || term_lex(text, token) != 0)
		return refuse(out, TERM_WHY_TOO_LONG, len);
	if (token[0].type == TOKEN_END)
		return refuse(out, TERM_WHY_EMPTY, len);
	struct parser p = {.token = token, .context = context != NULL ? context : &none, .out = out};
	size_t first = 0;
	if (term_seq(&p, "срок|сроки ?исполнения|реализации|проведения|выполнения") && !parser_end(&p)) {
		(void)parser_take_type(&p, TOKEN_DASH);
		first = p.pos;
	}
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		reset(out);
		p.pos = first;
		if (forms[i](&p))
			return true;
	}
	not_understood(&p, len);
	return false;
}
