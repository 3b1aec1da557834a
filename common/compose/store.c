/* Compositions in the store. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "calendar/calendar.h"
#include "compose/compose_inside.h"
#include "control/approval.h"
#include "store/again.h"
#include "store/blob.h"

void composition_fini(struct composition *composition)
{
	free(composition->slug);
	free(composition->title);
	free(composition->owner);
	free(composition->changed_by);
	json_decref(composition->form);
	*composition = (struct composition){0};
}

int compose_write(struct db *db, int (*work)(void *arg, struct db *tx, struct error *e), void *arg, struct error *e)
{
	return db_in_transaction(db) ? work(arg, db, e) : again_transact(db, work, arg, e);
}

/* ---- reading ------------------------------------------------------------------------------ */

#define COLUMNS "slug, title, form, version, owner, changed_by, created_ms, changed_ms"

static int take(struct db_stmt *row, struct composition *out, struct error *e)
{
	*out = (struct composition){.slug = xstrdup(db_text(row, 0)),
		.title = xstrdup(db_text(row, 1)),
		.form = json_loads(db_text(row, 2), 0, NULL),
		.version = db_int(row, 3),
		.owner = xstrdup(db_text(row, 4)),
		.changed_by = xstrdup(db_text(row, 5)),
		.created_ms = db_int(row, 6),
		.changed_ms = db_int(row, 7)};
	if (json_is_object(out->form))
		return 0;
	composition_fini(out);
	return error_set(e, ERROR_INTERNAL, "composition: the stored form is not JSON");
}

enum db_step compose_read(struct db *db, const char *slug, struct composition *out, struct error *e)
{
	struct db_stmt *row;
	*out = (struct composition){0};
	if (db_query(db, &row, e, "SELECT " COLUMNS " FROM composition WHERE slug = $1", "s", slug) != 0)
		return DB_FAILED;
	enum db_step step = db_step(row, e);
	if (step == DB_ROW) {
		step = take(row, out, e) == 0 ? DB_ROW : DB_FAILED;
		db_reset(row);
	}
	return step;
}

int compose_each(struct db *db, int (*each)(void *arg, const struct composition *composition), void *arg, struct error *e)
{
	struct db_stmt *row;
	enum db_step step;
	if (db_query(db, &row, e, "SELECT " COLUMNS " FROM composition c WHERE NOT EXISTS"
		    " (SELECT 1 FROM campaign WHERE campaign.slug = c.slug AND state <> 'draft') ORDER BY changed_ms DESC, slug",
		    "") != 0)
		return -1;
	while ((step = db_step(row, e)) == DB_ROW) {
		struct composition one;
		if (take(row, &one, e) != 0) {
			db_reset(row);
			return -1;
		}
		int rc = each(arg, &one);
		composition_fini(&one);
		if (rc != 0) {
			db_reset(row);
			return rc;
		}
	}
	return step == DB_DONE ? 0 : -1;
}

/* ---- beginning ----------------------------------------------------------------------------- */

/* The name is free: no composition has it, and nothing was launched under it. */
static int is_free(struct db *tx, const char *slug, struct error *e)
{
	int64_t one;
	if (!gate_slug(slug))
		return error_set(e, ERROR_INPUT, tr("«%.64s»: want a–z, 0–9 and «-», at most 64", "«%.64s»: можно a–z, 0–9 и «-», не больше 64"), slug);
	enum db_step step = db_query_int(tx, &one, e, "SELECT 1 FROM composition WHERE slug = $1", "s", slug);
	if (step == DB_ROW)
		return error_set(e, ERROR_CONFLICT, tr("there is a draft «%.64s» already", "черновик «%.64s» уже есть"), slug);
	if (step == DB_DONE)
		step = db_query_int(tx, &one, e, "SELECT 1 FROM campaign WHERE slug = $1 AND state <> 'draft'", "s", slug);
	if (step == DB_ROW)
		return error_set(e, ERROR_CONFLICT, tr("the campaign «%.64s» was launched already: choose another name", "рассылка «%.64s» уже запущена: выберите другое имя"),
			slug);
	return step == DB_FAILED ? -1 : 0;
}

static const char *title_of(const json_t *form, const char *slug)
{
	const char *title = form_text(form, "title");
	return title[strspn(title, " ")] == '\0' ? slug : title;
}

static char *dump(const json_t *form)
{
	return json_dumps(form, JSON_COMPACT);
}

int compose_insert(struct db *tx, const char *slug, const json_t *form, const char *actor, struct error *e)
{
	int64_t now_ms = clock_now_ms();
	if (is_free(tx, slug, e) != 0)
		return -1;
	char *text = dump(form);
	int rc = db_exec(tx, e,
		"INSERT INTO composition (slug, title, form, version, owner, changed_by, created_ms, changed_ms)"
		" VALUES ($1, $2, $3, 1, $4, $4, $5, $5)",
		"ssssi", slug, title_of(form, slug), text, actor, now_ms);
	free(text);
	return rc;
}

struct change {
	const char *slug, *actor, *new_slug;
	int64_t version;
	const json_t *form;
};

static int begin(void *arg, struct db *tx, struct error *e)
{
	const struct change *c = arg;
	return compose_insert(tx, c->slug, c->form, c->actor, e);
}

int compose_begin(struct db *db, const char *slug, const char *title, const json_t *form, const char *actor, struct error *e)
{
	json_t *own = form == NULL ? form_new(title == NULL ? "" : title, lang_get()) : json_deep_copy(form);
	int rc = form_check(own, e);
	if (rc == 0) {
		form_tidy(own);
		if (title != NULL && title[0] != '\0')
			json_object_set_new(own, "title", json_string(title));
		struct change c = {.slug = slug, .actor = actor, .form = own};
		rc = compose_write(db, begin, &c, e);
	}
	json_decref(own);
	return rc;
}

/* ---- changing ------------------------------------------------------------------------------- */

/* Who was quicker, and when. */
static int say_conflict(struct db *tx, const char *slug, struct error *e)
{
	struct db_stmt *row;
	char when[CALENDAR_TEXT_SIZE] = "";
	if (db_query(tx, &row, e, "SELECT changed_by, changed_ms FROM composition WHERE slug = $1", "s", slug) != 0)
		return -1;
	enum db_step step = db_step(row, e);
	if (step == DB_FAILED)
		return -1;
	if (step == DB_DONE)
		return error_set(e, ERROR_NOT_FOUND, tr("there is no draft «%.64s» any more", "черновика «%.64s» больше нет"), slug);
	(void)calendar_format(db_int(row, 1), "Europe/Moscow", lang_get(), CALENDAR_FULL, when, NULL);
	(void)error_set(e, ERROR_CONFLICT, tr("somebody else has changed this draft meanwhile: %.100s, %s", "этот черновик за это время изменил кто-то другой: %.100s, %s"),
		db_text(row, 0), when);
	db_reset(row);
	return -1;
}

static int save(void *arg, struct db *tx, struct error *e)
{
	const struct change *c = arg;
	char *text = dump(c->form);
	int rc = db_exec(tx, e,
		"UPDATE composition SET form = $3, title = $4, version = version + 1, changed_by = $5, changed_ms = $6"
		" WHERE slug = $1 AND version = $2",
		"sisssi", c->slug, c->version, text, title_of(c->form, c->slug), c->actor, clock_now_ms());
	free(text);
	if (rc != 0)
		return -1;
	int64_t changed = db_changes(tx);
	return changed == 1 ? 0 : changed < 0 ? -1 : say_conflict(tx, c->slug, e);
}

int compose_save(struct db *db, const char *slug, int64_t version, const json_t *form, const char *actor, struct error *e)
{
	if (form_check(form, e) != 0)
		return -1;
	json_t *own = json_deep_copy(form);
	form_tidy(own);
	struct change c = {.slug = slug, .version = version, .form = own, .actor = actor};
	int rc = compose_write(db, save, &c, e);
	json_decref(own);
	return rc;
}

/* What was stored of it for a launch is launched no more, neither by a task that waits nor by an approval. */
static int recall_launch(struct db *tx, const char *slug, struct error *e)
{
	return approval_withdraw(tx, slug, e) != 0
		? -1
		: db_exec(tx, e, "UPDATE campaign SET content_hash = '' WHERE slug = $1 AND state = 'draft'", "s", slug);
}

static int rename_it(void *arg, struct db *tx, struct error *e)
{
	const struct change *c = arg;
	if (is_free(tx, c->new_slug, e) != 0)
		return -1;
	if (db_exec(tx, e,
		    "UPDATE composition SET slug = $3, version = version + 1, changed_by = $4, changed_ms = $5"
		    " WHERE slug = $1 AND version = $2",
		    "sissi", c->slug, c->version, c->new_slug, c->actor, clock_now_ms()) != 0)
		return -1;
	int64_t changed = db_changes(tx);
	if (changed != 1)
		return changed < 0 ? -1 : say_conflict(tx, c->slug, e);
	return db_exec(tx, e, "UPDATE composition_file SET slug = $2 WHERE slug = $1", "ss", c->slug, c->new_slug) != 0
		? -1
		: recall_launch(tx, c->slug, e);
}

int compose_rename(struct db *db, const char *slug, int64_t version, const char *new_slug, const char *actor, struct error *e)
{
	struct change c = {.slug = slug, .version = version, .new_slug = new_slug, .actor = actor};
	return compose_write(db, rename_it, &c, e);
}

int compose_delete(struct db *tx, const char *slug, struct error *e)
{
	struct db_stmt *files;
	if (db_query(tx, &files, e, "DELETE FROM composition_file WHERE slug = $1 RETURNING hash", "s", slug) != 0 ||
		blob_drop_unused_of(tx, files, e) != 0)
		return -1;
	return db_exec(tx, e, "DELETE FROM composition WHERE slug = $1", "s", slug);
}

static int drop(void *arg, struct db *tx, struct error *e)
{
	const struct change *c = arg;
	if (compose_delete(tx, c->slug, e) != 0)
		return -1;
	int64_t gone = db_changes(tx);
	if (gone > 0) /* nobody launches what its author has thrown away */
		return recall_launch(tx, c->slug, e);
	return gone < 0 ? -1 : error_set(e, ERROR_NOT_FOUND, tr("there is no draft «%.64s»", "черновика «%.64s» нет"), c->slug);
}

int compose_drop(struct db *db, const char *slug, struct error *e)
{
	struct change c = {.slug = slug};
	return compose_write(db, drop, &c, e);
}
