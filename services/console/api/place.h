/* What a path names: a campaign, a round of it, an ask. */
#ifndef VESTNIK_CONSOLE_API_PLACE_H
#define VESTNIK_CONSOLE_API_PLACE_H

#include "answer/answer.h"
#include "console/api/api.h"
#include "report/gather.h"

/* false after a problem. The part {campaign}. */
bool api_find_campaign(struct api *api, int64_t *id);
/* {campaign} and ?round=: the last one that has begun when it is not said. */
bool api_find_round(struct api *api, struct report_place *place);
/* {campaign}, {organisation}, ?round=. The caller calls ask_fini. */
bool api_find_ask(struct api *api, struct ask *ask);
/* {organisation}: its id. */
bool api_find_organisation(struct api *api, int64_t *id);

/* Pages by a number or a text; 0 and "" = there is no more. */
void api_list_numbers(struct api *api, json_t *items, int64_t last);
void api_list_from(struct api *api, json_t *items, const char *position);

#endif
