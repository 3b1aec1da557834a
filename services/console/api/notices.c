/* One letter to a few: task notify, and what became of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "console/api/handlers.h"
#include "console/api/senders.h"
#include "message/status.h"

/* The planner believes what we sign: what it would refuse in a stranger's task is refused here. */
static bool no_links(struct api *api, const struct task *task)
{
	for (size_t i = 0; i < task->as.notify.to_count; i++) {
		if (json_object_get(task->as.notify.to[i].fields, "@") == NULL)
			continue;
		char *pointer = xasprintf("/to/%zu/fields/@", i);
		api_problem(api, API_INVALID, NULL,
			json_pack("[{s:s, s:s, s:s, s:s}]", "severity", "error", "pointer", pointer, "field", "@", "detail",
				tr("only Vestnik's own letters have answer links", "ссылки для ответа есть только в письмах самого Вестника")));
		free(pointer);
		return false;
	}
	return true;
}

static const char *sender_of(struct api *api, const struct task *task)
{
	return task->as.notify.from_address != NULL ? task->as.notify.from_address : api->visit->console->settings->sender.address;
}

/* As the planner will read it: its words about what is wrong. */
static bool is_task(struct api *api, struct task *task)
{
	struct buf text;
	struct error e = {0};
	buf_init(&text, BUS_MESSAGE_MAX_BYTES);
	int rc = task_write(TASK_NOTIFY, "vestnik/api", "x", clock_now_ms(), api->body, &text);
	if (rc != 0)
		(void)error_set(&e, ERROR_INPUT, tr("the notice is longer than %d bytes", "уведомление длиннее %d байт"), BUS_MESSAGE_MAX_BYTES);
	else
		rc = task_read(TASK_STRUCTURED, NULL, NULL, NULL, 0, text.data, text.len, task, &e);
	buf_fini(&text);
	if (rc != 0)
		api_error(api, &e);
	return rc == 0;
}

void api_notice_create(struct api *api)
{
	struct task task = {0};
	if (is_task(api, &task) && no_links(api, &task) && api_sender_ok(api, sender_of(api, &task)))
		api_order(api, TASK_NOTIFY, NULL, json_incref(api->body));
	task_fini(&task);
}

/* ---- what became of it --------------------------------------------------------------------------- */

struct notice {
	int64_t campaign, total, accepted_ms;
	char *state, *result, *title;
};

static enum db_step find(struct api *api, const char *id, struct notice *out, struct error *e)
{
	struct db_stmt *row;
	char *source = xasprintf("vestnik/%s", api->visit->visitor->actor), *by = xasprintf("%s#%s", source, id);
	enum db_step step = db_query(api->db, &row, e, "SELECT result, accepted_ms FROM task_seen WHERE source = $1 AND id = $2",
				    "ss", source, id) != 0
		? DB_FAILED
		: db_step(row, e);
	if (step == DB_ROW) {
		out->result = xstrdup(db_text(row, 0));
		out->accepted_ms = db_int(row, 1);
		db_reset(row);
		if (db_query(api->db, &row, e, "SELECT id, title, state, total FROM campaign WHERE kind = 'notice' AND created_by = $1",
			    "s", by) != 0)
			step = DB_FAILED;
		else if ((step = db_step(row, e)) == DB_ROW) {
			out->campaign = db_int(row, 0);
			out->title = xstrdup(db_text(row, 1));
			out->state = xstrdup(db_text(row, 2));
			out->total = db_int(row, 3);
			db_reset(row);
		} else if (step == DB_DONE) {
			step = DB_ROW; /* refused */
		}
	}
	free(by);
	free(source);
	return step;
}

/* At most TASK_NOTIFY_RECIPIENTS_MAX. */
static json_t *deliveries(struct api *api, int64_t campaign, struct error *e)
{
	struct db_stmt *row;
	enum db_step step;
	json_t *list = json_array();
	if (db_query(api->db, &row, e,
		    "SELECT d.key, d.address, d.state, d.reason, d.updated_ms FROM round r JOIN delivery d ON d.round = r.id"
		    " WHERE r.campaign = $1 ORDER BY d.round, d.step, d.recipient, d.contact LIMIT $2",
		    "ii", campaign, (int64_t)TASK_NOTIFY_RECIPIENTS_MAX) != 0) {
		json_decref(list);
		return NULL;
	}
	while ((step = db_step(row, e)) == DB_ROW)
		json_array_append_new(list, json_pack("{s:o, s:o, s:s, s:o, s:o}", "delivery", api_id(db_int(row, 0)), "address",
						  api_string(db_text(row, 1)), "state",
						  delivery_state_name((enum delivery_state)db_int(row, 2)), "reason",
						  api_string(db_text(row, 3)), "updated_at", api_moment(db_int(row, 4))));
	if (step == DB_FAILED) {
		json_decref(list);
		return NULL;
	}
	return list;
}

/* Of this key alone: the id is another's secret. */
void api_notice(struct api *api)
{
	struct notice n = {0};
	struct error e = {0};
	json_t *list = NULL;
	const char *id = web_part(api->request, "notice");
	enum db_step step = find(api, id, &n, &e);
	if (step == DB_ROW)
		list = n.campaign == 0 ? json_array() : deliveries(api, n.campaign, &e);
	if (step == DB_DONE)
		api_problem(api, API_NOT_FOUND,
			tr("This key has asked for no such notice, or it has not been taken yet.",
				"Этот ключ такого уведомления не заказывал, или оно ещё не принято."), NULL);
	else if (list == NULL)
		api_error(api, &e);
	else
		api_reply(api, 200, json_pack("{s:s, s:s, s:o, s:o, s:o, s:I, s:o}", "notice", id, "outcome",
					  n.campaign != 0 ? "accepted" : "refused", "reason",
					  n.campaign != 0 ? json_null() : api_string(n.result), "subject", api_string(n.title), "taken_at",
					  api_moment(n.accepted_ms), "letters", (json_int_t)n.total, "deliveries", list));
	free(n.state);
	free(n.result);
	free(n.title);
}
