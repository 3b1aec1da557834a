#include "planner/stage.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/lang.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "calendar/deadline.h"
#include "campaign/definition.h"
#include "planner/place.h"
#include "planner/round.h"

/* Wall time of the campaign's zone; without a time: minute. */
static int wall_ms(const char *text, const char *zone, int minute, int64_t *at_ms, struct error *e)
{
	struct calendar_time t;
	bool timed;
	if (calendar_parse(text, &t, &timed, e) != 0)
		return -1;
	if (!timed) {
		t.hour = minute / 60;
		t.minute = minute % 60;
	}
	return calendar_to_ms(&t, zone, at_ms, e);
}

static enum deadline_if_off rule_of(const json_t *definition)
{
	const char *rule = json_string_value(json_object_get(json_object_get(definition, "ask"), "if_day_off"));
	for (int i = 0; rule != NULL && deadline_if_off_words[i] != NULL; i++)
		if (strcmp(deadline_if_off_words[i], rule) == 0)
			return (enum deadline_if_off)i;
	return DEADLINE_NEXT;
}

/* The deadline: one that is given now, else the one campaign.yaml has for all stages. */
static int set_deadline(struct planner *planner, const struct task *task, const struct round_row *row,
	int64_t at_ms, json_t *moved, struct error *e)
{
	const char *text = task->as.campaign.deadline, *zone = definition_zone(row->definition);
	struct calendar_time t;
	struct deadline deadline;
	bool timed;
	int64_t deadline_ms = round_deadline_ms(row, 0);
	if (!round_asks(row))
		return text == NULL ? 0
				    : error_set(e, ERROR_INPUT, "stage %lld asks for nothing: it has no deadline",
					      (long long)row->number);
	if (text == NULL && deadline_ms == TIME_NEVER_MS)
		return error_set(e, ERROR_INPUT, "stage %lld asks for an answer: it needs a deadline, too",
			(long long)row->number);
	if (text != NULL) {
		if (calendar_parse(text, &t, &timed, e) != 0 ||
			deadline_set(places_workdays(planner->places), day_of(t.year, t.month, t.day),
				timed ? t.hour * 60 + t.minute : DEADLINE_DAY_END, zone,
				rule_of(row->definition), &deadline, e) != 0)
			return -1;
		deadline_ms = deadline.at_ms;
		json_object_set_new(moved, "deadline", definition_deadline_json(&deadline, zone));
	}
	return deadline_ms > at_ms ? 0 : error_set(e, ERROR_INPUT, "the deadline lies before the stage itself");
}

/* {"draft":false,"starts_ms","deadline"?}: stands above the definition (round.h). */
static json_t *dates(struct planner *planner, const struct task *task, const struct round_row *row,
	int64_t *at_ms, struct error *e)
{
	int open_minute, close_minute;
	definition_hours(row->definition, &open_minute, &close_minute);
	if (wall_ms(task->as.campaign.at, definition_zone(row->definition), open_minute, at_ms, e) != 0)
		return NULL;
	if (*at_ms < clock_now_ms()) {
		(void)error_set(e, ERROR_INPUT, "%s is past", task->as.campaign.at);
		return NULL;
	}
	json_t *moved = json_pack("{s:b, s:I}", "draft", 0, "starts_ms", (json_int_t)*at_ms);
	if (set_deadline(planner, task, row, *at_ms, moved, e) == 0)
		return moved;
	json_decref(moved);
	return NULL;
}

static int write_dates(struct planner *planner, int64_t round, const json_t *moved, int64_t at_ms, struct error *e)
{
	const json_t *deadline = json_object_get(json_object_get(moved, "deadline"), "at_ms");
	char *text = json_dumps(moved, JSON_COMPACT);
	int rc = db_exec(planner->db, e,
		"UPDATE round SET state = 'planned', starts_ms = $2, postponed = $3,"
		" deadline_ms = CASE WHEN CAST($4 AS BIGINT) = 0 THEN deadline_ms ELSE $4 END WHERE id = $1",
		"iisi", round, at_ms, text, (int64_t)json_integer_value(deadline));
	free(text);
	return rc;
}

/* As it is now, with its dates; and its plan. */
static int plan(struct planner *planner, int64_t round, struct error *e)
{
	struct round_row row;
	if (round_row_load(planner, round, &row, e) != 0)
		return -1;
	int rc = round_plan(planner, &row, clock_now_ms(), e);
	round_row_fini(&row);
	return rc;
}

static int stage(struct planner *planner, const struct task *task, const struct campaign_row *campaign,
	struct error *e)
{
	struct round_row row;
	int64_t id, at_ms;
	if (round_row_find(planner, campaign->id, task->as.campaign.round, &id, e) != 0 ||
		round_row_load(planner, id, &row, e) != 0)
		return -1;
	int rc = -1;
	json_t *moved = NULL;
	if (strcmp(row.state, "draft") != 0)
		(void)error_set(e, ERROR_CONFLICT, "stage %lld of \"%s\" is no draft: it is %s",
			(long long)row.number, campaign->slug, row.state);
	else
		moved = dates(planner, task, &row, &at_ms, e);
	round_row_fini(&row);
	if (moved != NULL)
		rc = write_dates(planner, id, moved, at_ms, e);
	json_decref(moved);
	if (rc == 0)
		rc = plan(planner, id, e);
	/* A series whose dated stages are all over goes on. */
	if (rc == 0 && campaign->state == CAMPAIGN_FINISHED)
		rc = db_exec(planner->db, e,
			"UPDATE campaign SET state = 'running', state_reason = NULL, finished_ms = NULL WHERE id = $1",
			"i", campaign->id);
	return rc;
}

int planner_stage(struct planner *planner, const struct task *task, struct limits *limits, struct error *e)
{
	struct campaign_row row = {0};
	const char *slug = task->as.campaign.slug;
	enum db_step step = campaign_row_by_slug(planner->db, slug, &row, e);
	int rc = step == DB_ROW ? 0
		: step == DB_FAILED ? -1
				    : error_set(e, ERROR_NOT_FOUND, "there is no campaign \"%s\"", slug);
	if (rc == 0)
		rc = limits_campaign(limits, planner->db, task, &row, e);
	if (rc == 0 && (row.state == CAMPAIGN_DRAFT || row.state == CAMPAIGN_CANCELLED))
		rc = error_set(e, ERROR_CONFLICT, "campaign \"%s\" is %s: its stages have no dates of their own",
			slug, campaign_state_name(row.state));
	if (rc == 0)
		rc = stage(planner, task, &row, e);
	if (rc == 0)
		log_info("stage_planned", "campaign=%s round=%lld at=%s", slug,
			(long long)task->as.campaign.round, log_quote(task->as.campaign.at));
	campaign_row_fini(&row);
	return rc;
}
