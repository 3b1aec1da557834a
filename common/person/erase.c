/* Erasing one person, in batches. */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "base/clock.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "control/note.h"
#include "directory/suppression.h"
#include "person/inside.h"
#include "store/again.h"
#include "store/blob.h"

#define PIECE 200 /* rows of one batch: the write lock is held some milliseconds */
#define SALT_BYTES 16
#define PERSON_SIZE (SALT_BYTES * 2 + 1 + IDENT_HASH_SIZE)
#define RUNNING "{\"running\":true}"

struct job {
	const struct orderer *who;
	const struct person *person;
	const struct person_erasure *erasure;
	json_t *counts;
	int64_t id; /* erasure.id */
};

/* ---- the record: «salt:hash» ------------------------------------------------------------------- */

static void person_hash(const char *salt, const char *address, char out[static PERSON_SIZE])
{
	char hash[IDENT_HASH_SIZE];
	char *both = xasprintf("%s:%s", salt, address);
	ident_hash(both, strlen(both), hash);
	free(both);
	snprintf(out, PERSON_SIZE, "%.*s:%s", SALT_BYTES * 2, salt, hash);
}

static void person_new(const char *address, char out[static PERSON_SIZE])
{
	unsigned char random[SALT_BYTES];
	char salt[SALT_BYTES * 2 + 1];
	ident_random(random, sizeof random);
	sodium_bin2hex(salt, sizeof salt, random, sizeof random);
	person_hash(salt, address, out);
}

static bool is_person(const char *record, const char *address)
{
	char salt[SALT_BYTES * 2 + 1] = "", want[PERSON_SIZE];
	if (strlen(record) < SALT_BYTES * 2)
		return false;
	memcpy(salt, record, SALT_BYTES * 2);
	person_hash(salt, address, want);
	return strcmp(record, want) == 0;
}

/* The newest record of this address; running: one that was not finished. 0 = none. */
static int find_record(struct db *db, const char *address, bool running, int64_t *id, int64_t *time_ms, struct error *e)
{
	struct db_stmt *row;
	enum db_step step;
	*id = *time_ms = 0;
	if (db_query(db, &row, e, "SELECT id, time_ms, person, counts FROM erasure ORDER BY id", "") != 0)
		return -1;
	while ((step = db_step(row, e)) == DB_ROW)
		if (running == (strcmp(db_text(row, 3), RUNNING) == 0) && is_person(db_text(row, 2), address)) {
			*id = db_int(row, 0);
			*time_ms = db_int(row, 1);
		}
	return step == DB_FAILED ? -1 : 0;
}

int person_was_erased(struct db *db, const char *address, int64_t *time_ms, struct error *e)
{
	int64_t id;
	return find_record(db, address, false, &id, time_ms, e);
}

static const char *known_by(const struct person *person)
{
	return person->address != NULL ? person->address : person->name;
}

/* ---- steps, each a transaction ------------------------------------------------------------------ */

/* From now on nothing is sent there, nor to where his letters point afterwards. */
static int begin(void *arg, struct db *tx, struct error *e)
{
	struct job *job = arg;
	const char *reason = tr("personal data erased", "персональные данные удалены");
	char record[PERSON_SIZE];
	int64_t time_ms;
	bool added;
	if (suppression_add_tx(tx, PERSON_MARK_ADDRESS, reason, "operator", &added, e) != 0 ||
		(job->person->address != NULL && suppression_add_tx(tx, job->person->address, reason, "operator", &added, e) != 0) ||
		find_record(tx, known_by(job->person), true, &job->id, &time_ms, e) != 0)
		return -1;
	if (job->id != 0)
		return 0;
	person_new(known_by(job->person), record);
	return db_query_int(tx, &job->id, e,
		       "INSERT INTO erasure (time_ms, actor, person, reason, counts) VALUES ($1, $2, $3, $4, '" RUNNING "') RETURNING id", "isss",
		       clock_now_ms(), job->who->actor, record, job->erasure->reason) == DB_ROW
		? 0
		: -1;
}

static int update(struct db *tx, const struct source *source, const struct row *row, struct error *e)
{
	struct db_stmt *stmt;
	int at = 1;
	if (db_prepare(tx, source->update, &stmt, e) != 0)
		return -1;
	for (size_t k = 0; source->key[k] != '\0'; k++, at++)
		if (source->key[k] == 'i')
			db_bind_int(stmt, at, strtoll(row->keys[k], NULL, 10));
		else
			db_bind_text(stmt, at, row->keys[k]);
	for (size_t c = 0; source->rules[c] != '\0'; c++)
		if (strcmp(source->columns[c], "message") != 0) /* the raw mail is a blob of its own */
			db_bind_text(stmt, at++, row->values[c]);
	return db_run(stmt, e);
}

struct batch {
	struct job *job;
	const struct source *source;
	const struct person_walk *from;
	struct row *row;
	size_t count;
	int64_t changed;
};

static void take(void *arg, struct row *row)
{
	struct batch *batch = arg;
	batch->row = xrealloc(batch->row, batch->count + 1, sizeof *batch->row);
	batch->row[batch->count++] = *row;
}

static void forget_rows(struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		row_fini(&batch->row[i]);
	free(batch->row);
	batch->row = NULL;
	batch->count = 0;
}

static int erase_row(struct db *tx, struct batch *batch, struct row *row, struct error *e)
{
	size_t raw = 0;
	while (batch->source->rules[raw] != '\0' && batch->source->rules[raw] != 'r')
		raw++;
	char *hash = batch->source->rules[raw] == 'r' && row->values[raw] != NULL ? xstrdup(row->values[raw]) : NULL;
	int rc = 0;
	if (match_erase(batch->job->person, batch->source, row)) {
		rc = update(tx, batch->source, row, e);
		if (rc == 0 && hash != NULL)
			rc = blob_drop_unused(tx, hash, e);
		batch->changed++;
	}
	free(hash);
	return rc;
}

/* Read again under the write lock: what stands there now. */
static int erase_batch(void *arg, struct db *tx, struct error *e)
{
	struct batch *batch = arg;
	struct person_walk walk = *batch->from;
	int64_t rows;
	batch->changed = 0;
	int rc = source_read(tx, batch->source, batch->job->person, true, &walk, PIECE, take, batch, &rows, e);
	for (size_t i = 0; rc == 0 && i < batch->count; i++)
		rc = erase_row(tx, batch, &batch->row[i], e);
	forget_rows(batch);
	return rc;
}

static int erase_source(struct job *job, struct db *db, struct person_walk *walk, struct error *e)
{
	const struct source *source = source_at((size_t)walk->source);
	int64_t rows = source->update == NULL ? 0 : PIECE, changed = 0;
	int rc = 0;
	while (rc == 0 && rows == PIECE) {
		struct person_walk from = *walk;
		struct batch batch = {.job = job, .source = source, .from = &from};
		rc = db_begin(db, DB_READ, e);
		if (rc == 0)
			rc = source_read(db, source, job->person, true, walk, PIECE, take, &batch, &rows, e);
		db_rollback(db);
		bool any = batch.count > 0;
		forget_rows(&batch);
		if (rc == 0 && any)
			rc = again_transact(db, erase_batch, &batch, e);
		changed += batch.changed;
		walk->looked += rows;
		if (rc == 0 && job->erasure->progress != NULL && job->erasure->progress(job->erasure->arg, walk) != 0)
			rc = error_set(e, ERROR_CONFLICT, "%s", tr("stopped; the next run goes on", "остановлено; следующий запуск продолжит"));
	}
	if (changed > 0)
		json_object_set_new(job->counts, source->name,
			json_integer(changed + json_integer_value(json_object_get(job->counts, source->name))));
	return rc;
}

static int erase_details(struct job *job, struct db *tx, struct error *e)
{
	const char *texts[] = {job->person->address, job->person->name};
	int64_t all = 0;
	for (size_t i = 0; i < 2; i++) {
		int64_t count = 0;
		if (texts[i] != NULL && audit_erase(tx, texts[i], &count, e) != 0)
			return -1;
		all += count;
	}
	if (all > 0)
		json_object_set_new(job->counts, "audit_detail", json_integer(all));
	return 0;
}

static int finish(void *arg, struct db *tx, struct error *e)
{
	struct job *job = arg;
	char subject[40];
	if (erase_details(job, tx, e) != 0)
		return -1;
	if (job->erasure->forget && job->person->address != NULL &&
		db_exec(tx, e, "DELETE FROM suppression WHERE address = $1", "s", job->person->address) != 0)
		return -1;
	char *counts = json_dumps(job->counts, JSON_COMPACT | JSON_SORT_KEYS);
	int rc = db_exec(tx, e, "UPDATE erasure SET counts = $2 WHERE id = $1", "is", job->id, counts);
	free(counts);
	snprintf(subject, sizeof subject, "person:erasure-%" PRId64, job->id);
	json_t *facts = json_deep_copy(job->counts);
	return rc != 0 ? (json_decref(facts), -1) : note_write(job->who, tx, "person.erase", subject, facts, NULL, e);
}

int person_erase(const struct orderer *who, struct db *db, const struct person *person,
	const struct person_erasure *erasure, json_t **counts, struct error *e)
{
	struct job job = {.who = who, .person = person, .erasure = erasure, .counts = json_object()};
	struct person_walk walk = {0};
	int rc = again_transact(db, begin, &job, e);
	for (; rc == 0 && (size_t)walk.source < source_count(); walk.source++) {
		memset(walk.keys, 0, sizeof walk.keys);
		rc = erase_source(&job, db, &walk, e);
	}
	if (rc == 0)
		rc = again_transact(db, finish, &job, e);
	*counts = job.counts;
	return rc;
}
