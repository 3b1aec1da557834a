/* Campaigns being written: the form and its files, looked at from all sides, tested, launched. */
#include <stdlib.h>
#include <string.h>

#include "base/gate.h"
#include "base/xalloc.h"
#include "compose/compose.h"
#include "compose/form.h"
#include "console/api/handlers.h"
#include "console/api/place.h"
#include "console/api/senders.h"

#define COUNT(members) (sizeof(members) / sizeof(members)[0])

/* ---- reading ------------------------------------------------------------------------------------ */

static json_t *head_json(const struct composition *c)
{
	return json_pack("{s:s, s:o, s:I, s:o, s:o, s:o, s:o}", "draft", c->slug, "title", api_string(c->title), "version",
		(json_int_t)c->version, "owner", api_string(c->owner), "changed_by", api_string(c->changed_by), "created_at",
		api_moment(c->created_ms), "changed_at", api_moment(c->changed_ms));
}

static int add_draft(void *arg, const struct composition *c)
{
	json_array_append_new(arg, head_json(c));
	return 0;
}

void api_drafts(struct api *api)
{
	struct error e = {0};
	json_t *items = json_array();
	if (compose_each(api->db, add_draft, items, &e) != 0) {
		json_decref(items);
		api_error(api, &e);
		return;
	}
	api_list(api, items, "");
}

/* false after a problem. */
static bool read_draft(struct api *api, const char *slug, struct composition *out)
{
	struct error e = {0};
	enum db_step step = compose_read(api->db, slug, out, &e);
	if (step == DB_DONE)
		api_problem(api, API_NOT_FOUND, tr("there is no such draft", "такого черновика нет"), NULL);
	else if (step == DB_FAILED)
		api_error(api, &e);
	return step == DB_ROW;
}

static bool find_draft(struct api *api, struct composition *out)
{
	*out = (struct composition){0};
	return read_draft(api, web_part(api->request, "draft"), out);
}

static json_t *draft_json(const struct composition *c)
{
	json_t *body = head_json(c);
	json_object_set(body, "form", c->form);
	return body;
}

void api_draft(struct api *api)
{
	struct composition c;
	if (find_draft(api, &c)) {
		api_etag(api, c.version);
		api_reply(api, 200, draft_json(&c));
	}
	composition_fini(&c);
}

/* ---- writing: with the audit log's word, in one transaction ------------------------------------------- */

struct writing {
	const char *slug, *title, *name, *media_type;
	const json_t *form;
	int64_t version;
	char *made;              /* of a folder: its name */
	struct problems problems;
};

static int note(struct api_act *act, struct db *tx, const char *action, const char *slug, struct error *e)
{
	char *subject = xasprintf("draft:%s", slug);
	int rc = console_audit(act->api->visit, tx, action, subject, json_object(), NULL, e);
	free(subject);
	return rc;
}

/* Reads it back: what is answered is what stands there. */
static int read_back(struct api_act *act, struct db *tx, const char *slug, struct error *e)
{
	struct composition c = {0};
	enum db_step step = compose_read(tx, slug, &c, e);
	if (step == DB_ROW) {
		act->body = draft_json(&c);
		act->location = xasprintf("%s/drafts/%s", API_ROOT, slug);
	}
	composition_fini(&c);
	return step == DB_ROW ? 0 : step == DB_DONE ? error_set(e, ERROR_INTERNAL, "the draft is gone") : -1;
}

static int64_t version_of(const json_t *draft)
{
	return json_integer_value(json_object_get(draft, "version"));
}

static int create(struct api_act *act, struct db *tx, struct error *e)
{
	struct writing *w = act->arg;
	const char *actor = act->api->visit->visitor->actor;
	int rc;
	if (act->api->zip) {
		free(w->made);
		w->made = NULL;
		problems_fini(&w->problems);
		w->problems = (struct problems){0};
		rc = compose_begin_zip(tx, act->api->data, act->api->len, actor, &w->made, &w->problems, e);
		w->slug = w->made;
	} else {
		rc = compose_begin(tx, w->slug, w->title, w->form, actor, e);
	}
	return rc == 0 && note(act, tx, "draft.create", w->slug, e) == 0 ? read_back(act, tx, w->slug, e) : -1;
}

static bool form_good(struct api *api, const json_t *form)
{
	struct error e = {0};
	if (form == NULL || form_check(form, &e) == 0)
		return true;
	api_problem(api, API_INVALID, NULL,
		json_pack("[{s:s, s:s, s:s, s:o}]", "severity", "error", "pointer", "/form", "field", "form", "detail",
			api_string(e.text)));
	return false;
}

static bool name_good(struct api *api, const char *slug)
{
	if (gate_slug(slug))
		return true;
	api_problem(api, API_INVALID, NULL,
		json_pack("[{s:s, s:s, s:s, s:s}]", "severity", "error", "pointer", "/draft", "field", "draft", "detail",
			tr("a name is written with a–z, 0–9 and -", "имя пишется знаками a–z, 0–9 и -")));
	return false;
}

void api_draft_create(struct api *api)
{
	static const struct api_member members[] = {{"draft", API_TEXT, true, 1, 64, NULL},
		{"title", API_LINE, true, 1, 500, NULL}, {"form", API_OBJECT, false, 0, 0, NULL}};
	struct writing w = {0};
	if (!api->zip) {
		if (!api_body_is(api, members, COUNT(members)))
			return;
		const json_t *form = json_object_get(api->body, "form");
		w = (struct writing){.slug = api_text(api, "draft"), .title = api_text(api, "title"), .form = json_is_object(form) ? form : NULL};
		if (!name_good(api, w.slug) || !form_good(api, w.form))
			return;
	}
	struct api_act act = {.work = create, .api = api, .arg = &w, .status = 201, .problems = &w.problems};
	if (api_act(&act)) {
		api_etag(api, version_of(act.body));
		api_created(api, act.location, act.body);
		free(act.location);
	}
	problems_fini(&w.problems);
	free(w.made);
}

static int replace(struct api_act *act, struct db *tx, struct error *e)
{
	const struct writing *w = act->arg;
	if (compose_save(tx, w->slug, w->version, w->form, act->api->visit->visitor->actor, e) != 0)
		return -1;
	return note(act, tx, "draft.change", w->slug, e) == 0 ? read_back(act, tx, w->slug, e) : -1;
}

/* The version is looked at before, too: 412 and not 409. */
static bool is_version(struct api *api, const struct composition *c, struct writing *w)
{
	w->slug = c->slug;
	w->version = api_if_match(api);
	if (w->version >= 0 && w->version != c->version)
		api_problem(api, API_CHANGED, NULL, NULL);
	return w->version == c->version;
}

void api_draft_replace(struct api *api)
{
	static const struct api_member members[] = {{"form", API_OBJECT, true, 0, 0, NULL}};
	struct composition c = {0};
	struct writing w = {.form = json_object_get(api->body, "form")};
	struct api_act act = {.work = replace, .api = api, .arg = &w};
	if (api_body_is(api, members, COUNT(members)) && form_good(api, w.form) && find_draft(api, &c) && is_version(api, &c, &w) &&
		api_act(&act)) {
		api_etag(api, version_of(act.body));
		api_reply(api, 200, act.body);
		free(act.location);
	}
	composition_fini(&c);
}

static int drop(struct api_act *act, struct db *tx, struct error *e)
{
	const struct writing *w = act->arg;
	return compose_drop(tx, w->slug, e) == 0 ? note(act, tx, "draft.delete", w->slug, e) : -1;
}

void api_draft_delete(struct api *api)
{
	struct composition c = {0};
	struct writing w = {0};
	struct api_act act = {.work = drop, .api = api, .arg = &w};
	if (find_draft(api, &c) && is_version(api, &c, &w) && api_act(&act))
		api_no_content(api);
	composition_fini(&c);
}

/* ---- files ------------------------------------------------------------------------------------------ */

static json_t *file_json(const char *name, int64_t size, const char *media_type)
{
	return json_pack("{s:o, s:I, s:o}", "file", api_string(name), "size", (json_int_t)size, "media_type", api_string(media_type));
}

/* NULL: e says why. */
static json_t *files_json(struct db *db, const char *slug, struct error *e)
{
	json_t *found = NULL, *items = json_array(), *one;
	size_t i;
	if (compose_files(db, slug, &found, e) != 0) {
		json_decref(items);
		return NULL;
	}
	json_array_foreach(found, i, one)
		json_array_append_new(items, file_json(json_string_value(json_object_get(one, "name")),
						     json_integer_value(json_object_get(one, "size")),
						     json_string_value(json_object_get(one, "media_type"))));
	json_decref(found);
	return items;
}

void api_draft_files(struct api *api)
{
	struct composition c;
	struct error e = {0};
	if (find_draft(api, &c)) {
		json_t *items = files_json(api->db, c.slug, &e);
		if (items == NULL)
			api_error(api, &e);
		else
			api_list(api, items, "");
	}
	composition_fini(&c);
}

static int put_file(struct api_act *act, struct db *tx, struct error *e)
{
	struct writing *w = act->arg;
	if (compose_file_put(tx, w->slug, w->name, w->media_type, act->api->data, act->api->len, act->api->visit->visitor->actor, e) != 0 ||
		compose_files_changed(tx, w->slug, &w->version, e) != 0)
		return -1;
	act->body = file_json(w->name, (int64_t)act->api->len, w->media_type);
	return note(act, tx, "draft.file", w->slug, e);
}

void api_draft_file_put(struct api *api)
{
	struct composition c;
	struct writing w = {.name = web_part(api->request, "file"), .media_type = web_header(api->request, "Content-Type")};
	struct api_act act = {.work = put_file, .api = api, .arg = &w};
	if (w.media_type == NULL)
		w.media_type = "application/octet-stream";
	if (find_draft(api, &c)) {
		w.slug = c.slug;
		if (!gate_file_name(w.name))
			api_problem(api, API_NOT_FOUND, tr("this cannot be a file's name", "так файл называться не может"), NULL);
		else if (api_act(&act)) {
			api_etag(api, w.version);
			api_reply(api, 200, act.body);
		}
	}
	composition_fini(&c);
}

static int remove_file(struct api_act *act, struct db *tx, struct error *e)
{
	struct writing *w = act->arg;
	json_t *items = files_json(tx, w->slug, e), *one;
	bool there = false;
	size_t i;
	if (items == NULL)
		return -1;
	json_array_foreach(items, i, one)
		there = there || strcmp(json_string_value(json_object_get(one, "file")), w->name) == 0;
	json_decref(items);
	if (!there)
		return error_set(e, ERROR_NOT_FOUND, "%s", tr("the draft has no such file", "такого файла у черновика нет"));
	if (compose_file_remove(tx, w->slug, w->name, e) != 0 || compose_files_changed(tx, w->slug, &w->version, e) != 0)
		return -1;
	return note(act, tx, "draft.file_remove", w->slug, e);
}

void api_draft_file_delete(struct api *api)
{
	struct composition c;
	struct writing w = {.name = web_part(api->request, "file")};
	struct api_act act = {.work = remove_file, .api = api, .arg = &w};
	if (find_draft(api, &c)) {
		w.slug = c.slug;
		if (api_act(&act)) {
			api_etag(api, w.version);
			api_no_content(api);
		}
	}
	composition_fini(&c);
}

/* ---- test, launch --------------------------------------------------------------------------------------- */

/* A key bound to senders: whose name does the letter bear? */
static bool sender_good(struct api *api, const struct composition *c)
{
	struct problems problems = {0};
	struct error e = {0};
	if (json_array_size(api->visit->visitor->senders) == 0)
		return true;
	struct campaign_folder *folder = compose_load(api->db, api->visit->console->settings, c, &problems, &e);
	bool good = folder != NULL &&
		api_sender_ok(api, json_string_value(json_object_get(
					   json_object_get(campaign_folder_definition(folder), "from"), "address")));
	if (folder == NULL && e.code != ERROR_NONE)
		api_error(api, &e);
	else if (folder == NULL)
		api_problems(api, &problems);
	campaign_folder_free(&folder);
	problems_fini(&problems);
	return good;
}

static void reply_outcome(struct api *api, int rc, bool asked, enum order_outcome outcome, const char *result,
	const char *campaign, const struct problems *problems, const struct error *e)
{
	if (rc != 0 && problems->errors > 0)
		api_problems(api, problems);
	else if (rc != 0)
		api_error(api, e);
	else if (!asked && outcome == ORDER_REFUSED)
		api_problem(api, API_REFUSED, result, NULL);
	else
		api_reply(api, 202, json_pack("{s:s, s:s}", "campaign", campaign, "outcome",
					  asked ? "approval-asked" : outcome == ORDER_APPLIED ? "applied" : "queued"));
}

void api_draft_test(struct api *api)
{
	static const struct api_member members[] = {{"to", API_ADDRESS, true, 0, 0, NULL},
		{"recipient", API_LINE, false, 0, 300, NULL}};
	struct composition c = {0};
	struct problems problems = {0};
	struct error e = {0};
	char address[GATE_ADDRESS_MAX + 1], slug[CAMPAIGN_SLUG_SIZE] = "", result[ORDER_RESULT_SIZE] = "";
	enum order_outcome outcome = ORDER_QUEUED;
	if (!api_body_is(api, members, COUNT(members)) || gate_address(api_text(api, "to"), address, &e) != 0)
		return;
	if (find_draft(api, &c) && sender_good(api, &c)) {
		const struct orderer who = console_orderer(api->visit);
		int rc = compose_test(&who, api->db, &c, api_text(api, "recipient"), address, slug, &outcome, result, &problems, &e);
		reply_outcome(api, rc, false, outcome, result, slug, &problems, &e);
	}
	problems_fini(&problems);
	composition_fini(&c);
}

void api_draft_launch(struct api *api)
{
	static const struct api_member members[] = {{"version", API_INTEGER, false, 1, INT64_MAX, NULL}};
	struct composition c = {0};
	struct problems problems = {0};
	struct error e = {0};
	bool asked = false;
	char result[ORDER_RESULT_SIZE] = "";
	enum order_outcome outcome = ORDER_QUEUED;
	if (!api_body_is(api, members, COUNT(members)) || !find_draft(api, &c))
		goto out;
	if (api_integer(api, "version", c.version) != c.version) {
		api_problem(api, API_CHANGED, NULL, NULL);
		goto out;
	}
	if (sender_good(api, &c)) {
		const struct orderer who = console_orderer(api->visit);
		int rc = compose_launch(&who, api->db, &c, &asked, &outcome, result, &problems, &e);
		reply_outcome(api, rc, asked, outcome, result, c.slug, &problems, &e);
	}
out:
	problems_fini(&problems);
	composition_fini(&c);
}
