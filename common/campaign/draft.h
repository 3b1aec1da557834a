/* Rows of a campaign's parts. Private to this room. */
#ifndef VESTNIK_CAMPAIGN_DRAFT_H
#define VESTNIK_CAMPAIGN_DRAFT_H

#include <stdio.h>

#include "campaign/folder.h"

struct draft_row {
	const char *slug, *kind, *title, *hash, *sender, *state, *actor;
	const json_t *definition;
	int priority;
	bool hold;
	int64_t not_after_ms; /* TIME_NEVER_MS = none */
};
struct draft_file {
	const char *name, *title, *media_type, *hash;
	const void *data;
	size_t len;
};

/* All inside the caller's transaction. */
int draft_insert(struct db *tx, const struct draft_row *row, int64_t *id, struct error *e);
int draft_file(struct db *tx, int64_t id, const char *purpose, int position,
	const struct draft_file *file, struct error *e);
int draft_data(struct db *tx, int64_t id, const char *dataset, const char *key, const char *fields,
	struct error *e);

#endif
