/* A campaign's folder as the commands have it: named by an operand, checked, with its audience. */
#ifndef VESTNIK_CLI_FOLDER_OPEN_H
#define VESTNIK_CLI_FOLDER_OPEN_H

#include "campaign/campaign.h"
#include "cli/command.h"

/* A folder stands for the campaign.yaml in it. The caller frees. */
char *folder_yaml(const char *path);

struct opened_folder {
	struct db *db;
	const struct settings *settings;
	struct campaign_folder *folder;
	int64_t count, collected; /* collected: organisations asked through the recipients */
	struct campaign_recipient *sample; /* the first of the audience; not empty */
	size_t samples;
};
/* Of the first operand. CLI_DONE, or what the command is to return: problems were printed. Close it in either case. */
int folder_open(struct cli *cli, const struct cli_args *args, struct opened_folder *o);
void folder_close(struct opened_folder *o);

/* Whom the letter is shown for: --for, else the first of the audience. *own holds the first, fini it. */
int folder_choose(struct cli *cli, const struct cli_args *args, struct opened_folder *o, struct campaign_recipient *own,
	const struct campaign_recipient **out);
/* «10 адресатов, через них ещё 100 организаций». The caller frees. */
char *folder_whom(const struct opened_folder *o);
void folder_print_summary(const struct opened_folder *o);
json_t *folder_summary_json(const struct opened_folder *o);

#endif
