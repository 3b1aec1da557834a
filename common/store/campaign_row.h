/* The row of a campaign: what planner and CLI ask of it. From launch on the planner owns state,
 * state_reason and the times. (Its content is common/campaign's.) */
#ifndef VESTNIK_STORE_CAMPAIGN_ROW_H
#define VESTNIK_STORE_CAMPAIGN_ROW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "store/db.h"

enum campaign_state {
	CAMPAIGN_DRAFT,
	CAMPAIGN_RUNNING,
	CAMPAIGN_PAUSED,
	CAMPAIGN_CANCELLED,
	CAMPAIGN_FINISHED
};
const char *campaign_state_name(enum campaign_state state);

struct campaign_row { /* strings owned by the struct */
	int64_t id;
	char *slug, *kind, *title, *content_hash, *state_reason;
	enum campaign_state state;
	int64_t priority;
	bool hold, expanded;
	int64_t total;
	int64_t not_after_ms;             /* TIME_NEVER_MS = none */
	int64_t launched_ms, finished_ms; /* 0 = not yet */
};
void campaign_row_fini(struct campaign_row *row);

/* DB_DONE: no such campaign. */
enum db_step campaign_row_by_slug(struct db *db, const char *slug, struct campaign_row *row,
	struct error *e);
enum db_step campaign_row_by_id(struct db *db, int64_t id, struct campaign_row *row, struct error *e);

/* reason NULL clears it. */
int campaign_row_set_state(struct db *db, int64_t id, enum campaign_state state, const char *reason,
	struct error *e);

#endif
