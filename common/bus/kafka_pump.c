#include "bus/kafka_pump.h"

#include <stdlib.h>
#include <string.h>

#include "base/lang.h"
#include "base/log.h"
#include "base/xalloc.h"

/* In flight at once. The pump waits for all of them before it reads again: at some 10 ms
 * a round this is far more than one machine's mailers send. */
#define BATCH_MAX 2000
/* A topic that is missing or forbidden is tried again after this. */
#define BLOCKED_MS 5000
#define TOPIC_ASK_MS 1000
#define REFUSED_MAX_BYTES 300
#define DIGITS_MAX 21

void pump_init(struct pump *pump, struct kafka_bus *bus, void (*meanwhile)(void *arg), void *arg)
{
	memset(pump, 0, sizeof *pump);
	pump->bus = bus;
	pump->meanwhile = (struct kafka_meanwhile){meanwhile, arg};
}

int pump_open(struct pump *pump, struct error *e)
{
	if (pump->db != NULL)
		return 0;
	if (pump->ids == NULL) {
		pump->ids = xcalloc(BATCH_MAX, sizeof *pump->ids);
		pump->messages = xcalloc(BATCH_MAX, sizeof *pump->messages);
		pump->result = xcalloc(BATCH_MAX, sizeof *pump->result);
	}
	return db_open(&pump->db, pump->bus->store_url, e);
}

void pump_close(struct pump *pump)
{
	db_close(&pump->db);
	arena_fini(&pump->arena);
	free(pump->ids);
	free(pump->messages);
	free(pump->result);
	pump->ids = NULL;
	pump->messages = NULL;
	pump->result = NULL;
}

/* ---- topics that take nothing ------------------------------------------------------ */

static const char *blocked_topic(const struct pump *pump, int i)
{
	return kafka_mono_ms() < pump->blocked[i].until_ms ? pump->blocked[i].topic : "";
}

static void block_topic(struct pump *pump, const char *topic)
{
	int at = 0;
	for (int i = 0; i < PUMP_BLOCKED_MAX; i++) {
		if (strcmp(pump->blocked[i].topic, topic) == 0) {
			at = i;
			break;
		}
		if (pump->blocked[i].until_ms < pump->blocked[at].until_ms)
			at = i;
	}
	snprintf(pump->blocked[at].topic, sizeof pump->blocked[at].topic, "%s", topic);
	pump->blocked[at].until_ms = kafka_mono_ms() + BLOCKED_MS;
}

/* ---- rows ----------------------------------------------------------------------------- */

static const char *copy_text(struct pump *pump, struct db_stmt *stmt, int column)
{
	const char *text = db_text(stmt, column);
	return text == NULL ? NULL : arena_copy(&pump->arena, text, strlen(text));
}

static void read_row(struct pump *pump, struct db_stmt *stmt, struct bus_message *out)
{
	size_t len = 0;
	*out = (struct bus_message){.topic = copy_text(pump, stmt, 1),
		.key = copy_text(pump, stmt, 2),
		.id = copy_text(pump, stmt, 3),
		.source = copy_text(pump, stmt, 4),
		.type = copy_text(pump, stmt, 5),
		.time_ms = db_int(stmt, 6),
		.content_type = copy_text(pump, stmt, 7),
		.headers = copy_text(pump, stmt, 8)};
	const void *data = db_blob(stmt, 9, &len);
	out->data = arena_copy(&pump->arena, data == NULL ? "" : data, len);
	out->len = len;
}

static int read_batch(struct pump *pump, const char *owner, struct error *e)
{
	struct db_stmt *stmt;
	int n = 0;
	enum db_step step = DB_DONE;
	arena_reset(&pump->arena);
	if (db_query(pump->db, &stmt, e,
		    "SELECT id, topic, key, ce_id, ce_source, ce_type, ce_time_ms, content_type, headers, data"
		    " FROM outbox WHERE owner = $1 AND refused IS NULL AND topic NOT IN ($2, $3, $4, $5)"
		    " ORDER BY id LIMIT $6",
		    "sssssi", owner, blocked_topic(pump, 0), blocked_topic(pump, 1), blocked_topic(pump, 2),
		    blocked_topic(pump, 3), (int64_t)BATCH_MAX) < 0)
		return -1;
	while (n < BATCH_MAX && pump->arena.bytes < ARENA_POLL_MAX_BYTES &&
		(step = db_step(stmt, e)) == DB_ROW) {
		pump->ids[n] = db_int(stmt, 0);
		read_row(pump, stmt, &pump->messages[n++]);
	}
	db_reset(stmt);
	return step == DB_FAILED ? -1 : n;
}

static int delete_sent(struct pump *pump, int n, struct error *e)
{
	struct buf keys;
	int sent = 0;
	buf_init(&keys, (size_t)BATCH_MAX * DIGITS_MAX + 2);
	for (int i = 0; i < n; i++)
		if (pump->result[i] == 0)
			buf_printf(&keys, "%c%lld", sent++ == 0 ? '[' : ',', (long long)pump->ids[i]);
	buf_putc(&keys, ']');
	int rc = sent == 0 ? 0
			   : db_exec(pump->db, e,
				     "DELETE FROM outbox WHERE id IN (SELECT key FROM @KEYS($1))", "s",
				     buf_str(&keys));
	buf_fini(&keys);
	return rc < 0 ? -1 : sent;
}

/* ---- what was not sent ------------------------------------------------------------------ */

/* No later attempt can do better: what is wrong is the message. */
static bool is_permanent(rd_kafka_resp_err_t err)
{
	return err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE || err == RD_KAFKA_RESP_ERR_INVALID_MSG ||
	       err == RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE || err == RD_KAFKA_RESP_ERR_INVALID_RECORD ||
	       err == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE || err == RD_KAFKA_RESP_ERR_POLICY_VIOLATION;
}

static bool is_of_the_topic(rd_kafka_resp_err_t err)
{
	return err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
	       err == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION ||
	       err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
}

static int refuse(struct pump *pump, int i, struct error *e)
{
	char why[REFUSED_MAX_BYTES];
	snprintf(why, sizeof why, "%s", rd_kafka_err2str(pump->result[i]));
	log_error("outbox-refused", "id=%lld topic=%s bytes=%zu reason=%s", (long long)pump->ids[i],
		pump->messages[i].topic, pump->messages[i].len, log_quote(why));
	return db_exec(pump->db, e, "UPDATE outbox SET refused = $2 WHERE id = $1", "is", pump->ids[i], why);
}

/* 0 when everything was sent or set aside. */
static int judge_unsent(struct pump *pump, int n, struct error *e)
{
	int waiting = -1;
	bool some_went = false;
	for (int i = 0; i < n; i++)
		some_went = some_went || pump->result[i] == 0;
	for (int i = 0; i < n; i++) {
		rd_kafka_resp_err_t err = pump->result[i];
		if (err == 0)
			continue;
		/* A large record in a batch of librdkafka's may take others with it: only what is
		 * refused when it goes alone is at fault. */
		if (is_permanent(err)) {
			struct error ignored;
			if (kafka_send(pump->bus, &pump->messages[i], 1, &pump->result[i], &pump->meanwhile,
				    &ignored) == 0)
				continue;
			err = pump->result[i];
			if (is_permanent(err)) {
				if (refuse(pump, i, e) < 0)
					return -1;
				continue;
			}
		}
		/* no leader for one topic's partition: the others need not wait for it */
		if (is_of_the_topic(err) || (some_went && err == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT))
			block_topic(pump, pump->messages[i].topic);
		waiting = i;
	}
	if (waiting < 0)
		return 0;
	char what[BUS_NAME_MAX + 40];
	snprintf(what, sizeof what, tr("publishing on %s", "публикация в %s"), pump->messages[waiting].topic);
	return kafka_error(pump->bus, pump->result[waiting], what, e);
}

/* A message for a topic that is not there would wait out its time in the client, and the
 * others of the batch with it. */
static bool block_missing(struct pump *pump, int n)
{
	struct error ignored;
	bool any = false;
	for (int i = 0; i < n; i++) {
		if (i > 0 && strcmp(pump->messages[i].topic, pump->messages[i - 1].topic) == 0)
			continue;
		if (kafka_topic_partitions(pump->bus, pump->messages[i].topic, TOPIC_ASK_MS, &ignored) == 0) {
			block_topic(pump, pump->messages[i].topic);
			kafka_no_topic(pump->bus, pump->messages[i].topic, &ignored);
			log_warn("outbox-no-topic", "reason=%s", log_quote(ignored.text));
			any = true;
		}
		pump->meanwhile.call(pump->meanwhile.arg);
	}
	return any;
}

int pump_batch(struct pump *pump, const char *owner, struct error *e)
{
	struct error ignored, why;
	int n = read_batch(pump, owner, e);
	if (n > 0 && block_missing(pump, n))
		n = read_batch(pump, owner, e);
	if (n <= 0)
		return n;
	error_clear(&why);
	int rc = 0;
	if (kafka_send(pump->bus, pump->messages, (size_t)n, pump->result, &pump->meanwhile, &ignored) < 0)
		rc = judge_unsent(pump, n, &why);
	int sent = delete_sent(pump, n, e);
	if (sent < 0)
		return -1;
	if (rc < 0) {
		*e = why;
		return -1;
	}
	return n;
}
