/* Campaigns: list, one with its figures, rounds, plan. */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "console/api/handlers.h"
#include "console/api/place.h"
#include "control/campaign_view.h"
#include "control/rounds.h"

/* ---- list -------------------------------------------------------------------------------- */

static json_t *counts_json(const struct campaign_view *view)
{
	json_t *counts = json_object();
	for (int i = 0; i < DELIVERY_STATES; i++)
		if (view->counts[i] != 0)
			json_object_set_new(counts, delivery_state_name((enum delivery_state)i), json_integer(view->counts[i]));
	return counts;
}

static json_t *campaign_json(const struct campaign_view *view)
{
	const struct campaign_row *row = &view->row;
	return json_pack("{s:s, s:o, s:s, s:s, s:o, s:s, s:b, s:{s:I, s:I, s:I, s:o}, s:o, s:o, s:o}", "campaign", row->slug,
		"title", api_string(row->title), "kind", row->kind, "state", campaign_state_name(row->state), "state_reason",
		api_string(row->state_reason), "content_hash", row->content_hash, "expanded", (int)row->expanded, "letters",
		"total", (json_int_t)row->total, "done", (json_int_t)view->done, "open", (json_int_t)view->open, "states",
		counts_json(view), "not_after", api_moment(row->not_after_ms), "launched_at", api_moment(row->launched_ms),
		"finished_at", api_moment(row->finished_ms));
}

/* Names first: the views use transactions of their own. */
static int read_slugs(struct api *api, const char *kind, const char *state, int64_t before, int64_t limit, char **slugs,
	int64_t *ids, size_t *count, struct error *e)
{
	struct db_stmt *rows;
	enum db_step step;
	*count = 0;
	if (db_query(api->db, &rows, e,
		    "SELECT id, slug FROM campaign WHERE kind = $1 AND ($2 = '' OR state = $2)"
		    " AND (CAST($3 AS BIGINT) = 0 OR id < CAST($3 AS BIGINT)) ORDER BY id DESC LIMIT $4",
		    "ssii", kind, state, before, limit + 1) != 0)
		return -1;
	while ((step = db_step(rows, e)) == DB_ROW) {
		ids[*count] = db_int(rows, 0);
		slugs[(*count)++] = xstrdup(db_text(rows, 1));
	}
	return step == DB_FAILED ? -1 : 0;
}

void api_campaigns(struct api *api)
{
	char *slugs[API_LIMIT_MOST + 1];
	int64_t ids[API_LIMIT_MOST + 1], limit, before;
	const char *state, *kind;
	size_t count = 0;
	struct error e = {0};
	if (!api_limit(api, &limit) || !api_after_number(api, &before) ||
		!api_query_word(api, "state", "draft running paused cancelled finished", &state) ||
		!api_query_word(api, "kind", "campaign test notice", &kind))
		return;
	json_t *items = json_array();
	int rc = read_slugs(api, kind == NULL ? "campaign" : kind, state == NULL ? "" : state, before, limit, slugs, ids, &count, &e);
	for (size_t i = 0; i < count; i++) {
		struct campaign_view view = {0};
		if (rc == 0 && i < (size_t)limit) {
			rc = campaign_view_read(api->db, slugs[i], &view, &e);
			if (rc == 0)
				json_array_append_new(items, campaign_json(&view));
			campaign_view_fini(&view);
		}
		free(slugs[i]);
	}
	if (rc != 0) {
		json_decref(items);
		api_error(api, &e);
		return;
	}
	api_list_numbers(api, items, count > (size_t)limit ? ids[limit - 1] : 0);
}

/* ---- one ---------------------------------------------------------------------------------- */

static json_t *why_json(const struct campaign_why *why, size_t count)
{
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_pack("{s:s, s:o, s:o}", "code", why[i].code, "text", api_string(why[i].text),
						   "advice", api_string(campaign_why_advice(why[i].code))));
	return list;
}

/* Whether a second person has been asked, for this content. */
static json_t *approval_json(struct api *api, const struct campaign_row *row, struct error *e)
{
	struct db_stmt *stmt;
	json_t *out = json_null();
	if (db_query(api->db, &stmt, e,
		    "SELECT state, requested_by, requested_ms, decided_by, decided_ms, note FROM approval"
		    " WHERE campaign = $1 AND content_hash = $2",
		    "ss", row->slug, row->content_hash) != 0)
		return NULL;
	enum db_step step = db_step(stmt, e);
	if (step == DB_ROW) {
		out = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "state", db_text(stmt, 0), "requested_by",
			api_string(db_text(stmt, 1)), "requested_at", api_moment(db_int(stmt, 2)), "decided_by",
			api_string(db_text(stmt, 3)), "decided_at", api_moment(db_int(stmt, 4)), "note", api_string(db_text(stmt, 5)));
		db_reset(stmt);
	}
	return step == DB_FAILED ? NULL : out;
}

void api_campaign(struct api *api)
{
	struct campaign_view view = {0};
	struct campaign_why why[CAMPAIGN_WHY_MAX];
	size_t count = 0;
	struct error e = {0};
	json_t *body = NULL, *approval = NULL;
	if (campaign_view_read(api->db, web_part(api->request, "campaign"), &view, &e) == 0 &&
		campaign_why_not(api->visit->console->settings, api->db, &view, why, &count, &e) == 0 &&
		(approval = approval_json(api, &view.row, &e)) != NULL)
		body = campaign_json(&view);
	campaign_view_fini(&view);
	if (body == NULL) {
		api_error(api, &e);
		return;
	}
	json_object_set_new(body, "approval", approval);
	json_object_set_new(body, "why_not_sending", why_json(why, count));
	api_reply(api, 200, body);
}

/* ---- rounds -------------------------------------------------------------------------------- */

static json_t *round_json(const struct round_view *r)
{
	const struct ask_counts *n = &r->asks_counts;
	return json_pack("{s:I, s:o, s:s, s:o, s:o, s:b, s:b, s:b, s:{s:I, s:I, s:I, s:I, s:I, s:I}}", "round",
		(json_int_t)r->number, "label", api_string(r->label), "state", r->state, "starts_at", api_moment(r->starts_ms),
		"deadline", api_moment(r->deadline_ms), "asks", (int)r->asks, "postponed", (int)r->postponed, "published",
		(int)r->published, "asks_by_state", "asked", (json_int_t)n->asked, "open", (json_int_t)n->open, "received",
		(json_int_t)n->received, "partial", (json_int_t)n->partial, "confirmed", (json_int_t)n->confirmed, "withdrawn",
		(json_int_t)n->withdrawn);
}

void api_rounds(struct api *api)
{
	struct rounds_view rounds = {0};
	struct error e = {0};
	if (rounds_view_read(api->db, web_part(api->request, "campaign"), &rounds, &e) != 0) {
		rounds_view_fini(&rounds);
		api_error(api, &e);
		return;
	}
	json_t *items = json_array();
	for (size_t i = 0; i < rounds.count; i++)
		json_array_append_new(items, round_json(&rounds.item[i]));
	rounds_view_fini(&rounds);
	api_list(api, items, "");
}

/* ---- plan --------------------------------------------------------------------------------- */

static int add_line(void *arg, const struct plan_line *line)
{
	json_array_append_new(arg, json_pack("{s:o, s:I, s:s, s:o, s:o, s:s, s:I, s:o, s:o}", "id", api_id(line->id), "round",
					   (json_int_t)line->round_number, "kind", line->kind, "zone", api_string(line->place),
					   "due_at", api_moment(line->due_ms), "state", line->state, "letters",
					   (json_int_t)line->letters, "reason", api_string(line->reason), "done_at",
					   api_moment(line->done_ms)));
	return 0;
}

void api_plan(struct api *api)
{
	struct error e = {0};
	int64_t campaign, round;
	if (!api_query_integer(api, "round", 1, INT32_MAX, 0, &round) || !api_find_campaign(api, &campaign))
		return;
	json_t *items = json_array();
	if (plan_lines_each(api->db, campaign, round, add_line, items, &e) != 0) {
		json_decref(items);
		api_error(api, &e);
		return;
	}
	api_list(api, items, "");
}
