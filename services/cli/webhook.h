/* The commands of `vestnik webhook` that look at messages (webhook_log.c); the
 * table and the rest are in cmd_webhook.c. */
#ifndef VESTNIK_CLI_WEBHOOK_H
#define VESTNIK_CLI_WEBHOOK_H

#include "cli/command.h"

int webhook_test_run(struct cli *cli, const struct cli_args *args);
int webhook_attempts_run(struct cli *cli, const struct cli_args *args);
int webhook_replay_run(struct cli *cli, const struct cli_args *args);

#endif
