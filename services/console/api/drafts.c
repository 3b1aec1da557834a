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

/* ---- writing: transactions of compose.h; the audit log's word follows -------------------------------- */

static int write_note(void *arg, struct db *tx, struct error *e)
{
	void *const *parts = arg;
	return console_audit(parts[0], tx, parts[1], parts[2], json_object(), NULL, e);
}

static bool note(struct api *api, const char *action, const char *slug)
{
	struct error e = {0};
	char *word = xstrdup(action), *subject = xasprintf("draft:%s", slug);
	void *parts[] = {api->visit, word, subject};
	int rc = console_transaction(api->visit, write_note, parts, &e);
	free(word);
	free(subject);
	if (rc != 0)
		api_error(api, &e);
	return rc == 0;
}

static void reply_created(struct api *api, const char *slug)
{
	struct composition c = {0};
	if (note(api, "draft.create", slug) && read_draft(api, slug, &c)) {
		char *location = xasprintf("%s/drafts/%s", API_ROOT, slug);
		api_etag(api, c.version);
		api_created(api, location, draft_json(&c));
		free(location);
	}
	composition_fini(&c);
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

static void create_from_zip(struct api *api)
{
	struct problems problems = {0};
	struct error e = {0};
	char *slug = NULL;
	if (compose_begin_zip(api->db, api->data, api->len, api->visit->visitor->actor, &slug, &problems, &e) == 0)
		reply_created(api, slug);
	else if (problems.errors > 0)
		api_problems(api, &problems);
	else
		api_error(api, &e);
	free(slug);
	problems_fini(&problems);
}

void api_draft_create(struct api *api)
{
	static const struct api_member members[] = {{"draft", API_TEXT, true, 1, 64, NULL},
		{"title", API_LINE, true, 1, 500, NULL}, {"form", API_OBJECT, false, 0, 0, NULL}};
	struct error e = {0};
	if (api->zip) {
		create_from_zip(api);
		return;
	}
	if (!api_body_is(api, members, COUNT(members)))
		return;
	const char *slug = api_text(api, "draft");
	const json_t *form = json_object_get(api->body, "form");
	form = json_is_object(form) ? form : NULL;
	if (!gate_slug(slug)) {
		api_problem(api, API_INVALID, NULL,
			json_pack("[{s:s, s:s, s:s, s:s}]", "severity", "error", "pointer", "/draft", "field", "draft", "detail",
				tr("a name is written with a–z, 0–9 and -", "имя пишется знаками a–z, 0–9 и -")));
		return;
	}
	if (!form_good(api, form))
		return;
	if (compose_begin(api->db, slug, api_text(api, "title"), form, api->visit->visitor->actor, &e) != 0)
		api_error(api, &e);
	else
		reply_created(api, slug);
}

void api_draft_replace(struct api *api)
{
	static const struct api_member members[] = {{"form", API_OBJECT, true, 0, 0, NULL}};
	struct composition c = {0};
	struct error e = {0};
	int64_t version;
	const char *slug = web_part(api->request, "draft");
	if (!api_body_is(api, members, COUNT(members)) || !form_good(api, json_object_get(api->body, "form")) ||
		!read_draft(api, slug, &c) || (version = api_if_match(api)) < 0)
		goto out;
	if (compose_save(api->db, slug, version, json_object_get(api->body, "form"), api->visit->visitor->actor, &e) != 0) {
		if (e.code == ERROR_CONFLICT && !e.retriable)
			api_problem(api, API_CHANGED, e.text, NULL);
		else
			api_error(api, &e);
		goto out;
	}
	composition_fini(&c);
	c = (struct composition){0};
	if (note(api, "draft.change", slug) && read_draft(api, slug, &c)) {
		api_etag(api, c.version);
		api_reply(api, 200, draft_json(&c));
	}
out:
	composition_fini(&c);
}

void api_draft_delete(struct api *api)
{
	struct composition c = {0};
	struct error e = {0};
	int64_t version;
	if (find_draft(api, &c) && (version = api_if_match(api)) >= 0) {
		if (version != c.version)
			api_problem(api, API_CHANGED, NULL, NULL);
		else if (compose_drop(api->db, c.slug, &e) != 0)
			api_error(api, &e);
		else if (note(api, "draft.delete", c.slug))
			api_no_content(api);
	}
	composition_fini(&c);
}

/* ---- files ------------------------------------------------------------------------------------------ */

static json_t *files_json(struct api *api, const char *slug)
{
	json_t *found = NULL, *items = json_array(), *one;
	struct error e = {0};
	size_t i;
	if (compose_files(api->db, slug, &found, &e) != 0) {
		json_decref(items);
		api_error(api, &e);
		return NULL;
	}
	json_array_foreach(found, i, one)
		json_array_append_new(items,
			json_pack("{s:o, s:I, s:o}", "file", api_string(json_string_value(json_object_get(one, "name"))), "size",
				json_integer_value(json_object_get(one, "size")), "media_type",
				api_string(json_string_value(json_object_get(one, "media_type")))));
	json_decref(found);
	return items;
}

void api_draft_files(struct api *api)
{
	struct composition c;
	json_t *items;
	if (find_draft(api, &c) && (items = files_json(api, c.slug)) != NULL)
		api_list(api, items, "");
	composition_fini(&c);
}

void api_draft_file_put(struct api *api)
{
	struct composition c;
	struct error e = {0};
	const char *name = web_part(api->request, "file"), *type = web_header(api->request, "Content-Type");
	if (!find_draft(api, &c))
		goto out;
	if (!gate_file_name(name)) {
		api_problem(api, API_NOT_FOUND, tr("this cannot be a file's name", "так файл называться не может"), NULL);
		goto out;
	}
	if (compose_file_put(api->db, c.slug, name, type == NULL ? "application/octet-stream" : type, api->data, api->len,
		    api->visit->visitor->actor, &e) != 0)
		api_error(api, &e);
	else if (note(api, "draft.file", c.slug))
		api_reply(api, 200, json_pack("{s:o, s:I, s:o}", "file", api_string(name), "size", (json_int_t)api->len, "media_type",
					  api_string(type == NULL ? "application/octet-stream" : type)));
out:
	composition_fini(&c);
}

void api_draft_file_delete(struct api *api)
{
	struct composition c;
	struct error e = {0};
	const char *name = web_part(api->request, "file");
	if (!find_draft(api, &c))
		goto out;
	if (compose_file_remove(api->db, c.slug, name, &e) != 0)
		api_error(api, &e);
	else if (note(api, "draft.file_remove", c.slug))
		api_no_content(api);
out:
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
