/* `vestnik check-config`: are the settings right, and what do they amount to. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/url.h"
#include "cli/relay_text.h"
#include "settings/settings.h"

#define REFERENCE_MAX_BYTES (1024 * 1024)

static int print_reference(struct cli *cli)
{
	struct buf page;
	buf_init(&page, REFERENCE_MAX_BYTES);
	int rc = settings_reference(lang_get(), &page);
	if (rc == 0)
		fputs(buf_str(&page), stdout);
	buf_fini(&page);
	return rc == 0 ? CLI_DONE
		       : cli_failf(cli, ERROR_INTERNAL, "%s", tr("too long", "слишком длинно"));
}

static void print_settings(struct cli *cli, const struct settings *settings)
{
	char *store = url_shown(settings->store_url);
	if (cli_json(cli)) {
		cli_print_json(cli, json_pack("{s:s, s:s?, s:s, s:s, s:s, s:s, s:s}", "kind", "settings",
						"file", settings->file, "data_dir", settings->data_dir,
						"zone", settings->zone, "store", store, "bus", settings->bus_url,
						"sender", settings->sender.address != NULL
							? settings->sender.address
							: ""));
		free(store);
		return;
	}
	printf(tr("Settings: %s\n", "Настройки: %s\n"),
		settings->file != NULL ? settings->file : tr("built-in", "встроенные"));
	printf(tr("Data: %s\nZone: %s\n", "Данные: %s\nЧасовой пояс: %s\n"), settings->data_dir,
		settings->zone);
	printf(tr("Store: %s\nBus: %s\n", "Хранилище: %s\nШина: %s\n"), cli_clean(store),
		settings->bus_url);
	if (settings->sender.address != NULL)
		printf(tr("Sender: %s\n", "Отправитель: %s\n"), cli_clean(settings->sender.address));
	free(store);
}

static int check_config_run(struct cli *cli, const struct cli_args *args)
{
	struct problems problems = {0};
	if (cli_has(args, "reference"))
		return print_reference(cli);
	struct settings *checked = settings_load(cli_config_path(cli), &problems);
	bool good = checked != NULL;
	cli_problems(cli, &problems); /* warnings, too */
	problems_fini(&problems);
	settings_free(&checked);
	if (!good)
		return CLI_FAILED;
	const struct settings *settings = cli_settings(cli);
	/* The bus, too: of Kafka's properties only librdkafka knows whether they are right. */
	if (settings == NULL || cli_open_bus(cli) == NULL)
		return CLI_FAILED;
	print_settings(cli, settings);
	for (size_t i = 0; i < settings->relays_count; i++) {
		if (cli_json(cli))
			cli_print_json(cli, relay_json(&settings->relays[i]));
		else
			relay_print(&settings->relays[i]);
	}
	if (settings->relays_count == 0)
		cli_warn(cli, "%s",
			tr("no relay is set: nothing can be sent (relays: …)",
				"не задан ни один почтовый сервер: отправлять некуда (relays: …)"));
	if (!settings->sources_given && strncmp(settings->bus_url, "kafka:", strlen("kafka:")) == 0)
		cli_warn(cli, "%s",
			tr("whoever can write vestnik.tasks may ask for any letter and launch any campaign: "
			   "list who may ask for what (sources, docs/producers.md)",
				"кто может писать в vestnik.tasks, может попросить о любом письме и запустить "
				"любую рассылку: перечислите, кому что можно (sources, docs/producers.ru.md)"));
	if (!cli_json(cli))
		puts(tr("All is well.", "Всё в порядке."));
	return CLI_DONE;
}

static const struct cli_option check_config_options[] = {
	{"reference", 0, NULL, NULL, "prints every setting with its meaning (Markdown) instead",
		"вместо проверки печатает все настройки с объяснением (Markdown)"},
	{0}};

const struct command check_config_commands[] = {
	{"check-config", "checks the settings, opens the store, shows the relays",
		"проверяет настройки, открывает хранилище, показывает почтовые серверы",
		"In an empty database it makes the tables. Kafka is not asked: vestnik bus check.",
		"В пустой базе создаёт таблицы. К Kafka не обращается: vestnik bus check.", NULL,
		check_config_options, check_config_run},
	{0}};
