/* The topics of a Kafka bus: wanted, made, compared. */
#include "bus/bus_admin.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/lang.h"
#include "base/xalloc.h"
#include "bus/bus_kafka.h"

#define ADMIN_MS 30000
/* Leaders are there some 100 ms after a topic is made. */
#define LEADER_WAIT_MS 15000
#define LEADER_LOOK_MS 100
#define MAKE_AGAIN 3
#define CONNECT_LOOK_MS 1000
/* Twelve mailers can share a campaign, and every number up to four divides it. */
#define PARTITIONS 12
#define PARTITIONS_SMALL 3
#define REPLICATION 3
#define KEEP_MS (7LL * 24 * 3600 * 1000)
#define DEAD_KEEP_MS (30LL * 24 * 3600 * 1000)

static struct kafka_bus *need_kafka(struct bus *bus, struct error *e)
{
	if (bus->ops == &bus_kafka_ops)
		return kafka_bus_of(bus);
	error_set(e, ERROR_INPUT, "%s",
		tr("the embedded bus has no topics to make or to check",
			"во встроенной шине нет тем, которые надо создавать или проверять"));
	return NULL;
}

char *bus_admin_topic_name(struct bus *bus, const char *topic)
{
	char name[KAFKA_NAME_SIZE];
	return xstrdup(bus->ops == &bus_kafka_ops ? kafka_topic_name(kafka_bus_of(bus), topic, name) : topic);
}

char *bus_admin_group_name(struct bus *bus, const char *group)
{
	char name[KAFKA_NAME_SIZE];
	return xstrdup(bus->ops == &bus_kafka_ops ? kafka_group_name(kafka_bus_of(bus), group, name) : group);
}

int bus_partitions(struct bus *bus, const char *topic, struct error *e)
{
	if (bus->ops != &bus_kafka_ops)
		return 1;
	int n = kafka_topic_partitions(kafka_bus_of(bus), topic, KAFKA_ASK_MS, e);
	return n == 0 ? kafka_no_topic(kafka_bus_of(bus), topic, e) : n;
}

/* ---- wanted ------------------------------------------------------------------------- */

static int count_brokers(struct kafka_bus *bus, struct error *e)
{
	const struct rd_kafka_metadata *found;
	rd_kafka_t *rk = kafka_look_client(bus, e);
	if (rk == NULL)
		return -1;
	rd_kafka_resp_err_t err;
	int64_t until = kafka_mono_ms() + ADMIN_MS / 2;
	do { /* why nobody answers is told in between */
		err = rd_kafka_metadata(rk, 0, NULL, &found, CONNECT_LOOK_MS);
		rd_kafka_poll(rk, 0);
	} while (err != 0 && !kafka_is_in_trouble(bus) && kafka_mono_ms() < until);
	if (err != 0)
		return kafka_error(bus, err, tr("asking for brokers", "запрос брокеров"), e);
	int n = found->broker_cnt;
	rd_kafka_metadata_destroy(found);
	return n;
}

static void want(struct bus_topic *topic, const char *name, const char *fmt, long long value)
{
	struct bus_topic_setting *setting = &topic->setting[topic->setting_count++];
	setting->name = name;
	if (fmt == NULL)
		snprintf(setting->value, sizeof setting->value, "%lld", value);
	else
		snprintf(setting->value, sizeof setting->value, "%s", fmt);
}

static void describe(struct bus_topic *topic, const char *name, int partitions, int replication,
	int64_t keep_ms)
{
	*topic = (struct bus_topic){.partitions = partitions, .replication = replication};
	snprintf(topic->name, sizeof topic->name, "%s", name);
	want(topic, "cleanup.policy", "delete", 0);
	want(topic, "retention.ms", NULL, keep_ms);
	want(topic, "max.message.bytes", NULL, KAFKA_RECORD_MAX_BYTES);
	/* one broker may be away, and what was acknowledged is on two */
	want(topic, "min.insync.replicas", NULL, replication >= 3 ? 2 : 1);
}

int bus_admin_wanted(struct bus *base, const struct bus_topic_wishes *wishes,
	struct bus_topic out[static BUS_TOPICS_MAX], struct error *e)
{
	static const struct bus_topic_wishes none;
	struct kafka_bus *bus = need_kafka(base, e);
	int brokers = bus == NULL ? -1 : count_brokers(bus, e), n = 0;
	if (brokers < 0)
		return -1;
	if (wishes == NULL)
		wishes = &none;
	int partitions = wishes->partitions > 0 ? wishes->partitions : PARTITIONS;
	int replication = wishes->replication > 0 ? wishes->replication
		: brokers < REPLICATION	 ? brokers
					 : REPLICATION;
	int64_t keep_ms = wishes->keep_ms > 0 ? wishes->keep_ms : KEEP_MS;
	if (partitions > BUS_PARTITIONS_MAX)
		return error_set(e, ERROR_INPUT, tr("at most %d partitions", "не более %d разделов"),
			BUS_PARTITIONS_MAX);
	int small = partitions < PARTITIONS_SMALL ? partitions : PARTITIONS_SMALL;
	for (; wishes->only != NULL && wishes->only[n] != NULL && n < BUS_TOPICS_MAX; n++)
		describe(&out[n], wishes->only[n], partitions, replication, keep_ms);
	if (wishes->only != NULL)
		return n;
	describe(&out[n++], BUS_TASKS, small, replication, keep_ms);
	describe(&out[n++], BUS_MAIL, partitions, replication, keep_ms);
	describe(&out[n++], BUS_MAIL_URGENT, small, replication, keep_ms);
	describe(&out[n++], BUS_STATUS, partitions, replication, keep_ms);
	/* one partition: people read it from the oldest to the newest */
	describe(&out[n++], BUS_DEAD, 1, replication, keep_ms > DEAD_KEEP_MS ? keep_ms : DEAD_KEEP_MS);
	return n;
}

/* ---- making ----------------------------------------------------------------------------- */

/* Sends one admin request and waits for its event. */
static rd_kafka_event_t *await(rd_kafka_queue_t *queue, struct kafka_bus *bus, const char *what,
	struct error *e)
{
	rd_kafka_event_t *event = rd_kafka_queue_poll(queue, ADMIN_MS + 1000);
	rd_kafka_resp_err_t err =
		event == NULL ? RD_KAFKA_RESP_ERR__TIMED_OUT : rd_kafka_event_error(event);
	if (err == 0)
		return event;
	kafka_error(bus, err, what, e);
	if (event != NULL)
		rd_kafka_event_destroy(event);
	return NULL;
}

static rd_kafka_AdminOptions_t *patience(rd_kafka_t *rk, rd_kafka_admin_op_t op)
{
	char why[200];
	rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(rk, op);
	rd_kafka_AdminOptions_set_request_timeout(options, ADMIN_MS, why, sizeof why);
	return options;
}

static rd_kafka_NewTopic_t *new_topic(struct kafka_bus *bus, const struct bus_topic *topic, char *why,
	size_t size)
{
	char name[KAFKA_NAME_SIZE];
	rd_kafka_NewTopic_t *made = rd_kafka_NewTopic_new(kafka_topic_name(bus, topic->name, name),
		topic->partitions, topic->replication, why, size);
	for (size_t i = 0; made != NULL && i < topic->setting_count; i++)
		rd_kafka_NewTopic_set_config(made, topic->setting[i].name, topic->setting[i].value);
	return made;
}

/* Until every partition has a leader, as the broker asked sees it. */
static void await_leaders(struct kafka_bus *bus, const struct bus_topic *topic)
{
	char name[KAFKA_NAME_SIZE];
	rd_kafka_t *rk = kafka_look_client(bus, NULL);
	rd_kafka_topic_t *handle = rd_kafka_topic_new(rk, kafka_topic_name(bus, topic->name, name), NULL);
	int64_t until = kafka_mono_ms() + LEADER_WAIT_MS;
	for (bool led = false; !led && kafka_mono_ms() < until;) {
		const struct rd_kafka_metadata *found;
		if (rd_kafka_metadata(rk, 0, handle, &found, ADMIN_MS) != 0)
			break;
		led = found->topic_cnt == 1 && found->topics[0].err == 0 &&
			found->topics[0].partition_cnt >= topic->partitions;
		for (int i = 0; led && i < found->topics[0].partition_cnt; i++)
			led = found->topics[0].partitions[i].leader >= 0;
		rd_kafka_metadata_destroy(found);
		if (!led)
			nanosleep(&(struct timespec){.tv_nsec = LEADER_LOOK_MS * 1000000L}, NULL);
	}
	rd_kafka_topic_destroy(handle);
}

static enum bus_topic_result make_topic(struct kafka_bus *bus, rd_kafka_t *rk,
	const struct bus_topic *topic, struct error *e)
{
	char why[300];
	size_t n = 0;
	enum bus_topic_result result = BUS_TOPIC_FAILED;
	rd_kafka_NewTopic_t *made = new_topic(bus, topic, why, sizeof why);
	if (made == NULL) {
		error_set(e, ERROR_INPUT, "%s", why);
		return result;
	}
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
	rd_kafka_AdminOptions_t *options = patience(rk, RD_KAFKA_ADMIN_OP_CREATETOPICS);
	rd_kafka_CreateTopics(rk, &made, 1, options, queue);
	rd_kafka_event_t *event = await(queue, bus, topic->name, e);
	if (event != NULL) {
		const rd_kafka_topic_result_t **topics = rd_kafka_CreateTopics_result_topics(
			rd_kafka_event_CreateTopics_result(event), &n);
		rd_kafka_resp_err_t err = n == 1 ? rd_kafka_topic_result_error(topics[0])
						 : RD_KAFKA_RESP_ERR__BAD_MSG;
		if (err == 0)
			result = BUS_TOPIC_MADE;
		else if (err == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
			result = BUS_TOPIC_THERE;
		else
			error_set(e, ERROR_UNAVAILABLE, "%s: %s", rd_kafka_err2str(err),
				n == 1 && rd_kafka_topic_result_error_string(topics[0]) != NULL
					? rd_kafka_topic_result_error_string(topics[0])
					: "");
		rd_kafka_event_destroy(event);
	}
	rd_kafka_AdminOptions_destroy(options);
	rd_kafka_queue_destroy(queue);
	rd_kafka_NewTopic_destroy(made);
	return result;
}

int bus_admin_init(struct bus *base, const struct bus_topic *topics, size_t n,
	void (*said)(void *arg, const struct bus_topic *topic, enum bus_topic_result result,
		const char *why),
	void *arg, struct error *e)
{
	struct kafka_bus *bus = need_kafka(base, e);
	rd_kafka_t *rk = bus == NULL || count_brokers(bus, e) < 0 ? NULL : kafka_look_client(bus, e);
	int failed = 0;
	if (rk == NULL)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct error why = {0};
		enum bus_topic_result result = make_topic(bus, rk, &topics[i], &why);
		/* a controller that moves or is busy */
		for (int again = 0; again < MAKE_AGAIN && result == BUS_TOPIC_FAILED && why.retriable; again++) {
			nanosleep(&(struct timespec){.tv_nsec = LEADER_LOOK_MS * 1000000L}, NULL);
			result = make_topic(bus, rk, &topics[i], &why);
		}
		if (result == BUS_TOPIC_MADE)
			await_leaders(bus, &topics[i]);
		if (result == BUS_TOPIC_FAILED)
			failed++;
		if (said != NULL)
			said(arg, &topics[i], result, result == BUS_TOPIC_FAILED ? why.text : NULL);
	}
	return failed;
}

/* ---- comparing ------------------------------------------------------------------------------ */

struct comparing {
	struct kafka_bus *bus;
	void (*each)(void *arg, const struct bus_difference *difference);
	void *arg;
	int bad;
};

static void differs(struct comparing *c, const char *topic, const char *what, const char *wanted,
	const char *found, bool bad)
{
	c->bad += bad;
	if (c->each != NULL)
		c->each(c->arg, &(struct bus_difference){topic, what, wanted, found, bad});
}

static void compare_number(struct comparing *c, const char *topic, const char *what, long long wanted,
	long long found, bool more_is_fine)
{
	char a[32], b[32];
	if (wanted == found)
		return;
	snprintf(a, sizeof a, "%lld", wanted);
	snprintf(b, sizeof b, "%lld", found);
	differs(c, topic, what, a, b, !more_is_fine || found < wanted);
}

/* 1 there, 0 missing, -1 error. */
static int compare_shape(struct comparing *c, rd_kafka_t *rk, const struct bus_topic *topic,
	struct error *e)
{
	char name[KAFKA_NAME_SIZE];
	const struct rd_kafka_metadata *found;
	rd_kafka_topic_t *handle = rd_kafka_topic_new(rk, kafka_topic_name(c->bus, topic->name, name), NULL);
	rd_kafka_resp_err_t err = rd_kafka_metadata(rk, 0, handle, &found, ADMIN_MS);
	rd_kafka_topic_destroy(handle);
	if (err != 0)
		return kafka_error(c->bus, err, topic->name, e);
	bool there = found->topic_cnt == 1 && found->topics[0].err == 0;
	if (there) {
		const rd_kafka_metadata_topic_t *shape = &found->topics[0];
		compare_number(c, topic->name, "partitions", topic->partitions, shape->partition_cnt,
			shape->partition_cnt <= BUS_PARTITIONS_MAX);
		compare_number(c, topic->name, "replication", topic->replication,
			shape->partition_cnt > 0 ? shape->partitions[0].replica_cnt : 0, true);
	} else {
		differs(c, topic->name, "missing", NULL, NULL, true);
	}
	rd_kafka_metadata_destroy(found);
	return there;
}

/* More or longer harms nothing, except fewer acknowledgements than wanted. */
static void compare_setting(struct comparing *c, const char *topic, const struct bus_topic_setting *wanted,
	const char *found)
{
	if (found == NULL || strcmp(wanted->value, found) == 0)
		return;
	char *end_wanted, *end_found;
	long long a = strtoll(wanted->value, &end_wanted, 10), b = strtoll(found, &end_found, 10);
	bool numbers = *end_wanted == '\0' && *end_found == '\0';
	/* retention.ms -1: for ever */
	bool more = numbers && (b > a || (b == -1 && strcmp(wanted->name, "retention.ms") == 0));
	differs(c, topic, wanted->name, wanted->value, found, !more);
}

static int compare_settings(struct comparing *c, rd_kafka_t *rk, const struct bus_topic *topic,
	struct error *e)
{
	char name[KAFKA_NAME_SIZE];
	size_t n = 0, entries = 0;
	int rc = -1;
	rd_kafka_ConfigResource_t *ask = rd_kafka_ConfigResource_new(
		RD_KAFKA_RESOURCE_TOPIC, kafka_topic_name(c->bus, topic->name, name));
	rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
	rd_kafka_AdminOptions_t *options = patience(rk, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
	rd_kafka_DescribeConfigs(rk, &ask, 1, options, queue);
	rd_kafka_event_t *event = await(queue, c->bus, topic->name, e);
	if (event != NULL) {
		const rd_kafka_ConfigResource_t **found = rd_kafka_DescribeConfigs_result_resources(
			rd_kafka_event_DescribeConfigs_result(event), &n);
		rd_kafka_resp_err_t err = n == 1 ? rd_kafka_ConfigResource_error(found[0])
						 : RD_KAFKA_RESP_ERR__BAD_MSG;
		const rd_kafka_ConfigEntry_t **entry =
			err == 0 ? rd_kafka_ConfigResource_configs(found[0], &entries) : NULL;
		for (size_t i = 0; i < topic->setting_count; i++)
			for (size_t k = 0; k < entries; k++)
				if (strcmp(topic->setting[i].name, rd_kafka_ConfigEntry_name(entry[k])) == 0)
					compare_setting(c, topic->name, &topic->setting[i],
						rd_kafka_ConfigEntry_value(entry[k]));
		rc = err == 0 ? 0 : kafka_error(c->bus, err, topic->name, e);
		rd_kafka_event_destroy(event);
	}
	rd_kafka_AdminOptions_destroy(options);
	rd_kafka_queue_destroy(queue);
	rd_kafka_ConfigResource_destroy(ask);
	return rc;
}

int bus_admin_check(struct bus *base, const struct bus_topic *topics, size_t n,
	void (*each)(void *arg, const struct bus_difference *difference), void *arg, struct error *e)
{
	struct kafka_bus *bus = need_kafka(base, e);
	rd_kafka_t *rk = bus == NULL ? NULL : kafka_look_client(bus, e);
	struct comparing c = {.bus = bus, .each = each, .arg = arg};
	if (rk == NULL)
		return -1;
	for (size_t i = 0; i < n; i++) {
		int there = compare_shape(&c, rk, &topics[i], e);
		if (there < 0 || (there > 0 && compare_settings(&c, rk, &topics[i], e) < 0))
			return -1;
	}
	return c.bad;
}
