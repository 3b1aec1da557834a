/* What happens to a round follows from three moments of it (it opens, the
 * schools' deadline of a cascade, the deadline) and from the lists around them.
 * The reasons are made here in both languages: they are stored with the rows
 * and read months later by whoever asks «почему в этот день?». */
#include "campaign/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "calendar/calendar.h"
#include "calendar/deadline.h"
#include "calendar/remind.h"
#include "campaign/definition.h"

#define REASON_MAX_BYTES 2000

static const char *const kind_names[PLAN_KINDS] = {
	"open", "reminder", "close", "escalation", "report"};

const char *plan_kind_name(enum plan_kind kind)
{
	return kind_names[kind];
}

struct maker {
	const json_t *definition;
	const struct workdays *workdays;
	const struct plan_place *place;
	size_t places;
	int64_t now_ms;
	struct plan_rows *out;
	size_t cap;
	struct error *e;
	/* of the round in hand */
	const json_t *round;
	int64_t number;
	bool late; /* its deadline was before now */
};

struct reason {
	struct buf en, ru;
};

static void reason_init(struct reason *reason)
{
	buf_init(&reason->en, REASON_MAX_BYTES);
	buf_init(&reason->ru, REASON_MAX_BYTES);
}

static struct buf *reason_in(struct reason *reason, enum lang lang)
{
	return lang == LANG_RU ? &reason->ru : &reason->en;
}

static void reason_put(struct reason *reason, const char *en, const char *ru)
{
	(void)buf_puts(&reason->en, en);
	(void)buf_puts(&reason->ru, ru);
}

/* Takes the reason over. */
static struct plan_row *add(struct maker *m, enum plan_kind kind, int64_t due_ms, struct reason *reason)
{
	if (m->out->count == m->cap) {
		m->cap = m->cap == 0 ? 32 : m->cap * 2;
		m->out->item = xrealloc(m->out->item, m->cap, sizeof *m->out->item);
	}
	if (m->late)
		reason_put(reason, "; not any more: the deadline has passed", "; уже нет: срок прошёл");
	struct plan_row *row = &m->out->item[m->out->count++];
	*row = (struct plan_row){.round_number = m->number,
		.kind = kind,
		.place = "",
		.due_ms = due_ms,
		.overtaken = m->late,
		.reason_en = buf_take(&reason->en),
		.reason_ru = buf_take(&reason->ru)};
	return row;
}

/* ---- opening ------------------------------------------------------------------------ */

static int put_moment(struct maker *m, struct reason *reason, int64_t at_ms, const char *zone)
{
	char text[CALENDAR_TEXT_SIZE];
	for (enum lang lang = LANG_EN; lang <= LANG_RU; lang++) {
		if (calendar_format(at_ms, zone, lang, CALENDAR_FULL, text, m->e) != 0)
			return -1;
		(void)buf_puts(reason_in(reason, lang), text);
	}
	return 0;
}

/* The round begins where its first recipients' letters go: with local times that is in the east. */
static int open_ms(struct maker *m, int64_t *first_ms)
{
	int64_t at_ms;
	if (!definition_local(m->definition) || m->places == 0)
		return definition_opens_ms(m->definition, m->round, NULL, m->now_ms, first_ms, m->e);
	*first_ms = INT64_MAX;
	for (size_t i = 0; i < m->places; i++) {
		if (definition_opens_ms(m->definition, m->round, m->place[i].zone, m->now_ms, &at_ms,
			    m->e) != 0)
			return -1;
		if (at_ms < *first_ms)
			*first_ms = at_ms;
	}
	return 0;
}

static int add_open(struct maker *m, bool given, int64_t first_ms)
{
	struct reason reason;
	reason_init(&reason);
	if (given)
		reason_put(&reason, "the letters go: ", "уходят письма: ");
	else
		reason_put(&reason, "the letters go at launch: ", "письма уходят при запуске: ");
	int rc = put_moment(m, &reason, first_ms, definition_zone(m->definition));
	if (definition_local(m->definition))
		reason_put(&reason, ", where it is that time first; everywhere at the recipients' own time",
			" – там, где это время наступает раньше; всем – по их местному времени");
	(void)add(m, PLAN_OPEN, first_ms, &reason);
	return rc;
}

/* ---- reminders ----------------------------------------------------------------------- */

struct asked { /* what one level is asked: a deadline and the reminders before it */
	int level;
	struct deadline deadline;
	const char *zone;
	struct step step[REMIND_STEPS_MAX];
	int64_t number[REMIND_STEPS_MAX]; /* delivery.step */
	size_t steps;
};

static bool overtaken_by_opening(const struct remind *r, const struct plan_place *place,
	int64_t opens_ms, struct reason *reason)
{
	int32_t day;
	char words[DAY_TEXT_SIZE], step[STEP_TEXT_SIZE];
	if (day_of_ms(opens_ms, place->zone, &day, NULL) != 0 || r->day == DAY_NONE || r->day > day)
		return false;
	bool same = r->day == day;
	for (enum lang lang = LANG_EN; lang <= LANG_RU; lang++) {
		(void)step_words(r->step, lang, step);
		(void)day_words(day, lang, words);
		if (lang == LANG_RU)
			(void)buf_printf(&reason->ru,
				same ? "%s: не уйдёт: в этот день, %s, уходит само письмо"
				     : "%s: не уйдёт: само письмо уходит позже, %s", step, words);
		else
			(void)buf_printf(&reason->en,
				same ? "%s: is not sent: the letter itself goes on that day, %s"
				     : "%s: is not sent: the letter itself goes later, on %s", step, words);
	}
	return true;
}

static int remind_place_of(struct maker *m, const struct asked *asked, const struct plan_place *place)
{
	struct remind plan[REMIND_STEPS_MAX];
	int64_t opens_ms;
	struct remind_place where = {.workdays = place->workdays, .zone = place->zone};
	definition_hours(m->definition, &where.open_minute, &where.close_minute);
	if (definition_opens_ms(m->definition, m->round,
		    definition_local(m->definition) ? place->zone : NULL, m->now_ms, &opens_ms, m->e) != 0 ||
		remind_plan(&asked->deadline, asked->zone, &where, asked->step, asked->steps, m->now_ms,
			plan, m->e) != 0)
		return -1;
	for (size_t i = 0; i < asked->steps; i++) {
		struct reason reason;
		reason_init(&reason);
		bool early = plan[i].outcome == REMIND_GOES &&
			overtaken_by_opening(&plan[i], place, opens_ms, &reason);
		if (!early)
			for (enum lang lang = LANG_EN; lang <= LANG_RU; lang++)
				(void)remind_explain(&where, plan, i, lang, reason_in(&reason, lang));
		struct plan_row *row = add(m, PLAN_REMINDER,
			plan[i].day == DAY_NONE ? asked->deadline.at_ms : plan[i].at_ms, &reason);
		row->step = asked->number[i];
		row->level = asked->level;
		row->place = place->zone;
		row->overtaken = row->overtaken || early || plan[i].outcome != REMIND_GOES;
	}
	return 0;
}

static int read_steps(struct maker *m, const json_t *list, struct asked *asked)
{
	size_t index;
	const json_t *item;
	json_array_foreach(list, index, item)
	{
		const char *before = json_string_value(json_object_get(item, "before"));
		if (asked->steps == REMIND_STEPS_MAX || before == NULL)
			return error_set(m->e, ERROR_INTERNAL, "definition: bad reminders in round %lld",
				(long long)m->number);
		if (step_parse(before, &asked->step[asked->steps], m->e) != 0)
			return -1;
		asked->number[asked->steps++] = json_integer_value(json_object_get(item, "step"));
	}
	return 0;
}

/* The recipients of one level share their plan by zone and calendar, so a million cost no more
 * than eleven. */
static int add_level(struct maker *m, struct asked *asked)
{
	struct reason reason;
	for (size_t i = 0; i < m->places; i++)
		if (remind_place_of(m, asked, &m->place[i]) != 0)
			return -1;
	reason_init(&reason);
	for (enum lang lang = LANG_EN; lang <= LANG_RU; lang++)
		(void)deadline_explain(m->workdays, &asked->deadline, asked->zone, lang,
			reason_in(&reason, lang));
	if (asked->level == 1)
		reason_put(&reason, "; of those asked through a parent", "; для тех, кого спрашивают через вышестоящего");
	add(m, PLAN_CLOSE, asked->deadline.at_ms, &reason)->level = asked->level;
	return 0;
}

/* ---- after the deadline --------------------------------------------------------------- */

static int add_escalation(struct maker *m, const json_t *item, size_t index, const struct asked *own,
	const struct asked *collected)
{
	const char *after = json_string_value(json_object_get(item, "after"));
	const char *to = json_string_value(json_object_get(item, "to"));
	struct step step;
	struct deadline due;
	struct reason reason;
	if (after == NULL || to == NULL || step_parse(after, &step, m->e) != 0)
		return error_set(m->e, ERROR_INTERNAL, "definition: bad escalation %zu", index);
	bool parent = strcmp(to, "parent") == 0;
	/* A parent can still do something about its schools while its own deadline is ahead. */
	const struct asked *of = parent && collected->zone != NULL ? collected : own;
	if (step.amount == 0)
		due = of->deadline;
	else if (deadline_shift(m->workdays, &of->deadline, step, of->zone, &due, m->e) != 0)
		return -1;
	reason_init(&reason);
	for (enum lang lang = LANG_EN; lang <= LANG_RU; lang++) {
		bool ru = lang == LANG_RU, controller = strcmp(to, "controller") == 0;
		char text[STEP_TEXT_SIZE], moment[CALENDAR_TEXT_SIZE] = "";
		(void)calendar_format(due.at_ms, of->zone, lang, CALENDAR_FULL, moment, NULL);
		if (step.amount == 0)
			(void)buf_puts(reason_in(&reason, lang), ru ? "в срок" : "at the deadline");
		else
			(void)buf_printf(reason_in(&reason, lang), ru ? "%s после срока" : "%s the deadline",
				step_words(step, lang, text));
		(void)buf_printf(reason_in(&reason, lang),
			ru ? ", %s: список не ответивших – %s" : ", %s: the list of the silent to %s", moment,
			controller ? (ru ? "ответственному за контроль" : "the controller")
			: parent   ? (ru ? "вышестоящему" : "their parent")
				   : to);
	}
	struct plan_row *row = add(m, PLAN_ESCALATION, due.at_ms, &reason);
	row->step = (int64_t)index;
	row->level = of->level;
	return 0;
}

static int add_after(struct maker *m, const struct asked *own, const struct asked *collected)
{
	const json_t *ask = json_object_get(m->definition, "ask"), *item;
	size_t index;
	json_array_foreach(json_object_get(ask, "escalate"), index, item)
		if (add_escalation(m, item, index, own, collected) != 0)
			return -1;
	if (json_object_get(ask, "report") == NULL)
		return 0;
	struct reason reason;
	reason_init(&reason);
	reason_put(&reason, "the deadline, ", "срок, ");
	int rc = put_moment(m, &reason, own->deadline.at_ms, own->zone);
	reason_put(&reason, ": the report goes once everything received before it is counted",
		": отчёт уходит, когда учтено всё полученное до него");
	(void)add(m, PLAN_REPORT, own->deadline.at_ms, &reason);
	return rc;
}

/* ---- rounds ------------------------------------------------------------------------------ */

/* zone stays NULL when the round has no such deadline. */
static int read_asked(struct maker *m, const char *deadline, const char *steps, int level,
	struct asked *out)
{
	*out = (struct asked){.level = level};
	const json_t *object = json_object_get(m->round, deadline);
	if (object == NULL)
		return 0;
	if (definition_deadline(m->definition, object, m->workdays, &out->deadline, &out->zone, m->e) != 0)
		return -1;
	return read_steps(m, json_object_get(m->round, steps), out);
}

static int make_round(struct maker *m)
{
	struct asked own, collected;
	bool given = json_object_get(m->round, "starts_ms") != NULL;
	int64_t first_ms;
	if (json_is_true(json_object_get(m->round, "draft")))
		return 0;
	if (read_asked(m, "deadline", "remind", 0, &own) != 0 ||
		read_asked(m, "collect", "collect_remind", 1, &collected) != 0 ||
		open_ms(m, &first_ms) != 0)
		return -1;
	m->late = own.zone != NULL && own.deadline.at_ms <= m->now_ms;
	if (add_open(m, given, first_ms) != 0)
		return -1;
	if (own.zone == NULL || !definition_asks(m->round))
		return own.zone == NULL ? 0 : add_level(m, &own);
	if (collected.zone != NULL && add_level(m, &collected) != 0)
		return -1;
	return add_level(m, &own) != 0 ? -1 : add_after(m, &own, &collected);
}

static int by_time(const void *a, const void *b)
{
	const struct plan_row *x = a, *y = b;
	if (x->due_ms != y->due_ms)
		return x->due_ms < y->due_ms ? -1 : 1;
	if (x->round_number != y->round_number)
		return x->round_number < y->round_number ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->level != y->level)
		return y->level - x->level; /* schools before those who sum them up */
	if (x->step != y->step)
		return x->step < y->step ? -1 : 1;
	return strcmp(x->place, y->place);
}

int plan_make(const json_t *definition, const struct workdays *workdays, const struct plan_place *places,
	size_t count, int64_t now_ms, struct plan_rows *out, struct error *e)
{
	struct maker m = {.definition = definition,
		.workdays = workdays,
		.place = places,
		.places = count,
		.now_ms = now_ms,
		.out = out,
		.e = e};
	json_t *rounds = definition_rounds(definition);
	size_t index;
	int rc = 0;
	*out = (struct plan_rows){0};
	json_array_foreach(rounds, index, m.round)
	{
		m.number = json_integer_value(json_object_get(m.round, "number"));
		m.late = false;
		rc = make_round(&m);
		if (rc != 0)
			break;
	}
	json_decref(rounds);
	if (rc != 0)
		plan_rows_fini(out);
	else if (out->count > 1)
		qsort(out->item, out->count, sizeof *out->item, by_time);
	return rc;
}

void plan_rows_fini(struct plan_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++) {
		free(rows->item[i].reason_en);
		free(rows->item[i].reason_ru);
	}
	free(rows->item);
	*rows = (struct plan_rows){0};
}
