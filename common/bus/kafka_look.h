/* Inside of looking; kafka_topics.c (topics and offsets), kafka_group.c (groups) and
 * kafka_look.c (marks, lag) only. */
#ifndef VESTNIK_BUS_KAFKA_LOOK_H
#define VESTNIK_BUS_KAFKA_LOOK_H

#include "bus/bus_admin.h"
#include "bus/bus_kafka.h"

struct kafka_topic {
	char name[BUS_NAME_MAX + 1];
	int partitions; /* 0: not there */
	int64_t asked_ms, in_vain_ms; /* 0: never */
	int64_t low[BUS_PARTITIONS_MAX], low_ms;
	struct kafka_topic *next;
};

struct kafka_lag {
	char topic[BUS_NAME_MAX + 1], group[BUS_NAME_MAX + 1];
	int64_t lag, measured_ms;
	int64_t published; /* by this process since then */
	struct kafka_lag *next;
};

struct kafka_look {
	struct kafka_bus *bus;
	struct kafka_client client;
	pthread_mutex_t client_lock;
	rd_kafka_t *rk;
	pthread_mutex_t lock; /* topics, lags; never held while waiting */
	struct kafka_group *groups; /* under client_lock */
	struct kafka_topic *topics;
	struct kafka_lag *lags;
	pthread_mutex_t db_lock;
	struct db *db;
};

void kafka_groups_free(struct kafka_look *look);
/* How long a question may take: shorter while nobody answers. */
int kafka_ask_ms(struct kafka_bus *bus);
/* -1 and *e when a partition of the list has an error. what: as kafka_error wants it. */
int kafka_first_error(struct kafka_bus *bus, const rd_kafka_topic_partition_list_t *list,
	const char *what, struct error *e);
/* NULL: no such topic (e->code is ERROR_NONE), or an error. The caller destroys it. */
rd_kafka_topic_partition_list_t *kafka_partitions_of(
	struct kafka_bus *bus, const char *topic, struct error *e);
/* Where each of the n partitions begins; may be some seconds old. */
int kafka_ask_lows(struct kafka_bus *bus, const char *topic, int n,
	int64_t low[static BUS_PARTITIONS_MAX], struct error *e);

#endif
