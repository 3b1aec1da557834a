/* Tasks: each is accepted, or refused with its reason, in a short durable transaction together
 * with the offset. A refused one goes to vestnik.dead unchanged; (source, id) of an accepted one
 * is remembered and makes a repetition a no-op, while a refused one may be replayed. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/lang.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "control/approval.h"
#include "message/task.h"
#include "planner/change.h"
#include "planner/internal.h"
#include "planner/job.h"
#include "planner/limits.h"
#include "planner/notice.h"
#include "planner/place.h"
#include "planner/round.h"
#include "planner/stage.h"
#include "store/again.h"
#include "store/delivery.h"

/* Tasks a transaction: one sync for all of them when many come at once. */
#define TASKS_MAX 16
/* As much as an error says. */
#define REASON_MAX_BYTES 512

/* A conflict that may pass by itself (two writers met) is the store's, not the task's. */
static bool refusal(const struct error *e)
{
	if (e->retriable)
		return false;
	return e->code == ERROR_INPUT || e->code == ERROR_NOT_FOUND || e->code == ERROR_CONFLICT ||
		e->code == ERROR_DENIED;
}

struct parsed {
	const struct bus_message *message;
	struct task task;
	struct limits limits;
	struct error error; /* code != NONE: it cannot be read */
};

static int find(struct planner *planner, const struct task *task, struct campaign_row *row, struct error *e)
{
	const char *slug = task->as.campaign.slug;
	enum db_step step = campaign_row_by_slug(planner->db, slug, row, e);
	if (step == DB_DONE)
		return error_set(e, ERROR_NOT_FOUND, "there is no campaign \"%s\"", slug);
	return step == DB_ROW ? 0 : -1;
}

/* ---- launch --------------------------------------------------------------------------- */

/* A campaign that only tells something: one round, at once. */
static int write_only_round(struct planner *planner, const struct campaign_row *row, int64_t now_ms,
	struct error *e)
{
	int64_t round = 0, revision = 0;
	if (db_query_int(planner->db, &revision, e, "SELECT COALESCE(max(number), 0) FROM directory_revision",
		    "") != DB_ROW)
		return -1;
	if (db_query_int(planner->db, &round, e,
		    "INSERT INTO round (campaign, number, starts_ms) VALUES ($1, 1, $2) RETURNING id", "ii",
		    row->id, now_ms) != DB_ROW)
		return -1;
	if (db_exec(planner->db, e, "UPDATE campaign SET expanded = 0 WHERE id = $1", "i", row->id) != 0)
		return -1;
	return db_exec(planner->db, e,
		"INSERT INTO expand (campaign, round, step, cursor, revision) VALUES ($1, $2, 0, 0, $3)", "iii",
		row->id, round, revision);
}

/* expanded: nothing is being written out until a round opens (move.c). */
static int write_launch(struct planner *planner, const struct campaign_row *row, struct error *e)
{
	int64_t now_ms = clock_now_ms();
	bool rounds;
	if (db_exec(planner->db, e,
		    "UPDATE campaign SET state = 'running', state_reason = NULL, launched_ms = $2,"
		    " finished_ms = NULL, expanded = 1, total = 0 WHERE id = $1",
		    "ii", row->id, now_ms) != 0)
		return -1;
	if (rounds_write(planner, row, now_ms, &rounds, e) != 0 ||
		(!rounds && write_only_round(planner, row, now_ms, e) != 0))
		return -1;
	if (!rounds && planner_publish_round(planner, row->id, 1, now_ms, e) != 0)
		return -1;
	return planner_publish_campaign(planner, row, "launched", NULL, NULL, e);
}

static int launch(struct planner *planner, const struct task *task, struct limits *limits,
	struct error *e)
{
	struct campaign_row row = {0};
	int rc = find(planner, task, &row, e);
	if (rc == 0 && row.state != CAMPAIGN_DRAFT)
		rc = error_set(e, ERROR_CONFLICT, "campaign \"%s\" was launched already: it is %s", row.slug,
			campaign_state_name(row.state));
	if (rc == 0 && strcmp(row.kind, "correction") == 0)
		rc = error_set(e, ERROR_CONFLICT, "\"%s\" is the mended text of another campaign: it goes out with campaign.correct",
			row.slug);
	if (rc == 0 && strcmp(row.content_hash, task->as.campaign.content_hash) != 0)
		rc = error_set(e, ERROR_CONFLICT,
			"campaign \"%s\" has other content than the task asks for: hash %.12s…, not %.12s…",
			row.slug, row.content_hash, task->as.campaign.content_hash);
	if (rc == 0)
		rc = limits_campaign(limits, planner->db, task, &row, e);
	/* Whoever asks, our own programs too; a test letter goes to one's own mailbox. */
	if (rc == 0 && strcmp(row.kind, "campaign") == 0)
		rc = approval_check(planner->settings, planner->db, row.slug, row.content_hash, limits->audience, e);
	if (rc == 0)
		rc = write_launch(planner, &row, e);
	campaign_row_fini(&row);
	return rc;
}

/* ---- pause, resume, cancel --------------------------------------------------------------- */

static int set_state(struct planner *planner, const struct campaign_row *row, enum campaign_state state,
	const char *what, const struct task *task, struct error *e)
{
	const char *words = task->as.campaign.reason;
	/* Who and why, as `campaign status` shows it. */
	char *reason = words == NULL ? xstrdup(task->source) : xasprintf("%s: %s", task->source, words);
	int rc = campaign_row_set_state(planner->db, row->id, state, state == CAMPAIGN_RUNNING ? NULL : reason,
		e);
	if (rc == 0)
		rc = planner_publish_campaign(planner, row, what, words, NULL, e);
	free(reason);
	return rc;
}

static int change_state(struct planner *planner, const struct task *task, struct limits *limits,
	struct error *e)
{
	static const struct {
		enum campaign_state to;
		const char *what;
		unsigned from; /* bits of campaign_state */
	} changes[TASK_TYPES] = {
		[TASK_CAMPAIGN_PAUSE] = {CAMPAIGN_PAUSED, "paused", 1u << CAMPAIGN_RUNNING},
		[TASK_CAMPAIGN_RESUME] = {CAMPAIGN_RUNNING, "resumed", 1u << CAMPAIGN_PAUSED},
		[TASK_CAMPAIGN_CANCEL] = {CAMPAIGN_CANCELLED, "cancelled",
			1u << CAMPAIGN_RUNNING | 1u << CAMPAIGN_PAUSED},
	};
	struct campaign_row row = {0};
	int rc = find(planner, task, &row, e);
	if (rc == 0)
		rc = limits_campaign(limits, planner->db, task, &row, e);
	if (rc == 0 && task->type == TASK_CAMPAIGN_PAUSE)
		rc = job_keep_paused(planner, row.id, e);
	if (rc != 0 || row.state == changes[task->type].to) /* asked twice: it is as asked */
		goto out;
	if ((changes[task->type].from & 1u << row.state) == 0) {
		rc = error_set(e, ERROR_CONFLICT, "campaign \"%s\" is %s: it cannot be %s", row.slug,
			campaign_state_name(row.state), changes[task->type].what);
		goto out;
	}
	bool changing = false;
	if (task->type == TASK_CAMPAIGN_RESUME)
		rc = job_open(planner, row.id, &changing, e);
	if (changing)
		rc = error_set(e, ERROR_CONFLICT, "campaign \"%s\" is just being changed: it goes on by itself", row.slug);
	if (rc != 0)
		goto out;
	rc = set_state(planner, &row, changes[task->type].to, changes[task->type].what, task, e);
	if (rc == 0 && task->type == TASK_CAMPAIGN_CANCEL)
		rc = planner_end_rounds(planner, row.id,
			tr("the campaign was cancelled", "рассылка отменена"), e);
out:
	campaign_row_fini(&row);
	return rc;
}

/* ---- retry --------------------------------------------------------------------------------- */

/* One letter: at once. Only the ledger updates deliveries, as in retry.c. */
static int retry_one(struct planner *planner, const struct task *task, int64_t campaign, bool failed, struct error *e)
{
	int64_t key = task->as.campaign.delivery, dispatch;
	enum db_step step = db_query_int(planner->db, &dispatch, e,
		"SELECT d.dispatch FROM delivery d LEFT JOIN schedule s ON s.key = d.key"
		" WHERE d.key = $1 AND d.campaign = $2 AND d.state = $3 AND s.key IS NULL",
		"iii", key, campaign, (int64_t)(failed ? DELIVERY_FAILED : DELIVERY_UNCERTAIN));
	if (step == DB_FAILED)
		return -1;
	if (step == DB_DONE)
		return error_set(e, ERROR_CONFLICT, "letter %lld of campaign \"%s\" is not %s: it cannot be tried again", (long long)key,
			task->as.campaign.slug, failed ? "failed" : "uncertain");
	const struct delivery_status status = {.key = key,
		.dispatch = dispatch + 1,
		.campaign = campaign,
		.state = DELIVERY_WAITING,
		.time_ms = clock_now_ms()};
	/* the campaign is not finished again before the ledger has taken this in */
	planner->finish_marked = planner->finish_unmarked = true;
	return planner_publish_status(planner, &status, e);
}

static int retry_all(struct planner *planner, int64_t campaign, bool failed, struct error *e)
{
	return db_exec(planner->db, e,
		"INSERT INTO expand (campaign, round, step, cursor, revision)"
		" SELECT $1, max(id), $2, 0, 0 FROM round WHERE campaign = $1"
		" ON CONFLICT (round, step) DO UPDATE SET cursor = 0, done = 0",
		"ii", campaign, (int64_t)(failed ? PLANNER_STEP_RETRY_FAILED : PLANNER_STEP_RETRY_UNCERTAIN));
}

/* All of them: only noted here, worked off in batches by planner_retry_step: there may be a million. */
static int retry(struct planner *planner, const struct task *task, struct limits *limits, struct error *e)
{
	struct campaign_row row = {0};
	bool failed = strcmp(task->as.campaign.state, "failed") == 0;
	int rc = find(planner, task, &row, e);
	if (rc == 0)
		rc = limits_campaign(limits, planner->db, task, &row, e);
	if (rc == 0 && (row.state == CAMPAIGN_DRAFT || row.state == CAMPAIGN_CANCELLED))
		rc = error_set(e, ERROR_CONFLICT, "campaign \"%s\" is %s: nothing of it can be tried again",
			row.slug, campaign_state_name(row.state));
	if (rc == 0)
		rc = task->as.campaign.delivery != 0 ? retry_one(planner, task, row.id, failed, e)
						     : retry_all(planner, row.id, failed, e);
	if (rc == 0 && row.state == CAMPAIGN_FINISHED)
		rc = db_exec(planner->db, e,
			"UPDATE campaign SET state = 'running', state_reason = NULL, finished_ms = NULL"
			" WHERE id = $1",
			"i", row.id);
	campaign_row_fini(&row);
	return rc;
}

/* ---- one task -------------------------------------------------------------------------------- */

static int take(struct planner *planner, struct parsed *parsed, struct error *e)
{
	const struct task *task = &parsed->task;
	if (limits_task(&parsed->limits, planner->settings, task, e) != 0)
		return -1;
	switch (task->type) {
	case TASK_CAMPAIGN_LAUNCH:
		return launch(planner, task, &parsed->limits, e);
	case TASK_CAMPAIGN_RETRY:
		return retry(planner, task, &parsed->limits, e);
	case TASK_NOTIFY:
		return planner_take_notice(planner, task, e);
	case TASK_CAMPAIGN_STAGE:
		return planner_stage(planner, task, &parsed->limits, e);
	case TASK_CAMPAIGN_POSTPONE:
		return change_postpone(planner, task, &parsed->limits, e);
	case TASK_CAMPAIGN_CORRECT:
		return change_correct(planner, task, &parsed->limits, e);
	case TASK_CAMPAIGN_RECALL:
		return change_recall(planner, task, &parsed->limits, e);
	case TASK_RECIPIENT_READDRESS:
		return change_address(planner, task, e);
	default:
		return change_state(planner, task, &parsed->limits, e);
	}
}

/* What was accepted stays accepted, whatever comes under its name later: else a spoilt copy would
 * open the way for a second one. */
static int note_result(struct planner *planner, const struct task *task, const char *result,
	struct error *e)
{
	return db_exec(planner->db, e,
		"INSERT INTO task_seen (source, id, type, accepted_ms, result) VALUES ($1, $2, $3, $4, $5)"
		" ON CONFLICT (source, id) DO UPDATE SET type = excluded.type,"
		" accepted_ms = excluded.accepted_ms, result = excluded.result"
		" WHERE task_seen.result <> 'accepted'",
		"sssis", task->source, task->id, task_type_name(task->type), clock_now_ms(), result);
}

static int refuse(struct planner *planner, const struct bus_message *message, const struct task *task,
	const char *reason, struct error *e)
{
	log_warn("task_refused", "source=%s id=%s reason=%s", log_quote(task->source), log_quote(task->id),
		log_quote(reason));
	char *line = gate_clean_line(reason, REASON_MAX_BYTES); /* it quotes the task */
	char *result = xasprintf("refused: %s", line);
	free(line);
	int rc = task->source == NULL || task->id == NULL ? 0 : note_result(planner, task, result, e);
	free(result);
	return rc != 0 ? -1 : bus_dead_letter(planner->bus, planner->db, message, "planner", reason, e);
}

static void parse(const struct bus_message *m, struct parsed *out)
{
	*out = (struct parsed){.message = m};
	if (m->content_type != NULL && strcmp(m->content_type, "application/x-vestnik-oversized") == 0)
		(void)error_set(&out->error, ERROR_INPUT, "the message is longer than %d bytes",
			BUS_MESSAGE_MAX_BYTES);
	else if (task_check_headers(m->content_type, m->headers, &out->error) == 0)
		(void)task_read(m->content_type, m->source, m->id, m->type, m->time_ms, m->data, m->len,
			&out->task, &out->error);
}

static int accept_one(struct planner *planner, struct parsed *parsed, bool *refused, struct error *e)
{
	const struct task *task = &parsed->task;
	*refused = parsed->error.code != ERROR_NONE;
	if (*refused)
		return refuse(planner, parsed->message, task, parsed->error.text, e);
	int64_t seen;
	enum db_step step = db_query_int(planner->db, &seen, e,
		"SELECT 1 FROM task_seen WHERE source = $1 AND id = $2 AND result = 'accepted'", "ss",
		task->source, task->id);
	if (step != DB_DONE)
		return step == DB_ROW ? 0 : -1;
	/* What a refused task wrote before it was refused goes, the batch stays. */
	if (db_exec(planner->db, e, "SAVEPOINT task", "") != 0)
		return -1;
	if (take(planner, parsed, e) == 0)
		return db_exec(planner->db, e, "RELEASE SAVEPOINT task", "") != 0
			? -1
			: note_result(planner, task, "accepted", e);
	if (!refusal(e))
		return -1;
	*refused = true;
	struct error why = *e;
	if (db_exec(planner->db, e, "ROLLBACK TO SAVEPOINT task", "") != 0 ||
		db_exec(planner->db, e, "RELEASE SAVEPOINT task", "") != 0)
		return -1;
	return refuse(planner, parsed->message, task, why.text, e);
}

/* Counting a large audience stops neither other campaigns nor the lease. */
static int go_on(void *arg, struct error *e)
{
	return planner_meanwhile(arg, e);
}

/* What can be found out before the write lock is taken. */
static int measure(struct planner *planner, struct parsed *parsed, int count, struct error *e)
{
	for (int i = 0; i < count; i++) {
		struct parsed *one = &parsed[i];
		if (one->error.code != ERROR_NONE)
			continue;
		const struct bus_message *m = one->message;
		bool proven = planner->key == NULL ||
			task_proven(planner->key, m->content_type, m->headers, m->data, m->len);
		if ((one->task.type == TASK_CAMPAIGN_LAUNCH || one->task.type == TASK_CAMPAIGN_STAGE ||
			    one->task.type == TASK_CAMPAIGN_POSTPONE) &&
			places_look(planner->places, planner->db, e) != 0)
			return -1;
		one->limits = limits_of(planner->settings, &one->task, proven);
		if (limits_count(&one->limits, planner->db, &one->task, go_on, planner, e) == 0)
			continue;
		if (!refusal(e))
			return -1;
		one->error = *e; /* an audience that cannot be counted could not be written out */
	}
	return 0;
}

static int accept_all(struct planner *planner, struct parsed *parsed, int count, struct error *e)
{
	int refused_count = 0;
	if (planner_begin(planner, e) != 0)
		return -1;
	for (int i = 0; i < count; i++) {
		bool refused;
		if (accept_one(planner, &parsed[i], &refused, e) != 0)
			goto failed;
		refused_count += refused;
	}
	if (bus_done_tx(planner->consumer, planner->db, e) != 0 ||
		db_commit(planner->db, DB_DURABLE, e) != 0)
		goto failed;
	planner->totals.tasks += count - refused_count;
	planner->totals.refused += refused_count;
	return count;
failed:
	db_rollback(planner->db);
	return -1;
}

int planner_accept(struct planner *planner, int timeout_ms, struct error *e)
{
	struct bus_message messages[TASKS_MAX];
	struct parsed parsed[TASKS_MAX];
	int count = bus_poll(planner->consumer, timeout_ms, messages, TASKS_MAX, e);
	if (count <= 0)
		return count;
	for (int i = 0; i < count; i++)
		parse(&messages[i], &parsed[i]);
	struct again again = {0};
	int rc = measure(planner, parsed, count, e);
	if (rc == 0)
		do
			rc = accept_all(planner, parsed, count, e);
		while (rc < 0 && again_after_conflict(&again, e));
	for (int i = 0; i < count; i++)
		task_fini(&parsed[i].task);
	if (rc < 0) {
		struct error ignored;
		(void)bus_rewind(planner->consumer, &ignored);
	}
	return rc;
}
