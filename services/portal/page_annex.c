/* /d/{token}: an annex too large for the letter. */
#include <inttypes.h>
#include <string.h>

#include "base/gate.h"
#include "portal/annex_file.h"
#include "portal/visit.h"

#define POSITION_SHIFT 32 /* link/link.h, LINK_FILE */

struct annex {
	char name[210], media_type[110], hash[80];
};

static enum db_step find_annex(struct db *db, int64_t id, struct annex *out, struct error *e)
{
	struct db_stmt *row;
	int64_t campaign = id & ((INT64_C(1) << POSITION_SHIFT) - 1), position = id >> POSITION_SHIFT;
	if (db_query(db, &row, e,
		    "SELECT name, media_type, hash FROM campaign_file"
		    " WHERE campaign = $1 AND purpose = 'attachment' AND position = $2",
		    "ii", campaign, position) != 0)
		return DB_FAILED;
	enum db_step step = db_step(row, e);
	if (step != DB_ROW)
		return step;
	const char *name = db_text(row, 0), *type = db_text(row, 1);
	bool plain = type != NULL && strlen(type) < sizeof out->media_type && gate_header(type, strlen(type));
	snprintf(out->name, sizeof out->name, "%s", name != NULL && gate_file_name(name) ? name : "file");
	snprintf(out->media_type, sizeof out->media_type, "%s", plain ? type : "application/octet-stream");
	snprintf(out->hash, sizeof out->hash, "%s", db_text(row, 2));
	db_reset(row);
	return DB_ROW;
}

void page_annex(struct web_request *request, void *state)
{
	struct worker *worker = state;
	struct annex annex;
	struct error e = {0};
	int64_t id;
	int fd = -1;
	size_t len = 0;
	if (!visit_link(request, worker, LINK_FILE, &id))
		return;
	enum db_step step = find_annex(worker->db, id, &annex, &e);
	if (step == DB_ROW)
		step = annex_open(worker->db, worker->portal->files, annex.hash, &fd, &len, &e);
	if (step == DB_FAILED)
		web_reply_error(request, &e);
	else if (step == DB_DONE)
		visit_wrong(request, worker);
	else
		web_reply_file(request, fd, len, annex.name, annex.media_type);
}
