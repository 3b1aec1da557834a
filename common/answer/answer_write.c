/* What recording and deciding have in common: the ask in hand, its versions, its event. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer/answer.h"
#include "answer/answer_inside.h"
#include "answer/field_inside.h"
#include "base/clock.h"
#include "base/lang.h"

/* ---- the ask in hand ----------------------------------------------------------------- */

/* The row alone: joined ones would be locked as well, and a campaign's answers stand in line. */
static int lock_ask(struct db *tx, int64_t ask, struct error *e)
{
	int64_t found;
	enum db_step step =
		db_query_int(tx, &found, e, "SELECT id FROM ask WHERE id = $1 @FOR_UPDATE", "i", ask);
	if (step == DB_DONE)
		return error_set(e, ERROR_NOT_FOUND, "%s", tr("there is no such request", "такого запроса нет"));
	return step == DB_ROW ? 0 : -1;
}

int answer_case_open(struct answer_case *c, struct db *tx, struct bus *bus, const char *source,
	int64_t ask, const struct fields *known, struct error *e)
{
	*c = (struct answer_case){.tx = tx, .bus = bus, .source = source, .now_ms = clock_now_ms()};
	if (lock_ask(tx, ask, e) != 0)
		return -1;
	enum db_step step = ask_by_id(tx, ask, &c->ask, e);
	if (step != DB_ROW)
		return step == DB_FAILED ? -1 : error_set(e, ERROR_INTERNAL, "ask %" PRId64 " has no campaign", ask);
	if (c->ask.state == ASK_WITHDRAWN)
		return error_set(e, ERROR_DENIED, "%s",
			tr("this request was withdrawn: no answer is needed any more",
				"этот запрос отозван: отвечать на него больше не нужно"));
	c->fields = known != NULL ? known : &c->own;
	if (known == NULL && ask_fields(tx, c->ask.campaign, &c->own, e) != 0)
		return -1;
	return c->ask.answer == 0 ? 0 : answer_find(tx, ask, 0, c->ask.answer, &c->counting, e);
}

void answer_case_close(struct answer_case *c)
{
	ask_fini(&c->ask);
	fields_fini(&c->own);
	answer_fini(&c->counting);
}

/* What waits for people, as it is now. A bounce and an automatic reply are others' business. */
static int find_trouble(struct answer_case *c, struct error *e)
{
	int64_t differs = 0, proposed = 0, mails = 0;
	int64_t id = c->ask.id;
	if (db_query_int(c->tx, &differs, e,
		    "SELECT count(*) FROM answer WHERE ask = $1 AND state = 'differs'", "i", id) == DB_FAILED ||
		db_query_int(c->tx, &proposed, e,
			"SELECT count(*) FROM answer WHERE ask = $1 AND state = 'proposed'", "i", id) == DB_FAILED ||
		db_query_int(c->tx, &mails, e,
			"SELECT count(*) FROM mail_in WHERE ask = $1 AND state = 'review'", "i", id) == DB_FAILED)
		return -1;
	bool counts = c->ask.state == ASK_PARTIAL || c->ask.state == ASK_CONFIRMED;
	c->ask.trouble &= ~(int64_t)(ASK_TROUBLE_DIFFERS | ASK_TROUBLE_REVIEW);
	if (differs > 0)
		c->ask.trouble |= ASK_TROUBLE_DIFFERS;
	if (mails > 0 || (proposed > 0 && counts)) /* before that, `received` says it */
		c->ask.trouble |= ASK_TROUBLE_REVIEW;
	return 0;
}

int answer_case_store(struct answer_case *c, struct error *e)
{
	if (find_trouble(c, e) != 0)
		return -1;
	return db_exec(c->tx, e,
		"UPDATE ask SET state = $2, trouble = $3, answer = NULLIF(CAST($4 AS BIGINT), 0), versions = $5,"
		" updated_ms = $6 WHERE id = $1",
		"isiiii", c->ask.id, ask_state_name(c->ask.state), c->ask.trouble, c->ask.answer,
		c->ask.versions, c->now_ms);
}

int answer_set_state(struct answer_case *c, int64_t answer, const char *state, struct error *e)
{
	return db_exec(c->tx, e, "UPDATE answer SET state = $2 WHERE id = $1", "is", answer, state);
}

int answer_settle(struct answer_case *c, int64_t except, struct error *e)
{
	if (db_exec(c->tx, e,
		    "UPDATE answer SET state = 'superseded' WHERE ask = $1 AND state = 'proposed' AND id <> $2",
		    "ii", c->ask.id, except) != 0)
		return -1;
	return db_exec(c->tx, e,
		"UPDATE answer SET state = 'refused' WHERE ask = $1 AND state = 'differs' AND id <> $2", "ii",
		c->ask.id, except);
}

int answer_insert(struct answer_case *c, const struct answer_row *row, int64_t *id, struct error *e)
{
	char *fields = json_dumps(row->fields, JSON_COMPACT | JSON_REAL_PRECISION(NUMERAL_DIGITS_MAX));
	char *missing = json_dumps(row->missing, JSON_COMPACT);
	enum db_step step = DB_FAILED;
	if (fields == NULL || missing == NULL)
		(void)error_set(e, ERROR_INPUT, "%s", tr("the answer is not UTF-8", "ответ – не в UTF-8"));
	else
		step = db_query_int(c->tx, id, e,
			"INSERT INTO answer (ask, version, way, state, fields, missing, name, phone, address, actor,"
			" note, late, received_ms, recorded_ms, mail)"
			" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,"
			" NULLIF(CAST($15 AS BIGINT), 0)) RETURNING id",
			"iisssssssssiiii", c->ask.id, c->ask.versions + 1, answer_way_name(row->way), row->state,
			fields, missing, row->name, row->phone, row->address, row->actor, row->note,
			(int64_t)row->late, row->received_ms, c->now_ms, row->mail);
	free(fields);
	free(missing);
	if (step == DB_DONE)
		return error_set(e, ERROR_INTERNAL, "an answer got no number");
	if (step == DB_FAILED)
		return -1;
	c->ask.versions++;
	return 0;
}

/* ---- events ----------------------------------------------------------------------------- */

/* Only what is no text of people: names stand in texts and tables. */
static json_t *public_fields(const struct fields *fields, const json_t *values)
{
	json_t *out = json_object();
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *field = &fields->item[i];
		json_t *value = json_object_get(values, field->name);
		bool plain = field_sums(field) || field->type == FIELD_DATE || field->type == FIELD_CHOICE;
		if (plain && !field_empty(value))
			(void)json_object_set(out, field->name, value);
	}
	return out;
}

char *answer_event_data(const struct ask *ask, const struct fields *fields, int64_t version,
	enum answer_way way, bool late, const json_t *values)
{
	json_t *data = json_pack("{s:I, s:I, s:s, s:I, s:I, s:s, s:s, s:I, s:s, s:b}", "ask",
		(json_int_t)ask->id, "campaign", (json_int_t)ask->campaign, "slug", ask->slug, "round",
		(json_int_t)ask->round_number, "organisation", (json_int_t)ask->organisation, "key", ask->key,
		"state", ask_state_name(ask->state), "version", (json_int_t)version, "way", answer_way_name(way),
		"late", late ? 1 : 0);
	if (data != NULL && values != NULL)
		(void)json_object_set_new(data, "fields", public_fields(fields, values));
	char *text = data == NULL ? NULL : json_dumps(data, JSON_COMPACT | JSON_REAL_PRECISION(NUMERAL_DIGITS_MAX));
	json_decref(data);
	return text;
}

int answer_event(const struct answer_case *c, const char *word, int64_t version, enum answer_way way,
	bool late, const json_t *fields, bool unique, struct error *e)
{
	char type[64], key[32], id[128], ident[IDENT_SIZE];
	char *text = answer_event_data(&c->ask, c->fields, version, way, late, fields);
	if (text == NULL)
		return error_set(e, ERROR_INTERNAL, "ask %" PRId64 ": its key is not UTF-8", c->ask.id);
	(void)snprintf(type, sizeof type, ANSWER_EVENT_PREFIX "%s", word);
	(void)snprintf(key, sizeof key, "a%" PRId64, c->ask.id);
	(void)snprintf(id, sizeof id, "%" PRId64 ".%" PRId64 ".%s%s%s", c->ask.id, version, word, unique ? "." : "",
		unique ? ident_new(ident) : "");
	const struct bus_message message = {.topic = BUS_STATUS,
		.key = key,
		.id = id,
		.source = c->source,
		.type = type,
		.time_ms = c->now_ms,
		.data = text,
		.len = strlen(text)};
	int rc = bus_publish_tx(c->bus, c->tx, &message, e);
	free(text);
	return rc;
}

int answer_withdraw(struct db *tx, struct bus *bus, const char *source, int64_t ask, struct error *e)
{
	struct answer_case c = {.tx = tx, .bus = bus, .source = source, .now_ms = clock_now_ms()};
	int rc = lock_ask(tx, ask, e);
	if (rc == 0 && ask_by_id(tx, ask, &c.ask, e) != DB_ROW)
		rc = -1;
	if (rc == 0 && c.ask.state != ASK_WITHDRAWN) {
		c.ask.state = ASK_WITHDRAWN;
		rc = answer_case_store(&c, e);
		if (rc == 0)
			rc = answer_event(&c, "withdrawn", c.ask.versions, ANSWER_STAFF, false, NULL, false, e);
	}
	answer_case_close(&c);
	return rc;
}
