/* Which topics there are and how far they go. Offsets are those a read_committed reader
 * sees. */
#include "bus/kafka_look.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/lang.h"
#include "base/log.h"
#include "base/xalloc.h"

#define TOPICS_REREAD_MS 60000
#define NO_TOPIC_REREAD_MS 1000
/* Nobody answered: whoever asks next is told so at once. */
#define ASK_AGAIN_MS 2000
/* The lowest offset moves with retention: minutes. */
#define LOW_FRESH_MS 5000
#define AWAY_ASK_MS 500
#define LEADER_RETRY_MS 50

struct kafka_look *kafka_look_new(struct kafka_bus *bus)
{
	struct kafka_look *look = xcalloc(1, sizeof *look);
	look->bus = bus;
	look->client.bus = bus;
	pthread_mutex_init(&look->client_lock, NULL);
	pthread_mutex_init(&look->lock, NULL);
	pthread_mutex_init(&look->db_lock, NULL);
	return look;
}

void kafka_look_free(struct kafka_look **pointer)
{
	struct kafka_look *look = *pointer;
	if (look == NULL)
		return;
	*pointer = NULL;
	kafka_groups_free(look);
	if (look->rk != NULL)
		rd_kafka_destroy(look->rk);
	db_close(&look->db);
	for (struct kafka_topic *topic = look->topics, *next; topic != NULL; topic = next) {
		next = topic->next;
		free(topic);
	}
	for (struct kafka_lag *lag = look->lags, *next; lag != NULL; lag = next) {
		next = lag->next;
		free(lag);
	}
	pthread_mutex_destroy(&look->client_lock);
	pthread_mutex_destroy(&look->lock);
	pthread_mutex_destroy(&look->db_lock);
	free(look);
}

rd_kafka_t *kafka_look_client(struct kafka_bus *bus, struct error *e)
{
	struct kafka_look *look = bus->look;
	pthread_mutex_lock(&look->client_lock);
	if (look->rk == NULL) {
		rd_kafka_conf_t *conf = kafka_conf(bus, &look->client, NULL, NULL, e);
		if (conf != NULL)
			look->rk = kafka_client_new(RD_KAFKA_PRODUCER, conf, e);
	}
	rd_kafka_t *rk = look->rk;
	pthread_mutex_unlock(&look->client_lock);
	if (rk != NULL)
		rd_kafka_poll(rk, 0); /* error_cb */
	return rk;
}

int kafka_with_db(struct kafka_bus *bus, int (*fn)(struct db *db, void *arg, struct error *e),
	void *arg, struct error *e)
{
	struct kafka_look *look = bus->look;
	struct error why;
	error_clear(&why);
	pthread_mutex_lock(&look->db_lock);
	int rc = look->db != NULL ? 0 : db_open(&look->db, bus->store_url, &why);
	if (rc == 0)
		rc = fn(look->db, arg, &why);
	if (rc < 0)
		db_rollback(look->db);
	if (rc < 0 && why.fatal)
		db_close(&look->db);
	pthread_mutex_unlock(&look->db_lock);
	if (rc < 0 && e != NULL)
		*e = why;
	return rc;
}

/* ---- topics ------------------------------------------------------------------ */

/* lock held. */
static struct kafka_topic *find_topic(struct kafka_look *look, const char *name)
{
	struct kafka_topic *topic = look->topics;
	while (topic != NULL && strcmp(topic->name, name) != 0)
		topic = topic->next;
	if (topic == NULL) {
		topic = xcalloc(1, sizeof *topic);
		snprintf(topic->name, sizeof topic->name, "%s", name);
		topic->next = look->topics;
		look->topics = topic;
	}
	return topic;
}

static int ask_partitions(struct kafka_bus *bus, const char *topic, int wait_ms, struct error *e)
{
	char name[KAFKA_NAME_SIZE];
	rd_kafka_t *rk = kafka_look_client(bus, e);
	if (rk == NULL)
		return -1;
	rd_kafka_topic_t *handle = rd_kafka_topic_new(rk, kafka_topic_name(bus, topic, name), NULL);
	const struct rd_kafka_metadata *found;
	rd_kafka_resp_err_t err = rd_kafka_metadata(rk, 0, handle, &found, wait_ms);
	rd_kafka_topic_destroy(handle);
	rd_kafka_poll(rk, 0);
	if (err != 0)
		return kafka_error(bus, err, tr("asking for topics", "запрос тем"), e);
	kafka_say_back(bus);
	err = found->topic_cnt == 1 ? found->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
	int partitions = err == 0 ? found->topics[0].partition_cnt : 0;
	rd_kafka_metadata_destroy(found);
	if (err != 0 && err != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
		return kafka_error(bus, err, topic, e);
	return partitions;
}

int kafka_topic_partitions(struct kafka_bus *bus, const char *name, int wait_ms, struct error *e)
{
	struct kafka_look *look = bus->look;
	int64_t now_ms = kafka_mono_ms();
	pthread_mutex_lock(&look->lock);
	struct kafka_topic *topic = find_topic(look, name);
	int known = topic->partitions;
	bool fresh = topic->asked_ms != 0 &&
		now_ms - topic->asked_ms < (known > 0 ? TOPICS_REREAD_MS : NO_TOPIC_REREAD_MS);
	bool in_vain = topic->in_vain_ms != 0 && now_ms - topic->in_vain_ms < ASK_AGAIN_MS;
	pthread_mutex_unlock(&look->lock);
	if (fresh || (in_vain && known > 0))
		return known;
	if (in_vain)
		return kafka_error(bus, RD_KAFKA_RESP_ERR__TIMED_OUT, name, e);
	if (atomic_load(&bus->away) && wait_ms > AWAY_ASK_MS)
		wait_ms = AWAY_ASK_MS;
	int found = ask_partitions(bus, name, wait_ms, e);
	pthread_mutex_lock(&look->lock);
	topic->in_vain_ms = found < 0 ? kafka_mono_ms() : 0;
	if (found >= 0) {
		topic->partitions = found;
		topic->asked_ms = now_ms;
	}
	pthread_mutex_unlock(&look->lock);
	return found < 0 && known > 0 ? known : found; /* it was there: topics do not go */
}

rd_kafka_topic_partition_list_t *kafka_partitions_of(
	struct kafka_bus *bus, const char *topic, struct error *e)
{
	char name[KAFKA_NAME_SIZE];
	error_clear(e);
	int n = kafka_topic_partitions(bus, topic, KAFKA_ASK_MS, e);
	if (n <= 0)
		return NULL;
	if (n > BUS_PARTITIONS_MAX) {
		error_set(e, ERROR_INPUT,
			tr("topic %s has %d partitions, Vestnik keeps count of %d at most",
				"в теме %s %d разделов, Vestnik учитывает не более %d"),
			topic, n, BUS_PARTITIONS_MAX);
		return NULL;
	}
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(n);
	kafka_topic_name(bus, topic, name);
	for (int i = 0; i < n; i++)
		rd_kafka_topic_partition_list_add(list, name, i);
	return list;
}

/* ---- offsets ------------------------------------------------------------------- */

int kafka_ask_ms(struct kafka_bus *bus)
{
	return atomic_load(&bus->away) ? AWAY_ASK_MS : KAFKA_ASK_MS;
}

int kafka_first_error(struct kafka_bus *bus, const rd_kafka_topic_partition_list_t *list,
	const char *what, struct error *e)
{
	for (int i = 0; i < list->cnt; i++)
		if (list->elems[i].err != 0)
			return kafka_error(bus, list->elems[i].err, what, e);
	return 0;
}

/* Leaders move; librdkafka asks for the new one when it hears of it. */
static bool may_pass(rd_kafka_resp_err_t err)
{
	return err == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION ||
	       err == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE || err == RD_KAFKA_RESP_ERR__TRANSPORT ||
	       err == RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH || err == RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE ||
	       err == RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR || err == RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH;
}

/* One request to each leader: a time of -1 or -2 asks for the end or the beginning. */
static rd_kafka_resp_err_t ask_offsets_once(
	rd_kafka_t *rk, rd_kafka_topic_partition_list_t *list, int64_t which, int64_t wait_ms)
{
	for (int i = 0; i < list->cnt; i++) {
		list->elems[i].offset = which;
		list->elems[i].err = 0;
	}
	rd_kafka_resp_err_t err = rd_kafka_offsets_for_times(rk, list, wait_ms > 0 ? (int)wait_ms : 1);
	for (int i = 0; err == 0 && i < list->cnt; i++)
		err = list->elems[i].err;
	rd_kafka_poll(rk, 0);
	return err;
}

int kafka_ask_offsets(struct kafka_bus *bus, rd_kafka_topic_partition_list_t *list, int64_t which,
	struct error *e)
{
	rd_kafka_t *rk = kafka_look_client(bus, e);
	if (rk == NULL)
		return -1;
	int64_t until = kafka_mono_ms() + kafka_ask_ms(bus);
	rd_kafka_resp_err_t err;
	while ((err = ask_offsets_once(rk, list, which, until - kafka_mono_ms())) != 0 && may_pass(err) &&
		kafka_mono_ms() + LEADER_RETRY_MS < until)
		nanosleep(&(struct timespec){.tv_nsec = LEADER_RETRY_MS * 1000000L}, NULL);
	if (err != 0)
		return kafka_error(bus, err, tr("asking for offsets", "запрос смещений"), e);
	kafka_say_back(bus);
	return 0;
}

int kafka_ask_lows(struct kafka_bus *bus, const char *name, int n,
	int64_t low[static BUS_PARTITIONS_MAX], struct error *e)
{
	struct kafka_look *look = bus->look;
	int64_t now_ms = kafka_mono_ms();
	pthread_mutex_lock(&look->lock);
	struct kafka_topic *topic = find_topic(look, name);
	bool fresh = topic->low_ms != 0 && now_ms - topic->low_ms < LOW_FRESH_MS;
	memcpy(low, topic->low, sizeof topic->low);
	pthread_mutex_unlock(&look->lock);
	if (fresh)
		return 0;
	rd_kafka_topic_partition_list_t *list = kafka_partitions_of(bus, name, e);
	if (list == NULL)
		return -1;
	int rc = kafka_ask_offsets(bus, list, RD_KAFKA_OFFSET_BEGINNING, e);
	for (int i = 0; rc == 0 && i < n && i < list->cnt; i++)
		low[i] = list->elems[i].offset;
	rd_kafka_topic_partition_list_destroy(list);
	if (rc < 0)
		return -1;
	pthread_mutex_lock(&look->lock);
	memcpy(topic->low, low, sizeof topic->low);
	topic->low_ms = now_ms;
	pthread_mutex_unlock(&look->lock);
	return 0;
}
