/* The bus in the store's own file: publishing and looking. An append is an
 * insert in the publisher's transaction; consumers are woken after its commit.
 * Consuming is in embedded_consumer.c. */
#include "bus/bus_embedded.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "store/schema.h"

/* A group that appears is woken after this; until then its own slow poll serves it. */
#define GROUPS_REREAD_MS 1000
#define BROWSE_BATCH 100

static struct embedded_bus *of(struct bus *bus)
{
	return (struct embedded_bus *)bus;
}

int64_t embedded_mono_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- open, close ----------------------------------------------------------- */

static void embedded_close(struct bus *base)
{
	struct embedded_bus *bus = of(base);
	for (struct embedded_topic *topic = bus->topics, *next; topic != NULL; topic = next) {
		next = topic->next;
		free(topic->groups);
		free(topic);
	}
	db_close(&bus->db);
	if (bus->sender >= 0)
		close(bus->sender);
	pthread_mutex_destroy(&bus->topics_lock);
	pthread_mutex_destroy(&bus->db_lock);
	free(bus->store_url);
	free(bus->store_file);
	free(bus);
}

static int embedded_open(struct bus **out, const struct bus_config *config, struct error *e)
{
	struct embedded_bus *bus = xcalloc(1, sizeof *bus);
	bus->base.ops = &bus_embedded_ops;
	bus->store_url = xstrdup(config->store_url);
	bus->keep_ms = config->keep_ms;
	bus->most_bytes = config->most_bytes;
	pthread_mutex_init(&bus->topics_lock, NULL);
	pthread_mutex_init(&bus->db_lock, NULL);
	bus->sender = wakeup_sender(e);
	if (bus->sender < 0 || db_open(&bus->db, bus->store_url, e) < 0)
		goto out;
	if (db_kind(bus->db) != DB_SQLITE) {
		error_set(e, ERROR_INPUT, "the embedded bus needs a SQLite store");
		goto out;
	}
	if (schema_migrate(bus->db, e) < 0)
		goto out;
	bus->store_file = xstrdup(db_file(bus->db));
	*out = &bus->base;
	return 0;
out:
	embedded_close(&bus->base);
	return -1;
}

/* ---- topics ---------------------------------------------------------------- */

static struct embedded_topic *find_topic(struct embedded_bus *bus, const char *name)
{
	pthread_mutex_lock(&bus->topics_lock);
	struct embedded_topic *topic = bus->topics;
	while (topic != NULL && strcmp(topic->sql->topic, name) != 0)
		topic = topic->next;
	if (topic == NULL) {
		topic = xcalloc(1, sizeof *topic);
		topic->bus = bus;
		topic->sql = log_sql(name);
		topic->next = bus->topics;
		bus->topics = topic;
	}
	pthread_mutex_unlock(&bus->topics_lock);
	return topic;
}

static bool topic_exists(struct embedded_topic *topic, bool set)
{
	pthread_mutex_lock(&topic->bus->topics_lock);
	topic->exists = topic->exists || set;
	bool exists = topic->exists;
	pthread_mutex_unlock(&topic->bus->topics_lock);
	return exists;
}

void embedded_reads_here(struct embedded_bus *bus, const char *name)
{
	struct embedded_topic *topic = find_topic(bus, name);
	pthread_mutex_lock(&bus->topics_lock);
	topic->read_here = true;
	pthread_mutex_unlock(&bus->topics_lock);
}

/* Who listens and whether somebody is too far behind, read in the publisher's
 * transaction now and then. */
static int read_groups(struct embedded_topic *topic, struct db *tx, struct error *e)
{
	struct embedded_bus *bus = topic->bus;
	int64_t now_ms = embedded_mono_ms();
	pthread_mutex_lock(&bus->topics_lock);
	bool fresh = topic->groups_read_ms != 0 && !topic->stopped &&
		     now_ms - topic->groups_read_ms < GROUPS_REREAD_MS;
	pthread_mutex_unlock(&bus->topics_lock);
	if (fresh)
		return 0;
	struct db_stmt *stmt;
	struct wakeup_address *groups = NULL;
	size_t count = 0;
	if (db_query(tx, &stmt, e, "SELECT grp FROM bus_group WHERE topic = $1", "s",
		    topic->sql->topic) < 0)
		return -1;
	enum db_step step;
	while ((step = db_step(stmt, e)) == DB_ROW) {
		groups = xrealloc(groups, count + 1, sizeof *groups);
		wakeup_address(&groups[count++], bus->store_file, topic->sql->topic,
			db_text(stmt, 0));
	}
	struct bus_stop stop;
	int stopped = step == DB_FAILED ? -1 : bus_stop_of(tx, topic->sql->topic, &stop, e);
	if (stopped < 0) {
		free(groups);
		return -1;
	}
	pthread_mutex_lock(&bus->topics_lock);
	topic->stopped = stopped > 0;
	if (stopped > 0)
		topic->stop = stop;
	free(topic->groups);
	topic->groups = groups;
	topic->group_count = count;
	topic->groups_read_ms = now_ms;
	pthread_mutex_unlock(&bus->topics_lock);
	return 0;
}

static void wake_consumers(void *arg)
{
	struct embedded_topic *topic = arg;
	pthread_mutex_lock(&topic->bus->topics_lock);
	for (size_t i = 0; i < topic->group_count; i++)
		wakeup_send(topic->bus->sender, &topic->groups[i]);
	pthread_mutex_unlock(&topic->bus->topics_lock);
}

/* ---- publishing ------------------------------------------------------------ */

static int need_topic(struct embedded_topic *topic, struct db *tx, struct error *e)
{
	if (!topic_exists(topic, false)) {
		int there = log_exists(topic->sql, tx, e);
		if (there < 0)
			return -1;
		if (there == 0)
			return error_set(e, ERROR_NOT_FOUND, "the bus has no topic %s",
				topic->sql->topic);
		topic_exists(topic, true); /* tables are never made inside a transaction */
	}
	return read_groups(topic, tx, e);
}

static int append(struct embedded_topic *topic, struct db *tx, const struct bus_message *message,
	struct error *e)
{
	if (log_append(topic->sql, tx, message, clock_now_ms(), e) < 0)
		return -1;
	db_on_commit(tx, wake_consumers, topic);
	return 0;
}

static int refuse_when_stopped(struct embedded_topic *topic, struct error *e)
{
	pthread_mutex_lock(&topic->bus->topics_lock);
	bool refused = topic->stopped && !topic->read_here;
	char text[BUS_STOP_TEXT_SIZE];
	if (refused)
		bus_stop_text(&topic->stop, text);
	pthread_mutex_unlock(&topic->bus->topics_lock);
	return refused ? error_set(e, ERROR_FULL, "%s", text) : 0;
}

int embedded_append(
	struct embedded_bus *bus, struct db *tx, const struct bus_message *message, struct error *e)
{
	struct embedded_topic *topic = find_topic(bus, message->topic);
	if (need_topic(topic, tx, e) < 0 || refuse_when_stopped(topic, e) < 0)
		return -1;
	return append(topic, tx, message, e);
}

int embedded_append_anyway(
	struct embedded_bus *bus, struct db *tx, const struct bus_message *message, struct error *e)
{
	struct embedded_topic *topic = find_topic(bus, message->topic);
	return need_topic(topic, tx, e) < 0 ? -1 : append(topic, tx, message, e);
}

int embedded_ensure(struct embedded_bus *bus, struct db *db, const struct bus_message *messages,
	size_t n, struct error *e)
{
	for (size_t i = 0; i < n; i++) {
		struct embedded_topic *topic = find_topic(bus, messages[i].topic);
		if (topic_exists(topic, false))
			continue;
		if (log_ensure(topic->sql, db, e) < 0)
			return -1;
		topic_exists(topic, true);
	}
	return 0;
}

static int embedded_publish_tx(struct bus *base, struct db *tx, const struct bus_message *messages,
	size_t n, struct error *e)
{
	for (size_t i = 0; i < n; i++)
		if (embedded_append(of(base), tx, &messages[i], e) < 0)
			return -1;
	return 0;
}

/* db_lock held. Opened again after an error that made the last one unusable. */
static int need_db(struct embedded_bus *bus, struct error *e)
{
	return bus->db != NULL ? 0 : db_open(&bus->db, bus->store_url, e);
}

static int publish_locked(
	struct embedded_bus *bus, const struct bus_message *messages, size_t n, struct error *e)
{
	if (need_db(bus, e) < 0 || embedded_ensure(bus, bus->db, messages, n, e) < 0 ||
		db_begin(bus->db, DB_WRITE, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (embedded_append(bus, bus->db, &messages[i], e) < 0) {
			db_rollback(bus->db);
			return -1;
		}
	return db_commit(bus->db, DB_DURABLE, e);
}

static int embedded_publish(
	struct bus *base, const struct bus_message *messages, size_t n, struct error *e)
{
	struct embedded_bus *bus = of(base);
	struct error why;
	pthread_mutex_lock(&bus->db_lock);
	error_clear(&why);
	int rc = publish_locked(bus, messages, n, &why);
	if (rc < 0 && why.fatal)
		db_close(&bus->db);
	pthread_mutex_unlock(&bus->db_lock);
	if (rc < 0 && e != NULL)
		*e = why;
	return rc;
}

/* ---- looking --------------------------------------------------------------- */

/* Last id of a topic, 0 for none; first may be NULL. db_lock held. */
static int topic_range(struct embedded_bus *bus, const char *name, int64_t *first, int64_t *last,
	struct error *e)
{
	const struct log_sql *sql = log_sql(name);
	int64_t ignored;
	*last = 0;
	if (first == NULL)
		first = &ignored;
	*first = 0;
	if (need_db(bus, e) < 0)
		return -1;
	int there = log_exists(sql, bus->db, e);
	return there <= 0 ? there : log_range(sql, bus->db, first, last, e);
}

static int embedded_mark(struct bus *base, const char *topic, struct bus_mark *mark, struct error *e)
{
	struct embedded_bus *bus = of(base);
	mark->partitions = 1;
	pthread_mutex_lock(&bus->db_lock);
	int rc = topic_range(bus, topic, NULL, &mark->position[0], e);
	pthread_mutex_unlock(&bus->db_lock);
	return rc;
}

static int embedded_ends(
	struct bus *base, const char *topic, int64_t end[static BUS_PARTITIONS_MAX], struct error *e)
{
	struct embedded_bus *bus = of(base);
	int64_t last = 0;
	pthread_mutex_lock(&bus->db_lock);
	int rc = topic_range(bus, topic, NULL, &last, e);
	pthread_mutex_unlock(&bus->db_lock);
	end[0] = last + 1;
	return rc < 0 ? -1 : 1;
}

/* 1 and *pos, 0 when the group never subscribed, or -1. db_lock held. */
static int group_position(struct embedded_bus *bus, const char *topic, const char *group,
	int64_t *pos, struct error *e)
{
	if (need_db(bus, e) < 0)
		return -1;
	return (int)db_query_int(bus->db, pos, e,
		"SELECT pos FROM bus_group WHERE topic = $1 AND grp = $2", "ss", topic, group);
}

static int embedded_passed(
	struct bus *base, const char *group, struct bus_mark *mark, struct error *e)
{
	struct embedded_bus *bus = of(base);
	int64_t pos = 0;
	pthread_mutex_lock(&bus->db_lock);
	int rc = group_position(bus, mark->topic, group, &pos, e);
	pthread_mutex_unlock(&bus->db_lock);
	return rc < 0 ? -1 : pos >= mark->position[0];
}

static int embedded_lag(
	struct bus *base, const char *topic, const char *group, int64_t *lag, struct error *e)
{
	struct embedded_bus *bus = of(base);
	int64_t first = 0, last = 0, pos = 0;
	pthread_mutex_lock(&bus->db_lock);
	int rc = topic_range(bus, topic, &first, &last, e);
	int known = rc < 0 ? -1 : group_position(bus, topic, group, &pos, e);
	pthread_mutex_unlock(&bus->db_lock);
	if (known < 0)
		return -1;
	if (known == 0 && first > 0)
		pos = first - 1;
	*lag = last > pos ? last - pos : 0;
	return 0;
}

/* The lock is not held during each(), which may publish. */
static int browse_batch(struct embedded_bus *bus, const struct log_sql *sql, int64_t after,
	size_t max, struct arena *arena, struct bus_message *out, struct error *e)
{
	pthread_mutex_lock(&bus->db_lock);
	int n = need_db(bus, e);
	if (n == 0)
		n = log_exists(sql, bus->db, e);
	if (n > 0)
		n = log_read(sql, bus->db, after, max, arena, out, e);
	pthread_mutex_unlock(&bus->db_lock);
	return n;
}

/* Its connection is open anyway: nothing is kept. */
static void embedded_browse_end(struct bus *bus, struct bus_browser **open)
{
	(void)bus;
	(void)open;
}

static int embedded_browse(struct bus *base, struct bus_browser **open, const char *topic, int32_t partition,
	int64_t offset, int max, int (*each)(void *arg, const struct bus_message *message), void *arg,
	struct error *e)
{
	(void)open;
	struct bus_message batch[BROWSE_BATCH];
	struct arena arena = {0};
	int given = 0, n = 0;
	bool stopped = partition != 0;
	if (offset < 1)
		offset = 1; /* ids begin there */
	while (!stopped && given < max) {
		size_t want = max - given < BROWSE_BATCH ? (size_t)(max - given) : BROWSE_BATCH;
		arena_reset(&arena);
		n = browse_batch(of(base), log_sql(topic), offset - 1, want, &arena, batch, e);
		if (n <= 0)
			break;
		offset = batch[n - 1].offset + 1;
		for (int i = 0; i < n && !stopped; i++) {
			given++;
			stopped = each(arg, &batch[i]) != 0;
		}
	}
	arena_fini(&arena);
	return n < 0 ? -1 : given;
}

const struct bus_ops bus_embedded_ops = {
	.scheme = "embedded",
	.open = embedded_open,
	.close = embedded_close,
	.publish_tx = embedded_publish_tx,
	.publish = embedded_publish,
	.subscribe = embedded_subscribe,
	.unsubscribe = embedded_unsubscribe,
	.poll = embedded_poll,
	.interrupt = embedded_interrupt,
	.done = embedded_done,
	.publish_then_done = embedded_publish_then_done,
	.done_tx = embedded_done_tx,
	.rewind = embedded_rewind,
	.mark = embedded_mark,
	.passed = embedded_passed,
	.lag = embedded_lag,
	.ends = embedded_ends,
	.browse = embedded_browse,
	.browse_end = embedded_browse_end,
};
