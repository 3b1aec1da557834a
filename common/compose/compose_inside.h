/* What the files of this room share. */
#ifndef VESTNIK_COMPOSE_COMPOSE_INSIDE_H
#define VESTNIK_COMPOSE_COMPOSE_INSIDE_H

#include "compose/compose.h"
#include "compose/form.h"
#include "settings/yaml.h"

#define COMPOSE_YAML "campaign.yaml"
#define COMPOSE_FILES_MAX 60
#define COMPOSE_FILE_MAX_BYTES (100LL * 1000 * 1000)  /* as the folder's reader takes */
#define COMPOSE_TOTAL_MAX_BYTES (250LL * 1000 * 1000) /* of one composition */

/* ---- form_yaml.c: the form as campaign.yaml ---------------------------------------------- */

/* Which place of the form each line stands for: item[line - 1]. */
struct yaml_place {
	char *path;
	int column; /* where the value begins, in characters from 1: what stands before is a map's or a list's */
};
struct yaml_places {
	struct yaml_place *item;
	size_t count;
};
void yaml_places_fini(struct yaml_places *places);
int form_yaml(const json_t *form, const char *slug, struct buf *out, struct yaml_places *places, struct error *e);

/* ---- form_read.c: and back ---------------------------------------------------------------- */

/* The form a campaign.yaml says, without texts; *slug (may be NULL) gets its `campaign`. NULL: it says what a form cannot. letters: what
 * `letters` names, {"first": "letter.md"}; new references. */
json_t *form_of_yaml(const struct yaml_node *root, char **slug, json_t **letters);

/* ---- store.c, files.c ---------------------------------------------------------------------- */

/* A write: inside the caller's transaction, or one of its own. */
int compose_write(struct db *db, int (*work)(void *arg, struct db *tx, struct error *e), void *arg, struct error *e);
/* "data/schools.csv": segments that pass gate_file_name, at most 4. */
bool compose_name_ok(const char *name);
int compose_insert(struct db *tx, const char *slug, const json_t *form, const char *actor, struct error *e);
int compose_delete(struct db *tx, const char *slug, struct error *e);
/* Each file with its content; non-zero stops and is returned. */
int compose_each_file(struct db *db, const char *slug,
	int (*each)(void *arg, const char *name, const void *data, size_t len, struct error *e), void *arg, struct error *e);

/* ---- archive.c: a folder's parts -> a composition -------------------------------------------- */

struct part {
	char *name;
	char *data; /* a NUL after it */
	size_t len;
};
struct parts { /* owned */
	char *yaml;
	size_t yaml_len;
	struct part *item;
	size_t count;
};
void parts_add(struct parts *parts, const char *name, char *data, size_t len); /* takes data over */
void parts_fini(struct parts *parts);
/* folder.c: as compose_load. */
struct campaign_folder *compose_load_parts(struct db *db, const struct settings *settings, const struct parts *parts,
	struct problems *problems, struct error *e);
/* copy.c: what a stored campaign is made of, as it stands. parts_fini whatever came back. */
int parts_of_campaign(struct db *db, const struct settings *settings, const char *campaign, struct parts *parts,
	struct problems *problems, struct error *e);
/* wanted: its name; NULL: the one the text has, with a number behind it when that is taken. */
int compose_begin_parts(struct db *db, struct parts *parts, const char *wanted, const char *actor, char **slug,
	struct problems *problems, struct error *e);

#endif
