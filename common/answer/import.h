/* Answers of many organisations from one table (CSV, XLSX), a row each: a column with the organisation's
 * key, columns titled as the fields' labels or names, and, where there are such, who said it and the
 * telephone. Cells that are empty say nothing. */
#ifndef VESTNIK_ANSWER_IMPORT_H
#define VESTNIK_ANSWER_IMPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/problem.h"
#include "bus/bus.h"
#include "store/db.h"
#include "table/table.h"

#define ANSWER_IMPORT_ROWS_MAX 200000

enum answer_fate {
	ANSWER_RECORDED,  /* it counts; complete */
	ANSWER_INCOMPLETE, /* it counts; required fields are missing: text names them */
	ANSWER_DIFFERS,   /* somebody else said something else: staff decide */
	ANSWER_REPEATED,  /* says what stands already */
	ANSWER_EMPTY,     /* the row says nothing */
	ANSWER_GOOD,      /* a dry run: it would be recorded */
	ANSWER_BAD,       /* text: why */
	ANSWER_FATES
};
const char *answer_fate_name(enum answer_fate fate); /* "recorded" */

struct answer_import_options {
	const char *path;
	struct table_options table;
	int64_t campaign, round_number;
	const char *source; /* CloudEvents source, as for answer_record */
	const char *actor;
	bool dry_run, skip_bad;
	/* Each row's fate in the order of the file; text may be "". May be NULL. */
	void (*fate)(void *arg, int line, const char *key, enum answer_fate fate, const char *text);
	void *arg;
};
struct answer_import_result {
	int64_t rows[ANSWER_FATES];
	bool stored;
};
/* Nothing is stored unless every row is good or skip_bad is set; what is good is stored in batches of some
 * hundred rows (a repeated import of the same says ANSWER_REPEATED). -1: problems say what is wrong with
 * the table or its rows, or e (the store). */
int answer_import(struct db *db, struct bus *bus, const struct answer_import_options *options,
	struct answer_import_result *result, struct problems *problems, struct error *e);

#endif
