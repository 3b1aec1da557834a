#include "answer/acknowledge.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/lang.h"
#include "base/xalloc.h"
#include "campaign/definition.h"

#define COLUMNS                                                                                    \
	"SELECT k.id, k.campaign, k.round, k.organisation, k.time_ms, k.name, k.title, k.way,"        \
	" c.slug, c.title, c.definition, o.name, r.state, r.number"                                             \
	" FROM acknowledgement k JOIN campaign c ON c.id = k.campaign JOIN round r ON r.id = k.round" \
	" LEFT JOIN organisation o ON o.id = k.organisation WHERE k.id = $1"

static char *text(struct db_stmt *row, int column)
{
	const char *value = db_text(row, column);
	return xstrdup(value == NULL ? "" : value);
}

static void read_definition(struct acknowledge *out, const char *definition)
{
	json_t *all = json_loads(definition == NULL ? "" : definition, 0, NULL);
	char *document = definition_document_words(all, lang_get());
	out->document = document != NULL ? document : xstrdup("");
	out->zone = xstrdup(definition_zone(all));
	json_decref(all);
}

enum db_step acknowledge_by_id(struct db *db, int64_t id, struct acknowledge *out, struct error *e)
{
	struct db_stmt *row;
	*out = (struct acknowledge){0};
	if (db_query(db, &row, e, COLUMNS, "i", id) != 0)
		return DB_FAILED;
	enum db_step step = db_step(row, e);
	if (step != DB_ROW)
		return step;
	*out = (struct acknowledge){.id = db_int(row, 0),
		.campaign = db_int(row, 1),
		.round = db_int(row, 2),
		.organisation = db_int(row, 3),
		.time_ms = db_int(row, 4),
		.name = text(row, 5),
		.title = text(row, 6),
		.way = text(row, 7),
		.slug = text(row, 8),
		.campaign_title = text(row, 9),
		.organisation_name = text(row, 11),
		.round_number = db_int(row, 13),
		.withdrawn = strcmp(db_text(row, 12), "withdrawn") == 0};
	read_definition(out, db_text(row, 10));
	db_reset(row);
	return DB_ROW;
}

void acknowledge_fini(struct acknowledge *who)
{
	char *const owned[] = {who->name, who->title, who->way, who->slug, who->campaign_title, who->document,
		who->organisation_name, who->zone};
	for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++)
		free(owned[i]);
	*who = (struct acknowledge){0};
}

static int publish(struct db *tx, struct bus *bus, const char *source, const struct acknowledge *who, const char *way,
	int64_t time_ms, struct error *e)
{
	char id[48], key[32];
	json_t *data = json_pack("{s:I, s:I, s:s, s:I, s:I, s:s}", "acknowledgement", (json_int_t)who->id, "campaign",
		(json_int_t)who->campaign, "slug", who->slug, "round", (json_int_t)who->round_number, "organisation",
		(json_int_t)who->organisation, "way", way);
	char *json = json_dumps(data, JSON_COMPACT);
	(void)snprintf(id, sizeof id, "%" PRId64 ".acknowledged", who->id);
	(void)snprintf(key, sizeof key, "k%" PRId64, who->id);
	const struct bus_message message = {.topic = BUS_STATUS,
		.key = key,
		.id = id,
		.source = source,
		.type = "vestnik.acknowledged",
		.time_ms = time_ms,
		.data = json,
		.len = strlen(json)};
	int rc = bus_publish_tx(bus, tx, &message, e);
	free(json);
	json_decref(data);
	return rc;
}

int acknowledge_note(struct db *tx, struct bus *bus, const char *source, int64_t id, const char *way,
	const char *actor, int64_t time_ms, struct error *e)
{
	struct acknowledge who = {0};
	int rc = -1;
	switch (acknowledge_by_id(tx, id, &who, e)) {
	case DB_FAILED:
		goto out;
	case DB_DONE:
		error_set(e, ERROR_NOT_FOUND, "%s", tr("nobody is expected under this number", "под этим номером никого не ждут"));
		goto out;
	case DB_ROW:
		break;
	}
	if (who.withdrawn) {
		error_set(e, ERROR_DENIED, "%s",
			tr("this was withdrawn: nothing needs to be acknowledged", "это отозвано: ознакомляться не нужно"));
		goto out;
	}
	/* Once: of two that press at the same moment the second changes no row. */
	if (db_exec(tx, e, "UPDATE acknowledgement SET time_ms = $2, way = $3, actor = $4 WHERE id = $1 AND time_ms IS NULL",
		    "iiss", id, time_ms, way, actor) != 0)
		goto out;
	int64_t changed = db_changes(tx);
	if (changed < 0)
		goto out;
	rc = changed == 0 ? 0 : publish(tx, bus, source, &who, way, time_ms, e);
out:
	acknowledge_fini(&who);
	return rc;
}
