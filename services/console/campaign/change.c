/* /campaigns/{slug}/change: what can be done with a campaign under way. Each action first says in plain words what
 * will happen; the order goes to the planner and its answer is shown. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/gate.h"
#include "base/xalloc.h"
#include "calendar/day.h"
#include "calendar/deadline.h"
#include "campaign/calendars.h"
#include "console/campaign/change.h"
#include "console/campaign/part.h"
#include "control/campaign_view.h"

#define REASON_MAX_BYTES 300

/* ---- the actions --------------------------------------------------------------------------- */

static bool is_running(const struct place *p)
{
	return p->row.state == CAMPAIGN_RUNNING;
}

static bool is_paused(const struct place *p)
{
	return p->row.state == CAMPAIGN_PAUSED;
}

static bool is_alive(const struct place *p)
{
	return is_running(p) || is_paused(p);
}

static bool is_launched(const struct place *p)
{
	return p->row.launched_ms != 0 && p->row.state != CAMPAIGN_CANCELLED && p->row.state != CAMPAIGN_DRAFT;
}

static bool has_deadline(const struct place *p)
{
	return is_launched(p) && p->round != NULL && p->round->asks && p->round->id != 0 && strcmp(p->round->state, "withdrawn") != 0;
}

static bool has_drafts(const struct place *p)
{
	for (size_t i = 0; is_launched(p) && i < p->rounds.count; i++)
		if (strcmp(p->rounds.item[i].state, "draft") == 0)
			return true;
	return false;
}

struct action {
	const char *name;
	enum right right;
	enum task_type task;
	bool (*possible)(const struct place *place);
	const char *en, *ru;           /* its name */
	const char *what_en, *what_ru; /* what will happen */
	const char *done_en, *done_ru;
	bool reason, needs_reason, danger;
};

static const struct action actions[] = {
	{"pause", RIGHT_CAMPAIGN_PAUSE, TASK_CAMPAIGN_PAUSE, is_running, "Pause", "Приостановить",
		"Within two seconds no more letters go out. What has gone stays; answers come in as before; everything can be resumed.",
		"В течение двух секунд письма перестанут уходить. Отправленное не отзывается, ответы принимаются как прежде; "
		"продолжить можно в любой момент.",
		"The campaign is paused.", "Рассылка приостановлена.", true, false, false},
	{"resume", RIGHT_CAMPAIGN_LAUNCH, TASK_CAMPAIGN_RESUME, is_paused, "Resume", "Продолжить",
		"The letters that wait go out, each once. Reminders whose moment has passed meanwhile go at the next possible one.",
		"Ожидающие письма уйдут, каждое один раз. Напоминания, время которых прошло, уйдут при ближайшей возможности.",
		"The campaign goes on.", "Рассылка продолжается.", true, false, false},
	{"postpone", RIGHT_CAMPAIGN_LAUNCH, TASK_CAMPAIGN_POSTPONE, has_deadline, "Postpone the deadline", "Перенести срок",
		"Reminders and the report are planned anew from the new deadline; letters that have not gone yet name it. A period that was "
		"closed opens again.",
		"Напоминания и отчёт будут запланированы заново от нового срока; письма, которые ещё не ушли, назовут его. Завершённый период "
		"откроется снова.",
		"The deadline is changed.", "Срок перенесён.", false, false, false},
	{"stage", RIGHT_CAMPAIGN_LAUNCH, TASK_CAMPAIGN_STAGE, has_drafts, "Date a stage", "Назначить дату этапа",
		"The stage goes out at this moment by itself. Until now it had no date and would never have gone.",
		"В это время этап уйдёт сам. До сих пор даты у него не было, и он не ушёл бы никогда.", "The stage has its date.",
		"Дата этапа назначена.", false, false, false},
	{"retry", RIGHT_CAMPAIGN_LAUNCH, TASK_CAMPAIGN_RETRY, is_launched, "Send again what did not arrive",
		"Отправить снова то, что не ушло",
		"The letters of this kind go out once more. Those of unknown fate may have arrived: somebody may get them twice.",
		"Письма этого вида уйдут ещё раз. Те, чья судьба неизвестна, могли дойти: кто-то получит письмо дважды.",
		"These letters are sent again.", "Эти письма отправляются снова.", false, false, false},
	{"recall", RIGHT_CAMPAIGN_LAUNCH, TASK_CAMPAIGN_RECALL, is_launched, "Recall", "Отозвать",
		"Nothing more goes out. Everybody who has the letter is told that it is recalled; the links in it say so, and answers are "
		"refused from now on. This cannot be undone.",
		"Больше ничего не уйдёт. Всем, кто получил письмо, придёт сообщение об отзыве; ссылки в письме скажут то же, ответы "
		"приниматься не будут. Отменить это нельзя.",
		"The campaign is recalled.", "Рассылка отозвана.", true, true, true},
	{"cancel", RIGHT_CAMPAIGN_LAUNCH, TASK_CAMPAIGN_CANCEL, is_alive, "Cancel", "Отменить",
		"What is not sent yet will never be sent: no letters, no reminders, no report. Whoever has the letter is not told (recall does "
		"that). This cannot be undone.",
		"Неотправленное не будет отправлено никогда: ни писем, ни напоминаний, ни отчёта. Получившим письмо ничего не сообщается (для "
		"этого есть отзыв). Отменить это нельзя.",
		"The campaign is cancelled.", "Рассылка отменена.", true, false, true},
};

static const struct action *action_of(const struct visit *visit)
{
	const char *slash = strrchr(web_path(visit->request), '/');
	for (size_t i = 0; slash != NULL && i < sizeof actions / sizeof actions[0]; i++)
		if (strcmp(actions[i].name, slash + 1) == 0)
			return &actions[i];
	return NULL;
}

void page_change(struct visit *visit)
{
	struct place place;
	if (place_open(visit, &place)) {
		json_t *data = place_page(&place, "change", tr("Change", "Изменить")), *list = json_array();
		for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
			const struct action *a = &actions[i];
			if (!a->possible(&place) || !visit_may(visit, a->right))
				continue;
			char *tail = xasprintf("change/%s", a->name), *url = place_url(&place, tail);
			json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:b}", "url", url, "name", tr(a->en, a->ru), "what",
							  tr(a->what_en, a->what_ru), "danger", a->danger));
			free(tail);
			free(url);
		}
		bool launch = visit_may(visit, RIGHT_CAMPAIGN_LAUNCH);
		json_object_set_new(data, "any", json_boolean(json_array_size(list) > 0));
		json_object_set_new(data, "actions", list);
		json_object_set_new(data, "may_correct", json_boolean(launch && is_launched(&place)));
		json_object_set_new(data, "may_repeat",
			json_boolean(visit_may(visit, RIGHT_CAMPAIGN_WRITE) && place.rounds.count == 1 && place.round != NULL &&
				     place.round->asks_counts.open > 0));
		json_object_set_new(data, "silent", place.round == NULL ? json_null() : show_number(place.round->asks_counts.open));
		json_object_set_new(data, "launched", json_boolean(place.row.launched_ms != 0));
		console_page(visit, 200, "campaign_change", data);
	}
	place_fini(&place);
}

/* ---- what an action asks for ------------------------------------------------------------------- */

struct asked {
	char *reason, *date, *time, *until_date, *until_time, *state;
	int64_t round;
	bool tell;
	json_t *errors;
};

static char *typed(const struct visit *visit, const char *name, size_t most)
{
	const char *text = web_value(visit->request, name);
	return gate_clean_line(text == NULL ? "" : text, most);
}

static void take_asked(const struct visit *visit, struct asked *a)
{
	long long round;
	const char *number = web_value(visit->request, "round");
	*a = (struct asked){.reason = typed(visit, "reason", REASON_MAX_BYTES),
		.date = typed(visit, "date", 40),
		.time = typed(visit, "time", 10),
		.until_date = typed(visit, "until_date", 40),
		.until_time = typed(visit, "until_time", 10),
		.state = typed(visit, "state", 20),
		.tell = web_value(visit->request, "tell") != NULL,
		.errors = json_object()};
	if (number != NULL && gate_int64(number, 1, 100000, &round))
		a->round = round;
}

static void asked_fini(struct asked *a)
{
	char *const texts[] = {a->reason, a->date, a->time, a->until_date, a->until_time, a->state};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		free(texts[i]);
	json_decref(a->errors);
}

static void fault(struct asked *a, const char *field, const char *text)
{
	json_object_set_new(a->errors, field, json_string(text));
}

/* "2023-06-05 18:00" of a date and a time; without a time the day's usual end. NULL: an error was noted. */
static char *wall_of(struct asked *a, const char *field, const char *date, const char *time)
{
	struct calendar_time t;
	bool timed;
	struct error e = {0};
	char *text = time[0] == '\0' ? xstrdup(date) : xasprintf("%s %s", date, time), *wall = NULL;
	if (date[0] == '\0')
		fault(a, field, tr("Choose a date.", "Укажите дату."));
	else if (calendar_parse(text, &t, &timed, &e) != 0)
		fault(a, field, e.text);
	else
		wall = timed ? xasprintf("%04d-%02d-%02d %02d:%02d", t.year, t.month, t.day, t.hour, t.minute)
			     : xasprintf("%04d-%02d-%02d", t.year, t.month, t.day);
	free(text);
	return wall;
}

/* The task's data; NULL: errors were noted. */
static json_t *data_of(const struct place *place, const struct action *action, struct asked *a)
{
	json_t *data = json_pack("{s:s}", "campaign", place->row.slug);
	if (action->reason && a->reason[0] != '\0')
		json_object_set_new(data, "reason", json_string(a->reason));
	if (action->needs_reason && a->reason[0] == '\0')
		fault(a, "reason", tr("Write why: others will ask.", "Напишите почему: об этом спросят."));
	if (action->task == TASK_CAMPAIGN_POSTPONE) {
		char *wall = wall_of(a, "date", a->date, a->time);
		if (wall != NULL)
			json_object_set_new(data, "deadline", json_string(wall));
		json_object_set_new(data, "tell", json_boolean(a->tell));
		json_object_set_new(data, "round", json_integer(place->round->number));
		free(wall);
	}
	if (action->task == TASK_CAMPAIGN_STAGE) {
		char *wall = wall_of(a, "date", a->date, a->time);
		char *until = a->until_date[0] == '\0' ? NULL : wall_of(a, "until", a->until_date, a->until_time);
		const struct round_view *stage = rounds_view_number(&place->rounds, a->round);
		if (stage == NULL || strcmp(stage->state, "draft") != 0)
			fault(a, "round", tr("Choose a stage without a date.", "Выберите этап без даты."));
		json_object_set_new(data, "round", json_integer(a->round));
		if (wall != NULL)
			json_object_set_new(data, "at", json_string(wall));
		if (until != NULL)
			json_object_set_new(data, "deadline", json_string(until));
		free(wall);
		free(until);
	}
	if (action->task == TASK_CAMPAIGN_RETRY) {
		if (strcmp(a->state, "failed") != 0 && strcmp(a->state, "uncertain") != 0)
			fault(a, "state", tr("Choose which letters.", "Выберите, какие письма."));
		json_object_set_new(data, "state", json_string(a->state));
	}
	if (json_object_size(a->errors) == 0)
		return data;
	json_decref(data);
	return NULL;
}

/* ---- its page ---------------------------------------------------------------------------------------- */

/* {"value","error"} of a field. */
static json_t *field_of(const struct asked *a, const char *name, const char *value)
{
	return json_pack("{s:s, s:o}", "value", value, "error", show_text(json_string_value(json_object_get(a->errors, name))));
}

static json_t *stages_of(const struct place *place, const struct asked *a)
{
	json_t *list = json_array();
	for (size_t i = 0; i < place->rounds.count; i++) {
		const struct round_view *view = &place->rounds.item[i];
		if (strcmp(view->state, "draft") == 0)
			json_array_append_new(list, json_pack("{s:I, s:s, s:b}", "number", (json_int_t)view->number, "label", view->label, "chosen",
							  view->number == a->round));
	}
	return list;
}

static int add_counts(const struct place *place, json_t *data, struct error *e)
{
	struct campaign_view view;
	int rc = campaign_view_read(place->visit->db, place->row.slug, &view, e);
	json_object_set_new(data, "open",
		view.open == 0 ? json_null()
			       : show_count(view.open, tr("letter has not gone yet", "письмо ещё не ушло"),
					 tr("letters have not gone yet", "письма ещё не ушли"), "писем ещё не ушли"));
	json_object_set_new(data, "failed",
		show_count(view.counts[DELIVERY_FAILED], tr("letter", "письмо"), tr("letters", "письма"), "писем"));
	json_object_set_new(data, "uncertain",
		show_count(view.counts[DELIVERY_UNCERTAIN], tr("letter", "письмо"), tr("letters", "письма"), "писем"));
	campaign_view_fini(&view);
	return rc;
}

static void show(struct place *place, const struct action *action, const struct asked *a, int status, const char *alert)
{
	struct error e = {0};
	json_t *data = place_page(place, "change", tr(action->en, action->ru));
	json_object_set_new(data, "action", json_string(action->name));
	json_object_set_new(data, "action_name", json_string(tr(action->en, action->ru)));
	json_object_set_new(data, "what", json_string(tr(action->what_en, action->what_ru)));
	json_object_set_new(data, "danger", json_boolean(action->danger));
	json_object_set_new(data, "alert", show_text(alert));
	json_object_set_new(data, "reason", action->reason ? field_of(a, "reason", a->reason) : json_null());
	json_object_set_new(data, "needs_reason", json_boolean(action->needs_reason));
	json_object_set_new(data, "postpone", json_boolean(action->task == TASK_CAMPAIGN_POSTPONE));
	json_object_set_new(data, "stage", json_boolean(action->task == TASK_CAMPAIGN_STAGE));
	json_object_set_new(data, "retry", json_boolean(action->task == TASK_CAMPAIGN_RETRY));
	json_object_set_new(data, "when", field_of(a, "date", a->date));
	json_object_set_new(data, "when_time", field_of(a, "time", a->time));
	json_object_set_new(data, "until", field_of(a, "until", a->until_date));
	json_object_set_new(data, "until_time", field_of(a, "until_time", a->until_time));
	json_object_set_new(data, "which", field_of(a, "round", ""));
	json_object_set_new(data, "state", field_of(a, "state", a->state));
	json_object_set_new(data, "chose_failed", json_boolean(strcmp(a->state, "failed") == 0));
	json_object_set_new(data, "chose_uncertain", json_boolean(strcmp(a->state, "uncertain") == 0));
	json_object_set_new(data, "stages", stages_of(place, a));
	json_object_set_new(data, "tell", json_boolean(a->tell));
	json_object_set_new(data, "deadline", place->round == NULL ? json_null() : place_deadline(place, place->round->deadline_ms));
	json_object_set_new(data, "silent", place->round == NULL ? json_null() : show_number(place->round->asks_counts.open));
	char *url = place_url(place, NULL);
	json_object_set_new(data, "back", json_string(url));
	free(url);
	if (add_counts(place, data, &e) == 0) {
		console_page(place->visit, status, "campaign_action", data);
	} else {
		json_decref(data);
		web_reply_error(place->visit->request, &e);
	}
}

static void show_impossible(struct place *place)
{
	web_reply_problem(place->visit->request, 409, tr("That is not possible now", "Сейчас это невозможно"),
		tr("The campaign's state has changed meanwhile. Go back and look at it again.",
			"Состояние рассылки за это время изменилось. Вернитесь и посмотрите на неё ещё раз."));
}

void page_action(struct visit *visit)
{
	struct place place;
	const struct action *action = action_of(visit);
	if (place_open(visit, &place)) {
		struct asked a = {.reason = xstrdup(""), .date = xstrdup(""), .time = xstrdup(""), .until_date = xstrdup(""),
			.until_time = xstrdup(""), .state = xstrdup(""), .errors = json_object()};
		struct calendar_time t;
		struct error ignored;
		if (action != NULL && action->task == TASK_CAMPAIGN_POSTPONE && place.round != NULL && place.round->deadline_ms != 0 &&
			calendar_from_ms(place.round->deadline_ms, place.rounds.zone, &t, &ignored) == 0) {
			free(a.date);
			free(a.time);
			a.date = xasprintf("%04d-%02d-%02d", t.year, t.month, t.day);
			a.time = xasprintf("%02d:%02d", t.hour, t.minute);
		}
		if (action == NULL)
			console_not_found(visit, NULL);
		else if (!action->possible(&place))
			show_impossible(&place);
		else
			show(&place, action, &a, 200, NULL);
		asked_fini(&a);
	}
	place_fini(&place);
}

void order_answer(struct place *place, enum order_outcome outcome, const char *done)
{
	char *url = place_url(place, NULL);
	console_done(place->visit, url,
		outcome == ORDER_APPLIED ? done
					 : tr("The order is stored and will be carried out as soon as the planner comes to it.",
						 "Распоряжение записано и будет выполнено, как только до него дойдёт планировщик."));
	free(url);
}

void take_action(struct visit *visit)
{
	struct place place;
	struct asked a;
	struct error e = {0};
	const struct action *action = action_of(visit);
	take_asked(visit, &a);
	if (place_open(visit, &place)) {
		if (action == NULL) {
			console_not_found(visit, NULL);
		} else if (!action->possible(&place)) {
			show_impossible(&place);
		} else {
			json_t *data = data_of(&place, action, &a);
			const struct orderer who = console_orderer(visit);
			enum order_outcome outcome;
			char result[ORDER_RESULT_SIZE];
			if (data == NULL)
				show(&place, action, &a, 422, tr("Please look at the marked fields.", "Проверьте отмеченные поля."));
			else if (order_give(&who, visit->db, action->task, place.row.slug, data, &outcome, result, &e) != 0)
				console_error(visit, &e);
			else if (outcome == ORDER_REFUSED)
				show(&place, action, &a, 422, result);
			else
				order_answer(&place, outcome, tr(action->done_en, action->done_ru));
			json_decref(data);
		}
	}
	asked_fini(&a);
	place_fini(&place);
}

/* ---- what a date means: asked for while it is being typed ------------------------------------------------ */

void piece_date_words(struct visit *visit)
{
	struct place place;
	struct problems problems = {0};
	struct deadline deadline;
	struct error e = {0};
	int32_t day;
	int hour = 18, minute = 0;
	const char *date = web_query(visit->request, "date"), *time = web_query(visit->request, "time");
	if (place_open(visit, &place)) {
		struct calendars *calendars = calendars_load(visit->console->settings, &problems);
		struct buf words;
		buf_init(&words, 2000);
		if (date != NULL && day_parse(date, &day, &e) == 0 && calendars != NULL) {
			char text[DAY_TEXT_SIZE];
			if (time != NULL && strlen(time) == 5 && time[2] == ':') {
				hour = atoi(time);
				minute = atoi(time + 3);
			}
			(void)buf_puts(&words, day_words_weekday(day, lang_get(), text));
			(void)buf_puts(&words, " · ");
			if (hour >= 0 && hour < 24 && minute >= 0 && minute < 60 &&
				deadline_set(calendars_own(calendars), day, hour * 60 + minute, place.rounds.zone, DEADLINE_KEEP, &deadline, &e) == 0)
				(void)deadline_explain(calendars_own(calendars), &deadline, place.rounds.zone, lang_get(), &words);
		}
		console_piece(visit, "campaign_date_words", json_pack("{s:o}", "words", show_text(buf_str(&words))));
		buf_fini(&words);
		calendars_free(&calendars);
	}
	problems_fini(&problems);
	place_fini(&place);
}
