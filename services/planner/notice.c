#include "planner/notice.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "planner/internal.h"
#include "store/delivery.h"

static const char *address_at(const void *arg, size_t i)
{
	return ((const struct task_recipient *)arg)[i].address;
}

struct letters {
	size_t count;
	struct delivery_new *delivery;
	char **fields, **reasons;
};

static int prepare(struct planner *planner, const struct task *task, const struct delivery_new *row,
	struct letters *letters, struct error *e)
{
	int64_t first;
	if (delivery_keys_take(planner->db, (int64_t)letters->count, &first, e) != 0 ||
		planner_suppressions(planner, letters->count, address_at, task->as.notify.to,
			letters->reasons, e) != 0)
		return -1;
	for (size_t i = 0; i < letters->count; i++) {
		json_t *fields = campaign_notice_fields(&task->as.notify.to[i]);
		letters->fields[i] = json_dumps(fields, JSON_COMPACT);
		json_decref(fields);
		letters->delivery[i] = *row;
		letters->delivery[i].key = first + (int64_t)i;
		letters->delivery[i].contact = (int64_t)i;
		letters->delivery[i].address = task->as.notify.to[i].address;
		letters->delivery[i].fields = letters->fields[i];
		letters->delivery[i].reason = letters->reasons[i];
		letters->delivery[i].state = letters->reasons[i] == NULL ? DELIVERY_WAITING : DELIVERY_SUPPRESSED;
	}
	return 0;
}

static int insert(struct planner *planner, const struct letters *letters, int64_t priority, struct error *e)
{
	size_t waiting = 0;
	bool *inserted = xcalloc(letters->count, sizeof *inserted);
	struct schedule_new *schedule = xcalloc(letters->count, sizeof *schedule);
	int rc = delivery_insert_all(planner->db, letters->delivery, letters->count, inserted, e);
	for (size_t i = 0; i < letters->count && rc == 0; i++) {
		const struct delivery_new *row = &letters->delivery[i];
		if (row->state == DELIVERY_WAITING)
			schedule[waiting++] = (struct schedule_new){.key = row->key, .campaign = row->campaign,
				.due_ms = row->now_ms, .priority = priority, .address = row->address};
	}
	if (rc == 0)
		rc = schedule_insert_all(planner->db, schedule, waiting, e);
	if (rc == 0)
		rc = counter_add(planner->db, letters->delivery[0].campaign, COUNTER_PART_PLANNER,
			DELIVERY_WAITING, (int64_t)waiting, e);
	if (rc == 0)
		rc = counter_add(planner->db, letters->delivery[0].campaign, COUNTER_PART_PLANNER,
			DELIVERY_SUPPRESSED, (int64_t)(letters->count - waiting), e);
	free(schedule);
	free(inserted);
	return rc;
}

static int insert_all(struct planner *planner, const struct task *task, const struct delivery_new *row,
	int64_t priority, struct error *e)
{
	size_t count = task->as.notify.to_count;
	if (count == 0)
		return 0;
	struct letters letters = {.count = count,
		.delivery = xcalloc(count, sizeof *letters.delivery),
		.fields = xcalloc(count, sizeof *letters.fields),
		.reasons = xcalloc(count, sizeof *letters.reasons)};
	int rc = prepare(planner, task, row, &letters, e);
	if (rc == 0)
		rc = insert(planner, &letters, priority, e);
	for (size_t i = 0; i < count; i++) {
		free(letters.fields[i]);
		free(letters.reasons[i]);
	}
	free(letters.delivery);
	free(letters.fields);
	free(letters.reasons);
	return rc;
}

int planner_take_notice(struct planner *planner, const struct task *task, struct error *e)
{
	int64_t now_ms = clock_now_ms();
	struct delivery_new row = {.not_after_ms = task->as.notify.not_after_ms, .now_ms = now_ms};
	if (campaign_store_notice(planner->db, planner->settings, task, &row.campaign, e) != 0 ||
		db_query_int(planner->db, &row.round, e,
			"INSERT INTO round (campaign, number, starts_ms) VALUES ($1, 1, $2) RETURNING id", "ii",
			row.campaign, now_ms) != DB_ROW)
		return -1;
	int64_t priority = task->as.notify.urgent ? 0 : 1;
	if (insert_all(planner, task, &row, priority, e) != 0)
		return -1;
	/* What the planner owns of the row; urgent letters go by another line. created_by leads back
	 * to the task. */
	char *by = xasprintf("%s#%s", task->source, task->id);
	int rc = db_exec(planner->db, e,
		"UPDATE campaign SET state = 'running', priority = $2, launched_ms = $3, expanded = 1,"
		" total = $4, created_by = $5 WHERE id = $1",
		"iiiis", row.campaign, priority, now_ms, (int64_t)task->as.notify.to_count, by);
	free(by);
	return rc;
}
