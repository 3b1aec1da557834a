/* From argv to a command and its arguments. */
#ifndef VESTNIK_CLI_COMMAND_ARGS_H
#define VESTNIK_CLI_COMMAND_ARGS_H

#include "cli/command.h"

struct cli_args {
	const struct command *command;
	struct cli_given {
		const struct cli_option *option;
		const char *value; /* NULL = a flag */
	} *given;
	size_t given_count;
	const char **operand;
	size_t operand_count;
};

/* Fills cli's global options and args. CLI_DONE: run args->command; when
 * *shown is set, help was printed and nothing is left to do. Anything else:
 * reported, exit with it. */
int command_parse(struct cli *cli, int argc, char **argv, struct cli_args *args, bool *shown);
void command_args_fini(struct cli_args *args);

#endif
