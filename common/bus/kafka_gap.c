/* Messages a group lost to retention: a row for `vestnik status` and an event, in one
 * transaction. And what waits in the outbox. */
#include <string.h>

#include "base/clock.h"
#include "base/ident.h"
#include "bus/bus_kafka.h"
#include "bus/gap.h"

#define GAPS_KEPT_MS (30LL * 24 * 3600 * 1000)

struct writing {
	struct kafka_bus *bus;
	const struct bus_gap *gap;
};

static int publish_event(struct kafka_bus *bus, struct db *tx, const struct bus_gap *gap, struct error *e)
{
	char id[IDENT_SIZE];
	struct buf data;
	const struct gap event = {.group = gap->group,
		.topic = gap->topic,
		.from = gap->from,
		.to = gap->to,
		.since_ms = gap->noticed_ms,
		.messages = gap->to - gap->from + 1};
	buf_init(&data, GAP_DATA_MAX_BYTES);
	gap_write(&event, &data);
	struct bus_message message = {.topic = BUS_STATUS,
		.id = ident_new(id),
		.source = GAP_SOURCE,
		.type = GAP_TYPE,
		.time_ms = gap->noticed_ms,
		.data = buf_str(&data),
		.len = data.len};
	int rc = kafka_publish_tx(&bus->base, tx, &message, 1, e);
	buf_fini(&data);
	return rc < 0 && e->code == ERROR_NOT_FOUND ? 0 : rc;
}

static int write_gap(struct db *db, void *arg, struct error *e)
{
	struct writing *w = arg;
	const struct bus_gap *gap = w->gap;
	if (db_begin(db, DB_WRITE, e) < 0)
		return -1;
	if (db_exec(db, e,
		    "INSERT INTO bus_gap (topic, grp, part, first, last, noticed_ms)"
		    " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (topic, grp, part, first) DO UPDATE"
		    " SET last = excluded.last, noticed_ms = excluded.noticed_ms",
		    "ssiiii", gap->topic, gap->group, (int64_t)gap->partition, gap->from, gap->to,
		    gap->noticed_ms) < 0 ||
		db_exec(db, e, "DELETE FROM bus_gap WHERE noticed_ms < $1", "i",
			clock_now_ms() - GAPS_KEPT_MS) < 0 ||
		publish_event(w->bus, db, gap, e) < 0)
		return -1;
	return db_commit(db, DB_DURABLE, e);
}

int kafka_gap(struct kafka_bus *bus, const struct bus_gap *gap, struct error *e)
{
	struct writing w = {bus, gap};
	return kafka_with_db(bus, write_gap, &w, e);
}

int bus_gaps(struct db *db, struct bus_gap *out, size_t max, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step = DB_DONE;
	size_t n = 0;
	if (db_query(db, &stmt, e,
		    "SELECT topic, grp, part, first, last, noticed_ms FROM bus_gap"
		    " ORDER BY noticed_ms DESC, topic, grp, part LIMIT $1",
		    "i", (int64_t)max) < 0)
		return -1;
	while (n < max && (step = db_step(stmt, e)) == DB_ROW) {
		struct bus_gap *gap = &out[n++];
		*gap = (struct bus_gap){.partition = (int32_t)db_int(stmt, 2),
			.from = db_int(stmt, 3),
			.to = db_int(stmt, 4),
			.noticed_ms = db_int(stmt, 5)};
		snprintf(gap->topic, sizeof gap->topic, "%s", db_text(stmt, 0));
		snprintf(gap->group, sizeof gap->group, "%s", db_text(stmt, 1));
	}
	db_reset(stmt);
	return step == DB_FAILED ? -1 : (int)n;
}

int bus_waiting(struct db *db, struct bus_waiting *out, struct error *e)
{
	struct db_stmt *stmt;
	memset(out, 0, sizeof *out);
	if (db_query(db, &stmt, e,
		    "SELECT COALESCE(SUM(CASE WHEN refused IS NULL THEN 1 ELSE 0 END), 0),"
		    " COALESCE(MIN(CASE WHEN refused IS NULL THEN logged_ms END), 0),"
		    " COALESCE(SUM(CASE WHEN refused IS NULL THEN 0 ELSE 1 END), 0), MAX(refused) FROM outbox",
		    "") < 0 ||
		db_step(stmt, e) != DB_ROW)
		return -1;
	out->messages = db_int(stmt, 0);
	out->oldest_ms = db_int(stmt, 1);
	out->refused = db_int(stmt, 2);
	const char *why = db_text(stmt, 3);
	snprintf(out->refused_why, sizeof out->refused_why, "%s", why == NULL ? "" : why);
	db_reset(stmt);
	return 0;
}
