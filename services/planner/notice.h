/* Task `notify`: one letter to one recipient or a short list, without a campaign file. */
#ifndef VESTNIK_PLANNER_NOTICE_H
#define VESTNIK_PLANNER_NOTICE_H

#include "base/error.h"
#include "message/task.h"
#include "planner/planner.h"

/* Makes the notice's campaign and its deliveries, due now, in the caller's transaction. */
int planner_take_notice(struct planner *planner, const struct task *task, struct error *e);

#endif
