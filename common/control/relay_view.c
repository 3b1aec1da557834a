#include "control/relay_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"

const char *relay_security_name(enum relay_security security)
{
	static const char *const names[] = {
		[RELAY_PLAIN] = "none", [RELAY_STARTTLS] = "starttls", [RELAY_TLS] = "tls"};
	return names[security];
}

const char *relay_rate_text(const struct settings_rate *rate, char text[static RELAY_RATE_SIZE])
{
	static const struct {
		int64_t ms;
		const char *unit;
	} units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "m"}, {1000, "s"}};
	text[0] = '\0';
	if (rate->count == 0)
		return text;
	for (size_t i = 0; i < 4; i++) {
		if (rate->per_ms % units[i].ms != 0)
			continue;
		int64_t n = rate->per_ms / units[i].ms;
		if (n == 1)
			snprintf(text, RELAY_RATE_SIZE, "%lld/%s", (long long)rate->count, units[i].unit);
		else
			snprintf(text, RELAY_RATE_SIZE, "%lld/%lld%s", (long long)rate->count, (long long)n,
				units[i].unit);
		return text;
	}
	snprintf(text, RELAY_RATE_SIZE, "%lld/%lldms", (long long)rate->count, (long long)rate->per_ms);
	return text;
}

json_t *relay_json(const struct settings_relay *r)
{
	char text[RELAY_RATE_SIZE];
	json_t *object = json_pack("{s:s, s:s, s:s, s:i, s:s, s:s, s:b, s:i, s:i, s:s, s:s}", "kind",
		"relay", "relay", r->name, "host", r->host, "port", r->port, "security",
		relay_security_name(r->security), "transport",
		r->transport == RELAY_LIBCURL ? "libcurl" : "libesmtp", "auth", r->user != NULL,
		"weight", r->weight, "connections", r->connections, "envelope",
		r->envelope == RELAY_VERP ? "verp" : "fixed", "reply",
		r->reply == RELAY_TAGGED ? "tagged" : "plain");
	if (r->rate.count > 0)
		json_object_set_new(object, "rate", json_string(relay_rate_text(&r->rate, text)));
	if (r->quota.count > 0)
		json_object_set_new(object, "quota", json_string(relay_rate_text(&r->quota, text)));
	if (r->envelope_sender != NULL)
		json_object_set_new(object, "envelope_sender", json_string(r->envelope_sender));
	return object;
}

const struct settings_relay *relay_named(const struct settings *settings, const char *name)
{
	for (size_t i = 0; i < settings->relays_count; i++)
		if (strcmp(settings->relays[i].name, name) == 0)
			return &settings->relays[i];
	return NULL;
}

int relay_view_read(struct db *db, const struct settings_relay *relay, struct relay_view *out, struct error *e)
{
	struct db_stmt *stmt;
	*out = (struct relay_view){.breaker = "closed"};
	if (db_query(db, &stmt, e,
		    "SELECT breaker, reason, parked_until_ms, window_start_ms, window_used, updated_ms FROM relay_state"
		    " WHERE relay = $1",
		    "s", relay->name) != 0)
		return -1;
	enum db_step step = db_step(stmt, e);
	if (step != DB_ROW)
		return step == DB_DONE ? 0 : -1;
	out->known = true;
	snprintf(out->breaker, sizeof out->breaker, "%s", db_text(stmt, 0));
	out->reason = xstrdup(db_text(stmt, 1));
	out->parked_until_ms = db_int(stmt, 2) > clock_now_ms() ? db_int(stmt, 2) : 0;
	out->window_start_ms = db_int(stmt, 3);
	out->window_used = db_int(stmt, 4);
	out->updated_ms = db_int(stmt, 5);
	db_reset(stmt);
	return 0;
}

void relay_view_fini(struct relay_view *view)
{
	free(view->reason);
	view->reason = NULL;
}
