#include "cli/cli_audit.h"

#include <stdio.h>

#include "audit/audit.h"
#include "store/again.h"

const char *cli_audit_actor(struct cli *cli, char out[static CLI_ACTOR_SIZE])
{
	(void)snprintf(out, CLI_ACTOR_SIZE, "cli/%s", cli_actor(cli));
	return out;
}

int cli_audit(struct cli *cli, struct db *tx, const char *action, const char *subject, json_t *facts, json_t *detail,
	struct error *e)
{
	char actor[CLI_ACTOR_SIZE];
	const struct audit_act act = {.actor = cli_audit_actor(cli, actor),
		.action = action,
		.subject = subject,
		.facts = facts,
		.detail = detail};
	int rc = audit_write(tx, cli_key(cli), &act, e);
	json_decref(facts);
	json_decref(detail);
	return rc;
}

int cli_transaction(struct cli *cli, int (*work)(void *arg, struct db *tx, struct error *e), void *arg)
{
	struct error e = {0};
	struct again again = {0};
	struct db *db = cli_open_store(cli);
	int rc;
	if (db == NULL || cli_key(cli) == NULL)
		return CLI_FAILED;
	do {
		rc = db_begin(db, DB_WRITE, &e);
		if (rc == 0)
			rc = work(arg, db, &e);
		if (rc == 0)
			rc = db_commit(db, DB_DURABLE, &e);
		else
			db_rollback(db);
	} while (rc != 0 && again_after_conflict(&again, &e));
	return rc == 0 ? CLI_DONE : cli_fail(cli, &e);
}
