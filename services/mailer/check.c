#include "mailer/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/xalloc.h"

#define KEYS_TEXT_MAX (CHECK_BATCH_MOST * 24)

enum { KEY, CAMPAIGN, STEP, ADDRESS, FIELDS, NOT_AFTER, STATE, DISPATCH, CURRENT, CAMPAIGN_STATE, HOLD,
	CAMPAIGN_NOT_AFTER, SUPPRESSED, REMINDS, ASK_STATE };

/* Letters that remind of nothing have no ask to be looked up. */
static const char select_jobs[] =
	"SELECT d.key, d.campaign, d.step, d.address, d.fields, d.not_after_ms, d.state, d.dispatch,"
	" s.dispatch, c.state, c.hold, c.not_after_ms, x.reason, d.reminds, a.state"
	" FROM @KEYS($1) k CROSS JOIN delivery d"
	" JOIN campaign c ON c.id = d.campaign"
	" LEFT JOIN schedule s ON s.key = d.key"
	" LEFT JOIN suppression x ON x.address = d.address"
	" LEFT JOIN ask a ON a.id = d.reminds"
	" WHERE d.key = k.key";

static int64_t limit_of(struct db_stmt *row)
{
	int64_t limit = TIME_NEVER_MS;
	if (!db_is_null(row, NOT_AFTER))
		limit = db_int(row, NOT_AFTER);
	if (!db_is_null(row, CAMPAIGN_NOT_AFTER) && db_int(row, CAMPAIGN_NOT_AFTER) < limit)
		limit = db_int(row, CAMPAIGN_NOT_AFTER);
	return limit;
}

static enum check_verdict judge(struct db_stmt *row, struct checked *item, int64_t now_ms)
{
	int64_t outcome_of = db_int(row, DISPATCH);
	enum delivery_state state = (enum delivery_state)db_int(row, STATE);
	const char *campaign = db_text(row, CAMPAIGN_STATE);
	/* Without a schedule row the delivery has ended. */
	if (db_is_null(row, CURRENT) || db_int(row, CURRENT) != item->job.dispatch)
		return CHECK_STALE;
	if (outcome_of == item->job.dispatch && state == DELIVERY_SENDING)
		return CHECK_WAS_SENDING;
	if (outcome_of >= item->job.dispatch || delivery_state_terminal(state))
		return CHECK_STALE;
	if (strcmp(campaign, "cancelled") == 0) {
		snprintf(item->reason, sizeof item->reason, "the campaign was cancelled");
		return CHECK_CANCELLED;
	}
	if (item->not_after_ms <= now_ms) {
		snprintf(item->reason, sizeof item->reason, "its time was over before it could go out");
		return CHECK_EXPIRED;
	}
	if (!db_is_null(row, SUPPRESSED)) {
		snprintf(item->reason, sizeof item->reason, "the address is suppressed: %.150s",
			db_text(row, SUPPRESSED));
		return CHECK_SUPPRESSED;
	}
	if (!db_is_null(row, REMINDS) && (db_is_null(row, ASK_STATE) || strcmp(db_text(row, ASK_STATE), "open") != 0)) {
		/* Whoever has answered, or sent anything, is not reminded. */
		snprintf(item->reason, sizeof item->reason, "%s",
			!db_is_null(row, ASK_STATE) && strcmp(db_text(row, ASK_STATE), "withdrawn") == 0
				? "what it reminds of was withdrawn"
				: "answered meanwhile");
		return CHECK_ANSWERED;
	}
	if (strcmp(campaign, "running") != 0) {
		snprintf(item->reason, sizeof item->reason, "the campaign is %.20s", campaign);
		return CHECK_RETURN;
	}
	return CHECK_SEND;
}

static struct checked *find(struct checked *checked, size_t n, int64_t key, size_t from)
{
	/* Rows come in the order asked, on both databases in practice; not promised. */
	for (size_t i = 0; i < n; i++) {
		struct checked *item = &checked[(from + i) % n];
		if (item->job.key == key)
			return item;
	}
	return NULL;
}

static void take_row(struct db_stmt *row, struct checked *item, int64_t now_ms)
{
	item->campaign = db_int(row, CAMPAIGN);
	item->step = (int)db_int(row, STEP);
	item->hold = db_int(row, HOLD) != 0;
	item->not_after_ms = limit_of(row);
	item->verdict = judge(row, item, now_ms);
	if (item->verdict != CHECK_SEND || item->address != NULL)
		return;
	item->address = xstrdup(db_text(row, ADDRESS));
	item->fields = xstrdup(db_text(row, FIELDS));
}

int check_batch(struct db *db, const struct job *jobs, size_t n, int64_t now_ms, struct checked *checked,
	struct error *e)
{
	struct buf keys;
	buf_init(&keys, KEYS_TEXT_MAX);
	for (size_t i = 0; i < n; i++) {
		checked[i] = (struct checked){.job = jobs[i], .verdict = CHECK_STALE};
		(void)buf_printf(&keys, "%c%" PRId64, i == 0 ? '[' : ',', jobs[i].key);
	}
	(void)buf_putc(&keys, ']');
	struct db_stmt *row;
	int rc = db_query(db, &row, e, select_jobs, "s", buf_str(&keys));
	size_t next = 0;
	while (rc == 0) {
		enum db_step step = db_step(row, e);
		if (step == DB_DONE)
			break;
		if (step == DB_FAILED) {
			rc = -1;
			break;
		}
		/* A key asked for twice gives two rows; the second finds the first's item filled. */
		struct checked *item = find(checked, n, db_int(row, KEY), next++ % n);
		if (item != NULL)
			take_row(row, item, now_ms);
	}
	buf_fini(&keys);
	for (size_t i = 0; rc != 0 && i < n; i++) {
		free(checked[i].address);
		free(checked[i].fields);
	}
	return rc;
}
