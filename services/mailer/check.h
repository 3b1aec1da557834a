/* The check before sending: one SELECT a batch says for each job whether the
 * letter may still go (design section 4). */
#ifndef VESTNIK_MAILER_CHECK_H
#define VESTNIK_MAILER_CHECK_H

#include <stdint.h>

#include "mailer/outgoing.h"
#include "message/job.h"
#include "store/db.h"

#define CHECK_BATCH_MOST 256

enum check_verdict {
	CHECK_SEND,
	CHECK_STALE,      /* not the current dispatch, has an outcome, unknown: nothing to do */
	CHECK_RETURN,     /* paused: waits for resume */
	CHECK_CANCELLED,
	CHECK_EXPIRED,
	CHECK_SUPPRESSED,
	CHECK_ANSWERED,   /* a reminder, and its ask is open no more */
	CHECK_WAS_SENDING /* a redelivered job found `sending`: nobody knows; becomes uncertain */
};

struct checked {
	struct job job;
	enum check_verdict verdict;
	int64_t campaign;
	int step;
	bool hold;
	int64_t not_after_ms; /* TIME_NEVER_MS = none */
	char *address, *fields; /* taken by the caller; NULL unless CHECK_SEND */
	char reason[200];
};

/* Fills checked[0..n) for jobs[0..n), in their order. */
int check_batch(struct db *db, const struct job *jobs, size_t n, int64_t now_ms, struct checked *checked,
	struct error *e);

#endif
