/* What a report is about, gathered once: rows in an unlinked temporary file in
 * the order people read them (region, municipality, organisation), totals in
 * memory. Every writer works from the same facts, so that a letter and the
 * workbook attached to it never differ. Memory: 16 bytes a row, and the totals
 * of each municipality. gather.c fills them from the store; nothing else here
 * knows of it. */
#ifndef VESTNIK_REPORT_FACTS_H
#define VESTNIK_REPORT_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "answer/answer.h"
#include "base/error.h"
#include "base/lang.h"

#define REPORT_COLUMNS_MAX 64
#define REPORT_SLOTS_MAX 256

enum report_kind { REPORT_NUMBER, REPORT_DATE, REPORT_CHOICE, REPORT_TEXT, REPORT_TABLE };

/* One thing that was asked. */
struct report_column {
	char *name, *label;
	enum report_kind kind;
	size_t slot, slots;         /* its totals: one sum, or a count of each choice; 0 slots: none */
	char **choice;              /* REPORT_CHOICE: `slots` of them */
	struct report_column *part; /* REPORT_TABLE: the columns of its rows */
	size_t parts;
};

struct report_value {
	const char *text;           /* never NULL; "" = not answered. Dates 2023-05-30; tables JSON */
	double number;              /* REPORT_NUMBER with a text */
};

/* What became of the letters to the organisation: one of them has arrived or is on its way; none was
 * sent (suppressed, cancelled, too late); all came back; there is no letter. */
enum report_trouble { REPORT_REACHED, REPORT_NOT_SENT, REPORT_UNDELIVERED, REPORT_NO_LETTER };

struct report_row {
	int64_t ask, parent_ask, organisation;
	int level;                  /* 0 asked by the ministry, 1 through a parent */
	const char *key, *name, *region, *municipality; /* never NULL */
	enum ask_state state, previous_state;
	bool previous_asked;
	bool late, discrepancy;
	enum report_trouble trouble;
	const char *trouble_text;   /* the mail system's words */
	const char *way;            /* "form", "reply", … "" = no answer */
	const char *by_name, *by_phone, *note;
	int64_t at_ms;              /* of the answer that counts; 0 = none */
	int64_t versions;
	struct report_value value[REPORT_COLUMNS_MAX];
	struct report_value previous[REPORT_COLUMNS_MAX]; /* numbers only; else "" */
};

struct report_totals {
	int64_t asked, confirmed, partial, received, withdrawn;
	int64_t late, discrepancies;
	int64_t undelivered;        /* of the silent */
	int64_t previous_asked, previous_answered;
	int64_t below, below_answered; /* level 1 */
	/* report_facts.slots of each; in one allocation */
	double *sum, *previous, *below_sum;
	int64_t *filled;            /* answers that have the figure */
};
/* Whoever sent something. */
static inline int64_t totals_answered(const struct report_totals *totals)
{
	return totals->confirmed + totals->partial + totals->received;
}
/* Whoever still is to answer, or did. */
static inline int64_t totals_expected(const struct report_totals *totals)
{
	return totals->asked - totals->withdrawn;
}
static inline int64_t totals_silent(const struct report_totals *totals)
{
	return totals_expected(totals) - totals_answered(totals);
}

struct report_group { /* a municipality */
	char *region, *municipality; /* "" = none */
	struct report_totals totals;
};

struct report_facts {
	enum lang lang;
	char *slug, *title, *zone;
	char *number, *document_date;   /* of the letter, as people write it; NULL = none */
	int64_t round_number;
	char *round_label, *previous_label; /* NULL = none */
	int64_t deadline_ms, made_ms;   /* deadline 0 = none */
	int64_t acknowledgements, acknowledged; /* expected, done */
	struct report_column *column;
	size_t columns, slots;
	/* after facts_seal: */
	struct report_totals all;
	struct report_group *group;     /* in order of region, municipality */
	size_t groups, regions;
	size_t rows, below_rows;
	struct spool *spool;
	struct index *index;
};

struct report_facts *facts_new(void);
void facts_free(struct report_facts **facts);
/* A column at the end; NULL when there are REPORT_COLUMNS_MAX or no slots left. choices: of
 * REPORT_CHOICE, else 0. */
struct report_column *facts_column(struct report_facts *facts, const char *name, const char *label,
	enum report_kind kind, size_t choices);
/* Before the first row: opens the spool. ERROR_FULL, ERROR_INTERNAL. */
int facts_open(struct report_facts *facts, struct error *e);
/* In any order; strings are copied. */
int facts_add(struct report_facts *facts, const struct report_row *row, struct error *e);
/* Sorts and sums up. */
int facts_seal(struct report_facts *facts, struct error *e);

/* ---- reading: after facts_seal ------------------------------------------------- */

/* i-th row of level 0 (below: of level 1); its strings live as long as the facts. */
void facts_row(const struct report_facts *facts, bool below, size_t i, struct report_row *row);
/* Figures of the organisations under this ask: answered, and the sums by slot (NULL: nobody is
 * asked through it). */
struct report_below {
	int64_t asked, answered;
	const double *sum;
};
const struct report_below *facts_below(const struct report_facts *facts, int64_t ask);
/* Sums of the region whose first group is `first`; *end gets the group after its last. The caller
 * calls facts_region_fini. */
void facts_region(const struct report_facts *facts, size_t first, size_t *end, struct report_totals *totals);
void facts_region_fini(struct report_totals *totals);
/* The slot of a choice's value; SIZE_MAX when it is none of them. */
size_t facts_choice(const struct report_column *column, const char *value);

#endif
