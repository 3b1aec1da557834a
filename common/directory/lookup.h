/* Reading the directory back: lists, one organisation, export. */
#ifndef VESTNIK_DIRECTORY_LOOKUP_H
#define VESTNIK_DIRECTORY_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "store/db.h"

#define LOOKUP_CONTACTS_MAX 32

struct lookup_contact {
	int64_t id;
	const char *role, *name, *position, *address, *phone; /* "" = none */
	bool active;
};

struct lookup_organisation { /* valid during the call; "" = none */
	int64_t id;
	const char *key, *parent, *kind, *name, *region, *municipality, *zone, *extra;
	bool active;
	int64_t revision, updated_ms;
	struct lookup_contact contact[LOOKUP_CONTACTS_MAX];
	size_t contacts;
};

struct lookup_filter { /* NULL = any */
	const char *key, *kind, *region, *municipality, *parent;
	const char *address; /* of an active contact */
	int64_t after;       /* only ids beyond: the next page; not with key or address */
};

/* In order of id, in short read transactions; each returns non-zero to stop. */
int lookup_each(struct db *db, const struct lookup_filter *filter,
	int (*each)(void *arg, const struct lookup_organisation *organisation), void *arg,
	struct error *e);

/* The directory as a CSV sheet directory_import understands (`;`, UTF-8 with
 * BOM, CR LF: what Excel opens). Contacts of roles that no column title stands
 * for are counted in *left_out. */
int lookup_export(struct db *db, FILE *out, int64_t *organisations, int64_t *left_out,
	struct error *e);

#endif
