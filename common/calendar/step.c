#include "calendar/step.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calendar/calendar.h"
#include "calendar/fold.h"

static const struct {
	const char *word;
	enum step_unit unit;
	int per_day;
} units[] = {{"d", STEP_DAYS, 1}, {"д", STEP_DAYS, 1}, {"wd", STEP_WORKDAYS, 1}, {"рд", STEP_WORKDAYS, 1},
	{"h", STEP_HOURS, 24}, {"ч", STEP_HOURS, 24}, {"m", STEP_MINUTES, 1440}, {"мин", STEP_MINUTES, 1440}};

static bool parse(const char *p, struct step *out)
{
	int sign = *p == '-' ? -1 : 1, amount = 0, digits = 0;
	if (*p == '-' || *p == '+')
		p++;
	for (; *p >= '0' && *p <= '9' && digits < 8; p++, digits++)
		amount = amount * 10 + (*p - '0');
	if (*p == ' ')
		p++;
	for (size_t i = 0; digits > 0 && i < sizeof units / sizeof units[0]; i++)
		if (strcmp(p, units[i].word) == 0 && amount <= STEP_MAX_DAYS * units[i].per_day) {
			*out = (struct step){.amount = sign * amount, .unit = units[i].unit};
			return true;
		}
	return false;
}

int step_parse(const char *text, struct step *out, struct error *e)
{
	char *folded = fold_text(text);
	bool good = parse(folded, out);
	free(folded);
	if (good)
		return 0;
	return error_set(e, ERROR_INPUT,
		tr("«%.40s» is no distance; right would be -7d (days), -3wd (working days), -2h, 30m",
			"«%.40s» – не промежуток; правильно -7d (дни), -3wd (рабочие дни), -2h, 30m"),
		text);
}

const char *step_words(struct step step, enum lang lang, char out[static STEP_TEXT_SIZE])
{
	static const struct {
		const char *en_one, *en_many, *ru_one, *ru_few, *ru_many;
	} nouns[] = {
		[STEP_DAYS] = {"day", "days", "день", "дня", "дней"},
		[STEP_WORKDAYS] = {"working day", "working days", "рабочий день", "рабочих дня", "рабочих дней"},
		[STEP_HOURS] = {"hour", "hours", "час", "часа", "часов"},
		[STEP_MINUTES] = {"minute", "minutes", "минуту", "минуты", "минут"}};
	int n = step.amount < 0 ? -step.amount : step.amount;
	if (lang == LANG_RU)
		(void)snprintf(out, STEP_TEXT_SIZE, "%s %d %s", step.amount < 0 ? "за" : "через", n,
			calendar_plural(n, lang, nouns[step.unit].ru_one, nouns[step.unit].ru_few,
				nouns[step.unit].ru_many));
	else
		(void)snprintf(out, STEP_TEXT_SIZE, "%d %s %s", n,
			calendar_plural(n, lang, nouns[step.unit].en_one, nouns[step.unit].en_many, ""),
			step.amount < 0 ? "before" : "after");
	return out;
}
