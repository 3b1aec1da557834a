/* Where a campaign's file is. */
#ifndef VESTNIK_CLI_FOLDER_PATH_H
#define VESTNIK_CLI_FOLDER_PATH_H

/* A folder stands for the campaign.yaml in it. The caller frees. */
char *folder_yaml(const char *path);

#endif
