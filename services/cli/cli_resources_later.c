/* Stands in for cli_resources.c until the rooms settings, store and bus are there. */
#include "cli/cli.h"

static void *missing(struct cli *cli)
{
	(void)cli_failf(cli, ERROR_UNAVAILABLE, "not built with a store");
	return NULL;
}

const struct settings *cli_settings(struct cli *cli)
{
	return missing(cli);
}

struct db *cli_open_store(struct cli *cli)
{
	return missing(cli);
}

struct bus *cli_open_bus(struct cli *cli)
{
	return missing(cli);
}

const struct ident_key *cli_key(struct cli *cli)
{
	return missing(cli);
}

void cli_resources_close(struct cli *cli)
{
	(void)cli;
}
