/* Stages of a series: a draft gets its date; what opens is published. */
#ifndef VESTNIK_PLANNER_STAGE_H
#define VESTNIK_PLANNER_STAGE_H

#include "message/task.h"
#include "planner/internal.h"
#include "planner/limits.h"

/* stage.c: `vestnik campaign stage`: a draft is planned. Inside the transaction of the task; places
 * were looked up before. ERROR_CONFLICT: it is no draft. */
int planner_stage(struct planner *planner, const struct task *task, struct limits *limits, struct error *e);

/* publish.c: inside the transaction that opens a round (publish/publish.h). */
int planner_publish_round(struct planner *planner, int64_t campaign, int64_t number, int64_t now_ms,
	struct error *e);
/* A mended text, a new deadline; number 0: of all rounds. Inside the transaction that changes it. */
int planner_publish_changed(struct planner *planner, int64_t campaign, int64_t number, struct error *e);

#endif
