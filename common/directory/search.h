/* Looking for organisations as people do: some words of the name, a key, an address; by place and kind.
 * Pages by id, whatever the size of the directory. */
#ifndef VESTNIK_DIRECTORY_SEARCH_H
#define VESTNIK_DIRECTORY_SEARCH_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "store/db.h"

struct search_filter { /* NULL or "" = any */
	const char *text;  /* beginnings of words, each somewhere in name, key or place; with an @: the beginning of an address */
	const char *kind, *region, *municipality;
	const char *parent; /* a key */
	int64_t after;     /* id of the last one seen */
	int64_t most;
};
struct search_found { /* valid during the call; "" = none */
	int64_t id;
	const char *key, *name, *kind, *region, *municipality;
	const char *address, *person; /* of the first contact */
	int64_t contacts;
	bool active;
};
/* In order of id (that of the sheets); non-zero stops. */
int search_each(struct db *db, const struct search_filter *filter, int (*each)(void *arg, const struct search_found *found),
	void *arg, struct error *e);
/* How many there are, counted up to `most`. */
int search_count(struct db *db, const struct search_filter *filter, int64_t *count, struct error *e);
/* Kinds, regions, or municipalities of the region there are, at most `most`, by their letters: new array of strings; NULL on
 * error. */
enum search_place { SEARCH_KINDS, SEARCH_REGIONS, SEARCH_MUNICIPALITIES };
json_t *search_values(struct db *db, enum search_place place, const char *region, int64_t most, struct error *e);

/* What stands in organisation.search. The caller frees. */
char *search_text(const char *name, const char *key, const char *municipality, const char *region);
/* Makes it for at most `most` rows that have none: they are older than the column and not found. In a transaction of its
 * own; *left: there are more. */
int search_fill(struct db *db, int64_t most, bool *left, struct error *e);

/* «школа» for "school", tr(); a slug of the ministry's own as it is. */
const char *kind_shown(const char *kind);
/* «руководитель» for "head". */
const char *role_shown(const char *role);

#endif
