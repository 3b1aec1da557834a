/* All rows of an import between reading and storing: the rows in an unlinked
 * temporary file, in memory only 16 bytes a row and an index of the keys. */
#ifndef VESTNIK_DIRECTORY_STAGING_H
#define VESTNIK_DIRECTORY_STAGING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "directory/record.h"

enum staged_state {
	STAGED_GOOD,
	STAGED_BAD,       /* its trouble stands in the record */
	STAGED_ORPHAN,    /* the organisation above it is unknown */
	STAGED_CIRCLE,    /* it stands above itself, some steps away */
	/* compared with the store: */
	STAGED_ADDED, STAGED_CHANGED, STAGED_UNCHANGED
};

struct staging;
#define STAGING_NONE SIZE_MAX

int staging_new(struct staging **out, struct error *e);
void staging_free(struct staging **staging);
/* Takes the row; its key counts from now on unless `indexed` is false (a row
 * whose key is empty or taken). */
int staging_add(struct staging *staging, const struct record *record, bool indexed, struct error *e);
/* No more rows come. After this staging_get cannot fail. */
int staging_seal(struct staging *staging, struct error *e);
/* Row with this key, STAGING_NONE when there is none. */
size_t staging_find(struct staging *staging, const char *key);
/* Line of a row. */
int staging_line(const struct staging *staging, size_t row);
size_t staging_count(const struct staging *staging);
/* The row, once sealed; valid as long as the staging. */
void staging_get(struct staging *staging, size_t row, struct record *record);
enum staged_state staging_state(const struct staging *staging, size_t row);
void staging_set_state(struct staging *staging, size_t row, enum staged_state state);

#endif
