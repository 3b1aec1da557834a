/* Dates, months, quarters … and the years they leave out. */
#include "calendar/term_inside.h"

#include <string.h>

#define YEAR_LEAST 1900
#define YEAR_MOST 2199

/* Is word one of «a|b|c»? */
static bool among(const char *word, const char *words)
{
	size_t len = strlen(word);
	for (const char *p = words; len > 0; p++) {
		size_t n = strcspn(p, "|");
		if (n == len && memcmp(p, word, n) == 0)
			return true;
		p += n;
		if (*p == '\0')
			break;
	}
	return false;
}

const struct token *parser_at(struct parser *p)
{
	if (p->pos > p->far)
		p->far = p->pos;
	return &p->token[p->pos];
}

bool parser_is(struct parser *p, const char *words)
{
	const struct token *token = parser_at(p);
	return token->type == TOKEN_WORD && among(token->word, words);
}

bool parser_take(struct parser *p, const char *words)
{
	bool is = parser_is(p, words);
	p->pos += is ? 1 : 0;
	return is;
}

bool parser_take_type(struct parser *p, enum token_type type)
{
	bool is = parser_at(p)->type == type;
	p->pos += is ? 1 : 0;
	return is;
}

bool parser_end(struct parser *p)
{
	size_t start = p->pos;
	while (parser_take_type(p, TOKEN_COMMA))
		;
	if (parser_at(p)->type == TOKEN_END)
		return true;
	p->pos = start;
	return false;
}

void parser_why(struct parser *p, enum term_why why, size_t pos)
{
	if (p->why == TERM_WHY_NOTHING) {
		p->why = why;
		p->why_pos = pos;
	}
}

/* ---- words ------------------------------------------------------------------- */

int term_month(const char *word)
{
	static const struct {
		int month;
		const char *words;
	} months[] = {
		{1, "январь|января|январе|январю|янв"}, {2, "февраль|февраля|феврале|февралю|фев|февр"},
		{3, "март|марта|марте|марту|мар"}, {4, "апрель|апреля|апреле|апрелю|апр"},
		{5, "май|мая|мае|маю"}, {6, "июнь|июня|июне|июню|июн"}, {7, "июль|июля|июле|июлю|июл"},
		{8, "август|августа|августе|августу|авг"}, {9, "сентябрь|сентября|сентябре|сентябрю|сен|сент"},
		{10, "октябрь|октября|октябре|октябрю|окт"}, {11, "ноябрь|ноября|ноябре|ноябрю|ноя|нояб"},
		{12, "декабрь|декабря|декабре|декабрю|дек"}};
	for (size_t i = 0; i < sizeof months / sizeof months[0]; i++)
		if (among(word, months[i].words))
			return months[i].month;
	return 0;
}

int term_number_word(const char *word)
{
	static const struct {
		int number;
		const char *words;
	} numbers[] = {
		{1, "один|одного|одна|одну|одно|первый|первого|первая|первое|первом|первой"},
		{2, "два|двух|две|второй|второго|вторая|второе|втором"},
		{3, "три|трех|третий|третьего|третья|третье|третьем|третьей"},
		{4, "четыре|четырех|четвертый|четвертого|четвертое|четвертом"}, {5, "пять|пяти"},
		{6, "шесть|шести"}, {7, "семь|семи"}, {8, "восемь|восьми"}, {9, "девять|девяти"},
		{10, "десять|десяти"}, {14, "четырнадцать|четырнадцати"}, {15, "пятнадцать|пятнадцати"},
		{20, "двадцать|двадцати"}, {30, "тридцать|тридцати"}};
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		if (among(word, numbers[i].words))
			return numbers[i].number;
	return 0;
}

/* «III», «ІІІ», «Ш», «П», «IУ»: typists' Roman numerals up to four; 0: none. */
static int roman(const char *word)
{
	char plain[8] = "";
	size_t len = 0;
	for (size_t i = 0; word[i] != '\0';) {
		static const struct {
			const char *letter, *value;
		} letters[] = {{"i", "I"}, {"l", "I"}, {"і", "I"}, {"v", "V"}, {"у", "V"}, {"ш", "III"}, {"п", "II"}};
		bool found = false;
		for (size_t k = 0; k < sizeof letters / sizeof letters[0] && !found; k++) {
			size_t n = strlen(letters[k].letter), value = strlen(letters[k].value);
			if (strncmp(word + i, letters[k].letter, n) != 0 || len + value >= sizeof plain)
				continue;
			memcpy(plain + len, letters[k].value, value + 1);
			len += value;
			i += n;
			found = true;
		}
		if (!found)
			return 0;
	}
	static const char *const values[] = {"I", "II", "III", "IV"};
	for (int i = 0; i < 4; i++)
		if (strcmp(plain, values[i]) == 0)
			return i + 1;
	return 0;
}

#define YEAR_WORDS "г|гг|год|года|году|годом|годов|годы|годах|годам"
#define QUARTER_WORDS "квартал|квартала|квартале|кварталом|кварталы|кварталов|кварталах|кв"
#define HALF_WORDS "полугодие|полугодия|полугодии|полугодием|полуг|пг"
#define DECADE_WORDS "декада|декады|декаде|декаду"

/* ---- one point ------------------------------------------------------------------- */

static bool is_year(const struct token *token)
{
	return token->type == TOKEN_NUMBER && token->digits == 4 && token->number >= YEAR_LEAST &&
		token->number <= YEAR_MOST;
}

bool point_year(struct parser *p, int *year)
{
	if (!is_year(parser_at(p)))
		return false;
	*year = p->token[p->pos++].number;
	while (parser_take(p, YEAR_WORDS))
		;
	return true;
}

/* «2018 – 2019 учебный год», «2018/19 уч. года», «учебного года». */
static bool school_year(struct parser *p, struct point *out)
{
	size_t start = p->pos;
	int first = 0, second = 0;
	if (is_year(parser_at(p))) {
		first = p->token[p->pos++].number;
		(void)parser_take(p, YEAR_WORDS);
		if (parser_take_type(p, TOKEN_DASH) || parser_take_type(p, TOKEN_SLASH)) {
			const struct token *token = parser_at(p);
			if (token->type != TOKEN_NUMBER || (token->digits != 4 && token->digits != 2))
				goto no;
			second = token->digits == 2 ? first / 100 * 100 + token->number : token->number;
			p->pos++;
			(void)parser_take(p, YEAR_WORDS);
		}
	}
	(void)parser_take(p, "всего");
	if (parser_take(p, "учебный|учебного|учебном|учебным|уч|учебному") && parser_take(p, YEAR_WORDS)) {
		if (first != 0 && second == 0)
			goto no; /* «2018 учебный год» could begin or end in 2018 */
		if (first != 0 && second != first + 1) {
			parser_why(p, TERM_WHY_NO_DATE, start);
			goto no;
		}
		*out = (struct point){.kind = POINT_SCHOOL_YEAR, .year = first, .pos = start};
		return true;
	}
no:
	p->pos = start;
	return false;
}

/* 25.04.2024, 25.04.24, 25.04, 2024-04-25. */
static bool numeric_date(struct parser *p, struct point *out)
{
	const struct token *t = &p->token[p->pos];
	size_t start = p->pos;
	(void)parser_at(p);
	if (is_year(t) && t[1].type == TOKEN_DASH && t[2].type == TOKEN_NUMBER && t[2].digits == 2 &&
		t[3].type == TOKEN_DASH && t[4].type == TOKEN_NUMBER && t[4].digits == 2) {
		*out = (struct point){.kind = POINT_DAY, .year = t[0].number, .month = t[2].number,
			.date = t[4].number, .pos = start};
		p->pos += 5;
		return true;
	}
	if (t[0].type != TOKEN_NUMBER || t[0].digits > 2 || t[1].type != TOKEN_DOT || t[2].type != TOKEN_NUMBER)
		return false;
	if (is_year(&t[2]) && t[0].digits == 2 && t[3].type != TOKEN_DOT) { /* 05.2019 */
		*out = (struct point){.kind = POINT_MONTH, .year = t[2].number, .month = t[0].number, .pos = start};
		p->pos += 3;
		while (parser_take(p, YEAR_WORDS))
			;
		return true;
	}
	if (t[2].digits > 2)
		return false;
	*out = (struct point){.kind = POINT_DAY, .date = t[0].number, .month = t[2].number, .pos = start};
	p->pos += 3;
	if (t[3].type == TOKEN_DOT && t[4].type == TOKEN_NUMBER && (t[4].digits == 2 || is_year(&t[4]))) {
		out->year = t[4].digits == 2 ? 2000 + t[4].number : t[4].number;
		p->pos += 2;
		while (parser_take(p, YEAR_WORDS))
			;
	} else if (t[3].type == TOKEN_DOT) {
		p->pos = start;
		return false;
	} else {
		(void)point_year(p, &out->year);
	}
	if (out->month == 0 || out->date == 0) /* 0 would read as «not said» */
		out->month = 99;
	return true;
}

/* 25 апреля [2024 г.], апрель [2024]. */
static bool month_date(struct parser *p, struct point *out)
{
	const struct token *t = &p->token[p->pos];
	size_t start = p->pos;
	(void)parser_at(p);
	*out = (struct point){.kind = POINT_MONTH, .pos = start};
	if (t->type == TOKEN_NUMBER && t->digits <= 2 && t[1].type == TOKEN_WORD && term_month(t[1].word) != 0) {
		out->kind = POINT_DAY;
		out->date = t->number != 0 ? t->number : 99;
		p->pos++;
	}
	const struct token *word = parser_at(p);
	out->month = word->type == TOKEN_WORD ? term_month(word->word) : 0;
	if (out->month == 0) {
		p->pos = start;
		return false;
	}
	p->pos++;
	(void)parser_take(p, "месяц|месяца|месяце");
	size_t before = p->pos;
	if (!point_year(p, &out->year) && parser_take(p, "текущего|тек") && !parser_take(p, YEAR_WORDS))
		p->pos = before; /* «текущего года» is the context's */
	return true;
}

bool point_bare(struct parser *p, struct point *out)
{
	const struct token *t = parser_at(p);
	int number = 0;
	if (t->type == TOKEN_NUMBER && t->digits <= 2)
		number = t->number;
	else if (t->type == TOKEN_WORD)
		number = roman(t->word) != 0 ? roman(t->word) : term_number_word(t->word);
	if (number == 0)
		return false;
	*out = (struct point){.kind = POINT_BARE, .part = number, .pos = p->pos};
	p->pos++;
	/* «1V» */
	if (number == 1 && t->type == TOKEN_NUMBER && t[1].type == TOKEN_WORD && !t[1].blank &&
		(strcmp(t[1].word, "v") == 0 || strcmp(t[1].word, "у") == 0)) {
		out->part = 4;
		p->pos++;
	}
	return true;
}

/* I квартал [2024], второе полугодие, 3 декада марта. */
static bool numbered_part(struct parser *p, struct point *out)
{
	size_t start = p->pos;
	if (!point_bare(p, out))
		return false;
	if (parser_take(p, QUARTER_WORDS))
		out->kind = POINT_QUARTER;
	else if (parser_take(p, HALF_WORDS))
		out->kind = POINT_HALF;
	else if (parser_take(p, DECADE_WORDS))
		out->kind = POINT_DECADE;
	if (out->kind == POINT_BARE)
		goto no;
	if (out->kind == POINT_DECADE) {
		const struct token *word = parser_at(p);
		out->month = word->type == TOKEN_WORD ? term_month(word->word) : 0;
		if (out->month == 0)
			goto no;
		p->pos++;
	}
	if (parser_is(p, "учебного|уч")) /* its halves have no common dates */
		goto no;
	(void)point_year(p, &out->year);
	return true;
no:
	p->pos = start;
	return false;
}

bool point_parse(struct parser *p, struct point *out)
{
	size_t start = p->pos;
	if (school_year(p, out) || numeric_date(p, out) || month_date(p, out) || numbered_part(p, out))
		return true;
	*out = (struct point){.kind = POINT_YEAR, .pos = start};
	if (point_year(p, &out->year))
		return true;
	p->pos = start;
	return false;
}

/* ---- several points ---------------------------------------------------------------- */

static void borrow_unit(struct point *point, const struct point *next)
{
	if (point->kind == POINT_BARE && next->kind != POINT_BARE) {
		point->kind = next->kind;
		point->month = next->month;
		if (next->kind == POINT_DAY)
			point->date = point->part;
	}
}

/* Where in a year it begins, to see whether the next one is later. */
static int place_in_year(const struct point *point)
{
	switch (point->kind) {
	case POINT_DAY:
		return point->month * 100 + point->date;
	case POINT_DECADE:
		return point->month * 100 + point->part * 10 - 9;
	case POINT_MONTH:
		return point->month * 100 + 1;
	case POINT_QUARTER:
		return point->part * 300 - 199;
	case POINT_HALF:
		return point->part * 600 - 499;
	case POINT_YEAR:
	case POINT_SCHOOL_YEAR:
	case POINT_BARE:
		break;
	}
	return 101;
}

static void borrow_years(struct parser *p, struct point *point, size_t count)
{
	for (size_t i = count - 1; i > 0; i--)
		if (point[i - 1].year == 0 && point[i].year != 0 && point[i - 1].kind != POINT_SCHOOL_YEAR)
			point[i - 1].year = point[i].year -
				(place_in_year(&point[i - 1]) > place_in_year(&point[i]) ? 1 : 0);
	if (point[0].year == 0)
		point[0].year = point[0].kind == POINT_SCHOOL_YEAR ? p->context->school_year : p->context->year;
	for (size_t i = 1; i < count; i++)
		if (point[i].year == 0 && point[i - 1].year != 0)
			point[i].year = point[i - 1].year +
				(place_in_year(&point[i]) < place_in_year(&point[i - 1]) ? 1 : 0);
}

/* A part or date that no year has. */
static bool exists(const struct point *point)
{
	int year = point->year != 0 ? point->year : 2000; /* a leap year: 29 February may be right */
	switch (point->kind) {
	case POINT_DAY:
		return calendar_date_exists(year, point->month, point->date);
	case POINT_DECADE:
		return point->part <= 3;
	case POINT_QUARTER:
		return point->part <= 4;
	case POINT_HALF:
		return point->part <= 2;
	case POINT_MONTH:
		return point->month >= 1 && point->month <= 12;
	case POINT_YEAR:
	case POINT_SCHOOL_YEAR:
		return true;
	case POINT_BARE:
		break;
	}
	return false;
}

bool points_resolve(struct parser *p, struct point *point, size_t count)
{
	for (size_t i = count - 1; i > 0; i--)
		borrow_unit(&point[i - 1], &point[i]);
	borrow_years(p, point, count);
	for (size_t i = 0; i < count; i++) {
		if (point[i].kind == POINT_BARE)
			return false; /* a number of what? */
		if (!exists(&point[i])) {
			parser_why(p, TERM_WHY_NO_DATE, point[i].pos);
			return false;
		}
	}
	for (size_t i = 0; i < count; i++)
		if (point[i].year == 0)
			p->out->need = point[i].kind == POINT_SCHOOL_YEAR ? TERM_NEEDS_SCHOOL_YEAR : TERM_NEEDS_YEAR;
	return true;
}

static int first_month(const struct point *point)
{
	return point->kind == POINT_QUARTER ? point->part * 3 - 2
		: point->kind == POINT_HALF ? point->part * 6 - 5
		: point->kind == POINT_YEAR ? 1
		: point->kind == POINT_SCHOOL_YEAR ? 9
					    : point->month;
}

int32_t point_first(const struct point *point)
{
	int date = point->kind == POINT_DAY ? point->date
		: point->kind == POINT_DECADE ? point->part * 10 - 9 : 1;
	return day_of(point->year, first_month(point), date);
}

int32_t point_last(const struct point *point)
{
	static const enum period periods[] = {[POINT_MONTH] = PERIOD_MONTH, [POINT_QUARTER] = PERIOD_QUARTER,
		[POINT_HALF] = PERIOD_HALF, [POINT_YEAR] = PERIOD_YEAR, [POINT_SCHOOL_YEAR] = PERIOD_SCHOOL_YEAR};
	int32_t first = point_first(point);
	if (point->kind == POINT_DAY || point->kind == POINT_BARE)
		return first;
	if (point->kind == POINT_DECADE)
		return point->part < 3 ? first + 9 : day_month_last(point->year, point->month);
	return period_last(periods[point->kind], first);
}
