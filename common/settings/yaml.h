/* YAML with positions (libyaml's document API): all mistakes at once, each with
 * line and column. Used by the settings and by campaign files. Duplicate keys,
 * anchors' bombs (bounded walk), bad UTF-8 and depth over 32 are problems. */
#ifndef VESTNIK_SETTINGS_YAML_H
#define VESTNIK_SETTINGS_YAML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/problem.h"

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_node {
	enum yaml_kind kind;
	int line, column;      /* from 1 */
	char *text;            /* scalar's value */
	bool quoted;           /* "no" in quotes is text, no without is a boolean */
	size_t count;          /* of items */
	struct yaml_node **item; /* list elements or map values */
	char **key;            /* of a map, in the file's order */
	int *key_line, *key_column;
	bool *used;            /* set by yaml_take: yaml_unknown reports the rest */
};

/* A file may have this many values in all, aliases counted as often as they are used. */
#define YAML_NODES_MAX 100000
#define YAML_DEPTH_MAX 32

#define YAML_FILE_MAX_BYTES (1024 * 1024)

/* NULL when it is not YAML (a problem was added). An empty file is an empty map. */
struct yaml_node *yaml_load_file(const char *path, struct problems *problems);
struct yaml_node *yaml_load_text(const char *file, const char *text, size_t len,
	struct problems *problems);
/* (libyaml itself exports a yaml_free: ours must be called something else.) */
void yaml_node_free(struct yaml_node **node);

/* Value of a key, marked as used; NULL when absent or null. */
struct yaml_node *yaml_take(struct yaml_node *map, const char *key);
/* A problem for every key of map that nobody took: "unknown key «x»; did you mean «y»? known: …". */
void yaml_unknown(const struct yaml_node *map, const char *file, const char *path,
	const char *const *known, struct problems *problems);
/* The word of a NULL-terminated list that somebody who wrote `word` meant, or NULL. */
const char *yaml_nearest(const char *word, const char *const *known);
bool yaml_is_null(const struct yaml_node *node);

#endif
