/* First every row is compared in short read transactions: an import that
 * changes little then holds the write lock for little. Then the changes are
 * written in one transaction, so that readers see the old directory or the new
 * one. The write lock keeps planner and ledger waiting, so a giant import is
 * cut: see WRITE_ROWS_MAX. */
#include "directory/import.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "directory/keeper.h"
#include "store/again.h"

/* A read transaction ends within some 20 ms: it holds up the checkpoint. */
#define COMPARE_ROWS 1000
/* Rows written under one lock. 100,000 new rows take about 2 s here and other
 * writers wait up to 10 s; a ministry's whole country has 40,000 schools. */
#define WRITE_ROWS_MAX 200000
#define PROGRESS_ROWS 1000

struct writing {
	struct import *import;
	struct keeper keeper;
	bool all;      /* somebody imported meanwhile: what was compared is stale */
	size_t row;    /* next */
	int64_t done;
	struct error *e;
};

static bool is_good(enum staged_state state)
{
	return state != STAGED_BAD && state != STAGED_ORPHAN && state != STAGED_CIRCLE;
}

static enum staged_state state_of(enum directory_fate fate)
{
	return fate == DIRECTORY_ADDED ? STAGED_ADDED
		: fate == DIRECTORY_CHANGED ? STAGED_CHANGED
					    : STAGED_UNCHANGED;
}

static void show_progress(struct import *import, int64_t done)
{
	if (import->options->progress != NULL && done % PROGRESS_ROWS == 0)
		import->options->progress(
			import->options->arg, done, (int64_t)staging_count(import->staging));
}

static int newest_revision(struct db *db, int64_t *revision, struct error *e)
{
	*revision = 0;
	return db_query_int(db, revision, e, "SELECT COALESCE(MAX(number), 0) FROM directory_revision", "") ==
			DB_FAILED
		? -1
		: 0;
}

static int handle_row(struct import *import, const struct keeper *keeper, size_t row, struct error *e)
{
	struct record record;
	enum directory_fate fate;
	staging_get(import->staging, row, &record);
	if (keeper_row(keeper, &record, &fate, e) != 0)
		return error_context(e, "line %d", record.line);
	staging_set_state(import->staging, row, state_of(fate));
	return 0;
}

static int compare(struct import *import, struct error *e)
{
	const struct keeper keeper = {.db = import->db, .columns = &import->columns};
	size_t count = staging_count(import->staging);
	for (size_t from = 0; from < count; from += COMPARE_ROWS) {
		if (db_begin(import->db, DB_READ, e) != 0)
			return -1;
		for (size_t row = from; row < count && row < from + COMPARE_ROWS; row++)
			if (is_good(staging_state(import->staging, row)) &&
				handle_row(import, &keeper, row, e) != 0) {
				db_rollback(import->db);
				return -1;
			}
		if (db_commit(import->db, DB_RELAXED, e) != 0)
			return -1;
	}
	return 0;
}

static void count_fates(struct import *import)
{
	struct directory_import_result *result = import->result;
	result->added = result->changed = result->unchanged = result->skipped = 0;
	for (size_t row = 0; row < staging_count(import->staging); row++)
		switch (staging_state(import->staging, row)) {
		case STAGED_ADDED:
			result->added++;
			break;
		case STAGED_CHANGED:
			result->changed++;
			break;
		case STAGED_UNCHANGED:
			result->unchanged++;
			break;
		default:
			result->skipped++;
		}
}

static int write_some(struct writing *writing)
{
	struct import *import = writing->import;
	size_t count = staging_count(import->staging);
	for (size_t written = 0; writing->row < count && written < WRITE_ROWS_MAX; writing->row++) {
		enum staged_state state = staging_state(import->staging, writing->row);
		show_progress(import, ++writing->done);
		if (!is_good(state) || (state == STAGED_UNCHANGED && !writing->all))
			continue;
		if (handle_row(import, &writing->keeper, writing->row, writing->e) != 0)
			return -1;
		written++;
	}
	return 0;
}

/* Imports stand in line for this row. Two that wrote side by side (PostgreSQL) would each compare with
 * a directory without the other's changes. */
static int take_turn(struct import *import, struct error *e)
{
	return db_exec(import->db, e,
		"INSERT INTO meta (name, value) VALUES ('directory_import', '1') ON CONFLICT (name)"
		" DO UPDATE SET value = CAST(CAST(meta.value AS BIGINT) + 1 AS TEXT)",
		"");
}

static int begin_revision(struct writing *writing, int64_t compared_at)
{
	struct import *import = writing->import;
	int64_t newest;
	if (newest_revision(import->db, &newest, writing->e) != 0)
		return -1;
	writing->all = newest != compared_at;
	return db_query_int(import->db, &writing->keeper.revision, writing->e,
		       "INSERT INTO directory_revision (imported_ms, source, actor, added, changed, unchanged, "
		       "skipped) VALUES ($1, $2, $3, 0, 0, 0, 0) RETURNING number",
		       "iss", writing->keeper.now_ms, import->options->name != NULL ? import->options->name : import->options->path,
		       import->options->actor) == DB_ROW
		? 0
		: -1;
}

static int note_counts(struct writing *writing)
{
	struct import *import = writing->import;
	const struct directory_import_result *result = import->result;
	count_fates(import);
	return db_exec(import->db, writing->e,
		"UPDATE directory_revision SET added = $2, changed = $3, unchanged = $4, skipped = $5 "
		"WHERE number = $1",
		"iiiii", writing->keeper.revision, result->added, result->changed, result->unchanged,
		result->skipped);
}

static int tell_stored(struct writing *writing)
{
	const struct directory_import_options *options = writing->import->options;
	if (options->stored == NULL || writing->row < staging_count(writing->import->staging))
		return 0;
	return options->stored(options->arg, writing->import->db, writing->keeper.revision, writing->import->result, writing->e);
}

static int write_once(struct writing *writing, int64_t compared_at)
{
	struct db *db = writing->import->db;
	if (db_begin(db, DB_WRITE, writing->e) != 0)
		return -1;
	if (take_turn(writing->import, writing->e) != 0 ||
		(writing->keeper.revision == 0 && begin_revision(writing, compared_at) != 0) ||
		write_some(writing) != 0 || note_counts(writing) != 0 || tell_stored(writing) != 0) {
		db_rollback(db);
		return -1;
	}
	return db_commit(db, DB_DURABLE, writing->e);
}

/* One transaction; anew when another import came first. */
static int write_part(struct writing *writing, int64_t compared_at)
{
	const struct writing before = *writing;
	struct again again = {0};
	int rc;
	do {
		*writing = before;
		rc = write_once(writing, compared_at);
	} while (rc != 0 && again_after_conflict(&again, writing->e));
	if (rc == 0)
		error_clear(writing->e); /* callers look at it */
	return rc;
}

static int write_all(struct import *import, int64_t compared_at, struct error *e)
{
	struct writing writing = {.import = import, .e = e};
	writing.keeper = (struct keeper){.db = import->db,
		.columns = &import->columns,
		.write = true,
		.now_ms = clock_now_ms()};
	do {
		if (write_part(&writing, compared_at) != 0)
			return -1;
	} while (writing.row < staging_count(import->staging));
	import->result->revision = writing.keeper.revision;
	return 0;
}

static void tell_fate(struct import *import, size_t row, struct buf *text)
{
	const struct directory_import_options *options = import->options;
	struct record record;
	enum staged_state state = staging_state(import->staging, row);
	staging_get(import->staging, row, &record);
	if (is_good(state)) {
		options->fate(options->arg, record.line, record.key, record.name,
			state == STAGED_ADDED		? DIRECTORY_ADDED
				: state == STAGED_CHANGED ? DIRECTORY_CHANGED
							  : DIRECTORY_UNCHANGED,
			NULL);
		return;
	}
	if (state != STAGED_BAD)
		import_tree_trouble(import, row, &record, text);
	char *field = xstrdup(record.trouble_field), *words = xstrdup(record.trouble),
	     *hint = xstrdup(record.trouble_hint);
	struct problem problem = {.severity = PROBLEM_ERROR, .line = record.line,
		.field = field[0] != '\0' ? field : NULL, .text = words, .hint = hint[0] != '\0' ? hint : NULL};
	options->fate(options->arg, record.line, record.key, record.name, DIRECTORY_SKIPPED, &problem);
	free(field);
	free(words);
	free(hint);
}

static void tell_fates(struct import *import)
{
	struct buf text;
	if (import->options->fate == NULL)
		return;
	buf_init(&text, 2000);
	for (size_t row = 0; row < staging_count(import->staging); row++)
		tell_fate(import, row, &text);
	buf_fini(&text);
}

int import_store(struct import *import, struct error *e)
{
	int64_t compared_at;
	if (newest_revision(import->db, &compared_at, e) != 0 || compare(import, e) != 0)
		return -1;
	count_fates(import);
	if (!import->options->dry_run && import->result->added + import->result->changed > 0 &&
		write_all(import, compared_at, e) != 0)
		return -1;
	tell_fates(import);
	return 0;
}
