/* A reminder is decided when it is due: a walk over the round's open asks of one place, behind a
 * cursor, in batches; a letter for each. Whoever answers after that is left out by the mailer. */
#include <stdlib.h>
#include <string.h>

#include "answer/answer.h"
#include "base/clock.h"
#include "base/lang.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "calendar/day.h"
#include "campaign/amend.h"
#include "campaign/definition.h"
#include "planner/fields.h"
#include "planner/letters.h"
#include "planner/move.h"
#include "planner/pace.h"

/* Asks a transaction: some 15 ms under the write lock. */
#define BATCH_ASKS 2000
#define DAY_MS (INT64_C(24) * 3600 * 1000)

/* ---- may it go now? ------------------------------------------------------------------------- */

struct today {
	char zone[PLAN_PLACE_SIZE];
	const struct workdays *workdays;
	int64_t now_ms, begins_ms; /* of the day there */
	int32_t day;
	int open_minute, close_minute;
};

static int look_at_today(struct planner *planner, const struct round_row *round, const char *place,
	struct today *today, struct error *e)
{
	today->now_ms = clock_now_ms();
	today->workdays = place_parts(planner->places, place, today->zone);
	definition_hours(round->definition, &today->open_minute, &today->close_minute);
	if (day_of_ms(today->now_ms, today->zone, &today->day, e) != 0)
		return -1;
	return day_to_ms(today->day, 0, today->zone, &today->begins_ms, e);
}

/* When the planner slept, or a campaign was paused, the moment may have come and gone: the next one
 * at which people are at work. now_ms: at once. */
static int next_moment(const struct today *today, int64_t *at_ms, struct error *e)
{
	int32_t day = workdays_next(today->workdays, today->day);
	int64_t opens_ms, closes_ms;
	*at_ms = today->now_ms;
	for (int tries = 0; day != DAY_NONE && tries < 2; tries++) {
		if (day_to_ms(day, today->open_minute, today->zone, &opens_ms, e) != 0 ||
			day_to_ms(day, today->close_minute, today->zone, &closes_ms, e) != 0)
			return -1;
		if (today->now_ms < closes_ms) {
			*at_ms = today->now_ms < opens_ms ? opens_ms : today->now_ms;
			return 0;
		}
		day = workdays_next(today->workdays, day + 1);
	}
	return 0;
}

static const char *reason_deadline(void)
{
	return tr("not sent: the deadline had passed before it could go",
		"не отправлено: срок прошёл раньше, чем оно могло уйти");
}

/* Why not at all; NULL: nothing is against it. */
static int find_reason(struct planner *planner, const struct plan_entry *entry, const struct round_row *round,
	const struct today *today, const char **reason, struct error *e)
{
	int64_t found = 0;
	*reason = NULL;
	if (round_deadline_ms(round, entry->level) <= today->now_ms) {
		*reason = reason_deadline();
		return 0;
	}
	if (strcmp(round->state, "open") != 0) {
		*reason = tr("not sent: the round is not open", "не отправлено: период не открыт");
		return 0;
	}
	enum db_step step = db_query_int(planner->db, &found, e,
		"SELECT id FROM plan WHERE round = $1 AND kind = 'reminder' AND level = $2 AND place = $3"
		" AND state = 'planned' AND due_ms <= $4 AND (due_ms > $5 OR (due_ms = $5 AND id > $6)) LIMIT 1",
		"iisiii", entry->round, entry->level, entry->place, today->now_ms, entry->due_ms, entry->id);
	if (step == DB_ROW)
		*reason = tr("not sent: a later reminder was due, too", "не отправлено: подошло и следующее напоминание");
	if (step != DB_DONE)
		return step == DB_ROW ? 0 : -1;
	step = db_query_int(planner->db, &found, e,
		"SELECT id FROM plan WHERE round = $1 AND kind = 'reminder' AND level = $2 AND place = $3"
		" AND state = 'done' AND letters > 0 AND done_ms >= $4 LIMIT 1",
		"iisi", entry->round, entry->level, entry->place, today->begins_ms);
	if (step == DB_ROW)
		*reason = tr("not sent: another reminder went on the same day",
			"не отправлено: в тот же день ушло другое напоминание");
	return step == DB_FAILED ? -1 : 0;
}

/* Not begun yet: 0 it may go, 1 it was put off or ended. */
static int decide(struct planner *planner, const struct plan_entry *entry, const struct round_row *round,
	const struct today *today, struct error *e)
{
	const char *reason;
	int64_t at_ms;
	if (find_reason(planner, entry, round, today, &reason, e) != 0 || next_moment(today, &at_ms, e) != 0)
		return -1;
	if (reason == NULL && at_ms >= round_deadline_ms(round, entry->level))
		reason = tr("not sent: no working time was left before the deadline",
			"не отправлено: до срока не осталось рабочего времени");
	if (reason != NULL)
		return move_end(planner, entry, "overtaken", reason, e);
	if (at_ms <= today->now_ms)
		return 0;
	if (planner_begin(planner, e) != 0)
		return -1;
	int rc = db_exec(planner->db, e, "UPDATE plan SET due_ms = $2 WHERE id = $1 AND state = 'planned'", "ii",
		entry->id, at_ms);
	if (rc == 0)
		rc = db_commit(planner->db, DB_RELAXED, e);
	db_rollback(planner->db);
	return rc == 0 ? 1 : -1;
}

/* ---- a batch ---------------------------------------------------------------------------------- */

struct batch {
	struct planner *planner;
	const struct plan_entry *entry;
	const struct round_row *round;
	const struct today *today;
	struct fields_end end;
	const json_t *roles; /* in the order of whom to write first */
	struct pace pace;
	struct letters letters;
	int64_t last; /* ask.id */
	bool all;     /* nothing behind it */
	/* The ask whose letters are being gathered: the best contact's so far, unless all get one. */
	int64_t ask;
	size_t rank;
};

static size_t rank_of(const json_t *roles, const char *role)
{
	for (size_t i = 0; role != NULL && i < json_array_size(roles); i++)
		if (strcmp(json_string_value(json_array_get(roles, i)), role) == 0)
			return i;
	return json_array_size(roles);
}

enum { ASK, ORGANISATION, TROUBLE, OPENED, CONTACT, STATE, UPDATED, FIELDS, ADDRESS_THEN, ADDRESS, ROLE };

/* Steps of the first letters; a corrected one replaces its forerunner, which was cancelled. */
static const char select_silent[] =
	"SELECT a.id, a.organisation, a.trouble, a.opened_ms, d.contact, d.state, d.updated_ms, d.fields,"
	" d.address, c.address, c.role FROM ask a CROSS JOIN delivery d LEFT JOIN contact c"
	" ON c.id = d.contact AND c.active = 1 WHERE a.round = $1 AND a.level = $2 AND a.place = $3"
	" AND a.state = 'open' AND a.id > $4 AND a.id <= $5 AND d.round = a.round"
	" AND d.step IN (SELECT key FROM @KEYS($6)) AND d.recipient = a.organisation AND d.state <> 10"
	" ORDER BY a.id";

/* The first letter waits still, or came today: two on one day are one. */
static bool too_soon(const struct batch *batch, struct db_stmt *row)
{
	enum delivery_state state = (enum delivery_state)db_int(row, STATE);
	if (state == DELIVERY_WAITING || state == DELIVERY_SENDING || state == DELIVERY_DEFERRED)
		return true;
	return (state == DELIVERY_ACCEPTED && db_int(row, UPDATED) >= batch->today->begins_ms) ||
		db_int(row, OPENED) >= batch->today->begins_ms;
}

static int take_letter(struct batch *batch, struct db_stmt *row, size_t rank, struct error *e)
{
	bool everybody = (db_int(row, TROUBLE) & (ASK_TROUBLE_ABSENT | ASK_TROUBLE_BOUNCED)) != 0;
	int64_t ask = db_int(row, ASK);
	struct letter_row *letter;
	if (ask == batch->ask && !everybody) {
		if (rank >= batch->rank)
			return 0;
		letter = &batch->letters.row[batch->letters.count - 1];
		free(letter->address);
		free(letter->fields);
	} else {
		letter = letters_add(&batch->letters);
	}
	batch->ask = ask;
	batch->rank = rank;
	*letter = (struct letter_row){.recipient = db_int(row, ORGANISATION),
		.contact = db_int(row, CONTACT),
		.reminds = ask,
		.due_ms = batch->today->now_ms,
		.address = xstrdup(db_is_null(row, ADDRESS) ? db_text(row, ADDRESS_THEN) : db_text(row, ADDRESS)),
		.fields = fields_join(db_text(row, FIELDS), &batch->end, ask, 0)};
	return pace_slot(&batch->pace, batch->entry->letters + (int64_t)batch->letters.count - 1, &letter->due_ms,
		e);
}

static int read_range(struct batch *batch, struct error *e)
{
	const struct plan_entry *entry = batch->entry;
	struct db_stmt *stmt;
	if (db_query(batch->planner->db, &stmt, e,
		    "SELECT count(*), COALESCE(max(id), 0) FROM (SELECT id FROM ask WHERE round = $1 AND level = $2"
		    " AND place = $3 AND state = 'open' AND id > $4 ORDER BY id LIMIT $5) a",
		    "iisii", entry->round, entry->level, entry->place, entry->cursor, (int64_t)BATCH_ASKS) != 0 ||
		db_step(stmt, e) != DB_ROW)
		return -1;
	batch->all = db_int(stmt, 0) < BATCH_ASKS;
	batch->last = db_int(stmt, 1) > entry->cursor ? db_int(stmt, 1) : entry->cursor;
	db_reset(stmt);
	return 0;
}

static int read_silent(struct batch *batch, struct error *e)
{
	const struct plan_entry *entry = batch->entry;
	struct db_stmt *stmt;
	json_t *list = round_first_steps(batch->round, entry->level);
	char *steps = json_dumps(list, JSON_COMPACT);
	json_decref(list);
	int rc = read_range(batch, e);
	if (rc == 0)
		rc = db_query(batch->planner->db, &stmt, e, select_silent, "iisiis", entry->round, entry->level,
			entry->place, entry->cursor, batch->last, steps);
	enum db_step step = DB_DONE;
	while (rc == 0 && (step = db_step(stmt, e)) == DB_ROW)
		if (!too_soon(batch, stmt))
			rc = take_letter(batch, stmt, rank_of(batch->roles, db_text(stmt, ROLE)), e);
	if (rc != 0 && step == DB_ROW)
		db_reset(stmt);
	free(steps);
	return step == DB_FAILED ? -1 : rc;
}

static int prepare(struct batch *batch, struct error *e)
{
	struct campaign *campaign;
	struct planner *planner = batch->planner;
	batch->roles = json_object_get(json_object_get(batch->round->definition, "audience"), "roles");
	if (fields_end_make(&batch->end, batch->round, batch->entry->level, true, e) != 0 ||
		planner_campaign(planner, batch->round->campaign, &campaign, e) != 0 ||
		pace_init(&batch->pace, campaign, batch->entry->due_ms, e) != 0)
		return -1;
	/* A snapshot, before the write lock: the mailer looks again at who has answered. */
	int rc = db_begin(planner->db, DB_READ, e);
	if (rc == 0)
		rc = read_silent(batch, e);
	if (rc == 0)
		rc = letters_find_suppressed(planner, &batch->letters, e);
	db_rollback(planner->db);
	return rc;
}

/* What was overtaken expires: no later than the next step, or the deadline. */
static int not_after(struct batch *batch, int64_t *limit_ms, struct error *e)
{
	int64_t next_ms = 0;
	*limit_ms = round_deadline_ms(batch->round, batch->entry->level);
	enum db_step step = db_query_int(batch->planner->db, &next_ms, e,
		"SELECT due_ms FROM plan WHERE round = $1 AND kind = 'reminder' AND level = $2 AND place = $3"
		" AND state = 'planned' AND due_ms > $4 ORDER BY due_ms LIMIT 1",
		"iisi", batch->entry->round, batch->entry->level, batch->entry->place, batch->today->now_ms);
	if (step == DB_ROW && next_ms < *limit_ms)
		*limit_ms = next_ms;
	return step == DB_FAILED ? -1 : 0;
}

/* Cursor, letters and counters in one transaction: a planner that dies here has done all of it or
 * nothing. */
static int write_batch(struct batch *batch, struct error *e)
{
	struct planner *planner = batch->planner;
	const struct plan_entry *entry = batch->entry;
	struct letters_of of = {.campaign = entry->campaign,
		.round = entry->round,
		.step = amend_current_step(batch->round->definition, entry->step),
		.now_ms = batch->today->now_ms};
	struct campaign_row c = {0};
	int64_t written;
	int rc = -1;
	if (not_after(batch, &of.not_after_ms, e) != 0 || planner_begin(planner, e) != 0)
		return -1;
	if (campaign_row_by_id(planner->db, entry->campaign, &c, e) != DB_ROW)
		goto out;
	of.priority = c.priority;
	if (c.not_after_ms < of.not_after_ms)
		of.not_after_ms = c.not_after_ms;
	if (letters_write(planner, &of, &batch->letters, &written, e) != 0)
		goto out;
	enum db_step step = plan_advance(planner->db, entry, batch->last, written, e);
	if (step == DB_ROW && batch->all)
		step = plan_end(planner->db, entry->id, "done", NULL, batch->today->now_ms, e);
	if (step == DB_FAILED)
		goto out;
	if (step == DB_ROW && db_commit(planner->db, DB_RELAXED, e) != 0)
		goto out;
	rc = step == DB_ROW && batch->letters.count > 0 ? (int)batch->letters.count : 1;
	if (step == DB_ROW)
		planner->totals.reminded += written;
out:
	db_rollback(planner->db);
	campaign_row_fini(&c);
	return rc;
}

int move_reminder(struct planner *planner, const struct plan_entry *entry, struct error *e)
{
	struct round_row round;
	struct today today;
	if (round_row_load(planner, entry->round, &round, e) != 0)
		return -1;
	struct batch batch = {.planner = planner, .entry = entry, .round = &round, .today = &today};
	int rc = look_at_today(planner, &round, entry->place, &today, e);
	if (rc == 0 && entry->cursor == 0)
		rc = decide(planner, entry, &round, &today, e);
	if (rc == 0) {
		rc = prepare(&batch, e);
		if (rc == 0)
			rc = write_batch(&batch, e);
	}
	fields_end_fini(&batch.end);
	letters_fini(&batch.letters);
	round_row_fini(&round);
	return rc;
}
