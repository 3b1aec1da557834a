/* Outcomes counted for charts and metrics: tables outcome_minute, outcome_total, webhook_total. */
#ifndef VESTNIK_STORE_OUTCOME_H
#define VESTNIK_STORE_OUTCOME_H

#include <stdint.h>

#include "base/error.h"
#include "message/status.h"
#include "store/db.h"

#define OUTCOME_MINUTE_MS 60000
/* Minutes are kept so long: the longest chart is a week. */
#define OUTCOME_KEPT_MS (INT64_C(8) * 86400000)

/* Adds n to the minute and to the total. Inside the writer's transaction. relay NULL = none. */
int outcome_add(struct db *tx, int64_t minute, const char *relay, enum delivery_state state, int64_t part, int64_t n,
	struct error *e);
/* Deletes minutes older than OUTCOME_KEPT_MS. */
int outcome_trim(struct db *db, int64_t now_ms, struct error *e);

struct outcome_sum {
	int64_t span;        /* number of the span since 1970: minute / span_minutes */
	const char *relay;   /* of outcome_totals; NULL of outcome_spans */
	enum delivery_state state;
	int64_t n;
};
/* Sums over spans of so many minutes from since_ms on, oldest first. relay: NULL = all together. */
int outcome_spans(struct db *db, int64_t since_ms, int64_t span_minutes, const char *relay,
	void (*each)(void *arg, const struct outcome_sum *sum), void *arg, struct error *e);
/* Since the installation began, by relay and state. */
int outcome_totals(struct db *db, void (*each)(void *arg, const struct outcome_sum *sum), void *arg, struct error *e);

/* One kind of answer to webhook requests. */
int webhook_total_add(struct db *tx, const char *result, int64_t part, int64_t n, struct error *e);
int webhook_totals(struct db *db, void (*each)(void *arg, const char *result, int64_t n), void *arg, struct error *e);

#endif
