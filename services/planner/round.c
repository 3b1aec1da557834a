#include "planner/round.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "campaign/definition.h"
#include "campaign/plan.h"

/* ---- a round ----------------------------------------------------------------------------- */

void round_row_fini(struct round_row *row)
{
	json_decref(row->round);
	json_decref(row->definition);
	*row = (struct round_row){0};
}

/* The round alone in a definition: what is computed of it computes no other. */
static json_t *definition_alone(const json_t *definition, json_t *round)
{
	json_t *copy = json_copy((json_t *)(uintptr_t)definition), *rounds = json_array();
	json_array_append(rounds, round);
	json_object_set_new(copy, "rounds", rounds);
	return copy;
}

static int take_definition(struct planner *planner, struct round_row *row, const char *postponed,
	struct error *e)
{
	struct campaign *campaign;
	if (planner_campaign(planner, row->campaign, &campaign, e) != 0)
		return -1;
	const json_t *definition = campaign_definition(campaign);
	json_t *found = definition_round(definition, row->number);
	if (found == NULL)
		return error_set(e, ERROR_INTERNAL, "campaign %lld: its definition has no round %lld",
			(long long)row->campaign, (long long)row->number);
	row->told = json_array_size(json_object_get(definition, "rounds")) > 0;
	row->round = json_copy(found);
	json_decref(found);
	if (postponed != NULL) {
		json_t *moved = json_loads(postponed, 0, NULL);
		json_object_update(row->round, moved);
		json_decref(moved);
	}
	row->definition = definition_alone(definition, row->round);
	return 0;
}

int round_row_load(struct planner *planner, int64_t id, struct round_row *row, struct error *e)
{
	struct db_stmt *stmt;
	*row = (struct round_row){.id = id, .deadline_ms = TIME_NEVER_MS};
	if (db_query(planner->db, &stmt, e,
		    "SELECT campaign, number, starts_ms, deadline_ms, state, postponed FROM round WHERE id = $1", "i",
		    id) != 0)
		return -1;
	enum db_step step = db_step(stmt, e);
	if (step != DB_ROW)
		return step == DB_FAILED ? -1 : error_set(e, ERROR_NOT_FOUND, "no round %lld", (long long)id);
	row->campaign = db_int(stmt, 0);
	row->number = db_int(stmt, 1);
	row->starts_ms = db_int(stmt, 2);
	if (!db_is_null(stmt, 3))
		row->deadline_ms = db_int(stmt, 3);
	snprintf(row->state, sizeof row->state, "%s", db_text(stmt, 4));
	char *postponed = xstrdup(db_text(stmt, 5));
	db_reset(stmt);
	int rc = take_definition(planner, row, postponed, e);
	free(postponed);
	if (rc != 0)
		round_row_fini(row);
	return rc;
}

int round_row_find(struct planner *planner, int64_t campaign, int64_t number, int64_t *id, struct error *e)
{
	enum db_step step = number != 0
		? db_query_int(planner->db, id, e, "SELECT id FROM round WHERE campaign = $1 AND number = $2", "ii",
			  campaign, number)
		: db_query_int(planner->db, id, e,
			  "SELECT id FROM round WHERE campaign = $1 AND state IN ('open', 'planned')"
			  " ORDER BY state, number LIMIT 1",
			  "i", campaign);
	if (step == DB_DONE && number != 0)
		return error_set(e, ERROR_NOT_FOUND, "the campaign has no round %lld", (long long)number);
	if (step == DB_DONE)
		return error_set(e, ERROR_NOT_FOUND, "no round of the campaign is open or planned: name one by its number");
	return step == DB_ROW ? 0 : -1;
}

bool round_asks(const struct round_row *row)
{
	return json_object_get(row->definition, "ask") != NULL && row->told && definition_asks(row->round);
}

int64_t round_deadline_ms(const struct round_row *row, int64_t level)
{
	const json_t *object = json_object_get(row->round, level == 1 ? "collect" : "deadline");
	const json_t *at_ms = json_object_get(object, "at_ms");
	return at_ms == NULL ? TIME_NEVER_MS : json_integer_value(at_ms);
}

int64_t round_step(const struct round_row *row, const char *which)
{
	const json_t *step = json_object_get(row->round, which);
	return json_is_integer(step) ? json_integer_value(step) : -1;
}

json_t *round_first_steps(const struct round_row *row, int64_t level)
{
	int64_t first = round_step(row, level == 1 ? "collect_first" : "first");
	json_t *steps = json_array(), *item;
	size_t index;
	json_array_append_new(steps, json_integer(first));
	json_array_foreach(json_object_get(row->definition, "steps"), index, item)
	{
		const json_t *corrects = json_object_get(item, "corrects");
		if (json_is_integer(corrects) && json_integer_value(corrects) == first)
			json_array_append(steps, json_object_get(item, "step"));
	}
	return steps;
}

/* ---- its plan ----------------------------------------------------------------------------- */

static int put_row(struct planner *planner, const struct round_row *row, const struct plan_row *from,
	const char *place, struct error *e)
{
	struct plan_new plan = {.campaign = row->campaign,
		.round = row->id,
		.step = from->step,
		.level = from->level,
		.due_ms = from->due_ms,
		.kind = plan_kind_name(from->kind),
		.place = place,
		.reason = lang_get() == LANG_RU ? from->reason_ru : from->reason_en,
		.state = from->overtaken ? "overtaken" : "planned"};
	return plan_put(planner->db, &plan, e);
}

int round_plan_place(struct planner *planner, const struct round_row *row, const char *place, int64_t now_ms,
	struct error *e)
{
	char zone[PLAN_PLACE_SIZE];
	struct plan_place where = {.workdays = place_parts(planner->places, place, zone), .zone = zone};
	struct plan_rows rows;
	if (plan_make(row->definition, places_workdays(planner->places), &where, 1, now_ms, &rows, e) != 0)
		return -1;
	int rc = 0;
	for (size_t i = 0; i < rows.count && rc == 0; i++)
		if (rows.item[i].kind == PLAN_REMINDER)
			rc = put_row(planner, row, &rows.item[i], place, e);
	plan_rows_fini(&rows);
	return rc;
}

/* What is the same everywhere. With local times the round opens where its day begins: the places
 * matter for that, too. */
static int plan_round_itself(struct planner *planner, const struct round_row *row, int64_t now_ms,
	struct error *e)
{
	size_t count = places_count(planner->places);
	char(*zones)[PLAN_PLACE_SIZE] = xcalloc(count + 1, sizeof *zones), name[PLAN_PLACE_SIZE];
	struct plan_place *where = xcalloc(count + 1, sizeof *where);
	struct plan_rows rows;
	for (size_t i = 0; i < count; i++) {
		where[i].workdays = place_parts(planner->places,
			places_item(planner->places, i, definition_zone(row->definition), name), zones[i]);
		where[i].zone = zones[i];
	}
	int rc = plan_make(row->definition, places_workdays(planner->places), where, count, now_ms, &rows, e);
	for (size_t i = 0; rc == 0 && i < rows.count; i++)
		if (rows.item[i].kind != PLAN_REMINDER)
			rc = put_row(planner, row, &rows.item[i], "", e);
	plan_rows_fini(&rows);
	free(where);
	free(zones);
	return rc;
}

int round_plan(struct planner *planner, const struct round_row *row, int64_t now_ms, struct error *e)
{
	char place[PLAN_PLACE_SIZE];
	int rc = plan_round_itself(planner, row, now_ms, e);
	for (size_t i = 0; rc == 0 && i < places_count(planner->places) && round_asks(row); i++)
		rc = round_plan_place(planner, row,
			places_item(planner->places, i, definition_zone(row->definition), place), now_ms, e);
	return rc;
}

/* ---- at launch ------------------------------------------------------------------------------ */

static int write_round(struct planner *planner, int64_t campaign, const json_t *round, int64_t now_ms,
	struct error *e)
{
	const json_t *starts = json_object_get(round, "starts_ms");
	const json_t *deadline = json_object_get(json_object_get(round, "deadline"), "at_ms");
	bool draft = json_is_true(json_object_get(round, "draft"));
	int64_t id = 0, deadline_ms = json_integer_value(deadline), late = 0;
	if (db_query_int(planner->db, &id, e,
		    "INSERT INTO round (campaign, number, label, starts_ms, deadline_ms, state)"
		    " VALUES ($1, $2, $3, $4, CASE WHEN CAST($5 AS BIGINT) = 0 THEN NULL ELSE $5 END, $6) RETURNING id",
		    "iisiis", campaign, (int64_t)json_integer_value(json_object_get(round, "number")),
		    json_string_value(json_object_get(round, "label")),
		    starts == NULL ? now_ms : (int64_t)json_integer_value(starts), deadline_ms,
		    draft ? "draft" : "planned") != DB_ROW)
		return -1;
	if (draft)
		return 0;
	struct round_row row;
	int rc = round_row_load(planner, id, &row, e);
	if (rc == 0)
		rc = round_plan(planner, &row, now_ms, e);
	round_row_fini(&row);
	/* One whose time was over before the launch never opens. */
	if (rc == 0 && db_query_int(planner->db, &late, e,
			       "SELECT 1 FROM plan WHERE round = $1 AND kind = 'open' AND state = 'overtaken'", "i",
			       id) == DB_FAILED)
		rc = -1;
	if (rc == 0 && late != 0)
		rc = db_exec(planner->db, e, "UPDATE round SET state = 'closed' WHERE id = $1", "i", id);
	return rc;
}

int rounds_write(struct planner *planner, const struct campaign_row *campaign, int64_t now_ms, bool *written,
	struct error *e)
{
	struct campaign *loaded;
	*written = false;
	planner_forget_campaign(planner, campaign->id); /* a draft may have been stored anew since */
	if (strcmp(campaign->kind, "campaign") != 0)
		return 0;
	if (planner_campaign(planner, campaign->id, &loaded, e) != 0)
		return -1;
	json_t *rounds = json_incref(json_object_get(campaign_definition(loaded), "rounds"));
	int rc = 0;
	for (size_t i = 0; i < json_array_size(rounds) && rc == 0; i++)
		rc = write_round(planner, campaign->id, json_array_get(rounds, i), now_ms, e);
	*written = json_array_size(rounds) > 0;
	json_decref(rounds);
	return rc;
}
