/* The outbox: a message published in a store transaction is a row first, sent by the pump
 * once the transaction has committed, deleted once the brokers have confirmed it. A crash
 * in between sends it twice, never not at all.
 *
 * Every process pumps its own rows, in order of id, so that processes do not wait for each
 * other. It holds a lease ("outbox." and its name) meanwhile. When a process dies, another
 * takes its lease and pumps what it left under the dead one's name: no row is written
 * again. A process that finds its lease taken (it was frozen) goes on under a new name. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/ident.h"
#include "base/lang.h"
#include "base/log.h"
#include "base/wait.h"
#include "base/xalloc.h"
#include "bus/kafka_outbox.h"
#include "store/rows.h"

/* The wake-up does not get lost; this finds rows that were left by an error. */
#define IDLE_MS 1000
#define RETRY_MS 300
/* A closing process does not wait longer for its rows: another adopts them. */
#define CLOSE_MS 5000
/* The caller's transaction is open meanwhile. */
#define TOPIC_ASK_MS 1000

/* ---- publishing ---------------------------------------------------------------- */

static void wake(void *arg)
{
	struct kafka_outbox *outbox = arg;
	pthread_mutex_lock(&outbox->lock);
	outbox->wanted = true;
	pthread_cond_signal(&outbox->wake);
	pthread_mutex_unlock(&outbox->lock);
}

static const char insert_one[] =
	"INSERT INTO outbox (owner, topic, key, ce_id, ce_source, ce_type, ce_time_ms,"
	" content_type, headers, logged_ms, data)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

struct outbox_rows {
	const char *owner;
	const struct bus_message *messages;
};

static void bind_row(struct db_stmt *stmt, int base, const void *arg, size_t at)
{
	const struct outbox_rows *rows = arg;
	const struct bus_message *m = &rows->messages[at];
	const char *const texts[] = {rows->owner, m->topic, m->key, m->id, m->source, m->type};
	for (int i = 0; i < 6; i++)
		db_bind_text(stmt, base + i + 1, texts[i]);
	db_bind_int(stmt, base + 7, m->time_ms);
	db_bind_text(stmt, base + 8, m->content_type);
	db_bind_text(stmt, base + 9, m->headers);
	db_bind_int(stmt, base + 10, clock_now_ms());
	db_bind_blob(stmt, base + 11, m->len == 0 ? "" : m->data, m->len);
}

static int insert(struct kafka_outbox *outbox, struct db *tx, const struct bus_message *messages, size_t count,
	struct error *e)
{
	static struct rows_statement statement = {.one = insert_one, .columns = 11, .bind = bind_row};
	char owner[OUTBOX_OWNER_SIZE];
	pthread_mutex_lock(&outbox->lock);
	memcpy(owner, outbox->owner, sizeof owner);
	outbox->used = true;
	pthread_mutex_unlock(&outbox->lock);
	return rows_run(tx, &statement, &(struct outbox_rows){owner, messages}, count, e);
}

/* Whether the topic is there is asked once; when nobody answers the row waits in any case. */
int kafka_publish_tx(struct bus *base, struct db *tx, const struct bus_message *messages, size_t n,
	struct error *e)
{
	struct kafka_bus *bus = kafka_bus_of(base);
	struct error ignored;
	for (size_t i = 0; i < n; i++)
		if (kafka_topic_partitions(bus, messages[i].topic, TOPIC_ASK_MS, &ignored) == 0)
			return kafka_no_topic(bus, messages[i].topic, e);
	kafka_outbox_start(bus->outbox);
	if (insert(bus->outbox, tx, messages, n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		kafka_look_published(bus, messages[i].topic);
	db_on_commit(tx, wake, bus->outbox);
	return 0;
}

/* ---- the thread ------------------------------------------------------------------ */

/* More than 0: there may be more at once. */
static int work(struct kafka_outbox *outbox, struct error *e)
{
	if (pump_open(&outbox->pump, e) < 0 || outbox_keep_leases(outbox, e) < 0)
		return -1;
	int sent = pump_batch(&outbox->pump, outbox->lease_holder, e);
	if (sent < 0)
		return -1;
	return !outbox_is_closing(outbox) && outbox_look_for_dead(outbox, e) < 0 ? -1 : sent;
}

/* The pump's, while it waits for brokers. What fails here fails again where it is told. */
static void keep_leases(void *arg)
{
	struct error ignored;
	(void)outbox_keep_leases(arg, &ignored);
}

/* Said once, and when it is over. */
static void say_trouble(struct kafka_outbox *outbox, bool trouble, const struct error *e)
{
	if (trouble == outbox->in_trouble)
		return;
	outbox->in_trouble = trouble;
	if (trouble)
		log_warn("outbox-waits", "reason=%s", log_quote(e->text));
	else
		log_info("outbox-goes-on", "owner=%s", outbox->lease_holder);
}

/* false: time to end. */
static bool wait_for_work(struct kafka_outbox *outbox, int wait_ms)
{
	struct timespec until;
	wait_until(&until, wait_ms);
	pthread_mutex_lock(&outbox->lock);
	/* a retry is not hurried by new rows */
	while (!outbox->stop && (!outbox->wanted || outbox->in_trouble))
		if (pthread_cond_timedwait(&outbox->wake, &outbox->lock, &until) != 0)
			break;
	outbox->wanted = false;
	bool stop = outbox->stop;
	pthread_mutex_unlock(&outbox->lock);
	return !stop;
}

bool outbox_is_closing(struct kafka_outbox *outbox)
{
	pthread_mutex_lock(&outbox->lock);
	bool stop = outbox->stop;
	pthread_mutex_unlock(&outbox->lock);
	return stop;
}

static bool rows_are_left(struct kafka_outbox *outbox)
{
	struct error ignored;
	int64_t one;
	return outbox->pump.db == NULL ||
		db_query_int(outbox->pump.db, &one, &ignored,
			"SELECT 1 FROM outbox WHERE owner = $1 AND refused IS NULL LIMIT 1", "s",
			outbox->lease_holder) != DB_DONE;
}

static void finish(struct kafka_outbox *outbox)
{
	struct error e;
	bool left = rows_are_left(outbox);
	while (left && kafka_mono_ms() < outbox->stop_ms) {
		if (work(outbox, &e) < 0)
			nanosleep(&(struct timespec){.tv_nsec = 50 * 1000000L}, NULL);
		left = rows_are_left(outbox);
	}
	if (outbox->pump.db == NULL)
		return;
	if (left) {
		log_warn("outbox-left", "owner=%s text=%s", outbox->lease_holder,
			log_quote(tr("Kafka did not take the messages in time; they wait in the store, a running service "
			    "sends them",
				"Kafka не приняла сообщения вовремя; они ждут в хранилище, их отправит "
				"работающая служба")));
		lease_release(outbox->pump.db, &outbox->lease);
	} else {
		outbox_forget_lease(outbox->pump.db, &outbox->lease);
	}
}

static void *run(void *arg)
{
	struct kafka_outbox *outbox = arg;
	struct error e;
	bool going = true;
	while (going) {
		int sent = work(outbox, &e);
		if (sent < 0 && e.fatal)
			pump_close(&outbox->pump);
		if (!outbox_is_closing(outbox)) /* finish() says what became of it */
			say_trouble(outbox, sent < 0, &e);
		going = wait_for_work(outbox, sent > 0 ? 0 : sent < 0 ? RETRY_MS : IDLE_MS);
	}
	finish(outbox);
	pump_close(&outbox->pump);
	return NULL;
}

/* ---- its life ---------------------------------------------------------------------- */

struct kafka_outbox *kafka_outbox_new(struct kafka_bus *bus)
{
	struct kafka_outbox *outbox = xcalloc(1, sizeof *outbox);
	outbox->bus = bus;
	pthread_mutex_init(&outbox->lock, NULL);
	wait_cond_init(&outbox->wake);
	pump_init(&outbox->pump, bus, keep_leases, outbox);
	outbox_new_owner(outbox);
	return outbox;
}

void kafka_outbox_start(struct kafka_outbox *outbox)
{
	pthread_mutex_lock(&outbox->lock);
	if (!outbox->started && pthread_create(&outbox->thread, NULL, run, outbox) != 0)
		PANIC("cannot start a thread");
	outbox->started = true;
	pthread_mutex_unlock(&outbox->lock);
}

void kafka_outbox_free(struct kafka_outbox **pointer)
{
	struct kafka_outbox *outbox = *pointer;
	if (outbox == NULL)
		return;
	*pointer = NULL;
	pthread_mutex_lock(&outbox->lock);
	outbox->stop = true;
	outbox->stop_ms = kafka_mono_ms() + (outbox->used ? CLOSE_MS : 0);
	atomic_store(&outbox->bus->give_up_ms, kafka_mono_ms() + CLOSE_MS);
	bool started = outbox->started;
	pthread_cond_signal(&outbox->wake);
	pthread_mutex_unlock(&outbox->lock);
	if (started)
		pthread_join(outbox->thread, NULL);
	pthread_mutex_destroy(&outbox->lock);
	pthread_cond_destroy(&outbox->wake);
	free(outbox);
}
