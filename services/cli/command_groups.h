/* The groups of commands in the order of `vestnik help`: one line each. */
COMMAND_GROUP(up_commands)
COMMAND_GROUP(webhook_commands)
COMMAND_GROUP(help_commands)
COMMAND_GROUP(completion_commands)
