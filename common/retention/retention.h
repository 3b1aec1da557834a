/* Old data goes (settings retention.*), in small batches, by whoever holds the lease: a console, or `vestnik
 * retention run`. Before anything of a campaign goes its case file is made in <data_dir>/archive; where it cannot be
 * written nothing of the campaign goes, and staff see why. */
#ifndef VESTNIK_RETENTION_RETENTION_H
#define VESTNIK_RETENTION_RETENTION_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "control/order.h"

/* Links in letters, and bounces of them, work until then: sooner letters do not go, whatever the settings say. */
#define RETENTION_LETTERS_LEAST_MS (INT64_C(180) * 24 * 3600 * 1000)
/* So long before it goes, staff are offered the case file. */
#define RETENTION_NOTICE_MS (INT64_C(42) * 24 * 3600 * 1000)

struct retention_counts {
	int64_t campaigns; /* case files made */
	int64_t letters, files, mails, details;
};
/* Runs until nothing is due, or stop(arg) says so (between batches; may be NULL). Does nothing while another one
 * runs. An entry retention.run when something went. */
int retention_run(const struct orderer *who, struct db *db, int64_t now_ms, bool (*stop)(void *arg), void *arg,
	struct retention_counts *counts, struct error *e);

/* What goes within RETENTION_NOTICE_MS, or waits for its case file: [{"campaign","title","what","due_ms",
 * "archived_ms","path","trouble"}], the first first; at most 200. NULL: e. */
json_t *retention_due(const struct settings *settings, struct db *db, int64_t now_ms, struct error *e);

#endif
