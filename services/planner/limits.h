/* What the settings' `sources` let a task's source ask for. Vestnik's own programs and, without the
 * list, everybody may ask for anything. On Kafka a source is only claimed: that a program is ours it
 * proves with our key; who else may write the topic is the broker's business (ACLs). */
#ifndef VESTNIK_PLANNER_LIMITS_H
#define VESTNIK_PLANNER_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "message/task.h"
#include "settings/settings.h"
#include "store/campaign_row.h"
#include "store/db.h"

struct limits {
	bool refused;                         /* there is a list, and the source is not in it */
	bool unproven;                        /* it says it is ours and does not show it */
	bool proven;                          /* it is ours */
	const struct settings_source *source; /* NULL: no limits */
	int64_t approve_from;                 /* recipients from which on a second person approves; 0 = never */
	int64_t audience;                     /* a launch's recipients, counted as far as a limit asks; -1: not counted */
};

/* proven: it carries the proof of our key (task_proven). */
struct limits limits_of(const struct settings *settings, const struct task *task, bool proven);
/* Counts the audience of a launch that is limited, before the write lock is taken: a million takes
 * many seconds, so meanwhile() is called some 50 times a second. Stops when it is more than allowed. */
int limits_count(struct limits *limits, struct db *db, const struct task *task,
	int (*meanwhile)(void *arg, struct error *e), void *arg, struct error *e);

/* ERROR_DENIED with which limit it was. */
int limits_task(const struct limits *limits, const struct settings *settings, const struct task *task,
	struct error *e);
/* The campaign's sender, and for a launch its audience. Inside the transaction. */
int limits_campaign(struct limits *limits, struct db *db, const struct task *task,
	const struct campaign_row *row, struct error *e);

#endif
