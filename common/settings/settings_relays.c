#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/lang.h"
#include "base/xalloc.h"
#include "settings/settings_table.h"

#define RELAYS_MAX 64
#define SHOWN_SIZE 32

static bool on_this_machine(const char *host)
{
	return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0 ||
	       strcmp(host, "localhost") == 0;
}

bool settings_has_key(const struct yaml_node *map, const char *key)
{
	for (size_t i = 0; map->kind == YAML_MAP && i < map->count; i++)
		if (strcmp(map->key[i], key) == 0)
			return true;
	return false;
}

/* What depends on other values of the same relay. */
static void complete(struct settings_relay *relay, bool security_given)
{
	if (!security_given)
		relay->security = relay->host != NULL && on_this_machine(relay->host)
					  ? RELAY_PLAIN
					  : RELAY_STARTTLS;
	if (relay->security == RELAY_TLS)
		relay->transport = RELAY_LIBCURL;
	if (relay->port == 0)
		relay->port = relay->security == RELAY_TLS ? 465 : relay->user != NULL ? 587 : 25;
	if (relay->quota.count == 0)
		relay->quota.per_ms = 0;
}

static void check(const struct settings_reader *reader, const struct yaml_node *node,
	const char *shown, const struct settings_relay *relay, const struct settings *settings)
{
	const struct yaml_reader *yaml = &reader->yaml;
	if (!settings_has_key(node, "name"))
		yaml_problem(yaml, PROBLEM_ERROR, node, shown, "name: main", "%s",
			tr("the relay has no name", "у сервера нет имени (name)"));
	if (!settings_has_key(node, "host"))
		yaml_problem(yaml, PROBLEM_ERROR, node, shown, "host: relay.example.org", "%s",
			tr("the relay has no host", "у сервера нет адреса (host)"));
	for (size_t i = 0; relay->name != NULL && i < settings->relays_count; i++)
		if (settings->relays[i].name != NULL &&
			strcmp(settings->relays[i].name, relay->name) == 0)
			yaml_problem(yaml, PROBLEM_ERROR, node, shown, NULL,
				tr("a second relay named %s", "второй сервер с именем %s"),
				relay->name);
	bool auth = settings_has_key(node, "auth");
	if (auth && relay->user == NULL)
		yaml_problem(yaml, PROBLEM_ERROR, node, shown, "auth: {user: …, password_file: …}",
			"%s", tr("auth has no user", "в auth нет user"));
	for (size_t i = 0; i < node->count; i++) {
		const struct yaml_node *map = node->item[i];
		if (strcmp(node->key[i], "auth") != 0 || map->kind != YAML_MAP)
			continue;
		bool file = settings_has_key(map, "password_file"), env = settings_has_key(map, "password_env");
		if (file == env)
			yaml_problem(yaml, PROBLEM_ERROR, map, shown,
				"password_file: relay.password", "%s",
				tr("want either password_file or password_env",
					"нужно одно из двух: password_file или password_env"));
	}
	if (auth && relay->security == RELAY_PLAIN && relay->host != NULL &&
		!on_this_machine(relay->host))
		yaml_problem(yaml, PROBLEM_ERROR, node, shown, "security: starttls", "%s",
			tr("a password would go over the network in the clear",
				"пароль пошёл бы по сети открытым текстом"));
}

static void read_relay(const struct settings_reader *reader, struct yaml_node *node, size_t number,
	struct settings *settings)
{
	char shown[SHOWN_SIZE];
	snprintf(shown, sizeof shown, "relays[%zu]", number);
	if (!yaml_as_map(&reader->yaml, node, shown))
		return;
	struct settings_relay *relay = &settings->relays[settings->relays_count];
	relay->line = node->line;
	settings_fallbacks(reader, settings_relay_rows, relay);
	settings_read_map(reader, settings_relay_rows, node, shown, relay);
	if (settings_has_key(node, "transport") && settings_has_key(node, "security") &&
		relay->security == RELAY_TLS && relay->transport == RELAY_LIBESMTP)
		yaml_problem(&reader->yaml, PROBLEM_ERROR, node, shown, "transport: libcurl", "%s",
			tr("libesmtp cannot do security: tls", "libesmtp не умеет security: tls"));
	complete(relay, settings_has_key(node, "security"));
	check(reader, node, shown, relay, settings);
	settings->relays_count++;
}

void settings_read_relays(const struct settings_reader *reader, const struct yaml_node *list,
	struct settings *settings)
{
	if (!yaml_as_list(&reader->yaml, list, "relays"))
		return;
	if (list->count > RELAYS_MAX) {
		yaml_problem(&reader->yaml, PROBLEM_ERROR, list, "relays", NULL,
			tr("more than %d relays", "больше %d серверов"), RELAYS_MAX);
		return;
	}
	settings->relays = xcalloc(list->count + 1, sizeof *settings->relays);
	for (size_t i = 0; i < list->count; i++)
		read_relay(reader, list->item[i], i, settings);
}

void settings_relay_fini(struct settings_relay *relay)
{
	free(relay->name);
	free(relay->host);
	free(relay->ca_file);
	free(relay->user);
	if (relay->password != NULL)
		explicit_bzero(relay->password, strlen(relay->password));
	free(relay->password);
	free(relay->envelope_sender);
	for (size_t i = 0; i < relay->senders_count; i++)
		free(relay->senders[i]);
	free(relay->senders);
}
