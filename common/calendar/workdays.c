#include "calendar/workdays.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "calendar/workdays_inside.h"

/* The longest run of days off in Russia was that of spring 2020, six weeks. */
#define SEARCH_MAX_DAYS 366

struct workdays *workdays_weekends(void)
{
	return xcalloc(1, sizeof(struct workdays));
}

static void year_free(struct workdays_year *year)
{
	if (year == NULL)
		return;
	for (size_t i = 0; i < sizeof year->mark / sizeof year->mark[0]; i++) {
		free(year->mark[i].about[0]);
		free(year->mark[i].about[1]);
	}
	for (size_t i = 0; i < year->sources; i++) {
		free(year->source[i][0]);
		free(year->source[i][1]);
	}
	free(year);
}

void workdays_free(struct workdays **workdays)
{
	if (*workdays == NULL)
		return;
	for (size_t i = 0; i < sizeof (*workdays)->year / sizeof (*workdays)->year[0]; i++)
		year_free((*workdays)->year[i]);
	free(*workdays);
	*workdays = NULL;
}

const char *workdays_name(const struct workdays *workdays)
{
	return workdays->name;
}

static const struct workdays_year *year_find(const struct workdays *workdays, int year)
{
	if (year < WORKDAYS_FIRST_YEAR || year > WORKDAYS_LAST_YEAR)
		return NULL;
	return workdays->year[year - WORKDAYS_FIRST_YEAR];
}

bool workdays_years(const struct workdays *workdays, int *first, int *last)
{
	bool any = false;
	for (int year = WORKDAYS_FIRST_YEAR; year <= WORKDAYS_LAST_YEAR; year++) {
		if (year_find(workdays, year) == NULL)
			continue;
		if (!any)
			*first = year;
		*last = year;
		any = true;
	}
	return any;
}

enum workdays_status workdays_status(const struct workdays *workdays, int year)
{
	const struct workdays_year *found = year_find(workdays, year);
	if (found == NULL || !found->base)
		return WORKDAYS_NO_FILE;
	if (found->draft)
		return WORKDAYS_DRAFT;
	return workdays->regional && !found->region ? WORKDAYS_NO_REGION : WORKDAYS_PUBLISHED;
}

const char *workdays_status_text(const struct workdays *workdays, int year, enum lang lang,
	char out[static WORKDAYS_TEXT_SIZE])
{
	bool ru = lang == LANG_RU;
	out[0] = '\0';
	switch (workdays_status(workdays, year)) {
	case WORKDAYS_PUBLISHED:
		break;
	case WORKDAYS_DRAFT:
		(void)snprintf(out, WORKDAYS_TEXT_SIZE,
			ru ? "производственный календарь на %d год ещё не опубликован: дни могут измениться"
			   : "the production calendar of %d was not yet published: its days may change",
			year);
		break;
	case WORKDAYS_NO_REGION:
		(void)snprintf(out, WORKDAYS_TEXT_SIZE,
			ru ? "нет файла %s-%d.csv: праздники региона в %d году не учтены"
			   : "there is no file %s-%d.csv: the region's holidays of %d are not counted",
			workdays->name, year, year);
		break;
	case WORKDAYS_NO_FILE:
		(void)snprintf(out, WORKDAYS_TEXT_SIZE,
			ru ? "нет производственного календаря на %d год: выходными считаются только суббота и "
			     "воскресенье"
			   : "there is no production calendar for %d: only Saturday and Sunday count as off",
			year);
		break;
	}
	return out;
}

const char *workdays_source(const struct workdays *workdays, int year, size_t i, enum lang lang)
{
	const struct workdays_year *found = year_find(workdays, year);
	return found != NULL && i < found->sources ? found->source[i][lang] : NULL;
}

/* ---- one day ------------------------------------------------------------------- */

static const struct workdays_mark *mark_find(const struct workdays *workdays, int32_t day)
{
	int number = day_year(day);
	const struct workdays_year *year = year_find(workdays, number);
	const struct workdays_mark *mark =
		year != NULL ? &year->mark[day - day_of(number, 1, 1)] : NULL;
	return mark != NULL && mark->set ? mark : NULL;
}

struct workdays_day workdays_day(const struct workdays *workdays, int32_t day, enum lang lang)
{
	const struct workdays_mark *mark = mark_find(workdays, day);
	struct workdays_day out = {.other_day = DAY_NONE, .about = ""};
	if (mark != NULL) {
		out.kind = mark->kind;
		out.shortened = mark->shortened;
		out.other_day = mark->other_day;
		out.about = mark->about[lang];
	} else if (day_weekday(day) >= 6) {
		out.kind = WORKDAYS_WEEKEND;
	}
	out.off = out.kind >= WORKDAYS_WEEKEND;
	return out;
}

bool workdays_off(const struct workdays *workdays, int32_t day)
{
	const struct workdays_mark *mark = mark_find(workdays, day);
	return mark != NULL ? mark->kind >= WORKDAYS_WEEKEND : day_weekday(day) >= 6;
}

static void put_name(char *out, const char *what, const char *about)
{
	(void)snprintf(out, WORKDAYS_TEXT_SIZE, about[0] != '\0' ? "%s (%.150s)" : "%s", what, about);
}

const char *workdays_reason(const struct workdays *workdays, int32_t day, enum lang lang,
	char out[static WORKDAYS_TEXT_SIZE])
{
	struct workdays_day d = workdays_day(workdays, day, lang);
	bool ru = lang == LANG_RU;
	char other[DAY_TEXT_SIZE] = "";
	if (d.other_day != DAY_NONE)
		(void)day_words(d.other_day, lang, other);
	switch (d.kind) {
	case WORKDAYS_WORKING:
		(void)snprintf(out, WORKDAYS_TEXT_SIZE, "%s",
			d.shortened ? (ru ? "сокращённый рабочий день" : "a shortened working day")
				    : (ru ? "рабочий день" : "a working day"));
		break;
	case WORKDAYS_MADE_WORKING:
		if (d.other_day == DAY_NONE)
			put_name(out, ru ? "рабочая суббота или воскресенье" : "a weekend day made working",
				d.about);
		else
			(void)snprintf(out, WORKDAYS_TEXT_SIZE,
				ru ? "рабочий день (выходной перенесён на %s)"
				   : "a working day (its day off was moved to %s)",
				other);
		break;
	case WORKDAYS_WEEKEND:
		(void)snprintf(out, WORKDAYS_TEXT_SIZE, "%s", day_weekday_name(day_weekday(day), lang));
		break;
	case WORKDAYS_HOLIDAY:
		put_name(out, ru ? "праздничный день" : "a holiday", d.about);
		break;
	case WORKDAYS_MOVED:
		(void)snprintf(out, WORKDAYS_TEXT_SIZE,
			ru ? "выходной, перенесённый с %s" : "a day off moved from %s", other);
		break;
	case WORKDAYS_DECREED:
		put_name(out, ru ? "нерабочий день" : "a non-working day", d.about);
		break;
	}
	return out;
}

/* ---- arithmetic ------------------------------------------------------------------ */

static int32_t seek(const struct workdays *workdays, int32_t day, int step)
{
	int32_t last = day_of(9999, 12, 31), first = day_of(1, 1, 1);
	for (int i = 0; i < SEARCH_MAX_DAYS && day >= first && day <= last; i++, day += step)
		if (!workdays_off(workdays, day))
			return day;
	return DAY_NONE;
}

int32_t workdays_next(const struct workdays *workdays, int32_t day)
{
	return seek(workdays, day, 1);
}

int32_t workdays_previous(const struct workdays *workdays, int32_t day)
{
	return seek(workdays, day, -1);
}

int32_t workdays_add(const struct workdays *workdays, int32_t day, int n)
{
	if (n > WORKDAYS_ADD_MAX || n < -WORKDAYS_ADD_MAX)
		return DAY_NONE;
	int step = n < 0 ? -1 : 1;
	for (; n != 0 && day != DAY_NONE; n -= step)
		day = seek(workdays, day + step, step);
	return day;
}

int workdays_count(const struct workdays *workdays, int32_t first_day, int32_t last_day)
{
	int count = 0;
	for (int32_t day = first_day; day <= last_day; day++)
		count += workdays_off(workdays, day) ? 0 : 1;
	return count;
}
