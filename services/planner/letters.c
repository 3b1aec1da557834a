#include "planner/letters.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "store/ask_row.h"
#include "store/delivery.h"

struct letter_row *letters_add(struct letters *letters)
{
	if (letters->count == letters->room) {
		letters->room = letters->room == 0 ? 256 : letters->room * 2;
		letters->row = xrealloc(letters->row, letters->room, sizeof *letters->row);
	}
	letters->row[letters->count] = (struct letter_row){0};
	return &letters->row[letters->count++];
}

void letters_fini(struct letters *letters)
{
	for (size_t i = 0; i < letters->count; i++) {
		free(letters->row[i].address);
		free(letters->row[i].fields);
		free(letters->row[i].suppressed);
		free(letters->row[i].place);
	}
	free(letters->row);
	*letters = (struct letters){0};
}

static const char *address_at(const void *arg, size_t i)
{
	return ((const struct letter_row *)arg)[i].address;
}

int letters_find_suppressed(struct planner *planner, struct letters *letters, struct error *e)
{
	char **reasons = xcalloc(letters->count + 1, sizeof *reasons);
	int rc = planner_suppressions(planner, letters->count, address_at, letters->row, reasons, e);
	for (size_t i = 0; i < letters->count; i++)
		letters->row[i].suppressed = reasons[i];
	free(reasons);
	return rc;
}

/* ---- writing -------------------------------------------------------------------------- */

static int publish_suppressed(struct planner *planner, const struct delivery_new *delivery,
	struct error *e)
{
	struct delivery_status status = {.key = delivery->key, .campaign = delivery->campaign,
		.state = DELIVERY_SUPPRESSED, .time_ms = delivery->now_ms};
	strncpy(status.reason, delivery->reason, sizeof status.reason - 1);
	return planner_publish_status(planner, &status, e);
}

static struct delivery_new *new_deliveries(const struct letters_of *of, const struct letters *letters,
	int64_t first)
{
	struct delivery_new *deliveries = xcalloc(letters->count, sizeof *deliveries);
	for (size_t i = 0; i < letters->count; i++) {
		const struct letter_row *row = &letters->row[i];
		deliveries[i] = (struct delivery_new){.key = first + (int64_t)i,
			.campaign = of->campaign,
			.round = of->round,
			.step = of->step,
			.recipient = row->recipient,
			.contact = row->contact,
			.address = row->address,
			.fields = row->fields,
			.not_after_ms = of->not_after_ms,
			.state = row->suppressed == NULL ? DELIVERY_WAITING : DELIVERY_SUPPRESSED,
			.reason = row->suppressed,
			.reminds = row->reminds,
			.now_ms = of->now_ms};
	}
	return deliveries;
}

struct written {
	int64_t waiting, suppressed;
};

/* Deliveries, and schedule rows of those that are new and wait. */
static int write_rows(struct planner *planner, const struct letters_of *of, const struct letters *letters,
	const struct delivery_new *deliveries, struct written *written, struct error *e)
{
	size_t count = letters->count, scheduled = 0;
	bool *inserted = xcalloc(count, sizeof *inserted);
	struct schedule_new *schedule = xcalloc(count, sizeof *schedule);
	int64_t *unreached = xcalloc(count, sizeof *unreached);
	int rc = delivery_insert_all(planner->db, deliveries, count, inserted, e);
	for (size_t i = 0; i < count && rc == 0; i++) {
		const struct delivery_new *delivery = &deliveries[i];
		if (!inserted[i])
			continue;
		if (delivery->state == DELIVERY_SUPPRESSED) {
			unreached[written->suppressed++] = delivery->key;
			rc = publish_suppressed(planner, delivery, e);
			continue;
		}
		schedule[scheduled++] = (struct schedule_new){.key = delivery->key,
			.campaign = delivery->campaign,
			.due_ms = letters->row[i].due_ms,
			.priority = of->priority,
			.address = delivery->address};
	}
	if (rc == 0)
		rc = schedule_insert_all(planner->db, schedule, scheduled, e);
	if (rc == 0)
		rc = ask_flag_unreached(planner->db, unreached, (size_t)written->suppressed, of->now_ms, e);
	written->waiting = (int64_t)scheduled;
	free(unreached);
	free(schedule);
	free(inserted);
	return rc;
}

int letters_write(struct planner *planner, const struct letters_of *of, const struct letters *letters,
	int64_t *written, struct error *e)
{
	int64_t first;
	struct written new = {0};
	if (written != NULL)
		*written = 0;
	if (letters->count == 0)
		return 0;
	if (delivery_keys_take(planner->db, (int64_t)letters->count, &first, e) != 0)
		return -1;
	struct delivery_new *deliveries = new_deliveries(of, letters, first);
	int rc = write_rows(planner, of, letters, deliveries, &new, e);
	free(deliveries);
	if (rc != 0 ||
		counter_add(planner->db, of->campaign, COUNTER_PART_PLANNER, DELIVERY_WAITING, new.waiting, e) != 0 ||
		counter_add(planner->db, of->campaign, COUNTER_PART_PLANNER, DELIVERY_SUPPRESSED, new.suppressed,
			e) != 0)
		return -1;
	if (written != NULL)
		*written = new.waiting + new.suppressed;
	return db_exec(planner->db, e, "UPDATE campaign SET total = total + $2 WHERE id = $1", "ii", of->campaign,
		new.waiting + new.suppressed);
}
