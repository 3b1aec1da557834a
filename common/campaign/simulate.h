/* A campaign's whole timeline before it is launched: the rows of campaign/plan.h
 * with how many each is for, in the directory as it is now. */
#ifndef VESTNIK_CAMPAIGN_SIMULATE_H
#define VESTNIK_CAMPAIGN_SIMULATE_H

#include "campaign/campaign.h"
#include "campaign/plan.h"

enum simulate_kind { /* the plan's, and what goes out when a round opens */
	SIMULATE_LETTERS,
	SIMULATE_COLLECT,     /* to those asked through a parent */
	SIMULATE_ACKNOWLEDGE, /* to those who are to acknowledge */
	SIMULATE_REMINDER,
	SIMULATE_CLOSE,
	SIMULATE_ESCALATION,
	SIMULATE_REPORT,
	SIMULATE_KINDS
};
const char *simulate_kind_name(enum simulate_kind kind); /* "letters", "reminder" */

struct simulate_row {
	int64_t at_ms, round_number, step;
	enum simulate_kind kind;
	int level;
	char *label;       /* the round's; NULL = none */
	char *zone;        /* of the recipients; NULL = of all, or nobody's */
	int64_t recipients; /* reminders: at most; -1 = nothing to count */
	bool overtaken;    /* will not happen; the reason says why */
	char *reason_en, *reason_ru;
};
struct simulate_zone {
	char *zone;
	int64_t recipients, collected; /* by level, of the first round */
};
struct simulation {
	int64_t from_ms;          /* the launch */
	struct simulate_row *row; /* by time */
	size_t count;
	struct simulate_zone *zone;
	size_t zones;
	int64_t drafts;           /* rounds without a date */
	/* How long the largest sending takes, by rate and quotas; 0 = less than a day. */
	int64_t letters_most, days_most, per_day;
};

/* from_ms 0: now, or, for a campaign of the past, the day it would have been launched.
 * db NULL: nobody is counted. */
int simulate_run(const struct campaign_folder *folder, const struct settings *settings, struct db *db,
	int64_t from_ms, struct simulation *out, struct error *e);
void simulation_fini(struct simulation *simulation);

/* How many organisations the first round asks through its recipients; 0 = none. */
int simulate_collected(const struct campaign_folder *folder, const struct settings *settings, struct db *db,
	int64_t *count, struct error *e);

#endif
