/* How far groups have come.
 *
 * Asked by a client of that group which never joins it (rd_kafka_committed), and not by
 * ListConsumerGroupOffsets: when the group's coordinator is only just coming up or has moved, that
 * call ends the process in librdkafka 2.0 (its issue 5040: it takes every client for a consumer). */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/lang.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "bus/kafka_look.h"

#define COORDINATOR_RETRY_MS 50

struct kafka_group {
	char name[BUS_NAME_MAX + 1];
	struct kafka_client client;
	rd_kafka_t *rk;
	struct kafka_group *next;
};

void kafka_groups_free(struct kafka_look *look)
{
	for (struct kafka_group *group = look->groups, *next; group != NULL; group = next) {
		next = group->next;
		rd_kafka_destroy_flags(group->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
		free(group);
	}
	look->groups = NULL;
}

/* client_lock held. */
static rd_kafka_t *add_client(struct kafka_look *look, const char *name, struct error *e)
{
	char full[KAFKA_NAME_SIZE];
	const char *const own[] = {"group.id", kafka_group_name(look->bus, name, full),
		"enable.auto.commit", "false", NULL};
	struct kafka_group *group = xcalloc(1, sizeof *group);
	snprintf(group->name, sizeof group->name, "%s", name);
	group->client.bus = look->bus;
	rd_kafka_conf_t *conf = kafka_conf(look->bus, &group->client, NULL, own, e);
	if (conf != NULL)
		group->rk = kafka_client_new(RD_KAFKA_CONSUMER, conf, e);
	if (group->rk == NULL) {
		free(group);
		return NULL;
	}
	group->next = look->groups;
	look->groups = group;
	return group->rk;
}

static rd_kafka_t *client_of(struct kafka_look *look, const char *name, struct error *e)
{
	pthread_mutex_lock(&look->client_lock);
	struct kafka_group *group = look->groups;
	while (group != NULL && strcmp(group->name, name) != 0)
		group = group->next;
	rd_kafka_t *rk = group != NULL ? group->rk : add_client(look, name, e);
	pthread_mutex_unlock(&look->client_lock);
	return rk;
}

/* The coordinator has moved, or is only just coming up. */
static bool may_pass(rd_kafka_resp_err_t err)
{
	return err == RD_KAFKA_RESP_ERR_NOT_COORDINATOR || err == RD_KAFKA_RESP_ERR__WAIT_COORD ||
	       err == RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE ||
	       err == RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS || err == RD_KAFKA_RESP_ERR__TRANSPORT;
}

int kafka_ask_committed(struct kafka_bus *bus, const char *group,
	rd_kafka_topic_partition_list_t *list, struct error *e)
{
	const char *what = tr("asking for a group's offsets", "запрос смещений группы");
	rd_kafka_t *rk = client_of(bus->look, group, e);
	if (rk == NULL)
		return -1;
	int64_t until = kafka_mono_ms() + kafka_ask_ms(bus);
	rd_kafka_resp_err_t err;
	while ((err = rd_kafka_committed(rk, list, (int)(until - kafka_mono_ms()))) != 0 && may_pass(err) &&
		kafka_mono_ms() + COORDINATOR_RETRY_MS < until)
		nanosleep(&(struct timespec){.tv_nsec = COORDINATOR_RETRY_MS * 1000000L}, NULL);
	rd_kafka_poll(rk, 0); /* error_cb */
	if (err != 0)
		return kafka_error(bus, err, what, e);
	for (int i = 0; i < list->cnt; i++)
		if (list->elems[i].offset < 0)
			list->elems[i].offset = RD_KAFKA_OFFSET_INVALID;
	if (kafka_first_error(bus, list, what, e) < 0)
		return -1;
	kafka_say_back(bus);
	return 0;
}

/* ---- a new group at the end -------------------------------------------------------- */

static int set_committed(struct kafka_bus *bus, const char *group, rd_kafka_topic_partition_list_t *list,
	struct error *e)
{
	rd_kafka_t *rk = client_of(bus->look, group, e);
	if (rk == NULL)
		return -1;
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
	rd_kafka_event_t *event = NULL;
	rd_kafka_resp_err_t err = rd_kafka_commit_queue(rk, list, queue, NULL, NULL);
	if (err == 0) {
		event = rd_kafka_queue_poll(queue, kafka_ask_ms(bus));
		err = event == NULL ? RD_KAFKA_RESP_ERR__TIMED_OUT : rd_kafka_event_error(event);
	}
	if (event != NULL)
		rd_kafka_event_destroy(event);
	rd_kafka_queue_destroy(queue);
	return err == 0 ? 0 : kafka_error(bus, err, group, e);
}

/* Refused while the group has members: then they know where it is. */
int kafka_register_at_end(struct kafka_bus *bus, const char *group, const char *topic, struct error *e)
{
	struct error why;
	rd_kafka_topic_partition_list_t *list = kafka_partitions_of(bus, topic, &why);
	if (list == NULL) {
		if (e != NULL)
			*e = why;
		return why.code == ERROR_NONE ? kafka_no_topic(bus, topic, e) : -1;
	}
	rd_kafka_topic_partition_list_t *ends = rd_kafka_topic_partition_list_copy(list);
	rd_kafka_topic_partition_list_t *unset = rd_kafka_topic_partition_list_new(list->cnt);
	int rc = kafka_ask_committed(bus, group, list, e) < 0 ||
			kafka_ask_offsets(bus, ends, RD_KAFKA_OFFSET_END, e) < 0
		? -1
		: 0;
	for (int i = 0; rc == 0 && i < list->cnt; i++)
		if (list->elems[i].offset < 0)
			rd_kafka_topic_partition_list_add(unset, list->elems[i].topic, list->elems[i].partition)
				->offset = ends->elems[i].offset;
	if (rc == 0 && unset->cnt > 0 && set_committed(bus, group, unset, &why) < 0)
		log_info("kafka-group-not-registered", "group=%s topic=%s reason=%s", group, topic,
			log_quote(why.text));
	rd_kafka_topic_partition_list_destroy(list);
	rd_kafka_topic_partition_list_destroy(ends);
	rd_kafka_topic_partition_list_destroy(unset);
	return rc;
}
