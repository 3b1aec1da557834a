#include "store/outcome.h"

#include <stddef.h>

int outcome_add(struct db *tx, int64_t minute, const char *relay, enum delivery_state state, int64_t part, int64_t n,
	struct error *e)
{
	const char *name = relay == NULL ? "" : relay;
	if (db_exec(tx, e,
		    "INSERT INTO outcome_minute (minute, relay, state, part, n) VALUES ($1, $2, $3, $4, $5)"
		    " ON CONFLICT (minute, relay, state, part) DO UPDATE SET n = outcome_minute.n + excluded.n",
		    "isiii", minute, name, (int64_t)state, part, n) != 0)
		return -1;
	return db_exec(tx, e,
		"INSERT INTO outcome_total (relay, state, part, n) VALUES ($1, $2, $3, $4)"
		" ON CONFLICT (relay, state, part) DO UPDATE SET n = outcome_total.n + excluded.n",
		"siii", name, (int64_t)state, part, n);
}

int outcome_trim(struct db *db, int64_t now_ms, struct error *e)
{
	return db_exec(db, e, "DELETE FROM outcome_minute WHERE minute < $1", "i",
		(now_ms - OUTCOME_KEPT_MS) / OUTCOME_MINUTE_MS);
}

static int give_spans(struct db_stmt *rows, void (*each)(void *arg, const struct outcome_sum *sum), void *arg,
	struct error *e)
{
	enum db_step step;
	while ((step = db_step(rows, e)) == DB_ROW) {
		const struct outcome_sum sum = {.span = db_int(rows, 0),
			.state = (enum delivery_state)db_int(rows, 1),
			.n = db_int(rows, 2)};
		if (sum.state < DELIVERY_STATES)
			each(arg, &sum);
	}
	return step == DB_DONE ? 0 : -1;
}

int outcome_spans(struct db *db, int64_t since_ms, int64_t span_minutes, const char *relay,
	void (*each)(void *arg, const struct outcome_sum *sum), void *arg, struct error *e)
{
	struct db_stmt *rows;
	int64_t since = since_ms / OUTCOME_MINUTE_MS;
	int rc = relay == NULL
		? db_query(db, &rows, e,
			  "SELECT minute / $2, state, CAST(SUM(n) AS BIGINT) FROM outcome_minute WHERE minute >= $1"
			  " GROUP BY 1, 2 ORDER BY 1, 2",
			  "ii", since, span_minutes)
		: db_query(db, &rows, e,
			  "SELECT minute / $2, state, CAST(SUM(n) AS BIGINT) FROM outcome_minute WHERE minute >= $1"
			  " AND relay = $3 GROUP BY 1, 2 ORDER BY 1, 2",
			  "iis", since, span_minutes, relay);
	return rc != 0 ? -1 : give_spans(rows, each, arg, e);
}

int outcome_totals(struct db *db, void (*each)(void *arg, const struct outcome_sum *sum), void *arg, struct error *e)
{
	struct db_stmt *rows;
	enum db_step step;
	if (db_query(db, &rows, e,
		    "SELECT relay, state, CAST(SUM(n) AS BIGINT) FROM outcome_total GROUP BY 1, 2 ORDER BY 1, 2", "") != 0)
		return -1;
	while ((step = db_step(rows, e)) == DB_ROW) {
		const struct outcome_sum sum = {.relay = db_text(rows, 0),
			.state = (enum delivery_state)db_int(rows, 1),
			.n = db_int(rows, 2)};
		if (sum.state < DELIVERY_STATES)
			each(arg, &sum);
	}
	return step == DB_DONE ? 0 : -1;
}

int webhook_total_add(struct db *tx, const char *result, int64_t part, int64_t n, struct error *e)
{
	return db_exec(tx, e,
		"INSERT INTO webhook_total (result, part, n) VALUES ($1, $2, $3)"
		" ON CONFLICT (result, part) DO UPDATE SET n = webhook_total.n + excluded.n",
		"sii", result, part, n);
}

int webhook_totals(struct db *db, void (*each)(void *arg, const char *result, int64_t n), void *arg, struct error *e)
{
	struct db_stmt *rows;
	enum db_step step;
	if (db_query(db, &rows, e, "SELECT result, CAST(SUM(n) AS BIGINT) FROM webhook_total GROUP BY 1 ORDER BY 1", "") != 0)
		return -1;
	while ((step = db_step(rows, e)) == DB_ROW)
		each(arg, db_text(rows, 0), db_int(rows, 1));
	return step == DB_DONE ? 0 : -1;
}
