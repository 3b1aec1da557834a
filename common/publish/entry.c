/* A round's text for everybody. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "campaign/amend.h"
#include "campaign/compile.h" /* the values that are the same for every recipient */
#include "campaign/definition.h"
#include "publish/publish_inside.h"

struct wish wish_of(const json_t *definition)
{
	const json_t *publish = json_object_get(definition, "publish");
	return (struct wish){.page = json_is_true(json_object_get(publish, "page")),
		.feed = json_is_true(json_object_get(publish, "feed")),
		.attachments = !json_is_false(json_object_get(publish, "attachments"))};
}

/* Name of the letter of a step, the mended one where it was corrected; NULL when there is none. */
static const char *letter_of(const json_t *definition, int64_t first)
{
	int64_t step = amend_current_step(definition, first);
	size_t i;
	const json_t *item;
	json_array_foreach(json_object_get(definition, "steps"), i, item)
		if (json_integer_value(json_object_get(item, "step")) == step)
			return json_string_value(json_object_get(item, "letter"));
	return NULL;
}

/* *text: owned by the caller. */
static int read_letter(struct db *db, int64_t campaign, const char *name, char **text, size_t *len, struct error *e)
{
	struct db_stmt *stmt;
	*text = NULL;
	if (db_query(db, &stmt, e,
		    "SELECT b.data FROM campaign_file f JOIN blob b ON b.hash = f.hash"
		    " WHERE f.campaign = $1 AND f.purpose = 'letter' AND f.name = $2",
		    "is", campaign, name) != 0)
		return -1;
	enum db_step step = db_step(stmt, e);
	if (step == DB_ROW) {
		const void *data = db_blob(stmt, 0, len);
		*text = xstrndup(data == NULL ? "" : data, *len);
		*len = strlen(*text);
		db_reset(stmt);
		return 0;
	}
	return step == DB_FAILED ? -1
				 : error_set(e, ERROR_NOT_FOUND, tr("the letter «%.60s» is not there", "нет письма «%.60s»"), name);
}

/* What everybody's letter of the round knows. */
static json_t *fields_of(const json_t *definition, const json_t *round, int64_t deadline_ms)
{
	json_t *fields = compile_constants(definition);
	const json_t *deadline = json_object_get(round, "deadline");
	json_t *more = definition_round_fields(definition, round, deadline);
	if (deadline_ms != TIME_NEVER_MS && deadline != NULL)
		json_object_set_new(more, "deadline",
			definition_deadline_fields(deadline_ms, definition_zone(definition), definition_lang(definition)));
	json_object_update(fields, more);
	json_decref(more);
	return fields;
}

int entry_text(struct db *db, int64_t campaign, const json_t *definition, int64_t number, int64_t deadline_ms,
	struct letter_public *out, struct error *e)
{
	json_t *round = definition_round(definition, number);
	const char *name = letter_of(definition, json_integer_value(json_object_get(round, "first")));
	char *text = NULL;
	size_t len = 0;
	int rc = -1;
	*out = (struct letter_public){0};
	if (round == NULL || name == NULL) {
		(void)error_set(e, ERROR_NOT_FOUND, tr("there is no round or stage %lld", "нет этапа или периода %lld"),
			(long long)number);
	} else if (read_letter(db, campaign, name, &text, &len, e) == 0) {
		json_t *fields = fields_of(definition, round, deadline_ms);
		rc = letter_public(text, len, fields, definition_lang(definition), definition_zone(definition), out, e);
		json_decref(fields);
	}
	free(text);
	json_decref(round);
	return rc;
}

static int read_deadline(struct db *db, int64_t campaign, int64_t number, int64_t *deadline_ms, struct error *e)
{
	struct db_stmt *stmt;
	*deadline_ms = TIME_NEVER_MS;
	if (db_query(db, &stmt, e, "SELECT deadline_ms FROM round WHERE campaign = $1 AND number = $2", "ii", campaign,
		    number) != 0)
		return -1;
	enum db_step step = db_step(stmt, e);
	if (step == DB_ROW && !db_is_null(stmt, 0))
		*deadline_ms = db_int(stmt, 0);
	db_reset(stmt);
	return step == DB_FAILED ? -1 : 0;
}

static char *deadline_words(const json_t *definition, int64_t deadline_ms)
{
	char words[DEFINITION_FULL_SIZE] = "";
	if (deadline_ms != TIME_NEVER_MS)
		(void)definition_deadline_words(
			deadline_ms, definition_zone(definition), definition_lang(definition), words);
	return xstrdup(words);
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text == NULL ? "" : text;
}

int entry_make(struct db *db, int64_t campaign, const json_t *definition, int64_t number, struct publish_entry *out,
	struct error *e)
{
	struct letter_public text;
	int64_t deadline_ms;
	*out = (struct publish_entry){.number = number};
	if (read_deadline(db, campaign, number, &deadline_ms, e) != 0 ||
		entry_text(db, campaign, definition, number, deadline_ms, &text, e) != 0)
		return -1;
	json_t *round = definition_round(definition, number);
	const char *label = text_of(round, "label");
	const char *title = text.title != NULL && text.title[0] != '\0' ? text.title
		: label[0] != '\0' ? label : text_of(definition, "title");
	out->title = xstrdup(title);
	out->label = xstrdup(strcmp(title, label) == 0 ? "" : label);
	out->text = xstrdup(text.text);
	out->html = xstrdup(text.html);
	out->deadline = deadline_words(definition, deadline_ms);
	json_decref(round);
	letter_public_fini(&text);
	return 0;
}

void entry_fini(struct publish_entry *entry)
{
	free(entry->title);
	free(entry->label);
	free(entry->text);
	free(entry->html);
	free(entry->deadline);
	*entry = (struct publish_entry){0};
}

int publish_text(struct db *db, const char *slug, int64_t round_number, struct letter_public *out, struct error *e)
{
	struct db_stmt *stmt;
	json_t *definition = NULL;
	int64_t id = 0, deadline_ms;
	int rc = -1;
	*out = (struct letter_public){0};
	if (db_query(db, &stmt, e, "SELECT id, definition FROM campaign WHERE slug = $1 AND kind = 'campaign'", "s", slug) != 0)
		return -1;
	enum db_step step = db_step(stmt, e);
	if (step == DB_ROW) {
		id = db_int(stmt, 0);
		definition = json_loads(db_text(stmt, 1), 0, NULL);
		db_reset(stmt);
	}
	if (step == DB_DONE)
		(void)error_set(e, ERROR_NOT_FOUND, tr("there is no campaign «%.80s» (vestnik campaign list)",
			"нет рассылки «%.80s» (vestnik campaign list)"), slug);
	if (step != DB_ROW)
		return -1;
	if (round_number == 0) {
		json_t *rounds = definition_rounds(definition);
		round_number = json_integer_value(json_object_get(json_array_get(rounds, 0), "number"));
		json_decref(rounds);
	}
	if (read_deadline(db, id, round_number, &deadline_ms, e) == 0)
		rc = entry_text(db, id, definition, round_number, deadline_ms, out, e);
	json_decref(definition);
	return rc;
}
