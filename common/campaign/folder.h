/* A campaign's folder while and after it is read. Private to this room. */
#ifndef VESTNIK_CAMPAIGN_FOLDER_H
#define VESTNIK_CAMPAIGN_FOLDER_H

#include "base/ident.h"
#include "calendar/calendar.h"
#include "campaign/audience.h"
#include "campaign/campaign.h"
#include "settings/yaml_read.h"

struct folder_file {
	char *name, *title, *media_type;
	char *data;
	size_t len;
	char hash[IDENT_HASH_SIZE];
};

struct campaign_folder {
	char *path;            /* of the YAML file, as given */
	char *shown;           /* its folder as given, with a slash, or "" */
	char *real;            /* its folder, absolute and without links */
	json_t *definition;
	char *slug, *title, *sender;
	char hash[IDENT_HASH_SIZE];
	int64_t not_after_ms;  /* TIME_NEVER_MS = none */
	bool hold;
	struct folder_file first; /* name: the file's, as given */
	struct folder_file *attachment;
	size_t attachments;
	struct dataset *dataset[AUDIENCE_DATASETS_MAX]; /* in the order of definition.datasets */
	struct dataset *list;
	struct audience audience;
	bool audience_ready;
	struct letter *letter;
};

/* What is known only while reading. */
struct folder_reader {
	struct yaml_reader yaml;
	struct campaign_folder *folder;
	const struct settings *settings;
	struct yaml_node *root;
	/* places, for what is checked later against the directory */
	const struct yaml_node *audience_node, *where_node, *list_node;
	const struct yaml_node *kinds, *regions, *municipalities, *keys;
	const struct yaml_node *dataset_node[AUDIENCE_DATASETS_MAX];
	const struct yaml_node *letter_node;
};

/* folder_read.c, folder_read_audience.c, folder_read_send.c: the YAML file into folder->definition. */
void folder_read(struct folder_reader *r);
void folder_read_audience(struct folder_reader *r);
void folder_read_data(struct folder_reader *r);
void folder_read_send(struct folder_reader *r);
/* folder_files.c: letter and attachments into memory. */
void folder_read_files(struct folder_reader *r);
/* Absolute path of a file inside the folder, or NULL and a problem. */
char *folder_inside(struct folder_reader *r, const struct yaml_node *node, const char *path);
char *folder_shown(const struct campaign_folder *folder, const char *file);
void folder_file_fini(struct folder_file *file);
/* folder_check.c: against the directory (db may be NULL), then the letter. */
void folder_check(struct folder_reader *r, struct db *db);
/* folder_hash.c */
void folder_hash(struct campaign_folder *folder);

/* Helpers of the readers: the value of a key, NULL when absent or wrong. */
const char *folder_line(struct folder_reader *r, struct yaml_node *map, const char *key, const char *path);
void folder_put(json_t *object, const char *name, const char *value); /* NULL = not at all */
/* "2023-05-15 10:00" at the node; has_time NULL: must have none. */
bool folder_date(struct folder_reader *r, const struct yaml_node *node, const char *path,
	struct calendar_time *out, bool *has_time);
__attribute__((format(printf, 5, 6))) void folder_error(struct folder_reader *r,
	const struct yaml_node *node, const char *path, const char *hint, const char *fmt, ...);

#endif
