/* For the files of this room only: an ask in hand while an answer to it is written. */
#ifndef VESTNIK_ANSWER_ANSWER_INSIDE_H
#define VESTNIK_ANSWER_ANSWER_INSIDE_H

#include "answer/answer.h"
#include "answer/field.h"
#include "base/ident.h"

/* Cleaned and cut to these before they are stored. */
#define ANSWER_NAME_MAX_BYTES 200
#define ANSWER_PHONE_MAX_BYTES 60
#define ANSWER_NOTE_MAX_BYTES (20 * 1024)
/* Who corrects himself more often is no person. */
#define ANSWER_VERSIONS_MAX 1000

struct answer_case {
	struct db *tx;
	struct bus *bus;
	const char *source;
	struct ask ask;         /* locked until the transaction ends */
	const struct fields *fields;
	struct fields own;      /* when the caller had none */
	struct answer counting; /* id 0 = none */
	int64_t now_ms;
};
/* Locks and reads; known: the campaign's fields, NULL = read them. ERROR_NOT_FOUND; ERROR_DENIED when
 * it was withdrawn. */
int answer_case_open(struct answer_case *c, struct db *tx, struct bus *bus, const char *source,
	int64_t ask, const struct fields *known, struct error *e);
void answer_case_close(struct answer_case *c);

/* Stores the ask's state, counting answer and versions (c->ask); finds trouble out anew. */
int answer_case_store(struct answer_case *c, struct error *e);
int answer_set_state(struct answer_case *c, int64_t answer, const char *state, struct error *e);
/* All that wait for a decision, except one. */
int answer_settle(struct answer_case *c, int64_t except, struct error *e);
#define ANSWER_EVENT_PREFIX "vestnik.ask."
/* Its data as JSON (the caller frees); values may be NULL. NULL: not UTF-8. */
char *answer_event_data(const struct ask *ask, const struct fields *fields, int64_t version,
	enum answer_way way, bool late, const json_t *values);
/* word: the event's type without its prefix; fields: of the answer in question, may be NULL. unique:
 * the same word may come twice for this version (decisions). */
int answer_event(const struct answer_case *c, const char *word, int64_t version, enum answer_way way,
	bool late, const json_t *fields, bool unique, struct error *e);

struct answer_row { /* a version to be written */
	enum answer_way way;
	const char *state;
	const json_t *fields, *missing;
	const char *name, *phone, *address, *actor, *note;
	bool late;
	int64_t received_ms, mail;
};
/* Numbers it (c->ask.versions). */
int answer_insert(struct answer_case *c, const struct answer_row *row, int64_t *id, struct error *e);

/* Reads one; version 0 = by id. id 0 and 0 when there is none. */
int answer_find(struct db *db, int64_t ask, int64_t version, int64_t id, struct answer *out,
	struct error *e);
void answer_fini(struct answer *answer);

/* Does what is said here leave the other fields as they were? A form shows all of them and stands for
 * itself; a reply, a call, a row of an import speaks of some. */
bool answer_way_completes(enum answer_way way);
/* `said` over `base`; null and "" in it take a value away. New reference. */
json_t *answer_merge(const json_t *base, const json_t *said);
/* `said` without what is empty. New reference. */
json_t *answer_compact(const json_t *said);
/* Does `now` say something else about what `before` has said? What it adds is nothing else. */
bool answer_changes(const json_t *before, const json_t *now);
bool answer_same_person(const struct answer *a, const struct answer_row *b);

/* Files of a new version: stores those that came, carries over those a file field still names. */
int answer_store_files(struct answer_case *c, int64_t answer, const json_t *fields,
	const struct answer_file *file, size_t files, struct error *e);
/* Names of what came for a file field stand in its value. */
void answer_name_files(const struct fields *fields, json_t *values, const struct answer_file *file,
	size_t files);

#endif
