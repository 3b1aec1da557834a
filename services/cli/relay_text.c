#include "cli/relay_text.h"

#include <stdio.h>

void relay_print(const struct settings_relay *r)
{
	char text[RELAY_RATE_SIZE];
	printf(tr("Relay %s: %s:%d, security %s, transport %s", "Сервер %s: %s:%d, защита %s, транспорт %s"),
		r->name, cli_clean(r->host), r->port, relay_security_name(r->security),
		r->transport == RELAY_LIBCURL ? "libcurl" : "libesmtp");
	if (r->user != NULL)
		printf(tr(", login %s", ", вход под %s"), cli_clean(r->user));
	printf(tr(", weight %d, connections %d", ", вес %d, соединений %d"), r->weight, r->connections);
	if (r->rate.count > 0)
		printf(tr(", rate %s", ", скорость %s"), relay_rate_text(&r->rate, text));
	if (r->quota.count > 0)
		printf(tr(", quota %s", ", квота %s"), relay_rate_text(&r->quota, text));
	printf(tr(", envelope %s", ", конверт %s"), r->envelope == RELAY_VERP ? "verp" : "fixed");
	if (r->envelope_sender != NULL)
		printf(" <%s>", cli_clean(r->envelope_sender));
	putchar('\n');
}
