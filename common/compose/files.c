/* Files of a composition: bytes in the store's blobs. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/ident.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "compose/compose_inside.h"
#include "store/blob.h"

#define NAME_DEPTH_MAX 4

bool compose_name_ok(const char *name)
{
	int depth = 0;
	if (strcmp(name, COMPOSE_YAML) == 0)
		return false;
	for (;;) {
		size_t len = strcspn(name, "/");
		char *segment = xstrndup(name, len);
		bool good = gate_file_name(segment) && segment[0] != '.' && ++depth <= NAME_DEPTH_MAX;
		free(segment);
		if (!good || name[len] == '\0')
			return good;
		name += len + 1;
	}
}

struct put {
	const char *slug, *name, *media_type, *actor;
	const void *data;
	size_t len;
	char hash[IDENT_HASH_SIZE];
};

static int check_room(struct db *tx, const struct put *p, struct error *e)
{
	struct db_stmt *row;
	if (db_query(tx, &row, e, "SELECT count(*), coalesce(sum(size), 0) FROM composition_file WHERE slug = $1 AND name <> $2",
		    "ss", p->slug, p->name) != 0 ||
		db_step(row, e) != DB_ROW)
		return -1;
	int64_t count = db_int(row, 0), total = db_int(row, 1);
	db_reset(row);
	if (count >= COMPOSE_FILES_MAX)
		return error_set(e, ERROR_INPUT, tr("more than %d files", "больше %d файлов"), COMPOSE_FILES_MAX);
	if (total + (int64_t)p->len > COMPOSE_TOTAL_MAX_BYTES)
		return error_set(e, ERROR_INPUT, tr("more than %lld MB of files in all", "все файлы вместе больше %lld МБ"),
			COMPOSE_TOTAL_MAX_BYTES / 1000000);
	return 0;
}

static int touch(struct db *tx, const char *slug, const char *actor, struct error *e)
{
	if (db_exec(tx, e, "UPDATE composition SET changed_by = $2, changed_ms = $3 WHERE slug = $1", "ssi", slug, actor,
		    clock_now_ms()) != 0)
		return -1;
	int64_t changed = db_changes(tx);
	return changed == 1 ? 0 : changed < 0 ? -1 : error_set(e, ERROR_NOT_FOUND, tr("there is no draft «%.64s»", "черновика «%.64s» нет"), slug);
}

static int remove_row(struct db *tx, const struct put *p, struct blob_list *hashes, struct error *e)
{
	struct db_stmt *row;
	return db_query(tx, &row, e, "DELETE FROM composition_file WHERE slug = $1 AND name = $2 RETURNING hash", "ss", p->slug,
		       p->name) != 0
		? -1
		: blob_list_take(hashes, row, e);
}

static int put(void *arg, struct db *tx, struct error *e)
{
	const struct put *p = arg;
	struct blob_list before = {0};
	int rc = touch(tx, p->slug, p->actor, e) != 0 || check_room(tx, p, e) != 0 ? -1 : remove_row(tx, p, &before, e);
	if (rc == 0)
		rc = blob_put(tx, p->hash, p->data, p->len, e);
	if (rc == 0)
		rc = db_exec(tx, e, "INSERT INTO composition_file (slug, name, media_type, size, hash) VALUES ($1, $2, $3, $4, $5)",
			"sssis", p->slug, p->name, p->media_type, (int64_t)p->len, p->hash);
	if (rc == 0)
		rc = blob_list_drop_unused(&before, tx, e);
	blob_list_fini(&before);
	return rc;
}

int compose_file_put(struct db *db, const char *slug, const char *name, const char *media_type, const void *data, size_t len,
	const char *actor, struct error *e)
{
	struct put p = {.slug = slug, .name = name, .media_type = media_type, .actor = actor, .data = data, .len = len};
	if (!compose_name_ok(name))
		return error_set(e, ERROR_INPUT, tr("«%.100s» is not a file name", "«%.100s» – не имя файла"), name);
	if (len == 0)
		return error_set(e, ERROR_INPUT, tr("«%.100s» is empty", "«%.100s» пуст"), name);
	if ((int64_t)len > COMPOSE_FILE_MAX_BYTES)
		return error_set(e, ERROR_INPUT, tr("«%.100s» is larger than %lld MB", "«%.100s» больше %lld МБ"), name,
			COMPOSE_FILE_MAX_BYTES / 1000000);
	ident_hash(data, len, p.hash);
	return compose_write(db, put, &p, e);
}

static int remove_it(void *arg, struct db *tx, struct error *e)
{
	const struct put *p = arg;
	struct blob_list removed = {0};
	int rc = remove_row(tx, p, &removed, e);
	if (rc == 0)
		rc = blob_list_drop_unused(&removed, tx, e);
	blob_list_fini(&removed);
	/* what was asked to be approved before had the file still */
	return rc != 0 ? -1 : db_exec(tx, e, "UPDATE composition SET changed_ms = $2 WHERE slug = $1", "si", p->slug, clock_now_ms());
}

int compose_file_remove(struct db *db, const char *slug, const char *name, struct error *e)
{
	struct put p = {.slug = slug, .name = name};
	return compose_write(db, remove_it, &p, e);
}

int compose_files_changed(struct db *tx, const char *slug, int64_t *version, struct error *e)
{
	return db_query_int(tx, version, e, "UPDATE composition SET version = version + 1 WHERE slug = $1 RETURNING version", "s",
		       slug) == DB_ROW
		? 0
		: -1;
}

int compose_files(struct db *db, const char *slug, json_t **out, struct error *e)
{
	struct db_stmt *row;
	enum db_step step;
	if (db_query(db, &row, e, "SELECT name, size, media_type FROM composition_file WHERE slug = $1 ORDER BY name", "s", slug) != 0)
		return -1;
	json_t *files = json_array();
	while ((step = db_step(row, e)) == DB_ROW)
		json_array_append_new(files, json_pack("{s:s, s:I, s:s*}", "name", db_text(row, 0), "size", (json_int_t)db_int(row, 1),
						     "media_type", db_text(row, 2)));
	if (step == DB_DONE) {
		*out = files;
		return 0;
	}
	json_decref(files);
	return -1;
}

int compose_each_file(struct db *db, const char *slug,
	int (*each)(void *arg, const char *name, const void *data, size_t len, struct error *e), void *arg, struct error *e)
{
	struct db_stmt *row;
	enum db_step step;
	if (db_query(db, &row, e,
		    "SELECT f.name, b.data FROM composition_file f JOIN blob b ON b.hash = f.hash WHERE f.slug = $1 ORDER BY f.name",
		    "s", slug) != 0)
		return -1;
	while ((step = db_step(row, e)) == DB_ROW) {
		size_t len;
		const void *data = db_blob(row, 1, &len);
		int rc = each(arg, db_text(row, 0), data, len, e);
		if (rc != 0) {
			db_reset(row);
			return rc;
		}
	}
	return step == DB_DONE ? 0 : -1;
}
