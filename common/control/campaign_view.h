/* What people see of a running campaign: figures, and why it is not sending if it isn't. */
#ifndef VESTNIK_CONTROL_CAMPAIGN_VIEW_H
#define VESTNIK_CONTROL_CAMPAIGN_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "message/status.h"
#include "settings/settings.h"
#include "store/campaign_row.h"
#include "store/db.h"

struct campaign_view {
	struct campaign_row row;
	int64_t counts[DELIVERY_STATES];
	int64_t done;          /* nothing more will happen to them by itself */
	int64_t open;
	int64_t measured_us;   /* monotonic, for the rate between two views */
};
/* ERROR_NOT_FOUND. The caller calls campaign_view_fini whatever came back. */
int campaign_view_read(struct db *db, const char *slug, struct campaign_view *view, struct error *e);
void campaign_view_fini(struct campaign_view *view);
/* Letters a second that ended between two views; 0 when it cannot be told. */
double campaign_view_rate(const struct campaign_view *before, const struct campaign_view *now);

/* A campaign's state ("running") in the user's language; unknown words as they are. */
const char *campaign_state_word(const char *state);

#define CAMPAIGN_WHY_MAX 16
struct campaign_why {
	const char *code; /* for programs: "paused", "hours", "mailer-down" … */
	char text[400];
};
/* Reasons, the most important first; none: it sends, or there is nothing to send. Times are in the
 * settings' zone; words from outside are made one line. */
int campaign_why_not(const struct settings *settings, struct db *db, const struct campaign_view *view,
	struct campaign_why why[static CAMPAIGN_WHY_MAX], size_t *count, struct error *e);
/* What to do about a reason, by its code; NULL: nothing but wait. */
const char *campaign_why_advice(const char *code);

#endif
