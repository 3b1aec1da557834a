/* One ask and what its pages have in common. */
#ifndef VESTNIK_CONSOLE_CAMPAIGN_ASK_PLACE_H
#define VESTNIK_CONSOLE_CAMPAIGN_ASK_PLACE_H

#include "answer/answer.h"
#include "answer/field.h"
#include "console/console.h"

struct ask_place {
	struct visit *visit;
	struct ask ask;
	struct fields fields;
	bool found;
};
/* By {id} of the path. false: the request is answered. ask_place_fini whatever came back. */
bool ask_place_open(struct visit *visit, struct ask_place *out);
void ask_place_fini(struct ask_place *place);
/* Data of a page: who is asked, in which campaign, until when. New reference. */
json_t *ask_place_page(const struct ask_place *place, const char *title);

#endif
