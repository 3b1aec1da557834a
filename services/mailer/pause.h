/* Asks the planner to pause a campaign: a task on the bus, like any producer's. */
#ifndef VESTNIK_MAILER_PAUSE_H
#define VESTNIK_MAILER_PAUSE_H

#include <stdint.h>

#include "base/ident.h"
#include "bus/bus.h"
#include "store/db.h"

/* Any thread. At most once in half a minute for one campaign: letters in hand
 * are refused alike until the pause reaches us. slug NULL: looked up by id in db. */
void pause_campaign_slug(struct bus *bus, const struct ident_key *key, const char *slug, const char *words);
void pause_campaign(struct bus *bus, const struct ident_key *key, struct db *db, int64_t campaign,
	const char *words);

#endif
