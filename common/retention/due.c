/* What goes when. */
#include "base/lang.h"
#include "retention/retention.h"

#define SHOWN 200

static int64_t kept_ms(int64_t keep_ms)
{
	return keep_ms == 0 ? INT64_MAX / 4 : keep_ms < RETENTION_LETTERS_LEAST_MS ? RETENTION_LETTERS_LEAST_MS : keep_ms;
}

static int add(json_t *list, struct db *db, const char *what, int64_t keep_ms, bool files, int64_t now_ms, struct error *e)
{
	struct db_stmt *row;
	enum db_step step;
	if (db_query(db, &row, e,
		    "SELECT c.slug, c.title, c.finished_ms, COALESCE(r.archived_ms, 0), r.path, r.trouble FROM campaign c"
		    " LEFT JOIN retention_campaign r ON r.campaign = c.id WHERE c.kind = 'campaign' AND c.finished_ms IS NOT NULL"
		    " AND c.state IN ('finished', 'cancelled') AND c.finished_ms < $1 AND CASE WHEN CAST($2 AS BIGINT) = 1"
		    " THEN r.files_ms ELSE r.letters_ms END IS NULL ORDER BY c.finished_ms LIMIT $3",
		    "iii", now_ms - keep_ms + RETENTION_NOTICE_MS, (int64_t)files, (int64_t)SHOWN) != 0)
		return -1;
	while ((step = db_step(row, e)) == DB_ROW)
		json_array_append_new(list,
			json_pack("{s:s, s:s, s:s, s:I, s:I, s:s?, s:s?}", "campaign", db_text(row, 0), "title", db_text(row, 1), "what", what, "due_ms",
				(json_int_t)(db_int(row, 2) + keep_ms), "archived_ms", (json_int_t)db_int(row, 3), "path", db_text(row, 4), "trouble",
				db_text(row, 5)));
	return step == DB_FAILED ? -1 : 0;
}

json_t *retention_due(const struct settings *settings, struct db *db, int64_t now_ms, struct error *e)
{
	json_t *list = json_array();
	int rc = 0;
	if (settings->retention.letters_ms > 0)
		rc = add(list, db, tr("letters and their history", "письма и их история"), kept_ms(settings->retention.letters_ms), false, now_ms, e);
	if (rc == 0 && settings->retention.files_ms > 0)
		rc = add(list, db, tr("files that came with answers", "файлы из ответов"), kept_ms(settings->retention.files_ms), true, now_ms, e);
	if (rc == 0)
		return list;
	json_decref(list);
	return NULL;
}
