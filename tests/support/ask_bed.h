/* A store with a campaign that asks, a round, organisations and their asks; a bus to publish on; a clock
 * in hand. On PostgreSQL ($VESTNIK_TEST_STORE) the bus is Kafka's without a broker: what is published
 * waits in the outbox. */
#ifndef VESTNIK_TESTS_ASK_BED_H
#define VESTNIK_TESTS_ASK_BED_H

#include <jansson.h>
#include <stdint.h>

#include "answer/answer.h"
#include "bus/bus.h"
#include "store/db.h"

#define ASK_BED_DEADLINE_MS INT64_C(1685458800000) /* 2023-05-30 18:00 in Moscow */
#define ASK_BED_START_MS INT64_C(1684130400000)    /* 2023-05-15 09:00 in Moscow */
#define ASK_BED_SLUG "flagships"

struct ask_bed {
	const char *url;
	struct db *db;
	struct bus *bus;
	int64_t now_ms;
	int64_t campaign, round;
};

/* fields: definition.ask.fields, with ' for ". */
void ask_bed_open(struct ask_bed *bed, const char *fields);
void ask_bed_close(struct ask_bed *bed);
/* An organisation "org-<n>", «Школа № n», with a coordinator; its ask, level 1 when it has a parent. */
int64_t ask_bed_ask(struct ask_bed *bed, int n, int64_t parent);
/* A bus for a thread of its own. */
struct bus *ask_bed_bus(const struct ask_bed *bed);
void ask_bed_bus_close(const struct ask_bed *bed, struct bus **bus);

/* JSON with ' for ". */
json_t *ask_bed_json(const char *quoted);
/* Types of the events about an ask without their prefix, "partial confirmed"; the caller frees. 0 = all asks. */
char *ask_bed_events(struct ask_bed *bed, int64_t ask);
/* "1:superseded 2:counts" */
char *ask_bed_versions(struct ask_bed *bed, int64_t ask);
int64_t ask_bed_int(struct ask_bed *bed, const char *sql);
/* Data of the last event; the caller frees. */
char *ask_bed_last_event(struct ask_bed *bed);

/* One answer in a transaction of its own, done again after a conflict. */
int ask_bed_record(struct db *db, struct bus *bus, const struct answer_new *answer,
	struct answer_outcome *outcome, struct error *e);
int ask_bed_decide(struct ask_bed *bed, int64_t ask, int64_t version, enum answer_decision decision,
	struct answer_outcome *outcome, struct error *e);

#endif
