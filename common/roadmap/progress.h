/* The one table of a plan under way: each step, each of its responsibles, what has
 * become of it. */
#ifndef VESTNIK_ROADMAP_PROGRESS_H
#define VESTNIK_ROADMAP_PROGRESS_H

#include <jansson.h>
#include <stdint.h>

#include "base/error.h"
#include "store/db.h"

enum progress_state {
	PROGRESS_DRAFT,    /* no date: nothing goes out */
	PROGRESS_PLANNED,  /* its term has not begun */
	PROGRESS_RUNNING,
	PROGRESS_ASKED,    /* the term is over, the result is awaited */
	PROGRESS_RECEIVED, /* something came, staff look at it */
	PROGRESS_OVERDUE,  /* no result, and the time for it is over; or moved to a day that has passed */
	PROGRESS_MOVED,
	PROGRESS_FAILED,   /* «не выполнено» */
	PROGRESS_DONE,
	PROGRESS_STATES
};
const char *progress_state_name(enum progress_state state);  /* "running" */
const char *progress_state_words(enum progress_state state); /* «идёт»; tr() */

struct progress_line { /* a responsible of a step; strings owned by the table */
	int64_t number;
	char *place, *label, *section, *title, *result, *term, *responsible; /* of the step, as in the plan */
	int32_t begin_day, end_day, answer_day, moved_day;  /* DAY_NONE: none */
	enum progress_state state;
	char *key;       /* organisation; NULL: an own department, or nobody */
	char *who;       /* its name; "" for nobody */
	char *note;      /* what was said: the answer's text, or staff's */
	bool marked;     /* staff said so */
	bool first;      /* the first line of its step */
};
struct progress_table {
	struct progress_line *line;
	size_t count;
	int64_t steps[PROGRESS_STATES]; /* steps by the state of the worst of their lines */
	int64_t total;
	char *slug, *title;
	bool launched;
	int32_t today;
};
/* ERROR_NOT_FOUND: no plan of that name was imported. zone: whose day is today. */
int progress_read(struct db *db, const char *slug, const char *zone, int64_t now_ms, struct progress_table *out,
	struct error *e);
void progress_table_fini(struct progress_table *table);

/* {"kind":"step",…} of a line; {"kind":"plan","total":…,"done":…} of all. New references. */
json_t *progress_line_json(const struct progress_line *line);
json_t *progress_totals_json(const struct progress_table *table);

/* progress_xlsx.c: a workbook to print on A4 landscape: the table, and sums by responsible. */
int progress_xlsx(const struct progress_table *table, const char *path, struct error *e);

#endif
