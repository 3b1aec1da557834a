#include "directory/lookup.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

/* Organisations a read transaction lasts. */
#define BATCH 500
#define TEXTS (8 + 5 * LOOKUP_CONTACTS_MAX)

struct found {
	struct lookup_organisation organisation;
	char *owned[TEXTS];
	size_t count;
};

static const char *keep(struct found *found, struct db_stmt *stmt, int column)
{
	const char *text = db_text(stmt, column);
	return found->owned[found->count++] = xstrdup(text != NULL ? text : "");
}

static void forget(struct found *found)
{
	for (size_t i = 0; i < found->count; i++)
		free(found->owned[i]);
	*found = (struct found){0};
}

static void take_organisation(struct found *found, struct db_stmt *stmt)
{
	struct lookup_organisation *o = &found->organisation;
	o->id = db_int(stmt, 0);
	o->key = keep(found, stmt, 1);
	o->parent = keep(found, stmt, 2);
	o->kind = keep(found, stmt, 3);
	o->name = keep(found, stmt, 4);
	o->region = keep(found, stmt, 5);
	o->municipality = keep(found, stmt, 6);
	o->zone = keep(found, stmt, 7);
	o->extra = keep(found, stmt, 8);
	o->active = db_int(stmt, 9) != 0;
	o->revision = db_int(stmt, 10);
	o->updated_ms = db_int(stmt, 11);
}

static void take_contact(struct found *found, struct db_stmt *stmt)
{
	struct lookup_organisation *o = &found->organisation;
	if (db_is_null(stmt, 12) || o->contacts == LOOKUP_CONTACTS_MAX)
		return;
	struct lookup_contact *c = &o->contact[o->contacts++];
	c->id = db_int(stmt, 12);
	c->role = keep(found, stmt, 13);
	c->name = keep(found, stmt, 14);
	c->position = keep(found, stmt, 15);
	c->address = keep(found, stmt, 16);
	c->phone = keep(found, stmt, 17);
	c->active = db_int(stmt, 18) != 0;
}

static bool fits(const char *wanted, const char *value)
{
	return wanted == NULL || strcmp(wanted, value) == 0;
}

static bool passes(const struct lookup_filter *filter, const struct lookup_organisation *o)
{
	bool address = filter->address == NULL;
	for (size_t i = 0; i < o->contacts && !address; i++)
		address = o->contact[i].active && strcmp(o->contact[i].address, filter->address) == 0;
	return address && fits(filter->key, o->key) && fits(filter->kind, o->kind) &&
		fits(filter->region, o->region) && fits(filter->municipality, o->municipality) &&
		fits(filter->parent, o->parent);
}

struct walk {
	const struct lookup_filter *filter;
	int (*each)(void *arg, const struct lookup_organisation *organisation);
	void *arg;
	struct found found;
	int64_t last;
	bool stopped;
};

static void hand_over(struct walk *walk)
{
	struct lookup_organisation *o = &walk->found.organisation;
	if (o->id != 0 && passes(walk->filter, o) && walk->each(walk->arg, o) != 0)
		walk->stopped = true;
	forget(&walk->found);
}

/* key and address have indexes; the rest is a walk over all (40,000 schools: 0.1 s). */
#define COLUMNS                                                                                    \
	"o.id, o.key, o.parent_key, o.kind, o.name, o.region, o.municipality, o.zone, o.extra, "   \
	"o.active, o.revision, o.updated_ms, c.id, c.role, c.name, c.position, c.address, c.phone, " \
	"c.active FROM organisation o LEFT JOIN contact c ON c.organisation = o.id "
#define BY_ID                                                                                      \
	"SELECT " COLUMNS                                                                          \
	"WHERE o.id IN (SELECT id FROM organisation WHERE id > $1 ORDER BY id LIMIT $2) ORDER BY o.id, c.id"
#define BY_KEY "SELECT " COLUMNS "WHERE o.key = $1 ORDER BY o.id, c.id"
#define BY_ADDRESS                                                                                 \
	"SELECT " COLUMNS                                                                          \
	"WHERE o.id IN (SELECT organisation FROM contact WHERE address = $1) ORDER BY o.id, c.id"

static int walk_rows(struct walk *walk, struct db_stmt *stmt, int64_t *organisations, struct error *e)
{
	enum db_step step = DB_DONE;
	*organisations = 0;
	while (!walk->stopped && (step = db_step(stmt, e)) == DB_ROW) {
		if (db_int(stmt, 0) != walk->found.organisation.id) {
			hand_over(walk);
			if (walk->stopped)
				break;
			take_organisation(&walk->found, stmt);
			walk->last = walk->found.organisation.id;
			++*organisations;
		}
		take_contact(&walk->found, stmt);
	}
	if (walk->stopped)
		db_reset(stmt);
	else if (step == DB_FAILED)
		return -1;
	else
		hand_over(walk);
	return 0;
}

int lookup_each(struct db *db, const struct lookup_filter *filter,
	int (*each)(void *arg, const struct lookup_organisation *organisation), void *arg,
	struct error *e)
{
	static const struct lookup_filter any = {0};
	struct walk walk = {.filter = filter != NULL ? filter : &any, .each = each, .arg = arg};
	struct db_stmt *stmt;
	int64_t organisations;
	int rc;
	walk.last = walk.filter->after;
	do {
		bool all = false;
		if (walk.filter->key != NULL)
			rc = db_query(db, &stmt, e, BY_KEY, "s", walk.filter->key);
		else if (walk.filter->address != NULL)
			rc = db_query(db, &stmt, e, BY_ADDRESS, "s", walk.filter->address);
		else {
			rc = db_query(db, &stmt, e, BY_ID, "ii", walk.last, (int64_t)BATCH);
			all = true;
		}
		if (rc == 0)
			rc = walk_rows(&walk, stmt, &organisations, e);
		if (!all)
			break;
	} while (rc == 0 && !walk.stopped && organisations == BATCH);
	forget(&walk.found);
	return rc;
}
