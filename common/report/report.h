/* What came of a round: who answered what, when and how; who is silent; sums. */
#ifndef VESTNIK_REPORT_REPORT_H
#define VESTNIK_REPORT_REPORT_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/lang.h"
#include "settings/settings.h"
#include "store/db.h"

struct report_file {
	char *name, *media_type;
	void *data;
	size_t len;
};
/* For the planner, at the deadline and at an escalation: a letter as it is sent. Owned. */
struct report_letter {
	char *subject;
	char *markdown;   /* the body; HTML of its own kind follows in html */
	char *html;       /* made by us, every value escaped: table with bars; NULL = none */
	struct report_file *file;
	size_t files;
	json_t *event;    /* data of vestnik.report.ready: totals always, rows while it stays small */
};
void report_letter_fini(struct report_letter *letter);

/* formats: of ask.report.formats, e.g. {"xlsx","html","csv",NULL}. */
int report_round(struct db *db, const struct settings *settings, int64_t campaign, int64_t round,
	const char *const *formats, enum lang lang, struct report_letter *out, struct error *e);
/* The silent by name, for an escalation: all of the round (parent_organisation 0) or those under one. */
int report_silent(struct db *db, const struct settings *settings, int64_t campaign, int64_t round,
	int64_t parent_organisation, enum lang lang, struct report_letter *out, struct error *e);

#endif
