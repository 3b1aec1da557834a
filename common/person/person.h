/* One person everywhere: what is stored of him is found, handed out and erased, and the organisation's figures
 * stay. Erasing writes columns that name a person in tables of other writers; these never change them after the
 * row is made, so nothing of theirs is lost.
 *
 * A person is an address, and a name within an organisation where people are written of without an address. */
#ifndef VESTNIK_PERSON_PERSON_H
#define VESTNIK_PERSON_PERSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "control/order.h"

struct person {
	const char *address;            /* passed gate_address; NULL = not known */
	const char *name, *organisation; /* as people write it; organisation.key; either may be NULL */
};
/* ERROR_INPUT: neither an address nor a name, or (for erasing) a name without its organisation. address: cleaned. */
#define PERSON_ADDRESS_SIZE 321
int person_check(struct person *person, bool erasing, char address[static PERSON_ADDRESS_SIZE], struct error *e);

/* What stands where his data stood. The address takes no letters: it is suppressed for ever. */
#define PERSON_MARK "(удалено)"
#define PERSON_MARK_ADDRESS "erased@erased.invalid"

/* ---- finding -------------------------------------------------------------------------- */

#define PERSON_KEYS 3
#define PERSON_COLUMNS 8
struct person_finding { /* valid during the call */
	const char *source;       /* "answer" */
	const char *words;        /* «Ответы» */
	const char *organisation; /* key; "" = of none, or not known */
	const char *keys[PERSON_KEYS]; /* of its row; NULL after the last */
	const char *names[PERSON_COLUMNS], *values[PERSON_COLUMNS]; /* NULL after the last name; values may be NULL */
	const char *kept;         /* why an erasure does not touch it; NULL: it does */
};
/* Where the search is; from {0}. It goes on after a kill, in another request, in another process. */
struct person_walk {
	int source;
	char keys[PERSON_KEYS][400];
	int64_t looked;           /* rows looked at so far */
	bool done;
};
/* Looks at some `most` rows more, in short read transactions; non-zero stops before the next row. */
int person_find(struct db *db, const struct person *person, struct person_walk *walk, int64_t most,
	int (*each)(void *arg, const struct person_finding *finding), void *arg, struct error *e);
int person_sources(void);
/* «Ответы организаций» of a source's name; the name itself when it is not known. */
const char *person_source_words(const char *name);
/* What no search here reaches, for people: array of sentences; case files in <data_dir>/archive by name. */
json_t *person_beyond(const struct settings *settings);

/* ---- handing out --------------------------------------------------------------------------- */

/* All of it, with the audit entry person.export. html: a page for people, else JSON. *count: rows. */
int person_export(const struct orderer *who, struct db *db, const struct person *person, bool html, FILE *out,
	int64_t *count, struct error *e);

/* ---- erasing ------------------------------------------------------------------------------ */

struct person_erasure {
	const char *reason;       /* whose request; stands in the record. No name, no address */
	bool forget;              /* the address does not stay suppressed either: the next import may bring him back */
	/* After each piece; may be NULL. Not 0: stops (what was done is done; the next call goes on). */
	int (*progress)(void *arg, const struct person_walk *walk);
	void *arg;
};
/* First nothing more is sent to the address (suppressed; what waits is cancelled by the mailers and the ledger), then
 * table by table in batches, at last the record `erasure`, the details of the audit log and the entry
 * person.erase. Again after a kill: goes through all of it and finds less. counts: new reference, rows changed
 * by source. */
int person_erase(const struct orderer *who, struct db *db, const struct person *person,
	const struct person_erasure *erasure, json_t **counts, struct error *e);
/* Was this address erased? When: *time_ms; 0 = no. */
int person_was_erased(struct db *db, const char *address, int64_t *time_ms, struct error *e);

#endif
