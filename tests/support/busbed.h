/* The bus under test ($VESTNIK_TEST_BUS, default "embedded") for tests of it. Against Kafka
 * every test has a prefix of its own, so that one broker serves all, and topics are
 * made with one partition, so that order is the same as embedded. */
#ifndef VESTNIK_TESTS_BUSBED_H
#define VESTNIK_TESTS_BUSBED_H

#include "bus/bus.h"

bool busbed_is_kafka(void);
/* A new prefix from now on: groups and topics that nobody has touched. */
void busbed_fresh(void);
/* Address with the prefix. */
const char *busbed_url(void);
/* Opens and makes the topics (NULL-terminated); partitions 1 when 0. */
struct bus *busbed_open(const char *store_url, const char *const *topics, int partitions);
void busbed_make_topics(struct bus *bus, const char *const *topics, int partitions);
/* Subscribes and polls until something is assigned; no message is taken. */
struct bus_consumer *busbed_subscribe(struct bus *bus, const struct bus_consumer_options *options);

/* Polls until n messages are there, or none came for a while. The messages are copies, good
 * until busbed_forget. */
int busbed_take(struct bus_consumer *consumer, struct bus_message *out, int n);
void busbed_forget(void);
/* Waits until the group's lag is this; the last one seen otherwise. */
int64_t busbed_wait_lag(struct bus *bus, const char *topic, const char *group, int64_t want);

#endif
