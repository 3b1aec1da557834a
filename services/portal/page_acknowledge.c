/* /k/{token}: a named person confirms having read the order. A mail scanner that opens the link does
 * nothing: it takes the button. */
#include <stdlib.h>
#include <string.h>

#include "answer/acknowledge.h"
#include "base/clock.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "portal/annexes.h"
#include "portal/visit.h"
#include "store/again.h"

/* DB_DONE: nobody is expected under this number. *page: new reference. */
static enum db_step load(struct web_request *request, struct worker *worker, int64_t id, json_t **page, bool *withdrawn,
	struct error *e)
{
	struct acknowledge who;
	enum db_step step = acknowledge_by_id(worker->db, id, &who, e);
	*page = NULL;
	if (step != DB_ROW)
		return step;
	*withdrawn = who.withdrawn;
	char *forward = visit_path(worker, LINK_FORWARD, who.round, web_part(request, "token"));
	json_t *annexes = annexes_list(worker, who.campaign, web_part(request, "token"), e);
	if (annexes == NULL)
		step = DB_FAILED;
	else
		*page = json_pack("{s:s, s:o, s:o, s:s, s:o, s:o, s:o, s:s, s:o}", "title", who.campaign_title, "organisation",
			visit_text(who.organisation_name), "document", visit_text(who.document), "name", who.name, "position",
			visit_text(who.title), "done", who.time_ms == 0 ? json_null() : visit_time(who.time_ms, who.zone), "by_staff",
			json_boolean(who.time_ms != 0 && strcmp(who.way, "button") != 0), "forward", forward, "annexes", annexes);
	free(forward);
	acknowledge_fini(&who);
	return step;
}

static int note_once(struct worker *worker, int64_t id, struct error *e)
{
	if (db_begin(worker->db, DB_WRITE, e) != 0)
		return -1;
	int rc = acknowledge_note(worker->db, worker->portal->bus, PORTAL_SOURCE, id, "button", NULL, clock_now_ms(), e);
	if (rc == 0)
		rc = db_commit(worker->db, DB_DURABLE, e);
	db_rollback(worker->db);
	return rc;
}

static void note(struct web_request *request, struct worker *worker, int64_t id)
{
	struct error e = {0};
	struct again again = {0};
	int rc;
	if (!visit_may_send(request, worker))
		return;
	do
		rc = note_once(worker, id, &e);
	while (rc != 0 && again_after_conflict(&again, &e));
	if (rc == 0)
		web_redirect(request, web_self(request));
	else
		web_reply_error(request, &e);
}

void page_acknowledge(struct web_request *request, void *state)
{
	struct worker *worker = state;
	struct error e = {0};
	json_t *page = NULL;
	int64_t id;
	bool withdrawn = false;
	if (!visit_link(request, worker, LINK_ACKNOWLEDGE, &id))
		return;
	enum db_step step = load(request, worker, id, &page, &withdrawn, &e);
	if (step == DB_FAILED)
		web_reply_error(request, &e);
	else if (step == DB_DONE)
		visit_wrong(request, worker);
	else if (withdrawn)
		visit_withdrawn(request, json_string_value(json_object_get(page, "title")));
	else if (web_method(request) == WEB_POST)
		note(request, worker, id);
	else
		web_reply_page(request, 200, "acknowledge", page);
	json_decref(page);
}
