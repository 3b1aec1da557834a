/* How far a group is behind, and whether it has passed a mark. Messages in the outbox count
 * as published: "until now" includes what a transaction has decided and the pump has not
 * sent yet. */
#include "bus/kafka_look.h"

#include <string.h>

#include "base/xalloc.h"

/* The planner asks for the lag several times a pass; what this process publishes meanwhile is
 * added, so that it never runs ahead on an old figure. */
#define LAG_FRESH_MS 50
/* More waiting messages need not be told apart. */
#define OUTBOX_COUNT_MOST 100000

/* ---- the outbox's part -------------------------------------------------------------- */

struct outbox_question {
	const char *topic;
	int64_t until; /* 0: all */
	int64_t answer;
};

static int last_row(struct db *db, void *arg, struct error *e)
{
	struct outbox_question *q = arg;
	return db_query_int(db, &q->answer, e,
		       "SELECT COALESCE(MAX(id), 0) FROM outbox WHERE topic = $1 AND refused IS NULL", "s",
		       q->topic) == DB_ROW ? 0 : -1;
}

static int row_until(struct db *db, void *arg, struct error *e)
{
	struct outbox_question *q = arg;
	enum db_step step = db_query_int(db, &q->answer, e,
		"SELECT id FROM outbox WHERE id <= $1 AND topic = $2 AND refused IS NULL LIMIT 1", "is",
		q->until, q->topic);
	if (step == DB_DONE)
		q->answer = 0;
	return step == DB_FAILED ? -1 : 0;
}

static int count_rows(struct db *db, void *arg, struct error *e)
{
	struct outbox_question *q = arg;
	return db_query_int(db, &q->answer, e,
		       "SELECT COUNT(*) FROM (SELECT 1 FROM outbox WHERE topic = $1 AND refused IS NULL"
		       " LIMIT $2) t", "si", q->topic, (int64_t)OUTBOX_COUNT_MOST) == DB_ROW ? 0 : -1;
}

/* ---- marks ---------------------------------------------------------------------------- */

static int take_ends(struct kafka_bus *bus, struct bus_mark *mark, struct error *e)
{
	mark->partitions = 0;
	mark->outbox = 0;
	rd_kafka_topic_partition_list_t *list = kafka_partitions_of(bus, mark->topic, e);
	if (list == NULL)
		return e->code == ERROR_NONE ? 0 : -1;
	int rc = kafka_ask_offsets(bus, list, RD_KAFKA_OFFSET_END, e);
	for (int i = 0; rc == 0 && i < list->cnt; i++)
		mark->position[mark->partitions++] = list->elems[i].offset;
	rd_kafka_topic_partition_list_destroy(list);
	return rc;
}

int kafka_mark(struct bus *base, const char *topic, struct bus_mark *mark, struct error *e)
{
	struct kafka_bus *bus = kafka_bus_of(base);
	struct outbox_question q = {.topic = topic};
	struct error why;
	int rc = kafka_with_db(bus, last_row, &q, &why);
	mark->outbox = q.answer;
	if (rc == 0 && q.answer == 0)
		rc = take_ends(bus, mark, &why);
	if (rc < 0 && e != NULL)
		*e = why;
	return rc;
}

int kafka_ends(struct bus *base, const char *topic, int64_t end[static BUS_PARTITIONS_MAX], struct error *e)
{
	struct kafka_bus *bus = kafka_bus_of(base);
	struct bus_mark mark;
	struct error why;
	snprintf(mark.topic, sizeof mark.topic, "%s", topic);
	int rc = take_ends(bus, &mark, &why);
	if (rc == 0 && mark.partitions == 0)
		rc = kafka_no_topic(bus, topic, &why);
	memcpy(end, mark.position, sizeof mark.position);
	if (rc < 0 && e != NULL)
		*e = why;
	return rc < 0 ? -1 : mark.partitions;
}

/* A row is deleted only when its message is in the topic: the end asked for afterwards is
 * beyond it. */
static int outbox_is_past(struct kafka_bus *bus, struct bus_mark *mark, struct error *e)
{
	struct outbox_question q = {.topic = mark->topic, .until = mark->outbox};
	if (mark->outbox == 0)
		return 1;
	if (kafka_with_db(bus, row_until, &q, e) < 0)
		return -1;
	if (q.answer != 0)
		return 0;
	return take_ends(bus, mark, e) < 0 ? -1 : 1;
}

/* What retention has deleted is passed, by whoever: it will never be read. */
static int compare_positions(struct kafka_bus *bus, const struct bus_mark *mark,
	const rd_kafka_topic_partition_list_t *committed, struct error *e)
{
	int64_t low[BUS_PARTITIONS_MAX];
	bool behind = false;
	for (int i = 0; i < committed->cnt && i < mark->partitions; i++)
		behind = behind || (committed->elems[i].offset < mark->position[i] && mark->position[i] > 0);
	if (!behind)
		return 1;
	if (kafka_ask_lows(bus, mark->topic, mark->partitions, low, e) < 0)
		return -1;
	for (int i = 0; i < committed->cnt && i < mark->partitions; i++) {
		int64_t at = committed->elems[i].offset;
		if ((at > low[i] ? at : low[i]) < mark->position[i])
			return 0;
	}
	return 1;
}

int kafka_passed(struct bus *base, const char *group, struct bus_mark *mark, struct error *e)
{
	struct kafka_bus *bus = kafka_bus_of(base);
	struct error why;
	int rc = outbox_is_past(bus, mark, &why);
	if (rc > 0 && mark->partitions > 0) {
		rd_kafka_topic_partition_list_t *list = kafka_partitions_of(bus, mark->topic, &why);
		rc = list == NULL || kafka_ask_committed(bus, group, list, &why) < 0
			? -1
			: compare_positions(bus, mark, list, &why);
		if (list != NULL)
			rd_kafka_topic_partition_list_destroy(list);
	}
	if (rc < 0 && e != NULL)
		*e = why;
	return rc;
}

/* ---- lag ----------------------------------------------------------------------------------- */

/* lock held. */
static struct kafka_lag *find_lag(struct kafka_look *look, const char *topic, const char *group)
{
	struct kafka_lag *lag = look->lags;
	while (lag != NULL && (strcmp(lag->topic, topic) != 0 || strcmp(lag->group, group) != 0))
		lag = lag->next;
	if (lag == NULL) {
		lag = xcalloc(1, sizeof *lag);
		snprintf(lag->topic, sizeof lag->topic, "%s", topic);
		snprintf(lag->group, sizeof lag->group, "%s", group);
		lag->next = look->lags;
		look->lags = lag;
	}
	return lag;
}

void kafka_look_published(struct kafka_bus *bus, const char *topic)
{
	struct kafka_look *look = bus->look;
	pthread_mutex_lock(&look->lock);
	for (struct kafka_lag *lag = look->lags; lag != NULL; lag = lag->next)
		if (strcmp(lag->topic, topic) == 0)
			lag->published++;
	pthread_mutex_unlock(&look->lock);
}

/* The outbox first: a message on its way from there to the topic counts twice, not never. */
static int measure_lag(struct kafka_bus *bus, const char *topic, const char *group, int64_t *sum,
	struct error *e)
{
	struct outbox_question q = {.topic = topic};
	int64_t end[BUS_PARTITIONS_MAX], low[BUS_PARTITIONS_MAX];
	*sum = 0;
	if (kafka_with_db(bus, count_rows, &q, e) < 0)
		return -1;
	rd_kafka_topic_partition_list_t *list = kafka_partitions_of(bus, topic, e);
	if (list == NULL)
		return e->code == ERROR_NONE ? 0 : -1;
	int n = list->cnt;
	int rc = kafka_ask_offsets(bus, list, RD_KAFKA_OFFSET_END, e);
	for (int i = 0; i < n; i++)
		end[i] = list->elems[i].offset;
	if (rc == 0 && (kafka_ask_committed(bus, group, list, e) < 0 || kafka_ask_lows(bus, topic, n, low, e) < 0))
		rc = -1;
	*sum = q.answer;
	for (int i = 0; rc == 0 && i < n; i++) {
		int64_t from = list->elems[i].offset > low[i] ? list->elems[i].offset : low[i];
		*sum += end[i] > from ? end[i] - from : 0;
	}
	rd_kafka_topic_partition_list_destroy(list);
	return rc;
}

int kafka_lag(struct bus *base, const char *topic, const char *group, int64_t *out, struct error *e)
{
	struct kafka_bus *bus = kafka_bus_of(base);
	struct kafka_look *look = bus->look;
	int64_t now_ms = kafka_mono_ms(), sum;
	pthread_mutex_lock(&look->lock);
	struct kafka_lag *lag = find_lag(look, topic, group);
	bool fresh = lag->measured_ms != 0 && now_ms - lag->measured_ms < LAG_FRESH_MS;
	*out = lag->lag + lag->published;
	int64_t before = lag->published;
	pthread_mutex_unlock(&look->lock);
	if (fresh)
		return 0;
	struct error why;
	if (measure_lag(bus, topic, group, &sum, &why) < 0) {
		if (e != NULL)
			*e = why;
		return -1;
	}
	pthread_mutex_lock(&look->lock);
	lag->lag = sum;
	lag->published -= before;
	lag->measured_ms = now_ms;
	*out = lag->lag + lag->published;
	pthread_mutex_unlock(&look->lock);
	return 0;
}
