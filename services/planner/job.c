#include "planner/job.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/lang.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "bus/bus.h"
#include "answer/answer.h"
#include "campaign/amend.h"
#include "planner/fields.h"
#include "planner/letters.h"

/* Rows a transaction. */
#define BATCH_MAX 500
/* Keys looked through for letters that reached somebody: other campaigns' stand between them. */
#define KEYS_AT_ONCE 4000

int job_open(struct planner *planner, int64_t campaign, bool *open, struct error *e)
{
	int64_t found = 0;
	enum db_step step = db_query_int(planner->db, &found, e,
		"SELECT id FROM expand WHERE campaign = $1 AND step = $2 AND done = 0 LIMIT 1", "ii", campaign,
		(int64_t)PLANNER_STEP_JOB);
	*open = step == DB_ROW;
	return step == DB_FAILED ? -1 : 0;
}

int job_keep_paused(struct planner *planner, int64_t campaign, struct error *e)
{
	return db_exec(planner->db, e,
		"UPDATE expand SET job = replace(job, '\"stays\":false', '\"stays\":true')"
		" WHERE step = $1 AND done = 0 AND (campaign = $2 OR $2 = 0)",
		"ii", (int64_t)PLANNER_STEP_JOB, campaign);
}

static json_t *job_json(const struct job_new *job, int64_t first, int64_t last)
{
	return json_pack("{s:s, s:I, s:b, s:b, s:b, s:b, s:s, s:I, s:I}", "phase", job->withdraw ? "withdraw" : "unsend",
		"tell", (json_int_t)job->tell, "withdraw", (int)job->withdraw, "reminders", (int)job->reminders,
		"unanswered", (int)job->unanswered, "stays", (int)job->stays, "reason", job->reason, "first", (json_int_t)first, "last",
		(json_int_t)last);
}

int job_begin(struct planner *planner, const struct job_new *job, struct error *e)
{
	struct db_stmt *stmt;
	if (db_query(planner->db, &stmt, e,
		    "SELECT COALESCE(min(key), 1), COALESCE(max(key), 0) FROM delivery WHERE round = $1", "i",
		    job->round) != 0 ||
		db_step(stmt, e) != DB_ROW)
		return -1;
	json_t *json = job_json(job, db_int(stmt, 0), db_int(stmt, 1));
	db_reset(stmt);
	char *text = json == NULL ? NULL : json_dumps(json, JSON_COMPACT);
	json_decref(json);
	if (text == NULL)
		return error_set(e, ERROR_INPUT, "the reason is not UTF-8");
	int rc = db_exec(planner->db, e,
		"INSERT INTO expand (campaign, round, step, cursor, revision, job) VALUES ($1, $2, $3, 0, 0, $4)"
		" ON CONFLICT (round, step) DO UPDATE SET cursor = 0, done = 0, job = excluded.job",
		"iiis", job->campaign, job->round, (int64_t)PLANNER_STEP_JOB, text);
	free(text);
	/* A letter about a recall goes whenever it may; the first letters' limit is theirs. */
	if (rc == 0)
		rc = db_exec(planner->db, e,
			"UPDATE campaign SET state = 'paused', state_reason = $2, finished_ms = NULL, not_after_ms = NULL"
			" WHERE id = $1",
			"is", job->campaign, job->reason);
	return rc;
}

/* ---- one batch --------------------------------------------------------------------------- */

struct doing {
	struct planner *planner;
	int64_t id, cursor; /* expand */
	json_t *job, *definition;
	struct round_row round;
	struct campaign_row campaign;
	struct fields_end end[2]; /* by level */
	int64_t now_ms;
};

static int64_t number_of(const struct doing *d, const char *name)
{
	return json_integer_value(json_object_get(d->job, name));
}

static bool flag_of(const struct doing *d, const char *name)
{
	return json_is_true(json_object_get(d->job, name));
}

static void doing_fini(struct doing *d)
{
	json_decref(d->job);
	json_decref(d->definition);
	fields_end_fini(&d->end[0]);
	fields_end_fini(&d->end[1]);
	round_row_fini(&d->round);
	campaign_row_fini(&d->campaign);
}

static int doing_load(struct doing *d, int64_t round, struct error *e)
{
	struct db_stmt *stmt;
	if (db_query(d->planner->db, &stmt, e, "SELECT job FROM expand WHERE id = $1", "i", d->id) != 0 ||
		db_step(stmt, e) != DB_ROW)
		return -1;
	d->job = json_loads(db_text(stmt, 0), 0, NULL);
	db_reset(stmt);
	if (round_row_load(d->planner, round, &d->round, e) != 0 ||
		campaign_row_by_id(d->planner->db, d->round.campaign, &d->campaign, e) != DB_ROW ||
		amend_read(d->planner->db, d->round.campaign, &d->definition, e) != 0)
		return -1;
	for (int level = 0; level < 2 && d->round.told; level++)
		if (fields_end_make(&d->end[level], &d->round, level, false, e) != 0)
			return -1;
	return 0;
}

static int save(struct doing *d, const char *phase, int64_t cursor, bool done, struct error *e)
{
	json_object_set_new(d->job, "phase", json_string(phase));
	char *text = json_dumps(d->job, JSON_COMPACT);
	int rc = db_exec(d->planner->db, e, "UPDATE expand SET cursor = $2, done = $3, job = $4 WHERE id = $1", "iiis",
		d->id, cursor, (int64_t)done, text);
	free(text);
	return rc;
}

static char *fields_for(const struct doing *d, const char *fields, int64_t level)
{
	return d->round.told ? fields_join(fields, &d->end[level == 1], fields_ask(fields), fields_acknowledgement(fields))
			     : xstrdup(fields);
}

/* ---- withdrawing -------------------------------------------------------------------------- */

static int withdraw(struct doing *d, struct error *e)
{
	int64_t asks[BATCH_MAX];
	size_t count = 0;
	struct db_stmt *stmt;
	enum db_step step;
	if (db_query(d->planner->db, &stmt, e,
		    "SELECT id FROM ask WHERE round = $1 AND state <> 'withdrawn' ORDER BY id LIMIT $2", "ii", d->round.id,
		    (int64_t)BATCH_MAX) != 0)
		return -1;
	while ((step = db_step(stmt, e)) == DB_ROW)
		asks[count++] = db_int(stmt, 0);
	if (step == DB_FAILED)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (answer_withdraw(d->planner->db, d->planner->bus, PLANNER_SOURCE, asks[i], e) != 0)
			return -1;
	return save(d, count < BATCH_MAX ? "unsend" : "withdraw", 0, false, e);
}

/* ---- taking back, replacing ------------------------------------------------------------------ */

/* What it is sent as now; -1: it stays as it is. */
static int64_t replacement(const struct doing *d, int64_t step, bool reminder)
{
	const json_t *item;
	size_t index;
	int64_t base = step;
	if (flag_of(d, "withdraw") || (reminder && flag_of(d, "reminders")))
		return -1;
	json_array_foreach(json_object_get(d->definition, "steps"), index, item)
	{
		const json_t *corrects = json_object_get(item, "corrects");
		if (json_integer_value(json_object_get(item, "step")) == step && corrects != NULL)
			base = json_integer_value(corrects);
	}
	return amend_current_step(d->definition, base);
}

static bool taken_back(const struct doing *d, int64_t step, int64_t now_step, bool reminder)
{
	if (step == number_of(d, "tell"))
		return false;
	return flag_of(d, "withdraw") || (reminder && flag_of(d, "reminders")) || now_step != step;
}

struct replaced {
	int64_t step;
	struct letters letters;
};

static int write_replaced(struct doing *d, struct replaced *replaced, size_t count, struct error *e)
{
	int rc = 0;
	for (size_t i = 0; i < count; i++) {
		struct letters_of of = {.campaign = d->round.campaign,
			.priority = d->campaign.priority,
			.round = d->round.id,
			.step = replaced[i].step,
			.not_after_ms = d->round.deadline_ms,
			.now_ms = d->now_ms};
		if (rc == 0)
			rc = letters_find_suppressed(d->planner, &replaced[i].letters, e);
		if (rc == 0)
			rc = letters_write(d->planner, &of, &replaced[i].letters, NULL, e);
		letters_fini(&replaced[i].letters);
	}
	return rc;
}

#define STEPS_MAX 64

static struct letters *letters_of_step(struct replaced *replaced, size_t *count, int64_t step)
{
	for (size_t i = 0; i < *count; i++)
		if (replaced[i].step == step)
			return &replaced[i].letters;
	if (*count == STEPS_MAX)
		return NULL;
	replaced[*count] = (struct replaced){.step = step};
	return &replaced[(*count)++].letters;
}

static int unsend(struct doing *d, struct error *e)
{
	struct schedule_item items[BATCH_MAX];
	struct replaced replaced[STEPS_MAX];
	size_t ending = 0, looked = 0, steps = 0;
	int64_t last = d->cursor;
	struct db_stmt *stmt;
	enum db_step got;
	if (db_query(d->planner->db, &stmt, e,
		    "SELECT s.key, s.dispatch, s.due_ms, d.step, d.recipient, d.contact, d.address, d.fields, d.reminds,"
		    " d.state, a.level FROM schedule s JOIN delivery d ON d.key = s.key"
		    " LEFT JOIN ask a ON a.round = d.round AND a.organisation = d.recipient"
		    " WHERE s.campaign = $1 AND s.claimed_ms IS NULL AND d.round = $2 AND s.key > $3 AND s.key <= $4"
		    " ORDER BY s.key LIMIT $5",
		    "iiiii", d->round.campaign, d->round.id, d->cursor, number_of(d, "last"), (int64_t)BATCH_MAX) != 0)
		return -1;
	int rc = 0;
	while ((got = db_step(stmt, e)) == DB_ROW) {
		bool reminder = !db_is_null(stmt, 8);
		int64_t step = db_int(stmt, 3), now_step = replacement(d, step, reminder);
		looked++;
		last = db_int(stmt, 0);
		if (!taken_back(d, step, now_step, reminder))
			continue;
		items[ending++] = (struct schedule_item){.key = last, .campaign = d->round.campaign,
			.dispatch = db_int(stmt, 1), .state = (enum delivery_state)db_int(stmt, 9)};
		struct letters *letters = now_step < 0 ? NULL : letters_of_step(replaced, &steps, now_step);
		if (letters == NULL)
			continue;
		struct letter_row *row = letters_add(letters);
		*row = (struct letter_row){.due_ms = db_int(stmt, 2),
			.recipient = db_int(stmt, 4),
			.contact = db_int(stmt, 5),
			.address = xstrdup(db_text(stmt, 6)),
			.fields = fields_for(d, db_text(stmt, 7), db_int(stmt, 10)),
			.reminds = reminder ? db_int(stmt, 8) : 0};
	}
	rc = got == DB_FAILED ? -1 : 0;
	if (rc == 0 && ending > 0)
		rc = planner_end_unsent(d->planner, items, ending, DELIVERY_CANCELLED,
			json_string_value(json_object_get(d->job, "reason")), e);
	if (rc == 0)
		rc = write_replaced(d, replaced, steps, e);
	else
		for (size_t i = 0; i < steps; i++)
			letters_fini(&replaced[i].letters);
	if (rc != 0)
		return -1;
	return looked < BATCH_MAX ? save(d, "tell", 0, false, e) : save(d, "unsend", last, false, e);
}

/* ---- telling ------------------------------------------------------------------------------------ */

/* Letters with a text of their own: not reminders, and none that was about another change. */
static bool was_told(const struct doing *d, int64_t step)
{
	const json_t *item;
	size_t index;
	json_array_foreach(json_object_get(d->definition, "steps"), index, item)
	{
		if (json_integer_value(json_object_get(item, "step")) != step)
			continue;
		const char *kind = json_string_value(json_object_get(item, "kind"));
		return kind != NULL && (strcmp(kind, "first") == 0 || strcmp(kind, "collect") == 0);
	}
	return false;
}

/* Whoever got letters of several rounds is told once. */
static int read_reached(struct doing *d, int64_t to, struct letters *letters, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step got;
	if (db_query(d->planner->db, &stmt, e,
		    "SELECT d.step, d.recipient, d.contact, d.fields, COALESCE(c.address, d.address), a.level, a.state"
		    " FROM delivery d LEFT JOIN contact c ON c.id = d.contact AND c.active = 1 AND d.recipient <> 0"
		    " LEFT JOIN ask a ON a.round = d.round AND a.organisation = d.recipient"
		    " WHERE d.key > $1 AND d.key <= $2 AND d.round = $3 AND d.state IN (2, 5, 6) AND d.reminds IS NULL"
		    " AND NOT EXISTS (SELECT 1 FROM round r CROSS JOIN delivery t WHERE r.campaign = $4 AND t.round = r.id"
		    " AND t.step = $5 AND t.recipient = d.recipient AND t.contact = d.contact)",
		    "iiiii", d->cursor, to, d->round.id, d->round.campaign, number_of(d, "tell")) != 0)
		return -1;
	while ((got = db_step(stmt, e)) == DB_ROW) {
		bool answered = !db_is_null(stmt, 6) && strcmp(db_text(stmt, 6), "confirmed") == 0;
		if (!was_told(d, db_int(stmt, 0)) || (answered && flag_of(d, "unanswered")))
			continue;
		struct letter_row *row = letters_add(letters);
		*row = (struct letter_row){.due_ms = d->now_ms,
			.recipient = db_int(stmt, 1),
			.contact = db_int(stmt, 2),
			.fields = fields_for(d, db_text(stmt, 3), db_int(stmt, 5)),
			.address = xstrdup(db_text(stmt, 4))};
	}
	return got == DB_DONE ? 0 : -1;
}

/* The last change of the campaign lets it go on. */
static int finish(struct doing *d, struct error *e)
{
	bool more;
	if (save(d, "done", 0, true, e) != 0 || job_open(d->planner, d->round.campaign, &more, e) != 0)
		return -1;
	if (more)
		return 0;
	if (flag_of(d, "stays"))
		return campaign_row_set_state(d->planner->db, d->round.campaign, CAMPAIGN_PAUSED,
			tr("it was changed, and stays paused as it was asked: resume it",
				"изменена и остаётся приостановленной, как просили: продолжите её сами"),
			e);
	if (campaign_row_set_state(d->planner->db, d->round.campaign, CAMPAIGN_RUNNING, NULL, e) != 0)
		return -1;
	return planner_publish_campaign(d->planner, &d->campaign, "resumed", NULL, NULL, e);
}

static int tell(struct doing *d, struct error *e)
{
	int64_t first = number_of(d, "first"), last = number_of(d, "last");
	struct letters letters = {0};
	struct letters_of of = {.campaign = d->round.campaign,
		.priority = d->campaign.priority,
		.round = d->round.id,
		.step = number_of(d, "tell"),
		.not_after_ms = TIME_NEVER_MS,
		.now_ms = d->now_ms};
	if (of.step < 0)
		return finish(d, e);
	if (d->cursor < first)
		d->cursor = first - 1;
	int64_t to = d->cursor + KEYS_AT_ONCE < last ? d->cursor + KEYS_AT_ONCE : last;
	int rc = read_reached(d, to, &letters, e);
	if (rc == 0)
		rc = letters_find_suppressed(d->planner, &letters, e);
	if (rc == 0)
		rc = letters_write(d->planner, &of, &letters, NULL, e);
	letters_fini(&letters);
	if (rc != 0)
		return -1;
	return to >= last ? finish(d, e) : save(d, "tell", to, false, e);
}

/* ---- the step -------------------------------------------------------------------------------------- */

static int in_flight(struct planner *planner, int64_t campaign, bool *any, struct error *e)
{
	int64_t found = 0;
	enum db_step step = db_query_int(planner->db, &found, e,
		"SELECT key FROM schedule WHERE claimed_ms IS NOT NULL AND campaign = $1 LIMIT 1", "i", campaign);
	*any = step == DB_ROW;
	return step == DB_FAILED ? -1 : 0;
}

static int do_phase(struct doing *d, bool *waits, struct error *e)
{
	const char *phase = json_string_value(json_object_get(d->job, "phase"));
	*waits = false;
	if (phase == NULL)
		return error_set(e, ERROR_INTERNAL, "a damaged change of campaign %lld", (long long)d->round.campaign);
	if (strcmp(phase, "withdraw") == 0)
		return withdraw(d, e);
	if (strcmp(phase, "tell") == 0)
		return tell(d, e);
	/* What is on the wire comes back, or has arrived: only then is it known who was reached. */
	if (d->cursor == 0 && (in_flight(d->planner, d->round.campaign, waits, e) != 0 || *waits))
		return *waits ? 0 : -1;
	return unsend(d, e);
}

int planner_job_step(struct planner *planner, int64_t id, int64_t round, int64_t cursor, struct error *e)
{
	struct doing d = {.planner = planner, .id = id, .cursor = cursor, .now_ms = clock_now_ms()};
	bool waits = false;
	if (planner_begin(planner, e) != 0)
		return -1;
	int rc = doing_load(&d, round, e);
	if (rc == 0)
		rc = do_phase(&d, &waits, e);
	if (rc == 0)
		rc = db_commit(planner->db, DB_RELAXED, e);
	db_rollback(planner->db);
	doing_fini(&d);
	return rc != 0 ? -1 : !waits;
}
