/* /metrics: figures for Prometheus (text format 0.0.4). Names: prefix vestnik_, base units, counters end in
 * _total; labels are names from the settings and states, never addresses, campaigns or letters. All of it
 * is a few rows by key: nothing is counted over letters, history or messages. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "console/operate/operate.h"
#include "control/bus_view.h"
#include "control/relay_view.h"
#include "control/status.h"
#include "store/outcome.h"

#define METRICS_MAX_BYTES (1024 * 1024)
#define STOPS_MOST 16

/* One family of lines; its HELP and TYPE come first, and once. */
static void family(struct buf *out, const char *name, const char *type, const char *help)
{
	(void)buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* A label's value: \ " and line feed are escaped. */
static void label(struct buf *out, char before, const char *name, const char *value)
{
	(void)buf_printf(out, "%c%s=\"", before, name);
	for (; *value != '\0'; value++)
		if (*value == '\\' || *value == '"')
			(void)buf_printf(out, "\\%c", *value);
		else if (*value == '\n')
			(void)buf_puts(out, "\\n");
		else
			(void)buf_putc(out, *value);
	(void)buf_putc(out, '"');
}

static void value(struct buf *out, int64_t n)
{
	(void)buf_printf(out, " %" PRId64 "\n", n);
}

static void plain(struct buf *out, const char *name, const char *type, const char *help, int64_t n)
{
	family(out, name, type, help);
	(void)buf_puts(out, name);
	value(out, n);
}

/* ---- letters, webhooks -------------------------------------------------------------------- */

static void add_outcome(void *arg, const struct outcome_sum *sum)
{
	struct buf *out = arg;
	(void)buf_puts(out, "vestnik_letters_total");
	label(out, '{', "relay", sum->relay);
	label(out, ',', "state", delivery_state_name(sum->state));
	(void)buf_putc(out, '}');
	value(out, sum->n);
}

static void add_webhook(void *arg, const char *result, int64_t n)
{
	struct buf *out = arg;
	(void)buf_puts(out, "vestnik_webhook_attempts_total");
	label(out, '{', "result", result);
	(void)buf_putc(out, '}');
	value(out, n);
}

static int add_endpoints(struct visit *visit, struct buf *out, struct error *e)
{
	struct db_stmt *rows;
	enum db_step step;
	if (db_query(visit->db, &rows, e, "SELECT state, count(*) FROM endpoint GROUP BY state ORDER BY state", "") != 0)
		return -1;
	family(out, "vestnik_webhook_endpoints", "gauge", "Webhooks by state.");
	while ((step = db_step(rows, e)) == DB_ROW) {
		(void)buf_puts(out, "vestnik_webhook_endpoints");
		label(out, '{', "state", db_text(rows, 0));
		(void)buf_putc(out, '}');
		value(out, db_int(rows, 1));
	}
	return step == DB_DONE ? 0 : -1;
}

static int add_totals(struct visit *visit, struct buf *out, struct error *e)
{
	family(out, "vestnik_letters_total", "counter",
		"Outcomes of letters by mail server and state; server empty: bounces, letters that were not sent.");
	if (outcome_totals(visit->db, add_outcome, out, e) != 0)
		return -1;
	family(out, "vestnik_webhook_attempts_total", "counter", "Requests to webhooks by the answer; none = no answer.");
	return webhook_totals(visit->db, add_webhook, out, e) != 0 ? -1 : add_endpoints(visit, out, e);
}

/* ---- services ------------------------------------------------------------------------------ */

static int add_services(struct visit *visit, struct buf *out, struct error *e)
{
	static const char *const names[] = {"planner", "mailer", "ledger", "notifier", "intake", "portal", "console"};
	struct status *status = xcalloc(1, sizeof *status);
	int rc = status_read_rows(visit->db, status, e);
	family(out, "vestnik_service_instances", "gauge", "Processes of a service that are ready.");
	for (size_t i = 0; rc == 0 && i < sizeof names / sizeof names[0]; i++) {
		int64_t ready = 0;
		for (size_t s = 0; s < status->count; s++)
			ready += strcmp(status->service[s].name, names[i]) == 0 && strcmp(status->service[s].state, "ready") == 0;
		(void)buf_puts(out, "vestnik_service_instances");
		label(out, '{', "service", names[i]);
		(void)buf_putc(out, '}');
		value(out, ready);
	}
	free(status);
	return rc;
}

/* ---- the bus ---------------------------------------------------------------------------------- */

/* A bus that is away is a figure, too. */
static void add_queues(struct visit *visit, struct buf *out)
{
	int64_t lag[BUS_QUEUES], end[BUS_PARTITIONS_MAX], dead = 0;
	size_t known;
	struct error e;
	bool there = bus_queues_read(visit->console->bus, lag, &known, &e) == 0;
	plain(out, "vestnik_bus_up", "gauge", "Whether the message bus answers.", there);
	family(out, "vestnik_queue_messages", "gauge", "Messages a group of services has not finished.");
	for (size_t i = 0; i < known; i++) {
		(void)buf_puts(out, "vestnik_queue_messages");
		label(out, '{', "group", bus_queues[i].group);
		label(out, ',', "topic", bus_queues[i].topic);
		(void)buf_putc(out, '}');
		value(out, lag[i]);
	}
	int partitions = there ? bus_ends(visit->console->bus, BUS_DEAD, end, &e) : -1;
	for (int i = 0; i < partitions; i++)
		dead += end[i];
	if (partitions >= 0 || e.code == ERROR_NOT_FOUND)
		plain(out, "vestnik_dead_messages_total", "counter",
			"Messages put on vestnik.dead, with the marks that one was replayed or dropped.", dead);
}

static int add_bus(struct visit *visit, struct buf *out, struct error *e)
{
	struct bus_waiting waiting;
	struct bus_stop stops[STOPS_MOST];
	int count = bus_stops(visit->db, stops, STOPS_MOST, e);
	if (count < 0 || bus_waiting(visit->db, &waiting, e) != 0)
		return -1;
	add_queues(visit, out);
	plain(out, "vestnik_bus_stopped_topics", "gauge", "Topics that take nothing, because a service is too far behind.", count);
	plain(out, "vestnik_outbox_messages", "gauge", "Messages that wait for Kafka.", waiting.messages);
	plain(out, "vestnik_outbox_refused_messages", "gauge", "Messages Kafka refused for good.", waiting.refused);
	return 0;
}

/* ---- relays --------------------------------------------------------------------------------------- */

struct relay_figure {
	const char *name, *help;
	int64_t (*of)(const struct settings_relay *relay, const struct relay_view *view);
};

static int64_t breaker_of(const struct settings_relay *relay, const struct relay_view *view)
{
	(void)relay;
	return strcmp(view->breaker, "open") == 0 ? 2 : strcmp(view->breaker, "half-open") == 0 ? 1 : 0;
}

static int64_t parked_of(const struct settings_relay *relay, const struct relay_view *view)
{
	(void)relay;
	return view->parked_until_ms > 0;
}

static int64_t used_of(const struct settings_relay *relay, const struct relay_view *view)
{
	bool runs = relay->quota.count > 0 && view->window_start_ms + relay->quota.per_ms > clock_now_ms();
	return runs ? view->window_used : 0;
}

static int64_t quota_of(const struct settings_relay *relay, const struct relay_view *view)
{
	(void)view;
	return relay->quota.count;
}

static const struct relay_figure relay_figures[] = {
	{"vestnik_relay_breaker_state", "Breaker of a mail server: 0 closed (in use), 1 half open, 2 open.", breaker_of},
	{"vestnik_relay_parked", "Whether a mail server rests until its quota is renewed.", parked_of},
	{"vestnik_relay_quota_used_letters", "Letters of the quota that are used up.", used_of},
	{"vestnik_relay_quota_letters", "Letters a mail server may be given in its window; 0 = no quota.", quota_of}};

static int add_relays(struct visit *visit, struct buf *out, struct error *e)
{
	const struct settings *settings = visit->console->settings;
	struct relay_view *views = xcalloc(settings->relays_count + 1, sizeof *views);
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < settings->relays_count; i++)
		rc = relay_view_read(visit->db, &settings->relays[i], &views[i], e);
	for (size_t f = 0; rc == 0 && f < sizeof relay_figures / sizeof relay_figures[0]; f++) {
		family(out, relay_figures[f].name, "gauge", relay_figures[f].help);
		for (size_t i = 0; i < settings->relays_count; i++) {
			(void)buf_puts(out, relay_figures[f].name);
			label(out, '{', "relay", settings->relays[i].name);
			(void)buf_putc(out, '}');
			value(out, relay_figures[f].of(&settings->relays[i], &views[i]));
		}
	}
	for (size_t i = 0; i < settings->relays_count; i++)
		relay_view_fini(&views[i]);
	free(views);
	return rc;
}

/* ---- stuck work, store, this console ------------------------------------------------------------- */

static int add_rest(struct visit *visit, struct buf *out, struct error *e)
{
	struct status_stuck *stuck = xcalloc(1, sizeof *stuck);
	struct status_store store;
	struct web_counts web;
	int rc = status_read_stuck(visit->db, visit->console->settings, stuck, e);
	plain(out, "vestnik_stuck_letters", "gauge", "Letters handed out longer ago than planner.stuck_after; at most 1000 are counted.",
		stuck->letters);
	plain(out, "vestnik_expired_leases", "gauge", "Tasks nobody holds any more.", (int64_t)stuck->leases);
	free(stuck);
	status_read_store(visit->db, &store);
	if (store.bytes > 0)
		plain(out, "vestnik_store_size_bytes", "gauge", "The store's file, or PostgreSQL's database.", store.bytes);
	if (store.path != NULL) {
		plain(out, "vestnik_store_log_size_bytes", "gauge", "The store's write-ahead log.", store.log_bytes);
		plain(out, "vestnik_store_free_bytes", "gauge", "Free on the store's disk.", store.free_bytes);
	}
	web_counts(visit->console->web, &web);
	plain(out, "vestnik_http_requests_total", "counter", "Requests to this console.", web.requests);
	plain(out, "vestnik_http_refused_requests_total", "counter", "Requests refused before a page looked at them.", web.refused);
	plain(out, "vestnik_http_reaped_connections_total", "counter", "Connections ended because they were too slow.", web.reaped);
	plain(out, "vestnik_http_connections", "gauge", "Connections now.", web.connections);
	plain(out, "vestnik_http_streams", "gauge", "Live pages now.", web.streams);
	return rc;
}

void page_metrics(struct visit *visit)
{
	struct buf out;
	struct error e = {0};
	buf_init(&out, METRICS_MAX_BYTES);
	family(&out, "vestnik_build_info", "gauge", "The program's version.");
	(void)buf_puts(&out, "vestnik_build_info");
	label(&out, '{', "version", VESTNIK_VERSION);
	(void)buf_puts(&out, "} 1\n");
	int rc = add_totals(visit, &out, &e);
	if (rc == 0)
		rc = add_services(visit, &out, &e);
	if (rc == 0)
		rc = add_bus(visit, &out, &e);
	if (rc == 0)
		rc = add_relays(visit, &out, &e);
	if (rc == 0)
		rc = add_rest(visit, &out, &e);
	if (rc == 0 && !buf_ok(&out))
		rc = error_set(&e, ERROR_FULL, "the metrics grew over %d bytes", METRICS_MAX_BYTES);
	if (rc == 0)
		web_reply(visit->request, 200, "text/plain; version=0.0.4; charset=utf-8", out.data, out.len);
	else
		web_reply_error(visit->request, &e);
	buf_fini(&out);
}
