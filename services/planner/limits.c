#include "planner/limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "campaign/campaign.h"

/* Organisations looked at in one go: each is a read of its own, which must end soon. */
#define COUNT_PIECE 1000
/* What fits into an error's text beside the rest. */
#define LIST_MAX_BYTES 200

struct limits limits_of(const struct settings *settings, const struct task *task, bool proven)
{
	struct limits limits = {.audience = -1,
		.proven = proven && settings_source_own(task->source),
		.approve_from = settings->console.approve_from};
	if (!settings->sources_given)
		return limits;
	limits.unproven = settings_source_own(task->source) && !proven;
	if (settings_source_own(task->source))
		return limits;
	limits.source = settings_source_of(settings, task->source);
	limits.refused = limits.source == NULL;
	return limits;
}

/* "a, b, c", or as many as fit and "…". */
static const char *list_text(char *const *list, size_t count, struct buf *out)
{
	buf_init(out, LIST_MAX_BYTES);
	for (size_t i = 0; i < count; i++)
		if (buf_printf(out, "%s%s", i == 0 ? "" : ", ", list[i]) != 0)
			return "a list in the settings";
	return count == 0 ? "nothing" : buf_str(out);
}

static int check_sender(const struct limits *limits, const struct task *task, const char *address,
	struct error *e)
{
	struct buf list;
	if (address == NULL || settings_source_may_send_as(limits->source, address))
		return 0;
	(void)error_set(e, ERROR_DENIED, "source \"%.100s\" may not send as %.100s (senders: %s)", task->source,
		address, list_text(limits->source->senders, limits->source->senders_count, &list));
	buf_fini(&list);
	return -1;
}

static int check_audience(const struct limits *limits, const struct task *task, int64_t count,
	struct error *e)
{
	int64_t most = limits->source->audience_max;
	if (most == 0 || count <= most)
		return 0;
	return error_set(e, ERROR_DENIED,
		"source \"%.100s\" may have at most %" PRId64 " recipients (audience_max), and these are %s%" PRId64,
		task->source, most, task->type == TASK_NOTIFY ? "" : "more: at least ", count);
}

/* Out of the ids at "@" the mailer makes signed links: with them anybody could answer for a school. */
static int check_fields(const struct limits *limits, const struct task *task, struct error *e)
{
	if (limits->proven || task->type != TASK_NOTIFY)
		return 0;
	for (size_t i = 0; i < task->as.notify.to_count; i++)
		if (json_object_get(task->as.notify.to[i].fields, "@") != NULL)
			return error_set(e, ERROR_DENIED,
				"data.to[%zu].fields has a member \"@\": only Vestnik's own programs may ask for "
				"links",
				i);
	return 0;
}

int limits_task(const struct limits *limits, const struct settings *settings, const struct task *task,
	struct error *e)
{
	struct buf list;
	if (limits->refused)
		return error_set(e, ERROR_DENIED,
			"source \"%.100s\" may not ask for anything: it is not listed in the settings (sources)",
			task->source);
	if (limits->unproven)
		return error_set(e, ERROR_DENIED,
			"source \"%.100s\" is a program of Vestnik's, and the task does not carry the proof of this "
			"installation's key (key_file)",
			task->source);
	if (check_fields(limits, task, e) != 0)
		return -1;
	if (limits->source == NULL)
		return 0;
	if (!settings_source_may_ask(limits->source, task_short_name(task->type))) {
		(void)error_set(e, ERROR_DENIED, "source \"%.100s\" may not ask for %s (tasks: %s)",
			task->source, task_short_name(task->type),
			list_text(limits->source->tasks, limits->source->tasks_count, &list));
		buf_fini(&list);
		return -1;
	}
	if (task->type != TASK_NOTIFY)
		return 0;
	const char *from = task->as.notify.from_address;
	if (check_sender(limits, task, from != NULL ? from : settings->sender.address, e) != 0)
		return -1;
	return check_audience(limits, task, (int64_t)task->as.notify.to_count, e);
}

/* ---- a launch's audience ------------------------------------------------------------- */

static int count_one(void *arg, const struct campaign_recipient *recipient)
{
	(void)recipient;
	(*(int64_t *)arg)++;
	return 0;
}

static int no_work(void *arg, struct error *e)
{
	(void)arg;
	(void)e;
	return 0;
}

static int count_audience(struct db *db, int64_t id, int64_t most, int64_t *count,
	int (*meanwhile)(void *arg, struct error *e), void *arg, struct error *e)
{
	struct campaign *campaign;
	int64_t after = 0, last = 0;
	bool end = false;
	int rc = campaign_load(db, id, &campaign, e);
	*count = 0;
	while (rc == 0 && !end && *count <= most) {
		rc = campaign_audience_batch(db, campaign, after, COUNT_PIECE, &last, &end, count_one, count, e);
		after = last;
		if (rc == 0 && !end)
			rc = meanwhile(arg, e);
	}
	campaign_free(&campaign);
	return rc;
}

/* Up to where a launch's recipients must be known: -1 = nobody asks. */
static int64_t count_most(const struct limits *limits)
{
	int64_t most = limits->source != NULL ? limits->source->audience_max : 0;
	most = limits->approve_from > most ? limits->approve_from : most;
	return most > 0 ? most : -1;
}

int limits_count(struct limits *limits, struct db *db, const struct task *task,
	int (*meanwhile)(void *arg, struct error *e), void *arg, struct error *e)
{
	struct campaign_row row;
	if (count_most(limits) < 0 || task->type != TASK_CAMPAIGN_LAUNCH)
		return 0;
	enum db_step step = campaign_row_by_slug(db, task->as.campaign.slug, &row, e);
	if (step != DB_ROW)
		return step == DB_DONE ? 0 : -1;
	int rc = 0;
	/* Of this content only: the hash is compared again under the write lock. */
	if (row.state == CAMPAIGN_DRAFT && strcmp(row.content_hash, task->as.campaign.content_hash) == 0)
		rc = count_audience(db, row.id, count_most(limits), &limits->audience, meanwhile, arg, e);
	campaign_row_fini(&row);
	return rc;
}

static int check_campaign_sender(const struct limits *limits, struct db *db, const struct task *task,
	const struct campaign_row *row, struct error *e)
{
	struct db_stmt *stmt;
	if (limits->source == NULL)
		return 0;
	if (db_query(db, &stmt, e, "SELECT sender FROM campaign WHERE id = $1", "i", row->id) != 0)
		return -1;
	if (db_step(stmt, e) != DB_ROW)
		return -1;
	int rc = check_sender(limits, task, db_text(stmt, 0), e);
	db_reset(stmt);
	return rc;
}

int limits_campaign(struct limits *limits, struct db *db, const struct task *task,
	const struct campaign_row *row, struct error *e)
{
	if (check_campaign_sender(limits, db, task, row, e) != 0)
		return -1;
	if (task->type != TASK_CAMPAIGN_LAUNCH || count_most(limits) < 0)
		return 0;
	/* The draft came between the count and now. */
	if (limits->audience < 0 &&
		count_audience(db, row->id, count_most(limits), &limits->audience, no_work, NULL, e) != 0)
		return -1;
	return limits->source == NULL ? 0 : check_audience(limits, task, limits->audience, e);
}
