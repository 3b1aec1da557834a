/* A campaign again, later: the text of its campaign.yaml with every date moved by
 * working days, comments and all. Pure. */
#ifndef VESTNIK_CAMPAIGN_COPY_H
#define VESTNIK_CAMPAIGN_COPY_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/problem.h"
#include "calendar/workdays.h"

struct copy_plan {
	const char *file;   /* of the text, for problems */
	const char *text;
	size_t len;
	const char *slug;   /* of the copy */
	int32_t start_day;  /* the first letters' new day, or the document's where nothing has a date */
	const struct workdays *workdays;
};
/* The new text into out. Each change is a note in problems («send.at: 2023-05-15 → 2024-05-13»); the
 * document's number becomes empty. -1: a problem was an error (not YAML, no date to start from). */
int copy_text(const struct copy_plan *plan, struct buf *out, struct problems *problems);

/* The name a copy gets when nobody gives one: flagships-2023 → flagships-2024-05-13. */
#define COPY_SLUG_SIZE 65
const char *copy_slug(const char *slug, int32_t start_day, char out[static COPY_SLUG_SIZE]);

#endif
