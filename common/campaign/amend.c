#include "campaign/amend.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "campaign/definition.h"
#include "campaign/draft.h"
#include "campaign/folder.h"
#include "store/blob.h"

#define NAME_MAX_BYTES 200
#define SLUG_ENDING "--correction"

/* ---- the definition ---------------------------------------------------------------------- */

int amend_read(struct db *tx, int64_t id, json_t **definition, struct error *e)
{
	struct db_stmt *stmt;
	*definition = NULL;
	if (db_query(tx, &stmt, e, "SELECT definition FROM campaign WHERE id = $1", "i", id) != 0 ||
		db_step(stmt, e) != DB_ROW)
		return -1;
	*definition = json_loads(db_text(stmt, 0), 0, NULL);
	db_reset(stmt);
	return json_is_object(*definition)
		? 0
		: error_set(e, ERROR_INTERNAL, "campaign %lld: damaged definition", (long long)id);
}

int amend_write(struct db *tx, int64_t id, const json_t *definition, struct error *e)
{
	char *text = json_dumps(definition, JSON_COMPACT | JSON_SORT_KEYS);
	char *document = definition_document_key(definition);
	int rc = db_exec(tx, e, "UPDATE campaign SET definition = $2, document_key = $3 WHERE id = $1", "iss", id, text, document);
	free(document);
	free(text);
	return rc;
}

int64_t amend_add_step(json_t *definition, const char *kind, const char *letter, const char *relation,
	int64_t base)
{
	json_t *steps = json_object_get(definition, "steps"), *item;
	size_t index;
	int64_t last = -1;
	json_t *like = NULL; /* whether attachments travel with it, and the like, stay as they were */
	bool corrects = strcmp(relation, "corrects") == 0;
	json_array_foreach(steps, index, item)
	{
		int64_t number = json_integer_value(json_object_get(item, "step"));
		const char *its = json_string_value(json_object_get(item, "kind"));
		last = number > last ? number : last;
		if (like == NULL && (corrects ? number == base : its != NULL && strcmp(its, kind) == 0))
			like = item;
	}
	json_t *step = like == NULL ? json_object() : json_copy(like);
	json_object_set_new(step, "step", json_integer(last + 1));
	json_object_set_new(step, "kind", json_string(kind));
	json_object_set_new(step, "letter", json_string(letter));
	json_object_set_new(step, relation, json_integer(base));
	json_array_append_new(steps, step);
	return last + 1;
}

int64_t amend_current_step(const json_t *definition, int64_t step)
{
	const json_t *item;
	size_t index;
	int64_t current = step;
	json_array_foreach(json_object_get(definition, "steps"), index, item)
	{
		const json_t *corrects = json_object_get(item, "corrects");
		if (json_is_integer(corrects) && json_integer_value(corrects) == step)
			current = json_integer_value(json_object_get(item, "step"));
	}
	return current;
}

/* ---- letters -------------------------------------------------------------------------------- */

static const char *letter_of_kind(const json_t *definition, const char *kind)
{
	const json_t *item;
	size_t index;
	json_array_foreach(json_object_get(definition, "steps"), index, item)
	{
		const char *its = json_string_value(json_object_get(item, "kind"));
		if (its != NULL && strcmp(its, kind) == 0)
			return json_string_value(json_object_get(item, "letter"));
	}
	return NULL;
}

static int next_position(struct db *tx, int64_t id, int64_t *position, struct error *e)
{
	return db_query_int(tx, position, e,
		       "SELECT COALESCE(max(position), 0) + 1 FROM campaign_file WHERE campaign = $1 AND purpose = 'letter'",
		       "i", id) == DB_ROW
		? 0
		: -1;
}

char *amend_letter(struct db *tx, int64_t id, const json_t *definition, const char *kind, struct error *e)
{
	const char *known = letter_of_kind(definition, kind);
	int64_t there = 0, position;
	if (known != NULL)
		return xstrdup(known);
	const char *text = folder_standard_text(kind, definition_lang(definition) == LANG_RU);
	if (text == NULL) {
		(void)error_set(e, ERROR_INPUT, "the campaign has no letter \"%s\"", kind);
		return NULL;
	}
	enum db_step step = db_query_int(tx, &there, e,
		"SELECT 1 FROM campaign_file WHERE campaign = $1 AND purpose = 'letter' AND name = $2", "is", id, kind);
	if (step == DB_DONE) {
		char hash[IDENT_HASH_SIZE];
		struct draft_file file = {.name = kind,
			.title = kind,
			.media_type = "text/markdown",
			.hash = ident_hash(text, strlen(text), hash),
			.data = text,
			.len = strlen(text)};
		if (next_position(tx, id, &position, e) != 0 ||
			draft_file(tx, id, "letter", (int)position, &file, e) != 0)
			return NULL;
	}
	return step == DB_FAILED ? NULL : xstrdup(kind);
}

/* ---- the mended folder ------------------------------------------------------------------------ */

char *amend_slug(const char *slug)
{
	return xasprintf("%.50s" SLUG_ENDING, slug);
}

struct storing {
	int (*in_last)(void *arg, struct db *tx, int64_t id, struct error *e);
	void *arg;
};

static int mark(void *arg, struct db *tx, int64_t id, struct error *e)
{
	const struct storing *storing = arg;
	if (db_exec(tx, e, "UPDATE campaign SET kind = 'correction' WHERE id = $1", "i", id) != 0)
		return -1;
	return storing->in_last(storing->arg, tx, id, e);
}

int amend_store(const struct campaign_folder *folder, struct db *db, const char *actor,
	int (*in_last)(void *arg, struct db *tx, int64_t id, struct error *e), void *arg, struct error *e)
{
	struct storing storing = {in_last, arg};
	struct campaign_folder other = *folder;
	int64_t id;
	if (letter_of_kind(folder->definition, "correction") == NULL)
		return error_set(e, ERROR_INPUT, "%s",
			tr("the folder has no letter for those who got the old one: letters: {correction: correction.md}",
				"в папке нет письма для тех, кто уже получил прежнее: letters: {correction: correction.md}"));
	other.slug = amend_slug(folder->slug);
	int rc = campaign_folder_store_and(&other, db, actor, mark, &storing, &id, e);
	free(other.slug);
	return rc;
}

/* ---- taking over --------------------------------------------------------------------------------- */

/* hash of a file by name; "" = none. */
static int hash_of(struct db *tx, int64_t id, const char *name, char out[static IDENT_HASH_SIZE], struct error *e)
{
	struct db_stmt *stmt;
	out[0] = '\0';
	if (db_query(tx, &stmt, e,
		    "SELECT hash FROM campaign_file WHERE campaign = $1 AND purpose = 'letter' AND name = $2", "is", id,
		    name) != 0)
		return -1;
	enum db_step step = db_step(stmt, e);
	if (step == DB_ROW) {
		snprintf(out, IDENT_HASH_SIZE, "%s", db_text(stmt, 0));
		db_reset(stmt);
	}
	return step == DB_FAILED ? -1 : 0;
}

/* Its files are copied by their hashes, while the draft itself may be stored anew. */
static int keep_files(struct db *tx, int64_t mended, struct error *e)
{
	struct blob_list hashes = {0};
	struct db_stmt *rows;
	int rc = db_query(tx, &rows, e, "SELECT hash FROM campaign_file WHERE campaign = $1", "i", mended);
	if (rc == 0)
		rc = blob_list_take(&hashes, rows, e);
	if (rc == 0)
		rc = blob_list_keep(&hashes, tx, e);
	blob_list_fini(&hashes);
	return rc;
}

/* The mended letter under a new name: "first~2". */
static char *copy_letter(struct db *tx, int64_t id, int64_t mended, const char *name, struct error *e)
{
	int64_t position;
	if (next_position(tx, id, &position, e) != 0)
		return NULL;
	char *copy = xasprintf("%.*s~%lld", NAME_MAX_BYTES, name, (long long)position);
	if (db_exec(tx, e,
		    "INSERT INTO campaign_file (campaign, purpose, position, name, title, media_type, hash)"
		    " SELECT CAST($1 AS BIGINT), 'letter', CAST($3 AS BIGINT), CAST($4 AS TEXT), title, media_type, hash"
		    " FROM campaign_file WHERE campaign = $2 AND purpose = 'letter' AND name = $5",
		    "iiiss", id, mended, position, copy, name) == 0)
		return copy;
	free(copy);
	return NULL;
}

static int same_attachments(struct db *tx, int64_t id, int64_t mended, bool *same, struct error *e)
{
	int64_t differing = 0;
	if (db_query_int(tx, &differing, e,
		    "SELECT count(*) FROM (SELECT position, name, hash FROM campaign_file WHERE campaign IN ($1, $2)"
		    " AND purpose = 'attachment' GROUP BY position, name, title, hash HAVING count(*) <> 2) x",
		    "ii", id, mended) != DB_ROW)
		return -1;
	*same = differing == 0;
	return 0;
}

/* The old ones are kept for the case file. */
static int take_attachments(struct db *tx, int64_t id, int64_t mended, struct error *e)
{
	char kept[60];
	snprintf(kept, sizeof kept, "replaced %lld", (long long)clock_now_ms());
	return db_exec(tx, e,
		       "UPDATE campaign_file SET purpose = $2 WHERE campaign = $1 AND purpose = 'attachment'", "is", id,
		       kept) != 0
		? -1
		: db_exec(tx, e,
			  "INSERT INTO campaign_file (campaign, purpose, position, name, title, media_type, hash)"
			  " SELECT CAST($1 AS BIGINT), purpose, position, name, title, media_type, hash"
			  " FROM campaign_file WHERE campaign = $2 AND purpose = 'attachment'",
			  "ii", id, mended);
}

static bool take_requisites(json_t *definition, const json_t *from)
{
	static const char *const names[] = {"document", "contacts", "organisation", "annexes", "subject", "title"};
	bool changed = false;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		json_t *new = json_object_get(from, names[i]);
		if (json_equal(new, json_object_get(definition, names[i])) ||
			(new == NULL && json_object_get(definition, names[i]) == NULL))
			continue;
		changed = true;
		if (new == NULL)
			json_object_del(definition, names[i]);
		else
			json_object_set(definition, names[i], new);
	}
	return changed;
}

/* all: what stands around the letters changed, so that each of them is a new one. */
static int take_letters(struct db *tx, int64_t id, int64_t mended, json_t *definition, bool all, bool *changed,
	struct error *e)
{
	json_t *steps = json_deep_copy(json_object_get(definition, "steps")), *item;
	size_t index;
	int rc = 0;
	json_array_foreach(steps, index, item)
	{
		static const char *const once[] = {"correction", "recall", "postponed"};
		const char *kind = json_string_value(json_object_get(item, "kind"));
		const char *name = json_string_value(json_object_get(item, "letter"));
		int64_t base = json_integer_value(json_object_get(item, "step"));
		char old[IDENT_HASH_SIZE], new[IDENT_HASH_SIZE];
		if (json_object_get(item, "corrects") != NULL || json_object_get(item, "of") != NULL ||
			strcmp(kind, once[0]) == 0 || strcmp(kind, once[1]) == 0 || strcmp(kind, once[2]) == 0)
			continue;
		const char *now = name; /* what is sent now may be a correction already */
		int64_t current = amend_current_step(definition, base);
		size_t i;
		json_t *other;
		json_array_foreach(json_object_get(definition, "steps"), i, other)
			if (json_integer_value(json_object_get(other, "step")) == current)
				now = json_string_value(json_object_get(other, "letter"));
		rc = hash_of(tx, id, now, old, e);
		if (rc == 0)
			rc = hash_of(tx, mended, name, new, e);
		if (rc != 0)
			break;
		if (new[0] == '\0' || (!all && strcmp(old, new) == 0))
			continue;
		char *copy = copy_letter(tx, id, mended, name, e);
		if (copy == NULL) {
			rc = -1;
			break;
		}
		(void)amend_add_step(definition, kind, copy, "corrects", base);
		free(copy);
		*changed = true;
	}
	json_decref(steps);
	return rc;
}

int amend_take(struct db *tx, int64_t id, int64_t mended, json_t *definition, char **correction,
	bool *changed, struct error *e)
{
	json_t *from;
	bool same = true;
	*correction = NULL;
	*changed = false;
	if (keep_files(tx, mended, e) != 0 || amend_read(tx, mended, &from, e) != 0)
		return -1;
	const char *name = letter_of_kind(from, "correction");
	int rc = name == NULL ? error_set(e, ERROR_INPUT, "the mended campaign has no letter \"correction\"")
			      : same_attachments(tx, id, mended, &same, e);
	if (rc == 0) {
		bool all = take_requisites(definition, from) || !same;
		if (!same)
			rc = take_attachments(tx, id, mended, e);
		if (rc == 0)
			rc = take_letters(tx, id, mended, definition, all, changed, e);
	}
	if (rc == 0) {
		*correction = copy_letter(tx, id, mended, name, e);
		rc = *correction == NULL ? -1 : 0;
	}
	json_decref(from);
	return rc;
}
