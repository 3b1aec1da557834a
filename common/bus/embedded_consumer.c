/* Consuming from the embedded bus: subscribing and polling. One thread polls; any
 * thread may finish messages (embedded_done.c). A lock on one byte of a file
 * beside the store, numbered by the group's row, keeps a second consumer of the
 * group out; the kernel frees it when the process dies. */
#include "bus/embedded_consumer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"

/* Finished positions are stored this often: what a crash makes come again. */
#define STORE_EVERY_MS 100
/* A wake-up may be lost; this finds what it announced. */
#define SLOW_POLL_MS 1000

/* ---- subscribe ------------------------------------------------------------- */

static int register_group(struct embedded_consumer *c, struct consumer_topic *topic, bool from_end,
	struct error *e)
{
	int64_t first, last;
	if (log_ensure(topic->sql, c->db, e) < 0 || db_begin(c->db, DB_WRITE, e) < 0)
		return -1;
	if (log_range(topic->sql, c->db, &first, &last, e) < 0 ||
		db_exec(c->db, e,
			"INSERT INTO bus_group (topic, grp, pos, seen_ms, may_be_cut_off)"
			" VALUES ($1, $2, $3, $4, $5) ON CONFLICT (topic, grp) DO UPDATE"
			" SET seen_ms = excluded.seen_ms, may_be_cut_off = excluded.may_be_cut_off",
			"ssiii", topic->sql->topic, c->group_name, from_end ? last : (int64_t)0,
			clock_now_ms(), (int64_t)c->may_be_cut_off) < 0 ||
		db_query_int(c->db, &topic->group, e,
			"SELECT id FROM bus_group WHERE topic = $1 AND grp = $2", "ss",
			topic->sql->topic, c->group_name) != DB_ROW) {
		db_rollback(c->db);
		return -1;
	}
	/* Durable: what a registered group has not passed may not be trimmed. */
	return db_commit(c->db, DB_DURABLE, e);
}

static int lock_group(struct embedded_consumer *c, struct consumer_topic *topic, struct error *e)
{
	struct flock range = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = topic->group, .l_len = 1};
	if (fcntl(c->lock_fd, F_OFD_SETLK, &range) == 0)
		return 0;
	if (errno != EAGAIN && errno != EACCES)
		return error_errno(e, "lock of group %s", c->group_name);
	error_set(e, ERROR_CONFLICT, "another consumer of group %s reads %s", c->group_name,
		topic->sql->topic);
	if (e != NULL)
		e->retriable = true;
	return -1;
}

/* A killed predecessor may hold the name a moment longer than the lock. */
static void listen_for_wakeups(struct embedded_consumer *c, struct consumer_topic *topic)
{
	struct error e;
	int64_t now_ms = embedded_mono_ms();
	if (topic->wake_fd >= 0 || (topic->listen_ms != 0 && now_ms - topic->listen_ms < SLOW_POLL_MS))
		return;
	topic->wake_fd = wakeup_listen(&topic->address, &e);
	if (topic->wake_fd < 0 && topic->listen_ms != 0)
		log_warn("bus-no-wakeups", "topic=%s group=%s reason=%s", topic->sql->topic,
			c->group_name, log_quote(e.text));
	topic->listen_ms = now_ms;
}

static int join_topic(struct embedded_consumer *c, const char *name, bool from_end, struct error *e)
{
	if (c->count == TOPICS_MAX)
		return error_set(e, ERROR_INPUT, "at most %d topics a consumer", TOPICS_MAX);
	struct consumer_topic *topic = &c->topics[c->count++];
	topic->sql = log_sql(name);
	topic->wake_fd = -1;
	topic->mark = watermark_new(c->window);
	if (register_group(c, topic, from_end, e) < 0 || lock_group(c, topic, e) < 0)
		return -1;
	/* Only now: whoever had the lock before may have moved it. */
	if (db_query_int(c->db, &topic->stored, e, "SELECT pos FROM bus_group WHERE id = $1", "i",
		    topic->group) != DB_ROW)
		return -1;
	topic->read = topic->done = topic->stored;
	if (!c->may_be_cut_off)
		embedded_reads_here(c->bus, name);
	wakeup_address(&topic->address, c->bus->store_file, name, c->group_name);
	listen_for_wakeups(c, topic);
	return 0;
}

static void release(struct embedded_consumer *c)
{
	for (size_t i = 0; i < c->count; i++) {
		watermark_free(&c->topics[i].mark);
		if (c->topics[i].wake_fd >= 0)
			close(c->topics[i].wake_fd);
	}
	db_close(&c->db);
	db_close(&c->recorder_db);
	if (c->lock_fd >= 0)
		close(c->lock_fd);
	if (c->poke_fd >= 0)
		close(c->poke_fd);
	arena_fini(&c->arena);
	pthread_mutex_destroy(&c->lock);
	free(c->group_name);
	free(c);
}

static int open_lock_file(struct embedded_consumer *c, struct error *e)
{
	char *path = xasprintf("%s-consumers", c->bus->store_file);
	c->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int rc = c->lock_fd < 0 ? error_errno(e, "%.300s", path) : 0;
	free(path);
	return rc;
}

int embedded_subscribe(struct bus *base, const struct bus_consumer_options *options,
	struct bus_consumer **out, struct error *e)
{
	struct embedded_consumer *c = xcalloc(1, sizeof *c);
	c->base.ops = &bus_embedded_ops;
	c->bus = (struct embedded_bus *)base;
	c->group_name = xstrdup(options->group);
	c->window = options->window;
	c->may_be_cut_off = options->may_be_cut_off;
	c->on_assign = options->on_assign;
	c->arg = options->arg;
	c->generation = 1;
	c->lock_fd = -1;
	pthread_mutex_init(&c->lock, NULL);
	c->poke_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (c->poke_fd < 0) {
		error_errno(e, "eventfd");
		goto out;
	}
	if (db_open(&c->db, c->bus->store_url, e) < 0 || open_lock_file(c, e) < 0)
		goto out;
	for (size_t i = 0; options->topics[i] != NULL; i++)
		if (join_topic(c, options->topics[i], options->from_end, e) < 0)
			goto out;
	c->store_ms = embedded_mono_ms();
	*out = &c->base;
	return 0;
out:
	release(c);
	return -1;
}

void embedded_unsubscribe(struct bus_consumer *base)
{
	struct embedded_consumer *c = embedded_consumer_of(base);
	struct error e;
	if (embedded_store_positions(c, &e) < 0)
		log_warn("bus-position-not-stored", "group=%s reason=%s", c->group_name,
			log_quote(e.text));
	release(c);
}

/* ---- poll ------------------------------------------------------------------ */

/* How many more of this topic the window takes. */
static size_t room_of(struct embedded_consumer *c, struct consumer_topic *topic)
{
	pthread_mutex_lock(&c->lock);
	watermark_advance(topic->mark, &topic->done);
	size_t room = c->window - watermark_pending(topic->mark);
	if (room == 0)
		c->blocked = true;
	pthread_mutex_unlock(&c->lock);
	return room;
}

static void hand_out(struct embedded_consumer *c, size_t index, struct bus_message *out, size_t n)
{
	struct consumer_topic *topic = &c->topics[index];
	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < n; i++)
		out[i].token = (struct bus_token){
			.partition = (int32_t)index,
			.generation = c->generation,
			.index = watermark_push(topic->mark, out[i].offset),
		};
	pthread_mutex_unlock(&c->lock);
	topic->read = out[n - 1].offset;
}

static int fetch(struct embedded_consumer *c, struct bus_message *out, size_t max, struct error *e)
{
	size_t n = 0;
	for (size_t i = 0; i < c->count && n < max; i++) {
		struct consumer_topic *topic = &c->topics[i];
		size_t room = room_of(c, topic);
		if (room > max - n)
			room = max - n;
		if (room == 0)
			continue;
		int got = log_read(topic->sql, c->db, topic->read, room, &c->arena, out + n, e);
		if (got < 0)
			return n > 0 ? (int)n : -1;
		if (got > 0)
			hand_out(c, i, out + n, (size_t)got);
		n += (size_t)got;
	}
	return (int)n;
}

static void wait_for_news(struct embedded_consumer *c, int64_t wait_ms)
{
	struct pollfd fds[TOPICS_MAX + 1];
	fds[0] = (struct pollfd){.fd = c->poke_fd, .events = POLLIN};
	for (size_t i = 0; i < c->count; i++) {
		listen_for_wakeups(c, &c->topics[i]);
		fds[i + 1] = (struct pollfd){.fd = c->topics[i].wake_fd, .events = POLLIN};
	}
	if (poll(fds, c->count + 1, (int)wait_ms) <= 0)
		return;
	uint64_t pokes;
	if (fds[0].revents != 0 && read(c->poke_fd, &pokes, sizeof pokes) < 0) { /* gone already */
	}
	for (size_t i = 0; i < c->count; i++)
		if (fds[i + 1].revents != 0)
			wakeup_drain(c->topics[i].wake_fd);
}

static bool unstored(struct embedded_consumer *c)
{
	int64_t done[TOPICS_MAX];
	return embedded_collect_done(c, done);
}

static int store_when_due(struct embedded_consumer *c, struct error *e)
{
	if (embedded_mono_ms() - c->store_ms < STORE_EVERY_MS)
		return 0;
	if (embedded_store_positions(c, e) < 0)
		return -1;
	return c->may_be_cut_off ? embedded_follow_cut(c, e) : 0;
}

static void assign_once(struct embedded_consumer *c)
{
	if (c->assigned)
		return;
	c->assigned = true;
	for (size_t i = 0; i < c->count && c->on_assign != NULL; i++)
		c->on_assign(c->arg, c->topics[i].sql->topic, 0);
}

int embedded_poll(struct bus_consumer *base, int timeout_ms, struct bus_message *out, size_t max,
	struct error *e)
{
	struct embedded_consumer *c = embedded_consumer_of(base);
	int64_t end_ms = embedded_mono_ms() + timeout_ms;
	assign_once(c);
	arena_reset(&c->arena);
	for (;;) {
		if (store_when_due(c, e) < 0)
			return -1;
		int n = fetch(c, out, max, e);
		if (n != 0)
			return n;
		int64_t left_ms = end_ms - embedded_mono_ms();
		if (atomic_exchange(&c->interrupted, false) || left_ms <= 0)
			return 0;
		if (left_ms > SLOW_POLL_MS)
			left_ms = SLOW_POLL_MS;
		if (left_ms > STORE_EVERY_MS && unstored(c))
			left_ms = STORE_EVERY_MS;
		/* Drained only after a wait: what comes between the look and the wait
		 * stays in the socket and ends the wait at once. */
		wait_for_news(c, left_ms);
	}
}

void embedded_poke(struct embedded_consumer *c)
{
	int saved = errno;
	uint64_t one = 1;
	if (write(c->poke_fd, &one, sizeof one) < 0) { /* full: it wakes all the same */
	}
	errno = saved;
}

void embedded_interrupt(struct bus_consumer *base)
{
	struct embedded_consumer *c = embedded_consumer_of(base);
	atomic_store(&c->interrupted, true);
	embedded_poke(c);
}
