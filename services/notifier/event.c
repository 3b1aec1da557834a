#include "notifier/event.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/gate.h"
#include "base/xalloc.h"

#define DELIVERY_PREFIX "vestnik.delivery."

static struct event *event_new(const char *type, int64_t time_ms)
{
	struct event *event = xcalloc(1, sizeof *event);
	event->type = xstrdup(type);
	event->time_ms = time_ms;
	return event;
}

int event_read(const struct bus_message *message, struct event **out, struct error *e)
{
	json_error_t where;
	if (message->len > EVENT_DATA_MAX_BYTES)
		return error_set(e, ERROR_INPUT, "event of %zu bytes; at most %d", message->len,
			EVENT_DATA_MAX_BYTES);
	if (message->id == NULL || message->source == NULL || message->type == NULL)
		return error_set(e, ERROR_INPUT, "an event needs the attributes id, source and type");
	if (!gate_header(message->id, strlen(message->id)) ||
		!gate_header(message->source, strlen(message->source)) ||
		!gate_header(message->type, strlen(message->type)))
		return error_set(e, ERROR_INPUT, "an event's attributes should be lines of UTF-8");
	json_t *data = json_loadb(message->data, message->len, JSON_REJECT_DUPLICATES, &where);
	if (!json_is_object(data)) {
		json_decref(data);
		return error_set(e, ERROR_INPUT, "the event's data is not a JSON object");
	}
	struct event *event = event_new(message->type, message->time_ms);
	event->from_bus = true;
	event->token = message->token;
	event->data = data;
	event->source = xstrdup(message->source);
	event->event_id = xstrdup(message->id);
	webhook_id(message->source, message->id, message->type, message->time_ms, event->id);
	event->slug = xstrdup(json_string_value(json_object_get(data, "slug")));
	if (strncmp(message->type, DELIVERY_PREFIX, strlen(DELIVERY_PREFIX)) == 0)
		event->delivery = json_integer_value(json_object_get(data, "key"));
	*out = event;
	return 0;
}

struct event *event_stored(const char *id, const char *type, int64_t time_ms, const char *body)
{
	struct event *event = event_new(type, time_ms);
	strncpy(event->id, id, sizeof event->id - 1);
	event->body = xstrdup(body);
	event->len = strlen(body);
	return event;
}

void event_free(struct event **event)
{
	if (*event == NULL)
		return;
	free((*event)->type);
	free((*event)->slug);
	free((*event)->body);
	free((*event)->source);
	free((*event)->event_id);
	json_decref((*event)->data);
	free(*event);
	*event = NULL;
}

void event_unref(struct event **event)
{
	if (--(*event)->refs == 0)
		event_free(event);
	*event = NULL;
}

/* ---- what the bus leaves out ---------------------------------------------------- */

static void set_text(struct event *event, const char *name, const char *value)
{
	if (value != NULL)
		json_object_set_new(event->data, name, json_string(value));
}

static int by_delivery(const void *a, const void *b)
{
	int64_t x = (*(struct event *const *)a)->delivery, y = (*(struct event *const *)b)->delivery;
	return x < y ? -1 : x > y;
}

/* sorted by delivery; several events may be about one. */
static void enrich_one(struct event *const *sorted, size_t count, struct db_stmt *row)
{
	int64_t key = db_int(row, 0);
	size_t low = 0, high = count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (sorted[middle]->delivery < key)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < count && sorted[low]->delivery == key; low++) {
		struct event *event = sorted[low];
		set_text(event, "slug", db_text(row, 1));
		set_text(event, "organisation", db_text(row, 2));
		set_text(event, "address", db_text(row, 3));
		free(event->slug);
		event->slug = xstrdup(db_text(row, 1));
	}
}

int events_enrich(struct db *db, struct event *const *events, size_t count, struct error *e)
{
	struct event **sorted = xcalloc(count + 1, sizeof *sorted);
	struct buf keys;
	size_t n = 0;
	int rc = 0;
	buf_init(&keys, 24 * (count + 1));
	for (size_t i = 0; i < count; i++)
		if (events[i]->delivery > 0) {
			(void)buf_printf(&keys, "%c%" PRId64, n == 0 ? '[' : ',', events[i]->delivery);
			sorted[n++] = events[i];
		}
	(void)buf_putc(&keys, ']');
	if (n > 0) {
		qsort(sorted, n, sizeof *sorted, by_delivery);
		struct db_stmt *rows;
		enum db_step step = DB_FAILED;
		if (db_query(db, &rows, e,
			    "SELECT d.key, c.slug, o.key, d.address FROM @KEYS($1) k"
			    " JOIN delivery d ON d.key = k.key JOIN campaign c ON c.id = d.campaign"
			    " LEFT JOIN organisation o ON o.id = d.recipient",
			    "s", buf_str(&keys)) == 0)
			while ((step = db_step(rows, e)) == DB_ROW)
				enrich_one(sorted, n, rows);
		rc = step == DB_DONE ? 0 : -1;
	}
	buf_fini(&keys);
	free(sorted);
	return rc;
}

void event_compose(struct event *event)
{
	char time[CLOCK_RFC3339_SIZE];
	clock_rfc3339(event->time_ms, time);
	json_t *envelope = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:O}", "specversion", "1.0", "id",
		event->event_id, "source", event->source, "type", event->type, "time", time,
		"datacontenttype", "application/json", "timestamp", time, "data", event->data);
	event->body = envelope == NULL ? NULL : json_dumps(envelope, JSON_COMPACT);
	ASSERT(event->body != NULL); /* all of it came through jansson or passed as UTF-8 */
	event->len = strlen(event->body);
	json_decref(envelope);
	json_decref(event->data);
	event->data = NULL;
	free(event->source);
	free(event->event_id);
	event->source = event->event_id = NULL;
}
