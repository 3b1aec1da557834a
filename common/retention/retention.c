#include "retention/retention.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "control/note.h"
#include "report/archive.h"
#include "store/again.h"
#include "store/blob.h"
#include "store/lease.h"

#define BATCH 500
#define LEASE_MS 120000 /* a case file of a large campaign takes a minute */

struct job {
	const struct orderer *who;
	struct db *db;
	struct lease lease;
	int64_t now_ms;
	bool (*stop)(void *arg);
	void *arg;
	struct retention_counts counts;
};

/* ---- a batch: a transaction that holds the lease --------------------------------------------- */

struct batch {
	const struct job *job;
	int (*work)(struct batch *batch, struct db *tx, struct error *e);
	int64_t id, before_ms;
	int64_t rows; /* done in it */
};

static int batch_once(struct batch *batch, struct error *e)
{
	struct db *db = batch->job->db;
	batch->rows = 0;
	int rc = db_begin(db, DB_WRITE, e);
	if (rc == 0)
		rc = lease_confirm(db, &batch->job->lease, e);
	if (rc == 0)
		rc = batch->work(batch, db, e);
	if (rc == 0)
		return db_commit(db, DB_RELAXED, e);
	db_rollback(db);
	return -1;
}

static bool stopped(const struct job *job)
{
	return job->stop != NULL && job->stop(job->arg);
}

/* Until a batch finds nothing. *done: false when it was stopped before. */
static int all_batches(struct job *job, int (*work)(struct batch *batch, struct db *tx, struct error *e), int64_t id,
	int64_t before_ms, int64_t *rows, bool *done, struct error *e)
{
	struct batch batch = {.job = job, .work = work, .id = id, .before_ms = before_ms};
	*done = false;
	while (!stopped(job)) {
		struct again again = {0};
		int rc;
		do
			rc = batch_once(&batch, e);
		while (rc != 0 && again_after_conflict(&again, e));
		if (rc != 0)
			return -1;
		*rows += batch.rows;
		if (batch.rows == 0) {
			*done = true;
			return 0;
		}
	}
	return 0;
}

/* The first column of the rows, at most BATCH. */
static int list(struct db *tx, const char *sql, int64_t first, int64_t ids[static BATCH], size_t *count, struct error *e)
{
	struct db_stmt *row;
	enum db_step step;
	*count = 0;
	if (db_query(tx, &row, e, sql, "ii", first, (int64_t)BATCH) != 0)
		return -1;
	while ((step = db_step(row, e)) == DB_ROW)
		ids[(*count)++] = db_int(row, 0);
	return step == DB_FAILED ? -1 : 0;
}

/* ---- letters ------------------------------------------------------------------------------------ */

static int drop_letters(struct batch *batch, struct db *tx, struct error *e)
{
	int64_t keys[BATCH];
	size_t count;
	if (list(tx, "SELECT d.key FROM round r JOIN delivery d ON d.round = r.id WHERE r.campaign = $1 LIMIT $2", batch->id, keys, &count,
		    e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (db_exec(tx, e, "DELETE FROM history WHERE key = $1", "i", keys[i]) != 0 ||
			db_exec(tx, e, "DELETE FROM trouble WHERE key = $1", "i", keys[i]) != 0 ||
			db_exec(tx, e, "DELETE FROM schedule WHERE key = $1", "i", keys[i]) != 0 ||
			db_exec(tx, e, "DELETE FROM delivery WHERE key = $1", "i", keys[i]) != 0)
			return -1;
	batch->rows = (int64_t)count;
	return 0;
}

/* ---- files of answers --------------------------------------------------------------------------------- */

static int drop_file(struct db *tx, int64_t answer, bool *any, struct error *e)
{
	struct db_stmt *row;
	if (db_query(tx, &row, e, "SELECT position, hash FROM answer_file WHERE answer = $1 ORDER BY position LIMIT 1", "i", answer) != 0)
		return -1;
	enum db_step step = db_step(row, e);
	*any = step == DB_ROW;
	if (step != DB_ROW)
		return step == DB_FAILED ? -1 : 0;
	int64_t position = db_int(row, 0);
	char *hash = xstrdup(db_text(row, 1));
	db_reset(row);
	int rc = db_exec(tx, e, "DELETE FROM answer_file WHERE answer = $1 AND position = $2", "ii", answer, position);
	if (rc == 0)
		rc = blob_drop_unused(tx, hash, e);
	free(hash);
	return rc;
}

static int drop_files(struct batch *batch, struct db *tx, struct error *e)
{
	int64_t answers[BATCH];
	size_t count;
	if (list(tx,
		    "SELECT DISTINCT a.id FROM round r JOIN ask k ON k.round = r.id JOIN answer a ON a.ask = k.id"
		    " JOIN answer_file f ON f.answer = a.id WHERE r.campaign = $1 LIMIT $2",
		    batch->id, answers, &count, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		for (bool any = true; any; batch->rows += any)
			if (drop_file(tx, answers[i], &any, e) != 0)
				return -1;
	return 0;
}

/* ---- a campaign --------------------------------------------------------------------------------------- */

struct ended {
	int64_t id;
	char *slug;
	bool campaign, archived;
};

static int next_ended(struct job *job, int64_t keep_ms, bool files, int64_t after, struct ended *out, struct error *e)
{
	struct db_stmt *row;
	*out = (struct ended){0};
	if (db_query(job->db, &row, e,
		    "SELECT c.id, c.slug, c.kind, COALESCE(r.archived_ms, 0) FROM campaign c LEFT JOIN retention_campaign r ON r.campaign = c.id"
		    " WHERE c.id > $1 AND c.state IN ('finished', 'cancelled') AND c.finished_ms IS NOT NULL AND c.finished_ms < $2"
		    " AND CASE WHEN CAST($3 AS BIGINT) = 1 THEN r.files_ms ELSE r.letters_ms END IS NULL ORDER BY c.id LIMIT 1",
		    "iii", after, job->now_ms - keep_ms, (int64_t)files) != 0)
		return -1;
	enum db_step step = db_step(row, e);
	if (step == DB_ROW) {
		*out = (struct ended){db_int(row, 0), xstrdup(db_text(row, 1)), strcmp(db_text(row, 2), "campaign") == 0, db_int(row, 3) != 0};
		db_reset(row);
	}
	return step == DB_FAILED ? -1 : 0;
}

/* 0 and *there: its case file lies in the archive. A failure is told, and is none of the run. */
static int keep_case(struct job *job, const struct ended *ended, bool *there, struct error *e)
{
	struct archive_result result;
	struct error why = {0};
	char *folder = xasprintf("%s/archive", job->who->settings->data_dir), *path = xasprintf("%s/%s.zip", folder, ended->slug);
	(void)mkdir(folder, 0700);
	*there = archive_write(job->db, job->who->settings, ended->slug, path, &result, &why) == 0;
	int rc;
	if (*there)
		rc = db_exec(job->db, e,
			"INSERT INTO retention_campaign (campaign, archived_ms, path, sums) VALUES ($1, $2, $3, $4)"
			" ON CONFLICT (campaign) DO UPDATE SET archived_ms = excluded.archived_ms, path = excluded.path, sums = excluded.sums,"
			" trouble = NULL",
			"iiss", ended->id, job->now_ms, path, result.sums);
	else
		rc = db_exec(job->db, e,
			"INSERT INTO retention_campaign (campaign, trouble) VALUES ($1, $2)"
			" ON CONFLICT (campaign) DO UPDATE SET trouble = excluded.trouble",
			"is", ended->id, why.text);
	if (*there)
		job->counts.campaigns++;
	else
		log_warn("retention.no_case_file", "campaign=%s reason=%s", ended->slug, log_quote(why.text));
	free(path);
	free(folder);
	return rc;
}

static int mark_done(struct job *job, int64_t id, bool files, struct error *e)
{
	return files ? db_exec(job->db, e,
			       "INSERT INTO retention_campaign (campaign, files_ms) VALUES ($1, $2)"
			       " ON CONFLICT (campaign) DO UPDATE SET files_ms = excluded.files_ms", "ii", id, job->now_ms)
		     : db_exec(job->db, e,
			       "INSERT INTO retention_campaign (campaign, letters_ms) VALUES ($1, $2)"
			       " ON CONFLICT (campaign) DO UPDATE SET letters_ms = excluded.letters_ms", "ii", id, job->now_ms);
}

static int expire_campaign(struct job *job, const struct ended *ended, bool files, struct error *e)
{
	bool there = ended->archived || !ended->campaign, done = false;
	if (!there && keep_case(job, ended, &there, e) != 0)
		return -1;
	if (!there)
		return 0;
	bool held;
	if (lease_take(job->db, &job->lease, false, &held, e) != 0 || !held) /* the file may have taken longer than the lease */
		return held ? -1 : 0;
	if (all_batches(job, files ? drop_files : drop_letters, ended->id, 0, files ? &job->counts.files : &job->counts.letters, &done, e) != 0)
		return -1;
	return done ? mark_done(job, ended->id, files, e) : 0;
}

static int expire_campaigns(struct job *job, int64_t keep_ms, bool files, struct error *e)
{
	struct ended ended = {0};
	int64_t after = 0;
	int rc = 0;
	if (keep_ms == 0)
		return 0;
	if (keep_ms < RETENTION_LETTERS_LEAST_MS)
		keep_ms = RETENTION_LETTERS_LEAST_MS;
	while (rc == 0 && !stopped(job) && (rc = next_ended(job, keep_ms, files, after, &ended, e)) == 0 && ended.id != 0) {
		after = ended.id;
		rc = expire_campaign(job, &ended, files, e);
		free(ended.slug);
	}
	return rc;
}

/* ---- mails, details ------------------------------------------------------------------------------------- */

/* What waits for a decision stays; what belongs to a campaign that is under way, too. */
static int drop_mails(struct batch *batch, struct db *tx, struct error *e)
{
	struct db_stmt *row;
	enum db_step step;
	int64_t ids[BATCH];
	char *raw[BATCH];
	size_t count = 0;
	if (db_query(tx, &row, e,
		    "SELECT m.id, m.raw FROM mail_in m LEFT JOIN ask k ON k.id = m.ask LEFT JOIN campaign c ON c.id = k.campaign"
		    " LEFT JOIN retention_campaign r ON r.campaign = c.id WHERE m.received_ms < $1 AND m.state <> 'review'"
		    " AND (c.id IS NULL OR r.archived_ms IS NOT NULL) ORDER BY m.received_ms, m.id LIMIT $2",
		    "ii", batch->before_ms, (int64_t)BATCH) != 0)
		return -1;
	while ((step = db_step(row, e)) == DB_ROW) {
		ids[count] = db_int(row, 0);
		raw[count++] = db_is_null(row, 1) ? NULL : xstrdup(db_text(row, 1));
	}
	int rc = step == DB_FAILED ? -1 : 0;
	for (size_t i = 0; i < count; i++) {
		if (rc == 0)
			rc = db_exec(tx, e, "DELETE FROM mail_in WHERE id = $1", "i", ids[i]);
		if (rc == 0 && raw[i] != NULL)
			rc = blob_drop_unused(tx, raw[i], e);
		free(raw[i]);
	}
	batch->rows = (int64_t)count;
	return rc;
}

/* Case files of those campaigns whose mails are next to go. */
static int keep_cases_of_mails(struct job *job, int64_t before_ms, struct error *e)
{
	struct db_stmt *row;
	int64_t after = 0;
	while (!stopped(job)) {
		struct ended ended = {0};
		bool there;
		if (db_query(job->db, &row, e,
			    "SELECT c.id, c.slug FROM campaign c LEFT JOIN retention_campaign r ON r.campaign = c.id WHERE c.id > $1"
			    " AND c.kind = 'campaign' AND c.state IN ('finished', 'cancelled') AND r.archived_ms IS NULL AND c.id IN"
			    " (SELECT k.campaign FROM mail_in m CROSS JOIN ask k WHERE m.received_ms < $2 AND m.state <> 'review'"
			    " AND k.id = m.ask) ORDER BY c.id LIMIT 1",
			    "ii", after, before_ms) != 0)
			return -1;
		enum db_step step = db_step(row, e);
		if (step != DB_ROW)
			return step == DB_FAILED ? -1 : 0;
		ended = (struct ended){db_int(row, 0), xstrdup(db_text(row, 1)), true, false};
		db_reset(row);
		after = ended.id;
		int rc = keep_case(job, &ended, &there, e);
		free(ended.slug);
		if (rc != 0)
			return -1;
	}
	return 0;
}

/* Older entries have smaller numbers: of the oldest details those that are old enough. */
static int drop_details(struct batch *batch, struct db *tx, struct error *e)
{
	if (db_exec(tx, e,
		    "DELETE FROM audit_detail WHERE number IN (SELECT d.number FROM (SELECT number FROM audit_detail ORDER BY number LIMIT $2) d"
		    " CROSS JOIN audit_entry a WHERE a.number = d.number AND a.time_ms < $1)",
		    "ii", batch->before_ms, (int64_t)BATCH) != 0)
		return -1;
	batch->rows = db_changes(tx);
	return batch->rows < 0 ? error_set(e, ERROR_INTERNAL, "the details were not deleted") : 0;
}

/* ---- all of it --------------------------------------------------------------------------------------------- */

static int write_note(struct batch *batch, struct db *tx, struct error *e)
{
	const struct retention_counts *c = &batch->job->counts;
	return note_write(batch->job->who, tx, "retention.run", "retention:all",
		json_pack("{s:I, s:I, s:I, s:I, s:I}", "case_files", (json_int_t)c->campaigns, "letters", (json_int_t)c->letters, "files",
			(json_int_t)c->files, "mails", (json_int_t)c->mails, "details", (json_int_t)c->details),
		NULL, e);
}

static int expire(struct job *job, struct error *e)
{
	const struct settings *s = job->who->settings;
	bool done;
	if (expire_campaigns(job, s->retention.letters_ms, false, e) != 0 || expire_campaigns(job, s->retention.files_ms, true, e) != 0)
		return -1;
	int64_t mails_before = job->now_ms - s->retention.mails_ms;
	if (s->retention.mails_ms > 0 && (keep_cases_of_mails(job, mails_before, e) != 0 ||
		    all_batches(job, drop_mails, 0, mails_before, &job->counts.mails, &done, e) != 0))
		return -1;
	if (s->retention.audit_details_ms > 0 &&
		all_batches(job, drop_details, 0, job->now_ms - s->retention.audit_details_ms, &job->counts.details, &done, e) != 0)
		return -1;
	return 0;
}

int retention_run(const struct orderer *who, struct db *db, int64_t now_ms, bool (*stop)(void *arg), void *arg,
	struct retention_counts *counts, struct error *e)
{
	char holder[IDENT_SIZE];
	struct job job = {.who = who,
		.db = db,
		.lease = {.name = "retention", .holder = ident_new(holder), .duration_ms = LEASE_MS},
		.now_ms = now_ms,
		.stop = stop,
		.arg = arg};
	bool held;
	*counts = (struct retention_counts){0};
	if (lease_take(db, &job.lease, false, &held, e) != 0)
		return -1;
	if (!held)
		return 0;
	int rc = expire(&job, e);
	const struct retention_counts *c = &job.counts;
	if (c->campaigns + c->letters + c->files + c->mails + c->details > 0) {
		struct batch note = {.job = &job, .work = write_note};
		struct again again = {0};
		struct error ignored;
		int noted;
		do
			noted = batch_once(&note, rc == 0 ? e : &ignored);
		while (noted != 0 && again_after_conflict(&again, rc == 0 ? e : &ignored));
		rc = rc != 0 ? rc : noted;
	}
	lease_release(db, &job.lease);
	*counts = job.counts;
	return rc;
}
