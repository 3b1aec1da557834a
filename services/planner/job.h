/* A launched campaign changes: it stands still until nothing of it is on the wire; letters that wait
 * are taken back, or replaced by what is sent now in their place; those who were reached get a letter
 * about it; it goes on. Batch by batch behind a cursor in `expand`, so that a planner that dies goes
 * on where it stood. */
#ifndef VESTNIK_PLANNER_JOB_H
#define VESTNIK_PLANNER_JOB_H

#include "planner/internal.h"
#include "planner/round.h"

struct job_new {
	int64_t campaign, round;
	int64_t tell;          /* step of the letter to those reached; -1 = none */
	bool withdraw;         /* the round's asks are withdrawn; nothing replaces what waits */
	bool reminders;        /* waiting reminders are taken back (they name an old deadline) */
	bool unanswered;       /* only who has not answered for good is told */
	bool stays;            /* it was paused by people, and stays so */
	const char *reason;    /* of letters taken back, for people */
};
/* Stops the campaign and begins. ERROR_CONFLICT: another change is under way. Inside a transaction. */
int job_begin(struct planner *planner, const struct job_new *job, struct error *e);
/* Is a change under way? */
int job_open(struct planner *planner, int64_t campaign, bool *open, struct error *e);
/* Somebody pauses a campaign that is being changed: it stays paused when the change is made.
 * campaign 0: all. Inside a transaction. */
int job_keep_paused(struct planner *planner, int64_t campaign, struct error *e);

#endif
