/* A checked folder → a draft in the store. The rows of its tables may be
 * millions, so they go in several transactions; until the last one the draft's
 * content_hash is a token of this writer, which no launch can name, so that a
 * half-written draft cannot be launched and two writers cannot mix their rows. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "campaign/definition.h"
#include "campaign/draft.h"
#include "store/again.h"
#include "store/blob.h"
#include "store/rows.h"

#define ROWS_PER_TRANSACTION 5000 /* some 30 ms of the write lock */

/* ---- parts, inside a transaction -------------------------------------------------------- */

int draft_insert(struct db *tx, const struct draft_row *row, int64_t *id, struct error *e)
{
	enum db_step step;
	char *document = definition_document_key(row->definition);
	char *definition = json_dumps(row->definition, JSON_COMPACT | JSON_SORT_KEYS);
	int64_t now_ms = clock_now_ms();
	struct db_stmt *stmt;
	int rc = db_query(tx, &stmt, e,
		"INSERT INTO campaign (slug, kind, title, content_hash, definition, sender, state, "
		"priority, hold, "
		"not_after_ms, created_ms, created_by, launched_ms, document_key) "
		"VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING id",
		"sssssssiinisns", row->slug, row->kind, row->title, row->hash, definition,
		row->sender, row->state, (int64_t)row->priority, (int64_t)row->hold, now_ms,
		row->actor, document);
	free(definition);
	free(document);
	if (rc != 0)
		return -1;
	if (row->not_after_ms != TIME_NEVER_MS)
		db_bind_int(stmt, 10, row->not_after_ms);
	if (strcmp(row->state, "running") == 0)
		db_bind_int(stmt, 13, now_ms);
	step = db_step(stmt, e);
	if (step == DB_ROW)
		*id = db_int(stmt, 0);
	db_reset(stmt);
	return step == DB_ROW ? 0 : -1;
}

int draft_file(struct db *tx, int64_t id, const char *purpose, int position,
	const struct draft_file *file, struct error *e)
{
	if (blob_put(tx, file->hash, file->data, file->len, e) != 0)
		return -1;
	return db_exec(tx, e,
		"INSERT INTO campaign_file (campaign, purpose, position, name, title, media_type, "
		"hash) "
		"VALUES ($1, $2, $3, $4, $5, $6, $7)",
		"isissss", id, purpose, (int64_t)position, file->name, file->title,
		file->media_type, file->hash);
}

int draft_data(struct db *tx, int64_t id, const char *dataset, const char *key, const char *fields,
	struct error *e)
{
	return db_exec(tx, e,
		"INSERT INTO dataset_row (campaign, dataset, key, fields) VALUES ($1, $2, $3, $4)",
		"isss", id, dataset, key, fields);
}

/* ---- the folder's draft -------------------------------------------------------------------- */

struct writer {
	const struct campaign_folder *folder;
	struct db *db;
	const char *actor;
	char token[IDENT_SIZE + 8];
	int64_t id;
};

static int still_ours(struct writer *w, struct error *e)
{
	int64_t one;
	enum db_step step = db_query_int(w->db, &one, e,
		"SELECT 1 FROM campaign WHERE id = $1 AND state = 'draft' AND content_hash = $2 @FOR_UPDATE",
		"is", w->id, w->token);
	/* The row is kept as it is until we commit; that it changed at this very moment says the same. */
	if (step == DB_DONE || (step == DB_FAILED && e->code == ERROR_CONFLICT && e->retriable))
		return error_set(e, ERROR_CONFLICT, "%s",
			tr("somebody else is storing this campaign just now",
				"кто-то другой сейчас записывает эту же рассылку"));
	return step == DB_ROW ? 0 : -1;
}

static int open_once(struct writer *w, struct error *e)
{
	const struct campaign_folder *folder = w->folder;
	struct db_stmt *stmt;
	if (db_begin(w->db, DB_WRITE, e) != 0)
		return -1;
	if (db_query(w->db, &stmt, e, "SELECT id, state FROM campaign WHERE slug = $1", "s",
		    folder->slug) != 0)
		goto failed;
	enum db_step step = db_step(stmt, e);
	if (step == DB_ROW) {
		w->id = db_int(stmt, 0);
		bool draft = strcmp(db_text(stmt, 1), "draft") == 0;
		char *state = xstrdup(db_text(stmt, 1));
		db_reset(stmt);
		if (!draft)
			(void)error_set(e, ERROR_CONFLICT,
				tr("the campaign «%s» was launched already (it is %s)",
					"рассылка «%s» уже запущена (состояние: %s)"),
				folder->slug, state);
		free(state);
		if (!draft ||
			db_exec(w->db, e, "UPDATE campaign SET content_hash = $2 WHERE id = $1",
				"is", w->id, w->token) != 0)
			goto failed;
	} else if (step == DB_DONE) {
		struct draft_row row = {.slug = folder->slug,
			.kind = "campaign",
			.title = folder->title,
			.hash = w->token,
			.definition = folder->definition,
			.sender = folder->sender,
			.state = "draft",
			.priority = 1,
			.hold = folder->hold,
			.not_after_ms = folder->not_after_ms,
			.actor = w->actor};
		if (draft_insert(w->db, &row, &w->id, e) != 0)
			goto failed;
	} else {
		goto failed;
	}
	return db_commit(w->db, DB_RELAXED, e);
failed:
	db_rollback(w->db);
	return -1;
}

/* Takes over the draft of this name, or makes one. */
static int open_draft(struct writer *w, struct error *e)
{
	struct again again = {0};
	int rc;
	do
		rc = open_once(w, e);
	while (rc != 0 && again_after_conflict(&again, e));
	return rc;
}

/* What an earlier draft of this name left, in bounded steps. */
static int clear(struct writer *w, struct error *e)
{
	int64_t gone = ROWS_PER_TRANSACTION;
	while (gone == ROWS_PER_TRANSACTION) {
		if (db_begin(w->db, DB_WRITE, e) != 0)
			return -1;
		if (still_ours(w, e) != 0 ||
			db_exec(w->db, e,
				"DELETE FROM dataset_row WHERE campaign = $1 AND (dataset, key) IN "
				"(SELECT dataset, key FROM dataset_row WHERE campaign = $1 LIMIT "
				"$2)",
				"ii", w->id, (int64_t)ROWS_PER_TRANSACTION) != 0) {
			db_rollback(w->db);
			return -1;
		}
		gone = db_changes(w->db);
		if (db_commit(w->db, DB_RELAXED, e) != 0)
			return -1;
	}
	return 0;
}

static int write_rows(
	struct writer *w, const char *name, const struct dataset *dataset, struct error *e)
{
	for (size_t i = 0; i < dataset->count;) {
		if (db_begin(w->db, DB_WRITE, e) != 0)
			return -1;
		int rc = still_ours(w, e);
		for (size_t n = 0; rc == 0 && n < ROWS_PER_TRANSACTION && i < dataset->count;
			n++, i++)
			rc = draft_data(
				w->db, w->id, name, dataset->row[i].key, dataset->row[i].fields, e);
		if (rc != 0) {
			db_rollback(w->db);
			return -1;
		}
		if (db_commit(w->db, DB_RELAXED, e) != 0)
			return -1;
	}
	return 0;
}

static int write_source(const struct campaign_folder *folder, struct db *tx, int64_t id, struct error *e)
{
	const struct folder_file *from = &folder->source;
	struct draft_file file = {.name = from->name,
		.media_type = "application/yaml",
		.hash = from->hash,
		.data = from->data,
		.len = from->len};
	return from->data == NULL ? 0 : draft_file(tx, id, "source", 0, &file, e);
}

static int write_files(
	const struct campaign_folder *folder, struct db *tx, int64_t id, struct error *e)
{
	for (size_t i = 0; i < folder->letters_count; i++) {
		const struct folder_letter *from = &folder->letters[i];
		struct draft_file letter = {.name = from->name,
			.title = from->file.name,
			.media_type = "text/markdown",
			.hash = from->file.hash,
			.data = from->file.data,
			.len = from->file.len};
		if (draft_file(tx, id, "letter", (int)i, &letter, e) != 0)
			return -1;
	}
	for (size_t i = 0; i < folder->attachments; i++) {
		const struct folder_file *from = &folder->attachment[i];
		struct draft_file file = {.name = from->name,
			.title = from->title,
			.media_type = from->media_type,
			.hash = from->hash,
			.data = from->data,
			.len = from->len};
		if (draft_file(tx, id, "attachment", (int)i + 1, &file, e) != 0)
			return -1;
	}
	return 0;
}

static int remove_files(struct db *tx, int64_t id, struct blob_list *hashes, struct error *e)
{
	struct db_stmt *files;
	return db_query(tx, &files, e, "DELETE FROM campaign_file WHERE campaign = $1 RETURNING hash", "i", id) != 0
		? -1
		: blob_list_take(hashes, files, e);
}

static int finish_once(struct writer *w,
	int (*in_last)(void *arg, struct db *tx, int64_t id, struct error *e), void *arg,
	struct error *e)
{
	const struct campaign_folder *folder = w->folder;
	if (db_begin(w->db, DB_WRITE, e) != 0)
		return -1;
	char *definition = json_dumps(folder->definition, JSON_COMPACT | JSON_SORT_KEYS);
	int rc = still_ours(w, e);
	struct blob_list before = {0};
	if (rc == 0)
		rc = remove_files(w->db, w->id, &before, e);
	if (rc == 0)
		rc = write_files(folder, w->db, w->id, e);
	if (rc == 0)
		rc = write_source(folder, w->db, w->id, e);
	if (rc == 0)
		rc = blob_list_drop_unused(&before, w->db, e);
	blob_list_fini(&before);
	if (rc == 0)
		rc = db_exec(w->db, e,
			"UPDATE campaign SET title = $2, content_hash = $3, definition = $4, "
			"sender = $5, hold = $6, "
			"created_ms = $7, created_by = $8, not_after_ms = NULL WHERE id = $1",
			"issssiis", w->id, folder->title, folder->hash, definition, folder->sender,
			(int64_t)folder->hold, clock_now_ms(), w->actor);
	if (rc == 0 && folder->not_after_ms != TIME_NEVER_MS)
		rc = db_exec(w->db, e, "UPDATE campaign SET not_after_ms = $2 WHERE id = $1", "ii",
			w->id, folder->not_after_ms);
	if (rc == 0 && in_last != NULL)
		rc = in_last(arg, w->db, w->id, e);
	free(definition);
	if (rc != 0) {
		db_rollback(w->db);
		return -1;
	}
	return db_commit(w->db, DB_DURABLE, e);
}

/* Another campaign with the same attachment may store it at the same moment. */
static int finish(struct writer *w,
	int (*in_last)(void *arg, struct db *tx, int64_t id, struct error *e), void *arg,
	struct error *e)
{
	struct again again = {0};
	int rc;
	do
		rc = finish_once(w, in_last, arg, e);
	while (rc != 0 && again_after_conflict(&again, e));
	return rc;
}

int campaign_folder_store_and(const struct campaign_folder *folder, struct db *db,
	const char *actor, int (*in_last)(void *arg, struct db *tx, int64_t id, struct error *e),
	void *arg, int64_t *id, struct error *e)
{
	struct writer w = {.folder = folder, .db = db, .actor = actor};
	memcpy(w.token, "writing:", 8);
	ident_new(w.token + 8);
	if (open_draft(&w, e) != 0 || clear(&w, e) != 0)
		return -1;
	for (size_t d = 0; d < folder->audience.datasets; d++)
		if (write_rows(&w, folder->audience.dataset[d].name, folder->dataset[d], e) != 0)
			return -1;
	if (folder->list != NULL && write_rows(&w, AUDIENCE_LIST, folder->list, e) != 0)
		return -1;
	if (finish(&w, in_last, arg, e) != 0)
		return -1;
	*id = w.id;
	return 0;
}

int campaign_folder_store(const struct campaign_folder *folder, struct db *db, const char *actor,
	int64_t *id, struct error *e)
{
	return campaign_folder_store_and(folder, db, actor, NULL, NULL, id, e);
}

/* ---- a test letter ----------------------------------------------------------------------------
 */

int campaign_folder_store_test(const struct campaign_folder *folder, struct db *tx,
	const char *actor, const struct campaign_recipient *like, const char *to_address,
	char slug[static CAMPAIGN_SLUG_SIZE], char hash[static IDENT_HASH_SIZE], struct error *e)
{
	char name[IDENT_SIZE], key[24];
	bool english =
		strcmp(json_string_value(json_object_get(folder->definition, "lang")), "en") == 0;
	const char *mark = english ? "[TEST] " : "[ПРОВЕРКА] ";
	int64_t id = 0;
	snprintf(slug, CAMPAIGN_SLUG_SIZE, "test-%s", ident_new(name));
	snprintf(key, sizeof key, CAMPAIGN_POSITION_FORMAT, 1LL);
	json_t *definition = json_deep_copy(folder->definition);
	json_object_set_new(definition, "slug", json_string(slug));
	json_object_set_new(definition, "subject_prefix", json_string(mark));
	json_object_set_new(definition, "audience", json_pack("{s:b}", "to", 1));
	json_object_set_new(definition, "may_leave", json_false());
	json_object_set_new(definition, "send",
		json_pack("{s:b,s:i,s:i}", "local", 0, "open_minute", 0, "close_minute", 0));
	json_object_del(definition, "rate");
	json_object_del(definition, "not_after_ms");
	/* One letter to one person: nothing is asked, nothing follows. */
	static const char *const loop[] = {"rounds", "ask", "acknowledge", "publish", "previous"};
	for (size_t i = 0; i < sizeof loop / sizeof loop[0]; i++)
		json_object_del(definition, loop[i]);
	json_t *fields_json = folder_example_fields(folder, 0, like->fields);
	json_object_set(fields_json, "ask", json_object_get(folder->definition, "ask"));
	json_t *entry = json_pack("{s:s,s:o}", "address", to_address, "fields", fields_json);
	char *fields = json_dumps(entry, JSON_COMPACT),
	     *content = json_dumps(definition, JSON_COMPACT);
	char *title = xasprintf("%s%s", mark, folder->title);
	ident_hash(content, strlen(content), hash);
	struct draft_row row = {.slug = slug,
		.kind = "test",
		.title = title,
		.hash = hash,
		.definition = definition,
		.sender = folder->sender,
		.state = "draft",
		.priority = 0,
		.not_after_ms = TIME_NEVER_MS,
		.actor = actor};
	int rc = draft_insert(tx, &row, &id, e);
	if (rc == 0)
		rc = write_files(folder, tx, id, e);
	if (rc == 0)
		rc = draft_data(tx, id, AUDIENCE_TO, key, fields, e);
	free(title);
	free(fields);
	free(content);
	json_decref(entry);
	json_decref(definition);
	return rc;
}

/* false in *left: none is without. */
static int fill_one(struct db *tx, bool *left, struct error *e)
{
	struct db_stmt *row;
	if (db_query(tx, &row, e, "SELECT id, definition FROM campaign WHERE document_key = '?' ORDER BY id LIMIT 1", "") != 0)
		return -1;
	enum db_step step = db_step(row, e);
	*left = step == DB_ROW;
	if (step != DB_ROW)
		return step == DB_FAILED ? -1 : 0;
	int64_t id = db_int(row, 0);
	json_t *definition = json_loads(db_text(row, 1), 0, NULL);
	db_reset(row);
	char *key = definition_document_key(definition);
	int rc = db_exec(tx, e, "UPDATE campaign SET document_key = $2 WHERE id = $1", "is", id, key);
	free(key);
	json_decref(definition);
	return rc;
}

int campaign_fill_document_keys(struct db *db, int64_t most, bool *left, struct error *e)
{
	return rows_fill(db, most, left, fill_one, e);
}
