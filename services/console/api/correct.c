/* A launched campaign is mended: its folder with better letters, as application/zip. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "campaign/amend.h"
#include "compose/compose.h"
#include "console/api/handlers.h"
#include "console/api/place.h"
#include "console/api/senders.h"

struct mending {
	struct api *api;
	const struct campaign_folder *folder;
	struct orderer who;
	char task[IDENT_SIZE];
};

static json_t *order_json(const struct mending *m, const char *outcome)
{
	return json_pack("{s:s, s:s, s:s}", "task", m->task, "outcome", outcome, "content_hash", campaign_folder_hash(m->folder));
}

static int publish(void *arg, struct db *tx, int64_t id, struct error *e)
{
	struct mending *m = arg;
	const char *slug = campaign_folder_slug(m->folder);
	(void)id;
	json_t *data = json_pack("{s:s, s:s}", "campaign", slug, "content_hash", campaign_folder_hash(m->folder));
	int rc = order_put(&m->who, tx, TASK_CAMPAIGN_CORRECT, slug, data, m->task, e);
	json_decref(data);
	if (rc == 0) {
		json_t *body = order_json(m, "queued");
		rc = once_keep_tx(m->api, tx, 202, NULL, body, e);
		json_decref(body);
	}
	return rc;
}

static void mend(struct api *api, const struct campaign_folder *folder)
{
	struct mending m = {.api = api, .folder = folder, .who = console_orderer(api->visit)};
	enum order_outcome outcome = ORDER_QUEUED;
	char result[ORDER_RESULT_SIZE] = "";
	struct error e = {0};
	if (amend_store(folder, api->db, api->visit->visitor->actor, publish, &m, &e) != 0) {
		api_error(api, &e);
		return;
	}
	api->kept = api->once != NULL;
	if (order_await(&m.who, api->db, m.task, 5000, &outcome, result, &e) != 0)
		log_warn("api.await", "id=%s error=%s", api->id, log_quote(e.text));
	if (outcome == ORDER_REFUSED)
		api_problem(api, API_REFUSED, result, NULL);
	else
		api_reply(api, 202, order_json(&m, outcome == ORDER_APPLIED ? "applied" : "queued"));
}

void api_correct(struct api *api)
{
	struct problems problems = {0};
	struct error e = {0};
	int64_t id;
	const char *slug = web_part(api->request, "campaign");
	if (!api_find_campaign(api, &id) || !api_sender_of_stored(api))
		return;
	struct campaign_folder *folder = compose_load_zip(api->db, api->visit->console->settings, api->data, api->len, &problems, &e);
	if (folder == NULL && problems.errors > 0)
		api_problems(api, &problems);
	else if (folder == NULL)
		api_error(api, &e);
	else if (strcmp(campaign_folder_slug(folder), slug) != 0)
		api_problem(api, API_INVALID,
			tr("The folder is of another campaign.", "В папке другая рассылка."), NULL);
	else
		mend(api, folder);
	campaign_folder_free(&folder);
	problems_fini(&problems);
}
