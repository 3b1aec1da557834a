#include "cli/cli_audit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/lang.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "settings/settings.h"
#include "store/again.h"

const char *cli_audit_actor(struct cli *cli, char out[static CLI_ACTOR_SIZE])
{
	(void)snprintf(out, CLI_ACTOR_SIZE, "cli/%s", cli_actor(cli));
	return out;
}

/* Fills cli->who without the bus. */
static int know_actor(struct cli *cli)
{
	const struct settings *settings = cli_settings(cli);
	if (settings == NULL)
		return CLI_FAILED;
	bool there = strcmp(settings->bus_url, "embedded") == 0 || access(settings->key_file, F_OK) == 0;
	const struct ident_key *key = there ? cli_key(cli) : NULL;
	if (there && key == NULL)
		return CLI_FAILED;
	if (!there && cli->who.actor == NULL)
		cli_warn(cli,
			tr("the audit log gets no entry of this: %s is not on this machine; copy it from one where services run",
				"в журнал действий это не попадёт: на этой машине нет %s; скопируйте его с машины, где работают службы"),
			settings->key_file);
	(void)cli_audit_actor(cli, cli->who_name);
	cli->who = (struct orderer){.settings = settings, .key = key, .bus = cli->bus, .actor = cli->who_name};
	return CLI_DONE;
}

const struct orderer *cli_orderer(struct cli *cli)
{
	return cli_open_bus(cli) != NULL && know_actor(cli) == CLI_DONE ? &cli->who : NULL;
}

int cli_audit(struct cli *cli, struct db *tx, const char *action, const char *subject, json_t *facts, json_t *detail,
	struct error *e)
{
	if (cli->who.actor == NULL && know_actor(cli) != CLI_DONE)
		return error_set(e, ERROR_INTERNAL, "%s", tr("there is no key", "нет ключа"));
	return note_write(&cli->who, tx, action, subject, facts, detail, e);
}

int cli_audit_next(struct cli *cli, const char *action, const char *subject, json_t *facts, json_t *detail)
{
	struct db *db = cli_open_store(cli);
	if (db == NULL || know_actor(cli) != CLI_DONE) {
		json_decref(facts);
		json_decref(detail);
		return CLI_FAILED;
	}
	note_end(&cli->note);
	note_begin(&cli->note, &cli->who, db, action, subject, facts, detail);
	return CLI_DONE;
}

int cli_transaction(struct cli *cli, int (*work)(void *arg, struct db *tx, struct error *e), void *arg)
{
	struct error e = {0};
	struct db *db = cli_open_store(cli);
	if (db == NULL || know_actor(cli) != CLI_DONE)
		return CLI_FAILED;
	return again_transact(db, work, arg, &e) == 0 ? CLI_DONE : cli_fail(cli, &e);
}
