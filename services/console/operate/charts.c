/* Charts of the past from the counts by minute: as tables, which console.js draws. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "calendar/calendar.h"
#include "console/operate/operate.h"
#include "store/outcome.h"

/* How far back, and how many minutes make a point: some 150 points each. */
static const struct span {
	const char *name, *en, *ru;
	int64_t back_minutes, minutes;
} spans[] = {{"hour", "2 hours", "2 часа", 120, 1}, {"day", "Day", "Сутки", 1440, 10}, {"week", "Week", "Неделя", 10080, 60}};
#define SPANS (sizeof spans / sizeof spans[0])

/* Rate now: over so many minutes and the one that runs; of less than some seconds nobody can tell it. */
#define RATE_MINUTES 3
#define LEAST_MINUTES 0.1

struct point {
	int64_t n[DELIVERY_STATES];
};
struct points {
	struct point *item;
	int64_t first, count; /* spans since 1970 */
};

static void take(void *arg, const struct outcome_sum *sum)
{
	struct points *points = arg;
	if (sum->span >= points->first && sum->span < points->first + points->count)
		points->item[sum->span - points->first].n[sum->state] += sum->n;
}

static int read_points(struct visit *visit, const struct span *span, const char *relay, struct points *out,
	struct error *e)
{
	int64_t now = clock_now_ms() / OUTCOME_MINUTE_MS / span->minutes;
	out->count = span->back_minutes / span->minutes + 1;
	out->first = now - out->count + 1;
	out->item = xcalloc((size_t)out->count, sizeof *out->item);
	return outcome_spans(visit->db, out->first * span->minutes * OUTCOME_MINUTE_MS, span->minutes, relay, take, out, e);
}

static json_t *moment_of(const struct visit *visit, int64_t time_ms, const struct span *span)
{
	struct calendar_time t;
	if (calendar_from_ms(time_ms, visit->console->settings->zone, &t, NULL) != 0)
		return json_null();
	if (span->back_minutes > 1440)
		return json_sprintf("%02d.%02d %02d:%02d", t.day, t.month, t.hour, t.minute);
	return json_sprintf("%02d:%02d", t.hour, t.minute);
}

static json_t *cell(double value)
{
	return json_pack("{s:f, s:o}", "value", value, "text",
		value == (double)(int64_t)value ? show_number((int64_t)value) : json_sprintf("%.1f", value));
}

static json_t *row(const struct visit *visit, const struct points *points, int64_t i, const struct span *span,
	json_t *cells)
{
	int64_t time_ms = (points->first + i) * span->minutes * OUTCOME_MINUTE_MS;
	return json_pack("{s:I, s:o, s:o}", "time", (json_int_t)(time_ms / 1000), "moment",
		moment_of(visit, time_ms, span), "cells", cells);
}

static double passed(const struct points *points, const struct span *span)
{
	int64_t began_ms = (points->first + points->count - 1) * span->minutes * OUTCOME_MINUTE_MS;
	double minutes = (double)(clock_now_ms() - began_ms) / OUTCOME_MINUTE_MS;
	return minutes < LEAST_MINUTES ? LEAST_MINUTES : minutes;
}

/* Letters a minute the relays took. */
static json_t *rate_table(const struct visit *visit, const struct points *points, const struct span *span)
{
	json_t *rows = json_array();
	int64_t all = 0;
	for (int64_t i = 0; i < points->count; i++) {
		int64_t n = points->item[i].n[DELIVERY_ACCEPTED];
		/* The span that runs has not had all its minutes yet. */
		double minutes = i + 1 < points->count ? (double)span->minutes : passed(points, span);
		all += n;
		json_t *cells = json_array();
		json_array_append_new(cells, cell((double)n / minutes));
		json_array_append_new(rows, row(visit, points, i, span, cells));
	}
	return json_pack("{s:o, s:b, s:o}", "rows", rows, "any", all > 0, "sum", show_number(all));
}

static json_t *trouble_table(const struct visit *visit, const struct points *points, const struct span *span)
{
	static const enum delivery_state shown[] = {
		DELIVERY_DEFERRED, DELIVERY_FAILED, DELIVERY_BOUNCED, DELIVERY_UNCERTAIN};
	json_t *rows = json_array();
	int64_t all = 0;
	for (int64_t i = 0; i < points->count; i++) {
		json_t *cells = json_array();
		for (size_t s = 0; s < sizeof shown / sizeof shown[0]; s++) {
			all += points->item[i].n[shown[s]];
			json_array_append_new(cells, cell((double)points->item[i].n[shown[s]]));
		}
		json_array_append_new(rows, row(visit, points, i, span, cells));
	}
	return json_pack("{s:o, s:b, s:o}", "rows", rows, "any", all > 0, "sum", show_number(all));
}

static const struct span *span_of(const struct visit *visit)
{
	const char *name = web_query(visit->request, "span");
	for (size_t i = 0; name != NULL && i < SPANS; i++)
		if (strcmp(spans[i].name, name) == 0)
			return &spans[i];
	return &spans[0];
}

json_t *charts_of(struct visit *visit, const char *path, const char *relay, struct error *e)
{
	const struct span *span = span_of(visit);
	struct points points = {0};
	json_t *tabs = json_array(), *out = NULL;
	for (size_t i = 0; i < SPANS; i++)
		json_array_append_new(tabs,
			json_pack("{s:o, s:s, s:b}", "url", json_sprintf("%s?span=%s", path, spans[i].name), "name",
				tr(spans[i].en, spans[i].ru), "here", &spans[i] == span));
	if (read_points(visit, span, relay, &points, e) == 0)
		out = json_pack("{s:o, s:s, s:s, s:o, s:o, s:o, s:b}", "spans", tabs, "span", span->name, "zone",
			visit->console->settings->zone, "rate", rate_table(visit, &points, span), "trouble",
			trouble_table(visit, &points, span), "each",
			span->minutes == 1 ? json_string(tr("a minute", "за минуту"))
					   : json_sprintf(tr("each %d minutes", "за каждые %d мин"), (int)span->minutes),
			"drawn", true);
	else
		json_decref(tabs);
	free(points.item);
	return out;
}

int rate_of(struct visit *visit, const char *relay, double *per_minute, struct error *e)
{
	static const struct span minutes = {"", "", "", RATE_MINUTES, 1};
	struct points points = {0};
	int rc = read_points(visit, &minutes, relay, &points, e);
	int64_t n = 0, first = 0;
	/* From the first minute in which anything went: the rate of what has just begun is not halved. */
	for (int64_t i = 0; rc == 0 && i < points.count; i++) {
		n += points.item[i].n[DELIVERY_ACCEPTED];
		first = n > 0 && first == 0 ? points.first + i : first;
	}
	double passed = (double)(clock_now_ms() - first * OUTCOME_MINUTE_MS) / OUTCOME_MINUTE_MS;
	*per_minute = n == 0 ? 0 : (double)n / (passed < LEAST_MINUTES ? LEAST_MINUTES : passed);
	free(points.item);
	return rc;
}
