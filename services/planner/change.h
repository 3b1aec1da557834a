/* Tasks that change a launched campaign, inside the transaction of the task: another deadline, mended
 * letters, a recall, a recipient's new address. Places were looked up before. */
#ifndef VESTNIK_PLANNER_CHANGE_H
#define VESTNIK_PLANNER_CHANGE_H

#include "message/task.h"
#include "planner/internal.h"
#include "planner/limits.h"

/* Replans what has not gone out; letters that wait name the new deadline; tells those reached. */
int change_postpone(struct planner *planner, const struct task *task, struct limits *limits, struct error *e);
/* Mended letters to those not yet reached, `correction` to the others. */
int change_correct(struct planner *planner, const struct task *task, struct limits *limits, struct error *e);
/* Nothing more goes out; asks are withdrawn; those reached are told. */
int change_recall(struct planner *planner, const struct task *task, struct limits *limits, struct error *e);
/* The first letter of each open ask of the recipient goes to the address, which its contact has. */
int change_address(struct planner *planner, const struct task *task, struct error *e);

#endif
