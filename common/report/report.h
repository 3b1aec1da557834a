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
	char *markdown;   /* a sentence that opens the letter; a block follows it: */
	char *html;       /* tables with bars, every value escaped; NULL = none */
	char *text;       /* the same for the plain-text part */
	struct report_file *file;
	size_t files;
	json_t *event;    /* data of vestnik.report.ready: totals always, rows while it stays small */
	int64_t silent;   /* organisations without an answer */
};
void report_letter_fini(struct report_letter *letter);

/* Subject and markdown are free of {{tags}}. The planner hands markdown, html, text and files over as
 * task.as.notify.text, block_html, block_text, attachments. */

/* formats: of ask.report.formats, e.g. {"xlsx","html","csv","json",NULL}; files beside the letter. "html"
 * is the letter itself. A file that is too large for a letter is left out and the letter says so. */
int report_round(struct db *db, const struct settings *settings, int64_t campaign, int64_t round,
	const char *const *formats, enum lang lang, struct report_letter *out, struct error *e);
/* The silent by name, for an escalation: all of the round (parent_organisation 0) or those whose
 * organisation stands under that one in the directory; with the call list attached. out->silent says
 * how many they are; 0: there is nothing to send, the letter is empty. */
int report_silent(struct db *db, const struct settings *settings, int64_t campaign, int64_t round,
	int64_t parent_organisation, enum lang lang, struct report_letter *out, struct error *e);

#endif
