/* Acting: the deed, the audit log's word about it and the answer kept for an Idempotency-Key in one
 * transaction. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "console/api/api.h"

#define ORDER_WAIT_MS 5000

static int work_and_keep(void *arg, struct db *tx, struct error *e)
{
	struct api_act *act = arg;
	json_decref(act->body);
	act->body = NULL;
	free(act->location);
	act->location = NULL;
	act->status = act->status == 0 ? 200 : act->status;
	if (act->work(act, tx, e) != 0)
		return -1;
	return once_keep_tx(act->api, tx, act->status, act->location, act->body, e);
}

bool api_act(struct api_act *act)
{
	struct error e = {0};
	if (console_transaction(act->api->visit, work_and_keep, act, &e) == 0) {
		act->api->kept = act->api->once != NULL;
		return true;
	}
	json_decref(act->body);
	free(act->location);
	act->body = NULL;
	act->location = NULL;
	if (act->problems != NULL && act->problems->errors > 0)
		api_problems(act->api, act->problems);
	else
		api_error(act->api, &e);
	return false;
}

/* ---- orders ------------------------------------------------------------------------------ */

struct order {
	enum task_type type;
	const char *slug;
	const json_t *data;
	json_t *more;
	int (*before)(void *arg, struct db *tx, struct error *e);
	void *arg;
	struct orderer who;
	char task[IDENT_SIZE];
};

static json_t *order_json(const struct order *order, const char *outcome)
{
	json_t *body = json_pack("{s:s, s:s}", "task", order->task, "outcome", outcome);
	if (order->more != NULL)
		json_object_update(body, order->more);
	return body;
}

static int put(struct api_act *act, struct db *tx, struct error *e)
{
	struct order *order = act->arg;
	if (order->before != NULL && order->before(order->arg, tx, e) != 0)
		return -1;
	if (order_put(&order->who, tx, order->type, order->slug, order->data, order->task, e) != 0)
		return -1;
	act->body = order_json(order, "queued");
	return 0;
}

void api_order_and(struct api *api, enum task_type type, const char *slug, json_t *data,
	int (*before)(void *arg, struct db *tx, struct error *e), void *arg, json_t *more)
{
	struct order order = {.type = type,
		.slug = slug,
		.data = data,
		.more = more,
		.before = before,
		.arg = arg,
		.who = console_orderer(api->visit)};
	struct api_act act = {.work = put, .api = api, .arg = &order, .status = 202};
	enum order_outcome outcome = ORDER_QUEUED;
	char result[ORDER_RESULT_SIZE] = "";
	struct error e = {0};
	if (api_act(&act)) {
		/* It is on the bus: what cannot be seen now is told as queued. */
		if (order_await(&order.who, api->db, order.task, ORDER_WAIT_MS, &outcome, result, &e) != 0)
			log_warn("api.await", "id=%s error=%s", api->id, log_quote(e.text));
		if (outcome == ORDER_REFUSED)
			api_problem(api, API_REFUSED, result, NULL);
		else
			api_reply(api, 202, order_json(&order, outcome == ORDER_APPLIED ? "applied" : "queued"));
		json_decref(act.body);
		free(act.location);
	}
	json_decref(data);
	json_decref(more);
}

void api_order(struct api *api, enum task_type type, const char *slug, json_t *data)
{
	api_order_and(api, type, slug, data, NULL, NULL, NULL);
}
