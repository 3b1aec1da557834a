#include "directory/contact.h"

#include <stdlib.h>
#include <string.h>

#include "base/gate.h"
#include "base/lang.h"
#include "base/xalloc.h"

#define LINE_MAX_BYTES 300 /* of a name, a position, a phone */

struct wanted {
	char *name, *position, *phone;
	char address[GATE_ADDRESS_MAX + 1]; /* "" = the contact ends */
};

static char *cleaned(const char *text)
{
	return gate_clean_line(text == NULL ? "" : text, LINE_MAX_BYTES);
}

static const char *or_null(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

static int take(const struct contact_change *change, struct wanted *wanted, struct error *e)
{
	char *address = cleaned(change->address);
	wanted->name = cleaned(change->name);
	wanted->position = cleaned(change->position);
	wanted->phone = cleaned(change->phone);
	wanted->address[0] = '\0';
	int rc = !gate_slug(change->role) ? error_set(e, ERROR_INPUT, "%s", tr("there is no such role", "такой роли нет"))
		: address[0] == '\0'	  ? 0
					  : gate_address(address, wanted->address, e);
	free(address);
	return rc;
}

/* *id: 0 when there is none. */
static int load(struct db *tx, const struct contact_change *change, int64_t *id, bool *active, json_t **before,
	struct error *e)
{
	struct db_stmt *row;
	int64_t organisation;
	*id = 0;
	*active = false;
	enum db_step step = db_query_int(tx, &organisation, e, "SELECT id FROM organisation WHERE id = $1 @FOR_UPDATE", "i",
		change->organisation);
	if (step == DB_DONE)
		return error_set(e, ERROR_NOT_FOUND, "%s", tr("there is no such organisation", "такой организации нет"));
	if (step == DB_FAILED ||
		db_query(tx, &row, e,
			"SELECT id, active, COALESCE(name, ''), COALESCE(position, ''), address, COALESCE(phone, '') FROM contact"
			" WHERE organisation = $1 AND role = $2",
			"is", change->organisation, change->role) != 0)
		return -1;
	step = db_step(row, e);
	if (step == DB_ROW) {
		*id = db_int(row, 0);
		*active = db_int(row, 1) != 0;
		*before = json_pack("{s:s, s:s, s:s, s:s}", "name", db_text(row, 2), "position", db_text(row, 3), "address",
			*active ? db_text(row, 4) : "", "phone", db_text(row, 5));
		db_reset(row);
	} else {
		*before = json_null();
	}
	return step == DB_FAILED ? -1 : 0;
}

static bool same(const json_t *before, const struct wanted *wanted)
{
	const char *const pairs[][2] = {{"name", wanted->name}, {"position", wanted->position}, {"address", wanted->address},
		{"phone", wanted->phone}};
	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		const char *was = json_string_value(json_object_get(before, pairs[i][0]));
		if (strcmp(was == NULL ? "" : was, pairs[i][1]) != 0)
			return false;
	}
	return true;
}

static int write_contact(struct db *tx, const struct contact_change *change, const struct wanted *wanted, int64_t id,
	struct error *e)
{
	if (id == 0)
		return db_exec(tx, e,
			"INSERT INTO contact (organisation, role, name, position, address, phone, active, updated_ms)"
			" VALUES ($1, $2, $3, $4, $5, $6, 1, $7)",
			"isssssi", change->organisation, change->role, or_null(wanted->name), or_null(wanted->position),
			wanted->address, or_null(wanted->phone), change->now_ms);
	if (wanted->address[0] == '\0')
		return db_exec(tx, e, "UPDATE contact SET name = $2, position = $3, phone = $4, active = 0, updated_ms = $5"
			" WHERE id = $1", "isssi", id, or_null(wanted->name), or_null(wanted->position), or_null(wanted->phone),
			change->now_ms);
	return db_exec(tx, e,
		"UPDATE contact SET name = $2, position = $3, address = $4, phone = $5, active = 1, updated_ms = $6 WHERE id = $1",
		"issssi", id, or_null(wanted->name), or_null(wanted->position), wanted->address, or_null(wanted->phone),
		change->now_ms);
}

static int write_revision(struct db *tx, const struct contact_change *change, struct error *e)
{
	int64_t revision;
	if (db_query_int(tx, &revision, e,
		    "INSERT INTO directory_revision (imported_ms, source, actor, added, changed, unchanged, skipped)"
		    " VALUES ($1, $2, $3, 0, 1, 0, 0) RETURNING number",
		    "iss", change->now_ms, change->source, change->actor) != DB_ROW)
		return -1;
	return db_exec(tx, e, "UPDATE organisation SET revision = $2, updated_ms = $3 WHERE id = $1", "iii",
		change->organisation, revision, change->now_ms);
}

int contact_change(struct db *tx, const struct contact_change *change, bool *changed, json_t **before, struct error *e)
{
	struct wanted wanted = {0};
	int64_t id;
	bool active;
	*before = NULL;
	*changed = false;
	int rc = take(change, &wanted, e);
	if (rc == 0)
		rc = load(tx, change, &id, &active, before, e);
	if (rc == 0 && !same(*before, &wanted) && (id != 0 || wanted.address[0] != '\0')) {
		*changed = true;
		rc = write_contact(tx, change, &wanted, id, e);
		if (rc == 0)
			rc = write_revision(tx, change, e);
	}
	free(wanted.name);
	free(wanted.position);
	free(wanted.phone);
	return rc;
}
