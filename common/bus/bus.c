/* The driver's choice, and what is the same for all: checks and dead letters. */
#include "bus/bus.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "bus/bus_driver.h"
#include "bus/watermark.h"

static const struct bus_ops *const drivers[] = {&bus_embedded_ops, &bus_kafka_ops};

/* A missing operation must fail here, not at three in the morning. */
static void check_complete(const struct bus_ops *ops)
{
	ASSERT(ops->open && ops->close && ops->publish_tx && ops->publish);
	ASSERT(ops->subscribe && ops->unsubscribe && ops->poll && ops->interrupt && ops->done);
	ASSERT(ops->publish_then_done && ops->done_tx && ops->rewind);
	ASSERT(ops->mark && ops->passed && ops->lag && ops->browse && ops->browse_end);
}

int bus_open(struct bus **out, const struct bus_config *config, struct error *e)
{
	*out = NULL;
	for (size_t i = 0; i < sizeof drivers / sizeof drivers[0]; i++) {
		if (strncmp(config->url, drivers[i]->scheme, strlen(drivers[i]->scheme)) != 0)
			continue;
		check_complete(drivers[i]);
		return drivers[i]->open(out, config, e);
	}
	return error_set(e, ERROR_INPUT,
		tr("bus address \"%.100s\" is not understood; write \"embedded\" or kafka://host:port",
			"адрес шины «%.100s» не понят; пишите «embedded» или kafka://узел:порт"),
		config->url);
}

void bus_close(struct bus **bus)
{
	if (*bus == NULL)
		return;
	(*bus)->ops->close(*bus);
	*bus = NULL;
}

/* ---- checks ---------------------------------------------------------------- */

static int check_name(const char *name, const char *what, const char *allowed, struct error *e)
{
	size_t len = name == NULL ? 0 : strnlen(name, BUS_NAME_MAX + 1);
	if (len == 0 || len > BUS_NAME_MAX || strspn(name, allowed) != len)
		return error_set(e, ERROR_INPUT, "%s \"%.80s\": 1 to %d of [%s]", what,
			name == NULL ? "" : name, BUS_NAME_MAX, allowed);
	return 0;
}

static int check_topic(const char *topic, struct error *e)
{
	return check_name(topic, "topic", "abcdefghijklmnopqrstuvwxyz0123456789.", e);
}

static int check_group(const char *group, struct error *e)
{
	return check_name(group, "group", "abcdefghijklmnopqrstuvwxyz0123456789.-", e);
}

/* Attributes travel as headers (Kafka): the gate holds for the embedded log too,
 * so that what works with one bus works with the other. */
static int check_attribute(const char *value, const char *what, struct error *e)
{
	if (value == NULL)
		return 0;
	size_t len = strnlen(value, BUS_ATTRIBUTE_MAX_BYTES + 1);
	if (len > BUS_ATTRIBUTE_MAX_BYTES || !gate_header(value, len))
		return error_set(e, ERROR_INPUT,
			"message %s: at most %d bytes of UTF-8 without control characters", what,
			BUS_ATTRIBUTE_MAX_BYTES);
	return 0;
}

static int check_message(const struct bus_message *message, struct error *e)
{
	if (check_topic(message->topic, e) < 0 || check_attribute(message->key, "key", e) < 0 ||
		check_attribute(message->id, "id", e) < 0 ||
		check_attribute(message->source, "source", e) < 0 ||
		check_attribute(message->type, "type", e) < 0 ||
		check_attribute(message->content_type, "content type", e) < 0)
		return -1;
	if (message->headers != NULL &&
		strnlen(message->headers, BUS_HEADERS_MAX_BYTES + 1) > BUS_HEADERS_MAX_BYTES)
		return error_set(e, ERROR_INPUT, "headers of the message are longer than %d bytes",
			BUS_HEADERS_MAX_BYTES);
	if (message->len > BUS_MESSAGE_MAX_BYTES)
		return error_set(e, ERROR_INPUT,
			tr("a message of %zu bytes is too long: at most %d",
				"сообщение в %zu байт слишком длинно: не более %d"),
			message->len, BUS_MESSAGE_MAX_BYTES);
	return 0;
}

static int check_messages(const struct bus_message *messages, size_t n, struct error *e)
{
	for (size_t i = 0; i < n; i++)
		if (check_message(&messages[i], e) < 0)
			return -1;
	return 0;
}

/* ---- publishing ------------------------------------------------------------ */

int bus_publish_all_tx(
	struct bus *bus, struct db *tx, const struct bus_message *messages, size_t n, struct error *e)
{
	if (!db_in_transaction(tx))
		return error_set(e, ERROR_INTERNAL, "bus_publish_tx without a transaction");
	if (check_messages(messages, n, e) < 0)
		return -1;
	return n == 0 ? 0 : bus->ops->publish_tx(bus, tx, messages, n, e);
}

int bus_publish_tx(
	struct bus *bus, struct db *tx, const struct bus_message *message, struct error *e)
{
	return bus_publish_all_tx(bus, tx, message, 1, e);
}

int bus_publish(struct bus *bus, const struct bus_message *messages, size_t n, struct error *e)
{
	if (check_messages(messages, n, e) < 0)
		return -1;
	return n == 0 ? 0 : bus->ops->publish(bus, messages, n, e);
}

/* ---- consuming ------------------------------------------------------------- */

int bus_subscribe(struct bus *bus, const struct bus_consumer_options *options,
	struct bus_consumer **out, struct error *e)
{
	*out = NULL;
	if (check_group(options->group, e) < 0)
		return -1;
	if (options->topics == NULL || options->topics[0] == NULL)
		return error_set(e, ERROR_INPUT, "no topic to subscribe to");
	for (size_t i = 0; options->topics[i] != NULL; i++)
		if (check_topic(options->topics[i], e) < 0)
			return -1;
	if (options->window == 0 || options->window > WATERMARK_WINDOW_MAX)
		return error_set(e, ERROR_INPUT, "window %zu: 1 to %d", options->window,
			WATERMARK_WINDOW_MAX);
	return bus->ops->subscribe(bus, options, out, e);
}

void bus_unsubscribe(struct bus_consumer **consumer)
{
	if (*consumer == NULL)
		return;
	(*consumer)->ops->unsubscribe(*consumer);
	*consumer = NULL;
}

int bus_poll(struct bus_consumer *consumer, int timeout_ms, struct bus_message *out, size_t max,
	struct error *e)
{
	return consumer->ops->poll(consumer, timeout_ms, out, max, e);
}

void bus_interrupt(struct bus_consumer *consumer)
{
	consumer->ops->interrupt(consumer);
}

void bus_done(struct bus_consumer *consumer, const struct bus_token *tokens, size_t n)
{
	consumer->ops->done(consumer, tokens, n);
}

int bus_publish_then_done(struct bus_consumer *consumer, const struct bus_message *messages,
	size_t n, const struct bus_token *tokens, size_t tokens_n, struct error *e)
{
	if (check_messages(messages, n, e) < 0)
		return -1;
	return consumer->ops->publish_then_done(consumer, messages, n, tokens, tokens_n, e);
}

int bus_done_tx(struct bus_consumer *consumer, struct db *tx, struct error *e)
{
	if (!db_in_transaction(tx))
		return error_set(e, ERROR_INTERNAL, "bus_done_tx without a transaction");
	return consumer->ops->done_tx(consumer, tx, e);
}

int bus_rewind(struct bus_consumer *consumer, struct error *e)
{
	return consumer->ops->rewind(consumer, e);
}

/* ---- looking --------------------------------------------------------------- */

int bus_mark(struct bus *bus, const char *topic, struct bus_mark *mark, struct error *e)
{
	if (check_topic(topic, e) < 0)
		return -1;
	memset(mark, 0, sizeof *mark);
	snprintf(mark->topic, sizeof mark->topic, "%s", topic);
	return bus->ops->mark(bus, topic, mark, e);
}

int bus_passed(struct bus *bus, const char *group, struct bus_mark *mark, struct error *e)
{
	return check_group(group, e) < 0 ? -1 : bus->ops->passed(bus, group, mark, e);
}

int bus_ends(struct bus *bus, const char *topic, int64_t end[static BUS_PARTITIONS_MAX], struct error *e)
{
	return check_topic(topic, e) < 0 ? -1 : bus->ops->ends(bus, topic, end, e);
}

int bus_lag(struct bus *bus, const char *topic, const char *group, int64_t *lag, struct error *e)
{
	if (check_topic(topic, e) < 0 || check_group(group, e) < 0)
		return -1;
	return bus->ops->lag(bus, topic, group, lag, e);
}

int bus_browse(struct bus *bus, const char *topic, int32_t partition, int64_t offset, int max,
	int (*each)(void *arg, const struct bus_message *message), void *arg, struct error *e)
{
	if (check_topic(topic, e) < 0)
		return -1;
	return bus->ops->browse(bus, NULL, topic, partition, offset, max, each, arg, e);
}

int bus_browse_on(struct bus *bus, struct bus_browser **open, const char *topic, int32_t partition, int64_t offset,
	int max, int (*each)(void *arg, const struct bus_message *message), void *arg, struct error *e)
{
	if (check_topic(topic, e) < 0)
		return -1;
	return bus->ops->browse(bus, open, topic, partition, offset, max, each, arg, e);
}

void bus_browse_end(struct bus *bus, struct bus_browser **open)
{
	if (*open != NULL)
		bus->ops->browse_end(bus, open);
	*open = NULL;
}

/* ---- dead letters ---------------------------------------------------------- */

#define DEAD_REASON_MAX_BYTES 1000

/* Reasons quote what came from outside. */
static json_t *clean_text(const char *text)
{
	if (!gate_utf8(text, strlen(text)))
		return json_string("(not UTF-8)");
	char *line = gate_clean_line(text, DEAD_REASON_MAX_BYTES);
	json_t *value = json_string(line);
	free(line);
	return value;
}

static json_t *read_headers(const char *headers)
{
	json_t *object = headers == NULL ? NULL : json_loads(headers, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(object))
		return object;
	json_decref(object);
	return json_object();
}

static char *dead_headers(const struct bus_message *message, const char *by, const char *reason)
{
	char when[CLOCK_RFC3339_SIZE], number[32];
	json_t *headers = read_headers(message->headers);
	json_object_set_new(headers, "dead-reason", clean_text(reason));
	json_object_set_new(
		headers, "dead-time", json_string(clock_rfc3339(clock_now_ms(), when)));
	json_object_set_new(headers, "dead-topic", clean_text(message->topic));
	snprintf(number, sizeof number, "%d", message->partition);
	json_object_set_new(headers, "dead-partition", json_string(number));
	snprintf(number, sizeof number, "%lld", (long long)message->offset);
	json_object_set_new(headers, "dead-offset", json_string(number));
	json_object_set_new(headers, "dead-by", clean_text(by));
	char *text = json_dumps(headers, JSON_COMPACT);
	json_decref(headers);
	return text;
}

/* Whatever was wrong with it, it must fit: an attribute the gate refuses would
 * stop the queue here for ever. */
static const char *passable(const char *value)
{
	struct error ignored;
	return check_attribute(value, "", &ignored) == 0 ? value : NULL;
}

int bus_dead_letter(struct bus *bus, struct db *tx, const struct bus_message *message,
	const char *by, const char *reason, struct error *e)
{
	char *headers = dead_headers(message, by, reason);
	if (headers == NULL || strlen(headers) > BUS_HEADERS_MAX_BYTES) {
		struct bus_message bare = *message;
		bare.headers = NULL;
		free(headers);
		headers = dead_headers(&bare, by, reason);
	}
	struct bus_message dead = *message;
	dead.topic = BUS_DEAD;
	dead.key = passable(message->key);
	dead.id = passable(message->id);
	dead.source = passable(message->source);
	dead.type = passable(message->type);
	dead.content_type = passable(message->content_type);
	dead.headers = headers;
	int rc = tx != NULL ? bus_publish_tx(bus, tx, &dead, e) : bus_publish(bus, &dead, 1, e);
	free(headers);
	return rc;
}
