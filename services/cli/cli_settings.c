/* Settings and key: read when a command first asks for them. */
#include "base/lang.h"
#include "cli/cli.h"
#include "settings/settings.h"

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

const struct ident_key *cli_key(struct cli *cli)
{
	struct error e;
	const struct settings *settings = cli_settings(cli);
	if (settings == NULL)
		return NULL;
	if (!cli->key_loaded) {
		if (settings_make_folder(settings->data_dir, &e) != 0 ||
			ident_key_load(settings->key_file, &cli->key, &e) != 0) {
			cli_fail(cli, &e);
			return NULL;
		}
		cli->key_loaded = true;
	}
	return &cli->key;
}
