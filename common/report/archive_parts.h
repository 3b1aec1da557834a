/* The parts of a case file; for archive*.c only. */
#ifndef VESTNIK_REPORT_ARCHIVE_PARTS_H
#define VESTNIK_REPORT_ARCHIVE_PARTS_H

#include <jansson.h>

#include "report/case.h"
#include "report/facts.h"

struct archive {
	struct db *db;
	const struct settings *settings;
	struct case_file *file;
	int64_t campaign;
	enum lang lang;
	char *zone;
	json_t *definition;
};
struct archive_round {
	int64_t id, number;
	char label[200];
};

/* archive_tables.c: rows as CSV */
int archive_outcomes(struct archive *a, struct error *e); /* audience.csv, outcomes.csv */
int archive_plan(struct archive *a, struct error *e);
/* rounds/N/answers.csv, answers/N/… */
int archive_answers(struct archive *a, const struct archive_round *round, struct error *e);

/* archive_letters.c */
int archive_letters(struct archive *a, struct error *e);

/* Each round that has begun; each returns -1 to fail, 1 to stop. */
int archive_rounds(struct archive *a, int (*each)(struct archive *a, const struct archive_round *round, struct error *e),
	struct error *e);

#endif
