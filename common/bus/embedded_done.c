/* Finishing messages of the embedded bus, in any order and from any thread, and
 * storing how far a group has come. */
#include "bus/embedded_consumer.h"

#include <string.h>

#include "base/log.h"

static void raise_to(int64_t *value, int64_t least)
{
	if (*value < least)
		*value = least;
}

/* ---- positions ------------------------------------------------------------- */

bool embedded_collect_done(struct embedded_consumer *c, int64_t done[static TOPICS_MAX])
{
	bool news = false;
	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < c->count; i++) {
		struct consumer_topic *topic = &c->topics[i];
		watermark_advance(topic->mark, &topic->done);
		done[i] = topic->done;
		news = news || topic->done > topic->stored;
	}
	pthread_mutex_unlock(&c->lock);
	return news;
}

/* Never back: a thread that comes late with less must not undo another's. */
static int write_position(struct db *tx, const struct consumer_topic *topic, int64_t pos,
	struct error *e)
{
	return db_exec(tx, e, "UPDATE bus_group SET pos = $2 WHERE id = $1 AND pos < $2", "ii",
		topic->group, pos);
}

static void note_stored(struct embedded_consumer *c, const int64_t done[static TOPICS_MAX])
{
	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < c->count; i++)
		raise_to(&c->topics[i].stored, done[i]);
	pthread_mutex_unlock(&c->lock);
}

int embedded_store_positions(struct embedded_consumer *c, struct error *e)
{
	int64_t done[TOPICS_MAX];
	c->store_ms = embedded_mono_ms();
	if (!embedded_collect_done(c, done))
		return 0;
	if (db_begin(c->db, DB_WRITE, e) < 0)
		return -1;
	for (size_t i = 0; i < c->count; i++)
		if (done[i] > 0 && write_position(c->db, &c->topics[i], done[i], e) < 0) {
			db_rollback(c->db);
			return -1;
		}
	if (db_commit(c->db, DB_RELAXED, e) < 0)
		return -1;
	note_stored(c, done);
	return 0;
}

int embedded_follow_cut(struct embedded_consumer *c, struct error *e)
{
	for (size_t i = 0; i < c->count; i++) {
		struct consumer_topic *topic = &c->topics[i];
		int64_t pos;
		enum db_step step = db_query_int(c->db, &pos, e,
			"SELECT pos FROM bus_group WHERE id = $1", "i", topic->group);
		if (step == DB_FAILED)
			return -1;
		if (step == DB_DONE || pos <= topic->read)
			continue;
		log_warn("bus-jumped", "topic=%s group=%s read=%lld on=%lld", topic->sql->topic,
			c->group_name, (long long)topic->read, (long long)pos + 1);
		topic->read = pos;
		pthread_mutex_lock(&c->lock);
		raise_to(&topic->stored, pos);
		pthread_mutex_unlock(&c->lock);
	}
	return 0;
}

/* ---- done ------------------------------------------------------------------ */

/* lock held. NULL for a token of another life. */
static struct consumer_topic *topic_of(struct embedded_consumer *c, const struct bus_token *token)
{
	if (token->generation != c->generation || token->partition < 0 ||
		(size_t)token->partition >= c->count)
		return NULL;
	return &c->topics[token->partition];
}

static void for_tokens(struct embedded_consumer *c, const struct bus_token *tokens, size_t n,
	void (*act)(struct watermark *mark, uint64_t index))
{
	for (size_t i = 0; i < n; i++) {
		struct consumer_topic *topic = topic_of(c, &tokens[i]);
		if (topic != NULL)
			act(topic->mark, tokens[i].index);
	}
}

static void mark_done(struct embedded_consumer *c, const struct bus_token *tokens, size_t n)
{
	pthread_mutex_lock(&c->lock);
	for_tokens(c, tokens, n, watermark_done);
	bool waiting = c->blocked;
	c->blocked = false;
	pthread_mutex_unlock(&c->lock);
	if (waiting)
		embedded_poke(c);
}

void embedded_done(struct bus_consumer *base, const struct bus_token *tokens, size_t n)
{
	mark_done(embedded_consumer_of(base), tokens, n);
}

/* What the positions will be if the transaction commits; 0 = no change. */
static void propose(struct embedded_consumer *c, const struct bus_token *tokens, size_t n,
	int64_t pos[static TOPICS_MAX])
{
	memset(pos, 0, TOPICS_MAX * sizeof pos[0]);
	pthread_mutex_lock(&c->lock);
	for_tokens(c, tokens, n, watermark_propose);
	for (size_t i = 0; i < c->count; i++)
		if (!watermark_proposed(c->topics[i].mark, &pos[i]) &&
			c->topics[i].done > c->topics[i].stored)
			pos[i] = c->topics[i].done;
	pthread_mutex_unlock(&c->lock);
}

static int record(struct embedded_consumer *c, const struct bus_message *messages, size_t n,
	const int64_t pos[static TOPICS_MAX], struct error *e)
{
	struct db *db = c->recorder_db;
	if (embedded_ensure(c->bus, db, messages, n, e) < 0 || db_begin(db, DB_WRITE, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (embedded_append(c->bus, db, &messages[i], e) < 0)
			goto out;
	for (size_t i = 0; i < c->count; i++)
		if (pos[i] > 0 && write_position(db, &c->topics[i], pos[i], e) < 0)
			goto out;
	return db_commit(db, DB_DURABLE, e);
out:
	db_rollback(db);
	return -1;
}

int embedded_publish_then_done(struct bus_consumer *base, const struct bus_message *messages,
	size_t n, const struct bus_token *tokens, size_t tokens_n, struct error *e)
{
	struct embedded_consumer *c = embedded_consumer_of(base);
	int64_t pos[TOPICS_MAX];
	struct error why;
	if (c->recorder_db == NULL && db_open(&c->recorder_db, c->bus->store_url, e) < 0)
		return -1;
	propose(c, tokens, tokens_n, pos);
	error_clear(&why);
	if (record(c, messages, n, pos, &why) < 0) {
		pthread_mutex_lock(&c->lock);
		for_tokens(c, tokens, tokens_n, watermark_withdraw);
		pthread_mutex_unlock(&c->lock);
		if (why.fatal)
			db_close(&c->recorder_db);
		if (e != NULL)
			*e = why;
		return -1;
	}
	mark_done(c, tokens, tokens_n);
	note_stored(c, pos);
	return 0;
}

/* ---- the ledger's way ------------------------------------------------------ */

static void tx_committed(void *arg)
{
	struct embedded_consumer *c = arg;
	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < c->count; i++) {
		struct consumer_topic *topic = &c->topics[i];
		watermark_done_before(topic->mark, topic->tx_end);
		watermark_advance(topic->mark, &topic->done);
		raise_to(&topic->stored, topic->done);
	}
	pthread_mutex_unlock(&c->lock);
}

int embedded_done_tx(struct bus_consumer *base, struct db *tx, struct error *e)
{
	struct embedded_consumer *c = embedded_consumer_of(base);
	for (size_t i = 0; i < c->count; i++) {
		struct consumer_topic *topic = &c->topics[i];
		pthread_mutex_lock(&c->lock);
		topic->tx_end = watermark_end(topic->mark);
		bool news = topic->read > topic->stored;
		pthread_mutex_unlock(&c->lock);
		if (news && write_position(tx, topic, topic->read, e) < 0)
			return -1;
	}
	db_on_commit(tx, tx_committed, c);
	return 0;
}

int embedded_rewind(struct bus_consumer *base, struct error *e)
{
	struct embedded_consumer *c = embedded_consumer_of(base);
	(void)e;
	pthread_mutex_lock(&c->lock);
	c->generation++;
	for (size_t i = 0; i < c->count; i++) {
		struct consumer_topic *topic = &c->topics[i];
		watermark_advance(topic->mark, &topic->done);
		raise_to(&topic->done, topic->stored);
		watermark_free(&topic->mark);
		topic->mark = watermark_new(c->window);
		topic->read = topic->done;
	}
	pthread_mutex_unlock(&c->lock);
	return 0;
}
