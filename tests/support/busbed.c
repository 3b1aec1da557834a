#include "support/busbed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ident.h"
#include "base/xalloc.h"
#include "bus/bus_admin.h"
#include "support/scratch.h"

#define WAIT_MS 20000 /* a message that is there comes long before */
/* One that is not does not come; Kafka needs longer for one that is. */
#define QUIET_MS (busbed_is_kafka() ? 1500 : 30)
#define KEPT_MAX 65536

static char *kept[KEPT_MAX];
static size_t kept_count;

bool busbed_is_kafka(void)
{
	const char *given = getenv("VESTNIK_TEST_BUS");
	return given != NULL && strncmp(given, "kafka:", 6) == 0;
}

static char url[400];

void busbed_fresh(void)
{
	url[0] = '\0';
}

const char *busbed_url(void)
{
	char id[IDENT_SIZE];
	if (!busbed_is_kafka())
		return "embedded";
	if (url[0] == '\0')
		snprintf(url, sizeof url, "%s/t-%s", getenv("VESTNIK_TEST_BUS"), ident_new(id));
	return url;
}

static void say_failed(void *arg, const struct bus_topic *topic, enum bus_topic_result result,
	const char *why)
{
	(void)arg;
	if (result == BUS_TOPIC_FAILED)
		fprintf(stderr, "%s was not made: %s\n", topic->name, why);
}

void busbed_make_topics(struct bus *bus, const char *const *topics, int partitions)
{
	struct bus_topic wanted[BUS_TOPICS_MAX];
	const struct bus_topic_wishes wishes = {.partitions = partitions == 0 ? 1 : partitions, .only = topics};
	struct error e;
	if (!busbed_is_kafka())
		return;
	int n = bus_admin_wanted(bus, &wishes, wanted, &e);
	must(n, &e);
	int failed = bus_admin_init(bus, wanted, (size_t)n, say_failed, NULL, &e);
	must(failed, &e);
	assert_int_equal(failed, 0);
}

struct bus *busbed_open(const char *store_url, const char *const *topics, int partitions)
{
	struct bus_config config = {.url = busbed_url(), .store_url = store_url, .client_id = "test"};
	struct bus *bus;
	struct error e;
	must(bus_open(&bus, &config, &e), &e);
	busbed_make_topics(bus, topics, partitions);
	return bus;
}

struct joining {
	const struct bus_consumer_options *options;
	bool assigned;
};

static void note_assign(void *arg, const char *topic, int32_t partition)
{
	struct joining *joining = arg;
	joining->assigned = true;
	if (joining->options->on_assign != NULL)
		joining->options->on_assign(joining->options->arg, topic, partition);
}

static struct joining joinings[256]; /* callbacks come later, too */
static size_t joining_count;

static void note_revoke(void *arg, const char *topic, int32_t partition, bool lost)
{
	const struct joining *joining = arg;
	if (joining->options != NULL && joining->options->on_revoke != NULL)
		joining->options->on_revoke(joining->options->arg, topic, partition, lost);
}

struct bus_consumer *busbed_subscribe(struct bus *bus, const struct bus_consumer_options *options)
{
	static struct bus_consumer_options copies[256];
	assert_true(joining_count < sizeof joinings / sizeof joinings[0]);
	copies[joining_count] = *options;
	struct joining *joining = &joinings[joining_count];
	*joining = (struct joining){.options = &copies[joining_count++]};
	struct bus_consumer_options with = *options;
	with.on_assign = note_assign;
	with.on_revoke = note_revoke;
	with.arg = joining;
	struct bus_consumer *consumer;
	struct bus_message none;
	struct error e;
	must(bus_subscribe(bus, &with, &consumer, &e), &e);
	for (int i = 0; i < WAIT_MS / 10 && !joining->assigned; i++)
		must(bus_poll(consumer, 10, &none, 0, &e), &e);
	assert_true(joining->assigned);
	return consumer;
}

static void *keep(void *copy)
{
	if (copy == NULL)
		return NULL;
	if (kept_count == KEPT_MAX)
		abort();
	return kept[kept_count++] = copy;
}

void busbed_forget(void)
{
	while (kept_count > 0)
		free(kept[--kept_count]);
}

static void copy_message(struct bus_message *m)
{
	m->key = keep(xstrdup(m->key));
	m->id = keep(xstrdup(m->id));
	m->source = keep(xstrdup(m->source));
	m->type = keep(xstrdup(m->type));
	m->content_type = keep(xstrdup(m->content_type));
	m->headers = keep(xstrdup(m->headers));
	char *data = xcalloc(1, m->len + 1);
	memcpy(data, m->data, m->len);
	m->data = keep(data);
}

int busbed_take(struct bus_consumer *consumer, struct bus_message *out, int n)
{
	int got = 0;
	struct error e;
	if (kept_count > KEPT_MAX / 2)
		busbed_forget();
	while (got < n) {
		int more = bus_poll(consumer, got == 0 ? WAIT_MS : QUIET_MS, out + got, (size_t)(n - got), &e);
		must(more, &e);
		for (int i = 0; i < more; i++)
			copy_message(&out[got + i]);
		got += more;
		if (more == 0)
			break;
	}
	return got;
}

int64_t busbed_wait_lag(struct bus *bus, const char *topic, const char *group, int64_t want)
{
	int64_t lag = -1;
	struct error e;
	for (int i = 0; i < WAIT_MS / 5; i++) {
		must(bus_lag(bus, topic, group, &lag, &e), &e);
		if (lag == want)
			break;
		usleep(5000);
	}
	return lag;
}
