/* The steps of an import, each in a file of its own: import.c reads the sheet
 * into the staging, import_tree.c looks at who stands above whom,
 * import_store.c compares with the store and writes. */
#ifndef VESTNIK_DIRECTORY_IMPORT_H
#define VESTNIK_DIRECTORY_IMPORT_H

#include "directory/columns.h"
#include "directory/directory.h"
#include "directory/staging.h"

struct import {
	struct db *db;
	const struct directory_import_options *options;
	struct directory_import_result *result;
	struct problems *problems;
	struct columns columns;
	struct staging *staging;
};

/* Marks rows whose chain of organisations above breaks or runs in a circle,
 * and reports them. */
int import_check_tree(struct import *import, struct error *e);
/* Sets each good row's fate; writes unless it is a dry run; tells the fates. */
int import_store(struct import *import, struct error *e);
/* What is wrong with a row that is STAGED_ORPHAN or STAGED_CIRCLE. */
void import_tree_trouble(struct import *import, size_t row, struct record *record, struct buf *text);

#endif
