/* Expansion: a campaign's audience becomes deliveries, batch by batch behind a cursor; letters of
 * committed batches may go at once. The recipients of a batch are read and rendered to fields
 * before the write lock is taken. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "campaign/amend.h"
#include "campaign/definition.h"
#include "planner/internal.h"
#include "planner/letters.h"
#include "planner/opening.h"
#include "planner/pace.h"

/* Organisations a batch: some 10 ms under the write lock. */
#define BATCH_ORGANISATIONS 1000
/* An organisation gives a letter per chosen contact. */
#define BATCH_LETTERS_MAX 16000

struct open_expand {
	int64_t id, campaign, round, step, cursor, revision;
};

struct batch {
	struct planner *planner;
	struct campaign *campaign; /* as the round has it */
	struct round_row round;
	int64_t level;
	struct pace pace;
	int64_t now_ms, already; /* letters of earlier batches */
	struct letters letters;
	struct opening opening;
	struct error *e;
};

static void batch_fini(struct batch *batch)
{
	letters_fini(&batch->letters);
	opening_fini(&batch->opening);
	round_row_fini(&batch->round);
}

static int gather(void *arg, const struct campaign_recipient *recipient)
{
	struct batch *batch = arg;
	char place[PLAN_PLACE_SIZE];
	if (batch->letters.count == BATCH_LETTERS_MAX)
		return error_set(batch->e, ERROR_INPUT, "%d organisations have over %d contacts",
			BATCH_ORGANISATIONS, BATCH_LETTERS_MAX);
	struct letter_row *row = letters_add(&batch->letters);
	row->recipient = recipient->organisation;
	row->contact = recipient->contact;
	row->address = xstrdup(recipient->address);
	row->fields = json_dumps(recipient->fields, JSON_COMPACT);
	if (row->fields == NULL)
		return error_set(batch->e, ERROR_INPUT, "the fields of %s cannot be written as JSON",
			recipient->key);
	if (round_asks(&batch->round))
		row->place = xstrdup(place_name(batch->planner->places, recipient->zone,
			json_string_value(
				json_object_get(json_object_get(recipient->fields, "recipient"), "region")),
			campaign_zone(batch->campaign), place));
	int64_t slot_ms;
	if (pace_slot(&batch->pace, batch->already + (int64_t)batch->letters.count - 1, &slot_ms, batch->e) != 0)
		return -1;
	if (!batch->round.told)
		return campaign_due_ms(batch->campaign, recipient->zone, slot_ms, &row->due_ms, batch->e);
	/* The round's own beginning, which a stage may have got after the launch. */
	const json_t *definition = batch->round.definition;
	return definition_opens_ms(definition, batch->round.round,
		definition_local(definition) ? recipient->zone : NULL, slot_ms, &row->due_ms, batch->e);
}

static enum db_step next_open(struct planner *planner, struct open_expand *out, struct error *e)
{
	for (int turn = 0; turn < 2; turn++) {
		struct db_stmt *stmt;
		if (db_query(planner->db, &stmt, e,
			    "SELECT x.id, x.campaign, x.round, x.step, x.cursor, x.revision FROM expand x"
			    " CROSS JOIN campaign c"
			    " WHERE c.id = x.campaign AND x.done = 0 AND x.id > $1 AND (c.state = 'running'"
			    " OR (x.step = $2 AND c.state = 'paused')) ORDER BY x.id LIMIT 1",
			    "ii", planner->after_expand, (int64_t)PLANNER_STEP_JOB) != 0)
			return DB_FAILED;
		enum db_step step = db_step(stmt, e);
		if (step == DB_FAILED)
			return step;
		if (step == DB_ROW) {
			*out = (struct open_expand){db_int(stmt, 0), db_int(stmt, 1), db_int(stmt, 2),
				db_int(stmt, 3), db_int(stmt, 4), db_int(stmt, 5)};
			db_reset(stmt);
			planner->after_expand = out->id;
			return DB_ROW;
		}
		if (planner->after_expand == 0)
			return DB_DONE;
		planner->after_expand = 0;
	}
	return DB_DONE;
}

/* ---- writing -------------------------------------------------------------------------- */

static int64_t step_not_after(const struct campaign *campaign, int64_t step, int64_t campaign_limit)
{
	const json_t *steps = json_object_get(campaign_definition(campaign), "steps");
	size_t index;
	json_t *item;
	json_array_foreach((json_t *)(uintptr_t)steps, index, item)
	{
		const json_t *limit = json_object_get(item, "not_after_ms");
		if (json_integer_value(json_object_get(item, "step")) == step && json_is_integer(limit) &&
			json_integer_value(limit) < campaign_limit)
			return json_integer_value(limit);
	}
	return campaign_limit;
}

/* No later than the answer is due. */
static int64_t not_after(const struct open_expand *x, const struct batch *batch, const struct campaign_row *c)
{
	int64_t limit = step_not_after(batch->campaign, x->step, c->not_after_ms);
	int64_t deadline_ms = batch->opening.asks ? round_deadline_ms(&batch->round, batch->level) : TIME_NEVER_MS;
	return limit < deadline_ms ? limit : deadline_ms;
}

static int write_rows(struct planner *planner, const struct open_expand *x, const struct campaign_row *c,
	struct batch *batch, struct error *e)
{
	struct letters_of of = {.campaign = x->campaign,
		.priority = c->priority,
		.round = x->round,
		.step = amend_current_step(batch->round.definition, x->step),
		.not_after_ms = not_after(x, batch, c),
		.now_ms = batch->now_ms};
	batch->opening.priority = c->priority;
	batch->opening.now_ms = batch->now_ms;
	int64_t written;
	if (opening_write(planner, &batch->opening, &batch->letters, e) != 0 ||
		letters_write(planner, &of, &batch->letters, &written, e) != 0 ||
		db_exec(planner->db, e, "UPDATE plan SET letters = letters + $2 WHERE round = $1 AND kind = 'open'", "ii",
			x->round, written) != 0)
		return -1;
	return opening_acknowledgements(planner, &batch->opening, &batch->letters, e);
}

/* Those asked through their parents come after these: their asks hang on the parents'. */
static int go_on_with_children(struct planner *planner, const struct open_expand *x, const struct batch *batch,
	bool *more, struct error *e)
{
	int64_t step = round_step(&batch->round, "collect_first");
	*more = batch->level == 0 && batch->opening.asks && step >= 0;
	if (!*more)
		return 0;
	return db_exec(planner->db, e,
		"INSERT INTO expand (campaign, round, step, cursor, revision) VALUES ($1, $2, $3, 0, $4)"
		" ON CONFLICT (round, step) DO NOTHING",
		"iiii", x->campaign, x->round, step, x->revision);
}

/* Reminders for places where nobody is asked would only puzzle people. */
static int forget_empty_places(struct planner *planner, const struct open_expand *x, int64_t level,
	struct error *e)
{
	return db_exec(planner->db, e,
		"DELETE FROM plan WHERE round = $1 AND kind = 'reminder' AND level = $2 AND NOT EXISTS ("
		"SELECT 1 FROM ask a WHERE a.round = plan.round AND a.level = plan.level AND a.place = plan.place)",
		"ii", x->round, level);
}

static int close_expand(struct planner *planner, const struct open_expand *x, const struct batch *batch,
	struct error *e)
{
	int64_t revision = 0;
	bool more;
	if (batch->opening.asks && forget_empty_places(planner, x, batch->level, e) != 0)
		return -1;
	if (go_on_with_children(planner, x, batch, &more, e) != 0)
		return -1;
	if (db_query_int(planner->db, &revision, e, "SELECT COALESCE(max(number), 0) FROM directory_revision",
		    "") != DB_ROW)
		return -1;
	if (revision != x->revision)
		log_warn("directory_changed_meanwhile", "campaign=%lld pinned=%lld now=%lld",
			(long long)x->campaign, (long long)x->revision, (long long)revision);
	return more ? 0
		    : db_exec(planner->db, e, "UPDATE campaign SET expanded = 1 WHERE id = $1", "i", x->campaign);
}

/* The cursor is compared with what was read: another leader's batch, a cancel or a pause that
 * came in between makes this one void. */
static int write_batch(struct planner *planner, const struct open_expand *x, struct batch *batch,
	int64_t last, bool end, struct error *e)
{
	struct campaign_row c = {0};
	int rc = -1;
	if (planner_begin(planner, e) != 0)
		return -1;
	int64_t id;
	enum db_step step = db_query_int(planner->db, &id, e,
		"UPDATE expand SET cursor = $3, done = $4 WHERE id = $1 AND cursor = $2 AND done = 0 RETURNING id",
		"iiii", x->id, x->cursor, last, (int64_t)end);
	if (step != DB_ROW) {
		rc = step == DB_DONE ? 0 : -1;
		goto out;
	}
	if (campaign_row_by_id(planner->db, x->campaign, &c, e) != DB_ROW ||
		write_rows(planner, x, &c, batch, e) != 0 || (end && close_expand(planner, x, batch, e) != 0) ||
		db_commit(planner->db, DB_RELAXED, e) != 0)
		goto out;
	planner->totals.expanded += (int64_t)batch->letters.count;
	rc = batch->letters.count > 0 ? (int)batch->letters.count : 1;
out:
	db_rollback(planner->db);
	campaign_row_fini(&c);
	return rc;
}

/* A definition or directory that cannot be expanded will not get better by itself: the campaign
 * stops with the reason where people look for it. */
static int stop_campaign(struct planner *planner, int64_t id, const char *reason, struct error *e)
{
	struct campaign_row row = {0};
	char *words = xasprintf("planner: %s", reason);
	int rc = planner_begin(planner, e);
	if (rc == 0 && campaign_row_by_id(planner->db, id, &row, e) != DB_ROW)
		rc = -1;
	if (rc == 0)
		rc = campaign_row_set_state(planner->db, id, CAMPAIGN_PAUSED, words, e);
	if (rc == 0)
		rc = planner_publish_campaign(planner, &row, "paused", words, NULL, e);
	if (rc == 0)
		rc = db_commit(planner->db, DB_RELAXED, e);
	db_rollback(planner->db);
	log_error("expansion_stopped", "campaign=%lld reason=%s", (long long)id, log_quote(reason));
	campaign_row_fini(&row);
	free(words);
	return rc == 0 ? 1 : -1;
}

static int read_round(struct planner *planner, const struct open_expand *x, struct batch *batch,
	struct error *e)
{
	if (round_row_load(planner, x->round, &batch->round, e) != 0)
		return -1;
	batch->level = round_asks(&batch->round) && x->step == round_step(&batch->round, "collect_first");
	/* A campaign without rounds, and a test letter, is as its definition says. */
	return planner_campaign_round(planner, x->campaign, batch->round.told ? batch->round.number : 0,
		batch->level == 1, &batch->campaign, e);
}

/* A rate is counted from the round's beginning, by all rounds that begin at that moment: letters of
 * former ones, and reminders, had their own slots. */
static int count_already(struct planner *planner, const struct open_expand *x, struct batch *batch,
	struct error *e)
{
	enum db_step step = batch->round.told
		? db_query_int(planner->db, &batch->already, e,
			  "SELECT CAST(sum(p.letters) AS BIGINT) FROM plan own JOIN plan p ON p.campaign = own.campaign"
			  " AND p.due_ms = own.due_ms AND p.kind = own.kind WHERE own.round = $1 AND own.kind = 'open'",
			  "i", x->round)
		: db_query_int(planner->db, &batch->already, e, "SELECT total FROM campaign WHERE id = $1", "i",
			  x->campaign);
	return step == DB_FAILED ? -1 : 0;
}

static int read_batch(struct planner *planner, const struct open_expand *x, struct batch *batch,
	int64_t *last, bool *end, struct error *e)
{
	if (read_round(planner, x, batch, e) != 0 || count_already(planner, x, batch, e) != 0)
		return -1;
	int64_t starts_ms = batch->round.starts_ms;
	/* With local times a round begins in the east before it begins here. Slots of a rate are
	 * counted from one moment, whatever the time is. */
	if (json_object_get(campaign_definition(batch->campaign), "rate") == NULL && batch->now_ms < starts_ms)
		starts_ms = batch->now_ms;
	if (pace_init(&batch->pace, batch->campaign, starts_ms, e) != 0)
		return -1;
	return campaign_audience_batch(planner->db, batch->campaign, x->cursor, BATCH_ORGANISATIONS, last, end,
		gather, batch, e);
}

/* All that needs no write lock, from one state of the directory. */
static int prepare_batch(struct planner *planner, const struct open_expand *x, struct batch *batch,
	int64_t *last, bool *end, struct error *e)
{
	if (read_batch(planner, x, batch, last, end, e) != 0 ||
		opening_prepare(planner, &batch->opening, &batch->round, batch->level, &batch->letters, e) != 0)
		return -1;
	return letters_find_suppressed(planner, &batch->letters, e);
}

int planner_expand(struct planner *planner, struct error *e)
{
	struct open_expand x;
	enum db_step step = next_open(planner, &x, e);
	if (step != DB_ROW)
		return step == DB_DONE ? 0 : -1;
	if (x.step == PLANNER_STEP_JOB)
		return planner_job_step(planner, x.id, x.round, x.cursor, e);
	if (x.step < 0)
		return planner_retry_step(planner, x.id, x.campaign, x.step, x.cursor, e);
	struct batch batch = {.planner = planner, .now_ms = clock_now_ms(), .e = e};
	int64_t last = x.cursor;
	bool end = false;
	error_clear(e);
	/* A snapshot: the batch is one state of the directory. */
	int rc = db_begin(planner->db, DB_READ, e);
	if (rc == 0)
		rc = prepare_batch(planner, &x, &batch, &last, &end, e);
	db_rollback(planner->db);
	if (rc == 0)
		rc = write_batch(planner, &x, &batch, last, end, e);
	if (rc < 0 && (e->code == ERROR_INPUT || e->code == ERROR_NOT_FOUND)) {
		struct error why = *e;
		rc = stop_campaign(planner, x.campaign, why.text, e);
	}
	batch_fini(&batch);
	return rc;
}
