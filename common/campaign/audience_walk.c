/* One batch: the organisations with their contacts in one statement, one more
 * statement for each data set that stands in the store, merged by id. What the
 * cheap conditions refuse is never copied. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "campaign/audience_batch.h"

static void batch_fini(struct batch *b)
{
	for (size_t i = 0; i < b->organisations; i++) {
		struct organisation *o = &b->organisation[i];
		free(o->key);
		free(o->name);
		free(o->kind);
		free(o->region);
		free(o->municipality);
		free(o->zone);
		free(o->extra_text);
		json_decref(o->extra);
		json_decref(o->previous);
		for (size_t d = 0; d < AUDIENCE_DATASETS_MAX; d++) {
			free(o->figures[d].text);
			json_decref(o->figures[d].json);
		}
	}
	for (size_t i = 0; i < b->contacts; i++) {
		free(b->contact[i].role);
		free(b->contact[i].name);
		free(b->contact[i].position);
		free(b->contact[i].address);
	}
	free(b->organisation);
	free(b->contact);
}

/* ---- reading --------------------------------------------------------------------- */

/* Where the batch ends is asked first: a range of ids needs no sorting, a subquery
 * with LIMIT does (half of the time of a batch). */
static const char range_sql[] =
	"SELECT count(*), max(id) FROM (SELECT id FROM organisation WHERE id > $1 AND active = 1 "
	"ORDER BY id LIMIT $2) o";
static const char batch_sql[] =
	"SELECT o.id, o.key, o.name, o.kind, o.region, o.municipality, o.zone, o.extra, "
	"c.id, c.role, c.name, c.position, c.address "
	"FROM organisation o LEFT JOIN contact c ON c.organisation = o.id AND c.active = 1 "
	"WHERE o.id > $1 AND o.id <= $2 AND o.active = 1 ORDER BY o.id";
/* CROSS JOIN: SQLite then keeps this order of the tables. Left to itself it may
 * read the whole data set for every batch. */
#define FIGURES_SQL(column)                                                                        \
	"SELECT o.id, d.fields FROM organisation o CROSS JOIN dataset_row d "                      \
	"WHERE o.id > $1 AND o.id <= $2 AND o.active = 1 AND d.campaign = $3 AND d.dataset = $4 "  \
	"AND d.key = o." column " ORDER BY o.id"
static const char *const figures_sql[] = {
	FIGURES_SQL("key"), FIGURES_SQL("region"), FIGURES_SQL("municipality")};

static bool cheap_conditions(const struct audience *a, struct db_stmt *row)
{
	return audience_set_allows(&a->kinds, db_text(row, 3)) && audience_set_allows(&a->regions, db_text(row, 4)) &&
	       audience_set_allows(&a->municipalities, db_text(row, 5)) &&
	       (!a->by_key || a->listed || string_set_has(&a->keys, db_text(row, 1)));
}

static void take_organisation(struct batch *b, struct db_stmt *row, bool outside)
{
	if (b->organisations == b->organisations_cap) {
		b->organisations_cap = b->organisations_cap == 0 ? 64 : b->organisations_cap * 2;
		b->organisation =
			xrealloc(b->organisation, b->organisations_cap, sizeof *b->organisation);
	}
	struct organisation *o = &b->organisation[b->organisations++];
	*o = (struct organisation){.id = db_int(row, 0),
		.key = xstrdup(db_text(row, 1)),
		.name = xstrdup(db_text(row, 2)),
		.kind = xstrdup(db_text(row, 3)),
		.region = xstrdup(db_text(row, 4)),
		.municipality = xstrdup(db_text(row, 5)),
		.zone = xstrdup(db_text(row, 6)),
		.extra_text = xstrdup(db_text(row, 7)),
		.outside = outside};
}

static void take_contact(struct batch *b, struct db_stmt *row)
{
	const struct audience *a = b->call->audience;
	if (db_is_null(row, 8) || !audience_set_allows(&a->roles, db_text(row, 9)))
		return;
	if (b->contacts == b->contacts_cap) {
		b->contacts_cap = b->contacts_cap == 0 ? 64 : b->contacts_cap * 2;
		b->contact = xrealloc(b->contact, b->contacts_cap, sizeof *b->contact);
	}
	b->contact[b->contacts++] = (struct contact){.organisation = b->organisations - 1,
		.id = db_int(row, 8),
		.role = xstrdup(db_text(row, 9)),
		.name = xstrdup(db_text(row, 10)),
		.position = xstrdup(db_text(row, 11)),
		.address = xstrdup(db_text(row, 12))};
	b->organisation[b->organisations - 1].contacts++;
}

static int read_range(struct db *db, struct audience_call *call, struct error *e)
{
	struct db_stmt *stmt;
	call->last = call->after;
	if (db_query(db, &stmt, e, range_sql, "ii", call->after, (int64_t)call->most) != 0 ||
		db_step(stmt, e) != DB_ROW)
		return -1;
	call->end = db_int(stmt, 0) < call->most;
	if (!db_is_null(stmt, 1))
		call->last = db_int(stmt, 1);
	db_reset(stmt);
	return 0;
}

static int read_organisations(struct db *db, struct batch *b, struct error *e)
{
	struct audience_call *call = b->call;
	struct db_stmt *stmt;
	enum db_step step;
	int64_t at = call->after; /* the organisation whose contacts come */
	bool taken = false;
	if (db_query(db, &stmt, e, batch_sql, "ii", call->after, call->last) != 0)
		return -1;
	while ((step = db_step(stmt, e)) == DB_ROW) {
		if (db_int(stmt, 0) != at) {
			at = db_int(stmt, 0);
			bool inside = cheap_conditions(call->audience, stmt);
			taken = inside || call->everybody;
			if (taken)
				take_organisation(b, stmt, !inside);
		}
		if (taken)
			take_contact(b, stmt);
	}
	return step == DB_DONE ? 0 : -1;
}

/* Rows of one stored data set for the batch: into figures[index], or, with
 * index SIZE_MAX, the marks of a list. */
static int read_figures(
	struct db *db, struct batch *b, const char *dataset, size_t index, struct error *e)
{
	enum audience_by by = index == SIZE_MAX ? BY_KEY : b->call->audience->dataset[index].by;
	struct db_stmt *stmt;
	enum db_step step;
	size_t i = 0;
	if (db_query(db, &stmt, e, figures_sql[by], "iiis", b->call->after, b->call->last,
		    b->call->campaign, dataset) != 0)
		return -1;
	while ((step = db_step(stmt, e)) == DB_ROW) {
		int64_t id = db_int(stmt, 0);
		while (i < b->organisations && b->organisation[i].id < id)
			i++;
		if (i == b->organisations || b->organisation[i].id != id)
			continue;
		if (index == SIZE_MAX) {
			b->organisation[i].listed = true;
		} else {
			free(b->organisation[i].figures[index].text);
			b->organisation[i].figures[index].text = xstrdup(db_text(stmt, 1));
		}
	}
	return step == DB_DONE ? 0 : -1;
}

static const char *key_by(const struct organisation *o, enum audience_by by)
{
	return by == BY_REGION ? o->region : by == BY_MUNICIPALITY ? o->municipality : o->key;
}

static int read_all_figures(struct db *db, struct batch *b, struct error *e)
{
	const struct audience *a = b->call->audience;
	if (b->organisations == 0)
		return 0;
	for (size_t d = 0; d < a->datasets; d++) {
		if (a->dataset[d].rows == NULL) {
			if (read_figures(db, b, a->dataset[d].name, d, e) != 0)
				return -1;
			continue;
		}
		for (size_t i = 0; i < b->organisations; i++) {
			const char *key = key_by(&b->organisation[i], a->dataset[d].by);
			const struct dataset_row *row =
				key == NULL ? NULL : dataset_find(a->dataset[d].rows, key);
			b->organisation[i].figures[d].borrowed = row == NULL ? NULL : row->fields;
		}
	}
	if (a->listed && a->list == NULL)
		return read_figures(db, b, AUDIENCE_LIST, SIZE_MAX, e);
	for (size_t i = 0; a->listed && i < b->organisations; i++)
		b->organisation[i].listed = dataset_find(a->list, b->organisation[i].key) != NULL;
	return 0;
}

/* Most names are already as letters write them: a–z, 0–9, «_». */
static bool is_field_name(const char *key)
{
	return key[strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

/* ---- fields -------------------------------------------------------------------------- */

static json_t *recipient_json(struct organisation *o)
{
	json_t *object = json_object();
	audience_put(object, "key", o->key);
	audience_put(object, "name", o->name);
	audience_put(object, "kind", o->kind);
	audience_put(object, "region", o->region);
	audience_put(object, "municipality", o->municipality);
	const char *key;
	json_t *value;
	json_object_foreach(audience_extra(o), key, value)
	{
		char *name = is_field_name(key) ? xstrdup(key) : dataset_field_name(key);
		if (json_object_get(object, name) == NULL)
			json_object_set_nocheck(object, name, value);
		free(name);
	}
	return object;
}

static json_t *contact_json(const struct contact *contact)
{
	json_t *object = json_object();
	audience_put(object, "name", contact->name);
	audience_put(object, "position", contact->position);
	audience_put(object, "role", contact->role);
	return object;
}

static json_t *shared_fields(const struct audience *a, struct organisation *o, json_t *more)
{
	json_t *fields = json_object();
	json_object_set_new_nocheck(fields, "recipient", recipient_json(o));
	for (size_t d = 0; d < a->datasets; d++) {
		json_t *figures = audience_figures(&o->figures[d]);
		if (figures == NULL && a->dataset[d].missing == MISSING_EMPTY)
			figures = a->dataset[d].empty;
		if (figures != NULL)
			json_object_set_nocheck(fields, a->dataset[d].name, figures);
	}
	if (a->previous != NULL)
		json_object_set_nocheck(fields, AUDIENCE_PREVIOUS,
			o->previous != NULL ? o->previous : a->previous_empty);
	if (more != NULL)
		json_object_update(fields, more);
	return fields;
}

static int give(struct batch *b, struct organisation *o, const struct contact *contact,
	size_t count, bool outside)
{
	struct audience_call *call = b->call;
	json_t *fields = shared_fields(call->audience, o, call->more);
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < count; i++) {
		json_object_set_new_nocheck(fields, "contact", contact_json(&contact[i]));
		struct campaign_recipient recipient = {.organisation = o->id,
			.contact = contact[i].id,
			.key = o->key,
			.name = o->name,
			.address = contact[i].address,
			.contact_name = contact[i].name,
			.zone = o->zone,
			.fields = fields,
			.outside = outside};
		rc = call->each(call->arg, &recipient);
	}
	json_decref(fields);
	return rc;
}

static int give_all(struct batch *b)
{
	size_t at = 0;
	for (size_t i = 0; i < b->organisations; i++) {
		struct organisation *o = &b->organisation[i];
		size_t first = at;
		at += o->contacts;
		bool inside = audience_inside(b->call->audience, o);
		if (b->call->why != NULL)
			audience_explain(b->call->audience, o, b->call->why);
		if (!inside && !b->call->everybody)
			continue;
		if (o->contacts == 0 && inside && b->call->unreached != NULL)
			b->call->unreached(b->call->arg, o->id, o->key, o->name);
		if (o->contacts == 0)
			b->call->without_contact++;
		else if (give(b, o, &b->contact[first], o->contacts, !inside) != 0)
			return -1;
	}
	return 0;
}

/* ---- recipients named one by one (notices, tests) -------------------------------------- */

static int give_named(
	struct audience_call *call, const char *key, const char *text, struct error *e)
{
	json_t *entry = json_loads(text, 0, NULL);
	int64_t position = strtoll(key, NULL, 10);
	const char *address = json_string_value(json_object_get(entry, "address"));
	const char *name = json_string_value(json_object_get(entry, "name"));
	json_t *fields = json_object_get(entry, "fields");
	int rc;
	if (address == NULL || !json_is_object(fields)) {
		rc = error_set(
			e, ERROR_INTERNAL, "recipient %s of the stored list is damaged", key);
	} else {
		char *copy[4] = {xstrdup(key), xstrdup(name == NULL ? "" : name), xstrdup(address),
			xstrdup(name)};
		struct campaign_recipient recipient = {.organisation = 0,
			.contact = position,
			.key = copy[0],
			.name = copy[1],
			.address = copy[2],
			.contact_name = copy[3],
			.fields = fields};
		call->last = position;
		rc = call->each(call->arg, &recipient);
		for (size_t i = 0; i < 4; i++)
			free(copy[i]);
	}
	json_decref(entry);
	return rc;
}

struct named {
	char *key, *text;
};

/* Collected before they are given: each() may use this connection. */
static int read_named(struct db *db, struct audience_call *call, struct named *named, size_t *count,
	struct error *e)
{
	char after[24];
	struct db_stmt *stmt;
	enum db_step step;
	snprintf(after, sizeof after, CAMPAIGN_POSITION_FORMAT, (long long)call->after);
	if (db_query(db, &stmt, e,
		    "SELECT key, fields FROM dataset_row WHERE campaign = $1 AND dataset = $2 AND "
		    "key > $3 "
		    "ORDER BY key LIMIT $4",
		    "issi", call->campaign, AUDIENCE_TO, after, (int64_t)call->most) != 0)
		return -1;
	while ((step = db_step(stmt, e)) == DB_ROW)
		named[(*count)++] =
			(struct named){xstrdup(db_text(stmt, 0)), xstrdup(db_text(stmt, 1))};
	return step == DB_DONE ? 0 : -1;
}

static int walk_named(struct db *db, struct audience_call *call, struct error *e)
{
	struct named *named = xcalloc((size_t)call->most, sizeof *named);
	size_t count = 0;
	call->last = call->after;
	int rc = read_named(db, call, named, &count, e);
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = give_named(call, named[i].key, named[i].text, e);
	call->end = count < (size_t)call->most;
	for (size_t i = 0; i < count; i++) {
		free(named[i].key);
		free(named[i].text);
	}
	free(named);
	return rc;
}

int audience_walk(struct db *db, struct audience_call *call, struct error *e)
{
	if (call->audience->to)
		return walk_named(db, call, e);
	struct batch b = {.call = call};
	int rc = read_range(db, call, e);
	if (rc == 0)
		rc = read_organisations(db, &b, e);
	if (rc == 0)
		rc = read_all_figures(db, &b, e);
	if (rc == 0)
		rc = audience_read_earlier(db, &b, e);
	if (rc == 0)
		rc = give_all(&b);
	batch_fini(&b);
	return rc;
}
