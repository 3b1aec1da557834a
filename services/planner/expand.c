/* Expansion: a campaign's audience becomes deliveries, batch by batch behind a cursor; letters of
 * committed batches may go at once. The recipients of a batch are read and rendered to fields
 * before the write lock is taken. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "planner/internal.h"
#include "planner/pace.h"
#include "store/delivery.h"

/* Organisations a batch: some 10 ms under the write lock. */
#define BATCH_ORGANISATIONS 1000
/* An organisation gives a letter per chosen contact. */
#define BATCH_LETTERS_MAX 16000

struct open_expand {
	int64_t id, campaign, round, step, cursor, revision;
};

struct letter_row {
	int64_t recipient, contact, due_ms;
	char *address, *fields, *suppressed;
};

struct batch {
	struct planner *planner;
	struct campaign *campaign;
	struct pace pace;
	int64_t now_ms, already; /* letters of earlier batches */
	struct letter_row *rows;
	size_t count, room;
	struct error *e;
};

static void batch_fini(struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		free(batch->rows[i].address);
		free(batch->rows[i].fields);
		free(batch->rows[i].suppressed);
	}
	free(batch->rows);
}

static int gather(void *arg, const struct campaign_recipient *recipient)
{
	struct batch *batch = arg;
	if (batch->count == BATCH_LETTERS_MAX)
		return error_set(batch->e, ERROR_INPUT, "%d organisations have over %d contacts",
			BATCH_ORGANISATIONS, BATCH_LETTERS_MAX);
	if (batch->count == batch->room) {
		batch->room = batch->room == 0 ? 256 : batch->room * 2;
		batch->rows = xrealloc(batch->rows, batch->room, sizeof *batch->rows);
	}
	struct letter_row *row = &batch->rows[batch->count++];
	*row = (struct letter_row){.recipient = recipient->organisation,
		.contact = recipient->contact,
		.address = xstrdup(recipient->address),
		.fields = json_dumps(recipient->fields, JSON_COMPACT)};
	int64_t slot_ms;
	if (row->fields == NULL)
		return error_set(batch->e, ERROR_INPUT, "the fields of %s cannot be written as JSON",
			recipient->key);
	if (pace_slot(&batch->pace, batch->already + (int64_t)batch->count - 1, &slot_ms, batch->e) != 0 ||
		campaign_due_ms(batch->campaign, recipient->zone, slot_ms, &row->due_ms, batch->e) != 0)
		return -1;
	return 0;
}

static const char *address_at(const void *arg, size_t i)
{
	return ((const struct letter_row *)arg)[i].address;
}

static int find_suppressed(struct batch *batch)
{
	char **reasons = xcalloc(batch->count + 1, sizeof *reasons);
	int rc = planner_suppressions(batch->planner, batch->count, address_at, batch->rows, reasons, batch->e);
	for (size_t i = 0; i < batch->count; i++)
		batch->rows[i].suppressed = reasons[i];
	free(reasons);
	return rc;
}

static enum db_step next_open(struct planner *planner, struct open_expand *out, struct error *e)
{
	for (int turn = 0; turn < 2; turn++) {
		struct db_stmt *stmt;
		if (db_query(planner->db, &stmt, e,
			    "SELECT x.id, x.campaign, x.round, x.step, x.cursor, x.revision FROM expand x"
			    " JOIN campaign c ON c.id = x.campaign"
			    " WHERE x.done = 0 AND x.id > $1 AND c.state = 'running' ORDER BY x.id LIMIT 1",
			    "i", planner->after_expand) != 0)
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

static int publish_suppressed(struct planner *planner, const struct delivery_new *delivery,
	struct error *e)
{
	struct delivery_status status = {.key = delivery->key, .campaign = delivery->campaign,
		.state = DELIVERY_SUPPRESSED, .time_ms = delivery->now_ms};
	strncpy(status.reason, delivery->reason, sizeof status.reason - 1);
	return planner_publish_status(planner, &status, e);
}

/* Deliveries, and schedule rows of those that are new and wait. */
static int write_letters(struct planner *planner, const struct campaign_row *c, const struct batch *batch,
	const struct delivery_new *deliveries, int64_t *waiting, int64_t *suppressed, struct error *e)
{
	size_t count = batch->count, scheduled = 0;
	bool *inserted = xcalloc(count, sizeof *inserted);
	struct schedule_new *schedule = xcalloc(count, sizeof *schedule);
	int rc = delivery_insert_all(planner->db, deliveries, count, inserted, e);
	for (size_t i = 0; i < count && rc == 0; i++) {
		const struct delivery_new *delivery = &deliveries[i];
		if (!inserted[i])
			continue;
		if (delivery->state == DELIVERY_SUPPRESSED) {
			++*suppressed;
			rc = publish_suppressed(planner, delivery, e);
			continue;
		}
		schedule[scheduled++] = (struct schedule_new){.key = delivery->key,
			.campaign = delivery->campaign,
			.due_ms = batch->rows[i].due_ms,
			.priority = c->priority,
			.address = delivery->address};
	}
	if (rc == 0)
		rc = schedule_insert_all(planner->db, schedule, scheduled, e);
	*waiting += (int64_t)scheduled;
	free(schedule);
	free(inserted);
	return rc;
}

static struct delivery_new *new_deliveries(const struct open_expand *x, const struct batch *batch,
	int64_t first, int64_t not_after_ms)
{
	struct delivery_new *deliveries = xcalloc(batch->count, sizeof *deliveries);
	for (size_t i = 0; i < batch->count; i++) {
		const struct letter_row *row = &batch->rows[i];
		deliveries[i] = (struct delivery_new){.key = first + (int64_t)i,
			.campaign = x->campaign,
			.round = x->round,
			.step = x->step,
			.recipient = row->recipient,
			.contact = row->contact,
			.address = row->address,
			.fields = row->fields,
			.not_after_ms = not_after_ms,
			.state = row->suppressed == NULL ? DELIVERY_WAITING : DELIVERY_SUPPRESSED,
			.reason = row->suppressed,
			.now_ms = batch->now_ms};
	}
	return deliveries;
}

static int write_rows(struct planner *planner, const struct open_expand *x, const struct campaign_row *c,
	struct batch *batch, struct error *e)
{
	int64_t first, waiting = 0, suppressed = 0;
	if (batch->count == 0)
		return 0;
	if (delivery_keys_take(planner->db, (int64_t)batch->count, &first, e) != 0)
		return -1;
	struct delivery_new *deliveries = new_deliveries(x, batch, first,
		step_not_after(batch->campaign, x->step, c->not_after_ms));
	int rc = write_letters(planner, c, batch, deliveries, &waiting, &suppressed, e);
	free(deliveries);
	if (rc != 0 ||
		counter_add(planner->db, x->campaign, COUNTER_PART_PLANNER, DELIVERY_WAITING, waiting, e) != 0 ||
		counter_add(planner->db, x->campaign, COUNTER_PART_PLANNER, DELIVERY_SUPPRESSED, suppressed,
			e) != 0)
		return -1;
	return db_exec(planner->db, e, "UPDATE campaign SET total = total + $2 WHERE id = $1", "ii",
		x->campaign, waiting + suppressed);
}

static int close_expand(struct planner *planner, const struct open_expand *x, struct error *e)
{
	int64_t revision = 0;
	if (db_query_int(planner->db, &revision, e, "SELECT COALESCE(max(number), 0) FROM directory_revision",
		    "") != DB_ROW)
		return -1;
	if (revision != x->revision)
		log_warn("directory_changed_meanwhile", "campaign=%lld pinned=%lld now=%lld",
			(long long)x->campaign, (long long)x->revision, (long long)revision);
	return db_exec(planner->db, e, "UPDATE campaign SET expanded = 1 WHERE id = $1", "i", x->campaign);
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
		write_rows(planner, x, &c, batch, e) != 0 || (end && close_expand(planner, x, e) != 0) ||
		db_commit(planner->db, DB_RELAXED, e) != 0)
		goto out;
	planner->totals.expanded += (int64_t)batch->count;
	rc = batch->count > 0 ? (int)batch->count : 1;
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

static int read_batch(struct planner *planner, const struct open_expand *x, struct batch *batch,
	int64_t *last, bool *end, struct error *e)
{
	struct db_stmt *stmt;
	if (planner_campaign(planner, x->campaign, &batch->campaign, e) != 0 ||
		db_query(planner->db, &stmt, e,
			"SELECT c.total, r.starts_ms FROM campaign c, round r WHERE c.id = $1 AND r.id = $2", "ii",
			x->campaign, x->round) != 0)
		return -1;
	if (db_step(stmt, e) != DB_ROW)
		return -1;
	batch->already = db_int(stmt, 0);
	int64_t starts_ms = db_int(stmt, 1);
	db_reset(stmt);
	if (pace_init(&batch->pace, batch->campaign, starts_ms, e) != 0)
		return -1;
	return campaign_audience_batch(planner->db, batch->campaign, x->cursor, BATCH_ORGANISATIONS, last, end,
		gather, batch, e);
}

int planner_expand(struct planner *planner, struct error *e)
{
	struct open_expand x;
	enum db_step step = next_open(planner, &x, e);
	if (step != DB_ROW)
		return step == DB_DONE ? 0 : -1;
	if (x.step < 0)
		return planner_retry_step(planner, x.id, x.campaign, x.step, x.cursor, e);
	struct batch batch = {.planner = planner, .now_ms = clock_now_ms(), .e = e};
	int64_t last = x.cursor;
	bool end = false;
	error_clear(e);
	/* A snapshot: the batch is one state of the directory. */
	int rc = db_begin(planner->db, DB_READ, e);
	if (rc == 0)
		rc = read_batch(planner, &x, &batch, &last, &end, e);
	if (rc == 0)
		rc = find_suppressed(&batch);
	db_rollback(planner->db);
	if (rc == 0)
		rc = write_batch(planner, &x, &batch, last, end, e);
	else if (e->code == ERROR_INPUT || e->code == ERROR_NOT_FOUND) {
		struct error why = *e;
		rc = stop_campaign(planner, x.campaign, why.text, e);
	}
	batch_fini(&batch);
	return rc;
}
