/* What a person should know before launch: deadlines that have passed, reminders
 * that will not go, years whose days off are not known. */
#include <string.h>

#include "base/lang.h"
#include "campaign/definition.h"
#include "campaign/folder.h"
#include "campaign/plan.h"

#define YEARS_MOST 20
#define WARNINGS_MOST 20 /* of reminders: the same reason again and again helps nobody */

static const struct yaml_node *place_of(const struct folder_reader *r)
{
	return r->ask.deadline != NULL ? r->ask.deadline : r->ask.node;
}

static void check_years(struct folder_reader *r, const json_t *rounds)
{
	int seen[YEARS_MOST];
	size_t years = 0, index, k;
	const json_t *round;
	char text[WORKDAYS_TEXT_SIZE];
	json_array_foreach(rounds, index, round)
	{
		struct deadline deadline;
		const char *zone;
		const json_t *object = json_object_get(round, "deadline");
		if (object == NULL ||
			definition_deadline(r->folder->definition, object, NULL, &deadline, &zone, NULL) != 0)
			continue;
		int year = day_year(deadline.day);
		for (k = 0; k < years && seen[k] != year;)
			k++;
		if (k < years || years == YEARS_MOST)
			continue;
		seen[years++] = year;
		if (workdays_status_text(calendars_own(r->calendars), year, lang_get(), text)[0] != '\0')
			folder_warn(r, place_of(r), "ask.deadline", NULL, "%s", text);
	}
}

static int64_t deadline_ms(const json_t *round)
{
	const json_t *object = json_object_get(round, "deadline");
	return object == NULL ? 0 : json_integer_value(json_object_get(object, "at_ms"));
}

static void check_past(struct folder_reader *r, const json_t *rounds)
{
	size_t index, asks = 0, late = 0;
	const json_t *round;
	json_array_foreach(rounds, index, round)
	{
		int64_t at_ms = deadline_ms(round);
		if (at_ms == 0 || json_is_true(json_object_get(round, "draft")))
			continue;
		asks++;
		late += at_ms <= r->now_ms;
	}
	if (late == 0 || r->rehearsal)
		return;
	if (late == asks)
		folder_error(r, place_of(r), "ask.deadline", NULL, "%s",
			tr("the deadline is in the past", "срок уже прошёл"));
	else
		folder_warn(r, place_of(r), "ask.deadline", NULL,
			tr("rounds whose deadline has passed, which will not open: %zu",
				"периодов, чей срок прошёл и которые не откроются: %zu"),
			late);
}

static const struct yaml_node *reminder_node(const struct folder_reader *r, const json_t *round, int64_t step)
{
	size_t index;
	const json_t *item;
	json_array_foreach(json_object_get(round, "remind"), index, item)
		if (json_integer_value(json_object_get(item, "step")) == step && index < r->ask.reminds)
			return r->ask.remind_node[index];
	return NULL;
}

/* Of the schools' reminders the deadline's own say enough. */
static void check_reminders(struct folder_reader *r)
{
	const struct plan_place place = {.zone = r->ask.zone, .workdays = calendars_own(r->calendars)};
	struct plan_rows rows;
	struct error e = {0};
	size_t said = 0;
	if (plan_make(r->folder->definition, calendars_own(r->calendars), &place, 1, r->now_ms, &rows, &e) != 0) {
		folder_error(r, place_of(r), "ask", NULL, "%s", e.text);
		return;
	}
	for (size_t i = 0; i < rows.count && said < WARNINGS_MOST; i++) {
		const struct plan_row *row = &rows.item[i];
		json_t *round = definition_round(r->folder->definition, row->round_number);
		if (row->kind == PLAN_REMINDER && row->level == 0 && row->overtaken &&
			deadline_ms(round) > r->now_ms) {
			const char *label = json_string_value(json_object_get(round, "label"));
			/* Two that become one are as they should be. */
			(row->due_ms < r->now_ms ? folder_warn : folder_info)(r,
				reminder_node(r, round, row->step), "ask.remind", NULL, "%s%s%s",
				label == NULL ? "" : label, label == NULL ? "" : ": ",
				lang_get() == LANG_RU ? row->reason_ru : row->reason_en);
			said++;
		}
		json_decref(round);
	}
	plan_rows_fini(&rows);
}

void folder_check_rounds(struct folder_reader *r)
{
	const json_t *rounds = json_object_get(r->folder->definition, "rounds");
	if (rounds == NULL || !r->ask.given)
		return;
	check_years(r, rounds);
	check_past(r, rounds);
	if (!r->rehearsal)
		check_reminders(r);
}
