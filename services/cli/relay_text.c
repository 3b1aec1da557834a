#include "cli/relay_text.h"

#include <stdio.h>

const char *relay_security_name(enum relay_security security)
{
	static const char *const names[] = {
		[RELAY_PLAIN] = "none", [RELAY_STARTTLS] = "starttls", [RELAY_TLS] = "tls"};
	return names[security];
}

const char *relay_rate_text(const struct settings_rate *rate)
{
	char text[64];
	static const struct {
		int64_t ms;
		const char *unit;
	} units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "m"}, {1000, "s"}};
	if (rate->count == 0)
		return "";
	for (size_t i = 0; i < 4; i++) {
		if (rate->per_ms % units[i].ms != 0)
			continue;
		int64_t n = rate->per_ms / units[i].ms;
		if (n == 1)
			snprintf(text, sizeof text, "%lld/%s", (long long)rate->count, units[i].unit);
		else
			snprintf(text, sizeof text, "%lld/%lld%s", (long long)rate->count, (long long)n,
				units[i].unit);
		return cli_clean(text);
	}
	snprintf(text, sizeof text, "%lld/%lldms", (long long)rate->count, (long long)rate->per_ms);
	return cli_clean(text);
}

json_t *relay_json(const struct settings_relay *r)
{
	json_t *object = json_pack("{s:s, s:s, s:s, s:i, s:s, s:s, s:b, s:i, s:i, s:s, s:s}", "kind",
		"relay", "relay", r->name, "host", r->host, "port", r->port, "security",
		relay_security_name(r->security), "transport",
		r->transport == RELAY_LIBCURL ? "libcurl" : "libesmtp", "auth", r->user != NULL,
		"weight", r->weight, "connections", r->connections, "envelope",
		r->envelope == RELAY_VERP ? "verp" : "fixed", "reply",
		r->reply == RELAY_TAGGED ? "tagged" : "plain");
	if (r->rate.count > 0)
		json_object_set_new(object, "rate", json_string(relay_rate_text(&r->rate)));
	if (r->quota.count > 0)
		json_object_set_new(object, "quota", json_string(relay_rate_text(&r->quota)));
	if (r->envelope_sender != NULL)
		json_object_set_new(object, "envelope_sender", json_string(r->envelope_sender));
	return object;
}

void relay_print(const struct settings_relay *r)
{
	printf(tr("Relay %s: %s:%d, security %s, transport %s", "Сервер %s: %s:%d, защита %s, транспорт %s"),
		r->name, cli_clean(r->host), r->port, relay_security_name(r->security),
		r->transport == RELAY_LIBCURL ? "libcurl" : "libesmtp");
	if (r->user != NULL)
		printf(tr(", login %s", ", вход под %s"), cli_clean(r->user));
	printf(tr(", weight %d, connections %d", ", вес %d, соединений %d"), r->weight, r->connections);
	if (r->rate.count > 0)
		printf(tr(", rate %s", ", скорость %s"), relay_rate_text(&r->rate));
	if (r->quota.count > 0)
		printf(tr(", quota %s", ", квота %s"), relay_rate_text(&r->quota));
	printf(tr(", envelope %s", ", конверт %s"), r->envelope == RELAY_VERP ? "verp" : "fixed");
	if (r->envelope_sender != NULL)
		printf(" <%s>", cli_clean(r->envelope_sender));
	putchar('\n');
}
