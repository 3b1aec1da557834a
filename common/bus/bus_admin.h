/* The topics of a Kafka bus as Vestnik wants them: made by `vestnik bus init`,
 * compared by `vestnik bus check`. The embedded bus needs neither: every function
 * gives ERROR_INPUT for it. Each waits at most some 30 s, ERROR_UNAVAILABLE when
 * no broker answers. */
#ifndef VESTNIK_BUS_BUS_ADMIN_H
#define VESTNIK_BUS_BUS_ADMIN_H

#include "bus/bus.h"

#define BUS_TOPIC_SETTINGS_MAX 8

struct bus_topic_setting {
	const char *name; /* Kafka's: "retention.ms" */
	char value[32];
};

struct bus_topic {
	char name[BUS_NAME_MAX + 1]; /* without the prefix of the bus's address */
	int partitions;
	int replication;
	struct bus_topic_setting setting[BUS_TOPIC_SETTINGS_MAX];
	size_t setting_count;
};

/* 0 or NULL members: a sensible choice. */
struct bus_topic_wishes {
	int partitions;   /* of mail and status; the others follow from it */
	int replication;  /* default: 3, or as many as there are brokers */
	int64_t keep_ms;  /* retention of tasks, mail and status; dead letters: 30 days at least */
	const char *const *only; /* NULL-terminated names instead of Vestnik's five topics (tests) */
};

#define BUS_TOPICS_MAX 16
/* What the topics should be like. Returns how many were filled in, or -1. */
int bus_admin_wanted(struct bus *bus, const struct bus_topic_wishes *wishes,
	struct bus_topic out[static BUS_TOPICS_MAX], struct error *e);

enum bus_topic_result { BUS_TOPIC_MADE, BUS_TOPIC_THERE, BUS_TOPIC_FAILED };
/* Makes the topics that are missing, and returns when each has leaders; what is there is not
 * changed. said() once for each, `why` only with BUS_TOPIC_FAILED. Returns how many failed, or -1. */
int bus_admin_init(struct bus *bus, const struct bus_topic *topics, size_t n,
	void (*said)(void *arg, const struct bus_topic *topic, enum bus_topic_result result,
		const char *why),
	void *arg, struct error *e);

/* One difference. what: "missing", "partitions", "replication", or the setting's name. A
 * difference that is not `bad` is worth saying and harms nothing (more partitions than wanted,
 * longer retention). */
struct bus_difference {
	const char *topic; /* without prefix */
	const char *what;
	const char *wanted, *found; /* found NULL: not there */
	bool bad;
};
/* each() for every difference. Returns how many were bad, or -1. */
int bus_admin_check(struct bus *bus, const struct bus_topic *topics, size_t n,
	void (*each)(void *arg, const struct bus_difference *difference), void *arg,
	struct error *e);

/* The name a topic or group of ours has on the cluster (prefix): for ACLs and for people. The
 * caller frees. */
char *bus_admin_topic_name(struct bus *bus, const char *topic);
char *bus_admin_group_name(struct bus *bus, const char *group);

/* How many partitions a topic has; 1 for every topic of the embedded bus. -1: ERROR_NOT_FOUND,
 * ERROR_UNAVAILABLE. bus_browse reads one partition. */
int bus_partitions(struct bus *bus, const char *topic, struct error *e);

#endif
