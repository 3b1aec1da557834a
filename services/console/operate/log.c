/* /log: what happened to letters, newest first; new lines arrive by themselves on the newest page. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "console/operate/log.h"
#include "console/operate/tail.h"
#include "control/delivery.h"
#include "control/moment.h"

#define PAGE_LINES 50

struct listing {
	const struct visit *visit;
	json_t *rows;
	struct delivery_log_position first, last; /* of the rows, as given */
};

static int add_row(void *arg, const struct delivery_line *line)
{
	struct listing *list = arg;
	if (json_array_size(list->rows) == 0)
		list->first = delivery_log_at(line);
	list->last = delivery_log_at(line);
	json_array_append_new(list->rows, log_row(list->visit->console->settings, line));
	return 0;
}

static void turn_around(struct listing *list)
{
	size_t n = json_array_size(list->rows);
	json_t *turned = json_array();
	while (n-- > 0)
		json_array_append(turned, json_array_get(list->rows, n));
	json_decref(list->rows);
	list->rows = turned;
	struct delivery_log_position first = list->first;
	list->first = list->last;
	list->last = first;
}

static json_t *link_to(const char *base, const struct delivery_log_position *at, enum delivery_log_way way)
{
	return json_sprintf("%safter=%" PRId64 ".%" PRId64 ".%" PRId64 ".%" PRId64 "%s", base, at->time_ms, at->key,
		at->dispatch, at->state, way == LOG_NEWER ? "&way=newer" : "");
}

/* Where the visitor is: on the newest page, or beside a line. */
struct where {
	bool newest;
	enum delivery_log_way way;
	struct delivery_log_position at;
};

static struct where read_where(const struct visit *visit)
{
	int64_t at[4];
	const char *way = web_query(visit->request, "way");
	if (!page_after(visit, at, 4))
		return (struct where){.newest = true, .way = LOG_OLDER, .at = delivery_log_end()};
	return (struct where){.way = way != NULL && strcmp(way, "newer") == 0 ? LOG_NEWER : LOG_OLDER,
		.at = {at[0], at[1], at[2], at[3]}};
}

/* Not everything was looked at, and it was not enough for a page: how far it came, and on from there. */
static void add_looked(json_t *data, const struct visit *visit, const char *base, const struct where *where,
	const struct delivery_log_look *look)
{
	char moment[CONTROL_MOMENT_SIZE];
	if (look->end || look->given >= PAGE_LINES)
		return;
	json_object_set_new(data, "looked",
		json_pack("{s:o, s:s, s:o}", "rows", show_number(look->looked), "time",
			control_moment(visit->console->settings, where->at.time_ms, moment), "on", link_to(base, &where->at, where->way)));
}

static void add_pager(json_t *data, const char *base, const struct listing *list, const struct where *start,
	const struct delivery_log_look *look)
{
	bool any = json_array_size(list->rows) > 0;
	bool older = start->way == LOG_OLDER ? any && look->given >= PAGE_LINES : any;
	bool newer = !start->newest && (start->way == LOG_OLDER || look->given >= PAGE_LINES);
	if (older)
		json_object_set_new(data, "older", link_to(base, &list->last, LOG_OLDER));
	if (newer && any)
		json_object_set_new(data, "newer", link_to(base, &list->first, LOG_NEWER));
	else if (newer)
		json_object_set_new(data, "newer", link_to(base, &start->at, LOG_NEWER));
	json_object_set_new(data, "top", start->newest ? json_null() : json_string(base));
}

/* A large campaign that ended long ago: its lines are not among the newest. What is later than its end (bounces)
 * is found by state. */
#define LATE_MS 1000
static bool is_long_ago(const struct log_query *query, const struct where *where, const struct delivery_log_look *look)
{
	return where->newest && look->given == 0 && !look->end && query->finished_ms != 0 &&
		where->at.time_ms > query->finished_ms + LATE_MS;
}

/* Only what comes back happens to a letter after its campaign ended; clocks of several machines differ a little. What
 * was put off, refused … is looked for from there on, not among all that happened since. */
#define CLOCKS_DIFFER_MS 60000
static void begin_at_its_end(const struct log_query *query, struct where *where)
{
	int state = query->filter.state;
	if (where->newest && query->finished_ms != 0 && state >= 0 && state != DELIVERY_BOUNCED && state != DELIVERY_DELIVERED)
		where->at = delivery_log_before(query->finished_ms + CLOCKS_DIFFER_MS);
}

static int read_lines(struct visit *visit, struct log_query *query, struct where *where, struct listing *list,
	struct delivery_log_look *look, json_t *data, struct error *e)
{
	char moment[CONTROL_MOMENT_SIZE];
	begin_at_its_end(query, where);
	if (delivery_log_read(visit->db, &query->filter, where->way, &where->at, PAGE_LINES, DELIVERY_LOG_LOOK, look, add_row,
		    list, e) != 0)
		return -1;
	if (!is_long_ago(query, where, look))
		return 0;
	where->at = delivery_log_before(query->finished_ms + LATE_MS);
	json_object_set_new(data, "long_ago", json_string(control_moment(visit->console->settings, query->finished_ms, moment)));
	return delivery_log_read(visit->db, &query->filter, where->way, &where->at, PAGE_LINES, DELIVERY_LOG_LOOK, look, add_row,
		list, e);
}

static void show_log(struct visit *visit, struct log_query *query)
{
	struct where where = read_where(visit), start = where;
	struct listing list = {.visit = visit, .rows = json_array()};
	struct delivery_log_look look;
	struct error e = {0};
	char mark[TAIL_ID_SIZE] = "", *base = log_query_link(visit, "/log");
	const char *pause = web_query(visit->request, "pause");
	bool live = where.newest && query->filter.until_ms == 0 && query->wrong == NULL;
	bool paused = live && pause != NULL;
	/* before the store is read: what comes meanwhile comes twice, not never; console.js keeps one */
	if (live && !paused)
		tail_mark(visit->console->tail, mark);
	json_t *form = log_query_form(visit, query, &e);
	json_t *data = json_pack("{s:s, s:s, s:b, s:b, s:b}", "title", tr("Delivery log", "Журнал доставки"), "here", "log",
		"live", live && !paused, "paused", paused, "may_pause", live);
	if (form == NULL || read_lines(visit, query, &where, &list, &look, data, &e) != 0) {
		json_decref(data);
		json_decref(form);
		json_decref(list.rows);
		free(base);
		console_error(visit, &e);
		return;
	}
	if (where.way == LOG_NEWER)
		turn_around(&list);
	json_object_set_new(data, "form", form);
	json_object_set_new(data, "any", json_boolean(json_array_size(list.rows) > 0));
	add_pager(data, base, &list, &start, &look);
	add_looked(data, visit, base, &where, &look);
	if (live && !paused) {
		char *stream = log_query_link(visit, "/log/live");
		json_object_set_new(data, "stream", json_sprintf("%sat=%s", stream, mark));
		free(stream);
	}
	json_object_set_new(data, "pause", json_sprintf("%spause=1", base));
	json_object_set_new(data, "self", json_string(base));
	char *file = log_query_link(visit, "/log.csv");
	json_object_set_new(data, "file", json_string(file));
	free(file);
	if (query->moments != NULL)
		json_object_set(data, "moments", query->moments);
	json_object_set_new(data, "rows", list.rows);
	free(base);
	console_page(visit, query->wrong == NULL ? 200 : 422, "log", data);
}

void page_log(struct visit *visit)
{
	struct log_query query;
	struct error e = {0};
	if (log_query_read(visit, &query, &e) != 0)
		console_error(visit, &e);
	else
		show_log(visit, &query);
	log_query_fini(&query);
}

void page_log_live(struct visit *visit)
{
	const char *from = web_header(visit->request, "Last-Event-ID");
	struct log_query query;
	struct error e = {0};
	if (log_query_read(visit, &query, &e) != 0 || log_query_check(&query, &e) != 0) {
		console_error(visit, &e);
	} else {
		struct web_stream *stream = web_stream_open(visit->request);
		if (stream != NULL)
			tail_watch(visit->console->tail, &stream, &query.filter, visit->visitor->session->hash, web_lang(visit->request),
				from != NULL && from[0] != '\0' ? from : web_query(visit->request, "at"));
	}
	log_query_fini(&query);
}
