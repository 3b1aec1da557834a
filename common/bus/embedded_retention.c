/* Nobody who is away may fill the disk. A group that may be cut off (the
 * notifier's) loses its oldest messages when it is too far behind in time or
 * size: its position moves in the transaction that publishes the gap event. For
 * any other group publishing on the topic stops until it has caught up. Runs in
 * the process that leads the store's maintenance, before trimming; publishers
 * see bus_stop within a second (bus_embedded.c). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/lang.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "bus/bus_embedded.h"
#include "bus/gap.h"

/* What is left by a cut, and where publishing goes on after a stop: 3/4 of the
 * limit, so that neither happens again at once. */
#define LOW_OF(most) ((most) / 4 * 3)
/* A group that is away for good grows too old every second: one gap event for
 * each 1/24 of the time messages are kept (7 hours of 7 days). */
#define CUTS_PER_KEEP 24

struct group {
	int64_t id, pos, cut_ms;
	char topic[BUS_NAME_MAX + 1], name[BUS_NAME_MAX + 1];
	bool may_be_cut_off;
};

/* What a group has not finished: messages first to last. */
struct backlog {
	int64_t first, last, messages;
	int64_t bytes; /* 0 when they are certainly below the low mark */
};

/* ---- measuring ------------------------------------------------------------- */

static int read_groups(struct db *db, struct group **out, size_t *count, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step;
	*out = NULL;
	*count = 0;
	if (db_query(db, &stmt, e,
		    "SELECT id, pos, cut_ms, topic, grp, may_be_cut_off FROM bus_group WHERE topic <> $1",
		    "s", BUS_DEAD) < 0)
		return -1;
	while ((step = db_step(stmt, e)) == DB_ROW) {
		*out = xrealloc(*out, *count + 1, sizeof **out);
		struct group *group = &(*out)[(*count)++];
		*group = (struct group){.id = db_int(stmt, 0),
			.pos = db_int(stmt, 1),
			.cut_ms = db_int(stmt, 2),
			.may_be_cut_off = db_int(stmt, 5) != 0};
		snprintf(group->topic, sizeof group->topic, "%s", db_text(stmt, 3));
		snprintf(group->name, sizeof group->name, "%s", db_text(stmt, 4));
	}
	return step == DB_FAILED ? -1 : 0;
}

static int measure(struct embedded_bus *bus, struct db *db, const char *topic, int64_t pos,
	struct backlog *backlog, struct error *e)
{
	const struct log_sql *sql = log_sql(topic);
	int64_t first;
	if (log_range(sql, db, &first, &backlog->last, e) < 0)
		return -1;
	backlog->first = pos + 1 > first ? pos + 1 : first;
	backlog->messages = backlog->last == 0 ? 0 : backlog->last - backlog->first + 1;
	if (backlog->messages < 0)
		backlog->messages = 0;
	backlog->bytes = 0;
	if (bus->most_bytes == 0 || backlog->messages <= LOW_OF(bus->most_bytes) / LOG_ROW_MAX_BYTES)
		return 0;
	return log_weigh(sql, db, backlog->first, backlog->last, &backlog->bytes, e);
}

/* ---- cutting off ----------------------------------------------------------- */

/* The last message older than `since`, first - 1 for none. Ids have no holes and
 * rise with time; where a clock was set back, some messages more are kept or lost. */
static int last_before(struct db *db, const struct log_sql *sql, const struct backlog *backlog,
	int64_t since_ms, int64_t *last, struct error *e)
{
	int64_t older = backlog->first - 1, newer = backlog->last + 1;
	while (newer - older > 1) {
		int64_t middle = older + (newer - older) / 2, logged_ms = 0;
		if (log_logged_ms(sql, db, middle, &logged_ms, e) == DB_FAILED)
			return -1;
		if (logged_ms < since_ms)
			older = middle;
		else
			newer = middle;
	}
	*last = older;
	return 0;
}

/* Up to which message the group loses, first - 1 for none. */
static int find_cut(struct embedded_bus *bus, struct db *db, const struct group *group,
	const struct backlog *backlog, int64_t *to, struct error *e)
{
	int64_t now_ms = clock_now_ms();
	*to = backlog->first - 1;
	if (bus->keep_ms > 0 && now_ms - group->cut_ms >= bus->keep_ms / CUTS_PER_KEEP &&
		last_before(db, log_sql(group->topic), backlog, now_ms - bus->keep_ms, to, e) < 0)
		return -1;
	if (bus->most_bytes > 0 && backlog->bytes > bus->most_bytes) {
		int64_t kept = (int64_t)((double)backlog->messages * (double)LOW_OF(bus->most_bytes) /
			(double)backlog->bytes);
		if (*to < backlog->last - kept)
			*to = backlog->last - kept;
	}
	return 0;
}

static int publish_gap(struct embedded_bus *bus, struct db *tx, const struct gap *gap, struct error *e)
{
	struct buf data;
	buf_init(&data, GAP_DATA_MAX_BYTES);
	char *id = xasprintf("%s.%s.%" PRId64, gap->group, gap->topic, gap->to);
	int rc = gap_write(gap, &data);
	const struct bus_message message = {.topic = BUS_STATUS,
		.id = id,
		.source = GAP_SOURCE,
		.type = GAP_TYPE,
		.time_ms = clock_now_ms(),
		.data = data.data,
		.len = data.len};
	rc = rc < 0 ? error_set(e, ERROR_INTERNAL, "a gap event grew over %d bytes", GAP_DATA_MAX_BYTES)
		    : embedded_append_anyway(bus, tx, &message, e);
	free(id);
	buf_fini(&data);
	return rc;
}

static int cut(struct embedded_bus *bus, struct db *db, const struct group *group, const struct gap *gap,
	struct error *e)
{
	if (db_begin(db, DB_WRITE, e) < 0)
		return -1;
	if (db_exec(db, e, "UPDATE bus_group SET pos = $3, cut_ms = $4 WHERE id = $1 AND pos = $2", "iiii",
		    group->id, group->pos, gap->to, clock_now_ms()) < 0)
		goto out;
	if (db_changes(db) == 0) { /* it has come on meanwhile: look again next time */
		db_rollback(db);
		return 0;
	}
	if (publish_gap(bus, db, gap, e) < 0 || db_commit(db, DB_DURABLE, e) < 0)
		goto out;
	log_error("bus-cut-off", "group=%s topic=%s messages=%" PRId64 " from=%" PRId64 " to=%" PRId64,
		gap->group, gap->topic, gap->messages, gap->from, gap->to);
	return 0;
out:
	db_rollback(db);
	return -1;
}

static int cut_when_behind(struct embedded_bus *bus, struct db *db, const struct group *group,
	struct error *e)
{
	struct backlog backlog;
	int64_t to;
	if (measure(bus, db, group->topic, group->pos, &backlog, e) < 0)
		return -1;
	if (backlog.messages == 0)
		return 0;
	if (find_cut(bus, db, group, &backlog, &to, e) < 0)
		return -1;
	if (to < backlog.first)
		return 0;
	struct gap gap = {.group = group->name,
		.topic = group->topic,
		.from = backlog.first,
		.to = to,
		.messages = to - backlog.first + 1};
	if (log_logged_ms(log_sql(group->topic), db, gap.from, &gap.since_ms, e) == DB_FAILED)
		return -1;
	return cut(bus, db, group, &gap, e);
}

/* ---- stopping -------------------------------------------------------------- */

static void read_stop(struct db_stmt *stmt, struct bus_stop *out)
{
	const char *group = db_text(stmt, 1);
	*out = (struct bus_stop){
		.messages = db_int(stmt, 2), .bytes = db_int(stmt, 3), .since_ms = db_int(stmt, 4)};
	snprintf(out->topic, sizeof out->topic, "%s", db_text(stmt, 0));
	snprintf(out->group, sizeof out->group, "%s", group == NULL ? "" : group);
}

int bus_stops(struct db *db, struct bus_stop *out, size_t max, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step = DB_DONE;
	size_t n = 0;
	if (db_kind(db) != DB_SQLITE)
		return 0;
	if (db_query(db, &stmt, e, "SELECT topic, grp, messages, bytes, since_ms FROM bus_stop ORDER BY topic",
		    "") < 0)
		return -1;
	while (n < max && (step = db_step(stmt, e)) == DB_ROW)
		read_stop(stmt, &out[n++]);
	db_reset(stmt);
	return step == DB_FAILED ? -1 : (int)n;
}

int bus_stop_of(struct db *db, const char *topic, struct bus_stop *out, struct error *e)
{
	struct db_stmt *stmt;
	if (db_kind(db) != DB_SQLITE)
		return 0;
	if (db_query(db, &stmt, e, "SELECT topic, grp, messages, bytes, since_ms FROM bus_stop WHERE topic = $1",
		    "s", topic) < 0)
		return -1;
	enum db_step step = db_step(stmt, e);
	if (step == DB_ROW)
		read_stop(stmt, out);
	db_reset(stmt);
	return step == DB_FAILED ? -1 : step == DB_ROW;
}

const char *bus_stop_text(const struct bus_stop *stop, char out[static BUS_STOP_TEXT_SIZE])
{
	double megabytes = (double)stop->bytes / 1e6;
	if (stop->group[0] == '\0')
		snprintf(out, BUS_STOP_TEXT_SIZE,
			tr("publishing on %s is stopped: %" PRId64 " messages (%.1f MB) wait and nobody has ever "
			   "read them; the limit is bus_max",
				"публикация в %s остановлена: %" PRId64 " сообщений (%.1f МБ) ждут, и никто их ни "
				"разу не читал; предел — bus_max"),
			stop->topic, stop->messages, megabytes);
	else
		snprintf(out, BUS_STOP_TEXT_SIZE,
			tr("publishing on %s is stopped until %s has caught up: it is %" PRId64 " messages (%.1f MB) "
			   "behind; the limit is bus_max",
				"публикация в %s остановлена, пока %s не догонит: отставание — %" PRId64
				" сообщений (%.1f МБ); предел — bus_max"),
			stop->topic, stop->group, stop->messages, megabytes);
	return out;
}

/* The group that is furthest behind of those that are never cut off. */
static int find_worst(struct embedded_bus *bus, struct db *db, const char *topic, const struct group *groups,
	size_t count, struct bus_stop *worst, struct error *e)
{
	struct backlog backlog;
	bool read_by_any = false;
	snprintf(worst->topic, sizeof worst->topic, "%s", topic);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(groups[i].topic, topic) != 0)
			continue;
		read_by_any = true;
		if (groups[i].may_be_cut_off)
			continue;
		if (measure(bus, db, topic, groups[i].pos, &backlog, e) < 0)
			return -1;
		if (backlog.bytes <= worst->bytes)
			continue;
		worst->bytes = backlog.bytes;
		worst->messages = backlog.messages;
		memcpy(worst->group, groups[i].name, sizeof worst->group);
	}
	if (read_by_any)
		return 0;
	if (measure(bus, db, topic, 0, &backlog, e) < 0)
		return -1;
	worst->bytes = backlog.bytes;
	worst->messages = backlog.messages;
	return 0;
}

static int stop(struct db *db, const struct bus_stop *worst, struct error *e)
{
	char text[BUS_STOP_TEXT_SIZE];
	if (db_exec(db, e,
		    "INSERT INTO bus_stop (topic, grp, messages, bytes, since_ms) VALUES ($1, NULLIF($2, ''), $3,"
		    " $4, $5)",
		    "ssiii", worst->topic, worst->group, worst->messages, worst->bytes, clock_now_ms()) < 0)
		return -1;
	log_error("bus-stopped", "topic=%s group=%s messages=%" PRId64 " bytes=%" PRId64 " text=%s", worst->topic,
		worst->group, worst->messages, worst->bytes, log_quote(bus_stop_text(worst, text)));
	return 0;
}

/* So that its text tells how far it has come. */
static int refresh(struct db *db, const struct bus_stop *worst, struct error *e)
{
	return db_exec(db, e,
		"UPDATE bus_stop SET grp = NULLIF($2, ''), messages = $3, bytes = $4 WHERE topic = $1 AND"
		" messages <> $3",
		"ssii", worst->topic, worst->group, worst->messages, worst->bytes);
}

static int go_on(struct db *db, const char *topic, struct error *e)
{
	if (db_exec(db, e, "DELETE FROM bus_stop WHERE topic = $1", "s", topic) < 0)
		return -1;
	log_info("bus-goes-on", "topic=%s", topic);
	return 0;
}

static int judge(struct embedded_bus *bus, struct db *db, const char *topic, const struct group *groups,
	size_t count, struct error *e)
{
	struct bus_stop worst = {0}, now;
	if (find_worst(bus, db, topic, groups, count, &worst, e) < 0)
		return -1;
	int stopped = bus_stop_of(db, topic, &now, e);
	if (stopped < 0)
		return -1;
	if (bus->most_bytes > 0 && worst.bytes > bus->most_bytes)
		return stopped ? refresh(db, &worst, e) : stop(db, &worst, e);
	if (!stopped)
		return 0;
	return bus->most_bytes > 0 && worst.bytes > LOW_OF(bus->most_bytes) ? refresh(db, &worst, e)
									     : go_on(db, topic, e);
}

/* ---- the chore ------------------------------------------------------------- */

static bool seen_before(const struct group *groups, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (strcmp(groups[i].topic, groups[at].topic) == 0)
			return true;
	return false;
}

int embedded_retention(struct embedded_bus *bus, struct db *db, struct error *e)
{
	/* Ours count without any group, too: a service that was never started. */
	static const char *const ours[] = {BUS_TASKS, BUS_MAIL, BUS_MAIL_URGENT, BUS_STATUS};
	struct group *groups;
	size_t count;
	int rc = read_groups(db, &groups, &count, e);
	for (size_t i = 0; i < count && rc == 0; i++)
		if (groups[i].may_be_cut_off)
			rc = cut_when_behind(bus, db, &groups[i], e);
	for (size_t i = 0; i < sizeof ours / sizeof ours[0] && rc == 0; i++)
		rc = judge(bus, db, ours[i], groups, count, e);
	for (size_t i = 0; i < count && rc == 0; i++) {
		bool judged = seen_before(groups, i);
		for (size_t k = 0; k < sizeof ours / sizeof ours[0]; k++)
			judged = judged || strcmp(groups[i].topic, ours[k]) == 0;
		if (!judged)
			rc = judge(bus, db, groups[i].topic, groups, count, e);
	}
	free(groups);
	return rc;
}
