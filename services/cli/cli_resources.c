/* Store and bus: opened when a command first asks for them. */
#include "bus/bus.h"
#include "cli/cli.h"
#include "settings/settings.h"
#include "store/db.h"
#include "store/schema.h"

struct db *cli_open_store(struct cli *cli)
{
	const struct settings *settings = cli_settings(cli);
	struct error e;
	if (settings == NULL)
		return NULL;
	if (cli->db != NULL)
		return cli->db;
	if (settings_make_folder(settings->data_dir, &e) != 0 ||
		db_open(&cli->db, settings->store_url, &e) != 0 ||
		schema_migrate(cli->db, &e) != 0) {
		cli_fail(cli, &e);
		db_close(&cli->db);
		return NULL;
	}
	return cli->db;
}

struct bus *cli_open_bus(struct cli *cli)
{
	struct error e;
	if (cli->bus != NULL)
		return cli->bus;
	if (cli_open_store(cli) == NULL)
		return NULL;
	const struct bus_config config = {.url = cli->settings->bus_url,
		.store_url = cli->settings->store_url,
		.client_id = "vestnik",
		.properties = (const char *const *)cli->settings->kafka};
	if (bus_open(&cli->bus, &config, &e) != 0) {
		cli_fail(cli, &e);
		return NULL;
	}
	return cli->bus;
}

void cli_resources_close(struct cli *cli)
{
	note_end(&cli->note);
	bus_close(&cli->bus);
	db_close(&cli->db);
}
