/* `campaign retry`: rows that failed, or are held as uncertain, wait again. Only the ledger updates
 * deliveries: the planner publishes (dispatch + 1, waiting) for each, batch by batch. */
#include "base/clock.h"
#include "planner/internal.h"

#define BATCH_MAX 1000

struct found {
	int64_t key, dispatch;
};

static int find(struct planner *planner, int64_t campaign, int64_t step, int64_t cursor,
	struct found *rows, size_t *count, struct error *e)
{
	struct db_stmt *stmt;
	int rc;
	*count = 0;
	if (step == PLANNER_STEP_RETRY_FAILED)
		rc = db_query(planner->db, &stmt, e,
			"SELECT t.key, d.dispatch FROM trouble t JOIN delivery d ON d.key = t.key"
			" WHERE t.campaign = $1 AND t.state = 8 AND t.key > $2 ORDER BY t.key LIMIT $3",
			"iii", campaign, cursor, (int64_t)BATCH_MAX);
	else /* those the due loop sends again by itself are left to it */
		rc = db_query(planner->db, &stmt, e,
			"SELECT t.key, d.dispatch FROM trouble t JOIN delivery d ON d.key = t.key"
			" LEFT JOIN schedule s ON s.key = t.key"
			" WHERE t.campaign = $1 AND t.state = 2 AND t.key > $2 AND s.key IS NULL"
			" ORDER BY t.key LIMIT $3",
			"iii", campaign, cursor, (int64_t)BATCH_MAX);
	if (rc != 0)
		return -1;
	enum db_step got;
	while ((got = db_step(stmt, e)) == DB_ROW)
		rows[(*count)++] = (struct found){.key = db_int(stmt, 0), .dispatch = db_int(stmt, 1)};
	return got == DB_DONE ? 0 : -1;
}

int planner_retry_step(struct planner *planner, int64_t expand, int64_t campaign, int64_t step,
	int64_t cursor, struct error *e)
{
	struct found rows[BATCH_MAX];
	size_t count;
	if (planner_begin(planner, e) != 0)
		return -1;
	int rc = find(planner, campaign, step, cursor, rows, &count, e);
	for (size_t i = 0; i < count && rc == 0; i++) {
		struct delivery_status status = {.key = rows[i].key, .dispatch = rows[i].dispatch + 1,
			.campaign = campaign, .state = DELIVERY_WAITING, .time_ms = clock_now_ms()};
		rc = planner_publish_status(planner, &status, e);
	}
	if (rc == 0)
		rc = db_exec(planner->db, e, "UPDATE expand SET cursor = $2, done = $3 WHERE id = $1", "iii",
			expand, count > 0 ? rows[count - 1].key : cursor, (int64_t)(count < BATCH_MAX));
	if (rc == 0)
		rc = db_commit(planner->db, DB_RELAXED, e);
	db_rollback(planner->db);
	if (rc != 0)
		return -1;
	if (bus_mark(planner->bus, BUS_STATUS, &planner->finish_mark, e) != 0)
		return -1;
	planner->finish_marked = true;
	return count > 0 ? (int)count : 1;
}
