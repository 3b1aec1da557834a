/* A store with schema, an embedded bus, settings and a clock in hand: what planner and ledger
 * need to run as library functions. */
#ifndef VESTNIK_TESTS_FLOW_BED_H
#define VESTNIK_TESTS_FLOW_BED_H

#include <stdint.h>

#include "bus/bus.h"
#include "message/status.h"
#include "settings/settings.h"
#include "store/db.h"

struct flow_bed {
	char folder[64];
	char *url;
	struct db *db;
	struct bus *bus;
	struct settings *settings;
	int64_t now_ms; /* the wall clock of the programs under test */
};

#define FLOW_BED_START_MS INT64_C(1684130400000) /* 2023-05-15 09:00 in Moscow */

void flow_bed_open(struct flow_bed *bed);
void flow_bed_close(struct flow_bed *bed);

/* Fails the test with the text when rc is not 0. */
void flow_ok(int rc, const struct error *e);

/* A running campaign of kind 'campaign' with nothing in it; returns its id. */
int64_t flow_campaign(struct flow_bed *bed, const char *slug, int64_t priority);
/* n waiting deliveries with schedule rows, due at due_ms; the first key. */
int64_t flow_deliveries(struct flow_bed *bed, int64_t campaign, int n, int64_t due_ms,
	const char *domain);

void flow_publish(struct flow_bed *bed, const struct delivery_status *statuses, int n);
/* A whole number from SQL without parameters. */
int64_t flow_int(struct flow_bed *bed, const char *sql);
/* Text of the first column; the caller frees; NULL when there is no row. */
char *flow_text(struct flow_bed *bed, const char *sql);
/* The same with one text parameter. */
char *flow_text_of(struct flow_bed *bed, const char *sql, const char *value);
/* Fails unless the counters equal a recount of the deliveries. */
void flow_check_counters(struct flow_bed *bed);

#endif
