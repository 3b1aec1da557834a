/* The directory: organisations and their contacts, import and export of sheets. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "console/api/files.h"
#include "console/api/handlers.h"
#include "console/api/place.h"
#include "control/delivery.h"
#include "directory/directory.h"
#include "directory/lookup.h"

#define COUNT(members) (sizeof(members) / sizeof(members)[0])
#define FATES_MOST 1000 /* rows told one by one; the counts tell all */

/* ---- reading ------------------------------------------------------------------------------- */

static json_t *organisation_json(const struct lookup_organisation *o)
{
	json_t *contacts = json_array(), *extra = json_loads(o->extra, 0, NULL);
	for (size_t i = 0; i < o->contacts; i++)
		json_array_append_new(contacts,
			json_pack("{s:o, s:o, s:o, s:o, s:o, s:b}", "role", api_string(o->contact[i].role), "name",
				api_string(o->contact[i].name), "position", api_string(o->contact[i].position), "address",
				api_string(o->contact[i].address), "phone", api_string(o->contact[i].phone), "active",
				(int)o->contact[i].active));
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:I, s:o, s:o}", "organisation", api_string(o->key),
		"parent", api_string(o->parent), "kind", api_string(o->kind), "name", api_string(o->name), "region",
		api_string(o->region), "municipality", api_string(o->municipality), "zone", api_string(o->zone), "extra",
		extra == NULL ? json_object() : extra, "active", (int)o->active, "revision", (json_int_t)o->revision, "updated_at",
		api_moment(o->updated_ms), "contacts", contacts);
}

struct listing {
	json_t *items;
	int64_t limit, last;
	bool more;
};

static int add_organisation(void *arg, const struct lookup_organisation *o)
{
	struct listing *l = arg;
	if ((int64_t)json_array_size(l->items) == l->limit) {
		l->more = true;
		return 1;
	}
	json_array_append_new(l->items, organisation_json(o));
	l->last = o->id;
	return 0;
}

void api_organisations(struct api *api)
{
	struct lookup_filter filter = {.kind = web_query(api->request, "kind"),
		.region = web_query(api->request, "region"),
		.municipality = web_query(api->request, "municipality"),
		.parent = web_query(api->request, "parent"),
		.address = web_query(api->request, "address")};
	struct listing l = {0};
	struct error e = {0};
	if (!api_limit(api, &l.limit) || !api_after_number(api, &filter.after))
		return;
	l.items = json_array();
	if (lookup_each(api->db, &filter, add_organisation, &l, &e) != 0) {
		json_decref(l.items);
		api_error(api, &e);
		return;
	}
	api_list_numbers(api, l.items, l.more ? l.last : 0);
}

static void reply_organisation(struct api *api, int status)
{
	const struct lookup_filter filter = {.key = web_part(api->request, "organisation")};
	struct listing l = {.items = json_array(), .limit = 1};
	struct error e = {0};
	if (lookup_each(api->db, &filter, add_organisation, &l, &e) != 0)
		api_error(api, &e);
	else if (json_array_size(l.items) == 0)
		api_problem(api, API_NOT_FOUND, tr("there is no such organisation", "такой организации нет"), NULL);
	else
		api_reply(api, status, json_incref(json_array_get(l.items, 0)));
	json_decref(l.items);
}

void api_organisation(struct api *api)
{
	reply_organisation(api, 200);
}

void api_export(struct api *api)
{
	struct error e = {0};
	int64_t organisations, left_out;
	char *path;
	FILE *file = api_file(api, &path);
	if (file == NULL)
		return;
	if (lookup_export(api->db, file, &organisations, &left_out, &e) != 0) {
		api_error(api, &e);
		api_file_drop(file, path);
		return;
	}
	api_file_reply(api, file, path, "directory.csv", "text/csv; charset=utf-8");
}

/* ---- one contact -------------------------------------------------------------------------------- */

struct contact {
	int64_t organisation;
	const char *key, *role, *name, *position, *address, *phone;
};

/* A revision of one row: what changed the directory, and when. */
static int revise(struct api_act *act, struct db *tx, const struct contact *c, struct error *e)
{
	int64_t revision, now_ms = clock_now_ms();
	if (db_query_int(tx, &revision, e,
		    "INSERT INTO directory_revision (imported_ms, source, actor, added, changed, unchanged, skipped)"
		    " VALUES ($1, 'api', $2, 0, 1, 0, 0) RETURNING number",
		    "is", now_ms, act->api->visit->visitor->actor) != DB_ROW)
		return -1;
	return db_exec(tx, e, "UPDATE organisation SET revision = $2, updated_ms = $3 WHERE id = $1", "iii", c->organisation,
		revision, now_ms);
}

static int note(struct api_act *act, struct db *tx, const char *action, const struct contact *c, struct error *e)
{
	char *subject = xasprintf("organisation:%s", c->key);
	int rc = console_audit(act->api->visit, tx, action, subject, json_pack("{s:s}", "role", c->role),
		json_pack("{s:s?, s:s?, s:s?, s:s?}", "name", c->name, "position", c->position, "address", c->address, "phone", c->phone),
		e);
	free(subject);
	return rc;
}

static int put_contact(struct api_act *act, struct db *tx, struct error *e)
{
	const struct contact *c = act->arg;
	if (db_exec(tx, e,
		    "INSERT INTO contact (organisation, role, name, position, address, phone, active, updated_ms)"
		    " VALUES ($1, $2, $3, $4, $5, $6, 1, $7) ON CONFLICT (organisation, role) DO UPDATE SET name = excluded.name,"
		    " position = excluded.position, address = excluded.address, phone = excluded.phone, active = 1,"
		    " updated_ms = excluded.updated_ms",
		    "isssssi", c->organisation, c->role, c->name, c->position, c->address, c->phone, clock_now_ms()) != 0)
		return -1;
	return revise(act, tx, c, e) == 0 ? note(act, tx, "contact.put", c, e) : -1;
}

static bool read_role(struct api *api, const char **role)
{
	*role = web_part(api->request, "role");
	size_t len = strlen(*role);
	if (len <= 64 && (*role)[strspn(*role, "abcdefghijklmnopqrstuvwxyz0123456789-_")] == '\0')
		return true;
	api_problem(api, API_NOT_FOUND, tr("a role is written with a–z, 0–9, - and _", "роль пишется знаками a–z, 0–9, - и _"), NULL);
	return false;
}

static const char *some(const char *text)
{
	return text == NULL || text[0] == '\0' ? NULL : text;
}

void api_contact_put(struct api *api)
{
	static const struct api_member members[] = {{"name", API_LINE, false, 0, 300, NULL},
		{"position", API_LINE, false, 0, 300, NULL}, {"address", API_ADDRESS, true, 0, 0, NULL},
		{"phone", API_LINE, false, 0, 100, NULL}};
	char address[GATE_ADDRESS_MAX + 1];
	struct contact c = {.key = web_part(api->request, "organisation"), .address = address};
	struct error e = {0};
	if (!read_role(api, &c.role) || !api_body_is(api, members, COUNT(members)) ||
		gate_address(api_text(api, "address"), address, &e) != 0 || !api_find_organisation(api, &c.organisation))
		return;
	c.name = some(api_text(api, "name"));
	c.position = some(api_text(api, "position"));
	c.phone = some(api_text(api, "phone"));
	struct api_act act = {.work = put_contact, .api = api, .arg = &c};
	if (api_act(&act))
		reply_organisation(api, 200);
}

/* The row stays: deliveries name it. */
static int end_contact(struct api_act *act, struct db *tx, struct error *e)
{
	const struct contact *c = act->arg;
	int64_t one;
	enum db_step step = db_query_int(tx, &one, e,
		"UPDATE contact SET active = 0, updated_ms = $3 WHERE organisation = $1 AND role = $2 AND active = 1 RETURNING 1",
		"isi", c->organisation, c->role, clock_now_ms());
	if (step != DB_ROW)
		return step == DB_FAILED ? -1
					 : error_set(e, ERROR_NOT_FOUND, "%s",
						   tr("the organisation has no such contact", "такого контакта у организации нет"));
	return revise(act, tx, c, e) == 0 ? note(act, tx, "contact.end", c, e) : -1;
}

void api_contact_delete(struct api *api)
{
	struct contact c = {.key = web_part(api->request, "organisation")};
	if (!read_role(api, &c.role) || !api_find_organisation(api, &c.organisation))
		return;
	struct api_act act = {.work = end_contact, .api = api, .arg = &c};
	if (api_act(&act))
		api_no_content(api);
}

/* ---- readdress ---------------------------------------------------------------------------------------- */

struct readdress {
	const char *key, *role, *address;
};

/* The directory's contact, in the transaction of the task: what it is asked for goes there. */
static int set_address(void *arg, struct db *tx, struct error *e)
{
	const struct readdress *r = arg;
	return delivery_contact_readdress(tx, r->key, r->role, r->address, e);
}

void api_readdress(struct api *api)
{
	static const struct api_member members[] = {{"address", API_ADDRESS, true, 0, 0, NULL},
		{"role", API_LINE, false, 0, 64, NULL}};
	char address[GATE_ADDRESS_MAX + 1];
	struct error e = {0};
	struct readdress r = {.key = web_part(api->request, "organisation"), .address = address};
	int64_t id;
	if (!api_body_is(api, members, COUNT(members)) || gate_address(api_text(api, "address"), address, &e) != 0 ||
		!api_find_organisation(api, &id))
		return;
	r.role = some(api_text(api, "role"));
	json_t *data = json_pack("{s:s, s:s}", "recipient", r.key, "address", address);
	if (r.role != NULL)
		json_object_set_new(data, "role", json_string(r.role));
	api_order_and(api, TASK_RECIPIENT_READDRESS, r.key, data, set_address, &r, NULL);
}

/* ---- import ------------------------------------------------------------------------------------------- */

struct importing {
	struct api *api;
	json_t *rows;
};

static void add_fate(void *arg, int line, const char *key, const char *name, enum directory_fate fate,
	const struct problem *problem)
{
	static const char *const names[] = {"added", "changed", "unchanged", "skipped"};
	json_t *rows = ((const struct importing *)arg)->rows;
	if (json_array_size(rows) >= FATES_MOST)
		return;
	json_array_append_new(rows, json_pack("{s:i, s:s, s:o, s:o, s:o}", "line", line, "fate", names[fate], "organisation",
					    api_string(key), "name", api_string(name), "problem",
					    problem == NULL ? json_null() : api_problem_json(problem)));
}

static bool read_delimiter(struct api *api, char *out)
{
	const char *word;
	*out = 0;
	if (!api_query_word(api, "delimiter", "; , | tab", &word))
		return false;
	if (word != NULL)
		*out = strcmp(word, "tab") == 0 ? '\t' : word[0];
	return true;
}

static bool is_xlsx(const struct api *api)
{
	return api->len > 4 && memcmp(api->data, "PK\3\4", 4) == 0;
}

static void reply_import(struct api *api, const struct directory_import_options *options, int rc,
	const struct directory_import_result *result, const struct problems *problems, json_t *rows)
{
	json_t *found = json_array();
	int64_t told = result->added + result->changed + result->unchanged + result->skipped;
	for (size_t i = 0; i < problems->count && i < FATES_MOST; i++)
		json_array_append_new(found, api_problem_json(&problems->item[i]));
	if (rc != 0 && !options->dry_run) {
		json_decref(rows);
		api_problem(api, API_INVALID,
			tr("Nothing was stored. dry_run=true tells every row's fate, skip_bad=true stores the good ones.",
				"Ничего не сохранено. dry_run=true расскажет о каждой строке, skip_bad=true сохранит годные."), found);
		return;
	}
	api_reply(api, 200, json_pack("{s:b, s:b, s:I, s:I, s:I, s:I, s:o, s:s, s:o, s:o, s:b, s:o}", "dry_run",
				  (int)options->dry_run, "stored", rc == 0 && !options->dry_run, "added", (json_int_t)result->added,
				  "changed", (json_int_t)result->changed, "unchanged", (json_int_t)result->unchanged, "skipped",
				  (json_int_t)result->skipped, "revision",
				  result->revision == 0 ? json_null() : json_integer(result->revision), "encoding",
				  result->facts.encoding, "sheet", api_string(result->facts.sheet), "rows", rows, "rows_cut",
				  told > (int64_t)json_array_size(rows), "problems", found));
}

/* In the import's transaction. */
static int on_stored(void *arg, struct db *tx, int64_t revision, const struct directory_import_result *r, struct error *e)
{
	const struct importing *importing = arg;
	char subject[60];
	snprintf(subject, sizeof subject, "directory:%lld", (long long)revision);
	return console_audit(importing->api->visit, tx, "directory.import", subject,
		json_pack("{s:I, s:I, s:I, s:I}", "added", (json_int_t)r->added, "changed", (json_int_t)r->changed, "unchanged",
			(json_int_t)r->unchanged, "skipped", (json_int_t)r->skipped),
		NULL, e);
}

static void import_file(struct api *api, struct directory_import_options *options)
{
	struct directory_import_result result = {0};
	struct problems problems = {0};
	struct error e = {0};
	json_t *rows = json_array();
	struct importing importing = {api, rows};
	options->fate = add_fate;
	options->stored = on_stored;
	options->arg = &importing;
	int rc = directory_import(api->db, options, &result, &problems, &e);
	if (e.code != ERROR_NONE) {
		json_decref(rows);
		api_error(api, &e);
	} else {
		reply_import(api, options, rc, &result, &problems, rows);
	}
	problems_fini(&problems);
}

void api_import(struct api *api)
{
	struct directory_import_options options = {.actor = api->visit->visitor->actor,
		.table = {.encoding = web_query(api->request, "encoding"), .sheet = web_query(api->request, "sheet")}};
	char *path;
	if (!api_query_flag(api, "dry_run", &options.dry_run) || !api_query_flag(api, "skip_bad", &options.skip_bad) ||
		!read_delimiter(api, &options.table.delimiter))
		return;
	FILE *file = api_file(api, &path);
	if (file == NULL)
		return;
	/* The reader knows a workbook by the ending of its name. */
	char *named = xasprintf("%s.%s", path, is_xlsx(api) ? "xlsx" : "csv");
	struct error e = {0};
	if (fwrite(api->len == 0 ? "" : api->data, 1, api->len, file) != api->len || fflush(file) != 0 || rename(path, named) != 0) {
		(void)error_errno(&e, "%s", path);
		api_error(api, &e);
	} else {
		options.path = named;
		import_file(api, &options);
	}
	unlink(named);
	free(named);
	api_file_drop(file, path);
}
