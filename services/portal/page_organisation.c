/* /o/{token}: everything one organisation is asked just now, and where to answer each. */
#include <stdlib.h>

#include "base/xalloc.h"
#include "portal/asked.h"
#include "portal/visit.h"

static enum db_step load(struct worker *worker, int64_t id, json_t **page, struct error *e)
{
	struct db_stmt *row;
	if (db_query(worker->db, &row, e, "SELECT name, COALESCE(municipality, '') FROM organisation WHERE id = $1", "i", id) != 0)
		return DB_FAILED;
	enum db_step step = db_step(row, e);
	if (step == DB_ROW) {
		*page = json_pack("{s:s, s:s, s:o}", "title", db_text(row, 0), "organisation", db_text(row, 0), "municipality",
			visit_text(db_text(row, 1)));
		db_reset(row);
	}
	return step;
}

void page_organisation(struct web_request *request, void *state)
{
	struct worker *worker = state;
	struct error e = {0};
	json_t *page = NULL, *requests = NULL;
	int64_t id;
	if (!visit_link(request, worker, LINK_ORGANISATION, &id))
		return;
	enum db_step step = load(worker, id, &page, &e);
	if (step == DB_ROW && (requests = asked_open(worker, id, web_part(request, "token"), &e)) == NULL)
		step = DB_FAILED;
	if (step == DB_FAILED) {
		web_reply_error(request, &e);
	} else if (step == DB_DONE) {
		visit_wrong(request, worker);
	} else {
		json_object_set_new(page, "any", json_boolean(json_array_size(requests) > 0));
		json_object_set_new(page, "count", json_integer((json_int_t)json_array_size(requests)));
		json_object_set(page, "requests", requests);
		web_reply_page(request, 200, "organisation", page);
	}
	json_decref(requests);
	json_decref(page);
}
