/* Orders about a campaign and what is said after them. */
#ifndef VESTNIK_CONSOLE_CAMPAIGN_CHANGE_H
#define VESTNIK_CONSOLE_CAMPAIGN_CHANGE_H

#include "console/campaign/place.h"
#include "control/order.h"

/* To the campaign's page: done, or that the order waits for the planner. */
void order_answer(struct place *place, enum order_outcome outcome, const char *done);

#endif
