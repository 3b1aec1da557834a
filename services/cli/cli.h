/* The program's own state; commands see it through command.h only. */
#ifndef VESTNIK_CLI_CLI_H
#define VESTNIK_CLI_CLI_H

#include "cli/command.h"
#include "control/note.h"

struct cli {
	bool json;
	bool lang_given;
	const char *config;
	const struct command *command; /* the one that runs, for messages */
	struct settings *settings;
	struct db *db;
	struct bus *bus;
	struct ident_key key;
	bool key_loaded;
	char actor[128];
	char who_name[140];   /* "cli/root@host" */
	struct orderer who;   /* cli_audit.c; actor NULL until it is known */
	struct note note;     /* waits for the next commit */
};

/* Opens nothing. */
void cli_init(struct cli *cli);
void cli_fini(struct cli *cli);
/* Resources (cli_resources.c): closes what was opened. */
void cli_resources_close(struct cli *cli);

#endif
