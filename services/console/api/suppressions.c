/* Addresses that get no letters. */
#include <stdlib.h>
#include <string.h>

#include "base/gate.h"
#include "base/xalloc.h"
#include "console/api/handlers.h"
#include "console/api/place.h"
#include "directory/suppression.h"

#define COUNT(members) (sizeof(members) / sizeof(members)[0])

void api_suppressions(struct api *api)
{
	char after[API_CURSOR_MAX], next[API_CURSOR_MAX] = "", last[API_CURSOR_MAX] = "";
	struct db_stmt *row;
	struct error e = {0};
	int64_t limit;
	if (!api_limit(api, &limit) || !api_after(api, after, sizeof after))
		return;
	if (db_query(api->db, &row, &e,
		    "SELECT address, reason, source, created_ms FROM suppression WHERE address > $1 ORDER BY address LIMIT $2", "si",
		    after, limit + 1) != 0) {
		api_error(api, &e);
		return;
	}
	json_t *items = json_array();
	enum db_step step;
	while ((step = db_step(row, &e)) == DB_ROW) {
		if ((int64_t)json_array_size(items) == limit) {
			memcpy(next, last, sizeof next);
			db_reset(row);
			break;
		}
		snprintf(last, sizeof last, "%s", db_text(row, 0));
		json_array_append_new(items, json_pack("{s:o, s:o, s:s, s:o}", "address", api_string(last), "reason",
						    api_string(db_text(row, 1)), "source", db_text(row, 2), "created_at",
						    api_moment(db_int(row, 3))));
	}
	if (step == DB_FAILED) {
		json_decref(items);
		api_error(api, &e);
		return;
	}
	api_list_from(api, items, next);
}

/* ---- changing ---------------------------------------------------------------------------------- */

struct change {
	const char *address, *reason;
};

/* The audit log names no address but in what can be erased. */
static int note(struct api_act *act, struct db *tx, const char *action, const struct change *c, struct error *e)
{
	return console_audit(act->api->visit, tx, action, "suppression:list", json_object(),
		json_pack("{s:s, s:s?}", "address", c->address, "reason", c->reason), e);
}

static int add(struct api_act *act, struct db *tx, struct error *e)
{
	const struct change *c = act->arg;
	bool added;
	if (suppression_add_tx(tx, c->address, c->reason, "operator", &added, e) != 0)
		return -1;
	act->status = added ? 201 : 200;
	act->body = json_pack("{s:s, s:b}", "address", c->address, "added", (int)added);
	return added ? note(act, tx, "suppression.add", c, e) : 0;
}

void api_suppression_add(struct api *api)
{
	static const struct api_member members[] = {{"address", API_ADDRESS, true, 0, 0, NULL},
		{"reason", API_LINE, true, 1, 500, NULL}};
	char address[GATE_ADDRESS_MAX + 1];
	struct error e = {0};
	if (!api_body_is(api, members, COUNT(members)) || gate_address(api_text(api, "address"), address, &e) != 0)
		return;
	struct change c = {address, api_text(api, "reason")};
	struct api_act act = {.work = add, .api = api, .arg = &c};
	if (api_act(&act))
		api_reply(api, act.status, act.body);
}

static int drop(struct api_act *act, struct db *tx, struct error *e)
{
	const struct change *c = act->arg;
	int64_t one;
	enum db_step step = db_query_int(tx, &one, e, "DELETE FROM suppression WHERE address = $1 RETURNING 1", "s", c->address);
	if (step != DB_ROW)
		return step == DB_FAILED ? -1
					 : error_set(e, ERROR_NOT_FOUND, "%s",
						   tr("this address is not excluded", "этот адрес не исключён"));
	return note(act, tx, "suppression.remove", c, e);
}

void api_suppression_remove(struct api *api)
{
	char address[GATE_ADDRESS_MAX + 1];
	struct error e = {0};
	if (gate_address(web_part(api->request, "address"), address, &e) != 0) {
		api_problem(api, API_NOT_FOUND, NULL, NULL);
		return;
	}
	struct change c = {address, NULL};
	struct api_act act = {.work = drop, .api = api, .arg = &c};
	if (api_act(&act))
		api_no_content(api);
}
