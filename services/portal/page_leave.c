/* /u/{token}: leaving the list. POST leaves: by the button of this page, or by a mail program
 * itself (RFC 8058: List-Unsubscribe=One-Click, no cookies). GET only asks. */
#include <stdio.h>
#include <string.h>

#include "base/gate.h"
#include "base/log.h"
#include "directory/suppression.h"
#include "portal/visit.h"

/* The visitor knows his own; nobody else learns it from a forwarded letter. */
static void masked(const char *address, char out[static GATE_ADDRESS_MAX + 8])
{
	const char *at = strrchr(address, '@');
	snprintf(out, GATE_ADDRESS_MAX + 8, "%.1s***%s", address, at == NULL ? "" : at);
}

static enum db_step address_of(struct db *db, int64_t delivery, char out[static GATE_ADDRESS_MAX + 1], bool *left,
	struct error *e)
{
	struct db_stmt *row;
	if (db_query(db, &row, e,
		    "SELECT d.address, (SELECT count(*) FROM suppression s WHERE s.address = d.address) FROM delivery d"
		    " WHERE d.key = $1",
		    "i", delivery) != 0)
		return DB_FAILED;
	enum db_step step = db_step(row, e);
	if (step != DB_ROW)
		return step;
	snprintf(out, GATE_ADDRESS_MAX + 1, "%s", db_text(row, 0));
	*left = db_int(row, 1) > 0;
	db_reset(row);
	return DB_ROW;
}

static void show(struct web_request *request, const char *address, bool left)
{
	char shown[GATE_ADDRESS_MAX + 8];
	masked(address, shown);
	json_t *page = json_pack("{s:s, s:s, s:b}", "title", tr("No more letters", "Отказ от писем"), "address", shown, "left", left);
	web_reply_page(request, 200, "leave", page);
	json_decref(page);
}

static void leave(struct web_request *request, struct worker *worker, int64_t delivery, const char *address)
{
	char reason[80];
	bool added;
	struct error e = {0};
	bool one_click = web_value(request, "List-Unsubscribe") != NULL;
	if (!visit_may_send(request, worker))
		return;
	snprintf(reason, sizeof reason, "%s, delivery %lld", one_click ? "unsubscribed by the mail program" : "unsubscribed",
		(long long)delivery);
	if (suppression_add(worker->db, address, reason, "portal", &added, &e) != 0) {
		web_reply_error(request, &e);
		return;
	}
	log_info("portal.left", "delivery=%lld one_click=%d", (long long)delivery, one_click);
	show(request, address, true);
}

void page_leave(struct web_request *request, void *state)
{
	struct worker *worker = state;
	char address[GATE_ADDRESS_MAX + 1];
	struct error e = {0};
	int64_t delivery;
	bool left = false;
	if (!visit_ident_link(request, worker, "unsubscribe", &delivery))
		return;
	enum db_step step = address_of(worker->db, delivery, address, &left, &e);
	if (step == DB_FAILED)
		web_reply_error(request, &e);
	else if (step == DB_DONE)
		visit_wrong(request, worker);
	else if (web_method(request) == WEB_POST)
		leave(request, worker, delivery, address);
	else
		show(request, address, left);
}
