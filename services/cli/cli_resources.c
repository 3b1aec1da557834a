/* Settings, store, bus, key: opened when a command first asks for them. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/lang.h"
#include "bus/bus.h"
#include "cli/cli.h"
#include "settings/settings.h"
#include "store/db.h"
#include "store/schema.h"

const struct settings *cli_settings(struct cli *cli)
{
	if (cli->settings != NULL)
		return cli->settings;
	struct problems problems = {0};
	cli->settings = settings_load(cli->config, &problems);
	if (cli->settings == NULL)
		cli_problems(cli, &problems);
	else if (!cli->lang_given)
		lang_set(cli->settings->lang);
	problems_fini(&problems);
	return cli->settings;
}

/* Letters and addresses of people stand in it: nobody else's business. */
static int make_private_folder(const char *path, struct error *e)
{
	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		return 0;
	return error_errno(e, "%s", path);
}

struct db *cli_open_store(struct cli *cli)
{
	const struct settings *settings = cli_settings(cli);
	struct error e;
	if (settings == NULL)
		return NULL;
	if (cli->db != NULL)
		return cli->db;
	if (make_private_folder(settings->data_dir, &e) != 0 ||
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
	const struct bus_config config = {
		cli->settings->bus_url, cli->settings->store_url, "vestnik"};
	if (bus_open(&cli->bus, &config, &e) != 0) {
		cli_fail(cli, &e);
		return NULL;
	}
	return cli->bus;
}

const struct ident_key *cli_key(struct cli *cli)
{
	struct error e;
	const struct settings *settings = cli_settings(cli);
	if (settings == NULL)
		return NULL;
	if (!cli->key_loaded) {
		if (make_private_folder(settings->data_dir, &e) != 0 ||
			ident_key_load(settings->key_file, &cli->key, &e) != 0) {
			cli_fail(cli, &e);
			return NULL;
		}
		cli->key_loaded = true;
	}
	return &cli->key;
}

void cli_resources_close(struct cli *cli)
{
	bus_close(&cli->bus);
	db_close(&cli->db);
	settings_free(&cli->settings);
}
