#include "store/blob.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/xalloc.h"

int blob_put(struct db *tx, const char *hash, const void *data, size_t len, struct error *e)
{
	/* One that is there is changed, not left alone: under PostgreSQL whoever drops it at the same moment, because he
	 * does not see the new row yet, must meet a conflict. */
	return db_exec(tx, e,
		"INSERT INTO blob (hash, size, data) VALUES ($1, $2, $3) ON CONFLICT (hash) DO UPDATE SET size = excluded.size",
		"sib", hash, (int64_t)len, data, len);
}

/* Who drops it at the same moment meets this. */
static int touch(struct db *tx, const char *hash, struct error *e)
{
	return db_exec(tx, e, "UPDATE blob SET size = size WHERE hash = $1", "s", hash);
}

int blob_drop_unused(struct db *tx, const char *hash, struct error *e)
{
	/* Two who remove the last two rows do not see each other's removal: they must meet, too. */
	if (db_kind(tx) == DB_POSTGRES && touch(tx, hash, e) != 0)
		return -1;
	return db_exec(tx, e,
		"DELETE FROM blob WHERE hash = $1 AND NOT EXISTS (SELECT 1 FROM mail_in WHERE raw = $1)"
		" AND NOT EXISTS (SELECT 1 FROM campaign_file WHERE hash = $1) AND NOT EXISTS (SELECT 1 FROM answer_file WHERE hash = $1)"
		" AND NOT EXISTS (SELECT 1 FROM composition_file WHERE hash = $1)",
		"s", hash);
}

int blob_list_take(struct blob_list *list, struct db_stmt *rows, struct error *e)
{
	enum db_step step;
	while ((step = db_step(rows, e)) == DB_ROW) {
		if (list->count == list->cap) {
			list->cap = list->cap == 0 ? 8 : 2 * list->cap;
			list->hash = xrealloc(list->hash, list->cap, sizeof *list->hash);
		}
		snprintf(list->hash[list->count++], IDENT_HASH_SIZE, "%s", db_text(rows, 0));
	}
	return step == DB_FAILED ? -1 : 0;
}

int blob_list_keep(const struct blob_list *list, struct db *tx, struct error *e)
{
	for (size_t i = 0; db_kind(tx) == DB_POSTGRES && i < list->count; i++)
		if (touch(tx, list->hash[i], e) != 0)
			return -1;
	return 0;
}

int blob_list_drop_unused(const struct blob_list *list, struct db *tx, struct error *e)
{
	for (size_t i = 0; i < list->count; i++)
		if (blob_drop_unused(tx, list->hash[i], e) != 0)
			return -1;
	return 0;
}

void blob_list_fini(struct blob_list *list)
{
	free(list->hash);
	*list = (struct blob_list){0};
}

int blob_drop_unused_of(struct db *tx, struct db_stmt *removed, struct error *e)
{
	struct blob_list list = {0};
	int rc = blob_list_take(&list, removed, e);
	if (rc == 0)
		rc = blob_list_drop_unused(&list, tx, e);
	blob_list_fini(&list);
	return rc;
}
