/* /relays and /relays/{name}: the mail servers of the settings and how they are doing. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "console/operate/operate.h"
#include "control/delivery_log.h"
#include "control/relay_view.h"
#include "store/outcome.h"

#define HOUR_MS INT64_C(3600000)
#define WORDS_MAX_BYTES 400
/* Last troubles shown; looked for among so many of the newest of each kind, of all relays: some 10 ms. */
#define TROUBLES_MOST 10
#define TROUBLES_LOOK 2000
static const struct {
	enum delivery_state state;
	const char *en, *ru;
} trouble_states[] = {{DELIVERY_DEFERRED, "put off", "отложено"}, {DELIVERY_FAILED, "refused", "отказ"},
	{DELIVERY_UNCERTAIN, "uncertain", "неясно"}};
#define TROUBLE_STATES (sizeof trouble_states / sizeof trouble_states[0])

struct hour {
	int64_t n[DELIVERY_STATES];
};

static void take(void *arg, const struct outcome_sum *sum)
{
	struct hour *hour = arg;
	hour->n[sum->state] += sum->n;
}

/* ---- one relay as data --------------------------------------------------------------------- */

static void add_settings(json_t *out, const struct settings_relay *r)
{
	char rate[RELAY_RATE_SIZE], quota[RELAY_RATE_SIZE];
	json_t *own = json_pack("{s:s, s:i, s:s, s:s, s:i, s:i, s:s, s:o, s:o, s:o, s:o}", "host", r->host, "port", r->port,
		"security",
		r->security == RELAY_PLAIN ? tr("none", "нет") : r->security == RELAY_TLS ? "TLS" : "STARTTLS", "transport",
		r->transport == RELAY_LIBCURL ? "libcurl" : "libesmtp", "weight", r->weight, "connections", r->connections,
		"envelope", r->envelope == RELAY_VERP ? "verp" : "fixed", "envelope_sender", show_text(r->envelope_sender),
		"login", show_text(r->user), "rate", show_text(relay_rate_text(&r->rate, rate)), "quota",
		show_text(relay_rate_text(&r->quota, quota)));
	json_t *senders = json_array();
	for (size_t i = 0; i < r->senders_count; i++)
		json_array_append_new(senders, json_string(r->senders[i]));
	json_object_set_new(own, "any_senders", json_boolean(r->senders_count > 0));
	json_object_set_new(own, "senders", senders);
	json_object_set_new(out, "own", own);
}

static void add_state(const struct visit *visit, json_t *out, const struct settings_relay *relay,
	const struct relay_view *view)
{
	bool open = strcmp(view->breaker, "open") == 0, half = strcmp(view->breaker, "half-open") == 0;
	const char *state = open ? tr("left alone after failures", "не используется из-за сбоев")
		: half		 ? tr("being tried", "проверяется")
		: view->parked_until_ms > 0 ? tr("rests", "отдыхает")
					: tr("in use", "в работе");
	json_object_set_new(out, "state", json_string(state));
	json_object_set_new(out, "badge",
		json_string(open ? "bad" : half || view->parked_until_ms > 0 ? "warn" : "good"));
	if (view->parked_until_ms > 0)
		json_object_set_new(out, "parked", show_time(visit, view->parked_until_ms));
	if (open || half || view->parked_until_ms > 0)
		json_object_set_new(out, "reason", show_line(view->reason, WORDS_MAX_BYTES));
	json_object_set_new(out, "changed", show_time(visit, view->updated_ms));
	if (relay->quota.count > 0) {
		int64_t ends_ms = view->window_start_ms + relay->quota.per_ms;
		bool runs = view->window_start_ms > 0 && ends_ms > clock_now_ms();
		int64_t used = runs ? view->window_used : 0;
		json_object_set_new(out, "quota",
			json_pack("{s:o, s:o, s:I, s:I, s:o}", "used_text", show_number(used), "most_text",
				show_number(relay->quota.count), "used", (json_int_t)used, "most", (json_int_t)relay->quota.count,
				"until", runs ? show_time(visit, ends_ms) : json_null()));
	}
}

/* What became of its letters within the last hour. */
static int add_hour(struct visit *visit, json_t *out, const struct settings_relay *relay, struct error *e)
{
	struct hour hour = {{0}};
	double per_minute;
	if (outcome_spans(visit->db, clock_now_ms() - HOUR_MS, 1, relay->name, take, &hour, e) != 0 ||
		rate_of(visit, relay->name, &per_minute, e) != 0)
		return -1;
	json_object_set_new(out, "rate_now", show_number((int64_t)(per_minute + 0.5)));
	json_object_set_new(out, "accepted", show_number(hour.n[DELIVERY_ACCEPTED]));
	json_object_set_new(out, "deferred", show_number(hour.n[DELIVERY_DEFERRED]));
	json_object_set_new(out, "failed", show_number(hour.n[DELIVERY_FAILED]));
	json_object_set_new(out, "uncertain", show_number(hour.n[DELIVERY_UNCERTAIN]));
	json_object_set_new(out, "any_trouble",
		json_boolean(hour.n[DELIVERY_DEFERRED] + hour.n[DELIVERY_FAILED] + hour.n[DELIVERY_UNCERTAIN] > 0));
	return 0;
}

static json_t *relay_data(struct visit *visit, const struct settings_relay *relay, struct error *e)
{
	struct relay_view view;
	json_t *out = NULL;
	if (relay_view_read(visit->db, relay, &view, e) == 0) {
		out = json_pack("{s:s}", "name", relay->name);
		add_settings(out, relay);
		add_state(visit, out, relay, &view);
		if (add_hour(visit, out, relay, e) != 0) {
			json_decref(out);
			out = NULL;
		}
	}
	relay_view_fini(&view);
	return out;
}

/* ---- its last words ----------------------------------------------------------------------------- */

struct troubles {
	struct delivery_line *line[TROUBLES_MOST * TROUBLE_STATES];
	size_t count;
};

static int keep_trouble(void *arg, const struct delivery_line *line)
{
	struct troubles *troubles = arg;
	troubles->line[troubles->count++] = delivery_line_keep(line);
	return 0;
}

static int newest_first(const void *a, const void *b)
{
	const struct delivery_line *x = *(struct delivery_line *const *)a, *y = *(struct delivery_line *const *)b;
	return x->time_ms != y->time_ms ? (x->time_ms > y->time_ms ? -1 : 1) : x->key > y->key ? -1 : x->key < y->key;
}

/* By their states: what went well meanwhile, a hundred a second, does not hide them. */
static int read_troubles(struct visit *visit, const char *relay, struct troubles *out, struct error *e)
{
	for (size_t i = 0; i < TROUBLE_STATES; i++) {
		const struct delivery_log_filter filter = {.state = (int)trouble_states[i].state, .relay = relay};
		struct delivery_log_position at = delivery_log_end();
		struct delivery_log_look look;
		if (delivery_log_read(visit->db, &filter, LOG_OLDER, &at, TROUBLES_MOST, TROUBLES_LOOK, &look, keep_trouble, out,
			    e) != 0)
			return -1;
	}
	if (out->count > 1)
		qsort(out->line, out->count, sizeof *out->line, newest_first);
	return 0;
}

static const char *trouble_name(int64_t state)
{
	size_t i = 0;
	while (i < TROUBLE_STATES - 1 && (int64_t)trouble_states[i].state != state)
		i++;
	return tr(trouble_states[i].en, trouble_states[i].ru);
}

static json_t *last_troubles(struct visit *visit, const char *relay, struct error *e)
{
	struct troubles troubles = {.count = 0};
	json_t *list = read_troubles(visit, relay, &troubles, e) == 0 ? json_array() : NULL;
	for (size_t i = 0; list != NULL && i < troubles.count && i < TROUBLES_MOST; i++) {
		const struct delivery_line *line = troubles.line[i];
		json_array_append_new(list,
			json_pack("{s:I, s:o, s:s, s:o, s:o}", "key", (json_int_t)line->key, "time", show_moment(visit, line->time_ms),
				"state", trouble_name(line->state), "code", line->code > 0 ? json_integer(line->code) : json_null(), "reason",
				show_line(line->reason, WORDS_MAX_BYTES)));
	}
	while (troubles.count > 0)
		free(troubles.line[--troubles.count]);
	return list;
}

/* ---- pages ------------------------------------------------------------------------------------------ */

void page_relays(struct visit *visit)
{
	const struct settings *settings = visit->console->settings;
	struct error e = {0};
	json_t *list = json_array();
	for (size_t i = 0; i < settings->relays_count; i++) {
		json_t *one = relay_data(visit, &settings->relays[i], &e);
		if (one == NULL) {
			json_decref(list);
			console_error(visit, &e);
			return;
		}
		json_array_append_new(list, one);
	}
	json_t *data = json_pack("{s:s, s:s, s:b, s:o}", "title", tr("Mail servers", "Почтовые серверы"), "here", "relays",
		"any", settings->relays_count > 0, "relays", list);
	if (console_wants_piece(visit))
		console_piece(visit, "relays_now", data);
	else
		console_page(visit, 200, "relays", data);
}

void page_relay(struct visit *visit)
{
	struct error e = {0};
	const struct settings_relay *relay = relay_named(visit->console->settings, web_part(visit->request, "name"));
	if (relay == NULL) {
		console_not_found(visit, tr("No mail server of this name stands in the settings.",
						 "Почтового сервера с таким именем в настройках нет."));
		return;
	}
	json_t *data = relay_data(visit, relay, &e);
	json_t *troubles = data == NULL ? NULL : last_troubles(visit, relay->name, &e);
	json_t *charts = troubles == NULL ? NULL : charts_of(visit, web_path(visit->request), relay->name, &e);
	if (charts == NULL) {
		json_decref(data);
		json_decref(troubles);
		console_error(visit, &e);
		return;
	}
	json_object_set_new(data, "title", json_string(relay->name));
	json_object_set_new(data, "here", json_string("relays"));
	json_object_set_new(data, "any_last", json_boolean(json_array_size(troubles) > 0));
	json_object_set_new(data, "last", troubles);
	json_object_set_new(data, "chart", charts);
	json_object_set_new(data, "charts", json_true());
	json_object_set_new(data, "may_log", json_boolean(visit_may(visit, RIGHT_DELIVERY_READ)));
	console_page(visit, 200, "relay", data);
}
