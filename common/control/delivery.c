#include "control/delivery.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/gate.h"
#include "base/lang.h"
#include "base/xalloc.h"
#include "webhook/log.h"

#define RELATED_MOST 200 /* of one kind: more is no story any more */

/* ---- the row ----------------------------------------------------------------------------- */

#define TEXTS 18
static void texts_of(struct delivery *d, char **out[static TEXTS])
{
	char **all[TEXTS] = {&d->address, &d->fields, &d->slug, &d->title, &d->kind, &d->campaign_state, &d->campaign_reason,
		&d->created_by, &d->sender, &d->reason, &d->relay, &d->organisation, &d->organisation_key, &d->municipality,
		&d->contact, &d->contact_role, &d->round_label, &d->suppressed};
	memcpy(out, all, sizeof all);
}

void delivery_fini(struct delivery *delivery)
{
	char **text[TEXTS];
	texts_of(delivery, text);
	for (size_t i = 0; i < TEXTS; i++)
		free(*text[i]);
	*delivery = (struct delivery){0};
}

static const char delivery_sql[] =
	"SELECT d.campaign, d.round, d.step, d.recipient, d.state, d.dispatch, d.attempts, d.uncertain, d.not_after_ms, "
	"d.updated_ms, d.code, d.reminds, s.due_ms, s.claimed_ms, c.created_ms, c.launched_ms, r.number, r.deadline_ms, "
	"s.key, d.address, d.fields, c.slug, c.title, c.kind, c.state, c.state_reason, c.created_by, c.sender, d.reason, "
	"d.relay, o.name, o.key, o.municipality, p.name, p.role, r.label, u.reason "
	"FROM delivery d LEFT JOIN campaign c ON c.id = d.campaign LEFT JOIN round r ON r.id = d.round "
	"LEFT JOIN organisation o ON o.id = d.recipient "
	"LEFT JOIN contact p ON p.id = d.contact AND p.organisation = d.recipient "
	"LEFT JOIN schedule s ON s.key = d.key LEFT JOIN suppression u ON u.address = d.address WHERE d.key = $1";

int delivery_load(struct db *db, int64_t key, struct delivery *d, struct error *e)
{
	struct db_stmt *row;
	int64_t state = 0;
	*d = (struct delivery){.key = key};
	if (db_query(db, &row, e, delivery_sql, "i", key) != 0)
		return -1;
	enum db_step step = db_step(row, e);
	if (step == DB_FAILED)
		return -1;
	if (step == DB_DONE)
		return error_set(e, ERROR_NOT_FOUND, tr("there is no letter %lld", "письма %lld нет"), (long long)key);
	int64_t *numbers[] = {&d->campaign, &d->round, &d->step, &d->recipient, &state, &d->dispatch, &d->attempts,
		&d->uncertain, &d->not_after_ms, &d->updated_ms, &d->code, &d->reminds, &d->due_ms, &d->claimed_ms,
		&d->created_ms, &d->launched_ms, &d->round_number, &d->deadline_ms};
	char **text[TEXTS];
	int column = 0;
	texts_of(d, text);
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		*numbers[i] = db_int(row, column++);
	d->state = (enum delivery_state)state;
	d->scheduled = !db_is_null(row, column++);
	for (size_t i = 0; i < TEXTS; i++)
		*text[i] = xstrdup(db_text(row, column++));
	db_reset(row);
	return 0;
}

/* ---- which letter ------------------------------------------------------------------------- */

static const char *tag_of(const char *text, char tag[static IDENT_TAG_SIZE * 2])
{
	const char *begin = text[0] == '<' ? text + 1 : text;
	snprintf(tag, IDENT_TAG_SIZE * 2, "%.*s", (int)strcspn(begin, "@>"), begin);
	return tag;
}

bool delivery_key_plain(const char *text, int64_t *out)
{
	char tag[IDENT_TAG_SIZE * 2];
	long long number;
	(void)tag_of(text, tag);
	char *dot = strchr(tag, '.');
	if (dot != NULL && strchr(dot + 1, '.') == NULL)
		*dot = '\0';
	else if (dot != NULL || strcmp(tag, text) != 0)
		return false;
	if (!gate_int64(tag, 1, INT64_MAX, &number))
		return false;
	*out = number;
	return true;
}

int delivery_key_read(const struct ident_key *key, const char *text, int64_t *out)
{
	char tag[IDENT_TAG_SIZE * 2];
	int64_t dispatch;
	if (delivery_key_plain(text, out))
		return 0;
	return key != NULL && ident_tag_parse(key, tag_of(text, tag), out, &dispatch) ? 0 : -1;
}

/* ---- what happens next ---------------------------------------------------------------------- */

enum delivery_next delivery_next(const struct delivery *d, int64_t now_ms, int64_t *when_ms)
{
	const char *campaign = d->campaign_state != NULL ? d->campaign_state : "";
	*when_ms = 0;
	if (d->state == DELIVERY_UNCERTAIN && !d->scheduled)
		return DELIVERY_NEXT_OPERATOR;
	if (delivery_state_terminal(d->state) || !d->scheduled)
		return DELIVERY_NEXT_NOTHING;
	if (strcmp(campaign, "paused") == 0)
		return DELIVERY_NEXT_RESUME;
	if (strcmp(campaign, "cancelled") == 0)
		return DELIVERY_NEXT_CANCELLED;
	*when_ms = d->claimed_ms != 0 ? d->claimed_ms : d->due_ms;
	if (d->claimed_ms != 0)
		return DELIVERY_NEXT_UNDER_WAY;
	return d->due_ms <= now_ms ? DELIVERY_NEXT_TURN : DELIVERY_NEXT_LATER;
}

/* ---- what came of it -------------------------------------------------------------------------- */

enum db_step delivery_ask(struct db *db, const struct delivery *d, struct delivery_ask *out, struct error *e)
{
	struct db_stmt *row;
	int rc = d->reminds != 0
		? db_query(db, &row, e, "SELECT id, deadline_ms, versions, state FROM ask WHERE id = $1", "i", d->reminds)
		: db_query(db, &row, e,
			"SELECT id, deadline_ms, versions, state FROM ask WHERE round = $1 AND organisation = $2", "ii", d->round,
			d->recipient);
	if (rc != 0)
		return DB_FAILED;
	enum db_step step = db_step(row, e);
	if (step != DB_ROW)
		return step;
	*out = (struct delivery_ask){.id = db_int(row, 0), .deadline_ms = db_int(row, 1), .answers = db_int(row, 2)};
	snprintf(out->state, sizeof out->state, "%s", db_text(row, 3));
	db_reset(row);
	return DB_ROW;
}

int delivery_answers(struct db *db, int64_t ask, void (*each)(void *arg, const struct delivery_answer *answer),
	void *arg, struct error *e)
{
	struct db_stmt *row;
	enum db_step step;
	if (db_query(db, &row, e,
		    "SELECT version, received_ms, way, state, late FROM answer WHERE ask = $1 ORDER BY version LIMIT $2", "ii",
		    ask, (int64_t)RELATED_MOST) != 0)
		return -1;
	while ((step = db_step(row, e)) == DB_ROW) {
		const struct delivery_answer answer = {.version = db_int(row, 0),
			.received_ms = db_int(row, 1),
			.way = db_text(row, 2),
			.state = db_text(row, 3),
			.late = db_int(row, 4) != 0};
		each(arg, &answer);
	}
	return step == DB_FAILED ? -1 : 0;
}

int delivery_mails(struct db *db, int64_t key, void (*each)(void *arg, const struct delivery_mail *mail), void *arg,
	struct error *e)
{
	struct db_stmt *row;
	enum db_step step;
	if (db_query(db, &row, e,
		    "SELECT id, received_ms, kind, address, subject, state, note FROM mail_in WHERE delivery = $1 ORDER BY id "
		    "LIMIT $2",
		    "ii", key, (int64_t)RELATED_MOST) != 0)
		return -1;
	while ((step = db_step(row, e)) == DB_ROW) {
		const struct delivery_mail mail = {.id = db_int(row, 0),
			.received_ms = db_int(row, 1),
			.kind = db_text(row, 2),
			.address = db_text(row, 3),
			.subject = db_text(row, 4),
			.state = db_text(row, 5),
			.note = db_text(row, 6)};
		each(arg, &mail);
	}
	return step == DB_FAILED ? -1 : 0;
}

/* Is it this letter's event? The body is ours: one JSON object with data.key. */
static bool about(const char *body, int64_t key)
{
	json_t *event = json_loads(body, 0, NULL);
	const json_t *number = json_object_get(json_object_get(event, "data"), "key");
	bool same = json_is_integer(number) && json_integer_value(number) == key;
	json_decref(event);
	return same;
}

/* A message's id begins with its event's millisecond (webhook/log.h): few rows have this one. */
int delivery_webhooks(struct db *db, const struct delivery_line *line,
	void (*each)(void *arg, const struct delivery_webhook *webhook), void *arg, struct error *e)
{
	char from[WEBHOOK_ID_SIZE], until[WEBHOOK_ID_SIZE];
	struct db_stmt *row;
	enum db_step step;
	if (db_query(db, &row, e,
		    "SELECT p.id, p.url, m.id, m.type, m.state, m.time_ms, m.attempts, m.due_ms, m.body FROM endpoint p "
		    "CROSS JOIN webhook_message m WHERE m.endpoint = p.id AND m.id >= $1 AND m.id < $2 AND m.type = $3 LIMIT $4",
		    "sssi", webhook_id_from(line->time_ms, from), webhook_id_from(line->time_ms + 1, until),
		    status_type((enum delivery_state)line->state), (int64_t)RELATED_MOST) != 0)
		return -1;
	while ((step = db_step(row, e)) == DB_ROW) {
		const struct delivery_webhook webhook = {.endpoint = db_text(row, 0),
			.url = db_text(row, 1),
			.id = db_text(row, 2),
			.type = db_text(row, 3),
			.state = db_text(row, 4),
			.time_ms = db_int(row, 5),
			.attempts = db_int(row, 6),
			.due_ms = db_int(row, 7)};
		if (about(db_text(row, 8), line->key))
			each(arg, &webhook);
	}
	return step == DB_FAILED ? -1 : 0;
}

int delivery_contact_readdress(struct db *tx, const char *organisation_key, const char *role, const char *address,
	struct error *e)
{
	int64_t contact = 0;
	enum db_step step = db_query_int(tx, &contact, e,
		"SELECT c.id FROM contact c JOIN organisation o ON o.id = c.organisation WHERE o.key = $1 AND c.active = 1"
		" AND ($2 = '' OR c.role = $2) ORDER BY c.id LIMIT 1",
		"ss", organisation_key, role == NULL ? "" : role);
	if (step == DB_DONE)
		return error_set(e, ERROR_NOT_FOUND,
			tr("the directory has no such contact of «%.80s»", "в справочнике нет такого контакта у «%.80s»"),
			organisation_key);
	if (step == DB_FAILED)
		return -1;
	return db_exec(tx, e, "UPDATE contact SET address = $2, updated_ms = $3 WHERE id = $1", "isi", contact, address,
		clock_now_ms());
}
