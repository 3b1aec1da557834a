/* From a composition to a campaign: one transaction stores the draft's last part and orders the launch. The
 * composition goes when the planner has taken the launch up: until then it may refuse, and people mend what they wrote. */
#include <stdlib.h>
#include <string.h>

#include "base/lang.h"
#include "base/xalloc.h"
#include "compose/compose_inside.h"
#include "control/approval.h"
#include "store/again.h"
#include "store/blob.h"

#define WAIT_MOST_MS 5000 /* as order_give */

static json_t *launch_data(const char *slug, const char *hash)
{
	return json_pack("{s:s, s:s}", "campaign", slug, "content_hash", hash);
}

/* 0 when it may go on; -1: e, or ERROR_NONE in e: problems say it. */
static int load(struct db *db, const struct orderer *who, const struct composition *composition,
	struct campaign_folder **folder, struct problems *problems, struct error *e)
{
	*e = (struct error){0};
	*folder = compose_load(db, who->settings, composition, problems, e);
	if (*folder == NULL && e->code == ERROR_NONE)
		return error_set(e, ERROR_INPUT, "%s", tr("there are still mistakes in it", "в рассылке ещё есть ошибки"));
	return *folder == NULL ? -1 : 0;
}

/* ---- launching ------------------------------------------------------------------------------- */

struct launching {
	const struct orderer *who;
	const struct composition *composition;
	const struct campaign_folder *folder;
	int64_t recipients;
	bool asked;    /* a second person's word was asked for: the composition stays */
	char task[IDENT_SIZE];
};

/* Launched is what was checked, not what somebody saved since. */
static int check_version(const struct launching *l, struct db *tx, struct error *e)
{
	int64_t version;
	enum db_step step = db_query_int(tx, &version, e, "SELECT version FROM composition WHERE slug = $1 @FOR_UPDATE", "s",
		l->composition->slug);
	if (step == DB_FAILED)
		return -1;
	if (step == DB_ROW && version == l->composition->version)
		return 0;
	return error_set(e, ERROR_CONFLICT, "%s",
		tr("somebody has changed this draft just now: look at it again before the launch",
			"кто-то только что изменил этот черновик: посмотрите его ещё раз перед запуском"));
}

static int in_last(void *arg, struct db *tx, int64_t id, struct error *e)
{
	struct launching *l = arg;
	(void)id;
	if (check_version(l, tx, e) != 0)
		return -1;
	if (approval_launch(l->who, tx, campaign_folder_slug(l->folder), campaign_folder_hash(l->folder), l->recipients, &l->asked,
		    l->task, e) != 0)
		return -1;
	/* who presses twice launches once */
	return l->asked ? 0 : db_exec(tx, e, "UPDATE composition SET version = version + 1 WHERE slug = $1", "s", l->composition->slug);
}

static int drop_launched(void *arg, struct db *tx, struct error *e)
{
	return compose_delete(tx, arg, e);
}

static int sweep_some(void *arg, struct db *tx, struct error *e)
{
	struct db_stmt *files;
	(void)arg;
	return db_query(tx, &files, e, "DELETE FROM composition_file WHERE EXISTS (SELECT 1 FROM campaign c"
			      " WHERE c.slug = composition_file.slug AND c.state <> 'draft') RETURNING hash", "") != 0 ||
			blob_drop_unused_of(tx, files, e) != 0
		? -1
		: db_exec(tx, e, "DELETE FROM composition WHERE EXISTS (SELECT 1 FROM campaign c"
				 " WHERE c.slug = composition.slug AND c.state <> 'draft')", "");
}

int compose_sweep(struct db *db, struct error *e)
{
	int64_t one;
	enum db_step step = db_query_int(db, &one, e,
		"SELECT 1 FROM composition k CROSS JOIN campaign c WHERE c.slug = k.slug AND c.state <> 'draft' LIMIT 1", "");
	return step == DB_DONE ? 0 : step == DB_FAILED ? -1 : compose_write(db, sweep_some, NULL, e);
}

static int count(const struct campaign_folder *folder, struct db *db, int64_t *recipients, struct error *e)
{
	struct campaign_recipient *none = NULL;
	size_t samples = 0;
	int rc = campaign_folder_audience(folder, db, recipients, &none, 0, &samples, e);
	if (rc == 0)
		free(none);
	return rc;
}

int compose_launch(const struct orderer *who, struct db *db, const struct composition *composition, bool *asked,
	enum order_outcome *outcome, char result[static ORDER_RESULT_SIZE], struct problems *problems, struct error *e)
{
	struct launching l = {.who = who, .composition = composition};
	struct campaign_folder *folder = NULL;
	struct error ignored = {0};
	int64_t id;
	*asked = false;
	result[0] = '\0';
	int rc = load(db, who, composition, &folder, problems, e);
	l.folder = folder;
	if (rc == 0)
		rc = count(folder, db, &l.recipients, e);
	if (rc == 0)
		rc = campaign_folder_store_and(folder, db, who->actor, in_last, &l, &id, e);
	*asked = rc == 0 && l.asked;
	*outcome = ORDER_QUEUED;
	if (rc == 0 && !l.asked)
		rc = order_await(who, db, l.task, WAIT_MOST_MS, outcome, result, e);
	if (rc == 0 && !l.asked && *outcome == ORDER_APPLIED) /* if not, compose_sweep does it */
		(void)compose_write(db, drop_launched, composition->slug, &ignored);
	campaign_folder_free(&folder);
	return rc;
}

/* ---- a test letter ------------------------------------------------------------------------------ */

struct testing {
	const struct orderer *who;
	const struct campaign_folder *folder;
	const struct campaign_recipient *like;
	const char *to;
	char *slug;
	char task[IDENT_SIZE];
};

static int store_test(void *arg, struct db *tx, struct error *e)
{
	struct testing *t = arg;
	char hash[IDENT_HASH_SIZE];
	if (campaign_folder_store_test(t->folder, tx, t->who->actor, t->like, t->to, t->slug, hash, e) != 0)
		return -1;
	json_t *data = launch_data(t->slug, hash);
	int rc = order_put(t->who, tx, TASK_CAMPAIGN_LAUNCH, t->slug, data, t->task, e);
	json_decref(data);
	return rc;
}

/* The recipient whose copy is shown: the one wanted, or the first. */
static int choose(struct db *db, const struct campaign_folder *folder, const char *like, struct campaign_recipient *out,
	struct error *e)
{
	if (like != NULL && like[0] != '\0')
		return campaign_folder_recipient(folder, db, like, out, e);
	return campaign_folder_first(folder, db, out, e);
}

int compose_test(const struct orderer *who, struct db *db, const struct composition *composition, const char *like,
	const char *to_address, char slug[static CAMPAIGN_SLUG_SIZE], enum order_outcome *outcome,
	char result[static ORDER_RESULT_SIZE], struct problems *problems, struct error *e)
{
	struct campaign_folder *folder = NULL;
	struct campaign_recipient recipient = {0};
	struct testing t = {.who = who, .like = &recipient, .to = to_address, .slug = slug};
	result[0] = '\0';
	*e = (struct error){0};
	folder = compose_load_quick(db, who->settings, composition, problems, e);
	int rc = folder != NULL ? 0 : e->code != ERROR_NONE ? -1
						       : error_set(e, ERROR_INPUT, "%s", tr("there are still mistakes in it", "в рассылке ещё есть ошибки"));
	t.folder = folder;
	if (rc == 0)
		rc = choose(db, folder, like, &recipient, e);
	if (rc == 0)
		rc = compose_write(db, store_test, &t, e);
	if (rc == 0)
		rc = order_await(who, db, t.task, WAIT_MOST_MS, outcome, result, e);
	campaign_recipient_fini(&recipient);
	campaign_folder_free(&folder);
	return rc;
}
