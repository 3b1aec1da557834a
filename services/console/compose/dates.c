/* Step 3: when letters go, what is asked, by when; a calendar that knows days off. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "calendar/day.h"
#include "calendar/workdays.h"
#include "campaign/calendars.h"
#include "campaign/definition.h"
#include "campaign/plan.h"
#include "console/compose/part.h"

#define MONTHS_SHOWN 3

static const char *const verbs[] = {"просим", "please (просим)", "просим", "рекомендуем", "recommend (рекомендуем)", "рекомендуем", "поручаем", "instruct (поручаем)", "поручаем",
	"предлагаем", "invite (предлагаем)", "предлагаем", NULL};
static const char *const day_off[] = {"next", "the next working day", "на следующий рабочий день", "previous", "the working day before", "на рабочий день перед ним", "keep", "it stays", "остаётся как есть", NULL};
static const char *const types[] = {"count", "Whole number", "Целое число", "number", "Number", "Число", "text", "Text", "Текст", "date", "Date", "Дата", "choice", "One of several", "Выбор из вариантов",
	"links", "Links", "Ссылки", "file", "File", "Файл", "table", "Table", "Таблица", NULL};
static const char *const column_types[] = {"count", "Whole number", "Целое число", "number", "Number", "Число", "text", "Text", "Текст", "date", "Date", "Дата", "choice", "One of several", "Выбор из вариантов", NULL};
static const char *const through[] = {"", "directly", "напрямую", "municipality", "through the organisation above them: it sums up", "через вышестоящую: она сводит итог", NULL};

static const struct field_row sending[] = {{"x.send.date", LOOK_DATE, "Day of the first letters", "День первых писем", "Empty: at the launch", "Пусто – сразу после запуска", NULL},
	{"x.send.time", LOOK_TIME, "Time", "Время", NULL, NULL, NULL}, {"x.send.from", LOOK_TIME, "Letters go from", "Письма уходят с", NULL, NULL, NULL},
	{"x.send.to", LOOK_TIME, "to", "до", "What is left waits for the next day", "Что не успело – ждёт следующего дня", NULL}, {0}};
static const struct field_row local[] = {{"send.local", LOOK_FLAG, "By the recipient's own clock", "По местному времени адресата", NULL, NULL, NULL}, {0}};
static const struct field_row wanted[] = {{"ask.wanted", LOOK_FLAG, "We ask for an answer", "Просим ответить", NULL, NULL, NULL}, {0}};
static const struct field_row ask[] = {{"ask.verb", LOOK_SELECT, "We …", "Каким словом", "A ministry can only recommend to municipalities", "Муниципалитетам министерство может только рекомендовать", verbs},
	{"x.ask.date", LOOK_DATE, "Deadline", "Срок ответа", "This day is included", "Этот день включительно", NULL}, {"x.ask.time", LOOK_TIME, "Time", "Время", "Empty: the end of the day", "Пусто – до конца дня", NULL},
	{"ask.if_day_off", LOOK_SELECT, "On a day off the deadline moves", "Если срок выпал на выходной", NULL, NULL, day_off},
	{"x.remind", LOOK_LINE, "Reminders to the silent, days before", "Напоминать молчащим за столько дней", "For instance: 7, 4, 1", "Например: 7, 4, 1", NULL}, {0}};
static const struct field_row answer[] = {{"label", LOOK_LINE, "What is asked", "Что спрашиваем", NULL, NULL, NULL}, {"type", LOOK_SELECT, "Type", "Тип", NULL, NULL, types},
	{"required", LOOK_FLAG, "Must be answered", "Обязательно", NULL, NULL, NULL}, {0}};
static const struct field_row options = {"options", LOOK_LINES, "Options", "Варианты", "One a line", "По одному в строке", NULL};
static const struct field_row column[] = {{"label", LOOK_LINE, "Column", "Столбец", NULL, NULL, NULL}, {"type", LOOK_SELECT, "Type", "Тип", NULL, NULL, column_types},
	{"required", LOOK_FLAG, "Must be filled in", "Обязательно", NULL, NULL, NULL}, {0}};
static const struct field_row cascade[] = {{"ask.through", LOOK_SELECT, "The organisations below them are asked", "Подчинённые организации спрашиваем", NULL, NULL, through},
	{"x.collect", LOOK_NUMBER, "They answer so many working days earlier", "Они отвечают раньше на столько рабочих дней", NULL, NULL, NULL}, {0}};
static const struct field_row after[] = {{"xdays", LOOK_NUMBER, "Working days after the deadline", "Через сколько дней после срока", "0: at the deadline", "0 – в момент срока", NULL},
	{"to", LOOK_LINE, "To whom", "Кому", "parent – to the organisation above; controller; or an address", "parent – вышестоящей организации; controller – ответственному за контроль; или адрес", NULL}, {0}};
static const struct field_row report[] = {{"ask.report.to", LOOK_LINES, "Report to", "Отчёт – кому", "One address a line; controller", "По адресу в строке; controller – ответственному", NULL}, {0}};
static const struct field_row webhook[] = {{"ask.report.webhook", LOOK_FLAG, "Also to the webhook", "Также на вебхук", NULL, NULL, NULL}, {0}};
static const struct field_row controller[] = {{"controller.position", LOOK_LINE, "Position", "Должность", NULL, NULL, NULL}, {"controller.name", LOOK_LINE, "Name", "Имя", NULL, NULL, NULL},
	{"controller.address", LOOK_LINE, "E-mail", "Эл. почта", NULL, NULL, NULL}, {0}};
static const struct field_row person[] = {{"name", LOOK_LINE, "Name", "Имя", NULL, NULL, NULL}, {"position", LOOK_LINE, "Position", "Должность", NULL, NULL, NULL},
	{"address", LOOK_LINE, "E-mail", "Эл. почта", NULL, NULL, NULL}, {0}};
static const struct field_row publish[] = {{"publish.page", LOOK_FLAG, "A public page with the letter", "Открытая страница с текстом письма", NULL, NULL, NULL},
	{"publish.feed", LOOK_FLAG, "In the news feed, too", "И в ленте новостей", NULL, NULL, NULL}, {0}};

/* ---- the calendar ------------------------------------------------------------------------------- */

static json_t *day_cell(const struct workdays *workdays, int32_t day, int32_t send_day, int32_t deadline_day, int32_t today)
{
	char iso[DAY_TEXT_SIZE], words[DAY_TEXT_SIZE], why[WORKDAYS_TEXT_SIZE];
	struct workdays_day about = workdays_day(workdays, day, lang_get());
	return json_pack("{s:s, s:i, s:s, s:s, s:b, s:b, s:b, s:b, s:b, s:b}", "iso", day_iso(day, iso), "n", day_split(day).day, "words", day_words_weekday(day, lang_get(), words), "why",
		about.off ? workdays_reason(workdays, day, lang_get(), why) : "", "off", about.off, "past", day < today, "is_send", day == send_day, "is_deadline", day == deadline_day,
		"today", day == today, "blank", 0);
}

static json_t *month_of(const struct workdays *workdays, int32_t first, int32_t send_day, int32_t deadline_day, int32_t today)
{
	struct calendar_time t = day_split(first);
	int32_t last = day_month_last(t.year, t.month);
	json_t *weeks = json_array(), *week = json_array();
	for (int blank = 1; blank < day_weekday(first); blank++)
		json_array_append_new(week, json_pack("{s:b}", "blank", 1));
	for (int32_t day = first; day <= last; day++) {
		json_array_append_new(week, day_cell(workdays, day, send_day, deadline_day, today));
		if (day_weekday(day) == 7 && day < last) {
			json_array_append_new(weeks, json_pack("{s:o}", "days", week));
			week = json_array();
		}
	}
	while (json_array_size(week) < 7)
		json_array_append_new(week, json_pack("{s:b}", "blank", 1));
	json_array_append_new(weeks, json_pack("{s:o}", "days", week));
	return json_pack("{s:o, s:o}", "name", json_sprintf("%s %d", day_month_name(t.month, lang_get()), t.year), "weeks", weeks);
}

static int32_t day_in(const json_t *form, const char *path)
{
	char date[11] = "";
	int32_t day;
	snprintf(date, sizeof date, "%.10s", form_text(form, path));
	return day_parse(date, &day, NULL) == 0 ? day : DAY_NONE;
}

static json_t *months_of(struct draft *draft, const struct calendars *calendars)
{
	const json_t *form = draft->composition.form;
	int32_t send_day = day_in(form, "send.at"), deadline = day_in(form, "ask.deadline"), today = DAY_NONE;
	struct error e;
	(void)day_of_ms(clock_now_ms(), draft->visit->console->settings->zone, &today, &e);
	int32_t from = send_day != DAY_NONE ? send_day : today;
	struct calendar_time t = day_split(from);
	json_t *months = json_array();
	int32_t first = day_of(t.year, t.month, 1);
	for (int i = 0; i < MONTHS_SHOWN && first != DAY_NONE; i++, first = day_add_months(first, 1))
		json_array_append_new(months, month_of(calendars_own(calendars), first, send_day, deadline, today));
	return months;
}

/* ---- what comes of it ---------------------------------------------------------------------------------- */

static json_t *plan_of(struct draft *draft, const struct calendars *calendars)
{
	json_t *list = json_array();
	struct plan_rows rows;
	struct error e = {0};
	if (draft->folder == NULL)
		return list;
	const json_t *definition = campaign_folder_definition(draft->folder);
	const struct plan_place place = {.zone = definition_zone(definition), .workdays = calendars_own(calendars)};
	if (plan_make(definition, calendars_own(calendars), &place, 1, clock_now_ms(), &rows, &e) != 0)
		return list;
	for (size_t i = 0; i < rows.count; i++) {
		const struct plan_row *row = &rows.item[i];
		if (row->kind != PLAN_REMINDER && row->kind != PLAN_CLOSE)
			continue;
		char when[CALENDAR_TEXT_SIZE] = "";
		(void)calendar_format(row->due_ms, definition_zone(definition), lang_get(), CALENDAR_FULL, when, NULL);
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:b}", "when", when, "what",
						    row->kind == PLAN_CLOSE ? row->level == 1 ? tr("deadline of those below", "срок подчинённых") : tr("deadline", "срок ответа") : row->level == 1 ? tr("reminder to those below", "напоминание подчинённым") : tr("reminder", "напоминание"),
						    "why", lang_get() == LANG_RU ? row->reason_ru : row->reason_en, "no", row->overtaken));
	}
	plan_rows_fini(&rows);
	return list;
}

/* ---- the page -------------------------------------------------------------------------------------------- */

static json_t *answers_of(struct draft *draft)
{
	json_t *rows = draft_rows(draft, "ask.answer", answer, "Question", "Вопрос"), *row;
	size_t index;
	json_array_foreach(rows, index, row)
	{
		const char *base = form_text(row, "path");
		char *type_path = xasprintf("%s.type", base), *columns = xasprintf("%s.columns", base);
		const char *type = form_text(draft->composition.form, type_path);
		if (strcmp(type, "choice") == 0)
			json_array_append_new(json_object_get(row, "fields"), draft_field(draft, base, &options));
		json_object_set_new(row, "is_table", json_boolean(strcmp(type, "table") == 0));
		json_object_set_new(row, "columns_path", json_string(columns));
		json_t *inner = draft_rows(draft, columns, column, "Column", "Столбец"), *one;
		size_t k;
		json_array_foreach(inner, k, one)
		{
			char *path = xasprintf("%s.type", form_text(one, "path"));
			if (strcmp(form_text(draft->composition.form, path), "choice") == 0)
				json_array_append_new(json_object_get(one, "fields"), draft_field(draft, form_text(one, "path"), &options));
			free(path);
		}
		json_object_set_new(row, "columns", inner);
		free(columns);
		free(type_path);
	}
	return rows;
}

static json_t *words_as_choices(struct draft *draft, const char *path, const char *const *names)
{
	json_t *list = json_array();
	for (; names[0] != NULL; names += 3)
		json_array_append_new(list, json_pack("{s:s, s:s, s:n}", "value", names[0], "name", tr(names[1], names[2]), "count"));
	return draft_choices(draft, path, list);
}

void show_dates(struct draft *draft, int status)
{
	static const char *const ways[] = {"link", "By the form behind a link", "Формой по ссылке", "reply", "By answering the letter", "Ответом на письмо", "sheet", "By an Excel form", "Книгой Excel", NULL};
	static const char *const formats[] = {"xlsx", "Excel", "Excel", "html", "HTML", "HTML", "csv", "CSV", "CSV", "json", "JSON", "JSON", NULL};
	struct problems problems = {0};
	if (!draft_load(draft, LOOK_DATES))
		return;
	struct calendars *calendars = calendars_load(draft->visit->console->settings, &problems);
	json_t *data = draft_page(draft, STEP_DATES);
	json_object_set_new(data, "send", draft_fields(draft, "", sending));
	json_object_set_new(data, "local", draft_fields(draft, "", local));
	json_object_set_new(data, "wanted", draft_fields(draft, "", wanted));
	json_object_set_new(data, "asks", json_boolean(form_flag(draft->composition.form, "ask.wanted")));
	json_object_set_new(data, "ask", draft_fields(draft, "", ask));
	json_object_set_new(data, "answers", answers_of(draft));
	json_object_set_new(data, "answers_error", draft_wrong(draft, "ask.answer"));
	json_object_set_new(data, "ways", words_as_choices(draft, "ask.ways", ways));
	json_object_set_new(data, "cascade", draft_fields(draft, "", cascade));
	json_object_set_new(data, "escalate", draft_rows(draft, "ask.escalate", after, "List of the silent", "Список молчащих"));
	json_object_set_new(data, "report", draft_fields(draft, "", report));
	json_object_set_new(data, "formats", words_as_choices(draft, "ask.report.formats", formats));
	json_object_set_new(data, "webhook", draft_fields(draft, "", webhook));
	json_object_set_new(data, "controller", draft_fields(draft, "", controller));
	json_object_set_new(data, "persons", draft_rows(draft, "acknowledge.persons", person, "Person", "Сотрудник"));
	json_object_set_new(data, "publish", draft_fields(draft, "", publish));
	json_object_set_new(data, "months", months_of(draft, calendars));
	json_t *plan = plan_of(draft, calendars);
	json_object_set_new(data, "any_plan", json_boolean(json_array_size(plan) > 0));
	json_object_set_new(data, "plan", plan);
	calendars_free(&calendars);
	problems_fini(&problems);
	draft_show(draft, status, STEP_DATES, data);
}

void page_dates(struct visit *visit)
{
	struct draft draft;
	if (!draft_open(visit, &draft))
		return;
	show_dates(&draft, 200);
	draft_close(&draft);
}

void take_dates(struct visit *visit)
{
	struct draft draft;
	if (!draft_open(visit, &draft))
		return;
	if (take_and_save(&draft, STEP_DATES, NULL))
		go_on(&draft, STEP_DATES);
	draft_close(&draft);
}
