/* A lane takes jobs of one topic through the check to the pool and their
 * outcomes to the recorder: the urgent lane and the bulk lane, a thread each, so
 * that an urgent letter never waits behind a batch. */
#ifndef VESTNIK_MAILER_LANE_H
#define VESTNIK_MAILER_LANE_H

#include "daemon/daemon.h"
#include "mailer/pool.h"
#include "mailer/sheet.h"

struct lane;

struct lane *lane_start(struct daemon *daemon, enum lane_kind kind, struct sheets *sheets,
	struct pool *pool);
/* true when the lane cannot go on; e says why. */
bool lane_failed(struct lane *lane, struct error *e);
/* "waiting for the ledger", or "" when it works. */
const char *lane_trouble(struct lane *lane);

/* Two steps, with the pool's stop between them: no new jobs; then the last
 * outcomes are recorded and all is freed. */
void lane_stop_polling(struct lane *lane);
void lane_finish(struct lane **lane, int wait_ms);

/* ---- for the pool's events ------------------------------------------------------ */
/* false: it must not start, and is the lane's again. */
bool lane_enter(struct outgoing *job);
void lane_ended(struct outgoing *job, const struct delivery_status *status);
/* Publishes `sending` and waits until it is durable. */
bool lane_sending(const struct outgoing *job);

#endif
