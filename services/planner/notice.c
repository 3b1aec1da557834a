#include "planner/notice.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "planner/internal.h"
#include "store/delivery.h"

static int insert_one(struct planner *planner, const struct delivery_new *row, int64_t priority,
	struct error *e)
{
	bool inserted;
	if (delivery_insert(planner->db, row, &inserted, e) != 0)
		return -1;
	struct schedule_new schedule = {.key = row->key, .campaign = row->campaign, .due_ms = row->now_ms,
		.priority = priority, .address = row->address};
	return row->state == DELIVERY_WAITING ? schedule_insert(planner->db, &schedule, e) : 0;
}

static int insert_all(struct planner *planner, const struct task *task, struct delivery_new *row,
	int64_t priority, struct error *e)
{
	int64_t first, waiting = 0;
	size_t count = task->as.notify.to_count;
	if (delivery_keys_take(planner->db, (int64_t)count, &first, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		const struct task_recipient *to = &task->as.notify.to[i];
		json_t *fields = campaign_notice_fields(to);
		char *text = json_dumps(fields, JSON_COMPACT), *reason = NULL;
		json_decref(fields);
		int rc = planner_suppression(planner, to->address, &reason, e);
		row->key = first + (int64_t)i;
		row->contact = (int64_t)i;
		row->address = to->address;
		row->fields = text;
		row->reason = reason;
		row->state = reason == NULL ? DELIVERY_WAITING : DELIVERY_SUPPRESSED;
		waiting += reason == NULL;
		if (rc == 0)
			rc = insert_one(planner, row, priority, e);
		free(reason);
		free(text);
		if (rc != 0)
			return -1;
	}
	if (counter_add(planner->db, row->campaign, COUNTER_PART_PLANNER, DELIVERY_WAITING, waiting, e) != 0)
		return -1;
	return counter_add(planner->db, row->campaign, COUNTER_PART_PLANNER, DELIVERY_SUPPRESSED,
		(int64_t)count - waiting, e);
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
