#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/ident.h"
#include "message/job.h"
#include "planner/internal.h"

/* Messages of one call to the bus. */
#define JOBS_AT_ONCE 64

struct job_text {
	char data[JOB_DATA_SIZE], id[48], key[24];
};

static void write_job(const struct schedule_item *item, bool urgent, struct job_text *text,
	struct bus_message *message)
{
	struct job job = {.key = item->key, .dispatch = item->dispatch + 1};
	size_t len = job_write(&job, text->data);
	snprintf(text->id, sizeof text->id, "%" PRId64 ".%" PRId64, job.key, job.dispatch);
	snprintf(text->key, sizeof text->key, "%" PRId64, job.key);
	*message = (struct bus_message){.topic = urgent ? BUS_MAIL_URGENT : BUS_MAIL,
		.key = text->key,
		.id = text->id,
		.source = PLANNER_SOURCE,
		.type = JOB_TYPE,
		.time_ms = clock_now_ms(),
		.data = text->data,
		.len = len};
}

int planner_publish_jobs(struct planner *planner, const struct schedule_item *items, size_t count,
	bool urgent, struct error *e)
{
	struct bus_message messages[JOBS_AT_ONCE];
	struct job_text texts[JOBS_AT_ONCE];
	for (size_t i = 0; i < count;) {
		size_t n = 0;
		while (n < JOBS_AT_ONCE && i < count) {
			write_job(&items[i++], urgent, &texts[n], &messages[n]);
			n++;
		}
		if (bus_publish_all_tx(planner->bus, planner->db, messages, n, e) != 0)
			return -1;
	}
	return 0;
}

int planner_publish_status(struct planner *planner, const struct delivery_status *status,
	struct error *e)
{
	char id[STATUS_ID_SIZE], key[24];
	struct buf data;
	buf_init(&data, 4096); /* a reason of 400 bytes, each at most escaped to 6 */
	int rc = status_write(status, &data);
	snprintf(key, sizeof key, "%" PRId64, status->key);
	struct bus_message message = {.topic = BUS_STATUS,
		.key = key,
		.id = status_id(status, id),
		.source = PLANNER_SOURCE,
		.type = status_type(status->state),
		.time_ms = status->time_ms,
		.data = data.data,
		.len = data.len};
	rc = rc == 0 ? bus_publish_tx(planner->bus, planner->db, &message, e)
		     : error_set(e, ERROR_INTERNAL, "a status event grew over 4096 bytes");
	buf_fini(&data);
	return rc;
}

static json_t *totals_json(const int64_t *totals)
{
	json_t *object = json_object();
	for (int i = 0; i < DELIVERY_STATES; i++)
		if (totals[i] != 0)
			json_object_set_new(object, delivery_state_name((enum delivery_state)i),
				json_integer(totals[i]));
	return object;
}

int planner_publish_campaign(struct planner *planner, const struct campaign_row *row, const char *what,
	const char *reason, const int64_t *totals, struct error *e)
{
	char id[IDENT_SIZE], key[24], type[64];
	json_t *data = json_pack("{s:I, s:s, s:s, s:s}", "campaign", (json_int_t)row->id, "slug", row->slug,
		"kind", row->kind, "title", row->title);
	if (data == NULL)
		return error_set(e, ERROR_INTERNAL, "campaign %s: its title is not UTF-8", row->slug);
	if (reason != NULL && reason[0] != '\0')
		json_object_set_new(data, "reason", json_string(reason));
	if (totals != NULL) {
		json_object_set_new(data, "total", json_integer(row->total));
		json_object_set_new(data, "totals", totals_json(totals));
	}
	char *text = json_dumps(data, JSON_COMPACT);
	json_decref(data);
	snprintf(key, sizeof key, "c%" PRId64, row->id);
	snprintf(type, sizeof type, "vestnik.campaign.%s", what);
	struct bus_message message = {.topic = BUS_STATUS,
		.key = key,
		.id = ident_new(id),
		.source = PLANNER_SOURCE,
		.type = type,
		.time_ms = clock_now_ms(),
		.data = text,
		.len = strlen(text)};
	int rc = bus_publish_tx(planner->bus, planner->db, &message, e);
	free(text);
	return rc;
}
