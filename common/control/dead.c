#include "control/dead.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/lang.h"
#include "base/xalloc.h"

#define TYPE_REPLAYED "vestnik.dead.replayed"
#define TYPE_DROPPED "vestnik.dead.dropped"
#define BROWSE_PIECE 500
#define WHY_MAX_BYTES 500 /* what people write about a dropped one */

struct dead_marker {
	int32_t partition;
	int64_t offset, time_ms;
	char *why; /* dropped; NULL = replayed */
};

/* What is being read, and how much of it is wanted. */
struct reading {
	struct dead_list *list;
	size_t most, data_most;
};

static void dead_fini(struct dead *d)
{
	char *texts[] = {d->key, d->id, d->source, d->type, d->content_type, d->topic, d->reason, d->by, d->when,
		d->data, d->dropped_why};
	for (size_t t = 0; t < sizeof texts / sizeof texts[0]; t++)
		free(texts[t]);
	json_decref(d->headers);
}

void dead_list_fini(struct dead_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		dead_fini(&list->item[i]);
	for (size_t i = 0; i < list->marker_count; i++)
		free(list->marker[i].why);
	free(list->item);
	free(list->marker);
	*list = (struct dead_list){0};
}

static char *header(const json_t *headers, const char *name)
{
	return xstrdup(json_string_value(json_object_get(headers, name)));
}

static void take_marker(struct dead_list *list, const json_t *headers, int64_t time_ms, bool dropped)
{
	const char *of = json_string_value(json_object_get(headers, "dead-offset"));
	const char *in = json_string_value(json_object_get(headers, "dead-partition"));
	const char *why = json_string_value(json_object_get(headers, "dead-why"));
	long long offset, partition = 0;
	if (of == NULL || !gate_int64(of, 0, INT64_MAX, &offset) ||
		(in != NULL && !gate_int64(in, 0, INT32_MAX, &partition)))
		return;
	if ((list->marker_count & (list->marker_count - 1)) == 0)
		list->marker = xrealloc(list->marker, list->marker_count == 0 ? 1 : list->marker_count * 2,
			sizeof *list->marker);
	list->marker[list->marker_count++] = (struct dead_marker){(int32_t)partition, offset, time_ms,
		dropped ? xstrdup(why != NULL ? why : "") : NULL};
}

static void forget_oldest(struct dead_list *list, size_t most)
{
	size_t gone = list->count - most;
	for (size_t i = 0; i < gone; i++)
		dead_fini(&list->item[i]);
	memmove(list->item, list->item + gone, most * sizeof *list->item);
	list->count = most;
	list->passed += gone;
}

static int take(void *arg, const struct bus_message *m)
{
	const struct reading *reading = arg;
	struct dead_list *list = reading->list;
	json_t *headers = m->headers != NULL ? json_loads(m->headers, 0, NULL) : NULL;
	if (!json_is_object(headers)) {
		json_decref(headers);
		headers = json_object();
	}
	list->next = m->offset + 1;
	bool dropped = m->type != NULL && strcmp(m->type, TYPE_DROPPED) == 0;
	if (dropped || (m->type != NULL && strcmp(m->type, TYPE_REPLAYED) == 0)) {
		take_marker(list, headers, m->time_ms, dropped);
		json_decref(headers);
		return 0;
	}
	size_t kept = m->len < reading->data_most ? m->len : reading->data_most;
	if (list->count / 2 >= reading->most) /* by halves: not at every one */
		forget_oldest(list, reading->most);
	if ((list->count & (list->count - 1)) == 0)
		list->item = xrealloc(list->item, list->count == 0 ? 1 : list->count * 2, sizeof *list->item);
	list->item[list->count++] = (struct dead){.partition = m->partition,
		.offset = m->offset,
		.key = xstrdup(m->key),
		.id = xstrdup(m->id),
		.source = xstrdup(m->source),
		.type = xstrdup(m->type),
		.content_type = xstrdup(m->content_type),
		.topic = header(headers, "dead-topic"),
		.reason = header(headers, "dead-reason"),
		.by = header(headers, "dead-by"),
		.when = header(headers, "dead-time"),
		.headers = headers,
		.data = xmemdup(kept > 0 ? m->data : "", kept > 0 ? kept : 1),
		.len = m->len,
		.kept = kept,
		.time_ms = m->time_ms};
	return 0;
}

static int by_place(const void *a, const void *b)
{
	const struct dead *x = a, *y = b;
	return x->partition != y->partition ? (x->partition < y->partition ? -1 : 1)
	       : x->offset < y->offset	    ? -1
					    : x->offset > y->offset;
}

/* By the time of death, which is RFC 3339 in UTC: it sorts as text. */
static int by_time(const void *a, const void *b)
{
	const struct dead *x = a, *y = b;
	int order = strcmp(x->when != NULL ? x->when : "", y->when != NULL ? y->when : "");
	return order != 0 ? order : by_place(a, b);
}

/* As they were read: by partition and offset. Thousands may have been replayed together. */
static void settle(struct dead_list *list)
{
	for (size_t r = 0; r < list->marker_count; r++) {
		const struct dead_marker *marker = &list->marker[r];
		const struct dead wanted = {.partition = marker->partition, .offset = marker->offset};
		struct dead *d = list->count == 0 ? NULL : bsearch(&wanted, list->item, list->count, sizeof wanted, by_place);
		if (d == NULL)
			continue;
		*(marker->why != NULL ? &d->dropped_ms : &d->replayed_ms) = marker->time_ms;
		if (marker->why != NULL) {
			free(d->dropped_why);
			d->dropped_why = xstrdup(marker->why);
		}
	}
}

int dead_list_read(struct bus *bus, size_t most, size_t data_most, struct dead_list *list, struct error *e)
{
	int64_t end[BUS_PARTITIONS_MAX];
	struct reading reading = {list, most, data_most};
	struct bus_browser *browser = NULL;
	*list = (struct dead_list){0};
	int partitions = bus_ends(bus, BUS_DEAD, end, e), n = partitions < 0 ? -1 : 0;
	for (int p = 0; p < partitions && n >= 0; p++) {
		list->next = 0;
		do {
			n = list->next < end[p]
				? bus_browse_on(bus, &browser, BUS_DEAD, p, list->next, BROWSE_PIECE, take, &reading, e)
				: 0;
		} while (n > 0);
	}
	bus_browse_end(bus, &browser);
	if (n < 0)
		return -1;
	settle(list);
	if (partitions > 1 && list->count > 1)
		qsort(list->item, list->count, sizeof *list->item, by_time);
	if (list->count > most)
		forget_oldest(list, most);
	return 0;
}

int dead_read_on(struct bus *bus, struct bus_browser **open, int32_t partition, int64_t offset, struct dead_list *list,
	struct error *e)
{
	struct reading reading = {list, SIZE_MAX, SIZE_MAX};
	*list = (struct dead_list){0};
	if (bus_browse_on(bus, open, BUS_DEAD, partition, offset, 1, take, &reading, e) < 0)
		return -1;
	if (list->count > 0 && list->item[0].offset != offset)
		dead_list_fini(list); /* it is gone, and this is the next */
	return 0;
}

int dead_read(struct bus *bus, int32_t partition, int64_t offset, struct dead_list *list, struct error *e)
{
	struct bus_browser *browser = NULL;
	int rc = dead_read_on(bus, &browser, partition, offset, list, e);
	bus_browse_end(bus, &browser);
	return rc;
}

const char *dead_id(const struct dead *d, char out[static DEAD_ID_SIZE])
{
	if (d->partition == 0)
		snprintf(out, DEAD_ID_SIZE, "%lld", (long long)d->offset);
	else
		snprintf(out, DEAD_ID_SIZE, "%d:%lld", (int)d->partition, (long long)d->offset);
	return out;
}

const struct dead *dead_named(const struct dead_list *list, const char *id)
{
	char its[DEAD_ID_SIZE];
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(dead_id(&list->item[i], its), id) == 0)
			return &list->item[i];
	return NULL;
}

/* ---- acting ------------------------------------------------------------------------------- */

/* The message's own headers, without ours, and with the mark. The caller frees. */
static char *headers_again(const struct dead *d)
{
	char mark[32];
	const char *name;
	json_t *value;
	json_t *headers = json_object();
	snprintf(mark, sizeof mark, "%d:%lld", (int)d->partition, (long long)d->offset);
	json_object_foreach(d->headers, name, value)
		if (strncmp(name, "dead-", 5) != 0)
			json_object_set(headers, name, value);
	json_object_set_new(headers, "replayed", json_string(mark));
	char *text = json_dumps(headers, JSON_COMPACT);
	json_decref(headers);
	return text;
}

static int leave_marker(struct bus *bus, struct db *tx, const struct dead *d, const char *word, const char *type,
	const char *why, struct error *e)
{
	char id[80];
	snprintf(id, sizeof id, "%s.%d.%lld.%lld", word, (int)d->partition, (long long)d->offset,
		(long long)clock_now_ms());
	json_t *headers = json_object();
	json_object_set_new(headers, "dead-partition", json_sprintf("%d", (int)d->partition));
	json_object_set_new(headers, "dead-offset", json_sprintf("%lld", (long long)d->offset));
	if (why != NULL)
		json_object_set_new(headers, "dead-why", json_string(why));
	char *text = json_dumps(headers, JSON_COMPACT);
	const struct bus_message marker = {.topic = BUS_DEAD,
		.id = id,
		.source = "vestnik",
		.type = type,
		.time_ms = clock_now_ms(),
		.headers = text,
		.data = "{}",
		.len = 2};
	int rc = bus_publish_tx(bus, tx, &marker, e);
	free(text);
	json_decref(headers);
	return rc;
}

int dead_replay(struct bus *bus, struct db *tx, const struct dead *d, struct error *e)
{
	char id[DEAD_ID_SIZE];
	if (d->topic == NULL)
		return error_set(e, ERROR_INPUT,
			tr("message %s does not say where it came from", "сообщение %s не говорит, откуда оно"), dead_id(d, id));
	ASSERT(d->kept == d->len);
	char *headers = headers_again(d);
	const struct bus_message message = {.topic = d->topic,
		.key = d->key,
		.id = d->id,
		.source = d->source,
		.type = d->type,
		.time_ms = d->time_ms,
		.content_type = d->content_type,
		.headers = headers,
		.data = d->data,
		.len = d->len};
	int rc = bus_publish_tx(bus, tx, &message, e);
	if (rc == 0)
		rc = leave_marker(bus, tx, d, "replay", TYPE_REPLAYED, NULL, e);
	free(headers);
	return rc;
}

int dead_drop(struct bus *bus, struct db *tx, const struct dead *d, const char *why, struct error *e)
{
	char *line = gate_clean_line(why, WHY_MAX_BYTES);
	int rc = line[0] == '\0' ? error_set(e, ERROR_INPUT, "%s",
				       tr("say why it is dropped", "укажите, почему сообщение отброшено"))
			       : leave_marker(bus, tx, d, "drop", TYPE_DROPPED, line, e);
	free(line);
	return rc;
}
