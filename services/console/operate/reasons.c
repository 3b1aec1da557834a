/* «Почему не отправляется», over all campaigns that should. */
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "console/operate/operate.h"
#include "control/campaign_view.h"

/* The newest running and paused campaigns; more than a ministry has at once. */
#define CAMPAIGNS_MOST 30

/* By importance; `kind` is a class of the page. */
static const struct {
	const char *code, *kind;
} order[] = {{"bus-stopped", "bad"}, {"planner-down", "bad"}, {"mailer-down", "bad"}, {"ledger-down", "bad"},
	{"relay-breaker", "bad"}, {"relay-parked", "warn"}, {"paused", "warn"}, {"hours", "quiet"}, {"retry", "quiet"},
	{"time", "quiet"}, {"planned", "quiet"}, {"draft", "quiet"}, {"cancelled", "quiet"}};
#define ORDERS (sizeof order / sizeof order[0])

static size_t place_of(const char *code)
{
	size_t i = 0;
	while (i < ORDERS - 1 && strcmp(order[i].code, code) != 0)
		i++;
	return i;
}

struct found {
	size_t place;
	json_t *reason;
};

static char **read_slugs(struct db *db, size_t *count, struct error *e)
{
	struct db_stmt *rows;
	enum db_step step;
	*count = 0;
	if (db_query(db, &rows, e,
		    "SELECT slug FROM campaign WHERE state IN ('running', 'paused') AND kind = 'campaign'"
		    " ORDER BY id DESC LIMIT 30", "") != 0)
		return NULL;
	char **slugs = xcalloc(CAMPAIGNS_MOST, sizeof *slugs);
	while ((step = db_step(rows, e)) == DB_ROW && *count < CAMPAIGNS_MOST)
		slugs[(*count)++] = xstrdup(db_text(rows, 0));
	db_reset(rows);
	if (step != DB_FAILED)
		return slugs;
	for (size_t i = 0; i < *count; i++)
		free(slugs[i]);
	free(slugs);
	return NULL;
}

/* One relay of several is no reason for alarm while the others take the letters. */
static const char *kind_of(size_t place, bool sending)
{
	return sending && strncmp(order[place].code, "relay-", 6) == 0 ? "warn" : order[place].kind;
}

static void add(json_t *list, const struct campaign_why *why, const struct campaign_row *campaign, bool sending)
{
	json_t *reason = NULL;
	size_t i;
	json_array_foreach(list, i, reason)
		if (strcmp(json_string_value(json_object_get(reason, "text")), why->text) == 0)
			break;
	if (i == json_array_size(list)) {
		const char *advice = campaign_why_advice(why->code);
		size_t place = place_of(why->code);
		reason = json_pack("{s:s, s:s?, s:s, s:I, s:[]}", "text", why->text, "advice", advice, "kind",
			kind_of(place, sending), "place", (json_int_t)place, "campaigns");
		json_array_append_new(list, reason);
	}
	json_array_append_new(json_object_get(reason, "campaigns"),
		json_pack("{s:s, s:s}", "slug", campaign->slug, "title", campaign->title));
}

static int by_place(const void *a, const void *b)
{
	const struct found *x = a, *y = b;
	return x->place < y->place ? -1 : x->place > y->place;
}

static json_t *sorted(json_t *list)
{
	size_t count = json_array_size(list);
	struct found *found = xcalloc(count + 1, sizeof *found);
	for (size_t i = 0; i < count; i++) {
		json_t *reason = json_array_get(list, i);
		found[i] = (struct found){(size_t)json_integer_value(json_object_get(reason, "place")), reason};
	}
	qsort(found, count, sizeof *found, by_place);
	json_t *out = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append(out, found[i].reason);
	free(found);
	json_decref(list);
	return out;
}

static int reasons_of_one(struct visit *visit, const char *slug, bool sending, json_t *list,
	json_t *campaigns, struct error *e)
{
	struct campaign_view view = {0};
	struct campaign_why why[CAMPAIGN_WHY_MAX];
	size_t count = 0;
	int rc = campaign_view_read(visit->db, slug, &view, e);
	if (rc == 0)
		rc = campaign_why_not(visit->console->settings, visit->db, &view, why, &count, e);
	for (size_t i = 0; rc == 0 && i < count; i++)
		add(list, &why[i], &view.row, sending);
	if (rc == 0)
		json_array_append_new(campaigns,
			json_pack("{s:s, s:s, s:I, s:I, s:o, s:o, s:o, s:b}", "slug", view.row.slug, "title", view.row.title,
				"done", (json_int_t)view.done, "all", (json_int_t)(view.done + view.open), "done_text",
				show_number(view.done), "all_text", show_number(view.done + view.open), "open_text",
				show_number(view.open), "paused", view.row.state == CAMPAIGN_PAUSED));
	campaign_view_fini(&view);
	return rc;
}

json_t *reasons_of(struct visit *visit, bool sending, struct error *e)
{
	size_t count;
	char **slugs = read_slugs(visit->db, &count, e);
	if (slugs == NULL)
		return NULL;
	json_t *list = json_array(), *campaigns = json_array();
	int rc = 0;
	for (size_t i = 0; i < count; i++) {
		if (rc == 0)
			rc = reasons_of_one(visit, slugs[i], sending, list, campaigns, e);
		if (rc != 0 && e->code == ERROR_NOT_FOUND) /* it was there a moment ago */
			rc = 0;
		free(slugs[i]);
	}
	free(slugs);
	list = sorted(list);
	if (rc == 0)
		return json_pack("{s:o, s:o}", "reasons", list, "campaigns", campaigns);
	json_decref(list);
	json_decref(campaigns);
	return NULL;
}
