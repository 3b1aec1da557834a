/* One line of the delivery log on a terminal, for `vestnik log` and `delivery show`. */
#ifndef VESTNIK_CLI_LOG_LINE_H
#define VESTNIK_CLI_LOG_LINE_H

#include "cli/command.h"
#include "control/delivery_log.h"

json_t *log_line_json(const struct delivery_line *line);
/* "time key state address campaign relay: reply" */
void log_line_print(struct cli *cli, const struct delivery_line *line);
/* "relay: 250 2.0.0 ok"; rotating buffers of cli_clean. */
const char *log_line_reply(const struct delivery_line *line);

#endif
