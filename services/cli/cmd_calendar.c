/* `vestnik calendar show`: which days people work, as a month's or a year's
 * grid. Signs say what a day is, not colours: the page is printed, and read
 * aloud. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/gate.h"
#include "calendar/day.h"
#include "calendar/workdays.h"
#include "cli/command.h"
#include "settings/settings.h"

struct span {
	int32_t first_day, last_day;
	bool year; /* a whole year */
};

/* ---- what is asked ------------------------------------------------------------- */

static bool parse_span(const char *text, struct span *out)
{
	long long year, month = 1;
	char first[8] = "";
	size_t len = strlen(text);
	if (len != 4 && !(len == 7 && (text[4] == '-' || text[2] == '.')))
		return false;
	bool month_first = len == 7 && text[2] == '.'; /* 05.2026 */
	memcpy(first, month_first ? text + 3 : text, 4);
	if (!gate_int64(first, 1, 9999, &year) || strspn(first, "0123456789") != 4)
		return false;
	if (len == 7) {
		char second[3] = {text[month_first ? 0 : 5], text[month_first ? 1 : 6], '\0'};
		if (strspn(second, "0123456789") != 2 || !gate_int64(second, 1, 12, &month))
			return false;
	}
	out->year = len == 4;
	out->first_day = day_of((int)year, (int)month, 1);
	out->last_day = day_month_last((int)year, out->year ? 12 : (int)month);
	return true;
}

static int this_month(struct cli *cli, struct span *out)
{
	const struct settings *settings = cli_settings(cli);
	struct calendar_time t;
	struct error e;
	if (settings == NULL)
		return CLI_FAILED;
	if (calendar_from_ms(clock_now_ms(), settings->zone, &t, &e) != 0)
		return cli_fail(cli, &e);
	*out = (struct span){day_of(t.year, t.month, 1), day_month_last(t.year, t.month), false};
	return CLI_DONE;
}

/* ---- for people ------------------------------------------------------------------ */

/* Five columns: "[ 9] ", " 27+ ", "  8' ". */
#define DAY_WIDTH 5
static void put_day(const struct workdays *workdays, int32_t day, char *out, size_t size)
{
	struct workdays_day d = workdays_day(workdays, day, lang_get());
	int date = day_split(day).day;
	char sign[3] = "  ";
	size_t n = 0;
	if (d.kind == WORKDAYS_MADE_WORKING)
		sign[n++] = '+';
	if (d.shortened)
		sign[n++] = '\'';
	(void)snprintf(out, size, "%c%2d%s", d.off ? '[' : ' ', date, d.off ? "] " : sign);
}

static void print_week(char *line)
{
	size_t len = strlen(line);
	while (len > 0 && line[len - 1] == ' ')
		line[--len] = '\0';
	puts(line);
}

static void print_month(const struct workdays *workdays, int32_t first)
{
	struct calendar_time t = day_split(first);
	int32_t last = day_month_last(t.year, t.month);
	int working = workdays_count(workdays, first, last);
	printf("%s %d\n", day_month_name(t.month, lang_get()), t.year);
	fputs(tr(" Mon  Tue  Wed  Thu  Fri  Sat  Sun\n", "  пн   вт   ср   чт   пт   сб   вс\n"), stdout);
	char line[7 * DAY_WIDTH + 1];
	(void)snprintf(line, sizeof line, "%*s", 6 * DAY_WIDTH, ""); /* the days before the first */
	for (int32_t day = first; day <= last; day++) {
		size_t at = (size_t)(day_weekday(day) - 1) * DAY_WIDTH;
		put_day(workdays, day, line + at, sizeof line - at);
		if (day_weekday(day) == 7 || day == last)
			print_week(line);
	}
	printf(tr("working days: %d, days off: %d\n", "рабочих дней: %d, выходных: %d\n"), working,
		last - first + 1 - working);
}

static bool plain(const struct workdays *workdays, int32_t day)
{
	struct workdays_day d = workdays_day(workdays, day, lang_get());
	return d.kind == WORKDAYS_WEEKEND || (d.kind == WORKDAYS_WORKING && !d.shortened);
}

/* Days that are not as the week has them; a run with one reason is one line. */
static void print_special(const struct workdays *workdays, const struct span *span)
{
	for (int32_t day = span->first_day; day <= span->last_day; day++) {
		char reason[WORKDAYS_TEXT_SIZE], next[WORKDAYS_TEXT_SIZE], from[DAY_TEXT_SIZE], to[DAY_TEXT_SIZE];
		if (plain(workdays, day))
			continue;
		int32_t first = day;
		struct workdays_day d = workdays_day(workdays, day, lang_get());
		(void)workdays_reason(workdays, day, lang_get(), reason);
		while (day < span->last_day &&
			strcmp(workdays_reason(workdays, day + 1, lang_get(), next), reason) == 0)
			day++;
		(void)day_words_short(first, lang_get(), from);
		if (day > first)
			printf("%s – %s: %s\n", from, day_words_short(day, lang_get(), to), cli_clean(reason));
		else
			printf("%s, %s: %s%s\n", from, day_weekday_name(day_weekday(first), lang_get()),
				cli_clean(reason),
				d.shortened && d.kind == WORKDAYS_MADE_WORKING ? tr(", shortened", ", сокращённый") : "");
	}
}

static void print_people(const struct workdays *workdays, const struct span *span)
{
	int year = day_year(span->first_day);
	for (int32_t first = span->first_day; first <= span->last_day; first = day_add_months(first, 1)) {
		print_month(workdays, first);
		putchar('\n');
		if (first == day_of(9999, 12, 1))
			break;
	}
	if (span->year) {
		int working = workdays_count(workdays, span->first_day, span->last_day);
		printf(tr("In all of %d: working days %d, days off %d.\n\n", "Всего за %d год: рабочих дней %d, выходных %d.\n\n"), year,
			working, span->last_day - span->first_day + 1 - working);
	}
	puts(tr("[ ] day off   + a Saturday or Sunday people work   ' an hour shorter",
		"[ ] выходной   + рабочая суббота или воскресенье   ' короче на час"));
	print_special(workdays, span);
	const char *source;
	for (size_t i = 0; (source = workdays_source(workdays, year, i, lang_get())) != NULL; i++)
		printf("%s%s\n", i == 0 ? tr("Source: ", "Источник: ") : "  ", cli_clean(source));
}

/* ---- for programs ------------------------------------------------------------------ */

static const char *kind_name(enum workdays_kind kind)
{
	static const char *const names[] = {
		"working", "made-working", "weekend", "holiday", "moved", "non-working"};
	return names[kind];
}

static json_t *day_json(const struct workdays *workdays, int32_t day)
{
	char date[DAY_TEXT_SIZE], other[DAY_TEXT_SIZE], reason[WORKDAYS_TEXT_SIZE];
	struct workdays_day d = workdays_day(workdays, day, lang_get());
	return json_pack("{s:s, s:s, s:b, s:b, s:s, s:s, s:s, s:s?}", "kind", "day", "date", day_iso(day, date),
		"off", d.off, "shortened", d.shortened, "what", kind_name(d.kind), "reason",
		workdays_reason(workdays, day, lang_get(), reason), "about", d.about, "other",
		d.other_day != DAY_NONE ? day_iso(d.other_day, other) : NULL);
}

static void print_json(struct cli *cli, const struct workdays *workdays, const struct span *span)
{
	static const char *const statuses[] = {"published", "draft", "no-region", "no-file"};
	int year = day_year(span->first_day);
	int working = workdays_count(workdays, span->first_day, span->last_day);
	const char *source;
	json_t *sources = json_array();
	for (size_t i = 0; (source = workdays_source(workdays, year, i, lang_get())) != NULL; i++)
		json_array_append_new(sources, json_string(source));
	for (int32_t day = span->first_day; day <= span->last_day; day++)
		cli_print_json(cli, day_json(workdays, day));
	cli_print_json(cli, json_pack("{s:s, s:s, s:i, s:s, s:i, s:i, s:o}", "kind", "calendar", "calendar",
					workdays_name(workdays), "year", year, "status",
					statuses[workdays_status(workdays, year)], "working_days", working,
					"days_off", span->last_day - span->first_day + 1 - working, "sources",
					sources));
}

/* ---- the command ---------------------------------------------------------------------- */

static int show_run(struct cli *cli, const struct cli_args *args)
{
	const char *when = cli_operand(args, 0);
	const char *name = cli_value(args, "calendar"), *folder = cli_value(args, "folder");
	struct problems problems = {0};
	struct span span = {0};
	char text[WORKDAYS_TEXT_SIZE];
	if (when != NULL && !parse_span(when, &span))
		return cli_wrong_use(cli,
			tr("«%s» is no month and no year: 2026-05, 05.2026 or 2026",
				"«%s» – не месяц и не год: 2026-05, 05.2026 или 2026"),
			cli_clean(when));
	if (when == NULL && this_month(cli, &span) != CLI_DONE)
		return CLI_FAILED;
	const struct settings *settings = cli_settings(cli);
	if (settings == NULL)
		return CLI_FAILED;
	struct workdays *workdays = workdays_load(name != NULL ? name : settings->calendar.name,
		folder != NULL ? folder : settings->calendar.folder, &problems);
	int rc = workdays != NULL ? CLI_DONE : CLI_FAILED;
	cli_problems(cli, &problems);
	problems_fini(&problems);
	if (workdays == NULL)
		return rc;
	if (cli_json(cli))
		print_json(cli, workdays, &span);
	else
		print_people(workdays, &span);
	if (workdays_status_text(workdays, day_year(span.first_day), lang_get(), text)[0] != '\0')
		cli_warn(cli, "%s", text);
	workdays_free(&workdays);
	return rc;
}

static const struct cli_operand show_operands[] = {
	{"WHEN", NULL, CLI_OPTIONAL, "month or year: 2026-05, 05.2026, 2026 (else this month)",
		"месяц или год: 2026-05, 05.2026, 2026 (иначе текущий месяц)"},
	{0}};
static const struct cli_option show_options[] = {
	{"calendar", 0, "NAME", NULL, "the calendar: ru, or a region's, ru-ba (else calendar.name of the settings)",
		"календарь: ru или региональный, ru-ba (иначе настройка calendar.name)"},
	{"folder", 0, "FOLDER", "@folder", "files that add to the built-in ones (else calendar.folder of the settings)",
		"файлы, которые дополняют встроенные (иначе настройка calendar.folder)"},
	{0}};

const struct command calendar_commands[] = {
	{"calendar show", "shows working days and days off of a month or a year",
		"показывает рабочие и выходные дни месяца или года",
		"Reads the production calendar, a file for each year: what its rows mean is in\n"
		"config/calendars/README.md. Mistakes in a file are named by line, exit code 1.",
		"Читает производственный календарь, файл на каждый год: что значат его строки, сказано в\n"
		"config/calendars/README.md. Ошибки в файле называются по строкам, код выхода 1.",
		show_operands, show_options, show_run},
	{0}};
