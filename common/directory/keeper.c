#include "directory/keeper.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "directory/search.h"

#define CONTACTS_MAX 32 /* roles an organisation may have; more are left alone */

struct kept {
	int64_t id;
	char *parent, *kind, *name, *region, *municipality, *zone, *extra;
	bool active;
};

struct kept_contact {
	int64_t id;
	char *role, *name, *position, *address, *phone;
	bool active;
};

static char *text_of(struct db_stmt *stmt, int column)
{
	const char *text = db_text(stmt, column);
	return xstrdup(text != NULL ? text : "");
}

static void kept_fini(struct kept *kept)
{
	free(kept->parent);
	free(kept->kind);
	free(kept->name);
	free(kept->region);
	free(kept->municipality);
	free(kept->zone);
	free(kept->extra);
}

static void kept_contact_fini(struct kept_contact *contact)
{
	free(contact->role);
	free(contact->name);
	free(contact->position);
	free(contact->address);
	free(contact->phone);
}

/* DB_DONE: not there, *kept is all NULL. */
static enum db_step load(struct db *db, const char *key, struct kept *kept, struct error *e)
{
	struct db_stmt *stmt;
	memset(kept, 0, sizeof *kept);
	if (db_query(db, &stmt, e,
		    "SELECT id, parent_key, kind, name, region, municipality, zone, extra, active "
		    "FROM organisation WHERE key = $1",
		    "s", key) != 0)
		return DB_FAILED;
	enum db_step step = db_step(stmt, e);
	if (step != DB_ROW)
		return step;
	kept->id = db_int(stmt, 0);
	kept->parent = text_of(stmt, 1);
	kept->kind = text_of(stmt, 2);
	kept->name = text_of(stmt, 3);
	kept->region = text_of(stmt, 4);
	kept->municipality = text_of(stmt, 5);
	kept->zone = text_of(stmt, 6);
	kept->extra = text_of(stmt, 7);
	kept->active = db_int(stmt, 8) != 0;
	db_reset(stmt);
	return DB_ROW;
}

static int load_contacts(struct db *db, int64_t organisation,
	struct kept_contact contact[static CONTACTS_MAX], size_t *count, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step = DB_DONE;
	if (db_query(db, &stmt, e,
		    "SELECT id, role, name, position, address, phone, active FROM contact "
		    "WHERE organisation = $1 ORDER BY id",
		    "i", organisation) != 0)
		return -1;
	while (*count < CONTACTS_MAX && (step = db_step(stmt, e)) == DB_ROW)
		contact[(*count)++] = (struct kept_contact){.id = db_int(stmt, 0),
			.role = text_of(stmt, 1),
			.name = text_of(stmt, 2),
			.position = text_of(stmt, 3),
			.address = text_of(stmt, 4),
			.phone = text_of(stmt, 5),
			.active = db_int(stmt, 6) != 0};
	if (step == DB_ROW)
		db_reset(stmt);
	return step == DB_FAILED ? -1 : 0;
}

/* The further fields: the sheet's columns replace, others stay. The caller frees. */
static char *merge_extra(const struct columns *columns, const char *kept, const char *given)
{
	if (!columns->extra)
		return xstrdup(kept);
	if (strcmp(kept, given) == 0)
		return xstrdup(given);
	json_t *merged = json_loads(kept, 0, NULL), *update = json_loads(given, 0, NULL);
	if (!json_is_object(merged)) {
		json_decref(merged);
		merged = json_object();
	}
	for (size_t i = 0; i < columns->count; i++)
		if (columns->column[i].field == COLUMN_EXTRA)
			(void)json_object_del(merged, columns->column[i].key);
	(void)json_object_update(merged, update);
	char *text = json_dumps(merged, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(merged);
	json_decref(update);
	return text != NULL ? text : xstrdup("{}");
}

static const char *or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

/* What the store should have: the sheet's cell where it has the column. */
static const char *wanted(const struct columns *columns, enum column_field field, const char *given,
	const char *kept)
{
	return columns->at[field] >= 0 ? given : kept != NULL ? kept : "";
}

static int insert(const struct keeper *keeper, const struct record *record, int64_t *id, struct error *e)
{
	if (!keeper->write)
		return 0;
	char *search = search_text(record->name, record->key, record->municipality, record->region);
	enum db_step step = db_query_int(keeper->db, id, e,
		"INSERT INTO organisation (key, parent_key, kind, name, region, municipality, zone, extra, "
		"active, revision, updated_ms, search) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, $10, $11) "
		"RETURNING id",
		"ssssssssiis", record->key, or_null(record->parent),
		record->kind[0] != '\0' ? record->kind : KIND_DEFAULT, record->name,
		or_null(record->region), or_null(record->municipality), or_null(record->zone),
		record->extra, keeper->revision, keeper->now_ms, search);
	free(search);
	return step == DB_ROW ? 0 : -1;
}

static int update(const struct keeper *keeper, const struct record *record, const struct kept *kept,
	bool contacts_changed, bool *changed, struct error *e)
{
	const struct columns *columns = keeper->columns;
	const char *parent = wanted(columns, COLUMN_PARENT, record->parent, kept->parent);
	const char *kind = wanted(columns, COLUMN_KIND, record->kind, kept->kind);
	const char *region = wanted(columns, COLUMN_REGION, record->region, kept->region);
	const char *municipality =
		wanted(columns, COLUMN_MUNICIPALITY, record->municipality, kept->municipality);
	const char *zone = wanted(columns, COLUMN_ZONE, record->zone, kept->zone);
	char *extra = merge_extra(columns, kept->extra, record->extra);
	char *search = search_text(record->name, record->key, municipality, region);
	int rc = 0;
	*changed = contacts_changed || !kept->active || strcmp(parent, kept->parent) != 0 ||
		strcmp(kind, kept->kind) != 0 || strcmp(record->name, kept->name) != 0 ||
		strcmp(region, kept->region) != 0 || strcmp(municipality, kept->municipality) != 0 ||
		strcmp(zone, kept->zone) != 0 || strcmp(extra, kept->extra) != 0;
	if (*changed && keeper->write)
		rc = db_exec(keeper->db, e,
			"UPDATE organisation SET parent_key = $2, kind = $3, name = $4, region = $5, "
			"municipality = $6, zone = $7, extra = $8, active = 1, revision = $9, updated_ms = $10, "
			"search = $11 WHERE id = $1",
			"isssssssiis", kept->id, or_null(parent), kind, record->name, or_null(region),
			or_null(municipality), or_null(zone), extra, keeper->revision, keeper->now_ms, search);
	free(search);
	free(extra);
	return rc;
}

static const struct kept_contact *contact_with_role(
	const struct kept_contact *kept, size_t count, const char *role)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(kept[i].role, role) == 0)
			return &kept[i];
	return NULL;
}

static int insert_contact(const struct keeper *keeper, int64_t organisation,
	const struct record_contact *contact, struct error *e)
{
	if (!keeper->write)
		return 0;
	return db_exec(keeper->db, e,
		"INSERT INTO contact (organisation, role, name, position, address, phone, active, updated_ms) "
		"VALUES ($1, $2, $3, $4, $5, $6, 1, $7)",
		"isssssi", organisation, contact->role, or_null(contact->name),
		or_null(contact->position), contact->address, or_null(contact->phone), keeper->now_ms);
}

/* An emptied address ends the contact, which keeps its row: deliveries name it. */
static int end_contact(const struct keeper *keeper, const struct kept_contact *kept, bool *changed,
	struct error *e)
{
	if (!kept->active)
		return 0;
	*changed = true;
	if (!keeper->write)
		return 0;
	return db_exec(keeper->db, e, "UPDATE contact SET active = 0, updated_ms = $2 WHERE id = $1", "ii",
		kept->id, keeper->now_ms);
}

static int update_contact(const struct keeper *keeper, const struct column_group *group,
	const struct record_contact *contact, const struct kept_contact *kept, bool *changed,
	struct error *e)
{
	const char *name = group->person >= 0 ? contact->name : kept->name;
	const char *position = group->position >= 0 ? contact->position : kept->position;
	const char *phone = group->phone >= 0 ? contact->phone : kept->phone;
	if (kept->active && strcmp(contact->address, kept->address) == 0 &&
		strcmp(name, kept->name) == 0 && strcmp(position, kept->position) == 0 &&
		strcmp(phone, kept->phone) == 0)
		return 0;
	*changed = true;
	if (!keeper->write)
		return 0;
	return db_exec(keeper->db, e,
		"UPDATE contact SET name = $2, position = $3, address = $4, phone = $5, active = 1, "
		"updated_ms = $6 WHERE id = $1",
		"issssi", kept->id, or_null(name), or_null(position), contact->address, or_null(phone),
		keeper->now_ms);
}

/* Contacts of the record stand in the order of the groups that have an address. */
static int keep_contacts(const struct keeper *keeper, const struct record *record, int64_t organisation,
	const struct kept_contact *kept, size_t count, bool *changed, struct error *e)
{
	size_t next = 0;
	for (size_t g = 0; g < keeper->columns->groups; g++) {
		const struct column_group *group = &keeper->columns->group[g];
		if (group->address < 0)
			continue;
		const struct record_contact *contact = &record->contact[next++];
		const struct kept_contact *old = contact_with_role(kept, count, contact->role);
		int rc = 0;
		if (contact->address[0] == '\0')
			rc = old != NULL ? end_contact(keeper, old, changed, e) : 0;
		else if (old != NULL)
			rc = update_contact(keeper, group, contact, old, changed, e);
		else {
			*changed = true;
			rc = insert_contact(keeper, organisation, contact, e);
		}
		if (rc != 0)
			return -1;
	}
	return 0;
}

int keeper_row(const struct keeper *keeper, const struct record *record, enum directory_fate *fate,
	struct error *e)
{
	struct kept kept;
	struct kept_contact contact[CONTACTS_MAX];
	size_t contacts = 0;
	bool changed = false;
	int rc = -1;
	enum db_step step = load(keeper->db, record->key, &kept, e);
	if (step == DB_FAILED)
		return -1;
	if (step == DB_DONE) {
		*fate = DIRECTORY_ADDED;
		if (insert(keeper, record, &kept.id, e) != 0)
			return -1;
		return keep_contacts(keeper, record, kept.id, NULL, 0, &changed, e);
	}
	if (load_contacts(keeper->db, kept.id, contact, &contacts, e) != 0 ||
		keep_contacts(keeper, record, kept.id, contact, contacts, &changed, e) != 0 ||
		update(keeper, record, &kept, changed, &changed, e) != 0)
		goto out;
	*fate = changed ? DIRECTORY_CHANGED : DIRECTORY_UNCHANGED;
	rc = 0;
out:
	for (size_t i = 0; i < contacts; i++)
		kept_contact_fini(&contact[i]);
	kept_fini(&kept);
	return rc;
}
