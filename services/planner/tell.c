/* What people of the ministry are told by letter: the silent by name, and the report. Each is a
 * notice of its own, on the urgent line, in the transaction that says it was told. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/lang.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "campaign/definition.h"
#include "planner/move.h"
#include "planner/notice.h"
#include "report/report.h"

#define RECIPIENTS_MAX 50
#define FORMATS_MAX 8
/* A report goes after this, whatever has not been looked at by then. */
#define REPORT_WAIT_MS (INT64_C(15) * 60 * 1000)

/* ---- a notice --------------------------------------------------------------------------- */

struct recipients {
	struct task_recipient to[RECIPIENTS_MAX];
	size_t count;
};

static void add_recipient(struct recipients *list, const char *address, const char *name)
{
	if (address != NULL && list->count < RECIPIENTS_MAX)
		list->to[list->count++] = (struct task_recipient){.address = xstrdup(address), .name = xstrdup(name)};
}

static void recipients_fini(struct recipients *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->to[i].address);
		free(list->to[i].name);
	}
	list->count = 0;
}

/* Inside the transaction. */
static int take(struct planner *planner, const struct round_row *round, const struct report_letter *letter,
	const struct recipients *list, struct error *e)
{
	char id[IDENT_SIZE];
	const json_t *from = json_object_get(round->definition, "from");
	struct task_attachment *attachments = xcalloc(letter->files + 1, sizeof *attachments);
	for (size_t i = 0; i < letter->files; i++)
		attachments[i] = (struct task_attachment){.name = letter->file[i].name,
			.media_type = letter->file[i].media_type,
			.data = letter->file[i].data,
			.len = letter->file[i].len};
	/* Borrowed, all of it: planner_take_notice keeps nothing. */
	struct task task = {.type = TASK_NOTIFY,
		.source = (char *)(uintptr_t)PLANNER_SOURCE,
		.id = (char *)(uintptr_t)ident_new(id),
		.time_ms = clock_now_ms()};
	task.as.notify.from_address = (char *)(uintptr_t)json_string_value(json_object_get(from, "address"));
	task.as.notify.from_name = (char *)(uintptr_t)json_string_value(json_object_get(from, "name"));
	task.as.notify.reply_to =
		(char *)(uintptr_t)json_string_value(json_object_get(round->definition, "reply_to"));
	task.as.notify.subject = letter->subject;
	task.as.notify.text = letter->markdown;
	task.as.notify.block_html = letter->html;
	task.as.notify.block_text = letter->text;
	task.as.notify.urgent = true;
	task.as.notify.not_after_ms = TIME_NEVER_MS;
	task.as.notify.to = (struct task_recipient *)(uintptr_t)list->to;
	task.as.notify.to_count = list->count;
	task.as.notify.attachments = attachments;
	task.as.notify.attachments_count = letter->files;
	int rc = planner_take_notice(planner, &task, e);
	free(attachments);
	return rc;
}

/* ---- the silent ----------------------------------------------------------------------------- */

static int count_silent(struct planner *planner, const struct plan_entry *entry, int64_t *count,
	struct error *e)
{
	return db_query_int(planner->db, count, e,
		       "SELECT count(*) FROM ask WHERE round = $1 AND level = $2 AND state = 'open'", "ii",
		       entry->round, entry->level) == DB_ROW
		? 0
		: -1;
}

/* The next organisation after the cursor that has silent ones under it. */
static enum db_step next_parent(struct planner *planner, const struct plan_entry *entry, int64_t *organisation,
	struct error *e)
{
	return db_query_int(planner->db, organisation, e,
		"SELECT p.id FROM organisation p WHERE p.id > $3 AND EXISTS (SELECT 1 FROM organisation o CROSS JOIN ask a"
		" WHERE o.parent_key = p.key AND a.round = $1 AND a.organisation = o.id AND a.level = $2"
		" AND a.state = 'open') ORDER BY p.id LIMIT 1",
		"iii", entry->round, entry->level, entry->cursor);
}

/* Its first contact, in the order the campaign names roles; any, when it has none of those. */
static int contact_of(struct planner *planner, const struct round_row *round, int64_t organisation,
	struct recipients *list, struct error *e)
{
	const json_t *roles = json_object_get(json_object_get(round->definition, "audience"), "roles");
	struct db_stmt *stmt;
	enum db_step step;
	size_t best = SIZE_MAX;
	if (db_query(planner->db, &stmt, e,
		    "SELECT role, address, name FROM contact WHERE organisation = $1 AND active = 1 ORDER BY id", "i",
		    organisation) != 0)
		return -1;
	while ((step = db_step(stmt, e)) == DB_ROW) {
		size_t rank = 0;
		while (rank < json_array_size(roles) &&
			strcmp(json_string_value(json_array_get(roles, rank)), db_text(stmt, 0)) != 0)
			rank++;
		if (rank >= best)
			continue;
		best = rank;
		recipients_fini(list);
		add_recipient(list, db_text(stmt, 1), db_text(stmt, 2));
	}
	return step == DB_DONE ? 0 : -1;
}

/* cursor: where the walk over parents stands now; 0: there is no walk. */
static int tell_silent(struct planner *planner, const struct plan_entry *entry, const struct round_row *round,
	int64_t parent, const struct recipients *list, struct error *e)
{
	struct report_letter letter = {0};
	int rc = report_silent(planner->db, planner->settings, entry->campaign, entry->round, parent,
		definition_lang(round->definition), &letter, e);
	if (rc == 0)
		rc = planner_begin(planner, e);
	enum db_step step = DB_FAILED;
	if (rc == 0)
		step = plan_advance(planner->db, entry, parent, (int64_t)list->count, e);
	if (step == DB_ROW && list->count > 0 && letter.silent > 0 && take(planner, round, &letter, list, e) != 0)
		step = DB_FAILED;
	if (step == DB_ROW && parent == 0 &&
		plan_end(planner->db, entry->id, "done", NULL, clock_now_ms(), e) == DB_FAILED)
		step = DB_FAILED;
	if (step != DB_FAILED && db_commit(planner->db, DB_RELAXED, e) != 0)
		step = DB_FAILED;
	db_rollback(planner->db);
	report_letter_fini(&letter);
	return step == DB_FAILED ? -1 : 1;
}

static int tell_next_parent(struct planner *planner, const struct plan_entry *entry,
	const struct round_row *round, struct error *e)
{
	struct recipients list = {0};
	int64_t parent = 0;
	enum db_step step = next_parent(planner, entry, &parent, e);
	if (step == DB_DONE)
		return move_end(planner, entry, "done", NULL, e);
	int rc = step == DB_ROW ? contact_of(planner, round, parent, &list, e) : -1;
	if (rc == 0 && list.count == 0)
		log_warn("parent_without_contact", "round=%lld organisation=%lld", (long long)round->id,
			(long long)parent);
	if (rc == 0)
		rc = tell_silent(planner, entry, round, parent, &list, e);
	recipients_fini(&list);
	return rc;
}

int move_escalation(struct planner *planner, const struct plan_entry *entry, struct error *e)
{
	struct round_row round;
	struct recipients list = {0};
	int64_t silent = 0;
	if (round_row_load(planner, entry->round, &round, e) != 0)
		return -1;
	const json_t *escalate = json_object_get(json_object_get(round.definition, "ask"), "escalate");
	const json_t *controller = json_object_get(round.definition, "controller");
	const char *to =
		json_string_value(json_object_get(json_array_get(escalate, (size_t)entry->step), "to"));
	int rc = count_silent(planner, entry, &silent, e);
	if (rc == 0 && silent == 0 && entry->cursor == 0)
		rc = move_end(planner, entry, "done", tr("everybody has answered", "ответили все"), e);
	else if (rc == 0 && to != NULL && strcmp(to, "parent") == 0)
		rc = tell_next_parent(planner, entry, &round, e);
	else if (rc == 0) {
		if (to != NULL && strcmp(to, "controller") == 0)
			add_recipient(&list, json_string_value(json_object_get(controller, "address")),
				json_string_value(json_object_get(controller, "name")));
		else
			add_recipient(&list, to, NULL);
		rc = list.count == 0 ? move_end(planner, entry, "overtaken",
					       tr("nobody is named to tell", "не указано, кому сообщить"), e)
				     : tell_silent(planner, entry, &round, 0, &list, e);
	}
	recipients_fini(&list);
	round_row_fini(&round);
	return rc;
}

/* ---- the report -------------------------------------------------------------------------------- */

/* 1: all that came before the deadline is counted: the ledger has applied what was on the bus then,
 * and every mailbox was looked into since. 0: not yet. */
static int counted(struct planner *planner, const struct plan_entry *entry, struct error *e)
{
	struct report_wait *wait = &planner->report_wait;
	int64_t unread = 0;
	if (wait->due_ms < entry->due_ms) {
		if (bus_mark(planner->bus, BUS_STATUS, &wait->mark, e) != 0)
			return -1;
		wait->due_ms = entry->due_ms;
	}
	int passed = bus_passed(planner->bus, PLANNER_LEDGER_GROUP, &wait->mark, e);
	if (passed <= 0)
		return passed;
	if (db_query_int(planner->db, &unread, e, "SELECT count(*) FROM mailbox WHERE seen_ms < $1", "i",
		    entry->due_ms) != DB_ROW)
		return -1;
	return unread == 0;
}

static int publish_ready(struct planner *planner, const struct round_row *round, json_t *event,
	struct error *e)
{
	char id[IDENT_SIZE], key[24];
	char *text = event == NULL ? NULL : json_dumps(event, JSON_COMPACT);
	if (text == NULL)
		return error_set(e, ERROR_INTERNAL, "the report has no event");
	snprintf(key, sizeof key, "c%" PRId64, round->campaign);
	struct bus_message message = {.topic = BUS_STATUS,
		.key = key,
		.id = ident_new(id),
		.source = PLANNER_SOURCE,
		.type = "vestnik.report.ready",
		.time_ms = clock_now_ms(),
		.data = text,
		.len = strlen(text)};
	int rc = bus_publish_tx(planner->bus, planner->db, &message, e);
	free(text);
	return rc;
}

static int write_report(struct planner *planner, const struct plan_entry *entry, const struct round_row *round,
	const struct report_letter *letter, const struct recipients *list, bool webhook, const char *reason,
	struct error *e)
{
	int64_t now_ms = clock_now_ms();
	if (planner_begin(planner, e) != 0)
		return -1;
	enum db_step step = plan_advance(planner->db, entry, entry->cursor, (int64_t)list->count, e);
	if (step == DB_ROW)
		step = plan_end(planner->db, entry->id, "done", reason, now_ms, e);
	if (step == DB_ROW &&
		((list->count > 0 && take(planner, round, letter, list, e) != 0) ||
			(webhook && publish_ready(planner, round, letter->event, e) != 0) ||
			db_exec(planner->db, e, "UPDATE round SET reported_ms = $2 WHERE id = $1", "ii", round->id,
				now_ms) != 0))
		step = DB_FAILED;
	if (step != DB_FAILED && db_commit(planner->db, DB_RELAXED, e) != 0)
		step = DB_FAILED;
	db_rollback(planner->db);
	return step == DB_FAILED ? -1 : 1;
}

static int send_report(struct planner *planner, const struct plan_entry *entry, const struct round_row *round,
	const char *reason, struct error *e)
{
	const json_t *report = json_object_get(json_object_get(round->definition, "ask"), "report"), *item;
	const char *formats[FORMATS_MAX + 1] = {NULL};
	struct recipients list = {0};
	struct report_letter letter = {0};
	size_t index;
	json_array_foreach(json_object_get(report, "formats"), index, item)
		if (index < FORMATS_MAX)
			formats[index] = json_string_value(item);
	json_array_foreach(json_object_get(report, "to"), index, item)
		add_recipient(&list, json_string_value(item), NULL);
	int rc = report_round(planner->db, planner->settings, entry->campaign, entry->round, formats,
		definition_lang(round->definition), &letter, e);
	if (rc == 0)
		rc = write_report(planner, entry, round, &letter, &list,
			json_is_true(json_object_get(report, "webhook")), reason, e);
	if (rc > 0)
		log_info("report_sent", "campaign=%lld round=%lld to=%zu", (long long)round->campaign,
			(long long)round->number, list.count);
	report_letter_fini(&letter);
	recipients_fini(&list);
	return rc;
}

int move_report(struct planner *planner, const struct plan_entry *entry, struct error *e)
{
	int ready = counted(planner, entry, e);
	if (ready < 0)
		return -1;
	bool patience = clock_now_ms() < entry->due_ms + REPORT_WAIT_MS;
	if (!ready && patience)
		return 0;
	struct round_row round;
	if (round_row_load(planner, entry->round, &round, e) != 0)
		return -1;
	int rc = send_report(planner, entry, &round,
		ready ? NULL
		      : tr("sent without waiting longer: a mailbox or the ledger had not come as far as the deadline",
				"отправлен, не дожидаясь дольше: почтовый ящик или журнал ещё не дошли до срока"),
		e);
	round_row_fini(&round);
	return rc;
}
