/* Fair shares of what may go now. */
#ifndef VESTNIK_PLANNER_SHARE_H
#define VESTNIK_PLANNER_SHARE_H

#include <stddef.h>

#include "store/schedule.h"

/* Puts items into the order of fair turns: every domain's first, every domain's second, …; within
 * a domain the order stays. */
void share_by_domain(struct schedule_item *items, size_t count);
/* The same by campaign. */
void share_by_campaign(struct schedule_item *items, size_t count);

/* Splits `most` among n wishes: equal parts, and what one does not need goes to the others. */
void share_split(size_t most, const size_t *wishes, size_t *parts, size_t n);

#endif
