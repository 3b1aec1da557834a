#ifndef VESTNIK_CLI_CMD_DIRECTORY_IMPORT_H
#define VESTNIK_CLI_CMD_DIRECTORY_IMPORT_H

#include "cli/command.h"

extern const struct cli_operand directory_import_operands[];
extern const struct cli_option directory_import_options[];
int directory_import_run(struct cli *cli, const struct cli_args *args);

#endif
