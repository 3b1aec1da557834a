/* Step 4: the whole in words, its timeline, what it asks of people, and the launch. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "calendar/day.h"
#include "campaign/definition.h"
#include "campaign/simulate.h"
#include "console/compose/part.h"
#include "console/people/approval.h"

#define TIMELINE_MOST 200

/* ---- the summary -------------------------------------------------------------------------------- */

struct summary {
	struct draft *draft;
	const json_t *definition;
	const char *zone;
	const struct simulation *simulation;
	int64_t recipients, collected;
	struct buf text;
};

static void put_count(struct buf *out, int64_t n, const char *one, const char *few, const char *many)
{
	json_t *number = show_number(n);
	(void)buf_printf(out, "%s %s", json_string_value(number), calendar_plural(n, lang_get(), one, few, many));
	json_decref(number);
}

/* «сегодня», «завтра», «30 мая» */
static void put_day(struct summary *s, int32_t day)
{
	int32_t today = DAY_NONE;
	char words[DAY_TEXT_SIZE];
	struct error e;
	(void)day_of_ms(clock_now_ms(), s->zone, &today, &e);
	bool far = today != DAY_NONE && day_year(day) != day_year(today);
	(void)buf_puts(&s->text, day == today	    ? tr("today", "сегодня")
				 : day == today + 1 ? tr("tomorrow", "завтра")
				 : far		    ? day_words(day, lang_get(), words)
						    : day_words_short(day, lang_get(), words));
}

/* «23, 26 и 29 мая; 2 июня» */
static void put_days(struct summary *s, const int32_t *day, size_t count)
{
	char words[DAY_TEXT_SIZE];
	for (size_t i = 0; i < count; i++) {
		struct calendar_time now = day_split(day[i]);
		bool last = i + 1 == count || day_split(day[i + 1]).month != now.month;
		if (i > 0)
			(void)buf_puts(&s->text, i + 1 == count ? tr(" and ", " и ") : ", ");
		if (last)
			(void)buf_puts(&s->text, day_words_short(day[i], lang_get(), words));
		else
			(void)buf_printf(&s->text, "%d", now.day);
	}
}

static void put_letters(struct summary *s)
{
	const json_t *send = json_object_get(s->definition, "send");
	const char *wall = json_string_value(json_object_get(send, "wall"));
	char time[CALENDAR_TEXT_SIZE];
	const struct simulate_row *first = NULL;
	for (size_t i = 0; i < s->simulation->count && first == NULL; i++)
		if (s->simulation->row[i].kind == SIMULATE_LETTERS)
			first = &s->simulation->row[i];
	if (first == NULL)
		return;
	(void)buf_puts(&s->text, tr(" The letter: ", " Письмо – "));
	int32_t day = DAY_NONE;
	struct error e;
	char date[11] = "";
	snprintf(date, sizeof date, "%.10s", wall == NULL ? "" : wall);
	if (wall == NULL && first->at_ms <= clock_now_ms() + 60000) {
		(void)buf_puts(&s->text, tr("at once after the launch", "сразу после запуска"));
	} else if (wall != NULL && json_is_true(json_object_get(send, "local")) && day_parse(date, &day, NULL) == 0) {
		put_day(s, day);
		(void)buf_printf(&s->text, tr(" at %s by the recipient's own clock", " в %s по местному времени адресата"), wall + 11);
	} else if (day_of_ms(first->at_ms, s->zone, &day, &e) == 0 &&
		calendar_format(first->at_ms, s->zone, lang_get(), CALENDAR_TIME, time, &e) == 0) {
		put_day(s, day);
		(void)buf_printf(&s->text, tr(" at %s", " в %s"), time);
	}
	(void)buf_puts(&s->text, ".");
}

static void put_reminders(struct summary *s)
{
	int32_t days[32];
	size_t count = 0;
	for (size_t i = 0; i < s->simulation->count && count < 32; i++) {
		const struct simulate_row *row = &s->simulation->row[i];
		int32_t day;
		struct error e;
		if (row->kind != SIMULATE_REMINDER || row->level != 0 || row->overtaken || day_of_ms(row->at_ms, s->zone, &day, &e) != 0)
			continue;
		bool known = false;
		for (size_t k = 0; k < count; k++)
			known = known || days[k] == day;
		if (!known)
			days[count++] = day;
	}
	if (count == 0)
		return;
	(void)buf_puts(&s->text, count == 1 ? tr(" A reminder to those who have not answered: ", " Напоминание не ответившим – ")
					    : tr(" Reminders to those who have not answered: ", " Напоминания не ответившим – "));
	put_days(s, days, count);
	(void)buf_puts(&s->text, ".");
}

static void put_last(struct summary *s, enum simulate_kind kind, const char *en, const char *ru)
{
	for (size_t i = 0; i < s->simulation->count; i++) {
		const struct simulate_row *row = &s->simulation->row[i];
		char time[CALENDAR_TEXT_SIZE];
		int32_t day;
		struct error e;
		if (row->kind != kind || row->level != 0 || row->overtaken || day_of_ms(row->at_ms - (kind == SIMULATE_CLOSE), s->zone, &day, &e) != 0 ||
			calendar_format(row->at_ms, s->zone, lang_get(), CALENDAR_TIME, time, &e) != 0)
			continue;
		(void)buf_puts(&s->text, tr(en, ru));
		put_day(s, day);
		(void)buf_printf(&s->text, tr(" at %s.", " в %s."), time);
		return;
	}
}

static char *summary_words(struct summary *s)
{
	buf_init(&s->text, 4000);
	put_count(&s->text, s->recipients, tr("recipient", "адресат"), tr("recipients", "адресата"), tr("recipients", "адресатов"));
	if (s->collected > 0) {
		(void)buf_puts(&s->text, tr(", and through them ", ", через них ещё "));
		put_count(&s->text, s->collected, tr("organisation", "организация"), tr("organisations", "организации"), tr("organisations", "организаций"));
	}
	(void)buf_puts(&s->text, ".");
	put_letters(s);
	put_last(s, SIMULATE_CLOSE, " Answers are due ", " Срок ответа – ");
	put_reminders(s);
	put_last(s, SIMULATE_REPORT, " The report: ", " Сводный отчёт – ");
	return buf_take(&s->text);
}

/* ---- the timeline ------------------------------------------------------------------------------------ */

static const char *what_words(const struct simulate_row *row)
{
	static const char *const en[SIMULATE_KINDS] = {"Letters", "Letters to those asked through others", "To read and confirm", "Reminder to the silent", "Deadline", "List of the silent", "Report"};
	static const char *const ru[SIMULATE_KINDS] = {"Письма", "Письма тем, кого спрашивают через вышестоящих", "На ознакомление", "Напоминание молчащим", "Срок ответа", "Список молчащих", "Сводный отчёт"};
	if (row->level == 1 && row->kind == SIMULATE_REMINDER)
		return tr("Reminder to those asked through others", "Напоминание тем, кого спрашивают через вышестоящих");
	if (row->level == 1 && row->kind == SIMULATE_CLOSE)
		return tr("Deadline of those asked through others", "Срок для тех, кого спрашивают через вышестоящих");
	return tr(en[row->kind], ru[row->kind]);
}

static json_t *timeline_of(const struct summary *s)
{
	json_t *list = json_array();
	for (size_t i = 0; i < s->simulation->count && i < TIMELINE_MOST; i++) {
		const struct simulate_row *row = &s->simulation->row[i];
		char when[CALENDAR_TEXT_SIZE] = "";
		struct buf whom;
		buf_init(&whom, 200);
		(void)calendar_format(row->at_ms, s->zone, lang_get(), CALENDAR_FULL, when, NULL);
		if (row->recipients >= 0 && !row->overtaken) {
			if (row->kind == SIMULATE_REMINDER)
				(void)buf_puts(&whom, tr("at most ", "не больше: "));
			put_count(&whom, row->recipients, tr("recipient", "адресат"), tr("recipients", "адресата"), tr("recipients", "адресатов"));
		}
		json_array_append_new(list, json_pack("{s:s, s:s, s:s?, s:s, s:s?, s:b}", "when", when, "what", what_words(row), "label", row->label, "whom", buf_str(&whom), "why",
						    lang_get() == LANG_RU ? row->reason_ru : row->reason_en, "no", row->overtaken));
		buf_fini(&whom);
	}
	return list;
}

/* ---- the page ------------------------------------------------------------------------------------------- */

static int add_summary(struct draft *draft, json_t *data, struct error *e)
{
	const struct settings *settings = draft->visit->console->settings;
	struct simulation simulation;
	json_t *burden = NULL;
	struct summary s = {.draft = draft, .definition = campaign_folder_definition(draft->folder), .simulation = &simulation};
	s.zone = definition_zone(s.definition);
	if (simulate_run(draft->folder, settings, draft->visit->db, 0, &simulation, e) != 0)
		return -1;
	for (size_t i = 0; i < simulation.zones; i++) { /* each walk over a large audience takes a second */
		s.recipients += simulation.zone[i].recipients;
		s.collected += simulation.zone[i].collected;
	}
	char *words = summary_words(&s);
	json_object_set_new(data, "summary", json_string(words));
	json_object_set_new(data, "timeline", timeline_of(&s));
	json_object_set_new(data, "recipients", json_integer(s.recipients));
	json_object_set_new(data, "big", json_boolean(settings->audience_max > 0 && s.recipients > settings->audience_max));
	json_object_set_new(data, "approval_wanted", json_boolean(approval_wanted(settings, s.recipients)));
	if (simulation.days_most > 0) {
		struct buf slow;
		buf_init(&slow, 400);
		(void)buf_puts(&slow, tr("At the allowed rate sending takes ", "При разрешённой скорости отправка займёт "));
		put_count(&slow, simulation.days_most, tr("day", "день"), tr("days", "дня"), tr("days", "дней"));
		json_object_set_new(data, "slow", json_string(buf_str(&slow)));
		buf_fini(&slow);
	}
	free(words);
	simulation_fini(&simulation);
	if (burden_show(draft, &burden, e) != 0)
		return -1;
	if (burden != NULL)
		json_object_set_new(data, "burden", burden);
	return 0;
}

/* What was asked of a second person for exactly this content; the page has no button while it waits. */
static int add_approval(struct draft *draft, json_t *data, struct error *e)
{
	json_t *card = approval_card(draft->visit, draft->composition.slug, campaign_folder_hash(draft->folder), e);
	if (card == NULL)
		return -1;
	json_object_set_new(data, "waits",
		json_boolean(json_is_true(json_object_get(card, "asked")) && json_is_true(json_object_get(card, "current"))));
	if (json_is_true(json_object_get(card, "approved"))) /* given: the planner refused it then, or has not come to it */
		json_object_set_new(data, "approval_wanted", json_false());
	json_object_set_new(data, "approval", card);
	return 0;
}

void show_check(struct draft *draft, int status)
{
	struct error e = {0};
	if (draft->folder == NULL && !draft_load(draft, LOOK_WHOLE))
		return;
	json_t *data = draft_page(draft, STEP_CHECK);
	if (draft->folder != NULL && (add_summary(draft, data, &e) != 0 || add_approval(draft, data, &e) != 0)) {
		json_decref(data);
		web_reply_error(draft->visit->request, &e);
		return;
	}
	json_object_set_new(data, "ready", json_boolean(draft->folder != NULL));
	json_object_set_new(data, "may_launch", json_boolean(visit_may(draft->visit, RIGHT_CAMPAIGN_LAUNCH)));
	draft_show(draft, status, STEP_CHECK, data);
}

void page_check(struct visit *visit)
{
	struct draft draft;
	if (!draft_open(visit, &draft))
		return;
	show_check(&draft, 200);
	draft_close(&draft);
}

/* ---- the launch --------------------------------------------------------------------------------------------- */

static void refuse(struct draft *draft, int status, const char *text)
{
	problem_add(&draft->problems, PROBLEM_ERROR, (struct problem_place){.field = "launch"}, NULL, "%s", text);
	show_check(draft, status);
}

/* A big audience is meant so only by who types its number. false: it was shown again. */
static bool confirmed(struct draft *draft)
{
	const struct settings *settings = draft->visit->console->settings;
	struct campaign_recipient *sample = NULL;
	struct error e = {0};
	size_t samples = 0;
	int64_t count = 0;
	const char *typed = web_value(draft->visit->request, "confirm");
	if (settings->audience_max <= 0)
		return true;
	if (!draft_load(draft, LOOK_WHOLE))
		return false;
	if (draft->folder != NULL && campaign_folder_audience(draft->folder, draft->visit->db, &count, &sample, 0, &samples, &e) == 0)
		free(sample);
	if (count <= settings->audience_max || (typed != NULL && strtoll(typed, NULL, 10) == count)) {
		campaign_folder_free(&draft->folder);
		problems_fini(&draft->problems);
		return true;
	}
	refuse(draft, 422, tr("This is a large audience: type the number of recipients to confirm it.", "Адресатов много: подтвердите запуск, введя их число."));
	return false;
}

static void launch(struct draft *draft)
{
	struct visit *visit = draft->visit;
	struct orderer who = console_orderer(visit);
	char result[ORDER_RESULT_SIZE];
	enum order_outcome outcome;
	bool asked;
	struct error e = {0};
	const char *version = web_value(visit->request, "version");
	if (version == NULL || strtoll(version, NULL, 10) != draft->composition.version) {
		refuse(draft, 409, tr("The draft was changed meanwhile: look at it again.", "Черновик за это время изменился: посмотрите его ещё раз."));
		return;
	}
	int rc = compose_launch(&who, visit->db, &draft->composition, &asked, &outcome, result, &draft->problems, &e);
	char *campaign = xasprintf("/campaigns/%s", draft->composition.slug), *check = draft_url(draft, STEP_CHECK);
	if (rc == 0 && asked)
		console_done(visit, check, tr("A second person was asked to approve the launch.", "Запуск передан на согласование второму сотруднику."));
	else if (rc == 0 && outcome == ORDER_REFUSED) {
		draft->composition.version++; /* the order's */
		refuse(draft, 422, result);
	}
	else if (rc == 0)
		console_done(visit, campaign, outcome == ORDER_APPLIED ? tr("Launched.", "Рассылка запущена.") : tr("The launch is ordered; it begins in a moment.", "Запуск принят и начнётся через несколько секунд."));
	else if (e.code == ERROR_INPUT || (e.code == ERROR_CONFLICT && !e.retriable) || e.code == ERROR_DENIED)
		refuse(draft, e.code == ERROR_CONFLICT ? 409 : 422, e.text);
	else
		console_error(visit, &e);
	free(campaign);
	free(check);
}

void take_check(struct visit *visit)
{
	struct draft draft;
	if (!draft_open(visit, &draft))
		return;
	if (confirmed(&draft))
		launch(&draft);
	draft_close(&draft);
}
