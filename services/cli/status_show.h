/* The parts of `vestnik status` beside the services. Private to the command. */
#ifndef VESTNIK_CLI_STATUS_SHOW_H
#define VESTNIK_CLI_STATUS_SHOW_H

#include "cli/command.h"

/* Each prints lines, or objects with --json. status_show_bus: the outbox, gaps, topics that take
 * nothing; how many of these need a person, or -1. */
int status_show_bus(struct cli *cli, struct db *db, struct error *e);
void status_show_store(struct cli *cli, struct db *db);
int status_show_relays(struct cli *cli, struct db *db, struct error *e);
int status_show_campaigns(struct cli *cli, struct db *db, struct error *e);

#endif
