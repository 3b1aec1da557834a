/* What people have said «responsible» texts mean: table responsible. */
#ifndef VESTNIK_ROADMAP_MEMORY_H
#define VESTNIK_ROADMAP_MEMORY_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "roadmap/responsible.h"
#include "store/db.h"

enum responsible_kind {
	RESPONSIBLE_RECIPIENTS,
	RESPONSIBLE_DEPARTMENT, /* an own one: gets no letters, staff note its results */
	RESPONSIBLE_NOBODY,
	RESPONSIBLE_OPEN        /* an import met the text; nobody has said yet */
};
const char *responsible_kind_name(enum responsible_kind kind); /* "recipients" */

struct responsible_meaning { /* strings owned by the memory */
	char *text_key, *text, *department, *actor;
	enum responsible_kind kind;
	json_t *keys;              /* array of organisation.key */
	int64_t updated_ms;
};

struct memory; /* a copy of the table, sorted by text_key */
int memory_load(struct db *db, struct memory **out, struct error *e);
void memory_free(struct memory **memory);
size_t memory_count(const struct memory *memory);
const struct responsible_meaning *memory_at(const struct memory *memory, size_t i);
/* NULL when nobody has said (also for those that are open). */
const struct responsible_meaning *memory_find(const struct memory *memory, const char *text);

#define MEMORY_KEYS_MAX 2000 /* organisations one text may mean */
/* Remembers (or changes) what text means, in a transaction of its own. keys: for recipients, each an
 * active organisation of the directory (ERROR_NOT_FOUND names the one that is not); department: its
 * name. ERROR_INPUT: an empty text or name. */
int memory_set(struct db *db, const char *text, enum responsible_kind kind, const json_t *keys,
	const char *department, const char *actor, int64_t now_ms, struct error *e);
/* Notes texts that an import met and nobody has said anything about; known ones stay as they are. */
int memory_note_open(struct db *db, const char *const *texts, size_t count, int64_t now_ms, struct error *e);
/* ERROR_NOT_FOUND. */
int memory_forget(struct db *db, const char *text, struct error *e);

/* A cell read with the memory: its parts from left to right, each time the longest run of them
 * that is known. */
struct memory_reading {
	json_t *keys;               /* array, each once */
	json_t *departments;        /* array, each once */
	char *unknown[RESPONSIBLE_PARTS_MAX]; /* parts nobody has said anything about */
	size_t unknown_count;
	size_t nobody;              /* parts that were said to be nobody */
};
void memory_read(const struct memory *memory, const char *cell, struct memory_reading *out);
void memory_reading_fini(struct memory_reading *reading);

#endif
