/* /status: is everything running, what waits, what is in trouble. Asked again by the page itself every
 * few seconds: each part is cheap, and one that cannot be read does not hide the others. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "console/operate/operate.h"
#include "control/bus_view.h"
#include "control/status.h"

#define TROUBLE_MAX_BYTES 400
#define NOTE_MAX_BYTES 200
#define GAPS_MOST 10 /* the newest */
#define STOPS_MOST 16 /* there are five topics */
/* Less than this and the store should be moved or cleared. */
#define DISK_LOW_BYTES (INT64_C(1024) * 1024 * 1024)

/* ---- services ---------------------------------------------------------------------------------- */

static const char *badge_of(const char *state)
{
	static const struct {
		const char *state, *badge;
	} badges[] = {{"ready", "good"}, {"running", "good"}, {"starting", "warn"}, {"draining", "warn"},
		{"stopping", "warn"}, {"paused", "bad"}, {"given-up", "bad"}, {"not-running", "bad"}, {"dead", "bad"},
		{"stopped", "quiet"}};
	for (size_t i = 0; i < sizeof badges / sizeof badges[0]; i++)
		if (strcmp(badges[i].state, state) == 0)
			return badges[i].badge;
	return "quiet";
}

static json_t *service_json(const struct visit *visit, const struct service *s)
{
	json_t *out = json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "service", s->name, "name",
		service_word(s->name), "state", status_state_word(s->state), "badge", badge_of(s->state), "instance",
		s->instance, "since", show_time(visit, s->since_ms), "ago", show_ago(s->since_ms), "note",
		show_line(s->note, NOTE_MAX_BYTES), "trouble", show_line(s->trouble, TROUBLE_MAX_BYTES), "last_exit",
		show_line(s->last_exit, NOTE_MAX_BYTES));
	if (s->restarts > 0)
		json_object_set_new(out, "restarts", json_integer(s->restarts));
	if (s->next_ms > 0)
		json_object_set_new(out, "next", show_time(visit, s->next_ms));
	return out;
}

static bool has(const struct status *status, const char *name)
{
	for (size_t i = 0; i < status->count; i++)
		if (strcmp(status->service[i].name, name) == 0)
			return true;
	return false;
}

/* Services nobody has started: letters need these. */
static bool add_missing(const struct status *status, json_t *services)
{
	static const char *const needed[] = {"planner", "mailer", "ledger", "notifier"};
	bool any = false;
	for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
		if (has(status, needed[i]))
			continue;
		struct service missing = {.state = "not-running"};
		memcpy(missing.name, needed[i], strlen(needed[i]) + 1);
		any = true;
		json_t *one = json_pack("{s:s, s:s, s:s, s:s}", "service", needed[i], "name", service_word(needed[i]), "state",
			status_state_word(missing.state), "badge", badge_of(missing.state));
		json_array_append_new(services, one);
	}
	return any;
}

static int add_services(struct visit *visit, json_t *data, bool *bad, struct error *e)
{
	struct status *status = xcalloc(1, sizeof *status);
	json_t *services = json_array();
	status_read_supervisor(visit->console->settings, status);
	int rc = status_read_rows(visit->db, status, e);
	for (size_t i = 0; i < status->count; i++) {
		const struct service *s = &status->service[i];
		*bad |= strcmp(badge_of(s->state), "bad") == 0;
		json_array_append_new(services, service_json(visit, s));
	}
	*bad |= add_missing(status, services);
	json_object_set_new(data, "services", services);
	free(status);
	return rc;
}

/* ---- queues ------------------------------------------------------------------------------------- */

static json_t *queue_json(const struct bus_queue *queue, int64_t lag, double per_minute)
{
	bool letters = strncmp(queue->topic, BUS_MAIL, strlen(BUS_MAIL)) == 0;
	json_t *out = json_pack("{s:s, s:s, s:s, s:s, s:o, s:b}", "words", tr(queue->en, queue->ru), "group", queue->group,
		"reader", service_word(queue->group), "topic", queue->topic, "count", show_number(lag), "any", lag > 0);
	if (letters && lag > 0 && per_minute > 0)
		json_object_set_new(out, "left", show_span((int64_t)((double)lag / per_minute * 60000)));
	return out;
}

static void add_queues(struct visit *visit, json_t *data, double per_minute, bool *bad)
{
	int64_t lag[BUS_QUEUES];
	size_t known;
	struct error e;
	json_t *queues = json_array();
	if (bus_queues_read(visit->console->bus, lag, &known, &e) != 0) {
		*bad = true;
		json_object_set_new(data, "bus_away", show_line(e.text, TROUBLE_MAX_BYTES));
	}
	for (size_t i = 0; i < known; i++)
		json_array_append_new(queues, queue_json(&bus_queues[i], lag[i], per_minute));
	json_object_set_new(data, "queues", queues);
}

/* What waits for Kafka, topics that take nothing, messages nobody read. */
static int add_bus(struct visit *visit, json_t *data, bool *bad, struct error *e)
{
	struct bus_waiting waiting;
	struct bus_stop stops[STOPS_MOST];
	struct bus_gap gaps[GAPS_MOST];
	char text[BUS_STOP_TEXT_SIZE];
	int stop_count = bus_stops(visit->db, stops, STOPS_MOST, e);
	int gap_count = stop_count < 0 ? -1 : bus_gaps(visit->db, gaps, GAPS_MOST, e);
	if (gap_count < 0 || bus_waiting(visit->db, &waiting, e) != 0)
		return -1;
	json_t *list = json_array();
	for (int i = 0; i < stop_count; i++)
		json_array_append_new(list,
			json_pack("{s:s, s:o}", "text", bus_stop_text(&stops[i], text), "since", show_time(visit, stops[i].since_ms)));
	json_object_set_new(data, "stops", list);
	list = json_array();
	for (int i = 0; i < gap_count; i++)
		json_array_append_new(list,
			json_pack("{s:s, s:s, s:o, s:o}", "topic", gaps[i].topic, "group", service_word(gaps[i].group), "count",
				show_number(gaps[i].to - gaps[i].from + 1), "noticed", show_time(visit, gaps[i].noticed_ms)));
	json_object_set_new(data, "any_gaps", json_boolean(gap_count > 0));
	json_object_set_new(data, "gaps", list);
	if (waiting.messages > 0)
		json_object_set_new(data, "outbox",
			json_pack("{s:o, s:o}", "count", show_number(waiting.messages), "oldest", show_time(visit, waiting.oldest_ms)));
	if (waiting.refused > 0)
		json_object_set_new(data, "refused",
			json_pack("{s:o, s:o}", "count", show_number(waiting.refused), "why",
				show_line(waiting.refused_why, TROUBLE_MAX_BYTES)));
	*bad |= stop_count > 0 || waiting.refused > 0;
	return 0;
}

/* ---- stuck work, the store ------------------------------------------------------------------------ */

static int add_stuck(struct visit *visit, json_t *data, bool *bad, struct error *e)
{
	struct status_stuck *stuck = xcalloc(1, sizeof *stuck);
	int rc = status_read_stuck(visit->db, visit->console->settings, stuck, e);
	json_t *leases = json_array();
	for (size_t i = 0; i < stuck->leases; i++)
		json_array_append_new(leases,
			json_pack("{s:s, s:s, s:o}", "name", stuck->lease[i].name, "holder", stuck->lease[i].holder, "expired",
				show_time(visit, stuck->lease[i].expires_ms)));
	if (stuck->letters > 0)
		json_object_set_new(data, "stuck",
			json_pack("{s:o, s:b, s:o}", "count", show_number(stuck->letters), "more", stuck->letters == STUCK_MOST,
				"oldest", show_time(visit, stuck->oldest_ms)));
	*bad |= stuck->letters > 0;
	json_object_set_new(data, "any_leases", json_boolean(stuck->leases > 0));
	json_object_set_new(data, "leases", leases);
	free(stuck);
	return rc;
}

static void add_store(struct visit *visit, json_t *data, bool *bad)
{
	struct status_store store;
	status_read_store(visit->db, &store);
	if (store.path == NULL) {
		json_object_set_new(data, "server",
			json_pack("{s:s, s:o}", "name", db_shown(visit->db), "size",
				store.bytes > 0 ? show_size(store.bytes) : json_string("PostgreSQL")));
		return;
	}
	bool low = store.free_bytes < DISK_LOW_BYTES;
	*bad |= low;
	json_object_set_new(data, "store",
		json_pack("{s:s, s:o, s:o, s:o, s:b}", "path", store.path, "size", show_size(store.bytes), "log",
			show_size(store.log_bytes), "free", show_size(store.free_bytes), "low", low));
}

/* ---- the page ---------------------------------------------------------------------------------------- */

static int add_reasons(struct visit *visit, json_t *data, bool sending, bool *bad, struct error *e)
{
	json_t *reasons = reasons_of(visit, sending, e), *one;
	size_t i;
	if (reasons == NULL)
		return -1;
	json_array_foreach(json_object_get(reasons, "reasons"), i, one)
		*bad |= strcmp(json_string_value(json_object_get(one, "kind")), "bad") == 0;
	json_object_set_new(data, "any_reasons", json_boolean(i > 0));
	json_object_set_new(data, "any_campaigns", json_boolean(json_array_size(json_object_get(reasons, "campaigns")) > 0));
	json_object_update(data, reasons);
	json_decref(reasons);
	return 0;
}

static json_t *now(struct visit *visit, struct error *e)
{
	json_t *data = json_object();
	double per_minute;
	bool bad = false;
	if (rate_of(visit, NULL, &per_minute, e) != 0 || add_services(visit, data, &bad, e) != 0 ||
		add_reasons(visit, data, per_minute > 0, &bad, e) != 0 || add_bus(visit, data, &bad, e) != 0 ||
		add_stuck(visit, data, &bad, e) != 0) {
		json_decref(data);
		return NULL;
	}
	add_queues(visit, data, per_minute, &bad);
	add_store(visit, data, &bad);
	json_object_set_new(data, "rate_now", show_number((int64_t)(per_minute + 0.5)));
	json_object_set_new(data, "well", json_boolean(!bad));
	json_object_set_new(data, "looked", show_moment(visit, clock_now_ms()));
	return data;
}

void page_status(struct visit *visit)
{
	struct error e = {0};
	json_t *data = now(visit, &e);
	if (data != NULL && console_wants_piece(visit)) {
		console_piece(visit, "status_now", data);
		return;
	}
	json_t *charts = data == NULL ? NULL : charts_of(visit, "/status", NULL, &e);
	if (charts == NULL) {
		json_decref(data);
		console_error(visit, &e);
		return;
	}
	json_object_set_new(data, "title", json_string(tr("State of the system", "Состояние системы")));
	json_object_set_new(data, "here", json_string("status"));
	json_object_set_new(data, "chart", charts);
	json_object_set_new(data, "charts", json_true());
	console_page(visit, 200, "status", data);
}
