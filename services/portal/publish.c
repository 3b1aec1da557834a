/* /c/{slug}: a campaign's public page; /feed.atom. Nothing of a recipient is read for them
 * (publish/publish.h); search engines may have them. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/lang.h"
#include "portal/annex_file.h"
#include "portal/visit.h"
#include "publish/publish.h"

#define FEED_AGE_S 300 /* readers ask every few minutes; news of a ministry can wait as long */

static void not_there(struct web_request *request)
{
	web_reply_problem(request, 404, tr("There is no such page", "Такой страницы нет"),
		tr("It may have been taken down, or the address is not complete.",
			"Возможно, она снята с публикации или адрес скопирован не полностью."));
}

static void reply_failure(struct web_request *request, const struct error *e)
{
	if (e->code == ERROR_NOT_FOUND)
		not_there(request);
	else
		web_reply_error(request, e);
}

/* As in a path: what is no slug never reaches the store. */
static const char *slug_of(struct web_request *request)
{
	const char *slug = web_part(request, "slug");
	if (gate_slug(slug))
		return slug;
	not_there(request);
	return NULL;
}

static void page_publication(struct web_request *request, void *state)
{
	struct worker *worker = state;
	struct publication publication;
	struct error e = {0};
	const char *slug = slug_of(request);
	if (slug == NULL)
		return;
	if (publication_load(worker->db, slug, &publication, &e) != 0) {
		reply_failure(request, &e);
		return;
	}
	json_t *page = publication_json(&publication, web_lang(request));
	json_object_set_new(page, "public", json_true());
	web_reply_page(request, publication.withdrawn ? 410 : 200, "publication", page);
	json_decref(page);
	publication_fini(&publication);
}

static void page_publication_file(struct web_request *request, void *state)
{
	struct worker *worker = state;
	struct publish_file file;
	struct error e = {0};
	long long position;
	const char *slug = slug_of(request);
	int fd = -1;
	size_t len = 0;
	if (slug == NULL)
		return;
	if (!gate_int64(web_part(request, "position"), 0, 100000, &position)) {
		not_there(request);
		return;
	}
	if (publication_file(worker->db, slug, position, &file, &e) != 0) {
		reply_failure(request, &e);
		return;
	}
	enum db_step step = annex_open(worker->db, worker->portal->files, file.hash, &fd, &len, &e);
	const char *type = file.media_type[0] != '\0' ? file.media_type : "application/octet-stream";
	if (step == DB_FAILED)
		web_reply_error(request, &e);
	else if (step == DB_DONE)
		not_there(request);
	else
		web_reply_file(request, fd, len, gate_file_name(file.name) ? file.name : "file", type);
	publish_file_fini(&file);
}

static void page_feed(struct web_request *request, void *state)
{
	struct worker *worker = state;
	const struct settings *s = worker->portal->settings;
	const char *title = s->portal.name != NULL ? s->portal.name : s->sender.name != NULL ? s->sender.name : "Vestnik";
	struct error e = {0};
	struct buf feed;
	buf_init(&feed, PUBLISH_FEED_MAX_BYTES);
	if (publish_feed(worker->db, title, s->public_url, clock_now_ms(), &feed, &e) != 0)
		web_reply_error(request, &e);
	else
		web_reply_cached(request, "application/atom+xml; charset=utf-8", buf_str(&feed), feed.len, FEED_AGE_S);
	buf_fini(&feed);
}

const struct web_route publish_routes[] = {
	{WEB_GET, "/c/{slug}", page_publication, 0, 0},
	{WEB_GET, "/c/{slug}/files/{position}", page_publication_file, 0, 0},
	{WEB_GET, "/feed.atom", page_feed, 0, 0},
	{0, NULL, NULL, 0, 0},
};
