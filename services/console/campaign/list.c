/* /campaigns: all of them, the newest first. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "calendar/calendar.h"
#include "console/campaign/part.h"
#include "store/delivery.h"

#define SHOWN 25

struct filter {
	const char *state; /* "" = any */
	char *text, *other; /* the words as typed, and beginning with the other case; "%…%" */
	int64_t from_ms, to_ms, before;
};

static const char *query_of(const struct visit *visit, const char *name)
{
	const char *value = web_query(visit->request, name);
	return value == NULL ? "" : value;
}

/* Moments of a year in the settings' zone; none: everything. */
static void take_year(const struct visit *visit, struct filter *filter)
{
	long long year;
	struct error e;
	filter->to_ms = INT64_MAX;
	if (!gate_int64(query_of(visit, "year"), 1990, 2200, &year))
		return;
	const struct calendar_time from = {.year = (int)year, .month = 1, .day = 1}, to = {.year = (int)year + 1, .month = 1, .day = 1};
	(void)calendar_to_ms(&from, visit->console->settings->zone, &filter->from_ms, &e);
	(void)calendar_to_ms(&to, visit->console->settings->zone, &filter->to_ms, &e);
}

static void take_filter(const struct visit *visit, struct filter *filter)
{
	static const char *const states[] = {"running", "paused", "finished", "cancelled", "draft"};
	*filter = (struct filter){.state = ""};
	for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
		if (strcmp(query_of(visit, "state"), states[i]) == 0)
			filter->state = states[i];
	search_patterns(query_of(visit, "text"), &filter->text, &filter->other);
	take_year(visit, filter);
	if (!page_after(visit, &filter->before, 1))
		filter->before = INT64_MAX;
}

/* ---- a row ------------------------------------------------------------------------------ */

struct found {
	int64_t id, total, launched_ms;
	char *slug, *title;
	enum campaign_state state;
};

static json_t *progress_of(struct visit *visit, const struct found *found, struct error *e)
{
	int64_t counts[DELIVERY_STATES], sent;
	if (counter_sums(visit->db, found->id, counts, e) != 0)
		return NULL;
	sent = counts[DELIVERY_ACCEPTED] + counts[DELIVERY_DELIVERED];
	json_t *whole = show_number(found->total), *part = show_number(sent);
	json_t *progress = json_pack("{s:I, s:I, s:o, s:o}", "sent", (json_int_t)sent, "total", (json_int_t)found->total, "words",
		json_sprintf(tr("%s of %s", "%s из %s"), json_string_value(part), json_string_value(whole)), "trouble",
		counts[DELIVERY_FAILED] + counts[DELIVERY_BOUNCED] == 0
			? json_null()
			: show_number(counts[DELIVERY_FAILED] + counts[DELIVERY_BOUNCED]));
	json_decref(whole);
	json_decref(part);
	return progress;
}

/* The round that matters: the last that began. */
static int add_round(struct visit *visit, const struct found *found, json_t *row, struct error *e)
{
	struct db_stmt *stmt;
	struct ask_counts counts = {0};
	int64_t round = 0, deadline_ms = 0;
	if (db_query(visit->db, &stmt, e,
		    "SELECT id, COALESCE(deadline_ms, 0) FROM round WHERE campaign = $1 AND state IN ('open', 'closed', 'withdrawn')"
		    " ORDER BY number DESC LIMIT 1", "i", found->id) != 0)
		return -1;
	enum db_step step = db_step(stmt, e);
	if (step == DB_ROW) {
		round = db_int(stmt, 0);
		deadline_ms = db_int(stmt, 1);
		db_reset(stmt);
	}
	if (step == DB_FAILED || (round != 0 && ask_counts_read(visit->db, round, &counts, e) != 0))
		return -1;
	json_object_set_new(row, "share", show_share(&counts));
	json_object_set_new(row, "deadline", counts.asked == 0 ? json_null() : show_deadline_day(visit, deadline_ms));
	json_object_set_new(row, "passed", json_boolean(deadline_ms != 0 && deadline_ms < clock_now_ms()));
	return 0;
}

static json_t *row_of(struct visit *visit, const struct found *found, struct error *e)
{
	json_t *progress = progress_of(visit, found, e);
	if (progress == NULL)
		return NULL;
	json_t *row = json_pack("{s:s, s:s, s:o, s:o, s:o}", "slug", found->slug, "title", found->title, "badge",
		campaign_badge(found->state), "progress", progress, "launched", show_time(visit, found->launched_ms));
	if (add_round(visit, found, row, e) == 0)
		return row;
	json_decref(row);
	return NULL;
}

/* ---- the list ------------------------------------------------------------------------------ */

static enum campaign_state state_named(const char *name)
{
	for (int i = 0; i <= CAMPAIGN_FINISHED; i++)
		if (strcmp(campaign_state_name((enum campaign_state)i), name) == 0)
			return (enum campaign_state)i;
	return CAMPAIGN_DRAFT;
}

/* One more than is shown: then there is a next page. Names first: the rows look themselves up. */
static int find(struct visit *visit, const struct filter *f, struct found out[static SHOWN + 1], size_t *count, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step;
	*count = 0;
	if (db_query(visit->db, &stmt, e,
		    "SELECT id, slug, title, state, total, COALESCE(launched_ms, 0) FROM campaign WHERE kind = 'campaign' AND id < $1"
		    " AND ($2 = '' OR state = $2) AND ($3 = '' OR title LIKE $3 ESCAPE '\\' OR title LIKE $4 ESCAPE '\\'"
		    " OR slug LIKE $3 ESCAPE '\\') AND COALESCE(launched_ms, created_ms) >= $5"
		    " AND COALESCE(launched_ms, created_ms) < $6 ORDER BY id DESC LIMIT $7",
		    "isssiii", f->before, f->state, f->text, f->other, f->from_ms, f->to_ms, (int64_t)SHOWN + 1) != 0)
		return -1;
	while ((step = db_step(stmt, e)) == DB_ROW && *count <= SHOWN)
		out[(*count)++] = (struct found){.id = db_int(stmt, 0),
			.slug = xstrdup(db_text(stmt, 1)),
			.title = xstrdup(db_text(stmt, 2)),
			.state = state_named(db_text(stmt, 3)),
			.total = db_int(stmt, 4),
			.launched_ms = db_int(stmt, 5)};
	return step == DB_FAILED ? -1 : 0;
}

static json_t *choices(const struct filter *f)
{
	static const struct {
		const char *name, *en, *ru;
	} all[] = {{"", "all", "все"}, {"running", "under way", "идут"}, {"paused", "paused", "приостановлены"},
		{"finished", "finished", "завершены"}, {"cancelled", "cancelled", "отменены"}, {"draft", "not launched", "не запущены"}};
	json_t *list = json_array();
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:b}", "value", all[i].name, "name", tr(all[i].en, all[i].ru),
						  "chosen", strcmp(all[i].name, f->state) == 0));
	return list;
}

/* Years in which something was launched: from the first to this one. */
static json_t *years(struct visit *visit, struct error *e)
{
	struct calendar_time first, now;
	int64_t first_ms = 0;
	const char *zone = visit->console->settings->zone, *chosen = query_of(visit, "year");
	json_t *list = json_array();
	if (db_query_int(visit->db, &first_ms, e, "SELECT created_ms FROM campaign ORDER BY id LIMIT 1", "") != DB_ROW ||
		calendar_from_ms(first_ms, zone, &first, e) != 0 || calendar_from_ms(clock_now_ms(), zone, &now, e) != 0)
		return list;
	for (int year = now.year; year >= first.year && year > now.year - 30; year--) {
		char text[16];
		(void)snprintf(text, sizeof text, "%d", year);
		json_array_append_new(list, json_pack("{s:s, s:b}", "year", text, "chosen", strcmp(text, chosen) == 0));
	}
	return list;
}

static void show(struct visit *visit, const struct filter *f, json_t *rows, json_t *next)
{
	struct error e = {0};
	bool filtered = f->state[0] != '\0' || f->text[0] != '\0' || f->to_ms != INT64_MAX;
	json_t *data = json_pack("{s:s, s:s, s:b, s:o, s:o, s:o, s:s, s:o, s:b, s:b}", "title", tr("Campaigns", "Рассылки"), "here",
		"campaigns", "any", json_array_size(rows) > 0, "rows", rows, "next", next, "states", choices(f), "text",
		query_of(visit, "text"), "years", years(visit, &e), "filtered", filtered, "may_write",
		visit_may(visit, RIGHT_CAMPAIGN_WRITE));
	console_page(visit, 200, "campaign_list", data);
}

void page_campaigns(struct visit *visit)
{
	struct filter filter;
	struct found found[SHOWN + 1] = {0};
	struct error e = {0};
	size_t count;
	take_filter(visit, &filter);
	int rc = find(visit, &filter, found, &count, &e);
	json_t *rows = json_array();
	for (size_t i = 0; rc == 0 && i < count && i < SHOWN; i++) {
		json_t *row = row_of(visit, &found[i], &e);
		rc = row == NULL ? -1 : json_array_append_new(rows, row);
	}
	if (rc == 0) {
		show(visit, &filter, rows, count > SHOWN ? page_next(visit, &found[SHOWN - 1].id, 1) : json_null());
	} else {
		json_decref(rows);
		web_reply_error(visit->request, &e);
	}
	for (size_t i = 0; i < count; i++) {
		free(found[i].slug);
		free(found[i].title);
	}
	free(filter.text);
	free(filter.other);
}
