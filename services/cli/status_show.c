/* The parts of `vestnik status` beside the services: bus, store, relays, campaigns. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/url.h"
#include "base/xalloc.h"
#include "bus/bus.h"
#include "cli/status_show.h"
#include "control/relay_view.h"
#include "control/status.h"
#include "message/status.h"
#include "settings/settings.h"
#include "store/db.h"

#define STOPS_MOST 16 /* there are five topics */
#define GAPS_MOST 10 /* the newest */
#define CAMPAIGNS_MOST 20 /* running or paused ones shown; `campaign list` has all */

/* ---- bus ------------------------------------------------------------------------------ */

/* Topics that take nothing, because a service is too far behind. How many, or -1. */
static int show_stops(struct cli *cli, struct db *db, struct error *e)
{
	struct bus_stop stops[STOPS_MOST];
	char text[BUS_STOP_TEXT_SIZE];
	int count = bus_stops(db, stops, STOPS_MOST, e);
	for (int i = 0; i < count; i++) {
		const struct bus_stop *s = &stops[i];
		if (cli_json(cli))
			cli_print_json(cli, json_pack("{s:s, s:s, s:s, s:I, s:I, s:s}", "kind", "stopped-topic",
							"topic", s->topic, "behind", s->group, "messages",
							(json_int_t)s->messages, "bytes", (json_int_t)s->bytes,
							"since", cli_rfc3339(s->since_ms)));
		else
			printf(tr("Bus: %s (since %s)\n", "Шина: %s (с %s)\n"), bus_stop_text(s, text),
				cli_time(cli, s->since_ms));
	}
	return count;
}

/* What was published and is not on Kafka yet. 1 when a person is needed. */
static int show_outbox(struct cli *cli, struct db *db, struct error *e)
{
	struct bus_waiting waiting;
	if (bus_waiting(db, &waiting, e) != 0)
		return -1;
	if (waiting.messages == 0 && waiting.refused == 0)
		return 0;
	if (cli_json(cli)) {
		json_t *object = json_pack("{s:s, s:I, s:I}", "kind", "outbox", "messages",
			(json_int_t)waiting.messages, "refused", (json_int_t)waiting.refused);
		if (waiting.oldest_ms > 0)
			json_object_set_new(object, "oldest", json_string(cli_rfc3339(waiting.oldest_ms)));
		if (waiting.refused > 0)
			json_object_set_new(object, "why", json_string(waiting.refused_why));
		cli_print_json(cli, object);
		return waiting.refused > 0;
	}
	if (waiting.messages > 0)
		printf(tr("Outbox: messages waiting for Kafka: %s, the oldest since %s\n",
			       "Исходящие: сообщений ждёт Kafka: %s, старейшее с %s\n"),
			cli_thousands(waiting.messages), cli_time(cli, waiting.oldest_ms));
	if (waiting.refused > 0)
		printf(tr("Outbox: Kafka refused %s messages for good: %s\n",
			       "Исходящие: Kafka окончательно отвергла сообщений: %s: %s\n"),
			cli_thousands(waiting.refused), cli_clean(waiting.refused_why));
	return waiting.refused > 0;
}

/* Messages a group will never read. They are history: said, and nobody is needed now. */
static int show_gaps(struct cli *cli, struct db *db, struct error *e)
{
	struct bus_gap gaps[GAPS_MOST];
	int count = bus_gaps(db, gaps, GAPS_MOST, e);
	for (int i = 0; i < count; i++) {
		const struct bus_gap *g = &gaps[i];
		if (cli_json(cli))
			cli_print_json(cli, json_pack("{s:s, s:s, s:s, s:i, s:I, s:I, s:s}", "kind", "gap", "topic",
							g->topic, "group", g->group, "partition", (int)g->partition,
							"from", (json_int_t)g->from, "to", (json_int_t)g->to, "noticed",
							cli_rfc3339(g->noticed_ms)));
		else
			printf(tr("Bus: %s never read %s messages of %s: retention had passed them (noticed %s)\n",
				       "Шина: %s не прочла сообщений: %s, тема %s: истёк срок хранения (замечено %s)\n"),
				g->group, cli_thousands(g->to - g->from + 1), g->topic,
				cli_time(cli, g->noticed_ms));
	}
	return count < 0 ? -1 : 0;
}

int status_show_bus(struct cli *cli, struct db *db, struct error *e)
{
	int refused = show_outbox(cli, db, e), stops = refused < 0 ? -1 : show_stops(cli, db, e);
	return stops < 0 || show_gaps(cli, db, e) < 0 ? -1 : stops + refused;
}

/* ---- store, relays, campaigns ------------------------------------------------------ */

void status_show_store(struct cli *cli, struct db *db)
{
	struct status_store store;
	char *shown = url_shown(db_url(db));
	status_read_store(db, &store);
	if (cli_json(cli))
		cli_print_json(cli, json_pack("{s:s, s:s, s:I, s:I, s:I}", "kind", "store", "url",
						shown, "bytes",
						(json_int_t)store.bytes, "log_bytes", (json_int_t)store.log_bytes,
						"free_bytes", (json_int_t)store.free_bytes));
	else if (store.path != NULL)
		printf(tr("Store: %s, %s (write-ahead log %s), free on disk: %s\n",
			       "Хранилище: %s, %s (журнал записи %s), свободно на диске: %s\n"),
			store.path, cli_size(store.bytes), cli_size(store.log_bytes), cli_size(store.free_bytes));
	else
		printf(tr("Store: %s, %s\n", "Хранилище: %s, %s\n"), cli_clean(shown), cli_size(store.bytes));
	free(shown);
}

int status_show_relays(struct cli *cli, struct db *db, struct error *e)
{
	const struct settings *settings = cli_settings(cli);
	for (size_t i = 0; i < settings->relays_count; i++) {
		const struct settings_relay *relay = &settings->relays[i];
		struct relay_view view;
		if (relay_view_read(db, relay, &view, e) != 0)
			return -1;
		const char *breaker = view.breaker, *reason = view.reason;
		int64_t parked = view.parked_until_ms, used = view.window_used;
		if (cli_json(cli)) {
			json_t *object = json_pack("{s:s, s:s, s:s, s:I}", "kind", "relay", "relay",
				relay->name, "breaker", breaker, "quota_used", (json_int_t)used);
			if (relay->quota.count > 0)
				json_object_set_new(object, "quota", json_integer(relay->quota.count));
			if (parked > 0)
				json_object_set_new(object, "parked_until", json_string(cli_rfc3339(parked)));
			if (reason != NULL && reason[0] != '\0')
				json_object_set_new(object, "reason", json_string(reason));
			cli_print_json(cli, object);
		} else {
			bool closed = strcmp(breaker, "closed") == 0;
			printf(tr("Relay %s: %s", "Сервер %s: %s"), relay->name,
				closed ? tr("in use", "в работе")
				       : tr("left alone after failures", "временно не используется из-за сбоев"));
			if (relay->quota.count > 0)
				printf(tr(", %lld of %lld letters of its quota used",
					       ", израсходовано писем по квоте: %lld из %lld"),
					(long long)used, (long long)relay->quota.count);
			if (parked > 0)
				printf(tr(", parked until %s", ", на паузе до %s"), cli_time(cli, parked));
			if ((!closed || parked > 0) && reason != NULL)
				printf(" — %s", cli_clean(reason));
			putchar('\n');
		}
		relay_view_fini(&view);
	}
	if (settings->relays_count == 0 && !cli_json(cli))
		puts(tr("No relay is set: nothing can be sent (settings: relays)",
			"Не задан ни один почтовый сервер: отправлять некуда (настройки: relays)"));
	return 0;
}

struct campaign_line {
	int64_t total, done, failed;
	char *slug, *title, *state, *reason;
};

/* Read whole before anything is printed: a slow terminal must not hold a read open. */
static int read_campaigns(struct db *db, struct campaign_line *lines, size_t *count, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step;
	if (db_query(db, &stmt, e,
		    "SELECT c.slug, c.title, c.state, c.state_reason, c.total, "
		    "(SELECT COALESCE(SUM(n), 0) FROM counter k WHERE k.campaign = c.id AND "
		    "k.state IN (5, 6, 7)), "
		    "(SELECT COALESCE(SUM(n), 0) FROM counter k WHERE k.campaign = c.id AND "
		    "k.state IN (2, 8)) "
		    "FROM campaign c WHERE c.state IN ('running', 'paused') AND c.kind = 'campaign' "
		    "ORDER BY c.id DESC LIMIT $1",
		    "i", (int64_t)CAMPAIGNS_MOST) != 0)
		return -1;
	*count = 0;
	while ((step = db_step(stmt, e)) == DB_ROW)
		lines[(*count)++] = (struct campaign_line){.slug = xstrdup(db_text(stmt, 0)),
			.title = xstrdup(db_text(stmt, 1)),
			.state = xstrdup(db_text(stmt, 2)),
			.reason = xstrdup(db_text(stmt, 3)),
			.total = db_int(stmt, 4),
			.done = db_int(stmt, 5),
			.failed = db_int(stmt, 6)};
	return step == DB_FAILED ? -1 : 0;
}

static void show_campaign(struct cli *cli, const struct campaign_line *c)
{
	if (cli_json(cli)) {
		json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I}", "kind", "campaign",
			"campaign", c->slug, "title", c->title, "state", c->state, "total",
			(json_int_t)c->total, "accepted", (json_int_t)c->done, "failed",
			(json_int_t)c->failed);
		if (c->reason != NULL && c->reason[0] != '\0')
			json_object_set_new(object, "reason", json_string(c->reason));
		cli_print_json(cli, object);
		return;
	}
	bool paused = strcmp(c->state, "paused") == 0;
	printf(tr("Campaign %s: %s, %s of %s accepted", "Рассылка %s: %s, принято %s из %s"),
		cli_clean(c->slug), paused ? tr("paused", "приостановлена") : tr("running", "идёт"),
		cli_thousands(c->done), cli_thousands(c->total));
	if (c->failed > 0)
		printf(tr(", %s failed or uncertain", ", отказов и неясных: %s"), cli_thousands(c->failed));
	if (paused && c->reason != NULL)
		printf(" — %s", cli_clean(c->reason));
	putchar('\n');
}

int status_show_campaigns(struct cli *cli, struct db *db, struct error *e)
{
	struct campaign_line lines[CAMPAIGNS_MOST];
	size_t count = 0;
	int rc = read_campaigns(db, lines, &count, e);
	for (size_t i = 0; i < count; i++) {
		show_campaign(cli, &lines[i]);
		free(lines[i].slug);
		free(lines[i].title);
		free(lines[i].state);
		free(lines[i].reason);
	}
	return rc;
}
