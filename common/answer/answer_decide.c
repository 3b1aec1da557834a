/* Staff decide about versions. */
#include <stdio.h>
#include <string.h>

#include "answer/answer.h"
#include "answer/answer_inside.h"
#include "base/lang.h"
#include "base/xalloc.h"

struct decision {
	const char *actor, *note;
	const char *word;   /* of the event */
	struct answer about;
};

/* version 0: the latest that waits; when none does, the one that counts. */
static int find_version(struct answer_case *c, int64_t version, struct answer *out, struct error *e)
{
	int64_t id = 0;
	if (version == 0) {
		enum db_step step = db_query_int(c->tx, &id, e,
			"SELECT id FROM answer WHERE ask = $1 AND state IN ('proposed', 'differs')"
			" ORDER BY version DESC LIMIT 1",
			"i", c->ask.id);
		if (step == DB_FAILED)
			return -1;
		if (step == DB_DONE)
			id = c->ask.answer;
		if (id == 0)
			return error_set(e, ERROR_CONFLICT, "%s",
				tr("nothing has come that could be decided about", "решать не о чем: ответа ещё не было"));
	}
	if (answer_find(c->tx, c->ask.id, version, id, out, e) != 0)
		return -1;
	if (out->id == 0)
		return error_set(e, ERROR_NOT_FOUND, tr("there is no version %lld", "версии %lld нет"), (long long)version);
	return 0;
}

static enum ask_state state_by(const json_t *missing)
{
	return json_array_size(missing) == 0 ? ASK_CONFIRMED : ASK_PARTIAL;
}

/* A version of what counted and what is confirmed together, when that is something else than each. */
static int insert_merged(struct answer_case *c, const struct decision *d, const json_t *whole,
	int64_t *id, json_t **missing, struct error *e)
{
	char note[120];
	(void)snprintf(note, sizeof note, tr("confirmed: version %lld", "подтверждено: версия %lld"), (long long)d->about.version);
	*missing = fields_missing(c->fields, whole);
	const struct answer_row row = {.way = d->about.way,
		.state = "counts",
		.fields = whole,
		.missing = *missing,
		.name = d->about.name,
		.phone = d->about.phone,
		.address = d->about.address,
		.actor = d->actor,
		.note = d->note != NULL ? d->note : note,
		.late = d->about.late,
		.received_ms = d->about.received_ms,
		.mail = d->about.mail};
	if (answer_insert(c, &row, id, e) != 0)
		return -1;
	if (answer_store_files(c, *id, whole, NULL, 0, e) != 0)
		return -1;
	return answer_set_state(c, d->about.id, "superseded", e);
}

static int note_decision(struct answer_case *c, int64_t answer, const struct decision *d, struct error *e)
{
	return db_exec(c->tx, e,
		"UPDATE answer SET actor = $2, note = CASE WHEN CAST($3 AS TEXT) IS NULL THEN note WHEN note IS NULL"
		" THEN CAST($3 AS TEXT) ELSE note || ' / ' || CAST($3 AS TEXT) END WHERE id = $1",
		"iss", answer, d->actor, d->note);
}

static int confirm(struct answer_case *c, struct decision *d, struct error *e)
{
	int64_t id = d->about.id;
	json_t *missing = NULL;
	int rc = 0;
	bool counted = c->counting.id == id;
	json_t *whole = !counted && c->counting.id != 0 && answer_way_completes(d->about.way)
		? answer_merge(c->counting.fields, d->about.fields)
		: json_incref(d->about.fields);
	if (!counted && c->counting.id != 0)
		rc = answer_set_state(c, c->counting.id, "superseded", e);
	if (rc == 0 && !json_equal(whole, d->about.fields)) {
		rc = insert_merged(c, d, whole, &id, &missing, e);
	} else if (rc == 0) {
		missing = fields_missing(c->fields, whole);
		rc = answer_set_state(c, id, "counts", e);
		if (rc == 0)
			rc = note_decision(c, id, d, e);
	}
	if (rc == 0)
		rc = answer_settle(c, id, e);
	/* Confirming what counts already says: it is enough, though something is missing. */
	c->ask.state = counted ? ASK_CONFIRMED : state_by(missing);
	c->ask.answer = id;
	d->word = ask_state_name(c->ask.state);
	json_decref(missing);
	json_decref(whole);
	return rc;
}

static int refuse(struct answer_case *c, struct decision *d, struct error *e)
{
	int64_t waiting = 0;
	if (answer_set_state(c, d->about.id, "refused", e) != 0 || note_decision(c, d->about.id, d, e) != 0)
		return -1;
	if (c->ask.answer == d->about.id)
		c->ask.answer = 0;
	if (db_query_int(c->tx, &waiting, e,
		    "SELECT count(*) FROM answer WHERE ask = $1 AND state IN ('proposed', 'differs')", "i",
		    c->ask.id) == DB_FAILED)
		return -1;
	if (c->ask.answer == 0)
		c->ask.state = waiting > 0 ? ASK_RECEIVED : ASK_OPEN;
	d->word = c->ask.state == ASK_OPEN ? "reopened" : ask_state_name(c->ask.state);
	return 0;
}

static int reopen(struct answer_case *c, struct decision *d, struct error *e)
{
	if (c->counting.id != 0 && answer_set_state(c, c->counting.id, "superseded", e) != 0)
		return -1;
	if (d->about.id != 0 && note_decision(c, d->about.id, d, e) != 0)
		return -1;
	if (db_exec(c->tx, e, "UPDATE answer SET state = 'refused' WHERE ask = $1 AND state IN ('proposed', 'differs')",
		    "i", c->ask.id) != 0)
		return -1;
	c->ask.answer = 0;
	c->ask.state = ASK_OPEN;
	d->word = "reopened";
	return 0;
}

/* The mail it was read out of has been dealt with, too: nobody is to look at it once more. */
static int settle_mail(struct answer_case *c, const struct decision *d, struct error *e)
{
	if (d->about.mail == 0)
		return 0;
	return db_exec(c->tx, e, "UPDATE mail_in SET state = 'settled' WHERE id = $1 AND state = 'review'", "i",
		d->about.mail);
}

static int apply(struct answer_case *c, struct decision *d, enum answer_decision decision, struct error *e)
{
	switch (decision) {
	case ANSWER_CONFIRM:
		return confirm(c, d, e);
	case ANSWER_REFUSE:
		return refuse(c, d, e);
	case ANSWER_REOPEN:
		return reopen(c, d, e);
	}
	return error_set(e, ERROR_INTERNAL, "an unknown decision");
}

/* What is reopened may be an ask nobody answered: nothing to do then. */
static int find_about(struct answer_case *c, enum answer_decision decision, int64_t version,
	struct answer *about, struct error *e)
{
	if (decision == ANSWER_REOPEN && version == 0)
		return c->ask.versions == 0 ? 0 : answer_find(c->tx, c->ask.id, c->ask.versions, 0, about, e);
	return find_version(c, version, about, e);
}

int answer_decide(struct db *tx, struct bus *bus, const char *source, int64_t ask, int64_t version,
	enum answer_decision decision, const char *actor, const char *note, struct answer_outcome *outcome,
	struct error *e)
{
	struct answer_case c;
	struct decision d = {.actor = actor, .note = note};
	*outcome = (struct answer_outcome){0};
	int rc = answer_case_open(&c, tx, bus, source, ask, NULL, e);
	if (rc == 0)
		rc = find_about(&c, decision, version, &d.about, e);
	if (rc == 0)
		rc = apply(&c, &d, decision, e);
	if (rc == 0 && decision != ANSWER_REOPEN)
		rc = settle_mail(&c, &d, e);
	if (rc == 0)
		rc = answer_case_store(&c, e);
	struct answer now = {0};
	if (rc == 0 && c.ask.answer != 0)
		rc = answer_find(tx, ask, 0, c.ask.answer, &now, e);
	if (rc == 0)
		rc = answer_event(&c, d.word, now.id != 0 ? now.version : d.about.version,
			now.id != 0 ? now.way : d.about.way, d.about.late, now.id != 0 ? now.fields : NULL, true, e);
	if (rc == 0)
		*outcome = (struct answer_outcome){.answer = c.ask.answer,
			.version = now.id != 0 ? now.version : d.about.version,
			.state = c.ask.state,
			.late = d.about.late,
			.differs = (c.ask.trouble & ASK_TROUBLE_DIFFERS) != 0,
			.missing = fields_missing(c.fields, now.fields)};
	answer_fini(&now);
	answer_fini(&d.about);
	answer_case_close(&c);
	return rc;
}
