/* /directory/{id or key}: one organisation: contacts, what is asked of it, letters sent lately, above and below it. */
#include <stdlib.h>
#include <string.h>

#include "answer/answer.h"
#include "base/clock.h"
#include "base/gate.h"
#include "base/xalloc.h"
#include "console/directory/part.h"
#include "control/delivery.h"
#include "directory/contact.h"
#include "directory/lookup.h"
#include "directory/search.h"

#define ASKS_SHOWN 20
#define LETTERS_SHOWN 20   /* of each address */
#define CHILDREN_SHOWN 20

struct shown {
	struct visit *visit;
	json_t *data;
	int64_t id;
	char *key, *parent;
	json_t *addresses; /* of active contacts */
	bool found;
};

static json_t *extras(const char *text)
{
	json_t *extra = json_loads(text, 0, NULL), *list = json_array(), *value;
	const char *name;
	json_object_foreach(extra, name, value)
		json_array_append_new(list, json_pack("{s:s, s:o}", "name", name, "value",
						    show_text(json_string_value(value))));
	json_decref(extra);
	return list;
}

static int take(void *arg, const struct lookup_organisation *o)
{
	struct shown *shown = arg;
	json_t *contacts = json_array();
	for (size_t i = 0; i < o->contacts; i++) {
		const struct lookup_contact *c = &o->contact[i];
		json_array_append_new(contacts,
			json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:b}", "role", c->role, "role_name", role_shown(c->role), "name",
				show_text(c->name), "position", show_text(c->position), "address", show_text(c->active ? c->address : NULL),
				"phone", show_text(c->phone), "ended", !c->active));
		if (c->active)
			json_array_append_new(shown->addresses, json_string(c->address));
	}
	shown->found = true;
	shown->id = o->id;
	shown->key = xstrdup(o->key);
	shown->parent = xstrdup(o->parent);
	json_t *extra = extras(o->extra);
	shown->data = json_pack("{s:s, s:s, s:I, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "title", o->name, "here",
		"directory", "id", (json_int_t)o->id, "key", o->key, "kind", kind_shown(o->kind), "region", show_text(o->region),
		"municipality", show_text(o->municipality), "zone", show_text(o->zone), "has_extra",
		json_boolean(json_array_size(extra) > 0), "extra", extra, "changed", show_time(shown->visit, o->updated_ms), "contacts",
		contacts, "has_contacts", json_boolean(json_array_size(contacts) > 0), "ended", !o->active);
	return 1;
}

/* By id, else by key. */
static int find(struct visit *visit, const char *name, struct shown *shown, struct error *e)
{
	long long id;
	struct db_stmt *row;
	char *key = NULL;
	if (gate_int64(name, 1, INT64_MAX, &id)) {
		if (db_query(visit->db, &row, e, "SELECT key FROM organisation WHERE id = $1", "i", (int64_t)id) != 0)
			return -1;
		enum db_step step = db_step(row, e);
		if (step == DB_FAILED)
			return -1;
		if (step == DB_ROW) {
			key = xstrdup(db_text(row, 0));
			db_reset(row);
		}
	}
	struct lookup_filter filter = {.key = key != NULL ? key : name};
	int rc = lookup_each(visit->db, &filter, take, shown, e);
	free(key);
	return rc;
}

static int add_asks(struct shown *shown, struct error *e)
{
	struct db_stmt *row;
	enum db_step step;
	json_t *list = json_array();
	if (db_query(shown->visit->db, &row, e,
		    "SELECT c.slug, c.title, COALESCE(r.label, ''), k.state, k.deadline_ms, k.id FROM ask k"
		    " JOIN campaign c ON c.id = k.campaign JOIN round r ON r.id = k.round"
		    " WHERE k.organisation = $1 AND k.state <> 'withdrawn' ORDER BY k.id DESC LIMIT $2",
		    "ii", shown->id, (int64_t)ASKS_SHOWN) != 0) {
		json_decref(list);
		return -1;
	}
	while ((step = db_step(row, e)) == DB_ROW) {
		enum ask_state state = ASK_OPEN;
		int64_t deadline = db_is_null(row, 4) ? 0 : db_int(row, 4);
		(void)ask_state_parse(db_text(row, 3), &state);
		json_array_append_new(list,
			json_pack("{s:s, s:s, s:o, s:s, s:b, s:o, s:b}", "slug", db_text(row, 0), "title", db_text(row, 1), "round",
				show_text(db_text(row, 2)), "state", ask_state_words(state), "open", state == ASK_OPEN, "deadline",
				show_time(shown->visit, deadline), "overdue",
				state == ASK_OPEN && deadline != 0 && deadline < clock_now_ms()));
	}
	json_object_set_new(shown->data, "has_asks", json_boolean(json_array_size(list) > 0));
	json_object_set_new(shown->data, "asks", list);
	return step == DB_FAILED ? -1 : 0;
}

static int letters_to(struct shown *shown, const char *address, json_t *list, struct error *e)
{
	struct db_stmt *row;
	enum db_step step;
	if (db_query(shown->visit->db, &row, e,
		    "SELECT d.key, d.state, d.updated_ms, d.address, c.title, c.slug FROM delivery d"
		    " JOIN campaign c ON c.id = d.campaign WHERE d.address = $1 AND d.recipient = $2 ORDER BY d.key DESC LIMIT $3",
		    "sii", address, shown->id, (int64_t)LETTERS_SHOWN) != 0)
		return -1;
	while ((step = db_step(row, e)) == DB_ROW)
		json_array_append_new(list,
			json_pack("{s:I, s:s, s:o, s:s, s:s}", "key", (json_int_t)db_int(row, 0), "state",
				delivery_state_words((int)db_int(row, 1)), "when",
				show_time(shown->visit, db_int(row, 2)), "address", db_text(row, 3), "title", db_text(row, 4)));
	return step == DB_FAILED ? -1 : 0;
}

static int add_letters(struct shown *shown, struct error *e)
{
	json_t *list = json_array(), *suppressed = json_array();
	struct db_stmt *row;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < json_array_size(shown->addresses); i++) {
		const char *address = json_string_value(json_array_get(shown->addresses, i));
		rc = letters_to(shown, address, list, e);
		if (rc == 0)
			rc = db_query(shown->visit->db, &row, e, "SELECT reason FROM suppression WHERE address = $1", "s", address);
		enum db_step step = rc == 0 ? db_step(row, e) : DB_FAILED;
		if (step == DB_ROW) {
			json_array_append_new(suppressed, json_pack("{s:s, s:s}", "address", address, "reason", db_text(row, 0)));
			db_reset(row);
		}
		rc = step == DB_FAILED ? -1 : rc;
	}
	json_object_set_new(shown->data, "has_letters", json_boolean(json_array_size(list) > 0));
	json_object_set_new(shown->data, "letters", list);
	json_object_set_new(shown->data, "has_suppressed", json_boolean(json_array_size(suppressed) > 0));
	json_object_set_new(shown->data, "suppressed", suppressed);
	return rc;
}

struct family {
	json_t *list;
	bool more;
};

static int add_child(void *arg, const struct search_found *found)
{
	struct family *family = arg;
	if (json_array_size(family->list) == CHILDREN_SHOWN) {
		family->more = true;
		return 1;
	}
	json_array_append_new(family->list, json_pack("{s:I, s:s, s:s}", "id", (json_int_t)found->id, "name", found->name, "kind",
						    kind_shown(found->kind)));
	return 0;
}

static int add_family(struct shown *shown, struct error *e)
{
	struct family family = {.list = json_array()};
	struct search_filter below = {.parent = shown->key, .most = CHILDREN_SHOWN + 1};
	struct db_stmt *row;
	int rc = search_each(shown->visit->db, &below, add_child, &family, e);
	json_object_set_new(shown->data, "has_children", json_boolean(json_array_size(family.list) > 0));
	json_object_set_new(shown->data, "children", family.list);
	json_object_set_new(shown->data, "more_children", json_boolean(family.more));
	json_object_set_new(shown->data, "above", json_null());
	if (rc != 0 || shown->parent[0] == '\0')
		return rc;
	if (db_query(shown->visit->db, &row, e, "SELECT id, name FROM organisation WHERE key = $1", "s", shown->parent) != 0)
		return -1;
	enum db_step step = db_step(row, e);
	if (step == DB_ROW) {
		json_object_set_new(shown->data, "above",
			json_pack("{s:I, s:s}", "id", (json_int_t)db_int(row, 0), "name", db_text(row, 1)));
		db_reset(row);
	}
	return step == DB_FAILED ? -1 : 0;
}

/* What was typed and why it was not taken; NULL: a page that is only looked at. */
struct typed {
	const char *role, *error;
};

static void add_form(struct shown *shown, const struct typed *typed)
{
	const struct visit *visit = shown->visit;
	static const char *const roles[] = {"coordinator", "head", "deputy", "secretary"};
	const char *role = typed != NULL ? typed->role : web_query(visit->request, "edit");
	json_object_set_new(shown->data, "form", json_null());
	if (role == NULL || !visit_may(visit, RIGHT_DIRECTORY_WRITE))
		return;
	static const char *const names[] = {"name", "position", "address", "phone"};
	json_t *form = json_pack("{s:s, s:o}", "error", "", "choices", json_array()), *contact;
	size_t index;
	json_object_set_new(form, "error", show_text(typed == NULL ? NULL : typed->error));
	bool known = false;
	for (size_t i = 0; i < 4; i++)
		json_object_set_new(form, names[i], json_string(""));
	json_array_foreach(json_object_get(shown->data, "contacts"), index, contact)
		if (strcmp(json_string_value(json_object_get(contact, "role")), role) == 0) {
			known = true;
			for (size_t i = 0; i < 4; i++)
				if (json_is_string(json_object_get(contact, names[i])))
					json_object_set(form, names[i], json_object_get(contact, names[i]));
		}
	for (size_t i = 0; typed != NULL && i < 4; i++) {
		const char *value = web_value(visit->request, names[i]);
		json_object_set_new(form, names[i], json_string(value == NULL ? "" : value));
	}
	for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
		json_array_append_new(json_object_get(form, "choices"), json_pack("{s:s, s:s, s:b}", "value", roles[i], "name",
									   role_shown(roles[i]), "chosen", strcmp(roles[i], role) == 0));
	json_object_set_new(form, "role", json_string(role));
	json_object_set_new(form, "role_name", json_string(role_shown(role)));
	json_object_set_new(form, "known", json_boolean(known));
	json_object_set_new(shown->data, "form", form);
}

static void show(struct visit *visit, const char *name, int status, const struct typed *typed)
{
	struct error e = {0};
	struct shown shown = {.visit = visit, .addresses = json_array()};
	int rc = find(visit, name, &shown, &e);
	if (rc == 0 && !shown.found) {
		console_not_found(visit, tr("There is no such organisation in the directory.", "Такой организации в справочнике нет."));
		json_decref(shown.addresses);
		return;
	}
	if (rc != 0 || add_asks(&shown, &e) != 0 || add_letters(&shown, &e) != 0 || add_family(&shown, &e) != 0) {
		console_error(visit, &e);
		json_decref(shown.data);
	} else {
		add_form(&shown, typed);
		json_object_set_new(shown.data, "may_write", json_boolean(visit_may(visit, RIGHT_DIRECTORY_WRITE)));
		json_object_set_new(shown.data, "may_see_letters", json_boolean(visit_may(visit, RIGHT_DELIVERY_READ)));
		console_page(visit, status, "directory_organisation", shown.data);
	}
	json_decref(shown.addresses);
	free(shown.key);
	free(shown.parent);
}

void page_organisation(struct visit *visit)
{
	show(visit, web_part(visit->request, "organisation"), 200, NULL);
}

/* ---- one contact by hand ------------------------------------------------------------------- */

struct change {
	struct visit *visit;
	struct contact_change contact;
	bool changed;
};

static int change(void *arg, struct db *tx, struct error *e)
{
	struct change *c = arg;
	json_t *before;
	int rc = contact_change(tx, &c->contact, &c->changed, &before, e);
	if (rc == 0 && c->changed) {
		char *subject = xasprintf("organisation:%lld", (long long)c->contact.organisation);
		static const char *const names[] = {"name", "position", "address", "phone"};
		json_t *after = json_object();
		for (size_t i = 0; i < 4; i++) {
			const char *value = web_value(c->visit->request, names[i]);
			json_object_set_new(after, names[i], json_string(value == NULL ? "" : value));
		}
		rc = console_audit(c->visit, tx, "directory.contact", subject, json_pack("{s:s}", "role", c->contact.role),
			json_pack("{s:O, s:o}", "before", before, "after", after), e);
		free(subject);
	}
	json_decref(before);
	return rc;
}

void page_contact(struct visit *visit)
{
	const struct web_request *request = visit->request;
	const char *name = web_part(request, "organisation"), *role = web_value(request, "role");
	struct error e = {0};
	long long id;
	if (!gate_int64(name, 1, INT64_MAX, &id)) {
		console_not_found(visit, tr("There is no such organisation in the directory.", "Такой организации в справочнике нет."));
		return;
	}
	struct change c = {.visit = visit,
		.contact = {.organisation = id,
			.role = role == NULL ? "" : role,
			.name = web_value(request, "name"),
			.position = web_value(request, "position"),
			.address = web_value(request, "address"),
			.phone = web_value(request, "phone"),
			.source = tr("by hand", "вручную"),
			.actor = visit->visitor->actor,
			.now_ms = clock_now_ms()}};
	if (console_transaction(visit, change, &c, &e) == 0) {
		char *back = xasprintf("/directory/%lld", id);
		console_done(visit, back, c.changed ? tr("The contact is saved.", "Контакт сохранён.")
						    : tr("Nothing has changed.", "Ничего не изменилось."));
		free(back);
	} else if (e.code == ERROR_INPUT) {
		const struct typed typed = {role == NULL ? "" : role, e.text};
		show(visit, name, 422, &typed);
	} else {
		console_error(visit, &e);
	}
}
