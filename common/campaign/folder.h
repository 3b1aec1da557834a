/* A campaign's folder while and after it is read. Private to this room. */
#ifndef VESTNIK_CAMPAIGN_FOLDER_H
#define VESTNIK_CAMPAIGN_FOLDER_H

#include "base/ident.h"
#include "calendar/deadline.h"
#include "calendar/remind.h"
#include "calendar/step.h"
#include "campaign/audience.h"
#include "campaign/calendars.h"
#include "campaign/campaign.h"
#include "settings/yaml_read.h"

struct folder_file {
	char *name, *title, *media_type;
	char *data;
	size_t len;
	char hash[IDENT_HASH_SIZE];
};

/* A text: what `letters` or a stage names, or one of ours where nothing is named. */
struct folder_letter {
	char *name;            /* of the definition's steps: "first", "reminder", "first-2" */
	struct folder_file file;
	bool standard;         /* our own words */
	const struct yaml_node *node; /* while reading */
};
struct folder_step { /* of definition.steps, compiled */
	int step;
	struct letter *letter;
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
	struct folder_letter *letters;
	size_t letters_count;
	struct folder_step *step;
	size_t steps;
	char *public_url;      /* of the settings; NULL = no links */
	struct folder_file source; /* campaign.yaml itself, for copies and the case file */
	struct folder_file *attachment;
	size_t attachments;
	struct dataset *dataset[AUDIENCE_DATASETS_MAX]; /* in the order of definition.datasets */
	struct dataset *list;
	struct audience audience;
	bool audience_ready;
};

/* `ask` while it is read; what becomes of it stands in the definition. */
struct folder_ask {
	bool given;
	const struct yaml_node *node;
	const char *zone;
	enum deadline_if_off if_off;
	const struct yaml_node *deadline; /* NULL: not given */
	int32_t day;
	int minute;
	bool dated;            /* the deadline has a date, not only a time */
	bool cascade;
	struct step collect;   /* working days before the deadline */
	const struct yaml_node *collect_node;
	struct step remind[REMIND_STEPS_MAX];
	const char *remind_letter[REMIND_STEPS_MAX]; /* name in `letters` */
	const struct yaml_node *remind_node[REMIND_STEPS_MAX];
	size_t reminds;
	bool table;            /* a field is a table */
};

/* What is known only while reading. */
struct folder_reader {
	struct yaml_reader yaml;
	int64_t now_ms;        /* what is before it is past */
	bool rehearsal;        /* the past is nothing to complain of */
	struct db *db;         /* may be NULL */
	struct calendars *calendars;
	struct folder_ask ask;
	bool acknowledged;     /* somebody is to acknowledge */
	bool previous_unknown; /* the campaign it follows cannot be looked at: any field may be there */
	struct campaign_folder *folder;
	const struct settings *settings;
	struct yaml_node *root;
	/* places, for what is checked later against the directory */
	const struct yaml_node *audience_node, *list_node;
	const struct yaml_node *kinds, *regions, *municipalities, *keys;
	const struct yaml_node *dataset_node[AUDIENCE_DATASETS_MAX];
	const struct yaml_node *attachments_node;
	struct yaml_node *letters_node; /* `letters`; NULL */
};

/* folder_read.c, folder_read_audience.c, folder_read_send.c: the YAML file into folder->definition. */
void folder_read(struct folder_reader *r);
void folder_read_audience(struct folder_reader *r);
void folder_read_data(struct folder_reader *r);
void folder_read_send(struct folder_reader *r);
/* One audience's conditions into an object; roles and all but `list` as in `audience`. */
json_t *folder_audience_json(struct folder_reader *r, struct yaml_node *map, const char *path);
/* folder_document.c: requisites, people, what the campaign follows. */
void folder_read_document(struct folder_reader *r);
/* folder_ask.c: what is asked, who is to acknowledge. */
void folder_read_ask(struct folder_reader *r);
void folder_read_acknowledge(struct folder_reader *r);
/* folder_rounds.c: rounds and stages, and the letters' steps; after all other readers. */
void folder_read_rounds(struct folder_reader *r);
/* folder_rounds_check.c: what is late, what does not go and why. */
void folder_check_rounds(struct folder_reader *r);
/* folder_publish.c: whether and how it is published; what of its texts everybody would read. */
void folder_read_publish(struct folder_reader *r);
bool folder_publishes(const struct folder_reader *r);
void folder_check_publish(struct folder_reader *r);
/* folder_letters.c: texts into memory. find: NULL when there is none of that name. */
void folder_read_letters(struct folder_reader *r);
struct folder_letter *folder_letter_find(const struct campaign_folder *folder, const char *name);
/* A stage's text: a name of `letters`, or a file. Returns its name, or NULL and a problem. */
const char *folder_stage_letter(struct folder_reader *r, const struct yaml_node *node, const char *path);
/* Our own words for a kind of letter, unless the folder has some. */
void folder_standard_letter(struct folder_reader *r, const char *name, const char *kind);
const char *folder_standard_text(const char *kind, bool russian); /* standard_letters.c; NULL: none */
/* folder_files.c: attachments into memory. */
void folder_read_attachments(struct folder_reader *r);
void folder_read_source(struct campaign_folder *folder);
bool folder_load_file(struct folder_reader *r, const struct yaml_node *node, const char *path, int64_t most,
	struct folder_file *file);
/* folder_compile.c: each step's letter, and a trial of it. directory: it was looked at. */
struct folder_extras { /* further columns of the directory, as fields */
	char **name;
	size_t count;
	bool directory;
	bool trial; /* nothing was wrong so far */
};
void folder_compile(struct folder_reader *r, const struct folder_extras *extras);
/* What the mailer and the planner will add to a recipient's fields: the round, its deadline, links
 * that lead nowhere. New reference. */
json_t *folder_example_fields(const struct campaign_folder *folder, int step, const json_t *fields);
bool folder_letter_uses(const struct folder_letter *letter, const char *name);
/* Absolute path of a file inside the folder, or NULL and a problem. */
char *folder_inside(struct folder_reader *r, const struct yaml_node *node, const char *path);
char *folder_shown(const struct campaign_folder *folder, const char *file);
void folder_file_fini(struct folder_file *file);
/* folder_check.c: against the directory (db may be NULL), then the letters. */
void folder_check(struct folder_reader *r, struct db *db);
bool folder_directory_empty(struct db *db);
/* An audience over the folder's own data; filter as in audience_init. */
int folder_audience_init(const struct campaign_folder *folder, const json_t *filter, struct audience *audience,
	struct error *e);
/* folder_hash.c */
void folder_hash(struct campaign_folder *folder);

/* Helpers of the readers: the value of a key, NULL when absent or wrong. */
const char *folder_line(struct folder_reader *r, struct yaml_node *map, const char *key, const char *path);
void folder_put(json_t *object, const char *name, const char *value); /* NULL = not at all */
/* A map under a key; NULL when absent or not a map. */
struct yaml_node *folder_map(struct folder_reader *r, struct yaml_node *map, const char *key, const char *path);
/* The address at a node, or NULL and a problem. The caller frees. */
char *folder_address(struct folder_reader *r, const struct yaml_node *node, const char *path);
void folder_put_address(struct folder_reader *r, struct yaml_node *map, const char *path, json_t *object);
/* "18:00", "24:00" → minute of the day. */
bool folder_minute(const char *text, int *minute);
/* A date and time in the campaign's zone. */
bool folder_instant(struct folder_reader *r, const struct yaml_node *node, const char *path,
	const struct calendar_time *wall, int64_t *ms);
/* "at" of send or of a stage: date, and a time unless the hours give one; *ms, and the wall time as
 * text. false after a problem. */
bool folder_moment(struct folder_reader *r, const struct yaml_node *node, const char *path, int64_t *ms,
	char wall[static 40]);
/* "2023-05-15 10:00" at the node; has_time NULL: must have none. */
bool folder_date(struct folder_reader *r, const struct yaml_node *node, const char *path,
	struct calendar_time *out, bool *has_time);
__attribute__((format(printf, 5, 6))) void folder_warn(struct folder_reader *r,
	const struct yaml_node *node, const char *path, const char *hint, const char *fmt, ...);
__attribute__((format(printf, 5, 6))) void folder_info(struct folder_reader *r,
	const struct yaml_node *node, const char *path, const char *hint, const char *fmt, ...);
__attribute__((format(printf, 5, 6))) void folder_error(struct folder_reader *r,
	const struct yaml_node *node, const char *path, const char *hint, const char *fmt, ...);

#endif
