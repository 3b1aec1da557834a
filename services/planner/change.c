#include "planner/change.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/lang.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "calendar/calendar.h"
#include "calendar/deadline.h"
#include "campaign/amend.h"
#include "campaign/definition.h"
#include "planner/fields.h"
#include "planner/job.h"
#include "planner/letters.h"
#include "planner/place.h"
#include "planner/round.h"
#include "planner/stage.h"

/* Rounds of a campaign that is recalled: as many as campaign.yaml may have stages, and more than it may
 * have periods. */
#define ROUNDS_MAX_OPEN 2000

static int find(struct planner *planner, const struct task *task, struct limits *limits,
	struct campaign_row *row, struct error *e)
{
	const char *slug = task->as.campaign.slug;
	bool open;
	enum db_step step = campaign_row_by_slug(planner->db, slug, row, e);
	if (step != DB_ROW)
		return step == DB_FAILED ? -1 : error_set(e, ERROR_NOT_FOUND, "there is no campaign \"%s\"", slug);
	if (limits_campaign(limits, planner->db, task, row, e) != 0 || job_open(planner, row->id, &open, e) != 0)
		return -1;
	if (open)
		return error_set(e, ERROR_CONFLICT, "campaign \"%s\" is just being changed: try again when it goes on",
			slug);
	if (row->state == CAMPAIGN_DRAFT || row->state == CAMPAIGN_CANCELLED || strcmp(row->kind, "campaign") != 0)
		return error_set(e, ERROR_CONFLICT, "campaign \"%s\" is %s: there is nothing to change", slug,
			strcmp(row->kind, "campaign") == 0 ? campaign_state_name(row->state) : row->kind);
	return 0;
}

/* ---- postponing ----------------------------------------------------------------------------- */

static int new_deadline(struct planner *planner, const struct task *task, const struct round_row *round,
	struct deadline *out, const char **zone, struct error *e)
{
	const char *text = task->as.campaign.deadline;
	struct deadline old;
	struct calendar_time t;
	bool timed;
	if (definition_deadline(round->definition, json_object_get(round->round, "deadline"), NULL, &old, zone, e) != 0 ||
		calendar_parse(text, &t, &timed, e) != 0)
		return -1;
	if (deadline_set(places_workdays(planner->places), day_of(t.year, t.month, t.day),
		    timed ? t.hour * 60 + t.minute : old.minute, *zone, old.rule, out, e) != 0)
		return -1;
	if (out->at_ms <= clock_now_ms())
		return error_set(e, ERROR_INPUT, "the new deadline, %s, is past", text);
	if (out->at_ms == old.at_ms)
		return error_set(e, ERROR_INPUT, "the deadline is %s already", text);
	return 0;
}

/* The children's deadline stays as many working days before. */
static int new_collect(struct planner *planner, const struct round_row *round, const struct deadline *deadline,
	json_t *moved, struct error *e)
{
	const json_t *object = json_object_get(round->round, "collect");
	const struct workdays *workdays = places_workdays(planner->places);
	struct deadline old, own, collect;
	const char *zone, *own_zone;
	if (object == NULL)
		return 0;
	if (definition_deadline(round->definition, object, NULL, &old, &zone, e) != 0 ||
		definition_deadline(round->definition, json_object_get(round->round, "deadline"), NULL, &own, &own_zone,
			e) != 0)
		return -1;
	int32_t day = workdays_add(workdays, deadline->day, -workdays_count(workdays, old.day + 1, own.day));
	if (deadline_set(workdays, day == DAY_NONE ? deadline->day : day, old.minute, zone, DEADLINE_PREVIOUS, &collect,
		    e) != 0)
		return -1;
	json_object_set_new(moved, "collect", definition_deadline_json(&collect, zone));
	return 0;
}

/* A round may have been closed without having opened: all its time passed while nothing could happen. */
static int has_opened(struct planner *planner, const struct round_row *round, bool *opened, struct error *e)
{
	int64_t found;
	enum db_step step = db_query_int(planner->db, &found, e,
		"SELECT id FROM plan WHERE round = $1 AND kind = 'open' AND state = 'done'", "i", round->id);
	*opened = step == DB_ROW;
	return step == DB_FAILED ? -1 : 0;
}

static int store_deadline(struct planner *planner, const struct round_row *round, bool opened, const json_t *moved,
	struct error *e)
{
	struct db_stmt *stmt;
	const json_t *deadline = json_object_get(moved, "deadline"), *collect = json_object_get(moved, "collect");
	int64_t at_ms = json_integer_value(json_object_get(deadline, "at_ms")), now_ms = clock_now_ms();
	int64_t collect_ms = collect == NULL ? at_ms : json_integer_value(json_object_get(collect, "at_ms"));
	if (db_query(planner->db, &stmt, e, "SELECT postponed FROM round WHERE id = $1", "i", round->id) != 0 ||
		db_step(stmt, e) != DB_ROW)
		return -1;
	json_t *all = db_is_null(stmt, 0) ? json_object() : json_loads(db_text(stmt, 0), 0, NULL);
	db_reset(stmt);
	json_object_update(all, (json_t *)(uintptr_t)moved);
	char *text = json_dumps(all, JSON_COMPACT);
	json_decref(all);
	int rc = db_exec(planner->db, e,
		"UPDATE round SET postponed = $2, deadline_ms = $3, reported_ms = NULL,"
		" state = CASE WHEN state = 'closed' THEN CAST($4 AS TEXT) ELSE state END WHERE id = $1",
		"isis", round->id, text, at_ms, opened ? "open" : "planned");
	free(text);
	if (rc == 0)
		rc = db_exec(planner->db, e,
			"UPDATE ask SET deadline_ms = CASE WHEN level = 0 THEN CAST($2 AS BIGINT) ELSE CAST($3 AS BIGINT) END, updated_ms = $4"
			" WHERE round = $1",
			"iiii", round->id, at_ms, collect_ms, now_ms);
	return rc;
}

/* What has happened of the letters stays; what hangs on the deadline happens (again) at the new one. */
static int replan(struct planner *planner, int64_t id, struct error *e)
{
	struct round_row round;
	if (db_exec(planner->db, e,
		    "DELETE FROM plan WHERE round = $1 AND kind <> 'open' AND (state IN ('planned', 'overtaken')"
		    " OR kind IN ('close', 'escalation', 'report'))",
		    "i", id) != 0 ||
		round_row_load(planner, id, &round, e) != 0)
		return -1;
	int rc = round_plan(planner, &round, clock_now_ms(), e);
	if (rc == 0 && strcmp(round.state, "planned") != 0)
		rc = db_exec(planner->db, e,
			"DELETE FROM plan WHERE round = $1 AND kind = 'reminder' AND NOT EXISTS (SELECT 1 FROM ask a"
			" WHERE a.round = plan.round AND a.level = plan.level AND a.place = plan.place)",
			"i", id);
	round_row_fini(&round);
	return rc;
}

/* Waiting letters name the old deadline: they are written anew, as a step of their own. */
static int begin_retelling(struct planner *planner, const struct campaign_row *row, const struct round_row *round,
	bool tell, struct error *e)
{
	json_t *definition;
	struct job_new job = {.campaign = row->id, .round = round->id, .tell = -1, .reminders = true,
		.unanswered = true, .stays = row->state == CAMPAIGN_PAUSED,
		.reason = tr("the deadline is being changed", "меняется срок")};
	if (amend_read(planner->db, row->id, &definition, e) != 0)
		return -1;
	static const char *const which[] = {"first", "collect_first"};
	for (size_t i = 0; i < 2; i++) {
		int64_t step = round_step(round, which[i]), now = amend_current_step(definition, step);
		const json_t *item;
		size_t index;
		char *letter = NULL;
		json_array_foreach(json_object_get(definition, "steps"), index, item)
			if (json_integer_value(json_object_get(item, "step")) == now)
				letter = xstrdup(json_string_value(json_object_get(item, "letter")));
		if (step >= 0 && letter != NULL)
			(void)amend_add_step(definition, i == 0 ? "first" : "collect", letter, "corrects", step);
		free(letter);
	}
	char *letter = tell ? amend_letter(planner->db, row->id, definition, "postponed", e) : NULL;
	int rc = tell && letter == NULL ? -1 : 0;
	if (letter != NULL)
		job.tell = amend_add_step(definition, "postponed", letter, "of", round_step(round, "first"));
	if (rc == 0)
		rc = amend_write(planner->db, row->id, definition, e);
	if (rc == 0)
		rc = job_begin(planner, &job, e);
	free(letter);
	json_decref(definition);
	return rc;
}

static int postpone(struct planner *planner, const struct task *task, const struct campaign_row *row,
	const struct round_row *round, struct error *e)
{
	struct deadline deadline;
	const char *zone;
	bool opened = false;
	if (!round_asks(round) || json_object_get(round->round, "deadline") == NULL)
		return error_set(e, ERROR_CONFLICT, "round %lld of \"%s\" has no deadline", (long long)round->number,
			row->slug);
	if (strcmp(round->state, "draft") == 0 || strcmp(round->state, "withdrawn") == 0)
		return error_set(e, ERROR_CONFLICT, "round %lld of \"%s\" is %s", (long long)round->number, row->slug,
			strcmp(round->state, "draft") == 0 ? "a draft" : "withdrawn");
	if (new_deadline(planner, task, round, &deadline, &zone, e) != 0)
		return -1;
	json_t *moved = json_object();
	json_object_set_new(moved, "deadline", definition_deadline_json(&deadline, zone));
	int rc = new_collect(planner, round, &deadline, moved, e);
	if (rc == 0)
		rc = has_opened(planner, round, &opened, e);
	if (rc == 0)
		rc = store_deadline(planner, round, opened, moved, e);
	json_decref(moved);
	if (rc == 0)
		rc = replan(planner, round->id, e);
	if (rc == 0 && row->state == CAMPAIGN_FINISHED)
		rc = db_exec(planner->db, e,
			"UPDATE campaign SET state = 'running', state_reason = NULL, finished_ms = NULL WHERE id = $1", "i",
			row->id);
	if (rc == 0 && opened)
		rc = begin_retelling(planner, row, round, task->as.campaign.tell, e);
	return rc;
}

int change_postpone(struct planner *planner, const struct task *task, struct limits *limits, struct error *e)
{
	struct campaign_row row = {0};
	struct round_row round = {0};
	int64_t id;
	int rc = find(planner, task, limits, &row, e);
	if (rc == 0)
		rc = round_row_find(planner, row.id, task->as.campaign.round, &id, e);
	if (rc == 0)
		rc = round_row_load(planner, id, &round, e);
	if (rc == 0)
		rc = postpone(planner, task, &row, &round, e);
	if (rc == 0)
		rc = planner_publish_changed(planner, row.id, round.number, e);
	if (rc == 0)
		rc = planner_publish_campaign(planner, &row, "postponed", NULL, NULL, e);
	planner_forget_campaign(planner, row.id);
	round_row_fini(&round);
	campaign_row_fini(&row);
	return rc;
}

/* ---- correcting, recalling: all rounds that have opened ------------------------------------------ */

static int opened_rounds(struct planner *planner, int64_t campaign, int64_t *ids, size_t *count, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step;
	*count = 0;
	if (db_query(planner->db, &stmt, e,
		    "SELECT r.id FROM round r WHERE r.campaign = $1 AND EXISTS (SELECT 1 FROM expand x WHERE x.round = r.id)"
		    " ORDER BY r.id LIMIT $2",
		    "ii", campaign, (int64_t)ROUNDS_MAX_OPEN) != 0)
		return -1;
	while ((step = db_step(stmt, e)) == DB_ROW)
		ids[(*count)++] = db_int(stmt, 0);
	return step == DB_DONE ? 0 : -1;
}

static int begin_jobs(struct planner *planner, const struct job_new *like, struct error *e)
{
	int64_t ids[ROUNDS_MAX_OPEN];
	size_t count;
	if (opened_rounds(planner, like->campaign, ids, &count, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct job_new job = *like;
		job.round = ids[i];
		if (job_begin(planner, &job, e) != 0)
			return -1;
	}
	return 0;
}

static int mended_one(struct planner *planner, const struct task *task, const struct campaign_row *row, int64_t *id,
	struct error *e)
{
	char *slug = amend_slug(row->slug);
	enum db_step step = db_query_int(planner->db, id, e,
		"SELECT id FROM campaign WHERE slug = $1 AND kind = 'correction' AND content_hash = $2", "ss", slug,
		task->as.campaign.content_hash);
	free(slug);
	if (step == DB_DONE)
		return error_set(e, ERROR_NOT_FOUND,
			"the mended letters of \"%s\" with hash %.12s… are not in the store: vestnik campaign correct",
			row->slug, task->as.campaign.content_hash);
	return step == DB_ROW ? 0 : -1;
}

static int correct(struct planner *planner, const struct task *task, const struct campaign_row *row, struct error *e)
{
	int64_t mended;
	json_t *definition = NULL;
	char *correction = NULL;
	bool changed = false;
	struct job_new job = {.campaign = row->id, .stays = row->state == CAMPAIGN_PAUSED,
		.reason = tr("replaced by the corrected letter", "заменено исправленным письмом")};
	int rc = mended_one(planner, task, row, &mended, e);
	if (rc == 0)
		rc = amend_read(planner->db, row->id, &definition, e);
	if (rc == 0)
		rc = amend_take(planner->db, row->id, mended, definition, &correction, &changed, e);
	if (rc == 0) {
		job.tell = amend_add_step(definition, "correction", correction, "of", 0);
		rc = amend_write(planner->db, row->id, definition, e);
	}
	if (rc == 0)
		rc = begin_jobs(planner, &job, e);
	free(correction);
	json_decref(definition);
	return rc;
}

int change_correct(struct planner *planner, const struct task *task, struct limits *limits, struct error *e)
{
	struct campaign_row row = {0};
	int rc = find(planner, task, limits, &row, e);
	if (rc == 0)
		rc = correct(planner, task, &row, e);
	if (rc == 0)
		rc = planner_publish_changed(planner, row.id, 0, e);
	if (rc == 0)
		rc = planner_publish_campaign(planner, &row, "corrected", NULL, NULL, e);
	planner_forget_campaign(planner, row.id);
	campaign_row_fini(&row);
	return rc;
}

static int recall(struct planner *planner, const struct task *task, const struct campaign_row *row, struct error *e)
{
	json_t *definition = NULL;
	char *letter = NULL, *reason = xasprintf("%s: %s", tr("recalled", "отозвано"), task->as.campaign.reason);
	struct job_new job = {.campaign = row->id, .withdraw = true, .reason = reason};
	int rc = planner_end_rounds(planner, row->id, reason, e);
	if (rc == 0)
		rc = db_exec(planner->db, e, "UPDATE round SET state = 'withdrawn' WHERE campaign = $1", "i", row->id);
	if (rc == 0)
		rc = amend_read(planner->db, row->id, &definition, e);
	if (rc == 0) {
		letter = amend_letter(planner->db, row->id, definition, "recall", e);
		rc = letter == NULL ? -1 : 0;
	}
	if (rc == 0) {
		job.tell = amend_add_step(definition, "recall", letter, "of", 0);
		rc = amend_write(planner->db, row->id, definition, e);
	}
	/* Letters of an expansion that was cut short have all been written. */
	if (rc == 0)
		rc = db_exec(planner->db, e, "UPDATE campaign SET expanded = 1 WHERE id = $1", "i", row->id);
	if (rc == 0)
		rc = begin_jobs(planner, &job, e);
	free(letter);
	free(reason);
	json_decref(definition);
	return rc;
}

int change_recall(struct planner *planner, const struct task *task, struct limits *limits, struct error *e)
{
	struct campaign_row row = {0};
	int rc = find(planner, task, limits, &row, e);
	if (rc == 0)
		rc = recall(planner, task, &row, e);
	if (rc == 0)
		rc = planner_publish_campaign(planner, &row, "recalled", task->as.campaign.reason, NULL, e);
	planner_forget_campaign(planner, row.id);
	campaign_row_fini(&row);
	return rc;
}

/* ---- a new address --------------------------------------------------------------------------------- */

struct open_ask {
	int64_t ask, round, campaign, priority, level, key, contact, dispatch;
	enum delivery_state state;
	bool waits;
	char *address, *fields;
};
#define ASKS_MAX 200 /* open asks of one organisation */

enum { ASK, ROUND, CAMPAIGN, PRIORITY, LEVEL, KEY, CONTACT, DISPATCH, STATE, WAITS, ADDRESS, FIELDS };

static void take_letter(struct open_ask *ask, struct db_stmt *row)
{
	free(ask->address);
	free(ask->fields);
	*ask = (struct open_ask){.ask = db_int(row, ASK),
		.round = db_int(row, ROUND),
		.campaign = db_int(row, CAMPAIGN),
		.priority = db_int(row, PRIORITY),
		.level = db_int(row, LEVEL),
		.key = db_int(row, KEY),
		.contact = db_int(row, CONTACT),
		.dispatch = db_int(row, DISPATCH),
		.state = (enum delivery_state)db_int(row, STATE),
		.waits = !db_is_null(row, WAITS),
		.address = xstrdup(db_text(row, ADDRESS)),
		.fields = xstrdup(db_text(row, FIELDS))};
}

/* It was sent in the place of that letter: to another address (send_again), or with a mended text. */
static bool replaces(struct db_stmt *row, const struct open_ask *ask)
{
	int64_t contact = db_int(row, CONTACT);
	return db_int(row, KEY) > ask->key &&
		(contact == -ask->key || (contact == ask->contact && ask->state == DELIVERY_CANCELLED));
}

static int read_asks(struct planner *planner, const struct task *task, struct open_ask *asks, size_t *count,
	struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step;
	*count = 0;
	/* The first letter to this contact, and what was sent in its place, in the order of writing. */
	if (db_query(planner->db, &stmt, e,
		    "SELECT a.id, a.round, a.campaign, c.priority, a.level, d.key, d.contact, d.dispatch, d.state,"
		    " s.key, d.address, d.fields FROM organisation o JOIN ask a ON a.organisation = o.id"
		    " JOIN campaign c ON c.id = a.campaign JOIN contact k ON k.organisation = o.id AND k.active = 1"
		    " JOIN delivery d ON d.round = a.round AND d.recipient = o.id AND (d.contact = k.id OR d.contact < 0)"
		    " AND d.reminds IS NULL LEFT JOIN schedule s ON s.key = d.key AND s.claimed_ms IS NULL"
		    " WHERE o.key = $1 AND a.state = 'open' AND c.state IN ('running', 'paused')"
		    " AND k.role = COALESCE($2, (SELECT k2.role FROM contact k2 WHERE k2.organisation = o.id"
		    " AND k2.active = 1 ORDER BY k2.id LIMIT 1)) ORDER BY a.id, k.id, d.key",
		    "ss", task->as.recipient.key, task->as.recipient.role) != 0)
		return -1;
	while ((step = db_step(stmt, e)) == DB_ROW) {
		struct open_ask *last = *count == 0 ? NULL : &asks[*count - 1];
		if (fields_acknowledgement(db_text(stmt, FIELDS)) != 0)
			continue;
		if (last != NULL && last->ask == db_int(stmt, ASK)) {
			if (replaces(stmt, last))
				take_letter(last, stmt);
			continue; /* one contact's letter is enough */
		}
		if (db_int(stmt, CONTACT) < 0)
			continue; /* in the place of another contact's */
		if (*count == ASKS_MAX) {
			db_reset(stmt);
			break;
		}
		take_letter(&asks[(*count)++], stmt);
	}
	return step == DB_FAILED ? -1 : 0;
}

/* A letter in its place: its contact is the old letter's key, below zero, so that it is another one. */
static int send_again(struct planner *planner, const struct open_ask *ask, const char *address, struct error *e)
{
	struct round_row round;
	struct fields_end end = {0};
	struct letters letters = {0};
	int64_t now_ms = clock_now_ms();
	if (round_row_load(planner, ask->round, &round, e) != 0)
		return -1;
	struct letters_of of = {.campaign = ask->campaign,
		.priority = ask->priority,
		.round = ask->round,
		.step = amend_current_step(round.definition,
			round_step(&round, ask->level == 1 ? "collect_first" : "first")),
		.not_after_ms = round_deadline_ms(&round, ask->level),
		.now_ms = now_ms};
	int rc = fields_end_make(&end, &round, ask->level, false, e);
	if (rc == 0) {
		struct letter_row *row = letters_add(&letters);
		rc = db_query_int(planner->db, &row->recipient, e, "SELECT organisation FROM ask WHERE id = $1", "i",
			     ask->ask) == DB_ROW
			? 0
			: -1;
		row->contact = -ask->key;
		row->due_ms = now_ms;
		row->address = xstrdup(address);
		row->fields = fields_join(ask->fields, &end, ask->ask, 0);
	}
	if (rc == 0)
		rc = letters_find_suppressed(planner, &letters, e);
	if (rc == 0)
		rc = letters_write(planner, &of, &letters, NULL, e);
	fields_end_fini(&end);
	letters_fini(&letters);
	round_row_fini(&round);
	return rc;
}

static int readdress(struct planner *planner, const struct open_ask *ask, const char *address, struct error *e)
{
	if (strcmp(ask->address, address) == 0 && ask->state != DELIVERY_FAILED && ask->state != DELIVERY_BOUNCED &&
		ask->state != DELIVERY_SUPPRESSED && ask->state != DELIVERY_EXPIRED)
		return 0;
	if (ask->waits) {
		struct schedule_item item = {.key = ask->key, .campaign = ask->campaign, .dispatch = ask->dispatch,
			.state = ask->state};
		if (planner_end_unsent(planner, &item, 1, DELIVERY_CANCELLED,
			    tr("the recipient has a new address", "у адресата новый адрес"), e) != 0)
			return -1;
	}
	/* 2: it was not reached (answer/answer.h). */
	if (db_exec(planner->db, e,
		    "UPDATE ask SET trouble = trouble - 2, updated_ms = $2 WHERE id = $1 AND (trouble & 2) <> 0", "ii",
		    ask->ask, clock_now_ms()) != 0)
		return -1;
	return send_again(planner, ask, address, e);
}

int change_address(struct planner *planner, const struct task *task, struct error *e)
{
	struct open_ask *asks = xcalloc(ASKS_MAX, sizeof *asks);
	size_t count;
	int64_t known = 0;
	enum db_step step = db_query_int(planner->db, &known, e, "SELECT id FROM organisation WHERE key = $1", "s",
		task->as.recipient.key);
	int rc = step == DB_ROW ? 0
		: step == DB_FAILED ? -1
				    : error_set(e, ERROR_NOT_FOUND, "there is no organisation \"%.100s\"",
					      task->as.recipient.key);
	count = 0;
	if (rc == 0)
		rc = read_asks(planner, task, asks, &count, e);
	for (size_t i = 0; i < count; i++) {
		if (rc == 0)
			rc = readdress(planner, &asks[i], task->as.recipient.address, e);
		free(asks[i].address);
		free(asks[i].fields);
	}
	free(asks);
	if (rc == 0)
		log_info("recipient_readdressed", "recipient=%s asks=%zu", log_quote(task->as.recipient.key), count);
	return rc;
}
