/* What a command changes stands in the audit log, in the same transaction. */
#ifndef VESTNIK_CLI_CLI_AUDIT_H
#define VESTNIK_CLI_CLI_AUDIT_H

#include <jansson.h>

#include "cli/command.h"
#include "control/order.h"
#include "store/db.h"

/* "cli/root@host". */
#define CLI_ACTOR_SIZE 140
const char *cli_audit_actor(struct cli *cli, char out[static CLI_ACTOR_SIZE]);
/* Inside tx. facts, detail (what names a person): taken over, may be NULL. cli_key(cli) was loaded before. */
int cli_audit(struct cli *cli, struct db *tx, const char *action, const char *subject, json_t *facts, json_t *detail,
	struct error *e);
/* The same for a change whose function begins and commits by itself: the entry is written in the next
 * write transaction that commits on the store (db_in_commit), which is the change. Another call takes its place.
 * CLI_FAILED: store or key cannot be opened, reported. */
int cli_audit_next(struct cli *cli, const char *action, const char *subject, json_t *facts, json_t *detail);
/* Who orders (control/order.h); with the bus. NULL: reported. Where several machines share a bus the key comes from
 * another one: none is made here, and without it nothing is noted. */
const struct orderer *cli_orderer(struct cli *cli);
/* Opens store and key, then work(arg, tx) in a durable write transaction, done again after a conflict. Says what went
 * wrong itself: CLI_DONE or CLI_FAILED. */
int cli_transaction(struct cli *cli, int (*work)(void *arg, struct db *tx, struct error *e), void *arg);

#endif
