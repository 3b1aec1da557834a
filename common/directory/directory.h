/* The directory of organisations and contacts: import from sheets, look-up.
 * Tables: organisation, contact, directory_revision, suppression. */
#ifndef VESTNIK_DIRECTORY_DIRECTORY_H
#define VESTNIK_DIRECTORY_DIRECTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/problem.h"
#include "store/db.h"
#include "table/table.h"

/* What becomes of a row. */
enum directory_fate { DIRECTORY_ADDED, DIRECTORY_CHANGED, DIRECTORY_UNCHANGED, DIRECTORY_SKIPPED };

struct directory_import_result;
struct directory_import_options {
	const char *path;
	const char *name;       /* of the file, for people and the revision; NULL = its path */
	struct table_options table;
	bool dry_run;
	bool skip_bad;
	const char *actor;      /* who, for the revision */
	/* Each row's fate (also in a dry run); problem NULL unless skipped. May be NULL. */
	void (*fate)(void *arg, int line, const char *key, const char *name,
		enum directory_fate fate, const struct problem *problem);
	/* Each column of the header and what it is taken for (tr()); NULL: it has no title and is left out. May be
	 * NULL. */
	void (*column)(void *arg, const char *title, const char *becomes);
	/* Inside the transaction that completes the import, when anything is written: a word about it elsewhere (the audit
	 * log). Not 0: that transaction is not committed. May be NULL. */
	int (*stored)(void *arg, struct db *tx, int64_t revision, const struct directory_import_result *result, struct error *e);
	/* done/total in bytes read, then rows stored. May be NULL. */
	void (*progress)(void *arg, int64_t done, int64_t total);
	void *arg;
};
struct directory_import_result {
	int64_t added, changed, unchanged, skipped;
	int64_t revision;       /* 0 in a dry run or when nothing was stored */
	struct table_facts facts;
};

/* Nothing is stored unless every row is good or skip_bad is set. Problems name
 * file, line, column title, value and what would be right. -1 when nothing was
 * stored because of them (or the store failed: then e is set). */
int directory_import(struct db *db, const struct directory_import_options *options,
	struct directory_import_result *result, struct problems *problems, struct error *e);

#endif
