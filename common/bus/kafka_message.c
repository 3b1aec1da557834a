/* CloudEvents on Kafka: the attributes of a message are headers (binary mode), and a
 * structured event is known by its content type alone, its attributes then being in the
 * data. What others write comes as it can: nothing in a record may stop a service. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "bus/bus_kafka.h"

#define CONTENT_TYPE "content-type"
#define STANDARD_TYPE "application/json"
/* Of a record; our own have six. */
#define HEADERS_READ_MAX 256

/* ---- out -------------------------------------------------------------------- */

static void add(rd_kafka_headers_t *headers, const char *name, const char *value)
{
	if (value != NULL)
		rd_kafka_header_add(headers, name, -1, value, (ssize_t)strlen(value));
}

/* bus.c has checked the length; what is not an object of strings goes without. */
static void add_foreign(rd_kafka_headers_t *out, json_t *object)
{
	const char *name;
	json_t *value;
	if (json_is_object(object))
		json_object_foreach(object, name, value)
			if (json_is_string(value) && name[0] != '\0')
				rd_kafka_header_add(out, name, -1, json_string_value(value),
					(ssize_t)json_string_length(value));
}

rd_kafka_headers_t *kafka_headers(const struct bus_message *message)
{
	rd_kafka_headers_t *headers = rd_kafka_headers_new(8);
	char when[CLOCK_RFC3339_SIZE];
	json_t *foreign = message->headers == NULL ? NULL : json_loads(message->headers, 0, NULL);
	add(headers, "ce_id", message->id);
	add(headers, "ce_source", message->source);
	add(headers, "ce_type", message->type);
	/* A structured event has all of it in its data; what came wrong goes on as it came. */
	if (message->id != NULL && json_object_get(foreign, "ce_specversion") == NULL)
		add(headers, "ce_specversion", "1.0");
	if (message->id != NULL && json_object_get(foreign, "ce_time") == NULL)
		add(headers, "ce_time", clock_rfc3339(message->time_ms, when));
	add(headers, CONTENT_TYPE,
		message->content_type == NULL && message->id != NULL ? STANDARD_TYPE : message->content_type);
	add_foreign(headers, foreign);
	json_decref(foreign);
	return headers;
}

/* ---- in --------------------------------------------------------------------- */

struct reading {
	struct arena *arena;
	struct bus_message *out;
	bool timed;
	bool event;     /* a header ce_… is there */
	bool versioned; /* one of them is ce_specversion */
	json_t *foreign;
	size_t foreign_bytes;
};

static const char *take_text(struct reading *r, const void *value, size_t len)
{
	if (value == NULL || len > BUS_ATTRIBUTE_MAX_BYTES || !gate_header(value, len))
		return NULL;
	return arena_copy(r->arena, value, len);
}

static void keep_foreign(struct reading *r, const char *name, const void *value, size_t len)
{
	size_t name_len = strnlen(name, BUS_ATTRIBUTE_MAX_BYTES + 1);
	r->foreign_bytes += name_len + len + 8;
	if (name_len > BUS_ATTRIBUTE_MAX_BYTES || r->foreign_bytes > BUS_HEADERS_MAX_BYTES / 2 ||
		!gate_header(name, name_len))
		return;
	if (r->foreign == NULL)
		r->foreign = json_object();
	bool text = value == NULL || gate_utf8(value, len);
	json_object_set_new(r->foreign, name,
		text ? json_stringn(value == NULL ? "" : value, len) : json_string("(not UTF-8)"));
}

/* The case of a name is no producer's mistake. What is no CloudEvent 1.0 stays in the headers under
 * its own name, and who reads the message can say what was wrong with it (message/task.h). */
static void read_header(struct reading *r, const char *name, const void *value, size_t len)
{
	struct bus_message *out = r->out;
	r->event = r->event || strncasecmp(name, "ce_", 3) == 0;
	const struct {
		const char *name;
		const char **to;
	} known[] = {{"ce_id", &out->id}, {"ce_source", &out->source}, {"ce_type", &out->type},
		{CONTENT_TYPE, &out->content_type}};
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strcasecmp(name, known[i].name) == 0) {
			*known[i].to = take_text(r, value, len);
			return;
		}
	if (strcasecmp(name, "ce_specversion") == 0) {
		r->versioned = true;
		if (value != NULL && len == 3 && memcmp(value, "1.0", 3) == 0)
			return;
		name = "ce_specversion";
	}
	char when[64];
	if (strcasecmp(name, "ce_time") == 0) {
		if (value != NULL && len < sizeof when) {
			memcpy(when, value, len);
			when[len] = '\0';
			r->timed = clock_parse_rfc3339(when, &out->time_ms) == 0;
			if (r->timed)
				return;
		}
		name = "ce_time";
	}
	keep_foreign(r, name, value, len);
}

static void read_headers(struct reading *r, const rd_kafka_message_t *record)
{
	rd_kafka_headers_t *headers;
	if (rd_kafka_message_headers(record, &headers) != 0)
		return;
	const char *name;
	const void *value;
	size_t len;
	for (size_t i = 0; i < HEADERS_READ_MAX &&
		rd_kafka_header_get_all(headers, i, &name, &value, &len) == 0; i++)
		read_header(r, name, value, len);
	if (r->event && !r->versioned)
		keep_foreign(r, "ce_specversion", "", 0);
	if (r->foreign == NULL)
		return;
	char *text = json_dumps(r->foreign, JSON_COMPACT);
	/* escapes may have made it longer than what a dead letter can carry */
	if (text != NULL && strlen(text) <= BUS_HEADERS_MAX_BYTES)
		r->out->headers = arena_copy(r->arena, text, strlen(text));
	free(text);
	json_decref(r->foreign);
}

void kafka_message_read(const rd_kafka_message_t *record, const char *topic, struct arena *arena,
	struct bus_message *out)
{
	struct reading r = {.arena = arena, .out = out};
	memset(out, 0, sizeof *out);
	out->topic = topic;
	out->partition = record->partition;
	out->offset = record->offset;
	read_headers(&r, record);
	if (!r.timed) /* a structured event has its time in its data */
		out->time_ms = out->id == NULL ? 0 : rd_kafka_message_timestamp(record, NULL);
	out->key = take_text(&r, record->key, record->key_len);
	/* NULL stands for it everywhere in Vestnik */
	if (out->id != NULL && out->content_type != NULL && strcmp(out->content_type, STANDARD_TYPE) == 0)
		out->content_type = NULL;
	size_t len = record->payload == NULL ? 0 : record->len;
	if (len > BUS_MESSAGE_MAX_BYTES) {
		len = BUS_OVERSIZED_HEAD_BYTES;
		out->content_type = BUS_OVERSIZED_TYPE;
	}
	out->data = arena_copy(arena, record->payload == NULL ? "" : record->payload, len);
	out->len = len;
}
