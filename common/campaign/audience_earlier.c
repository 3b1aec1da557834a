/* What became of earlier letters: for conditions («не ответили») and for letters
 * that follow up ({{previous.registered}}). One statement per question and batch. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/xalloc.h"
#include "campaign/audience_batch.h"

/* An organisation's latest ask of a campaign, with the answer that counts. */
static const char asks_sql[] =
	"SELECT o.id, a.state, n.fields FROM organisation o CROSS JOIN ask a "
	"LEFT JOIN answer n ON n.id = a.answer "
	"WHERE o.id > $1 AND o.id <= $2 AND o.active = 1 AND a.organisation = o.id AND a.campaign = $3 "
	"ORDER BY o.id, a.id";
/* Rows of those who are expected to acknowledge; the missing first. */
static const char acknowledged_sql[] =
	"SELECT k.organisation, k.time_ms FROM round r CROSS JOIN acknowledgement k "
	"WHERE k.organisation > $1 AND k.organisation <= $2 AND r.campaign = $3 AND k.round = r.id "
	"ORDER BY k.organisation, k.time_ms IS NOT NULL";
/* First letters alone: `expand` has a row for each of their steps. */
static const char delivered_sql[] =
	"SELECT d.recipient, 1 FROM expand x CROSS JOIN delivery d "
	"WHERE d.recipient > $1 AND d.recipient <= $2 AND x.campaign = $3 AND d.round = x.round "
	"AND d.step = x.step AND d.state IN (5, 6) ORDER BY d.recipient";
/* First letters that went out mended: their steps stand in the definition alone. */
static const char corrected_sql[] =
	"SELECT d.recipient, 1 FROM round r CROSS JOIN @KEYS($4) k CROSS JOIN delivery d "
	"WHERE d.recipient > $1 AND d.recipient <= $2 AND r.campaign = $3 AND d.round = r.id "
	"AND d.step = k.key AND d.state IN (5, 6) ORDER BY d.recipient";

static char *value_words(const json_t *value)
{
	if (json_is_string(value))
		return xstrdup(json_string_value(value));
	if (json_is_integer(value))
		return xasprintf("%lld", (long long)json_integer_value(value));
	if (json_is_real(value))
		return xasprintf("%.10g", json_real_value(value));
	if (!json_is_array(value))
		return xstrdup("");
	if (json_is_object(json_array_get(value, 0))) /* a table: how many rows */
		return xasprintf("%zu", json_array_size(value));
	struct buf b;
	buf_init(&b, DATASET_FIELDS_MAX_BYTES);
	for (size_t i = 0; i < json_array_size(value); i++) {
		const char *text = json_string_value(json_array_get(value, i));
		(void)buf_printf(&b, "%s%s", i == 0 ? "" : ", ", text == NULL ? "" : text);
	}
	return buf_take(&b);
}

static void take_ask(struct batch *b, struct organisation *o, struct db_stmt *row, bool previous)
{
	const char *state = db_text(row, 1), *key;
	bool answered = strcmp(state, "open") != 0 && strcmp(state, "withdrawn") != 0;
	if (previous != b->call->audience->own_states)
		o->answered = answered;
	if (!previous)
		return;
	json_decref(o->previous);
	o->previous = json_copy(b->call->audience->previous_empty);
	audience_put(o->previous, "answered", answered ? "1" : "");
	json_t *fields = db_is_null(row, 2) ? NULL : json_loads(db_text(row, 2), 0, NULL), *value;
	json_object_foreach(fields, key, value)
	{
		char *words = value_words(value);
		if (json_object_get(o->previous, key) != NULL)
			audience_put(o->previous, key, words);
		free(words);
	}
	json_decref(fields);
}

struct states {
	const char *sql;
	int64_t campaign;
	void (*take)(struct batch *b, struct organisation *o, struct db_stmt *row, bool previous);
	bool previous;
	const char *keys; /* of @KEYS($4); NULL = the statement has none */
};

static int read_states(struct db *db, struct batch *b, const struct states *states, struct error *e)
{
	struct db_stmt *stmt;
	enum db_step step;
	size_t i = 0;
	if (db_query(db, &stmt, e, states->sql, states->keys == NULL ? "iii" : "iiis", b->call->after,
		    b->call->last, states->campaign, states->keys) != 0)
		return -1;
	while ((step = db_step(stmt, e)) == DB_ROW) {
		int64_t id = db_int(stmt, 0);
		while (i < b->organisations && b->organisation[i].id < id)
			i++;
		if (i < b->organisations && b->organisation[i].id == id)
			states->take(b, &b->organisation[i], stmt, states->previous);
	}
	return step == DB_DONE ? 0 : -1;
}

static void take_acknowledged(struct batch *b, struct organisation *o, struct db_stmt *row, bool previous)
{
	(void)b;
	(void)previous;
	/* The first row of an organisation is a missing one where there is any. */
	if (db_is_null(row, 1))
		o->unread = true;
	o->acknowledged = !o->unread;
}

static void take_delivered(struct batch *b, struct organisation *o, struct db_stmt *row, bool previous)
{
	(void)b;
	(void)row;
	(void)previous;
	o->delivered = true;
}

/* Steps that replaced others, as JSON; NULL: none (or trouble: e->code). The caller frees. */
static char *corrected_steps(struct db *db, int64_t campaign, struct error *e)
{
	struct db_stmt *stmt;
	error_clear(e);
	if (db_query(db, &stmt, e, "SELECT definition FROM campaign WHERE id = $1", "i", campaign) != 0 ||
		db_step(stmt, e) != DB_ROW)
		return NULL;
	json_t *definition = json_loads(db_text(stmt, 0), 0, NULL), *steps = json_array(), *item;
	db_reset(stmt);
	size_t index;
	json_array_foreach(json_object_get(definition, "steps"), index, item)
		if (json_is_integer(json_object_get(item, "corrects")))
			json_array_append(steps, json_object_get(item, "step"));
	char *keys = json_array_size(steps) == 0 ? NULL : json_dumps(steps, JSON_COMPACT);
	json_decref(steps);
	json_decref(definition);
	return keys;
}

static int read_delivered(struct db *db, struct batch *b, int64_t campaign, struct error *e)
{
	if (read_states(db, b, &(struct states){delivered_sql, campaign, take_delivered, false, NULL}, e) != 0)
		return -1;
	char *keys = corrected_steps(db, campaign, e);
	int rc = keys == NULL ? (e->code == ERROR_NONE ? 0 : -1)
			      : read_states(db, b,
					&(struct states){corrected_sql, campaign, take_delivered, false, keys}, e);
	free(keys);
	return rc;
}

static int campaign_of(struct db *db, const char *slug, int64_t *id, struct error *e)
{
	enum db_step step = db_query_int(db, id, e, "SELECT id FROM campaign WHERE slug = $1", "s", slug);
	if (step == DB_DONE)
		*id = 0; /* then nobody has answered it */
	return step == DB_FAILED ? -1 : 0;
}

int audience_read_earlier(struct db *db, struct batch *b, struct error *e)
{
	const struct audience *a = b->call->audience;
	int64_t previous = 0;
	if (b->organisations == 0 || (a->previous == NULL && !a->reads_states))
		return 0;
	if (a->previous != NULL && campaign_of(db, a->previous, &previous, e) != 0)
		return -1;
	if (a->previous != NULL &&
		read_states(db, b, &(struct states){asks_sql, previous, take_ask, true, NULL}, e) != 0)
		return -1;
	if (!a->reads_states)
		return 0;
	int64_t of = a->own_states ? b->call->campaign : previous;
	if (a->own_states &&
		read_states(db, b, &(struct states){asks_sql, of, take_ask, false, NULL}, e) != 0)
		return -1;
	if (read_states(db, b, &(struct states){acknowledged_sql, of, take_acknowledged, false, NULL}, e) != 0)
		return -1;
	return read_delivered(db, b, of, e);
}
