#include "portal/annexes.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/lang.h"
#include "portal/visit.h"

static json_t *size_words(int64_t bytes)
{
	if (bytes < 1024 * 1024)
		return json_sprintf(tr("%lld KB", "%lld КБ"), (long long)((bytes + 1023) / 1024));
	long long tenths = (long long)((bytes * 10 + 512 * 1024) / (1024 * 1024));
	return json_sprintf(tr("%lld.%lld MB", "%lld,%lld МБ"), tenths / 10, tenths % 10);
}

json_t *annexes_list(struct worker *worker, int64_t campaign, const char *token, struct error *e)
{
	struct db_stmt *row;
	enum db_step step;
	if (db_query(worker->db, &row, e,
		    "SELECT f.position, f.name, f.title, b.size FROM campaign_file f JOIN blob b ON b.hash = f.hash"
		    " WHERE f.campaign = $1 AND f.purpose = 'attachment' ORDER BY f.position",
		    "i", campaign) != 0)
		return NULL;
	json_t *all = json_array();
	while ((step = db_step(row, e)) == DB_ROW) {
		const char *title = db_text(row, 2) != NULL ? db_text(row, 2) : db_text(row, 1);
		char *url = visit_path(worker, LINK_FILE, (db_int(row, 0) << 32) | campaign, token);
		json_array_append_new(all, json_pack("{s:s, s:s, s:o}", "title", title, "url", url, "size",
						   size_words(db_int(row, 3))));
		free(url);
	}
	if (step == DB_DONE)
		return all;
	json_decref(all);
	return NULL;
}
