/* Deletes what nobody needs any more. Runs in the process that leads the
 * store's maintenance. */
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "bus/bus_embedded.h"

/* Some 5 ms of the write lock. */
#define TRIM_ROWS 5000
/* Others come first: a planner that took the lock back at once made 100 ms waits. */
#define TRIM_PAUSE_US 2000
/* Then the maintenance thread looks at the log file again. */
#define TRIM_BATCHES 20
#define DEAD_KEPT_MS (30LL * 24 * 3600 * 1000)
/* Who watches letters live (console, `vestnik log -f`) is no group and looks some times a second: the newest
 * events stay for him, two seconds of the highest rate, some 6 MB. */
#define STATUS_KEPT 20000
#define TOPICS_MAX 64

/* The last row stays: an empty table would start its ids again, below the
 * positions of the groups. */
static int trim_topic(struct db *db, const struct log_sql *sql, int64_t passed, struct error *e)
{
	int64_t first, last, kept = strcmp(sql->topic, BUS_STATUS) == 0 ? STATUS_KEPT : 1;
	if (log_range(sql, db, &first, &last, e) < 0)
		return -1;
	int64_t end = passed <= last - kept ? passed : last - kept;
	for (int batch = 0; batch < TRIM_BATCHES && first > 0 && first <= end; batch++) {
		int64_t upto = end - first < TRIM_ROWS ? end : first + TRIM_ROWS - 1;
		if (batch > 0)
			usleep(TRIM_PAUSE_US);
		if (db_exec(db, e, sql->trim, "i", upto) < 0)
			return -1;
		first = upto + 1;
	}
	return 0;
}

static int trim_dead(struct db *db, struct error *e)
{
	const struct log_sql *sql = log_sql(BUS_DEAD);
	int64_t kept;
	switch (db_query_int(db, &kept, e, sql->first_since, "i", clock_now_ms() - DEAD_KEPT_MS)) {
	case DB_ROW:
		return trim_topic(db, sql, kept - 1, e);
	case DB_DONE: /* all are old, or there is none */
		return trim_topic(db, sql, INT64_MAX, e);
	default:
		return -1;
	}
}

int bus_trim(struct db *db, void *bus, struct error *e)
{
	struct bus *with = bus;
	if (db_kind(db) != DB_SQLITE)
		return 0;
	if (with != NULL && with->ops == &bus_embedded_ops &&
		embedded_retention(bus, db, e) < 0)
		return -1;
	struct db_stmt *stmt;
	struct {
		const struct log_sql *sql;
		int64_t passed;
	} topics[TOPICS_MAX];
	size_t n = 0;
	if (db_query(db, &stmt, e, "SELECT topic, MIN(pos) FROM bus_group GROUP BY topic", "") < 0)
		return -1;
	enum db_step step = DB_DONE;
	while (n < TOPICS_MAX && (step = db_step(stmt, e)) == DB_ROW) {
		if (strcmp(db_text(stmt, 0), BUS_DEAD) == 0)
			continue;
		topics[n].sql = log_sql(db_text(stmt, 0));
		topics[n++].passed = db_int(stmt, 1);
	}
	db_reset(stmt);
	if (step == DB_FAILED)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (trim_topic(db, topics[i].sql, topics[i].passed, e) < 0)
			return -1;
	return trim_dead(db, e);
}
