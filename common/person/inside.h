/* Between the files of this room. */
#ifndef VESTNIK_PERSON_INSIDE_H
#define VESTNIK_PERSON_INSIDE_H

#include "person/person.h"

/* A table to look through. rules: a letter for each column.
 *   a  an address, NOT NULL: the mark's address      A  an address: NULL
 *   P  a name, NOT NULL: the mark                    p  a name: NULL
 *   n  of the same person: NULL                      r  NULL in every row that was found
 *   m  words, j  JSON: what mentions him is replaced by the mark; in his own rows JSON's members "contact…", too
 *   -  only looked at
 * A row is his own when a or A is his address, or p or P his name. */
struct source {
	const char *name, *en, *ru;
	const char *select;  /* organisation's key, the row's keys, columns; from $1… on, LIMIT the last parameter */
	const char *key;     /* types of the keys: i, s */
	const char *columns[PERSON_COLUMNS];
	const char *rules;
	const char *update;  /* keys, then all columns; NULL = kept */
	const char *kept_en, *kept_ru;
	bool sqlite;         /* of the embedded bus */
};
size_t source_count(void);
const struct source *source_at(size_t i);

struct row {
	char *organisation, *keys[PERSON_KEYS], *values[PERSON_COLUMNS];
};
void row_fini(struct row *row);

/* Reads on from the walk's place in this source: at most `most` rows; those that are about the person go to
 * take(arg, row), which owns them. *rows: rows read; the walk's keys are those of the last one. */
int source_read(struct db *db, const struct source *source, const struct person *person, bool strict,
	struct person_walk *walk, int64_t most, void (*take)(void *arg, struct row *row), void *arg, int64_t *rows,
	struct error *e);

/* Does the text mention him? of: the row's organisation. strict: a name counts only within its own. */
bool match_text(const struct person *person, const char *of, bool strict, const char *text);
/* Is it his own row? */
bool match_own(const struct person *person, const struct source *source, const struct row *row, bool strict);
/* Applies the rules; true when something changed. */
bool match_erase(const struct person *person, const struct source *source, struct row *row);

#endif
