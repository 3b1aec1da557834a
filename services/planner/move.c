/* Rows of plan that are due: a round opens, reminders go, a deadline passes, a list of the silent and
 * a report are sent. What slept through several moments does each of them once. */
#include "planner/move.h"

#include <string.h>

#include "base/clock.h"
#include "base/lang.h"
#include "base/log.h"
#include "planner/opening.h"
#include "planner/stage.h"

/* Rows looked at in one go: a report that waits must not stop the others. */
#define ROWS_MAX 64

int move_end(struct planner *planner, const struct plan_entry *entry, const char *state, const char *reason,
	struct error *e)
{
	int rc = planner_begin(planner, e);
	if (rc == 0 && plan_end(planner->db, entry->id, state, reason, clock_now_ms(), e) == DB_FAILED)
		rc = -1;
	if (rc == 0)
		rc = db_commit(planner->db, DB_RELAXED, e);
	db_rollback(planner->db);
	if (rc == 0)
		log_info("plan", "round=%lld kind=%s step=%lld place=%s state=%s", (long long)entry->round,
			entry->kind, (long long)entry->step, log_quote(entry->place), state);
	return rc == 0 ? 1 : -1;
}

/* ---- opening --------------------------------------------------------------------------- */

static int write_opening(struct planner *planner, const struct round_row *round, struct error *e)
{
	struct campaign_row c = {0};
	int64_t now_ms = clock_now_ms(), revision = 0;
	int rc = -1;
	if (db_query_int(planner->db, &revision, e, "SELECT COALESCE(max(number), 0) FROM directory_revision",
		    "") == DB_ROW &&
		campaign_row_by_id(planner->db, round->campaign, &c, e) == DB_ROW &&
		db_exec(planner->db, e, "UPDATE round SET state = 'open' WHERE id = $1", "i", round->id) == 0 &&
		db_exec(planner->db, e,
			"INSERT INTO expand (campaign, round, step, cursor, revision) VALUES ($1, $2, $3, 0, $4)"
			" ON CONFLICT (round, step) DO NOTHING",
			"iiii", round->campaign, round->id, round_step(round, "first"), revision) == 0 &&
		db_exec(planner->db, e, "UPDATE campaign SET expanded = 0 WHERE id = $1", "i", round->campaign) == 0)
		rc = opening_persons(planner, round, c.priority, now_ms, e);
	if (rc == 0)
		rc = planner_publish_round(planner, round->campaign, round->number, now_ms, e);
	campaign_row_fini(&c);
	return rc;
}

/* All of it passed while the planner slept, or the campaign stood still: as at a launch that is too
 * late, nobody is asked for what can't be in time, and nobody is told of the silent. */
static int close_unopened(struct planner *planner, const struct plan_entry *entry, struct error *e)
{
	const char *reason = tr("not sent: the deadline had passed before the letters could go",
		"не отправлено: срок прошёл раньше, чем могли уйти письма");
	int rc = planner_begin(planner, e);
	if (rc == 0)
		rc = db_exec(planner->db, e,
			"UPDATE plan SET state = 'overtaken', reason = $2, done_ms = $3 WHERE round = $1 AND state = 'planned'",
			"isi", entry->round, reason, clock_now_ms());
	if (rc == 0)
		rc = db_exec(planner->db, e, "UPDATE round SET state = 'closed' WHERE id = $1 AND state IN ('planned', 'open')", "i",
			entry->round);
	if (rc == 0)
		rc = db_commit(planner->db, DB_RELAXED, e);
	db_rollback(planner->db);
	if (rc == 0)
		log_warn("round_not_opened", "round=%lld reason=deadline_passed", (long long)entry->round);
	return rc == 0 ? 1 : -1;
}

static int open_round(struct planner *planner, const struct plan_entry *entry, struct error *e)
{
	struct round_row round;
	if (round_row_load(planner, entry->round, &round, e) != 0)
		return -1;
	if (round_deadline_ms(&round, 0) <= clock_now_ms()) {
		round_row_fini(&round);
		return close_unopened(planner, entry, e);
	}
	int rc = planner_begin(planner, e);
	enum db_step step = DB_FAILED;
	if (rc == 0)
		step = plan_end(planner->db, entry->id, "done", NULL, clock_now_ms(), e);
	rc = step == DB_FAILED ? -1 : 0;
	if (step == DB_ROW && strcmp(round.state, "planned") == 0)
		rc = write_opening(planner, &round, e);
	if (rc == 0)
		rc = db_commit(planner->db, DB_RELAXED, e);
	db_rollback(planner->db);
	if (rc == 0)
		log_info("round_opened", "campaign=%lld round=%lld", (long long)round.campaign,
			(long long)round.number);
	round_row_fini(&round);
	return rc == 0 ? 1 : -1;
}

/* ---- closing ------------------------------------------------------------------------------ */

/* Whoever answers later is late: the answer's own moment says so (answer_record). */
static int close_level(struct planner *planner, const struct plan_entry *entry, struct error *e)
{
	int rc = planner_begin(planner, e);
	enum db_step step = DB_FAILED;
	if (rc == 0)
		step = plan_end(planner->db, entry->id, "done", NULL, clock_now_ms(), e);
	rc = step == DB_FAILED ? -1 : 0;
	if (step == DB_ROW && entry->level == 0)
		rc = db_exec(planner->db, e,
			"UPDATE round SET state = 'closed' WHERE id = $1 AND state IN ('open', 'planned')", "i",
			entry->round);
	if (rc == 0)
		rc = db_commit(planner->db, DB_RELAXED, e);
	db_rollback(planner->db);
	return rc == 0 ? 1 : -1;
}

int planner_end_rounds(struct planner *planner, int64_t campaign, const char *reason, struct error *e)
{
	if (db_exec(planner->db, e, "UPDATE expand SET done = 1 WHERE campaign = $1", "i", campaign) != 0 ||
		db_exec(planner->db, e,
			"UPDATE plan SET state = 'withdrawn', reason = $2, done_ms = $3"
			" WHERE campaign = $1 AND state = 'planned'",
			"isi", campaign, reason, clock_now_ms()) != 0)
		return -1;
	return db_exec(planner->db, e,
		"UPDATE round SET state = CASE WHEN state = 'open' THEN 'closed' ELSE 'withdrawn' END"
		" WHERE campaign = $1 AND state IN ('draft', 'planned', 'open')",
		"i", campaign);
}

/* ---- the loop -------------------------------------------------------------------------------- */

static int move(struct planner *planner, const struct plan_entry *entry, struct error *e)
{
	static const struct {
		const char *kind;
		int (*move)(struct planner *planner, const struct plan_entry *entry, struct error *e);
	} moves[] = {{"open", open_round}, {"reminder", move_reminder}, {"close", close_level},
		{"escalation", move_escalation}, {"report", move_report}};
	for (size_t i = 0; i < sizeof moves / sizeof moves[0]; i++)
		if (strcmp(moves[i].kind, entry->kind) == 0)
			return moves[i].move(planner, entry, e);
	return move_end(planner, entry, "overtaken", "this program knows no such step", e);
}

/* A definition that cannot be worked with will not get better by itself: the row says so, the
 * others go on. */
static int give_up(struct planner *planner, const struct plan_entry *entry, struct error *e)
{
	struct error why = *e;
	log_error("plan_failed", "round=%lld kind=%s error=%s", (long long)entry->round, entry->kind,
		log_quote(why.text));
	error_clear(e);
	return move_end(planner, entry, "overtaken", why.text, e);
}

int planner_move(struct planner *planner, struct error *e)
{
	struct plan_entry due[ROWS_MAX];
	size_t count;
	if (plan_due(planner->db, clock_now_ms(), ROWS_MAX, due, &count, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		int done = move(planner, &due[i], e);
		if (done < 0 && !e->retriable &&
			(e->code == ERROR_INPUT || e->code == ERROR_NOT_FOUND || e->code == ERROR_INTERNAL))
			done = give_up(planner, &due[i], e);
		if (done != 0)
			return done;
	}
	return 0;
}
