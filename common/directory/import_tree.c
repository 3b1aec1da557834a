/* Each organisation names the one above it by key. The chain must end: a key
 * that is neither in the sheet nor in the store is a problem, and so is a
 * circle, which would make a cascade of letters run for ever. */
#include "directory/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/lang.h"
#include "base/xalloc.h"

/* Ministry, region, municipality, school, branch: a real tree has five. */
#define DEPTH_MAX 32

/* Neighbouring rows have the same parent: remember the last answer. */
struct stored {
	char *key;
	char *parent;
	bool known;
};

static int look_up(struct import *import, struct stored *memo, const char *key, struct error *e)
{
	struct db_stmt *stmt;
	if (memo->key != NULL && strcmp(memo->key, key) == 0)
		return 0;
	if (db_query(import->db, &stmt, e, "SELECT parent_key FROM organisation WHERE key = $1", "s", key) != 0)
		return -1;
	enum db_step step = db_step(stmt, e);
	if (step == DB_FAILED)
		return -1;
	char *copy = xstrdup(key);
	free(memo->key);
	free(memo->parent);
	memo->key = copy;
	memo->known = step == DB_ROW;
	memo->parent = memo->known ? xstrdup(db_text(stmt, 0)) : NULL;
	if (step == DB_ROW)
		db_reset(stmt);
	return 0;
}

/* Rows that are not stored do not count, unless nothing will be stored anyway:
 * then each mistake is to be told once, not again for everybody below. */
static size_t find_row(struct import *import, const char *key)
{
	size_t row = staging_find(import->staging, key);
	if (row != STAGING_NONE && import->options->skip_bad &&
		staging_state(import->staging, row) != STAGED_GOOD)
		return STAGING_NONE;
	return row;
}

static int check_row(struct import *import, struct stored *memo, const struct record *record,
	enum staged_state *state, struct error *e)
{
	char *key = xstrdup(record->parent);
	int rc = 0;
	*state = STAGED_GOOD;
	for (int depth = 0; key != NULL && key[0] != '\0'; depth++) {
		if (depth == DEPTH_MAX || strcmp(key, record->key) == 0) {
			*state = STAGED_CIRCLE;
			break;
		}
		struct record above;
		size_t row = find_row(import, key);
		const char *next;
		if (row != STAGING_NONE && import->columns.at[COLUMN_PARENT] >= 0) {
			staging_get(import->staging, row, &above);
			next = above.parent;
		} else {
			rc = look_up(import, memo, key, e);
			if (rc != 0)
				break;
			if (!memo->known && depth == 0)
				*state = STAGED_ORPHAN;
			next = memo->parent; /* an old break further up is not this row's fault */
		}
		char *copy = xstrdup(next);
		free(key);
		key = copy;
	}
	free(key);
	return rc;
}

void import_tree_trouble(struct import *import, size_t row, struct record *record, struct buf *text)
{
	const char *title = columns_title(&import->columns, import->columns.at[COLUMN_PARENT]);
	buf_reset(text);
	if (staging_state(import->staging, row) == STAGED_CIRCLE) {
		(void)buf_printf(text, tr("the organisations above it run in a circle: %s → %s → … → %s",
					       "вышестоящие организации идут по кругу: %s → %s → … → %s"),
			record->key, record->parent, record->key);
		record_spoil(record, title, NULL, buf_str(text));
		return;
	}
	size_t skipped = staging_find(import->staging, record->parent);
	if (skipped != STAGING_NONE)
		(void)buf_printf(text,
			tr("the organisation above it, «%s», stands on line %d, which is skipped",
				"вышестоящая организация «%s» – в строке %d, а она пропущена"),
			record->parent, staging_line(import->staging, skipped));
	else
		(void)buf_printf(text, tr("no organisation has the key «%s»", "нет организации с ключом «%s»"),
			record->parent);
	record_spoil(record, title,
		tr("write the key of the organisation above, and give that organisation a row",
			"укажите ключ вышестоящей организации; ей самой тоже нужна строка"),
		buf_str(text));
}

static void report(struct import *import, size_t row, struct record *record, struct buf *text)
{
	import_tree_trouble(import, row, record, text);
	struct problem_place place = {.file = import->options->path, .line = record->line,
		.field = record->trouble_field};
	problem_add(import->problems, PROBLEM_ERROR, place,
		record->trouble_hint[0] != '\0' ? record->trouble_hint : NULL, "%s", record->trouble);
}

static int check_once(struct import *import, struct stored *memo, struct buf *text, bool *found,
	struct error *e)
{
	*found = false;
	for (size_t row = 0; row < staging_count(import->staging); row++) {
		struct record record;
		enum staged_state state;
		if (staging_state(import->staging, row) != STAGED_GOOD)
			continue;
		staging_get(import->staging, row, &record);
		if (record.parent[0] == '\0')
			continue;
		if (check_row(import, memo, &record, &state, e) != 0)
			return -1;
		if (state == STAGED_GOOD)
			continue;
		staging_set_state(import->staging, row, state);
		report(import, row, &record, text);
		*found = true;
	}
	return 0;
}

int import_check_tree(struct import *import, struct error *e)
{
	struct stored memo = {0};
	struct buf text;
	bool found = import->columns.at[COLUMN_PARENT] >= 0;
	int rc = 0;
	buf_init(&text, 2000);
	/* a row that is left out orphans those below it, level by level */
	while (rc == 0 && found) {
		rc = check_once(import, &memo, &text, &found, e);
		if (!import->options->skip_bad)
			break;
	}
	buf_fini(&text);
	free(memo.key);
	free(memo.parent);
	return rc;
}
